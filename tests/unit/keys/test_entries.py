"""Keys in memory, and the entries that hold them."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from zeep_wssec.errors import KeyMaterialError, KeyUsageError
from zeep_wssec.keys.entries import FileKey, KeyEntry, PartnerEntry
from zeep_wssec.keys.external_key import ExternalKey
from zeep_wssec.keys.pem import load_pem
from zeep_wssec.keys.protocols import Decrypter, KeyAgreement, SignatureScheme, Signer
from zeep_wssec.keys.token_key import TokenKey
from zeep_wssec.testing.authority import Authority, Issued
from zeep_wssec.testing.certificates import generate_key

DIGESTS: dict[str, hashes.HashAlgorithm] = {
    "sha1": hashes.SHA1(),  # noqa: S303
    "sha224": hashes.SHA224(),
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
}


@pytest.fixture(scope="module")
def rsa_key() -> rsa.RSAPrivateKey:
    key = generate_key("rsa-2048", reuse=True)
    assert isinstance(key, rsa.RSAPrivateKey)
    return key


@pytest.fixture(scope="module")
def ec_key() -> ec.EllipticCurvePrivateKey:
    key = generate_key("ec-p256", reuse=True)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    return key


@pytest.mark.parametrize("digest", DIGESTS)
def test_rsa_pkcs1_signature_verifies(rsa_key: rsa.RSAPrivateKey, digest: str) -> None:
    """RFC 8017 section 8.2, with every digest."""
    signature = FileKey(rsa_key).sign(b"data", scheme="rsa-pkcs1v15", digest=digest)
    rsa_key.public_key().verify(signature, b"data", padding.PKCS1v15(), DIGESTS[digest])


@pytest.mark.parametrize("digest", DIGESTS)
def test_pss_salt_is_as_long_as_the_digest(rsa_key: rsa.RSAPrivateKey, digest: str) -> None:
    """XML Signature wants exactly that salt length, and MGF1 with the same digest."""
    algorithm = DIGESTS[digest]
    signature = FileKey(rsa_key).sign(b"data", scheme="rsa-pss", digest=digest)
    exact = padding.PSS(mgf=padding.MGF1(algorithm), salt_length=algorithm.digest_size)
    rsa_key.public_key().verify(signature, b"data", exact, algorithm)


@pytest.mark.parametrize("digest", DIGESTS)
def test_ecdsa_signature_is_der(ec_key: ec.EllipticCurvePrivateKey, digest: str) -> None:
    """The signer gives the DER form; XML's own form is made elsewhere."""
    signature = FileKey(ec_key).sign(b"data", scheme="ecdsa", digest=digest)
    assert signature[0] == 0x30
    ec_key.public_key().verify(signature, b"data", ec.ECDSA(DIGESTS[digest]))


@pytest.mark.parametrize(
    ("kind", "scheme", "digest"),
    [
        ("rsa-2048", "ecdsa", "sha256"),
        ("rsa-2048", "rsa-pkcs1v15", "md5"),
        ("ec-p256", "rsa-pss", "sha256"),
        ("x25519", "ecdsa", "sha256"),
        ("dsa-2048", "rsa-pkcs1v15", "sha256"),
    ],
)
def test_scheme_must_fit_the_key(kind: str, scheme: SignatureScheme, digest: str) -> None:
    """The algorithm follows from the key, never the other way round."""
    with pytest.raises(KeyUsageError):
        FileKey(generate_key(kind, reuse=True)).sign(b"data", scheme=scheme, digest=digest)


@pytest.mark.parametrize(
    ("digest", "mgf"), [("sha1", "sha1"), ("sha256", "sha1"), ("sha512", "sha256")]
)
@pytest.mark.parametrize("label", [b"", b"label"])
def test_oaep_decrypts(rsa_key: rsa.RSAPrivateKey, digest: str, mgf: str, label: bytes) -> None:
    """Digest, MGF1 digest and label are independent of each other."""
    how = padding.OAEP(
        mgf=padding.MGF1(DIGESTS[mgf]), algorithm=DIGESTS[digest], label=label or None
    )
    ciphertext = rsa_key.public_key().encrypt(b"content key", how)
    key = FileKey(rsa_key)
    plain = key.decrypt(ciphertext, scheme="rsa-oaep", digest=digest, mgf_digest=mgf, label=label)
    assert plain == b"content key"
    with pytest.raises(ValueError, match="cannot be decrypted"):
        key.decrypt(ciphertext, scheme="rsa-oaep", digest=digest, mgf_digest=mgf, label=b"other")


def test_pkcs1_decrypts(rsa_key: rsa.RSAPrivateKey) -> None:
    """RSA 1.5 works for those who opted in."""
    ciphertext = rsa_key.public_key().encrypt(b"content key", padding.PKCS1v15())
    assert FileKey(rsa_key).decrypt(ciphertext, scheme="rsa-pkcs1v15") == b"content key"


@pytest.mark.parametrize("ciphertext", [b"", b"\0" * 256, b"\xff" * 256, b"\0" * 257])
def test_decryption_failures_are_alike(rsa_key: rsa.RSAPrivateKey, ciphertext: bytes) -> None:
    """Every failure has one text and no cause attached."""
    with pytest.raises(ValueError, match=r"^cannot be decrypted$") as caught:
        FileKey(rsa_key).decrypt(ciphertext, scheme="rsa-oaep")
    assert caught.value.__cause__ is None


