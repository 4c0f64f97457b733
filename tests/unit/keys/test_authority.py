"""The throwaway authority that users' tests get too."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from cryptography import x509

from zeep_wssec.keys.entries import FileKey
from zeep_wssec.keys.keystore import Keystore
from zeep_wssec.testing.authority import Authority
from zeep_wssec.testing.certificates import POOL_SIZE, generate_key, make_key_usage


def test_issued_certificate_has_what_was_asked_for(authority: Authority, now: datetime) -> None:
    """Every option ends up in the certificate."""
    made = authority.issue(
        "CN=a,O=b",
        key="ec-p256",
        not_before=now,
        not_after=now + timedelta(days=3),
        key_usage=["digital_signature"],
        extended_key_usage=["client_auth", "1.2.3.4"],
        san=["a.example", "10.0.0.1", "urn://a", "a@b.example"],
        ca=True,
        path_length=2,
        serial=42,
    ).certificate
    assert (made.subject, made.serial_number, made.key_kind) == ("CN=a,O=b", 42, "ec")
    assert (made.not_before, made.not_after) == (now, now + timedelta(days=3))
    extensions = made.x509.extensions
    assert extensions.get_extension_for_class(x509.BasicConstraints).value.path_length == 2
    assert len(list(extensions.get_extension_for_class(x509.ExtendedKeyUsage).value)) == 2
    names = extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert [type(name) for name in names] == [
        x509.DNSName,
        x509.IPAddress,
        x509.UniformResourceIdentifier,
        x509.RFC822Name,
    ]


def test_files_of_an_issued_key_pair(authority: Authority) -> None:
    """PEM and PKCS#12 hold the same pair, under the given name and password."""
    issued = authority.intermediate("Middle").issue("a", key="ec-p256")
    p12 = Keystore.from_bytes(issued.pkcs12("geheim", name="me"), password="geheim")
    pem = Keystore.from_bytes(
        issued.key_pem("geheim") + issued.chain_pem, password="geheim", alias="me"
    )
    for store in (p12, pem, issued.keystore("me")):
        entry = store.snapshot().require_key("me")
        assert (entry.certificate, entry.chain) == (issued.certificate, issued.chain)


@pytest.mark.parametrize(
    ("key", "kind", "bits", "usages"),
    [
        ("rsa-2048", "rsa", 2048, {"digital_signature", "key_encipherment"}),
        ("ec-p256", "ec", 256, {"digital_signature", "key_agreement"}),
        ("ec-brainpoolP256r1", "ec", 256, {"digital_signature", "key_agreement"}),
        ("ec-brainpoolP512r1", "ec", 512, {"digital_signature", "key_agreement"}),
        ("x25519", "x25519", 256, {"key_agreement"}),
        ("x448", "x448", 448, {"key_agreement"}),
        ("ed25519", "ed25519", 256, {"digital_signature"}),
        ("dsa-2048", "dsa", 2048, {"digital_signature"}),
    ],
)
def test_certificates_for_every_kind_of_key(
    authority: Authority, key: str, kind: str, bits: int, usages: set[str]
) -> None:
    """The key usage is that of the kind, unless another one is asked for."""
    issued = authority.issue("a", key=key)
    made = issued.certificate
    assert (made.key_kind, made.key_bits) == (kind, bits)
    assert FileKey(issued.private_key).matches(made)
    usage = made.x509.extensions.get_extension_for_class(x509.KeyUsage).value
    assert usage == make_key_usage(usages)
    assert authority.issue("b", key=key, key_usage=None).certificate.x509.extensions is not None


def test_dsa_keys_share_parameters_only(authority: Authority) -> None:
    """Parameters take seconds to make, so all keys of one size have the same."""
    first, second = (generate_key("dsa-1024").public_key() for _ in range(2))  # type: ignore[union-attr]
    assert first.parameters().parameter_numbers() == second.parameters().parameter_numbers()
    assert first != second


def test_key_that_is_held_is_nobody_elses() -> None:
    """A reused key is one that nobody holds: two parties of one test never have the same."""
    held = [generate_key("ec-p256", reuse=True) for _ in range(2 * POOL_SIZE)]
    assert len({id(key) for key in held}) == 2 * POOL_SIZE


def test_keys_are_used_again() -> None:
    """A key that was let go comes back: a run makes no more than it needs at once."""
    numbers = [id(generate_key("ec-p256", reuse=True)) for _ in range(6 * POOL_SIZE)]
    assert len(set(numbers)) < 6 * POOL_SIZE


def test_fresh_keys(now: datetime) -> None:
    """Without reuse every key is new."""
    fresh = Authority.create("Fresh", key="ec-p256", now=now, reuse_keys=False)
    first, second = (fresh.issue("a", key="ec-p256") for _ in range(2))
    assert first.certificate.subject_key_identifier != second.certificate.subject_key_identifier


@pytest.mark.parametrize("digest", ["sha1", "md5"])
def test_weak_certificates(authority: Authority, digest: str) -> None:
    """Certificates with weak digests can still be made, and carry a right signature."""
    made = authority.issue("weak", digest=digest).certificate
    algorithm = made.x509.signature_hash_algorithm
    assert algorithm is not None
    assert algorithm.name == digest


def test_mistakes_in_tests_are_named(authority: Authority, now: datetime) -> None:
    """A misspelt kind of key or usage does not give another one."""
    with pytest.raises(ValueError, match="rsa2048"):
        generate_key("rsa2048")
    with pytest.raises(ValueError, match="digitalSignature"):
        make_key_usage(["digitalSignature"])
    other = Authority.create("EC", key="ec-p256", now=now)
    with pytest.raises(ValueError, match="RSA issuers"):
        other.issue("a", digest="sha1")


@pytest.mark.parametrize("kind", ["P-256", "ec-P256", "rsa2048", "ed25519-1", ""])
def test_unknown_kind_of_key(kind: str) -> None:
    """The error lists the kinds, each of which can be made."""
    with pytest.raises(ValueError, match=r"ec-p256, .*ed25519, .*x448, dsa-2048"):
        generate_key(kind)
    generate_key("ec-p256")
