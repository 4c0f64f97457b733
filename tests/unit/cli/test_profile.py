"""``profile``: show, lint and schema."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from zeep_wssec.profile_schema import schema


@pytest.mark.usefixtures("folder")
def test_show(run: Any, now: str) -> None:
    """A profile is said in plain words, without colour codes in a pipe."""
    result = run("profile", "show", "client.toml", "--now", now)
    assert "1. Timestamp that expires after 300 seconds" in result.stdout
    assert "\x1b" not in result.stdout


@pytest.mark.usefixtures("folder")
def test_lint_of_a_strong_profile(run: Any, now: str) -> None:
    """Nothing found is said, and exits with 0."""
    result = run("profile", "lint", "client.toml", "--now", now, "--strict")
    assert result.stdout == "Nothing found.\n"


@pytest.mark.usefixtures("folder")
def test_lint_of_an_expired_certificate(run: Any) -> None:
    """What fails now exits with 1."""
    result = run("profile", "lint", "client.toml", "--now", "2030-01-01T00:00:00Z", code=1)
    assert "error: keystore: The certificate of key 'client' (CN=client) expired" in result.stdout


@pytest.mark.usefixtures("folder")
def test_lint_warnings(run: Any, now: str) -> None:
    """A weakness exits with 1 under ``--strict`` only."""
    lint = ("profile", "lint", "weak.toml", "--now", now)
    Path("weak.toml").write_text('[inbound]\nmode = "over_tls"\n')
    Path("weak.toml").chmod(0o600)
    assert run(*lint).stdout.startswith("warning: inbound: ")
    run(*lint, "--strict", code=1)


@pytest.mark.usefixtures("folder")
def test_lint_as_json(run: Any, now: str) -> None:
    """Findings are data for programs."""
    Path("weak.toml").write_text('[inbound]\nmode = "over_tls"\n')
    Path("weak.toml").chmod(0o600)
    result = run("profile", "lint", "weak.toml", "--now", now, "--json")
    (finding,) = json.loads(result.stdout)
    assert (finding["severity"], finding["path"]) == ("warning", "inbound")


@pytest.mark.skipif(os.name != "posix", reason="modes are those of POSIX")
@pytest.mark.usefixtures("folder")
def test_lint_of_a_file_that_others_may_change(run: Any, now: str) -> None:
    """Whoever can write the profile decides what is trusted."""
    Path("client.toml").chmod(0o666)
    result = run("profile", "lint", "client.toml", "--now", now)
    assert result.stdout.startswith("warning: client.toml: Everybody")


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("command", ["show", "lint"])
def test_wrong_profile(run: Any, command: str) -> None:
    """A wrong profile exits with 2 and says where it is wrong."""
    Path("wrong.toml").write_text("[header]\nextend = 1\n")
    result = run("profile", command, "wrong.toml", code=2)
    assert result.stderr.startswith("ProfileError (profile): wrong.toml: header.extend: ")


def test_schema(run: Any) -> None:
    """The schema is what the package has."""
    assert json.loads(run("profile", "schema").stdout) == schema()