def test_only_rsa_decrypts(ec_key: ec.EllipticCurvePrivateKey, rsa_key: rsa.RSAPrivateKey) -> None:
    """Asking the wrong key is a mistake of ours, not a failure of the message."""
    with pytest.raises(KeyUsageError):
        FileKey(ec_key).decrypt(b"x", scheme="rsa-oaep")
    with pytest.raises(KeyUsageError):
        FileKey(rsa_key).decrypt(b"x", scheme="rsa-oaep", digest="md5")


@pytest.mark.parametrize("kind", ["ec-p256", "ec-p384", "ec-p521", "x25519", "x448"])
def test_both_sides_agree(kind: str) -> None:
    """The shared secret is the same from both ends."""
    ours, theirs = FileKey(generate_key(kind)), FileKey(generate_key(kind))
    assert ours.agree(spki(theirs)) == theirs.agree(spki(ours))


def spki(key: FileKey) -> bytes:
    return key._key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


@pytest.mark.parametrize("other", ["ec-p384", "x25519", "rsa-2048"])
def test_agreement_needs_the_same_curve(ec_key: ec.EllipticCurvePrivateKey, other: str) -> None:
    """A peer's key of another kind or curve is refused with one text."""
    with pytest.raises(ValueError, match="no secret"):
        FileKey(ec_key).agree(spki(FileKey(generate_key(other, reuse=True))))
    with pytest.raises(ValueError, match="no secret"):
        FileKey(ec_key).agree(b"not a key")


def test_rsa_does_not_agree(rsa_key: rsa.RSAPrivateKey) -> None:
    """RSA has no key agreement."""
    with pytest.raises(KeyUsageError):
        FileKey(rsa_key).agree(b"")


def test_entry_offers_what_the_key_can(authority: Authority) -> None:
    """What is None cannot be done; require_… says so."""
    rsa_entry, ec_entry = (
        authority.issue("a", key=kind).keystore("me").snapshot().require_key()
        for kind in ("rsa-2048", "ec-p256")
    )
    assert isinstance(rsa_entry.require_signer(), Signer)
    assert isinstance(rsa_entry.require_decrypter(), Decrypter)
    assert isinstance(ec_entry.require_agreement(), KeyAgreement)
    with pytest.raises(KeyUsageError, match="'me'"):
        rsa_entry.require_agreement()
    with pytest.raises(KeyUsageError, match="'me'"):
        ec_entry.require_decrypter()


def test_key_that_cannot_sign(authority: Authority) -> None:
    """An X25519 key pair has no signer."""
    entry = authority.issue("a", key="x25519").keystore("me").snapshot().require_key()
    with pytest.raises(KeyUsageError, match="sign"):
        entry.require_signer()


def test_private_key_is_not_shown(client: Issued) -> None:
    """No repr has anything of the key."""
    entry = client.keystore("me").snapshot().require_key()
    assert isinstance(client.private_key, rsa.RSAPrivateKey)
    numbers = client.private_key.private_numbers()
    shown = repr(entry) + repr(entry.signer)
    assert str(numbers.d) not in shown
    assert hex(numbers.d)[2:] not in shown
    assert repr(entry.signer) == "<FileKey rsa>"


def test_private_key_does_not_pickle(client: Issued) -> None:
    """Neither the key nor an entry around it leaves the process."""
    entry = client.keystore().snapshot().require_key()
    for held in (entry, entry.signer):
        with pytest.raises(KeyMaterialError, match="not pickled"):
            pickle.dumps(held)
        with pytest.raises(KeyMaterialError):
            copy.deepcopy(held)


@pytest.mark.parametrize("kind", [FileKey, ExternalKey, TokenKey])
def test_key_is_frozen(client: Issued, kind: type[Any]) -> None:
    """The key behind an entry cannot be exchanged or taken away, wherever it is kept."""
    key: Any = {
        FileKey: lambda: FileKey(client.private_key),
        ExternalKey: lambda: ExternalKey("us", client.certificate, remote=True, sign=len),
        TokenKey: lambda: object.__new__(TokenKey),
    }[kind]()
    for name in ("kind", "_key", "remote", "another"):
        with pytest.raises(AttributeError, match=f"{kind.__name__} is frozen"):
            setattr(key, name, "ec")
        with pytest.raises(AttributeError, match=f"{kind.__name__} is frozen"):
            delattr(key, name)
    with pytest.raises(KeyMaterialError, match="not pickled"):
        copy.copy(key)


def test_entries_compare_by_identity(client: Issued) -> None:
    """Entries hold keys: two are never equal."""
    first, second = (PartnerEntry("a", certificate=client.certificate) for _ in range(2))
    assert first != second
    assert isinstance(client.keystore().snapshot().require_key(), KeyEntry)


def test_key_for_a_library_that_wants_a_file(client: Issued) -> None:
    """The key leaves only encrypted."""
    entry = client.keystore().snapshot().require_key()
    assert isinstance(entry.signer, FileKey)
    pem = entry.signer.encrypted_pem(b"geheim")
    assert pem.startswith(b"-----BEGIN ENCRYPTED PRIVATE KEY-----")
    assert (
        load_pem([pem, client.certificate_pem], password=b"geheim").certificate
        == client.certificate
    )
