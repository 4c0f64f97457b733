"""What is said in time about keys: as warnings of Python, in the log, once an entry and day."""

from __future__ import annotations

import logging
import warnings
from datetime import datetime, timedelta

import pytest
from rotation.generations import DAY, LATER, NOW, OLD_ENDS, authority, generations
from rotation.test_messages import MESSAGE

from zeep_wssec import KeyExpiryWarning, KeyRotationWarning, Keystore, Profile, Signature, Timestamp
from zeep_wssec.keys import notices
from zeep_wssec.keys.notices import tell

CLIENT, SERVICE = generations("client"), generations("service")
NEAR = OLD_ENDS - timedelta(days=20)


@pytest.fixture(autouse=True)
def _nothing_said_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notices, "_said", notices._Said())


def said(store: Keystore, now: datetime) -> list[tuple[type[Warning], str]]:
    """Give what is said at a moment."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        tell(store.snapshot(), now)
    return [(item.category, str(item.message)) for item in caught]


def test_key_that_ends(caplog: pytest.LogCaptureFixture) -> None:
    """A month before: not earlier, and in the log as well."""
    store = CLIENT.old.keystore("client")
    assert said(store, OLD_ENDS - timedelta(days=30, seconds=1)) == []
    with caplog.at_level(logging.WARNING, "zeep_wssec"):
        ((category, text),) = said(store, OLD_ENDS - timedelta(days=30))
    assert category is KeyExpiryWarning
    assert "key pair 'client' expires on 2027-07-31" in text
    assert caplog.messages == [text]


def test_once_an_entry_and_day() -> None:
    """Not with every message, nor again because the file was read again; on the next day again."""
    store = CLIENT.old.keystore("client")
    assert len(said(store, NEAR)) == 1
    assert said(store, NEAR + timedelta(hours=1)) == []
    assert said(CLIENT.old.keystore("client"), NEAR) == []
    assert len(said(store.with_partner("p", SERVICE.old.certificate), NEAR)) == 1
    assert len(said(store, NEAR + timedelta(days=1))) == 1


def test_key_that_is_followed() -> None:
    """Nothing has to be done where the next one takes over in time; with a date too late it has."""
    assert said(CLIENT.store("client", when=DAY), DAY - timedelta(days=1)) == []
    assert said(CLIENT.store("client", when=OLD_ENDS), NEAR) == []
    assert [kind for kind, _ in said(CLIENT.store("client", when=LATER), NEAR)] == [
        KeyExpiryWarning
    ]


def test_key_that_is_followed_by_one_that_ends() -> None:
    """A successor with few days left changes nothing."""
    end = OLD_ENDS + timedelta(days=5)
    short = authority().issue("CN=client", not_after=end).keystore("client").signing_from(DAY)
    assert len(said(CLIENT.old.keystore("client").merge(short), NEAR)) == 1


def test_key_without_a_date() -> None:
    """The present key goes on signing, and that is said: a new key that is never used helps nobody."""
    ((category, text),) = said(CLIENT.store("client"), NOW)
    assert category is KeyRotationWarning
    assert "set sign_from" in text
    ((_, text),) = said(SERVICE.known_as("service", Keystore()), NOW)
    assert "set encrypt_from" in text
    assert said(CLIENT.store("client", when=DAY), NOW) == []


def test_expired_key() -> None:
    """What has ended is said, too; not if another has taken its place."""
    ((_, text),) = said(CLIENT.old.keystore("client"), LATER)
    assert "expired on 2027-07-31" in text
    assert said(CLIENT.store("client"), LATER) == []


def test_message_says_it_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """At the present time; a stored message that is checked at its own time says nothing about today."""
    clock = [NEAR]
    profile = Profile(
        keystore=CLIENT.old.keystore("client"),
        outbound=[Timestamp(), Signature()],
        clock=lambda: clock[0],
    )
    with pytest.warns(KeyExpiryWarning):
        profile.secure(MESSAGE)
    profile.secure(MESSAGE)
    monkeypatch.setattr(notices, "_said", notices._Said())
    profile.secure(MESSAGE, now=NEAR + timedelta(days=2))


def test_chain_of_ours() -> None:
    """An intermediate above our key ends: partners refuse our messages then."""
    root = authority()
    ca = root.issue("CN=Issuing", ca=True, key_usage=("key_cert_sign",), not_after=OLD_ENDS)
    leaf = root.sub_authority(ca).issue("CN=leaf")
    ((category, text),) = said(leaf.keystore("leaf"), NEAR)
    assert category is KeyExpiryWarning
    assert "A certificate above that of the key pair 'leaf'" in text
