"""What callers hand to a profile: messages, requests and times, refused with what to give instead."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from os import PathLike
from pathlib import Path

from lxml import etree

from zeep_wssec.errors import KeyLoadError, MalformedSecurityError, OutboundError, ProfileError
from zeep_wssec.exchange import Exchange, Received
from zeep_wssec.keys.files import require_path
from zeep_wssec.results import Checked, Secured
from zeep_wssec.soap.limits import Limits
from zeep_wssec.soap.parsing import parse_message, parse_unchecked

Message = bytes | etree._Element
"""A SOAP message: its octets, or its Envelope element."""
Request = Exchange | Secured | Message
"""A request that an answer is held against: what ``secure`` gave, or the message as it was sent."""


def profile_path(path: str | PathLike[str]) -> Path:
    """Give the path of a profile file.

    Raises:
        ProfileError: It is no path.
    """
    try:
        return Path(require_path(path, what="a profile"))
    except KeyLoadError as error:
        raise ProfileError(str(error.message), hint="Give the path of a TOML file.") from None


def read_envelope(given: Message, limits: Limits) -> etree._Element:
    """Give the tree of a message of ours.

    Raises:
        OutboundError: It is no message, or not well-formed.
    """
    problem = _describe_problem(given)
    if problem:
        raise OutboundError(problem, hint=_INSTEAD)
    if not isinstance(given, bytes):
        return given
    try:
        return parse_message(given, limits)
    except MalformedSecurityError as error:
        raise OutboundError(str(error.message), hint=error.hint) from None


def read_reply(given: Message, limits: Limits) -> etree._Element:
    """Give the tree of a peer's message; the check has yet to look at it.

    Raises:
        ProfileError: It is no message.
        MalformedSecurityError: The octets are not well-formed.
    """
    problem = _describe_problem(given)
    if problem:
        raise ProfileError(problem, hint=_INSTEAD, path="reply")
    return parse_unchecked(given, limits) if isinstance(given, bytes) else given


def read_request(given: Request | None, *, actor: str | None) -> Exchange | None:
    """Give what an answer is held against, from what ``secure`` gave or from the message as it was sent.

    Raises:
        ProfileError: It is no request.
    """
    if given is None or isinstance(given, Exchange):
        return given
    if isinstance(given, Secured):
        return given.exchange
    if isinstance(given, bytes | etree._Element):
        return Exchange.from_message(given, actor=actor)
    raise ProfileError(
        f"A request is needed, not {type(given).__name__}.",
        hint="Give what secure gave, its exchange, or the message as it was sent, as bytes.",
        path="request",
    )


def read_answered(given: Checked | Received | None) -> Received | None:
    """Give what an answer refers to, from what ``check`` gave for its request.

    Raises:
        ProfileError: It is something else.
    """
    if isinstance(given, Checked):
        return given.received
    if given is None or isinstance(given, Received):
        return given
    raise ProfileError(
        f"A checked request is needed, not {type(given).__name__}.",
        hint="Give what check gave for the request: answers=profile.check(request).",
        path="answers",
    )


def moment(given: datetime | None, clock: Callable[[], datetime]) -> datetime:
    """Give the time to act at: the one given, else that of the clock.

    Raises:
        ProfileError: It has no time zone, so it may mean any of several moments.
    """
    now = clock() if given is None else given
    if not isinstance(now, datetime) or now.utcoffset() is None:
        raise ProfileError(
            f"An aware time is needed, not {now!r}.",
            hint="Give one with its zone: datetime.now(UTC).",
            path="clock" if given is None else "now",
        )
    return now


def utc_now() -> datetime:
    """Read the clock: the only place that does."""
    return datetime.now(UTC)


_INSTEAD = "Give the bytes as they come from the file or the line, or the Envelope element."


def _describe_problem(given: object) -> str:
    if isinstance(given, bytes | etree._Element):
        return ""
    if isinstance(given, str):
        return "A message is bytes or an lxml element, not str: as text it has lost its encoding."
    return f"A message is bytes or an lxml element, not {type(given).__name__}."
