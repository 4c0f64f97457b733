"""What every answer must pass before zeep sees it, the same for both transports."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol
from urllib.parse import urlsplit

from lxml import etree

from zeep_wssec import calls
from zeep_wssec.calls import Call
from zeep_wssec.demands import Demands, Inbound
from zeep_wssec.errors import RequirementError, TransportSecurityError, WSSecError
from zeep_wssec.keys.secrets import hides_frames
from zeep_wssec.payload.results import PayloadResult
from zeep_wssec.plain_http import is_loopback, needs_tls
from zeep_wssec.plan import Plan
from zeep_wssec.replay import MemoryReplayStore
from zeep_wssec.soap.parsing import parse_unchecked
from zeep_wssec.transport.multipart import check_parts
from zeep_wssec.transport.request_line import (
    not_sent,
    require_address,
    require_headers,
)

_MEDIA_TYPES = frozenset(
    {"text/xml", "application/soap+xml", "application/xml", "multipart/related"}
)


class CallChecker(Protocol):
    """What a transport asks of the profile that it belongs to."""

    plan: Plan
    owner: object

    def demands_of(self, call: Call) -> Demands | None:
        """Give what the answer to ``call`` must prove."""

    def protect_request(self, envelope: etree._Element, headers: dict[str, str]) -> Call:
        """Protect a request in place; the call is not begun yet."""

    def check_raw(self, content: bytes, call: Call, **how: Any) -> None:
        """Check an answer that zeep will hand to the caller without reading it."""

    def finish(self, call: Call, error: WSSecError) -> None:
        """Record a call that ends in ``error``."""

    def http_signature(self, address: str, message: bytes) -> dict[str, str]:
        """Give the header that signs a request as an HTTP message; empty where none is asked for."""

    def check_http_signature(
        self, status: int, headers: Mapping[str, str], content: bytes
    ) -> PayloadResult | None:
        """Verify the signature of an answer as an HTTP message, where one is asked for."""

    def accept(self, call: Call) -> None:
        """Record a call whose answer was accepted without zeep's hook."""


def call_at_start(profile: CallChecker, address: str, headers: Mapping[str, object]) -> Call:
    """Give the call whose request is about to be sent.

    Raises:
        TransportSecurityError: No request of this profile is under way, its address or headers are not
            fit for HTTP, or it must not go over plain HTTP.
    """
    call = calls.latest(profile.owner)
    if call is None:
        raise not_sent(
            "This transport belongs to a profile, but the message was not protected by it.",
            "Give the profile to the client as well: wsse=profile, or use profile.client(…).",
        )
    try:
        parts = require_address(address)
        require_headers(headers)
        if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
            _check_plain_http(profile, call, parts.hostname or "")
    except TransportSecurityError:
        calls.end(call)
        raise
    return call


def signed_headers(
    profile: CallChecker, call: Call, address: str, message: bytes, headers: dict[str, str]
) -> dict[str, str]:
    """Add the signature of a request as an HTTP message, made of the octets that are sent.

    Raises:
        PayloadError: It cannot be made; the call is ended, nothing was sent.
        KeyMaterialError: The key is missing or must not sign.
    """
    try:
        return {**headers, **profile.http_signature(address, message)}
    except WSSecError as error:
        error.request_sent = "no"
        profile.finish(call, error)
        raise
    except BaseException:
        calls.end(call)
        raise


def _check_plain_http(profile: CallChecker, call: Call, host: str) -> None:
    """Hold back what needs TLS."""
    steps, _ = profile.plan.for_operation(call.exchange.names)
    held = needs_tls(steps, tls=profile.plan.tls, demands=profile.demands_of(call))
    if held is not None:
        raise not_sent(f"{held.why} {host}.", held.hint)


def check_certificate_accepted(
    profile: CallChecker, call: Call, problem: TransportSecurityError | None
) -> None:
    """End a call whose answer refuses our client certificate.

    Raises:
        TransportSecurityError: ``problem``, if there is one.
    """
    if problem is not None:
        profile.finish(call, problem)
        raise problem


