"""The client certificate: with its whole chain, by alias, fit, and renewed without a restart."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from softhsm import PIN, SoftToken
from tls.kit import Call, World, with_requests

from zeep_wssec import (
    HandshakeRefusedError,
    KeyNotFoundError,
    Keystore,
    KeyUsageError,
    ProfileError,
    Secret,
)


def test_whole_chain_is_sent(world: World, call: Call, version: Any) -> None:
    """A server that has the root only lets us in: the intermediate goes along."""
    context = world.context(version=version)
    with world.served(context) as address:
        assert call(world.profile(), address) in ("n1", 500)
    assert context.clients == [world.client.certificate]


def test_intermediate_from_elsewhere_in_the_keystore(world: World, call: Call) -> None:
    """A file with the certificate alone is completed from what the keystore has besides."""
    keystore = world.alone.with_trust(intermediates=world.middle.pem)
    context = world.context()
    with world.served(context) as address:
        assert call(world.profile(keystore), address) in ("n1", 500)
    assert context.clients == [world.client.certificate]


def test_missing_intermediate_is_named(world: World, call: Call, version: Any) -> None:
    """Without it the server refuses, and the error says which certificate is missing and where it goes."""
    context = world.context(version=version)
    with (
        world.served(context) as address,
        pytest.raises(HandshakeRefusedError, match="CN=Middle") as caught,
    ):
        call(world.profile(world.alone), address)
    assert caught.value.reason == "client_certificate_refused"
    assert caught.value.missing == "CN=Middle,O=Example"
    assert "intermediates" in caught.value.hint
    assert context.clients == []


def test_root_is_not_sent(world: World) -> None:
    """Who trusts the root has it; it is left out even where the keystore has it."""
    entry = world.client.keystore("client").snapshot().keys["client"]
    with_root = replace(entry, chain=(*entry.chain, world.root.certificate))
    context = world.profile(Keystore([with_root])).session()
    with world.served(world.context()) as address, context as session:
        session.get(address)
        adapter: Any = session.get_adapter(address)
        sent = adapter._context.latest.shown
    assert sent == (world.client.certificate, world.middle.certificate)


def two_keys(world: World) -> Keystore:
    """A keystore with the key pairs ``one`` and ``two``."""
    one, two = (world.middle.issue(f"CN={name}").keystore(name) for name in ("one", "two"))
    return one.merge(two)


def test_key_by_alias(world: World, call: Call) -> None:
    """Of several key pairs the one that is named is shown."""
    context = world.context()
    with world.served(context) as address:
        call(world.profile(two_keys(world), client_key="two"), address)
    assert [item.subject for item in context.clients if item] == ["CN=two"]


def test_only_key(world: World, call: Call) -> None:
    """The only key pair need not be named; of several none is taken by chance, and the error lists them."""
    context = world.context()
    with world.served(context) as address:
        call(world.profile(client_key=True), address)
    assert context.clients == [world.client.certificate]
    with pytest.raises(KeyNotFoundError, match=r"'one': .*'two': ") as caught:
        world.profile(two_keys(world), client_key=True).session()
    assert caught.value.existing == ["one", "two"]


def test_alias_that_is_not_there(world: World) -> None:
    """The error says which aliases there are."""
    with pytest.raises(KeyNotFoundError, match=r"^tls\.client_key: .*Did you mean 'client'"):
        world.profile(client_key="cleint").session()


@pytest.mark.parametrize(
    ("days", "reason"), [((-9, -1), "expired"), ((1, 9), "not_yet_valid"), ((-1, 9), None)]
)
def test_validity(world: World, days: tuple[int, int], reason: str | None) -> None:
    """A certificate that cannot be accepted is refused here, before anybody is called."""
    start, end = (world.middle.now + timedelta(days=day) for day in days)
    issued = world.middle.issue("CN=client", not_before=start, not_after=end)
    profile = world.profile(issued.keystore("client"))
    if reason is None:
        profile.session().close()
        return
    with pytest.raises(KeyUsageError) as caught:
        profile.session()
    assert caught.value.reason == reason


@pytest.mark.parametrize("usage", ["server_auth", "client_auth"])
def test_usage_is_warned_of(world: World, usage: str, caplog: pytest.LogCaptureFixture) -> None:
    """A certificate that is not for clients may work, but most servers refuse it: the log says so."""
    issued = world.middle.issue("CN=client", extended_key_usage=[usage])
    world.profile(issued.keystore("client")).session().close()
    assert ("not meant for TLS clients" in caplog.text) == (usage == "server_auth")


def test_key_of_a_token(world: World) -> None:
    """A key that does not leave its token cannot be used by Python's ssl; the error says what that lacks."""
    token = SoftToken()
    token.write_key(world.client, label="client", number=1)
    token.write_certificate(world.client.certificate.der, label="client", number=1)
    keystore = Keystore.from_pkcs11(token.module, token=token.label, password=Secret.of(PIN))
    with pytest.raises(KeyUsageError, match="no way to let somebody else sign") as caught:
        world.profile(keystore).session()
    assert caught.value.reason == "not_exportable"
    assert "proxy" in caught.value.hint


@pytest.mark.parametrize("key", ["rsa-2048", "ec-p256", "ec-p384", "ed25519"])
def test_kinds_of_keys(world: World, key: str) -> None:
    """RSA, ECDSA and Ed25519 keys shake hands."""
    issued = world.middle.issue("CN=client", key=key)
    context = world.context()
    with world.served(context) as address:
        with_requests(world.profile(issued.keystore("client")), address)
    assert context.clients == [issued.certificate]


def test_key_that_tls_has_no_use_for(world: World) -> None:
    """A key of another kind is refused by our own error."""
    issued = world.middle.issue("CN=client", key="x25519")
    with pytest.raises(KeyUsageError, match="x25519"):
        world.profile(issued.keystore("client")).session()


def test_trust_of_the_keystore(world: World, call: Call) -> None:
    """The server's CA can be an entry of the keystore; without it the server is not trusted."""
    keystore = world.client.keystore("client").with_partner("ca", world.root.pem)
    with world.served(world.context()) as address:
        profile = world.profile(keystore, trust=(), trust_aliases=["ca"])
        assert call(profile, address) in ("n1", 500)
    with pytest.raises(KeyNotFoundError) as caught:
        world.profile(keystore, trust_aliases=["other"]).session()
    assert caught.value.path == "tls.trust_aliases[0]"


def test_lists(world: World) -> None:
    """A list is asked for where several can be given."""
    for name in ("trust", "trust_aliases", "pins"):
        with pytest.raises(ProfileError) as caught:
            world.profile(**{name: "ca"})
        assert caught.value.path == name


def test_no_key(world: World, call: Call) -> None:
    """Without a client key none is shown, and a server that does not ask is content."""
    context = world.context(clients=None)
    for key in (None, False):
        with world.served(context) as address:
            call(world.profile(client_key=key), address)
    assert set(context.clients) == {None}
