"""Calls through our transports: no log has a message, and no failed connection shows what was sent."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable
from typing import Any

import pytest
import requests
import zeep
from leakage import planted
from leakage.search import captured_traceback, found_in, leaks_of_error

from zeep_wssec import (
    BinaryToken,
    Encryption,
    Inbound,
    Limits,
    Profile,
    RedactedHistory,
    RequirementError,
    Signature,
    Timestamp,
    TransportSecurityError,
    Unverified,
    UsernameToken,
    WSSecError,
)
from zeep_wssec.testing.loopback import serve
from zeep_wssec.testing.orders import WSDL, answer_order, make_element
from zeep_wssec.testing.partner import Answer, Partner

Call = Callable[..., Any]
STEPS = (
    UsernameToken(username="ada", password=planted.USER_PASSWORD.decode(), password_type="text"),
    BinaryToken(value_type="urn:x", value=planted.ticket()),
)
PLAIN = b'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><a>%s</a></s:Body></s:Envelope>'
CANARIES = {
    name: planted.canaries()[name] for name in ("password of the user", "ticket", "content")
}


def profile(**settings: Any) -> Profile:
    """Sends a readable password and a ticket; any answer will do."""
    return planted.client(*STEPS, inbound=Unverified(reason="a test"), **settings)


@pytest.fixture(params=["sync", "async"])
def call(request: pytest.FixtureRequest) -> Call:
    """Order the planted sku through our client, then through our asynchronous one."""
    order = {"sku": planted.CONTENT.decode(), "quantity": 1, "nonce": "n1"}

    def call_sync(caller: Profile, address: str, order: Any = order, **options: Any) -> Any:
        with caller.client(WSDL, address=address, **options) as client:
            return client.service.PlaceOrder(**order)

    async def call_async(caller: Profile, address: str, order: Any = order, **options: Any) -> Any:
        async with caller.async_client(WSDL, address=address, **options) as client:
            return await client.service.PlaceOrder(**order)

    if request.param == "sync":
        return call_sync
    return lambda *given, **options: asyncio.run(call_async(*given, **options))


def unused_address() -> str:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{holder.getsockname()[1]}/"


ANSWERS = {
    "accepted": Answer(
        status=200, headers={"Content-Type": "text/xml"}, content=PLAIN % planted.CONTENT
    ),
    "empty": Answer(status=202),
    "redirect": Answer(status=307, headers={"Location": "http://127.0.0.1/elsewhere"}),
    "a page": Answer(status=502, headers={"Content-Type": "text/html"}, content=planted.CONTENT),
    "broken": Answer(
        status=200, headers={"Content-Type": "text/xml"}, content=b"<a>" + planted.CONTENT
    ),
    "large": Answer(
        status=200, headers={"Content-Type": "text/xml"}, content=PLAIN % (planted.CONTENT * 9999)
    ),
}
"""Answers, each after a request with a readable password; all but two are refused."""


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS.keys())
def test_logs(call: Call, answer: Answer, caplog: pytest.LogCaptureFixture) -> None:
    """At DEBUG, of every library: sizes and addresses, but no message."""
    caplog.set_level(logging.DEBUG)
    with serve(lambda *_: answer) as address:
        try:
            call(profile(limits=Limits(max_message_bytes=100_000)), address)
        except WSSecError:
            assert answer not in (ANSWERS["empty"],)  # what is logged is the point
    assert "zeep_wssec.transport" in "".join(record.name for record in caplog.records)
    assert "POST to http://127.0.0.1" in caplog.text
    shown = [record.getMessage() + repr(record.args) for record in caplog.records]
    assert found_in("\n".join([*shown, caplog.text]), CANARIES) == []


def test_zeeps_own_transport_logs_the_password(caplog: pytest.LogCaptureFixture) -> None:
    """Why there is another one; a profile as a bare hook cannot prevent it."""
    caplog.set_level(logging.DEBUG)
    client: Any = zeep.Client(str(WSDL), wsse=profile())  # type: ignore[no-untyped-call]
    with serve(lambda *_: Answer(status=202)) as address:
        client.service._binding_options["address"] = address
        client.service.PlaceOrder(sku="42", quantity=1, nonce="n1")
    assert found_in(caplog.text, CANARIES) == ["password of the user", "ticket"]


REFUSED = {name: answer for name, answer in ANSWERS.items() if name not in ("accepted", "empty")}


@pytest.mark.parametrize("answer", REFUSED.values(), ids=REFUSED.keys())
def test_refused_answers(call: Call, answer: Answer) -> None:
    """The error shows neither the request nor what came back."""
    with serve(lambda *_: answer) as address, pytest.raises(WSSecError) as refused:
        call(profile(limits=Limits(max_message_bytes=100_000)), address)
    check(refused.value)


def check(error: BaseException) -> None:
    """Neither the error nor a frame below zeep's shows a secret."""
    secrets = {name: value for name, value in CANARIES.items() if name != "content"}
    assert leaks_of_error(error, secrets) == []
    assert found_in(captured_traceback(error), secrets) == []
    assert found_in(f"{error} {error!r} {vars(error)}", CANARIES) == []


