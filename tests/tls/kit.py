"""A root, an intermediate, a server and a client; and the four ways in which a profile calls a server."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from zeep_wssec import TLS, Keystore, OverTLS, Profile
from zeep_wssec.testing.authority import Authority, Issued
from zeep_wssec.testing.loopback import serve
from zeep_wssec.testing.orders import WSDL, answer_order
from zeep_wssec.testing.partner import Answer, Partner
from zeep_wssec.testing.tls import ServerContext

Call = Callable[[Profile, str], Any]
ORDER = {"sku": "42", "quantity": 1, "nonce": "n1"}


@dataclass(frozen=True)
class World:
    """Keys that are valid now: TLS reads the machine's own clock."""

    root: Authority
    middle: Authority
    server: Issued
    client: Issued

    @classmethod
    def create(cls) -> World:
        """Make the keys."""
        # No two share a key: one that stands for another would hide a mistake.
        root = Authority.create("CN=Root,O=Example", reuse_keys=False)
        middle = root.intermediate("CN=Middle,O=Example")
        server = middle.issue("CN=server", san=["127.0.0.1"])
        return cls(root, middle, server, middle.issue("CN=client"))

    @property
    def alone(self) -> Keystore:
        """The client's key pair without the intermediate above it."""
        return Issued(self.client.certificate, self.client.private_key).keystore("client")

    def profile(self, keystore: Keystore | None = None, **tls: Any) -> Profile:
        """A profile with nothing but TLS: it trusts the root and shows the client's certificate."""
        settings = {"client_key": "client", "trust": (self.root.pem,), **tls}
        held = keystore or self.client.keystore("client")
        return Profile(keystore=held, tls=TLS(**settings), inbound=OverTLS())

    def context(self, **how: Any) -> ServerContext:
        """A server that wants a client certificate and trusts the root alone."""
        return ServerContext.create(self.server, **{"clients": self.root, **how})

    @contextmanager
    def served(self, context: ServerContext) -> Iterator[str]:
        """Serve orders, and give the address."""
        theirs = Profile(keystore=self.server.keystore("server"), inbound=OverTLS())
        with Partner(theirs, answer_order).serve(tls=context) as address:
            yield address


def zeep_sync(profile: Profile, address: str) -> Any:
    """Place an order through zeep."""
    with profile.client(WSDL, address=address) as client:
        return client.service.PlaceOrder(**ORDER).nonce


def zeep_async(profile: Profile, address: str) -> Any:
    """Place an order through zeep's asynchronous client."""

    async def call() -> Any:
        async with profile.async_client(WSDL, address=address) as client:
            return (await client.service.PlaceOrder(**ORDER)).nonce

    return asyncio.run(call())


def with_requests(profile: Profile, address: str) -> Any:
    """Ask through the session of requests."""
    with profile.session() as session:
        return session.get(address).status_code


def with_httpx(profile: Profile, address: str) -> Any:
    """Ask through the client of httpx."""
    with profile.httpx_session() as session:
        return session.get(address).status_code


def with_httpx_async(profile: Profile, address: str) -> Any:
    """Ask through the asynchronous client of httpx."""

    async def call() -> Any:
        async with profile.async_session() as session:
            return (await session.get(address)).status_code

    return asyncio.run(call())


CALLS = (zeep_sync, zeep_async, with_requests, with_httpx, with_httpx_async)


@contextmanager
def answering(context: ServerContext | None = None, answer: Answer | None = None) -> Iterator[str]:
    """Serve one and the same answer."""
    with serve(lambda content, headers: answer or Answer(status=200), tls=context) as address:
        yield address


class _Keeping(BaseHTTPRequestHandler):
    """Keeps connections open, and answers with the place of the connection among all that were accepted."""

    protocol_version = "HTTP/1.1"
    timeout = 60
    server: Any

    def do_GET(self) -> None:
        content = str(self.server.numbers[self.client_address]).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


class _KeepingServer(ThreadingHTTPServer):
    daemon_threads = False
    request_queue_size = 64

    def process_request(self, request: Any, client_address: Any) -> None:
        self.numbers[client_address] = len(self.numbers)
        super().process_request(request, client_address)


@contextmanager
def keeping(context: ServerContext | None = None) -> Iterator[str]:
    """Serve over connections that stay open; whoever connects closes them before this ends."""
    with _KeepingServer(("127.0.0.1", 0), _Keeping) as server:
        server.numbers = {}
        if context is not None:
            server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"{'http' if context is None else 'https'}://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()
            thread.join()
