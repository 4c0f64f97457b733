"""SignatureConfirmation: an answer says which signatures of the request its writer has seen."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from lxml import etree
from roundtrip.pair import NOW, accepted, client, envelope, refused, service, tree_of

from zeep_wssec import (
    Exchange,
    Inbound,
    MalformedSecurityError,
    OutboundError,
    OverTLS,
    Profile,
    ProfileError,
    RequirementError,
    Signature,
    SignatureConfirmation,
    Timestamp,
)
from zeep_wssec.exchange import Received
from zeep_wssec.outbound import protect
from zeep_wssec.settings import Step
from zeep_wssec.soap.namespaces import WSSE11

CONFIRMED = Signature(parts=["body", "timestamp", "confirmation"])
STEPS = (Timestamp(), SignatureConfirmation(), CONFIRMED)
DEMANDING = client(inbound=Inbound(signature_confirmation="required"))
REQUESTS: dict[str, Sequence[Step]] = {
    "none": (Timestamp(),),
    "one": (Timestamp(), Signature()),
    "two": (Timestamp(), Signature(), Signature(parts=["signature"])),
}


def request(kind: str = "one") -> Exchange:
    """A request with that many signatures."""
    return client(outbound=REQUESTS[kind], inbound=OverTLS()).secure(envelope()).exchange


def answered(values: Sequence[str], steps: Sequence[Step] = STEPS) -> bytes:
    """The answer to a request that carried these signature values."""
    root = tree_of(envelope())
    plan = service(*steps).plan
    protect(root, plan, now=NOW, answers=Received(signature_values=tuple(values)))
    return etree.tostring(root)


@pytest.mark.parametrize(("kind", "count"), [("none", 1), ("one", 1), ("two", 2)])
def test_confirmed(kind: str, count: int) -> None:
    """One for each signature in its order, an empty one for none; all of them signed."""
    sent = request(kind)
    message = answered(sent.signature_values)
    found = [
        item.get("Value") for item in tree_of(message).iter(f"{{{WSSE11}}}SignatureConfirmation")
    ]
    assert found == (list(sent.signature_values) or [None])
    assert len(found) == count
    report = accepted(message, DEMANDING, request=sent).report
    assert "the signatures of the request confirmed" in report.proved


@pytest.mark.parametrize("kind", REQUESTS)
@pytest.mark.parametrize("profile", [DEMANDING, client()], ids=["required", "if_present"])
def test_another_request(kind: str, profile: Profile) -> None:
    """An answer to another request is refused, whether or not a confirmation is demanded."""
    error = refused(answered(["AAAA"]), RequirementError, profile, request=request(kind))
    assert any("answer to another request" in item for item in error.missing)


def test_one_of_two() -> None:
    """Every signature must be confirmed."""
    sent = request("two")
    refused(answered(sent.signature_values[:1]), RequirementError, DEMANDING, request=sent)
    accepted(answered(sent.signature_values[::-1]), DEMANDING, request=sent)


@pytest.mark.parametrize("kind", REQUESTS)
def test_missing(kind: str) -> None:
    """None at all is refused where one is required, and only there."""
    message = answered([], (Timestamp(), Signature()))
    error = refused(message, RequirementError, DEMANDING, request=request(kind))
    assert "none is there" in error.missing[0]
    accepted(message, request=request(kind))


def test_without_the_request() -> None:
    """What is not known cannot be confirmed."""
    error = refused(answered(["AAAA"]), RequirementError, DEMANDING)
    assert "the request is not known" in error.missing[0]


def test_unsigned() -> None:
    """Anybody has seen the values, so they must be signed: even where no part must be."""
    sent = request()
    message = answered(
        sent.signature_values,
        (Timestamp(), SignatureConfirmation(), Signature(parts=["body", "timestamp"])),
    )
    error = refused(message, RequirementError, DEMANDING, request=sent)
    assert error.missing == ("SignatureConfirmation must be signed, but is not",)
    unsigned = answered(sent.signature_values, (Timestamp(), SignatureConfirmation()))
    demand = Inbound(signed=(), signature_confirmation="required")
    refused(unsigned, RequirementError, client(inbound=demand), request=sent)
    accepted(unsigned, client(inbound=Inbound(signed=())), request=sent)


def test_a_request_confirms_nothing() -> None:
    """A message that answers nothing cannot have the step."""
    with pytest.raises(OutboundError):
        service(*STEPS).secure(envelope())


def test_part_without_its_step() -> None:
    """The part needs its step, in front of the signature."""
    for steps in ((CONFIRMED,), (Timestamp(), CONFIRMED, SignatureConfirmation())):
        with pytest.raises(ProfileError):
            service(*steps)


def test_content() -> None:
    """Spec: WSS 1.1.1 section 8.5: a confirmation is empty; unsigned or not, one with content is broken."""
    message = answered(request().signature_values, (Timestamp(), SignatureConfirmation()))
    judge = client(inbound=OverTLS())
    accepted(message, judge)
    root = tree_of(message)
    next(root.iter(f"{{{WSSE11}}}SignatureConfirmation")).append(etree.Element("x"))
    refused(etree.tostring(root), MalformedSecurityError, judge)
