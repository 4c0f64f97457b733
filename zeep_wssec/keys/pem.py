"""PEM files: a key, its certificate and the chain, in any order, in one blob or several."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

from zeep_wssec.errors import KeyLoadError, KeyMismatchError, WrongPasswordError
from zeep_wssec.keys.certificate import Certificate, certificates_of
from zeep_wssec.keys.der import iterate_tlv, read_tlv
from zeep_wssec.keys.derivation_work import Work
from zeep_wssec.keys.entries import FileKey, KeyEntry
from zeep_wssec.keys.pem_blocks import Block, find_blocks
from zeep_wssec.keys.private_key_size import MAX_SEALED_OCTETS, check_key_size

MAX_ITERATIONS = 5_000_000
"""Bound on the key derivation of an encrypted key; tools write 2048 to 1,000,000."""

MAX_SCRYPT_WORK = 2**22
"""Bound on the product of scrypt's cost, block size and parallelism: 512 MiB."""

_SCRYPT = bytes.fromhex("06092b06010401da47040b")


def load_pem(
    blobs: Sequence[bytes],
    *,
    password: bytes | None = None,
    alias: str = "key",
    source: str = "the PEM text",
) -> KeyEntry:
    """Load one key pair with its chain from PEM text.

    The certificate is the one whose public key belongs to the private key, wherever it stands; the
    others become its chain as far as each issued the one before.

    Args:
        blobs: The content of one or several files.
        password: For an encrypted private key.
        alias: Name of the entry.
        source: What to call the text in errors.

    Raises:
        KeyLoadError: Not exactly one private key, no certificate, or something is broken.
        WrongPasswordError: The key is encrypted and the password is missing or wrong.
        KeyMismatchError: No certificate belongs to the key.
    """
    blocks = [block for blob in blobs for block in find_blocks(blob, source=source)]
    keys = [block for block in blocks if block.label.endswith("PRIVATE KEY")]
    if len(keys) != 1:
        found = ", ".join(block.label for block in blocks)
        raise KeyLoadError(
            f"{source}: exactly one private key expected, {len(keys)} found (blocks: {found}).",
            hint="A certificate alone is a partner's: with_partner(…), or partner = with certificate =."
            if not keys
            else "",
            source=source,
        )
    if not any("CERTIFICATE" in block.label for block in blocks):
        raise KeyMismatchError(
            f"{source}: the private key came without a certificate: no CERTIFICATE block.",
            hint="Give it with certificate=…, or put it into the same file.",
            source=source,
        )
    key = FileKey(load_private_key(keys[0], password=password, source=source))
    certificates = certificates_of(blocks, source=source)
    return make_entry(alias, key, certificates, source=source)


def make_entry(
    alias: str, key: FileKey, certificates: Sequence[Certificate], *, source: str
) -> KeyEntry:
    """Pair a key with the certificate that has its public key; the others are its chain.

    Raises:
        KeyMismatchError: No certificate has it.
    """
    own = [certificate for certificate in certificates if key.matches(certificate)]
    if not own:
        subjects = "; ".join(certificate.describe() for certificate in certificates)
        raise KeyMismatchError(
            f"{source}: the private key belongs to none of the certificates it came with: {subjects}.",
            source=source,
        )
    # The same key certified twice (a renewal): the newer one.
    leaf = max(own, key=lambda certificate: certificate.not_before)
    return KeyEntry.of_key(alias, key, certificate=leaf, chain=order_chain(leaf, certificates))


def order_chain(leaf: Certificate, pool: Iterable[Certificate]) -> tuple[Certificate, ...]:
    """Order the certificates above ``leaf``, nearest issuer first, as far as ``pool`` has them.

    Nothing is verified: a chain is only sent along, a receiver checks it.
    """
    by_subject: dict[object, Certificate] = {}
    for certificate in pool:
        by_subject.setdefault(certificate.canonical_subject, certificate)
    chain: list[Certificate] = []
    current = leaf
    while current.canonical_issuer != current.canonical_subject:
        issuer = by_subject.get(current.canonical_issuer)
        if issuer is None or issuer in chain or issuer == leaf:
            break
        chain.append(issuer)
        current = issuer
    return tuple(chain)


def load_private_key(
    block: Block, *, password: bytes | None, source: str, work: Work | None = None
) -> PrivateKeyTypes:
    """Load a private key from its PEM block.

    Args:
        block: The block.
        password: Of the key.
        source: For errors.
        work: What the file has cost so far; unset, the key stands alone.

    Raises:
        WrongPasswordError: It is encrypted and the password is missing or wrong.
        KeyLoadError: It is broken, or of a kind that is not supported.
    """
    encrypted = block.label == "ENCRYPTED PRIVATE KEY" or b"ENCRYPTED" in block.body
    if encrypted and password is None:
        raise WrongPasswordError(
            f"{source}: the private key is encrypted and needs a password.", source=source
        )
    try:
        _check_cost(block, work or Work(), encrypted=encrypted, source=source)
        return serialization.load_pem_private_key(block.text, password if encrypted else None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        if encrypted and not isinstance(error, UnsupportedAlgorithm):
            raise WrongPasswordError(
                f"{source}: the password does not open the private key.", source=source
            ) from None
        raise KeyLoadError(
            f"{source}: the private key ({block.label}) is broken or of a kind that is not supported.",
            source=source,
        ) from None


def _check_cost(block: Block, work: Work, *, encrypted: bool, source: str) -> None:
    """Refuse what would hold the process: a long key derivation, or numbers that are too large.

    Raises:
        KeyLoadError: It asks for too much.
        ValueError: It is broken.
    """
    octets = block.decode()
    if not encrypted:
        check_key_size(octets, work, source=source)
        return
    if len(octets) > MAX_SEALED_OCTETS:
        raise KeyLoadError(
            f"{source}: the encrypted private key is larger than {MAX_SEALED_OCTETS} bytes.",
            source=source,
        )
    if block.label != "ENCRYPTED PRIVATE KEY":
        return
    cost = _cost_of_password(octets)
    if cost is None:
        raise KeyLoadError(
            f"{source}: the password of the private key is stretched more than can be waited for.",
            hint=f"Encrypt it again with at most {MAX_ITERATIONS} iterations.",
            source=source,
        )
    work.add(max(1, cost), source=source)


def _cost_of_password(octets: bytes) -> int | None:
    """Give what the key derivation costs, in iterations; ``None`` if that is too much.

    Read without the structure: the only integers there are iterations and a key length, or the cost,
    block size, parallelism and key length of scrypt.
    """
    (_, algorithm), _ = iterate_tlv(read_tlv(octets)[1])
    numbers = list(_integers(algorithm))
    if _SCRYPT in algorithm:
        cost = math.prod(numbers[:3])
        return cost if cost <= MAX_SCRYPT_WORK else None
    cost = max(numbers, default=0)
    return cost if cost <= MAX_ITERATIONS else None


def _integers(content: bytes) -> Iterator[int]:
    for tag, value in iterate_tlv(content):
        if tag == 0x30:
            yield from _integers(value)
        elif tag == 0x02:
            yield int.from_bytes(value, "big")
