"""Every form in which a message names a certificate: written, read, and refused when it does not fit."""

from __future__ import annotations

from datetime import timedelta
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import get_args

import pytest
import zeep.wsse.signature
from attacks.forge import edited, find, set_text
from cryptography import x509
from lxml import etree
from roundtrip.pair import (
    NOW,
    accepted,
    another,
    answer,
    authority,
    client,
    envelope,
    issued,
    keystore,
    refused,
    tree_of,
)

from zeep_wssec import (
    AnyoneUnder,
    Encryption,
    Inbound,
    InboundError,
    Keystore,
    KeyUsageError,
    Profile,
    ProfileError,
    Signature,
    Subject,
    Timestamp,
    TokenUnavailableError,
    UntrustedCertificateError,
)
from zeep_wssec.settings import KeyReference
from zeep_wssec.soap.namespaces import TOKEN_PROFILE, WSSE, WSSE11
from zeep_wssec.testing.authority import Authority, Issued
from zeep_wssec.testing.certificates import build_certificate

TOKEN = f"{{{WSSE}}}BinarySecurityToken"
REFERENCE = "SecurityTokenReference(Reference)"
IDENTIFIER = "SecurityTokenReference(KeyIdentifier)"
ISSUER_SERIAL = "X509Data(X509IssuerSerial(X509IssuerName X509SerialNumber))"
SHAPES: dict[KeyReference, str] = {
    "binary_token": REFERENCE,
    "pkipath": REFERENCE,
    "pkcs7": REFERENCE,
    "issuer_serial": f"SecurityTokenReference({ISSUER_SERIAL})",
    "issuer_serial_quoted": f"SecurityTokenReference({ISSUER_SERIAL})",
    "subject_key_identifier": IDENTIFIER,
    "x509_ski": "X509Data(X509SKI)",
    "thumbprint": IDENTIFIER,
    "x509_key_identifier": IDENTIFIER,
    "x509_data": "X509Data(X509Certificate)",
    "x509_data_subject": "X509Data(X509SubjectName X509Certificate)",
    "x509_data_issuer_serial": ISSUER_SERIAL,
    "x509_data_in_reference": "SecurityTokenReference(X509Data(X509IssuerSerial(X509IssuerName "
    "X509SerialNumber) X509Certificate))",
    "embedded": "SecurityTokenReference(Embedded(BinarySecurityToken))",
    "key_value": "KeyValue(RSAKeyValue(Modulus Exponent))",
    "key_name": "KeyName",
}
"""What stands in KeyInfo."""
IN_HEADER = ("binary_token", "pkipath", "pkcs7")
"""Those that lead to a token in the header."""
STANDING_ALONE = [name for name, shape in SHAPES.items() if not shape.startswith("Security")]
SIGNED_THROUGH = [name for name in SHAPES if name not in ("embedded", *STANDING_ALONE)]
BY_NAME_ONLY = ("issuer_serial", "subject_key_identifier", "x509_ski", "thumbprint",
                "x509_data_issuer_serial", "key_value", "key_name")  # fmt: skip
"""Those that a receiver must know the certificate for."""


def shape_of(element: etree._Element) -> str:
    """Local names, children in brackets."""
    name = etree.QName(element).localname
    inner = " ".join(shape_of(child) for child in element)
    return f"{name}({inner})" if inner else name


def key_info_of(message: bytes, holder: str) -> etree._Element:
    """The KeyInfo in the first Signature or EncryptedKey."""
    return find(tree_of(message), f"{holder}/ds:KeyInfo")


def signed(reference: KeyReference, **settings: object) -> bytes:
    """An answer that names its signer so."""
    return answer((Timestamp(), Signature(key_reference=reference)), **settings)


def test_every_reference_to_a_certificate_has_its_shape() -> None:
    """The table above is complete: only the reference to an encrypted key names no certificate."""
    assert set(get_args(KeyReference)) - set(SHAPES) == {"encrypted_key_sha1"}


@pytest.mark.parametrize("reference", SHAPES)
def test_a_signature_names_its_certificate(reference: KeyReference) -> None:
    """Written in its shape, and read back under its name; quotes are no reference of their own."""
    message = signed(reference)
    (child,) = key_info_of(message, "ds:Signature")
    assert shape_of(child) == SHAPES[reference]
    (found,) = accepted(message).report.signatures
    assert found.key_reference == reference.removesuffix("_quoted")
    assert found.trusted_as == "partner 'service'"


