"""A replay store in a file, for all processes of one machine."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from math import inf
from pathlib import Path

from zeep_wssec.errors import ProfileError, ReplayError
from zeep_wssec.forks import start_over_in_children
from zeep_wssec.replay.store import clock_went_back, full, require_count, utc_now

MAX_FILE_ENTRIES = 1_000_000
"""About 100 MB."""

_APPLICATION = 0x7A777372
"""``PRAGMA application_id``: what kind of database the file is."""
_VERSION = 1
_PURGED_AT_ONCE = 100
"""Expired entries that one addition removes at most: more than it adds, so the file stops growing."""
_PAUSE_SECONDS = 0.005
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_SCHEMA = (
    "CREATE TABLE accepted (key BLOB PRIMARY KEY, expires INTEGER NOT NULL) WITHOUT ROWID",
    "CREATE INDEX accepted_by_expiry ON accepted (expires)",
    "CREATE TABLE state (entries INTEGER NOT NULL, forgotten INTEGER NOT NULL)",
    # Nothing was forgotten: before all times that a date takes.
    "INSERT INTO state VALUES (0, -1000000000000000000)",
    f"PRAGMA application_id = {_APPLICATION}",
    f"PRAGMA user_version = {_VERSION}",
)

_inherited: list[sqlite3.Connection] = []
"""Connections of a parent process, kept from being closed here: that is the parent's to do."""


class SQLiteReplayStore:
    """A replay store in an SQLite file, for threads and processes of one machine.

    The file must be on a local disk: SQLite's locks do not hold across a network. It is made at the first
    message, readable to its owner only, and keeps SHA-256 values and times, nothing else.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        max_entries: int = MAX_FILE_ENTRIES,
        timeout_seconds: float = 5.0,
        clock: Callable[[], datetime] | None = None,
    ) -> None:
        """Name the file; nothing is opened yet.

        Args:
            path: The file, in a folder that exists.
            max_entries: How many keys it holds at once, each of about 100 octets.
            timeout_seconds: How long to wait for other processes before the message is refused.
            clock: Gives the aware present time, by which entries expire.

        Raises:
            ProfileError: The folder is not there, the path is none of a file, or a number is too small.
        """
        self.path = _require_path(path)
        self.max_entries = require_count(max_entries)
        if not isinstance(timeout_seconds, int | float) or not 0 < timeout_seconds < inf:
            raise ProfileError(
                f"{timeout_seconds!r} is not a time above 0.", path="timeout_seconds"
            )
        self._timeout_seconds = timeout_seconds
        self._clock = clock or utc_now
        self._connection: sqlite3.Connection | None = None
        self.start_over()
        start_over_in_children(self)

    def start_over(self) -> None:
        """Let go of the connection of a parent process."""
        self._lock = threading.Lock()
        if self._connection is not None:
            _inherited.append(self._connection)
        self._connection = None

    def add_if_absent(self, key: bytes, expires: datetime) -> bool:
        """Add ``key`` unless it is there.

        What has expired already is not kept: nobody accepts it any more.

        Raises:
            ReplayError: The file cannot be used, other processes keep it busy for too long, it is full of
                what has not expired, or the clock went back behind what it has forgotten.
        """
        with self._lock:
            try:
                with self._transaction() as connection:
                    # Asked for under the lock: nobody purges by a later time in between.
                    return self._add(connection, key, _micros(expires), _micros(self._clock()))
            except (sqlite3.Error, OSError) as error:
                raise self._failure(error) from error

    def _add(self, connection: sqlite3.Connection, key: bytes, expires: int, now: int) -> bool:
        entries, forgotten = _purge(connection, now)
        if connection.execute(
            "SELECT 1 FROM accepted WHERE key = ? AND expires > ?", (key, now)
        ).fetchone():
            return False
        if expires <= now:
            return True
        if expires <= forgotten:
            raise clock_went_back()
        if entries >= self.max_entries:
            raise full(self.max_entries)
        # One that has expired and was not purged yet gives way.
        replaced = connection.execute("DELETE FROM accepted WHERE key = ?", (key,)).rowcount
        connection.execute("INSERT INTO accepted VALUES (?, ?)", (key, expires))
        connection.execute("UPDATE state SET entries = entries + ?", (1 - replaced,))
        return True

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """Give the connection inside a transaction that no other process writes beside."""
        if self._connection is None:
            self._connection = self._open()
        connection = self._connection
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield connection
            connection.execute("COMMIT")
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")

    def _open(self) -> sqlite3.Connection:
        # SQLite gives the files beside it, for its log, the mode of this one.
        os.close(os.open(self.path, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o600))
        connection = sqlite3.connect(
            self.path,
            timeout=self._timeout_seconds,
            isolation_level=None,
            check_same_thread=False,
        )
        try:
            self._write_ahead(connection)
            connection.execute("PRAGMA synchronous = NORMAL")
            self._prepare(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _write_ahead(self, connection: sqlite3.Connection) -> None:
        """Have changes logged ahead, so that none needs a flush of the disk.

        SQLite itself does not wait here for another process that does the same.
        """
        last = time.monotonic() + self._timeout_seconds
        while True:
            try:
                connection.execute("PRAGMA journal_mode = WAL")
            except sqlite3.OperationalError as error:
                is_busy = error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
                if not is_busy or time.monotonic() > last:
                    raise
                time.sleep(_PAUSE_SECONDS)
            else:
                return

    def _prepare(self, connection: sqlite3.Connection) -> None:
        """Make the tables in an empty file, or see that they are ours."""
        connection.execute("BEGIN IMMEDIATE")
        try:
            ((application,),) = connection.execute("PRAGMA application_id")
            ((version,),) = connection.execute("PRAGMA user_version")
            ((tables,),) = connection.execute("SELECT count(*) FROM sqlite_master")
            if (application, version, tables) == (0, 0, 0):
                for statement in _SCHEMA:
                    connection.execute(statement)
            elif (application, version) != (_APPLICATION, _VERSION):
                raise sqlite3.DatabaseError("it is another kind of database, or of another version")
            connection.execute("COMMIT")
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")

    def _failure(self, error: Exception) -> ReplayError:
        return ReplayError(
            f"The replay store {self.path} cannot be used ({error}): whether the message was accepted "
            "before is not known.",
            hint="The process must be able to write the file and its folder, on a local disk; raise "
            "timeout_seconds if it is locked.",
        )

    def close(self) -> None:
        """Close the file; the next message opens it again."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def __repr__(self) -> str:
        return f"<SQLiteReplayStore: {self.path}>"


