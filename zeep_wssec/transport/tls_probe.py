"""One look at a TLS server: what it presents, whether a profile trusts it, and what it makes of us.

The order of a check:

1. A connection as calls make it, with everything checked and our client certificate shown.
2. If the server is not trusted: another one that checks nothing, to see the rest. Our certificate is
   shown to it only when validation was given up by name.
3. If it asked for a client certificate: a GET, whose answer or alert tells whether ours is accepted.
"""

from __future__ import annotations

import contextlib
import ipaddress
import socket
import ssl
import time
from dataclasses import dataclass, replace

from zeep_wssec.errors import (
    TransportSecurityError,
    UntrustedServerError,
)
from zeep_wssec.keys.certificate import Certificate
from zeep_wssec.keys.snapshot import Snapshot
from zeep_wssec.settings.tls import TLS
from zeep_wssec.transport.client_certificate import ClientCertificate
from zeep_wssec.transport.handshake import Handshake
from zeep_wssec.transport.tls import client_context
from zeep_wssec.transport.tls_failures import (
    refused_by_answer,
    server_names,
    tls_failure,
)
from zeep_wssec.transport.watched import WatchedContext

_ANSWER_BYTES = 65536


@dataclass(frozen=True, kw_only=True)
class Target:
    """What is looked at."""

    host: str
    port: int = 443
    path: str = "/"
    """What is asked for, to see whether our certificate is accepted."""
    timeout_seconds: float = 10.0

    @property
    def address(self) -> str:
        """The address as calls have it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"https://{host}:{self.port}{self.path}"


@dataclass(frozen=True, kw_only=True)
class Contexts:
    """With which a server is looked at."""

    checked: WatchedContext
    """As calls use it."""
    unnamed: WatchedContext
    """The same without our certificate and without a look at the host name."""
    unchecked: WatchedContext
    """One that trusts anybody; with our certificate where that may be shown to anybody."""

    @classmethod
    def of(
        cls, tls: TLS, held: Snapshot, shown: ClientCertificate | None, *, validate: bool
    ) -> Contexts:
        """Make them from settings."""
        unpinned = replace(tls, pins=())
        unnamed = client_context(unpinned, held=held)
        unchecked = client_context(unpinned, held=held, shown=None if validate else shown)
        unnamed.check_hostname = unchecked.check_hostname = False
        unchecked.verify_mode = ssl.CERT_NONE
        checked = client_context(tls, held=held, shown=shown)
        return cls(checked=checked, unnamed=unnamed, unchecked=unchecked)


@dataclass(frozen=True, kw_only=True)
class Probe:
    """What was seen."""

    target: Target
    peer: str = ""
    """Address and port in numbers."""
    protocol: str = ""
    cipher: str = ""
    chain: tuple[Certificate, ...] = ()
    """As presented, the server's own first."""
    distrust: UntrustedServerError | None = None
    """Why it is not trusted."""
    asks: bool = False
    """Whether it asks for a client certificate."""
    accepts: tuple[str, ...] = ()
    """Authorities whose client certificates it says that it accepts; none: it does not say."""
    sent: tuple[Certificate, ...] = ()
    """What we showed."""
    accepted: bool | None = None
    """Whether it went on after that; ``None``: nothing was shown, or it is not known."""
    problem: TransportSecurityError | None = None
    """What ended the connection, besides distrust."""

    @property
    def name_matches(self) -> bool | None:
        """Whether the certificate is for the host; ``None`` without one."""
        return has_name(self.chain[0], self.target.host) if self.chain else None


def probe(target: Target, contexts: Contexts, *, validate: bool = True) -> Probe:
    """Look at a server.

    Args:
        target: Which.
        contexts: With which connections are made.
        validate: Whether an untrusted server ends the check; else what it makes of us counts all the same.

    Raises:
        TransportSecurityError: Nobody answers; ``reason`` is ``unreachable``.
    """
    # 1. As calls do it.
    seen, error = _look(target, contexts.checked)
    if not isinstance(error, UntrustedServerError):
        return _told(target, seen, problem=error)
    # 2. What there is to see besides.
    distrust: UntrustedServerError | None = error
    if error.reason == "name_mismatch":
        _, more = _look(target, contexts.unnamed)
        distrust = more if isinstance(more, UntrustedServerError) else None
    more_seen, problem = _look(target, contexts.unchecked)
    if validate:
        # It was not shown our certificate, so what it says about that is no news.
        problem = None
    return _told(
        target, more_seen if more_seen.handshake else seen, problem=problem, distrust=distrust
    )


