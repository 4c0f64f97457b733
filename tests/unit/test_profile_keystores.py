"""``[[keystore]]``: every kind of source, and where secrets are kept."""

from __future__ import annotations

import base64
import json
import sys
import types
from pathlib import Path
from typing import Any

import pytest
from java_files import jks_file
from softhsm import PIN, SoftToken

from zeep_wssec.errors import KeyLoadError, ProfileError, UnknownOptionError, WrongPasswordError
from zeep_wssec.keys.secrets import Secret
from zeep_wssec.keys.snapshot import Snapshot
from zeep_wssec.profile_file import loads_plan, settings_to_toml
from zeep_wssec.settings import UsernameToken
from zeep_wssec.testing.authority import Authority, Issued
from zeep_wssec.testing.certificates import generate_key


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority.create("Test Root")


@pytest.fixture(scope="module")
def client(authority: Authority) -> Issued:
    return authority.issue("client")


@pytest.fixture
def folder(
    client: Issued, authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """Files of every kind, and the password ``secret`` in the variable PW."""
    monkeypatch.setenv("PW", "secret")
    (tmp_path / "us.p12").write_bytes(client.pkcs12("secret", name="us"))
    (tmp_path / "us.jks").write_bytes(jks_file(client, "us", "secret"))
    (tmp_path / "us.pem").write_bytes(client.key_pem() + client.chain_pem)
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "us.pem").write_bytes(client.key_pem("secret") + client.chain_pem)
    (tmp_path / "us.jwk").write_text(json.dumps({"kty": "oct", "kid": "us", "k": "A" * 22}))
    (tmp_path / "ca.pem").write_bytes(authority.pem)
    return tmp_path


def load(folder: Path, text: str) -> Snapshot:
    return loads_plan(f"[[keystore]]\n{text}\n", base=folder, name="profile").keystore.snapshot()


FORMS = {
    "pkcs12": 'pkcs12 = "us.p12"\npassword_env = "PW"',
    "jks": 'jks = "us.jks"\npassword_env = "PW"',
    "pem": 'pem = "us.pem"\nalias = "us"',
    "folder": 'pem = "keys"\npassword_env = "PW"',
    "only": 'pkcs12 = "us.p12"\npassword_env = "PW"\nonly = ["us"]',
    "passwords by alias": 'pem = "keys"\nkey_passwords = { us = { env = "PW" } }',
}


@pytest.mark.parametrize("text", FORMS.values(), ids=FORMS.keys())
def test_files(folder: Path, client: Issued, text: str) -> None:
    """Each kind of file by its own key."""
    assert load(folder, text).require_key("us").certificate == client.certificate


def test_json_web_key(folder: Path) -> None:
    """A symmetric one becomes a secret."""
    assert load(folder, 'jwk = "us.jwk"').require_secret("us").octets == bytes(16)


def test_key_says_what_the_file_must_be(folder: Path) -> None:
    """A file of another kind is named as such, with the entry that it stands in."""
    with pytest.raises(KeyLoadError, match=r"keystore\[0\].*JKS\) expected, but this is PKCS#12"):
        load(folder, 'jks = "us.p12"\npassword_env = "PW"')
    with pytest.raises(WrongPasswordError, match="Set password_env or password_file"):
        load(folder, 'jks = "us.jks"')