@pytest.mark.parametrize("reference", SHAPES)
def test_an_agreement_names_its_recipient(reference: KeyReference) -> None:
    """Where a key is agreed on the recipient is named inside the agreement."""
    step = Encryption(recipients=("client",), key_reference=reference)
    message = answer((Timestamp(), Signature(), step), key="ec-p256")
    (child,) = find(tree_of(message), "xenc:EncryptedKey//xenc:RecipientKeyInfo")
    expected = SHAPES[reference].replace(
        "RSAKeyValue(Modulus Exponent", "ECKeyValue(NamedCurve PublicKey"
    )
    assert shape_of(child) == expected
    profile = client(key="ec-p256", inbound=Inbound(encrypted=("body",)))
    assert accepted(message, profile).report.encryptions[0].recipient == "client"


@pytest.mark.parametrize("reference", SHAPES)
def test_an_encryption_names_its_recipient(reference: KeyReference) -> None:
    """The same forms lead to the key that opens the message."""
    step = Encryption(recipients=("client",), key_reference=reference)
    message = answer((Timestamp(), Signature(), step))
    (child,) = key_info_of(message, "xenc:EncryptedKey")
    assert shape_of(child) == SHAPES[reference]
    checked = accepted(message, client(inbound=Inbound(encrypted=("body",))))
    assert checked.report.encryptions[0].recipient == "client"


@pytest.mark.parametrize("reference", SHAPES)
def test_tokens_in_the_header(reference: KeyReference) -> None:
    """A token is in the header exactly for the references that lead to one."""
    found = list(tree_of(signed(reference))[0][0].iterchildren(TOKEN))
    assert len(found) == (reference in IN_HEADER)


@pytest.mark.parametrize(("reference", "kind"), [("pkipath", "X509PKIPathv1"), ("pkcs7", "PKCS7")])
def test_a_reference_to_several_certificates_says_its_type(
    reference: KeyReference, kind: str
) -> None:
    """Spec: BSP 1.1 R5211 to R5216: token, reference and SecurityTokenReference say the same type."""
    root = tree_of(signed(reference))
    said = {
        find(root, "wsse:BinarySecurityToken").get("ValueType"),
        find(root, "ds:KeyInfo/wsse:SecurityTokenReference").get(f"{{{WSSE11}}}TokenType"),
        find(root, "ds:KeyInfo/wsse:SecurityTokenReference/wsse:Reference").get("ValueType"),
    }
    assert said == {TOKEN_PROFILE + kind}


def test_two_kinds_of_token_for_one_certificate() -> None:
    """Each reference leads to a token of its own kind."""
    steps = (
        Timestamp(),
        Signature(),
        Signature(parts=("body",), key_reference="pkipath"),
        Signature(parts=("timestamp",), key_reference="pkcs7"),
    )
    report = accepted(answer(steps)).report
    assert [item.key_reference for item in report.signatures] == [
        "pkcs7",
        "pkipath",
        "binary_token",
    ]


@pytest.mark.parametrize("reference", SHAPES)
def test_a_key_on_a_curve(reference: KeyReference) -> None:
    """The forms do not depend on the kind of key; KeyValue has one for curves."""
    message = signed(reference, key="ec-p256")
    (found,) = accepted(message, client(key="ec-p256")).report.signatures
    assert found.key_reference == reference.removesuffix("_quoted")
    if reference == "key_value":
        (child,) = key_info_of(message, "ds:Signature")
        assert shape_of(child) == "KeyValue(ECKeyValue(NamedCurve PublicKey))"


@pytest.mark.parametrize("key", ["ec-p384", "ec-p521", "ec-bp256", "ed25519", "ed448"])
def test_key_value_of_every_kind(key: str) -> None:
    """Kinds of key without a form of their own are written as they are encoded."""
    message = signed("key_value", key=key)
    (child,) = key_info_of(message, "ds:Signature")
    expected = "DEREncodedKeyValue" if key.startswith("ed") else "KeyValue(ECKeyValue("
    assert shape_of(child).startswith(expected)
    assert accepted(message, client(key=key)).report.signatures[0].key_reference == "key_value"


