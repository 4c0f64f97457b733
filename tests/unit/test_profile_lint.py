"""Weaknesses of a profile: each is found with its place, and its repaired twin is clean."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from zeep_wssec.demands import AnyoneUnder, Inbound, OverTLS, Unverified
from zeep_wssec.keys.keystore import Keystore
from zeep_wssec.plan import TLS, Overlay, Plan, Service
from zeep_wssec.profile_lint import Finding, weaknesses
from zeep_wssec.settings import Encryption, Signature, Timestamp, UsernameToken
from zeep_wssec.testing.authority import Authority
from zeep_wssec.testing.orders import WSDL

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
    over_key = replace(SIGN, parts=("body", "timestamp", "encrypted_key"))
    (found,) = find(keystore, outbound=(Timestamp(), step, over_key))
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


# What was found at the first message only.


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"key": "ec-p256"}, "needs an RSA key"),
        ({"key_usage": ("digital_signature",)}, "keyEncipherment"),
        ({}, None),
    ],
)
def test_recipient_that_cannot_be_encrypted_to(
    authority: Authority, options: dict[str, Any], words: str | None
) -> None:
    """A certificate that is for signing only fails every message: said ahead of the first."""
    store = authority.issue("CN=client").keystore("client")
    held = store.with_partner("partner", authority.issue("CN=partner", **options).certificate)
    found = find(held, outbound=STRONG)
    assert places(found) == ([("error", "outbound[2].recipients[0]")] if words else [])
    assert all(str(words) in item.text for item in found)


def test_key_that_may_not_sign(authority: Authority, keystore: Keystore) -> None:
    """So does a key whose certificate is for encryption only."""
    issued = authority.issue("CN=client", key_usage=("key_encipherment",))
    found = find(issued.keystore("client"), outbound=(Timestamp(), SIGN), inbound=OverTLS())
    assert ("error", "outbound[1].key") in places(found)
    assert find(keystore, outbound=STRONG) == []


@pytest.mark.parametrize("content", [None, b"", b"no certificate"])
def test_trust_of_a_server_that_cannot_be_read(
    keystore: Keystore, authority: Authority, tmp_path: Path, content: bytes | None
) -> None:
    """A trust file that is missing or empty is found before the first connection."""
    (tmp_path / "ca.pem").write_bytes(authority.pem)
    bad = tmp_path / "bad.pem"
    if content is not None:
        bad.write_bytes(content)
    good = find(keystore, outbound=STRONG, tls=TLS(trust=(tmp_path / "ca.pem",)))
    assert good == []
    found = find(keystore, outbound=STRONG, tls=TLS(trust=(tmp_path / "ca.pem", bad)))
    assert places(found) == [("error", "tls.trust[1]")]
    assert ("no such file" in found[0].text) == (content is None)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("PlaceOrder", None),
        ("urn:example:orders/PlaceOrder", None),
        ("{urn:example:orders}Fail", None),
        ("PlaceOrdr", "Did you mean PlaceOrder"),
        ("placeorder", "Did you mean PlaceOrder"),
        ("Ping", "It has"),
    ],
)
def test_overlay_for_no_operation(keystore: Keystore, name: str, words: str | None) -> None:
    """An overlay that nothing in the WSDL matches would never be used."""
    service = Service(wsdl=WSDL, address="https://a.example/")
    operations = {name: Overlay(outbound=STRONG)}
    found = find(keystore, outbound=STRONG, service=service, operations=operations)
    assert places(found) == ([("error", f"operation.{name}")] if words else [])
    assert all(str(words) in item.text for item in found)


@pytest.mark.parametrize("content", [None, "<a", "<a/>"])
def test_wsdl_that_cannot_be_read(keystore: Keystore, tmp_path: Path, content: str | None) -> None:
    """A WSDL that is not there, or is none."""
    if content is not None:
        (tmp_path / "a.wsdl").write_text(content)
    service = Service(wsdl=tmp_path / "a.wsdl")
    found = find(keystore, outbound=STRONG, service=service)
    assert places(found) == [("error", "service.wsdl")]
