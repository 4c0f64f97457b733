"""A caller and its partner at one fixed moment, and the clients through which the caller calls."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from zeep_wssec import Profile
from zeep_wssec.testing.orders import WSDL, answer_order
from zeep_wssec.testing.parties import Parties
from zeep_wssec.testing.partner import Partner, Wire

NOW = datetime(2027, 6, 1, 12, 0, tzinfo=UTC)
SAMPLES = Path(__file__).resolve().parents[2] / "wsdl-samples" / "orders"
MakeProfile = Callable[..., Profile]
MakePartner = Callable[..., Partner]
Call = Callable[..., Any]


@pytest.fixture(scope="session")
def parties() -> Parties:
    """Keys that all tests share."""
    return Parties.create(now=NOW)


@pytest.fixture(scope="session")
def make_profile(parties: Parties) -> MakeProfile:
    """Make the caller's profile, at the fixed moment; settings replace its own."""
    return lambda **settings: parties.client_profile(clock=lambda: NOW, **settings)


@pytest.fixture(scope="session")
def make_partner(parties: Parties) -> MakePartner:
    """Make an order service, at the fixed moment: its handler, its wire, settings of its profile."""

    def make(handler: Any = answer_order, wire: Wire | None = None, **settings: Any) -> Partner:
        profile = parties.partner_profile(clock=lambda: NOW, **settings)
        return Partner(profile, handler, wire=wire)

    return make


@pytest.fixture
def profile(make_profile: MakeProfile) -> Profile:
    """The caller's profile: signs and encrypts, and derives what answers must prove."""
    return make_profile()


@pytest.fixture
def partner(make_partner: MakePartner) -> Partner:
    """An honest partner."""
    return make_partner()


@pytest.fixture
def address(partner: Partner) -> Iterator[str]:
    """Where the honest partner is."""
    with partner.serve() as address:
        yield address


@pytest.fixture(params=["orders.wsdl", "orders-soap12.wsdl"])
def wsdl(request: pytest.FixtureRequest) -> Path:
    """The sample's WSDL for SOAP 1.1, then for SOAP 1.2."""
    path: Path = SAMPLES / request.param
    return path


@pytest.fixture
def wsdl_at(tmp_path: Path) -> Callable[[Path, str], str]:
    """Write a copy of a WSDL that has a partner's address, for clients that are not ours."""

    def write(wsdl: Path, address: str) -> str:
        text = wsdl.read_text("utf-8")
        for placeholder in ("http://127.0.0.1/soap11/plain", "http://127.0.0.1/soap12/plain"):
            text = text.replace(placeholder, address)
        copy = tmp_path / wsdl.name
        copy.write_text(text, "utf-8")
        return str(copy)

    return write


@pytest.fixture(params=["sync", "async"])
def call(request: pytest.FixtureRequest) -> Call:
    """Call the service through our client, then through our asynchronous one.

    ``call(profile, address)`` places an order; ``fail="…"`` asks for the declared Fault; other options
    are the client's.
    """

    def begin(client: Any, nonce: str, fail: str | None) -> Any:
        if fail is not None:
            return client.service.Fail(reason=fail)
        return client.service.PlaceOrder(sku="42", quantity=1, nonce=nonce)

    def call_sync(
        profile: Profile, address: str, nonce: str = "n1", fail: str | None = None, **options: Any
    ) -> Any:
        with profile.client(WSDL, address=address, **options) as client:
            return begin(client, nonce, fail)

    async def call_async(
        profile: Profile, address: str, nonce: str = "n1", fail: str | None = None, **options: Any
    ) -> Any:
        async with profile.async_client(WSDL, address=address, **options) as client:
            return await begin(client, nonce, fail)

    if request.param == "sync":
        return call_sync
    return lambda *arguments, **options: asyncio.run(call_async(*arguments, **options))
