"""Calls that succeed, through every kind of client and both SOAP versions."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import zeep
from lxml import etree

from zeep_wssec import (
    Inbound,
    OutboundError,
    Profile,
    ProfileError,
    SecurityHeader,
    Service,
    Signature,
    Timestamp,
)
from zeep_wssec.soap.namespaces import WSA, WSSE
from zeep_wssec.testing.orders import WSDL
from zeep_wssec.testing.partner import Partner, Wire

ZEEP: Any = zeep
"""zeep itself, whose functions have no annotations."""
BINDING = "{urn:example:orders}OrderBinding"
ORDER = {"sku": "42", "quantity": 1, "nonce": "n1"}
WsdlAt = Callable[[Path, str], str]
PROVED = ("body signed", "timestamp signed", "body encrypted")


def check_proved(profile: Profile, partner: Partner) -> None:
    """Both messages were signed and encrypted, and both sides know."""
    answered, asked = profile.last_report(), partner.answers[-1].report
    assert answered is not None
    assert asked is not None
    for report in (answered, asked):
        assert report.accepted
        assert set(PROVED) < set(report.proved)
    assert "RelatesTo names the request" in answered.proved


def test_sync_client(profile: Profile, partner: Partner, address: str, wsdl: Path) -> None:
    """Request and answer are signed, encrypted, timestamped and related."""
    order = profile.client(wsdl, address=address).service.PlaceOrder(**ORDER)
    assert (order.sku, order.nonce) == ("42", "n1")
    check_proved(profile, partner)


async def test_async_client(profile: Profile, partner: Partner, address: str, wsdl: Path) -> None:
    """The asynchronous client does the same."""
    async with profile.async_client(wsdl, address=address) as client:
        order = await client.service.PlaceOrder(**ORDER)
    assert order.nonce == "n1"
    check_proved(profile, partner)


def test_bare_client(
    profile: Profile, partner: Partner, address: str, wsdl: Path, wsdl_at: WsdlAt
) -> None:
    """The profile alone is enough for zeep's own client."""
    with ZEEP.Client(wsdl_at(wsdl, address), wsse=profile) as client:
        assert client.service.PlaceOrder(**ORDER).nonce == "n1"
    check_proved(profile, partner)


async def test_bare_async_client(
    profile: Profile, partner: Partner, address: str, wsdl: Path, wsdl_at: WsdlAt
) -> None:
    """The same object serves zeep's own asynchronous client."""
    async with ZEEP.AsyncClient(wsdl_at(wsdl, address), wsse=profile) as client:
        assert (await client.service.PlaceOrder(**ORDER)).nonce == "n1"
        client.transport.wsdl_client.close()
    check_proved(profile, partner)


def test_own_client_with_our_transport(profile: Profile, partner: Partner, address: str) -> None:
    """A client that the caller makes takes the profile and its transport."""
    client = ZEEP.Client(str(WSDL), wsse=profile, transport=profile.transport())
    assert client.create_service(BINDING, address).PlaceOrder(**ORDER).nonce == "n1"
    check_proved(profile, partner)


def test_own_client_reads_an_answer_that_names_no_request(
    make_profile: Callable[..., Profile], make_partner: Callable[..., Partner]
) -> None:
    """Our transport and the hook both look at it: it is no replay of itself, and the next one is no replay."""
    steps = (Timestamp(), Signature(parts=("body", "timestamp")))
    demands = Inbound(signed=("body", "timestamp"))

    def without_relation(content: bytes) -> bytes:
        root = etree.fromstring(content)
        for block in list(root[0].iterchildren("{*}RelatesTo")):
            root[0].remove(block)
        return etree.tostring(root)

    profile = make_profile(outbound=steps, inbound=demands)
    wire = Wire(tamper=without_relation)
    with make_partner(wire=wire, outbound=steps, inbound=demands).serve() as address:
        client = ZEEP.Client(str(WSDL), wsse=profile, transport=profile.transport())
        service = client.create_service(BINDING, address)
        assert service.PlaceOrder(**ORDER).nonce == "n1"
        assert service.PlaceOrder(**ORDER).nonce == "n1"


def test_wsdl_that_is_not_there(profile: Profile, tmp_path: Path) -> None:
    """A WSDL file that is missing is the profile's error, with the whole path."""
    with pytest.raises(ProfileError, match=r"orders\.wsdll: a WSDL expected, but there is no"):
        profile.client(tmp_path / "orders.wsdll")
    assert profile.client(WSDL).service


def test_address_of_the_profile(make_profile: Callable[..., Profile], address: str) -> None:
    """WSDL and address may stand in the profile."""
    profile = make_profile(service=Service(wsdl=WSDL, address=address))
    assert profile.client().service.PlaceOrder(**ORDER).nonce == "n1"