def test_a_name_with_special_characters() -> None:
    """Backslashes and quotes are two ways to write one issuer."""
    root = Authority.create('CN=Root,O=Sons\\, \\"Ltd\\" & Co', now=NOW)
    ours = root.issue("service")
    known = issued("client").keystore("client").with_partner("service", ours.certificate)
    texts = []
    for reference in ("issuer_serial", "issuer_serial_quoted"):
        step = Signature(key_reference=reference)  # type: ignore[arg-type]
        message = answer((Timestamp(), step), keystore=ours.keystore("service"))
        accepted(message, client(keystore=known))
        texts.append(find(tree_of(message), "ds:X509IssuerName").text)
    assert texts[0] != texts[1]
    assert "\\" not in (texts[1] or "")


def test_key_name_is_the_subject() -> None:
    """A name that the peer can know: the subject, not an alias of ours."""
    assert find(tree_of(signed("key_name")), "ds:KeyName").text == "CN=service"


@pytest.mark.parametrize("name", ["service", "CN=service", "cn = service"])
def test_key_name_is_an_alias_or_a_subject(name: str) -> None:
    """What we call the partner, or what its certificate calls it; another's name leads elsewhere."""
    message = signed("key_name")
    accepted(edited(message, set_text("ds:KeyName", name)))
    refused(edited(message, set_text("ds:KeyName", f"{name}r")), TokenUnavailableError)


def test_a_symmetric_reference_names_no_certificate() -> None:
    """EncryptedKeySHA1 is for keys that came encrypted."""
    with pytest.raises(KeyUsageError, match="encrypted_key_sha1"):
        signed("encrypted_key_sha1")


@pytest.mark.needs_xmlsec
@pytest.mark.parametrize(
    ("writer", "form"),
    [("MemorySignature", "x509_data_in_reference"), ("BinarySignature", "binary_token")],
)
def test_what_zeep_itself_sends(
    xmlsec: ModuleType, writer: str, form: KeyReference, tmp_path: Path
) -> None:
    """A partner with zeep's own signatures is understood; ours in that form looks the same."""
    (tmp_path / "key.pem").write_bytes(issued("service").key_pem())
    (tmp_path / "certificate.pem").write_bytes(issued("service").certificate_pem)
    files = [tmp_path / "key.pem", tmp_path / "certificate.pem"]
    given = [item.read_bytes() for item in files] if writer == "MemorySignature" else files
    signer = getattr(zeep.wsse.signature, writer)(
        *given,
        signature_method=xmlsec.Transform.RSA_SHA256,
        digest_method=xmlsec.Transform.SHA256,
    )
    root, _ = signer.apply(tree_of(envelope()), {})
    message = etree.tostring(root)
    profile = client(inbound=Inbound(signed=("body",), fresh_seconds=None))
    (found,) = accepted(message, profile).report.signatures
    assert found.key_reference == form
    (child,) = key_info_of(message, "ds:Signature")
    assert shape_of(child) == SHAPES[form]


# Who is not known, is not trusted.


@pytest.mark.parametrize("reference", SHAPES)
def test_an_unknown_certificate(reference: KeyReference) -> None:
    """What is only named must be in the keystore; what is sent along must be the partner's."""
    stranger = (
        issued("client").keystore("client").with_partner("service", issued("other").certificate)
    )
    only_named = reference.removesuffix("_quoted") in BY_NAME_ONLY
    expected = TokenUnavailableError if only_named else UntrustedCertificateError
    refused(signed(reference), expected, client(keystore=stranger))
    accepted(signed(reference))


@pytest.mark.parametrize("reference", SHAPES)
def test_an_encryption_for_somebody_else(reference: KeyReference) -> None:
    """A message whose recipient is not us cannot be opened."""
    ours = keystore("service", "client").with_partner("other", issued("other").certificate)
    step = Encryption(recipients=("other",), key_reference=reference)
    message = answer((Timestamp(), Signature(), step), keystore=ours)
    refused(message, TokenUnavailableError, client(inbound=Inbound(encrypted=("body",))))


# The chain in a token.


@cache
def middle() -> Authority:
    """An authority between the root and the service."""
    return authority().intermediate("Middle")


@cache
def below() -> Issued:
    """The service, certified by the authority between."""
    return another("service", by=middle())


def receiver() -> Profile:
    """Somebody who has the root only, so needs what is between from the message."""
    known = issued("client").keystore("client").with_trust(anchors=authority().pem)
    return client(keystore=known, inbound=Inbound(signed_by=Subject("CN=service")))


