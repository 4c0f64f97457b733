"""What answers must prove: stated outright, never empty by accident."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from zeep_wssec import (
    Anonymous,
    AnyoneUnder,
    Inbound,
    OverTLS,
    Pin,
    ProfileError,
    Subject,
    Unverified,
)
from zeep_wssec.demands import Demands

NOW = datetime(2027, 6, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("settings", "path"),
    [
        ({"signed": (), "fresh_seconds": None}, "signed"),
        ({"signed": "body"}, "signed"),
        ({"encrypted": "body"}, "encrypted"),
        ({"fresh_seconds": 0}, "fresh_seconds"),
        ({"fresh_seconds": 1.5}, "fresh_seconds"),
        ({"clock_skew_seconds": -1}, "clock_skew_seconds"),
        ({"related": "always"}, "related"),
        ({"signature_confirmation": "always"}, "signature_confirmation"),
        ({"username_token": "hash"}, "username_token"),
        ({"order": "signature"}, "order"),
        ({"order": ["signature", "token"]}, "order[1]"),
        ({"signed": (), "encrypted": ("body",), "signed_by": "partner"}, "signed_by"),
        ({"unsigned_faults": "ignore"}, "unsigned_faults"),
        ({"empty_replies": "maybe"}, "empty_replies"),
        ({"signed_by": ()}, "signed_by"),
        ({"signed_by": 1}, "signed_by"),
        ({"signed_by": ("partner", 1)}, "signed_by"),
        ({"legacy": {"md5": "x"}}, "legacy"),
        ({"legacy": {"sha1": ""}}, "legacy.sha1"),
    ],
    ids=str,
)
def test_refused(settings: dict[str, Any], path: str) -> None:
    """Wrong demands fail when they are made."""
    with pytest.raises(ProfileError) as caught:
        Inbound(**settings)
    assert caught.value.path == path


@pytest.mark.parametrize(
    "settings",
    [
        {"signature_confirmation": "required"},
        {"signature_confirmation": "if_present"},
        {"username_token": "digest"},
        {"username_token": "text"},
        {"username_token": "derived_key"},
        {"username_token": None},
        {"order": ("encryption", "signature", "timestamp", "username_token")},
        {"order": ()},
        {"signed": (), "encrypted": ("body",)},
        {"signed_by": Anonymous(reason="they only encrypt")},
        {"signed_by": ("partner", Anonymous(reason="they only encrypt"))},
    ],
    ids=str,
)
def test_accepted(settings: dict[str, Any]) -> None:
    """What is refused above has its repaired twin here."""
    made = Inbound(**settings)
    assert {name: getattr(made, name) for name in settings} == settings


def test_lists_are_frozen() -> None:
    """Lists become tuples: nothing changes afterwards."""
    made = Inbound(order=["signature"], signed_by=["partner"])
    assert (made.order, made.signed_by) == (("signature",), ("partner",))


@pytest.mark.parametrize("kind", [OverTLS, lambda **rest: Unverified(reason="x", **rest)])
@pytest.mark.parametrize(
    ("settings", "path"),
    [({"fresh_seconds": 0}, "fresh_seconds"), ({"clock_skew_seconds": -1}, "clock_skew_seconds"),
     ({"empty_replies": "x"}, "empty_replies"), ({"legacy": {"x": "y"}}, "legacy")],
)  # fmt: skip
def test_other_forms_refuse(kind: Any, settings: dict[str, Any], path: str) -> None:
    """The weaker forms are checked as well."""
    with pytest.raises(ProfileError) as caught:
        kind(**settings)
    assert caught.value.path == path


@pytest.mark.parametrize("reason", ["", " ", None, 1])
def test_reason(reason: Any) -> None:
    """What weakens needs a reason."""
    for kind in (Unverified, AnyoneUnder, Anonymous):
        with pytest.raises(ProfileError) as caught:
            kind(reason=reason)
        assert caught.value.path == "reason"


def test_no_reason_no_exception() -> None:
    """Without the argument there is no such demand."""
    for kind in (Unverified, AnyoneUnder, Anonymous):
        with pytest.raises(TypeError):
            kind()  # type: ignore[call-arg]


@pytest.mark.parametrize(
    "text", ["ab" * 32, "AB" * 32, ":".join(["ab"] * 32), " " + "ab" * 32 + " "]
)
def test_pin(text: str) -> None:
    """Hex in any common form is one pin."""
    assert Pin(text) == Pin("ab" * 32)


@pytest.mark.parametrize("text", ["", "ab" * 20, "ab" * 33, "xy" * 32, "sha256/" + "ab" * 32])
def test_no_pin(text: str) -> None:
    """Anything else is none."""
    with pytest.raises(ProfileError) as caught:
        Pin(text)
    assert caught.value.path == "Pin.sha256"


def test_subject() -> None:
    """A subject has at least one attribute."""
    assert Subject("CN=x").name == "CN=x"
    with pytest.raises(ProfileError):
        Subject("orders.example")


@pytest.mark.parametrize(
    ("until", "in_force"),
    [
        (None, True), (NOW + timedelta(seconds=1), True), (NOW, False), (date(2027, 6, 2), True),
        (date(2027, 6, 1), False), ((NOW + timedelta(hours=1)).replace(tzinfo=None), True),
    ],
)  # fmt: skip
def test_until(until: Any, in_force: bool) -> None:
    """An exception ends on its day, in UTC."""
    demands = Unverified(reason="x", until=until)
    if in_force:
        demands.check_in_force(NOW)
    else:
        with pytest.raises(ProfileError) as caught:
            demands.check_in_force(NOW)
        assert caught.value.path == "inbound.until"


@pytest.mark.parametrize("demands", [Inbound(), OverTLS(), Unverified(reason="x")])
def test_frozen(demands: Demands) -> None:
    """Demands do not change once they are made."""
    with pytest.raises(AttributeError):
        demands.clock_skew_seconds = 10**6  # type: ignore[misc]
