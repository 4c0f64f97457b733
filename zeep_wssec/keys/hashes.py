"""Hash functions by the names that profiles and errors use."""

from __future__ import annotations

from typing import Final

from cryptography.hazmat.primitives import hashes

HASHES: Final[dict[str, hashes.HashAlgorithm]] = {
    # For thumbprints of old peers and inside OAEP; as a signature or reference digest it needs an opt-in.
    "sha1": hashes.SHA1(),  # noqa: S303
    "sha224": hashes.SHA224(),
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
    "sha3-224": hashes.SHA3_224(),
    "sha3-256": hashes.SHA3_256(),
    "sha3-384": hashes.SHA3_384(),
    "sha3-512": hashes.SHA3_512(),
}