def test_connection_that_fails(call: Call) -> None:
    """Nobody listens."""
    with pytest.raises(TransportSecurityError) as refused:
        call(profile(), unused_address())
    assert refused.value.request_sent == "no"
    check(refused.value)


def test_connection_that_breaks(call: Call) -> None:
    """The other side hangs up in the middle of the answer."""
    answer = Answer(status=200, headers={"Content-Length": "999999"}, content=b"<a>")
    with serve(lambda *_: answer) as address, pytest.raises(TransportSecurityError) as refused:
        call(profile(), address)
    check(refused.value)


def test_password_over_plain_http(call: Call) -> None:
    """What is not sent is not shown either."""
    with pytest.raises(TransportSecurityError, match="plain HTTP") as refused:
        call(profile(), "http://partner.invalid/")
    check(refused.value)


def test_password_of_an_address(call: Call, caplog: pytest.LogCaptureFixture) -> None:
    """A user name and a password in the address stand neither in our logs nor in the error."""
    caplog.set_level(logging.DEBUG, logger="zeep_wssec")
    address = unused_address().replace("//", "//me:canary-of-the-address@")
    with pytest.raises(TransportSecurityError) as refused:
        call(profile(), address)
    ours = [item.getMessage() for item in caplog.records if item.name.startswith("zeep_wssec")]
    assert ours
    assert "canary" not in "".join([*ours, str(refused.value), repr(refused.value.details)])


def test_session_of_the_caller() -> None:
    """A response that the caller's own code keeps is the caller's; the error does not bring one."""
    with serve(lambda *_: REFUSED["a page"]) as address:
        caller = profile()
        transport = caller.transport(session=requests.Session())
        with pytest.raises(TransportSecurityError) as refused:
            caller.client(WSDL, address=address, transport=transport).service.PlaceOrder(
                sku="42", quantity=1, nonce="n1"
            )
    assert refused.value.content is None


def test_history_of_a_real_call(call: Call) -> None:
    """It keeps no secret of header and body, of a protected answer neither."""
    caller = planted.client(
        *STEPS[:1], Signature(), inbound=Inbound(fresh_seconds=None, signed=("body",))
    )
    receiver = planted.partner(
        Signature(parts=("body", "header:wsa:RelatesTo?")),
        inbound=Inbound(signed=("body",), signed_by="client", fresh_seconds=None),
    )
    history = RedactedHistory()
    with Partner(receiver, answer_order).serve() as address:
        assert call(caller, address, plugins=[history]).sku == planted.CONTENT.decode()
    (kept,) = history.exchanges
    assert kept.sent
    assert kept.received
    assert found_in(kept.sent + kept.received + repr(kept).encode(), CANARIES) == []


def test_answer_that_is_refused_when_it_is_plain(call: Call) -> None:
    """What was decrypted before the refusal is in no frame, of zeep neither, and in no log."""
    caller = planted.client(
        Timestamp(),
        Signature(),
        Encryption(recipients=("partner",)),
        inbound=Inbound(signed=("body",), encrypted=("body",), fresh_seconds=None),
    )
    receiver = planted.partner(Encryption(recipients=("client",)))
    reply = make_element(
        "PlaceOrderResponse", orderId="1", sku=planted.CONTENT.decode(), nonce="n1"
    )
    order = {"sku": "42", "quantity": 1, "nonce": "n1"}
    with (
        planted.recorded_keys() as keys,
        Partner(receiver, lambda _: reply).serve() as address,
        pytest.raises(RequirementError) as refused,
    ):
        call(caller, address, order=order)
    assert len(keys) > 1
    canaries = {**planted.canaries(), **keys}
    assert leaks_of_error(refused.value, canaries) == []
    assert found_in(captured_traceback(refused.value), canaries) == []
