"""Symmetric keys and users in a keystore."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path

import pytest

from zeep_wssec.errors import (
    DuplicateAliasError,
    KeyLoadError,
    KeyMaterialError,
    KeyNotFoundError,
)
from zeep_wssec.keys.entries import SecretEntry
from zeep_wssec.keys.keystore import Keystore
from zeep_wssec.keys.secrets import Secret
from zeep_wssec.testing.authority import Issued

KEY = b"0123456789abcdef"


@pytest.mark.parametrize(
    ("octets", "taken"), [(15, False), (16, True), (1024, True), (1025, False)]
)
@pytest.mark.parametrize("late", [False, True])
def test_size_of_a_secret(octets: int, taken: bool, late: bool) -> None:
    """128 bits at least; a kilobyte at most."""
    value = b"k" * octets

    def use() -> bytes:
        store = Keystore().with_secret("k1", Secret.of(value) if late else value)
        return store.snapshot().require_secret("k1").octets

    if taken:
        assert use() == value
        return
    with pytest.raises(KeyMaterialError, match=f"'k1' has {octets} octets; 16 to 1024") as caught:
        use()
    assert "kkkk" not in repr(caught.value.to_dict())


@pytest.mark.parametrize("value", ["0123456789abcdef", bytearray(KEY), None])
def test_a_secret_is_bytes(value: object) -> None:
    """Text might be the key, its hex or its base64; nothing is guessed."""
    with pytest.raises(KeyLoadError, match="bytes or Secret expected") as caught:
        Keystore().with_secret("k1", value)  # type: ignore[arg-type]
    assert "0123" not in str(caught.value)
    Keystore().with_secret("k1", KEY)


def test_a_secret_is_read_when_it_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable that is set late is soon enough; one that is not set is named."""
    monkeypatch.delenv("SHARED_KEY", raising=False)
    entry = Keystore().with_secret("k1", Secret.env("SHARED_KEY")).snapshot().require_secret("k1")
    with pytest.raises(KeyLoadError, match="SHARED_KEY"):
        _ = entry.octets
    monkeypatch.setenv("SHARED_KEY", KEY.decode())
    assert entry.octets == KEY


