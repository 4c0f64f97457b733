"""``secure`` writes a protected message, whole or not at all, and for its owner only."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.usefixtures("folder")


def test_protects_a_message(run: Any, now: str, folder: Path) -> None:
    """The steps of the profile are done and the plain text is gone."""
    run("secure", "-p", "client.toml", "request.xml", "-o", "sent.xml", "--now", now)
    sent = (folder / "sent.xml").read_bytes()
    assert b"SignatureValue" in sent
    assert b"PlaceOrder" not in sent


def test_streams(run: Any, now: str, folder: Path) -> None:
    """``-`` is stdin and stdout, and nothing but the message goes to stdout."""
    data = (folder / "request.xml").read_bytes()
    result = run("secure", "--profile", "client.toml", "-", "--now", now, stdin=data)
    assert result.stdout.startswith("<?xml")
    assert result.stderr == ""


def test_operation_chooses_the_overlay(run: Any, now: str, folder: Path) -> None:
    """``--operation`` names the overlay that the message itself does not."""
    with (folder / "client.toml").open("a") as file:
        file.write("[operation.Ping]\noutbound = []\n")
    plain = run("secure", "-p", "client.toml", "request.xml", "--operation", "Ping", "--now", now)
    assert "PlaceOrder" in plain.stdout
    sealed = run("secure", "-p", "client.toml", "request.xml", "--now", now)
    assert "PlaceOrder" not in sealed.stdout


@pytest.mark.skipif(os.name != "posix", reason="modes are those of POSIX")
def test_output_is_for_its_owner(run: Any, now: str, folder: Path) -> None:
    """A message may hold a password, so a file is made for its owner, and made anew."""
    (folder / "sent.xml").write_text("old")
    (folder / "sent.xml").chmod(0o644)
    run("secure", "-p", "client.toml", "request.xml", "-o", "sent.xml", "--now", now)
    assert stat.S_IMODE((folder / "sent.xml").stat().st_mode) == 0o600


def test_nothing_on_failure(run: Any, now: str, folder: Path) -> None:
    """A message that cannot be protected leaves what was there."""
    (folder / "sent.xml").write_text("old")
    (folder / "broken.xml").write_text("<a>")
    result = run(
        "secure", "-p", "client.toml", "broken.xml", "-o", "sent.xml", "--now", now, code=1
    )
    assert result.stderr.startswith("OutboundError (outbound): ")
    assert (folder / "sent.xml").read_text() == "old"


def test_output_is_never_a_link(run: Any, now: str, folder: Path) -> None:
    """A link is neither followed nor replaced."""
    (folder / "target.xml").write_text("old")
    (folder / "sent.xml").symlink_to("target.xml")
    arguments = ("secure", "-p", "client.toml", "request.xml", "--now", now, "-o")
    result = run(*arguments, "sent.xml", code=2)
    assert "symbolic link" in result.stderr
    assert (folder / "target.xml").read_text() == "old"
    assert (folder / "sent.xml").is_symlink()
    run(*arguments, "target.xml")


@pytest.mark.parametrize("output", [".", "nowhere/sent.xml"])
def test_output_that_cannot_be(run: Any, now: str, output: str) -> None:
    """A folder, or a file in none, is a wrong argument."""
    run("secure", "-p", "client.toml", "request.xml", "-o", output, "--now", now, code=2)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("-p", "client.toml", "nothing.xml"), "nothing.xml cannot be read"),
        (("-p", "nothing.toml", "request.xml"), "ProfileError (profile)"),
        (("request.xml",), "--profile"),
        (("-p", "client.toml", "request.xml", "--now", "2027-06-01"), "no zone"),
        (("-p", "client.toml", "request.xml", "--now", "noon"), "not a time"),
    ],
)
def test_wrong_arguments(run: Any, arguments: tuple[str, ...], words: str) -> None:
    """What the caller got wrong exits with 2 and says what."""
    result = run("secure", *arguments, code=2)
    assert words in result.stderr
    assert result.stdout == ""


def test_wrong_password(run: Any, now: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key that does not open exits with 2, names its entry, and shows no password."""
    monkeypatch.setenv("P12_PASSWORD", "hunter2")
    result = run("secure", "-p", "client.toml", "request.xml", "--now", now, code=2)
    assert result.stderr.startswith(
        "WrongPasswordError (wrong_password): client.toml: keystore[0]: "
    )
    assert "hunter2" not in result.stderr
