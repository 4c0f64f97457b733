"""Replay stores: what was accepted once is remembered for as long as it could be accepted again."""

from __future__ import annotations

import hashlib
import heapq
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol, runtime_checkable

from zeep_wssec.errors import ProfileError, ReplayError

MAX_ENTRIES = 100_000
"""At 300 messages a second and a window of six minutes nothing that counts has to be forgotten."""


@runtime_checkable
class ReplayStore(Protocol):
    """Remembers keys until they expire; several processes of one service share one store."""

    def add_if_absent(self, key: bytes, expires: datetime) -> bool:
        """Add ``key`` unless it is there; both in one step that nothing else comes between.

        A store that cannot tell, or has no room, raises: the message is then refused.

        Args:
            key: 32 octets, from which nobody learns what they stand for.
            expires: Aware UTC time until which the key must be kept, at least.

        Returns:
            Whether it was added: ``False`` for one that was there.
        """


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
        if not isinstance(max_entries, int) or isinstance(max_entries, bool) or max_entries < 1:
            raise ProfileError(
                f"{max_entries!r} is not a whole number of at least 1.", path="max_entries"
            )
        self._max_entries = max_entries
        self._clock = clock or _utc_now
        self._keys: set[bytes] = set()
        self._by_expiry: list[tuple[datetime, bytes]] = []
        self._lock = threading.Lock()

    def add_if_absent(self, key: bytes, expires: datetime) -> bool:
        """Add ``key`` unless it is there.

        What has expired already is not kept: nobody accepts it any more.

        Raises:
            ReplayError: The store is full of what has not expired.
        """
        with self._lock:
            now = self._clock()
            while self._by_expiry and self._by_expiry[0][0] <= now:
                self._keys.discard(heapq.heappop(self._by_expiry)[1])
            if key in self._keys:
                return False
            if expires <= now:
                return True
            if len(self._keys) >= self._max_entries:
                raise ReplayError(
                    f"The replay store holds {self._max_entries} entries, and none has expired.",
                    hint="Make it larger, or shorten inbound.fresh_seconds.",
                )
            self._keys.add(key)
            heapq.heappush(self._by_expiry, (expires, key))
            return True

    def __len__(self) -> int:
        return len(self._keys)

    def __repr__(self) -> str:
        return f"<MemoryReplayStore: {len(self)} of {self._max_entries} entries>"


def nonce_key(username: str, nonce: bytes, created: str) -> bytes:
    """Give the key of a UsernameToken: SHA-256 over what makes it one that was not there before.

    Nonce and time follow each other without a mark between, as they do in the digest of the password:
    an octet that is moved from one to the other leaves both values as they are.

    Spec: WSS UsernameToken Profile 1.1.1, section 3.1.
    """
    name = username.encode()
    head = b"UsernameToken\0" + len(name).to_bytes(8, "big") + name
    return hashlib.sha256(head + nonce + created.encode()).digest()


def require_new(store: ReplayStore, key: bytes, expires: datetime) -> None:
    """Enter ``key``, or refuse what it stands for: it was accepted before, or the store cannot tell.

    Raises:
        ReplayError: The message must not be accepted.
    """
    try:
        added = store.add_if_absent(key, expires)
    except ReplayError:
        raise
    except Exception as error:
        raise ReplayError(
            f"The replay store failed with {type(error).__name__}: whether the message was accepted "
            "before is not known.",
            hint="See the cause of this error.",
        ) from error
    if not added:
        raise ReplayError(
            "A message with this UsernameToken was accepted before.",
            hint="A sender makes a new Nonce for each message, also when it repeats one.",
        )


def _utc_now() -> datetime:
    return datetime.now(UTC)
