"""The command line prints no secret, whatever it is asked and however it fails."""

from __future__ import annotations

import base64
import inspect
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from leakage import planted, refusals
from leakage.search import found_in

from zeep_wssec.cli import main

PROFILE = """
[[keystore]]
pkcs12 = "client.p12"
password_env = "P12_PASSWORD"
[[keystore]]
partner = "partner"
certificate = "partner.pem"
[[keystore]]
secret_key = "shared"
value_env = "SHARED"
[[keystore]]
user = "ada"
password_file = "ada.txt"
[[outbound]]
step = "timestamp"
[[outbound]]
step = "username_token"
username = "ada"
password_file = "ada.txt"
[[outbound]]
step = "signature"
[[outbound]]
step = "encryption"
recipients = ["partner"]
[inbound]
signed_by = "partner"
"""
AT = ("--now", "2027-06-01T12:00:00Z")
RECEIVER = ("--profile", "receiver.toml", *AT)
SENDER = ("secure", "request.xml", *AT, "--profile")
COMMANDS = {
    "show": (0, "UsernameToken for 'ada'", ("profile", "show", "profile.toml")),
    "lint": (None, "outbound[1]", ("profile", "lint", "profile.toml")),
    "doctor": (0, "cryptography", ("doctor",)),
    "secure": (0, "CipherValue", (*SENDER, "profile.toml")),
    "refused": (1, "RequirementError", ("check", "refused.xml", *RECEIVER)),
    "no message": (1, "MalformedSecurityError", ("check", "broken.xml", *RECEIVER)),
    "no profile": (2, "ProfileError", ("profile", "show", "ada.txt")),
    "wrong password": (2, "WrongPasswordError", (*SENDER, "wrong.toml")),
    "password in the file": (2, "ProfileError", ("profile", "show", "literal.toml")),
    "no base64": (2, "KeyLoadError", (*SENDER, "text.toml")),
}  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder, with profiles, keys and messages."""
    parties = planted.parties()
    octets = {
        "client.p12": planted.pkcs12(),
        "partner.p12": parties.partner.pkcs12(planted.FILE_PASSWORD, name="partner"),
        "client.pem": parties.client.certificate_pem,
        "partner.pem": parties.partner.certificate_pem,
        "ada.txt": planted.USER_PASSWORD,
        "request.xml": planted.ORDER,
        "refused.xml": refusals.sent(refusals.BODY),
        "broken.xml": b"<a>" + planted.CONTENT,
    }
    receiver = (
        PROFILE.replace('"partner', '"@').replace('"client', '"partner').replace('"@', '"client')
    )
    texts = {
        "profile.toml": PROFILE,
        "receiver.toml": receiver,
        "wrong.toml": PROFILE.replace("P12_PASSWORD", "OTHER_PASSWORD"),
        "literal.toml": PROFILE.replace(
            'password_env = "P12_PASSWORD"', f'password = "{planted.FILE_PASSWORD.decode()}"'
        ),
        "text.toml": PROFILE.replace('"SHARED"', '"TEXT"'),
    }
    for name, data in {**octets, **{name: text.encode() for name, text in texts.items()}}.items():
        path = tmp_path / name
        path.write_bytes(data)
        path.chmod(0o600)
    monkeypatch.setenv("P12_PASSWORD", planted.FILE_PASSWORD.decode())
    monkeypatch.setenv("OTHER_PASSWORD", planted.USER_PASSWORD.decode())
    monkeypatch.setenv("SHARED", base64.b64encode(planted.SHARED).decode())
    monkeypatch.setenv("TEXT", planted.TICKET.decode() + "!")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(("code", "says", "arguments"), COMMANDS.values(), ids=COMMANDS.keys())
def test_output(code: int | None, says: str, arguments: tuple[str, ...]) -> None:
    """Neither stream has a secret; the command ends as it must, and says why."""
    apart = "mix_stderr" in inspect.signature(CliRunner).parameters
    options: dict[str, Any] = {"mix_stderr": False} if apart else {}
    result = CliRunner(**options).invoke(main, arguments, catch_exceptions=False)
    shown = result.stdout + result.stderr
    assert code in (None, result.exit_code), shown
    assert says in shown
    assert found_in(shown, planted.canaries()) == []
