"""``payload``: six verbs on files and streams, whole results or none, and who signed."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import pytest

from zeep_wssec.cli import progress

pytestmark = pytest.mark.usefixtures("folder")
PAYLOAD = '[payload.{name}]\nformat = "cms"\nrecipients = ["{partner}"]\n{more}\n'
DATA = b"line1\nline2\r\n\x00\xff"


@pytest.fixture(autouse=True)
def _profiles(folder: Path) -> None:
    """Each end has a payload in its profile."""
    for own, partner in (("client", "service"), ("service", "client"), ("stranger", "client")):
        with (folder / f"{own}.toml").open("a") as file:
            file.write(PAYLOAD.format(name="letters", partner=partner, more=""))
    (folder / "data.bin").write_bytes(DATA)


def test_there_and_back(run: Any, now: str, folder: Path) -> None:
    """What one end protects the other opens; it is told who signed, and the file is for its owner only."""
    run("payload", "protect", "-p", "client.toml", "data.bin", "-o", "sealed", "--now", now)
    assert DATA not in (folder / "sealed").read_bytes()
    seen = run("payload", "open", "-p", "service.toml", "sealed", "-o", "plain", "--now", now)
    assert (folder / "plain").read_bytes() == DATA
    assert stat.S_IMODE((folder / "plain").stat().st_mode) == 0o600
    assert "signed by client (trusted: partner 'client')" in seen.stdout
    assert "encrypted with aes256-gcm to service" in seen.stdout


@pytest.mark.parametrize(("there", "back"), [("sign", "verify"), ("encrypt", "decrypt")])
def test_verbs(run: Any, now: str, folder: Path, there: str, back: str) -> None:
    """Each verb has its other half."""
    run("payload", there, "-p", "client.toml", "data.bin", "-o", "made", "--now", now)
    seen = run("payload", back, "-p", "service.toml", "made", "-o", "plain", "--now", now)
    assert (folder / "plain").read_bytes() == DATA
    assert ("signatures were not looked at" in seen.stdout) == (back == "decrypt")
    assert "signed by nobody" not in seen.stdout


def test_detached(run: Any, now: str, folder: Path) -> None:
    """A detached signature is verified with its content; nothing is written where nothing is asked for."""
    with (folder / "client.toml").open("a") as file:
        file.write(PAYLOAD.format(name="seal", partner="service", more="detached = true"))
    run("payload", "sign", "-p", "client.toml", "-n", "seal", "data.bin", "-o", "sig", "--now", now)
    before = set(folder.iterdir())
    given = ("sig", "--content", "data.bin", "--now", now)
    run("payload", "verify", "-p", "service.toml", *given)
    assert set(folder.iterdir()) == before
    (folder / "data.bin").write_bytes(DATA + b"!")
    refused = run("payload", "verify", "-p", "service.toml", *given, code=1)
    assert refused.stderr.startswith("PayloadSignatureError (payload_signature): ")


def test_nothing_on_failure(run: Any, now: str, folder: Path) -> None:
    """A refused message leaves what was there, and says why in JSON, too."""
    run(
        "payload",
        "protect",
        "-p",
        "stranger.toml",
        "data.bin",
        "-o",
        "sealed",
        "--now",
        now,
        code=0,
    )
    (folder / "plain").write_bytes(b"before")
    given = ("payload", "open", "-p", "service.toml", "sealed", "-o", "plain", "--now", now)
    assert "PayloadDecryptionError" in run(*given, code=1).stderr
    answer = run(*given, "--json", code=1)
    assert json.loads(answer.stdout)["code"] == "payload_decryption"
    assert (folder / "plain").read_bytes() == b"before"


def test_streams(run: Any, now: str) -> None:
    """``-`` is stdin and stdout; who signed goes to stderr then."""
    made = run("payload", "sign", "-p", "client.toml", "-", "--now", now, stdin=DATA)
    assert made.stderr == ""
    seen = run("payload", "verify", "-p", "service.toml", "-", "-o", "-", "--now", now,
               stdin=made.stdout_bytes)  # fmt: skip
    assert seen.stdout_bytes == DATA
    assert "signed by client" in seen.stderr


def test_json(run: Any, now: str) -> None:
    """The result is plain data, without the content."""
    run("payload", "sign", "-p", "client.toml", "data.bin", "-o", "made", "--now", now)
    seen = run("payload", "verify", "-p", "service.toml", "made", "--json", "--now", now)
    found = json.loads(seen.stdout)
    assert (found["signers"][0]["alias"], found["size"]) == ("client", len(DATA))


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (("-n", "none"), "There is no payload 'none'"),
        (("--format", "smime"), "is no payload format"),
        (("-n", "letters", "--format", "none"), "is no payload format"),
        (("-o", "none/out"), "there is no such folder"),
    ],
)
def test_wrong_arguments(run: Any, now: str, given: tuple[str, ...], text: str) -> None:
    """What is wrong with the arguments exits with 2, before any work."""
    result = run("payload", "sign", "-p", "client.toml", "data.bin", *given, "--now", now, code=2)
    assert text in result.stderr


def test_format_without_a_payload(run: Any, now: str, folder: Path) -> None:
    """A profile without payloads signs by the defaults of a format."""
    text = (folder / "client.toml").read_text().partition("[payload")[0]
    (folder / "plain.toml").write_text(text)
    run(
        "payload",
        "sign",
        "-p",
        "plain.toml",
        "--format",
        "cms",
        "data.bin",
        "-o",
        "made",
        "--now",
        now,
    )
    run("payload", "verify", "-p", "service.toml", "--format", "cms", "made", "--now", now)
    result = run("payload", "sign", "-p", "plain.toml", "data.bin", "--now", now, code=2)
    assert "payload" in result.stderr


def test_progress(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A long file shows how far it has been read where stderr is a terminal, and reads the same."""
    monkeypatch.setattr(progress, "LONG_BYTES", 4)
    monkeypatch.setattr(progress.sys.stderr, "isatty", lambda: True, raising=False)
    with progress.open_with_progress(str(folder / "data.bin"), what="sign") as stream:
        assert stream.read(5) + stream.read() == DATA
        assert stream.seek(0) == 0
        assert stream.read() == DATA
