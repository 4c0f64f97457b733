"""Sessions: the profile's trust and nothing else, redirects on one server, retries and proxies of the caller."""

from __future__ import annotations

import asyncio
import socket
import socketserver
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests
from requests.adapters import HTTPAdapter
from tls.kit import Call, World, with_httpx, with_requests
from urllib3 import Retry

from zeep_wssec import ProfileError, TransportSecurityError, UntrustedServerError
from zeep_wssec.testing.in_process import ADDRESS, in_process_session
from zeep_wssec.testing.loopback import serve
from zeep_wssec.testing.orders import WSDL
from zeep_wssec.testing.partner import Answer


def fetch_requests(profile: Any, address: str, **options: Any) -> int:
    """Fetch with requests, following redirects."""
    with profile.session() as session:
        return int(session.get(address, **options).status_code)


def fetch_httpx(profile: Any, address: str) -> int:
    """Fetch with httpx, following redirects."""
    with profile.httpx_session(follow_redirects=True) as session:
        return int(session.get(address).status_code)


def fetch_httpx_async(profile: Any, address: str) -> int:
    """Fetch with httpx under asyncio, following redirects."""

    async def call() -> int:
        async with profile.async_session(follow_redirects=True) as session:
            return int((await session.get(address)).status_code)

    return asyncio.run(call())


FETCHES = (fetch_requests, fetch_httpx, fetch_httpx_async)
each_fetch = pytest.mark.parametrize("fetch", FETCHES)


class Site:
    """A server that redirects its first request to wherever it is told, and answers every other one."""

    def __init__(self) -> None:
        self.target, self.count = "", 0

    def respond(self, content: bytes, headers: Mapping[str, str]) -> Answer:
        self.count += 1
        if self.target and self.count == 1:
            return Answer(status=302, headers={"Location": self.target})
        return Answer(status=200)


@pytest.fixture
def other(world: World) -> Iterator[tuple[str, list[int]]]:
    """Another server, equally trusted, and how often it was asked."""
    asked: list[int] = []

    def respond(content: bytes, headers: Mapping[str, str]) -> Answer:
        asked.append(1)
        return Answer(status=200)

    with serve(respond, tls=world.context()) as address:
        yield address, asked


@each_fetch
def test_redirect_to_another_server(
    world: World, other: tuple[str, list[int]], fetch: Callable[..., int]
) -> None:
    """It is not called: our certificate, and what the request holds, is for the first one."""
    site, context = Site(), world.context()
    site.target = other[0]
    with (
        serve(site.respond, tls=context) as address,
        pytest.raises(TransportSecurityError, match="another server"),
    ):
        fetch(world.profile(), address)
    assert other[1] == []


@each_fetch
def test_redirect_on_the_same_server(world: World, fetch: Callable[..., int]) -> None:
    """It is followed."""
    site = Site()
    site.target = "/elsewhere"
    with serve(site.respond, tls=world.context()) as address:
        assert fetch(world.profile(), address) == 200
    assert site.count == 2


@each_fetch
def test_redirect_to_plain_http(world: World, fetch: Callable[..., int]) -> None:
    """The same name without TLS is another server."""
    site = Site()
    with serve(site.respond, tls=world.context()) as address:
        site.target = address.replace("https", "http")
        with pytest.raises(TransportSecurityError, match="another server"):
            fetch(world.profile(), address)


def test_redirect_without_end(world: World) -> None:
    """Redirects in a circle come to an end, as requests has it."""
    circle = Answer(status=302, headers={"Location": "/"})
    with (
        serve(lambda content, headers: circle, tls=world.context()) as address,
        pytest.raises(requests.TooManyRedirects),
    ):
        fetch_requests(world.profile(), address)


def test_redirect_that_is_not_followed(world: World, other: tuple[str, list[int]]) -> None:
    """Who asks not to follow gets the answer, wherever it leads."""
    site = Site()
    site.target = other[0]
    with serve(site.respond, tls=world.context()) as address:
        assert fetch_requests(world.profile(), address, allow_redirects=False) == 302


def test_wsdl_is_not_fetched_elsewhere(world: World, other: tuple[str, list[int]]) -> None:
    """zeep's transport follows no redirect to another server either, with a session of the caller or ours."""
    for session in (None, requests.Session()):
        site = Site()
        site.target = other[0]
        transport = world.profile().transport(session=session)
        with (
            transport.session,
            serve(site.respond, tls=world.context()) as address,
            pytest.raises(TransportSecurityError, match="another server"),
        ):
            world.profile().client(f"{address}orders.wsdl", transport=transport)
    assert other[1] == []


