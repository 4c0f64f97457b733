"""Keystores that are read again: a source that changed or got old, and what was made from it after that."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any, Protocol

from zeep_wssec.errors import KeyLoadError, KeyMaterialError
from zeep_wssec.forks import ProcessLock
from zeep_wssec.keys.content import ContentSource, KeystoreContent
from zeep_wssec.keys.secrets import without_frames
from zeep_wssec.keys.snapshot import Snapshot

_log = logging.getLogger(__name__)

GRACE_SECONDS = 60.0
"""How long what a source held goes on when the source cannot be used: a file that is being written, a
password that changes a moment later. Not longer: keys that were taken out of it must not live on."""
SETTLE_SECONDS = 2.0
"""How long a file that looks unchanged is read all the same: two changes may fall into one tick of its
file system's clock, which has two seconds at worst."""
_RETRY_SECONDS = 1.0


class SnapshotSource(Protocol):
    """What gives a keystore its content at any moment."""

    @property
    def latest(self) -> Snapshot:
        """What it gave last; nothing is read."""

    def current(self) -> Snapshot:
        """Give what holds now; the same object as long as nothing changes.

        Raises:
            KeyMaterialError: What holds now cannot be used, nor could it for a minute.
        """

    def reload(self) -> None:
        """Read it now, whatever its age.

        Raises:
            KeyMaterialError: It cannot be used; what it held before goes on.
        """


class RefreshedSource:
    """A source of keys that is fetched again when it has changed, or after some time.

    While it cannot be used, what it held goes on for a minute at most; then its error is raised at every
    use until it is repaired. Any number of threads may use it.
    """

    def __init__(
        self,
        source: ContentSource[Any],
        *,
        make: Callable[[KeystoreContent], Snapshot],
        cache_seconds: float | None,
        watch: bool = False,
        clock: Callable[[], float] | None = None,
    ) -> None:
        """Read the source for the first time.

        Args:
            source: Where the content comes from.
            make: Makes a snapshot of it.
            cache_seconds: How long it holds; 0: the source is read every time; ``None``: as long as it does
                not change.
            watch: Whether to look at each use if it has changed.
            clock: Gives seconds that only grow; ``time.monotonic`` when left out.

        Raises:
            KeyMaterialError: The source cannot be used or watched, or the time is none.
        """
        _check_seconds(cache_seconds)
        stamp = getattr(source, "stamp", None)
        if watch and stamp is None:
            raise KeyLoadError(
                f"{type(source).__name__} cannot be watched.", hint="Use cache_seconds for it."
            )
        self._source, self._make, self._clock = source, make, clock or time.monotonic
        self._cache_seconds = cache_seconds
        self._watch = _Watch(stamp) if watch and stamp is not None else None
        self._lock = ProcessLock()
        self._readings = 0
        self._failed_at: float | None = None
        self._read_at = self._tried_at = self._clock()
        if self._watch is not None:
            self._watch.has_changed(self._read_at)
        fetched = source.fetch()
        self._digest = source.digest(fetched)
        self._held = make(source.read(fetched))
        self._note_read(self._read_at)

    @property
    def latest(self) -> Snapshot:
        """What it gave last."""
        return self._held

    def current(self) -> Snapshot:
        """Give the content, fetched again if that is due; the same octets give the same object."""
        with self._lock:
            # Noted before it is fetched: what is put there meanwhile is not taken for older than it is.
            now = self._clock()
            if not self._is_due(now):
                return self._held
            self._tried_at = now
            try:
                self._fetch()
            except KeyMaterialError as error:
                self._bear(error, now)
                return self._held
            if self._failed_at is not None:
                _log.info("A keystore that could not be used can be used again")
            self._note_read(now)
            return self._held

    def reload(self) -> None:
        """Read it now, whatever its age."""
        with self._lock:
            now = self._clock()
            if self._watch is not None:
                self._watch.has_changed(now)
            self._fetch()
            self._note_read(now)

    def _note_read(self, now: float) -> None:
        self._read_at, self._failed_at = now, None
        if self._watch is not None:
            self._watch.keep()

    def _is_due(self, now: float) -> bool:
        if self._failed_at is not None:
            in_grace = now - self._failed_at < GRACE_SECONDS
            return not in_grace or now - self._tried_at >= _RETRY_SECONDS
        if self._watch is not None and self._watch.has_changed(now):
            return True
        return self._cache_seconds is not None and now - self._read_at >= self._cache_seconds

    def _fetch(self) -> None:
        self._readings += 1
        reading = self._readings
        fetched = self._source.fetch()
        digest = self._source.digest(fetched)
        if digest == self._digest:
            return
        made = self._make(self._source.read(fetched))
        if reading == self._readings:  # else a handler of a signal has read it meanwhile
            self._held, self._digest = made, digest
            _log.info("A keystore has changed: %r", self._held)

    def _bear(self, error: KeyMaterialError, now: float) -> None:
        """Go on for a while, or raise what is wrong."""
        if self._failed_at is None:
            self._failed_at = now
            _log.warning(
                "A keystore cannot be used; what it held goes on for %d seconds at most: %s",
                GRACE_SECONDS,
                error,
            )
        if now - self._failed_at >= GRACE_SECONDS:
            raise without_frames(error)


