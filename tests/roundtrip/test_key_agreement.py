"""Content keys for recipients with elliptic curve keys: curves, derivations, digests, key wraps."""

from __future__ import annotations

import base64
import itertools

import pytest
from attacks.forge import edited, find, flipped, set_attribute, set_text, with_octets
from cryptography.hazmat.primitives.asymmetric import ec, x25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from lxml import etree
from roundtrip.pair import (
    LEGACY,
    NOW,
    ORDER,
    SIGNED,
    accepted,
    answer,
    authority,
    canonical,
    client,
    envelope,
    issued,
    keystore,
    refused,
    service,
    tree_of,
)

from zeep_wssec import (
    DecryptionError,
    Encryption,
    Inbound,
    KeyUsageError,
    MalformedSecurityError,
    TokenUnavailableError,
    UnsupportedAlgorithmError,
)
from zeep_wssec.settings import KeyReference
from zeep_wssec.soap.namespaces import XENC

CURVES = ("ec-p256", "ec-p384", "ec-p521", "ec-bp256", "ec-bp384", "ec-bp512")
KINDS = (*CURVES, "x25519", "x448")
NAMES = {"x25519": "x25519", "x448": "x448"}
DERIVATIONS = ("hkdf", "concat-kdf")
WRAPS = ("kw-aes128", "kw-aes192", "kw-aes256")
CIPHERS = (
    "aes128-gcm", "aes192-gcm", "aes256-gcm", "aes128-cbc", "aes192-cbc", "aes256-cbc", "tripledes-cbc",
)  # fmt: skip
REFERENCES: tuple[KeyReference, ...] = (
    "binary_token", "issuer_serial", "subject_key_identifier", "thumbprint", "x509_key_identifier",
    "x509_data",
)  # fmt: skip
OPT_INS = {**LEGACY, "3des": "a test"}
SEALED = Inbound(signed=(), encrypted=("body",), fresh_seconds=None, legacy=OPT_INS)
KEY = "xenc:EncryptedKey"


def sealed(kind: str, **settings: object) -> bytes:
    """A message encrypted for the client, whose key is of ``kind``."""
    step = Encryption(**{"recipients": ("client",), "legacy": OPT_INS, **settings})  # type: ignore[arg-type]
    return answer((step,), key=kind)


@pytest.mark.parametrize(
    ("kind", "derivation", "digest"),
    list(itertools.product(KINDS, DERIVATIONS, ("sha224", "sha256", "sha384", "sha512"))),
)
def test_derivations(kind: str, derivation: str, digest: str) -> None:
    """Every kind of key with every derivation and digest; the report says how the key came."""
    message = sealed(kind, key_derivation=derivation, derivation_digest=digest)
    checked = accepted(message, client(key=kind, inbound=SEALED))
    (found,) = checked.report.encryptions
    assert found.key_transport == f"{NAMES.get(kind, 'ecdh-es')}+{derivation}"
    assert found.recipient == "client"
    assert canonical(checked.body[0]) == canonical(etree.fromstring(ORDER))


@pytest.mark.parametrize(
    ("cipher", "wrap", "kind"), list(itertools.product(CIPHERS, WRAPS, ("ec-p256", "x25519")))
)
def test_ciphers(cipher: str, wrap: str, kind: str) -> None:
    """Every cipher under every key wrap."""
    message = sealed(kind, algorithm=cipher, key_wrap=wrap)
    (found,) = accepted(message, client(key=kind, inbound=SEALED)).report.encryptions
    assert found.algorithm == cipher


@pytest.mark.parametrize("reference", REFERENCES)
@pytest.mark.parametrize("kind", ["ec-p256", "x448"])
def test_references(kind: str, reference: KeyReference) -> None:
    """The recipient's certificate is named inside RecipientKeyInfo, in every way."""
    message = sealed(kind, key_reference=reference)
    method = find(tree_of(message), f"{KEY}/ds:KeyInfo/xenc:AgreementMethod")
    assert len(find(method, "xenc:RecipientKeyInfo")) == 1
    accepted(message, client(key=kind, inbound=SEALED))


