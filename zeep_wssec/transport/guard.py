"""What every answer must pass before zeep sees it, the same for both transports."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Protocol
from urllib.parse import urlsplit

from lxml import etree

from zeep_wssec import calls
from zeep_wssec.calls import Call
from zeep_wssec.demands import Demands, Inbound, OverTLS
from zeep_wssec.errors import RequirementError, TransportSecurityError, WSSecError
from zeep_wssec.plan import Plan
from zeep_wssec.settings import UsernameToken


class CallChecker(Protocol):
    """What a transport asks of the profile that it belongs to."""

    plan: Plan
    owner: object

    def demands_of(self, call: Call) -> Demands | None:
        """Give what the answer to ``call`` must prove."""

    def check_raw(self, content: bytes, call: Call) -> None:
        """Check an answer that zeep will hand to the caller without reading it."""

    def finish(self, call: Call, error: WSSecError) -> None:
        """Record a call that ends in ``error``."""


def call_at_start(profile: CallChecker, address: str) -> Call:
    """Give the call whose request is about to be sent.

    Raises:
        TransportSecurityError: No request of this profile is under way, or it must not go over plain HTTP.
    """
    call = calls.latest(profile.owner)
    if call is None:
        raise _not_sent(
            "This transport belongs to a profile, but the message was not protected by it.",
            "Give the profile to the client as well: wsse=profile, or use profile.client(…).",
        )
    parts = urlsplit(address)
    if parts.scheme == "https" or _is_loopback(parts.hostname or ""):
        return call
    steps, _ = profile.plan.for_operation(call.exchange.names)
    if any(isinstance(step, UsernameToken) and step.password_type == "text" for step in steps):
        raise _not_sent(
            f"A password in readable form would go over plain HTTP to {parts.hostname}.",
            'Use an https address, or password_type = "digest".',
        )
    if isinstance(profile.demands_of(call), OverTLS):
        raise _not_sent(
            f"TLS is stated as the proof of answers, but {parts.hostname} is addressed over plain HTTP.",
            "Use an https address, or state inbound = Inbound(…).",
        )
    return call


def check_response(
    profile: CallChecker,
    call: Call,
    *,
    status: int,
    headers: Mapping[str, str],
    content: bytes,
    raw: bool,
) -> None:
    """Refuse an answer that would slip past verification; put the call on top for what does not.

    Raises:
        TransportSecurityError: A redirect.
        RequirementError: No content, although something must be proved.
        InboundError: ``raw`` is set and the answer is refused.
    """
    try:
        if 300 <= status < 400:
            target = urlsplit(headers.get("location", "")).hostname or "elsewhere"
            raise TransportSecurityError(
                f"The service answers with a redirect ({status}) to {target[:100]}; a signed request is "
                "never sent again.",
                hint="State the right address.",
                status=status,
            )
        if 200 <= status < 300 and not content:
            _check_empty(profile, call)
        if raw and content:
            profile.check_raw(content, call)
    except WSSecError as error:
        error.request_sent = "yes"
        profile.finish(call, error)
        raise
    calls.resume(call, content)


def _check_empty(profile: CallChecker, call: Call) -> None:
    demands = profile.demands_of(call)
    if isinstance(demands, Inbound) and demands.empty_replies == "refuse":
        raise RequirementError(
            "The answer is empty, so it proves nothing of what it must.",
            hint='For a one-way operation state inbound.empty_replies = "accept".',
            missing=("an answer",),
        )
    calls.end(call)


def too_large(limit: int) -> TransportSecurityError:
    """Make the error for an answer above the limit; reading it has been given up."""
    error = TransportSecurityError(
        f"The answer is larger than {limit} bytes.",
        hint="Raise limits.max_message_bytes if the service really sends that much.",
    )
    error.request_sent = "yes"
    return error


def is_raw(settings: object) -> bool:
    """Whether zeep will hand the answer to the caller without reading it."""
    return bool(getattr(settings, "raw_response", False))


def to_octets(envelope: etree._Element) -> bytes:
    """Serialise the envelope exactly as it was signed."""
    return etree.tostring(envelope, xml_declaration=True, encoding="utf-8")


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _not_sent(message: str, hint: str) -> TransportSecurityError:
    error = TransportSecurityError(message, hint=hint)
    error.request_sent = "no"
    return error
