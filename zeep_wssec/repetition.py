"""Whether an accepted message is the first of its kind: what is entered into the replay store, and until when."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import NamedTuple

from lxml import etree

from zeep_wssec.demands import Demands, Inbound
from zeep_wssec.exchange import Exchange
from zeep_wssec.header.context import Incoming
from zeep_wssec.header.evidence import (
    SharedKeySigner,
    SignatureEvidence,
    TimestampEvidence,
    UsernameTokenEvidence,
)
from zeep_wssec.header.timestamp import format_time
from zeep_wssec.replay import (
    ReplayStore,
    message_id_key,
    require_new,
    signature_key,
)
from zeep_wssec.soap.namespaces import WSA, WSA_2004
from zeep_wssec.verdict import Verdict, names_request, signs_with

_MESSAGE_IDS = (f"{{{WSA}}}MessageID", f"{{{WSA_2004}}}MessageID")
_LONGEST_SECONDS = 10**9
"""Some thirty years: what a date still takes."""


class _Mark(NamedTuple):
    """One thing that a message is remembered by."""

    key: bytes
    until: datetime
    what: str
    hint: str


def require_first(
    message: Incoming,
    store: ReplayStore,
    demands: Demands | None,
    exchange: Exchange | None,
    verdict: Verdict,
) -> None:
    """Refuse a message that was accepted before, and remember this one.

    Only what was accepted is remembered: whoever sends a captured Nonce ahead, with another password or in
    a message that fails for any other reason, does not keep the true message out. Of two copies that arrive
    at once the store lets one pass.

    Args:
        message: The message, accepted but for this.
        store: Remembers it.
        demands: What it had to prove.
        exchange: The request that it answers, if known.
        verdict: What it proved.

    Raises:
        ReplayError: It was accepted before, or the store cannot tell.

    Spec: WSS UsernameToken Profile 1.1.1, section 5, and WSS SOAP Message Security 1.1.1, section 13,
    Security Considerations.
    """
    # Two signatures over the same parts are one mark: a message is no replay of itself.
    marks = {mark.key: mark for mark in _marks(message, demands, exchange, verdict)}
    for mark in marks.values():
        require_new(store, mark.key, mark.until, what=mark.what, hint=mark.hint)


def _marks(
    message: Incoming, demands: Demands | None, exchange: Exchange | None, verdict: Verdict
) -> Iterator[_Mark]:
    for item in message.evidence:
        if not isinstance(item, UsernameTokenEvidence) or not item.replay_key:
            continue
        if item.proved or signs_with(message, item):
            yield _Mark(
                key=item.replay_key,
                until=item.replay_until,
                what="this UsernameToken",
                hint="A sender makes a new Nonce for each message, also when it repeats one.",
            )
    timestamp = message.timestamp
    if (
        not isinstance(demands, Inbound)
        or demands.replays == "accept"
        or demands.fresh_seconds is None
        or timestamp is None
        or not message.is_covered(timestamp.node)
    ):
        return
    # An answer that names its request passes for that request only, and stays its answer.
    if exchange is not None and names_request(exchange, verdict):
        return
    until = _end_of_use(timestamp, demands.fresh_seconds, demands.clock_skew_seconds)
    yield from _signature_marks(message, timestamp, until)
    if exchange is None:
        yield from _message_id_marks(message, until)


def _end_of_use(timestamp: TimestampEvidence, fresh_seconds: int, skew_seconds: int) -> datetime:
    """Give when the Timestamp is refused for its age, as ``check_fresh`` decides it."""
    until = timestamp.created + timedelta(
        seconds=min(fresh_seconds + skew_seconds, _LONGEST_SECONDS)
    )
    if timestamp.expires is None:
        return until
    # Subtracted on this side: the last year that a date takes may be what it says.
    skew = timedelta(seconds=min(skew_seconds, _LONGEST_SECONDS))
    return until if until - skew <= timestamp.expires else timestamp.expires + skew


def _signature_marks(
    message: Incoming, timestamp: TimestampEvidence, until: datetime
) -> Iterator[_Mark]:
    """Give one mark for each trusted signature over the Timestamp: taking one away makes no new message."""
    for signature in _trusted_over(message, timestamp.node):
        yield _Mark(
            key=signature_key(
                _identity(signature),
                format_time(timestamp.created, "microseconds"),
                signature.digest_values,
            ),
            until=until,
            what="this signed Timestamp",
            hint="A sender makes a new Timestamp and signature for each message, also when it repeats one; "
            'an answer that signs RelatesTo is not held to this, and inbound.replays = "accept" takes it again.',
        )


def _message_id_marks(message: Incoming, until: datetime) -> Iterator[_Mark]:
    if message.envelope.header is None:
        return
    for block in message.envelope.header:
        if block.tag in _MESSAGE_IDS:
            signers = {_identity(item) for item in _trusted_over(message, block)}
            # A key that anybody may have made is nobody's: it must not use up the ids of others.
            for signer in sorted(signers - {b""}):
                yield _Mark(
                    key=message_id_key(signer, "".join(block.itertext()).strip()),
                    until=until,
                    what="this signed MessageID",
                    hint="A sender makes a new MessageID for each message, also when it repeats one.",
                )


def _trusted_over(message: Incoming, node: etree._Element) -> list[SignatureEvidence]:
    """Give the trusted signatures that cover ``node``, each by itself or by endorsing one that does."""
    covering = message.covering(node)
    if None not in [item.trusted_as for item in covering]:
        return covering
    others = [item for item in message.signatures if item.trusted_as is None]
    return [
        item
        for item in message.signatures
        if item.trusted_as is not None
        and replace(message, evidence=[item, *others]).is_covered(node)
    ]


def _identity(signature: SignatureEvidence) -> bytes:
    """Tell who signed: the public key, the same for each certificate of it, or those who share a key."""
    signer = signature.signer
    if isinstance(signer, SharedKeySigner):
        return "\0".join(sorted(map(str, signer.known_to))).encode()
    return signer.public_key_octets
