"""What was proved and what is missing; and the demands beyond signed and encrypted parts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from lxml import etree

from zeep_wssec.demands import Action, Demands, Inbound, UserProof
from zeep_wssec.errors import AuthenticationError
from zeep_wssec.exchange import Exchange, relates_to
from zeep_wssec.header.context import Incoming
from zeep_wssec.header.evidence import (
    EncryptionEvidence,
    Evidence,
    SharedKeySigner,
    SignatureEvidence,
    TimestampEvidence,
    UsernameTokenEvidence,
)
from zeep_wssec.soap.namespaces import WSA, WSA_2004
from zeep_wssec.soap.parts import ADDRESSING

_ACTIONS: dict[type[Evidence], Action] = {
    TimestampEvidence: "timestamp",
    UsernameTokenEvidence: "username_token",
    SignatureEvidence: "signature",
    EncryptionEvidence: "encryption",
}
_ADDRESSING_TAGS = (f"{{{WSA}}}", f"{{{WSA_2004}}}")
_RELATED = "RelatesTo names the request"
_CONFIRMED = "the signatures of the request confirmed"


@dataclass(eq=False)
class Verdict:
    """What was proved and what is missing, in words."""

    proved: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)

    def note(self, holds: bool, proved: str, missing: str) -> None:
        """Record one demand."""
        if holds:
            self.proved.append(proved)
        else:
            self.missing.append(missing)

    def note_signed(self, signed: bool, proved: str, what: str, *, must_sign: bool) -> None:
        """Record something that fits: it proves nothing unless it is signed."""
        if signed:
            self.proved.append(proved)
        elif must_sign:
            self.missing.append(f"{what} must be signed, but is not")


def judge_relation(
    message: Incoming,
    exchange: Exchange | None,
    verdict: Verdict,
    *,
    must_sign: bool,
    required: bool,
) -> None:
    """Hold ``wsa:RelatesTo`` against the MessageID of the request.

    Spec: WS-Addressing 1.0 Core, section 3.4, Formulating a Reply Message.
    """
    expected = exchange.message_id if exchange is not None else None
    found = relates_to(message.envelope)
    if expected is None or not found:
        if required:
            verdict.missing.append(
                "RelatesTo must name the request, but request or answer has no id"
            )
        return
    values = {(block.text or "").strip() for block in found}
    if values != {expected}:
        found_text = ", ".join(
            sorted({message.shown(block, (block.text or "").strip()) for block in found})
        )
        verdict.missing.append(
            f"RelatesTo must be {expected}, but is {found_text[:200]}: "
            "this is the answer to another request"
        )
        return
    signed = all(message.is_covered(block) for block in found)
    verdict.note_signed(signed, _RELATED, "RelatesTo", must_sign=must_sign)


def judge_cardinality(message: Incoming, verdict: Verdict) -> None:
    """Refuse an addressing block that stands there twice: a signed one and one that is read could differ.

    RelatesTo may be there several times; ``judge_relation`` holds each of them against the request.

    Spec: WS-Addressing 1.0 SOAP Binding, section 3.2, Conveying Message Addressing Properties.
    """
    header = message.envelope.header
    blocks = [
        block
        for block in (() if header is None else header)
        if str(block.tag).startswith(_ADDRESSING_TAGS)
    ]
    if len(blocks) < 2:
        return
    named = Counter((block.tag, message.envelope.actor_of(block)) for block in blocks)
    for (tag, _), count in named.items():
        local = str(tag).rpartition("}")[2]
        if count > 1 and local in ADDRESSING - {"RelatesTo"}:
            verdict.missing.append(f"{local} must be there once, but is there {count} times")


def judge_confirmations(
    message: Incoming,
    exchange: Exchange | None,
    verdict: Verdict,
    *,
    must_sign: bool,
    required: bool,
) -> None:
    """Hold every SignatureConfirmation against the signatures of the request.

    Where they are required they must be signed, too: anybody has seen the values.

    Spec: WSS SOAP Message Security 1.1.1, section 8.5, Signature Confirmation.
    """
    if not message.confirmations or exchange is None:
        if required:
            lacking = "the request is not known" if message.confirmations else "none is there"
            verdict.missing.append(
                f"SignatureConfirmation must name the signatures of the request, but {lacking}"
            )
        return
    expected = sorted(exchange.signature_values) or [""]
    if sorted(message.confirmations.values()) != expected:
        verdict.missing.append(
            "SignatureConfirmation must name the signatures of the request, but does not: "
            "this is the answer to another request, or the request was changed on its way"
        )
        return
    signed = all(message.is_covered(element) for element in message.confirmations)
    must_sign = must_sign or required
    verdict.note_signed(signed, _CONFIRMED, "SignatureConfirmation", must_sign=must_sign)


def names_request(exchange: Exchange, verdict: Verdict) -> bool:
    """Whether an answer proved which request it answers; the empty confirmation of an unsigned one does not."""
    return _RELATED in verdict.proved or (
        _CONFIRMED in verdict.proved and bool(exchange.signature_values)
    )


def judge_unity(message: Incoming, nodes: Sequence[etree._Element], verdict: Verdict) -> None:
    """Refuse parts whose signatures have nothing to do with each other: they may be of several messages.

    One signature must cover them all, some by covering the signatures over them.

    Args:
        message: The message, with all its signatures verified.
        nodes: The elements that must belong together; one that is not signed at all is judged elsewhere.
        verdict: What was proved so far.
    """
    if len(message.signatures) < 2:
        return
    covering = [found for found in map(message.covering, nodes) if found]
    if not covering:
        return
    if not any(
        all(any(item in bound for item in found) for found in covering)
        for bound in (_bound_by(start, message) for start in message.signatures)
    ):
        verdict.missing.append(
            "the signed parts must be held together by one signature over them, or over their "
            "signatures, but are not: they may be of several messages"
        )


def _bound_by(start: SignatureEvidence, message: Incoming) -> list[SignatureEvidence]:
    """Give a signature, those that it covers, those that they cover, and so on."""
    bound = [start]
    for outer in bound:
        bound += [
            item
            for item in message.signatures
            if item not in bound and outer in message.covering(item.element)
        ]
    return bound


def judge_binding(
    message: Incoming,
    exchange: Exchange | None,
    *,
    nodes: Sequence[etree._Element],
    ours: frozenset[str],
    verdict: Verdict,
) -> None:
    """Refuse an answer that is proved by a secret only that we sign with ourselves, unless it names its request.

    A request of ours that comes back later would carry the same proof.

    Args:
        message: The answer, with all else judged already.
        exchange: The request.
        nodes: The elements that had to be signed.
        ours: Names of the secrets and users that our own steps sign with.
        verdict: What was proved so far.
    """
    if not ours or exchange is None or names_request(exchange, verdict):
        return
    for node in nodes:
        covering = message.covering(node)
        if covering and all(_is_ours(item, ours) for item in covering):
            verdict.missing.append(
                "an answer under a secret that our requests are signed with must name its request, by a "
                "signed RelatesTo or SignatureConfirmation, but does not"
            )
            return


def _is_ours(signature: SignatureEvidence, ours: frozenset[str]) -> bool:
    signer = signature.signer
    return isinstance(signer, SharedKeySigner) and any(
        holder.kind != "partner" and holder.name in ours for holder in signer.known_to
    )


def refuse_wrong_users(message: Incoming, demands: Demands | None) -> None:
    """Refuse a wrong password and, where a proof is demanded, an unknown user; nothing tells them apart.

    Raises:
        AuthenticationError: One text for both.

    Spec: WSS UsernameToken Profile 1.1.1, section 5, Security Considerations.
    """
    demanded = isinstance(demands, Inbound) and demands.username_token is not None
    for token in users_of(message):
        given = token.password_type != "none"
        if token.is_wrong or (demanded and given and token.username not in message.keys.users):
            raise AuthenticationError(
                "A UsernameToken does not prove the password of a user of the keystore.",
                hint="Compare user name and password with those of the keystore; a digest needs "
                "Nonce and Created.",
            )


def judge_users(message: Incoming, proof: UserProof, verdict: Verdict) -> None:
    """Hold every UsernameToken against the demanded proof of its password."""
    tokens = users_of(message)
    if not tokens:
        verdict.missing.append("a UsernameToken must be there, but is not")
    for token in tokens:
        found = token.proved or ("derived_key" if signs_with(message, token) else "nothing")
        verdict.note(
            found == proof,
            f"password of the user proved by {proof}",
            f"the UsernameToken must prove the password by {proof}, but does by {found}",
        )


def users_of(message: Incoming) -> list[UsernameTokenEvidence]:
    """Give the evidence of every UsernameToken."""
    return [item for item in message.evidence if isinstance(item, UsernameTokenEvidence)]


def signs_with(message: Incoming, token: UsernameTokenEvidence) -> bool:
    """Whether a trusted signature over the token or the Body was made with the key derived from it."""
    return any(
        isinstance(item.signer, SharedKeySigner)
        and item.trusted_as is not None
        and any(element is token.node for element in item.signer.elements)
        and any(item in message.covering(node) for node in (token.node, message.envelope.body))
        for item in message.signatures
    )


def judge_order(message: Incoming, expected: Sequence[str], verdict: Verdict) -> None:
    """Hold the order in which the message was read against the demanded one.

    Actions that are not named may stand anywhere; a signature or token of a stranger counts for nothing.
    """
    found: list[str] = []
    for item in message.evidence:
        action = _ACTIONS[type(item)]
        stranger = (isinstance(item, SignatureEvidence) and item.trusted_as is None) or (
            isinstance(item, UsernameTokenEvidence)
            and not (item.proved or signs_with(message, item) or message.is_covered(item.node))
        )
        if action in expected and not stranger and found[-1:] != [action]:
            found.append(action)
    listed = ", ".join(expected)
    verdict.note(
        found == list(expected),
        f"read in the order {listed}",
        f"the message must be read in the order {listed}, but its order is "
        f"{', '.join(found) or 'none'}",
    )
