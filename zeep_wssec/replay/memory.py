"""A replay store in this process."""

from __future__ import annotations

import heapq
import threading
from collections.abc import Callable
from datetime import UTC, datetime

from zeep_wssec.forks import start_over_in_children
from zeep_wssec.replay.store import MAX_ENTRIES, clock_went_back, full, require_count, utc_now


class MemoryReplayStore:
    """A replay store in this process, for any number of threads.

    It never forgets what has not expired: once it is full it refuses everything new.
    """

    def __init__(
        self,
        max_entries: int = MAX_ENTRIES,
        *,
        clock: Callable[[], datetime] | None = None,
    ) -> None:
        """Make an empty store.

        Args:
            max_entries: How many keys it holds at once, each of about 300 octets.
            clock: Gives the aware present time, by which entries expire.

        Raises:
            ProfileError: No room for a single entry.
        """
        self.max_entries = require_count(max_entries)
        self._clock = clock or utc_now
        self._keys: set[bytes] = set()
        self._by_expiry: list[tuple[datetime, bytes]] = []
        self._forgotten = datetime.min.replace(tzinfo=UTC)
        self.start_over()
        start_over_in_children(self)

    def start_over(self) -> None:
        """Use a lock of this process."""
        self._lock = threading.Lock()

    def add_if_absent(self, key: bytes, expires: datetime) -> bool:
        """Add ``key`` unless it is there.

        What has expired already is not kept: nobody accepts it any more.

        Raises:
            ReplayError: The store is full of what has not expired, or the clock went back behind what it
                has forgotten.
        """
        with self._lock:
            now = self._clock()
            while self._by_expiry and self._by_expiry[0][0] <= now:
                self._forgotten, gone = heapq.heappop(self._by_expiry)
                self._keys.discard(gone)
            if key in self._keys:
                return False
            if expires <= now:
                return True
            if expires <= self._forgotten:
                raise clock_went_back()
            if len(self._keys) >= self.max_entries:
                raise full(self.max_entries)
            self._keys.add(key)
            heapq.heappush(self._by_expiry, (expires, key))
            return True

    def __len__(self) -> int:
        return len(self._keys)

    def __repr__(self) -> str:
        return f"<MemoryReplayStore: {len(self)} of {self.max_entries} entries>"
