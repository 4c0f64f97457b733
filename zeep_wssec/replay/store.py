"""What a replay store is, and how a message is entered into one."""

from __future__ import annotations

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


def require_new(
    store: ReplayStore, key: bytes, expires: datetime, *, what: str, hint: str = ""
) -> None:
    """Enter ``key``, or refuse what it stands for: it was accepted before, or the store cannot tell.

    Args:
        store: Remembers it.
        key: As the functions of ``keys`` make it.
        expires: Aware UTC time from which on its age refuses it.
        what: What was accepted before, for the error.
        hint: What a sender may have done wrong.

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
        raise ReplayError(f"A message with {what} was accepted before.", hint=hint)


def full(entries: int) -> ReplayError:
    """Give the error of a store that has no room."""
    return ReplayError(
        f"The replay store holds {entries} entries, and none has expired.",
        hint="Make it larger, or shorten inbound.fresh_seconds.",
    )


def clock_went_back() -> ReplayError:
    """Give the error of a store that has forgotten, by a later clock, what may be asked for again."""
    return ReplayError(
        "The clock went back, and the replay store has forgotten what had expired by then: whether the "
        "message was accepted before is not known.",
        hint="Correct the clock; messages that are made a few minutes later are accepted again.",
    )


def require_count(value: object) -> int:
    """Give ``max_entries``.

    Raises:
        ProfileError: No room for a single entry.
    """
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise ProfileError(f"{value!r} is not a whole number of at least 1.", path="max_entries")
    return value


def utc_now() -> datetime:
    """Read the clock of this machine."""
    return datetime.now(UTC)
