"""Content encryption: AES-GCM and CBC in pieces, AES-CCM at once."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidTag, UnsupportedAlgorithm
from cryptography.hazmat.decrepit.ciphers.algorithms import Camellia, TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, CipherContext
from cryptography.hazmat.primitives.ciphers.aead import AESCCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC, GCM
from cryptography.hazmat.primitives.padding import PKCS7

from zeep_wssec.errors import (
    PayloadDecryptionError,
    PayloadLimitError,
    PayloadMalformedError,
    PayloadUsageError,
)
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
"""Octets of the tags that we write, and the only size that is read behind GCM."""
MAX_GCM_BYTES: Final = (1 << 36) - 32
"""Longest content that GCM encrypts under one nonce (NIST SP 800-38D, section 5.2.1.1)."""
MAX_CCM_BYTES: Final = 64 * 1024 * 1024
"""Longest content for CCM, which is held as a whole: CCM begins with the length of what it encrypts."""
_GCM_NONCES: Final = range(12, 16 + 1)
_CCM_NONCES: Final = range(7, 13 + 1)
_CCM_TAGS: Final = (12, 14, 16)
"""RFC 5084, section 3.1: 12 is the default. Of the shorter ones a forger could try as many as it takes."""
_DEFAULT_TAG: Final = 12
_SHORT_CCM: Final = 1 << 24
"""Content of this size needs a nonce of 11 octets: 15 octets are shared by nonce and length."""
_BLOCK_CIPHERS: Final[Mapping[str, Callable[[bytes], AES | Camellia | TripleDES]]] = {
    "aes": AES,
    "camellia": Camellia,
    "tripledes": TripleDES,
}


@dataclass(frozen=True, repr=False)
class SealedWith:
    """A content cipher with its nonce or initialization vector."""

    cipher: ContentCipher
    vector: bytes
    tag_bytes: int = TAG_BYTES

    @classmethod
    def fresh(cls, cipher: ContentCipher, size: int | None) -> SealedWith:
        """Choose a random vector for content of ``size`` octets, or of an unknown size."""
        length = NONCE_BYTES if cipher.authenticates else cipher.block_bytes
        if cipher.mode == "ccm" and (size is None or size >= _SHORT_CCM):
            length -= 1
        return cls(cipher, os.urandom(length))

    @property
    def identifier(self) -> bytes:
        """The AlgorithmIdentifier (RFC 3565; RFC 3657; RFC 5084)."""
        if self.cipher.authenticates:
            parameters = sequence(octet_string(self.vector), integer(TAG_BYTES))
        else:
            parameters = octet_string(self.vector)
        return algorithm(self.cipher.oid, parameters)

    def sealed_size(self, size: int) -> int:
        """Give the octets that content of ``size`` octets becomes, without the tag.

        Raises:
            PayloadLimitError: The cipher does not encrypt so much.
        """
        if self.cipher.authenticates:
            _require_within(self.cipher, size)
            return size
        block = self.cipher.block_bytes
        return size + block - size % block


class Sealer:
    """Encrypts one content; ``tag`` is there at the end."""

    def __init__(self, sealed_with: SealedWith, key: bytes) -> None:
        self._with, self._key = sealed_with, key
        self.tag = b""

    def seal(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        """Encrypt piece by piece.

        Raises:
            PayloadLimitError: The cipher does not encrypt so much.
            PayloadUsageError: ``cryptography`` was built without the cipher.
        """
        sealing = {"gcm": self._seal_gcm, "ccm": self._seal_ccm, "cbc": self._seal_cbc}
        yield from sealing[self._with.cipher.mode](pieces)

    def _seal_gcm(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        gcm = Cipher(AES(self._key), GCM(self._with.vector)).encryptor()
        for piece in pieces:
            yield gcm.update(piece)
        yield gcm.finalize()
        self.tag = gcm.tag

    def _seal_ccm(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        content = _whole(pieces, self._with.cipher)
        sealed = AESCCM(self._key, TAG_BYTES).encrypt(self._with.vector, content, None)
        self.tag = sealed[-TAG_BYTES:]
        yield sealed[:-TAG_BYTES]

    def _seal_cbc(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        cbc = _built_in(_cbc(self._with, self._key).encryptor, self._with.cipher)
        padder = PKCS7(8 * self._with.cipher.block_bytes).padder()
        for piece in pieces:
            yield cbc.update(padder.update(piece))
        yield cbc.update(padder.finalize()) + cbc.finalize()


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
        PayloadLimitError: More than the cipher decrypts at once, whatever the key is.
        PayloadUsageError: ``cryptography`` was built without the cipher.
    """
    try:
        if sealed_with.cipher.mode == "ccm":
            sealed = _whole(pieces, sealed_with.cipher) + tag
            yield AESCCM(key, len(tag)).decrypt(sealed_with.vector, sealed, associated)
            return
        if sealed_with.cipher.mode == "gcm":
            gcm = Cipher(AES(key), GCM(sealed_with.vector, tag)).decryptor()
            gcm.authenticate_additional_data(associated)
            for piece in pieces:
                yield gcm.update(piece)
            yield gcm.finalize()
            return
        cbc = _built_in(_cbc(sealed_with, key).decryptor, sealed_with.cipher)
        unpadder = PKCS7(8 * sealed_with.cipher.block_bytes).unpadder()
        for piece in pieces:
            yield unpadder.update(cbc.update(piece))
        yield unpadder.update(cbc.finalize()) + unpadder.finalize()
    except (InvalidTag, ValueError):
        raise PayloadDecryptionError from None


