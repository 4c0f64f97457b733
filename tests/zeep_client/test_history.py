"""``RedactedHistory`` shows what was really sent and received, without what must not be kept."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import zeep
from lxml import etree
from zeep import Settings
from zeep.plugins import Plugin

from zeep_wssec import (
    BinaryToken,
    Encryption,
    Inbound,
    KeptExchange,
    Profile,
    RedactedHistory,
    RequirementError,
    Signature,
    TransportSecurityError,
    Unverified,
    UsernameToken,
)
from zeep_wssec.soap.namespaces import DS, WSSE, XENC
from zeep_wssec.testing.loopback import serve
from zeep_wssec.testing.orders import WSDL
from zeep_wssec.testing.partner import Answer, Partner, Wire

ZEEP: Any = zeep
"""zeep itself, whose functions have no annotations."""
Call = Callable[..., Any]
Make = Callable[..., Any]
CALLS = 50
PASSWORD = "canary-of-the-user"
TICKET = base64.b64encode(b"canary-of-the-ticket").decode()
SIGNED_ANSWERS = Inbound(encrypted=("body",))


def kept_in(history: RedactedHistory) -> KeptExchange:
    """The one exchange in a history."""
    (kept,) = history.exchanges
    return kept


def tree(octets: bytes | None) -> etree._Element:
    assert octets is not None
    return etree.fromstring(octets)


def names(octets: bytes | None) -> list[str]:
    """Local names of all elements of a message."""
    return [str(item.tag).rpartition("}")[2] for item in tree(octets).iter()]


def signature_values(octets: bytes | None) -> tuple[str, ...]:
    found = tree(octets).iterfind(f".//{{{DS}}}SignatureValue")
    return tuple("".join((item.text or "").split()) for item in found)


def test_request_is_shown_as_it_was_sent(
    profile: Profile, partner: Partner, address: str, call: Call
) -> None:
    """Signature and ciphertext are those that the partner got."""
    history = RedactedHistory()
    call(profile, address, plugins=[history])
    kept = kept_in(history)
    sent, there = tree(kept.sent), etree.fromstring(partner.answers[-1].request)
    for name in (f".//{{{DS}}}SignatureValue", f".//{{{XENC}}}CipherValue"):
        texts = [item.text for item in there.iterfind(name)]
        assert texts
        assert [item.text for item in sent.iterfind(name)] == texts
    assert kept.operation == "PlaceOrder"


def test_answer_is_shown_as_it_came(
    profile: Profile, partner: Partner, address: str, call: Call
) -> None:
    """It is kept before decryption, and the plain text nowhere."""
    history = RedactedHistory()
    assert call(profile, address, nonce="canary-of-the-order").nonce == "canary-of-the-order"
    call(profile, address, nonce="canary-of-the-order", plugins=[history])
    kept = kept_in(history)
    assert names(kept.received)[-1] == "CipherValue"
    assert signature_values(kept.received) == signature_values(partner.answers[-1].content)
    assert kept.opened is None
    assert b"canary" not in b"".join((kept.sent or b"", kept.received or b""))
    assert kept.record is not None
    assert (kept.record.outcome, kept.record.operation) == (
        "accepted",
        "urn:example:orders/PlaceOrder",
    )


def test_bodies_are_kept_on_request(profile: Profile, address: str, call: Call) -> None:
    """With ``bodies=True`` the accepted answer is there in plain text."""
    history = RedactedHistory(bodies=True)
    call(profile, address, nonce="canary-of-the-order", plugins=[history])
    kept = kept_in(history)
    assert tree(kept.opened).findtext(".//{*}nonce") == "canary-of-the-order"
    assert b"canary" not in (kept.received or b"canary")


def test_a_refused_answer_is_never_opened(profile: Profile, make_partner: Make, call: Call) -> None:
    """What was decrypted and then refused is not kept, whatever is asked for."""
    history = RedactedHistory(bodies=True)
    partner = make_partner(outbound=[Encryption(recipients=("client",))])
    with partner.serve() as address, pytest.raises(RequirementError):
        call(profile, address, nonce="canary-of-the-order", plugins=[history])
    kept = kept_in(history)
    assert kept.opened is None
    assert b"canary" not in (kept.received or b"canary")
    assert kept.record is not None
    assert (kept.record.outcome, kept.record.code) == ("refused", "requirement")


@pytest.mark.parametrize("bodies", [False, True])
@pytest.mark.parametrize("password_type", ["text", "digest"])
def test_secrets_of_the_header_are_left_out(
    make_profile: Make, call: Call, password_type: Any, bodies: bool
) -> None:
    """Password, Nonce and opaque token are named, but their values are gone; the user name stays."""
    sent: list[bytes] = []

    def respond(content: bytes, _: Any) -> Answer:
        sent.append(content)
        return Answer(status=202)

    history = RedactedHistory(bodies=bodies)
    steps = [
        UsernameToken(username="ada", password=PASSWORD, password_type=password_type, nonce=True),
        BinaryToken(value_type="urn:example:ticket", value=TICKET),
    ]
    profile = make_profile(outbound=steps, inbound=Unverified(reason="a test"))
    with serve(respond) as address:
        call(profile, address, plugins=[history])
    kept = kept_in(history).sent or b""
    secrets = [
        item.text
        for name in ("Password", "Nonce", "BinarySecurityToken")
        for item in etree.fromstring(sent[0]).iterfind(f".//{{{WSSE}}}{name}")
    ]
    assert len(secrets) == 3
    assert [item.text for item in tree(kept).iterfind(f".//{{{WSSE}}}Password")] == ["[redacted]"]
    assert all(text and text.encode() in sent[0] and text.encode() not in kept for text in secrets)
    assert b">ada<" in kept
    assert (b"sku" in kept) is bodies


def test_certificates_are_kept(make_profile: Make, address: str, call: Call) -> None:
    """A BinarySecurityToken with an X.509 certificate is no secret."""
    history = RedactedHistory()
    call(make_profile(), address, plugins=[history])
    texts = [
        item.text for item in tree(kept_in(history).sent).iter(f"{{{WSSE}}}BinarySecurityToken")
    ]
    assert texts
    assert "[redacted]" not in texts


def test_envelope_is_not_changed(profile: Profile, partner: Partner, address: str) -> None:
    """What is sent is byte for byte what it is without a history: the partner verifies it."""
    history = RedactedHistory(bodies=True)
    with profile.client(WSDL, address=address, plugins=[history]) as client:
        order = client.service.PlaceOrder(sku="42", quantity=1, nonce="n1")
    assert order.nonce == "n1"
    assert partner.answers[-1].error is None
    assert b"[redacted]" not in partner.answers[-1].request


def check_pairs(history: RedactedHistory, partner: Partner) -> None:
    """Each request stands beside the answer that the partner gave to it."""
    pairs = {
        signature_values(item.request): signature_values(item.content) for item in partner.answers
    }
    kept = {
        signature_values(item.sent): signature_values(item.received) for item in history.exchanges
    }
    assert len(kept) == CALLS
    assert kept == pairs
    assert all(item.record and item.record.outcome == "accepted" for item in history.exchanges)


@pytest.fixture
def slow(make_partner: Make) -> Partner:
    """A partner whose answers overlap."""
    made: Partner = make_partner(wire=Wire(delay_seconds=lambda: 0.01))
    return made


@pytest.mark.parametrize("bare", [False, True], ids=["our client", "bare hook"])
def test_threads(profile: Profile, slow: Partner, bare: bool) -> None:
    """Fifty calls of eight threads on one client."""
    history = RedactedHistory(CALLS)
    with slow.serve() as address:
        made = ZEEP.Client(str(WSDL), wsse=profile, plugins=[history]) if bare else None
        with made or profile.client(WSDL, plugins=[history]) as client:
            client.service._binding_options["address"] = address
            with ThreadPoolExecutor(8) as pool:
                list(
                    pool.map(
                        lambda n: client.service.PlaceOrder(sku="42", quantity=1, nonce=str(n)),
                        range(CALLS),
                    )
                )
    check_pairs(history, slow)


@pytest.mark.parametrize("bare", [False, True], ids=["our client", "bare hook"])
async def test_tasks(profile: Profile, slow: Partner, bare: bool) -> None:
    """Fifty tasks on one client."""
    history = RedactedHistory(CALLS)
    with slow.serve() as address:
        made = ZEEP.AsyncClient(str(WSDL), wsse=profile, plugins=[history]) if bare else None
        async with made or profile.async_client(WSDL, plugins=[history]) as client:
            client.service._binding_options["address"] = address
            calls = (
                client.service.PlaceOrder(sku="42", quantity=1, nonce=str(n)) for n in range(CALLS)
            )
            await asyncio.gather(*calls)
    check_pairs(history, slow)


class Nested(Plugin):
    """Calls another client, without a history, before the outer request is protected."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner

    def egress(self, envelope: Any, http_headers: Any, operation: Any, binding_options: Any) -> Any:
        self.inner.service.PlaceOrder(sku="42", quantity=1, nonce="inner")
        return etree.fromstring(etree.tostring(envelope)), http_headers