@dataclass
class _Seen:
    """What one connection showed."""

    peer: str = ""
    handshake: Handshake | None = None
    protocol: str = ""
    cipher: str = ""
    presented: tuple[bytes, ...] = ()
    accepted: bool | None = None


def _told(
    target: Target,
    seen: _Seen,
    *,
    problem: TransportSecurityError | None,
    distrust: UntrustedServerError | None = None,
) -> Probe:
    handshake = seen.handshake or Handshake(target.host)
    refused = problem is not None and problem.reason == "client_certificate_refused"
    return Probe(
        target=target,
        peer=seen.peer,
        protocol=seen.protocol,
        cipher=seen.cipher,
        chain=handshake.chain or tuple(map(Certificate.from_der, seen.presented)),
        asks=handshake.asked,
        accepts=tuple(name for _, name in handshake.accepted),
        sent=handshake.shown,
        accepted=False if refused else seen.accepted,
        problem=problem,
        distrust=distrust,
    )


def _look(target: Target, context: WatchedContext) -> tuple[_Seen, TransportSecurityError | None]:
    seen = _Seen()
    context.latest = None
    try:
        with contextlib.ExitStack() as opened:
            plain = opened.enter_context(_connect(target, seen))
            stream = context.wrap_socket(plain, server_hostname=target.host)
            opened.enter_context(stream)
            _read_session(stream, seen)
            handshake = context.latest
            if handshake is None or handshake.asked:
                # 3. What it makes of our certificate.
                error = _ask(stream, target, context)
                if handshake is not None and handshake.sent:
                    seen.accepted = error is None
                return seen, error
    except OSError as error:
        failure = tls_failure(error, target.address, context)
        if failure is None:
            raise _unreachable(target, error) from None
        return seen, failure
    finally:
        seen.handshake = context.latest
    return seen, None


def _connect(target: Target, seen: _Seen) -> socket.socket:
    try:
        plain = socket.create_connection((target.host, target.port), target.timeout_seconds)
    except (OSError, UnicodeError) as error:
        raise _unreachable(target, error) from None
    seen.peer = "{} port {}".format(*plain.getpeername()[:2])
    return plain


def _read_session(stream: ssl.SSLSocket, seen: _Seen) -> None:
    seen.protocol = stream.version() or ""
    name, _, bits = stream.cipher() or ("", "", 0)
    seen.cipher = f"{name} ({bits} bits)"
    leaf = stream.getpeercert(binary_form=True)
    seen.presented = (leaf,) if leaf else ()


def _ask(
    stream: ssl.SSLSocket, target: Target, context: WatchedContext
) -> TransportSecurityError | None:
    """Ask for something, since a server judges a client certificate behind the handshake, or in its answer."""
    request = (
        f"GET {target.path} HTTP/1.1\r\nHost: {target.host}:{target.port}\r\n"
        "User-Agent: zeep-wssec\r\nAccept: */*\r\nConnection: close\r\n\r\n"
    )
    try:
        stream.sendall(request.encode("ascii", "replace"))
        answer = _read_answer(stream)
    except TimeoutError:
        return None  # it has not refused
    except OSError as error:
        return tls_failure(error, target.address, context)
    status = answer.split(b" ", 2)[1:2]
    if answer.startswith(b"HTTP/") and status and status[0].isdigit():
        return refused_by_answer(target.address, context, status=int(status[0]), content=answer)
    if answer:
        return None
    return tls_failure(ssl.SSLEOFError("the connection was closed"), target.address, context)


def _read_answer(stream: ssl.SSLSocket) -> bytes:
    answer = b""
    latest = time.monotonic() + (stream.gettimeout() or 0)
    while len(answer) < _ANSWER_BYTES and time.monotonic() <= latest:
        piece = stream.recv(_ANSWER_BYTES - len(answer))
        if not piece:
            break
        answer += piece
    return answer


def _unreachable(target: Target, error: Exception) -> TransportSecurityError:
    failure = TransportSecurityError(
        f"{target.host} port {target.port} cannot be reached: {str(error)[:200] or type(error).__name__}.",
        hint="See the name, the port and the firewall; this check does not go through a proxy.",
        reason="unreachable",
    )
    failure.request_sent = "no"
    return failure


def has_name(certificate: Certificate, host: str) -> bool:
    """Tell whether a certificate is for a host, by its alternative names alone.

    Spec: RFC 9525, section 6.3.
    """
    names = [name.lower().rstrip(".") for name in server_names(certificate)]
    try:
        wanted = str(ipaddress.ip_address(host))
    except ValueError:
        wanted = host.lower().rstrip(".")
        if f"*.{wanted.partition('.')[2]}" in names and "." in wanted:
            return True
    return wanted in names
