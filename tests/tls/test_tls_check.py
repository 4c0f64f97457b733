"""``zeep-wssec tls-check``: what it tells, and an exit code for each kind of failure."""

from __future__ import annotations

import json
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from peers import require_program
from tls.kit import World, answering
from tls.test_refusals import UNTRUSTED, saying

from zeep_wssec.cli import main
from zeep_wssec.testing.answers import Answer
from zeep_wssec.testing.authority import Authority
from zeep_wssec.transport.tls_probe import has_name
from zeep_wssec.transport.watched import fingerprints

Check = Callable[..., tuple[int, dict[str, Any]]]
PROFILE = """
[[keystore]]
pkcs12 = "client.p12"
password_env = "P12"
alias = "client"
[[keystore]]
pem = "alone.pem"
alias = "alone"
[tls]
client_key = "client"
trust = ["root.pem"]
"""


@pytest.fixture
def folder(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the profile and its files are."""
    (tmp_path / "client.p12").write_bytes(world.client.pkcs12("secret", name="client"))
    alone = world.root.intermediate("CN=Second").issue("CN=alone")
    (tmp_path / "alone.pem").write_bytes(alone.key_pem() + alone.certificate_pem)
    (tmp_path / "alone.pem").chmod(0o600)
    (tmp_path / "root.pem").write_bytes(world.root.pem)
    (tmp_path / "one-way.toml").write_text('[tls]\ntrust = ["root.pem"]\n')
    (tmp_path / "partner.toml").write_text(PROFILE)
    monkeypatch.setenv("P12", "secret")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def check(folder: Path) -> Check:
    """Look at an address with the profile, and give exit code and JSON."""

    def run(address: str, *options: str, profile: str = "partner.toml") -> tuple[int, Any]:
        arguments = ["tls-check", address, "-p", profile, "--json", *options]
        done = CliRunner().invoke(main, arguments, catch_exceptions=False)
        return done.exit_code, json.loads(done.stdout) if done.stdout.startswith("{") else {}

    return run


def reasons(found: dict[str, Any]) -> list[str]:
    """Give the reasons of all failures."""
    return [item["reason"] for item in found["failures"]]


def test_sound_server(world: World, check: Check, version: Any) -> None:
    """Chain, trust, name, protocol, and our certificate with its intermediate: all is told."""
    with answering(world.context(version=version)) as address:
        code, found = check(address)
    assert (code, found["failures"], found["protocol"]) == (0, [], f"TLSv{version}")
    assert [item["subject"] for item in found["chain"]] == [
        "CN=server",
        world.middle.certificate.subject,
    ]
    assert (found["trusted"], found["name_matches"]) == (True, True)
    assert found["trusted_by"] == world.root.certificate.subject
    shown = found["client_certificate"]
    assert (shown["asked"], shown["accepted"], len(shown["sent"])) == (True, True, 2)
    assert found["chain"][0]["key_pin"] == fingerprints(world.server.certificate)[1]


CODES = {
    "no_path": 12,
    "self_signed": 12,
    "wrong_usage": 12,
    "name_mismatch": 13,
    "expired": 14,
    "not_yet_valid": 14,
}


@pytest.mark.parametrize("reason", UNTRUSTED)
def test_untrusted_server(world: World, check: Check, reason: str) -> None:
    """Each kind has its exit code; the chain is shown all the same, and the client key is not."""
    with answering(UNTRUSTED[reason][0](world)) as address:
        code, found = check(address)
        validated = check(address, "--no-validate", profile="one-way.toml")
    assert (code, reasons(found)[0]) == (CODES[reason], reason)
    assert found["chain"]
    assert found["trusted"] == (reason == "name_mismatch")
    assert found["client_certificate"]["sent"] == []
    assert validated[0] == (16 if found["client_certificate"]["asked"] else 0)


def test_missing_link(world: World, check: Check) -> None:
    """The issuer whose certificate the server does not send is named."""
    with answering(world.context(with_chain=False)) as address:
        _, found = check(address)
    assert found["distrust"]["details"]["missing"] == world.middle.certificate.subject


def test_two_faults(world: World, check: Check) -> None:
    """An untrusted server with another name has both told, the first of them in the exit code."""
    stranger = Authority.create("CN=Stranger").issue("CN=server", san=["other.example"])
    context = type(world.context()).create(stranger)
    with answering(context) as address:
        code, found = check(address)
    assert (code, reasons(found)[:2]) == (12, ["no_path", "name_mismatch"])


def test_pin(world: World, check: Check, folder: Path) -> None:
    """A server with another pin."""
    (folder / "pinned.toml").write_text(f'{PROFILE}pins = ["{"0" * 64}"]\n')
    with answering(world.context()) as address:
        code, found = check(address, profile="pinned.toml")
    assert (code, reasons(found)) == (15, ["pin_mismatch"])


def test_client_certificate_is_wanted(world: World, check: Check, version: Any) -> None:
    """A server that wants a certificate, and a profile without one."""
    with answering(world.context(version=version)) as address:
        code, found = check(address, profile="one-way.toml")
    assert (code, reasons(found)) == (16, ["client_certificate_missing"])
    assert found["client_certificate"]["asked"]


def test_client_certificate_is_refused(world: World, check: Check, version: Any) -> None:
    """A certificate without its intermediate: what was sent, and what is missing."""
    with answering(world.context(version=version)) as address:
        code, found = check(address, "--client-key", "alone")
    shown = found["client_certificate"]
    assert (code, reasons(found)) == (17, ["client_certificate_refused"])
    assert (shown["accepted"], [item["subject"] for item in shown["sent"]]) == (False, ["CN=alone"])
    assert "CN=Second" in found["failures"][0]["message"]


def test_client_certificate_is_not_asked_for(world: World, check: Check) -> None:
    """A server that does not ask does not see who calls; without a key that is as it should be."""
    with answering(world.context(clients=None)) as address:
        code, found = check(address)
        assert check(address, profile="one-way.toml")[0] == 0
    assert (code, reasons(found)) == (18, ["client_certificate_not_asked"])


def test_refusal_in_an_answer(world: World, check: Check) -> None:
    """A server that lets the handshake pass and refuses the certificate in HTTP."""
    context = world.context()
    page = b"<html>400 The SSL certificate error</html>"
    answer = Answer(status=400, headers={"Content-Type": "text/html"}, content=page)
    with answering(context, answer) as address:
        code, found = check(address)
    assert (code, found["client_certificate"]["accepted"]) == (17, False)


@pytest.mark.parametrize(
    ("octets", "code"), [(b"SSH-2.0-x\r\n", 11), (b"", 19), (bytes([21, 3, 3, 0, 2, 2, 80]), 19)]
)
def test_other_protocols(world: World, check: Check, octets: bytes, code: int) -> None:
    """A port that speaks no TLS, one that hangs up, and one that fails."""
    with saying(octets) as address:
        assert check(address)[0] == code


def test_no_common_version(world: World, check: Check, folder: Path) -> None:
    """A profile that wants TLS 1.3 of a server that speaks 1.2."""
    (folder / "newer.toml").write_text(f'{PROFILE}minimum_version = "1.3"\n')
    with answering(world.context(version="1.2")) as address:
        code, found = check(address, profile="newer.toml")
    assert (code, reasons(found)) == (11, ["no_common_version"])


def test_nobody_answers(check: Check) -> None:
    """A port where nobody listens, and a name that nobody has."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    for host in (f"127.0.0.1:{port}", "host.invalid"):
        code, found = check(host)
        assert (code, reasons(found)) == (10, ["unreachable"])


def test_silence(check: Check) -> None:
    """A server that accepts and says nothing is given up."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        code, _ = check(f"127.0.0.1:{listener.getsockname()[1]}", "--timeout", "0.1")
    assert code == 10


def test_saved_chain(world: World, check: Check, folder: Path) -> None:
    """``--save-chain`` writes what openssl reads and verifies; of an untrusted server, too."""
    openssl = require_program("openssl")
    with answering(world.context()) as address:
        assert check(address, "--save-chain", "chain.pem")[0] == 0
        assert check(address, "--trust", "alone.pem", "--save-chain", "untrusted.pem")[0] == 12
    done = subprocess.run(
        [openssl, "verify", "-CAfile", "root.pem", "-untrusted", "chain.pem", "chain.pem"],
        capture_output=True, text=True, check=False, cwd=folder,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert (folder / "untrusted.pem").read_bytes() == (folder / "chain.pem").read_bytes()


def test_text(world: World, check: Check, folder: Path) -> None:
    """Without ``--json`` the same is told in lines; the failure comes with what to do."""
    with answering(world.context()) as address:
        done = CliRunner().invoke(main, ["tls-check", address, "-p", "partner.toml"])
        refused = CliRunner().invoke(
            main, ["tls-check", address, "-p", "partner.toml", "--client-key", "alone"]
        )
    for line in ("trusted: yes, by CN=Root", "name: matches", "client certificate: asked for"):
        assert line in done.stdout
    assert "accepted: calls with these settings can be made." in done.stdout
    assert "error: " in refused.stdout
    assert "  hint: Unless " in refused.stdout


def test_text_of_an_untrusted_server(world: World, folder: Path) -> None:
    """What ``--no-validate`` lets pass is not called good: calls have no such option."""
    options = ["--trust", "alone.pem", "--no-validate"]
    with answering(world.context()) as address:
        passed = CliRunner().invoke(main, ["tls-check", address, "-p", "partner.toml", *options])
    assert passed.exit_code == 0, passed.stdout
    assert "accepted by --no-validate alone: calls refuse this server." in passed.stdout


@pytest.mark.parametrize("server", ["", "http://host", "host:port", "host:99999", "[::1"])
def test_address_that_is_none(check: Check, server: str) -> None:
    """What is no host and port is refused as an argument."""
    assert check(server)[0] == 2


def test_key_without_a_keystore() -> None:
    """A client key needs a profile that has it."""
    assert CliRunner().invoke(main, ["tls-check", "host", "--client-key", "a"]).exit_code == 2


def test_keys_that_are_wrong(check: Check) -> None:
    """An alias that is not there is told as elsewhere, before anybody is called."""
    assert check("host.invalid", "--client-key", "nobody")[0] == 2


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", True), ("127.0.0.2", False), ("::1", True), ("0:0:0:0:0:0:0:1", True),
        ("a.example", True), ("A.Example.", True), ("b.example", False),
        ("x.wild.example", True), ("wild.example", False), ("x.y.wild.example", False),
    ],
)  # fmt: skip
def test_names(world: World, host: str, expected: bool) -> None:
    """A name matches by the alternative names alone, a wildcard for one label."""
    names = ["127.0.0.1", "::1", "a.example", "*.wild.example"]
    certificate = world.middle.issue("CN=b.example", san=names).certificate
    assert has_name(certificate, host) == expected