def test_variable_with_a_keystore(
    folder: Path, client: Issued, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file in base64, whose kind may be demanded."""
    monkeypatch.setenv("KEYS", base64.b64encode((folder / "us.p12").read_bytes()).decode())
    text = 'base64_env = "KEYS"\npassword_env = "PW"\nkind = "{}"'
    assert load(folder, text.format("pkcs12")).require_key("us").certificate == client.certificate
    with pytest.raises(KeyLoadError, match="PEM with a private key expected"):
        load(folder, text.format("pem"))


@pytest.fixture
def vault(folder: Path, monkeypatch: pytest.MonkeyPatch) -> types.ModuleType:
    """A module of the user's."""
    module: Any = types.ModuleType("our_vault")
    module.keys = lambda: (folder / "us.p12").read_bytes()
    module.password = lambda: "secret"
    monkeypatch.setitem(sys.modules, "our_vault", module)
    keyring: Any = types.ModuleType("keyring")
    keyring.get_password = lambda service, user: f"{user}-{service}"
    monkeypatch.setitem(sys.modules, "keyring", keyring)
    return module


def test_functions(vault: Any, folder: Path, client: Issued) -> None:
    """Keys and passwords may come from functions of the user's."""
    text = (
        'callable = "our_vault:keys"\npassword_callable = "our_vault:password"\ncache_seconds = 0'
    )
    assert load(folder, text).require_key("us").certificate == client.certificate


def test_password_in_the_keyring(vault: Any, folder: Path) -> None:
    """It is named by service and user."""
    snapshot = load(folder, 'user = "u"\npassword_keyring = "our/service/alice"')
    assert snapshot.users["u"].reveal() == b"alice-our/service"


def test_token(folder: Path) -> None:
    """A token is named by its library and label; the password is the PIN."""
    token = SoftToken()
    issued = Authority.create("x").issue("x", key=generate_key("rsa-2048"))
    token.write(issued, label="us", number=1)
    (folder / "pin").write_text(PIN + "\n")
    text = f'pkcs11 = "{token.module}"\ntoken = "{token.label}"\npassword_file = "pin"'
    assert load(folder, text).require_key("us").certificate == issued.certificate
    assert load(folder, f'{text}\nkey_id = "01"\nalias = "sign"').require_key("sign")
    with pytest.raises(ProfileError, match=r"keystore\[0\]\.key_id: An id is hex"):
        load(folder, f'{text}\nkey_id = "first"')


def test_address(folder: Path) -> None:
    """An address says whom to trust there; what does not answer is named."""
    with pytest.raises(ProfileError, match=r"keystore\[0\]\.anchors: A url needs the anchors"):
        load(folder, 'url = "https://localhost:1/k"')
    with pytest.raises(
        KeyLoadError, match=r"keystore\[0\]: https://localhost:1/k: .* cannot be fetched"
    ):
        load(folder, 'url = "https://localhost:1/k"\nanchors = ["ca.pem"]')
    with pytest.raises(KeyLoadError, match="https address is needed"):
        load(folder, 'url = "http://localhost:1/k"\nanchors = ["ca.pem"]')


USELESS = {
    "token": 'pkcs12 = "us.p12"\ntoken = "x"',
    "password": 'jwk = "us.jwk"\npassword_env = "PW"',
    "watch": 'callable = "a:b"\nwatch = true',
    "cache_seconds": 'user = "u"\npassword_env = "PW"\ncache_seconds = 0',
    "slot": 'pem = "us.pem"\nslot = 0',
}


@pytest.mark.parametrize(("name", "text"), USELESS.items())
def test_what_is_of_no_use_is_refused(folder: Path, name: str, text: str) -> None:
    """It would be a misunderstanding."""
    with pytest.raises(ProfileError, match=rf"keystore\[0\]\.{name}: This is of no use with"):
        load(folder, text)


WRONG = {
    "two places": (
        'password_env = "PW"\npassword_callable = "a:b"',
        ProfileError,
        "are both given",
    ),
    "no name of a function": (
        'password_callable = "geheim!"',
        ProfileError,
        '"package.module:function" is needed',
    ),
    "no entry of a keyring": (
        'password_keyring = "geheim!"',
        ProfileError,
        '"service/user" is needed',
    ),
    "a password by alias": (
        'key_passwords = { us = "geheim!" }',
        ProfileError,
        "Needed is a table",
    ),
    "an unknown place": (
        'key_passwords = { us = { vault = "geheim!" } }',
        UnknownOptionError,
        "vault",
    ),
    "two places in a table": (
        'key_passwords = { us = { env = "A", file = "geheim!" } }',
        ProfileError,
        "One of env, file, keyring, callable is needed",
    ),
}


@pytest.mark.parametrize(("text", "kind", "problem"), WRONG.values(), ids=WRONG.keys())
def test_wrong_places_of_secrets(
    folder: Path, text: str, kind: type[ProfileError], problem: str
) -> None:
    """Each is refused, and what stands there is not repeated: it may be the secret by mistake."""
    with pytest.raises(kind, match=problem) as caught:
        load(folder, f'pkcs12 = "us.p12"\n{text}')
    assert "geheim!" not in str(caught.value)


PLACES = (
    Secret.env("PW"),
    Secret.file("pw.txt"),
    Secret.keyring("our/service", "alice"),
    Secret.callable("our_vault:password"),
)


@pytest.mark.parametrize("secret", PLACES, ids=repr)
def test_places_are_written_as_they_are_read(folder: Path, secret: Secret) -> None:
    """A plan that is written as a file names the same place."""
    plan = loads_plan("", base=folder, name="profile")
    token = UsernameToken(username="u", password=secret)
    written = settings_to_toml(type(plan)(keystore=plan.keystore, outbound=[token]))
    assert "password_" in written
    read = loads_plan(written, base=Path(), name="profile").outbound[0]
    assert isinstance(read, UsernameToken)
    assert repr(read.password) == repr(secret)