def _purge(connection: sqlite3.Connection, now: int) -> tuple[int, int]:
    """Remove some of what has expired; give the number of entries that are left and how far it forgot."""
    entries, forgotten = connection.execute("SELECT entries, forgotten FROM state").fetchone()
    rows = connection.execute(
        "SELECT key, expires FROM accepted WHERE expires <= ? ORDER BY expires LIMIT ?",
        (now, _PURGED_AT_ONCE),
    ).fetchall()
    if rows:
        connection.executemany("DELETE FROM accepted WHERE key = ?", [(key,) for key, _ in rows])
        entries, forgotten = entries - len(rows), max(forgotten, rows[-1][1])
        connection.execute("UPDATE state SET entries = ?, forgotten = ?", (entries, forgotten))
    return int(entries), int(forgotten)


def _micros(moment: datetime) -> int:
    return (moment - _EPOCH) // _MICROSECOND


def _require_path(path: object) -> Path:
    if not isinstance(path, str | os.PathLike):
        raise ProfileError(f"{path!r} is not a path.", path="path")
    found = Path(path)
    if not found.name or "\0" in str(found) or found.is_dir():
        raise ProfileError(f"{str(found)!r} is not the path of a file.", path="path")
    if not found.parent.is_dir():
        raise ProfileError(
            f"The folder {found.parent} is not there.",
            hint="Make it, writable for the service only.",
            path="path",
        )
    # Taken now: the process may change its folder.
    return found.absolute()
