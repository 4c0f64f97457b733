"""Calls inside calls, calls that were given up, and answers that come late: each answer has one request."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import httpx
import pytest
import requests
import zeep
from zeep.plugins import Plugin

from zeep_wssec import Profile, RequirementError
from zeep_wssec.testing.in_process import ADDRESS, in_process_session
from zeep_wssec.testing.orders import WSDL
from zeep_wssec.testing.partner import Answer, Partner

ZEEP: Any = zeep
"""zeep itself, whose functions have no annotations."""
Respond = Callable[[bytes, Any], Answer]


def order(nonce: str) -> dict[str, Any]:
    return {"sku": "42", "quantity": 1, "nonce": nonce}


class Nested(Plugin):
    """Calls once more, at one point of the outer call."""

    def __init__(self, point: str) -> None:
        self.point = point
        self.client: Any = None
        self.read: list[str] = []

    def _call(self, point: str) -> None:
        if point == self.point and not self.read:
            self.read.append("being asked")
            self.read[0] = self.client.service.PlaceOrder(**order("inner")).nonce

    def egress(self, envelope: Any, http_headers: Any, operation: Any, binding_options: Any) -> Any:
        self._call("egress")
        return envelope, http_headers

    def ingress(self, envelope: Any, http_headers: Any, operation: Any) -> Any:
        self._call("ingress")
        return envelope, http_headers


@pytest.mark.parametrize("point", ["egress", "ingress"])
def test_call_in_a_plugin(profile: Profile, address: str, point: str) -> None:
    """Both calls read their own answers."""
    plugin = Nested(point)
    plugin.client = profile.client(WSDL, address=address, plugins=[plugin])
    outer = plugin.client.service.PlaceOrder(**order("outer"))
    assert (outer.nonce, plugin.read) == ("outer", ["inner"])


@pytest.mark.parametrize("point", ["egress", "ingress"])
def test_call_in_a_plugin_of_a_bare_client(profile: Profile, address: str, point: str) -> None:
    """The same without our transport."""
    plugin = Nested(point)
    plugin.client = ZEEP.Client(str(WSDL), wsse=profile, plugins=[plugin])
    plugin.client.service._binding_options["address"] = address
    outer = plugin.client.service.PlaceOrder(**order("outer"))
    assert (outer.nonce, plugin.read) == ("outer", ["inner"])


def test_call_while_a_request_is_on_its_way(profile: Profile, partner: Partner) -> None:
    """A call between request and answer of another one, in the same thread, disturbs neither."""
    read: list[str] = []

    def respond(content: bytes, headers: Any) -> Answer:
        answer = partner.answer(content, http_headers=headers)
        if not read:
            read.append("being asked")
            read[0] = client.service.PlaceOrder(**order("inner")).nonce
        return answer

    client = _client(profile, respond)
    assert client.service.PlaceOrder(**order("outer")).nonce == "outer"
    assert read == ["inner"]


async def test_calls_driven_by_hand(profile: Profile, partner: Partner) -> None:
    """Two coroutines in one context, answered in the order in which they were begun."""
    async with _async_client(profile, partner.answer) as client:
        first, second = (client.service.PlaceOrder(**order(nonce)) for nonce in ("a", "b"))
        assert [item.nonce for item in _drive(first, second)] == ["a", "b"]


async def test_swapped_answers_of_calls_driven_by_hand(profile: Profile, partner: Partner) -> None:
    """In one context, too, an answer to another call is refused."""
    kept: list[Answer] = []

    def swap(content: bytes, **options: Any) -> Answer:
        kept.append(partner.answer(content, **options))
        return kept[0]

    async with _async_client(profile, swap) as client:
        first, second = (client.service.PlaceOrder(**order(nonce)) for nonce in ("a", "b"))
        read, refused = _drive(first, second)
    assert read.nonce == "a"
    assert isinstance(refused, RequirementError)
    assert "answer to another request" in str(refused)


class LateAnswer:
    """A partner whose first answer is held back, and then passed off as the answer to the second request."""

    def __init__(self, partner: Partner, error: BaseException) -> None:
        self.partner = partner
        self.error = error
        self.kept: Answer | None = None
        self.honest = False

    def __call__(self, content: bytes, http_headers: Any) -> Answer:
        answer = self.partner.answer(content, http_headers=http_headers)
        if self.kept is None:
            self.kept = answer
            raise self.error
        return answer if self.honest else self.kept


@pytest.mark.parametrize("bare", [False, True])
@pytest.mark.parametrize("honest", [False, True])
def test_late_answer(profile: Profile, partner: Partner, bare: bool, honest: bool) -> None:
    """The late answer to a request that was given up is not the answer to the next one."""
    respond = LateAnswer(partner, requests.ReadTimeout("too late"))
    client = _bare_client(profile, respond) if bare else _client(profile, respond)
    with pytest.raises((zeep.exceptions.Error, requests.ReadTimeout)):
        client.service.PlaceOrder(**order("first"))
    respond.honest = honest
    if honest:
        assert client.service.PlaceOrder(**order("second")).nonce == "second"
    else:
        with pytest.raises(RequirementError, match="answer to another request"):
            client.service.PlaceOrder(**order("second"))


@pytest.mark.parametrize("honest", [False, True])
async def test_late_answer_to_a_cancelled_call(
    profile: Profile, partner: Partner, honest: bool
) -> None:
    """Nor is the answer to a call that was cancelled, as ``asyncio.timeout`` does in the same task."""
    respond = LateAnswer(partner, asyncio.CancelledError())
    async with _async_client(profile, respond) as client:
        with pytest.raises(asyncio.CancelledError):
            await client.service.PlaceOrder(**order("first"))
        respond.honest = honest
        if honest:
            assert (await client.service.PlaceOrder(**order("second"))).nonce == "second"
            return
        with pytest.raises(RequirementError, match="answer to another request"):
            await client.service.PlaceOrder(**order("second"))


def _client(profile: Profile, respond: Respond) -> Any:
    transport = profile.transport(session=in_process_session(respond))
    return profile.client(WSDL, address=ADDRESS, transport=transport)


def _bare_client(profile: Profile, respond: Respond) -> Any:
    transport = ZEEP.Transport(session=in_process_session(respond))
    client = ZEEP.Client(str(WSDL), wsse=profile, transport=transport)
    client.service._binding_options["address"] = ADDRESS
    return client


def _async_client(profile: Profile, respond: Callable[..., Answer]) -> Any:
    """Give a client whose every request waits once, as on a network, before it is answered."""

    async def give(request: httpx.Request) -> httpx.Response:
        await _Pause()
        answer = respond(request.content, http_headers=dict(request.headers))
        return httpx.Response(answer.status, headers=dict(answer.headers), content=answer.content)

    transport = profile.async_transport()
    transport.client = httpx.AsyncClient(transport=httpx.MockTransport(give))
    return profile.async_client(WSDL, address=ADDRESS, transport=transport)


class _Pause:
    """Gives way once, to an event loop as well as to a hand that drives."""

    def __await__(self) -> Any:
        yield


def _drive(*coroutines: Coroutine[Any, Any, Any]) -> list[Any]:
    """Run coroutines in turns, in this context; give what each returned or raised."""
    ended: dict[int, Any] = {}
    while len(ended) < len(coroutines):
        for index, coroutine in enumerate(coroutines):
            if index in ended:
                continue
            try:
                coroutine.send(None)
            except StopIteration as stop:
                ended[index] = stop.value
            except zeep.exceptions.Error as error:
                ended[index] = error
    return [ended[index] for index in range(len(coroutines))]
