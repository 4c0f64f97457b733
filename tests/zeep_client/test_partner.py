"""The partner of the testing kit: what it proves, what it refuses, and how it can be had."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from lxml import etree

from zeep_wssec import InboundError, MalformedSecurityError, Profile, ProfileError, RequirementError
from zeep_wssec.soap.namespaces import SOAP11, SOAP12, WSA, WSA_2004, WSSE
from zeep_wssec.testing.in_process import ADDRESS
from zeep_wssec.testing.loopback import serve
from zeep_wssec.testing.orders import ORDERS, WSDL, answer_order, make_element
from zeep_wssec.testing.parties import Parties
from zeep_wssec.testing.partner import Answer, Fault, Partner, Wire

Make = Callable[..., Any]
ORDER = {"sku": "42", "quantity": 1, "nonce": "n1"}
SAMPLE = Path(__file__).resolve().parents[2] / "wsdl-samples" / "orders" / "orders.wsdl"


def envelope(namespace: str, header: str = "") -> bytes:
    return (
        f'<s:Envelope xmlns:s="{namespace}"><s:Header>{header}</s:Header><s:Body>'
        f'<PlaceOrder xmlns="{ORDERS}"><sku>42</sku><quantity>1</quantity><nonce>n1</nonce>'
        "</PlaceOrder></s:Body></s:Envelope>"
    ).encode()


def test_wsdl_in_the_package() -> None:
    """The wheel has the WSDL of the samples, octet for octet."""
    assert WSDL.read_bytes() == SAMPLE.read_bytes()


@pytest.mark.parametrize("namespace", [SOAP11, SOAP12])
def test_answer_without_a_socket(profile: Profile, partner: Partner, namespace: str) -> None:
    """Octets in, octets out, in the SOAP version that was asked in; both sides can tell what was proved."""
    sent = profile.secure(envelope(namespace))
    answer = partner.answer(sent.to_bytes())
    assert answer.status == 200
    assert answer.report is not None
    assert answer.asked is not None
    assert answer.asked.findtext(f".//{{{ORDERS}}}sku") == "42"
    seen = profile.check(answer.content, request=sent.exchange)
    assert seen.envelope.tag == f"{{{namespace}}}Envelope"
    assert seen.body[0].findtext(f"{{{ORDERS}}}nonce") == "n1"
    assert b"PlaceOrderResponse" in answer.plain
    assert b"PlaceOrderResponse" not in answer.content


def test_exchange_of_an_answer(profile: Profile, partner: Partner) -> None:
    """The answer names its request, for callers that did not keep what ``secure`` gave."""
    answer = partner.answer(profile.secure(envelope(SOAP11)).to_bytes())
    assert profile.check(answer.content, request=answer.exchange).report.accepted


@pytest.mark.parametrize("namespace", [WSA, WSA_2004])
def test_addressed_answer(profile: Profile, partner: Partner, namespace: str) -> None:
    """A request with a MessageID is answered with Action, MessageID and RelatesTo of its namespace."""
    header = (
        f'<a:MessageID xmlns:a="{namespace}">urn:1</a:MessageID>'
        f'<a:Action xmlns:a="{namespace}">urn:do</a:Action>'
    )
    answer = partner.answer(profile.secure(envelope(SOAP11, header)).to_bytes())
    root = etree.fromstring(answer.content)
    assert root.findtext(f".//{{{namespace}}}RelatesTo") == "urn:1"
    assert root.findtext(f".//{{{namespace}}}Action") == "urn:doResponse"
    assert root.findtext(f".//{{{namespace}}}MessageID") not in ("urn:1", None)


def test_answer_to_an_unaddressed_request(profile: Profile, partner: Partner) -> None:
    """A request without a MessageID is answered without addressing."""
    answer = partner.answer(profile.secure(envelope(SOAP11)).to_bytes())
    assert b"RelatesTo" not in answer.content


@pytest.mark.parametrize(("namespace", "status"), [(SOAP11, 500), (SOAP12, 400)])
def test_refusal(partner: Partner, namespace: str, status: int) -> None:
    """A refused request gets the fault code and the safe text, and nothing of what was wrong with it."""
    answer = partner.answer(envelope(namespace))
    assert isinstance(answer.error, RequirementError)
    assert answer.status == status
    root = etree.fromstring(answer.content)
    assert root.tag == f"{{{namespace}}}Envelope"
    words = {text.strip() for text in root.itertext()}
    allowed = {"wsse:InvalidSecurity", answer.error.safe_message, "soap:Sender"}
    assert answer.error.safe_message in words
    assert words <= allowed
    assert root.find(".//{*}Fault").nsmap["wsse"] == WSSE  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("content_type", "namespace"), [("text/xml", SOAP11), ("application/soap+xml", SOAP12)]
)
def test_refusal_of_what_is_no_xml(partner: Partner, content_type: str, namespace: str) -> None:
    """Even then the answer is a Fault, of the SOAP version that the content type says."""
    answer = partner.answer(b"hello", http_headers={"Content-Type": content_type})
    assert isinstance(answer.error, InboundError)
    assert etree.fromstring(answer.content).tag == f"{{{namespace}}}Envelope"


def test_partner_must_state_its_demands(profile: Profile) -> None:
    """Only a caller can derive them from what it sent."""
    with pytest.raises(ProfileError, match="not stated") as caught:
        Partner(profile, answer_order)
    assert caught.value.path == "inbound"


def test_unknown_operation(profile: Profile, partner: Partner) -> None:
    """The order service answers what it does not know with a Fault that blames the sender."""
    content = envelope(SOAP12).replace(b"PlaceOrder", b"Steal")
    sent = profile.secure(content)
    answer = partner.answer(sent.to_bytes())
    assert answer.status == 400
    assert b"soap:Sender" in profile.check(answer.content, request=sent.exchange).to_bytes()


def test_fault_of_a_handler(make_partner: Make, profile: Profile) -> None:
    """A handler's Fault is protected, and has its detail."""
    detail = make_element("OrderFault", reason="closed")
    partner = make_partner(handler=lambda body: Fault(reason="closed", detail=detail))
    sent = profile.secure(envelope(SOAP11))
    answer = partner.answer(sent.to_bytes())
    assert answer.status == 500
    seen = profile.check(answer.content, request=sent.exchange)
    assert seen.report.fault
    assert seen.body.findtext(f".//{{{ORDERS}}}reason") == "closed"


