"""Answers that prove too little are refused, whatever zeep would do with them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import zeep
from lxml import etree
from zeep import Settings

from zeep_wssec import (
    Inbound,
    InboundError,
    Profile,
    ProfileError,
    RequirementError,
    SignatureInvalidError,
)
from zeep_wssec.soap.namespaces import DS, WSU
from zeep_wssec.testing.orders import WSDL, make_element
from zeep_wssec.testing.partner import Partner, Wire
from zeep_wssec.testing.wrapping import wrap_signed_body

Call = Callable[..., Any]
Make = Callable[..., Any]
ZEEP: Any = zeep
"""zeep itself, whose functions have no annotations."""
RAW = Settings(raw_response=True)


def forge(answer: bytes) -> bytes:
    response = make_element("PlaceOrderResponse", orderId="forged", sku="42", nonce="n1")
    return wrap_signed_body(answer, response)


def change_created(answer: bytes) -> bytes:
    root = etree.fromstring(answer)
    created = root.find(f".//{{{WSU}}}Created")
    assert created is not None
    created.text = (created.text or "").replace("000Z", "001Z")
    return etree.tostring(root)


def test_unsigned_answer(
    profile: Profile, partner: Partner, make_partner: Make, call: Call
) -> None:
    """An answer without any protection is refused, with all that is missing; a protected one is read."""
    with make_partner(outbound=[]).serve() as address, pytest.raises(RequirementError) as caught:
        call(profile, address)
    assert caught.value.missing[0] == "there is no wsse:Security header for us"
    assert "body must be signed, but is not" in caught.value.missing
    with partner.serve() as address:
        assert call(profile, address).nonce == "n1"


def test_refused_answer_is_not_an_unsent_request(
    profile: Profile, make_partner: Make, call: Call
) -> None:
    """A refusal says that the request was sent: the order has been placed."""
    partner = make_partner(wire=Wire(tamper=forge))
    with partner.serve() as address, pytest.raises(RequirementError) as caught:
        call(profile, address)
    assert caught.value.request_sent == "yes"
    assert len(partner.answers) == 1


def test_body_moved_aside(profile: Profile, make_partner: Make, call: Call) -> None:
    """A signed Body elsewhere in the message says nothing of the Body that zeep reads."""
    with (
        make_partner(wire=Wire(tamper=forge)).serve() as address,
        pytest.raises(RequirementError, match="body must be signed, but is not"),
    ):
        call(profile, address)


def test_changed_answer(profile: Profile, make_partner: Make, call: Call) -> None:
    """One changed digit of what was signed is refused, as zeep's own error for callers that know that one."""
    with (
        make_partner(wire=Wire(tamper=change_created)).serve() as address,
        pytest.raises(SignatureInvalidError) as caught,
    ):
        call(profile, address)
    assert isinstance(caught.value, zeep.exceptions.SignatureVerificationFailed)


def test_wire_that_changes_nothing(profile: Profile, make_partner: Make, call: Call) -> None:
    """Parsing and writing an answer again is no change: the twin of the forgeries here."""
    wire = Wire(tamper=lambda answer: etree.tostring(etree.fromstring(answer)))
    with make_partner(wire=wire).serve() as address:
        assert call(profile, address).nonce == "n1"


def test_answer_to_nobody(profile: Profile) -> None:
    """The hook accepts nothing while no request is under way."""
    with pytest.raises(InboundError, match="no request of this profile"):
        profile.verify(etree.Element("{http://schemas.xmlsoap.org/soap/envelope/}Envelope"))


def test_raw_answer(profile: Profile, partner: Partner, address: str, call: Call) -> None:
    """zeep hands raw answers over unread; they are verified all the same and come as they were sent."""
    response = call(profile, address, settings=RAW)
    assert response.content == partner.answers[-1].content


def test_report_of_a_raw_answer(profile: Profile, address: str) -> None:
    """What a raw answer proved is in the report, as for any other."""
    client = profile.client(WSDL, address=address, settings=RAW)
    client.service.PlaceOrder(sku="42", quantity=1, nonce="n1")
    report = profile.last_report()
    assert report is not None
    assert "body signed" in report.proved


def test_forged_raw_answer(profile: Profile, make_partner: Make, call: Call) -> None:
    """A forged answer does not get past as a raw one."""
    with (
        make_partner(wire=Wire(tamper=forge)).serve() as address,
        pytest.raises(RequirementError) as caught,
    ):
        call(profile, address, settings=RAW)
    assert caught.value.request_sent == "yes"


def test_raw_for_one_call(profile: Profile, make_partner: Make) -> None:
    """``client.settings(raw_response=True)`` around one call is seen, too."""
    with make_partner(wire=Wire(tamper=forge)).serve() as address:
        client = profile.client(WSDL, address=address)
        with client.settings(raw_response=True), pytest.raises(RequirementError):
            client.service.PlaceOrder(sku="42", quantity=1, nonce="n1")


def test_raw_with_a_client_of_the_caller(profile: Profile, make_partner: Make) -> None:
    """Our transport in zeep's own client checks raw answers as well."""
    with make_partner(wire=Wire(tamper=forge)).serve() as address:
        client = ZEEP.Client(str(WSDL), wsse=profile, transport=profile.transport(), settings=RAW)
        service = client.create_service("{urn:example:orders}OrderBinding", address)
        with pytest.raises(RequirementError):
            service.PlaceOrder(sku="42", quantity=1, nonce="n1")


def test_empty_answer(profile: Profile, make_partner: Make, call: Call) -> None:
    """A 202 without content proves nothing, and zeep would take it for success."""
    with (
        make_partner(handler=lambda body: None).serve() as address,
        pytest.raises(RequirementError, match="empty") as caught,
    ):
        call(profile, address)
    assert (caught.value.request_sent, caught.value.missing) == ("yes", ("an answer",))


def test_empty_answer_that_is_expected(make_profile: Make, make_partner: Make, call: Call) -> None:
    """``empty_replies="accept"`` takes it, as one-way operations need."""
    profile = make_profile(inbound=Inbound(empty_replies="accept"))
    with make_partner(handler=lambda body: None).serve() as address:
        assert call(profile, address) is None


def test_empty_answers_leave_others_alone(
    make_profile: Make, make_partner: Make, call: Call
) -> None:
    """Accepting empty answers accepts no unsigned ones."""
    profile = make_profile(inbound=Inbound(empty_replies="accept"))
    with make_partner(outbound=[]).serve() as address, pytest.raises(RequirementError):
        call(profile, address)


def test_signature_taken_out(profile: Profile, make_partner: Make, call: Call) -> None:
    """Leaving the Signature out leaves nothing proved."""

    def take_out(answer: bytes) -> bytes:
        root = etree.fromstring(answer)
        signature = root.find(f".//{{{DS}}}Signature")
        assert signature is not None
        signature.getparent().remove(signature)  # type: ignore[union-attr]
        return etree.tostring(root)

    with (
        make_partner(wire=Wire(tamper=take_out)).serve() as address,
        pytest.raises(RequirementError, match="body must be signed"),
    ):
        call(profile, address)


def test_answers_are_not_mended(profile: Profile, address: str) -> None:
    """zeep's setting that mends broken XML is refused: what is read would not be what was signed."""
    with pytest.raises(ProfileError, match="strict=False"):
        profile.client(WSDL, address=address, settings=Settings(strict=False))
    with profile.client(WSDL, address=address, settings=Settings(strict=True)) as client:
        assert client.service.PlaceOrder(sku="42", quantity=1, nonce="n1").nonce == "n1"
