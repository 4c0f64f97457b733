"""Profile: the one object that zeep is given, and the facade over everything below it."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lxml import etree

from zeep_wssec import calls, inbound, outbound
from zeep_wssec.arguments import (
    Message,
    Request,
    moment,
    profile_path,
    read_answered,
    read_envelope,
    read_reply,
    read_request,
    utc_now,
)
from zeep_wssec.calls import Call
from zeep_wssec.clients import AsyncProfileClient, ProfileClient, open_async_client, open_client
from zeep_wssec.demands import Demands, OverTLS, Unverified
from zeep_wssec.errors import InboundError, ProfileError, RequirementError, WSSecError
from zeep_wssec.exchange import Exchange, Received
from zeep_wssec.keys.keystore import Keystore
from zeep_wssec.keys.path import PathValidator, Rfc5280PathValidator
from zeep_wssec.keys.secrets import hides_frames, without_frames
from zeep_wssec.plan import TLS, Overlay, Plan, Service
from zeep_wssec.replay import MemoryReplayStore, ReplayStore
from zeep_wssec.report import Report
from zeep_wssec.requirements import demands_for, require_signer, signers_for
from zeep_wssec.results import Checked, ExchangeRecord, Secured
from zeep_wssec.settings import BasicSecurityProfile, SecurityHeader, Step
from zeep_wssec.soap.limits import Limits
from zeep_wssec.transport.installed import require_async
from zeep_wssec.transport.sync import ProfileTransport
from zeep_wssec.transport.tls import client_context

if TYPE_CHECKING:
    import requests

    from zeep_wssec.transport.asynchronous import AsyncProfileTransport

logger = logging.getLogger(__name__)


class Profile:
    """Everything that one partner's service demands, as one object for zeep, scripts and servers.

    Pass it to ``zeep.Client`` or ``AsyncClient`` as ``wsse=``, or let ``client()`` make one, whose
    transport sees empty and raw answers, too. One profile serves any number of threads and tasks.
    """

    def __init__(
        self,
        *,
        keystore: Keystore,
        outbound: Sequence[Step] = (),
        inbound: Demands | None = None,
        operations: Mapping[str, Overlay] | None = None,
        header: SecurityHeader | None = None,
        namespaces: Mapping[str, str] | None = None,
        limits: Limits | None = None,
        service: Service | None = None,
        tls: TLS | None = None,
        bsp: BasicSecurityProfile | None = None,
        replay: ReplayStore | None = None,
        clock: Callable[[], datetime] | None = None,
    ) -> None:
        """Make a profile from settings.

        Args:
            keystore: Our key pairs, our partners and what is trusted.
            outbound: Steps that protect a request, in this order.
            inbound: What answers must prove; unset, the request decides.
            operations: Overlays by SOAP action, addressing action or name of the Body's child.
            header, namespaces, limits, service, tls, bsp: The security header, prefixes, bounds and so on.
            replay, clock: Remembers accepted messages, in memory if unset; gives the aware present time.

        Raises:
            ProfileError: The settings do not fit together.
        """
        self.plan = Plan(
            keystore=keystore,
            outbound=outbound,
            inbound=inbound,
            operations=operations or {},
            header=header or SecurityHeader(),
            namespaces=namespaces or {},
            limits=limits or Limits(),
            service=service or Service(),
            tls=tls,
            bsp=bsp,
            replay=MemoryReplayStore(clock=clock) if replay is None else replay,
        )
        self._start(clock=clock, path=None)

    def _start(self, *, clock: Callable[[], datetime] | None, path: Path | None) -> None:
        self.owner: object = object()
        self.path = path
        self._clock = clock or utc_now
        self._paths: PathValidator = Rfc5280PathValidator()
        self._listeners: tuple[Callable[[ExchangeRecord], None], ...] = ()
        self._has_transport = False

    @classmethod
    def from_plan(cls, plan: Plan, *, path: Path | None = None) -> Profile:
        """Make a profile from a plan that is already whole."""
        profile = cls.__new__(cls)
        profile.plan = plan
        profile._start(clock=None, path=path)
        return profile

    @classmethod
    def load(cls, path: str | PathLike[str]) -> Profile:
        """Load a profile from a TOML file; see the page on profile files for its keys.

        Raises:
            ProfileError: A key that is unknown or wrong, with its path in the file.
            KeyMaterialError: A key or certificate that it names cannot be used.
        """
        # Imported here, since a profile made in Python needs no TOML.
        from zeep_wssec.profile_file import load_plan

        resolved = profile_path(path).resolve()
        return cls.from_plan(load_plan(resolved), path=resolved)

    # Without zeep.

    @hides_frames
    def secure(
        self,
        envelope: Message,
        *,
        operation: str | None = None,
        answers: Checked | Received | None = None,
        now: datetime | None = None,
    ) -> Secured:
        """Protect one message.

        Args:
            envelope: Bytes, or an Envelope element, which is changed in place; on failure it is as before.
            operation: Name of the operation, for its overlay.
            answers: The request that this message answers, as ``check`` gave it.
            now: Aware time, instead of the clock.

        Raises:
            OutboundError: It is no message, or the message cannot be protected as the profile asks.
            KeyMaterialError: A key or certificate is missing or not fit.
        """
        received = read_answered(answers)
        root, now = read_envelope(envelope, self.plan.limits), moment(now, self._clock)
        exchange = outbound.protect(root, self.plan, now=now, operation=operation, answers=received)
        return Secured(envelope=root, exchange=exchange)

    @hides_frames
    def check(
        self,
        reply: Message,
        *,
        request: Request | None = None,
        operation: str | None = None,
        now: datetime | None = None,
        replay: ReplayStore | None = None,
    ) -> Checked:
        """Check and decrypt one message.

        Args:
            reply: Bytes, or an Envelope element, which is decrypted in place.
            request: What ``secure`` gave for the request, or the request itself as it was sent; without
                it ``inbound`` must be stated.
            operation: Name of the operation, for its overlay, besides those that the request tells.
            now: Aware time, instead of the clock.
            replay: Remembers it in place of the profile's store: a new ``MemoryReplayStore()`` for a message
                that is looked at again.

        Returns:
            The message in plain text, with what it proved.

        Raises:
            InboundError: The message is refused; nothing of it may be used.
            ProfileError: What the message must prove is not stated, or an argument is not what it must be.
        """
        root = read_reply(reply, self.plan.limits)
        sent = read_request(request, actor=self.plan.header.actor)
        return self._check(root, sent, now, operation=operation, replay=replay)

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
                now=moment(now, self._clock),
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
            started, now = time.monotonic(), moment(None, self._clock)
            exchange = outbound.protect(envelope, self.plan, now=now, http_headers=headers)
            call = Call(owner=self.owner, exchange=exchange, started=started)
            self._check_answerable(call, now)
        except WSSecError as error:
            error.request_sent = "no"
            raise
        calls.begin(call, envelope, headers)
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

    def transport(
        self, *, session: requests.Session | None = None, cache: Any = None
    ) -> ProfileTransport:
        """Make the transport for ``zeep.Client`` that brings this profile's TLS and misses no answer.

        Args:
            session: Yours, with its proxies and retries; the profile's trust is mounted on it.
            cache: A zeep cache for WSDL documents.
        """
        self._has_transport = True
        return ProfileTransport(
            self,
            client_context(self.plan.keystore, self.plan.tls),
            timeout_seconds=self.plan.service.timeout_seconds,
            session=session,
            cache=cache,
        )

    def async_transport(self, *, cache: Any = None) -> AsyncProfileTransport:
        """Make the transport for ``zeep.AsyncClient``; needs the extra ``async``.

        Raises:
            ProfileError: What the extra brings is not installed.
        """
        require_async()
        from zeep_wssec.transport.asynchronous import AsyncProfileTransport

        self._has_transport = True
        return AsyncProfileTransport(
            self,
            client_context(self.plan.keystore, self.plan.tls),
            timeout_seconds=self.plan.service.timeout_seconds,
            cache=cache,
        )

    def client(
        self, wsdl: str | PathLike[str] | None = None, *, address: str | None = None, **options: Any
    ) -> ProfileClient:
        """Make a ``zeep.Client`` with this profile and its transport.

        Args:
            wsdl: Path or URL; unset: the profile's ``service.wsdl``.
            address: Endpoint in place of the WSDL's; unset: the profile's ``service.address``.
            **options: For ``zeep.Client``: ``plugins``, ``settings``, ``service_name``, ``port_name``,
                ``transport`` (one of ``profile.transport()``).
        """
        transport = options.pop("transport", None) or self.transport()
        return open_client(self, wsdl, address=address, transport=transport, **options)

    def async_client(
        self, wsdl: str | PathLike[str] | None = None, *, address: str | None = None, **options: Any
    ) -> AsyncProfileClient:
        """Make a ``zeep.AsyncClient`` with this profile and its transport; see ``client``."""
        transport = options.pop("transport", None) or self.async_transport()
        return open_async_client(self, wsdl, address=address, transport=transport, **options)

    # What our transports call.

    def demands_of(self, call: Call) -> Demands | None:
        """Give what the answer to ``call`` must prove."""
        return demands_for(self.plan, call.exchange)

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

    def __repr__(self) -> str:
        plan, path = vars(self).get("plan"), vars(self).get("path")  # it may not be whole yet
        steps = ", ".join(type(step).__name__ for step in plan.outbound) if plan else ""
        return f"<Profile {path.name if path else 'in memory'}: {steps or 'no steps'}>"

    def __reduce__(self) -> tuple[Any, ...]:
        if self.path is None:
            raise ProfileError(
                "A profile made in memory is not pickled: its private keys would leave the process.",
                hint="Save it as a profile file; one from a file pickles as its path.",
            )
        return (Profile.load, (str(self.path),))
