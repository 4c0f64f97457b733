"""Sessions of requests with a profile's TLS: its trust, its client certificate, its errors."""

from __future__ import annotations

import threading
from collections.abc import Generator
from functools import partial
from typing import Any

import requests
from requests.adapters import HTTPAdapter

from zeep_wssec.errors import ProfileError
from zeep_wssec.forks import start_over_in_children
from zeep_wssec.transport.deadline import pool_classes
from zeep_wssec.transport.redirects import check_redirect, origin_of
from zeep_wssec.transport.tls import ContextSource
from zeep_wssec.transport.tls_failures import tls_failure
from zeep_wssec.transport.watched import WatchedContext

_HTTPS = "https://"
_KEPT = ("max_retries", "config", "_pool_connections", "_pool_maxsize", "_pool_block")
"""What an adapter of the caller hands on to ours: its retries and the size of its pool."""


class TimedAdapter(HTTPAdapter):
    """Gives each answer ``longest_seconds`` as a whole, and each wait ``timeout_seconds`` unless told otherwise."""

    def __init__(
        self,
        *,
        longest_seconds: float | None = None,
        timeout_seconds: float | None = None,
        retries: Any = 0,
    ) -> None:
        self._pools = None if longest_seconds is None else pool_classes(longest_seconds)
        self._timeout = timeout_seconds
        super().__init__(max_retries=retries)
        start_over_in_children(self)

    def start_over(self) -> None:
        """Leave the parent its connections: two processes on one of them read each other's answers."""
        kept: Any = self
        self.init_poolmanager(kept._pool_connections, kept._pool_maxsize, block=kept._pool_block)
        self.proxy_manager = {}

    def send(
        self, request: requests.PreparedRequest, *args: Any, timeout: Any = None, **options: Any
    ) -> requests.Response:
        """Send a request."""
        options["timeout"] = self._timeout if timeout is None else timeout
        return super().send(request, *args, **options)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        if self._pools is not None:
            self.poolmanager.pool_classes_by_scheme = self._pools

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(proxy, **kwargs)
        if self._pools is not None and not proxy.lower().startswith("socks"):
            manager.pool_classes_by_scheme = self._pools
        return manager


class TLSAdapter(TimedAdapter):
    """Uses a profile's context for every connection; requests would add its own CA bundle to it."""

    def __init__(self, source: ContextSource, **timing: Any) -> None:
        self._source = source
        self._context = source.current()
        self._lock = threading.Lock()
        super().__init__(**timing)

    def start_over(self) -> None:
        self._lock = threading.Lock()
        super().start_over()

    @classmethod
    def in_place_of(cls, adapter: HTTPAdapter, source: ContextSource, **timing: Any) -> TLSAdapter:
        """Make one with the retries and the pool of another."""
        made = cls(source, **timing)
        for name in _KEPT:
            if hasattr(adapter, name):
                setattr(made, name, getattr(adapter, name))
        kept: Any = made
        made.init_poolmanager(kept._pool_connections, kept._pool_maxsize, block=kept._pool_block)
        return made

    def send(
        self, request: requests.PreparedRequest, *args: Any, timeout: Any = None, **options: Any
    ) -> requests.Response:
        """Send a request; the settings of the profile take the place of the session's trust.

        Raises:
            UntrustedServerError: The server does not prove who it is.
            HandshakeRefusedError: The server ended the handshake.
        """
        context = self._renewed()
        try:
            return super().send(
                request, *args, timeout=timeout, **{**options, "verify": True, "cert": None}
            )
        except requests.RequestException as error:
            failure = tls_failure(error, request.url or "", context)
            if failure is None:
                raise
            raise failure from None  # theirs holds the request

    def _renewed(self) -> WatchedContext:
        """Give the context; connections that show a client certificate of the past are not used again."""
        # One after the other: a thread that was held up must not bring back what was there before.
        with self._lock:
            context = self._source.current()
            if context is not self._context:
                self._context = context
                # Calls that are under way keep the pools of before, which close with the last of them.
                super().start_over()
            return context

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **{**kwargs, "ssl_context": self._context})

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        return super().proxy_manager_for(proxy, **{**kwargs, "ssl_context": self._context})

    def build_connection_pool_key_attributes(
        self,
        request: requests.PreparedRequest,
        verify: Any,  # noqa: ARG002
        cert: Any = None,  # noqa: ARG002
    ) -> Any:
        host, _ = super().build_connection_pool_key_attributes(request, True, None)
        return host, {"ssl_context": self._context, "cert_reqs": "CERT_REQUIRED"}

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:  # noqa: ARG002
        conn.cert_reqs = "CERT_REQUIRED"


def make_session(source: ContextSource, **timing: Any) -> requests.Session:
    """Make a session with a profile's TLS.

    Args:
        source: Of its connections.
        **timing: ``timeout_seconds``, ``longest_seconds`` and ``retries``.
    """
    session = requests.Session()
    secure_session(session, source)
    session.mount(_HTTPS, TLSAdapter(source, **timing))
    session.mount("http://", TimedAdapter(**timing))
    return session


def secure_session(session: requests.Session, source: ContextSource, **timing: Any) -> None:
    """Put a profile's TLS into a session of the caller, whose proxies, retries and pools stay.

    Raises:
        ProfileError: It has an adapter for https of a kind of its own, past which TLS would be settled.
    """
    for prefix, adapter in tuple(session.adapters.items()):
        if not prefix.lower().startswith(_HTTPS):
            continue
        if type(adapter) in (HTTPAdapter, TLSAdapter):
            made = TLSAdapter.in_place_of(adapter, source, **timing)  # type: ignore[arg-type]
            session.mount(prefix, made)
        elif isinstance(adapter, HTTPAdapter):
            raise ProfileError(
                f"The session has a {type(adapter).__name__} for {prefix}, which would bring its own TLS.",
                hint="Mount an HTTPAdapter with your retries; the profile's trust is put into it.",
                path="transport.session",
            )
    session.trust_env = False
    # Whoever made the session may have made it of a class of its own.
    setattr(session, "resolve_redirects", partial(_follow, session))  # noqa: B010


def _follow(
    session: requests.Session,
    response: requests.Response,
    request: requests.PreparedRequest,
    *,
    yield_requests: bool = False,
    **options: Any,
) -> Generator[Any, None, None]:
    """Follow redirects one by one, on the same server only; in place of the session's own way."""
    first, count = origin_of(response.url), 0
    while True:
        step = type(session).resolve_redirects(
            session, response, request, yield_requests=True, **options
        )
        target: Any = next(step, None)
        if target is None:
            return
        if yield_requests:
            yield target
            return
        check_redirect(first, target.url or "")
        count += 1
        if count > session.max_redirects:
            raise requests.TooManyRedirects(
                f"More than {session.max_redirects} redirects.", response=response
            )
        request = target
        response = session.send(request, allow_redirects=False, **options)
        yield response
