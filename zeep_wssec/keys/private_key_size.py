"""How large the numbers of a private key may be: each is tried for being prime before the key is used."""

from __future__ import annotations

from collections.abc import Iterator

from zeep_wssec.errors import KeyLoadError
from zeep_wssec.keys.der import iterate_tlv
from zeep_wssec.keys.derivation_work import Work

MAX_KEY_BITS = 8192
"""Largest RSA key; loading one takes ten seconds, and eight times that for each doubling."""
MAX_NUMBER_OCTETS = MAX_KEY_BITS // 8 + 1
"""Of one number in DER, with the octet for its sign."""
MAX_SEALED_OCTETS = 6144
"""Of a key that is encrypted, whose numbers cannot be seen before: one of 8192 bits has 4800."""
_MAX_DEPTH = 6
_INTEGER, _OCTETS, _SEQUENCE = 0x02, 0x04, 0x30


def check_key_size(der: bytes, work: Work, *, source: str) -> None:
    """Refuse a private key in DER that it would take too long to load, alone or with those before it.

    Args:
        der: ``PrivateKeyInfo``, or the older structures of one kind of key.
        work: What the file has cost so far.
        source: For errors.

    Raises:
        KeyLoadError: A number is too large.
        ValueError: It is broken.
    """
    tags = list(iterate_tlv(der))
    if len(tags) != 1 or tags[0][0] != _SEQUENCE:
        raise ValueError("not one private key")
    check_number_size(max(_sizes(tags[0][1]), default=0), work, source=source)


def check_number_size(octets: int, work: Work, *, source: str) -> None:
    """Refuse a key whose largest number has so many octets, and count what it costs.

    Raises:
        KeyLoadError: It is too large, or the file has too many large ones.
    """
    if octets > MAX_NUMBER_OCTETS:
        raise KeyLoadError(
            f"{source}: a private key with a number of {8 * octets} bits; at most {MAX_KEY_BITS} are read.",
            source=source,
        )
    work.add(max(1, octets**3 // 1000), source=source)


def _sizes(content: bytes, depth: int = 0) -> Iterator[int]:
    if depth > _MAX_DEPTH:
        raise ValueError("too deep")
    for tag, value in iterate_tlv(content):
        if tag == _INTEGER:
            yield len(value)
        elif tag == _SEQUENCE:
            yield from _sizes(value, depth + 1)
        elif tag == _OCTETS:
            try:
                # The key itself stands in octets of its own.
                yield from list(_sizes(value, depth + 1))
            except ValueError:
                continue
