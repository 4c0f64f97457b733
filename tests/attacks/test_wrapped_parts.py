"""Signature wrapping in every place: Body, Timestamp and addressing headers, with each choice of Id."""

from __future__ import annotations

from functools import cache

import pytest
from attacks.forge import edited, header_of
from attacks.wrapping import (
    ID_KINDS,
    INSIDE_ITSELF,
    PARTS,
    PLACES,
    WRAPPERS,
    expected_errors,
    good,
    hide,
    part_of,
    wrapped,
)
from lxml import etree
from roundtrip.pair import accepted, answer, client, envelope, refused

from zeep_wssec import (
    Inbound,
    InboundError,
    Profile,
    RequirementError,
    Signature,
    Timestamp,
)
from zeep_wssec.soap.namespaces import SOAP11, SOAP12, WSA

VERSIONS = {"SOAP 1.1": SOAP11, "SOAP 1.2": SOAP12}


@cache
def judges() -> tuple[Profile, ...]:
    """Clients that demand every part, the usual ones, and as little as makes sense."""
    every = ("body", "timestamp", "header:wsa:To")
    least = Inbound(signed=("body",), fresh_seconds=None)
    return client(inbound=Inbound(signed=every)), client(), client(inbound=least)


@pytest.mark.parametrize("version", VERSIONS)
def test_nothing_moved(version: str) -> None:
    """The twin: all parts in their places, header blocks of others beside them."""
    for judge in judges():
        accepted(good(VERSIONS[version]), judge)


@pytest.mark.parametrize("id_kind", ID_KINDS)
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("part", PARTS)
def test_signed_part_moved_aside(part: str, place: str, id_kind: str) -> None:
    """What is read must be what was signed, wherever that went and whatever Id the forged one has."""
    errors = expected_errors(part, place, id_kind)
    for soap in VERSIONS.values():
        for wrapper in WRAPPERS.values():
            message = wrapped(good(soap), part, place, id_kind=id_kind, wrapper=wrapper)
            for judge in judges():
                with pytest.raises(InboundError) as caught:
                    judge.check(message)
                assert caught.type in errors


@pytest.mark.parametrize(
    ("part", "place"),
    [(part, place) for part in PARTS for place in PLACES if (part, place) not in INSIDE_ITSELF],
)
def test_signed_part_only_moved(part: str, place: str) -> None:
    """The same with nothing in its stead: what was signed counts in its own place only."""

    def move(root: etree._Element) -> None:
        hide(root, place, "{urn:wrap}Wrapper", part_of(root, part))

    for soap in VERSIONS.values():
        message = edited(good(soap), move)
        for judge in judges():
            with pytest.raises(InboundError):
                judge.check(message)


HARMLESS = ("Header, first", "Header, last", "unknown header block", "header of another actor")


@pytest.mark.parametrize("wrapper", WRAPPERS)
@pytest.mark.parametrize("place", PLACES)
def test_something_else_in_that_place(place: str, wrapper: str) -> None:
    """The twin: in header blocks of others anything may stand; elsewhere nothing may be added at all."""

    def add(root: etree._Element) -> None:
        hide(root, place, WRAPPERS[wrapper], etree.Element("{urn:note}Harmless"))

    for soap in VERSIONS.values():
        message = edited(good(soap), add)
        if place in HARMLESS:
            accepted(message, judges()[0])
        else:
            with pytest.raises(InboundError) as caught:
                judges()[0].check(message)
            assert caught.type in expected_errors("To", place, "no Id")


@pytest.mark.parametrize("local", ["To", "Action", "MessageID", "From", "ReplyTo", "FaultTo"])
def test_addressing_header_doubled(local: str) -> None:
    """Spec: WS-Addressing 1.0 SOAP Binding section 3.2: one block of a kind, so that all read the same one."""
    block = f'<wsa:{local} xmlns:wsa="{WSA}">urn:x</wsa:{local}>'
    once, other = (
        envelope(headers=block),
        envelope(headers=block + block.replace(">", ' soap:actor="urn:other">', 1)),
    )
    steps = (Timestamp(), Signature(parts=("timestamp", "body", f"header:wsa:{local}")))
    accepted(answer(steps, once))
    accepted(answer(steps, other))
    doubled = edited(
        answer(steps, once), lambda root: header_of(root).append(etree.fromstring(block))
    )
    error = refused(doubled, RequirementError)
    assert error.missing == (f"{local} must be there once, but is there 2 times",)
