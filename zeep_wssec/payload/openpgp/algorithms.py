"""Ciphers, digests and kinds of keys of OpenPGP: their names here, at GnuPG, and their numbers.

Spec: RFC 4880, sections 9.1, Public-Key Algorithms, 9.2, Symmetric-Key Algorithms, and 9.4, Hash Algorithms.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class PgpAlgorithm:
    """One algorithm."""

    name: str
    uri: str
    """GnuPG's name for it."""
    number: int
    legacy: str = ""
    """Opt-in that it needs, or empty."""


CIPHERS: Final = (
    PgpAlgorithm("aes256", "AES256", 9),
    PgpAlgorithm("aes192", "AES192", 8),
    PgpAlgorithm("aes128", "AES", 7),
    PgpAlgorithm("twofish", "TWOFISH", 10),
    PgpAlgorithm("camellia256", "CAMELLIA256", 13),
    PgpAlgorithm("camellia192", "CAMELLIA192", 12),
    PgpAlgorithm("camellia128", "CAMELLIA128", 11),
    PgpAlgorithm("3des", "3DES", 2, "3des"),
    PgpAlgorithm("cast5", "CAST5", 3, "cast5"),
    PgpAlgorithm("blowfish", "BLOWFISH", 4, "blowfish"),
)
DIGESTS: Final = (
    PgpAlgorithm("sha512", "SHA512", 10),
    PgpAlgorithm("sha384", "SHA384", 9),
    PgpAlgorithm("sha256", "SHA256", 8),
    PgpAlgorithm("sha224", "SHA224", 11),
    PgpAlgorithm("sha1", "SHA1", 2, "sha1"),
    PgpAlgorithm("ripemd160", "RIPEMD160", 3, "ripemd160"),
    PgpAlgorithm("md5", "MD5", 1, "md5"),
)
COMPRESSIONS: Final[Mapping[str, str]] = {
    "zip": "ZIP",
    "zlib": "ZLIB",
    "bzip2": "BZIP2",
    "none": "Uncompressed",
}
KEY_KINDS: Final[Mapping[int, str]] = {
    1: "rsa", 2: "rsa", 3: "rsa", 16: "elgamal", 17: "dsa", 18: "ecdh", 19: "ecdsa", 22: "eddsa",
}  # fmt: skip

CIPHERS_BY_NAME: Final = {item.name: item for item in CIPHERS}
CIPHERS_BY_NUMBER: Final = {item.number: item for item in CIPHERS}
DIGESTS_BY_NAME: Final = {item.name: item for item in DIGESTS}
DIGESTS_BY_NUMBER: Final = {item.number: item for item in DIGESTS}

LEGACY: Final[Mapping[str, str]] = {
    "3des": "Triple DES",
    "cast5": "CAST5, with its blocks of 64 bits",
    "blowfish": "Blowfish, with its blocks of 64 bits",
    "sha1": "signatures over SHA-1",
    "ripemd160": "signatures over RIPEMD-160",
    "md5": "signatures over MD5",
    "dsa": "DSA keys",
    "no-mdc": "encrypted data that nothing protects against changes",
}
"""The opt-ins, each to be given with a reason."""

LEAST_BITS: Final[Mapping[str, int]] = {"rsa": 2048, "elgamal": 2048, "dsa": 2048}
"""Smallest keys of the kinds whose size is free."""
