"""What TLS refuses, each with its own error and reason, the same for every HTTP library."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from tls.kit import Call, World

from zeep_wssec import (
    HandshakeRefusedError,
    Profile,
    TransportSecurityError,
    UntrustedServerError,
)
from zeep_wssec.testing.authority import Authority
from zeep_wssec.testing.tls import ServerContext
from zeep_wssec.transport.tls_words import ALERTS


def server_with(world: World, **how: Any) -> ServerContext:
    """A server with another certificate, which asks for none."""
    issued = world.middle.issue("CN=server", **{"san": ["127.0.0.1"], **how})
    return ServerContext.create(issued)


def shifted(world: World, start: int, end: int) -> dict[str, Any]:
    """A validity in days from now."""
    now = world.middle.now
    return {"not_before": now + timedelta(days=start), "not_after": now + timedelta(days=end)}


def self_signed(world: World) -> ServerContext:
    """A server that vouches for itself."""
    return ServerContext.create(Authority.create("CN=server").issued)


UNTRUSTED: dict[str, tuple[Callable[[World], ServerContext], str]] = {
    "no_path": (lambda world: world.context(with_chain=False), "CN=Middle"),
    "self_signed": (self_signed, "signed itself"),
    "name_mismatch": (lambda world: server_with(world, san=["other.example"]), "other.example"),
    "expired": (
        lambda world: server_with(world, **shifted(world, -9, -1)),
        "has expired; CN=server",
    ),
    "not_yet_valid": (lambda world: server_with(world, **shifted(world, 1, 9)), "not valid yet"),
    "wrong_usage": (
        lambda world: server_with(world, extended_key_usage=["client_auth"]),
        "not meant for TLS servers",
    ),
}


@pytest.mark.parametrize("reason", UNTRUSTED)
def test_untrusted_server(world: World, call: Call, reason: str) -> None:
    """The reason is named, and nothing was sent; a sound server is called by the same profile."""
    make, said = UNTRUSTED[reason]
    with world.served(make(world)) as address, pytest.raises(UntrustedServerError) as caught:
        call(world.profile(), address)
    assert (caught.value.reason, caught.value.request_sent) == (reason, "no")
    assert said in str(caught.value)
    with world.served(world.context()) as address:
        assert call(world.profile(), address) in ("n1", 500)


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_wsdl_of_an_untrusted_server(world: World, kind: str) -> None:
    """A WSDL is loaded by the same rules, and TLS is what the error speaks of; a trusted server answers."""

    async def load(profile: Profile, address: str) -> None:
        async with profile.async_client(f"{address}?wsdl"):
            pass

    def load_by(profile: Profile, address: str) -> None:
        if kind == "async":
            asyncio.run(load(profile, address))
        else:
            profile.client(f"{address}?wsdl")

    with world.served(world.context()) as address:
        with pytest.raises(UntrustedServerError):
            load_by(world.profile(trust=(Authority.create("CN=other").pem,)), address)
        with pytest.raises(TransportSecurityError, match="answers 500"):
            load_by(world.profile(), address)


def test_missing_link_of_the_server(world: World, call: Call) -> None:
    """The certificate that the server does not send is named; given as trusted, it lets the server in."""
    profile = world.profile(trust=(world.root.pem, world.middle.pem))
    with world.served(world.context(with_chain=False)) as address:
        with pytest.raises(UntrustedServerError) as caught:
            call(world.profile(), address)
        assert call(profile, address) in ("n1", 500)
    assert caught.value.missing == "CN=Middle,O=Example"


def test_root_that_is_not_trusted(world: World, call: Call) -> None:
    """A whole chain under another root: the root is what is missing."""
    other = Authority.create("CN=Other root")
    with world.served(world.context()) as address, pytest.raises(UntrustedServerError) as caught:
        call(world.profile(trust=(other.pem,)), address)
    assert (caught.value.reason, caught.value.missing) == ("no_path", "CN=Root,O=Example")


def test_trust_in_one_certificate(world: World, call: Call) -> None:
    """A server's own certificate can be what is trusted, and no other server's then."""
    profile = world.profile(trust=(world.server.certificate_pem,))
    with world.served(world.context()) as address:
        assert call(profile, address) in ("n1", 500)
    with (
        world.served(server_with(world)) as address,
        pytest.raises(UntrustedServerError),
    ):
        call(profile, address)


def test_certificate_that_is_missing(world: World, call: Call, version: Any) -> None:
    """A server that wants a client certificate, and a profile that has none."""
    with (
        world.served(world.context(version=version)) as address,
        pytest.raises(HandshakeRefusedError, match=r"tls\.client_key") as caught,
    ):
        call(world.profile(client_key=None), address)
    assert caught.value.reason == "client_certificate_missing"


def test_certificate_of_another_authority(world: World, call: Call, version: Any) -> None:
    """The server's alert is explained, with what was shown."""
    stranger = Authority.create("CN=Stranger").issue("CN=client").keystore("client")
    with (
        world.served(world.context(version=version)) as address,
        pytest.raises(HandshakeRefusedError, match="Shown was CN=client") as caught,
    ):
        call(world.profile(stranger), address)
    assert caught.value.reason == "client_certificate_refused"
    assert caught.value.alert in ("unknown_ca", None)


