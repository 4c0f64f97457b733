"""Content encryption, key transport and key wrap on octets."""

from __future__ import annotations

import base64
import os
from typing import Final, NoReturn

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap

from zeep_wssec.keys.hashes import HASHES
from zeep_wssec.xmlcrypto.algorithms import DataCipher, KeyTransport, KeyWrap

_GCM_NONCE = 12
_GCM_TAG = 16
UNREADABLE: Final = "cannot be decrypted"
"""The one text for everything that fails once a key is used."""


def encrypt_to_base64(plain: bytes, *, cipher: DataCipher, key: bytes) -> bytes:
    """Encrypt content under a fresh nonce; give CipherValue's text: IV, ciphertext and tag, in base64.

    Spec: XML Encryption 1.1, sections 5.2.2 (CBC) and 5.2.4 (GCM).
    """
    if cipher.mode == "gcm":
        sealed = bytearray(_GCM_NONCE + len(plain) + _GCM_TAG)
        sealed[:_GCM_NONCE] = nonce = os.urandom(_GCM_NONCE)
        AESGCM(key).encrypt_into(nonce, plain, None, memoryview(sealed)[_GCM_NONCE:])
        # Content may be large: each form of it is let go before the next one is made.
        del plain
        return base64.b64encode(sealed)
    block = cipher.block_bytes
    vector = os.urandom(block)
    filling = block - len(plain) % block
    encryptor = _cbc(cipher, key, vector).encryptor()
    padded = plain + os.urandom(filling - 1) + bytes([filling])
    return base64.b64encode(vector + encryptor.update(padded) + encryptor.finalize())


def decrypt(sealed: bytes, *, cipher: DataCipher, key: bytes) -> bytes:
    """Decrypt IV, ciphertext and tag.

    Raises:
        ValueError: For every cause the same.
    """
    if len(key) != cipher.key_bytes:
        raise ValueError(UNREADABLE)
    if cipher.mode == "gcm":
        if len(sealed) < _GCM_NONCE + _GCM_TAG:
            raise ValueError(UNREADABLE)
        try:
            return AESGCM(key).decrypt(sealed[:_GCM_NONCE], memoryview(sealed)[_GCM_NONCE:], None)
        except InvalidTag:
            raise ValueError(UNREADABLE) from None
    block = cipher.block_bytes
    if len(sealed) < 2 * block or len(sealed) % block:
        raise ValueError(UNREADABLE)
    decryptor = _cbc(cipher, key, sealed[:block]).decryptor()
    padded = decryptor.update(memoryview(sealed)[block:]) + decryptor.finalize()
    filling = padded[-1]
    if not 1 <= filling <= block:
        raise ValueError(UNREADABLE)
    return padded[:-filling]


def _cbc(cipher: DataCipher, key: bytes, vector: bytes) -> Cipher[CBC]:
    algorithm = TripleDES(key) if cipher.block_bytes == TripleDES.block_size // 8 else AES(key)
    return Cipher(algorithm, CBC(vector))


def transport_key(
    key: bytes,
    public_key: rsa.RSAPublicKey,
    *,
    transport: KeyTransport,
    digest: str,
    mgf_digest: str,
    label: bytes = b"",
) -> bytes:
    """Encrypt a content key under an RSA public key.

    Args:
        key: The content key.
        public_key: Of the recipient.
        transport: How.
        digest: OAEP digest; not used by RSA 1.5.
        mgf_digest: Digest of OAEP's mask generation; not used by RSA 1.5.
        label: Octets of OAEPparams; not used by RSA 1.5.

    Spec: XML Encryption 1.1, section 5.5.
    """
    if transport.scheme == "rsa-pkcs1v15":
        return public_key.encrypt(key, padding.PKCS1v15())
    mask = padding.MGF1(HASHES[mgf_digest])
    return public_key.encrypt(key, padding.OAEP(mask, HASHES[digest], label or None))


def wrap_key(key: bytes, *, wrap: KeyWrap, kek: bytes) -> bytes:
    """Encrypt a content key under a secret key, ``kek``.

    Raises:
        ValueError: A ``kek`` of another size than ``wrap`` takes.

    Spec: XML Encryption 1.1, section 5.7, AES KeyWrap; RFC 3394.
    """
    if len(kek) != wrap.key_bytes:
        raise ValueError(f"{wrap.name} takes a key of {wrap.key_bytes} octets")
    return aes_key_wrap(kek, key)


def unwrap_key(sealed: bytes, *, wrap: KeyWrap, kek: bytes) -> bytes:
    """Decrypt a content key that ``wrap_key`` made.

    Raises:
        ValueError: For every cause the same.
    """
    if len(kek) != wrap.key_bytes:
        raise ValueError(UNREADABLE)
    try:
        return aes_key_unwrap(kek, sealed)
    except (InvalidUnwrap, ValueError):
        raise ValueError(UNREADABLE) from None


def fail_as_unwrapping_does() -> NoReturn:
    """Raise what ``unwrap_key`` raises for a bad key, in as many steps."""
    try:
        raise InvalidUnwrap
    except InvalidUnwrap:
        raise ValueError(UNREADABLE) from None
