"""A renewed key pair: new connections show it, without a restart, and no call fails."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from tls.kit import World

from zeep_wssec import KeyLoadError, Keystore
from zeep_wssec.testing.authority import Issued


@dataclass
class Renewal:
    """A file that is read again after a second of a clock that stands still, and what may be put there."""

    world: World
    path: Path
    second: Issued
    seconds: list[float] = field(default_factory=lambda: [0.0])

    def write(self, issued: Issued) -> None:
        """Put a key pair into the file, and let the second pass."""
        self.path.write_bytes(issued.pkcs12("secret", name="client"))
        self.seconds[0] += 2

    def keystore(self) -> Keystore:
        """The keystore of the file."""
        return Keystore.load(
            self.path, password="secret", cache_seconds=1, clock=lambda: self.seconds[0]
        )


@pytest.fixture
def renewal(world: World, tmp_path: Path) -> Renewal:
    """The client's own key pair in the file, at first."""
    made = Renewal(world, tmp_path / "client.p12", world.middle.issue("CN=client"))
    made.write(world.client)
    return made


def test_next_connection_shows_it(world: World, renewal: Renewal) -> None:
    """A session that lives on shows the new certificate once the file has it."""
    context = world.context()
    profile = world.profile(renewal.keystore())
    with (
        world.served(context) as address,
        profile.session() as session,
        profile.httpx_session() as other,
    ):
        for issued in (world.client, renewal.second):
            renewal.write(issued)
            session.get(address)
            other.get(address)
    first, second = world.client.certificate, renewal.second.certificate
    assert context.clients == [first, first, second, second]


def test_next_connection_under_asyncio(world: World, renewal: Renewal) -> None:
    """The same with the asynchronous client, calls under way included."""
    context = world.context()
    profile = world.profile(renewal.keystore())

    async def ask(address: str) -> None:
        async with profile.async_session() as session:
            for issued in (world.client, renewal.second):
                renewal.write(issued)
                await asyncio.gather(*(session.get(address) for _ in range(4)))

    with world.served(context) as address:
        asyncio.run(ask(address))
    assert [item == world.client.certificate for item in context.clients] == [True] * 4 + [
        False
    ] * 4


def test_same_key_keeps_connections(world: World, renewal: Renewal) -> None:
    """A file that is read again and holds the same changes nothing."""
    with world.profile(renewal.keystore()).session() as session:
        adapter: Any = session.get_adapter("https://127.0.0.1/")
        before = adapter._renewed()
        renewal.write(world.client)
        assert adapter._renewed() is before
        renewal.write(renewal.second)
        assert adapter._renewed() is not before


def test_file_that_breaks(world: World, renewal: Renewal) -> None:
    """A file that cannot be used is overlooked for a minute, then an error of ours, until it is repaired."""
    with (
        world.served(world.context()) as address,
        world.profile(renewal.keystore()).session() as session,
    ):
        session.get(address)
        renewal.path.write_bytes(b"broken")
        renewal.seconds[0] += 2
        session.get(address)
        renewal.seconds[0] += 100
        with pytest.raises(KeyLoadError):
            session.get(address)
        renewal.write(renewal.second)
        assert session.get(address).status_code == 500


def test_under_load(world: World, renewal: Renewal) -> None:
    """Threads that share a session call on while the key pair changes: no call fails, both are seen."""
    context = world.context()
    with (
        world.served(context) as address,
        world.profile(renewal.keystore()).session() as session,
        ThreadPoolExecutor(8) as pool,
    ):
        calls = []
        for index in range(40):
            if index % 10 == 5:
                renewal.write((renewal.second, world.client)[index // 10 % 2])
            calls.append(pool.submit(lambda: session.get(address).status_code))
        assert {call.result() for call in calls} == {500}
    assert {item.serial_number for item in context.clients if item} == {
        world.client.certificate.serial_number,
        renewal.second.certificate.serial_number,
    }
