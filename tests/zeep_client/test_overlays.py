"""Overlays: one operation is protected and judged otherwise than the rest."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from zeep_wssec import Inbound, Overlay, RequirementError, Signature, Timestamp, Unverified
from zeep_wssec.testing.partner import Partner

Make = Callable[..., Any]
ORDER = {"sku": "42", "quantity": 1, "nonce": "n1"}
SIGNED_ONLY = Overlay(outbound=(Timestamp(), Signature()))


@pytest.fixture
def signed_partner(make_partner: Make) -> Partner:
    """A partner that does not ask for encryption."""
    partner: Partner = make_partner(inbound=Inbound(signed_by="client"))
    return partner


@pytest.mark.parametrize(
    "name",
    ["urn:example:orders/PlaceOrder", "{urn:example:orders}PlaceOrder", "PlaceOrder"],
)
def test_steps_of_an_overlay(
    make_profile: Make, signed_partner: Partner, wsdl: Path, name: str
) -> None:
    """The operation may be named by its SOAP action, or by the child of its Body."""
    profile = make_profile(operations={name: SIGNED_ONLY})
    with signed_partner.serve() as address:
        client = profile.client(wsdl, address=address)
        client.service.PlaceOrder(**ORDER)
    report = signed_partner.answers[-1].report
    assert report is not None
    assert report.signatures
    assert not report.encryptions


async def test_steps_of_an_overlay_async(
    make_profile: Make, signed_partner: Partner, wsdl: Path
) -> None:
    """The asynchronous client finds the overlay, too."""
    profile = make_profile(operations={"urn:example:orders/PlaceOrder": SIGNED_ONLY})
    with signed_partner.serve() as address:
        async with profile.async_client(wsdl, address=address) as client:
            await client.service.PlaceOrder(**ORDER)
    report = signed_partner.answers[-1].report
    assert report is not None
    assert not report.encryptions


def test_overlay_of_another_operation(
    make_profile: Make, signed_partner: Partner, wsdl: Path
) -> None:
    """An overlay changes its own operation only."""
    profile = make_profile(operations={"urn:example:orders/Fail": SIGNED_ONLY})
    with signed_partner.serve() as address:
        profile.client(wsdl, address=address).service.PlaceOrder(**ORDER)
    report = signed_partner.answers[-1].report
    assert report is not None
    assert report.encryptions


def test_demands_of_an_overlay(make_profile: Make, make_partner: Make, wsdl: Path) -> None:
    """One operation may be exempt, with its reason; another of the same profile is not."""
    exempt = Overlay(inbound=Unverified(reason="they never sign this one"))
    operations = {"urn:example:orders/PlaceOrder": exempt}
    with make_partner(outbound=[]).serve() as address:
        exempted = make_profile(operations=operations).client(wsdl, address=address)
        assert exempted.service.PlaceOrder(**ORDER).nonce == "n1"
        with pytest.raises(RequirementError):
            exempted.service.Fail(reason="sold out")
        with pytest.raises(RequirementError):
            make_profile().client(wsdl, address=address).service.PlaceOrder(**ORDER)
