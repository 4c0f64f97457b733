"""Keys made from passwords, and tokens of users: who there is, what they cover, what is remembered and told."""

from __future__ import annotations

import base64
import copy
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from attacks.forge import edited, element, find, flipped, insert, security_of
from lxml import etree
from roundtrip.pair import (
    Forgetful,
    accepted,
    client,
    envelope,
    keystore,
    refused,
    service,
    tree_of,
)

from zeep_wssec import (
    Encryption,
    Inbound,
    InboundError,
    MalformedSecurityError,
    OverTLS,
    Profile,
    ReplayError,
    RequirementError,
    Signature,
    SignatureInvalidError,
    Timestamp,
    TokenUnavailableError,
    UsernameToken,
)
from zeep_wssec.settings import Step

PASSWORD = "a long enough password"
STAMP = Timestamp()
DIGEST = UsernameToken(username="alice", password=PASSWORD)
DERIVED = UsernameToken(
    username="alice", password=PASSWORD, password_type="none", derive_for="mac", name="ut"
)
WITH_PASSWORD = Signature(key="ut")
BY_ALICE = Inbound(signed_by="alice", username_token="derived_key")


class Recording:
    """A replay store that shows what it holds."""

    def __init__(self) -> None:
        self.keys: list[bytes] = []

    def add_if_absent(self, key: bytes, expires: datetime) -> bool:
        """Take a key that is new."""
        new = key not in self.keys
        self.keys += [key] if new else []
        return new


def sending(*steps: Step) -> bytes:
    """A request of the client."""
    return client(outbound=steps).secure(envelope()).to_bytes()


def receiving(inbound: Any, **settings: Any) -> Profile:
    """The service, which knows a user."""
    settings.setdefault("replay", Forgetful())
    keys = keystore("service", "client").with_user("alice", PASSWORD)
    return service(keystore=keys, inbound=inbound, **settings)


# Who there is, and what a password proves.


def test_whether_a_user_is_there() -> None:
    """A wrong password and an unknown user look alike to a peer, also where a key is derived from it."""
    profile, seen = receiving(BY_ALICE), set()
    for name in ("alice", "nobody"):
        token = replace(DERIVED, username=name, password="another password")
        with pytest.raises(InboundError) as caught:
            profile.check(sending(STAMP, token, WITH_PASSWORD))
        text = str(caught.value).replace(name, "…")
        seen.add((caught.type, caught.value.fault_code, caught.value.safe_message, text))
    assert len(seen) == 1
    accepted(sending(STAMP, DERIVED, WITH_PASSWORD), profile)


@pytest.mark.parametrize("covered", ["body", "username_token"])
def test_signature_beside_its_token(covered: str) -> None:
    """A key made from a password proves its user by signing the token or the Body, not something beside them."""
    demands = Inbound(signed=(), fresh_seconds=None, username_token="derived_key")
    profile = receiving(demands)
    beside = sending(STAMP, DERIVED, replace(WITH_PASSWORD, parts=("timestamp",)))
    error = refused(beside, RequirementError, profile)
    assert "must prove the password by derived_key" in error.missing[0]
    right = sending(STAMP, DERIVED, replace(WITH_PASSWORD, parts=("timestamp", covered)))
    assert accepted(right, profile).report.username == "alice"


def test_token_of_nobody_in_the_order() -> None:
    """In a demanded order only what proves something counts: a token without password takes no place."""
    token = "<wsse:UsernameToken><wsse:Username>nobody</wsse:Username></wsse:UsernameToken>"
    message = edited(sending(STAMP, Signature()), insert("wsse:Security", token))
    profile = receiving(Inbound(signed_by="client", order=("username_token", "signature")))
    error = refused(message, RequirementError, profile)
    assert "its order is signature" in error.missing[0]
    accepted(message, receiving(Inbound(signed_by="client", order=("signature",))))
    accepted(sending(STAMP, Signature(), DIGEST), profile)


# What is remembered.


def test_message_under_a_password_is_sent_again() -> None:
    """A message with a Timestamp under a key made from a password is taken once."""
    profile = receiving(BY_ALICE, replay=Recording())
    token = replace(DERIVED, nonce=True, created=True)
    message = sending(STAMP, token, WITH_PASSWORD)
    profile.check(message)
    with pytest.raises(ReplayError):
        profile.check(message)
    profile.check(sending(STAMP, token, WITH_PASSWORD))


ONCE = Inbound(signed=(), fresh_seconds=None, username_token="digest")


def doubled(root: etree._Element) -> None:
    """Put a second UsernameToken with the same Nonce beside the first."""
    token = find(root, "wsse:UsernameToken")
    second = copy.deepcopy(token)
    second.attrib.clear()
    token.addnext(second)