def test_create_service(profile: Profile, address: str) -> None:
    """A service at an address that is made later is protected, too."""
    client: Any = profile.client(WSDL)
    service = client.create_service(BINDING, address)
    assert service.PlaceOrder(**ORDER).nonce == "n1"
    assert profile.last_report() is not None


async def test_create_service_is_asynchronous(profile: Profile, address: str) -> None:
    """The asynchronous client gives an asynchronous service, which zeep's own does not."""
    async with profile.async_client(WSDL) as client:
        order = await client.create_service(BINDING, address).PlaceOrder(**ORDER)
    assert order.nonce == "n1"


def test_second_call_of_a_client(profile: Profile, address: str) -> None:
    """A client is used again and again."""
    client = profile.client(WSDL, address=address)
    read = [client.service.PlaceOrder(**{**ORDER, "nonce": nonce}).nonce for nonce in "abc"]
    assert read == ["a", "b", "c"]


def test_history_plugin(profile: Profile, partner: Partner, address: str) -> None:
    """zeep's history keeps the request as it was sent and the answer in plain text."""
    history = ZEEP.plugins.HistoryPlugin()
    client = profile.client(WSDL, address=address, plugins=[history])
    client.service.PlaceOrder(**ORDER)
    sent, received = history.last_sent["envelope"], history.last_received["envelope"]
    assert etree.tostring(sent, method="c14n") == etree.tostring(
        etree.fromstring(partner.answers[-1].request), method="c14n"
    )
    assert received.findtext(".//{urn:example:orders}nonce") == "n1"


def test_message_that_is_made_and_not_sent(profile: Profile, address: str) -> None:
    """``create_message`` protects a message that nobody answers; the next call is not confused by it."""
    client: Any = profile.client(WSDL, address=address)
    message = client.create_message(client.service, "PlaceOrder", **ORDER)
    assert message.find(f".//{{{WSSE}}}Security") is not None
    assert client.service.PlaceOrder(**{**ORDER, "nonce": "n2"}).nonce == "n2"


def test_message_that_is_made_is_accepted(profile: Profile, partner: Partner) -> None:
    """``create_message`` gives what a call would send: its octets are for the caller to send."""
    client: Any = profile.client(WSDL)
    message = client.create_message(client.service, "PlaceOrder", **ORDER)
    answer = partner.answer(etree.tostring(message))
    assert answer.error is None
    assert answer.exchange is not None
    assert answer.exchange.message_id == message.findtext(f".//{{{WSA}}}MessageID")


def security_header(actor: str | None) -> Any:
    header = etree.Element(f"{{{WSSE}}}Security")
    if actor is not None:
        header.set("{http://schemas.xmlsoap.org/soap/envelope/}actor", actor)
    return header


def test_security_header_of_ours_is_there(profile: Profile, partner: Partner, address: str) -> None:
    """An envelope that has a security header for the same receiver may have been protected before."""
    client = profile.client(WSDL, address=address)
    with pytest.raises(OutboundError, match="already has a wsse:Security") as caught:
        client.service.PlaceOrder(**ORDER, _soapheaders=[security_header(None)])
    assert caught.value.request_sent == "no"
    assert not partner.answers


def test_security_header_of_another_actor_is_there(profile: Profile, address: str) -> None:
    """A security header for somebody else is left alone."""
    client = profile.client(WSDL, address=address)
    header = security_header("urn:example:gateway")
    assert client.service.PlaceOrder(**ORDER, _soapheaders=[header]).nonce == "n1"


def test_security_header_is_extended(make_profile: Callable[..., Profile], address: str) -> None:
    """With ``header.extend`` ours is added to the one that is there."""
    profile = make_profile(header=SecurityHeader(extend=True))
    client = profile.client(WSDL, address=address)
    assert client.service.PlaceOrder(**ORDER, _soapheaders=[security_header(None)]).nonce == "n1"


@pytest.mark.parametrize("how", ["client", "async_client"])
def test_client_with_what_is_not_the_profile_s(profile: Profile, how: str) -> None:
    """A transport of zeep's, or another ``wsse``, would take the profile's place: it is told what to give."""
    make = getattr(profile, how)
    with pytest.raises(ProfileError, match=r"Give one of profile\.\w*transport") as caught:
        make(WSDL, transport=ZEEP.Transport())
    assert caught.value.path == "transport"
    with pytest.raises(ProfileError, match="a step of outbound") as caught:
        make(WSDL, wsse=object())
    assert caught.value.path == "wsse"
