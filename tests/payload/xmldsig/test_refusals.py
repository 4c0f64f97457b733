"""Documents that are refused, each beside the one that is accepted."""

from __future__ import annotations

import copy
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from lxml import etree
from payload.xmldsig.kit import (
    DETACHED,
    INVOICE,
    KINDS,
    NOW,
    Sides,
    changed,
    find,
    signed,
    verified,
)

from zeep_wssec.errors import (
    PayloadError,
    PayloadLimitError,
    PayloadMalformedError,
    PayloadSignatureError,
    PayloadSignerError,
    PayloadUnsignedError,
    PayloadUsageError,
    ProfileError,
)
from zeep_wssec.payload.xmldsig import XmlDsig, XmlDsigSettings
from zeep_wssec.xmlcrypto.signature_model import DS

Change = Callable[[etree._Element], None]


def transform(uri: str, inner: str = "") -> etree._Element:
    return etree.fromstring(
        f'<ds:Transform xmlns:ds="{DS}" Algorithm="{uri}">{inner}</ds:Transform>'
    )


def insert_transform(uri: str, inner: str = "") -> Change:
    def change(root: etree._Element) -> None:
        find(root, "(//ds:Transforms)[1]").insert(0, transform(uri, inner))

    return change


def set_uri(uri: str | None) -> Change:
    def change(root: etree._Element) -> None:
        reference = find(root, "(//ds:Reference)[1]")
        if uri is None:
            del reference.attrib["URI"]
        else:
            reference.set("URI", uri)

    return change


def add(parent: str, text: str) -> Change:
    return lambda root: find(root, parent).append(etree.fromstring(text))


def second_signature(root: etree._Element) -> None:
    root.append(copy.deepcopy(find(root, "ds:Signature")))


def second_reference(root: etree._Element) -> None:
    info = find(root, "//ds:SignedInfo")
    info.append(copy.deepcopy(info[-1]))


def remove(expression: str) -> Change:
    def change(root: etree._Element) -> None:
        node = find(root, expression)
        node.getparent().remove(node)

    return change


def set_type(value: str) -> Change:
    return lambda root: find(root, "(//ds:Reference)[1]").set("Type", value)


XSLT = '<xsl:stylesheet xmlns:xsl="http://www.w3.org/1999/XSL/Transform" version="1.0"/>'
X3_CHANGES: dict[str, Change] = {
    "XSLT": insert_transform("http://www.w3.org/TR/1999/REC-xslt-19991116", XSLT),
    "XPath": insert_transform(
        "http://www.w3.org/TR/1999/REC-xpath-19991116", "<XPath>false()</XPath>"
    ),
    "XPath filter": insert_transform("http://www.w3.org/2002/06/xmldsig-filter2"),
    "base64": insert_transform(f"{DS}base64"),
    "unknown transform": insert_transform("urn:x"),
    "second signature": second_signature,
    "two contents": second_reference,
    "object": add("ds:Signature", f'<ds:Object xmlns:ds="{DS}"><x/></ds:Object>'),
    "manifest": set_type(f"{DS}Manifest"),
    "file": set_uri("file:///etc/passwd"),
    "relative path": set_uri("other.xml"),
    "web": set_uri("http://127.0.0.1:9/"),
    "xpointer": set_uri("#xpointer(/)"),
    "no URI": set_uri(None),
    "unknown Id": set_uri("#nothing"),
    "no value": remove("//ds:SignatureValue"),
    "no reference": remove("//ds:Reference"),
    "no SignedInfo": remove("//ds:SignedInfo"),
    "truncated": add(
        "//ds:SignatureMethod", f'<ds:HMACOutputLength xmlns:ds="{DS}">8</ds:HMACOutputLength>'
    ),
    "child in a value": add("//ds:SignatureValue", "<x/>"),
    "fetched key": add("//ds:KeyInfo", f'<ds:RetrievalMethod xmlns:ds="{DS}" URI="#x"/>'),
}


@pytest.mark.parametrize("name", X3_CHANGES)
def test_x3_structure(sides: Sides, name: str) -> None:
    """X-09, XSW-16 to XSW-18, XSW-22, XSW-25, TR-*, UR-*: a shape outside the allow-list is refused unread."""
    document = signed(sides.sender())
    assert verified(sides.receiver(), changed(document, lambda root: None)).size
    with pytest.raises(PayloadError) as caught:
        verified(sides.receiver(), changed(document, X3_CHANGES[name]))
    assert not isinstance(caught.value, PayloadSignatureError | PayloadSignerError)


def test_x3_document_type(sides: Sides) -> None:
    """DT-01: a DTD is refused, in what is signed and in what is verified."""
    dtd = b"<!DOCTYPE i:Invoice [<!ENTITY e 'x'>]>\n<i:Invoice"
    document = signed(sides.sender())
    with pytest.raises(PayloadMalformedError, match="document type"):
        verified(sides.receiver(), document.replace(b"<i:Invoice", dtd, 1))
    with pytest.raises(PayloadMalformedError, match="document type"):
        sides.sender().sign(INVOICE.replace(b"<i:Invoice", dtd, 1), now=NOW)


