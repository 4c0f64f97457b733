"""Redirects, answers that never end, and connections that fail."""

from __future__ import annotations

import asyncio
import io
import socket
import threading
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

import httpx
import pytest
import requests

from zeep_wssec import Limits, Profile, TransportSecurityError
from zeep_wssec.testing.in_process import ADDRESS, InProcessAdapter
from zeep_wssec.testing.loopback import serve
from zeep_wssec.testing.orders import WSDL
from zeep_wssec.testing.partner import Answer, Partner

Call = Callable[..., Any]
Make = Callable[..., Any]
LIMIT = 100_000
ORDER = {"sku": "42", "quantity": 1, "nonce": "n1"}


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirect(
    profile: Profile, partner: Partner, address: str, call: Call, status: int
) -> None:
    """A signed request is sent to one address, and no answer moves it to another."""

    def redirect(content: bytes, headers: Mapping[str, str]) -> Answer:
        return Answer(status=status, headers={"Location": address})

    with (
        serve(redirect) as first,
        pytest.raises(TransportSecurityError, match="redirect") as caught,
    ):
        call(profile, first)
    assert (caught.value.status, caught.value.request_sent) == (status, "yes")
    assert not partner.answers
    assert call(profile, address).nonce == "n1"


def test_redirect_with_an_honest_answer(profile: Profile, partner: Partner, call: Call) -> None:
    """A redirect is refused for what it is, even with a good answer in it."""

    def redirect(content: bytes, headers: Mapping[str, str]) -> Answer:
        answer = partner.answer(content, http_headers=headers)
        return Answer(status=307, headers={"Location": "/"}, content=answer.content)

    with serve(redirect) as address, pytest.raises(TransportSecurityError, match="redirect"):
        call(profile, address)


def test_answer_over_the_limit(make_profile: Make, call: Call) -> None:
    """An answer larger than the profile allows is refused."""
    profile = make_profile(limits=Limits(max_message_bytes=LIMIT))

    def answer(content: bytes, headers: Mapping[str, str]) -> Answer:
        return Answer(status=200, content=b" " * (LIMIT + 1))

    with (
        serve(answer) as address,
        pytest.raises(TransportSecurityError, match="larger than") as caught,
    ):
        call(profile, address)
    assert caught.value.request_sent == "yes"


def test_answer_within_the_limit(make_profile: Make, address: str, call: Call) -> None:
    """The same limit lets an ordinary answer pass."""
    assert call(make_profile(limits=Limits(max_message_bytes=LIMIT)), address).nonce == "n1"


class Endless(io.RawIOBase):
    """An answer that goes on for as long as somebody reads it."""

    given = 0

    def read(self, size: int = -1) -> bytes:
        assert size > 0
        self.given += size
        return b" " * size


class EndlessAdapter(InProcessAdapter):
    def send(
        self, request: requests.PreparedRequest, *_args: Any, **_options: Any
    ) -> requests.Response:
        response = super().send(request)
        response.raw = self.endless = Endless()
        return response


def test_reading_stops_at_the_limit(make_profile: Make) -> None:
    """Reading is given up at the limit: nobody fills our memory."""
    profile = make_profile(limits=Limits(max_message_bytes=LIMIT))
    adapter = EndlessAdapter(lambda content, headers: Answer(status=200))
    session = requests.Session()
    session.mount(ADDRESS, adapter)
    client = profile.client(WSDL, address=ADDRESS, transport=profile.transport(session=session))
    with pytest.raises(TransportSecurityError, match="larger than"):
        client.service.PlaceOrder(**ORDER)
    assert adapter.endless.given < 2 * LIMIT


async def test_reading_stops_at_the_limit_async(make_profile: Make) -> None:
    """The asynchronous client gives up, too."""
    profile = make_profile(limits=Limits(max_message_bytes=LIMIT))
    given = 0

    class Stream(httpx.AsyncByteStream):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            nonlocal given
            while True:
                given += 1000
                yield b" " * 1000

    transport = profile.async_transport()
    transport.client = httpx.AsyncClient(
        transport=httpx.MockTransport(lambda request: httpx.Response(200, stream=Stream()))
    )
    async with profile.async_client(WSDL, address=ADDRESS, transport=transport) as client:
        with pytest.raises(TransportSecurityError, match="larger than"):
            await client.service.PlaceOrder(**ORDER)
    assert given < 2 * LIMIT


