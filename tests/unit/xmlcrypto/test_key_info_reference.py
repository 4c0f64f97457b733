"""A KeyInfo that its own Signature covers."""

from __future__ import annotations

import pytest
from lxml import etree
from unit.xmlcrypto.signed import DOCUMENT, SHA256, SHARED, checked, model_of, signed

from zeep_wssec.errors import OutboundError, SignatureInvalidError
from zeep_wssec.soap.namespaces import WSSE
from zeep_wssec.xmlcrypto import signing
from zeep_wssec.xmlcrypto.signature_model import DS

SECURITY = '<w:Security xmlns:w="urn:security"/>'
SECURITIES = {
    "plain": SECURITY,
    "prefix of ours": f'<wsse:Security xmlns:wsse="{WSSE}"/>',
    "another prefix": f'<sec:Security xmlns:sec="{WSSE}"/>',
    "default": f'<Security xmlns="{WSSE}"/>',
    "Signature's prefix above": f'<sec:Security xmlns:sec="{WSSE}" xmlns:dsig="{DS}"/>',
    "Signature's default above": f'<w:Security xmlns:w="urn:security" xmlns="{DS}"/>',
    "prefix taken": '<w:Security xmlns:w="urn:security" xmlns:ds="urn:a" xmlns:wsse="urn:b"/>',
    "siblings": '<w:Security xmlns:w="urn:security">1<a/>2</w:Security>',
}
KEY_INFO = (
    '<ds:KeyInfo {}Id="KI"><wsse:SecurityTokenReference xmlns:wsse="' + WSSE + '">'
    '<wsse:Reference URI="#X509-1"/></wsse:SecurityTokenReference></ds:KeyInfo>'
)
KEY_INFOS = {
    "declared above": KEY_INFO.format(""),
    "declared itself": KEY_INFO.format(f'xmlns:ds="{DS}" '),
    "more than needed": KEY_INFO.format('xmlns:unused="urn:unused" '),
}


@pytest.mark.parametrize("key_info", KEY_INFOS)
@pytest.mark.parametrize("security", SECURITIES)
def test_round_trip(security: str, key_info: str) -> None:
    """The digest is that of the KeyInfo in the final message, whatever prefixes it has got there."""
    text = KEY_INFOS[key_info]
    before: list[bytes] = []

    def references(root: etree._Element, signature: etree._Element) -> list[str]:
        place = root[0][0]
        place.remove(signature)
        before.append(etree.tostring(place))
        made = signing.key_info_reference_xml(text, id="KI", digest=SHA256, security=place)
        before.append(etree.tostring(place))
        place.insert(0, signature)
        return [made]

    message = signed(
        "hmac-sha256",
        references=references,
        key_info=text,
        document=DOCUMENT.replace(SECURITY, SECURITIES[security]),
    )
    assert before[0] == before[1]
    (covered,) = checked(message, SHARED)
    assert covered is not None
    assert covered.tag == f"{{{DS}}}KeyInfo"
    with pytest.raises(SignatureInvalidError, match="KeyInfo"):
        checked(message.replace(b"#X509-1", b"#X509-2"), SHARED)


def test_the_form_has_no_prefix_list() -> None:
    """The exclusive form without a list: nothing around the Signature takes part."""
    security = etree.fromstring(SECURITY)
    made = signing.key_info_reference_xml(
        KEY_INFOS["declared above"], id="KI", digest=SHA256, security=security
    )
    message = signed("hmac-sha256", references=lambda *_: [made], key_info=KEY_INFO.format(""))
    (reference,) = model_of(etree.fromstring(message)).references
    assert (reference.uri, reference.form.prefixes) == ("#KI", ())


@pytest.mark.parametrize("key_info", [KEY_INFO.format("").replace('Id="KI"', ""), 2 * KEY_INFO])
def test_another_id(key_info: str) -> None:
    """A KeyInfo that the reference would not name is refused before anything is touched."""
    security = etree.fromstring(SECURITY)
    with pytest.raises(OutboundError, match="'KI'"):
        signing.key_info_reference_xml(
            key_info.format("", ""), id="KI", digest=SHA256, security=security
        )
    assert len(security) == 0
