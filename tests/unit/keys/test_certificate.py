"""The certificate wrapper."""

from __future__ import annotations

import base64
import hashlib
import pickle
import warnings
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from zeep_wssec.errors import KeyLoadError
from zeep_wssec.keys.certificate import MAX_CERTIFICATE_BYTES, Certificate
from zeep_wssec.testing.authority import Authority, Issued
from zeep_wssec.testing.certificates import build_certificate, generate_key, read_subject


def test_same_bytes_give_the_same_object(client: Issued) -> None:
    """A certificate that comes with every message is parsed once."""
    assert Certificate.from_der(bytes(bytearray(client.certificate.der))) is client.certificate


def test_large_certificates_are_not_kept(authority: Authority) -> None:
    """A peer cannot fill memory through the cache."""
    padding = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), bytes(10_000))
    large = authority.issue("large", extensions=[(padding, False)]).certificate
    again = Certificate.from_der(large.der)
    assert again == large
    assert again is not large


def test_equal_by_der(authority: Authority) -> None:
    """Two certificates of one subject and key are still two."""
    key = generate_key("ec-p256", reuse=True)
    first, second = (
        authority.issue("a", key=key).certificate,
        authority.issue("a", key=key).certificate,
    )
    assert first != second
    assert len({first, second, Certificate.from_der(first.der)}) == 2


@pytest.mark.parametrize(
    "change", [lambda der: der + b"\0", lambda der: der[:-1], lambda der: b"", lambda der: b"x"]
)
def test_anything_but_one_certificate_is_refused(client: Issued, change: object) -> None:
    """Trailing bytes, missing bytes and other bytes are no certificate; its own bytes are."""
    assert Certificate.from_der(client.certificate.der) is not None
    with pytest.raises(KeyLoadError):
        Certificate.from_der(change(client.certificate.der))  # type: ignore[operator]


def test_oversized_bytes_are_refused() -> None:
    """The size is looked at before the bytes are."""
    with pytest.raises(KeyLoadError, match="65536"):
        Certificate.from_der(bytes(MAX_CERTIFICATE_BYTES + 1))


def test_changed_bytes_never_raise_anything_else(client: Issued) -> None:
    """A certificate with one changed octet is parsed or refused, and its attributes can be read."""
    der = client.certificate.der
    for position in range(len(der)):
        changed = der[:position] + bytes([der[position] ^ 0x41]) + der[position + 1 :]
        try:
            made = Certificate.from_der(changed)
        except KeyLoadError:
            continue
        made.describe()
        made.matches_issuer_serial(client.certificate.issuer, client.certificate.serial_number)
        _ = (made.key_kind, made.key_bits, made.issuer_name_rfc2253, made.issuer, made.extensions)


def test_thumbprints(client: Issued) -> None:
    """Thumbprints are digests of the whole DER: SHA-1 as octets, SHA-256 as lower-case hex."""
    made = client.certificate
    assert made.thumbprint == hashlib.sha1(made.der, usedforsecurity=False).digest()
    assert made.thumbprint_sha256 == hashlib.sha256(made.der).hexdigest()


def test_base64_is_one_line(client: Issued) -> None:
    """A BinarySecurityToken holds base64 without line ends."""
    assert base64.b64decode(client.certificate.base64, validate=True) == client.certificate.der


def test_pem_is_what_cryptography_writes(client: Issued) -> None:
    """The PEM form is the ordinary one."""
    assert client.certificate.pem == client.certificate.x509.public_bytes(Encoding.PEM)


def test_key_identifier_is_the_extension(authority: Authority) -> None:
    """The extension's value counts, whatever it is."""
    key = generate_key("ec-p256", reuse=True)
    made = build_certificate(
        subject=read_subject("a"),
        issuer=read_subject("a"),
        subject_key=key,
        signed_by=key,
        not_before=authority.now,
        not_after=authority.now + timedelta(days=1),
        extensions=[(x509.SubjectKeyIdentifier(b"anything"), False)],
    )
    assert made.subject_key_identifier == b"anything"


