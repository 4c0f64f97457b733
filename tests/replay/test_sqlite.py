"""The replay store in a file: what lies on the disk, and what happens when it cannot be used."""

from __future__ import annotations

import hashlib
import sqlite3
import stat
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from replay.conftest import Clock

from zeep_wssec.errors import ProfileError, ReplayError
from zeep_wssec.replay.sqlite import SQLiteReplayStore

KEYS = [hashlib.sha256(n.to_bytes(2, "big")).digest() for n in range(1000)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the file will be."""
    return tmp_path / "replay.db"


def test_lives_on(path: Path, clock: Clock) -> None:
    """A service that starts again knows what it accepted before."""
    store = SQLiteReplayStore(path, clock=clock)
    assert store.add_if_absent(KEYS[0], clock.after(60))
    store.close()
    again = SQLiteReplayStore(path, clock=clock)
    assert not again.add_if_absent(KEYS[0], clock.after(60))
    assert not store.add_if_absent(KEYS[0], clock.after(60))


def test_made_at_the_first_message(path: Path, clock: Clock) -> None:
    """A profile that is only looked at leaves no file; the file and its log are the owner's alone."""
    store = SQLiteReplayStore(path, clock=clock)
    assert not path.exists()
    store.add_if_absent(KEYS[0], clock.after(60))
    modes = {item.name: stat.S_IMODE(item.stat().st_mode) for item in path.parent.iterdir()}
    assert modes == dict.fromkeys(("replay.db", "replay.db-wal", "replay.db-shm"), 0o600)


def test_expired_entries_leave(path: Path, clock: Clock) -> None:
    """The file holds what can still be accepted: older entries go as new ones come."""
    store = SQLiteReplayStore(path, clock=clock)
    for key in KEYS[:500]:
        store.add_if_absent(key, clock.after(60))
    clock.now = clock.after(60)
    for key in KEYS[500:510]:
        assert store.add_if_absent(key, clock.after(60))
    store.close()
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT count(*) FROM accepted").fetchone() == (10,)
        assert connection.execute("SELECT entries FROM state").fetchone() == (10,)


def test_expired_entry_that_is_still_there(path: Path, clock: Clock) -> None:
    """An entry that has expired and was not removed yet makes nobody a replay."""
    store = SQLiteReplayStore(path, clock=clock)
    for key in KEYS:
        store.add_if_absent(key, clock.after(60))
    clock.now = clock.after(60)
    assert store.add_if_absent(KEYS[-1], clock.after(60))
    assert not store.add_if_absent(KEYS[-1], clock.after(60))


def test_no_file(tmp_path: Path) -> None:
    """A path that cannot be one of a file is wrong when the profile is made."""
    for wrong, text in (
        (tmp_path / "missing" / "replay.db", "folder"),
        (tmp_path, "path of a file"),
        ("", "path of a file"),
        ("a\0b", "path of a file"),
        (None, "not a path"),
    ):
        with pytest.raises(ProfileError, match=text) as caught:
            SQLiteReplayStore(wrong)  # type: ignore[arg-type]
        assert caught.value.path == "path"


@pytest.mark.parametrize("seconds", [0, -1, float("inf"), "5"])
def test_no_time_to_wait(path: Path, seconds: Any) -> None:
    """The time to wait is a time."""
    with pytest.raises(ProfileError, match="time above 0"):
        SQLiteReplayStore(path, timeout_seconds=seconds)


def test_file_of_something_else(path: Path, clock: Clock) -> None:
    """A file that is no store of ours is left as it is, and nothing is accepted."""
    path.write_bytes(b"no database, and longer than the header of one " * 40)
    with pytest.raises(ReplayError, match="cannot be used") as caught:
        SQLiteReplayStore(path, clock=clock).add_if_absent(KEYS[0], clock.after(60))
    assert isinstance(caught.value.__cause__, sqlite3.Error)
    assert path.read_bytes().startswith(b"no database")


def test_database_of_something_else(path: Path, clock: Clock) -> None:
    """Another program's database is no store either."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE accepted (name TEXT)")
        connection.commit()
    with pytest.raises(ReplayError, match="another kind of database"):
        SQLiteReplayStore(path, clock=clock).add_if_absent(KEYS[0], clock.after(60))


def test_folder_went_away(tmp_path: Path, clock: Clock) -> None:
    """A store that cannot open its file refuses; once the folder is back it goes on."""
    folder = tmp_path / "folder"
    folder.mkdir()
    store = SQLiteReplayStore(folder / "replay.db", clock=clock)
    folder.rmdir()
    with pytest.raises(ReplayError, match="cannot be used"):
        store.add_if_absent(KEYS[0], clock.after(60))
    folder.mkdir()
    assert store.add_if_absent(KEYS[0], clock.after(60))


def test_locked_for_too_long(path: Path, clock: Clock) -> None:
    """Another process that keeps the file is waited for, then the message is refused."""
    store = SQLiteReplayStore(path, clock=clock, timeout_seconds=0.01)
    assert store.add_if_absent(KEYS[0], clock.after(60))
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(ReplayError, match="locked"):
            store.add_if_absent(KEYS[1], clock.after(60))
        other.execute("ROLLBACK")
    assert store.add_if_absent(KEYS[1], clock.after(60))
