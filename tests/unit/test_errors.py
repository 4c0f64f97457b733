"""Errors: for the operator all that helps, for the peer one sentence."""

from __future__ import annotations

from datetime import timedelta

import pytest
import zeep.exceptions
from roundtrip.pair import NOW, accepted, answer, client, envelope, refused

from zeep_wssec import (
    InboundError,
    MessageExpiredError,
    OutboundError,
    ProfileError,
    RequirementError,
    SignatureInvalidError,
    UnknownOptionError,
    WSSecError,
)


def test_zeep_catches_them() -> None:
    """Handlers for zeep's errors keep working."""
    error = refused(answer().replace(b">42<", b">43<"), SignatureInvalidError)
    assert isinstance(error, zeep.exceptions.Error)
    assert isinstance(error, zeep.exceptions.SignatureVerificationFailed)


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (WSSecError("It failed."), "It failed."),
        (WSSecError("It failed.", hint="Try again."), "It failed. Try again."),
        (WSSecError("It failed.", hint="Try again.", path="a.b"), "a.b: It failed. Try again."),
        (WSSecError("It failed.", path=""), "It failed."),
    ],
)
def test_text(error: WSSecError, text: str) -> None:
    """Where, what, what to do."""
    assert str(error) == text


def test_details_are_attributes() -> None:
    """Details are plain attributes; what is not there raises as usual."""
    error = WSSecError("x", algorithm="a")
    assert error.algorithm == "a"
    with pytest.raises(AttributeError):
        _ = error.nothing


@pytest.mark.parametrize(
    ("path", "prefix", "joined"),
    [
        ("digest", "outbound[0]", "outbound[0].digest"),
        ("", "inbound", "inbound"),
        ("[0].x", "outbound", "outbound[0].x"),
    ],
)
def test_under(path: str, prefix: str, joined: str) -> None:
    """An error found inside something larger says so, and keeps its class and details."""
    error = UnknownOptionError("x", hint="h", path=path, close_matches=["y"]).under(prefix)
    assert type(error) is UnknownOptionError
    assert (error.path, error.hint, error.close_matches) == (joined, "h", ["y"])


def test_request_sent() -> None:
    """A refused answer is not an unsent request."""
    assert refused(envelope(), RequirementError).request_sent == "unknown"
    sent = client().secure(envelope()).exchange
    assert refused(envelope(), RequirementError, request=sent).request_sent == "yes"
    assert OutboundError("x").request_sent == "no"
    assert ProfileError("x").request_sent == "unknown"


def test_safe_message_is_one_for_a_fault_code() -> None:
    """What may go to a peer says nothing of the cause."""
    changed = refused(answer().replace(b">42<", b">43<"), SignatureInvalidError)
    garbage = refused(
        answer().replace(b"SignatureValue>", b"SignatureValue>AAAA", 1), SignatureInvalidError
    )
    assert changed.message != garbage.message
    assert changed.safe_message == garbage.safe_message


def test_requirement_lists_all() -> None:
    """All that is missing, not only the first."""
    error = refused(envelope(), RequirementError)
    assert len(error.missing) >= 4
    assert all(item in str(error) for item in error.missing)


def test_expired_has_its_times() -> None:
    """The times are data, not only text."""
    accepted(answer())
    with pytest.raises(MessageExpiredError) as caught:
        client().check(answer(), now=NOW + timedelta(hours=1))
    assert caught.value.to_dict()["details"]["now"] == "2027-06-01T13:00:00+00:00"


def test_inbound_root() -> None:
    """Whoever catches InboundError catches every refusal."""
    assert issubclass(SignatureInvalidError, InboundError)