def test_accepted_authorities_are_listed(world: World, version: Any) -> None:
    """Where the server says whom it accepts, the error says so; an issuer among them is no missing link."""
    context = world.context(version=version)
    with world.served(context) as address, world.profile(world.alone).session() as session:
        with pytest.raises(HandshakeRefusedError) as caught:
            session.get(address)
        assert caught.value.missing == "CN=Middle,O=Example"
    assert caught.value.accepted == []


def test_version(world: World, call: Call) -> None:
    """A server that speaks an older version than the profile allows."""
    with world.served(world.context(version="1.2")) as address:
        with pytest.raises(HandshakeRefusedError) as caught:
            call(world.profile(minimum_version="1.3"), address)
        assert call(world.profile(minimum_version="1.2"), address) in ("n1", 500)
    assert (caught.value.reason, caught.value.alert) == ("no_common_version", "protocol_version")


def test_ciphers(world: World, call: Call) -> None:
    """A server with whose ciphers nobody agrees."""
    context = world.context(version="1.2")
    context.set_ciphers("ECDHE-ECDSA-AES128-GCM-SHA256")
    with world.served(context) as address, pytest.raises(HandshakeRefusedError) as caught:
        call(world.profile(), address)
    assert (caught.value.reason, caught.value.alert) == ("no_common_cipher", "handshake_failure")


@contextmanager
def saying(octets: bytes) -> Iterator[str]:
    """A server that says the same to everybody, whatever it is told, and hangs up."""
    listener = socket.create_server(("127.0.0.1", 0))

    def answer() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(4096)
            connection.sendall(octets)

    thread = threading.Thread(target=answer)
    thread.start()
    with listener:
        yield f"https://127.0.0.1:{listener.getsockname()[1]}/"
        thread.join()


@pytest.mark.parametrize(
    ("octets", "reason"), [(b"HTTP/1.1 400 Bad Request\r\n\r\n", "no_tls"), (b"", "closed")]
)
def test_no_tls_at_all(world: World, call: Call, octets: bytes, reason: str) -> None:
    """A port that speaks something else, or hangs up, is told from a server that refuses us."""
    with saying(octets) as address, pytest.raises(HandshakeRefusedError) as caught:
        call(world.profile(), address)
    assert (caught.value.reason, caught.value.request_sent) == (reason, "no")


@pytest.mark.parametrize("alert", [*ALERTS, 99])
def test_every_alert_is_explained(world: World, call: Call, alert: int) -> None:
    """Whatever a server says when it ends the handshake, its word for it stands in the error."""
    octets = bytes([21, 3, 3, 0, 2, 2, alert])
    with saying(octets) as address, pytest.raises(HandshakeRefusedError) as caught:
        call(world.profile(), address)
    assert caught.value.alert == (ALERTS[alert].name if alert in ALERTS else f"alert {alert}")
    assert str(caught.value.alert) in str(caught.value)


def test_names_of_alerts() -> None:
    """Alerts have the names that Python's ssl, after the standard, gives them."""
    known = {item.value: item.name.lower() for item in ssl.AlertDescription}
    told = {number: f"alert_description_{item.name}" for number, item in ALERTS.items()}
    differing = {told[number] for number in told.keys() & known if told[number] != known[number]}
    assert differing == {"alert_description_user_canceled"}  # RFC 8446 spells it so


def test_refusals_are_transport_errors() -> None:
    """A handler for the class of before catches them."""
    assert issubclass(UntrustedServerError, TransportSecurityError)
    assert issubclass(HandshakeRefusedError, TransportSecurityError)


def test_error_holds_no_request(world: World) -> None:
    """Neither the error nor what stands behind it holds the request, which may have a password in it."""
    with (
        world.served(world.context(with_chain=False)) as address,
        world.profile().session() as session,
        pytest.raises(UntrustedServerError) as caught,
    ):
        session.get(address, headers={"Authorization": "Bearer planted"})
    assert caught.value.__suppress_context__
    assert "planted" not in repr(caught.value.__dict__)
