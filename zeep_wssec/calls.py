"""Calls under way: the thread from a request to its answer through zeep, which hands a hook the tree only.

One context variable holds an immutable stack, so threads and tasks never see each other's calls. Our
transport puts the call on top again just before zeep reads the answer, which makes the match exact; with
another transport the latest call counts, and an answer to an earlier one is refused.
"""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass, replace

from zeep_wssec.exchange import Exchange
from zeep_wssec.report import Report

_MAX_CALLS = 16
_MAX_REPORTS = 8


@dataclass(frozen=True, eq=False, kw_only=True)
class Call:
    """One request on its way, of the profile that ``owner`` stands for."""

    owner: object
    exchange: Exchange
    started: float
    """Monotonic seconds."""
    resumed: bool = False
    """Whether our transport has brought the answer."""


_calls: ContextVar[tuple[Call, ...]] = ContextVar("zeep_wssec_calls", default=())
_reports: ContextVar[tuple[tuple[object, Report], ...]] = ContextVar(
    "zeep_wssec_reports", default=()
)


def begin(call: Call) -> None:
    """Put a call on top; the oldest of too many is forgotten (it was never answered)."""
    _calls.set((*_calls.get(), call)[-_MAX_CALLS:])


def latest(owner: object) -> Call | None:
    """Give the call of ``owner`` that was begun last, and leave it."""
    return next((call for call in reversed(_calls.get()) if call.owner is owner), None)


def resume(call: Call) -> None:
    """Put a call on top again, wherever it was: its answer is read next."""
    others = tuple(item for item in _calls.get() if item is not call)
    _calls.set((*others, replace(call, resumed=True))[-_MAX_CALLS:])


def end(call: Call) -> None:
    """Take a call out: it will not be answered."""
    _calls.set(tuple(item for item in _calls.get() if item is not call))


def take(owner: object) -> Call | None:
    """Take the call of ``owner`` on top: the answer that is read now must be its answer.

    What the answer itself says of the request never picks the call: a call that was given up, by a
    timeout say, would let its late answer pass for that of the next one.
    """
    call = latest(owner)
    if call is not None:
        end(call)
    return call


def keep_report(owner: object, report: Report | None) -> None:
    """Keep the report of the latest check in this thread or task; ``None`` forgets it."""
    others = tuple(item for item in _reports.get() if item[0] is not owner)
    _reports.set(others if report is None else (*others, (owner, report))[-_MAX_REPORTS:])


def last_report(owner: object) -> Report | None:
    """Give the report of the latest check in this thread or task."""
    return next((report for kept, report in _reports.get() if kept is owner), None)
