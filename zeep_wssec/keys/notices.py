"""What is to be said in time about the keys in use: certificates that end, successors without a date.

Each is said once a day for an entry, as a warning of Python and in the log, not with every message.
"""

from __future__ import annotations

import logging
import threading
import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TypeVar

from zeep_wssec.forks import start_over_in_children
from zeep_wssec.keys.certificate import Certificate
from zeep_wssec.keys.entries import KeyEntry, PartnerEntry
from zeep_wssec.keys.rotation import SOON, find_serving, is_followed, is_valid
from zeep_wssec.keys.snapshot import Snapshot

_log = logging.getLogger(__name__)
_KEPT = 10_000
_NEVER = date.min
_Entry = TypeVar("_Entry", KeyEntry, PartnerEntry)


class KeyExpiryWarning(UserWarning):
    """A certificate of the keystore ends soon or has ended, and nothing follows; once an entry and day."""


class KeyRotationWarning(UserWarning):
    """A further key waits under an alias without a date, so the first goes on; once an entry and day."""


@dataclass(frozen=True, kw_only=True)
class Notice:
    """One thing to say about an entry."""

    category: type[UserWarning]
    alias: str
    certificate: Certificate
    text: str


class _Said:
    """What was said on which day, in this process; bounded, and safe under threads."""

    def __init__(self) -> None:
        self._days: dict[tuple[str, str, type[UserWarning]], date] = {}
        self.start_over()
        start_over_in_children(self)

    def start_over(self) -> None:
        """Use a lock of this process; what was said was said."""
        self._lock = threading.Lock()

    def is_new(self, notice: Notice, day: date) -> bool:
        """Tell whether it was not said yet on that day, and note that it is now."""
        key = (notice.alias, notice.certificate.thumbprint_sha256, notice.category)
        with self._lock:
            if self._days.get(key) == day:
                return False
            if len(self._days) >= _KEPT:
                self._days.clear()
            self._days[key] = day
            return True


_said = _Said()


def tell(snapshot: Snapshot, now: datetime) -> None:
    """Say what is to be said about a keystore at ``now``, unless it was said on that day.

    Args:
        snapshot: What the keystore holds.
        now: Aware time.
    """
    # Asked with every message: nearly always one comparison.
    if now < snapshot.quiet_until:
        return
    day = now.date()
    if snapshot.told_on.get("day", _NEVER) == day:
        return
    snapshot.told_on["day"] = day
    for notice in notices(snapshot, now):
        if _said.is_new(notice, day):
            _log.warning("%s", notice.text)
            warnings.warn(notice.text, notice.category, stacklevel=4)


def notices(snapshot: Snapshot, now: datetime, *, within: timedelta = SOON) -> Iterator[Notice]:
    """Give what is to be said about a keystore at ``now``.

    Args:
        snapshot: What the keystore holds.
        now: Aware time.
        within: How long before its end a certificate is reported.
    """
    for alias in snapshot.keys:
        yield from _of_alias(snapshot.keys_of(alias), f"key pair {alias!r}", now, within)
    for alias in snapshot.partners:
        yield from _of_alias(snapshot.partners_of(alias), f"partner {alias!r}", now, within)


def _of_alias(
    entries: Sequence[_Entry], what: str, now: datetime, within: timedelta
) -> Iterator[Notice]:
    serving = find_serving(entries, now)
    if serving is None:
        return
    for certificate in _links(serving):
        if certificate.not_after - now > within:
            continue
        if is_followed(entries, serving, certificate.not_after, now, within=within):
            continue
        which = (
            "The certificate" if certificate is serving.certificate else "A certificate above that"
        )
        ended = now > certificate.not_after
        yield Notice(
            category=KeyExpiryWarning,
            alias=serving.alias,
            certificate=certificate,
            text=f"{which} of the {what} {'expired' if ended else 'expires'} on "
            f"{certificate.not_after:%Y-%m-%d}, and nothing follows in time: {certificate.describe()}",
        )
    yield from _undated(entries, serving, what, now)


def _links(entry: _Entry) -> tuple[Certificate, ...]:
    return (entry.certificate, *(entry.chain if isinstance(entry, KeyEntry) else ()))


def _undated(
    entries: Iterable[_Entry], serving: _Entry, what: str, now: datetime
) -> Iterator[Notice]:
    option, verb = (
        ("sign_from", "signing")
        if isinstance(serving, KeyEntry)
        else (
            "encrypt_from",
            "being encrypted to",
        )
    )
    for item in entries:
        waits = item.waits and is_valid(item.certificate, now)
        if (
            item is not serving
            and waits
            and item.certificate.not_after > serving.certificate.not_after
        ):
            yield Notice(
                category=KeyRotationWarning,
                alias=item.alias,
                certificate=item.certificate,
                text=f"A newer certificate of the {what} has no date, so the present one goes on "
                f"{verb}; set {option} to when the other side takes the new one: "
                f"{item.certificate.describe()}",
            )
