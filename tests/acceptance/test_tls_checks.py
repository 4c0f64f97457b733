"""Checks 1 to 6 of mutual TLS, and the rows P-22 to P-25, T-01 to T-04, T-10, T-12 and T-13."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from peers import require_program
from tls.kit import Call, with_requests, zeep_sync
from tls.kit import World as Keys
from tls.test_private_file import holding_the_key

from zeep_wssec import (
    HandshakeRefusedError,
    KeyNotFoundError,
    Keystore,
    OverTLS,
    Profile,
    ProfileError,
    UntrustedServerError,
    WrongPasswordError,
)
from zeep_wssec.cli import main
from zeep_wssec.testing.loopback import serve
from zeep_wssec.testing.orders import WSDL, answer_order
from zeep_wssec.testing.partner import Answer, Partner

PASSWORD = "throwaway"
KINDS = ("PKCS12", "JKS", "JCEKS", "PEM folder")
ALL = ["P-22", "P-23", "P-24", "P-25", "T-01", "T-02", "T-03", "T-04", "T-10", "T-12", "T-13"]


@pytest.fixture(scope="module")
def keys() -> Keys:
    """A root, an intermediate, a server that trusts the root alone, and a client."""
    return Keys.create()


@pytest.fixture(scope="module")
def folder(keys: Keys, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The client's files, and two keys in each kind of keystore as keytool writes it."""
    made = tmp_path_factory.mktemp("mutual-tls")
    (made / "client.p12").write_bytes(keys.client.pkcs12(PASSWORD, name="client"))
    (made / "root.pem").write_bytes(keys.root.pem)
    (made / "password").write_text(PASSWORD + "\n")
    (made / "PEM folder").mkdir()
    keytool = require_program("keytool")
    for name in ("one", "two"):
        issued = keys.middle.issue(f"CN={name}")
        (made / f"{name}.p12").write_bytes(issued.pkcs12(PASSWORD, name=name))
        pem = issued.key_pem(PASSWORD) + issued.chain_pem
        (made / "PEM folder" / f"{name}.pem").write_bytes(pem)
        for kind in KINDS[:3]:
            command = [keytool, "-importkeystore", "-noprompt", "-srckeystore", f"{name}.p12"]
            command += ["-srcstorepass", PASSWORD, "-destkeystore", kind]
            command += ["-deststoretype", kind, "-deststorepass", PASSWORD]
            subprocess.run(command, cwd=made, check=True, capture_output=True)
    return made


def load(folder: Path, tls: str, *, key: str = 'pkcs12 = "client.p12"') -> Profile:
    """Load a profile file with a keystore and the lines of ``[tls]``."""
    path = folder / "profile.toml"
    text = f'[[keystore]]\n{key}\npassword_file = "password"\n[tls]\n{tls}\n'
    path.write_text(text, "utf-8")
    return Profile.load(path)


BOTH = 'client_key = "client"\ntrust = ["root.pem"]'


def check(folder: Path, address: str, *options: str) -> Result:
    """Run the connectivity test."""
    arguments = ["tls-check", address, *options]
    if "--trust" not in options:
        arguments += ["--profile", str(folder / "profile.toml")]
    return CliRunner().invoke(main, arguments, catch_exceptions=False)


# The checks.


def test_check_1_whole_chain(keys: Keys, folder: Path, call: Call) -> None:
    """T-03: PKCS#12 with its chain, through requests, httpx and zeep, both ways; without it, what is missing."""
    context = keys.context()
    with keys.served(context) as address:
        assert call(load(folder, BOTH), address) in ("n1", 500)
        with pytest.raises(HandshakeRefusedError, match=r"CN=Middle.*was not sent along"):
            call(keys.profile(keys.alone), address)
    assert [item.subject for item in context.clients if item] == ["CN=client"]