@pytest.mark.parametrize("reference", ["pkipath", "pkcs7"])
def test_the_chain_comes_with_the_token(reference: KeyReference) -> None:
    """Spec: X.509 Certificate Token Profile 1.1.1 section 3.1: leaf and those above it in one token."""
    message = signed(reference, keystore=below().keystore("service"))
    accepted(message, receiver())
    # Its twin without the chain does not reach the root.
    alone = signed("binary_token", keystore=below().keystore("service"))
    error = refused(alone, UntrustedCertificateError, receiver())
    assert error.reason == "no_path"


@pytest.mark.parametrize("reference", ["pkipath", "pkcs7"])
def test_the_chain_of_a_recipient(reference: KeyReference) -> None:
    """A recipient's chain is the one that the keystore has beside the partner's certificate."""
    reader = another("reader", by=middle())
    ours = issued("service").keystore("service").with_partner("reader", reader.chain_pem)
    step = Encryption(recipients=("reader",), key_reference=reference)
    message = answer((Timestamp(), Signature(), step), keystore=ours)
    known = reader.keystore("reader").with_partner("service", issued("service").certificate)
    accepted(message, client(keystore=known, inbound=Inbound(encrypted=("body",))))


# Several certificates for one key, and one name for several keys.


@cache
def renewed() -> Issued:
    """A second certificate for the service's key."""
    return authority().issue("service", key=issued("service").private_key, serial=77)


def knowing(*certificates: Issued) -> Keystore:
    """The client with partners ``service-0``, ``service-1`` and so on."""
    known = issued("client").keystore("client")
    for index, item in enumerate(certificates):
        known = known.with_partner(f"service-{index}", item.certificate)
    return known


@pytest.mark.parametrize(
    "reference", ["subject_key_identifier", "x509_ski", "key_value", "key_name"]
)
@pytest.mark.parametrize("demanded", ["service-0", "service-1"])
def test_two_certificates_for_one_key(reference: KeyReference, demanded: str) -> None:
    """Which key has signed is beyond doubt; the certificate that is demanded is taken."""
    known = knowing(issued("service"), renewed())
    profile = client(keystore=known, inbound=Inbound(signed_by=demanded))
    (found,) = accepted(signed(reference), profile).report.signatures
    assert found.trusted_as == f"partner {demanded!r}"


@pytest.mark.filterwarnings("ignore::zeep_wssec.KeyExpiryWarning")
@pytest.mark.parametrize("order", [1, -1])
def test_the_valid_one_of_two_certificates(order: int) -> None:
    """One that has expired does not stand in the way of the one that came after it."""
    old = authority().issue("service", key=issued("service").private_key, serial=78,
                            not_before=NOW.replace(year=2020), not_after=NOW.replace(year=2021))  # fmt: skip
    known = knowing(*(old, issued("service"))[::order])
    profile = client(keystore=known, inbound=Inbound(signed_by=("service-0", "service-1")))
    (found,) = accepted(signed("subject_key_identifier"), profile).report.signatures
    assert found.trusted_as == f"partner {'service-1' if order == 1 else 'service-0'!r}"


@pytest.mark.parametrize("reference", ["key_name", "issuer_serial", "x509_data_issuer_serial"])
def test_one_name_for_two_keys(reference: KeyReference) -> None:
    """Which of two keys is meant is not guessed, even where one of them would fit."""
    serial = issued("service").certificate.serial_number
    known = knowing(issued("service"), another("service", serial=serial))
    profile = client(keystore=known, inbound=Inbound(signed_by="service-0"))
    error = refused(signed(reference), TokenUnavailableError, profile)
    assert "their keys differ" in error.message
    accepted(signed("thumbprint"), profile)


# STR-Transform: the token is signed through the reference to it.


@pytest.mark.parametrize("reference", SIGNED_THROUGH)
def test_a_token_is_signed_through_its_reference(reference: KeyReference) -> None:
    """Spec: WSS 1.1.1 section 8.3; a token that is not there stands for the certificate that is named."""
    step = Signature(
        parts=("body", "timestamp", "token"), key_reference=reference, str_transform=True
    )
    report = accepted(answer((Timestamp(), step))).report
    assert len(report.signatures[0].parts) == 3


@pytest.mark.parametrize("reference", ["issuer_serial", "thumbprint", "x509_data_in_reference"])
def test_a_token_beside_a_reference_that_names_it(reference: KeyReference) -> None:
    """The token in the header is signed through the reference as if it were not there."""
    step = Signature(
        parts=("body", "timestamp", "token"),
        key_reference=reference,
        str_transform=True,
        include_token=True,
    )
    message = answer((Timestamp(), step))
    assert len(list(tree_of(message)[0][0].iterchildren(TOKEN))) == 1
    accepted(message)


