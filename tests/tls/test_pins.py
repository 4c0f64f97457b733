"""Pins: a server that is trusted must also be one of those that are named."""

from __future__ import annotations

from typing import Any

import pytest
from tls.kit import Call, World

from zeep_wssec import TLS, ProfileError, UntrustedServerError
from zeep_wssec.testing.authority import Authority
from zeep_wssec.testing.tls import ServerContext
from zeep_wssec.transport.watched import fingerprints


@pytest.mark.parametrize("index", [0, 1])
def test_pin(world: World, call: Call, index: int) -> None:
    """The certificate's pin, or the key's, lets the pinned server in and no other one, however trusted."""
    profile = world.profile(pins=["0" * 64, fingerprints(world.server.certificate)[index]])
    with world.served(world.context()) as address:
        assert call(profile, address) in ("n1", 500)
    other = ServerContext.create(world.middle.issue("CN=other", san=["127.0.0.1"]))
    with world.served(other) as address, pytest.raises(UntrustedServerError) as caught:
        call(profile, address)
    assert (caught.value.reason, caught.value.request_sent) == ("pin_mismatch", "no")


def test_renewal_under_the_same_key(world: World, call: Call) -> None:
    """A key's pin outlives the certificate; the certificate's own does not."""
    renewed = world.middle.issue("CN=server", key=world.server.private_key, san=["127.0.0.1"])
    certificate, key = fingerprints(world.server.certificate)
    with world.served(ServerContext.create(renewed)) as address:
        assert call(world.profile(pins=[key]), address) in ("n1", 500)
        with pytest.raises(UntrustedServerError):
            call(world.profile(pins=[certificate]), address)


def test_pin_is_no_trust(world: World, call: Call) -> None:
    """A server that is pinned but not trusted is refused."""
    profile = world.profile(
        trust=(Authority.create("CN=Other").pem,), pins=fingerprints(world.server.certificate)
    )
    with world.served(world.context()) as address, pytest.raises(UntrustedServerError) as caught:
        call(profile, address)
    assert caught.value.reason == "no_path"


def test_error_shows_the_pins(world: World, call: Call) -> None:
    """What the server has is told, to compare with what it should have."""
    with world.served(world.context()) as address, pytest.raises(UntrustedServerError) as caught:
        call(world.profile(pins=["0" * 64]), address)
    for pin in fingerprints(world.server.certificate):
        assert pin in str(caught.value)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("AB" * 32, "ab" * 32),
        (":".join(["AB"] * 32), "ab" * 32),
        (f"sha256/{'A' * 43}=", f"sha256//{'A' * 43}="),
        (f" sha256//{'A' * 43}= ", f"sha256//{'A' * 43}="),
    ],
)
def test_spelling(written: str, read: str) -> None:
    """Pins are taken as other tools print them."""
    assert TLS(pins=[written]).pins == (read,)


@pytest.mark.parametrize(
    "written",
    ["", "ab", "AB" * 20, "sha1/AAAA", f"sha256//{'A' * 42}==", f"sha256//{'A' * 42}B=", 7],
)
def test_no_pin(written: Any) -> None:
    """Anything else is refused when the profile is made: a pin that nobody can have locks everybody out."""
    with pytest.raises(ProfileError) as caught:
        TLS(pins=["0" * 64, written])
    assert caught.value.path == "pins[1]"
