"""What is wrong with the dates at which keys of a profile take over from each other."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import TypeVar

from zeep_wssec.keys.certificate import Certificate
from zeep_wssec.keys.entries import KeyEntry, PartnerEntry
from zeep_wssec.keys.rotation import (
    SOON,
    find_serving,
    is_followed,
    is_valid,
    state_of,
    turns,
)
from zeep_wssec.keys.snapshot import Snapshot
from zeep_wssec.plan import Plan
from zeep_wssec.profile_findings import Finding, error, note, warning
from zeep_wssec.settings import Encryption, SessionKey

_Entry = TypeVar("_Entry", KeyEntry, PartnerEntry)
_PATH = "keystore"


def rotation_findings(plan: Plan, now: datetime) -> Iterator[Finding]:
    """Give what is wrong with the dates of entries: missing, equal, outside of a validity, with a gap."""
    held = plan.keystore.snapshot()
    for alias in held.keys:
        yield from _of_alias(held.keys_of(alias), now, option="sign_from", does="signs")
    for alias in held.partners:
        option, does = "encrypt_from", "is encrypted to"
        yield from _of_alias(held.partners_of(alias), now, option=option, does=does)


def kind_changes(plan: Plan) -> Iterator[Finding]:
    """Report a partner with keys of several kinds: what a step says of algorithms fits one of them only."""
    held = plan.keystore.snapshot()
    overlays = plan.operations.values()
    steps = (*plan.outbound, *(step for item in overlays for step in item.outbound or ()))
    sealing = [step for step in steps if isinstance(step, Encryption | SessionKey)]
    for alias in held.partners:
        kinds = list(dict.fromkeys(item.certificate.key_kind for item in held.partners_of(alias)))
        if len(kinds) > 1:
            encrypts = any(alias in step.recipients for step in sealing)
            tell = warning if encrypts else note
            yield tell(
                _PATH,
                f"The certificates of partner {alias!r} have keys of different kinds ({', '.join(kinds)}): "
                f"{'requests are encrypted' if encrypts else 'answers are signed'} in another way once the "
                "next one is in use. Ask whether that is meant.",
            )


def _of_alias(
    entries: Sequence[_Entry], now: datetime, *, option: str, does: str
) -> Iterator[Finding]:
    alias = entries[0].alias
    if len(entries) == 1 and entries[0].serves_from is None:
        return
    for entry in entries:
        yield from _outside(entry, option)
    yield from _undated(entries, now, option=option, does=does)
    dates = [item.serves_from for item in entries if item.serves_from is not None]
    for date in sorted({item for item in dates if dates.count(item) > 1}):
        yield warning(
            _PATH,
            f"{dates.count(date)} entries {alias!r} have {option} = {date.isoformat()}: the first of them "
            f"{does} from then on.",
        )
    yield from _gaps(entries, now, option=option)


def _outside(entry: _Entry, option: str) -> Iterator[Finding]:
    """Report a date at which the certificate is not valid."""
    date, certificate = entry.serves_from, entry.certificate
    if date is None or is_valid(certificate, date):
        return
    before = date < certificate.not_before
    tell = warning if before else error
    edge = certificate.not_before if before else certificate.not_after
    yield tell(
        _PATH,
        f"{option} of {entry.alias!r} is {date.isoformat()}, but its certificate "
        f"{'begins' if before else 'ends'} at {edge.isoformat()}: {certificate.describe()}",
    )


def _undated(
    entries: Sequence[_Entry], now: datetime, *, option: str, does: str
) -> Iterator[Finding]:
    undated = [item for item in entries if item.waits]
    usable = [item for item in undated if state_of(item.certificate, now) != "expired"]
    if len(usable) > 1:
        yield warning(
            _PATH,
            f"{len(usable)} entries {usable[0].alias!r} have no {option}: the first {does} until its certificate "
            f"ends, {usable[0].certificate.not_after:%Y-%m-%d}. Say when the other side takes the next one.",
        )


def _gaps(entries: Sequence[_Entry], now: datetime, *, option: str) -> Iterator[Finding]:
    """Report times without anybody, except the one after the last certificate."""
    alias, found = entries[0].alias, list(turns(entries, now))
    for turn, following in itertools.pairwise(found):
        if turn.entry is None:
            tell = error if turn.start <= now else warning
            yield tell(
                _PATH,
                f"From {turn.start.isoformat()} to {following.start.isoformat()} no entry {alias!r} is in "
                f"use: set {option} of the next one to an earlier time, or renew the one before.",
            )


def ends_unnoticed(
    held: Snapshot, now: datetime, *, within: timedelta = SOON
) -> frozenset[Certificate]:
    """Give the certificates whose dates matter to nobody: another entry of the alias serves, or will in time."""
    keys = [entry for alias in held.keys for entry in _idle(held.keys_of(alias), now, within)]
    partners = (held.partners_of(alias) for alias in held.partners)
    others = [entry for entries in partners for entry in _idle(entries, now, within)]
    served: tuple[KeyEntry | PartnerEntry, ...] = (*keys, *others)
    return frozenset(entry.certificate for entry in served)


def _idle(entries: Sequence[_Entry], now: datetime, within: timedelta) -> list[_Entry]:
    """Give those that have been or are followed, and those whose time has not come."""
    serving = find_serving(entries, now)
    if serving is None or not is_valid(serving.certificate, now):
        return []
    end = serving.certificate.not_after
    followed = is_followed(entries, serving, end, now, within=within)
    idle = [
        item
        for item in entries
        if item is not serving
        and (item.certificate.not_after <= end or item.certificate.not_before > now)
    ]
    if followed:
        idle.append(serving)
    return idle


def idle_finding(what: str, certificate: Certificate, now: datetime) -> Finding | None:
    """Give what there is to say of a certificate that another one stands in for."""
    if now > certificate.not_after:
        return note(
            _PATH,
            f"The certificate of {what} expired on {certificate.not_after:%Y-%m-%d}; another one has "
            "followed, so the entry can go once nothing comes encrypted for it.",
        )
    return None
