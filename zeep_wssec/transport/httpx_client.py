"""Clients of httpx with a profile's TLS: its trust, its client certificate, its errors."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from typing import Any, Generic, TypeVar

import httpx

from zeep_wssec.errors import ProfileError, TransportSecurityError
from zeep_wssec.transport.redirects import check_redirect, origin_of
from zeep_wssec.transport.tls import ContextSource
from zeep_wssec.transport.tls_failures import tls_failure

_FIRST = "zeep_wssec.origin"
_Inner = TypeVar("_Inner", httpx.HTTPTransport, httpx.AsyncHTTPTransport)


class _Connections(Generic[_Inner]):
    """What the two transports share: the pool for the present client certificate, and those of before."""

    def __init__(
        self, source: ContextSource, make: Callable[..., _Inner], options: dict[str, Any]
    ) -> None:
        self._source, self._options = source, options
        self._make: Callable[..., _Inner] = make
        self._context: ssl.SSLContext | None = None
        self._pools: list[_Inner] = []
        self.present()

    def present(self) -> _Inner:
        """Give the pool for new requests; what is under way in an older one goes on."""
        context = self._source.current()
        if context is not self._context:
            self._pools.append(self._make(verify=context, trust_env=False, **self._options))
            self._context = context
        return self._pools[-1]

    def all(self) -> tuple[_Inner, ...]:
        """Give every pool there is, to close it."""
        pools, self._pools = tuple(self._pools), self._pools[-1:]
        return pools

    def explain(self, error: Exception, request: httpx.Request) -> Exception:
        """Give our error for a failure of TLS, or the same one."""
        return tls_failure(error, str(request.url), self._source.current()) or error


def _check_origin(request: httpx.Request) -> None:
    """Refuse a request that a redirect has led to another server; httpx hands on a request's extensions."""
    first = request.extensions.setdefault(_FIRST, origin_of(str(request.url)))
    check_redirect(first, str(request.url))


class TLSTransport(httpx.BaseTransport):
    """Sends through connections with a profile's TLS."""

    def __init__(self, source: ContextSource, **options: Any) -> None:
        self._connections = _Connections(source, httpx.HTTPTransport, options)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request.

        Raises:
            TransportSecurityError: The server is not trusted, refuses us, or redirects to another one.
        """
        _check_origin(request)
        try:
            return self._connections.present().handle_request(request)
        except (httpx.TransportError, OSError) as error:
            raise _alone(self._connections.explain(error, request), error) from None

    def close(self) -> None:
        """Close every connection."""
        for pool in self._connections.all():
            pool.close()


class AsyncTLSTransport(httpx.AsyncBaseTransport):
    """Does for ``httpx.AsyncClient`` what ``TLSTransport`` does for ``httpx.Client``."""

    def __init__(self, source: ContextSource, **options: Any) -> None:
        self._connections = _Connections(source, httpx.AsyncHTTPTransport, options)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request; see ``TLSTransport``."""
        _check_origin(request)
        try:
            return await self._connections.present().handle_async_request(request)
        except (httpx.TransportError, OSError) as error:
            raise _alone(self._connections.explain(error, request), error) from None

    async def aclose(self) -> None:
        """Close every connection."""
        for pool in self._connections.all():
            await pool.aclose()


def _alone(error: Exception, cause: Exception) -> Exception:
    """Give an error of ours without what the library raised, which holds the request; any other as it is."""
    if isinstance(error, TransportSecurityError):
        cause.__traceback__ = None
    return error


def make_client(source: ContextSource, *, timeout_seconds: float, **options: Any) -> httpx.Client:
    """Make a client with a profile's TLS; the options are those of ``httpx.Client``, and ``retries``."""
    transport = TLSTransport(source, **_of_transport(options))
    return httpx.Client(
        transport=transport, trust_env=False, **{"timeout": timeout_seconds, **options}
    )


def make_async_client(
    source: ContextSource, *, timeout_seconds: float, **options: Any
) -> httpx.AsyncClient:
    """Make an asynchronous client; see ``make_client``."""
    transport = AsyncTLSTransport(source, **_of_transport(options))
    return httpx.AsyncClient(
        transport=transport, trust_env=False, **{"timeout": timeout_seconds, **options}
    )


def _of_transport(options: dict[str, Any]) -> dict[str, Any]:
    """Take out of the options what connections are made by, and refuse what would take the profile's place.

    Raises:
        ProfileError: Trust, certificates or another transport are among them.
    """
    for name in ("verify", "cert", "trust_env", "transport", "mounts"):
        if name in options:
            raise ProfileError(
                f"{name} is settled by the profile.", hint="Set it under tls.", path=name
            )
    names = ("retries", "proxy", "limits", "http1", "http2", "local_address", "socket_options")
    return {name: options.pop(name) for name in names if name in options}
