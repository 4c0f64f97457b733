"""A folder with both ends of a connection, and the command line on it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from zeep_wssec.cli import main
from zeep_wssec.testing.authority import Authority, Issued

NOW = datetime(2027, 6, 1, 12, 0, tzinfo=UTC)
STEPS = """
[[outbound]]
step = "timestamp"
[[outbound]]
step = "signature"
parts = ["body", "timestamp"]
[[outbound]]
step = "encryption"
recipients = ["{partner}"]
"""
KEYS = """
[[keystore]]
pkcs12 = "{key}.p12"
password_env = "P12_PASSWORD"
[[keystore]]
partner = "{partner}"
certificate = "{partner}.pem"
"""
REQUEST = """<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>
<PlaceOrder xmlns="urn:example:orders"><sku>42</sku></PlaceOrder></s:Body></s:Envelope>"""

Run = Callable[..., Result]


@pytest.fixture(scope="session")
def _issued() -> dict[str, bytes]:
    authority = Authority.create("CN=ca", now=NOW)
    files = {}
    for name in ("client", "service", "stranger"):
        issued = authority.issue(f"CN={name}")
        files[f"{name}.p12"] = issued.pkcs12("secret", name=name)
        files[f"{name}.pem"] = issued.certificate_pem
    return files


@pytest.fixture
def folder(
    tmp_path: Path, _issued: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Path]:
    """A folder, also the working one, with a profile for each end, messages and keys."""
    for name, data in _issued.items():
        (tmp_path / name).write_bytes(data)
    pairs = (("client", "service"), ("service", "client"), ("stranger", "client"))
    for key, partner in pairs:
        text = KEYS.format(key=key, partner=partner) + STEPS.format(partner=partner)
        (tmp_path / f"{key}.toml").write_text(text)
    stated = '[inbound]\nencrypted = ["body"]\n[operation.Ping.inbound]\nmode = "over_tls"\n'
    (tmp_path / "stated.toml").write_text((tmp_path / "service.toml").read_text() + stated)
    (tmp_path / "request.xml").write_text(REQUEST)
    monkeypatch.setenv("P12_PASSWORD", "secret")
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    assert not list(tmp_path.glob(".zeep-wssec-*"))


@pytest.fixture(scope="session")
def client() -> Issued:
    """A key pair of an authority below a root."""
    root = Authority.create("CN=Root", now=NOW, key="ec-p256")
    return root.intermediate("CN=Issuing", key="ec-p256").issue("CN=client,O=Example")


@pytest.fixture
def run() -> Run:
    """Give a function that runs a command; an exception that escapes fails the test."""
    # Before click 8.2 the two streams are one unless told otherwise.
    apart = "mix_stderr" in inspect.signature(CliRunner).parameters
    options: dict[str, Any] = {"mix_stderr": False} if apart else {}
    runner = CliRunner(**options)

    def invoke(*arguments: str, code: int = 0, stdin: bytes | None = None) -> Result:
        result = runner.invoke(main, arguments, input=stdin, catch_exceptions=False)
        assert result.exit_code == code, result.stdout + result.stderr
        return result

    return invoke


@pytest.fixture
def now() -> str:
    """The moment at which everything here happens."""
    return "2027-06-01T12:00:00Z"
