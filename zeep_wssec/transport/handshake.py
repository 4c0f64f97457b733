"""What a TLS handshake tells: Python's ssl hands its messages to a callback, and they are kept here.

The chain that a server presents is thrown away by OpenSSL when it is not trusted, and Python tells
neither whether a server asked for a client certificate nor whom it accepts. All of that stands in the
messages. They are looked at and nothing is decided by them: what OpenSSL accepts or refuses stays so.

Spec: RFC 5246, sections 7.4.2 and 7.4.4; RFC 8446, sections 4.3.2 and 4.4.2.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from typing import Any, Final

from zeep_wssec.errors import KeyLoadError
from zeep_wssec.keys.certificate import Certificate
from zeep_wssec.keys.der import read_tlv
from zeep_wssec.keys.names import (
    CanonicalName,
    canonical_name,
    format_rfc2253,
    printable,
    read_name,
)

_HANDSHAKE, _ALERT = 22, 21
_SERVER_HELLO, _TICKET, _CERTIFICATE, _CERTIFICATE_REQUEST = 2, 4, 11, 13
_AUTHORITIES_EXTENSION = 47
_FATAL = 2
MAX_CERTIFICATES: Final = 32
"""Certificates kept of one message; a chain has two or three."""
MAX_AUTHORITIES: Final = 1000
"""Names of accepted authorities that are kept; some servers send their whole CA bundle."""

Names = tuple[tuple[CanonicalName, str], ...]


class Handshake:
    """The facts of one connection, filled in while it is made."""

    def __init__(self, server_name: str) -> None:
        self.server_name = server_name
        self.presented: tuple[bytes, ...] = ()
        """Certificates of the server in DER, its own first."""
        self.sent: tuple[bytes, ...] | None = None
        """Certificates that we showed; empty when asked and none was there, ``None`` when not asked."""
        self.asked = False
        """Whether the server asked for a client certificate."""
        self.authorities: tuple[bytes, ...] = ()
        """Names in DER of those whose client certificates the server says that it accepts."""
        self.greeted = False
        """Whether the server answered in TLS at all."""
        self.finished = False
        """Whether the handshake was done as far as we are concerned."""
        self.answered = False
        """Whether anything but alerts was received since, or the server confirmed that it is satisfied."""
        self.alert: int | None = None
        """Number of the alert with which the server ended the connection."""

    def note(
        self, direction: str, version: int, content_type: int, message_type: int, data: bytes
    ) -> None:
        """Take in one message; what cannot be read leaves everything as it is."""
        mine, newer = direction == "write", version >= ssl.TLSVersion.TLSv1_3
        if content_type == _ALERT:
            if not mine and data[:1] == bytes([_FATAL]):
                self.alert = message_type
        elif content_type == _HANDSHAKE:
            body = bytes(data[4:])
            if message_type == _CERTIFICATE and mine:
                self.sent = tuple(_certificates(body, newer))
            elif mine:
                return
            elif message_type == _CERTIFICATE:
                self.presented = tuple(_certificates(body, newer))
            elif message_type == _CERTIFICATE_REQUEST:
                self.asked = True
                listed = _authorities_of_13(body) if newer else _authorities_of_12(body)
                self.authorities = tuple(_names(listed))
            elif message_type == _SERVER_HELLO:
                self.greeted = True
            elif message_type == _TICKET:
                self.answered = True

    @property
    def chain(self) -> tuple[Certificate, ...]:
        """What the server presented, as far as it can be read."""
        return tuple(_readable(self.presented))

    @property
    def shown(self) -> tuple[Certificate, ...]:
        """What we showed."""
        return tuple(_readable(self.sent or ()))

    @property
    def accepted(self) -> Names:
        """Whose client certificates the server says that it accepts: to compare, and to read."""
        found = []
        for name in self.authorities:
            try:
                rdns = read_name(read_tlv(name)[1])
            except (ValueError, IndexError):
                continue
            found.append((canonical_name(rdns), printable(format_rfc2253(rdns))))
        return tuple(found)


def watch(context: ssl.SSLContext) -> None:
    """Have every connection of a context note its messages; without effect where Python cannot.

    The callback is for debugging and not documented. Connections are the same without it; errors then
    say less.
    """
    if hasattr(ssl.SSLContext, "_msg_callback"):
        setattr(context, "_msg_callback", _note)  # noqa: B010  # type stubs do not know it


def _note(
    connection: Any, direction: str, version: int, content_type: int, message_type: int, data: bytes
) -> None:
    handshake = getattr(connection, "handshake", None)
    if not isinstance(handshake, Handshake) or content_type not in (_HANDSHAKE, _ALERT):
        return
    try:
        handshake.note(direction, version, content_type, int(message_type), data)
    except (ValueError, IndexError):
        return  # OpenSSL will say what it thinks of such a message


def _readable(items: tuple[bytes, ...]) -> Iterator[Certificate]:
    for der in items:
        try:
            yield Certificate.from_der(der)
        except KeyLoadError:
            return


def _certificates(body: bytes, newer: bool) -> Iterator[bytes]:
    """Read a Certificate message; that of TLS 1.3 begins with a context and has extensions behind each."""
    _, rest = _cut(body, 1) if newer else (b"", body)
    listed, _ = _cut(rest, 3)
    for _ in range(MAX_CERTIFICATES):
        if not listed:
            return
        der, listed = _cut(listed, 3)
        yield der
        if newer:
            _, listed = _cut(listed, 2)


def _authorities_of_12(body: bytes) -> bytes:
    """Give the list of accepted authorities, which stands behind the kinds of keys and signatures."""
    _, rest = _cut(body, 1)
    _, rest = _cut(rest, 2)
    return _cut(rest, 2)[0]


def _authorities_of_13(body: bytes) -> bytes:
    """Give the same list, in TLS 1.3 an extension."""
    _, rest = _cut(body, 1)
    extensions, _ = _cut(rest, 2)
    while extensions:
        kind = int.from_bytes(extensions[:2], "big")
        content, extensions = _cut(extensions[2:], 2)
        if kind == _AUTHORITIES_EXTENSION:
            return _cut(content, 2)[0]
    return b""


def _names(listed: bytes) -> Iterator[bytes]:
    for _ in range(MAX_AUTHORITIES):
        if not listed:
            return
        name, listed = _cut(listed, 2)
        yield name


def _cut(data: bytes, width: int) -> tuple[bytes, bytes]:
    """Take off a vector with its length in ``width`` octets.

    Raises:
        ValueError: It is not there as a whole.
    """
    end = width + int.from_bytes(data[:width], "big")
    if len(data) < max(end, width):
        raise ValueError("cut short")
    return data[width:end], data[end:]
