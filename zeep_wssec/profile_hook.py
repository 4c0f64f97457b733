"""What zeep and our transports call on a profile: a request going out, its answer coming in, the record."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Any

from lxml import etree

from zeep_wssec import calls, inbound, outbound
from zeep_wssec.arguments import moment, read_reply, utc_now
from zeep_wssec.calls import Call
from zeep_wssec.demands import Demands, OverTLS, Unverified
from zeep_wssec.errors import InboundError, ProfileError, RequirementError, WSSecError
from zeep_wssec.exchange import Exchange
from zeep_wssec.forks import ProcessLock
from zeep_wssec.keys.external_key import in_event_loop, signs_remotely
from zeep_wssec.keys.notices import tell
from zeep_wssec.keys.path import PathValidator, Rfc5280PathValidator
from zeep_wssec.keys.secrets import without_frames
from zeep_wssec.payload.formats import make_format
from zeep_wssec.payload.shape import PayloadFormat
from zeep_wssec.plan import Plan
from zeep_wssec.postponed import postpone
from zeep_wssec.report import Report
from zeep_wssec.requirements import demands_for, require_signer, signers_for
from zeep_wssec.results import Checked, ExchangeRecord
from zeep_wssec.soap.envelope import Envelope

logger = logging.getLogger("zeep_wssec.profile")


class ProfileHook:
    """The part of ``Profile`` that takes part in calls; made by ``Profile`` alone."""

    plan: Plan

    def _start(self, *, clock: Callable[[], datetime] | None, path: Path | None) -> None:
        self.owner: object = object()
        self.path = path
        self._clock = clock or utc_now
        self._paths: PathValidator = Rfc5280PathValidator()
        self._listeners: tuple[Callable[[ExchangeRecord], None], ...] = ()
        self._has_transport = self._has_async_transport = False
        self._formats: dict[str, tuple[Plan, PayloadFormat]] = {}
        self._reloads, self._reloaded, self._reloading = count(1), 0, ProcessLock()

    def _moment(self, now: datetime | None) -> datetime:
        """Give the time to act at; at the present time, say what is to be said about the keys."""
        at = moment(now, self._clock)
        if now is None:
            tell(self.plan.keystore.snapshot(), at)
        return at

    def _check(
        self,
        root: etree._Element,
        request: Exchange | None,
        now: datetime | None = None,
        **how: Any,
    ) -> Checked:
        calls.keep_report(self.owner, None)
        try:
            outcome = inbound.check(
                root,
                self.plan,
                exchange=request,
                now=self._moment(now),
                paths=self._paths,
                **how,
            )
        except InboundError as error:
            if request is not None:
                error.request_sent = "yes"
            if error.report is not None:
                calls.keep_report(self.owner, error.report)
            raise without_frames(error)  # noqa: B904  # it is the same error
        calls.keep_report(self.owner, outcome.report)
        return Checked(envelope=root, report=outcome.report, received=outcome.received)

    def last_report(self) -> Report | None:
        """Give the report of the latest check in this thread or task, or ``None``."""
        return calls.last_report(self.owner)

    def on_exchange(self, callback: Callable[[ExchangeRecord], None]) -> None:
        """Call ``callback`` at the end of every exchange through zeep, in the thread or task of the call."""
        self._listeners = (*self._listeners, callback)

    def payload(self, name: str | None = None) -> PayloadFormat:
        """Give the format that protects data outside of messages, with the keys of this profile.

        Args:
            name: As in ``[payload.NAME]``; may be left out where there is only one.

        Raises:
            ProfileError: There is none of that name.
            PayloadUsageError: What the format needs is not installed.
        """
        return self._format(self.plan, name)

    def _format(self, plan: Plan, name: str | None) -> PayloadFormat:
        """Give a format of one plan: ``reload`` may put another into its place meanwhile."""
        settings = plan.payload
        if name is None and len(settings) == 1:
            name = next(iter(settings))
        if name is None or name not in settings:
            problem = (
                "Which payload is meant is not said."
                if name is None
                else f"There is no payload {name!r}."
            )
            hint = (
                f"There are {', '.join(settings)}."
                if settings
                else "Add [payload.NAME] to the profile."
            )
            raise ProfileError(problem, hint=hint, path="payload")
        held, made = self._formats.get(name, (None, None))
        if made is None or held is not plan:
            made = make_format(settings[name], keystore=plan.keystore, clock=self._given_clock())
            self._formats[name] = plan, made
        return made

    def _given_clock(self) -> Callable[[], datetime] | None:
        """Give the clock that stands in for the machine's, which other programs read by themselves."""
        return None if self._clock is utc_now else lambda: moment(None, self._clock)

    # What zeep calls.

    def apply(
        self, envelope: etree._Element, headers: dict[str, str]
    ) -> tuple[etree._Element, dict[str, str]]:
        """Protect a request; zeep's hook.

        Raises:
            ProfileError: The profile needs its own transport, or does not say how to judge the answer.
            OutboundError: The message cannot be protected as the profile asks.
        """
        try:
            self._check_ready()
        except WSSecError as error:
            error.request_sent = "no"
            raise
        if self._has_async_transport and self._must_not_wait():
            return postpone(self.owner, envelope, headers), headers
        calls.begin(self.protect_request(envelope, headers), envelope, headers)
        return envelope, headers

    def verify(self, envelope: etree._Element) -> etree._Element:
        """Check the answer and decrypt it in place; zeep's hook.

        Raises:
            InboundError: The answer is refused; the request was sent.
        """
        call = calls.take(self.owner, envelope)
        if call is None:
            raise RequirementError(
                "An answer came, but no request of this profile is under way in this thread or task.",
                hint="Call the operation through zeep, or use profile.check.",
                missing=("a request that this answers",),
            )
        try:
            if self.plan.tls is not None and not call.resumed:
                raise self._needs_transport()
            checked = self._check(envelope, call.exchange)
            _check_status(call.status, envelope)
        except WSSecError as error:
            error.request_sent = "yes"
            self.finish(call, error)
            raise
        if isinstance(self.demands_of(call), OverTLS) and not call.resumed:
            logger.warning(
                "TLS is stated as the proof of answers, but a bare wsse= cannot see whether there was "
                "any; use profile.client(…) or profile.transport()"
            )
        call.opened(envelope)
        self._record(call, outcome="accepted", code="", report=checked.report)
        return envelope

    # What our transports call.

    def demands_of(self, call: Call) -> Demands | None:
        """Give what the answer to ``call`` must prove."""
        return demands_for(self.plan, call.exchange)

    def protect_request(self, envelope: etree._Element, headers: dict[str, str]) -> Call:
        """Protect a request in place; the call is not begun yet."""
        try:
            started, now = time.monotonic(), self._moment(None)
            exchange = outbound.protect(envelope, self.plan, now=now, http_headers=headers)
            call = Call(owner=self.owner, exchange=exchange, started=started)
            self._check_answerable(call, now)
        except WSSecError as error:
            error.request_sent = "no"
            raise
        return call

    def check_raw(self, content: bytes, call: Call, **how: Any) -> None:
        """Check an answer that zeep will hand to the caller without reading it."""
        root = call.received(read_reply(content, self.plan.limits))
        call.opened(self._check(root, call.exchange, **how).envelope)

    def finish(self, call: Call, error: WSSecError) -> None:
        """Record a call that ends in ``error``."""
        calls.end(call)
        report = error.report if isinstance(error, InboundError) else None
        outcome = "refused" if isinstance(error, InboundError) else "failed"
        self._record(call, outcome=outcome, code=error.code, report=report)

    def accept(self, call: Call) -> None:
        """Record a call whose answer was accepted without zeep's hook."""
        calls.end(call)
        self._record(call, outcome="accepted", code="", report=self.last_report())

    def _must_not_wait(self) -> bool:
        return in_event_loop() and signs_remotely(self.plan.keystore.snapshot().key_entries)

    def _check_ready(self) -> None:
        if self.plan.tls is not None and not self._has_transport:
            raise self._needs_transport()

    def _needs_transport(self) -> ProfileError:
        return ProfileError(
            "The profile states TLS settings, which a bare wsse= cannot carry out.",
            hint="Use profile.client(…), or give the client transport=profile.transport().",
            path="tls",
        )

    def _check_answerable(self, call: Call, now: datetime) -> None:
        demands = self.demands_of(call)
        if isinstance(demands, Unverified):
            demands.check_in_force(now)
        keys = self.plan.keystore.snapshot()
        for signer in signers_for(self.plan, demands, names=call.exchange.names):
            if isinstance(signer, str):
                require_signer(keys, signer)

    def _record(self, call: Call, *, outcome: str, code: str, report: Report | None) -> None:
        record = ExchangeRecord.of_call(
            call.exchange, started=call.started, outcome=outcome, code=code, report=report
        )
        record.log(logger)
        for listener in (*self._listeners, *call.listeners):
            listener(record)


def _check_status(status: int, envelope: etree._Element) -> None:
    """Refuse an answer that is no Fault where HTTP says that the request failed: zeep would make it one.

    Nothing protects the status; whoever changes it would make a request that was carried out look refused.

    Spec: SOAP 1.1, section 6.2, SOAP HTTP Response.
    """
    if not 200 <= status < 300 and Envelope.read(envelope, error=RequirementError).fault is None:
        raise RequirementError(
            f"The service answers with HTTP status {status}, but with a message that is no Fault.",
            hint="One of the two is wrong; what the message says, profile.last_report() tells.",
            missing=("an HTTP status that fits the message",),
            status=status,
        )
