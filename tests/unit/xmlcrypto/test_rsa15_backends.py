"""RSA PKCS#1 v1.5 on libraries that report a bad block, and on those that give something else instead."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from roundtrip.pair import LEGACY, SIGNED, accepted, answer, client, refused

from zeep_wssec import Encryption, Inbound
from zeep_wssec.errors import DecryptionError
from zeep_wssec.keys.file_key import FileKey

STEPS = (*SIGNED, Encryption(recipients=("client",), key_transport="rsa-1_5", legacy=LEGACY))


def reports() -> bytes:
    """OpenSSL before 3.2."""
    raise ValueError("Decryption failed")


BACKENDS: dict[str, Callable[[], bytes]] = {
    "error": reports,
    "no octets": lambda: b"",
    "some octets": lambda: os.urandom(7),
    "many octets": lambda: os.urandom(245),
    "as many octets": lambda: os.urandom(32),
}
"""What a library makes of a block without valid padding; implicit rejection gives random octets."""


class Backend(rsa.RSAPrivateKey):
    """A private key whose every decryption ends as ``result`` does."""

    result: Callable[[], bytes]

    def decrypt(self, ciphertext: bytes, padding: padding.AsymmetricPadding) -> bytes:
        return type(self).result()


Backend.__abstractmethods__ = frozenset()  # type: ignore[attr-defined]


def key_of(result: Callable[[], bytes]) -> FileKey:
    """A key in memory over such a library."""
    kind: Any = type("Backend", (Backend,), {"result": staticmethod(result)})
    return FileKey(kind())


def test_key() -> None:
    """The key passes on what the library gives, and has one text for what it reports."""
    assert len(key_of(BACKENDS["some octets"]).decrypt(b"", scheme="rsa-pkcs1v15")) == 7
    with pytest.raises(ValueError, match=r"^cannot be decrypted$") as caught:
        key_of(reports).decrypt(b"", scheme="rsa-pkcs1v15")
    assert caught.value.__suppress_context__


@pytest.mark.parametrize("backend", BACKENDS)
def test_message(backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whichever library: a random key takes the place, and the message ends in the one refusal."""
    profile = client(inbound=Inbound(legacy={"rsa-1_5": "a test"}))
    message = answer(STEPS)
    accepted(message, profile)
    key, original = key_of(BACKENDS[backend]), FileKey.decrypt
    monkeypatch.setattr(FileKey, "decrypt", lambda _, *args, **names: original(key, *args, **names))
    error = refused(message, DecryptionError, profile)
    assert str(error) == str(DecryptionError())
    assert error.__suppress_context__
