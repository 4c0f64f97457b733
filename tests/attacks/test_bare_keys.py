"""``ds:KeyValue``: a key in the message is a name of a certificate that we know, and never more."""

from __future__ import annotations

import base64

import pytest
from attacks.forge import (
    Change,
    append,
    edited,
    find,
    insert,
    remove,
    replace,
    set_attribute,
    set_text,
)
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from roundtrip.pair import accepted, another, answer, client, issued, refused, tree_of

from zeep_wssec import (
    Inbound,
    InboundError,
    MalformedSecurityError,
    Signature,
    Timestamp,
    TokenUnavailableError,
    UnsupportedTokenError,
    UntrustedCertificateError,
)

DSIG11 = "http://www.w3.org/2009/xmldsig11#"
NAMED_CURVE = f"ds:KeyValue/*/{{{DSIG11}}}NamedCurve"
POINT = f"ds:KeyValue/*/{{{DSIG11}}}PublicKey"
SIGNED = (Timestamp(), Signature(key_reference="key_value"))


def encoded(octets: bytes) -> str:
    """The text of a number."""
    return base64.b64encode(octets).decode()


def modulus() -> bytes:
    """The service's own."""
    key = issued("service").certificate.public_key
    assert isinstance(key, rsa.RSAPublicKey)
    return key.public_numbers().n.to_bytes(256, "big")


def point() -> bytes:
    """The service's own point on P-256."""
    text = find(tree_of(answer(SIGNED, key="ec-p256")), POINT).text
    return base64.b64decode(text or "")


def test_the_key_of_a_stranger() -> None:
    """The arithmetic is right and the key is in the message: that proves nothing."""
    stranger = another("service").keystore("service")
    refused(answer(SIGNED, keystore=stranger), TokenUnavailableError)
    accepted(answer(SIGNED))


def test_our_own_key() -> None:
    """A message that was signed with our key comes from us, not from the partner."""
    ours = issued("client").keystore("service")
    error = refused(answer(SIGNED, keystore=ours), UntrustedCertificateError)
    assert error.reason == "own_key"


def test_the_key_of_another_partner() -> None:
    """A key that is known is still not that of who must sign."""
    other = issued("other")
    known = (
        issued("client")
        .keystore("client")
        .with_partner("service", issued("service").certificate)
        .with_partner("other", other.certificate)
    )
    profile = client(keystore=known, inbound=Inbound(signed_by="service"))
    message = answer(SIGNED, keystore=other.keystore("service"))
    error = refused(message, UntrustedCertificateError, profile)
    assert error.reason == "wrong_peer"
    accepted(message, client(keystore=known, inbound=Inbound(signed_by="other")))


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (set_text("ds:Modulus", ""), MalformedSecurityError),
        (set_text("ds:Modulus", "????"), MalformedSecurityError),
        (set_text("ds:Modulus", encoded(b"\0" * 256)), MalformedSecurityError),
        (set_text("ds:Modulus", encoded(b"\x01" * 2049)), MalformedSecurityError),
        (set_text("ds:Exponent", ""), MalformedSecurityError),
        (set_text("ds:Exponent", encoded(b"\1")), MalformedSecurityError),
        (set_text("ds:Exponent", encoded(b"\2")), MalformedSecurityError),
        (set_text("ds:Exponent", encoded(b"\x01" * 33)), MalformedSecurityError),
        (set_text("ds:Exponent", encoded(b"\3")), TokenUnavailableError),
        (append("ds:Modulus", "<x/>"), MalformedSecurityError),
        (remove("ds:Exponent"), MalformedSecurityError),
        (append("ds:RSAKeyValue", "<ds:Modulus>AQAB</ds:Modulus>"), MalformedSecurityError),
        (append("ds:KeyValue", "<ds:RSAKeyValue/>"), MalformedSecurityError),
        (insert("ds:KeyValue", "<x/>"), MalformedSecurityError),
        (set_attribute("ds:KeyValue", "x", "y"), MalformedSecurityError),
        (remove("ds:RSAKeyValue"), MalformedSecurityError),
    ],
    ids=["no modulus", "no base64", "zero", "2049 octets", "no exponent", "exponent 1", "even exponent",
         "33 octets", "exponent 3", "child", "exponent missing", "two moduli", "two keys", "something else",
         "attribute", "no key"],
)  # fmt: skip
def test_rsa_numbers(change: Change, error: type[InboundError]) -> None:
    """Spec: XML Signature 1.1 section 4.5.2.2: two numbers, and of no size that costs us time."""
    message = answer(SIGNED)
    accepted(message)
    refused(edited(message, change), error)