@pytest.mark.parametrize("memory", [True, False])
def test_check_2_no_key_on_disk(
    keys: Keys, folder: Path, call: Call, monkeypatch: pytest.MonkeyPatch, memory: bool
) -> None:
    """T-13: during and after a call no file holds the key: it was in memory, or encrypted and is gone."""
    if not memory:
        monkeypatch.delattr(os, "memfd_create", raising=False)
    theirs = Profile(keystore=keys.server.keystore("server"), inbound=OverTLS())
    partner, profile, found = Partner(theirs, answer_order), load(folder, BOTH), []
    start = (folder / "profile.toml").stat().st_mtime

    def respond(content: bytes, headers: Mapping[str, str]) -> Answer:
        found.append(holding_the_key(keys, start))
        return partner.respond(content, headers)

    with serve(respond, tls=keys.context()) as address:
        call(profile, address)
    found.append(holding_the_key(keys, start))
    assert found == [[], []]


@pytest.mark.parametrize("kind", KINDS)
def test_checks_3_and_4_two_keys(keys: Keys, folder: Path, kind: str) -> None:
    """T-02, T-05: of two keys in any kind of file the named one is shown; without a name both are listed."""
    held = Keystore.load(folder / kind, password=PASSWORD)
    context = keys.context()
    with keys.served(context) as address:
        assert zeep_sync(keys.profile(held, client_key="two"), address) == "n1"
    assert [item.subject for item in context.clients if item] == ["CN=two"]
    with pytest.raises(KeyNotFoundError, match="CN=one") as caught:
        keys.profile(held, client_key=True).session()
    assert sorted(caught.value.existing) == ["one", "two"]
    with pytest.raises(KeyNotFoundError, match="'three'"):
        keys.profile(held, client_key="three").session()
    with pytest.raises(WrongPasswordError):
        Keystore.load(folder / kind, password="another")