@hides_frames
def check_response(
    profile: CallChecker,
    call: Call,
    *,
    status: int,
    headers: Mapping[str, str],
    content: bytes,
    raw: bool | None,
    encoding: str | None,
) -> int:
    """Refuse an answer that would slip past verification; put the call on top for what does not.

    Args:
        profile: Whose request this answers.
        call: The request.
        status: HTTP status of the answer.
        headers: Its headers.
        content: Its octets.
        raw: Whether zeep will hand it to the caller unread, so that it must be checked here; ``None`` if
            that is not known, and it is checked here and, if zeep reads it, there.
        encoding: Charset that the HTTP library finds in the headers: zeep looks for MIME boundaries in it.

    Returns:
        The HTTP status to tell zeep, which takes any other than 200 for a Fault.

    Raises:
        TransportSecurityError: A redirect, or no SOAP message.
        PayloadError: The answer is not signed as the HTTP message that it must be.
        RequirementError: No content, although something must be proved.
        InboundError: The answer is checked here and refused, or is no XML.
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
        profile.check_http_signature(status, headers, content)
        if 200 <= status < 300 and not content:
            _check_empty(profile, call)
            profile.accept(call)
            return status
        _check_is_soap(status, headers, content)
        if raw:
            profile.check_raw(content, call)
        elif raw is None:
            # Most clients have zeep read it: it is remembered when the hook has checked it, not before.
            profile.check_raw(content, call, replay=MemoryReplayStore())
        elif content.lstrip()[:1] == b"-":
            demands = profile.demands_of(call)
            signed = isinstance(demands, Inbound) and bool(demands.signed)
            media = headers.get("content-type", "")
            check_parts(
                content, media, profile.plan.limits, must_be_signed=signed, encoding=encoding
            )
        else:
            # An answer that zeep cannot parse would stand whole in zeep's error.
            parse_unchecked(content, profile.plan.limits)
    except WSSecError as error:
        error.request_sent = "yes"
        profile.finish(call, error)
        raise
    if raw:
        profile.accept(call)
    else:
        calls.resume(call, status=status)
    return 200 if not raw and 200 <= status < 300 else status


def _check_is_soap(status: int, headers: Mapping[str, str], content: bytes) -> None:
    media = headers.get("content-type", "text/xml").split(";")[0].strip().lower()
    begins = content.lstrip(b"\xef\xbb\xbf\xff\xfe\0 \t\r\n")[:1]
    if media in _MEDIA_TYPES and begins == (b"-" if media.startswith("multipart/") else b"<"):
        return
    shown = "nothing" if not content else f"{len(content)} bytes of {_printable(media)}"
    raise TransportSecurityError(
        f"The service answers {status} with {shown}, which is no SOAP message.",
        hint="It may come from a proxy or gateway in between; look at its log.",
        status=status,
    )


def _printable(text: str) -> str:
    return "".join(char if char.isprintable() else "?" for char in text)[:80]


def _check_empty(profile: CallChecker, call: Call) -> None:
    demands = profile.demands_of(call)
    if isinstance(demands, Inbound) and demands.empty_replies == "refuse":
        raise RequirementError(
            "The answer is empty, so it proves nothing of what it must.",
            hint='For a one-way operation state inbound.empty_replies = "accept".',
            missing=("an answer",),
        )


def too_large(limit: int) -> TransportSecurityError:
    """Make the error for an answer above the limit; reading it has been given up."""
    error = TransportSecurityError(
        f"The answer is larger than {limit} bytes.",
        hint="Raise limits.max_message_bytes if the service really sends that much.",
    )
    error.request_sent = "yes"
    return error


def shown_address(address: str) -> str:
    """Give an address for logs and errors: without a user name or password in it."""
    parts = urlsplit(address)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()[:300]


def is_raw(settings: object | None) -> bool | None:
    """Whether zeep will hand the answer to the caller unread; ``None`` without its settings."""
    return None if settings is None else bool(getattr(settings, "raw_response", False))
