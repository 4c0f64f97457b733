"""Demands on what came encrypted: a part by itself, or inside something larger."""

from __future__ import annotations

import pytest

from zeep_wssec import Encryption, Inbound, Profile, RequirementError
from zeep_wssec.testing.parties import Parties

ENVELOPE = (
    b'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>'
    b'<o:Order xmlns:o="urn:o"><o:card>4111</o:card><o:sku>42</o:sku></o:Order></s:Body></s:Envelope>'
)
CARD = "{Element}{urn:o}card"
SKU = "{Element}{urn:o}sku"


@pytest.fixture(scope="module")
def parties() -> Parties:
    """A client and a partner who know each other."""
    return Parties.create()


def sealed(parties: Parties, part: str) -> bytes:
    """A message of the client with one part encrypted."""
    step = Encryption(recipients=["partner"], parts=[part])
    return parties.client_profile(outbound=[step]).secure(ENVELOPE).to_bytes()


def demanding(parties: Parties, part: str) -> Profile:
    """A partner who demands that a part came encrypted, and nothing else."""
    demands = Inbound(signed=[], encrypted=[part], fresh_seconds=None)
    return parties.partner_profile(inbound=demands)


@pytest.mark.parametrize("part", [CARD, "body", "{Content}{urn:o}Order"])
def test_a_part_is_encrypted_with_what_is_around_it(part: str, parties: Parties) -> None:
    """An element inside encrypted content came encrypted."""
    demanding(parties, CARD).check(sealed(parties, part))


def test_a_part_beside_an_encrypted_one_is_not_encrypted(parties: Parties) -> None:
    """Only what was inside the ciphertext counts."""
    with pytest.raises(RequirementError):
        demanding(parties, SKU).check(sealed(parties, CARD))


SHARED = bytes(range(32))


@pytest.mark.parametrize("wrapped", [False, True])
def test_a_part_is_encrypted_with_a_secret(wrapped: bool, parties: Parties) -> None:
    """Under whatever key a part came, it came encrypted; beside it nothing did."""
    step = Encryption(key="shared", parts=[CARD], wrapped=wrapped)
    ours = parties.client_keystore.with_secret("shared", SHARED)
    theirs = parties.partner_keystore.with_secret("shared", SHARED)
    sent = Profile(keystore=ours, outbound=[step]).secure(ENVELOPE).to_bytes()
    for part, demanded in ((CARD, True), (SKU, False)):
        inbound = Inbound(signed=[], encrypted=[part], fresh_seconds=None)
        profile = Profile(keystore=theirs, inbound=inbound)
        if demanded:
            assert profile.check(sent).report.encryptions[0].recipient == "shared"
        else:
            with pytest.raises(RequirementError):
                profile.check(sent)