def test_a_secret_does_not_change_under_a_message(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was read once is what the snapshot holds; a keystore made anew reads again."""
    monkeypatch.setenv("SHARED_KEY", KEY.decode())
    held = Keystore().with_secret("k1", Secret.env("SHARED_KEY")).snapshot()
    assert held.require_secret("k1").octets == KEY
    monkeypatch.setenv("SHARED_KEY", "another key of 25 octets.")
    assert held.require_secret("k1").octets == KEY
    anew = Keystore().with_secret("k1", Secret.env("SHARED_KEY")).snapshot()
    assert anew.require_secret("k1").octets == b"another key of 25 octets."


def test_secret_by_name_in_messages() -> None:
    """The name in messages is the alias, or the one given instead; to the letter."""
    store = Keystore().with_secret("k1", KEY).with_secret("k2", KEY, key_name="their name")
    held = store.snapshot()
    assert held.find_secret(key_name="k1") is held.require_secret("k1")
    assert held.find_secret(key_name="their name") is held.require_secret("k2")
    for name in ("k2", "K1", "their", ""):
        assert held.find_secret(key_name=name) is None


def test_one_name_in_messages_twice() -> None:
    """A message that names a key means one key."""
    store = Keystore().with_secret("k1", KEY, key_name="shared")
    for alias, name in (("k2", "shared"), ("shared", None)):
        with pytest.raises(DuplicateAliasError, match="both called 'shared'"):
            store.with_secret(alias, KEY, key_name=name)
    with pytest.raises(KeyLoadError, match="empty key name"):
        store.with_secret("k2", KEY, key_name="")
    store.with_secret("k2", KEY, key_name="other").with_secret("shared", KEY, key_name="third")


def test_missing_secret() -> None:
    """The error lists the secrets there are, and the one that was probably meant."""
    held = Keystore().with_secret("invoice", KEY).with_secret("k2", KEY).snapshot()
    with pytest.raises(KeyNotFoundError, match="no secret 'invoce'") as caught:
        held.require_secret("invoce")
    assert caught.value.hint == "Did you mean 'invoice'? Secrets: 'invoice', 'k2'."
    assert caught.value.existing == ["invoice", "k2"]


def test_another_kind_of_entry_is_named(client: Issued) -> None:
    """An alias that is there but something else is told as such."""
    store = client.keystore("me").with_partner("bank", client.certificate).with_secret("k1", KEY)
    held = store.snapshot()
    for alias, require, words in (
        ("me", held.require_secret, "'me' is a key pair of ours; a secret is needed"),
        ("bank", held.require_secret, "'bank' is a partner's certificate; a secret is needed"),
        ("k1", held.require_key, "'k1' is a symmetric secret; a key pair is needed"),
        ("k1", held.require_partner, "'k1' is a symmetric secret; a partner is needed"),
        ("k1", held.require_certificate, "'k1' is a symmetric secret; a certificate is needed"),
    ):
        with pytest.raises(KeyNotFoundError, match=words):
            require(alias)  # type: ignore[operator]


def test_aliases_are_shared_with_keys_and_partners(client: Issued) -> None:
    """One alias is one entry of whatever kind."""
    store = client.keystore("me").with_partner("bank", client.certificate).with_secret("k1", KEY)
    for refused, alias in (
        (lambda: store.with_secret("me", KEY), "me"),
        (lambda: store.with_secret("bank", KEY), "bank"),
        (lambda: store.with_partner("k1", client.certificate), "k1"),
        (lambda: store.merge(client.keystore("k1")), "k1"),
        (lambda: store.renamed("me", "k1"), "k1"),
        (lambda: store.with_secret("k1", KEY), "k1"),
    ):
        with pytest.raises(DuplicateAliasError, match=f"'{alias}' is taken by"):
            refused()
    with pytest.raises(KeyLoadError, match="alias"):
        store.with_secret("", KEY)
    store.with_secret("k2", KEY)


def test_every_change_keeps_secrets_and_users(client: Issued) -> None:
    """Whatever is added, renamed or merged, nothing is dropped."""
    store = Keystore().with_secret("k1", KEY, key_name="shared").with_user("alice", "pw")
    changed = (
        store.with_partner("bank", client.certificate)
        .with_trust(pins=[client.certificate.thumbprint_sha256])
        .renamed("bank", "tax")
        .with_secret("k2", KEY)
        .with_user("bob", "pw")
    )
    for merged in (changed.merge(client.keystore()), client.keystore().merge(changed)):
        held = merged.snapshot()
        assert (list(held.secrets), list(held.users)) == (["k1", "k2"], ["alice", "bob"])
        assert list(held.partners) == ["tax"]
    assert list(store.snapshot().secrets) == ["k1"]


def test_rename_keeps_the_name_in_messages() -> None:
    """Our alias is ours; what the partner calls the key stays."""
    held = Keystore().with_secret("k1", KEY).renamed("k1", "k2").snapshot()
    assert held.find_secret(key_name="k1") is held.require_secret("k2")


def test_users() -> None:
    """A user's password is text, or a secret that is read at each use."""
    store = Keystore().with_user("alice", "geheim").with_user("bob", Secret.of("secret"))
    users = store.snapshot().users
    assert {name: secret.reveal() for name, secret in users.items()} == {
        "alice": b"geheim",
        "bob": b"secret",
    }
    assert "Alice" not in users


def test_one_user_twice() -> None:
    """A second password for one user is a mistake."""
    store = Keystore().with_user("alice", "geheim")
    for refused in (
        lambda: store.with_user("alice", "other"),
        lambda: store.merge(Keystore().with_user("alice", "geheim")),
    ):
        with pytest.raises(DuplicateAliasError, match="'alice'") as caught:
            refused()
        assert "geheim" not in str(caught.value)
    store.merge(Keystore().with_user("Alice", "other"))


@pytest.mark.parametrize(("name", "password"), [("", "x"), ("alice", ""), ("alice", None)])
def test_users_need_name_and_password(name: str, password: str) -> None:
    """An empty password would let everyone in."""
    with pytest.raises(KeyLoadError):
        Keystore().with_user(name, password)
    Keystore().with_user("alice", "x")


def test_users_and_aliases_are_different_names(client: Issued) -> None:
    """A user may be called as a key is."""
    held = client.keystore("alice").with_user("alice", "pw").snapshot()
    assert held.require_key("alice").certificate == client.certificate


def test_nothing_shows_a_secret() -> None:
    """Neither text form nor pickle gives a key or a password away."""
    store = Keystore().with_secret("k1", KEY).with_user("alice", "geheim")
    held = store.snapshot()
    entry = held.require_secret("k1")
    assert entry.octets == KEY
    for shown in map(repr, (store, held, entry, held.secrets, held.users)):
        assert "0123" not in shown
        assert "geheim" not in shown
    assert repr(store) == "<Keystore: keys [], partners [], secrets ['k1'], users ['alice']>"
    with pytest.raises(KeyMaterialError):
        pickle.dumps(entry)
    with pytest.raises(KeyMaterialError):
        copy.deepcopy(entry)


def test_secrets_and_users_are_frozen() -> None:
    """What a snapshot holds cannot be changed in place."""
    held = Keystore().with_secret("k1", KEY).with_user("alice", "pw").snapshot()
    with pytest.raises(TypeError):
        held.secrets["k2"] = SecretEntry("k2", KEY)  # type: ignore[index]
    with pytest.raises(TypeError):
        held.users["bob"] = Secret.of("pw")  # type: ignore[index]


def test_secret_from_a_file(tmp_path: Path) -> None:
    """The file holds the raw key; one last line end is not part of it."""
    (tmp_path / "key").write_bytes(KEY + b"\n")
    held = Keystore().with_secret("k1", Secret.file(tmp_path / "key")).snapshot()
    assert held.require_secret("k1").octets == KEY
