"""Ciphertext outside of any signature: told in the report, and refused where that is stated.

Whoever sees a message can put other ciphertext in it, and learn from what follows. A peer that encrypts first
and signs then leaves no room for that.
"""

from __future__ import annotations

import pytest
from attacks.forge import edited, find, security_of
from lxml import etree
from roundtrip.pair import ENCRYPTED, SIGNED, accepted, answer, client, envelope, issued, refused

from zeep_wssec import (
    Encryption,
    Inbound,
    ProfileError,
    RequirementError,
    Signature,
    SignatureInvalidError,
    Timestamp,
)
from zeep_wssec.settings import Step

STRICT = Inbound(unsigned_ciphertext="refuse")
CONTENT = "<o xmlns='urn:o'><a>1</a><b>2</b></o>"
FIRST, SECOND = (
    Encryption(recipients=("client",), parts=(f"{{Content}}{{urn:o}}{name}",)) for name in "ab"
)


def covered(message: bytes) -> list[bool]:
    """What the report tells of each EncryptedData."""
    return [item.covered for item in accepted(message).report.encryptions]


def test_encrypted_then_signed() -> None:
    """The signature is over the ciphertext, and was verified before anything was opened."""
    message = answer((Timestamp(), ENCRYPTED, Signature()))
    assert covered(message) == [True]
    report = accepted(message, client(inbound=STRICT)).report
    assert "ciphertext signed" in report.proved


def test_signed_then_encrypted() -> None:
    """What was signed is the plain text: the ciphertext itself is anybody's."""
    message = answer((*SIGNED, ENCRYPTED))
    assert covered(message) == [False]
    error = refused(message, RequirementError, client(inbound=STRICT))
    assert error.missing == ("all that is encrypted must be signed as it came, but is not",)


@pytest.mark.parametrize(
    ("steps", "all_covered"),
    [
        ((Timestamp(), FIRST, SECOND, Signature()), True),
        ((Timestamp(), FIRST, Signature(), SECOND), False),
        ((Timestamp(), Signature(), FIRST, SECOND), False),
    ],
)
def test_one_of_two(steps: tuple[Step, ...], all_covered: bool) -> None:
    """Each EncryptedData counts: one that came in later spoils it."""
    message = answer(steps, envelope(CONTENT))
    assert all(covered(message)) == all_covered
    if all_covered:
        accepted(message, client(inbound=STRICT))
    else:
        refused(message, RequirementError, client(inbound=STRICT))


def test_signature_that_is_read_too_late() -> None:
    """The signature must stand in front: of what is opened before it is verified nothing is left to verify."""
    message = answer((Timestamp(), ENCRYPTED, Signature()))

    def reorder(root: etree._Element) -> None:
        security_of(root).insert(0, find(root, "xenc:EncryptedKey"))

    accepted(message)
    refused(edited(message, reorder), SignatureInvalidError)


def test_signature_of_a_stranger() -> None:
    """Anybody can sign ciphertext: only a signature that is trusted covers it."""
    message = answer((Timestamp(), ENCRYPTED, Signature()))
    demands = Inbound(
        signed=(), encrypted=("body",), fresh_seconds=None, unsigned_ciphertext="refuse"
    )
    accepted(message, client(inbound=demands))
    alone = issued("client").keystore("client")
    refused(message, RequirementError, client(keystore=alone, inbound=demands))


def test_nothing_encrypted() -> None:
    """Where nothing is encrypted nothing is outside of the signature."""
    accepted(answer(), client(inbound=STRICT))


def test_no_other_word() -> None:
    """The setting has two values."""
    with pytest.raises(ProfileError) as caught:
        Inbound(unsigned_ciphertext="perhaps")  # type: ignore[arg-type]
    assert caught.value.path == "unsigned_ciphertext"