def test_several_recipients() -> None:
    """One content key for keys of several kinds; each recipient opens it by its own."""
    kinds = {"a": "rsa-2048", "b": "ec-p384", "c": "x25519"}
    made = {name: authority().issue(name, key=kind) for name, kind in kinds.items()}
    known = issued("service").keystore("service")
    for name, item in made.items():
        known = known.with_partner(name, item.certificate)
    message = answer((Encryption(recipients=tuple(made)),), keystore=known)
    for name, item in made.items():
        (found,) = accepted(
            message, client(keystore=item.keystore(name), inbound=SEALED)
        ).report.encryptions
        assert found.recipient == name


def test_fresh_ephemeral_keys() -> None:
    """Spec: XML Encryption 1.1 section 5.6: the originator's key is used once."""
    path = f"{KEY}//{{http://www.w3.org/2009/xmldsig11#}}PublicKey"
    texts = [find(tree_of(sealed("ec-p256")), path).text for _ in range(10)]
    assert len(set(texts)) == 10


# What does not fit.


def test_certificate_that_must_not_agree() -> None:
    """The key usage of an elliptic curve key must allow agreement."""
    odd = authority().issue("odd", key="ec-p256", key_usage=("digital_signature",))
    known = issued("service").keystore("service").with_partner("client", odd.certificate)
    with pytest.raises(KeyUsageError) as caught:
        service(Encryption(recipients=("client",)), keystore=known).secure(envelope())
    assert caught.value.reason == "wrong_usage"
    fit = authority().issue("fit", key="ec-p256", key_usage=("key_agreement",))
    known = issued("service").keystore("service").with_partner("client", fit.certificate)
    service(Encryption(recipients=("client",)), keystore=known).secure(envelope())


def test_wrong_recipient() -> None:
    """A key for somebody else is passed over, and the error says whose it is."""
    message = sealed("ec-p256")
    accepted(message, client(key="ec-p256", inbound=SEALED))
    other = authority().issue("other", key="ec-p256").keystore("other")
    error = refused(message, TokenUnavailableError, client(keystore=other, inbound=SEALED))
    assert "issuer" in str(error)
    assert "sku" not in str(error)


def octets_of_ephemeral_key(root: etree._Element) -> etree._Element:
    return find(root, f"{KEY}//{{http://www.w3.org/2009/xmldsig11#}}PublicKey")


def another_point(root: etree._Element) -> None:
    """A point on the curve that belongs to nobody here."""
    point = ec.generate_private_key(ec.SECP256R1()).public_key()
    octets = point.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    octets_of_ephemeral_key(root).text = base64.b64encode(octets).decode()


def off_the_curve(root: etree._Element) -> None:
    """A point that is on no curve of ours."""
    value = octets_of_ephemeral_key(root)
    octets = flipped(-1)(base64.b64decode(value.text or ""))
    value.text = base64.b64encode(octets).decode()


def another_salt(root: etree._Element) -> None:
    """Another salt, so another wrapping key."""
    find(root, f"{KEY}//{{*}}Salt").text = base64.b64encode(bytes(32)).decode()


GARBAGE = {
    "another point": another_point,
    "off the curve": off_the_curve,
    "another salt": another_salt,
    "another digest": set_attribute(
        f"{KEY}//{{*}}PRF", "Algorithm", "http://www.w3.org/2001/04/xmldsig-more#hmac-sha512"
    ),
    "wrapped key": with_octets(flipped(3), KEY),
    "wrapped key cut": with_octets(lambda octets: octets[:-8], KEY),
    "wrapped key not of whole blocks": with_octets(lambda octets: octets[:-1], KEY),
    "no wrapped key": with_octets(lambda octets: b"", KEY),
    "ciphertext": with_octets(flipped(-1)),
}


