"""The Timestamp: expired, from the future, absent, doubled, or not a Timestamp at all."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from attacks.forge import append, edited, find, insert, remove, security_of, set_attribute, set_text
from lxml import etree
from roundtrip.pair import NOW, accepted, answer, client, refused

from zeep_wssec import (
    Inbound,
    MalformedSecurityError,
    MessageExpiredError,
    OverTLS,
    RequirementError,
    Signature,
    Timestamp,
    Unverified,
)
from zeep_wssec.header.timestamp import format_time
from zeep_wssec.soap.namespaces import WSU

SECOND = timedelta(seconds=1)
SKEW = timedelta(seconds=60)
AGE = timedelta(seconds=300)


def made_at(created: datetime, expires: datetime | None) -> bytes:
    """A good answer with these times, signed by the service."""
    changes = [set_text("wsu:Created", format_time(created, "milliseconds"))]
    if expires is None:
        changes.append(remove("wsu:Expires"))
    else:
        changes.append(set_text("wsu:Expires", format_time(expires, "milliseconds")))
    return edited(answer(), *changes, sign_by="service")


@pytest.mark.parametrize(
    ("created", "expires"),
    [
        (NOW - AGE, NOW - SKEW),
        (NOW - AGE - SKEW, None),
        (NOW - AGE - SKEW, NOW + AGE),
        (NOW - timedelta(days=3650), NOW + timedelta(days=3650)),
    ],
    ids=["past Expires", "too old, no Expires", "too old, yet not expired", "years of life"],
)
def test_not_fresh(created: datetime, expires: datetime | None) -> None:
    """Past Expires or older than allowed, whatever Expires says; one moment less is accepted."""
    error = refused(made_at(created, expires), MessageExpiredError)
    assert (error.created, error.expires, error.now) == (created, expires, NOW)
    if created > NOW - timedelta(days=1):
        accepted(made_at(created + SECOND, None if expires is None else expires + SECOND))


def test_from_the_future() -> None:
    """A clock may be ahead by the skew, not by more."""
    refused(made_at(NOW + SKEW + SECOND, NOW + AGE), MessageExpiredError)
    accepted(made_at(NOW + SKEW, NOW + AGE))


def test_skew_is_a_setting() -> None:
    """Without skew nothing from the future passes."""
    profile = client(inbound=Inbound(clock_skew_seconds=0))
    refused(made_at(NOW + SECOND, NOW + AGE), MessageExpiredError, profile)
    accepted(made_at(NOW, NOW + AGE), profile)


def test_expires_before_created() -> None:
    """A life that ends before it starts is no life."""
    refused(made_at(NOW, NOW), MalformedSecurityError)
    accepted(made_at(NOW, NOW + SECOND))


def test_expires_at_the_end_of_time() -> None:
    """Some systems mean "never" by the last moment there is; its age still counts."""
    accepted(made_at(NOW, datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "2027-06-01",
        "2027-06-01T12:00:00",
        "2027-06-01 12:00:00Z",
        "2027-06-01T12:00:60Z",
        "2027-06-01T24:00:00Z",
        "2027-02-30T12:00:00Z",
        "2027-06-01T12:00Z",
        "12027-06-01T12:00:00Z",
        "-2027-06-01T12:00:00Z",
        "0000-06-01T12:00:00Z",
        "2027-06-01T12:00:00+1400",
        "2027-06-01T12:00:00+15:00",
        "2027-06-01T12:00:00+00:60",
        "2027-06-01T12:00:00.Z",
        "2027-06-01T12:00:00.0000000000000000000000000000Z",
        "９９２７-06-01T12:00:00Z",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
    ],
)
@pytest.mark.parametrize("name", ["wsu:Created", "wsu:Expires"])
def test_not_a_time(text: str, name: str) -> None:
    """Spec: BSP 1.1 R3217, R3220, R3223: an xsd:dateTime with its zone, no leap second."""
    refused(edited(answer(), set_text(name, text), sign_by="service"), MalformedSecurityError)


@pytest.mark.parametrize(
    "text",
    [
        "2027-06-01T12:00:00Z",
        "2027-06-01T12:00:00.1Z",
        "2027-06-01T12:00:00.123456789Z",
        "2027-06-01T14:00:00+02:00",
        "2027-06-01T06:30:00-05:30",
        " 2027-06-01T12:00:00Z ",
        "2027-06-01T12:00:00-00:00",
    ],
)
def test_a_time(text: str) -> None:
    """The twins: what XML Schema and the receivers of the world allow."""
    accepted(edited(answer(), set_text("wsu:Created", text), sign_by="service"))


@pytest.mark.parametrize(
    "change",
    [
        insert("wsu:Timestamp", "<wsu:Created>2027-06-01T12:00:00Z</wsu:Created>"),
        append("wsu:Timestamp", "<wsu:Expires>2027-06-01T12:05:00Z</wsu:Expires>"),
        lambda root: find(root, "wsu:Timestamp").insert(0, find(root, "wsu:Expires")),
        append("wsu:Timestamp", "<wsu:Received>2027-06-01T12:00:00Z</wsu:Received>"),
        append("wsu:Timestamp", "<x/>"),
        remove("wsu:Created"),
        set_attribute("wsu:Created", "ValueType", "urn:x"),
        set_attribute("wsu:Timestamp", "Id", "x"),
        append("wsu:Created", "<x/>"),
    ],
    ids=["two Created", "two Expires", "Expires first", "Received", "unknown child", "no Created",
         "ValueType", "attribute", "child in Created"],
)  # fmt: skip
def test_shape(change: object) -> None:
    """Spec: BSP 1.1 R3203, R3221, R3222, R3224, R3225: one Created, then one Expires at most."""
    refused(edited(answer(), change, sign_by="service"), MalformedSecurityError)  # type: ignore[arg-type]


def test_created_alone_is_enough() -> None:
    """The twin: Expires may be missing."""
    accepted(edited(answer(), remove("wsu:Expires"), sign_by="service"))


def test_two_timestamps() -> None:
    """Spec: BSP 1.1 R3227: one Timestamp; a fresh one beside an old one proves nothing."""
    message = answer()
    accepted(message)

    def double(root: etree._Element) -> None:
        second = etree.SubElement(security_of(root), f"{{{WSU}}}Timestamp")
        etree.SubElement(second, f"{{{WSU}}}Created").text = "2027-06-01T12:00:00Z"

    refused(edited(message, double), MalformedSecurityError)


def test_no_timestamp() -> None:
    """A Timestamp that is demanded must be there."""
    error = refused(answer((Signature(),)), RequirementError)
    assert "timestamp must be signed, but is not there" in error.missing
    accepted(answer((Signature(),)), client(inbound=Inbound(signed=("body",), fresh_seconds=None)))


def test_only_the_timestamp_signed() -> None:
    """A signed Timestamp says nothing about the Body."""
    message = answer((Timestamp(), Signature(parts=("timestamp",))))
    error = refused(message, RequirementError)
    assert error.missing == ("body must be signed, but is not",)
    assert "timestamp" in str(error)


def test_timestamp_not_signed() -> None:
    """A Timestamp that anybody may have written proves no freshness, even if only that is demanded."""
    message = answer((Timestamp(), Signature(parts=("body",))))
    refused(message, RequirementError)
    refused(message, RequirementError, client(inbound=Inbound(signed=("body",))))
    accepted(message, client(inbound=Inbound(signed=("body",), fresh_seconds=None)))


@pytest.mark.parametrize("inbound", [OverTLS(), Unverified(reason="a test")])
def test_expired_where_nothing_is_demanded(inbound: OverTLS | Unverified) -> None:
    """What is there must be valid, whatever is demanded."""
    old = NOW - AGE - SKEW - SECOND
    refused(made_at(old, None), MessageExpiredError, client(inbound=inbound))
    accepted(made_at(NOW, None), client(inbound=inbound))
