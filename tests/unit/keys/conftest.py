"""A fixed moment, a throwaway authority, and the tools of other makers."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from peers import require_program

from zeep_wssec.testing.authority import Authority, Issued
from zeep_wssec.testing.certificates import generate_key

Run = Callable[..., bytes]


@pytest.fixture(scope="session")
def now() -> datetime:
    """The moment at which everything here happens."""
    return datetime(2027, 6, 1, 12, 0, tzinfo=UTC)


@pytest.fixture(scope="session")
def authority(now: datetime) -> Authority:
    """A root that all tests share."""
    return Authority.create("Test Root", now=now)


@pytest.fixture(scope="session")
def client(authority: Authority) -> Issued:
    """A key pair that is fit for everything."""
    return authority.issue("client", key=generate_key("rsa-2048"))


@pytest.fixture(scope="session")
def require_tool() -> Callable[[str], Run]:
    """Give a function that finds a tool and gives a function that runs it."""

    def require(name: str) -> Run:
        program = require_program(name)

        def run(*arguments: str | Path, stdin: bytes = b"") -> bytes:
            done = subprocess.run(
                [program, *map(str, arguments)],
                input=stdin,
                capture_output=True,
                timeout=60,
                check=False,
            )
            assert done.returncode == 0, (done.stdout + done.stderr).decode(errors="replace")
            return done.stdout

        return run

    return require
