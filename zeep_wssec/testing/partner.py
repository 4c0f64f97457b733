"""A secured SOAP partner for tests: over loopback, or in process without any socket."""

from __future__ import annotations

import ssl
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import requests
from lxml import etree

from zeep_wssec.errors import InboundError, MalformedSecurityError, ProfileError
from zeep_wssec.exchange import Exchange
from zeep_wssec.profile import Profile
from zeep_wssec.report import Report
from zeep_wssec.results import Checked
from zeep_wssec.soap.envelope import Envelope, to_octets
from zeep_wssec.soap.namespaces import SOAP11, SOAP12
from zeep_wssec.testing.answers import (
    MEDIA_TYPES,
    Answer,
    Fault,
    Handler,
    build_answer,
    build_refusal,
    fault_status,
)
from zeep_wssec.testing.in_process import in_process_session, in_process_transport
from zeep_wssec.testing.loopback import serve

if TYPE_CHECKING:
    import httpx

__all__ = ["Answer", "Fault", "Partner", "Wire"]

_KEPT_ANSWERS = 1000
_SWAP_SECONDS = 10


@dataclass(frozen=True, kw_only=True)
class Wire:
    """What happens to answers between the partner and its caller; unset, nothing does."""

    tamper: Callable[[bytes], bytes] | None = None
    """Gets the octets of each answer and gives those that arrive."""
    delay_seconds: Callable[[], float] | None = None
    """Says for each answer how long it takes; called by several threads at once."""
    swap: Callable[[Answer], bool] | None = None
    """Picks answers that go astray: each waits for the next one that is picked and takes its place. For
    a partner that is served, and an even number of them."""


class Partner:
    """A SOAP service that decrypts and verifies requests, and protects its answers.

    Its profile is the caller's with the roles swapped: ``inbound`` says what requests must prove, the
    steps of ``outbound`` protect answers. Without steps answers go out as they are.
    """

    def __init__(self, profile: Profile, handler: Handler, *, wire: Wire | None = None) -> None:
        """Make a partner.

        Args:
            profile: Its keys, the caller's certificate, and both directions' settings.
            handler: Gets the plain Body of a request and gives the child of the answer's Body, a
                ``Fault``, or ``None`` for an empty 202. Called by several threads at once.
            wire: What happens to answers on their way.

        Raises:
            ProfileError: The profile does not state what requests must prove.
        """
        if profile.plan.inbound is None:
            raise ProfileError(
                "What requests must prove is not stated; only a caller can derive it.",
                hint="State inbound = Inbound(…, signed_by=…) with the caller's alias.",
                path="inbound",
            )
        self.profile = profile
        self.handler = handler
        self.wire = wire or Wire()
        self.answers: deque[Answer] = deque(maxlen=_KEPT_ANSWERS)
        """The latest exchanges as ``answer`` gave them: before anything happened to them on the wire."""
        self._swap = _Swap()

    def answer(self, request: bytes, *, http_headers: Mapping[str, str] | None = None) -> Answer:
        """Answer one request; nothing happens to the answer on the wire.

        A request that is refused is answered with a SOAP Fault of its ``wsse`` fault code and safe text,
        unprotected; what was wrong with it is in ``error`` of the answer and goes to nobody else.
        """
        try:
            answer = self._accept(request)
        except InboundError as error:
            answer = _refuse(request, http_headers or {}, error)
        self.answers.append(answer)
        return answer

    def respond(self, request: bytes, http_headers: Mapping[str, str]) -> Answer:
        """Answer one request and let the wire have its way with the answer."""
        answer = self.answer(request, http_headers=http_headers)
        if self.wire.delay_seconds is not None:
            time.sleep(self.wire.delay_seconds())
        if self.wire.swap is not None and self.wire.swap(answer):
            answer = self._swap.with_next(answer)
        if self.wire.tamper is not None and answer.content:
            answer = replace(answer, content=self.wire.tamper(answer.content))
        return answer

    def serve(self, *, tls: ssl.SSLContext | None = None) -> AbstractContextManager[str]:
        """Serve on a free port of 127.0.0.1 for a ``with`` block, which is given the address.

        Args:
            tls: Context with a certificate for 127.0.0.1; unset, plain HTTP.
        """
        return serve(self.respond, tls=tls)

    def session(self) -> requests.Session:
        """Give a session in which ``in_process.ADDRESS`` is this partner, for ``profile.transport(session=…)``."""
        return in_process_session(self.respond)

    def httpx_transport(self) -> httpx.MockTransport:
        """Give a transport for an ``httpx`` client to which every address is this partner."""
        return in_process_transport(self.respond)

    def _accept(self, request: bytes) -> Answer:
        checked = self.profile.check(request)
        envelope = Envelope.read(checked.envelope, error=MalformedSecurityError)
        reply = self.handler(envelope.body)
        exchange = Exchange.from_message(request, actor=self.profile.plan.header.actor)
        seen = Answer(
            status=202,
            request=request,
            asked=envelope.body,
            exchange=exchange,
            report=checked.report,
        )
        return seen if reply is None else self._protect(envelope, reply, seen, checked)

    def _protect(
        self, request: Envelope, reply: etree._Element | Fault, seen: Answer, checked: Checked
    ) -> Answer:
        root = build_answer(request, reply)
        blame = reply.blame if isinstance(reply, Fault) else None
        plain = to_octets(root)
        return replace(
            seen,
            status=200 if blame is None else fault_status(request.namespace, blame),
            headers={"Content-Type": MEDIA_TYPES[request.namespace]},
            plain=plain,
            content=self.profile.secure(root, answers=checked).to_bytes(),
        )

    def __repr__(self) -> str:
        return f"<Partner with {self.profile!r}>"


class _Swap:
    """Two answers meet and each leaves in place of the other."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: _Seat | None = None

    def with_next(self, answer: Answer) -> Answer:
        """Give the next answer that comes here, or the one that is waiting for this one."""
        with self._lock:
            other, self._waiting = self._waiting, None
            if other is None:
                mine = self._waiting = _Seat(answer)
            else:
                other.partner = answer
                other.met.set()
                return other.answer
        if not mine.met.wait(_SWAP_SECONDS) or mine.partner is None:
            raise TimeoutError(
                "An answer waited for another one to be swapped with, and none came."
            )
        return mine.partner


class _Seat:
    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.partner: Answer | None = None
        self.met = threading.Event()


def _refuse(request: bytes, http_headers: Mapping[str, str], error: InboundError) -> Answer:
    namespace = _soap_namespace(request, http_headers)
    report: Report | None = error.report
    return Answer(
        status=fault_status(namespace, "sender"),
        headers={"Content-Type": MEDIA_TYPES[namespace]},
        content=to_octets(build_refusal(namespace, error)),
        request=request,
        report=report,
        error=error,
    )


def _soap_namespace(request: bytes, http_headers: Mapping[str, str]) -> str:
    """Tell the SOAP version of a request that was refused, perhaps because it is no XML at all."""
    content_type = {name.lower(): value for name, value in http_headers.items()}.get(
        "content-type", ""
    )
    return SOAP12 if "soap+xml" in content_type or SOAP12.encode() in request else SOAP11