@pytest.mark.parametrize("kind", ["rsa-2048", "ec-p256", "ed25519"])
def test_key_identifier_is_computed_without_extension(authority: Authority, kind: str) -> None:
    """RFC 5280 section 4.2.1.2 method 1: SHA-1 over the bits of the public key."""
    key = generate_key(kind, reuse=True)
    signer = key if kind != "x25519" else generate_key("ec-p256")
    made = build_certificate(
        subject=read_subject("a"),
        issuer=read_subject("a"),
        subject_key=key,
        signed_by=signer,
        not_before=authority.now,
        not_after=authority.now + timedelta(days=1),
    )
    expected = x509.SubjectKeyIdentifier.from_public_key(key.public_key()).digest  # type: ignore[arg-type]
    assert made.subject_key_identifier == expected


@pytest.mark.parametrize(
    ("kind", "name", "bits"),
    [
        ("rsa-2048", "rsa", 2048),
        ("ec-p384", "ec", 384),
        ("ed25519", "ed25519", 256),
        ("ed448", "ed448", 456),
        ("x25519", "x25519", 256),
        ("x448", "x448", 448),
        ("dsa-2048", "dsa", 2048),
    ],
)
def test_kind_and_size_of_the_key(authority: Authority, kind: str, name: str, bits: int) -> None:
    """Kind and size are known for every key a certificate can have."""
    made = authority.issue("a", key=kind).certificate
    assert (made.key_kind, made.key_bits) == (name, bits)


def test_unknown_key_has_kind_unknown(client: Issued) -> None:
    """A key of an algorithm nobody knows can be looked at, and is of no use."""
    rsa_oid, unknown = (
        bytes.fromhex("06092a864886f70d010101"),
        bytes.fromhex("06092a864886f70d01017f"),
    )
    made = Certificate.from_der(client.certificate.der.replace(rsa_oid, unknown))
    assert (made.key_kind, made.key_bits) == ("unknown", 0)


def test_times_are_aware(client: Issued, now: datetime) -> None:
    """Validity is in aware UTC."""
    assert client.certificate.not_before == now - timedelta(days=1)
    assert client.certificate.not_after.tzinfo is UTC


def test_description_names_what_other_tools_show(client: Issued) -> None:
    """One line has subject, last day and both thumbprints."""
    text = client.certificate.describe()
    assert "CN=client" in text
    assert "2028-05-31" in text
    assert client.certificate.thumbprint.hex() in text
    assert client.certificate.thumbprint_sha256[:16] in text


def test_description_of_a_hostile_subject(authority: Authority) -> None:
    """A subject from a peer cannot forge log lines, hide text or flood a log."""
    name = x509.Name(
        [x509.NameAttribute(x509.NameOID.COMMON_NAME, "a\nERROR \u202eb" + "c" * 50)] * 8
    )
    key = generate_key("ec-p256", reuse=True)
    made = build_certificate(
        subject=name,
        issuer=name,
        subject_key=key,
        signed_by=key,
        not_before=authority.now,
        not_after=authority.now + timedelta(days=1),
    )
    assert made.describe().isprintable()
    assert len(made.describe()) < 400


def test_frozen(client: Issued) -> None:
    """Nothing about a certificate can be changed."""
    with pytest.raises(AttributeError):
        client.certificate.der = b""
    with pytest.raises(TypeError):
        Certificate()


def test_pickles_as_its_bytes(client: Issued) -> None:
    """A certificate is public and may leave the process."""
    assert pickle.loads(pickle.dumps(client.certificate)) == client.certificate  # noqa: S301


def test_pem_with_several_keeps_their_order(authority: Authority, client: Issued) -> None:
    """Every certificate of a PEM text is given, in its order; words between do not matter."""
    text = b"subject=client\n" + client.certificate_pem + b"\nissuer\n" + authority.pem
    assert Certificate.from_pem(text) == (client.certificate, authority.certificate)


@pytest.mark.parametrize(
    "pem", [b"", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"]
)
def test_pem_without_a_certificate_is_refused(pem: bytes) -> None:
    """No block, or one that holds something else, is an error."""
    with pytest.raises(KeyLoadError):
        Certificate.from_pem(pem)


def test_negative_serial_number_is_read(client: Issued) -> None:
    """Some old tools made negative serial numbers; a reference by such a number works."""
    der = client.certificate.der
    serial = client.certificate.serial_number.to_bytes(20, "big").lstrip(b"\0")
    changed = der.replace(serial, bytes([serial[0] | 0x80]) + serial[1:], 1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made = Certificate.from_der(changed)
    assert made.serial_number < 0
    assert made.matches_issuer_serial("CN=Test Root", made.serial_number)
