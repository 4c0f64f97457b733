"""Requests of zeep, signed as the HTTP messages that are really sent; answers verified before zeep reads them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from payload.jws.test_http import serving

from zeep_wssec import KeyNotFoundError, Profile, ProfileError, Service, Unverified
from zeep_wssec.errors import PayloadError, PayloadSignatureError, PayloadUnsignedError
from zeep_wssec.payload.cms import CmsSettings
from zeep_wssec.payload.jws import Jws, JwsSettings
from zeep_wssec.testing.orders import WSDL, answer_order
from zeep_wssec.testing.parties import Parties
from zeep_wssec.testing.partner import Partner
from zeep_wssec.transport.http_signing import JwsWsgi

Call = Callable[[Profile, str], Any]
Answer = Callable[[dict[str, Any], Callable[..., Any]], list[bytes]]


@pytest.fixture(scope="module")
def parties() -> Parties:
    return Parties.create()


@pytest.fixture(params=["sync", "async"])
def call(request: pytest.FixtureRequest) -> Call:
    """Place an order with one of zeep's clients."""

    def sync(profile: Profile, address: str) -> Any:
        with profile.client(WSDL, address=address) as client:
            return client.service.PlaceOrder(sku="42", quantity=1, nonce="a1")

    async def alone(profile: Profile, address: str) -> Any:
        async with profile.async_client(WSDL, address=address) as client:
            return await client.service.PlaceOrder(sku="42", quantity=1, nonce="a1")

    return sync if request.param == "sync" else lambda *given: asyncio.run(alone(*given))


class OrderService:
    """The partner's service as a WSGI application that keeps what reaches it."""

    def __init__(self, parties: Parties) -> None:
        self._partner = Partner(parties.partner_profile(), answer_order)
        self.bodies: list[bytes] = []
        self.signers: list[tuple[str, ...]] = []

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> list[bytes]:
        body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
        self.bodies.append(body)
        if "zeep_wssec.signature" in environ:
            self.signers.append(environ["zeep_wssec.signature"].signed_by)
        answer = self._partner.answer(body)
        start(f"{answer.status} OK", list(answer.headers.items()))
        return [answer.content]


@pytest.fixture
def service(parties: Parties) -> OrderService:
    return OrderService(parties)


@pytest.fixture
def gate(parties: Parties) -> Jws:
    """What the partner verifies and signs by."""
    return Jws(parties.partner_profile().plan.keystore, JwsSettings(signed_by=["client"]))


@pytest.fixture
def address(service: OrderService, gate: Jws) -> Iterator[str]:
    with serving(JwsWsgi(service, gate)) as address:
        yield address


def signing(parties: Parties, unsigned_answers: str = "", **settings: Any) -> Profile:
    """Give the caller's profile, whose requests are signed twice: in SOAP and as HTTP messages."""
    given = {"signed_by": ["partner"], **settings}
    where = Service(http_signature="http", unsigned_answers=unsigned_answers)
    return parties.client_profile(service=where, payload={"http": JwsSettings(**given)})


def test_j11_both_directions(
    parties: Parties, service: OrderService, address: str, call: Call
) -> None:
    """J-02, J-11: the octets of the POST are signed, and the answer's before zeep reads them."""
    order = call(signing(parties), address)
    assert order.orderId == "order-a1"
    assert service.signers == [("client",)]
    assert len(service.bodies) == 1


def test_unsigned_requests_do_not_arrive(
    parties: Parties, service: OrderService, address: str, call: Call
) -> None:
    """Without the setting the service refuses: the signature really is what lets a request in."""
    with pytest.raises(Exception, match="401"):
        call(parties.client_profile(), address)
    assert service.bodies == []


def test_unsigned_answer(parties: Parties, service: OrderService, call: Call) -> None:
    """J-11: an answer without a signature is refused, though its SOAP signature is good; unless it is stated."""
    with serving(service) as address:
        profile, seen = signing(parties), []
        profile.on_exchange(seen.append)
        with pytest.raises(PayloadUnsignedError) as caught:
            call(profile, address)
        assert caught.value.request_sent == "yes"
        assert [record.code for record in seen] == [caught.value.code]
        assert call(signing(parties, "their gateway drops it"), address).orderId == "order-a1"


def test_changed_answer(parties: Parties, service: OrderService, gate: Jws, call: Call) -> None:
    """J-14: of an answer that was changed after it was signed zeep reads nothing."""

    started: list[Any] = []

    def changing(environ: dict[str, Any], start: Callable[..., Any]) -> list[bytes]:
        content = b"".join(
            JwsWsgi(service, gate)(environ, lambda *given: started.extend(given))
        ).replace(b"><", b"> <", 1)
        headers = [item for item in started[1] if item[0] != "Content-Length"]
        start(started[0], headers)
        return [content]

    with serving(changing) as address, pytest.raises(PayloadSignatureError) as caught:
        call(signing(parties), address)
    assert caught.value.request_sent == "yes"


def test_key_that_is_missing(
    parties: Parties, service: OrderService, address: str, call: Call
) -> None:
    """What cannot be signed is not sent, and the error says so."""
    with pytest.raises(KeyNotFoundError) as caught:
        call(signing(parties, key="nobody"), address)
    assert caught.value.request_sent == "no"
    assert service.bodies == []


def test_without_steps(parties: Parties, address: str, gate: Jws, call: Call) -> None:
    """The signature of HTTP may be all there is: what SOAP then proves must be stated."""

    def plain(environ: dict[str, Any], start: Callable[..., Any]) -> list[bytes]:
        start("200 OK", [("Content-Type", "text/xml")])
        return [
            b'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>'
            b'<o:PlaceOrderResponse xmlns:o="urn:example:orders"><o:orderId>7</o:orderId><o:sku>42</o:sku>'
            b"<o:nonce>a1</o:nonce></o:PlaceOrderResponse></s:Body></s:Envelope>"
        ]

    profile = Profile(
        keystore=signing(parties).plan.keystore,
        inbound=Unverified(reason="the HTTP message is signed"),
        service=Service(http_signature="http"),
        payload={"http": JwsSettings(signed_by=["partner"])},
    )
    with serving(JwsWsgi(plain, gate)) as place:
        assert call(profile, place).orderId == "7"
    with serving(plain) as place, pytest.raises(PayloadError):
        call(profile, place)


@pytest.mark.parametrize("payload", [{}, {"http": CmsSettings()}])
def test_name_of_nothing(parties: Parties, payload: dict[str, object]) -> None:
    """The setting names a payload of the format jws, or the profile is not made."""
    with pytest.raises(ProfileError) as caught:
        parties.client_profile(service=Service(http_signature="http"), payload=payload)
    assert caught.value.path == "service.http_signature"
    with pytest.raises(ProfileError, match="http_signature"):
        Service(unsigned_answers="a reason")
