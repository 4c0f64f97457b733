"""Writing DER, and BER of unknown length: elements, and frames around content that is streamed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from zeep_wssec.keys.der_writing import write_length, write_tlv

INTEGER: Final = 0x02
OCTET_STRING: Final = 0x04
SEQUENCE: Final = 0x30
SET: Final = 0x31
END: Final = b"\x00\x00"
NULL: Final = b"\x05\x00"


def sequence(*items: bytes) -> bytes:
    """Write a SEQUENCE of elements."""
    return write_tlv(SEQUENCE, b"".join(items))


def set_of(items: Iterable[bytes]) -> bytes:
    """Write a SET OF: in ascending order, as DER demands (X.690, section 11.6)."""
    return write_tlv(SET, b"".join(sorted(items)))


def integer(value: int) -> bytes:
    """Write an INTEGER."""
    return write_tlv(INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True))


def octet_string(value: bytes) -> bytes:
    """Write an OCTET STRING."""
    return write_tlv(OCTET_STRING, value)


def oid(dotted: str) -> bytes:
    """Write an OBJECT IDENTIFIER."""
    first, second, *others = (int(arc) for arc in dotted.split("."))
    return write_tlv(0x06, b"".join(map(_base128, (40 * first + second, *others))))


def _base128(number: int) -> bytes:
    octets = [number & 0x7F]
    while number := number >> 7:
        octets.append(number & 0x7F | 0x80)
    return bytes(reversed(octets))


def algorithm(dotted: str, parameters: bytes = b"") -> bytes:
    """Write an AlgorithmIdentifier; without parameters they are absent."""
    return sequence(oid(dotted), parameters)


def context(number: int, content: bytes, *, constructed: bool = True) -> bytes:
    """Write a context-specific element."""
    return write_tlv((0xA0 if constructed else 0x80) | number, content)


def time(moment: datetime) -> bytes:
    """Write a Time: UTCTime up to 2049, then GeneralizedTime (RFC 5652, section 11.3)."""
    utc = moment.astimezone(UTC)
    if 1950 <= utc.year < 2050:
        return write_tlv(0x17, utc.strftime("%y%m%d%H%M%SZ").encode())
    return write_tlv(0x18, utc.strftime("%Y%m%d%H%M%SZ").encode())


@dataclass(frozen=True, kw_only=True)
class Frame:
    """What stands before and behind content of a known size; without a size everything is open-ended BER."""

    prefix: bytes = b""
    size: int | None = None
    """Octets of the content, or ``None``."""
    suffix: bytes = b""

    @property
    def total(self) -> int | None:
        """Octets of everything, or ``None``."""
        return None if self.size is None else len(self.prefix) + self.size + len(self.suffix)

    def inside(self, tag: int, *, before: bytes = b"", after: bytes = b"") -> Frame:
        """Put it into a constructed element, together with what stands before and behind it there."""
        if self.total is None:
            prefix, end = bytes([tag]) + b"\x80", END
        else:
            prefix, end = bytes([tag]), b""
            prefix += write_length(len(before) + self.total + len(after))
        return Frame(
            prefix=prefix + before + self.prefix, size=self.size, suffix=self.suffix + after + end
        )

    @classmethod
    def string(cls, tag: int, size: int | None) -> Frame:
        """Begin with an OCTET STRING, or an implicit one; open-ended it is constructed of pieces.

        Args:
            tag: Of the primitive form.
            size: Octets of the content, or ``None``.
        """
        if size is None:
            return cls(prefix=bytes([tag | 0x20]) + b"\x80", suffix=END)
        return cls(prefix=bytes([tag]) + write_length(size), size=size)
