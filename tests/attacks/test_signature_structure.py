"""The shape of ``ds:Signature``: an allow-list; whatever else stands there is refused unread."""

from __future__ import annotations

import base64
import copy

import pytest
from attacks.forge import (
    EXC,
    NS,
    Change,
    append,
    edited,
    element,
    find,
    insert,
    remove,
    replace,
    resign,
    set_attribute,
    set_text,
)
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from lxml import etree
from roundtrip.pair import LEGACY, SIGNED, accepted, answer, client, issued, refused

from zeep_wssec import (
    Inbound,
    MalformedSecurityError,
    Signature,
    SignatureInvalidError,
    Timestamp,
    UnsupportedAlgorithmError,
)
from zeep_wssec.soap.namespaces import DS

MORE = "http://www.w3.org/2001/04/xmldsig-more#"
ENC = "http://www.w3.org/2001/04/xmlenc#"
OBJECT = "<ds:Object><x/></ds:Object>"
MANIFEST = (
    f'<ds:Manifest><ds:Reference URI="#x"><ds:DigestMethod Algorithm="{ENC}sha256"/>'
    "<ds:DigestValue>AAAA</ds:DigestValue></ds:Reference></ds:Manifest>"
)


def transforms(*algorithms: str) -> Change:
    """Put these transforms into the first reference."""
    inner = "".join(f'<ds:Transform Algorithm="{uri}"/>' for uri in algorithms)
    return replace("ds:Reference/ds:Transforms", f"<ds:Transforms>{inner}</ds:Transforms>")


def duplicate(path: str) -> Change:
    """Put a copy of an element behind it."""

    def change(root: etree._Element) -> None:
        found = find(root, path)
        found.addnext(copy.deepcopy(found))

    return change


def swap(path: str) -> Change:
    """Exchange an element and the one behind it."""

    def change(root: etree._Element) -> None:
        found = find(root, path)
        after = found.getnext()
        assert after is not None
        after.addnext(found)

    return change


MALFORMED: dict[str, Change] = {
    "Object": append("ds:Signature", OBJECT),
    "Manifest": append("ds:Signature", f"<ds:Object>{MANIFEST}</ds:Object>"),
    "unknown child": append("ds:Signature", "<x/>"),
    "two SignedInfo": duplicate("ds:SignedInfo"),
    "two SignatureValue": duplicate("ds:SignatureValue"),
    "two KeyInfo": duplicate("ds:KeyInfo"),
    "no KeyInfo": remove("ds:KeyInfo"),
    "value before SignedInfo": swap("ds:SignedInfo"),
    "SignedInfo inside Object": lambda root: _wrap(root, "ds:SignedInfo", "Object"),
    "attribute of Signature": set_attribute("ds:Signature", "x", "y"),
    "attribute of SignatureValue": set_attribute("ds:SignatureValue", "x", "y"),
    "attribute of SignedInfo": set_attribute("ds:SignedInfo", "x", "y"),
    "attribute of KeyInfo": set_attribute("ds:KeyInfo", "x", "y"),
    "text in Signature": set_text("ds:Signature", "x"),
    "text in SignedInfo": set_text("ds:SignedInfo", "x"),
    "child of SignatureValue": append("ds:SignatureValue", "<x/>"),
    "child of DigestValue": append("ds:DigestValue", "<x/>"),
    "SignatureValue no base64": set_text("ds:SignatureValue", "????"),
    "SignatureValue junk behind": lambda root: _add_text(root, "ds:SignatureValue", "AAAA="),
    "DigestValue no base64": set_text("ds:DigestValue", "not base64"),
    "DigestValue too short": set_text("ds:DigestValue", "AAAA"),
    "DigestValue empty": set_text("ds:DigestValue", ""),
    "DigestValue too long": set_text("ds:DigestValue", "A" * 88),
    "two methods": duplicate("ds:SignatureMethod"),
    "two c14n methods": duplicate("ds:CanonicalizationMethod"),
    "methods exchanged": swap("ds:CanonicalizationMethod"),
    "no reference": lambda root: _drop_references(root),
    "unknown child of SignedInfo": append("ds:SignedInfo", "<x/>"),
    "child of SignatureMethod": append("ds:SignatureMethod", "<x/>"),
    "HMACOutputLength": append(
        "ds:SignatureMethod", "<ds:HMACOutputLength>80</ds:HMACOutputLength>"
    ),
    "attribute of SignatureMethod": set_attribute("ds:SignatureMethod", "x", "y"),
    "child of DigestMethod": append("ds:DigestMethod", "<x/>"),
    "attribute of DigestMethod": set_attribute("ds:DigestMethod", "x", "y"),
    "attribute of Reference": set_attribute("ds:Reference", "x", "y"),
    "Type Manifest": set_attribute("ds:Reference", "Type", DS + "Manifest"),
    "Type Object": set_attribute("ds:Reference", "Type", DS + "Object"),
    "child of Reference": append("ds:Reference", "<x/>"),
    "two DigestValue": duplicate("ds:DigestValue"),
    "no Transforms": remove("ds:Transforms"),
    "empty Transforms": transforms(),
    "two transforms": transforms(EXC, EXC),
    "five transforms": transforms(*[EXC] * 5),
    "enveloped, then c14n": transforms(DS + "enveloped-signature", EXC),
    "transform of another namespace": replace(
        "ds:Reference/ds:Transforms/ds:Transform", f'<Transform Algorithm="{EXC}"/>'
    ),
    "child of c14n": append("ds:Transforms/ds:Transform", "<x/>"),
    "attribute of Transform": set_attribute("ds:Transforms/ds:Transform", "x", "y"),
    "65 prefixes": append(
        "ds:Transforms/ds:Transform",
        f'<ec:InclusiveNamespaces xmlns:ec="{EXC}" PrefixList="{" ".join(f"p{n}" for n in range(65))}"/>',
    ),
    "prefix that is none": append(
        "ds:Transforms/ds:Transform",
        f'<ec:InclusiveNamespaces xmlns:ec="{EXC}" PrefixList="a&quot;b"/>',
    ),
    "attribute of InclusiveNamespaces": append(
        "ds:Transforms/ds:Transform", f'<ec:InclusiveNamespaces xmlns:ec="{EXC}" x="y"/>'
    ),
}


