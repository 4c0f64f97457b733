"""Replay stores of every kind, with a Redis server of their own."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import peers
import pytest

from zeep_wssec.replay import MemoryReplayStore
from zeep_wssec.replay.sqlite import SQLiteReplayStore

Start = Callable[..., str]


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC)

    def __call__(self) -> datetime:
        """Tell the time."""
        return self.now

    def after(self, seconds: float) -> datetime:
        """A moment seen from now."""
        return self.now + timedelta(seconds=seconds)


@pytest.fixture
def clock() -> Clock:
    """The present, standing still."""
    return Clock()


@pytest.fixture(scope="session")
def start_redis() -> Iterator[Start]:
    """Start a server with settings; gives the path of its socket. All end with the tests."""
    program = peers.require_program("redis-server", "valkey-server")
    peers.require_module("redis")
    # Not pytest's folder: the path of a socket must be short.
    folder = Path(tempfile.mkdtemp())
    started: list[subprocess.Popen[str]] = []

    def start(*settings: str) -> str:
        path = folder / f"{len(started)}.sock"
        port = () if "--port" in settings else ("--port", "0")
        server = subprocess.Popen(
            [program, *port, "--unixsocket", str(path), "--save", "", "--appendonly", "yes",
             "--appendfsync", "no", "--appendfilename", f"{path.stem}.aof",
             "--dir", str(folder), *settings],
            stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        started.append(server)
        assert server.stdout is not None
        assert any("ready to accept connections" in line.lower() for line in server.stdout)
        return f"unix://{path}"

    yield start
    for server in started:
        server.terminate()
        server.wait(10)
        assert server.stdout is not None
        server.stdout.close()
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def redis_url(start_redis: Start) -> str:
    """A server that all tests share."""
    return start_redis()


@pytest.fixture(params=["memory", "sqlite", "redis"])
def make_store(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[..., Any]:
    """Make a store of each kind; of those that share, each one made has the same entries."""
    if request.param == "memory":
        return MemoryReplayStore
    if request.param == "sqlite":
        return lambda **settings: SQLiteReplayStore(tmp_path / "replay.db", **settings)
    url = request.getfixturevalue("redis_url")
    from zeep_wssec.replay.redis import RedisReplayStore

    return lambda **settings: RedisReplayStore(url, prefix=f"{tmp_path}:", **settings)