def test_no_signature(sides: Sides) -> None:
    """A document that nobody signed is refused as such."""
    with pytest.raises(PayloadUnsignedError):
        verified(sides.receiver(), INVOICE)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("other", KINDS)
def test_another_kind(sides: Sides, kind: str, other: str) -> None:
    """X-09: exactly the kind that is stated."""
    document = signed(sides.sender(**KINDS[kind]))
    if kind == other:
        assert verified(sides.receiver(**KINDS[other]), document).size
        return
    with pytest.raises((PayloadMalformedError, PayloadUnsignedError, ProfileError)):
        verified(sides.receiver(**KINDS[other]), document)


def test_x2_signed_key_info(sides: Sides) -> None:
    """X-05: a signed KeyInfo cannot be changed; an unsigned one is a name, which must still fit."""
    both = {"key_info": ("issuer-serial", "certificate")}

    def edit(root: etree._Element) -> None:
        find(root, "//ds:KeyInfo").remove(find(root, "//ds:X509Data"))
        find(root, "//ds:KeyInfo").append(etree.fromstring(name))

    name = f'<ds:KeyName xmlns:ds="{DS}">alice</ds:KeyName>'
    loose, bound = (signed(sides.sender(**both, sign_key_info=it)) for it in (False, True))
    assert verified(sides.receiver(), bound).signed_by == ("alice",)
    assert verified(sides.receiver(), changed(loose, edit)).signed_by == ("alice",)
    with pytest.raises(PayloadSignatureError):
        verified(sides.receiver(), changed(bound, edit))


def test_x4_moved_element(sides: Sides) -> None:
    """XSW-01 to XSW-03: the element that is demanded must be the one that was signed."""
    document = signed(sides.sender(**DETACHED))

    def move(root: etree._Element) -> None:
        total = find(root, "i:Total")
        wrapper = etree.SubElement(root, "wrapper")
        fake = copy.deepcopy(total)
        root.replace(total, fake)
        wrapper.append(total)
        fake.text = "99999"
        fake.set("Id", "other")

    with pytest.raises(PayloadUnsignedError, match="not signed"):
        verified(sides.receiver(**DETACHED), changed(document, move))


def test_x4_same_id(sides: Sides) -> None:
    """XSW-03, ID-01: two elements with the Id are neither of them the one."""
    document = signed(sides.sender(**DETACHED))
    twin = add("/i:Invoice", '<x Id="total">99999</x>')
    with pytest.raises(PayloadMalformedError, match="More than one"):
        verified(sides.receiver(**DETACHED), changed(document, twin))
    assert verified(
        sides.receiver(**DETACHED), changed(document, add("/i:Invoice", '<x Id="y">1</x>'))
    ).content.endswith(b">12.50</i:Total>")  # type: ignore[union-attr]


def test_x4_the_signed_one_is_given_back(sides: Sides) -> None:
    """What comes back is what was signed, wherever elements of the same name stand."""
    settings = {**DETACHED, "elements": ["//i:Total[@Id='total']"]}
    document = signed(sides.sender(**settings))
    more = changed(
        document,
        lambda root: root.insert(0, etree.fromstring('<i:Total xmlns:i="urn:invoice">9</i:Total>')),
    )
    content = verified(sides.receiver(**settings), more).content
    assert content is not None
    assert content.endswith(b">12.50</i:Total>")


def test_x5_bare_key(sides: Sides) -> None:
    """X-05, KI-02: a bare key that fits the signature is nobody's, unless we know its certificate."""
    mallory = sides.authority.issue("mallory", key="ec-p256")
    sender = XmlDsig(mallory.keystore("m"), XmlDsigSettings(key_info=["key-value"]))
    with pytest.raises(PayloadSignerError):
        verified(sides.receiver(), signed(sender))
    ours = signed(sides.sender(key_info=["key-value"]))
    assert verified(sides.receiver(), ours).signed_by == ("alice",)


def test_other_certificate_of_the_same_authority(sides: Sides) -> None:
    """KI-01, KI-03: a genuine certificate of somebody else proves somebody else."""
    mallory = sides.authority.issue("alice", key="ec-p256")
    with pytest.raises(PayloadSignerError) as caught:
        verified(sides.receiver(), signed(XmlDsig(mallory.keystore("m"))))
    assert caught.value.reason == "wrong_peer"


def test_certificate_of_alice_over_another_key(sides: Sides) -> None:
    """KI-04: the certificate that is shown must be that of the key that signed."""
    mallory = sides.authority.issue("mallory")
    document = signed(XmlDsig(mallory.keystore("m")))

    def show(root: etree._Element) -> None:
        find(root, "//ds:X509Certificate").text = sides.alice.certificate.base64

    with pytest.raises(PayloadSignatureError):
        verified(sides.receiver(), changed(document, show))


