"""Several certificates of one partner: which of them matter is told, and all of them are shown."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from zeep_wssec.keys.keystore import Keystore
from zeep_wssec.plan import Overlay, Plan
from zeep_wssec.profile_lint import weaknesses
from zeep_wssec.profile_words import describe
from zeep_wssec.settings import Encryption, Signature, Timestamp
from zeep_wssec.testing.authority import Authority

NOW = datetime(2027, 6, 1, 12, 0, tzinfo=UTC)
SIGN = (Timestamp(), Signature(parts=("body", "timestamp")))
SEAL = Encryption(recipients=("partner",))
AUTHORITY = Authority.create("CN=ca", now=NOW)


def keystore(*held: tuple[int, int, str]) -> Keystore:
    """A partner with one certificate for each span of days around now, with a key of a kind."""
    certificates = [
        AUTHORITY.issue(
            "CN=partner",
            key=kind,
            not_before=NOW + timedelta(days=start),
            not_after=NOW + timedelta(days=end),
        ).certificate
        for start, end, kind in held
    ]
    return AUTHORITY.issue("CN=client").keystore("client").with_partner("partner", certificates)


def severities(held: Keystore, **settings: Any) -> list[str]:
    settings.setdefault("outbound", (*SIGN, SEAL))
    return [item.severity for item in weaknesses(Plan(keystore=held, **settings), NOW)]


@pytest.mark.parametrize(
    ("spans", "worst"),
    [
        (((-300, -1), (-10, 300)), "note"),
        (((-300, -1), (-200, -5)), "error"),
        (((-300, -1), (5, 300)), "error"),
        (((5, 300), (9, 400)), "error"),
        (((-300, 10), (-200, 20)), "warning"),
        (((-300, 10), (15, 300)), "warning"),
    ],
)
def test_dates(spans: tuple[tuple[int, int], ...], worst: str) -> None:
    """One that has ended and was followed is a note; that none is valid, now or soon, is more."""
    found = severities(keystore(*((*span, "rsa-2048") for span in spans)))
    assert found[0] == worst


def test_keys_of_different_kinds() -> None:
    """What a step says of algorithms fits one kind of key, so a partner that changes it is told of."""
    one = keystore((-9, 20, "rsa-2048"), (-9, 300, "rsa-2048"))
    other = keystore((-9, 20, "rsa-2048"), (-9, 300, "ec-p256"))
    told = {item.text for item in weaknesses(Plan(keystore=other, outbound=(*SIGN, SEAL)), NOW)}
    assert any("rsa, ec" in text for text in told)
    assert len(severities(other)) == len(severities(one)) + 1
    assert severities(other).count("warning") == severities(one).count("warning") + 1
    overlay = {"Ping": Overlay(outbound=(*SIGN, SEAL))}
    settings: dict[str, Any] = {"outbound": SIGN, "operations": overlay}
    assert severities(other, **settings).count("note") == severities(one, **settings).count("note")
    assert "note" in severities(other, outbound=SIGN)


def test_described() -> None:
    """Every certificate of the partner is said, with its dates."""
    held = keystore((-300, 10, "rsa-2048"), (5, 300, "rsa-2048"))
    lines = describe(Plan(keystore=held, outbound=SIGN), NOW)
    shown = [line for line in lines if "partner 'partner', certificate" in line]
    assert "certificate 1 of 2" in shown[0]
    assert "10 days left" in shown[0]
    assert "certificate 2 of 2" in shown[1]
    assert "not valid yet" in shown[1]