def test_check_5_connectivity(keys: Keys, folder: Path) -> None:
    """P-25, T-10: chain of two, trusted or not by CA, name, what is asked for; the saved chain is openssl's."""
    openssl = require_program("openssl")
    load(folder, BOTH)
    with keys.served(keys.context()) as address:
        sound = check(folder, address, "--json", "--save-chain", str(folder / "chain.pem"))
        untrusted = check(folder, address, "--json", "--trust", str(folder / "chain.pem"))
        load(folder, 'client_key = "client"')
        no_path = check(folder, address, "--json")
        named = check(folder, address.replace("127.0.0.1", "localhost"), "--json")
        absent = check(folder, address, "--trust", str(folder / "root.pem"))
    found = json.loads(sound.stdout)
    assert (sound.exit_code, len(found["chain"]), found["trusted"]) == (0, 2, True)
    assert (no_path.exit_code, json.loads(no_path.stdout)["trusted"]) == (12, False)
    assert untrusted.exit_code == 16  # an intermediate that is named is trusted as it is
    assert "name_mismatch" in [item["reason"] for item in json.loads(named.stdout)["failures"]]
    assert absent.exit_code == 16
    assert "wants a client certificate" in absent.stdout
    listed = subprocess.run(
        [openssl, "storeutl", "-noout", "-certs", str(folder / "chain.pem")],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "Total found: 2" in listed.stdout


def test_check_6_renewal(keys: Keys, folder: Path, tmp_path: Path) -> None:
    """T-11: a key pair that is replaced under its alias is the next new connection's, without a restart."""
    path, context = tmp_path / "client.p12", keys.context()
    renewed = keys.middle.issue("CN=client")
    path.write_bytes(keys.client.pkcs12(PASSWORD, name="client"))
    keystore = Keystore.load(path, password=PASSWORD, cache_seconds=0)
    profile = keys.profile(keystore)
    with keys.served(context) as address:
        with_requests(profile, address)
        path.write_bytes(renewed.pkcs12(PASSWORD, name="client"))
        with_requests(profile, address)
    assert [item.serial_number for item in context.clients if item] == [
        keys.client.certificate.serial_number,
        renewed.certificate.serial_number,
    ]


# The rows.


def test_rows_p_22_and_p_23_two_way(keys: Keys, folder: Path) -> None:
    """P-22, P-23: trust alone is one-way, trust and key are two-way; neither adds a security header."""
    one_way, two_way = load(folder, 'trust = ["root.pem"]'), load(folder, BOTH)
    open_server, strict = keys.context(clients=None), keys.context()
    with keys.served(open_server) as address:
        assert zeep_sync(one_way, address) == "n1"
    with keys.served(strict) as address:
        assert zeep_sync(two_way, address) == "n1"
        with pytest.raises(HandshakeRefusedError):
            zeep_sync(one_way, address)
    assert (open_server.clients, strict.clients) == ([None], [keys.client.certificate])
    for profile in (one_way, two_way):
        assert list(profile.plan.outbound) == []


def test_row_p_24_lowest_version(keys: Keys, folder: Path) -> None:
    """P-24: older versions than the one that is named are not spoken; those that are broken cannot be named."""
    newest = load(folder, f'{BOTH}\nminimum_version = "1.3"')
    with keys.served(keys.context(version="1.2")) as address:
        assert zeep_sync(load(folder, f'{BOTH}\nminimum_version = "1.2"'), address) == "n1"
        with pytest.raises(HandshakeRefusedError):
            zeep_sync(newest, address)
    with keys.served(keys.context(version="1.3")) as address:
        assert zeep_sync(newest, address) == "n1"
    for version in ("1.0", "1.1"):
        with pytest.raises(ProfileError, match=r'"1\.2"'):
            load(folder, f'minimum_version = "{version}"')


def test_row_t_01_authentication(keys: Keys, folder: Path) -> None:
    """T-01: none, basic, client certificate."""
    seen: list[str | None] = []

    def respond(content: bytes, headers: Mapping[str, str]) -> Answer:
        seen.append(headers.get("Authorization"))
        return Answer(status=200)

    context = keys.context(clients=None)
    with (
        serve(respond, tls=context) as address,
        load(folder, 'trust = ["root.pem"]').session() as session,
    ):
        session.get(address)
        session.auth = ("alice", "ecila")
        session.get(address)
    assert [item and item.split()[0] for item in seen] == [None, "Basic"]
    with keys.served(keys.context()) as address:
        assert zeep_sync(load(folder, BOTH), address) == "n1"


def test_row_t_04_trust(keys: Keys, folder: Path) -> None:
    """T-04: the server's root is a file or an entry of the keystore; without it the server is not trusted."""
    entry = '[[keystore]]\npartner = "their root"\ncertificate = "root.pem"\n'
    key = f'{entry}[[keystore]]\npkcs12 = "client.p12"'
    stored = load(
        folder, 'client_key = "client"\ntrust_aliases = ["their root"]', key=key.split("\n", 1)[1]
    )
    with keys.served(keys.context()) as address:
        assert zeep_sync(load(folder, BOTH), address) == "n1"
        assert zeep_sync(stored, address) == "n1"
        with pytest.raises(UntrustedServerError):
            zeep_sync(load(folder, 'client_key = "client"'), address)


def test_row_t_12_of_the_caller(keys: Keys, folder: Path) -> None:
    """T-12: timeout in the profile; proxy and retries as requests and httpx have them."""
    text = 'client_key = "client"\n[service]\ntimeout_seconds = 60.0'
    profile = load(folder, text)
    assert profile.plan.service.timeout_seconds == 60
    with profile.session(retries=2) as session, profile.client(WSDL) as client:
        adapter: Any = session.get_adapter("https://127.0.0.1/")
        assert adapter.max_retries.total == 2
        assert client.transport.operation_timeout == 60

    async def timeout() -> float | None:
        async with profile.async_session(retries=2, proxy="http://127.0.0.1:1") as made:
            return made.timeout.read

    assert asyncio.run(timeout()) == 60


def test_no_row_is_left_out() -> None:
    """Every row of this page stands in a docstring."""
    said = " ".join(item.__doc__ or "" for item in globals().values() if callable(item))
    assert not [row for row in ALL if row not in said]