def test_only_its_own_client(profile: Profile, partner: Partner, address: str) -> None:
    """A call of another client inside this one is not taken for this one's, though the tree is replaced."""
    history = RedactedHistory()
    with profile.client(WSDL, address=address) as inner:
        plugins = [history, Nested(inner)]
        with profile.client(WSDL, address=address, plugins=plugins) as client:
            client.service.PlaceOrder(sku="42", quantity=1, nonce="outer")
    assert len(partner.answers) == 2
    assert signature_values(kept_in(history).sent) == signature_values(partner.answers[-1].request)


def test_raw_answers(profile: Profile, address: str, call: Call) -> None:
    """An answer that zeep hands out unread is kept as well."""
    history = RedactedHistory(bodies=True)
    call(profile, address, plugins=[history], settings=Settings(raw_response=True))
    kept = kept_in(history)
    assert names(kept.received)[-1] == "CipherValue"
    assert tree(kept.opened).findtext(".//{*}nonce") == "n1"


def test_a_call_without_an_answer(profile: Profile, call: Call) -> None:
    """The request is there, and how it ended."""
    history = RedactedHistory()
    proxy = Answer(status=502, content=b"<html>", headers={"Content-Type": "text/html"})
    with serve(lambda *_: proxy) as address, pytest.raises(TransportSecurityError):
        call(profile, address, plugins=[history])
    kept = kept_in(history)
    assert kept.sent is not None
    assert kept.received is None
    assert kept.record is not None
    assert kept.record.code == "transport_security"


