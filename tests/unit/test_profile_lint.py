"""Weaknesses of a profile: each is found with its place, and its repaired twin is clean."""

from __future__ import annotations

from base64 import b64decode
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from zeep_wssec.demands import Anonymous, AnyoneUnder, Inbound, OverTLS, Unverified
from zeep_wssec.keys.keystore import Keystore
from zeep_wssec.keys.secrets import Secret
from zeep_wssec.payload.cms import CmsSettings
from zeep_wssec.payload.jws import JwsSettings
from zeep_wssec.plan import TLS, Overlay, Plan, Service
from zeep_wssec.profile_lint import Finding, weaknesses
from zeep_wssec.settings import (
    Addressing,
    BinaryToken,
    Encryption,
    SecurityContext,
    SecurityHeader,
    SessionKey,
    Signature,
    Timestamp,
    UsernameToken,
)
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
    """Give what is found, but for what is said of a profile that has nothing else."""
    found = weaknesses(Plan(keystore=keystore, **settings), now)
    return [item for item in found if not says_idle(item)]


def says_idle(item: Finding) -> bool:
    return "demands nothing: it has" in str(item)


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
        (Inbound(signed_by=Anonymous(reason="test")), "warning", "inbound.signed_by"),
        (Inbound(username_token="digest"), "error", "inbound.username_token"),
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


@pytest.mark.parametrize("whose", ["ours", "theirs"])
def test_partner_with_our_own_certificate(authority: Authority, whose: str) -> None:
    """A certificate of ours in the partner's place is told; the partner's own is clean."""
    ours, theirs = authority.issue("CN=client"), authority.issue("CN=partner")
    given = {"ours": ours, "theirs": theirs}[whose].certificate
    found = find(ours.keystore("client").with_partner("partner", given), outbound=STRONG)
    assert places(found) == ([("warning", "keystore")] if whose == "ours" else [])
    assert all("partner 'partner' is that of our own key 'client'" in item.text for item in found)


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


# Steps that share a key, tokens and times.

SESSION = SessionKey(recipients=("partner",))
SIGN_SESSION = replace(SIGN, key="session", algorithm="hmac-sha256")
ENCRYPT_SESSION = Encryption(key="session")
USER = UsernameToken(username="me", password="x", password_type="none", derive_for="mac")
SIGN_USER = replace(SIGN, key="username_token")
CONTEXT = SecurityContext(identifier="urn:context", key="shared")
SIGN_CONTEXT = replace(SIGN, key="security_context")
TICKET = BinaryToken(value_type="urn:ticket", value="x")


@pytest.fixture(scope="module")
def sharing(keystore: Keystore) -> Keystore:
    """The keystore above, with a secret and a user."""
    return keystore.with_secret("shared", bytes(32)).with_user("alice", "secret")


@pytest.mark.parametrize(
    "steps",
    [
        (Timestamp(), SESSION, SIGN_SESSION, ENCRYPT_SESSION, SIGN),
        (Timestamp(), SESSION, replace(SIGN_SESSION, derived_key="1.3", derived_key_bytes=24), SIGN),
        (Timestamp(), SESSION, replace(SIGN_SESSION, key_reference="encrypted_key_sha1"), SIGN),
        (Timestamp(), replace(SIGN, key="request"), Encryption(key="request")),
        (Timestamp(), SIGN, Encryption(recipients=("request_signer",))),
        (Timestamp(), replace(SIGN, key="shared", key_reference="key_name"), ENCRYPT),
        (Timestamp(), SIGN, Encryption(key="shared", wrapped=True)),
        (Timestamp(), CONTEXT, SIGN_CONTEXT, Encryption(key="security_context", derived_key="1.3")),
        (Timestamp(), USER, SIGN_USER),
        (Timestamp(), USER, SIGN_USER, Encryption(key="username_token", derived_key="1.3")),
        (Timestamp(), replace(SIGN, algorithm="rsa-pss-sha256", include_token=True)),
        (Timestamp(), Addressing(), replace(SIGN, parts=("body", "timestamp", "headers"))),
        (Timestamp(), Addressing(), replace(SIGN, parts=("body", "timestamp", "header:wsa:To"))),
    ],
    ids=range(13),
)  # fmt: skip
def test_sharing_profile_is_clean(sharing: Keystore, steps: Any) -> None:
    """Each way to share a key has no finding; each test below changes one thing."""
    assert find(sharing, outbound=steps, inbound=Inbound(signed_by="partner")) == []


