"""Connections that are kept open: after a renewal, in a forked process, and once a session is closed."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from tls.kit import World, keeping

from zeep_wssec import Keystore, Profile
from zeep_wssec.testing.authority import Issued
from zeep_wssec.testing.tls import ServerContext

each_session = pytest.mark.parametrize("kind", ["session", "httpx_session"])
forking = pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
threaded = pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")

FOR_EVER: dict[str, Any] = {"limits": httpx.Limits(keepalive_expiry=None)}
"""httpx closes by itself what was not used for five seconds, which a slow machine may take."""


def opened(profile: Profile, kind: str) -> Any:
    """Open a session of one of the two kinds."""
    return profile.session() if kind == "session" else profile.httpx_session(**FOR_EVER)


@dataclass
class Renewed:
    """A profile whose client certificate is another one as soon as it is told."""

    world: World
    path: Path
    seconds: list[float] = field(default_factory=lambda: [0.0])

    def put(self, issued: Issued) -> None:
        self.path.write_bytes(issued.pkcs12("secret", name="client"))
        self.seconds[0] += 2

    def profile(self) -> Profile:
        """A profile that reads the file once a second of a clock that stands still has passed."""
        store = Keystore.load(
            self.path, password="secret", cache_seconds=1, clock=lambda: self.seconds[0]
        )
        return self.world.profile(store)


@pytest.fixture
def renewed(world: World, tmp_path: Path) -> Renewed:
    made = Renewed(world, tmp_path / "client.p12")
    made.put(world.client)
    return made


def shown(context: ServerContext) -> list[int]:
    return [item.serial_number for item in context.clients if item]


@each_session
def test_connection_that_is_open_shows_no_certificate_of_the_past(
    world: World, renewed: Renewed, kind: str
) -> None:
    """A connection is used again until the certificate is renewed; then the new one is shown at once."""
    context, second = world.context(), world.middle.issue("CN=client")
    with keeping(context) as address, opened(renewed.profile(), kind) as session:
        before = [session.get(address).text for _ in range(2)]
        renewed.put(second)
        after = [session.get(address).text for _ in range(2)]
    assert (before, after) == (["0", "0"], ["1", "1"])
    assert shown(context) == [item.certificate.serial_number for item in (world.client, second)]


def open_connections() -> int:
    """Count the connections with TLS that this process has made and not closed."""
    gc.collect()
    return sum(
        issubclass(type(item), ssl.SSLSocket) and not item.server_side and item.fileno() >= 0
        for item in gc.get_objects()
    )


@each_session
def test_many_renewals_leave_nothing_open(world: World, renewed: Renewed, kind: str) -> None:
    """Connections of the past are closed, and not when the session is, years later."""
    pairs = (world.middle.issue("CN=client"), world.client)
    with keeping(world.context()) as address, opened(renewed.profile(), kind) as session:
        counts = []
        for number in range(6):
            renewed.put(pairs[number % 2])
            assert session.get(address).text == str(number)
            counts.append(open_connections())
        assert set(counts) == {counts[0]}


def test_many_renewals_under_asyncio(world: World, renewed: Renewed) -> None:
    """The same, in an event loop; what is under way on a connection of the past is read to its end."""
    pairs = (world.middle.issue("CN=client"), world.client)

    async def ask(address: str) -> tuple[list[str], int]:
        async with renewed.profile().async_session(**FOR_EVER) as session:
            answers = []
            async with session.stream("GET", address) as slow:
                for number in range(4):
                    renewed.put(pairs[number % 2])
                    answers.append((await session.get(address)).text)
                answers.append((await slow.aread()).decode())
            await session.get(address)
            transport: Any = session._transport
            return answers, len(transport._connections.all())

    with keeping(world.context()) as address:
        assert asyncio.run(ask(address)) == (["1", "2", "3", "4", "0"], 1)


def test_answer_of_the_past_is_read_to_its_end(world: World, renewed: Renewed) -> None:
    """What is under way when the certificate is renewed goes on; its connection is closed then."""
    with (
        keeping(world.context()) as address,
        renewed.profile().httpx_session(**FOR_EVER) as session,
    ):
        transport: Any = session._transport
        with session.stream("GET", address) as slow:
            renewed.put(world.middle.issue("CN=client"))
            assert session.get(address).text == "1"
            assert len(transport._connections.all()) == 2
            assert slow.read() == b"0"
        assert len(transport._connections.all()) == 1


def in_child(work: Callable[[], bool]) -> int:
    """Give the exit code of a forked process: 0 where ``work`` is true."""
    child = os.fork()
    if not child:
        code = 2
        try:
            signal.alarm(60)
            code = 0 if work() else 1
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


@forking
@threaded
@each_session
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_forked_process_has_connections_of_its_own(world: World, kind: str, scheme: str) -> None:
    """Parent and child never write to one connection: TLS breaks there, and answers go to the wrong one."""
    context = world.context() if scheme == "https" else None
    with keeping(context) as address, opened(world.profile(), kind) as session:
        assert session.get(address).text == "0"
        assert in_child(lambda: session.get(address).text == "1") == 0
        assert session.get(address).text == "0"


@forking
@threaded
def test_forked_process_under_asyncio(world: World) -> None:
    """The same with the asynchronous client, in an event loop of the child's own."""

    def ask_again(session: Any, address: str) -> bool:
        async def ask() -> str:
            return str((await session.get(address)).text)

        thread_answer: list[str] = []
        thread = threading.Thread(target=lambda: thread_answer.append(asyncio.run(ask())))
        thread.start()
        thread.join()
        return thread_answer == ["1"]

    async def ask(address: str) -> tuple[str, int, str]:
        async with world.profile().async_session(**FOR_EVER) as session:
            first = (await session.get(address)).text
            code = in_child(lambda: ask_again(session, address))
            return first, code, (await session.get(address)).text

    with keeping(world.context()) as address:
        assert asyncio.run(ask(address)) == ("0", 0, "0")


