"""The replay store as a profile file names it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from zeep_wssec.errors import ProfileError
from zeep_wssec.keys.secrets import Secret
from zeep_wssec.replay.memory import MemoryReplayStore
from zeep_wssec.replay.store import MAX_ENTRIES, ReplayStore
from zeep_wssec.settings.checks import check_choice, check_number

StoreKind = Literal["memory", "sqlite", "redis"]


@dataclass(frozen=True, kw_only=True)
class Replay:
    """Where accepted messages are remembered, so that none is taken twice."""

    store: StoreKind = "memory"
    """``"memory"`` for one process, ``"sqlite"`` for those of one machine, ``"redis"`` for many machines."""
    path: Path | None = None
    """File of the store ``"sqlite"``, on a local disk."""
    url: Secret | None = None
    """URL of the Redis server."""
    volatile: str = ""
    """Why it does no harm that a Redis server forgets what was accepted when it is started again; empty: one
    without a log on its disk is refused."""
    max_entries: int | None = None
    """How much is remembered at once; unset: 100,000 in memory, 1,000,000 in a file. A Redis server has a limit
    of its own."""

    def __post_init__(self) -> None:
        check_choice("store", self.store, StoreKind)
        _check_belongs("path", self.path is not None, self.store == "sqlite")
        _check_belongs("url", self.url is not None, self.store == "redis")
        if not isinstance(self.volatile, str):
            raise ProfileError("Needed is a reason.", path="volatile")
        if self.volatile and self.store != "redis":
            raise ProfileError("Only the store 'redis' takes it.", path="volatile")
        if self.max_entries is not None:
            check_number("max_entries", self.max_entries, minimum=1)
            if self.store == "redis":
                raise ProfileError(
                    "A Redis server has a limit of its own.",
                    hint="Set maxmemory there, with maxmemory-policy noeviction.",
                    path="max_entries",
                )

    def open(self, *, clock: Callable[[], datetime] | None = None) -> ReplayStore:
        """Make the store.

        Raises:
            ProfileError: Its folder is not there, or the extra that it needs is not installed.
        """
        # Imported where they are asked for: not every Python has SQLite, nor everybody the extra.
        if self.store == "sqlite":
            from zeep_wssec.replay.sqlite import MAX_FILE_ENTRIES, SQLiteReplayStore

            entries = self.max_entries or MAX_FILE_ENTRIES
            return SQLiteReplayStore(self.path or "", max_entries=entries, clock=clock)
        if self.store == "redis":
            from zeep_wssec.replay.redis import RedisReplayStore

            return RedisReplayStore(self.url or "", volatile=self.volatile, clock=clock)
        return MemoryReplayStore(self.max_entries or MAX_ENTRIES, clock=clock)


def close_store(store: ReplayStore) -> None:
    """Close a store that was made from settings and is not to be used; one without a file has nothing to close."""
    close = getattr(store, "close", None)
    if close is not None:
        close()


def settings_of(store: ReplayStore) -> Replay | None:
    """Give the settings that make such a store, or ``None`` for one that no file can name."""
    if type(store) is MemoryReplayStore:
        entries = store.max_entries
        return Replay(max_entries=None if entries == MAX_ENTRIES else entries)
    kind = type(store).__name__
    if kind == "SQLiteReplayStore":
        from zeep_wssec.replay.sqlite import MAX_FILE_ENTRIES, SQLiteReplayStore

        if isinstance(store, SQLiteReplayStore):
            entries = store.max_entries
            given = None if entries == MAX_FILE_ENTRIES else entries
            return Replay(store="sqlite", path=store.path, max_entries=given)
    if kind == "RedisReplayStore":
        from zeep_wssec.replay.redis import RedisReplayStore

        if isinstance(store, RedisReplayStore):
            return Replay(store="redis", url=store.url, volatile=store.volatile)
    return None


def _check_belongs(name: str, given: bool, needed: bool) -> None:
    if given != needed:
        kind = "sqlite" if name == "path" else "redis"
        key = "path" if name == "path" else "url_env"
        text = f"The store {kind!r} needs it." if needed else f"Only the store {kind!r} takes it."
        raise ProfileError(text, hint=f'Write store = "{kind}" and {key} = "…".', path=name)
