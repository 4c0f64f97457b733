"""``[trust]`` in a profile file: revocation, usages, exceptions, and several certificates of a partner."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from zeep_wssec.errors import KeyLoadError, ProfileError
from zeep_wssec.keys.snapshot import Snapshot
from zeep_wssec.keys.trust import TrustStore, load_rules
from zeep_wssec.keys.trust_rules import TrustException
from zeep_wssec.profile_file import loads_plan
from zeep_wssec.testing.authority import Authority

EXCEPTION = """
[[trust.exception]]
sha256 = "{sha256}"
reason = "{reason}"
until = {until}
allow = {allow}
"""
RIGHT = {"sha256": "ab" * 32, "reason": "a test", "until": "2027-01-31", "allow": '["expired"]'}


def loaded(text: str, folder: Path) -> Snapshot:
    return loads_plan(text, base=folder, name="profile.toml").keystore.snapshot()


def test_everything(tmp_path: Path, authority: Authority) -> None:
    """Each key of the section reaches the rules."""
    leaf = authority.issue("leaf")
    (tmp_path / "ca.crl").write_bytes(authority.crl(leaf))
    (tmp_path / "leaf.ocsp").write_bytes(authority.ocsp(leaf))
    text = """
        [trust]
        revocation = "hard"
        crls = ["ca.crl"]
        ocsp = ["leaf.ocsp"]
        extended_key_usage = ["client_auth", "1.2.3"]
        legacy = { sha1 = "an old CA" }
    """
    rules = loaded(text + EXCEPTION.format(**RIGHT), tmp_path).shared_trust.rules
    assert (rules.revocation, len(rules.crls), len(rules.ocsp), rules.sha1) == ("hard", 1, 1, True)
    assert rules.extended_key_usage == {"1.3.6.1.5.5.7.3.2", "1.2.3"}
    (exception,) = rules.exceptions
    assert (exception.reason, exception.allow) == ("a test", ("expired",))
    plain = loaded("", tmp_path).shared_trust.rules
    assert plain.is_plain
    assert not rules.is_plain


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"sha256": "ab"}, "not a pin"),
        ({"reason": " "}, "needs a reason"),
        ({"until": '"2027-01-31"'}, "ends on a day"),
        ({"until": "2027-01-31T00:00:00Z"}, "a text or a date or a list"),
        ({"allow": "[]"}, "cannot allow nothing"),
        ({"allow": '["own_key"]'}, "cannot allow 'own_key'"),
        ({"allow": '["expired", "wrong_peer"]'}, "cannot allow 'wrong_peer'"),
        ({"allow": '["revoked"]'}, "cannot allow 'revoked'"),
        ({"allow": '["expired"]\nmore = "x"'}, "all of them"),
    ],
    ids=str,
)
def test_wrong_exception(tmp_path: Path, change: dict[str, str], words: str) -> None:
    """An exception that does not say exactly what it is about is refused when it is loaded."""
    with pytest.raises(ProfileError, match=words) as caught:
        loaded(EXCEPTION.format(**{**RIGHT, **change}), tmp_path)
    assert "trust.exception[0]" in caught.value.path
    assert loaded(EXCEPTION.format(**RIGHT), tmp_path).shared_trust.rules.exceptions


@pytest.mark.parametrize(
    ("line", "path"),
    [
        ('revocation = "sometimes"', "trust.revocation"),
        ('extended_key_usage = ["clientAuthentication"]', "trust.extended_key_usage"),
        ('legacy = { md5 = "why" }', "trust.legacy"),
        ('legacy = { sha1 = "" }', "trust.legacy"),
        ('crls = ["missing.crl"]', "trust"),
    ],
)
def test_wrong_setting(tmp_path: Path, line: str, path: str) -> None:
    """A slip of the pen is an error with its path; so is a file that is not there."""
    with pytest.raises((ProfileError, KeyLoadError)) as caught:
        loaded(f"[trust]\n{line}", tmp_path)
    assert path in caught.value.path


def test_several_certificates_of_a_partner(tmp_path: Path, authority: Authority) -> None:
    """A list gives one partner; the first that is valid is encrypted to."""
    now = datetime.now(authority.now.tzinfo)
    edges = {"not_before": now - timedelta(days=9), "not_after": now - timedelta(days=1)}
    old = authority.issue("partner", **edges)  # type: ignore[arg-type]
    new = authority.issue("partner", not_before=now - timedelta(days=1))
    for name, issued in (("old.pem", old), ("new.pem", new)):
        (tmp_path / name).write_bytes(issued.certificate_pem)
    text = '[[keystore]]\npartner = "p"\ncertificate = {}\n'
    held = loaded(text.format('["old.pem", "new.pem"]'), tmp_path)
    assert held.require_certificate("p", now=now) == new.certificate
    assert held.speaks_for("p", old.certificate)
    assert not held.speaks_for("q", old.certificate)
    found = held.find_certificates(thumbprint=old.certificate.thumbprint)
    assert found == (old.certificate,)
    alone = loaded(text.format('"old.pem"'), tmp_path)
    assert alone.require_certificate("p") == old.certificate
    with pytest.raises(ProfileError, match="needs its certificate"):
        loaded(text.format("[]"), tmp_path)


def test_key_has_one_certificate(tmp_path: Path, authority: Authority) -> None:
    """A list is for partners."""
    issued = authority.issue("key")
    (tmp_path / "key.pem").write_bytes(issued.key_pem())
    (tmp_path / "cert.pem").write_bytes(issued.certificate_pem)
    text = '[[keystore]]\nkey = "key.pem"\ncertificate = {}\n'
    assert loaded(text.format('"cert.pem"'), tmp_path).keys
    with pytest.raises(ProfileError, match="one certificate"):
        loaded(text.format('["cert.pem", "cert.pem"]'), tmp_path)


def test_rules_of_two() -> None:
    """Of two modes the stricter holds; exceptions and opt-ins of both do."""
    one = TrustException(sha256="ab" * 32, reason="a", until=date(2027, 1, 1), allow=("sha1",))
    soft = TrustStore.load(revocation="soft", exceptions=[one])
    for merged in (
        soft.merge(TrustStore.load(revocation="hard")),
        TrustStore.load(revocation="hard").merge(soft),
    ):
        assert merged.rules.revocation == "hard"
        assert merged.rules.exceptions == (one,)
    assert soft.merge(TrustStore()).rules.revocation == "soft"
    assert not soft.merge(TrustStore()).rules.sha1
    assert load_rules().is_plain
