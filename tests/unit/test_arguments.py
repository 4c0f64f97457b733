"""What callers hand to a profile: a wrong kind is refused with what to give instead."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from lxml import etree
from roundtrip.pair import (
    ENCRYPTED,
    NOW,
    SIGNED,
    accepted,
    answer,
    client,
    envelope,
    secured,
    service,
)

from zeep_wssec import (
    Encryption,
    Exchange,
    Inbound,
    OutboundError,
    Overlay,
    Profile,
    ProfileError,
    Signature,
    SignatureConfirmation,
    Timestamp,
)
from zeep_wssec.transport import installed

STEPS = (Timestamp(), Signature(), Encryption(recipients=("service",)))


@pytest.mark.parametrize("given", [envelope().decode(), 1, None, etree.ElementTree()])
def test_message_of_a_wrong_kind(given: Any) -> None:
    """A text has lost its encoding; the error is one of ours and says what to give."""
    with pytest.raises(OutboundError, match="bytes") as caught:
        client(outbound=STEPS).secure(given)
    assert caught.value.request_sent == "no"
    with pytest.raises(ProfileError, match="bytes") as refused:
        client().check(given)
    assert refused.value.path == "reply"


@pytest.mark.parametrize("form", ["secured", "exchange", "bytes", "tree"])
def test_forms_of_a_request(form: str) -> None:
    """What ``secure`` gave, its exchange, or the message as it was sent: all tell the same."""
    sent = client(outbound=STEPS).secure(envelope())
    given: Any = {
        "secured": sent,
        "exchange": sent.exchange,
        "bytes": sent.to_bytes(),
        "tree": sent.envelope,
    }[form]
    profile = client(inbound=None, outbound=STEPS)
    reply = answer((*SIGNED, ENCRYPTED))
    assert "body encrypted" in profile.check(reply, request=given).report.proved


def test_request_of_a_wrong_kind() -> None:
    """Anything else is no request."""
    with pytest.raises(ProfileError, match="bytes") as caught:
        client().check(answer(), request="sent.xml")  # type: ignore[arg-type]
    assert caught.value.path == "request"


def test_time_without_a_zone() -> None:
    """A naive time may mean any of several moments, whether given or read from a clock."""
    naive = NOW.replace(tzinfo=None)
    for call in (client(outbound=STEPS).secure, client().check):
        with pytest.raises(ProfileError, match="aware time") as caught:
            call(envelope(), now=naive)  # type: ignore[operator]
        assert caught.value.path == "now"
    profile = Profile(keystore=client().plan.keystore, clock=lambda: datetime(2027, 6, 1))  # noqa: DTZ001
    with pytest.raises(ProfileError, match="aware time") as read:
        profile.secure(envelope())
    assert read.value.path == "clock"


@pytest.mark.parametrize("steps", [STEPS, STEPS[2:]], ids=len)
def test_request_that_was_not_protected(steps: Any) -> None:
    """A request as it was before it was protected would let any answer pass."""
    profile = client(inbound=None, outbound=steps)
    with pytest.raises(
        ProfileError, match=r"no wsse:Security, but this profile (signs|encrypts)"
    ) as caught:
        profile.check(envelope(), request=envelope())
    assert caught.value.path == "request"
    accepted(answer((*SIGNED, ENCRYPTED)), profile, request=profile.secure(envelope()).exchange)


def test_request_whose_signature_is_not_seen() -> None:
    """Where the profile signs, a request without a signature is not what was sent."""
    bare = secured((Timestamp(),)).to_bytes()
    with pytest.raises(ProfileError, match="no signature"):
        client(inbound=None, outbound=STEPS).check(answer(), request=bare)


def test_operation_that_is_sent_as_it_is() -> None:
    """An overlay without steps has nothing to show, and its request says so itself."""
    profile = client(inbound=None, outbound=STEPS, operations={"PlaceOrder": Overlay(outbound=())})
    assert profile.check(envelope(), request=envelope()).report.proved == ()


def test_header_parts_alone() -> None:
    """A header with an encrypted block only is protected, though nothing can be demanded for it."""
    step = Encryption(recipients=("service",), parts=("header:wsa:To",))
    to = '<a:To xmlns:a="http://www.w3.org/2005/08/addressing">urn:x</a:To>'
    profile = client(inbound=None, outbound=[step])
    sent = profile.secure(envelope(headers=to))
    assert sent.exchange.has_header
    assert Exchange.from_message(sent.to_bytes()).has_header
    assert service().check(envelope(), request=sent).report.proved == ()
    assert profile.check(envelope(), request=sent).report.proved == ()


@pytest.mark.parametrize("name", ["httpx", "packaging"])
def test_async_that_is_not_installed(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """zeep's AsyncClient needs two libraries; which one is missing is said, with what to install."""
    monkeypatch.setattr(installed, "find_spec", lambda item: None if item == name else object())
    with pytest.raises(ProfileError, match=rf"zeep-wssec\[async\]'; missing: {name}") as caught:
        client().async_transport()
    assert caught.value.request_sent == "no"


def test_content_of_a_profile_given_as_its_path() -> None:
    """``load`` takes a path; a text that is a profile is not shown."""
    with pytest.raises(ProfileError, match="not a path") as caught:
        Profile.load('[header]\nactor = "hidden"\n')
    assert "hidden" not in str(caught.value)


def test_request_that_an_answer_answers() -> None:
    """What ``check`` gave, or what it gave to refer to; anything else is refused before any work."""
    asked = client(outbound=STEPS).secure(envelope())
    seen = service(inbound=Inbound(encrypted=["body"], signed_by="client")).check(asked.to_bytes())
    answering = service(Timestamp(), Signature(), SignatureConfirmation())
    for given in (seen, seen.received):
        made = answering.secure(envelope(), answers=given).to_bytes()
        assert asked.exchange.signature_values[0].encode() in made
    for wrong in (asked, asked.exchange, asked.to_bytes(), True):
        with pytest.raises(ProfileError, match=r"profile\.check") as caught:
            answering.secure(envelope(), answers=wrong)
        assert caught.value.path == "answers"
