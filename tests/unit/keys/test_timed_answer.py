"""Answers that trickle in: the time is that of the whole, headers and marks of chunks included."""

from __future__ import annotations

import http.client
import io
from collections.abc import Iterator
from itertools import count
from types import SimpleNamespace
from typing import Any

import pytest

from zeep_wssec.errors import TransportSecurityError
from zeep_wssec.keys import timed_answer
from zeep_wssec.keys.chain_fetch import download
from zeep_wssec.keys.timed_answer import timed_response
from zeep_wssec.testing.partner import Answer, serve

ANSWERS = {
    "headers": b"HTTP/1.1 200 OK\r\nX: " + b"a" * 60 + b"\r\n\r\nbody",
    "body": b"HTTP/1.1 200 OK\r\n\r\n" + b"a" * 60,
    "chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4;"
    + b"a" * 60
    + b"\r\nbody\r\n0\r\n\r\n",
}


class Trickling(io.RawIOBase):
    """Gives one octet at a time."""

    def __init__(self, octets: bytes) -> None:
        self._octets = io.BytesIO(octets)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        piece = self._octets.read(1)
        buffer[: len(piece)] = piece
        return len(piece)


class Connection:
    """What is used of a socket."""

    def __init__(self, octets: bytes) -> None:
        self._octets = octets

    def makefile(self, mode: str) -> io.BufferedReader:
        return io.BufferedReader(Trickling(self._octets))

    def gettimeout(self) -> float:
        return 10.0

    def settimeout(self, seconds: float | None) -> None:
        assert seconds is not None
        assert 0 < seconds <= 10


def clock(monkeypatch: pytest.MonkeyPatch, times: Iterator[float]) -> None:
    """Have time pass with every look at the clock."""
    shown = SimpleNamespace(monotonic=lambda: next(times))
    monkeypatch.setattr(timed_answer, "time", shown)


@pytest.mark.parametrize("case", ANSWERS)
def test_whole_answer_is_timed(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each octet takes a second: in 1000 seconds all of them come, in 50 they do not."""

    def read(seconds: float) -> bytes:
        clock(monkeypatch, map(float, count()))
        with timed_response(seconds)(Connection(ANSWERS[case])) as answer:  # type: ignore[arg-type]
            answer.begin()
            return answer.read()

    assert read(1000.0)
    with pytest.raises(TimeoutError):
        read(50.0)


def test_download_is_timed(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is fetched for trust comes in time, or not at all."""
    with serve(lambda *_: Answer(status=200, headers={}, content=b"a list")) as address:
        assert download(address, data=b"?", limit=100) == b"a list"
        clock(monkeypatch, iter([0.0, *[1e9] * 100]))
        with pytest.raises(TransportSecurityError, match="too long"):
            download(address, data=b"?", limit=100)


def test_timed_connection() -> None:
    """A connection is given back as it was, but for how long its answers may take."""
    made = http.client.HTTPConnection("localhost")
    assert timed_answer.timed(made, 5.0) is made
    assert issubclass(made.response_class, http.client.HTTPResponse)
    assert made.response_class is not http.client.HTTPResponse
