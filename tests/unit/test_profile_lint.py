"""Weaknesses of a profile: each is found with its place, and its repaired twin is clean."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from zeep_wssec.demands import AnyoneUnder, Inbound, OverTLS, Unverified
from zeep_wssec.keys.keystore import Keystore
from zeep_wssec.plan import TLS, Overlay, Plan, Service
from zeep_wssec.profile_lint import Finding, weaknesses
from zeep_wssec.settings import Encryption, Signature, Timestamp, UsernameToken
from zeep_wssec.testing.authority import Authority

NOW = datetime(2027, 6, 1, 12, 0, tzinfo=UTC)
SIGN = Signature(parts=("body", "timestamp"))
SIGN_BODY = Signature(parts=("body",))
ENCRYPT = Encryption(recipients=("partner",))
TOKEN = UsernameToken(username="me", password="x", password_type="text")
STRONG = (Timestamp(), SIGN, ENCRYPT)


@pytest.fixture(scope="module")
def authority() -> Authority:
    """Who issues the certificates here."""
    return Authority.create("CN=ca", now=NOW)


@pytest.fixture(scope="module")
def keystore(authority: Authority) -> Keystore:
    """Our key pair and one partner."""
    partner = authority.issue("CN=partner").certificate_pem
    return authority.issue("CN=client").keystore("client").with_partner("partner", partner)


def find(keystore: Keystore, now: datetime = NOW, **settings: Any) -> list[Finding]:
    return weaknesses(Plan(keystore=keystore, **settings), now)


def places(findings: list[Finding]) -> list[tuple[str, str]]:
    return [(item.severity, item.path) for item in findings]


def test_strong_profile_is_clean(keystore: Keystore) -> None:
    """What the documentation recommends has no finding; each test below weakens one thing."""
    assert find(keystore, outbound=STRONG) == []
    assert find(keystore, outbound=STRONG, inbound=Inbound(encrypted=("body",))) == []


# What is sent.


@pytest.mark.parametrize(
    ("steps", "severity", "path", "words"),
    [
        ((SIGN_BODY,), "warning", "outbound", "no Timestamp"),
        ((Timestamp(), SIGN_BODY), "warning", "outbound", "covers the Timestamp"),
        ((Timestamp(), Signature(parts=("timestamp",))), "warning", "outbound", "covers the Body"),
        ((Timestamp(), ENCRYPT), "warning", "outbound", "not signed"),
        ((TOKEN, *STRONG), "warning", "outbound[0]", "No signature covers the token"),
        ((TOKEN, *STRONG), "warning", "outbound[0].password_type", "readable"),
        ((TOKEN,), "note", "outbound", "only TLS protects"),
        ((Timestamp(ttl_seconds=7200), SIGN), "note", "outbound[0].ttl_seconds", "over an hour"),
    ],
)
def test_steps(keystore: Keystore, steps: Any, severity: str, path: str, words: str) -> None:
    """Steps that protect less than they seem to are reported."""
    found = find(keystore, outbound=steps, inbound=Inbound(signed_by="partner"))
    assert (severity, path) in places(found)
    assert any(words in item.text for item in found if item.path == path)


@pytest.mark.parametrize(
    "part",
    [
        "username_token",
        "xpath://wsse:UsernameToken",
        "{}{http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd}UsernameToken",
    ],
)
def test_covered_token(keystore: Keystore, part: str) -> None:
    """A token that is signed and encrypted is no weakness, however the part is written."""
    steps = (
        Timestamp(),
        TOKEN,
        replace(SIGN, parts=("body", "timestamp", part)),
        replace(ENCRYPT, parts=("body", part)),
    )
    assert find(keystore, outbound=steps) == []


def test_legacy_in_use_with_its_reason(keystore: Keystore) -> None:
    """An opt-in is reported with the reason that it was given."""
    step = replace(SIGN, digest="sha1", legacy={"sha1": "their gateway"})
    (found,) = find(keystore, outbound=(Timestamp(), step, ENCRYPT))
    assert (found.severity, found.path) == ("warning", "outbound[1].legacy.sha1")
    assert "their gateway" in found.text


def test_legacy_not_in_use(keystore: Keystore) -> None:
    """An opt-in that nothing needs is to be removed."""
    step = replace(SIGN, legacy={"sha1": "their gateway"})
    found = find(keystore, outbound=(Timestamp(), step, ENCRYPT))
    assert places(found) == [("note", "outbound[1].legacy.sha1")]


def test_cbc(keystore: Keystore) -> None:
    """CBC is weak with an opt-in as well as under a signature."""
    step = replace(ENCRYPT, algorithm="aes256-cbc")
    (found,) = find(keystore, outbound=(Timestamp(), step, SIGN))
    assert found.path == "outbound[1].algorithm"
    assert "aes256-gcm" in found.text


# What answers must prove.


@pytest.mark.parametrize(
    ("demands", "severity", "path"),
    [
        (OverTLS(), "warning", "inbound"),
        (Unverified(reason="test", until=date(2027, 12, 31)), "warning", "inbound"),
        (Unverified(reason="test"), "note", "inbound.until"),
        (Unverified(reason="test", until=date(2027, 5, 31)), "error", "inbound.until"),
        (Inbound(unsigned_faults="accept"), "warning", "inbound.unsigned_faults"),
        (Inbound(empty_replies="accept"), "note", "inbound.empty_replies"),
        (Inbound(signed=("timestamp",)), "warning", "inbound.signed"),
        (Inbound(fresh_seconds=None), "warning", "inbound.fresh_seconds"),
        (Inbound(fresh_seconds=86400), "note", "inbound.fresh_seconds"),
        (Inbound(signed_by="other"), "error", "inbound.signed_by"),
        (Inbound(signed_by=AnyoneUnder(reason="test")), "warning", "inbound.signed_by"),
        (Inbound(legacy={"sha1": "test"}), "warning", "inbound.legacy.sha1"),
    ],
)
def test_demands(keystore: Keystore, demands: Any, severity: str, path: str) -> None:
    """Every way to demand less of an answer is reported."""
    assert (severity, path) in places(find(keystore, outbound=STRONG, inbound=demands))


def test_nothing_demanded(keystore: Keystore) -> None:
    """A token alone leaves answers unproved, and nobody has said so."""
    token = UsernameToken(username="me", password_type="none")
    found = find(keystore, outbound=[token])
    assert ("warning", "inbound") in places(found)


def test_encrypted_is_not_signed(keystore: Keystore) -> None:
    """Encryption says nothing of who wrote the answer."""
    found = find(keystore, outbound=[ENCRYPT])
    assert any(item.path == "inbound" and "anybody can encrypt" in item.text for item in found)


def test_nobody_to_sign(authority: Authority) -> None:
    """A demand that nobody can meet is an error ahead of the first message."""
    held = authority.issue("CN=client").keystore()
    assert ("error", "inbound.signed_by") in places(find(held, outbound=[SIGN_BODY]))


def test_operation_has_its_own_findings(keystore: Keystore) -> None:
    """An overlay is looked at like the profile, under its own path."""
    overlay = Overlay(outbound=(Timestamp(), SIGN_BODY), inbound=OverTLS())
    found = find(keystore, outbound=STRONG, operations={"Ping": overlay})
    assert places(found) == [
        ("warning", "operation.Ping.outbound"),
        ("warning", "operation.Ping.inbound"),
    ]


# Keys and connection.


@pytest.mark.parametrize(
    ("steps", "path"),
    [
        ((Timestamp(), replace(SIGN, key="other")), "outbound[1].key"),
        ((Timestamp(), SIGN, Encryption(recipients=("other",))), "outbound[2].recipients[0]"),
    ],
)
def test_alias_that_is_not_there(keystore: Keystore, steps: Any, path: str) -> None:
    """A name that the keystore lacks is an error before the first message."""
    assert places(find(keystore, outbound=steps)) == [("error", path)]


def test_tls_key_that_is_not_there(keystore: Keystore) -> None:
    """The client key of the connection is looked up, too."""
    assert find(keystore, outbound=STRONG, tls=TLS(client_key="client")) == []
    found = find(keystore, outbound=STRONG, tls=TLS(client_key="other"))
    assert places(found) == [("error", "tls.client_key")]


@pytest.mark.parametrize(
    ("days", "severity", "words"),
    [
        (31, None, ""),
        (30, "warning", "expires on 2027-07-01, in 30 days"),
        (-1, "error", "expired"),
    ],
)
def test_certificate_near_its_end(
    authority: Authority, days: int, severity: str | None, words: str
) -> None:
    """A certificate is reported a month ahead, and as an error once it has ended."""
    held = authority.issue("CN=client", not_after=NOW + timedelta(days=days)).keystore()
    found = find(held)
    assert [item.severity for item in found] == ([severity] if severity else [])
    assert all(words in item.text for item in found)


def test_certificate_not_valid_yet(keystore: Keystore) -> None:
    """A certificate of tomorrow fails today."""
    found = find(keystore, now=NOW - timedelta(days=2))
    assert {(item.severity, item.path) for item in found} == {("error", "keystore")}


def test_weak_key(authority: Authority) -> None:
    """A key that every message with it would be refused for."""
    held = authority.issue("CN=client", key="rsa-1024").keystore()
    (found,) = find(held)
    assert found.severity == "error"
    assert "1024 bits" in found.text


@pytest.mark.parametrize(
    ("address", "count"),
    [("https://a.example/", 0), ("http://a.example/", 1), ("http://me:hunter2@a.example/", 2)],
)
def test_address(keystore: Keystore, address: str, count: int) -> None:
    """An address without TLS, or with a password in it, is reported; the password is not."""
    found = find(keystore, outbound=STRONG, service=Service(address=address))
    assert len(found) == count
    assert "hunter2" not in repr(found)


def test_errors_come_first(keystore: Keystore) -> None:
    """What fails stands above what is weak."""
    found = find(
        keystore,
        outbound=(Timestamp(ttl_seconds=7200), replace(SIGN, key="other")),
        inbound=OverTLS(),
    )
    assert [item.severity for item in found] == ["error", "warning", "note"]


def test_finding_as_text() -> None:
    """A finding is one line: how bad, where, what."""
    finding = Finding(severity="note", path="inbound", text="Look.")
    assert str(finding) == "note: inbound: Look."
