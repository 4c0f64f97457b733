"""What documents and settings may ask for: bounds before anybody is known, and mistakes named in time."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from lxml import etree
from payload.xmldsig.kit import DETACHED, INVOICE, NOW, Sides, changed, find, signed, verified

from zeep_wssec import ProfileError
from zeep_wssec.errors import (
    PayloadMalformedError,
    PayloadSignatureError,
    PayloadSignerError,
    PayloadUnsignedError,
)
from zeep_wssec.payload.xmldsig import XmlDsig, XmlDsigSettings
from zeep_wssec.payload.xmldsig import key_info as key_info_module
from zeep_wssec.xmlcrypto.signature_model import DS

NAMES: dict[str, Any] = {"namespaces": {"i": "urn:invoice"}}


def with_names(document: bytes, name: str, count: int) -> bytes:
    def change(root: etree._Element) -> None:
        data = find(root, "//ds:X509Data")
        first = data[0]
        for _ in range(count):
            item = etree.SubElement(data, f"{{{DS}}}{name}")
            item.text = first.text

    return changed(document, change)


@pytest.mark.parametrize(
    ("form", "name"), [("certificate", "X509Certificate"), ("subject", "X509SubjectName")]
)
def test_key_info_of_many(
    sides: Sides, form: Any, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """KI-12, DO-*: names and certificates are counted before one is read, since nobody is known yet."""
    document = signed(sides.sender(key_info=[form]))
    assert verified(sides.receiver(), with_names(document, name, 7)).signed_by == ("alice",)
    for function in ("_read_certificate", "_fits"):
        monkeypatch.setattr(key_info_module, function, None)
    with pytest.raises(PayloadMalformedError, match="more than"):
        verified(sides.receiver(), with_names(document, name, 16))


@pytest.mark.parametrize("namespace", ["urn:other", ""])
def test_issuer_of_another_namespace(sides: Sides, namespace: str) -> None:
    """Issuer and serial number count in the namespace of XML Signature alone."""
    document = signed(sides.sender(key_info=["issuer-serial"]))

    def change(root: etree._Element) -> None:
        for part in find(root, "//ds:X509IssuerSerial"):
            part.tag = etree.QName(namespace or DS, etree.QName(part).localname)

    if not namespace:
        assert verified(sides.receiver(), changed(document, change)).signed_by == ("alice",)
        return
    with pytest.raises(PayloadMalformedError):
        verified(sides.receiver(), changed(document, change))


@pytest.mark.parametrize("form", ["subject", "key-value", "ski"])
@pytest.mark.parametrize("order", [1, -1])
def test_name_of_a_partner_with_two_keys(sides: Sides, form: Any, order: int) -> None:
    """While keys are exchanged a name that fits both of a partner's certificates fits either signature."""
    new = sides.authority.issue(sides.alice.certificate.subject, key="ec-p256")
    partner = [sides.alice.certificate, new.certificate][::order]
    keystore = sides.bob.keystore("bob").with_partner("alice", partner)
    by_new = XmlDsig(new.keystore("alice"), XmlDsigSettings(key_info=[form]))
    for document in (signed(sides.sender(key_info=[form])), signed(by_new)):
        assert verified(XmlDsig(keystore), document).signed_by == ("alice",)
        with pytest.raises(PayloadSignatureError):
            verified(XmlDsig(keystore), document.replace(b"12.50", b"12.51"))


def test_no_name_of_a_partner_with_two_keys(sides: Sides) -> None:
    """The same without any KeyInfo; with a second partner it could be anybody's."""
    new = sides.authority.issue("alice", key="ec-p256")
    partner = [new.certificate, sides.alice.certificate]
    keystore = sides.bob.keystore("bob").with_partner("alice", partner)
    bare = XmlDsigSettings(needs_key_info=False)
    document = signed(sides.sender(key_info=()))
    assert verified(XmlDsig(keystore, bare), document).signed_by == ("alice",)
    two = keystore.with_partner("carol", sides.authority.issue("carol").certificate)
    with pytest.raises(PayloadSignerError):
        verified(XmlDsig(two, bare), document)


