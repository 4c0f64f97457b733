"""Keystores that are read again: a source after some time, and what was made from it after that."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any, Protocol

from zeep_wssec.errors import KeyLoadError
from zeep_wssec.keys.content import ContentSource, KeystoreContent
from zeep_wssec.keys.snapshot import Snapshot


class SnapshotSource(Protocol):
    """What gives a keystore its content at any moment."""

    @property
    def latest(self) -> Snapshot:
        """What it gave last; nothing is read."""

    def current(self) -> Snapshot:
        """Give what holds now; the same object as long as nothing changes.

        Raises:
            KeyMaterialError: What holds now cannot be used; what held before is not given in its place.
        """


class RefreshedSource:
    """A source of keys whose content holds for a time and is then fetched again.

    One that cannot be used any more gives its error at every use until it is repaired: keys that were
    taken out of it must not live on.
    """

    def __init__(
        self,
        source: ContentSource[Any],
        *,
        make: Callable[[KeystoreContent], Snapshot],
        cache_seconds: float,
        clock: Callable[[], float] | None = None,
    ) -> None:
        """Read the source for the first time.

        Args:
            source: Where the content comes from.
            make: Makes a snapshot of it.
            cache_seconds: How long it holds; 0: the source is looked at every time.
            clock: Gives seconds that only grow; ``time.monotonic`` when left out.

        Raises:
            KeyMaterialError: The source cannot be used, or the time is none.
        """
        if isinstance(cache_seconds, bool) or not isinstance(cache_seconds, int | float):
            raise KeyLoadError(f"cache_seconds is a number, not {type(cache_seconds).__name__}.")
        if not 0 <= cache_seconds < float("inf"):
            raise KeyLoadError(f"cache_seconds is 0 or more, not {cache_seconds!r}.")
        self._source, self._make = source, make
        self._cache_seconds, self._clock = cache_seconds, clock or time.monotonic
        self._lock = threading.Lock()
        self._read_at = self._clock()
        fetched = source.fetch()
        self._digest = source.digest(fetched)
        self._held = make(source.read(fetched))

    @property
    def latest(self) -> Snapshot:
        """What it gave last."""
        return self._held

    def current(self) -> Snapshot:
        """Give the content, fetched again if it is too old; the same octets give the same object."""
        with self._lock:
            # Noted before it is fetched: what is put there meanwhile is not taken for older than it is.
            now = self._clock()
            if now - self._read_at < self._cache_seconds:
                return self._held
            fetched = self._source.fetch()
            digest = self._source.digest(fetched)
            if digest != self._digest:
                self._held = self._make(self._source.read(fetched))
                self._digest = digest
            self._read_at = now
            return self._held


class DerivedSource:
    """What is made of other keystores, made again whenever one of them changes."""

    def __init__(
        self,
        sources: tuple[Callable[[], Snapshot], ...],
        *,
        make: Callable[..., Snapshot],
        made_of: tuple[Snapshot, ...],
        made: Snapshot,
    ) -> None:
        """Keep what was made.

        Args:
            sources: Give the content of the other keystores.
            make: Makes one snapshot of theirs.
            made_of: What they gave.
            made: What was made of that.
        """
        self._sources, self._make = sources, make
        self._made_of, self._held = made_of, made
        self._lock = threading.Lock()

    @property
    def latest(self) -> Snapshot:
        """What it gave last."""
        return self._held

    def current(self) -> Snapshot:
        """Give what is made of the present content of the others."""
        with self._lock:
            now = tuple(source() for source in self._sources)
            if any(new is not old for new, old in zip(now, self._made_of, strict=True)):
                self._held = self._make(*now)
                self._made_of = now
            return self._held
