"""Calls under way: the thread from a request to its answer through zeep, which hands a hook the tree only.

One context variable holds an immutable stack, so threads and tasks never see each other's calls. Our
transport puts the call on top again just before zeep reads the answer, which makes the match exact; with
another transport the latest call counts, and an answer to an earlier one is refused.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from lxml import etree

from zeep_wssec.exchange import Exchange
from zeep_wssec.report import Report

if TYPE_CHECKING:
    from zeep_wssec.results import ExchangeRecord

_MAX_CALLS = 16
_MAX_REPORTS = 8
_MAX_WATCHED = 16


class Watcher(Protocol):
    """Is told of one call; what it is given is the message itself, so it copies what it keeps."""

    def sent(self, envelope: etree._Element) -> None:
        """See the request, protected, just before it is sent."""

    def received(self, envelope: etree._Element) -> None:
        """See the answer as it came: nothing of it is checked."""

    def opened(self, envelope: etree._Element) -> None:
        """See the answer when it has been accepted, decrypted."""

    def ended(self, record: ExchangeRecord) -> None:
        """Learn how the call ended."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Call:
    """One request on its way, of the profile that ``owner`` stands for."""

    owner: object
    exchange: Exchange
    started: float
    """Monotonic seconds."""
    resumed: bool = False
    """Whether our transport has brought the answer."""
    status: int = 200
    """HTTP status of the answer, if our transport has brought it."""
    watchers: tuple[Watcher, ...] = ()

    def received(self, envelope: etree._Element) -> etree._Element:
        """Tell the watchers that this answer came, and give it back."""
        for watcher in self.watchers:
            watcher.received(envelope)
        return envelope

    def opened(self, envelope: etree._Element) -> None:
        """Tell the watchers that this is the accepted answer."""
        for watcher in self.watchers:
            watcher.opened(envelope)

    @property
    def listeners(self) -> tuple[Callable[[ExchangeRecord], None], ...]:
        """Give what the record of the call goes to."""
        return tuple(watcher.ended for watcher in self.watchers)


@dataclass(frozen=True, eq=False)
class _Watched:
    """A request that a plugin has seen and that a profile protects next."""

    watcher: Watcher
    envelope: int
    """``id`` of the tree: the tree itself would be kept alive if the call is given up."""
    http_headers: dict[str, str]

    def is_it(self, envelope: etree._Element, http_headers: dict[str, str]) -> bool:
        """Tell whether it is this request; a later plugin may have replaced one of the two."""
        return self.envelope == id(envelope) or self.http_headers is http_headers


_calls: ContextVar[tuple[Call, ...]] = ContextVar("zeep_wssec_calls", default=())
_reports: ContextVar[tuple[tuple[object, Report], ...]] = ContextVar(
    "zeep_wssec_reports", default=()
)
_watched: ContextVar[tuple[_Watched, ...]] = ContextVar("zeep_wssec_watched", default=())


def watch(watcher: Watcher, envelope: etree._Element, http_headers: dict[str, str]) -> None:
    """Have ``watcher`` told of the call that begins with this request.

    A plugin of zeep sees a request before it is protected, and may itself make calls; so the request is
    known again by its tree or its headers, not by what comes next.
    """
    item = _Watched(watcher, id(envelope), http_headers)
    _watched.set((*_watched.get(), item)[-_MAX_WATCHED:])


def begin(call: Call, envelope: etree._Element, http_headers: dict[str, str]) -> None:
    """Put a call on top, without a report yet; the oldest of too many is forgotten (it was never answered)."""
    keep_report(call.owner, None)
    waiting = _watched.get()
    if waiting:
        ours = [item for item in waiting if item.is_it(envelope, http_headers)]
        _watched.set(tuple(item for item in waiting if item not in ours))
        call = replace(call, watchers=tuple(item.watcher for item in ours))
        for watcher in call.watchers:
            watcher.sent(envelope)
    _calls.set((*_calls.get(), call)[-_MAX_CALLS:])


def latest(owner: object) -> Call | None:
    """Give the call of ``owner`` that was begun last, and leave it."""
    return next((call for call in reversed(_calls.get()) if call.owner is owner), None)


def resume(call: Call, *, status: int) -> None:
    """Put a call on top again, wherever it was: its answer, which came with ``status``, is read next."""
    others = tuple(item for item in _calls.get() if item is not call)
    _calls.set((*others, replace(call, resumed=True, status=status))[-_MAX_CALLS:])


def end(call: Call) -> None:
    """Take a call out: it will not be answered."""
    _calls.set(tuple(item for item in _calls.get() if item is not call))


def take(owner: object, answer: etree._Element) -> Call | None:
    """Take the call of ``owner`` on top: ``answer``, which is read now, must be its answer.

    What the answer itself says of the request never picks the call: a call that was given up, by a
    timeout say, would let its late answer pass for that of the next one.
    """
    call = latest(owner)
    if call is not None:
        end(call)
        call.received(answer)
    return call


def keep_report(owner: object, report: Report | None) -> None:
    """Keep the report of the latest check in this thread or task; ``None`` forgets it."""
    others = tuple([item for item in _reports.get() if item[0] is not owner])
    _reports.set(others if report is None else (*others, (owner, report))[-_MAX_REPORTS:])


def last_report(owner: object) -> Report | None:
    """Give the report of the latest check in this thread or task."""
    return next((report for kept, report in _reports.get() if kept is owner), None)
