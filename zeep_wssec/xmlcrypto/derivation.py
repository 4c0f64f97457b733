"""Keys that are derived from secrets, passwords and agreements; octets in, octets out."""

from __future__ import annotations

import hashlib
import hmac
from typing import Final

from cryptography.hazmat.primitives.kdf.concatkdf import ConcatKDFHash
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from zeep_wssec.keys.hashes import HASHES

_USERNAME_TOKEN_KEY: Final = 20
_MAX_ITERATIONS: Final = 1_000_000
"""Half a second of work; a caller that reads a message bounds it much lower."""


def p_sha1(secret: bytes, seed: bytes, *, length: int, offset: int = 0) -> bytes:
    """Give ``length`` octets of the P_SHA-1 stream from ``offset`` on.

    The work grows with ``offset + length``: whoever takes them from a message bounds them first.

    Args:
        secret: The key of HMAC-SHA1.
        seed: Label and nonce, one after the other.
        length: Octets to give.
        offset: Octets of the stream to pass over.

    Raises:
        ValueError: A negative length or offset.

    Spec: RFC 2246, section 5; WS-SecureConversation 1.4, section 7, Deriving Keys.
    """
    if length < 0 or offset < 0:
        raise ValueError("a length and an offset are not negative")
    chained, stream = seed, bytearray()
    while len(stream) < offset + length:
        chained = hmac.digest(secret, chained, "sha1")
        stream += hmac.digest(secret, chained + seed, "sha1")
    return bytes(stream[offset : offset + length])


def concat_kdf(secret: bytes, *, digest: str, length: int, other_info: bytes = b"") -> bytes:
    """Derive ``length`` octets by the concatenation key derivation function.

    Args:
        secret: What was agreed on.
        digest: ``"sha224"``, ``"sha256"``, ``"sha384"`` or ``"sha512"``.
        length: Octets to give.
        other_info: AlgorithmID, PartyUInfo, PartyVInfo, SuppPubInfo and SuppPrivInfo, one after the other.

    Spec: XML Encryption 1.1, section 5.4.1, ConcatKDF; NIST SP 800-56A, section 5.8.1.
    """
    return ConcatKDFHash(HASHES[digest], length, other_info).derive(secret)


def hkdf(secret: bytes, *, digest: str, length: int, salt: bytes = b"", info: bytes = b"") -> bytes:
    """Derive ``length`` octets by HKDF with HMAC.

    Args:
        secret: What was agreed on.
        digest: ``"sha224"``, ``"sha256"``, ``"sha384"`` or ``"sha512"``.
        length: Octets to give.
        salt: Any octets; none stand for zeros, as many as the digest has octets.
        info: Octets that tell one use of the secret from another.

    Spec: RFC 5869; RFC 9231, section 2.8.1, HKDF.
    """
    return HKDF(HASHES[digest], length, salt or None, info).derive(secret)


def username_token_key(password: bytes, salt: bytes, iterations: int) -> bytes:
    """Derive the 20 octets that a UsernameToken stands for as a key.

    Args:
        password: In UTF-8; not the form that PasswordDigest sends.
        salt: 16 octets; the first is 1 for a key that signs and 2 for one that encrypts.
        iterations: How often SHA-1 is applied; the first time to password and salt.

    Raises:
        ValueError: Fewer than one iteration, or more than a million.

    Spec: UsernameToken Profile 1.1.1, section 4, Key Derivation.
    """
    if not 1 <= iterations <= _MAX_ITERATIONS:
        raise ValueError(f"iterations must be 1 to {_MAX_ITERATIONS}")
    key = password + salt
    for _ in range(iterations):
        # The profile fixes SHA-1; the strength is that of the password.
        key = hashlib.sha1(key, usedforsecurity=False).digest()
    return key[:_USERNAME_TOKEN_KEY]
