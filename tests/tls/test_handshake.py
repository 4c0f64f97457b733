"""What is read of handshake messages: both versions, bounded, and harmless when it is broken."""

from __future__ import annotations

import ssl
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tls.kit import World

from zeep_wssec.keys.der_writing import SEQUENCE, write_tlv
from zeep_wssec.transport.handshake import MAX_AUTHORITIES, MAX_CERTIFICATES, Handshake
from zeep_wssec.transport.tls_failures import refused
from zeep_wssec.transport.watched import WatchedContext

TLS12, TLS13 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3
CERTIFICATE, REQUEST = 11, 13
SHOWN = "CN=Root,O=Example"


def vector(content: bytes, width: int) -> bytes:
    return len(content).to_bytes(width, "big") + content


def told(version: int, kind: int, body: bytes, direction: str = "read") -> Handshake:
    """Give the facts after one message."""
    facts = Handshake("host")
    facts.note(direction, version, 22, kind, bytes([kind]) + vector(body, 3))
    return facts


def test_chain(world: World) -> None:
    """Certificates are read from the message of either version, the leaf first."""
    items = [world.server.certificate, world.middle.certificate]
    older = vector(b"".join(vector(item.der, 3) for item in items), 3)
    newer = b"\0" + vector(b"".join(vector(item.der, 3) + b"\0\0" for item in items), 3)
    assert told(TLS12, CERTIFICATE, older).chain == tuple(items)
    assert told(TLS13, CERTIFICATE, newer).chain == tuple(items)
    assert told(TLS13, CERTIFICATE, newer, "write").shown == tuple(items)


def test_accepted_authorities(world: World) -> None:
    """Names of accepted authorities are read from either version, and compared as names are."""
    name = world.root.certificate.x509.subject.public_bytes()
    names = vector(vector(name, 2), 2)
    older = vector(b"\1", 1) + vector(b"\4\1", 2) + names
    newer = b"\0" + vector(b"\0\x0d" + vector(b"\0\2\4\1", 2) + b"\0\x2f" + vector(names, 2), 2)
    for version, body in ((TLS12, older), (TLS13, newer)):
        facts = told(version, REQUEST, body)
        assert facts.asked
        assert facts.accepted == ((world.root.certificate.canonical_subject, SHOWN),)


def test_no_authorities() -> None:
    """A request that names nobody is a request."""
    facts = told(TLS13, REQUEST, b"\0" + vector(b"\0\x0d" + vector(b"\0\2\4\1", 2), 2))
    assert (facts.asked, facts.accepted) == (True, ())


def test_bounds() -> None:
    """A message with a million certificates or names is read in part."""
    body = vector(b"".join(vector(b"x", 3) for _ in range(1000)), 3)
    assert len(told(TLS12, CERTIFICATE, body).presented) == MAX_CERTIFICATES
    names = vector(b"".join(vector(write_tlv(SEQUENCE, b""), 2) for _ in range(5000)), 2)
    found = told(TLS12, REQUEST, vector(b"", 1) + vector(b"", 2) + names)
    assert len(found.authorities) == MAX_AUTHORITIES


@pytest.mark.parametrize("version", [TLS12, TLS13])
@pytest.mark.parametrize("kind", [CERTIFICATE, REQUEST])
@given(body=st.binary(max_size=200))
def test_broken_message(version: int, kind: int, body: bytes) -> None:
    """What cannot be read raises nothing but what the callback catches, and is no certificate."""
    try:
        facts = told(version, kind, body)
    except (ValueError, IndexError):
        return
    assert (facts.chain, facts.accepted) in ((), ()) or isinstance(facts.chain, tuple)


def test_broken_message_breaks_no_connection(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection goes on when nothing can be made of its messages."""

    def fail(*_: Any) -> None:
        raise ValueError("broken")

    monkeypatch.setattr(Handshake, "note", fail)
    with world.served(world.context()) as address, world.profile().session() as session:
        assert session.get(address).status_code == 500


def test_python_without_the_callback(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where Python hands out no messages everything is accepted and refused as ever."""
    monkeypatch.setattr("zeep_wssec.transport.watched.watch", lambda context: None)
    assert getattr(WatchedContext.create(), "_msg_callback", None) is None
    with world.served(world.context()) as address, world.profile().session() as session:
        assert session.get(address).status_code == 500


def test_names_of_authorities_are_bounded_and_in_one_line() -> None:
    """A server writes them, and they stand in errors and logs."""
    facts = Handshake("host")
    text = write_tlv(12, b"a\nERROR forged\x1b[2J" + b"x" * 1000)
    attribute = write_tlv(SEQUENCE, bytes.fromhex("0603550403") + text)
    facts.authorities = (write_tlv(SEQUENCE, write_tlv(0x31, attribute)),)
    ((_, shown),) = facts.accepted
    assert shown.isprintable()
    assert len(shown) <= 201


@pytest.mark.parametrize(("finished", "sent"), [(False, "no"), (True, "unknown")])
def test_alert_behind_the_handshake(*, finished: bool, sent: str) -> None:
    """A request may have been carried out before the server gave up: only in a handshake it was not."""
    facts = Handshake("host")
    facts.finished, facts.alert = finished, 80
    error = refused(facts, [], "https://host/", "")
    assert error is not None
    assert error.request_sent == sent