@pytest.mark.parametrize(
    ("steps", "severity", "path", "words"),
    [
        ((Timestamp(), SESSION, SIGN_SESSION), "note", "outbound", "does not say who sent"),
        ((Timestamp(), SESSION, SIGN), "note", "outbound[1].name", "No later step"),
        ((Timestamp(), USER, replace(SIGN, parts=("body", "timestamp", "username_token"))),
         "note", "outbound[1].name", "No later step"),
        ((Timestamp(), CONTEXT, SIGN), "note", "outbound[1].name", "No later step"),
        ((Timestamp(), replace(CONTEXT, key="no"), SIGN_CONTEXT), "error", "outbound[1].key", "no secret 'no'"),
        ((Timestamp(), replace(CONTEXT, key="client"), SIGN_CONTEXT), "error", "outbound[1].key", "is a key pair"),
        ((Timestamp(), replace(SESSION, name="shared"), replace(SIGN, key="shared"), SIGN),
         "warning", "outbound[1].name", "The keystore has 'shared' as well"),
        ((Timestamp(), replace(SIGN, key="sesion")), "error", "outbound[1].key",
         "Keys of steps in front of this one: none; secrets: 'shared'."),
        ((Timestamp(), SESSION, SIGN_SESSION, SIGN, replace(SIGN, key="sesion")), "error", "outbound[4].key",
         "Did you mean 'session'?"),
        ((Timestamp(), SESSION, SIGN_SESSION, SIGN, Encryption(key="sesion")), "error", "outbound[4].key",
         "Did you mean 'session'?"),
        ((Timestamp(), SIGN, Encryption(key="sesion")), "error", "outbound[2].key", "no secret 'sesion'"),
        ((Timestamp(), SIGN, Encryption(key="client")), "error", "outbound[2].key", "is a key pair"),
        ((Timestamp(), replace(SESSION, bytes=16), SIGN_SESSION, ENCRYPT_SESSION, SIGN),
         "error", "outbound[3].key", "aes256-gcm takes 32 bytes of key; 'session' has 16"),
        ((Timestamp(), replace(SESSION, bytes=16), SIGN_SESSION, replace(ENCRYPT_SESSION, wrapped=True), SIGN),
         "error", "outbound[3].key", "kw-aes256 takes 32 bytes of key"),
        ((Timestamp(), SESSION, replace(SIGN_SESSION, algorithm="rsa-sha256"), SIGN),
         "error", "outbound[2].algorithm", "signs by HMAC"),
        ((Timestamp(), replace(SIGN, algorithm="hmac-sha256")),
         "error", "outbound[1].algorithm",
         "needs a key of kind symmetric; 'client' has rsa. Leave algorithm out, or write rsa-sha256. An hmac"),
        ((Timestamp(), replace(SIGN, algorithm="ecdsa-sha256")),
         "error", "outbound[1].algorithm", "needs a key of kind ec; 'client' has rsa. Leave algorithm out"),
        ((Timestamp(), replace(SIGN, key="client", derived_key="1.3")),
         "error", "outbound[1].derived_key", "not from a key pair"),
        ((Timestamp(), replace(SIGN, key_reference="encrypted_key_sha1")),
         "error", "outbound[1].key_reference", "Only a symmetric key"),
        ((Timestamp(), SIGN, Encryption(key="shared", algorithm="aes128-gcm")),
         "error", "outbound[2].key", "aes128-gcm takes 16 bytes of key; 'shared' has 32. Give a secret of 16 octets"),
        ((Timestamp(), CONTEXT, SIGN_CONTEXT, Encryption(key="security_context", algorithm="aes128-gcm")),
         "error", "outbound[3].key", "'security_context' has 32"),
        ((Timestamp(), replace(USER, derive_for="encryption"),
          replace(SIGN, parts=("body", "timestamp", "username_token")), Encryption(key="username_token")),
         "error", "outbound[3].key", "'username_token' has 20"),
        ((Timestamp(), SIGN, Encryption(key="shared", derived_key="1.3")),
         "error", "outbound[2].derived_key", "derive from a security_context"),
        ((Timestamp(), replace(SIGN, key="shared", derived_key="1.3")),
         "error", "outbound[1].derived_key", "derive from a security_context"),
        ((Timestamp(), SESSION, replace(SIGN_SESSION, key_reference="thumbprint"), SIGN),
         "note", "outbound[2].key_reference", "thumbprint is for certificates"),
        ((Timestamp(), SESSION, replace(SIGN_SESSION, key_reference="key_name"), SIGN),
         "error", "outbound[2].key_reference", "has no KeyName"),
        ((Timestamp(), replace(SIGN, key="shared", key_reference="encrypted_key_sha1")),
         "error", "outbound[1].key_reference", "comes in no EncryptedKey"),
        ((Timestamp(), SESSION, replace(SIGN_SESSION, derived_key_bytes=32), SIGN),
         "note", "outbound[2].derived_key_bytes", "No key is derived"),
        ((Timestamp(), replace(SESSION, recipients=("other",)), SIGN_SESSION, SIGN),
         "error", "outbound[1].recipients[0]", "no certificate 'other'"),
        ((Timestamp(), Addressing(), SIGN), "note", "outbound[1]", "No signature covers an addressing block"),
        ((Timestamp(clock_offset_seconds=60), SIGN), "note", "outbound[0].clock_offset_seconds", "another clock"),
        ((Timestamp(offset="+02:00"), SIGN), "note", "outbound[0].offset", "not written in UTC"),
        ((Timestamp(), replace(USER, clock_offset_seconds=-1), SIGN_USER),
         "note", "outbound[1].clock_offset_seconds", "another clock"),
        ((TICKET,), "note", "outbound", "only TLS protects"),
    ],
)  # fmt: skip
def test_one_thing_changed(
    sharing: Keystore, steps: Any, severity: str, path: str, words: str
) -> None:
    """What is weak about a shared key, or cannot work, is the only finding."""
    (found,) = find(sharing, outbound=steps, inbound=Inbound(signed_by="partner"))
    assert (found.severity, found.path) == (severity, path)
    assert words in found.text


