"""What overflows or nests: our own walkers, ciphertext inside ciphertext, names of a megabyte."""

from __future__ import annotations

import pytest
from attacks.forge import edited, with_plaintext
from lxml import etree
from roundtrip.pair import ENCRYPTED, SIGNED, accepted, answer, client, envelope, refused, service

from zeep_wssec import (
    Inbound,
    InboundError,
    Limits,
    MalformedSecurityError,
    OverTLS,
    RequirementError,
    Timestamp,
    TokenUnavailableError,
)
from zeep_wssec.soap.namespaces import XENC

HUGE = etree.XMLParser(huge_tree=True)


def nested(depth: int) -> bytes:
    """An envelope whose Body is that deep."""
    return envelope("<a>" * depth + "</a>" * depth)


@pytest.mark.parametrize("depth", [150, 1000, 2000])
def test_deep_tree(depth: int) -> None:
    """A tree that somebody else has parsed may be deeper than our stack: it is walked without one."""
    profile = client(inbound=Inbound(signed=("body",), fresh_seconds=None))
    with pytest.raises(MalformedSecurityError, match="deep"):
        profile.check(etree.fromstring(nested(depth), HUGE))
    with pytest.raises(RequirementError):
        profile.check(etree.fromstring(nested(90), HUGE))
    accepted(answer(SIGNED, nested(90)))


def test_deep_tree_that_is_sent() -> None:
    """Nor does what we send overflow anything: it is protected, or refused by an error of ours."""
    for depth in (90, 200):
        root = etree.fromstring(nested(depth), HUGE)
        sent = service(*SIGNED).secure(root)
        assert b"SignatureValue" in sent.to_bytes()


@pytest.mark.parametrize("where", ["element", "attribute", "prefix"])
def test_long_name(where: str) -> None:
    """A name of a megabyte is no reason to crash, nor to be quoted in full."""
    name = "n" * 1_000_000
    content = {"element": f"<{name}/>", "attribute": f"<x {name}=''/>", "prefix": f"<{name}:x/>"}
    with pytest.raises(InboundError) as caught:
        client().check(envelope(content[where]))
    assert len(str(caught.value)) < 2000


INNER = (
    f'<e:EncryptedData xmlns:e="{XENC}" Id="inner" Type="{XENC}Content"><e:EncryptionMethod '
    'Algorithm="http://www.w3.org/2009/xmlenc11#aes256-gcm"/><e:CipherData><e:CipherValue>'
    "{}</e:CipherValue></e:CipherData></e:EncryptedData>"
)


def test_ciphertext_inside_ciphertext() -> None:
    """What is decrypted and still encrypted is not opened by itself, and not passed on as content."""
    sent = answer((Timestamp(), ENCRYPTED))
    profile = client(inbound=OverTLS())
    accepted(sent, profile)
    forged = edited(sent, with_plaintext(INNER.format("AAAA").encode()))
    refused(forged, TokenUnavailableError, profile)


def test_encrypted_in_two_steps() -> None:
    """The twin: two steps that say so; more than the limit allows is refused."""
    steps = (*SIGNED, ENCRYPTED, ENCRYPTED)
    sent = answer(steps)
    assert len(accepted(sent).report.encryptions) == 2
    refused(sent, MalformedSecurityError, client(limits=Limits(max_encrypted_data=1)))
