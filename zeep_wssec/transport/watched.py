"""TLS connections that keep what their handshake told, and hold the server against its pins."""

from __future__ import annotations

import base64
import hashlib
import ssl
from typing import Any

from zeep_wssec.errors import KeyLoadError
from zeep_wssec.keys.certificate import Certificate
from zeep_wssec.transport.handshake import Handshake, watch

_WANTS_MORE = (ssl.SSLWantReadError, ssl.SSLWantWriteError)


class PinMismatch(ssl.SSLCertVerificationError):
    """The server is trusted, but is none of those that are pinned."""


class WatchedContext(ssl.SSLContext):
    """A context of a client whose connections keep what their handshake told.

    The host name and the path are OpenSSL's to check, as in any context; pins come on top.
    """

    pins: tuple[str, ...] = ()
    missing_issuer: str = ""
    """Issuer of the last client certificate that is sent, when the keystore does not have it."""
    latest: Handshake | None = None
    """What the latest connection told: for errors that come without it."""

    @classmethod
    def create(cls) -> WatchedContext:
        """Make a context that checks name and path and trusts nobody yet."""
        made = cls(ssl.PROTOCOL_TLS_CLIENT)
        made.sslsocket_class = _Socket
        made.sslobject_class = _Object
        watch(made)
        return made


def fingerprints(certificate: Certificate) -> tuple[str, str]:
    """Give the two pins that name a server: that of its certificate, and that of its key."""
    digest = hashlib.sha256(certificate.public_key_der).digest()
    return certificate.thumbprint_sha256, f"sha256//{base64.b64encode(digest).decode()}"


def _begin(connection: Any) -> Handshake:
    """Give the facts of a connection, from its first message on."""
    found = getattr(connection, "handshake", None)
    if not isinstance(found, Handshake):
        found = connection.handshake = Handshake(str(connection.server_hostname or ""))
        if isinstance(connection.context, WatchedContext):
            connection.context.latest = found
    return found


def _finish(connection: Any) -> None:
    """Hold the server against the pins, before anything is sent to it.

    Raises:
        PinMismatch: It has none of them.
    """
    connection.handshake.finished = True
    pins = getattr(connection.context, "pins", ())
    if not pins:
        return
    try:
        held = fingerprints(Certificate.from_der(connection.getpeercert(binary_form=True) or b""))
    except KeyLoadError:
        held = ("", "")
    if not set(held) & set(pins):
        raise _noted(PinMismatch(1, "the server has none of the pins"), connection)


def _noted(error: OSError, connection: Any) -> OSError:
    """Put the facts on an error: libraries wrap it, and who unwraps it finds them there."""
    setattr(error, "handshake", connection.handshake)  # noqa: B010  # ssl's classes have no such field
    return error


class _Socket(ssl.SSLSocket):
    """A connection of requests, or of httpx without asyncio."""

    handshake: Handshake
    _ahead: bytes = b""
    """Octets read while an alert was looked for."""

    def do_handshake(self, block: bool = False) -> None:
        _begin(self)
        try:
            super().do_handshake(block)
        except _WANTS_MORE:
            raise
        except OSError as error:
            raise _noted(error, self)  # noqa: B904  # it is the same error
        _finish(self)

    def read(self, size: int = 1024, buffer: Any = None) -> Any:
        if self._ahead and size:
            ahead, self._ahead = self._ahead, b""
            if buffer is None:
                return ahead
            buffer[: len(ahead)] = ahead
            return len(ahead)
        try:
            found = super().read(size, buffer)
        except _WANTS_MORE:
            raise
        except OSError as error:
            raise _noted(error, self)  # noqa: B904
        self.handshake.answered = self.handshake.answered or bool(found)
        return found

    def send(self, data: Any, flags: int = 0) -> int:
        try:
            return super().send(data, flags)
        except _WANTS_MORE:
            raise
        except OSError as error:
            raise self._alert_behind(_noted(error, self))  # noqa: B904

    def _alert_behind(self, error: OSError) -> OSError:
        """Look for the reason of a connection that the server has closed: it may lie there unread.

        In TLS 1.3 a server judges the client certificate while the request is on its way already.
        """
        if self.handshake.answered:
            return error
        try:
            self._ahead = super().read(1)
        except _WANTS_MORE:
            return error
        except OSError as behind:
            return error if self.handshake.alert is None else _noted(behind, self)
        return error


class _Object(ssl.SSLObject):
    """A connection of httpx under asyncio or trio."""

    handshake: Handshake

    def do_handshake(self) -> None:
        _begin(self)
        try:
            super().do_handshake()
        except _WANTS_MORE:
            raise
        except OSError as error:
            raise _noted(error, self)  # noqa: B904
        _finish(self)

    def read(self, size: int = 1024, buffer: Any = None) -> Any:
        try:
            found = super().read(size, buffer)
        except _WANTS_MORE:
            raise
        except OSError as error:
            raise _noted(error, self)  # noqa: B904
        self.handshake.answered = self.handshake.answered or bool(found)
        return found