@pytest.mark.parametrize("signer", ["partner", "shared", "alice"])
def test_who_may_sign(sharing: Keystore, signer: str) -> None:
    """A partner, a secret and a user can be named; each must be in the keystore."""
    demands = Inbound(signed_by=signer, username_token="derived_key")
    assert find(sharing, outbound=STRONG, inbound=demands) == []
    missing = Inbound(signed_by=f"{signer}2")
    assert places(find(sharing, outbound=STRONG, inbound=missing)) == [
        ("error", "inbound.signed_by")
    ]


@pytest.mark.parametrize(
    ("step", "change", "opt_in", "used"),
    [
        (SIGN_SESSION, {"algorithm": "hmac-sha1"}, "sha1", True),
        (SIGN_SESSION, {}, "sha1", False),
        (ENCRYPT, {"key_transport": "rsa-1_5"}, "rsa-1_5", True),
        (ENCRYPT, {}, "3des", False),
        (ENCRYPT_SESSION, {}, "rsa-1_5", False),
        (SESSION, {"key_transport": "rsa-1_5"}, "rsa-1_5", True),
        (SESSION, {}, "rsa-1_5", False),
    ],
)
def test_opt_ins(
    sharing: Keystore, step: Any, change: dict[str, Any], opt_in: str, used: bool
) -> None:
    """An opt-in is a weakness while it is used, and worth removing when it is not."""
    weak = replace(step, **change, legacy={opt_in: "their gateway"})
    steps = [Timestamp(), SESSION, SIGN_SESSION, ENCRYPT, ENCRYPT_SESSION, SIGN]
    steps[steps.index(step)] = weak
    (found,) = find(sharing, outbound=steps, inbound=Inbound(signed_by="partner"))
    assert found.severity == ("warning" if used else "note")
    assert found.path == f"outbound[{steps.index(weak)}].legacy.{opt_in}"
    assert ("their gateway" in found.text) == used


def test_triple_des(sharing: Keystore) -> None:
    """The cipher is weak, and so is its mode; what to use instead is a name that there is."""
    step = replace(ENCRYPT, algorithm="tripledes-cbc", legacy={"3des": "old", "cbc": "old"})
    found = find(sharing, outbound=(Timestamp(), SIGN, step))
    assert places(found) == [
        ("warning", "outbound[2].legacy.3des"),
        ("warning", "outbound[2].legacy.cbc"),
        ("warning", "outbound[2].algorithm"),
    ]
    assert "use aes256-gcm" in found[2].text


def test_dsa(authority: Authority) -> None:
    """A DSA key is an error until it is opted in for; then its use is a warning."""
    partner = authority.issue("CN=partner").certificate_pem
    held = authority.issue("CN=client", key="dsa-2048").keystore("client")
    held = held.with_partner("partner", partner)
    assert ("error", "keystore") in places(find(held))
    step = replace(SIGN, algorithm="dsa-sha256", legacy={"dsa": "their smart cards"})
    found = find(held, outbound=(Timestamp(), step, ENCRYPT))
    assert places(found) == [("warning", "outbound[1].legacy.dsa")]


