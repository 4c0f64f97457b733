"""An answer has an end: a server that sends it octet by octet holds nobody for as long as it likes."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import count
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from zeep_wssec import Profile, ProfileError, Service, TransportSecurityError
from zeep_wssec.keys import timed_answer
from zeep_wssec.testing.in_process import ADDRESS
from zeep_wssec.testing.orders import WSDL

Make = Callable[..., Any]
ORDER = {"sku": "42", "quantity": 1, "nonce": "n1"}
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\n"


@contextmanager
def endless(start: bytes, piece: bytes) -> Iterator[str]:
    """A server whose answer starts and never ends."""
    listener = socket.create_server(("127.0.0.1", 0))

    def drip() -> None:
        connection, _ = listener.accept()
        with connection, suppress(OSError):
            connection.sendall(start)
            while True:
                connection.sendall(piece)

    thread = threading.Thread(target=drip)
    thread.start()
    with listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
        thread.join()


@pytest.mark.parametrize(
    ("start", "piece"),
    [
        (b"HTTP/1.1 200 O", b"K"),
        (HEAD + b"X-Drip: ", b"a"),
        (HEAD + b"Content-Length: 1000000000\r\n\r\n", b" "),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
    ],
    ids=["status", "headers", "content", "chunks"],
)
def test_endless_answer(
    make_profile: Make, monkeypatch: pytest.MonkeyPatch, start: bytes, piece: bytes
) -> None:
    """Every read takes a minute here, and five minutes are given: reading ends wherever it is."""
    minutes = count()
    monkeypatch.setattr(
        timed_answer, "time", SimpleNamespace(monotonic=lambda: 60.0 * next(minutes))
    )
    profile = make_profile(service=Service(answer_seconds=300))
    with (
        endless(start, piece) as address,
        profile.client(WSDL, address=address) as client,
        pytest.raises(TransportSecurityError, match=r"timed out|too long") as caught,
    ):
        client.service.PlaceOrder(**ORDER)
    assert caught.value.request_sent == "unknown"
    assert next(minutes) < 10


def test_answer_in_time(make_profile: Make, address: str) -> None:
    """The twin: an answer that ends in time is read."""
    profile = make_profile(service=Service(answer_seconds=300))
    with profile.client(WSDL, address=address) as client:
        assert client.service.PlaceOrder(**ORDER).nonce == "n1"
        assert client.service.PlaceOrder(**ORDER).nonce == "n1"  # over the same connection


async def test_endless_answer_async(make_profile: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """The asynchronous client gives up, too."""
    loop = asyncio.get_running_loop()

    class Stream(httpx.AsyncByteStream):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            late = loop.time() + 301
            monkeypatch.setattr(loop, "time", lambda: late)
            while True:
                yield b" "
                await asyncio.sleep(0)

    profile: Profile = make_profile()
    transport = profile.async_transport()
    transport.client = httpx.AsyncClient(
        transport=httpx.MockTransport(lambda request: httpx.Response(200, stream=Stream()))
    )
    async with profile.async_client(WSDL, address=ADDRESS, transport=transport) as client:
        with pytest.raises(TransportSecurityError, match="TimeoutError") as caught:
            await client.service.PlaceOrder(**ORDER)
    assert caught.value.request_sent == "unknown"


def test_time_follows_the_timeout() -> None:
    """What is not stated is ten times what one wait may take; both are times above 0 that end."""
    assert Service().longest_answer_seconds == 300
    assert Service(timeout_seconds=5).longest_answer_seconds == 50
    assert Service(answer_seconds=20).longest_answer_seconds == 20
    for wrong in (0, -1, float("inf"), float("nan"), "1", True):
        with pytest.raises(ProfileError):
            Service(answer_seconds=wrong)  # type: ignore[arg-type]
