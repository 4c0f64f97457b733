"""What lint finds about the dates of keys."""

from __future__ import annotations

from datetime import datetime, timedelta

from rotation.generations import DAY, LATER, NOW, OLD_ENDS, generations

from zeep_wssec import Keystore, Profile
from zeep_wssec.profile_lint import weaknesses

CLIENT, SERVICE = generations("client"), generations("service")


def found(keystore: Keystore, now: datetime = NOW) -> list[str]:
    """Give the findings about entries."""
    plan = Profile(keystore=keystore).plan
    return [str(item) for item in weaknesses(plan, now) if item.path == "keystore"]


def test_good_rotation() -> None:
    """Two generations with a date while both are valid: nothing to find, before and after the day."""
    store = SERVICE.known_as("service", CLIENT.store("client", when=DAY), when=DAY)
    for now in (NOW, DAY, OLD_ENDS - timedelta(days=1)):
        assert found(store, now) == []


def test_no_date() -> None:
    """The second key will not be used, and the partner's neither."""
    (text,) = found(CLIENT.store("client"))
    assert text.startswith("warning: keystore: 2 entries 'client' have no sign_from")
    (text,) = found(SERVICE.known_as("service", Keystore()))
    assert "2 entries 'service' have no encrypt_from" in text


def test_gap() -> None:
    """Between the end of the old certificate and the date of the new one nobody signs."""
    store = CLIENT.store("client", when=LATER)
    (text,) = [item for item in found(store) if "no entry" in item]
    assert text.startswith(
        "warning: keystore: From 2027-07-31T00:00:01+00:00 to 2027-09-01T00:00:00"
    )
    (text,) = [item for item in found(store, OLD_ENDS + timedelta(days=1)) if "no entry" in item]
    assert text.startswith("error: ")


def test_only_key_has_a_date_to_come() -> None:
    """Nobody signs until then."""
    (text,) = found(CLIENT.new.keystore("client").signing_from(DAY))
    assert text.startswith("error: keystore: From 2027-06-01T12:00:00+00:00 to 2027-06-15T06:00:00")
    assert found(CLIENT.new.keystore("client").signing_from(DAY), DAY) == []


def test_one_date_for_two_keys() -> None:
    """Which of them signs depends on the order of the file."""
    store = CLIENT.old.keystore("client").signing_from(DAY)
    store = store.merge(CLIENT.new.keystore("client").signing_from(DAY))
    texts = found(store, DAY)
    assert any(
        "2 entries 'client' have sign_from = 2027-06-15T06:00:00+00:00" in text for text in texts
    )


def test_date_outside_of_the_certificate() -> None:
    """Before it begins the date comes to nothing, after its end the key never signs."""
    early = CLIENT.store("client", when=datetime(2027, 4, 1, tzinfo=NOW.tzinfo))
    assert [item[:7] for item in found(early) if "begins at 2027-05-01" in item] == ["warning"]
    late = CLIENT.store("client", when=datetime(2030, 1, 1, tzinfo=NOW.tzinfo))
    assert [item[:5] for item in found(late) if "ends at 2028-05-31" in item] == ["error"]


def test_expired_key_that_was_followed() -> None:
    """It may still decrypt what is on its way; alone, it is an error."""
    (text,) = found(CLIENT.store("client", when=DAY), LATER)
    assert text.startswith("note: ")
    assert "can go" in text
    (text,) = found(CLIENT.old.keystore("client"), LATER)
    assert text.startswith("error: ")