def _wrap(root: etree._Element, path: str, name: str) -> None:
    found = find(root, path)
    wrapper = etree.Element(f"{{{DS}}}{name}")
    parent = found.getparent()
    assert parent is not None
    parent.replace(found, wrapper)
    wrapper.append(found)


def _add_text(root: etree._Element, path: str, text: str) -> None:
    found = find(root, path)
    found.text = (found.text or "") + text


def _drop_references(root: etree._Element) -> None:
    signed_info = find(root, "ds:SignedInfo")
    for reference in signed_info.findall("ds:Reference", NS):
        signed_info.remove(reference)


@pytest.mark.parametrize("fault", MALFORMED)
def test_malformed(fault: str) -> None:
    """A structure outside the allow-list is refused, before any key is touched."""
    message = answer()
    accepted(message)
    refused(edited(message, MALFORMED[fault]), MalformedSecurityError)


SIGNABLE = [name for name in MALFORMED if "Value" not in name and "SignedInfo" not in name]


@pytest.mark.parametrize("fault", SIGNABLE)
def test_malformed_by_the_partner(fault: str) -> None:
    """The same where the partner itself has signed it so: no valid value buys a wrong shape."""
    refused(edited(answer(), MALFORMED[fault], sign_by="service"), MalformedSecurityError)


UNSUPPORTED = {
    "XSLT": "http://www.w3.org/TR/1999/REC-xslt-19991116",
    "XPath": "http://www.w3.org/TR/1999/REC-xpath-19991116",
    "XPath filter 2": "http://www.w3.org/2002/06/xmldsig-filter2",
    "enveloped": DS + "enveloped-signature",
    "base64": DS + "base64",
    "decryption transform": "http://www.w3.org/2002/07/decrypt#XML",
    "unknown": "urn:unknown",
    "empty": "",
}


@pytest.mark.parametrize("name", UNSUPPORTED)
def test_transform(name: str) -> None:
    """Spec: BSP 1.1 R5423: exclusive canonicalization; a transform that computes is never run."""
    message = edited(answer(), transforms(UNSUPPORTED[name]), sign_by="service")
    error = refused(message, UnsupportedAlgorithmError)
    assert error.algorithm == (UNSUPPORTED[name] or "none")
    accepted(edited(answer(), transforms(EXC), sign_by="service"))


def test_transform_with_a_program() -> None:
    """What a transform carries is not even looked at."""
    xslt = (
        '<ds:Transforms><ds:Transform Algorithm="http://www.w3.org/TR/1999/REC-xslt-19991116">'
        '<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">'
        '<xsl:import href="file:///dev/zero"/></xsl:stylesheet></ds:Transform></ds:Transforms>'
    )
    message = edited(answer(), replace("ds:Reference/ds:Transforms", xslt), sign_by="service")
    with pytest.raises((UnsupportedAlgorithmError, MalformedSecurityError)):
        client().check(message)


