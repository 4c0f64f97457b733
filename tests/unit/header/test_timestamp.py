"""Times: written in UTC, read with their zone."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from zeep_wssec.errors import MalformedSecurityError
from zeep_wssec.header.timestamp import format_time, parse_time

MOMENT = datetime(2027, 6, 1, 12, 0, 0, 123456, tzinfo=UTC)


def read(text: str) -> datetime:
    """Read a Created with this text."""
    element = etree.Element("Created")
    element.text = text
    return parse_time(element)


@pytest.mark.parametrize(
    ("precision", "text"),
    [("seconds", "2027-06-01T12:00:00Z"), ("milliseconds", "2027-06-01T12:00:00.123Z")],
)
def test_format(precision: str, text: str) -> None:
    """Spec: BSP 1.1 R3217, R3229: UTC with Z, three decimals at most."""
    assert format_time(MOMENT, precision) == text  # type: ignore[arg-type]
    east = MOMENT.astimezone(timezone(timedelta(hours=5, minutes=45)))
    assert format_time(east, precision) == text  # type: ignore[arg-type]


@given(st.datetimes(min_value=datetime(2, 1, 1), max_value=datetime(9998, 1, 1)))  # noqa: DTZ001
def test_round(moment: datetime) -> None:
    """What is written is read, to the millisecond."""
    aware = moment.replace(tzinfo=UTC)
    assert abs(read(format_time(aware, "milliseconds")) - aware) < timedelta(milliseconds=1)


@pytest.mark.parametrize(
    ("text", "microsecond"),
    [("", 0), (".1", 100_000), (".000001", 1), (".0000001", 0), (".123456789", 123_456)],
)
def test_fractions(text: str, microsecond: int) -> None:
    """Digits below a microsecond are dropped."""
    assert read(f"2027-06-01T12:00:00{text}Z").microsecond == microsecond


@given(st.text(max_size=45))
def test_any_text(text: str) -> None:
    """Any other text is refused, never crashed on."""
    element = etree.Element("Created")
    try:
        element.text = text
    except ValueError:
        return
    with suppress(MalformedSecurityError):
        assert parse_time(element).tzinfo is UTC