def test_session_in_process(profile: Profile, partner: Partner) -> None:
    """A ``requests`` session brings the real transport to the partner without a socket."""
    transport = profile.transport(session=partner.session())
    client = profile.client(WSDL, address=ADDRESS, transport=transport)
    assert client.service.PlaceOrder(**ORDER).nonce == "n1"


async def test_httpx_in_process(profile: Profile, partner: Partner) -> None:
    """So does a transport for ``httpx``."""
    transport = profile.async_transport()
    transport.client = httpx.AsyncClient(transport=partner.httpx_transport())
    async with profile.async_client(WSDL, address=ADDRESS, transport=transport) as client:
        assert (await client.service.PlaceOrder(**ORDER)).nonce == "n1"


def test_wire_in_process(profile: Profile, make_partner: Make) -> None:
    """What happens on the wire happens in process as well."""
    partner = make_partner(wire=Wire(tamper=lambda answer: answer[:-1]))
    transport = profile.transport(session=partner.session())
    client = profile.client(WSDL, address=ADDRESS, transport=transport)
    with pytest.raises(MalformedSecurityError, match="not well-formed"):
        client.service.PlaceOrder(**ORDER)
    assert partner.answers[-1].content.endswith(b">")


def test_failure_of_a_handler(profile: Profile, make_partner: Make) -> None:
    """A handler that breaks is not lost in a thread: ``serve`` raises what it raised."""

    def break_down(body: object) -> object:
        raise LookupError("no such sku")

    partner = make_partner(handler=break_down)

    def call_it() -> None:
        with partner.serve() as address, pytest.raises(Exception, match="500"):
            profile.client(WSDL, address=address).service.PlaceOrder(**ORDER)

    with pytest.raises(LookupError, match="no such sku"):
        call_it()


def test_failure_beside_another_exception() -> None:
    """An exception in the block is the one that is raised, with a note about the server's."""

    def break_down(content: bytes, headers: object) -> Answer:
        raise LookupError("no such sku")

    with (
        pytest.raises(httpx.HTTPStatusError) as caught,
        serve(break_down) as address,
    ):
        httpx.get(address, trust_env=False).raise_for_status()
    assert "no such sku" in "".join(caught.value.__notes__)


def test_served_twice(profile: Profile, partner: Partner) -> None:
    """A partner that has stopped can be served again."""
    for nonce in ("a", "b"):
        with partner.serve() as address:
            client = profile.client(WSDL, address=address)
            order = client.service.PlaceOrder(**{**ORDER, "nonce": nonce})
            assert order.nonce == nonce


def test_keys_of_parties(parties: Parties) -> None:
    """Each party has its own key and the other's certificate."""
    own, other = parties.client_keystore.snapshot(), parties.partner_keystore.snapshot()
    assert (set(own.keys), set(own.partners)) == ({"client"}, {"partner"})
    assert (set(other.keys), set(other.partners)) == ({"partner"}, {"client"})
