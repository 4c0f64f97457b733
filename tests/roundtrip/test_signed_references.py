"""What a signature covers besides parts of the message, and how its prefixes are kept: both ends are ours."""

from __future__ import annotations

import pytest
from lxml import etree
from roundtrip.pair import ORDER, accepted, answer, client, envelope, refused, service

from zeep_wssec import (
    Encryption,
    Inbound,
    MalformedSecurityError,
    ProfileError,
    SecurityHeader,
    Signature,
    SignatureInvalidError,
    Timestamp,
)
from zeep_wssec.soap.namespaces import DS, EXC_C14N

STAMP = Timestamp()
KEY_INFO = Signature(parts=("body", "timestamp", "key_info"))
DOCUMENT = Signature(parts=("envelope",), key_reference="x509_data")


def prefix_list(message: bytes, place: str) -> str | None:
    """PrefixList of the element that ``place`` finds."""
    found = etree.fromstring(message).find(f".//{place}/{{{EXC_C14N}}}InclusiveNamespaces")
    return None if found is None else found.get("PrefixList")


def references(message: bytes) -> list[etree._Element]:
    return list(etree.fromstring(message).iter(f"{{{DS}}}Reference"))


@pytest.mark.parametrize("reference", ["binary_token", "thumbprint", "issuer_serial", "x509_data"])
def test_signed_key_info(reference: str) -> None:
    """The KeyInfo of a signature can be one of its parts, however it names the key."""
    step = Signature(parts=("body", "timestamp", "key_info"), key_reference=reference)  # type: ignore[arg-type]
    report = accepted(answer((STAMP, step))).report
    assert report.signatures[0].parts == ("body", "timestamp", "key_info")


def test_changed_key_info() -> None:
    """A signed KeyInfo that was changed is refused; unsigned, the same change goes unnoticed."""
    for step, survives in ((KEY_INFO, False), (Signature(), True)):
        tree = etree.fromstring(answer((STAMP, step)))
        (key_info,) = tree.iter(f"{{{DS}}}KeyInfo")
        key_info[0].set(
            "{http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd}Id",
            "x",
        )
        changed = etree.tostring(tree)
        if survives:
            accepted(changed)
        else:
            assert "KeyInfo" in str(refused(changed, SignatureInvalidError))


def test_whole_document() -> None:
    """``envelope`` is one Reference with an empty URI, and covers every part."""
    message = answer((STAMP, DOCUMENT))
    (reference,) = references(message)
    assert reference.get("URI") == ""
    report = accepted(message).report
    assert report.signatures[0].parts == ("envelope",)
    assert "body signed" in report.proved
    assert "timestamp signed" in report.proved


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"<o:sku>42<", b"<o:sku>43<"),
        (b"<soap:Body>", b"<soap:Body> "),
        (b"<wsu:Created>", b"<wsu:Created> "),
    ],
)
def test_changed_document(old: bytes, new: bytes) -> None:
    """A change anywhere breaks a signature over the whole document."""
    message = answer((STAMP, DOCUMENT))
    assert old in message
    refused(message.replace(old, new), SignatureInvalidError)


def test_nothing_inside_the_signature_is_covered() -> None:
    """What stands inside the signature that is left out of the document is not signed by it."""
    message = answer((STAMP, Signature(parts=("envelope",))))
    accepted(message, client(inbound=Inbound(signed=("body", "token"))))
    step = Signature(parts=("envelope",), key_reference="x509_data")
    profile = client(inbound=Inbound(signed=("body", "xpath://ds:X509Data")))
    with pytest.raises(Exception, match="must be signed, but is not"):
        profile.check(answer((STAMP, step)))


def test_whole_document_is_signed_last() -> None:
    """A step after it, or a header that is put in order after it, would break the digest."""
    with pytest.raises(ProfileError, match="later step"):
        service(STAMP, DOCUMENT, Encryption(recipients=("client",)))
    with pytest.raises(ProfileError, match="moved"):
        service(STAMP, DOCUMENT, header=SecurityHeader(layout="timestamp_last"))


def test_decrypted_in_front_of_a_whole_document() -> None:
    """The whole document must be verified as it came, so it cannot follow what was decrypted."""
    message = service(STAMP, Encryption(recipients=("client",)), DOCUMENT).secure(envelope())
    accepted(message.to_bytes())
    tree = etree.fromstring(message.to_bytes())
    security = tree[0][0]
    security.append(security[0])
    refused(etree.tostring(tree), MalformedSecurityError)


def test_given_prefixes() -> None:
    """PrefixLists of SignedInfo and of single parts are written as given, and verify."""
    step = Signature(
        parts=("body", "timestamp"),
        inclusive_prefixes=(),
        part_prefixes={"body": ("soap", "#default")},
        signed_info_prefixes=("soap", "wsse"),
    )
    message = answer((STAMP, step), envelope(ORDER))
    accepted(message)
    assert prefix_list(message, f"{{{DS}}}CanonicalizationMethod") == "soap wsse"
    assert prefix_list(message, f"{{{DS}}}Transform") == "soap #default"
    assert len(references(message)[1].findall(f".//{{{EXC_C14N}}}InclusiveNamespaces")) == 0


def test_listed_prefix_protects_its_namespace() -> None:
    """A prefix of the list cannot be bound to another namespace; one that is not listed can, unused."""
    plain = Signature(inclusive_prefixes=())
    listed = Signature(part_prefixes={"body": ("p",)})
    declared = envelope('<o:PlaceOrder xmlns:o="urn:orders"/>', declarations=' xmlns:p="urn:one"')
    for step, survives in ((plain, True), (listed, False)):
        message = answer((STAMP, step), declared).replace(
            b'xmlns:p="urn:one"', b'xmlns:p="urn:two"'
        )
        if survives:
            accepted(message)
        else:
            refused(message, SignatureInvalidError)


def test_prefixes_of_a_part_that_is_not_signed() -> None:
    """A PrefixList for something that is no part is a slip."""
    with pytest.raises(ProfileError, match="none of the parts"):
        Signature(parts=("body",), part_prefixes={"timestamp": ("soap",)})
