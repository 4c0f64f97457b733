"""Rules on ``wsu:Timestamp``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial

from lxml import etree

from zeep_wssec.bsp.names import CREATED, EXPIRES
from zeep_wssec.bsp.rule import Check, Rule
from zeep_wssec.bsp.view import View

_rule = partial(Rule, family="timestamps")
_UTC = re.compile(r"-?\d{4,}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z", re.ASCII)
_SECONDS = re.compile(r"T\d\d:\d\d:(\d\d)", re.ASCII)
_FINE = re.compile(r"\.\d{4}", re.ASCII)


def _created_count(view: View) -> Iterator[etree._Element]:
    return (item for item in view.timestamps if len(item.findall(CREATED)) != 1)


def _expires_count(view: View) -> Iterator[etree._Element]:
    return (item for item in view.timestamps if len(item.findall(EXPIRES)) > 1)


def _order(view: View) -> Iterator[etree._Element]:
    for item in view.timestamps:
        tags = [child.tag for child in item]
        if EXPIRES in tags and CREATED not in tags[: tags.index(EXPIRES)]:
            yield item


def _children(view: View) -> Iterator[etree._Element]:
    return (
        item
        for item in view.timestamps
        if any(child.tag not in (CREATED, EXPIRES) for child in item)
    )


def _second(view: View) -> list[etree._Element]:
    return view.timestamps[1:]


def _times(tag: str, wrong: re.Pattern[str] | None) -> Check:
    """Check the text of each time: it matches ``wrong``, or without one it is not in UTC."""

    def check(view: View) -> Iterator[etree._Element]:
        for time in (child for item in view.timestamps for child in item.iterchildren(tag)):
            text = (time.text or "").strip()
            if wrong is None:
                bad = _UTC.fullmatch(text) is None
            else:
                found = wrong.search(text)
                bad = found is not None and (not wrong.groups or int(found[1]) > 59)
            if bad:
                yield time

    return check


def _typed(tag: str) -> Check:
    def check(view: View) -> Iterator[etree._Element]:
        times = (child for item in view.timestamps for child in item.iterchildren(tag))
        return (time for time in times if time.get("ValueType") is not None)

    return check


TIMESTAMP_RULES = (
    _rule(
        "R3203",
        "A Timestamp has one Created.",
        _created_count,
        always=True,
    ),
    _rule(
        "R3224",
        "A Timestamp has at most one Expires.",
        _expires_count,
        always=True,
    ),
    _rule(
        "R3221",
        "In a Timestamp, Created stands in front of Expires.",
        _order,
        always=True,
    ),
    _rule(
        "R3222",
        "A Timestamp holds Created and Expires and nothing else.",
        _children,
        always=True,
    ),
    _rule(
        "R3220",
        "Created is no finer than milliseconds.",
        _times(CREATED, _FINE),
        level="warn",
    ),
    _rule(
        "R3229",
        "Expires is no finer than milliseconds.",
        _times(EXPIRES, _FINE),
        level="warn",
    ),
    _rule(
        "R3213",
        "The seconds of Created are below 60.",
        _times(CREATED, _SECONDS),
        always=True,
    ),
    _rule(
        "R3215",
        "The seconds of Expires are below 60.",
        _times(EXPIRES, _SECONDS),
        always=True,
    ),
    _rule(
        "R3225",
        "Created has no ValueType.",
        _typed(CREATED),
        always=True,
    ),
    _rule(
        "R3226",
        "Expires has no ValueType.",
        _typed(EXPIRES),
        always=True,
    ),
    _rule(
        "R3217",
        "Created is an xsd:dateTime in UTC, with Z at its end.",
        _times(CREATED, None),
    ),
    _rule(
        "R3223",
        "Expires is an xsd:dateTime in UTC, with Z at its end.",
        _times(EXPIRES, None),
    ),
    _rule(
        "R3227",
        "A security header has at most one Timestamp.",
        _second,
        always=True,
    ),
)
