"""``zeep-wssec openpgp list``: user ids, kinds and states."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from click.testing import CliRunner, Result
from payload.openpgp.kit import Rings

from zeep_wssec.cli import main


def listed(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, ["openpgp", "list", *map(str, arguments)])


def test_o8_states(rings: Rings, expiring: Callable[[int], Path]) -> None:
    """O-16: 13 days are critical, 15 valid, past is expired; no end is valid."""
    now = "2027-03-01T12:00:00Z"
    paths = [expiring(days) for days in (15, 13, -1)]
    found = json.loads(listed(*paths, rings.path("alice.sec"), "--now", now, "--json").stdout)
    assert [item["state"] for item in found] == ["valid", "critical", "expired", "valid"]
    assert [item["secret"] for item in found] == [False, False, False, True]
    assert found[0]["user_ids"] == ["Ends 15 <ends15@example.com>"]
    assert found[0]["subkeys"][0]["capabilities"] == ["encrypt"]


def test_table(rings: Rings) -> None:
    """For people: one line a key, with its fingerprint."""
    lines = listed(rings.path("partners.gpg"), rings.path("alice.sec")).stdout.splitlines()
    assert len(lines) == 5
    assert "Bob <bob@recv.example>" in lines[1]
    assert rings.fingerprints["bob"] in lines[1]
    assert "secret eddsa" in lines[4]


def test_no_ring(tmp_path: Path) -> None:
    """What is no ring is an error that says how to write one."""
    (tmp_path / "notes.txt").write_text("no keys here")
    result = listed(tmp_path / "notes.txt")
    assert result.exit_code != 0
    assert "gpg --export" in result.stderr
