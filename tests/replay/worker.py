"""One process among several that share a replay store; run by the tests as a program.

``race KIND PLACE COUNT SHARE SHARES``: tries keys beside the other processes and prints those it was given.
``fork KIND PLACE``: forks while the store is in use, and prints what parent and child were told.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import signal
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from zeep_wssec.replay import MemoryReplayStore, ReplayStore
from zeep_wssec.replay.redis import RedisReplayStore
from zeep_wssec.replay.sqlite import SQLiteReplayStore

UNTIL = datetime.now(UTC) + timedelta(hours=1)
HOT = 100
"""The first keys: every process tries them, all at once."""
_SECONDS = 60


def open_store(kind: str, place: str, **settings: Any) -> ReplayStore:
    """A store of one kind: at a path, or an URL."""
    if kind == "redis":
        return RedisReplayStore(place, timeout_seconds=30, **settings)
    if kind == "sqlite":
        return SQLiteReplayStore(place, timeout_seconds=30, **settings)
    return MemoryReplayStore(**settings)


def key_of(number: int) -> bytes:
    """The key of an entry."""
    return hashlib.sha256(b"entry" + number.to_bytes(8, "big")).digest()


def tell(text: str) -> None:
    """Say one line to whoever started this."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def race(kind: str, place: str, count: int, share: int, shares: int) -> None:
    """Try the hot keys, then this share of all and the next one, which another process tries as well."""
    store = open_store(kind, place)
    mine = [n for n in range(HOT, count) if n % shares in (share, (share + 1) % shares)]
    random.Random(share).shuffle(mine)  # noqa: S311
    tell("ready")
    sys.stdin.readline()
    given = [n for n in (*range(HOT), *mine) if store.add_if_absent(key_of(n), UNTIL)]
    tell(json.dumps(given))


def fork(kind: str, place: str) -> None:
    """Fork while another thread is inside the store: the child must get on without it."""
    inside, leave = threading.Event(), threading.Event()
    busy: list[int] = []

    def clock() -> datetime:
        if threading.get_ident() in busy:
            inside.set()
            leave.wait(_SECONDS)
        return datetime.now(UTC)

    store = open_store(kind, place, clock=clock)
    parent = [store.add_if_absent(key_of(1), UNTIL)]
    thread = threading.Thread(
        target=lambda: (busy.append(threading.get_ident()), store.add_if_absent(key_of(9), UNTIL))
    )
    thread.start()
    inside.wait(_SECONDS)
    if kind == "sqlite":  # its lock is on the file, and keeps the child out as it should
        leave.set()
        thread.join()
    read, write = os.pipe()
    child = os.fork()
    if not child:
        signal.alarm(_SECONDS)
        told = [store.add_if_absent(key_of(n), UNTIL) for n in (1, 2)]
        os.write(write, json.dumps(told).encode())
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as pipe:
        seen = json.loads(pipe.read())
    leave.set()
    thread.join()
    _, status = os.waitpid(child, 0)
    parent += [store.add_if_absent(key_of(n), UNTIL) for n in (1, 2, 3)]
    tell(json.dumps({"parent": parent, "child": seen, "status": status}))


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    task, kind, place, *numbers = sys.argv[1:]
    {"race": race, "fork": fork}[task](kind, place, *map(int, numbers))