def test_session_that_is_closed_twice(world: World) -> None:
    """It does no harm; with httpx it is over then, as httpx has it."""
    with keeping(world.context()) as address:
        session, other = world.profile().session(), world.profile().httpx_session(**FOR_EVER)
        assert (session.get(address).text, other.get(address).text) == ("0", "1")
        for item in (session, other, session, other):
            item.close()
        with pytest.raises(RuntimeError, match="has been closed"):
            other.get(address)


def test_asynchronous_session_that_is_closed_twice(world: World) -> None:
    """The same in an event loop."""

    async def ask(address: str) -> str:
        session = world.profile().async_session(**FOR_EVER)
        answer = (await session.get(address)).text
        await session.aclose()
        await session.aclose()
        with pytest.raises(RuntimeError, match="has been closed"):
            await session.get(address)
        return answer

    with keeping(world.context()) as address:
        assert asyncio.run(ask(address)) == "0"


def test_pool_that_cannot_be_closed(
    world: World, renewed: Renewed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when its event loop is gone: that is no failure of the call that would close it."""
    close = httpx.AsyncHTTPTransport.aclose
    closed = []

    async def fail(pool: httpx.AsyncHTTPTransport) -> None:
        await close(pool)
        closed.append(pool)
        if len(closed) == 1:
            raise RuntimeError("Event loop is closed")

    async def ask(address: str) -> list[str]:
        async with renewed.profile().async_session(**FOR_EVER) as session:
            first = (await session.get(address)).text
            renewed.put(world.middle.issue("CN=client"))
            return [first, (await session.get(address)).text]

    monkeypatch.setattr(httpx.AsyncHTTPTransport, "aclose", fail)
    with keeping(world.context()) as address:
        assert asyncio.run(ask(address)) == ["0", "1"]
    assert len(closed) == 2
