"""The outer shape of OpenPGP data: which packets there are, before anything is given to GnuPG.

Spec: RFC 4880, section 4, Packet Syntax, and section 6.2, Forming ASCII Armor.
"""

from __future__ import annotations

import base64
import binascii
import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from zeep_wssec.errors import PayloadMalformedError
from zeep_wssec.payload.streams import PayloadReader

PUBLIC_KEY_ESK: Final = 1
SIGNATURE: Final = 2
SYMMETRIC_ESK: Final = 3
ONE_PASS: Final = 4
SECRET_KEY: Final = 5
PUBLIC_KEY: Final = 6
SECRET_SUBKEY: Final = 7
COMPRESSED: Final = 8
ENCRYPTED: Final = 9
"""Without protection against changes."""
MARKER: Final = 10
LITERAL: Final = 11
PROTECTED: Final = 18

_ARMOR: Final = b"-----BEGIN PGP "
_END: Final = b"\n-----END PGP "
_MAX_LINE_END: Final = 64
"""More than stands behind the mark in the longest line that ends a block."""
_CLEARTEXT: Final = b"-----BEGIN PGP SIGNED MESSAGE-----"
_MAX_PACKETS: Final = 64
_MAX_KEY_PACKETS: Final = 100_000


@dataclass(frozen=True)
class Packet:
    """One packet: its tag, and where its body begins and ends; no end for one whose length is open."""

    tag: int
    start: int
    end: int


def is_armored(head: bytes) -> bool:
    """Tell whether data is text.

    Raises:
        PayloadMalformedError: A cleartext signature: which of its text is signed is too easily mistaken.
    """
    head = head.lstrip()
    if head.startswith(_CLEARTEXT):
        raise PayloadMalformedError(
            "This is a message with a cleartext signature.",
            hint="Ask for a signed message, or for a detached signature.",
        )
    return head.startswith(_ARMOR)


def message_packets(reader: PayloadReader) -> list[Packet]:
    """Give the outer packets of binary data, from where the reader stands to its end.

    Raises:
        PayloadMalformedError: No packets, too many, or octets behind the last one.
    """
    found: list[Packet] = []
    size = reader.size or 0
    offset = 0
    while offset < size:
        if len(found) == _MAX_PACKETS:
            raise PayloadMalformedError(f"The data has more than {_MAX_PACKETS} packets.")
        packet = _read_packet(reader, offset, size)
        found.append(packet)
        offset = packet.end
    if not found:
        raise PayloadMalformedError("The data is empty.")
    return found


def check_encrypted(packets: list[Packet]) -> int:
    """Check that data is one encrypted message for public keys; give the tag of its container.

    Raises:
        PayloadMalformedError: It is something else: signed only, encrypted under a passphrase, several.
    """
    *sessions, last = [item.tag for item in packets if item.tag != MARKER] or [0]
    if last not in (ENCRYPTED, PROTECTED) or not sessions:
        raise PayloadMalformedError(
            "The data is not one encrypted message.",
            hint="If it is signed only, verify it." if last not in (ENCRYPTED, PROTECTED) else "",
        )
    if any(tag != PUBLIC_KEY_ESK for tag in sessions):
        raise PayloadMalformedError(
            "The data is encrypted under a passphrase, or holds something beside the message.",
            hint="Only messages that are encrypted to keys are read.",
        )
    return last


def check_signed(packets: list[Packet]) -> None:
    """Check that data is one signed message.

    Raises:
        PayloadMalformedError: It is something else: encrypted, a signature alone, several.
    """
    tags = [item.tag for item in packets if item.tag != MARKER]
    body = [tag for tag in tags if tag not in (ONE_PASS, SIGNATURE)]
    if tags and set(tags) <= {SIGNATURE}:
        raise PayloadMalformedError(
            "This is a signature alone.", hint="Give what it signs as content=…."
        )
    if body not in ([LITERAL], [COMPRESSED]):
        raise PayloadMalformedError(
            "The data is not one signed message.",
            hint="If it is encrypted, open it." if ENCRYPTED in tags or PROTECTED in tags else "",
        )


def check_detached(packets: list[Packet]) -> None:
    """Check that data is signatures alone.

    Raises:
        PayloadMalformedError: It is something else.
    """
    if any(item.tag not in (SIGNATURE, MARKER) for item in packets):
        raise PayloadMalformedError("This is not a detached signature.")


def check_one_block(reader: PayloadReader) -> None:
    """Check that armored data is one block, with nothing but white space around it.

    Raises:
        PayloadMalformedError: There is more: readers do not agree on what of it counts. Or it has no end.
    """
    begins, tail = 0, b""
    last: bytes | None = None  # what stands behind the mark of the last line
    for chunk in reader.chunks():
        if last is None:
            seen = tail + chunk
            begins += seen.count(_ARMOR)
            _, mark, behind = seen.partition(_END)
            last = behind if mark else None
            tail = seen[1 - len(_ARMOR) :]
        else:
            last += chunk
        if last is not None:
            line, end, loose = last.partition(b"\n")
            if loose.strip() or len(line) > _MAX_LINE_END:
                raise _loose()
            last = line + end
    if begins == 1 and last is None:
        raise PayloadMalformedError(
            "The armored data is cut off: no line says END PGP.", hint="Transfer the file again."
        )
    if begins != 1:
        raise _loose()