@pytest.mark.parametrize("name", [name for name in UNSUPPORTED if name != "base64"])
def test_canonicalization_method(name: str) -> None:
    """Spec: BSP 1.1 R5404: the same for SignedInfo."""
    uri = UNSUPPORTED[name]
    changed = set_attribute("ds:CanonicalizationMethod", "Algorithm", uri)
    refused(edited(answer(), changed, sign_by="service"), UnsupportedAlgorithmError)


@pytest.mark.parametrize(
    "uri",
    [
        DS + "hmac-sha1", DS + "dsa-sha1", MORE + "rsa-md5", MORE + "rsa-ripemd160",
        "http://www.w3.org/2007/05/xmldsig-more#rsa-pss", "http://www.w3.org/2009/xmldsig11#dsa-sha256",
        "urn:x", "", None,
        (MORE + "rsa-sha256").upper(), MORE + "rsa-sha256 ",
    ],
)  # fmt: skip
def test_signature_method(uri: str | None) -> None:
    """A method that stands in no table of ours is refused before any key is touched."""
    changed = set_attribute("ds:SignatureMethod", "Algorithm", uri)
    refused(edited(answer(), changed, sign_by="service"), UnsupportedAlgorithmError)


@pytest.mark.parametrize("sha", ["sha224", "sha256", "sha384", "sha512"])
def test_hmac_with_a_certificate(sha: str) -> None:
    """A method for symmetric keys never takes what a certificate holds: everybody knows that key."""
    message = answer((Timestamp(), Signature(algorithm=f"rsa-{sha}")))
    accepted(message)
    changed = set_attribute("ds:SignatureMethod", "Algorithm", f"{MORE}hmac-{sha}")
    refused(edited(message, changed), MalformedSecurityError)


@pytest.mark.parametrize(
    "uri", [MORE + "md5", ENC + "ripemd160", MORE + "whirlpool", "urn:x", "", None]
)
def test_digest_method(uri: str | None) -> None:
    """The same for digests."""
    changed = set_attribute("ds:DigestMethod", "Algorithm", uri)
    refused(edited(answer(), changed, sign_by="service"), UnsupportedAlgorithmError)


SHA1_CHANGES = {
    "digest": set_attribute("ds:DigestMethod", "Algorithm", DS + "sha1"),
    "method": set_attribute("ds:SignatureMethod", "Algorithm", DS + "rsa-sha1"),
}


@pytest.mark.parametrize("what", SHA1_CHANGES)
def test_sha1(what: str) -> None:
    """SHA-1 needs its opt-in, in each of its two places, and is verified then."""
    message = edited(answer(), SHA1_CHANGES[what], sign_by="service")
    error = refused(message, UnsupportedAlgorithmError)
    assert error.opt_in == "sha1"
    accepted(message, client(inbound=Inbound(legacy={"sha1": LEGACY["sha1"]})))
    refused(message, UnsupportedAlgorithmError, client(inbound=Inbound(legacy={"cbc": "a test"})))


def test_sha1_of_ours() -> None:
    """The pair: our own SHA-1 signature passes under the opt-in only."""
    step = Signature(algorithm="rsa-sha1", digest="sha1", legacy={"sha1": "a test"})
    message = answer((Timestamp(), step))
    refused(message, UnsupportedAlgorithmError)
    accepted(message, client(inbound=Inbound(legacy={"sha1": "a test"})))


def test_method_of_another_kind_of_key() -> None:
    """An ECDSA method with an RSA key is refused, not tried."""
    changed = set_attribute("ds:SignatureMethod", "Algorithm", MORE + "ecdsa-sha256")
    refused(edited(answer(), changed, sign_by="service"), UnsupportedAlgorithmError)


def test_method_is_not_chosen_by_the_value() -> None:
    """A value made with another digest than SignedInfo names does not match."""
    changed = set_attribute("ds:SignatureMethod", "Algorithm", MORE + "rsa-sha512")
    refused(edited(answer(), changed, sign_by="service"), SignatureInvalidError)


EC = "ec-p256"