@pytest.mark.parametrize("cause", GARBAGE)
def test_garbage(cause: str) -> None:
    """Whatever was changed: the one error, which tells nothing."""
    message = sealed("ec-p256")
    profile = client(key="ec-p256", inbound=SEALED)
    accepted(message, profile)
    expected = refused(edited(message, GARBAGE["ciphertext"]), DecryptionError, profile)
    error = refused(edited(message, GARBAGE[cause]), DecryptionError, profile)
    assert (str(error), repr(error), error.to_dict()) == (
        str(expected),
        repr(expected),
        expected.to_dict(),
    )
    assert error.__suppress_context__


@pytest.mark.parametrize("kind", ["zeros", "another"])
def test_x25519_key_of_somebody(kind: str) -> None:
    """An ephemeral key of small order, which gives a secret that anybody knows, and a stranger's."""
    message = sealed("x25519")
    profile = client(key="x25519", inbound=SEALED)
    accepted(message, profile)

    def change(root: etree._Element) -> None:
        value = find(root, f"{KEY}//{{*}}DEREncodedKeyValue")
        der = base64.b64decode(value.text or "")
        stranger = x25519.X25519PrivateKey.generate().public_key().public_bytes_raw()
        public = bytes(32) if kind == "zeros" else stranger
        value.text = base64.b64encode(der[:-32] + public).decode()

    refused(edited(message, change), DecryptionError, profile)


@pytest.mark.parametrize(
    ("path", "error"),
    [
        (f"{KEY}//xenc:AgreementMethod", UnsupportedAlgorithmError),
        (f"{KEY}//{{*}}KeyDerivationMethod", UnsupportedAlgorithmError),
        (f"{KEY}//{{*}}PRF", UnsupportedAlgorithmError),
        (f"{KEY}/xenc:EncryptionMethod", UnsupportedAlgorithmError),
    ],
)
def test_unknown_algorithms(path: str, error: type[UnsupportedAlgorithmError]) -> None:
    """What is in no table is refused before any key is used."""
    message = sealed("ec-p256")
    profile = client(key="ec-p256", inbound=SEALED)
    refused(edited(message, set_attribute(path, "Algorithm", "urn:x")), error, profile)


def test_agreement_for_an_rsa_key() -> None:
    """An agreement that names an RSA certificate ends as any key that does not open."""
    known = keystore("client", "service")
    message = sealed("ec-p256", key_reference="x509_key_identifier")

    def change(root: etree._Element) -> None:
        found = find(root, f"{KEY}//wsse:KeyIdentifier")
        found.text = issued("client").certificate.base64

    refused(edited(message, change), DecryptionError, client(keystore=known, inbound=SEALED))


def test_recipient_that_is_not_named() -> None:
    """A RecipientKeyInfo says whose the key is."""
    message = sealed("ec-p256")

    def change(root: etree._Element) -> None:
        del find(root, f"{KEY}//xenc:RecipientKeyInfo")[:]

    refused(edited(message, change), MalformedSecurityError, client(key="ec-p256", inbound=SEALED))


def test_key_size_that_does_not_fit() -> None:
    """KeyLength is that of the key wrap."""
    message = sealed("ec-p256")
    profile = client(key="ec-p256", inbound=SEALED)
    accepted(edited(message, set_text(f"{KEY}//{{*}}KeyLength", "256")), profile)
    refused(
        edited(message, set_text(f"{KEY}//{{*}}KeyLength", "16")), MalformedSecurityError, profile
    )


def test_signed_and_agreed() -> None:
    """One elliptic curve key signs and is agreed with."""
    steps = (*SIGNED, Encryption(recipients=("client",), parts=("body", "signature")))
    checked = accepted(answer(steps, key="ec-p384"), client(key="ec-p384"))
    assert "body signed" in checked.report.proved
    assert checked.report.created == NOW
    assert f"{{{XENC}}}EncryptedData" not in [item.tag for item in checked.envelope.iter()]
