"""Clients of httpx with a profile's TLS: its trust, its client certificate, its errors."""

from __future__ import annotations

import ssl
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from contextlib import AsyncExitStack, ExitStack, suppress
from typing import Any, Generic, TypeVar, cast

import httpx

from zeep_wssec.errors import ProfileError, TransportSecurityError
from zeep_wssec.forks import start_over_in_children
from zeep_wssec.transport.redirects import check_redirect, origin_of
from zeep_wssec.transport.tls import ContextSource
from zeep_wssec.transport.tls_failures import tls_failure

_inherited: list[object] = []
"""Pools of the process that this one was forked from."""
_FIRST = "zeep_wssec.origin"
_Inner = TypeVar("_Inner", httpx.HTTPTransport, httpx.AsyncHTTPTransport)


class _Connections(Generic[_Inner]):
    """What the two transports share: the pool for the present client certificate, and those of before."""

    def __init__(
        self, source: ContextSource, make: Callable[..., _Inner], options: dict[str, Any]
    ) -> None:
        self._source, self._options = source, options
        self._make: Callable[..., _Inner] = make
        self._calls: dict[_Inner, int] = {}
        self.start_over()
        start_over_in_children(self)
        self._renew()

    def start_over(self) -> None:
        """Leave the parent its connections: two processes on one of them read each other's answers."""
        # Not closed, which would wait for locks of the parent's threads, and steer its event loop.
        _inherited.extend(self._calls)
        self._lock = threading.Lock()
        self._context: ssl.SSLContext | None = None
        self._calls = {}

    def _renew(self) -> _Inner:
        context = self._source.current()
        if context is not self._context:
            self._calls[self._make(verify=context, trust_env=False, **self._options)] = 0
            self._context = context
        return tuple(self._calls)[-1]

    def enter(self) -> tuple[_Inner, tuple[_Inner, ...]]:
        """Give the pool for a new request, which counts as used, and those to close that nobody uses."""
        with self._lock:
            present = self._renew()
            self._calls[present] += 1
            return present, self._unused()

    def leave(self, pool: _Inner) -> tuple[_Inner, ...]:
        """Tell that a request is over; gives the pools to close, as ``enter`` does."""
        with self._lock:
            if pool in self._calls:
                self._calls[pool] -= 1
            return self._unused()

    def _unused(self) -> tuple[_Inner, ...]:
        before = tuple(self._calls)[:-1]
        found = tuple(pool for pool in before if not self._calls[pool])
        for pool in found:
            del self._calls[pool]
        return found

    def all(self) -> tuple[_Inner, ...]:
        """Give every pool there is, to close it."""
        with self._lock:
            return tuple(self._calls)

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
        pool, unused = self._connections.enter()
        _close(unused)
        try:
            response = pool.handle_request(request)
        except BaseException as error:
            _close(self._connections.leave(pool))
            if not isinstance(error, httpx.TransportError | OSError):
                raise
            raise _alone(self._connections.explain(error, request), error) from None
        response.stream = _Stream(
            cast(httpx.SyncByteStream, response.stream),
            lambda: _close(self._connections.leave(pool)),
        )
        return response

    def close(self) -> None:
        """Close every connection."""
        for pool in self._connections.all():
            pool.close()


class _Stream(httpx.SyncByteStream):
    """An answer that tells when it was read, or given up."""

    def __init__(self, inner: httpx.SyncByteStream, over: Callable[[], None]) -> None:
        self._inner, self._over = inner, ExitStack()
        self._over.callback(over)

    def __iter__(self) -> Iterator[bytes]:
        yield from self._inner

    def close(self) -> None:
        with self._over:
            self._inner.close()


def _close(pools: Iterable[httpx.HTTPTransport]) -> None:
    """Close pools that nobody uses; whatever goes wrong there is no failure of the present call."""
    for pool in pools:
        with suppress(Exception):
            pool.close()


class AsyncTLSTransport(httpx.AsyncBaseTransport):
    """Does for ``httpx.AsyncClient`` what ``TLSTransport`` does for ``httpx.Client``."""

    def __init__(self, source: ContextSource, **options: Any) -> None:
        self._connections = _Connections(source, httpx.AsyncHTTPTransport, options)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request; see ``TLSTransport``."""
        _check_origin(request)
        pool, unused = self._connections.enter()
        await _aclose(unused)
        try:
            response = await pool.handle_async_request(request)
        except BaseException as error:
            await _aclose(self._connections.leave(pool))
            if not isinstance(error, httpx.TransportError | OSError):
                raise
            raise _alone(self._connections.explain(error, request), error) from None
        response.stream = _AsyncStream(
            cast(httpx.AsyncByteStream, response.stream),
            lambda: _aclose(self._connections.leave(pool)),
        )
        return response

    async def aclose(self) -> None:
        """Close every connection."""
        for pool in self._connections.all():
            await pool.aclose()


class _AsyncStream(httpx.AsyncByteStream):
    """Does for asynchronous answers what ``_Stream`` does."""

    def __init__(self, inner: httpx.AsyncByteStream, over: Callable[[], Awaitable[None]]) -> None:
        self._inner, self._over = inner, AsyncExitStack()
        self._over.push_async_callback(over)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for part in self._inner:
            yield part

    async def aclose(self) -> None:
        async with self._over:
            await self._inner.aclose()


async def _aclose(pools: Iterable[httpx.AsyncHTTPTransport]) -> None:
    for pool in pools:
        with suppress(Exception):  # such as an event loop that is not there any more
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