def _whole(pieces: Iterable[bytes], cipher: ContentCipher) -> bytes:
    held = bytearray()
    for piece in pieces:
        held += piece
        _require_within(cipher, len(held))
    return bytes(held)


def _require_within(cipher: ContentCipher, size: int) -> None:
    limit = MAX_CCM_BYTES if cipher.mode == "ccm" else MAX_GCM_BYTES
    if size > limit:
        hint = 'AES-GCM goes on to 64 GiB: "aes256-gcm".' if cipher.mode == "ccm" else ""
        raise PayloadLimitError(
            f"AES-{cipher.mode.upper()} encrypts at most {limit} octets at once.",
            hint=hint,
            limit=limit,
        )


def _built_in(make: Callable[[], CipherContext], cipher: ContentCipher) -> CipherContext:
    try:
        return make()
    except UnsupportedAlgorithm:
        raise PayloadUsageError(f"cryptography has no {cipher.name} on this machine.") from None


def _cbc(sealed_with: SealedWith, key: bytes) -> Cipher[CBC]:
    family = sealed_with.cipher.name.partition("-")[0].rstrip("0123456789")
    return Cipher(_BLOCK_CIPHERS[family](key), CBC(sealed_with.vector))


def read_cipher(content: bytes, *, authenticated: bool) -> SealedWith:
    """Read the identifier of a content cipher, which must be of the kind that the structure asks for.

    Raises:
        PayloadAlgorithmError: It is unknown, refused, or of another kind.
        PayloadMalformedError: Its parameters are not what they should be.
    """
    number, parameters = read_algorithm(content)
    cipher = CONTENT_CIPHERS_BY_OID.get(number)
    if cipher is None or cipher.authenticates != authenticated:
        raise refused_algorithm(cipher.name if cipher else OTHER_ALGORITHMS.get(number, number))
    try:
        tag, value, end = read_tlv(parameters)
        if end != len(parameters):
            raise ValueError
        if not authenticated:
            vector = value if tag == OCTET_STRING else b""
            if len(vector) != cipher.block_bytes:
                raise ValueError
            return SealedWith(cipher, vector)
        return SealedWith(cipher, *_READING[cipher.mode](value))
    except (ValueError, IndexError):
        raise PayloadMalformedError(f"The parameters of {cipher.name} are not allowed.") from None


def _read_gcm(content: bytes) -> tuple[bytes, int]:
    """Read GCMParameters; a tag of fewer than 16 octets, their default, is refused."""
    nonce, size = _read_aead(content)
    if size != TAG_BYTES or len(nonce) not in _GCM_NONCES:
        raise ValueError
    return nonce, size


def _read_ccm(content: bytes) -> tuple[bytes, int]:
    """Read CCMParameters."""
    nonce, size = _read_aead(content)
    if size not in _CCM_TAGS or len(nonce) not in _CCM_NONCES:
        raise ValueError
    return nonce, size


def _read_aead(content: bytes) -> tuple[bytes, int]:
    """Read nonce and octets of the tag.

    Spec: RFC 5084, section 3.
    """
    (first, nonce), *more = iterate_tlv(content)
    if first != OCTET_STRING or len(more) > 1 or any(tag != INTEGER for tag, _ in more):
        raise ValueError
    return nonce, int.from_bytes(more[0][1], "big") if more else _DEFAULT_TAG


_READING: Final = {"gcm": _read_gcm, "ccm": _read_ccm}
