"""Entries named by their certificate, wherever an alias may stand."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from zeep_wssec.errors import KeyLoadError, KeyNotFoundError
from zeep_wssec.keys.certificate import Certificate
from zeep_wssec.keys.entry_reference import read_reference
from zeep_wssec.keys.keystore import Keystore
from zeep_wssec.testing.authority import Authority, Issued
from zeep_wssec.testing.certificates import generate_key


@pytest.fixture(scope="module")
def other(authority: Authority) -> Issued:
    return authority.issue("CN=other,O=Bank", key=generate_key("rsa-2048", reuse=False))


@pytest.fixture(scope="module")
def store(client: Issued, other: Issued, authority: Authority) -> Keystore:
    them = authority.issue("them", key=generate_key("ec-p256"))
    return (
        client.keystore("us").merge(other.keystore("other")).with_partner("them", them.certificate)
    )


def colons(octets: bytes) -> str:
    return octets.hex(":").upper()


FORMS: dict[str, Callable[[Certificate], str]] = {
    "sha256": lambda item: f"sha256:{item.thumbprint_sha256}",
    "sha1": lambda item: f"sha1:{item.thumbprint.hex()}",
    "sha1 as keytool shows it": lambda item: f"sha1:{colons(item.thumbprint)}",
    "ski": lambda item: f"ski:{colons(item.subject_key_identifier)}",
    "subject": lambda item: f"subject:{item.subject}",
    "subject from the other end": lambda item: (
        "subject:" + ", ".join(reversed(item.subject.split(",")))
    ),
    "issuer and serial": lambda item: f"issuer={item.issuer};serial={item.serial_number}",
    "serial in hex": lambda item: f"issuer={item.issuer}; serial=0x{item.serial_number:X}",
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS.keys())
def test_forms(store: Keystore, other: Issued, form: Callable[[Certificate], str]) -> None:
    """Each finds the one entry that it fits, as a key pair and as a certificate."""
    snapshot, text = store.snapshot(), form(other.certificate)
    assert snapshot.require_key(text).alias == "other"
    assert snapshot.require_certificate(text) == other.certificate
    assert snapshot.alias_of(text) == "other"


def test_partners(store: Keystore) -> None:
    """They are found in the same way; a key pair of ours is none of them."""
    snapshot = store.snapshot()
    text = f"ski:{snapshot.require_partner('them').certificate.subject_key_identifier.hex()}"
    assert snapshot.require_partner(text).alias == "them"
    with pytest.raises(KeyNotFoundError, match="fits no key pair"):
        snapshot.require_key(text)


def test_nothing_fits(store: Keystore, other: Issued) -> None:
    """The error lists what there is, with its thumbprint."""
    with pytest.raises(KeyNotFoundError, match="fits no key pair") as caught:
        store.snapshot().require_key("sha256:00ff")
    assert other.certificate.thumbprint.hex() in str(caught.value)
    assert caught.value.existing == ["us", "other"]


def test_several_fit(authority: Authority) -> None:
    """Two aliases that a subject fits are an error; which is meant is not guessed."""
    one = authority.issue("same", key=generate_key("rsa-2048"))
    two = authority.issue("same", key=generate_key("ec-p256"))
    store = one.keystore("a").merge(two.keystore("b"))
    with pytest.raises(KeyNotFoundError, match=r"fits 2 aliases.*'a': CN=same.*'b': CN=same"):
        store.snapshot().require_key("subject:CN=same")
    assert store.snapshot().alias_of("subject:CN=same") == "subject:CN=same"


def test_entries_of_one_alias(authority: Authority) -> None:
    """A subject means the alias, so that dates decide; a thumbprint means that very certificate."""
    old, new = (authority.issue("us", key=generate_key("rsa-2048", reuse=False)) for _ in range(2))
    late = new.keystore("us").signing_from(authority.now.replace(year=authority.now.year + 1))
    snapshot = old.keystore("us").merge(late).snapshot()
    now = authority.now
    assert snapshot.require_key("subject:CN=us", now=now).certificate == old.certificate
    text = f"sha256:{new.certificate.thumbprint_sha256}"
    assert snapshot.require_certificate(text) == new.certificate


@pytest.mark.parametrize("form", ["sha256", "ski", "subject"])
def test_alias_of_anothers_certificate(client: Issued, other: Issued, form: str) -> None:
    """No entry is taken for another one by its name; the thumbprint of its own certificate may be one."""
    with pytest.raises(KeyLoadError, match="reads as a reference to a certificate"):
        Keystore().with_partner(FORMS[form](other.certificate), client.certificate)
    own = FORMS["sha256"](client.certificate)
    assert client.keystore(own).snapshot().require_key(own).certificate == client.certificate


def test_secret_with_the_name_of_a_certificate(client: Issued) -> None:
    """A shared key is nobody's certificate."""
    with pytest.raises(KeyLoadError, match="reads as a reference"):
        Keystore().with_secret(FORMS["sha256"](client.certificate), bytes(16))
    assert Keystore().with_secret("sha256", bytes(16)).entries()


OTHER = [
    "client",
    "sha256:",
    "sha256:zz",
    "md5:00",
    "issuer=CN=a",
    "serial=1",
    "",
    "sha1:" + "0" * 5000,
]


@pytest.mark.parametrize("text", OTHER)
def test_what_is_no_reference(text: str) -> None:
    """It is taken for an alias."""
    assert read_reference(text) is None
