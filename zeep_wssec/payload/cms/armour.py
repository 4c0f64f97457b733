"""DER, PEM and base64: told apart on input, written on output, both without holding all of it."""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, Literal, Protocol

from zeep_wssec.errors import PayloadMalformedError
from zeep_wssec.payload.streams import CHUNK_BYTES, PayloadReader, open_spool

Encoding = Literal["der", "pem", "base64"]

_SPACE: Final = b" \t\r\n"
_HEAD_BYTES: Final = 4096
"""How far a PEM's first line is looked for."""
_BEGIN: Final = re.compile(rb"\A-----BEGIN (CMS|PKCS7|PKCS #7 SIGNED DATA)-----[ \t]*\r?\n")
_MIME: Final = re.compile(
    rb"\A(?:MIME-Version|Content-[A-Za-z-]+|From|To|Subject|Received|Date):", re.IGNORECASE
)
_LINE: Final = 48
"""Octets in a line of 64 characters."""


@contextmanager
def open_armour(source: PayloadReader) -> Iterator[PayloadReader]:
    """Give the BER octets of a source that may be PEM or base64.

    Raises:
        PayloadMalformedError: It is neither, holds more than one block, or is a mail.
    """
    head = source.read(_HEAD_BYTES)
    if head[:1] == b"\x30":
        source.seek(0)
        yield source
        return
    if not head.strip(_SPACE):
        raise PayloadMalformedError("The data is empty.")
    start = len(head) - len(head.lstrip(_SPACE))
    text = head[start:]
    if _MIME.match(text):
        raise PayloadMalformedError(
            "This is a mail (S/MIME), not CMS in DER, PEM or base64.",
            hint="Ask for DER: openssl cms … -outform DER; or take the base64 part out of the mail.",
        )
    begin = _BEGIN.match(text)
    if text.startswith(b"-----") and begin is None:
        raise PayloadMalformedError("A PEM block of another kind than CMS or PKCS7.")
    source.seek(start + (begin.end() if begin else 0))
    with open_spool() as spool:
        for octets in _decoded(source, end=_end_of(begin)):
            spool.write(octets)
        yield spool.reader(source.name)


def _end_of(begin: re.Match[bytes] | None) -> bytes:
    return b"" if begin is None else b"-----END " + begin[1] + b"-----"


def _decoded(source: PayloadReader, *, end: bytes) -> Iterator[bytes]:
    """Decode base64 up to ``end``; behind it only white space may stand."""
    held = b""
    for chunk in source.chunks():
        text = chunk
        if end and b"-" in text:
            # The END line may be cut by the piece: what follows it is short, or it is no PEM of ours.
            text += source.read(CHUNK_BYTES)
            body, found, rest = text.partition(end)
            if not found or rest.strip(_SPACE) or b"-" in body or source.read(1):
                raise PayloadMalformedError("The PEM block is not closed, or is not the only one.")
            yield from _octets(held + body.translate(None, _SPACE), last=True)
            return
        held += text.translate(None, _SPACE)
        usable = len(held) // 4 * 4
        if len(held) - usable == 0:
            usable = max(usable - 4, 0)  # the last four may be padded
        yield from _octets(held[:usable], last=False)
        held = held[usable:]
    if end:
        raise PayloadMalformedError("The PEM block is not closed.")
    yield from _octets(held, last=True)


def _octets(text: bytes, *, last: bool) -> Iterator[bytes]:
    try:
        if b"=" in text and not last:
            raise binascii.Error
        if text:
            yield binascii.a2b_base64(text, strict_mode=True)
    except binascii.Error:
        raise PayloadMalformedError("The data is neither DER nor base64.") from None


class Output(Protocol):
    """Takes octets: a sink of a result, or an encoder in front of one."""

    def write(self, data: bytes) -> None:
        """Take some octets."""


class ArmourWriter:
    """Writes octets to a sink as DER, PEM or base64."""

    def __init__(self, sink: Output, encoding: Encoding, *, label: str = "CMS") -> None:
        self._sink = sink
        self._encoding = encoding
        self._label = label
        self._held = b""
        if encoding == "pem":
            sink.write(f"-----BEGIN {label}-----\n".encode())

    def write(self, data: bytes) -> None:
        """Take some octets."""
        if self._encoding == "der":
            self._sink.write(data)
            return
        self._held += data
        whole = len(self._held) // _LINE * _LINE
        if whole >= _LINE * 64:
            self._encode(self._held[:whole])
            self._held = self._held[whole:]

    def close(self) -> None:
        """Write what is left."""
        if self._encoding == "der":
            return
        if self._held:
            self._encode(self._held)
        if self._encoding == "pem":
            self._sink.write(f"-----END {self._label}-----\n".encode())

    def _encode(self, data: bytes) -> None:
        text = binascii.b2a_base64(data, newline=False)
        if self._encoding == "base64":
            self._sink.write(text)
            return
        lines = [text[at : at + 64] for at in range(0, len(text), 64)]
        self._sink.write(b"\n".join(lines) + b"\n")
