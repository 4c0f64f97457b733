"""Reading BER from a stream: headers one by one, small elements whole, long strings in pieces.

Definite and indefinite lengths, primitive and constructed strings, as X.690 allows them. Every length is
held against what encloses it, and everything but the content itself is bounded.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from zeep_wssec.errors import PayloadLimitError, PayloadMalformedError
from zeep_wssec.keys.der_writing import write_tlv
from zeep_wssec.payload.cms.der import OCTET_STRING
from zeep_wssec.payload.streams import CHUNK_BYTES, PayloadReader

MAX_STRUCTURE_BYTES: Final = 1024 * 1024
"""Everything that is not content: certificates, signers, recipients."""
MAX_DEPTH: Final = 40
"""Elements inside each other; a signed time stamp beside a signature needs twenty."""
_CONSTRUCTED: Final = 0x20
_PIECE: Final = 64 * 1024


class Mark(NamedTuple):
    """A place to come back to."""

    offset: int
    ends: tuple[int | None, ...]


class BerReader:
    """Walks through one BER value; what is not as expected raises ``PayloadMalformedError``."""

    def __init__(self, source: PayloadReader) -> None:
        self._source = source
        self._buffer = b""
        self._at = 0
        self._offset = 0
        """Octets taken so far."""
        self._ends: list[int | None] = []
        """Where each open element ends; ``None``: at its end-of-contents octets."""
        self._structure = 0

    # Elements.

    def peek(self) -> int | None:
        """Give the tag octet of the next element, or ``None`` at the end of the one that is open."""
        if self._ends and self._ends[-1] is not None and self._offset >= self._ends[-1]:
            return None
        if not self._fill(2):
            if self._ends or self._available():
                raise _cut_off()
            return None
        tag = self._buffer[self._at]
        if (
            self._ends
            and self._ends[-1] is None
            and self._buffer[self._at : self._at + 2] == b"\0\0"
        ):
            return None
        return tag

    def enter(self, *tags: int) -> int:
        """Open the next element, which must be constructed and have one of the tags; give its tag."""
        tag, length = self._header()
        if tag not in tags or not tag & _CONSTRUCTED:
            raise _unexpected(tag)
        self._open(length)
        return tag

    def leave(self) -> None:
        """Close the element that is open; nothing may be left in it."""
        if self.peek() is not None:
            raise PayloadMalformedError("An element holds more than it should.")
        if self._ends.pop() is None:
            self._take(2)

    def finish(self) -> None:
        """Demand that nothing stands behind the value."""
        if self._ends:
            raise _cut_off()
        if self._fill(1):
            raise PayloadMalformedError("Something stands behind the end of the data.")

    def element(self, *tags: int) -> bytes:
        """Give the next element whole, which must have one of the tags, if any are given.

        It and all inside come with definite lengths, the shortest there are.
        """
        tag = self.peek()
        if tag is None or (tags and tag not in tags):
            raise _unexpected(tag)
        return self._whole(verbatim=False)

    def verbatim(self) -> bytes:
        """Give the next element with its very octets; only an indefinite length becomes a definite one."""
        return self._whole(verbatim=True)

    def optional(self, *tags: int) -> bytes:
        """Give the next element whole if it has one of the tags, else nothing."""
        return self.element(*tags) if self.peek() in tags else b""

    def elements(self, tag: int, *, most: int, what: str, verbatim: bool = False) -> list[bytes]:
        """Give the members of a SET OF or SEQUENCE OF, each whole.

        Args:
            tag: Of the set.
            most: How many there may be.
            what: What they are, for the error.
            verbatim: Whether a member with a definite length keeps its octets, as a certificate must.

        Raises:
            PayloadLimitError: There are more than ``most``.
        """
        self.enter(tag)
        found: list[bytes] = []
        while self.peek() is not None:
            if len(found) == most:
                raise PayloadLimitError(f"More than {most} {what}.", limit=most)
            found.append(self._whole(verbatim=verbatim))
        self.leave()
        return found

    # Strings.

    def pieces(self, tag: int) -> Iterator[bytes]:
        """Give the octets of a string in pieces, whether it is primitive or constructed.

        Args:
            tag: Of the primitive form: ``OCTET_STRING``, or an implicit one.
        """
        held = bytearray()
        for size in self._segments(tag):
            while size:
                piece = self._take_some(min(size, CHUNK_BYTES))
                size -= len(piece)
                if not held and len(piece) >= _PIECE:
                    yield piece
                    continue
                held += piece
                if len(held) >= _PIECE:
                    yield bytes(held)
                    held.clear()
        if held:
            yield bytes(held)

    def skip(self, tag: int) -> int:
        """Pass over a string; give the number of its octets."""
        total = 0
        for size in self._segments(tag):
            self._skip(size)
            total += size
        return total

    def _segments(self, tag: int) -> Iterator[int]:
        """Give the size of each primitive segment; the caller takes its octets before the next one."""
        found, length = self._header()
        if found == tag and length is not None:
            yield length
            return
        if found != tag | _CONSTRUCTED:
            raise _unexpected(found)
        depth = len(self._ends)
        self._open(length)
        while True:
            if self.peek() is None:
                self.leave()
                if len(self._ends) == depth:
                    return
                continue
            found, length = self._header()
            if found == OCTET_STRING and length is not None:
                yield length
            elif found == OCTET_STRING | _CONSTRUCTED:
                self._open(length)
            else:
                raise _unexpected(found)

    # Coming back; only for sources that can be read twice.

    def mark(self) -> Mark:
        """Remember this place."""
        return Mark(self._offset, tuple(self._ends))

    def go_back(self, mark: Mark) -> None:
        """Go back to a place."""
        self._source.seek(mark.offset)
        self._buffer, self._at, self._offset = b"", 0, mark.offset
        self._ends = list(mark.ends)

    # Octets.

    def _whole(self, *, verbatim: bool) -> bytes:
        tag, length = self._header()
        if length is not None and (verbatim or not tag & _CONSTRUCTED):
            self._count(length)
            return write_tlv(tag, self._take(length))
        self._count(0)
        self._open(length)
        members = []
        while self.peek() is not None:
            members.append(self._whole(verbatim=verbatim))
        self.leave()
        return write_tlv(tag, b"".join(members))

    def _count(self, octets: int) -> None:
        self._structure += max(octets, 2)
        if self._structure > MAX_STRUCTURE_BYTES:
            raise PayloadLimitError(
                f"More than {MAX_STRUCTURE_BYTES} octets of certificates, signers and recipients.",
                limit=MAX_STRUCTURE_BYTES,
            )

    def _header(self) -> tuple[int, int | None]:
        tag, first = self._take(2)
        if tag & 0x1F == 0x1F or tag == 0:
            raise _unexpected(tag)
        if first < 0x80:
            length = first
        elif first == 0x80:
            if not tag & _CONSTRUCTED:
                raise PayloadMalformedError("A primitive element without a length.")
            return tag, None
        elif first > 0x88:
            raise PayloadMalformedError("A length that is no length.")
        else:
            length = int.from_bytes(self._take(first & 0x7F), "big")
        end = self._limit()
        if end is not None and self._offset + length > end:
            raise _cut_off()
        return tag, length

    def _limit(self) -> int | None:
        """Where the innermost element with a known end ends."""
        return next((end for end in reversed(self._ends) if end is not None), self._source.size)

    def _open(self, length: int | None) -> None:
        if len(self._ends) >= MAX_DEPTH:
            raise PayloadLimitError(f"Nested more than {MAX_DEPTH} deep.", limit=MAX_DEPTH)
        self._ends.append(None if length is None else self._offset + length)

    def _available(self) -> int:
        return len(self._buffer) - self._at

    def _fill(self, size: int) -> bool:
        """Have ``size`` octets in the buffer if there are so many."""
        if self._available() < size:
            more = self._source.read(max(size - self._available(), CHUNK_BYTES))
            self._buffer, self._at = self._buffer[self._at :] + more, 0
        return self._available() >= size

    def _take(self, size: int) -> bytes:
        end = self._limit()
        if not self._fill(size) or (end is not None and self._offset + size > end):
            raise _cut_off()
        return self._take_some(size)

    def _take_some(self, size: int) -> bytes:
        if not self._available() and not self._fill(1):
            raise _cut_off()
        taken = self._buffer[self._at : self._at + size]
        self._at += len(taken)
        self._offset += len(taken)
        return taken

    def _skip(self, size: int) -> None:
        buffered = min(size, self._available())
        self._at += buffered
        self._offset += buffered
        if size > buffered:
            self._offset += size - buffered
            self._source.seek(self._offset)
            self._buffer, self._at = b"", 0


def _cut_off() -> PayloadMalformedError:
    return PayloadMalformedError("The data is cut off.")


def _unexpected(tag: int | None) -> PayloadMalformedError:
    if tag is None:
        return PayloadMalformedError("An element is missing.")
    return PayloadMalformedError(f"An element that is not expected here (tag 0x{tag:02x}).")