def test_name_of_two_partners(sides: Sides) -> None:
    """KI-07: a name that fits two partners names neither of them."""
    twin = sides.authority.issue(sides.alice.certificate.subject, key="ec-p256")
    keystore = sides.bob.keystore("bob").with_partner("alice", sides.alice.certificate)
    document = signed(sides.sender(key_info=["subject"]))
    assert verified(XmlDsig(keystore), document).signed_by == ("alice",)
    with pytest.raises(PayloadSignerError, match="several keys"):
        verified(XmlDsig(keystore.with_partner("twin", twin.certificate)), document)


WRONG: dict[str, dict[str, Any]] = {
    "prefix that is not stated": {"kind": "detached", "elements": ["//z:order"]},
    "function that there is not": {"kind": "detached", "elements": ["order(//a)"]},
    "prefix of the parent": {"parent": "//z:head"},
    "prefix of a filter": {"xpath_filters": ["subtract //z:head"]},
    "empty prefix": {"namespaces": {"": "urn:x"}},
    "prefix that is none": {"namespaces": {'a="" b': "urn:x"}},
    "attribute that is no Id": {"id_attribute": "Key"},
    "attribute that is none": {"id_attribute": "a b"},
    "Id that is none": {"signature_id": 'x"/>'},
    "too many elements": {"kind": "detached", "elements": [f"/r/e{at}" for at in range(15)]},
    "filter that starts at an element": {"xpath_filters": ["subtract a"]},
    "filter that starts nowhere": {"xpath_filters": ["subtract ."]},
    "too many filters": {"xpath_filters": ["subtract //a"] * 5},
}


@pytest.mark.parametrize("case", WRONG)
def test_settings_that_cannot_work(case: str) -> None:
    """A mistake is named when the settings are made, not with the first document."""
    with pytest.raises(ProfileError):
        XmlDsigSettings(**WRONG[case])


def test_as_many_elements_as_can_be_read(sides: Sides) -> None:
    """What is signed with all that settings may ask for is read again."""
    names = [f"e{at}" for at in range(14)]
    settings: dict[str, Any] = {
        "kind": "detached",
        "elements": [f"/r/{name}" for name in names],
        "sign_key_info": True,
        "xades": "bes",
    }
    document = b"<r>" + b"".join(b"<%s/>" % name.encode() for name in names) + b"</r>"
    found = verified(sides.receiver(**settings), signed(sides.sender(**settings), document))
    assert len(found.detail["parts"]) == 14  # type: ignore[arg-type]


def test_document_without_what_must_be_there(sides: Sides) -> None:
    """That a peer's document lacks an element is no fault of the settings: the error is the peer's."""
    head = {"parent": "/i:Invoice/i:Buyer", "namespaces": {"i": "urn:invoice"}}
    document = signed(sides.sender(**head))
    assert verified(sides.receiver(**head), document).signed_by == ("alice",)
    with pytest.raises(PayloadMalformedError, match="Buyer"):
        verified(sides.receiver(**head), document.replace(b"i:Buyer", b"i:Bayer"))
    detached = signed(sides.sender(**DETACHED))
    total: dict[str, Any] = {**DETACHED, "elements": ["//i:Total"]}
    assert verified(sides.receiver(**total), detached).size
    twice = changed(
        detached, lambda root: root.append(etree.fromstring('<i:Total xmlns:i="urn:invoice"/>'))
    )
    with pytest.raises((PayloadMalformedError, PayloadUnsignedError)):
        verified(sides.receiver(**total), twice)


@pytest.mark.parametrize("content", ["xml", "octets"])
def test_enveloping_what_is_large(sides: Sides, content: Any) -> None:
    """More than libxml2 takes for one text is signed and read, as in the other forms."""
    settings: dict[str, Any] = {"kind": "enveloping", "content": content}
    document = b"<a>" + b"x" * 10_100_000 + b"</a>"
    found = verified(sides.receiver(**settings), signed(sides.sender(**settings), document))
    assert found.content == document


def test_small_elements(sides: Sides) -> None:
    """A document of small elements is read; one of nothing but marks is not."""
    document = b"<a>" + b"<i>1</i>" * 50_000 + b"</a>"
    assert verified(sides.receiver(), signed(sides.sender(), document)).content == document
    with pytest.raises(PayloadMalformedError, match="nodes") as caught:
        sides.sender().sign(b"<a>" + b"<i/>" * 600_000 + b"</a>", now=NOW)
    assert caught.value.hint == ""


