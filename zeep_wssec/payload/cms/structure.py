"""ContentInfo: which structure the data is, and whether that is the one that is asked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from zeep_wssec.errors import PayloadError, PayloadMalformedError, PayloadUnsignedError
from zeep_wssec.keys.der import decode_oid, read_tlv
from zeep_wssec.payload.cms.algorithms import (
    AUTH_ENVELOPED,
    CONTENT_TYPES,
    DATA,
    ENVELOPED,
    SIGNED,
    SIGNED_AND_ENVELOPED,
)
from zeep_wssec.payload.cms.armour import Output
from zeep_wssec.payload.cms.ber import BerReader
from zeep_wssec.payload.cms.der import INTEGER, SEQUENCE, Frame, octet_string

_OID = 0x06
_INSTEAD = {
    SIGNED: "It is signed only: verify reads it.",
    ENVELOPED: "It is encrypted: decrypt or open reads it.",
    AUTH_ENVELOPED: "It is encrypted: decrypt or open reads it.",
    SIGNED_AND_ENVELOPED: "It is signed and encrypted at once: open reads it.",
}
_WITHOUT_SIGNATURE = (DATA, ENVELOPED, AUTH_ENVELOPED)


def read_oid(ber: BerReader) -> str:
    """Read an object identifier.

    Raises:
        PayloadMalformedError: There is none.
    """
    try:
        return decode_oid(read_tlv(ber.element(_OID))[1])
    except (ValueError, IndexError):
        raise PayloadMalformedError("An object identifier cannot be read.") from None


@contextmanager
def content_info(ber: BerReader) -> Iterator[str]:
    """Open ContentInfo up to the first field of the structure inside; at the end nothing may be left.

    A SignedData without ContentInfo around it is taken, too: some products write it so.

    Yields:
        The content type.
    """
    ber.enter(SEQUENCE)
    if ber.peek() == INTEGER:
        yield SIGNED
    else:
        number = read_oid(ber)
        ber.enter(0xA0)
        if number in (DATA,) or number not in CONTENT_TYPES:
            raise unexpected_structure(number, ())
        ber.enter(SEQUENCE)
        yield number
        ber.leave()
        ber.leave()
    ber.leave()
    ber.finish()


def unexpected_structure(number: str, wanted: Iterable[str]) -> PayloadError:
    """Make the error for another structure than those that are wanted."""
    name = CONTENT_TYPES.get(number, f"of type {number}")
    if number in _WITHOUT_SIGNATURE and SIGNED in wanted:
        return PayloadUnsignedError(
            f"A signature is demanded, and the data is {name}.", hint=_INSTEAD.get(number, "")
        )
    listed = " or ".join(CONTENT_TYPES[item] for item in wanted) or "CMS"
    return PayloadMalformedError(
        f"{listed} expected, but the data is {name}.", hint=_INSTEAD.get(number, "")
    )


def write_framed(
    out: Output, frame: Frame, pieces: Iterable[bytes], *, block_bytes: int | None
) -> None:
    """Write a frame with its content.

    Raises:
        PayloadError: The content has another size than it had before.
    """
    for piece in framed_pieces(frame, pieces, block_bytes=block_bytes):
        out.write(piece)


def framed_pieces(
    frame: Frame, pieces: Iterable[bytes], *, block_bytes: int | None
) -> Iterator[bytes]:
    """Give a frame with its content, piece by piece; open-ended, the content is cut into blocks."""
    yield frame.prefix
    if frame.size is None:
        for block in _blocks(pieces, block_bytes or 1024):
            yield octet_string(block)
    else:
        left = frame.size
        for piece in pieces:
            left -= len(piece)
            if left < 0:
                break
            yield piece
        if left:
            raise PayloadError("The data changed while it was read; nothing was written.")
    yield frame.suffix


def _blocks(pieces: Iterable[bytes], size: int) -> Iterator[bytes]:
    held = bytearray()
    for piece in pieces:
        held += piece
        whole = len(held) // size * size
        for at in range(0, whole, size):
            yield bytes(held[at : at + size])
        del held[:whole]
    if held:
        yield bytes(held)
