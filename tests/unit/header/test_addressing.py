"""WS-Addressing header blocks: written once each, whatever stands there before."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import pytest
from lxml import etree
from roundtrip.pair import MESSAGE_ID, NOW, accepted, client, envelope, service, tree_of

from zeep_wssec import (
    Addressing,
    Encryption,
    Inbound,
    OutboundError,
    PartNotFoundError,
    Service,
    Signature,
    Timestamp,
)
from zeep_wssec.exchange import Exchange, Received
from zeep_wssec.outbound import protect
from zeep_wssec.settings import Step
from zeep_wssec.soap.namespaces import SOAP11, SOAP12, WSA, WSA_2004

TO, ACTION = "urn:to", "urn:action"
STATED = Addressing(to=TO, action=ACTION)
OLD = Addressing(to=TO, action=ACTION, version="2004/08")
Blocks = dict[str, str]


def addressed(
    step: Addressing, message: bytes | None = None, *more: Step, **arguments: Any
) -> tuple[etree._Element, Exchange]:
    """An envelope after the step, and its exchange."""
    settings = arguments.pop("settings", {})
    root = tree_of(envelope() if message is None else message)
    profile = service(step, *more, **settings)
    return root, protect(root, profile.plan, now=NOW, **arguments)


def blocks(root: etree._Element, namespace: str = WSA) -> Blocks:
    """Text of every addressing block by name; each must be there once."""
    found: Blocks = {}
    for block in root[0]:
        uri, _, local = str(block.tag)[1:].partition("}")
        if uri in (WSA, WSA_2004):
            assert uri == namespace
            assert local not in found
            found[local] = "".join(str(text) for text in block.itertext()).strip()
    return found


def headers(namespace: str = WSA, **texts: str) -> str:
    """Header blocks of one version, as a plugin writes them."""
    return "".join(
        f'<a:{name} xmlns:a="{namespace}">{text}</a:{name}>' for name, text in texts.items()
    )


@pytest.mark.parametrize(("step", "namespace"), [(STATED, WSA), (OLD, WSA_2004)])
def test_request(step: Addressing, namespace: str) -> None:
    """To, Action, a fresh MessageID, and ReplyTo to the same connection, in the version's own URIs."""
    root, exchange = addressed(step)
    found = blocks(root, namespace)
    anonymous = "/anonymous" if namespace == WSA else "/role/anonymous"
    assert found["ReplyTo"] == namespace + anonymous
    assert (found["To"], found["Action"]) == (TO, ACTION)
    assert set(found) == {"To", "Action", "MessageID", "ReplyTo"}
    assert re.fullmatch(r"urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", found["MessageID"])
    assert exchange.message_id == found["MessageID"]
    assert blocks(addressed(step)[0], namespace)["MessageID"] != found["MessageID"]


def test_endpoints_hold_an_address() -> None:
    """Spec: WS-Addressing 1.0 Core 3.2: an endpoint reference has an Address; To is the URI itself."""
    step = Addressing(
        to=TO, action=ACTION, reply_to="urn:r", from_address="urn:f", fault_to="anonymous"
    )
    root, _ = addressed(step)
    expected = {"ReplyTo": "urn:r", "From": "urn:f", "FaultTo": WSA + "/anonymous"}
    for local, address in expected.items():
        assert root[0].findtext(f"{{{WSA}}}{local}/{{{WSA}}}Address") == address
    assert root[0].findtext(f"{{{WSA}}}To") == TO


def test_left_out() -> None:
    """ReplyTo and MessageID may be left out, and a MessageID may be bare."""
    step = Addressing(to=TO, action=ACTION, reply_to=None, message_id="none")
    root, exchange = addressed(step)
    assert set(blocks(root)) == {"To", "Action"}
    assert exchange.message_id is None
    bare = blocks(addressed(Addressing(to=TO, action=ACTION, message_id="uuid"))[0])["MessageID"]
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", bare)


@pytest.mark.parametrize(
    "http_headers",
    [
        {"SOAPAction": '"urn:soap-action"'},
        {"Content-Type": 'application/soap+xml; charset=utf-8; action="urn:soap-action"'},
    ],
)
def test_soap_action(http_headers: dict[str, str]) -> None:
    """The action falls back to the SOAP action, in either place."""
    root, _ = addressed(Addressing(to=TO), http_headers=http_headers, operation="PlaceOrder")
    assert blocks(root)["Action"] == "urn:soap-action"


@pytest.mark.parametrize("http_headers", [{}, {"SOAPAction": '""'}])
def test_no_action(http_headers: dict[str, str]) -> None:
    """The Body's name or that of an overlay is no action."""
    with pytest.raises(OutboundError) as caught:
        addressed(Addressing(to=TO), http_headers=http_headers, operation="PlaceOrder")
    assert "Addressing(action=" in caught.value.hint


def test_service_address() -> None:
    """To falls back to the address of the service, and without one says how to state it."""
    step = Addressing(action=ACTION)
    root, _ = addressed(step, settings={"service": Service(address="https://orders.example/soap")})
    assert blocks(root)["To"] == "https://orders.example/soap"
    with pytest.raises(OutboundError) as caught:
        addressed(step)
    assert "service.address" in caught.value.hint


def test_what_is_there_is_kept() -> None:
    """What a plugin wrote stays where the step states nothing else."""
    there = headers(Action="urn:a", To="urn:t", MessageID=MESSAGE_ID)
    root, exchange = addressed(Addressing(), envelope(headers=there))
    found = blocks(root)
    assert (found["Action"], found["To"], found["MessageID"]) == ("urn:a", "urn:t", MESSAGE_ID)
    assert exchange.message_id == MESSAGE_ID


