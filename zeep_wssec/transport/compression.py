"""Reading an answer within a limit, compressed or not: what comes out is bounded, not only what comes in."""

from __future__ import annotations

import zlib
from typing import Final

from zeep_wssec.errors import TransportSecurityError
from zeep_wssec.transport.guard import too_large

ACCEPT_ENCODING: Final = "gzip, deflate"
"""What requests ask for, whatever else the HTTP library could decode."""
_MEMBER = b"\x1f"
"""How a member of gzip begins."""
_GZIP = 16 + zlib.MAX_WBITS
_NO_ENCODING = ("", "identity", "none", "utf-8", "utf8")
"""What says nothing: old servers put their charset there."""
_WINDOWS = {"gzip": _GZIP, "x-gzip": _GZIP, "deflate": zlib.MAX_WBITS}


class BoundedContent:
    """The octets of one answer.

    An HTTP library decodes a whole piece at once, and as many encodings in a row as a header names: a few
    kilobytes can become gigabytes before anybody counts. Here no more than the limit is ever made.

    Spec: RFC 9110, section 8.4, Content-Encoding.
    """

    def __init__(self, limit: int, encoding: str | None) -> None:
        """Begin an answer.

        Args:
            limit: Most octets, both as they come and decoded.
            encoding: ``Content-Encoding`` of the answer.

        Raises:
            TransportSecurityError: Another encoding than gzip and deflate, or more than one.
        """
        self._limit = limit
        self._read = 0
        self._content = bytearray()
        self._ended = False
        names = [item.strip().lower() for item in (encoding or "").split(",")]
        names = [item for item in names if item not in _NO_ENCODING]
        if len(names) > 1 or any(item not in _WINDOWS for item in names):
            raise _refused(
                f"The answer has the Content-Encoding {(encoding or '')[:80]!r}.",
                f"One of these at most was asked for: {ACCEPT_ENCODING}.",
            )
        self._window = _WINDOWS[names[0]] if names else None
        self._decoder = zlib.decompressobj(self._window) if self._window else None

    def add(self, piece: bytes) -> None:
        """Take in one piece as it comes.

        Raises:
            TransportSecurityError: The limit is passed, or the piece is not encoded as it says.
        """
        self._read += len(piece)
        if self._read > self._limit:
            raise too_large(self._limit)
        if self._decoder is None:
            self._content += piece
            return
        try:
            self._decode(piece)
        except zlib.error:
            raise _refused(
                "The answer is not compressed as its Content-Encoding says.",
                "It may come from a proxy or gateway in between; look at its log.",
            ) from None

    def octets(self) -> bytes:
        """Give what has come."""
        return bytes(self._content)

    def _decode(self, piece: bytes) -> None:
        rest = piece
        while rest and not self._ended:
            behind = self._decoder is not None and self._decoder.eof
            if behind and not rest.startswith(_MEMBER):
                # Padding behind the last member is part of nothing.
                self._ended = True
            else:
                rest = self._decode_member(rest)

    def _decode_member(self, piece: bytes) -> bytes:
        """Decode up to the end of a gzip member; give what stands behind it, where another may begin."""
        room = self._limit - len(self._content) + 1
        if self._decoder is None or self._decoder.eof:
            self._decoder = zlib.decompressobj(self._window or _GZIP)
        try:
            self._content += self._decoder.decompress(piece, room)
        except zlib.error:
            # Some servers write deflate without the frame of zlib around it.
            if self._window != zlib.MAX_WBITS or self._content or self._read > len(piece):
                raise
            self._window = -zlib.MAX_WBITS
            self._decoder = zlib.decompressobj(self._window)
            self._content += self._decoder.decompress(piece, room)
        if len(self._content) > self._limit or self._decoder.unconsumed_tail:
            raise too_large(self._limit)
        return self._decoder.unused_data if self._decoder.eof else b""


def _refused(text: str, hint: str) -> TransportSecurityError:
    error = TransportSecurityError(text, hint=hint)
    error.request_sent = "yes"
    return error