class _Watch:
    """Tells whether a file has changed, by what the file system says of it."""

    def __init__(self, stamp: Callable[[], object]) -> None:
        self._stamp = stamp
        self._seen: object = None
        self._since = 0.0
        self._settled = False
        self._next: tuple[object, float, bool] = (None, 0.0, False)

    def has_changed(self, now: float) -> bool:
        """Tell whether it may have changed since it was read last, which ``keep`` is told."""
        stamp = self._stamp()
        if stamp is None or stamp != self._seen:
            self._next = stamp, now, False
            return True
        # A reading this long after the change is the first one that counts for good.
        self._next = stamp, self._since, self._settled or now - self._since >= SETTLE_SECONDS
        return not self._settled

    def keep(self) -> None:
        """Take what was seen before the reading for what was read; not before it succeeded."""
        self._seen, self._since, self._settled = self._next


def _check_seconds(cache_seconds: object) -> None:
    if cache_seconds is None:
        return
    if isinstance(cache_seconds, bool) or not isinstance(cache_seconds, int | float):
        raise KeyLoadError(f"cache_seconds is a number, not {type(cache_seconds).__name__}.")
    if not 0 <= cache_seconds < float("inf"):
        raise KeyLoadError(f"cache_seconds is 0 or more, not {cache_seconds!r}.")


class Readable(Protocol):
    """A keystore, as what is made of it sees it."""

    def snapshot(self) -> Snapshot:
        """Give what it holds now."""

    def reload(self) -> bool:
        """Read its sources now; ``False``: it has none that is ever read again."""


class DerivedSource:
    """What is made of other keystores, made again whenever one of them changes."""

    def __init__(
        self,
        sources: tuple[Readable, ...],
        *,
        make: Callable[..., Snapshot],
        made_of: tuple[Snapshot, ...],
        made: Snapshot,
    ) -> None:
        """Keep what was made.

        Args:
            sources: The other keystores.
            make: Makes one snapshot of theirs.
            made_of: What they gave.
            made: What was made of that.
        """
        self._sources, self._make = sources, make
        self._made_of, self._held = made_of, made
        self._lock = ProcessLock()

    @property
    def latest(self) -> Snapshot:
        """What it gave last."""
        return self._held

    def current(self) -> Snapshot:
        """Give what is made of the present content of the others."""
        with self._lock:
            now = tuple(source.snapshot() for source in self._sources)
            if any(new is not old for new, old in zip(now, self._made_of, strict=True)):
                self._held = self._make(*now)
                self._made_of = now
            return self._held

    def reload(self) -> None:
        """Have each of the others read now."""
        for source in self._sources:
            source.reload()
        self.current()
