"""Keys that only agree on a secret, loaded from the files that tools write."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization

from zeep_wssec.errors import KeyMismatchError, KeyUsageError
from zeep_wssec.keys.keystore import Keystore
from zeep_wssec.testing.authority import Authority, Issued

KINDS = ["ec-p256", "ec-brainpoolP256r1", "x25519", "x448"]
PLAIN = ["x25519", "x448"]


def agree_both_ways(store: Keystore, peer: Issued) -> bool:
    ours = store.snapshot().require_key("me")
    theirs = peer.keystore().snapshot().require_key()
    return ours.require_agreement().agree(
        peer.certificate.public_key_der
    ) == theirs.require_agreement().agree(ours.certificate.public_key_der)


@pytest.mark.parametrize("kind", KINDS)
def test_agreement_key_from_pem(authority: Authority, kind: str) -> None:
    """Key and certificate are paired, and the key agrees with another of its kind."""
    issued, peer = (authority.issue(name, key=kind) for name in ("me", "peer"))
    data = issued.key_pem("geheim") + issued.certificate_pem
    store = Keystore.from_bytes(data, password="geheim", alias="me")
    assert store.snapshot().require_key().certificate == issued.certificate
    assert agree_both_ways(store, peer)


@pytest.mark.parametrize("kind", KINDS)
def test_agreement_key_from_pkcs12_of_openssl(
    authority: Authority,
    kind: str,
    tmp_path: Path,
    require_tool: Callable[[str], Callable[..., bytes]],
) -> None:
    """OpenSSL packs such keys, and they come out as what they are."""
    openssl = require_tool("openssl")
    issued, peer = (authority.issue(name, key=kind) for name in ("me", "peer"))
    (tmp_path / "pair.pem").write_bytes(issued.key_pem() + issued.certificate_pem)
    openssl(
        *("pkcs12", "-export", "-in", tmp_path / "pair.pem", "-out", tmp_path / "pair.p12"),
        *("-name", "me", "-passout", "pass:geheim"),
    )
    assert agree_both_ways(Keystore.load(tmp_path / "pair.p12", password="geheim"), peer)


@pytest.mark.parametrize("kind", PLAIN)
def test_key_that_only_agrees(authority: Authority, kind: str) -> None:
    """It neither signs nor decrypts, and says so with its kind."""
    entry = authority.issue("me", key=kind).keystore("me").snapshot().require_key()
    assert (entry.signer, entry.decrypter) == (None, None)
    for require in (entry.require_signer, entry.require_decrypter):
        with pytest.raises(KeyUsageError, match=rf"'me' \({kind}\) cannot"):
            require()
    assert entry.require_agreement() is entry.agreement


@pytest.mark.parametrize("kind", PLAIN)
def test_agreement_key_with_another_certificate(authority: Authority, kind: str) -> None:
    """A mixed-up pair of the same kind is refused when it is loaded."""
    issued, other = (authority.issue(name, key=kind) for name in ("me", "other"))
    with pytest.raises(KeyMismatchError):
        Keystore.from_pem(key=issued.key_pem(), certificate=other.certificate_pem)
    Keystore.from_pem(key=issued.key_pem(), certificate=issued.certificate_pem)


@pytest.mark.parametrize("kind", [*KINDS, "rsa-2048", "ed25519", "dsa-2048"])
def test_public_key_of_a_certificate(authority: Authority, kind: str) -> None:
    """It is the encoding that other libraries read."""
    made = authority.issue("a", key=kind).certificate
    assert serialization.load_der_public_key(made.public_key_der) == made.public_key
