"""``keystore plan``, and ``list`` and ``check`` of a profile with several generations."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from rotation.generations import DAY, authority, generations

from zeep_wssec.cli import main

CLIENT, SERVICE = generations("client"), generations("service")
PROFILE = f"""
[[keystore]]
pkcs12 = "old.p12"
password_env = "PW"
alias = "client"
[[keystore]]
pkcs12 = "new.p12"
password_env = "PW"
alias = "client"
sign_from = {DAY.isoformat()}
[[keystore]]
partner = "service"
certificate = "service-old.pem"
[[keystore]]
partner = "service"
certificate = "service-new.pem"
encrypt_from = {DAY.isoformat()}
[trust]
anchors = ["ca.pem"]
"""
Run = Callable[..., Any]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Give a function that runs a command about the profile, and gives its output."""
    for name, issued in (("old", CLIENT.old), ("new", CLIENT.new)):
        (tmp_path / f"{name}.p12").write_bytes(issued.pkcs12("secret"))
    for name, issued in (("old", SERVICE.old), ("new", SERVICE.new)):
        (tmp_path / f"service-{name}.pem").write_bytes(issued.certificate_pem)
    (tmp_path / "ca.pem").write_bytes(authority().pem)
    (tmp_path / "p.toml").write_text(PROFILE)
    monkeypatch.setenv("PW", "secret")
    monkeypatch.chdir(tmp_path)

    def invoke(command: str, *arguments: str, code: int = 0) -> str:
        given = ["keystore", command, "p.toml", *arguments]
        result = CliRunner().invoke(main, given, catch_exceptions=False)
        assert result.exit_code == code, result.output
        return result.output

    return invoke


@pytest.mark.parametrize(
    ("at", "ours", "theirs"),
    [
        ("2027-06-15T05:59:59Z", CLIENT.old, SERVICE.old),
        ("2027-06-15T08:00:00+02:00", CLIENT.new, SERVICE.new),
        ("2027-09-01T00:00:00Z", CLIENT.new, SERVICE.new),
    ],
)
def test_plan_tells_who_serves(run: Run, at: str, ours: Any, theirs: Any) -> None:
    """To the second, whatever the offset of the moment that is asked about."""
    plan = json.loads(run("plan", "--at", at, "--json"))
    (key,), (partner,) = plan["keys"], plan["partners"]
    assert key["signs"]["thumbprint_sha256"] == ours.certificate.thumbprint_sha256
    assert partner["encrypted_to"]["thumbprint_sha256"] == theirs.certificate.thumbprint_sha256
    assert len(key["decrypt"]) == 2
    assert plan["anchors"][0]["trusted"]


def test_plan_tells_who_is_trusted(run: Run) -> None:
    """Both certificates of the partner while both are valid, then one."""
    for at, count in (("2027-06-20T00:00:00Z", 2), ("2027-09-01T00:00:00Z", 1)):
        (partner,) = json.loads(run("plan", "--at", at, "--json"))["partners"]
        assert len(partner["may_sign"]) == count


def test_plan_tells_what_comes_next(run: Run) -> None:
    """When who follows, and from when on nobody is left."""
    (key,) = json.loads(run("plan", "--at", "2027-06-01T00:00:00Z", "--json"))["keys"]
    first, last = key["changes"]
    assert first["at"] == DAY.isoformat()
    assert first["to"]["thumbprint_sha256"] == CLIENT.new.certificate.thumbprint_sha256
    assert last["to"] is None


def test_plan_in_words(run: Run) -> None:
    """The same for people."""
    text = run("plan", "--at", "2027-06-20T00:00:00Z")
    serial = f"{CLIENT.new.certificate.serial_number:x}"
    assert (
        f"signs with: CN=client (serial {serial}, until 2028-05-31), in use since {DAY.isoformat()}"
        in text
    )
    assert text.count("  decrypts: ") == 2
    assert "anchor CN=Root" in text
    assert "error: nobody signs" in run("plan", "--at", "2030-01-01T00:00:00Z")


def test_plan_at_a_time_without_an_offset(run: Run) -> None:
    """It would be another moment on another machine."""
    assert "no zone" in run("plan", "--at", "2027-06-15T06:00:00", code=2)


def test_list_has_every_generation(run: Run) -> None:
    """Each with its date."""
    listed = json.loads(run("list", "--json", "--now", "2027-06-01T00:00:00Z"))
    assert [item["alias"] for item in listed] == ["client", "client", "service", "service"]
    assert [item["serves_from"] for item in listed] == [None, DAY.isoformat()] * 2


def test_check_counts_what_nothing_follows(run: Run) -> None:
    """The old generation may end; the last one may not."""
    run("check", "--now", "2027-07-20T00:00:00Z")
    run("check", "--now", "2027-09-01T00:00:00Z")
    text = run("check", "--now", "2028-05-15T00:00:00Z", code=1)
    assert "critical" in text


def test_profile_show_says_the_dates(run: Run) -> None:
    """A reader of the profile sees that the second one waits."""
    result = CliRunner().invoke(main, ["profile", "show", "p.toml"], catch_exceptions=False)
    for name in ("key 'client'", "partner 'service'"):
        assert f"{name}, certificate 1 of 2:" in result.output
        assert f"{name}, certificate 2 of 2, in use from {DAY.isoformat()}:" in result.output
