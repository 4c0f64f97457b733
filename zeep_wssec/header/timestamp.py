"""``wsu:Timestamp``: when a message was made and how long it may be believed."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from lxml import etree

from zeep_wssec.errors import MalformedSecurityError, MessageExpiredError
from zeep_wssec.header.context import Incoming, Outgoing
from zeep_wssec.header.evidence import TimestampEvidence
from zeep_wssec.settings import Precision, Timestamp
from zeep_wssec.soap.ids import WSU_ID, fresh_id
from zeep_wssec.soap.namespaces import WSU

TIMESTAMP = f"{{{WSU}}}Timestamp"
CREATED = f"{{{WSU}}}Created"
EXPIRES = f"{{{WSU}}}Expires"
_SHAPES = ([CREATED], [CREATED, EXPIRES])
_ATTRIBUTES = frozenset({WSU_ID})
_DATE_TIME = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)", re.ASCII
)


def write_timestamp(message: Outgoing, step: Timestamp) -> None:
    """Write a Timestamp that starts now, by the clock of the service.

    Spec: WSS SOAP Message Security 1.1.1, section 10, Security Timestamps; BSP 1.1 R3203, R3221.
    """
    created = message.now + timedelta(seconds=step.clock_offset_seconds)
    expires = created + timedelta(seconds=step.ttl_seconds)
    timestamp = etree.fromstring(
        f'<wsu:Timestamp xmlns:wsu="{WSU}" wsu:Id="{fresh_id("TS")}">'
        f"<wsu:Created>{format_time(created, step.precision, step.offset)}</wsu:Created>"
        f"<wsu:Expires>{format_time(expires, step.precision, step.offset)}</wsu:Expires>"
        "</wsu:Timestamp>"
    )
    message.prepend(timestamp)


def read_timestamp(message: Incoming, element: etree._Element) -> None:
    """Check a Timestamp against now; whether it is signed is for the requirements to ask.

    Raises:
        MalformedSecurityError: A second Timestamp, or other children than one Created, then one Expires.
        MessageExpiredError: Past Expires, older than allowed, or made in the future.

    Spec: WSS SOAP Message Security 1.1.1, section 10; BSP 1.1 R3203, R3221, R3222, R3224, R3227.
    """
    if message.timestamp is not None:
        raise MalformedSecurityError("The security header has two Timestamps.")
    tags = [child.tag for child in element]
    if tags not in _SHAPES or not _ATTRIBUTES.issuperset(element.keys()):
        raise MalformedSecurityError("A Timestamp must hold one Created, then one Expires at most.")
    created = _read_time(message, element[0])
    expires = _read_time(message, element[1]) if len(tags) == 2 else None
    check_fresh(message, created, expires)
    message.prove(TimestampEvidence(node=element, created=created, expires=expires))


def _read_time(message: Incoming, element: etree._Element) -> datetime:
    try:
        return parse_time(element)
    except MalformedSecurityError as error:
        shown = message.shown(element, "")
        raise MalformedSecurityError(
            f"A Timestamp holds {shown}." if shown else str(error)
        ) from None


def check_fresh(message: Incoming, created: datetime, expires: datetime | None = None) -> None:
    """Refuse what was made too long ago or in the future, or has expired.

    Raises:
        MalformedSecurityError: It expires before it was made.
        MessageExpiredError: With ``created``, ``expires`` and ``now``.
    """
    now, skew = message.now, timedelta(seconds=message.clock_skew_seconds)
    facts: dict[str, Any] = {"created": created, "expires": expires, "now": now}
    if expires is not None and expires <= created:
        raise MalformedSecurityError(f"The Timestamp expires at {expires}, before it was created.")
    if created - now > skew:
        raise MessageExpiredError(
            f"The message says it was made at {created:%Y-%m-%dT%H:%M:%SZ}, in the future. "
            f"{_clock(now)}",
            hint="Compare both clocks, or raise inbound.clock_skew_seconds.",
            **facts,
        )
    if expires is not None and now - skew >= expires:
        raise MessageExpiredError(
            f"The message expired at {expires:%Y-%m-%dT%H:%M:%SZ}. {_clock(now)}", **facts
        )
    oldest = message.max_age_seconds
    if oldest is not None and now - created >= timedelta(seconds=oldest) + skew:
        raise MessageExpiredError(
            f"The message was made at {created:%Y-%m-%dT%H:%M:%SZ}, more than {oldest} s ago. "
            f"{_clock(now)}",
            hint="Raise inbound.fresh_seconds if the peer's messages take that long.",
            **facts,
        )


def _clock(now: datetime) -> str:
    return f"Our clock says {now:%Y-%m-%dT%H:%M:%SZ}."


def format_time(moment: datetime, precision: Precision, offset: str = "Z") -> str:
    """Give ``moment`` as ``xsd:dateTime``: in UTC with ``Z``, or with an offset such as ``+02:00``."""
    if offset != "Z":
        return moment.astimezone(_zone(offset)).isoformat(timespec=precision)
    text = moment.astimezone(UTC).isoformat(timespec=precision)
    return text.replace("+00:00", "Z")


def parse_time(element: etree._Element) -> datetime:
    """Read Created or Expires.

    Raises:
        MalformedSecurityError: No time with a zone, a leap second, or attributes or children beside it.
    """
    text = (element.text or "").strip()
    match = _DATE_TIME.fullmatch(text) if len(text) <= 40 else None
    if match is None or len(element) or element.keys():
        raise MalformedSecurityError(f"{text[:40]!r} is not a time such as 2030-01-31T23:59:59Z.")
    year, month, day, hour, minute, second, fraction, zone = match.groups()
    try:
        moment = datetime(
            int(year), int(month), int(day), int(hour), int(minute), int(second),
            int(fraction[:6].ljust(6, "0")) if fraction else 0, _zone(zone) if zone != "Z" else UTC,
        )  # fmt: skip
        return moment if zone == "Z" else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise MalformedSecurityError(f"{text!r} is not a time that exists.") from None


def _zone(text: str) -> timezone:
    if text == "Z":
        return UTC
    sign = -1 if text[0] == "-" else 1
    hours, minutes = int(text[1:3]), int(text[4:6])
    if minutes > 59 or hours > 14:
        raise ValueError(text)
    return timezone(sign * timedelta(hours=hours, minutes=minutes))