@pytest.mark.parametrize(
    "value",
    [
        bytes(64), bytes(63) + b"\1", b"\1" + bytes(63), b"\xff" * 64, b"", b"\1", b"\1" * 63,
        b"\1" * 65, b"\1" * 128,
    ],
    ids=lambda value: f"{len(value)} octets, {value[:1].hex()}",
)  # fmt: skip
def test_ecdsa_value(value: bytes) -> None:
    """r and s of zero, out of range or of the wrong length never match."""
    message = answer(SIGNED, key=EC)
    accepted(message, client(key=EC))
    changed = set_text("ds:SignatureValue", base64.b64encode(value).decode())
    refused(edited(message, changed), SignatureInvalidError, client(key=EC))


def test_ecdsa_value_in_der() -> None:
    """Spec: XML Signature 1.1, ECDSA: r and s, not the DER form."""
    message = answer(SIGNED, key=EC)

    def as_der(root: etree._Element) -> None:
        raw = base64.b64decode(find(root, "ds:SignatureValue").text or "")
        r, s = int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big")
        find(root, "ds:SignatureValue").text = base64.b64encode(encode_dss_signature(r, s)).decode()

    refused(edited(message, as_der), SignatureInvalidError, client(key=EC))


@pytest.mark.parametrize("value", ["", "AAAA", "A" * 4096])
def test_rsa_value(value: str) -> None:
    """A value of a wrong length never matches."""
    refused(edited(answer(), set_text("ds:SignatureValue", value)), SignatureInvalidError)


def test_reference_over_a_changed_part() -> None:
    """A changed part does not match its digest; the error says which, and shows no content."""
    message = answer()
    accepted(message)
    error = refused(message.replace(b">42<", b">SECRET<"), SignatureInvalidError)
    assert "Body" in str(error)
    assert "SECRET" not in str(error)


def test_inclusive_namespaces_of_the_partner() -> None:
    """The twin: a PrefixList in any order and white space is followed."""
    prefixes = f'<ec:InclusiveNamespaces xmlns:ec="{EXC}" PrefixList=" soap   wsse&#10;"/>'
    message = answer((Timestamp(), Signature(inclusive_prefixes=("soap", "wsse"))))
    changed = insert("ds:CanonicalizationMethod", prefixes)
    accepted(message)
    refused(edited(message, changed), SignatureInvalidError)


def test_other_prefix_and_white_space() -> None:
    """The twin: line breaks between elements and in values, as other writers make them."""
    message = answer()

    def spread(root: etree._Element) -> None:
        for path in ("ds:SignatureValue", "ds:DigestValue"):
            found = find(root, path)
            text = found.text or ""
            found.text = (
                "\n  " + "\n".join(text[n : n + 60] for n in range(0, len(text), 60)) + "\r\n\t"
            )
        find(root, "ds:Signature").text = "\n    "

    root = etree.fromstring(edited(message, spread))
    resign(root, issued("service"), digests=False)
    accepted(etree.tostring(root))


_PARAMETERS = (
    f'<wsse:TransformationParameters><ds:CanonicalizationMethod Algorithm="{EXC}"/>'
    "</wsse:TransformationParameters>"
)
STR_FAULTS: dict[str, Change] = {
    "no parameters": lambda root: _str_transform(root, ""),
    "empty parameters": lambda root: _str_transform(root, "<wsse:TransformationParameters/>"),
    "form beside the parameters": lambda root: _str_transform(
        root,
        f'<wsse:TransformationParameters/><ds:CanonicalizationMethod Algorithm="{EXC}"/>',
    ),
    "parameters twice": lambda root: _str_transform(root, _PARAMETERS * 2),
    "two forms": lambda root: _str_transform(
        root, _PARAMETERS.replace("</wsse", f'<ds:CanonicalizationMethod Algorithm="{EXC}"/></wsse')
    ),
}


def _str_transform(root: etree._Element, inner: str) -> None:
    """Give the first STR-Transform another content."""
    found = [
        item for item in root.iter(f"{{{DS}}}Transform") if "STR" in str(item.get("Algorithm"))
    ]
    found[0][:] = list(element(f"<ds:x>{inner}</ds:x>"))


@pytest.mark.parametrize("fault", STR_FAULTS)
def test_str_transform(fault: str) -> None:
    """Spec: WSS 1.1.1 section 8.3: the STR-Transform says in one place how the token is canonicalized."""
    message = answer(
        (Timestamp(), Signature(parts=("body", "timestamp", "token"), str_transform=True))
    )
    accepted(edited(message, lambda root: _str_transform(root, _PARAMETERS)))
    refused(edited(message, STR_FAULTS[fault]), MalformedSecurityError)