def _loose() -> PayloadMalformedError:
    return PayloadMalformedError(
        "There is something beside the one block of the armored data.",
        hint="Cut out the block, from its BEGIN to its END.",
    )


def read_armor(text: bytes) -> bytes:
    """Give the octets of all blocks of an armored file, as of a key ring.

    Raises:
        PayloadMalformedError: A block is broken.
    """
    octets = bytearray()
    for block in _blocks(text.replace(b"\r\n", b"\n")):
        lines = block.split(b"\n")
        try:
            start = lines.index(b"") + 1
        except ValueError:
            start = 1
        body = [line for line in lines[start:] if line and not line.startswith(b"=")]
        try:
            octets += base64.b64decode(b"".join(body), validate=True)
        except binascii.Error:
            raise PayloadMalformedError("A block of the armor is not base64.") from None
    return bytes(octets)


def _blocks(text: bytes) -> Iterator[bytes]:
    at = 0
    while (start := text.find(_ARMOR, at)) >= 0:
        end = text.find(_END, start)
        if end < 0:
            raise PayloadMalformedError("A block of the armor has no end.")
        yield text[start:end]
        line = text.find(b"\n", end + 1)
        at = line + 1 if line >= 0 else len(text)


def key_packets(octets: bytes) -> Iterator[tuple[int, bytes]]:
    """Give tag and body of each packet of a key ring.

    Raises:
        PayloadMalformedError: It is cut off, or no packets.
    """
    reader = PayloadReader(io.BytesIO(octets), name="the key ring")
    offset, count = 0, 0
    while offset < len(octets):
        count += 1
        if count > _MAX_KEY_PACKETS:
            raise PayloadMalformedError(f"The key ring has more than {_MAX_KEY_PACKETS} packets.")
        packet = _read_packet(reader, offset, len(octets))
        yield packet.tag, octets[packet.start : packet.end]
        offset = packet.end


_MPIS: Final = {1: 2, 2: 2, 3: 2, 16: 3, 17: 4}
_CURVES: Final = {18: True, 19: False, 22: False}
"""Kinds of keys on a curve, and whether parameters of a derivation follow the point."""


def is_unprotected(body: bytes) -> bool:
    """Tell whether the secret key in a packet is readable without a passphrase.

    Raises:
        PayloadMalformedError: It is not a key of version 4, or of a kind that is not known.

    Spec: RFC 4880, sections 5.5.2 and 5.5.3; RFC 6637, section 9.
    """
    try:
        if body[0] != 4:
            raise PayloadMalformedError(f"A secret key of version {body[0]} is not read.")
        kind, offset = body[5], 6
        if kind in _CURVES:
            offset = _skip_mpi(body, offset + 1 + body[offset])
            if _CURVES[kind]:
                offset += 1 + body[offset]
        elif kind in _MPIS:
            for _ in range(_MPIS[kind]):
                offset = _skip_mpi(body, offset)
        else:
            raise PayloadMalformedError(f"A secret key of the kind {kind} is not known.")
        return body[offset] == 0
    except IndexError:
        raise PayloadMalformedError("A secret key is cut off.") from None


def _skip_mpi(body: bytes, offset: int) -> int:
    bits = int.from_bytes((body[offset], body[offset + 1]), "big")
    return offset + 2 + (bits + 7) // 8


def _read_packet(reader: PayloadReader, offset: int, size: int) -> Packet:
    first = _octets(reader, offset, 1)[0]
    if not first & 0x80:
        raise PayloadMalformedError("The data is not OpenPGP.")
    if first & 0x40:
        start, end = _new_length(reader, offset + 1, size)
        tag = first & 0x3F
    else:
        tag, form = (first >> 2) & 0x0F, first & 3
        if form == 3:
            # Open: to the end of the data.
            start, end = offset + 1, size
        else:
            width = 1 << form
            start = offset + 1 + width
            end = start + int.from_bytes(_octets(reader, offset + 1, width), "big")
    if end > size:
        raise PayloadMalformedError("The data is cut off.")
    return Packet(tag, start, end)


def _new_length(reader: PayloadReader, offset: int, size: int) -> tuple[int, int]:
    """Give start and end of a body with a length of the new form, however many parts it has."""
    start: int | None = None
    while offset < size:
        first = _octets(reader, offset, 1)[0]
        if first < 192:
            length, width, more = first, 1, False
        elif first < 224:
            length = ((first - 192) << 8) + _octets(reader, offset + 1, 1)[0] + 192
            width, more = 2, False
        elif first == 255:
            length, width, more = int.from_bytes(_octets(reader, offset + 1, 4), "big"), 5, False
        else:
            length, width, more = 1 << (first & 0x1F), 1, True
            if start is None and length < 512:
                raise PayloadMalformedError("The first part of a packet is too short.")
        start = offset + width if start is None else start
        offset += width + length
        if not more:
            return start, offset
    raise PayloadMalformedError("The data is cut off.")


def _octets(reader: PayloadReader, offset: int, count: int) -> bytes:
    reader.seek(offset)
    found = reader.read(count)
    if len(found) != count:
        raise PayloadMalformedError("The data is cut off.")
    return found