def test_nobody_answers(profile: Profile, partner: Partner, call: Call) -> None:
    """A connection that is not made leaves the request unsent, and the error says so."""
    with partner.serve() as address:
        assert call(profile, address).nonce == "n1"
    with pytest.raises(TransportSecurityError) as caught:
        call(profile, address)
    assert caught.value.request_sent == "no"


def test_name_that_nobody_has(
    profile: Profile, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A host that cannot be found got no request, and the error says so in plain words."""

    def find_nobody(*_: Any, **__: Any) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", find_nobody)
    with pytest.raises(TransportSecurityError, match=r"nobody\.invalid/") as caught:
        call(profile, "http://nobody.invalid/orders")
    assert caught.value.request_sent == "no"
    assert "Pool" not in str(caught.value)


@pytest.mark.parametrize("word", [b"NewConnectionError", b"certificate verify failed"])
def test_answer_that_reads_as_a_failure_to_connect(
    profile: Profile, call: Call, word: bytes
) -> None:
    """What the other side writes cannot make a request unsent that it has."""
    listener = socket.create_server(("127.0.0.1", 0))

    def answer() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(65536)
            connection.sendall(word + b"\r\n\r\n")

    thread = threading.Thread(target=answer)
    thread.start()
    with listener, pytest.raises(TransportSecurityError) as caught:
        call(profile, f"http://127.0.0.1:{listener.getsockname()[1]}/")
    thread.join(10)
    assert caught.value.request_sent == "unknown"


@pytest.fixture(params=["sync", "async"])
def load(request: pytest.FixtureRequest, profile: Profile) -> Call:
    """Load a document through our transport, then through our asynchronous one."""

    def load_sync(address: str) -> None:
        with profile.session() as session:
            profile.transport(session=session).load(address)

    async def load_async(address: str) -> None:
        transport = profile.async_transport()
        try:
            transport.load(address)
        finally:
            await transport.aclose()

    if request.param == "sync":
        return load_sync
    return lambda address: asyncio.run(load_async(address))


def test_wsdl_where_nobody_answers(profile: Profile, load: Call) -> None:
    """A WSDL that cannot be had is an error of ours, which says what was to be loaded."""
    with serve(lambda *_: Answer(status=404)) as address:
        pass
    with pytest.raises(TransportSecurityError, match="cannot be loaded") as caught:
        load(f"{address}?wsdl")
    assert "service.wsdl" in caught.value.hint
    assert caught.value.request_sent == "no"


def test_wsdl_that_is_not_there(load: Call) -> None:
    """So is an address that has none."""
    with (
        serve(lambda *_: Answer(status=404)) as address,
        pytest.raises(TransportSecurityError, match="cannot be loaded: the server answers 404"),
    ):
        load(f"{address}?wsdl")


def test_connection_that_breaks(profile: Profile, call: Call) -> None:
    """Once a request may have arrived, nobody knows what became of it."""
    listener = socket.create_server(("127.0.0.1", 0))

    def break_off() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(1)

    thread = threading.Thread(target=break_off)
    thread.start()
    with listener, pytest.raises(TransportSecurityError) as caught:
        call(profile, f"http://127.0.0.1:{listener.getsockname()[1]}/")
    thread.join()
    assert caught.value.request_sent == "unknown"


def test_answer_that_cannot_be_decompressed(profile: Profile, call: Call) -> None:
    """An answer came, so the request was sent, whatever the answer is."""

    def garble(content: bytes, headers: Mapping[str, str]) -> Answer:
        return Answer(status=200, headers={"Content-Encoding": "gzip"}, content=b"no gzip")

    with serve(garble) as address, pytest.raises(TransportSecurityError) as caught:
        call(profile, address)
    assert caught.value.request_sent == "yes"
