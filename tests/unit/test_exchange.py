"""Request and reply: what of a request its answer is held against."""

from __future__ import annotations

import pytest
from lxml import etree
from roundtrip.pair import (
    ENCRYPTED,
    MESSAGE_ID,
    SIGNED,
    answer,
    client,
    envelope,
    secured,
    tree_of,
)

from zeep_wssec import (
    Encryption,
    Exchange,
    ProfileError,
    SecurityHeader,
    Signature,
    Timestamp,
)
from zeep_wssec.exchange import operation_names
from zeep_wssec.requirements import demands_for
from zeep_wssec.settings import Step
from zeep_wssec.soap.envelope import Envelope
from zeep_wssec.soap.namespaces import WSA, WSA_2004

HEADERS = f'<a:MessageID xmlns:a="{WSA}"> {MESSAGE_ID} </a:MessageID><a:Action xmlns:a="{WSA}">urn:act</a:Action>'


@pytest.mark.parametrize(
    "steps",
    [(), (Timestamp(),), SIGNED, (*SIGNED, ENCRYPTED), (*SIGNED, Signature(parts=("body",)))],
    ids=len,
)
@pytest.mark.parametrize("as_tree", [True, False])
def test_from_message(steps: tuple[Step, ...], as_tree: bool) -> None:
    """What a sent message tells is what ``secure`` had told."""
    made = secured(steps, envelope(headers=HEADERS))
    read = Exchange.from_message(tree_of(made.to_bytes()) if as_tree else made.to_bytes())
    assert read.signature_values == tuple(
        sorted(made.exchange.signature_values, key=read.signature_values.index)
    )
    assert (read.message_id, read.has_timestamp, read.has_encrypted_body) == (
        MESSAGE_ID, made.exchange.has_timestamp, made.exchange.has_encrypted_body,
    )  # fmt: skip


def test_actor() -> None:
    """Whose header is read is stated."""
    made = secured(SIGNED, header=SecurityHeader(actor="urn:a")).to_bytes()
    assert Exchange.from_message(made).signature_values == ()
    assert len(Exchange.from_message(made, actor="urn:a").signature_values) == 1


@pytest.mark.parametrize("message", [b"", b"<x/>", b"no xml"])
def test_no_message(message: bytes) -> None:
    """What is no envelope tells nothing."""
    with pytest.raises(ProfileError):
        Exchange.from_message(message)


def test_encrypted_signature_of_a_sent_message() -> None:
    """A signature that was encrypted cannot be read again: the answer does not get by with less for it."""
    steps = (*SIGNED, Encryption(recipients=("service",), parts=("body", "signature")))
    profile = client(outbound=steps, inbound=None)
    made = profile.secure(envelope())
    sealed = answer((*SIGNED, ENCRYPTED))
    assert profile.check(sealed, request=made.exchange).report.proved
    with pytest.raises(ProfileError):
        profile.check(sealed, request=Exchange.from_message(made.to_bytes()))


@pytest.mark.parametrize(
    ("steps", "signed", "encrypted", "fresh"),
    [
        (SIGNED, ("body", "timestamp"), (), 300),
        ((Signature(),), ("body",), (), None),
        ((*SIGNED, ENCRYPTED), ("body", "timestamp"), ("body",), 300),
        ((ENCRYPTED,), (), ("body",), None),
        ((Timestamp(), ENCRYPTED), (), ("body",), None),
    ],
    ids=str,
)
def test_derived_demands(
    steps: tuple[Step, ...], signed: tuple[str, ...], encrypted: tuple[str, ...], fresh: int | None
) -> None:
    """What the request was protected with its answer must prove."""
    demands = demands_for(client(inbound=None).plan, secured(steps).exchange)
    assert demands is not None
    assert (demands.signed, demands.encrypted, demands.fresh_seconds) == (signed, encrypted, fresh)  # type: ignore[union-attr]


@pytest.mark.parametrize("steps", [(), (Timestamp(),)], ids=len)
def test_nothing_to_derive(steps: tuple[Step, ...]) -> None:
    """A request without signature and encryption demands nothing; the report says so."""
    profile = client(inbound=None)
    exchange = secured(steps).exchange
    assert demands_for(profile.plan, exchange) is None
    report = profile.check(envelope(), request=exchange).report
    assert report.proved == ()
    assert "nothing was demanded" in report.warnings[0]


@pytest.mark.parametrize(
    ("content", "headers", "http", "names"),
    [
        ("", "", {}, []),
        (
            '<o:OrderRequest xmlns:o="urn:o"/>',
            "",
            {},
            ["{urn:o}OrderRequest", "OrderRequest", "Order"],
        ),
        ("<Order/>", "", {}, ["Order"]),
        ("<Order/>", HEADERS, {}, ["urn:act", "Order"]),
        ("<Order/>", HEADERS.replace(WSA, WSA_2004), {}, ["urn:act", "Order"]),
        ("<Order/>", HEADERS, {"SOAPAction": '"urn:soap"'}, ["urn:soap", "urn:act", "Order"]),
        ("<Order/>", "", {"soapaction": '""'}, ["Order"]),
        (
            "<Order/>",
            "",
            {"Content-Type": 'application/soap+xml; action="urn:c"; charset=utf-8'},
            ["urn:c", "Order"],
        ),
    ],
)
def test_operation_names(
    content: str, headers: str, http: dict[str, str], names: list[str]
) -> None:
    """Names under which an overlay may be stated, most exact first."""
    root = etree.fromstring(envelope(content, headers=headers))
    assert list(operation_names(Envelope.read(root, error=ProfileError), http)) == names


def test_holds_no_content() -> None:
    """An exchange may be kept and shown: no key, no content."""
    exchange = secured((*SIGNED, ENCRYPTED)).exchange
    assert "42" not in repr(exchange).replace(str(exchange.signature_values), "")