@pytest.mark.parametrize("behind", [b"", b"text"])
def test_what_filters_leave_out_costs_little(
    sides: Sides, monkeypatch: pytest.MonkeyPatch, behind: bytes
) -> None:
    """Elements that are left out may be added by anybody: the text around them is put together once."""
    from payload.xmldsig.test_filters import LEAVE

    from zeep_wssec.payload.xmldsig import filters

    copied: list[str] = []
    original = filters._add_text

    def counted(parent: Any, before: Any, text: str) -> None:
        copied.append(text)
        original(parent, before, text)

    monkeypatch.setattr(filters, "_add_text", counted)
    added = INVOICE.replace(b"  <i:Buyer", b"  " + (b"<i:Buyer/>" + behind) * 5_000 + b"<i:Buyer")
    found = verified(sides.receiver(**LEAVE), signed(sides.sender(**LEAVE), added)).content or b""
    assert b"Buyer" not in found
    assert found.count(b"text") == (5_000 if behind else 0)
    assert len(copied) < 20


def test_strangers_cost_little(sides: Sides, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing that a stranger has signed is digested, however rightly he has signed it."""
    from zeep_wssec.payload.xmldsig import verifying

    mallory = sides.authority.issue("mallory", key="ec-p256")
    document = signed(XmlDsig(mallory.keystore("m")))
    knows = sides.receiver().keystore.with_partner("mallory", mallory.certificate)
    assert verified(XmlDsig(knows), document).signed_by == ("mallory",)
    monkeypatch.setattr(verifying, "check_references", None)
    with pytest.raises(PayloadSignerError):
        verified(sides.receiver(), document)


def test_certificate_with_a_broken_key(sides: Sides) -> None:
    """A certificate that came along and has no usable key is the sender's fault, not one of our keys."""
    mallory = sides.authority.issue("mallory", key="ec-p256")
    document = signed(XmlDsig(mallory.keystore("m")))
    with pytest.raises(PayloadSignerError) as caught:
        verified(sides.receiver(), document)
    assert caught.value.reason == "wrong_peer"
    der = mallory.certificate.der
    point = mallory.private_key.public_key().public_bytes(  # type: ignore[union-attr]
        serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
    )
    broken = der.replace(point, point[:-1] + bytes([point[-1] ^ 1]))

    def show(root: etree._Element) -> None:
        find(root, "//ds:X509Certificate").text = base64.b64encode(broken).decode()

    with pytest.raises(PayloadSignerError) as caught:
        verified(sides.receiver(), changed(document, show))
    assert caught.value.reason == "weak_key"


def test_document_that_has_no_canonical_form(sides: Sides) -> None:
    """What cannot be signed is the document's fault, whichever step finds out."""
    many = " ".join(f'xmlns:n{at}="urn:{at}"' for at in range(70)).encode()
    document = INVOICE.replace(b"<i:Invoice", b"<i:Invoice " + many)
    total: dict[str, Any] = {"xpath_filters": ["intersect //i:Total"], **NAMES}
    assert verified(sides.receiver(**total), signed(sides.sender(**total), document)).size
    for form in ("c14n", "c14n11"):
        with pytest.raises(PayloadMalformedError, match="namespaces"):
            sides.sender(**total, canonicalization=form).sign(document, now=NOW)


@pytest.mark.parametrize(
    "settings", [{}, {"kind": "enveloping"}, {"parent": "//i:Total", "xades": "bes"}]
)
def test_as_deep_as_can_be_read(sides: Sides, settings: dict[str, Any]) -> None:
    """A signature adds levels of its own: what would be too deep with it is not signed."""
    wanted = {**settings, **NAMES}
    for levels, is_read in ((88, True), (89, False)):
        wrapped = (b"<d>" * levels, b"<i:Total/>", b"</d>" * levels)
        document = b"<i:Invoice xmlns:i='urn:invoice'>" + b"".join(wrapped) + b"</i:Invoice>"
        if is_read:
            assert verified(sides.receiver(**wanted), signed(sides.sender(**wanted), document)).size
        else:
            with pytest.raises(PayloadMalformedError, match="deeper"):
                sides.sender(**wanted).sign(document, now=NOW)
