"""JSON Web Keys: those of jwcrypto, and broken ones."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from peers import require_module

from zeep_wssec.errors import (
    DuplicateAliasError,
    KeyLoadError,
    KeyMismatchError,
    KeyNotFoundError,
    KeyUsageError,
)
from zeep_wssec.keys.keystore import Keystore
from zeep_wssec.testing.authority import Authority, Issued
from zeep_wssec.testing.certificates import generate_key


def x5c(issued: Issued) -> list[str]:
    return [base64.b64encode(item.der).decode() for item in (issued.certificate, *issued.chain)]


def written(issued: Issued, **members: Any) -> dict[str, Any]:
    """A private key as jwcrypto writes it, with its chain and further members."""
    jwk = require_module("jwcrypto.jwk")
    key = jwk.JWK.from_pem(issued.key_pem())
    table = key.export(private_key=True, as_dict=True)
    return {**table, "x5c": x5c(issued), **members}


def load(*tables: dict[str, Any], **options: Any) -> Keystore:
    return Keystore.from_bytes(json.dumps({"keys": tables}).encode(), **options)


KINDS = ("rsa-2048", "ec-p256", "ec-p384", "ec-p521", "ec-k256", "ed25519", "ed448")


@pytest.mark.parametrize("kind", KINDS)
def test_private_keys(authority: Authority, kind: str) -> None:
    """Every kind of key becomes a key pair under its kid, with its whole chain."""
    issued = authority.intermediate("Middle").issue("us", key=generate_key(kind))
    entry = load(written(issued, kid="us")).snapshot().require_key("us")
    assert (entry.certificate, entry.chain) == (issued.certificate, issued.chain)
    scheme, digest = {"rsa": ("rsa-pss", "sha256"), "ec": ("ecdsa", "sha256")}.get(
        issued.certificate.key_kind, ("eddsa", "")
    )
    assert entry.require_signer().sign(b"x", scheme=scheme, digest=digest)  # type: ignore[arg-type]


def test_keys_of_agreement(authority: Authority) -> None:
    """They agree, and neither sign nor decrypt."""
    issued = authority.issue("us", key=generate_key("x25519"))
    (entry,) = load(written(issued)).entries()
    assert entry.abilities == ("agree",)


def test_one_key_without_a_set(client: Issued) -> None:
    """A single JSON Web Key is enough, and without kid it is called key."""
    data = b"\xef\xbb\xbf" + json.dumps(written(client)).encode()
    table = json.loads(data)
    table.pop("kid", None)
    assert list(Keystore.from_bytes(json.dumps(table).encode()).snapshot().keys) == ["key"]


def test_rsa_key_of_three_numbers(client: Issued) -> None:
    """The primes may be left out; they follow from the rest."""
    table = written(client, kid="us")
    short = {name: table[name] for name in ("kty", "kid", "n", "e", "d", "x5c")}
    assert load(short).snapshot().require_key("us").require_decrypter()


def test_certificate_may_be_given(client: Issued) -> None:
    """Without x5c the error says what is missing; a certificate that is given finds its key."""
    table = written(client, kid="us")
    del table["x5c"]
    with pytest.raises(KeyMismatchError, match=r"'us': this private key has no certificate: x5c"):
        load(table)
    entry = load(table, certificates=client.chain_pem).snapshot().require_key("us")
    assert entry.certificate == client.certificate


def test_certificate_of_another_key(client: Issued, authority: Authority) -> None:
    """x5c must have the public key, and the thumbprints beside it must be its own."""
    other = authority.issue("other", key=generate_key("ec-p256"))
    with pytest.raises(KeyMismatchError, match="does not belong to its certificate, CN=other"):
        load(written(client, x5c=x5c(other)))
    right = base64.urlsafe_b64encode(client.certificate.thumbprint).decode().rstrip("=")
    load(written(client, x5t=right))
    with pytest.raises(KeyLoadError, match="x5t is not the thumbprint"):
        load(written(client, x5t=right[:-2] + "AA"))


def test_symmetric_keys_and_partners(client: Issued) -> None:
    """An oct key becomes a secret, a public key with its certificate a partner."""
    secret = {"kty": "oct", "kid": "shared", "k": "AAECAwQFBgcICQoLDA0ODw"}
    public = {name: written(client)[name] for name in ("kty", "n", "e", "x5c")}
    snapshot = load(secret, {**public, "kid": "bank"}).snapshot()
    assert snapshot.require_secret("shared").octets == bytes(range(16))
    assert snapshot.require_partner("bank").certificate == client.certificate
    assert snapshot.trust.anchors == ()


def test_use_limits_a_key(client: Issued) -> None:
    """What use and key_ops do not allow, a key does not do."""
    for members, able in (
        ({"use": "sig"}, ("sign",)),
        ({"use": "enc"}, ("decrypt",)),
        ({"key_ops": ["unwrapKey"]}, ("decrypt",)),
        ({"key_ops": ["sign", "decrypt"]}, ("sign", "decrypt")),
    ):
        store = load(written(client, **members))
        assert store.entries()[0].abilities == able
    with pytest.raises(KeyUsageError, match="cannot sign"):
        load(written(client, use="enc")).snapshot().require_key().require_signer()


def test_only_wanted_keys(client: Issued) -> None:
    """What is not wanted may be of any kind."""
    odd = {"kty": "XYZ", "kid": "odd"}
    assert list(load(odd, written(client, kid="us"), only=["us"]).snapshot().keys) == ["us"]
    with pytest.raises(KeyLoadError, match="'odd'"):
        load(odd, written(client, kid="us"))
    with pytest.raises(KeyNotFoundError, match="'odd', 'us'"):
        load(odd, written(client, kid="us"), only=["we"])


def test_two_keys_of_one_name(client: Issued) -> None:
    """A kid means one key."""
    with pytest.raises(DuplicateAliasError):
        load(written(client, kid="us"), {"kty": "oct", "kid": "us", "k": "A" * 22})


BROKEN = {
    "no JSON": b"{",
    "a member twice": b'{"kty": "oct", "kty": "oct", "k": "AAAAAAAAAAAAAAAAAAAAAA"}',
    "no kty": b'{"k": "AAAAAAAAAAAAAAAAAAAAAA"}',
    "keys of something": b'{"keys": "oct"}',
    "no keys": b'{"keys": []}',
    "too many keys": json.dumps({"keys": [{"kty": "oct"}] * 1001}).encode(),
    "too deep": b'{"a":' * 100_000,
    "a number that is text": b'{"kty": "RSA", "d": 1}',
    "padding": b'{"kty": "oct", "k": "AAECAwQFBgcICQoLDA0ODw=="}',
    "too short a secret": b'{"kty": "oct", "k": "AAEC"}',
    "a huge number": json.dumps({"kty": "RSA", "d": "A" * 4000, "n": "A", "e": "A"}).encode(),
    "an unknown curve": b'{"kty": "EC", "crv": "P-1", "d": "AA"}',
    "more than two primes": b'{"kty": "RSA", "d": "AA", "oth": []}',
    "a public key": b'{"kty": "RSA", "n": "AA", "e": "AQAB"}',
    "no chain": b'{"kty": "RSA", "n": "AA", "e": "AQAB", "x5c": "AA"}',
    "a chain of nothing": b'{"kty": "RSA", "n": "AA", "e": "AQAB", "x5c": ["AA=="]}',
    "an encrypted key": b'{"protected": "e30", "ciphertext": "AA"}',
}


@pytest.mark.parametrize("data", BROKEN.values(), ids=BROKEN.keys())
def test_broken_keys(data: bytes) -> None:
    """Each is refused with an error of ours that quotes nothing of it."""
    with pytest.raises(KeyLoadError) as caught:
        Keystore.from_bytes(data)
    assert "AAECAw" not in str(caught.value)


def test_public_part_must_be_its_own(client: Issued, authority: Authority) -> None:
    """A private key with the public numbers of another is refused."""
    table = written(authority.issue("p", key=generate_key("ed25519")))
    other = written(authority.issue("q", key=generate_key("ed25519", reuse=False)))
    for name, wrong in (
        ("ed25519", {**table, "x": other["x"]}),
        ("rsa", {**written(client), "e": "Aw"}),
    ):
        with pytest.raises(KeyLoadError, match="broken"):
            load({**wrong, "kid": name})


def number(value: int) -> str:
    octets = value.to_bytes(-(-value.bit_length() // 8), "big")
    return base64.urlsafe_b64encode(octets).decode().rstrip("=")


def test_search_for_primes_is_bounded(client: Issued) -> None:
    """Exponents that fit no modulus are refused at once, and numbers that would take minutes, too."""
    table = written(client, kid="us")
    three = {name: table[name] for name in ("kty", "n", "e", "d")}
    endless = {**three, "e": number(3), "d": number((2**4097 + 1) // 3)}
    for wrong in (endless, {**table, "n": number(2**8210 + 1)}):
        with pytest.raises(KeyLoadError, match="broken"):
            load(wrong)
    assert load({**three, "x5c": table["x5c"]}).entries()