@pytest.mark.parametrize("name", ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_environment_brings_no_trust(
    world: World, call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """A CA that a variable names is not trusted."""
    (tmp_path / "root.pem").write_bytes(world.root.pem)
    monkeypatch.setenv(name, str(tmp_path / "root.pem"))
    with world.served(world.context()) as address, pytest.raises(UntrustedServerError):
        call(world.profile(trust=()), address)


def test_environment_takes_no_keys(
    world: World, call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The keys of the session go to no log that a variable names."""
    log = tmp_path / "keys.log"
    monkeypatch.setenv("SSLKEYLOGFILE", str(log))
    with world.served(world.context()) as address:
        call(world.profile(), address)
    assert not log.exists()


def test_options_of_a_call_bring_no_trust(world: World) -> None:
    """``verify=False`` of one call changes nothing."""
    with world.served(world.context()) as address, world.profile(trust=()).session() as session:
        session.verify = False
        with pytest.raises(UntrustedServerError):
            session.get(address, verify=False)


@pytest.mark.parametrize("name", ["verify", "cert", "trust_env", "transport", "mounts"])
def test_options_of_httpx(world: World, name: str) -> None:
    """What would take the place of the profile's TLS is refused by name."""
    for make in (world.profile().httpx_session, world.profile().async_session):
        with pytest.raises(ProfileError) as caught:
            make(**{name: None})
        assert caught.value.path == name


class OwnAdapter(HTTPAdapter):
    """An adapter that might do anything."""


def test_session_with_an_adapter_of_its_own(world: World) -> None:
    """An adapter that would settle TLS by itself is refused; a plain one gets the profile's, at any prefix."""
    session = requests.Session()
    session.mount("https://127.0.0.1", OwnAdapter())
    with pytest.raises(ProfileError, match="OwnAdapter"):
        world.profile().transport(session=session)
    session.mount("https://127.0.0.1", HTTPAdapter())
    world.profile(trust=()).transport(session=session)
    with world.served(world.context()) as address, session, pytest.raises(UntrustedServerError):
        session.get(address)


def test_session_in_process(world: World) -> None:
    """One that connects to nobody is left alone."""
    session = in_process_session(lambda content, headers: Answer(status=200))
    world.profile().transport(session=session)
    assert session.get(ADDRESS).status_code == 200


def test_retries_of_the_caller_are_kept(world: World) -> None:
    """A session given to zeep's transport keeps its retries and its pool."""
    session = requests.Session()
    retries = Retry(total=3, status_forcelist=[503])
    session.mount("https://", HTTPAdapter(max_retries=retries, pool_maxsize=7))
    world.profile().transport(session=session)
    adapter: Any = session.get_adapter("https://127.0.0.1/")
    assert (adapter.max_retries, adapter._pool_maxsize) == (retries, 7)


def test_retries_when_asked_for(world: World) -> None:
    """Nothing is tried again unless it is asked for."""
    answers = iter([503, 503, 200, 503])

    def respond(content: bytes, headers: Mapping[str, str]) -> Answer:
        return Answer(status=next(answers))

    retries = Retry(total=3, status_forcelist=[503], backoff_factor=0)
    with serve(respond, tls=world.context()) as address:
        with world.profile().session(retries=retries) as session:
            assert session.get(address).status_code == 200
        assert with_requests(world.profile(), address) == 503


def test_timeout(world: World) -> None:
    """Who does not answer is given up after the profile's time, or that of the call."""
    profile = world.profile()
    with socket.create_server(("127.0.0.1", 0)) as silent, profile.session() as session:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        with pytest.raises(requests.Timeout):
            session.get(address, timeout=0.05)
        adapter: Any = session.get_adapter(address)
        assert adapter._timeout == profile.plan.service.timeout_seconds


@contextmanager
def proxy() -> Iterator[tuple[str, list[bytes]]]:
    """A proxy for https, and what it was asked."""
    asked: list[bytes] = []

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            line = self.rfile.readline()
            asked.append(line)
            while self.rfile.readline().strip():
                pass
            host, _, port = line.split()[1].decode().rpartition(":")
            with socket.create_connection((host, int(port))) as there:
                self.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
                back = threading.Thread(target=pump, args=(there, self.connection))
                back.start()
                pump(self.connection, there)
                back.join()

    def pump(source: socket.socket, target: socket.socket) -> None:
        try:
            while data := source.recv(65536):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            return

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}", asked
        finally:
            server.shutdown()
            thread.join()


def test_proxy_of_requests(world: World) -> None:
    """A proxy is gone through, with the profile's TLS to the server behind it."""
    context = world.context()
    with proxy() as (via, asked), world.served(context) as address:
        with world.profile().session() as session:
            session.proxies = {"https": via}
            assert session.get(address).status_code == 500
        with world.profile(trust=()).session() as session, pytest.raises(UntrustedServerError):
            session.get(address, proxies={"https": via})
    assert len(asked) == 2
    assert context.clients == [world.client.certificate]


def test_proxy_of_httpx(world: World) -> None:
    """The same with httpx."""
    context = world.context()
    with proxy() as (via, asked), world.served(context) as address:
        with world.profile().httpx_session(proxy=via) as session:
            assert session.get(address).status_code == 500
        profile = world.profile(trust=())
        with profile.httpx_session(proxy=via) as session, pytest.raises(UntrustedServerError):
            session.get(address)
    assert len(asked) == 2
    assert context.clients == [world.client.certificate]


def test_proxy_under_zeep(world: World) -> None:
    """zeep's asynchronous client goes through a proxy that is given to its transport."""

    async def call(address: str, via: str) -> Any:
        profile = world.profile()
        transport = profile.async_transport(proxy=via)
        async with profile.async_client(WSDL, address=address, transport=transport) as client:
            return (await client.service.PlaceOrder(sku="42", quantity=1, nonce="n1")).nonce

    with proxy() as (via, asked), world.served(world.context()) as address:
        assert asyncio.run(call(address, via)) == "n1"
    assert asked


def test_basic_authentication(world: World) -> None:
    """Beside the certificate, or in its place, a user and password may go along."""
    seen: list[str] = []

    def respond(content: bytes, headers: Mapping[str, str]) -> Answer:
        seen.append(headers.get("Authorization", ""))
        return Answer(status=200)

    with serve(respond, tls=world.context()) as address:
        with world.profile().session() as session:
            session.get(address, auth=("alice", "ecila"))
        with world.profile().httpx_session(auth=("alice", "ecila")) as other:
            other.get(address)
        with_httpx(world.profile(), address)
    assert seen == ["Basic YWxpY2U6ZWNpbGE=", "Basic YWxpY2U6ZWNpbGE=", ""]
