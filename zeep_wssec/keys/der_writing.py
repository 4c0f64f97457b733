"""Just enough DER writing for values of names and lists of certificates."""

from __future__ import annotations

SEQUENCE = 0x30


def write_length(length: int) -> bytes:
    """Write the length octets that stand before a content of ``length`` bytes."""
    if length < 128:
        return bytes([length])
    octets = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes([0x80 | len(octets)]) + octets


def write_tlv(tag: int, content: bytes) -> bytes:
    """Write one element with a tag number below 31; ``read_tlv`` reads it back."""
    return bytes([tag]) + write_length(len(content)) + content