def test_doubled_token() -> None:
    """A message is no replay of itself: with its token twice it is taken, and remembered, once."""
    store = Recording()
    profile, message = receiving(ONCE, replay=store), sending(DIGEST)
    profile.check(edited(message, doubled))
    assert len(store.keys) == 1
    for again in (message, edited(message, doubled)):
        with pytest.raises(ReplayError):
            profile.check(again)
    assert len(store.keys) == 1


def with_wrong_value(root: etree._Element) -> None:
    """Change one bit of SignatureValue."""
    value = find(root, "ds:SignatureValue")
    value.text = base64.b64encode(flipped(0)(base64.b64decode(value.text or ""))).decode()


def test_right_token_in_a_refused_message() -> None:
    """Whoever sends a captured token ahead in a message that fails does not keep the true one out."""
    store = Recording()
    demands = Inbound(signed_by="client", username_token="digest")
    profile, message = receiving(demands, replay=store), sending(STAMP, Signature(), DIGEST)
    wrong = edited(message, with_wrong_value)
    with pytest.raises(SignatureInvalidError):
        profile.check(wrong)
    assert store.keys == []
    profile.check(message)
    assert len(store.keys) == 2


# What is told of what came encrypted.

CAPTURED = "SECRET-4111"
RSA = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
HMAC = "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256"
SUBJECT = "<ds:X509Data><ds:X509SubjectName/></ds:X509Data>"


def with_content(message: bytes, path: str, *, encrypted: bool) -> bytes:
    """Put a text into the element on ``path``: as it is, or as ciphertext captured from another message."""
    root = tree_of(message)
    if not encrypted:
        find(root, path).text = CAPTURED
        return etree.tostring(root)
    step = Encryption(recipients=("service",))
    captured = tree_of(client(outbound=(step,)).secure(envelope(CAPTURED)).to_bytes())
    security_of(root).insert(0, find(captured, "xenc:EncryptedKey"))
    find(root, path).append(find(captured, "xenc:EncryptedData"))
    return etree.tostring(root)


@pytest.mark.parametrize(
    ("method", "inner", "path"),
    [
        (HMAC, "<ds:KeyName/>", "ds:KeyName"),
        (RSA, "<ds:KeyName/>", "ds:KeyName"),
        (RSA, SUBJECT, "ds:X509SubjectName"),
    ],
    ids=["name of a secret", "name of a certificate", "subject"],
)
def test_captured_text_as_the_name_of_a_key(method: str, inner: str, path: str) -> None:
    """An error names the key that is missing, but not if the name came encrypted."""

    def change(root: etree._Element) -> None:
        find(root, "ds:SignatureMethod").set("Algorithm", method)
        find(root, "ds:KeyInfo")[:] = [element(inner)]

    message, profile = edited(sending(STAMP, Signature()), change), receiving(OverTLS())
    hidden = with_content(message, path, encrypted=True)
    error = refused(hidden, TokenUnavailableError, profile)
    assert error.report is not None
    assert error.report.encryptions
    assert "SECRET" not in f"{error}{error.details}{error.report}"
    told = refused(with_content(message, path, encrypted=False), TokenUnavailableError, profile)
    assert CAPTURED in str(told)


def test_captured_text_as_the_name_of_a_user() -> None:
    """A report names the user of an unproved token, but not if the name came encrypted."""
    token = "<wsse:UsernameToken><wsse:Username/></wsse:UsernameToken>"
    message = edited(sending(STAMP), lambda root: security_of(root).append(element(token)))
    hidden = with_content(message, "wsse:Username", encrypted=True)
    told = with_content(message, "wsse:Username", encrypted=False)
    profile = receiving(Inbound(signed_by="client"))
    assert CAPTURED not in repr(refused(hidden, RequirementError, profile).report)
    report = refused(told, RequirementError, profile).report
    assert report is not None
    assert report.username == CAPTURED
    profile = receiving(OverTLS())
    assert CAPTURED not in repr(accepted(hidden, profile).report)
    assert accepted(told, profile).report.username == CAPTURED


@pytest.mark.parametrize("path", ["wsu:Created", "wsu:Expires"])
def test_captured_text_as_a_time(path: str) -> None:
    """An error quotes what is no time, but not if it came encrypted."""
    message, profile = sending(STAMP), receiving(OverTLS())
    hidden = with_content(message, path, encrypted=True)
    assert "SECRET" not in str(refused(hidden, MalformedSecurityError, profile))
    told = with_content(message, path, encrypted=False)
    assert CAPTURED in str(refused(told, MalformedSecurityError, profile))


def test_name_that_was_encrypted_by_its_signer() -> None:
    """The twin: a user name that a trusted signature covers is told, encrypted or not."""
    sealed = Encryption(recipients=("service",), parts=("username_token",))
    over = Signature(parts=("body", "timestamp", "username_token"))
    profile = receiving(Inbound(signed_by="client"))
    for steps in ((STAMP, DIGEST, over), (STAMP, DIGEST, over, sealed)):
        assert accepted(sending(*steps), profile).report.username == "alice"
