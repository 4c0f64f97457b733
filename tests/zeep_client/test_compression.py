"""Compressed answers: what they grow to is bounded while they are read, and they say what they are."""

from __future__ import annotations

import gzip
import tracemalloc
import zlib
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from zeep_wssec import Limits, TransportSecurityError
from zeep_wssec.testing.loopback import serve
from zeep_wssec.testing.partner import Answer, Partner
from zeep_wssec.transport.compression import BoundedContent

Call = Callable[..., Any]
Make = Callable[..., Any]
LIMIT = 100_000


def raw_deflate(octets: bytes) -> bytes:
    """Compress as some servers do: without the frame of zlib."""
    made = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return made.compress(octets) + made.flush()


CODINGS: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "gzip": ("gzip", gzip.compress),
    "x-gzip": ("x-gzip", gzip.compress),
    "upper case": ("GZIP", gzip.compress),
    "padded": ("gzip", lambda octets: gzip.compress(octets) + b"\0\0\r\n"),
    "charset": ("UTF-8", bytes),
    "two members": ("gzip", lambda octets: gzip.compress(octets[:999]) + gzip.compress(octets[999:])),
    "deflate": ("deflate", zlib.compress),
    "raw deflate": ("deflate", raw_deflate),
    "identity": ("identity", bytes),
}  # fmt: skip


@pytest.mark.parametrize("coding", CODINGS)
def test_compressed_answer(make_profile: Make, partner: Partner, call: Call, coding: str) -> None:
    """An honest answer is read however it is compressed."""
    name, compress = CODINGS[coding]

    def answer(content: bytes, headers: Mapping[str, str]) -> Answer:
        assert {item.lower(): text for item, text in headers.items()}["accept-encoding"] == (
            "gzip, deflate"
        )
        made = partner.answer(content, http_headers=headers)
        packed = {**made.headers, "Content-Encoding": name}
        return Answer(status=made.status, headers=packed, content=compress(made.content))

    with serve(answer) as address:
        assert call(make_profile(limits=Limits(max_message_bytes=LIMIT)), address).nonce == "n1"


PACKED = [item for item in CODINGS if item not in ("identity", "charset")]


@pytest.mark.parametrize("coding", PACKED)
def test_bomb(make_profile: Make, call: Call, coding: str) -> None:
    """A small answer that grows is given up at the limit; what it would have grown to is never made."""
    name, compress = CODINGS[coding]
    bomb = compress(b" " * 50_000_000)
    assert len(bomb) < LIMIT

    def answer(content: bytes, headers: Mapping[str, str]) -> Answer:
        return Answer(status=200, headers={"Content-Encoding": name}, content=bomb)

    profile = make_profile(limits=Limits(max_message_bytes=LIMIT))
    with serve(answer) as address:
        tracemalloc.start()
        try:
            with pytest.raises(TransportSecurityError, match="larger than") as caught:
                call(profile, address)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert caught.value.request_sent == "yes"
    assert peak < 20_000_000


@pytest.mark.parametrize("name", ["gzip, gzip", "deflate, gzip", "br", "zstd", "compress", "x"])
def test_other_codings(make_profile: Make, call: Call, name: str) -> None:
    """Encodings that were not asked for are refused, several in a row as well: bombs are made so."""

    def answer(content: bytes, headers: Mapping[str, str]) -> Answer:
        packed = gzip.compress(gzip.compress(b" " * 1000))
        return Answer(status=200, headers={"Content-Encoding": name}, content=packed)

    with (
        serve(answer) as address,
        pytest.raises(TransportSecurityError, match="Content-Encoding") as caught,
    ):
        call(make_profile(), address)
    assert "gzip, deflate" in caught.value.hint


def read_in_pieces(octets: bytes, size: int, limit: int) -> bytes:
    """What comes of an answer that arrives in pieces."""
    content = BoundedContent(limit, "gzip")
    for at in range(0, len(octets), size):
        content.add(octets[at : at + size])
    return content.octets()


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_exact_limit(size: int) -> None:
    """The limit itself is allowed, one octet more is not, in pieces of any size."""
    octets = bytes(range(256)) * 4
    packed = gzip.compress(octets)
    assert read_in_pieces(packed, size, 1024) == octets
    with pytest.raises(TransportSecurityError, match="larger than 1023"):
        read_in_pieces(packed, size, 1023)


@pytest.mark.parametrize(
    ("media", "is_read"),
    [
        ("text/xml", True),
        ("text/xml; charset=utf-8", True),
        ("TEXT/XML", True),
        ("application/soap+xml; charset=utf-8", True),
        ("application/xml", True),
        ("text/html", False),
        ("text/plain", False),
        ("application/json", False),
        ("application/octet-stream", False),
    ],
)
def test_content_type(
    make_profile: Make, partner: Partner, call: Call, media: str, is_read: bool
) -> None:
    """A SOAP message that says it is something else is refused: a filter in between has not looked at it."""

    def answer(content: bytes, headers: Mapping[str, str]) -> Answer:
        made = partner.answer(content, http_headers=headers)
        given = {
            item: text for item, text in made.headers.items() if item.lower() != "content-type"
        }
        return Answer(
            status=made.status, headers={**given, "Content-Type": media}, content=made.content
        )

    with serve(answer) as address:
        if is_read:
            assert call(make_profile(), address).nonce == "n1"
        else:
            with pytest.raises(TransportSecurityError, match="no SOAP message"):
                call(make_profile(), address)