@pytest.mark.parametrize(
    ("steps", "path"),
    [
        ((UsernameToken(username="me", password="x"),), "outbound[0].password_type"),
        ((Timestamp(), USER, SIGN_USER), "outbound[1].derive_for"),
    ],
)
def test_password_that_can_be_tried_out(sharing: Keystore, steps: Any, path: str) -> None:
    """Without TLS, what is made of a password lets anybody on the way try passwords."""
    for scheme, expected in (("http", True), ("https", False)):
        service = Service(address=f"{scheme}://a.example/")
        found = find(sharing, outbound=steps, inbound=OverTLS(), service=service)
        assert (("warning", path) in places(found)) == expected


def test_draft_header(sharing: Keystore) -> None:
    """A header of the draft carries no more than a token."""
    found = find(
        sharing, outbound=(TICKET,), header=SecurityHeader(namespace="2002/12"), inbound=OverTLS()
    )
    assert ("note", "header.namespace") in places(found)
    found = find(sharing, outbound=(TICKET,), inbound=OverTLS())
    assert ("note", "header.namespace") not in places(found)


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


HELD_BACK: dict[str, dict[str, Any]] = {
    "tls": {"outbound": STRONG, "tls": TLS()},
    "over tls": {"outbound": STRONG, "inbound": OverTLS()},
    "ticket": {"outbound": (*STRONG, BinaryToken(value_type="", value=Secret.of("t")))},
}


@pytest.mark.parametrize("case", HELD_BACK)
@pytest.mark.parametrize(
    "address", ["http://a.example/", "http://127.0.0.1/", "https://a.example/"]
)
def test_address_that_calls_refuse(keystore: Keystore, case: str, address: str) -> None:
    """What no request is sent to is an error, and only that: the same by TLS, or on this machine, is none."""
    found = find(keystore, service=Service(address=address), **HELD_BACK[case])
    errors = [item for item in found if item.severity == "error"]
    assert [item.path for item in errors] == ["service.address"] * (address == "http://a.example/")


def test_address_of_the_wsdl_that_calls_refuse(keystore: Keystore, tmp_path: Path) -> None:
    """Without an address of its own a profile is held to that of its WSDL."""
    wsdl = tmp_path / "orders.wsdl"
    text = WSDL.read_text("utf-8")
    wsdl.write_text(text.replace("http://127.0.0.1/", "http://orders.example/"), "utf-8")
    for service in (Service(wsdl=wsdl), Service(wsdl=wsdl, address="https://orders.example/")):
        found = find(keystore, outbound=STRONG, service=service, tls=TLS())
        paths = {item.path for item in found if item.severity == "error"}
        assert paths == ({"service.wsdl"} if service.address is None else set())


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
        ({"key": "ed25519"}, "can only sign"),
        ({"key_usage": ("digital_signature",)}, "keyEncipherment"),
        ({"key": "ec-p256", "key_usage": ("digital_signature",)}, "keyAgreement"),
        ({"key": "ec-p256"}, None),
        ({"key": "x25519"}, None),
        ({}, None),
    ],
)
def test_recipient_that_cannot_be_encrypted_to(
    authority: Authority, options: dict[str, Any], words: str | None
) -> None:
    """A certificate that is for signing only fails every message: said ahead of the first."""
    store = authority.issue("CN=client").keystore("client")
    held = store.with_partner("partner", authority.issue("CN=partner", **options).certificate)
    found = [item for item in find(held, outbound=STRONG) if item.path.startswith("outbound")]
    assert places(found) == ([("error", "outbound[2].recipients[0]")] if words else [])
    assert all(str(words) in item.text for item in found)


@pytest.mark.parametrize(
    ("usage", "may_sign"),
    [
        (("key_encipherment", "key_agreement"), False),
        (("digital_signature", "key_encipherment"), True),
        (None, True),
    ],
)
def test_partner_whose_certificate_may_not_sign(
    authority: Authority, usage: Any, may_sign: bool
) -> None:
    """Whoever only encrypts to a partner's second certificate must say which one signs the answers."""
    store = authority.issue("CN=client").keystore("client")
    encrypting = authority.issue("CN=partner", key_usage=usage).certificate
    held = store.with_partner("partner", encrypting)
    found = find(held, outbound=STRONG)
    assert places(found) == ([] if may_sign else [("error", "inbound.signed_by")])
    assert all("name the partner's signing certificate with signed_by" in i.text for i in found)
    signing = authority.issue("CN=partner").certificate
    held = held.with_partner("signer", signing)
    assert find(held, outbound=STRONG, inbound=Inbound(signed_by="signer")) == []
    several = store.with_partner("partner", [encrypting.pem, signing.pem])
    assert find(several, outbound=STRONG) == []


