"""Content encryption and key transport on octets."""

from __future__ import annotations

import base64
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC

from zeep_wssec.keys.hashes import HASHES
from zeep_wssec.xmlcrypto.algorithms import DataCipher, KeyTransport

_GCM_NONCE = 12
_GCM_TAG = 16
_BLOCK = 16


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
    vector = os.urandom(_BLOCK)
    filling = _BLOCK - len(plain) % _BLOCK
    encryptor = Cipher(AES(key), CBC(vector)).encryptor()
    padded = plain + os.urandom(filling - 1) + bytes([filling])
    return base64.b64encode(vector + encryptor.update(padded) + encryptor.finalize())


def decrypt(sealed: bytes, *, cipher: DataCipher, key: bytes) -> bytes:
    """Decrypt IV, ciphertext and tag.

    Raises:
        ValueError: For every cause the same.
    """
    if len(key) != cipher.key_bytes:
        raise ValueError("cannot be decrypted")
    if cipher.mode == "gcm":
        if len(sealed) < _GCM_NONCE + _GCM_TAG:
            raise ValueError("cannot be decrypted")
        try:
            return AESGCM(key).decrypt(sealed[:_GCM_NONCE], memoryview(sealed)[_GCM_NONCE:], None)
        except InvalidTag:
            raise ValueError("cannot be decrypted") from None
    if len(sealed) < 2 * _BLOCK or len(sealed) % _BLOCK:
        raise ValueError("cannot be decrypted")
    decryptor = Cipher(AES(key), CBC(sealed[:_BLOCK])).decryptor()
    padded = decryptor.update(memoryview(sealed)[_BLOCK:]) + decryptor.finalize()
    filling = padded[-1]
    if not 1 <= filling <= _BLOCK:
        raise ValueError("cannot be decrypted")
    return padded[:-filling]


def transport_key(
    key: bytes,
    public_key: rsa.RSAPublicKey,
    *,
    transport: KeyTransport,
    digest: str,
    mgf_digest: str,
) -> bytes:
    """Encrypt a content key under an RSA public key.

    Spec: XML Encryption 1.1, section 5.5.
    """
    if transport.scheme == "rsa-pkcs1v15":
        return public_key.encrypt(key, padding.PKCS1v15())
    mask = padding.MGF1(HASHES[mgf_digest])
    return public_key.encrypt(key, padding.OAEP(mgf=mask, algorithm=HASHES[digest], label=None))
