"""Keystores and passwords that functions give, and passwords in the keyring of the system."""

from __future__ import annotations

import pickle
import sys
import types
from pathlib import Path
from typing import Any

import pytest

from zeep_wssec.errors import KeyLoadError, KeyNotFoundError, WrongPasswordError
from zeep_wssec.keys.keystore import Keystore
from zeep_wssec.keys.secrets import Secret
from zeep_wssec.testing.authority import Authority, Issued


def test_function_that_gives_octets(client: Issued) -> None:
    """They are read as a file would be."""
    data = client.pkcs12("geheim", name="us")
    store = Keystore.from_callable(lambda: data, password="geheim")
    assert store.snapshot().require_key("us").certificate == client.certificate
    with pytest.raises(WrongPasswordError, match="what test_function_that_gives_octets"):
        Keystore.from_callable(lambda: data, password="falsch")


def test_function_that_gives_a_keystore(client: Issued, authority: Authority) -> None:
    """Everything in it is taken over, trust and users included."""
    made = client.keystore("us").with_user("u", "p").with_secret("s", b"k" * 16)
    made = made.with_trust(anchors=authority.certificate)
    snapshot = Keystore.from_callable(lambda: made).snapshot()
    assert (list(snapshot.keys), list(snapshot.users)) == (["us"], ["u"])
    assert snapshot.trust.anchors == (authority.certificate,)
    assert list(Keystore.from_callable(lambda: made, only=["s"]).snapshot().keys) == []
    with pytest.raises(KeyNotFoundError, match="'s', 'us'"):
        Keystore.from_callable(lambda: made, only=["x"])


def test_function_is_called_again(authority: Authority) -> None:
    """When its time is over; what it gave before counts as long as it gives the same."""
    now = [0.0]
    current = [authority.issue("a").keystore("us")]
    store = Keystore.from_callable(lambda: current[0], cache_seconds=0)
    before = store.snapshot()
    assert store.snapshot() is before
    current[0] = authority.issue("b").keystore("us")
    assert store.snapshot().require_key().certificate.subject == "CN=b"
    assert now == [0.0]


def test_function_by_its_name(
    client: Issued, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a profile file names it."""
    (tmp_path / "our_vault.py").write_text(
        "from pathlib import Path\n"
        "def keys():\n    return Path(__file__).with_name('us.p12').read_bytes()\n"
        "class Vault:\n    @staticmethod\n    def password():\n        return 'geheim'\n"
    )
    (tmp_path / "us.p12").write_bytes(client.pkcs12("geheim"))
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "our_vault", raising=False)
    password = Secret.callable("our_vault:Vault.password")
    assert repr(password) == "Secret.callable('our_vault:Vault.password')"
    store = Keystore.from_callable("our_vault:keys", password=pickle.loads(pickle.dumps(password)))  # noqa: S301
    assert store.snapshot().require_key().certificate == client.certificate
    monkeypatch.delitem(sys.modules, "our_vault")


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("no_such_module:f", "cannot be imported: ModuleNotFoundError"),
        ("zeep_wssec:f", "cannot be imported: AttributeError"),
        ("zeep_wssec:__doc__", "cannot be called"),
        ("zeep_wssec", "does not name a function"),
        ("os.path:join;x", "does not name a function"),
    ],
)
def test_wrong_names(name: str, problem: str) -> None:
    """Each is told apart."""
    with pytest.raises(KeyLoadError, match=problem):
        Keystore.from_callable(name)


def fails() -> bytes:
    raise RuntimeError("s3cret")


def test_function_that_fails_or_gives_something_else() -> None:
    """Its own error is the cause, and its text is not repeated."""
    with pytest.raises(
        KeyLoadError, match="what fails gives: it failed with RuntimeError"
    ) as caught:
        Keystore.from_callable(fails)
    assert "s3cret" not in str(caught.value)
    with pytest.raises(KeyLoadError, match="is int; bytes or a Keystore expected"):
        Keystore.from_callable(lambda: 5)


@pytest.fixture
def keyring(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A keyring with one password."""
    found = {("zeep", "alice"): "geheim"}
    module: Any = types.ModuleType("keyring")
    module.get_password = lambda service, user: found.get((service, user))
    monkeypatch.setitem(sys.modules, "keyring", module)
    return module


def test_password_in_the_keyring(keyring: Any, client: Issued) -> None:
    """It is asked at each use; the secret itself knows where, not what."""
    secret = Secret.keyring("zeep", "alice")
    assert (secret.reveal(), repr(secret)) == (b"geheim", "Secret.keyring('zeep', 'alice')")
    assert pickle.loads(pickle.dumps(secret)).reveal() == b"geheim"  # noqa: S301
    Keystore.from_bytes(client.pkcs12("geheim"), password=secret)


def test_password_that_the_keyring_has_not(keyring: Any) -> None:
    """The error says how to put it there."""
    with pytest.raises(KeyLoadError, match="keyring set zeep bob"):
        Secret.keyring("zeep", "bob").reveal()

    def locked(service: str, user: str) -> str:
        raise RuntimeError

    keyring.get_password = locked
    with pytest.raises(KeyLoadError, match="cannot be asked: RuntimeError"):
        Secret.keyring("zeep", "alice").reveal()


def test_without_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names the extra that brings it."""
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(KeyLoadError, match=r"zeep-wssec\[keyring\]"):
        Secret.keyring("zeep", "alice").reveal()