def test_the_oldest_goes_first(profile: Profile, partner: Partner, address: str) -> None:
    """No more than ``maxlen`` are kept, and ``clear`` forgets them."""
    history = RedactedHistory(2)
    with profile.client(WSDL, address=address, plugins=[history]) as client:
        for nonce in "abc":
            client.service.PlaceOrder(sku="42", quantity=1, nonce=nonce)
    sent = [signature_values(item.sent) for item in history.exchanges]
    assert sent == [signature_values(item.request) for item in list(partner.answers)[1:]]
    assert history.last is history.exchanges[-1]
    assert repr(history) == "<RedactedHistory: 2 of 2 exchanges>"
    history.clear()
    assert history.last is None


def test_length_must_be_positive() -> None:
    """A history that keeps nothing is a mistake."""
    with pytest.raises(ValueError, match="1 or more"):
        RedactedHistory(0)


def test_zeeps_own_history_keeps_the_password(make_profile: Make, wsdl: Path) -> None:
    """Why there is another one: zeep's keeps the tree itself, with what was put into it later."""
    history = zeep.plugins.HistoryPlugin()  # type: ignore[no-untyped-call]
    profile = make_profile(
        outbound=[
            UsernameToken(username="ada", password=PASSWORD, password_type="text"),
            Signature(),
        ],
        inbound=Unverified(reason="a test"),
    )
    with serve(lambda *_: Answer(status=202)) as address:
        client = profile.client(wsdl, address=address, plugins=[history])
        client.service.PlaceOrder(sku="42", quantity=1, nonce="n1")
    assert PASSWORD.encode() in etree.tostring(history._buffer[-1]["sent"]["envelope"])
