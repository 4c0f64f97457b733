"""Just enough DER reading for names and key identifiers; content is never interpreted."""

from __future__ import annotations

from collections.abc import Iterator


def read_tlv(data: bytes, start: int = 0) -> tuple[int, bytes, int]:
    """Read one element: its tag octet, its content, and where the next one starts.

    Raises:
        ValueError: The element is cut off, or has a form that DER does not allow here.
    """
    if start + 2 > len(data):
        raise ValueError("DER element is cut off")
    tag, length, position = data[start], data[start + 1], start + 2
    if tag & 0x1F == 0x1F:
        raise ValueError("DER tag number above 30")
    if length & 0x80:
        octets = length & 0x7F
        if not 1 <= octets <= 4 or position + octets > len(data):
            raise ValueError("DER length is not allowed")
        length = int.from_bytes(data[position : position + octets], "big")
        position += octets
    if position + length > len(data):
        raise ValueError("DER element is cut off")
    return tag, data[position : position + length], position + length


def iterate_tlv(content: bytes) -> Iterator[tuple[int, bytes]]:
    """Read the elements inside ``content`` one by one: tag octet and content of each."""
    position = 0
    while position < len(content):
        tag, value, position = read_tlv(content, position)
        yield tag, value


def decode_oid(content: bytes) -> str:
    """Write the content octets of an object identifier as dotted numbers."""
    numbers: list[int] = []
    number = 0
    for octet in content:
        number = number << 7 | octet & 0x7F
        if not octet & 0x80:
            numbers.append(number)
            number = 0
    if not numbers or content[-1] & 0x80:
        raise ValueError("object identifier is cut off")
    first = min(numbers[0] // 40, 2)
    return ".".join(map(str, (first, numbers[0] - 40 * first, *numbers[1:])))
