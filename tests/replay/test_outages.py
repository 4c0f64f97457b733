"""What a replay store rests on fails in the middle of its work: nothing that was accepted is accepted again."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import peers
import pytest
from replay.conftest import Clock
from roundtrip.pair import NOW, SIGNED, envelope, keystore, service

from zeep_wssec import Inbound, MessageExpiredError, Profile
from zeep_wssec.errors import ReplayError
from zeep_wssec.replay import ReplayStore
from zeep_wssec.replay.redis import RedisReplayStore

KEYS = [hashlib.sha256(n.to_bytes(4, "big")).digest() for n in range(3000)]


class Server:
    """A Redis server that can be killed and started again where it was."""

    def __init__(self, folder: Path) -> None:
        self.program = peers.require_program("redis-server", "valkey-server")
        peers.require_module("redis")
        self.folder = folder
        self.url = f"unix://{folder}/s.sock"

    def start(self, *, appendonly: bool = True) -> None:
        """Start it; with a log on its disk, as the store demands it."""
        self.process = subprocess.Popen(
            [self.program, "--port", "0", "--unixsocket", f"{self.folder}/s.sock", "--save", "",
             "--appendonly", "yes" if appendonly else "no", "--appendfsync", "always",
             "--dir", str(self.folder)],
            stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert self.process.stdout is not None
        assert any("ready to accept connections" in line.lower() for line in self.process.stdout)

    def kill(self) -> None:
        """End it as a failure does: it cannot do anything before."""
        self.process.kill()
        self.process.wait(30)
        assert self.process.stdout is not None
        self.process.stdout.close()


@pytest.fixture
def server() -> Iterator[Server]:
    """A server of the test's own, running."""
    # Not pytest's folder: the path of a socket must be short.
    with tempfile.TemporaryDirectory() as folder:
        made = Server(Path(folder))
        made.start()
        yield made
        made.kill()


def attempt(store: ReplayStore, key: bytes, clock: Clock) -> bool | None:
    """Whether a key was taken for new; ``None``: the store could not tell."""
    try:
        return store.add_if_absent(key, clock.after(600))
    except ReplayError:
        return None


def test_redis_killed_in_the_middle(server: Server, clock: Clock) -> None:
    """Four threads add while the server is killed and comes back: what was new once is never new again."""
    store = RedisReplayStore(server.url, clock=clock)
    told: dict[bytes, bool | None] = {}
    halfway = threading.Event()

    def add(keys: list[bytes]) -> None:
        for number, key in enumerate(keys):
            told[key] = attempt(store, key, clock)
            if number == len(keys) // 2:
                halfway.set()

    with ThreadPoolExecutor(4) as pool:
        done = [pool.submit(add, KEYS[n::4]) for n in range(4)]
        assert halfway.wait(60)
        server.kill()
        for item in done:
            item.result(60)
    assert attempt(store, hashlib.sha256(b"away").digest(), clock) is None
    server.start()
    assert set(told.values()) == {True, None}
    again = {key: attempt(store, key, clock) for key in KEYS}
    # What the store could not tell may have been entered; what it has told of was, and is there.
    assert not [key for key in KEYS if told[key] and again[key] is not False]
    assert True in again.values()
    assert [attempt(store, key, clock) for key in KEYS] == [False] * len(KEYS)


def test_redis_that_would_forget(server: Server, clock: Clock) -> None:
    """A server without a log is refused, the one that took the place of another included; a reason lifts it."""
    store = RedisReplayStore(server.url, clock=clock)
    assert store.add_if_absent(KEYS[0], clock.after(600))
    server.kill()
    assert attempt(store, KEYS[1], clock) is None
    server.start(appendonly=False)
    with pytest.raises(ReplayError, match="no log on its disk") as caught:
        store.add_if_absent(KEYS[0], clock.after(600))
    assert "volatile" in caught.value.hint
    stated = RedisReplayStore(server.url, volatile="a test", clock=clock)
    assert stated.add_if_absent(KEYS[1], clock.after(600))


def test_redis_and_a_clock_that_is_ahead(redis_url: str, clock: Clock, tmp_path: Path) -> None:
    """What is accepted by a clock of tomorrow is known tomorrow as well."""
    import redis

    prefix = f"{tmp_path}:"
    store = RedisReplayStore(redis_url, prefix=prefix, clock=clock)
    clock.now = clock.after(86400)
    assert store.add_if_absent(KEYS[0], clock.after(300))
    with redis.Redis.from_url(redis_url) as client:
        assert client.pttl(prefix + KEYS[0].hex()) > 86_400_000


FULL = """
import json, resource, signal, sys
sys.path[:0] = json.loads(sys.argv[2])
from replay.test_outages import KEYS, attempt
from replay.conftest import Clock
from zeep_wssec.replay.sqlite import SQLiteReplayStore

clock = Clock()
store = SQLiteReplayStore(sys.argv[1], clock=clock)
before = store.add_if_absent(KEYS[-1], clock.after(600))
_, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (150_000, hard))
first = [attempt(store, key, clock) for key in KEYS]
again = [attempt(store, key, clock) for key in KEYS]
resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
last = [attempt(store, key, clock) for key in KEYS]
print(json.dumps([first, again, last]))
"""


@peers.needs(sys.platform != "win32", "this system has no limit on the size of files")
def test_sqlite_without_room_on_the_disk(tmp_path: Path) -> None:
    """Where the disk takes no more what is new is refused, what was accepted is known; with room it goes on."""
    program = tmp_path / "program.py"
    program.write_text(FULL)
    done = subprocess.run(
        [sys.executable, str(program), str(tmp_path / "replay.db"), json.dumps(sys.path)],
        capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    first, again, last = json.loads(done.stdout)
    assert first[0] is True
    assert first[-2] is None
    assert first[-1] in (False, None)
    # Nothing is new twice, and nothing that was new is lost.
    for told in zip(first, again, last, strict=True):
        assert told.count(True) <= 1
        assert True not in told or set(told[told.index(True) + 1 :]) <= {False, None}
    assert None not in last
    assert all(True in told for told in list(zip(first, again, last, strict=True))[:-1])


JUMPS = (
    (0, 80000, 0),
    (0, -80000, 0),
    (80000, 0, 80000),
    (-80000, 80000, 0, -80000),
    (0, 3600, -3600, 0),
)
"""Seconds that our clock is off, one moment after the other."""


@pytest.mark.parametrize("jumps", JUMPS)
def test_clock_that_jumps(
    jumps: tuple[int, ...], make_store: Callable[..., Any], clock: Clock
) -> None:
    """A message that was made by each moment's clock is taken once, whatever the clock says later."""
    sender = service(*SIGNED)
    profile = Profile(
        keystore=keystore("client", "service"),
        inbound=Inbound(),
        replay=make_store(clock=clock),
        clock=clock,
    )
    messages: list[bytes] = []
    taken: list[int] = []
    for number, jump in enumerate(jumps):
        clock.now = NOW + timedelta(seconds=jump + number)
        messages.append(sender.secure(envelope(), now=clock.now).to_bytes())
        for which, message in enumerate(messages):
            try:
                profile.check(message)
            except (ReplayError, MessageExpiredError):
                continue
            taken.append(which)
    assert len(taken) == len(set(taken))
    assert taken[0] == 0