def test_two_certificates(sides: Sides) -> None:
    """CE-12: two leaves in KeyInfo leave open whose the signature is."""
    extra = add(
        "//ds:X509Data",
        f'<ds:X509Certificate xmlns:ds="{DS}">{sides.bob.certificate.base64}</ds:X509Certificate>',
    )
    with pytest.raises(PayloadMalformedError, match="one certificate"):
        verified(sides.receiver(), changed(signed(sides.sender()), extra))


def test_expired(sides: Sides) -> None:
    """CE-01: the certificate must be valid when the document is verified."""
    document = signed(sides.sender())
    with pytest.raises(PayloadSignerError) as caught:
        verified(sides.receiver(), document, now=NOW + timedelta(days=500))
    assert caught.value.reason == "expired"


def test_large(sides: Sides) -> None:
    """DO-10: a document over the limit is not read."""
    document = signed(sides.sender())
    assert verified(sides.receiver(max_document_bytes=len(document)), document).size
    with pytest.raises(PayloadLimitError):
        verified(sides.receiver(max_document_bytes=len(document) - 1), document)


def test_deep(sides: Sides) -> None:
    """DO-01: nesting is bounded."""
    deep = b"<a>" * 300 + b"</a>" * 300
    with pytest.raises(PayloadMalformedError):
        sides.sender().sign(deep, now=NOW)


XADES: dict[str, Any] = {"xades": "bes"}


def test_properties_are_demanded(sides: Sides) -> None:
    """X-08: a signature without signed properties proves no time."""
    assert verified(sides.receiver(**XADES), signed(sides.sender(**XADES))).size
    with pytest.raises(PayloadUnsignedError):
        verified(sides.receiver(**XADES), signed(sides.sender()))


PROPERTY_CHANGES: dict[str, Change] = {
    "time": lambda root: setattr(find(root, "//xades:SigningTime"), "text", "2027-02-01T00:00:00Z"),
    "target": lambda root: find(root, "//xades:QualifyingProperties").set("Target", "#x"),
    "type": lambda root: find(root, "//ds:Reference[@Type]").set("Type", f"{DS}Object"),
    "not signed": lambda root: find(root, "//ds:SignedInfo").remove(
        find(root, "//ds:Reference[@Type]")
    ),
    "moved out": lambda root: root.append(find(root, "//ds:Object")),
}


@pytest.mark.parametrize("name", PROPERTY_CHANGES)
def test_properties_that_were_changed(sides: Sides, name: str) -> None:
    """X-08: signed properties are signed, in their place, and about their signature."""
    document = signed(sides.sender(**XADES))
    with pytest.raises((PayloadMalformedError, PayloadSignatureError, PayloadUnsignedError)):
        verified(sides.receiver(**XADES), changed(document, PROPERTY_CHANGES[name]))


def test_time_of_signing(sides: Sides) -> None:
    """X-08: no signature from the future, none older than is allowed."""
    document = signed(sides.sender(**XADES))
    receiver = sides.receiver(**XADES, max_age_seconds=300)
    assert verified(receiver, document, now=NOW + timedelta(seconds=360)).size
    for seconds, reason in ((361, "expired"), (-61, "not_yet_valid")):
        with pytest.raises(PayloadSignerError) as caught:
            verified(receiver, document, now=NOW + timedelta(seconds=seconds))
        assert caught.value.reason == reason


def test_properties_of_another_certificate(sides: Sides, monkeypatch: pytest.MonkeyPatch) -> None:
    """X-08: SigningCertificate must be the certificate whose key signed."""
    from zeep_wssec.payload.xmldsig import signing

    original = signing.qualifying_properties
    monkeypatch.setattr(
        signing,
        "qualifying_properties",
        lambda certificate, *args, **how: original(sides.bob.certificate, *args, **how),
    )
    with pytest.raises(PayloadSignerError) as caught:
        verified(sides.receiver(**XADES), signed(sides.sender(**XADES)))
    assert caught.value.reason == "wrong_peer"


def test_content_of_a_detached_signature(sides: Sides) -> None:
    """A detached XML signature stands in the document: a second one beside it is a mistake."""
    with pytest.raises(PayloadUsageError):
        sides.receiver().verify(signed(sides.sender()), content=INVOICE, now=NOW)


def test_signing_twice(sides: Sides) -> None:
    """What has a signature is not signed again: the second one would hide the first."""
    document = signed(sides.sender())
    for kind in ("enveloped", "enveloping"):
        with pytest.raises(PayloadMalformedError, match="already"):
            sides.sender(kind=kind).sign(document, now=NOW)
    octets: dict[str, Any] = {"kind": "enveloping", "content": "octets"}
    twice = verified(sides.receiver(**octets), signed(sides.sender(**octets), document))
    assert twice.content == document


@pytest.mark.parametrize("expression", ["//i:None", "/i:Invoice/*", "string(/)"])
def test_expressions_that_name_no_element(sides: Sides, expression: str) -> None:
    """An expression names one element: none, or several, is the settings' fault."""
    settings = {**DETACHED, "elements": [expression]}
    with pytest.raises(ProfileError):
        sides.sender(**settings).sign(INVOICE, now=NOW)
