"""Answers with MIME parts: what the message includes is covered, what stands beside it is refused."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from zeep_wssec import (
    Inbound,
    Limits,
    OverTLS,
    Profile,
    RequirementError,
    Signature,
    SignatureInvalidError,
    Timestamp,
    TransportSecurityError,
)
from zeep_wssec.testing.orders import answer_order
from zeep_wssec.testing.partner import Answer, Partner, serve

Call = Callable[..., Any]
Make = Callable[..., Any]
MESSAGE, PART = "<message@example>", "<part@example>"
INCLUDE = (
    b'<xop:Include xmlns:xop="http://www.w3.org/2004/08/xop/include" href="cid:part@example"/>'
)
NONCE = base64.b64encode(b"a nonce of ours").decode()


def multipart(*parts: tuple[str, bytes], start: str = "", boundary: str = "b0") -> Answer:
    """An answer with these MIME parts, each under its Content-ID."""
    pieces = [
        f"--{boundary}\r\nContent-Type: text/xml\r\nContent-ID: {name}\r\n\r\n".encode() + content
        for name, content in parts
    ]
    media = f'multipart/related; type="text/xml"{start}; boundary="{boundary}"'
    content = b"\r\n".join([*pieces, f"--{boundary}--\r\n".encode()])
    return Answer(status=200, headers={"Content-Type": media}, content=content)


@pytest.fixture
def signing(make_partner: Make) -> Partner:
    """A partner that signs and does not encrypt."""
    parts = ("body", "timestamp", "header:wsa:RelatesTo?")
    partner: Partner = make_partner(
        answer_order, outbound=[Timestamp(), Signature(parts=parts)], inbound=Inbound()
    )
    return partner


@pytest.fixture
def caller(make_profile: Make) -> Profile:
    """A caller that signs and does not encrypt."""
    profile: Profile = make_profile(outbound=[Timestamp(), Signature()])
    return profile


def called(
    call: Call, profile: Profile, partner: Partner, repack: Callable[[bytes], Answer]
) -> Any:
    """Place an order whose answer is packed anew."""

    def answer(content: bytes, headers: Mapping[str, str]) -> Answer:
        made = partner.answer(content, http_headers=headers)
        assert made.status == 200, made.content
        return repack(made.content)

    with serve(answer) as address:
        return call(profile, address, nonce=NONCE)


def included(value: bytes) -> Callable[[bytes], Answer]:
    """Take the nonce out of the message, and send ``value`` in a part of its own."""

    def repack(message: bytes) -> Answer:
        text = f">{NONCE}<".encode()
        assert text in message
        return multipart((MESSAGE, message.replace(text, b">" + INCLUDE + b"<")), (PART, value))

    return repack


def test_part_that_the_message_includes(caller: Profile, signing: Partner, call: Call) -> None:
    """What stands in another part is put into the message before its signature is verified."""
    assert called(call, caller, signing, included(b"a nonce of ours")).nonce == NONCE
    with pytest.raises(SignatureInvalidError):
        called(call, caller, signing, included(b"a nonce of others"))


def test_part_beside_the_message(
    caller: Profile, make_profile: Make, signing: Partner, call: Call
) -> None:
    """An attachment that no signature covers is not handed on where the answer must be signed."""
    with pytest.raises(RequirementError) as caught:
        called(call, caller, signing, lambda made: multipart((MESSAGE, made), (PART, b"x")))
    assert caught.value.missing == ("attachments must be signed, but are not",)
    assert caught.value.request_sent == "yes"
    assert called(call, caller, signing, lambda made: multipart((MESSAGE, made))).nonce == NONCE


def test_part_beside_the_message_over_tls(make_profile: Make, signing: Partner, call: Call) -> None:
    """Where no signature is demanded of the answer, none is of its attachments."""
    profile = make_profile(outbound=[Timestamp(), Signature()], inbound=OverTLS())
    given = called(call, profile, signing, lambda made: multipart((MESSAGE, made), (PART, b"x")))
    assert given.root.nonce == NONCE


@pytest.mark.parametrize(
    ("start", "is_read"), [("", True), (MESSAGE, True), (PART, False), ("<away@example>", False)]
)
def test_part_that_is_the_message(
    caller: Profile, signing: Partner, call: Call, start: str, is_read: bool
) -> None:
    """Spec: RFC 2387: start says which part is the message; another than the first is not read for it."""
    named = f'; start="{start}"' if start else ""

    def repack(made: bytes) -> Answer:
        return multipart((MESSAGE, made), start=named)

    if is_read:
        assert called(call, caller, signing, repack).nonce == NONCE
    else:
        with pytest.raises(TransportSecurityError, match="first MIME part"):
            called(call, caller, signing, repack)


BROKEN = {
    "no boundary": ("multipart/related", b"--b0\r\n\r\n<x/>\r\n--b0--\r\n"),
    "no part": ("multipart/related; boundary=b0", b"--b0--\r\n"),
    "no header": ("multipart/related; boundary=b0", b"--b0\r\n<x/>\r\n--b0--\r\n"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_broken_parts(caller: Profile, signing: Partner, call: Call, case: str) -> None:
    """What says it has parts and has none is refused as an answer, not crashed on."""
    media, content = BROKEN[case]
    with pytest.raises(TransportSecurityError) as caught:
        called(
            call, caller, signing,
            lambda _: Answer(status=200, headers={"Content-Type": media}, content=content),
        )  # fmt: skip
    assert caught.value.request_sent == "yes"


@pytest.mark.parametrize(("charset", "is_read"), [("utf-8", True), ("utf-7", False)])
def test_boundary_in_another_charset(
    caller: Profile, signing: Partner, call: Call, charset: str, is_read: bool
) -> None:
    """The parts that are checked are those that are read: a charset does not draw other lines between them."""
    other = "x+y".encode(charset)

    def repack(made: bytes) -> Answer:
        shown = b"--\r\n\r\n--x+y\r\n\r\n<shown/>\r\n--x+y--\r\n" if not is_read else b""
        parts = [b"Content-Type: text/xml\r\n\r\n" + made]
        parts += [b"Content-ID: <e>\r\n\r\nnot signed"] if not is_read else []
        content = shown + b"".join(b"\r\n--" + other + b"\r\n" + part for part in parts)
        media = f'multipart/related; boundary="x+y"; charset={charset}'
        return Answer(
            status=200, headers={"Content-Type": media}, content=content + b"\r\n--" + other + b"--"
        )

    if is_read:
        assert called(call, caller, signing, repack).nonce == NONCE
    else:
        with pytest.raises(RequirementError):
            called(call, caller, signing, repack)


def test_part_that_is_included_again_and_again(
    make_profile: Make, signing: Partner, call: Call
) -> None:
    """DO-04: a part counts as often as the message includes it, before it is put there."""
    profile = make_profile(
        outbound=[Timestamp(), Signature()], limits=Limits(max_message_bytes=100_000)
    )
    value = bytes(30_000)

    def repack(times: int) -> Callable[[bytes], Answer]:
        more = b"<x>" + INCLUDE + b"</x>"
        return lambda made: multipart(
            (MESSAGE, re.sub(rb"(?=</[\w-]+:Body>)", more * times, made)),
            (PART, value),
        )

    with pytest.raises(TransportSecurityError, match="includes 3 times"):
        called(call, profile, signing, repack(3))
    with pytest.raises(SignatureInvalidError):  # it is read, and was changed
        called(call, profile, signing, repack(1))


def test_parts_without_end(caller: Profile, signing: Partner, call: Call) -> None:
    """DO-04: MIME parts are counted before they are taken apart."""
    parts = [(f"<{number}@example>", b"x") for number in range(1001)]
    with pytest.raises(TransportSecurityError, match="more than 1000 MIME parts"):
        called(call, caller, signing, lambda made: multipart((MESSAGE, made), *parts))
    with pytest.raises(RequirementError):
        called(call, caller, signing, lambda made: multipart((MESSAGE, made), *parts[:900]))
