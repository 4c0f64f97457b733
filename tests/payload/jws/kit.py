"""Two sides that sign payloads for each other, and headers written by hand."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from zeep_wssec import Keystore
from zeep_wssec.payload.jws import Jws, JwsSettings
from zeep_wssec.payload.jws.algorithms import ALGORITHMS, sign_octets
from zeep_wssec.payload.jws.key_ids import certificate_key_id
from zeep_wssec.testing.authority import Authority, Issued

NOW = datetime(2027, 3, 1, 12, tzinfo=UTC)
PAYLOAD = b'{"amount": "12.50", "note": "caf\xc3\xa9"}\n'


@dataclass(frozen=True, kw_only=True)
class Sides:
    """A caller ``alice`` and a service ``bank`` that know each other's certificate."""

    authority: Authority
    alice: Issued
    bank: Issued

    @classmethod
    def create(cls, key: str = "rsa-2048", *, now: datetime | None = NOW) -> Sides:
        """Make both; ``now=None`` for tests that have the clock of this machine."""
        authority = Authority.create("Payload CA", now=now, key="ec-p256", reuse_keys=True)
        return cls(
            authority=authority,
            alice=authority.issue("alice", key=key),
            bank=authority.issue("bank", key=key),
        )

    def caller(self, **settings: Any) -> Jws:
        """Signs as alice, verifies the bank."""
        keystore = self.alice.keystore("alice").with_partner("bank", self.bank.certificate)
        return Jws(keystore, JwsSettings(**settings))

    def service(self, **settings: Any) -> Jws:
        """Signs as the bank, verifies alice."""
        keystore = self.bank.keystore("bank").with_partner("alice", self.alice.certificate)
        return Jws(keystore, JwsSettings(**settings))


def signed(jws: Jws, payload: bytes = PAYLOAD, *, now: datetime = NOW) -> bytes:
    """Give the detached signature of a payload."""
    content = jws.sign(payload, now=now).content
    assert content is not None
    return content


def header_of(token: bytes) -> dict[str, Any]:
    """Read the header of a signature."""
    text = token.split(b".")[0]
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(text + b"=" * (-len(text) % 4)))
    return found


def encoded(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def written(
    sides: Sides,
    header: Mapping[str, Any] | str | bytes,
    *,
    payload: bytes = PAYLOAD,
    algorithm: str = "PS256",
    unencoded: bool = False,
) -> bytes:
    """Sign as alice, rightly, over whatever header is given: what is wrong is the header alone."""
    text = json.dumps(header) if isinstance(header, Mapping) else header
    first = encoded(text.encode() if isinstance(text, str) else text)
    body = payload if unencoded else encoded(payload).encode()
    entry = sides.alice.keystore("alice").snapshot().require_key("alice")
    value = sign_octets(f"{first}.".encode() + body, ALGORITHMS[algorithm], entry)
    return f"{first}..{encoded(value)}".encode()


def good_header(sides: Sides, **changes: Any) -> dict[str, Any]:
    """Give the header that the service accepts from alice; ``None`` takes a member away."""
    kid = certificate_key_id(sides.alice.certificate, JwsSettings())
    header = {"alg": "PS256", "kid": kid, "iat": int(NOW.timestamp()), "crit": ["iat"]}
    header.update(changes)
    return {name: value for name, value in header.items() if value is not None}


def later(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def two_certificates(sides: Sides, first: Issued, second: Issued) -> Keystore:
    """Give the bank's keystore when alice has two certificates."""
    return sides.bank.keystore("bank").with_partner(
        "alice", [first.certificate, second.certificate]
    )
