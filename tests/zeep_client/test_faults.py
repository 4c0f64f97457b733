"""Faults: refused unless they are protected or the profile takes them as anybody's words."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from zeep.exceptions import Fault

from zeep_wssec import Inbound, InboundError, Profile, RequirementError
from zeep_wssec.testing.orders import WSDL
from zeep_wssec.testing.partner import Partner, Wire

Call = Callable[..., Any]
Make = Callable[..., Any]


def test_unsigned_fault(profile: Profile, make_partner: Make, call: Call) -> None:
    """It is refused; what it says stays on the error as anybody's words."""
    with make_partner(outbound=[]).serve() as address, pytest.raises(RequirementError) as caught:
        call(profile, address, fail="sold out")
    assert "sold out" in (caught.value.unverified_fault or "")
    assert caught.value.request_sent == "yes"
    assert "sold out" not in str(caught.value)
    assert "unverified_fault" in caught.value.hint


def test_refused_answer_that_is_no_fault(profile: Profile, make_partner: Make, call: Call) -> None:
    """The hint speaks of a Fault only where there is one."""
    with make_partner(outbound=[]).serve() as address, pytest.raises(RequirementError) as caught:
        call(profile, address)
    assert "Fault" not in caught.value.hint


def test_unsigned_fault_that_may_pass(make_profile: Make, make_partner: Make, call: Call) -> None:
    """``unsigned_faults="accept"`` gives zeep's Fault."""
    profile = make_profile(inbound=Inbound(unsigned_faults="accept"))
    with (
        make_partner(outbound=[]).serve() as address,
        pytest.raises(Fault, match="sold out"),
    ):
        call(profile, address, fail="sold out")


def test_report_beside_an_unsigned_fault(make_profile: Make, make_partner: Make) -> None:
    """The report beside it says that nothing is proved."""
    profile = make_profile(inbound=Inbound(unsigned_faults="accept"))
    with make_partner(outbound=[]).serve() as address:
        client = profile.client(WSDL, address=address)
        with pytest.raises(Fault):
            client.service.Fail(reason="sold out")
    report = profile.last_report()
    assert report is not None
    assert (report.fault, report.proved) == (True, ())
    assert "the Fault is not protected; anybody may have written it" in report.warnings


def test_unsigned_order_beside_unsigned_faults(
    make_profile: Make, make_partner: Make, call: Call
) -> None:
    """Accepting unsigned Faults accepts nothing else unsigned."""
    profile = make_profile(inbound=Inbound(unsigned_faults="accept"))
    with make_partner(outbound=[]).serve() as address, pytest.raises(RequirementError):
        call(profile, address)


def test_protected_fault(profile: Profile, partner: Partner, address: str, wsdl: Path) -> None:
    """A Fault that proves what it must is zeep's Fault, with its detail and a report."""
    client = profile.client(wsdl, address=address)
    with pytest.raises(Fault, match="sold out") as caught:
        client.service.Fail(reason="sold out")
    detail = caught.value.detail
    assert detail is not None
    assert detail.findtext(".//{urn:example:orders}OrderFault/*") == "sold out"
    report = profile.last_report()
    assert report is not None
    assert report.fault
    assert "body signed" in report.proved
    assert not report.warnings


async def test_protected_fault_async(profile: Profile, address: str, wsdl: Path) -> None:
    """The asynchronous client does the same."""
    async with profile.async_client(wsdl, address=address) as client:
        with pytest.raises(Fault, match="sold out"):
            await client.service.Fail(reason="sold out")
    report = profile.last_report()
    assert report is not None
    assert report.fault


def test_changed_fault(profile: Profile, make_partner: Make, call: Call) -> None:
    """A protected Fault that was changed is refused like any answer."""
    wire = Wire(tamper=lambda answer: answer.replace(b"CipherValue>", b"CipherValue>AAAA", 1))
    with make_partner(wire=wire).serve() as address, pytest.raises(InboundError):
        call(profile, address, fail="sold out")


def test_refused_request(make_profile: Make, partner: Partner, address: str) -> None:
    """What the partner refuses comes back as its Fault, unprotected: refused here, with its safe text."""
    profile = make_profile(outbound=make_profile().plan.outbound[:2])
    client = profile.client(WSDL, address=address)
    with pytest.raises(RequirementError) as caught:
        client.service.PlaceOrder(sku="42", quantity=1, nonce="n1")
    assert "An error was discovered" in (caught.value.unverified_fault or "")
    assert partner.answers[-1].error is not None