@pytest.mark.parametrize(
    ("part", "is_told"),
    [
        ("{Content}{urn:example:orders}PlaceOrder", True),
        ("xpath://o:sku", True),
        ("xpath://wsse:UsernameToken", False),
        ("header:wsa:To", False),
        ("body", False),
        ("{Content}{http://schemas.xmlsoap.org/soap/envelope/}Body", False),
        ("xpath:/*/*[local-name()='Body']", False),
    ],
)
def test_elements_of_the_body_encrypted(keystore: Keystore, part: str, is_told: bool) -> None:
    """Nothing follows for the answer where the Body itself is not encrypted; that is said."""
    step, namespaces = replace(ENCRYPT, parts=(part,)), {"o": "urn:example:orders"}
    steps = (Timestamp(), SIGN, step)
    found = find(keystore, outbound=steps, namespaces=namespaces)
    assert places(found) == ([("warning", "inbound.encrypted")] if is_told else [])
    stated = Inbound(encrypted=("body",))
    assert find(keystore, outbound=steps, namespaces=namespaces, inbound=stated) == []


@pytest.mark.parametrize(
    ("steps", "demands", "is_told"),
    [
        ((replace(SIGN, key="shared"),), Inbound(signed_by="shared"), True),
        ((CONTEXT, SIGN_CONTEXT), Inbound(signed_by="shared"), True),
        ((replace(USER, username="alice"), SIGN_USER), Inbound(signed_by="alice"), True),
        ((replace(SIGN, key="shared"),), Inbound(signed_by="shared", related="required"), False),
        ((replace(SIGN, key="shared"),), Inbound(signed_by="partner"), False),
        ((SIGN,), Inbound(signed_by="shared"), False),
        ((USER, SIGN_USER), Inbound(signed_by="alice"), False),
    ],
)
def test_secret_that_both_sides_sign_with(
    sharing: Keystore, steps: Any, demands: Inbound, is_told: bool
) -> None:
    """Such an answer must name its request, which is said ahead of the first one."""
    found = find(sharing, outbound=(Timestamp(), *steps), inbound=demands)
    assert places(found) == ([("note", "inbound")] if is_told else [])
    assert all("signed RelatesTo or SignatureConfirmation" in item.text for item in found)


@pytest.mark.parametrize(
    ("octets", "taken"),
    [
        (b"0123456789abcdef" * 4, "octets"),
        (b64decode(b"0123456789abcdef" * 4), "base64"),
        (bytes.fromhex("0123456789abcdef" * 4), None),
        (bytes(48), None),
    ],
)
def test_secret_in_hex(keystore: Keystore, octets: bytes, taken: str | None) -> None:
    """64 hex digits are base64 as well, of another and longer key."""
    found = find(keystore.with_secret("shared", octets))
    assert places(found) == ([("warning", "keystore")] if taken else [])
    assert all(f"64 hex digits that were taken for {taken}" in item.text for item in found)
    assert "0123" not in repr(found)


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


def test_profile_that_does_nothing(keystore: Keystore) -> None:
    """Messages would go as they are, under the name of a profile."""
    (found,) = weaknesses(Plan(keystore=keystore), NOW)
    assert (found.severity, found.path) == ("warning", "outbound")
    assert says_idle(found)


@pytest.mark.parametrize(
    "settings",
    [
        {"outbound": STRONG},
        {"inbound": Inbound(signed=("body",))},
        {"tls": TLS(client_key="client")},
        {"service": Service(http_signature="letters"), "payload": {"letters": JwsSettings()}},
        {"payload": {"letters": CmsSettings(signers=["client"])}},
        {"operations": {"Order": Overlay(outbound=STRONG)}},
    ],
    ids=["steps", "demands", "tls", "http signature", "payload", "operation"],
)
def test_profile_with_one_use(keystore: Keystore, settings: dict[str, Any]) -> None:
    """One thing that it does is enough, TLS alone among them."""
    assert not any(map(says_idle, weaknesses(Plan(keystore=keystore, **settings), NOW)))