@pytest.mark.parametrize("reference", ["embedded", *STANDING_ALONE])
def test_references_that_nothing_is_signed_through(reference: KeyReference) -> None:
    """A token inside its reference, or one without a reference, is not signed through it."""
    with pytest.raises((ProfileError, KeyUsageError), match="STR-Transform"):
        answer(
            (Timestamp(), Signature(parts=("token",), key_reference=reference, str_transform=True))
        )


@pytest.mark.parametrize("reference", ["issuer_serial", "thumbprint", "key_value", "embedded"])
def test_the_token_is_included(reference: KeyReference) -> None:
    """``include_token``: the token is in the header, in front of the signature, and can be signed."""
    step = Signature(
        parts=("body", "timestamp", "token"), key_reference=reference, include_token=True
    )
    message = answer((Timestamp(), step))
    names = [etree.QName(child).localname for child in tree_of(message)[0][0]]
    assert names == ["BinarySecurityToken", "Signature", "Timestamp"]
    (found,) = accepted(message).report.signatures
    assert found.key_reference == reference
    assert "token" in found.parts


@pytest.mark.parametrize("reference", ["pkipath", "pkcs7"])
def test_the_token_stands_in_front(reference: KeyReference) -> None:
    """Spec: WSS 1.1.1 section 5: a receiver meets the token before its use; it can be signed like any part."""
    step = Signature(parts=("body", "timestamp", "token"), key_reference=reference)
    message = answer((Timestamp(), step))
    names = [etree.QName(child).localname for child in tree_of(message)[0][0]]
    assert names == ["BinarySecurityToken", "Signature", "Timestamp"]
    assert "token" in accepted(message).report.signatures[0].parts


def test_a_bare_key_of_anyone() -> None:
    """A bare key that the keystore does not know is refused even from anyone under the anchors."""
    stranger = another("stranger")
    message = signed("key_value", keystore=stranger.keystore("service"))
    known = issued("client").keystore("client").with_trust(anchors=authority().pem)
    profile = client(keystore=known, inbound=Inbound(signed_by=AnyoneUnder(reason="a test")))
    refused(message, TokenUnavailableError, profile)
    accepted(signed("x509_data", keystore=stranger.keystore("service")), profile)


@pytest.mark.filterwarnings("ignore::zeep_wssec.KeyExpiryWarning")
@pytest.mark.parametrize("reference", ["key_name", "x509_data_subject"])
def test_a_certificate_without_subject_has_no_name(reference: KeyReference) -> None:
    """What has no subject cannot be named by it."""
    key = issued("service").private_key
    certificate = build_certificate(
        subject=x509.Name([]),
        issuer=authority().certificate.x509.subject,
        subject_key=key,
        signed_by=authority().issued.private_key,
        not_before=NOW - timedelta(days=1),
        not_after=NOW + timedelta(days=1),
    )
    nameless = Issued(certificate, key).keystore("service")
    with pytest.raises(KeyUsageError, match="no subject"):
        signed(reference, keystore=nameless)
    signed("issuer_serial", keystore=nameless)


def test_profile_names_entries_by_their_certificates() -> None:
    """A step may name key and recipient as a contract does; the answer is demanded of that recipient."""
    us, them = issued("client").certificate, issued("service").certificate
    profile = Profile(
        keystore=keystore("client", "service").with_partner("third", issued("third").certificate),
        outbound=[
            Timestamp(),
            Signature(key=f"sha256:{us.thumbprint_sha256}"),
            Encryption(recipients=[f"issuer={them.issuer};serial={them.serial_number}"]),
        ],
    )
    sent = profile.secure(envelope(), now=NOW)
    by_service = Profile(
        keystore=keystore("service", "client"), outbound=[Timestamp(), Signature()]
    )
    by_third = Profile(keystore=keystore("third", "client"), outbound=[Timestamp(), Signature()])
    for answering, encrypted in ((by_service, True), (by_third, False)):
        reply = answering.secure(envelope(), now=NOW).to_bytes()
        with pytest.raises(InboundError) as caught:
            profile.check(reply, request=sent.exchange, now=NOW)
        named = "encrypted" if encrypted else "CN=third"
        assert named in str(caught.value)
