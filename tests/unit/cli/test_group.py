"""The command line as a whole: help, version, lazy commands, failures."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import click
import pytest

from zeep_wssec import __version__
from zeep_wssec.cli import main
from zeep_wssec.cli.group import describe_failure, exit_code
from zeep_wssec.errors import (
    KeyNotFoundError,
    OutboundError,
    ProfileError,
    SignatureInvalidError,
    UntrustedCertificateError,
    WSSecError,
)


def test_help_names_every_command(run: Any) -> None:
    """Help lists the commands without importing them."""
    text = run("--help").stdout
    assert all(name in text for name in ("check", "demo", "doctor", "profile", "secure"))


def test_help_imports_no_command() -> None:
    """A command is imported when it is used."""
    code = (
        "import sys\nfrom zeep_wssec.cli import main\n"
        "main(['--help'], standalone_mode=False)\n"
        "print(sorted(n for n in sys.modules if n.startswith('zeep_wssec.cli.')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "['zeep_wssec.cli.group', 'zeep_wssec.cli.output']"


def test_version(run: Any) -> None:
    """The version is the package's."""
    assert run("--version").stdout == f"zeep-wssec, version {__version__}\n"


def test_unknown_command(run: Any) -> None:
    """A name that is no command is a wrong argument."""
    assert "No such command 'secrue'. Did you mean 'secure'?" in run("secrue", code=2).stderr
    assert "Did you mean 'list'?" in run("keystore", "lst", code=2).stderr
    assert "Did you mean" not in run("xyzzy", code=2).stderr


@pytest.mark.parametrize("name", ["check", "doctor", "profile", "secure"])
def test_help_of_a_command(run: Any, name: str) -> None:
    """Every command explains itself."""
    command = main.get_command(click.Context(main), name)
    assert command is not None
    assert command.help
    assert run(name, "-h").stdout.startswith("Usage:")


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ProfileError("x"), 2),
        (KeyNotFoundError("x"), 2),
        (OutboundError("x"), 1),
        (SignatureInvalidError("x"), 1),
        (WSSecError("x"), 1),
    ],
)
def test_exit_codes(error: WSSecError, code: int) -> None:
    """What the caller has to repair exits with 2, what was judged with 1."""
    assert exit_code(error) == code


def test_failure_in_words() -> None:
    """Class, code, place, reason and hint; whatever a peer wrote is escaped."""
    error = UntrustedCertificateError(
        "The signer\x1b[2J is wrong.", hint="Ask\nthem.", reason="wrong_peer", path="a.toml"
    )
    error.unverified_fault = "Server\r\nbusy"
    assert describe_failure(error) == [
        r"UntrustedCertificateError (untrusted_certificate): a.toml: The signer\x1b[2J is wrong.",
        "  reason: wrong_peer",
        r"  hint: Ask\nthem.",
        r"  fault, not verified: Server\r\nbusy",
    ]
