"""Private keys that somebody else holds."""

from __future__ import annotations

import asyncio
import logging
import pickle
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from zeep_wssec.errors import KeyLoadError, KeyMaterialError, KeyUsageError
from zeep_wssec.keys.entries import FileKey, KeyEntry
from zeep_wssec.keys.keystore import Keystore
from zeep_wssec.testing.authority import Authority, Issued
from zeep_wssec.testing.certificates import generate_key


def held(issued: Issued, **given: Any) -> KeyEntry:
    store = Keystore().with_external("kms", certificate=issued.chain_pem, **given)
    return store.snapshot().require_key("kms")


def test_objects_and_functions(client: Issued) -> None:
    """Both are taken; what is not given, the key cannot do."""
    key = FileKey(client.private_key)
    for signer in (
        key,
        key.sign,
        lambda data, *, scheme, digest: key.sign(data, scheme=scheme, digest=digest),
    ):
        entry = held(client, signer=signer)
        assert entry.require_signer().sign(b"x", scheme="rsa-pss", digest="sha256")
        assert (entry.decrypter, entry.agreement) == (None, None)
    assert entry.chain == client.chain


@pytest.mark.parametrize("kind", ["rsa-2048", "ec-p256", "ed25519", "ed448", "dsa-2048"])
def test_every_kind_of_key_signs(authority: Authority, kind: str) -> None:
    """A signature that the certificate verifies is given on."""
    issued = authority.issue("x", key=generate_key(kind))
    signer = held(issued, signer=FileKey(issued.private_key)).require_signer()
    schemes: dict[str, tuple[Any, str]] = {
        "rsa": ("rsa-pkcs1v15", "sha512"),
        "ec": ("ecdsa", "sha256"),
        "dsa": ("dsa", "sha256"),
    }
    scheme, digest = schemes.get(issued.certificate.key_kind, ("eddsa", ""))
    assert signer.sign(b"x", scheme=scheme, digest=digest)


def test_signature_of_another_key(client: Issued) -> None:
    """A service that signs with another key, or gives nonsense, is found before anything is sent."""
    other = FileKey(generate_key("rsa-2048", reuse=False))
    for wrong in (other, lambda data, **how: b"no", lambda data, **how: None):
        with pytest.raises(KeyMaterialError, match="its certificate does not verify"):
            held(client, signer=wrong).require_signer().sign(
                b"x", scheme="rsa-pss", digest="sha256"
            )


def test_service_that_fails(client: Issued) -> None:
    """Its own error is the cause; ours names the key."""

    def down(data: bytes, **how: Any) -> bytes:
        raise ConnectionError("down")

    with pytest.raises(
        KeyMaterialError, match=r"signer of the key 'kms' failed with ConnectionError"
    ) as caught:
        held(client, signer=down).require_signer().sign(b"x", scheme="rsa-pss", digest="sha256")
    assert isinstance(caught.value.__cause__, ConnectionError)


def test_decryption_fails_in_one_way(client: Issued, caplog: pytest.LogCaptureFixture) -> None:
    """Whoever sent a message cannot tell a wrong ciphertext from a service that is down; the log can."""
    key = FileKey(client.private_key)
    public: Any = client.certificate.public_key
    oaep = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
    good = held(client, decrypter=key).require_decrypter()
    assert good.decrypt(public.encrypt(b"k" * 16, oaep), scheme="rsa-oaep") == b"k" * 16

    def down(ciphertext: bytes, **how: Any) -> bytes:
        raise ConnectionError("down")

    texts = set()
    for decrypter in (good, held(client, decrypter=down).require_decrypter()):
        with caplog.at_level(logging.WARNING), pytest.raises(ValueError, match=r".*") as caught:
            decrypter.decrypt(b"\1" * 256, scheme="rsa-oaep")
        texts.add((type(caught.value), str(caught.value)))
    assert len(texts) == 1
    assert "The key 'kms' could not decrypt: ConnectionError" in caplog.text


def test_agreement(authority: Authority) -> None:
    """A key agreement may be held elsewhere, too."""
    issued = authority.issue("x", key=generate_key("ec-p256"))
    peer = authority.issue("y", key=generate_key("ec-p256", reuse=False))
    entry = held(issued, agreement=FileKey(issued.private_key).agree)
    shared = entry.require_agreement().agree(peer.certificate.public_key_der)
    assert shared == FileKey(peer.private_key).agree(issued.certificate.public_key_der)


def test_what_the_kind_of_key_cannot(client: Issued, authority: Authority) -> None:
    """An RSA key agrees on nothing; a key that can nothing is none."""
    with pytest.raises(KeyLoadError, match="of kind rsa, which cannot agree"):
        held(client, agreement=lambda peer: b"")
    with pytest.raises(KeyLoadError, match="Nothing says what the key 'kms' can do"):
        held(client)
    with pytest.raises(KeyLoadError, match=r"int can neither be called nor has it sign\(\)"):
        held(client, signer=5)


def test_event_loop_is_not_held(client: Issued) -> None:
    """A remote key is refused where it would stop every other task; one that is not remote works."""

    async def sign(remote: bool) -> bytes:
        signer = held(client, signer=FileKey(client.private_key), remote=remote).require_signer()
        return signer.sign(b"x", scheme="rsa-pss", digest="sha256")

    with pytest.raises(KeyUsageError, match=r"would hold the event loop.*async_client"):
        asyncio.run(sign(True))
    assert asyncio.run(sign(False))


def test_it_is_neither_shown_nor_pickled(client: Issued) -> None:
    """It is somebody's connection; each process makes its own."""
    signer = held(client, signer=FileKey(client.private_key)).require_signer()
    assert repr(signer) == "<ExternalKey 'kms': sign>"
    with pytest.raises(KeyMaterialError, match="not pickled"):
        pickle.dumps(signer)
