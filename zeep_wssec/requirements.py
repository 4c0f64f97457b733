"""Whether what a message proved is what it must prove: every demand is looked at, not only the first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import cast

from lxml import etree

from zeep_wssec.demands import Demands, Inbound, SignedBy
from zeep_wssec.errors import ProfileError
from zeep_wssec.exchange import Exchange, relates_to
from zeep_wssec.header.binary_token import BINARY_TOKEN
from zeep_wssec.header.confirmation import SIGNATURE_CONFIRMATION
from zeep_wssec.header.context import Incoming
from zeep_wssec.header.timestamp import format_time
from zeep_wssec.keys.keystore import Snapshot
from zeep_wssec.plan import Plan
from zeep_wssec.settings import (
    Encryption,
    SecurityContext,
    SessionKey,
    Signature,
    Step,
    UsernameToken,
)
from zeep_wssec.soap.namespaces import WSA, WSA_2004, readable_name
from zeep_wssec.soap.parts import ADDRESSING, IN_SECURITY, Part, find_part
from zeep_wssec.step_order import made_name
from zeep_wssec.verdict import (
    Verdict,
    judge_binding,
    judge_cardinality,
    judge_confirmations,
    judge_order,
    judge_relation,
    judge_unity,
    judge_users,
    names_request,
    refuse_wrong_users,
)

__all__ = [
    "Verdict",
    "demands_for",
    "judge",
    "require_as_sent",
    "require_signer",
    "signers_for",
]

_IN_HEADER = frozenset(f"{{{uri}}}{name}" for uri in (WSA, WSA_2004) for name in ADDRESSING)
_IN_SECURITY = frozenset({*IN_SECURITY.values(), BINARY_TOKEN, SIGNATURE_CONFIRMATION})


def demands_for(
    plan: Plan, exchange: Exchange | None, *, operation: str | None = None
) -> Demands | None:
    """Give what an answer must prove: what was stated, else what the request itself was protected with.

    Args:
        plan: Says what was stated, for the operation or for all.
        exchange: The request, if known.
        operation: Name of the operation, besides those that the request tells.

    Returns:
        ``None``: nothing can be demanded, since the request had neither signature nor encryption.

    Raises:
        ProfileError: Nothing was stated, and no request was given to derive it from.
    """
    told = exchange.names if exchange is not None else ()
    _, stated = plan.for_operation([operation, *told] if operation else told)
    if stated is not None:
        return stated
    if exchange is None:
        raise ProfileError(
            "Without the request nothing says what the answer must prove.",
            hint="Give the request (request=…, --request FILE), or state inbound = Inbound(…).",
            path="inbound",
        )
    return _derived_demands(
        bool(exchange.signature_values), exchange.has_timestamp, exchange.has_encrypted_body
    )


def require_as_sent(plan: Plan, exchange: Exchange | None, *, operation: str | None = None) -> None:
    """Refuse a request that is not as it was sent: nothing would follow from it for its answer.

    Only where nothing is stated, so that the request decides what is demanded.

    Raises:
        ProfileError: The profile signs or encrypts this operation's requests, and this one shows nothing
            of that.
    """
    if exchange is None or exchange.signature_values:
        return
    steps, stated = plan.for_operation(
        [operation, *exchange.names] if operation else exchange.names
    )
    signs = any(isinstance(step, Signature) for step in steps)
    encrypts = any(isinstance(step, Encryption) for step in steps)
    if stated is not None or not (signs or encrypts):
        return
    does = "signs" if signs else "encrypts"
    shown = exchange.has_timestamp or exchange.has_encrypted_body
    if not shown and not exchange.has_header:
        text = f"The request has no wsse:Security, but this profile {does}."
    elif signs:
        text = "The request shows no signature, but this profile signs."
    else:
        return
    raise ProfileError(
        text,
        hint="Give the request as it was sent, or what secure gave, or name its operation.",
        path="request",
    )


@lru_cache
def _derived_demands(signed: bool, has_timestamp: bool, has_encrypted_body: bool) -> Inbound | None:
    encrypted = ("body",) if has_encrypted_body else ()
    if signed:
        return Inbound(
            signed=("body", "timestamp") if has_timestamp else ("body",),
            encrypted=encrypted,
            fresh_seconds=300 if has_timestamp else None,
        )
    return Inbound(signed=(), encrypted=encrypted, fresh_seconds=None) if encrypted else None


def signers_for(
    plan: Plan, demands: Demands | None, *, names: Sequence[str] = ()
) -> tuple[SignedBy, ...]:
    """Give whom a signature must come from; empty when nothing must be signed.

    Unset, it is the partner that the request was encrypted to, else the only partner of the keystore;
    without any partner, the secret or user whose key the request was signed with.

    Args:
        plan: The profile.
        demands: What the answer must prove.
        names: Names of the operation, for the steps of its overlay.

    Raises:
        ProfileError: Something must be signed, and nothing tells by whom.
    """
    if not isinstance(demands, Inbound):
        return ()
    if demands.signed_by is not None:
        stated = demands.signed_by
        return stated if isinstance(stated, tuple) else (cast(SignedBy, stated),)
    if not demands.signed:
        return ()
    keys, steps = plan.keystore.snapshot(), plan.for_operation(names)[0]
    partners = keys.partners
    if len(partners) == 1:
        return tuple(partners)
    recipients = {
        alias
        for step in steps
        if isinstance(step, Encryption | SessionKey)
        for alias in map(keys.alias_of, step.recipients)
        if alias in partners
    }
    chosen = recipients or set(partners) or _shared_keys(keys, steps)
    if len(chosen) == 1:
        return tuple(chosen)
    held = {"partners": partners, "secrets": keys.secrets, "users": keys.users}
    listed = "; ".join(
        f"{kind}: {', '.join(sorted(names)) or 'none'}" for kind, names in held.items()
    )
    raise ProfileError(
        "An answer must be signed, but by whom is not stated.",
        hint='Set inbound.signed_by: a partner, a secret, a user, or { anonymous = "reason" } for '
        f"whoever knows our certificate; {listed}.",
        path="inbound.signed_by",
    )


def _shared_keys(keys: Snapshot, steps: Sequence[Step]) -> set[str]:
    """Give the secrets and users whose keys sign the request."""
    sources = {made_name(step): _source(step) for step in steps}
    named = {sources.get(step.key, step.key) for step in steps if isinstance(step, Signature)}
    return {
        name for name in named if name is not None and (name in keys.secrets or name in keys.users)
    }


def _source(step: Step) -> str | None:
    """Give the secret or user that a step makes a key from."""
    if isinstance(step, SecurityContext):
        return step.key
    return step.username if isinstance(step, UsernameToken) else None


def require_signer(keys: Snapshot, name: str) -> None:
    """Refuse a name in ``signed_by`` that is neither a partner, nor a secret, nor a user.

    Raises:
        KeyNotFoundError: With the partners that there are.
    """
    if name not in keys.secrets and name not in keys.users:
        keys.require_partner(name)


def judge(
    message: Incoming, plan: Plan, demands: Demands | None, exchange: Exchange | None
) -> Verdict:
    """Hold the evidence against the demands.

    What stands in the message is judged even where nothing is demanded: a confirmation or a RelatesTo
    that does not fit is never passed over.

    Raises:
        AuthenticationError: A UsernameToken with a wrong password, or of an unknown user where a proof is
            demanded.
    """
    refuse_wrong_users(message, demands)
    verdict = Verdict()
    signed: tuple[Part, ...] = ()
    if isinstance(demands, Inbound):
        signed, encrypted = plan.demanded_parts(demands)
        for part in signed:
            _judge_part(message, plan, part, message.is_covered, "signed", verdict)
        for part in encrypted:
            _judge_part(
                message, plan, part, lambda node: _is_encrypted(message, node), "encrypted", verdict
            )
        if demands.unsigned_ciphertext == "refuse" and message.encryptions:
            verdict.note(
                all(item.covered for item in message.encryptions),
                "ciphertext signed",
                "all that is encrypted must be signed as it came, but is not",
            )
        if demands.fresh_seconds is not None:
            _judge_freshness(message, demands, verdict)
        if demands.username_token is not None:
            judge_users(message, demands.username_token, verdict)
        if demands.order:
            judge_order(message, demands.order, verdict)
    _judge_places(message, verdict)
    judge_cardinality(message, verdict)
    must_sign = isinstance(demands, Inbound) and bool(demands.signed)
    required = isinstance(demands, Inbound) and demands.related == "required"
    judge_relation(message, exchange, verdict, must_sign=must_sign, required=required)
    required = isinstance(demands, Inbound) and demands.signature_confirmation == "required"
    judge_confirmations(message, exchange, verdict, must_sign=must_sign, required=required)
    # With one signature and no secret of ours there is nothing that could be at odds.
    if must_sign and (len(message.signatures) > 1 or plan.signing_names):
        nodes = [node for part in signed for node in _elements(message, plan, part)]
        judge_binding(message, exchange, nodes=nodes, ours=plan.signing_names, verdict=verdict)
        judge_unity(message, [*nodes, *_proofs(message, exchange, verdict)], verdict)
    return verdict


def _proofs(message: Incoming, exchange: Exchange | None, verdict: Verdict) -> list[etree._Element]:
    """Give what proves when the message was made, and which request it answers."""
    timestamp = message.timestamp
    proofs = [] if timestamp is None or message.max_age_seconds is None else [timestamp.node]
    if exchange is not None and names_request(exchange, verdict):
        proofs += [*relates_to(message.envelope), *message.confirmations]
    return proofs


def _elements(message: Incoming, plan: Plan, part: Part) -> list[etree._Element]:
    if part.kind == "token":
        return [child for child in message.security if child.tag == BINARY_TOKEN]
    return find_part(
        part, envelope=message.envelope, security=message.security, namespaces=plan.namespaces
    )


def _judge_part(
    message: Incoming,
    plan: Plan,
    part: Part,
    holds: Callable[[etree._Element], bool],
    word: str,
    verdict: Verdict,
) -> None:
    elements = _elements(message, plan, part)
    if not elements:
        if not part.optional:
            verdict.missing.append(f"{part.text} must be {word}, but is not there")
        return
    verdict.note(
        all(map(holds, elements)),
        f"{part.text} {word}",
        f"{part.text} must be {word}, but is not",
    )


def _judge_places(message: Incoming, verdict: Verdict) -> None:
    """Refuse a signed Body, Timestamp or addressing block that stands where nobody reads it.

    It was moved aside: what it says, such as that the message is old, would count for nothing.
    """
    for signature in message.signatures:
        for node in signature.covered:
            for final in message.replaced_by.get(node, (node,)):
                place = _place_of(final, message)
                if place is not None and final.getparent() is not place:
                    name = readable_name(final.tag)
                    verdict.missing.append(
                        f"the signed {name} must stand in its place, but does not"
                    )


def _place_of(node: etree._Element, message: Incoming) -> etree._Element | None:
    """Give the parent that an element of this kind must have, or ``None`` where any will do."""
    tag = node.tag
    if tag == message.envelope.body.tag:
        return message.envelope.root
    if tag in _IN_SECURITY:
        return message.security
    return message.envelope.header if tag in _IN_HEADER else None


def _is_encrypted(message: Incoming, node: etree._Element) -> bool:
    """Whether all of ``node``, or all content of the Body, came encrypted, by itself or in something larger."""
    sealed = {
        id(item.node) for item in message.encryptions if item.scope == "element" or item.whole
    }
    if any(id(item) in sealed for item in (node, *node.iterancestors())):
        return True
    if node is not message.envelope.body or not len(node) or (node.text or "").strip():
        return False
    opened = {id(item.node) for item in message.encryptions if item.scope == "element"}
    return all(id(child) in opened and not (child.tail or "").strip() for child in node)


def _judge_freshness(message: Incoming, demands: Inbound, verdict: Verdict) -> None:
    timestamp = message.timestamp
    if timestamp is None:
        verdict.missing.append("a Timestamp must be there, but is not")
    elif demands.signed:
        verdict.note(
            message.is_covered(timestamp.node),
            f"fresh: made {format_time(timestamp.created, 'seconds')}",
            "the Timestamp must be signed to prove freshness, but is not",
        )