def test_the_largest_modulus_is_looked_up() -> None:
    """The twin of the size limit: 16384 bits are read, and found to be nobody's."""
    largest = set_text("ds:Modulus", encoded(b"\x81" * 2048))
    refused(edited(answer(SIGNED), largest), TokenUnavailableError)


def test_the_octet_of_the_sign() -> None:
    """Spec: CryptoBinary has no leading zero; Java's writers put one there, and it says nothing."""
    accepted(edited(answer(SIGNED), set_text("ds:Modulus", encoded(b"\0" + modulus()))))


def test_white_space_in_numbers() -> None:
    """The twin: lines of base64."""
    text = base64.encodebytes(modulus()).decode()
    accepted(edited(answer(SIGNED), set_text("ds:Modulus", f"\n{text}\n")))


def curve(name: str) -> Change:
    """Name another curve."""
    return set_attribute(NAMED_CURVE, "URI", name)


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (curve("urn:oid:1.3.132.0.34"), MalformedSecurityError),
        (curve("urn:oid:1.3.132.0.10"), UnsupportedTokenError),
        (curve("urn:oid:1.2.3"), UnsupportedTokenError),
        (curve(""), UnsupportedTokenError),
        (replace(NAMED_CURVE, f'<d:ECParameters xmlns:d="{DSIG11}"/>'), UnsupportedTokenError),
        (remove(POINT), UnsupportedTokenError),
        (set_text(POINT, ""), MalformedSecurityError),
        (set_text(POINT, encoded(b"\0")), MalformedSecurityError),
        (set_text(POINT, encoded(b"\x04" + bytes(64))), MalformedSecurityError),
        (set_text(POINT, encoded(b"\x04" + b"\1" * 63)), MalformedSecurityError),
        (set_text(POINT, encoded(b"\x04" + b"\1" * 100_000)), MalformedSecurityError),
    ],
    ids=["P-384", "secp256k1", "unknown", "none", "parameters", "no point", "empty", "infinity", "zeros",
         "short", "long"],
)  # fmt: skip
def test_points(change: Change, error: type[InboundError]) -> None:
    """A point must lie on a curve that we name: parameters of its own would fit any signature."""
    message = answer(SIGNED, key="ec-p256")
    accepted(message, client(key="ec-p256"))
    refused(edited(message, change), error, client(key="ec-p256"))


def test_a_point_off_the_curve() -> None:
    """One flipped bit leads off the curve."""
    off = point()[:-1] + bytes([point()[-1] ^ 1])
    message = answer(SIGNED, key="ec-p256")
    refused(
        edited(message, set_text(POINT, encoded(off))),
        MalformedSecurityError,
        client(key="ec-p256"),
    )


def test_a_compressed_point() -> None:
    """Spec: XML Signature 1.1 section 4.5.2.3.1 asks for the uncompressed form only."""
    compressed = bytes([2 + point()[-1] % 2]) + point()[1:33]
    ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), compressed)
    message = answer(SIGNED, key="ec-p256")
    refused(
        edited(message, set_text(POINT, encoded(compressed))),
        MalformedSecurityError,
        client(key="ec-p256"),
    )


def test_another_point_on_the_curve() -> None:
    """The twin: a key, but nobody's that we know."""
    other = another("other", key="ec-p256").keystore("service")
    refused(answer(SIGNED, keystore=other), TokenUnavailableError, client(key="ec-p256"))


@pytest.mark.parametrize("octets", [b"", b"\0", b"\x30\x00", bytes(20_000)])
def test_encoded_keys(octets: bytes) -> None:
    """What is no key, or too large for one, is nobody's."""
    text = f'<d:DEREncodedKeyValue xmlns:d="{DSIG11}">{encoded(octets)}</d:DEREncodedKeyValue>'
    refused(edited(answer(SIGNED), replace("ds:KeyValue", text)), TokenUnavailableError)


def test_the_partners_key_as_it_is_encoded() -> None:
    """The twin: the same key in its other form."""
    der = issued("service").certificate.public_key_der
    text = f'<d:DEREncodedKeyValue xmlns:d="{DSIG11}">{encoded(der)}</d:DEREncodedKeyValue>'
    report = accepted(edited(answer(SIGNED), replace("ds:KeyValue", text))).report
    assert report.signatures[0].key_reference == "key_value"
