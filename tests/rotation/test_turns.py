"""Which of several entries under one alias signs or is encrypted to."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from rotation.generations import (
    AFTER,
    BEFORE,
    DAY,
    LATER,
    NOW,
    OLD_ENDS,
    Generations,
    generations,
    recipient_at,
    signer_at,
)

from zeep_wssec import DuplicateAliasError, KeyLoadError, KeyNotFoundError, Keystore, KeyUsageError
from zeep_wssec.keys.rotation import state_of, turns


@pytest.fixture(scope="module")
def client() -> Generations:
    return generations("client")


@pytest.fixture(scope="module")
def service() -> Generations:
    return generations("service")


def test_new_key_signs_from_its_date(client: Generations) -> None:
    """To the second, whichever of the two was given first."""
    store = client.store("client", when=DAY)
    turned = client.new.keystore("client").signing_from(DAY).merge(client.old.keystore("client"))
    for each in (store, turned):
        assert signer_at(each, BEFORE) == client.old.certificate
        assert signer_at(each, AFTER) == client.new.certificate


def test_without_a_date_the_first_key_signs_while_it_is_valid(client: Generations) -> None:
    """The partner may not accept the new one yet; once the old one has expired, it is the only hope."""
    store = client.store("client")
    assert signer_at(store, NOW) == client.old.certificate
    assert signer_at(store, OLD_ENDS) == client.old.certificate
    assert signer_at(store, LATER) == client.new.certificate


def test_partner_is_encrypted_to_from_its_date(service: Generations) -> None:
    """The same for certificates of a partner."""
    dated = service.known_as("service", Keystore(), when=DAY)
    assert recipient_at(dated, BEFORE) == service.old.certificate
    assert recipient_at(dated, AFTER) == service.new.certificate
    undated = service.known_as("service", Keystore())
    assert recipient_at(undated, AFTER) == service.old.certificate
    assert recipient_at(undated, LATER) == service.new.certificate


def test_date_of_a_certificate_that_is_not_valid_yet(client: Generations) -> None:
    """A date before the certificate begins does not switch to it."""
    store = client.store("client", when=datetime(2027, 4, 1, tzinfo=NOW.tzinfo))
    assert signer_at(store, datetime(2027, 4, 15, tzinfo=NOW.tzinfo)) == client.old.certificate
    assert signer_at(store, NOW) == client.new.certificate


def test_only_key_before_its_date(client: Generations) -> None:
    """Nobody signs before the date of the only key; from then on it does."""
    store = client.new.keystore("client").signing_from(DAY)
    with pytest.raises(KeyUsageError, match="2027-06-15T06:00:00") as caught:
        signer_at(store, BEFORE)
    assert caught.value.reason == "not_yet_valid"
    assert signer_at(store, AFTER) == client.new.certificate


def test_gap(client: Generations) -> None:
    """Between the end of the old key and the date of the new one the expired one is what is wrong."""
    store = client.store("client", when=LATER)
    assert signer_at(store, LATER - timedelta(days=1)) == client.old.certificate
    held = store.snapshot().keys_of("client")
    found = [(turn.start, turn.entry) for turn in turns(held, NOW)]
    ends = client.new.certificate.not_after
    second = timedelta(seconds=1)
    assert found == [
        (NOW, held[0]),
        (OLD_ENDS + second, None),
        (LATER, held[1]),
        (ends + second, None),
    ]


def test_every_key_and_certificate_is_found(client: Generations, service: Generations) -> None:
    """All decrypt and verify, whoever signs."""
    held = service.known_as("service", client.store("client", when=DAY), when=DAY).snapshot()
    for issued in (client.old, client.new):
        entry = held.find_key(issued.certificate)
        assert entry is not None
        assert entry.certificate == issued.certificate
        assert issued.certificate.public_key_octets in held.own_keys
    assert all(held.speaks_for("service", item.certificate) for item in (service.old, service.new))
    assert not held.speaks_for("service", service.other.certificate)


def test_successor_must_be_meant(client: Generations, service: Generations) -> None:
    """Another subject under a name that is taken is a slip, unless there is a date."""
    store = client.old.keystore("client")
    with pytest.raises(DuplicateAliasError, match="sign_from"):
        store.merge(client.other.keystore("client"))
    assert len(store.merge(client.other.keystore("client").signing_from(DAY)).entries()) == 2
    partner = Keystore().with_partner("service", service.old.certificate)
    with pytest.raises(DuplicateAliasError, match="encrypt_from"):
        partner.with_partner("service", service.other.certificate)
    partner.with_partner("service", service.other.certificate, encrypt_from=DAY)


def test_same_certificate_counts_once(client: Generations) -> None:
    """A key that came into the old key's file as well signs from the earlier of its two dates on."""
    new = client.new.keystore("client")
    for one, other in ((new, new.signing_from(DAY)), (new.signing_from(DAY), new)):
        (entry,) = one.merge(other).snapshot().key_entries
        assert entry.sign_from is None
    (entry,) = new.signing_from(LATER).merge(new.signing_from(DAY)).snapshot().key_entries
    assert entry.sign_from == DAY


def test_rename_takes_all(client: Generations) -> None:
    """An alias is renamed with every entry that it has, and onto no other one."""
    store = client.store("client", when=DAY).merge(client.other.keystore("other"))
    assert len(store.renamed("client", "me").snapshot().keys_of("me")) == 2
    with pytest.raises(DuplicateAliasError, match="'other'"):
        store.renamed("client", "other")


@pytest.mark.parametrize("when", [DAY.replace(tzinfo=None), "2027-06-15", DAY.date()])
def test_date_without_an_offset(client: Generations, when: Any) -> None:
    """It would be another moment on another machine; with an offset it is one."""
    with pytest.raises(KeyLoadError, match="offset from UTC"):
        client.new.keystore("client").signing_from(when)
    with pytest.raises(KeyLoadError, match="offset from UTC"):
        Keystore().with_partner("p", client.new.certificate, encrypt_from=when)
    client.new.keystore("client").signing_from(DAY)


def test_date_for_a_key_that_is_not_there(client: Generations) -> None:
    """The keys that there are, are named."""
    with pytest.raises(KeyNotFoundError, match="'client'"):
        client.new.keystore("client").signing_from(DAY, alias="clinet")
    with pytest.raises(KeyNotFoundError):
        Keystore().signing_from(DAY)


def test_states(client: Generations) -> None:
    """Critical within the days asked for; the last moment of a certificate is valid."""
    old, days = client.old.certificate, timedelta(days=13)
    assert state_of(old, OLD_ENDS - days - timedelta(seconds=1), within=days) == "valid"
    assert state_of(old, OLD_ENDS - days, within=days) == "critical"
    assert state_of(old, OLD_ENDS, within=days) == "critical"
    assert state_of(old, OLD_ENDS + timedelta(seconds=1), within=days) == "expired"
    assert state_of(old, datetime(2026, 1, 1, tzinfo=NOW.tzinfo)) == "not_yet_valid"
