"""Content encryption in pieces: AES-GCM, and CBC with its padding."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC, GCM
from cryptography.hazmat.primitives.padding import PKCS7

from zeep_wssec.errors import PayloadDecryptionError, PayloadLimitError, PayloadMalformedError
from zeep_wssec.keys.der import iterate_tlv, read_tlv
from zeep_wssec.payload.cms.algorithms import (
    CONTENT_CIPHERS_BY_OID,
    OTHER_ALGORITHMS,
    ContentCipher,
)
from zeep_wssec.payload.cms.der import (
    INTEGER,
    OCTET_STRING,
    algorithm,
    integer,
    octet_string,
    sequence,
)
from zeep_wssec.payload.cms.identifiers import read_algorithm, refused_algorithm

NONCE_BYTES: Final = 12
TAG_BYTES: Final = 16
MAX_GCM_BYTES: Final = (1 << 36) - 32
"""Longest content that GCM encrypts under one nonce (NIST SP 800-38D, section 5.2.1.1)."""
_NONCES: Final = range(12, 16 + 1)


@dataclass(frozen=True, repr=False)
class SealedWith:
    """A content cipher with its nonce or initialization vector."""

    cipher: ContentCipher
    vector: bytes

    @classmethod
    def fresh(cls, cipher: ContentCipher) -> SealedWith:
        """Choose a random vector."""
        size = NONCE_BYTES if cipher.mode == "gcm" else cipher.block_bytes
        return cls(cipher, os.urandom(size))

    @property
    def identifier(self) -> bytes:
        """The AlgorithmIdentifier (RFC 3565; RFC 5084)."""
        if self.cipher.mode == "gcm":
            parameters = sequence(octet_string(self.vector), integer(TAG_BYTES))
        else:
            parameters = octet_string(self.vector)
        return algorithm(self.cipher.oid, parameters)

    def sealed_size(self, size: int) -> int:
        """Give the octets that content of ``size`` octets becomes, without the tag.

        Raises:
            PayloadLimitError: GCM does not encrypt so much.
        """
        if self.cipher.mode == "gcm":
            if size > MAX_GCM_BYTES:
                raise PayloadLimitError(
                    f"AES-GCM encrypts at most {MAX_GCM_BYTES} octets at once.", limit=MAX_GCM_BYTES
                )
            return size
        block = self.cipher.block_bytes
        return size + block - size % block


class Sealer:
    """Encrypts one content; ``tag`` is there at the end."""

    def __init__(self, sealed_with: SealedWith, key: bytes) -> None:
        self._is_gcm = sealed_with.cipher.mode == "gcm"
        self._padder = PKCS7(8 * sealed_with.cipher.block_bytes).padder()
        if self._is_gcm:
            gcm = Cipher(AES(key), GCM(sealed_with.vector))
            self._gcm = gcm.encryptor()
            self._update = self._gcm.update
        else:
            self._cbc = _cbc(sealed_with, key).encryptor()
            self._update = self._cbc.update
        self.tag = b""

    def seal(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        """Encrypt piece by piece."""
        for piece in pieces:
            yield self._update(piece if self._is_gcm else self._padder.update(piece))
        if self._is_gcm:
            yield self._gcm.finalize()
            self.tag = self._gcm.tag
        else:
            yield self._update(self._padder.finalize()) + self._cbc.finalize()


def unseal(
    pieces: Iterable[bytes],
    *,
    sealed_with: SealedWith,
    key: bytes,
    tag: bytes = b"",
    associated: bytes = b"",
) -> Iterator[bytes]:
    """Decrypt piece by piece; nothing that came out may be used before the end has been reached.

    Raises:
        PayloadDecryptionError: For every cause the same.
    """
    try:
        if sealed_with.cipher.mode == "gcm":
            gcm = Cipher(AES(key), GCM(sealed_with.vector, tag)).decryptor()
            gcm.authenticate_additional_data(associated)
            for piece in pieces:
                yield gcm.update(piece)
            yield gcm.finalize()
            return
        cbc = _cbc(sealed_with, key).decryptor()
        unpadder = PKCS7(8 * sealed_with.cipher.block_bytes).unpadder()
        for piece in pieces:
            yield unpadder.update(cbc.update(piece))
        yield unpadder.update(cbc.finalize()) + unpadder.finalize()
    except (InvalidTag, ValueError):
        raise PayloadDecryptionError from None


def _cbc(sealed_with: SealedWith, key: bytes) -> Cipher[CBC]:
    is_des = sealed_with.cipher.block_bytes == TripleDES.block_size // 8
    return Cipher(TripleDES(key) if is_des else AES(key), CBC(sealed_with.vector))


def read_cipher(content: bytes, mode: str) -> SealedWith:
    """Read the identifier of a content cipher, which must have the mode that the structure asks for.

    Raises:
        PayloadAlgorithmError: It is unknown, refused, or of another mode.
        PayloadMalformedError: Its parameters are not what they should be.
    """
    number, parameters = read_algorithm(content)
    cipher = CONTENT_CIPHERS_BY_OID.get(number)
    if cipher is None or cipher.mode != mode:
        raise refused_algorithm(cipher.name if cipher else OTHER_ALGORITHMS.get(number, number))
    try:
        tag, value, end = read_tlv(parameters)
        if end != len(parameters):
            raise ValueError
        if mode == "cbc":
            vector = value if tag == OCTET_STRING else b""
            if len(vector) != cipher.block_bytes:
                raise ValueError
            return SealedWith(cipher, vector)
        return SealedWith(cipher, _read_gcm(value))
    except (ValueError, IndexError):
        raise PayloadMalformedError(f"The parameters of {cipher.name} are not allowed.") from None


def _read_gcm(content: bytes) -> bytes:
    """Read GCMParameters; a tag of fewer than 16 octets, their default, is refused."""
    fields = list(iterate_tlv(content))
    (first, nonce), (second, size) = fields
    if (first, second) != (OCTET_STRING, INTEGER) or int.from_bytes(size, "big") != TAG_BYTES:
        raise ValueError
    if len(nonce) not in _NONCES:
        raise ValueError
    return nonce
