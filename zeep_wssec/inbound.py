"""Checking one message: what is in it is proved step by step, or the message is refused."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from lxml import etree

from zeep_wssec.conformance import check_received
from zeep_wssec.demands import Demands, Inbound, SignedBy, Unverified
from zeep_wssec.errors import (
    DecryptionError,
    InboundError,
    MalformedSecurityError,
    RequirementError,
    SignatureInvalidError,
    UnsupportedTokenError,
)
from zeep_wssec.evidence_words import part_name, report_of
from zeep_wssec.exchange import (
    Exchange,
    Received,
    SessionSecret,
    addressing_action,
    message_id,
)
from zeep_wssec.header.binary_token import BINARY_TOKEN, read_binary_token
from zeep_wssec.header.confirmation import SIGNATURE_CONFIRMATION, read_signature_confirmation
from zeep_wssec.header.context import Incoming
from zeep_wssec.header.decryption import (
    check_all_opened,
    check_nothing_left,
    read_encrypted_data_element,
    read_encrypted_key_element,
    read_reference_list_element,
)
from zeep_wssec.header.derived_key import DERIVED_KEY_TOKENS
from zeep_wssec.header.evidence import SharedKeySigner
from zeep_wssec.header.security_context import SECURITY_CONTEXT_TOKENS, read_security_context
from zeep_wssec.header.signer import signer_warnings
from zeep_wssec.header.symmetric import SymmetricKey
from zeep_wssec.header.symmetric_reference import read_derived_key_token
from zeep_wssec.header.timestamp import TIMESTAMP, read_timestamp
from zeep_wssec.header.username_token import USERNAME_TOKEN, read_username_token
from zeep_wssec.header.verification import read_signature_element
from zeep_wssec.keys.certificate import Certificate
from zeep_wssec.keys.path import PathValidator
from zeep_wssec.plan import Plan
from zeep_wssec.repetition import require_first
from zeep_wssec.replay import ReplayStore
from zeep_wssec.report import Report
from zeep_wssec.requirements import Verdict, demands_for, judge, require_as_sent, signers_for
from zeep_wssec.soap.envelope import Envelope, fault_text
from zeep_wssec.soap.namespaces import WSSE, readable_name
from zeep_wssec.soap.parsing import check_tree
from zeep_wssec.soap.placement import Placement
from zeep_wssec.soap.understood import find_not_understood
from zeep_wssec.xmlcrypto.encryption_model import ENCRYPTED_DATA, ENCRYPTED_KEY, REFERENCE_LIST
from zeep_wssec.xmlcrypto.signature_model import SIGNATURE

_READERS: dict[str, Callable[[Incoming, etree._Element], None]] = {
    TIMESTAMP: read_timestamp,
    USERNAME_TOKEN: read_username_token,
    BINARY_TOKEN: read_binary_token,
    SIGNATURE: read_signature_element,
    ENCRYPTED_KEY: read_encrypted_key_element,
    ENCRYPTED_DATA: read_encrypted_data_element,
    REFERENCE_LIST: read_reference_list_element,
    SIGNATURE_CONFIRMATION: read_signature_confirmation,
    **dict.fromkeys(DERIVED_KEY_TOKENS, read_derived_key_token),
    **dict.fromkeys(SECURITY_CONTEXT_TOKENS, read_security_context),
}
"""Children of ``wsse:Security`` that are understood, each with its reader; every other one is refused."""
_NAMES = {tag: readable_name(tag) for tag in _READERS}
_IS_A_FAULT = (
    "It is a Fault and may say what the service did not like: unverified_fault has its text, which may "
    "be anybody's."
)
_RELATION_UNSIGNED = "RelatesTo must be signed, but is not"
_SIGN_RELATION = (
    " Ask the service to sign header:wsa:RelatesTo; a testing partner: "
    'Signature(parts=[…, "header:wsa:RelatesTo?"]).'
)


@dataclass(frozen=True, eq=False, kw_only=True)
class Outcome:
    """An accepted message."""

    report: Report
    received: Received


def check(
    root: etree._Element,
    plan: Plan,
    *,
    exchange: Exchange | None,
    now: datetime,
    paths: PathValidator,
    operation: str | None = None,
    replay: ReplayStore | None = None,
) -> Outcome:
    """Check a message and decrypt it in place.

    Args:
        root: The Envelope element; decrypted in place. After a refusal nothing of it may be used.
        plan: Keys, trust, limits and demands.
        exchange: The request that this answers, if known.
        now: Aware UTC time.
        paths: Validates certificate paths where a partner is not known by its certificate.
        operation: Name of the operation, for its overlay, besides those that the request tells.
        replay: Remembers the message, in place of the plan's store.

    Returns:
        What was found and proved, and what an answer to this message may refer to.

    Raises:
        InboundError: The message is refused; ``report`` has what was found until then.
        ProfileError: What to demand is not stated.
    """
    require_as_sent(plan, exchange, operation=operation)
    demands = demands_for(plan, exchange, operation=operation)
    if isinstance(demands, Unverified):
        demands.check_in_force(now)
    told = exchange.names if exchange is not None else ()
    names = [operation, *told] if operation else told
    signed_by = signers_for(plan, demands, names=names)
    # 1. The shape of the envelope, before anything in it is believed.
    check_tree(root, plan.limits)
    envelope = Envelope.read(root, error=MalformedSecurityError)
    order: list[str] = []
    message: Incoming | None = None
    try:
        # 2. Our security header: none, or exactly one.
        security = _find_security_header(envelope, plan)
        message = _start(envelope, security, plan, demands, signed_by, now, paths, exchange)
        # 3. Its children in document order; decryption may put new ones in.
        broken = _read_by_rules(message, plan, demands, order)
        # 4. What was proved, against what must be.
        verdict = judge(message, plan, demands, exchange)
        accepted_fault = _check_verdict(message, demands, verdict)
        # 5. Whether it is the first of its kind: last, because what is remembered is refused from now on.
        if not accepted_fault:
            store = plan.replay if replay is None else replay
            require_first(message, store, demands, exchange, verdict)
    except InboundError as error:
        refusal = _with_context(error, envelope, message, order)
        raise refusal from refusal.__cause__
    # 6. The report.
    report = report_of(
        message,
        order=order,
        proved=() if accepted_fault else verdict.proved,
        warnings=(
            *signer_warnings(message),
            *_warnings(demands, accepted_fault, verdict.proved),
            *broken,
        ),
    )
    return Outcome(report=report, received=_received(message))


def _received(message: Incoming) -> Received:
    """Note what an answer to this message may refer to."""
    envelope = message.envelope
    over_body = [item for item in message.covering(envelope.body) if item.trusted_as is not None]
    trusted = over_body or [item for item in message.signatures if item.trusted_as is not None]
    signers = dict.fromkeys(
        [item.signer for item in trusted if isinstance(item.signer, Certificate)]
    )
    return Received(
        message_id=message_id(envelope),
        action=addressing_action(envelope),
        signature_values=tuple([item.value for item in message.signatures]),
        signers=tuple(signers),
        session_keys=tuple(
            [
                SessionSecret(sha1=sha1, octets=key.octets, known_to=key.known_to)
                for sha1, key in _vouched_keys(message)
            ]
        ),
    )


def _vouched_keys(message: Incoming) -> list[tuple[bytes, SymmetricKey]]:
    """Give the keys of this message that an answer may use: anybody could put another one beside them.

    Those that trusted signatures were made with come first, then those whose EncryptedKey one covers.
    """
    if not message.received_keys:
        return []
    used = {
        element
        for item in message.signatures
        if isinstance(item.signer, SharedKeySigner)
        and (item.trusted_as is not None or message.is_covered(item.element))
        for element in item.signer.elements
    }
    signing = [item for item in message.received_keys.items() if item[1].elements[0] in used]
    covered = [
        item
        for item in message.received_keys.items()
        if item not in signing and message.is_covered(item[1].elements[0])
    ]
    return signing + covered


def _find_security_header(envelope: Envelope, plan: Plan) -> etree._Element:
    headers = envelope.security_headers(plan.header.actor)
    if len(headers) > 1:
        raise MalformedSecurityError(
            "The message has two wsse:Security headers for us; which one counts is anybody's guess."
        )
    return headers[0] if headers else etree.Element(f"{{{WSSE}}}Security")


def _start(
    envelope: Envelope,
    security: etree._Element,
    plan: Plan,
    demands: Demands | None,
    signed_by: tuple[SignedBy, ...],
    now: datetime,
    paths: PathValidator,
    exchange: Exchange | None,
) -> Incoming:
    keys = plan.keystore.snapshot()
    if exchange is not None:
        keys = keys.with_earlier(exchange.own_keys.entries)
    return Incoming(
        envelope=envelope,
        security=security,
        keys=keys,
        limits=plan.limits,
        now=now,
        signed_by=signed_by,
        own=keys.own_keys,
        legacy=demands.legacy if demands is not None else {},
        clock_skew_seconds=demands.clock_skew_seconds if demands is not None else 60,
        max_age_seconds=demands.fresh_seconds if demands is not None else None,
        paths=paths,
        placement=Placement(envelope.root, plan.limits),
        session_keys=exchange.session_keys if exchange is not None else (),
        own_values=exchange.signature_values if exchange is not None else (),
    )


def _read_by_rules(
    message: Incoming, plan: Plan, demands: Demands | None, order: list[str]
) -> tuple[str, ...]:
    """Read the children, and hold the message to the Basic Security Profile: as it came, and decrypted.

    Returns:
        What the rules only warn of.
    """
    envelope, security = message.envelope, message.security
    warned = check_received(plan.bsp, envelope, security)
    _read_children(message, order)
    if message.encryptions:
        warned += check_received(plan.bsp, envelope, security, opened=True)
    _require_understood(message, plan, demands)
    return tuple(dict.fromkeys(warned))


def _require_understood(message: Incoming, plan: Plan, demands: Demands | None) -> None:
    """Refuse a message that insists on what nobody here understands, decrypted blocks included."""
    block = find_not_understood(
        message.envelope, actor=plan.header.actor, understood=plan.understood(demands)
    )
    if block is not None:
        name = message.shown(block, readable_name(block.tag))
        raise UnsupportedTokenError(
            f"The header block {name} must be understood, and is not.",
            hint="If the program does understand it, state it: header.understood.",
            element=message.shown(block, str(block.tag)),
        )


def _read_children(message: Incoming, order: list[str]) -> None:
    security = message.security
    read: set[etree._Element] = set()
    while (child := _next_unread(security, read)) is not None:
        read.add(child)
        if len(security) > message.limits.max_header_children:
            raise MalformedSecurityError(
                f"The security header has {len(security)} children; "
                f"{message.limits.max_header_children} are allowed."
            )
        tag = str(child.tag)
        name = _NAMES.get(tag) or readable_name(child.tag)
        order.append(name)
        if tag == SIGNATURE:
            message.count("Signature", message.limits.max_signatures)
        reader = _READERS.get(tag)
        if reader is None:
            raise UnsupportedTokenError(
                f"The security header holds {message.shown(child, name)}, which is not understood.",
                element=message.shown(child, str(child.tag)),
            )
        try:
            reader(message, child)
        except SignatureInvalidError:
            # What was signed may be what nobody here can open; then that is the cause to name.
            check_all_opened(message)
            raise
    for settle in message.unsettled:
        settle()
    check_all_opened(message)
    check_nothing_left(message)


def _next_unread(security: etree._Element, read: set[etree._Element]) -> etree._Element | None:
    """Give the first child that was not read yet: decryption may put new ones anywhere."""
    for child in security:
        if child not in read:
            return child
    return None


def _check_verdict(message: Incoming, demands: Demands | None, verdict: Verdict) -> bool:
    """Refuse what lacks something; tell whether it is an unprotected Fault that may pass."""
    if not verdict.missing:
        return False
    if (
        message.envelope.fault is not None
        and isinstance(demands, Inbound)
        and demands.unsigned_faults == "accept"
    ):
        return True
    if message.security.getparent() is None:
        verdict.missing.insert(0, "there is no wsse:Security header for us")
    listed = "; ".join(verdict.missing)
    signed = [part_name(message, node) for item in message.signatures for node in item.covered]
    relation = _SIGN_RELATION if _RELATION_UNSIGNED in verdict.missing else ""
    raise RequirementError(
        f"The message does not prove what it must: {listed}.",
        hint=f"It has signed: {', '.join(signed) or 'nothing'}.{relation}",
        missing=tuple(verdict.missing),
    )


def _with_context(
    error: InboundError, envelope: Envelope, message: Incoming | None, order: list[str]
) -> InboundError:
    """Give the error to raise, with the Fault's text and the report so far.

    Once CBC ciphertext that nothing protects was decrypted, every failure looks like that one: which
    step failed would tell an attacker about the plain text.
    """
    if message is not None and message.unauthenticated:
        return DecryptionError()
    if message is not None:
        error.report = report_of(message, order=order, proved=(), warnings=(), accepted=False)
    fault = envelope.fault
    if fault is not None:
        error.unverified_fault = fault_text(fault)
        error.hint = f"{error.hint} {_IS_A_FAULT}".lstrip()
    return error


def _warnings(
    demands: Demands | None, accepted_fault: bool, proved: Sequence[str]
) -> tuple[str, ...]:
    if accepted_fault:
        return ("the Fault is not protected; anybody may have written it",)
    if demands is None:
        so = "it is known only what is proved above" if proved else "nothing is proved"
        return (
            f"nothing was demanded of this answer, so {so}; state inbound = OverTLS() if TLS "
            "is the proof, or Inbound(…)",
        )
    if isinstance(demands, Unverified):
        return (f"answers are not verified: {demands.reason}",)
    return ()
