"""What every replay store does, whatever it keeps its entries in."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from replay.conftest import Clock

from zeep_wssec.errors import ProfileError, ReplayError
from zeep_wssec.replay import MemoryReplayStore, ReplayStore
from zeep_wssec.replay.sqlite import SQLiteReplayStore

Make = Callable[..., Any]
KEYS = [hashlib.sha256(bytes([n])).digest() for n in range(200)]


def test_added_once(make_store: Make, clock: Clock) -> None:
    """A key is new once; another one is new as well."""
    store = make_store(clock=clock)
    assert isinstance(store, ReplayStore)
    assert [store.add_if_absent(key, clock.after(60)) for key in (KEYS[0], KEYS[0], KEYS[1])] == [
        True,
        False,
        True,
    ]


def test_kept_until_it_expires(make_store: Make, clock: Clock) -> None:
    """A later copy does not come through before the message itself is too old."""
    store, until = make_store(clock=clock), clock.after(60)
    assert store.add_if_absent(KEYS[0], until)
    clock.now = clock.after(59.999)
    assert not store.add_if_absent(KEYS[0], until)


def test_expired_is_not_kept(make_store: Make, clock: Clock) -> None:
    """What nobody accepts any more, a stored message looked at in its own time, takes no room."""
    store = make_store(clock=clock)
    for until in (clock.after(-1), clock.now):
        assert store.add_if_absent(KEYS[0], until)
        assert store.add_if_absent(KEYS[0], until)
    assert store.add_if_absent(KEYS[0], clock.after(60))


def test_one_of_many_threads(make_store: Make, clock: Clock) -> None:
    """Of attempts that come together, one adds."""
    store, ready = make_store(clock=clock), threading.Barrier(8)

    def attempt(_: int) -> list[bool]:
        ready.wait(10)
        return [store.add_if_absent(key, clock.after(60)) for key in KEYS[:50]]

    with ThreadPoolExecutor(8) as pool:
        told = list(pool.map(attempt, range(8)))
    assert [sum(column) for column in zip(*told, strict=True)] == [1] * 50


@pytest.fixture(params=["memory", "sqlite"])
def bounded(request: pytest.FixtureRequest, tmp_path: Any, clock: Clock) -> Any:
    """A store with room for two."""
    if request.param == "memory":
        return MemoryReplayStore(2, clock=clock)
    return SQLiteReplayStore(tmp_path / "replay.db", max_entries=2, clock=clock)


def test_full(bounded: Any, clock: Clock) -> None:
    """A full store refuses what is new, knows what it holds, and has room again once that expires."""
    until = clock.after(60)
    assert bounded.add_if_absent(KEYS[0], until)
    assert bounded.add_if_absent(KEYS[1], clock.after(90))
    with pytest.raises(ReplayError, match="holds 2 entries"):
        bounded.add_if_absent(KEYS[2], until)
    assert not bounded.add_if_absent(KEYS[0], until)
    clock.now = until
    assert bounded.add_if_absent(KEYS[2], clock.after(60))
    with pytest.raises(ReplayError, match="holds 2 entries"):
        bounded.add_if_absent(KEYS[3], clock.after(60))


def test_clock_goes_back(bounded: Any, clock: Clock) -> None:
    """What was forgotten by a later clock is not new by an earlier one; what is made after it is."""
    start, until = clock.now, clock.after(60)
    assert bounded.add_if_absent(KEYS[0], until)
    clock.now = clock.after(86400)
    assert bounded.add_if_absent(KEYS[1], clock.after(60))
    clock.now = start
    with pytest.raises(ReplayError, match="clock went back"):
        bounded.add_if_absent(KEYS[0], until)
    assert bounded.add_if_absent(KEYS[2], clock.after(61))


@pytest.mark.parametrize("entries", [0, -1, True, 1.5, "2"])
def test_room_for_nothing(entries: Any, tmp_path: Any) -> None:
    """A store without room would refuse everything."""
    with pytest.raises(ProfileError, match="whole number"):
        MemoryReplayStore(entries)
    with pytest.raises(ProfileError, match="whole number"):
        SQLiteReplayStore(tmp_path / "replay.db", max_entries=entries)