def test_what_is_stated_replaces() -> None:
    """What the step states takes its place, and doubles go."""
    there = headers(Action="urn:a", To="urn:t") + headers(To="urn:t2", MessageID=MESSAGE_ID)
    step = Addressing(to=TO, action=ACTION, message_id="uuid")
    found = blocks(addressed(step, envelope(headers=there))[0])
    assert (found["Action"], found["To"]) == (ACTION, TO)
    assert found["MessageID"] != MESSAGE_ID


@pytest.mark.parametrize(
    ("version", "ours", "theirs"), [("2004/08", WSA_2004, WSA), ("2005/08", WSA, WSA_2004)]
)
def test_the_other_version(version: Any, ours: str, theirs: str) -> None:
    """Blocks of the other version give their values and go, so that none is there in both."""
    there = headers(theirs, Action="urn:a", To="urn:t", MessageID=MESSAGE_ID, From="<x/>")
    there += headers(theirs, ReplyTo=f'<b:Address xmlns:b="{theirs}">urn:r</b:Address>')
    root, _ = addressed(Addressing(version=version), envelope(headers=there))
    found = blocks(root, ours)
    assert found == {"Action": "urn:a", "To": "urn:t", "MessageID": MESSAGE_ID, "ReplyTo": "urn:r"}


@pytest.mark.parametrize(("soap", "value"), [(SOAP11, "1"), (SOAP12, "true")])
def test_must_understand(soap: str, value: str) -> None:
    """Marked blocks carry the attribute of the SOAP version, the others none."""
    step = Addressing(to=TO, action=ACTION, must_understand=["To", "Action"])
    root, _ = addressed(step, envelope(soap=soap, headers=headers(To=TO)))
    marks = {
        etree.QName(block).localname: block.get(f"{{{soap}}}mustUnderstand")
        for block in root[0]
        if str(block.tag).startswith("{" + WSA)
    }
    assert marks == {"To": value, "Action": value, "MessageID": None, "ReplyTo": None}


REQUEST = Received(message_id=MESSAGE_ID, action="urn:orders:Place")


def test_answer() -> None:
    """Spec: WS-Addressing 1.0 Core 3.4: RelatesTo, an action of its own, and no address unless stated."""
    root, _ = addressed(Addressing(), answers=REQUEST)
    found = blocks(root)
    assert set(found) == {"Action", "MessageID", "RelatesTo"}
    assert (found["RelatesTo"], found["Action"]) == (MESSAGE_ID, "urn:orders:PlaceResponse")


def test_answer_with_a_fault() -> None:
    """A Fault has the action of Faults, which no WSDL needs to declare."""
    fault = "<soap:Fault><faultcode>soap:Server</faultcode></soap:Fault>"
    assert blocks(addressed(Addressing(), envelope(fault), answers=REQUEST)[0])["Action"] == (
        WSA + "/soap/fault"
    )


def test_answer_to_a_request_without_addressing() -> None:
    """Nothing to relate to; without an action one must be stated."""
    bare = Received()
    with pytest.raises(OutboundError):
        addressed(Addressing(), answers=bare)
    root, _ = addressed(Addressing(action=ACTION), answers=bare)
    assert set(blocks(root)) == {"Action", "MessageID"}


def test_a_wrong_relation_is_replaced() -> None:
    """RelatesTo names the request that is answered, and nothing else."""
    there = headers(RelatesTo="urn:uuid:another", Action="urn:a")
    found = blocks(addressed(Addressing(), envelope(headers=there), answers=REQUEST)[0])
    assert (found["RelatesTo"], found["Action"]) == (MESSAGE_ID, "urn:a")


@pytest.mark.parametrize("text", ["a\0b", "\ud800"])
def test_characters(text: str) -> None:
    """What XML cannot carry is refused."""
    with pytest.raises(OutboundError):
        addressed(Addressing(to=text, action=ACTION))


PARTS = ("body", "timestamp", "header:wsa:To", "header:wsa:Action", "header:wsa:MessageID")


@pytest.mark.parametrize(
    ("step", "parts"), [(STATED, PARTS), (OLD, tuple(p.replace("wsa:", "wsa04:") for p in PARTS))]
)
def test_signed(step: Addressing, parts: Sequence[str]) -> None:
    """The blocks can be signed by a later step, in either version."""
    message = service(step, Timestamp(), Signature(parts=parts)).secure(envelope()).to_bytes()
    report = accepted(message, client(inbound=Inbound(signed=parts))).report
    assert {f"{part} signed" for part in parts} <= set(report.proved)


def test_message_id_that_is_encrypted() -> None:
    """The answer names the MessageID, whoever may read it on the way."""
    seal = Encryption(recipients=["client"], parts=["header:wsa:MessageID", "body"])
    root, exchange = addressed(STATED, envelope(headers=headers(MessageID=MESSAGE_ID)), seal)
    assert "MessageID" not in blocks(root)
    assert exchange.message_id == MESSAGE_ID


@pytest.mark.parametrize(
    "there",
    [
        "",
        headers(Action="urn:a", To="urn:t") + "\n " + headers(WSA_2004, To="urn:t"),
        headers(WSA_2004, Action="urn:a", MessageID=MESSAGE_ID) + headers(RelatesTo="urn:r"),
    ],
)
def test_a_later_failure_restores(there: str) -> None:
    """When a later step fails the tree is octet by octet what it was."""
    step = Addressing(to=TO, action=ACTION, must_understand=["To", "Action", "MessageID"])
    for answers in (None, REQUEST):
        root = tree_of(envelope(headers=there))
        before = etree.tostring(root)
        with pytest.raises(PartNotFoundError):
            protect(
                root,
                service(step, Signature(parts=["id:not-there"])).plan,
                now=NOW,
                answers=answers,
            )
        assert etree.tostring(root) == before
