"""The report: plain data of what was found, for people and for logs."""

from __future__ import annotations

import dataclasses
import json

import pytest
from lxml import etree
from roundtrip.pair import (
    ENCRYPTED,
    SIGNED,
    accepted,
    answer,
    client,
    envelope,
    issued,
    refused,
)

from zeep_wssec import (
    OverTLS,
    RequirementError,
    Signature,
    SignatureInvalidError,
    Timestamp,
    Unverified,
    UsernameToken,
)
from zeep_wssec.report import Report

FULL = (Timestamp(), UsernameToken(username="u", password="hunter2"),
        Signature(parts=("body", "timestamp", "username_token", "token")), ENCRYPTED)  # fmt: skip


def test_content() -> None:
    """Who signed what with what, what was encrypted, when it was made."""
    report = accepted(answer(FULL)).report
    (signature,) = report.signatures
    assert signature.signer == "CN=service"
    assert signature.thumbprint_sha256 == issued("service").certificate.thumbprint_sha256
    assert signature.parts == ("body", "timestamp", "username_token", "token")
    (sealed,) = report.encryptions
    assert (sealed.part, sealed.scope, sealed.recipient, sealed.covered) == (
        "body",
        "content",
        "client",
        False,
    )
    assert report.username == "u"
    assert report.accepted
    assert not report.fault


def test_words() -> None:
    """For people: every line says one thing; the password is nowhere."""
    text = str(accepted(answer(FULL)).report)
    assert text.splitlines()[0] == "accepted"
    for piece in ("proved: body signed", "by CN=service", "rsa-sha256", "partner 'service'", "aes256-gcm",
                  "password not checked", "made: 2027-06-01T12:00:00Z until 2027-06-01T12:05:00Z"):  # fmt: skip
        assert piece in text
    assert "hunter2" not in text


def test_json() -> None:
    """For logs: JSON-ready, with every field."""
    report = accepted(answer(FULL)).report
    data = json.loads(json.dumps(report.to_dict()))
    assert set(data) == {field.name for field in dataclasses.fields(Report)}
    assert data["created"] == "2027-06-01T12:00:00+00:00"
    assert data["signatures"][0]["parts"][0] == "body"


def test_empty() -> None:
    """Nothing found is said in words."""
    assert str(Report()) == "not accepted\nproved: nothing"
    assert json.dumps(Report().to_dict())


def test_no_nodes() -> None:
    """A report holds no part of the message: it may be kept as long as one likes."""

    def leaves(value: object) -> list[object]:
        if isinstance(value, dict):
            return [leaf for item in value.values() for leaf in leaves(item)]
        if isinstance(value, list | tuple):
            return [leaf for item in value for leaf in leaves(item)]
        return [value]

    data = dataclasses.asdict(accepted(answer(FULL)).report)
    assert not [leaf for leaf in leaves(data) if isinstance(leaf, etree._Element | bytes)]


@pytest.mark.parametrize(
    ("inbound", "warning"),
    [(Unverified(reason="because"), "answers are not verified: because"), (OverTLS(), None)],
)
def test_warnings(inbound: object, warning: str | None) -> None:
    """Weak demands are told."""
    report = accepted(envelope(), client(inbound=inbound)).report
    assert report.warnings == (() if warning is None else (warning,))
    assert report.proved == ()


def test_order() -> None:
    """The header's children in the order in which they were read, decrypted ones included."""
    report = accepted(answer(FULL)).report
    assert report.order == ("xenc:EncryptedKey", "wsse:BinarySecurityToken", "ds:Signature",
                            "wsse:UsernameToken", "wsu:Timestamp")  # fmt: skip


def test_report_of_a_refusal() -> None:
    """A refusal tells what had been found until then, as not accepted and with nothing proved."""
    error = refused(answer((Timestamp(), Signature(parts=("timestamp",)))), RequirementError)
    assert error.report is not None
    assert not error.report.accepted
    assert error.report.proved == ()
    assert error.report.signatures[0].parts == ("timestamp",)
    changed = answer(SIGNED).replace(b">42<", b">43<")
    early = refused(changed, SignatureInvalidError).report
    assert early is not None
    assert early.signatures == ()


def test_last_report() -> None:
    """The profile keeps the latest report of this thread, of refusals as well."""
    profile = client()
    assert profile.last_report() is None
    report = profile.check(answer()).report
    assert profile.last_report() is report
    with pytest.raises(RequirementError):
        profile.check(envelope())
    latest = profile.last_report()
    assert latest is not None
    assert not latest.accepted
