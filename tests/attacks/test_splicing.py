"""Splicing: parts of two genuine messages, each under its own signature, are put together."""

from __future__ import annotations

from attacks.forge import security_of
from lxml import etree
from roundtrip.pair import MESSAGE_ID, accepted, answer, client, envelope, refused, tree_of

from zeep_wssec import (
    Exchange,
    Inbound,
    MalformedSecurityError,
    RequirementError,
    Signature,
    Timestamp,
)
from zeep_wssec.settings import Step
from zeep_wssec.soap.namespaces import WSA

BODY, TIMESTAMP = Signature(parts=("body",)), Signature(parts=("timestamp",))
APART: tuple[Step, ...] = (Timestamp(), BODY, TIMESTAMP)
TOGETHER: tuple[Step, ...] = (Timestamp(), BODY, Signature(parts=("timestamp", "signature")))
NAMED: tuple[Step, ...] = (
    Timestamp(),
    Signature(parts=("body", "timestamp")),
    Signature(parts=("header:wsa:RelatesTo",)),
)
REQUEST = Exchange(message_id=MESSAGE_ID, has_timestamp=True, signature_values=("c2ln",))


def relation(message_id: str) -> str:
    """A header that names a request."""
    return f'<wsa:RelatesTo xmlns:wsa="{WSA}">{message_id}</wsa:RelatesTo>'


def spliced(old: bytes, new: bytes) -> bytes:
    """Put the Body of the old message into the new one, with the signature over it."""
    root, other = tree_of(new), tree_of(old)
    root.replace(root[-1], other[-1])
    security = security_of(root)
    (signature,) = (item for item in security if signs_body(item))
    (taken,) = (item for item in security_of(other) if signs_body(item))
    security.replace(signature, taken)
    for token in security_of(other).iterchildren("{*}BinarySecurityToken"):
        security.insert(0, token)
    return etree.tostring(root)


def signs_body(signature: etree._Element) -> bool:
    """Whether a signature, or whatever stands in the header, refers to the Body."""
    return any("body" in uri for uri in signature.xpath(".//@URI"))


def test_old_body_beside_a_fresh_timestamp() -> None:
    """A Timestamp tells the age of what is signed together with it, not of what has another signature."""
    old, new = answer(APART, envelope("<old/>")), answer(APART)
    accepted(spliced(old, new), client(inbound=Inbound(signed=("body",), fresh_seconds=None)))
    error = refused(spliced(old, new), RequirementError)
    assert any("several messages" in item for item in error.missing)


def test_signatures_that_hold_together() -> None:
    """The twin: a signature that covers the other one, and both parts, is of one message."""
    accepted(answer(TOGETHER))
    refused(answer(APART), RequirementError)
    spoilt = spliced(answer(TOGETHER, envelope("<old/>")), answer(TOGETHER))
    refused(spoilt, MalformedSecurityError)  # the signature that is covered is no longer there


def test_old_body_beside_the_name_of_a_request() -> None:
    """A signed RelatesTo tells which request is answered by what is signed together with it."""
    related = envelope(headers=relation(MESSAGE_ID))
    refused(answer(NAMED, related), RequirementError, request=REQUEST)
    accepted(answer(NAMED, related))
    one = (Timestamp(), Signature(parts=("body", "timestamp", "header:wsa:RelatesTo")))
    accepted(answer(one, related), request=REQUEST)
