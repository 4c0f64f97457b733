"""Which of several entries under one alias serves at a moment: who signs, and whom content is encrypted to.

A partner starts to accept a new certificate on a day of its own. So a new key takes over at the date that
was given with it; without one, the key that was there first goes on for as long as it is valid.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal, TypeVar

from zeep_wssec.errors import KeyUsageError
from zeep_wssec.keys.certificate import Certificate
from zeep_wssec.keys.entries import KeyEntry, PartnerEntry

SOON = timedelta(days=30)
"""How long before its end a certificate is reported: what most CAs need to renew one."""

State = Literal["valid", "critical", "expired", "not_yet_valid"]
_Entry = TypeVar("_Entry", KeyEntry, PartnerEntry, KeyEntry | PartnerEntry)
_ALWAYS = datetime.min.replace(tzinfo=UTC)


def is_valid(certificate: Certificate, now: datetime) -> bool:
    """Tell whether ``now`` lies in the validity of a certificate."""
    return certificate.not_before <= now <= certificate.not_after


def state_of(certificate: Certificate, now: datetime, *, within: timedelta = SOON) -> State:
    """Tell how a certificate stands at ``now``; ``"critical"``: its end is at most ``within`` away."""
    if now > certificate.not_after:
        return "expired"
    if now < certificate.not_before:
        return "not_yet_valid"
    return "critical" if certificate.not_after - now <= within else "valid"


def find_serving(entries: Sequence[_Entry], now: datetime) -> _Entry | None:
    """Give the entry that signs, or is encrypted to, at ``now``.

    Of those whose date has come and whose certificate is valid the one with the latest date; the first
    given where dates are equal or missing. If none of them is valid any more, the latest one, whose own
    dates are then what is wrong.

    Args:
        entries: All entries under one alias, in the order of the keystore.
        now: Aware time.

    Returns:
        ``None`` when the date of none has come.
    """
    begun = [item for item in entries if item.serves_from is None or item.serves_from <= now]
    fit = [item for item in begun if is_valid(item.certificate, now)] or begun
    return max(fit, key=lambda item: item.serves_from or _ALWAYS, default=None)


def require_serving(entries: Sequence[_Entry], now: datetime) -> _Entry:
    """Give the entry that serves at ``now``; see ``find_serving``.

    Raises:
        KeyUsageError: The date of none has come.
    """
    if len(entries) == 1 and entries[0].serves_from is None:
        return entries[0]
    found = find_serving(entries, now)
    if found is not None:
        return found
    first = min(item.serves_from or _ALWAYS for item in entries)
    option = "sign_from" if isinstance(entries[0], KeyEntry) else "encrypt_from"
    raise KeyUsageError(
        f"Nothing under {entries[0].alias!r} is in use before {first.isoformat()}.",
        hint=f"That is its {option}; the key for the time before is missing, or the date is wrong.",
        reason="not_yet_valid",
        alias=entries[0].alias,
    )


def is_followed(
    entries: Iterable[_Entry],
    serving: _Entry,
    ends: datetime,
    now: datetime,
    *,
    within: timedelta = SOON,
) -> bool:
    """Tell whether another entry takes over from the serving one in time, and does not end soon itself.

    Args:
        entries: All entries under one alias.
        serving: The one that serves at ``now``.
        ends: When it, or what stands above it, ends.
        now: Aware time.
        within: What is soon.
    """
    last = max(ends, now)
    return any(
        item is not serving
        and item.certificate.not_after > max(last, now + within)
        and max(item.serves_from or now, item.certificate.not_before) <= last
        for item in entries
    )


@dataclass(frozen=True, kw_only=True)
class Turn:
    """A time without a change: who serves from ``start`` until the next turn."""

    start: datetime
    entry: KeyEntry | PartnerEntry | None
    """``None``: nobody; the date of none has come, or none is valid."""


def turns(entries: Sequence[_Entry], since: datetime) -> Iterator[Turn]:
    """Give who serves from ``since`` on, one turn after the other, to the end of the last certificate."""
    moments = {since}
    for item in entries:
        ends = item.certificate.not_after + timedelta(seconds=1)
        moments.update((item.certificate.not_before, ends, item.serves_from or since))
    before: object = entries  # none of them
    for moment in sorted(item for item in moments if item >= since):
        found = find_serving(entries, moment)
        if found is not None and not is_valid(found.certificate, moment):
            found = None
        if found is not before:
            yield Turn(start=moment, entry=found)
        before = found
