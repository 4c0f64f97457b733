"""Tokens against WSS4J, both ways: user names, keys made from passwords, contexts, confirmations."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from interop.conftest import Pki
from interop.cxf.batch import Batch
from interop.cxf.peer import PeerMissing
from lxml import etree
from peers import miss

from zeep_wssec import (
    Encryption,
    Inbound,
    Keystore,
    OverTLS,
    Profile,
    SecurityContext,
    SecurityHeader,
    Signature,
    SignatureConfirmation,
    Timestamp,
    UsernameToken,
)
from zeep_wssec.exchange import Received
from zeep_wssec.outbound import protect
from zeep_wssec.settings import Step

pytestmark = pytest.mark.interop

SECRET = bytes(range(32))
ENVELOPE = (
    b'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><t:Say xmlns:t="urn:t">'
    b"hello</t:Say></s:Body></s:Envelope>"
)
USER: dict[str, Any] = {"username": "alice", "password": "ecila-secret"}
HMAC = "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256"


@pytest.fixture(scope="module")
def batch(pki: Pki) -> Iterator[Batch]:
    """WSS4J with the same user and secret as ours, and with the client's certificate."""
    try:
        with Batch() as running:
            running.keys(
                "them",
                partners={"client": pki.client.certificate.der},
                secrets={"secret": SECRET, "urn:c": SECRET},
                users={"alice": USER["password"]},
            )
            running.keys("stranger", secrets={"urn:c": bytes(32)}, users={"alice": "another"})
            yield running
    except PeerMissing as error:
        miss(str(error))


@pytest.fixture(scope="module")
def keystore(pki: Pki) -> Keystore:
    """Ours."""
    keys = pki.keystore.with_secret("shared", SECRET, key_name="urn:c")
    return keys.with_user("alice", USER["password"])


def made(**settings: Any) -> UsernameToken:
    """A UsernameToken that a key is made from."""
    return UsernameToken(**USER, password_type="none", name="user", **settings)


def context(version: Any) -> SecurityContext:
    """A context for the secret."""
    return SecurityContext(identifier="urn:c", key="shared", name="context", version=version)


def mac(key: str, **settings: Any) -> Signature:
    """A signature with a shared key."""
    return Signature(key=key, algorithm="hmac-sha256", parts=["body"], **settings)


SENT: dict[str, Sequence[Step]] = {
    "digest": (UsernameToken(**USER),),
    "text": (UsernameToken(**USER, password_type="text", nonce=True, created=True),),
    "key of a user": (made(derive_for="mac"), mac("user")),
    "many rounds": (made(derive_for="mac", iterations=10_000), mac("user")),
    "derived from a user's": (made(derive_for="mac"), mac("user", derived_key="1.3")),
    "encrypted by a user's": (
        made(derive_for="encryption"),
        Encryption(key="user", algorithm="aes128-gcm", derived_key="2005/02"),
    ),
    "context": (context("1.3"), mac("context")),
    "context of 2005": (context("2005/02"), mac("context", derived_key="2005/02")),
    "encrypted by a context": (context("1.3"), Encryption(key="context")),
}


@pytest.mark.parametrize("name", SENT)
def test_they_read_ours(batch: Batch, keystore: Keystore, name: str) -> None:
    """What we write they accept under their BSP rules; with another password or secret they do not."""
    profile = Profile(keystore=keystore, outbound=SENT[name], inbound=OverTLS())
    message = profile.secure(ENVELOPE).to_bytes().decode()
    proved = batch.check("them", message)
    assert proved["ok"], proved
    assert not batch.check("stranger", message)["ok"]


def signing(**maker: Any) -> list[dict[str, Any]]:
    """Their steps: a token, and a signature with its key."""
    use = {"step": "signature", "key": "k", "algorithm": HMAC, "parts": [{"keyword": "body"}]}
    return [{**maker, "name": "k"}, use]


THEIR_USER = {"step": "username_token", "username": "alice"}
THEIR_CONTEXT = {"step": "security_context", "identifier": "urn:c", "key": "secret"}
BY_USER = {"signed": ["body"], "signed_by": "alice", "username_token": "derived_key"}
BY_SECRET = {"signed": ["body"], "signed_by": "shared"}
RECEIVED: dict[str, tuple[list[dict[str, Any]], dict[str, Any]]] = {
    "digest": (
        [{**THEIR_USER, "nonce": True, "created": True}],
        {"signed": (), "username_token": "digest"},
    ),
    "text": (
        [{**THEIR_USER, "password_type": "text"}],
        {"signed": (), "username_token": "text"},
    ),
    "key of a user": (signing(**THEIR_USER, derive_for="mac"), BY_USER),
    "context": (signing(**THEIR_CONTEXT), BY_SECRET),
    "context of 2005": (signing(**THEIR_CONTEXT, version="2005/02"), BY_SECRET),
}


@pytest.mark.parametrize("name", RECEIVED)
def test_we_read_theirs(batch: Batch, keystore: Keystore, name: str) -> None:
    """What they write proves what we demand."""
    steps, demands = RECEIVED[name]
    sent = batch.protect("them", ENVELOPE.decode(), [{"step": "timestamp"}, *steps])
    assert sent["ok"], sent
    fresh = None if demands["signed"] else 300
    profile = Profile(keystore=keystore, inbound=Inbound(fresh_seconds=fresh, **demands))
    assert profile.check(sent["message"].encode()).report.proved


ORDERS = (
    ["timestamp", "token", "signature", "confirmation"],
    ["token", "signature", "timestamp"],
    ["confirmation", "timestamp", "signature", "token"],
)


@pytest.mark.parametrize("order", ORDERS, ids=" ".join)
def test_they_read_our_confirmations(batch: Batch, keystore: Keystore, order: list[str]) -> None:
    """Every value of theirs, signed, in a header of any order."""
    steps = (
        Timestamp(),
        SignatureConfirmation(),
        Signature(parts=["body", "timestamp", "confirmation"]),
    )
    header = SecurityHeader(order=order)
    profile = Profile(keystore=keystore, outbound=steps, header=header, inbound=OverTLS())
    root = etree.fromstring(ENVELOPE)
    values = ("QUJD", "REVG")
    protect(root, profile.plan, now=datetime.now(UTC), answers=Received(signature_values=values))
    message = etree.tostring(root).decode()
    assert batch.check("them", message, confirm=values)["ok"]
    assert not batch.check("them", message, confirm=["QUJD", "AAAA"])["ok"]
