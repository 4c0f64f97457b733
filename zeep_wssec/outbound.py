"""Protecting one message: the steps of the profile, in its order, all of them or none."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from lxml import etree

from zeep_wssec.conformance import check_sent
from zeep_wssec.errors import (
    KeyNotFoundError,
    MalformedSecurityError,
    OutboundError,
    WSSecError,
)
from zeep_wssec.exchange import (
    Exchange,
    Holder,
    Received,
    SessionSecret,
    message_id,
    operation_names,
    soap_action,
)
from zeep_wssec.header.addressing import write_addressing
from zeep_wssec.header.binary_token import write_opaque_token
from zeep_wssec.header.confirmation import write_signature_confirmation
from zeep_wssec.header.context import Outgoing
from zeep_wssec.header.encryption import write_encryption
from zeep_wssec.header.security_context import write_security_context
from zeep_wssec.header.security_header import arrange, new_security, to_draft
from zeep_wssec.header.session_key import write_session_key
from zeep_wssec.header.signature import write_signature
from zeep_wssec.header.timestamp import TIMESTAMP, write_timestamp
from zeep_wssec.header.username_token import write_username_token
from zeep_wssec.keys.entries import OwnKeys
from zeep_wssec.keys.secrets import without_frames
from zeep_wssec.plan import Plan
from zeep_wssec.settings import (
    Addressing,
    BinaryToken,
    Encryption,
    SecurityContext,
    SessionKey,
    Signature,
    SignatureConfirmation,
    Step,
    Timestamp,
    UsernameToken,
)
from zeep_wssec.soap.envelope import Envelope

_WRITERS: Mapping[type, Callable[[Outgoing, Any], None]] = {
    Addressing: write_addressing,
    Timestamp: write_timestamp,
    UsernameToken: write_username_token,
    BinaryToken: write_opaque_token,
    SecurityContext: write_security_context,
    SignatureConfirmation: write_signature_confirmation,
    SessionKey: write_session_key,
    Signature: write_signature,
    Encryption: write_encryption,
}
"""The steps of a profile, each with its writer."""


def protect(
    root: etree._Element,
    plan: Plan,
    *,
    now: datetime,
    operation: str | None = None,
    http_headers: Mapping[str, str] | None = None,
    answers: Received | None = None,
) -> Exchange:
    """Protect an envelope in place.

    When a step fails the tree is put back as it was: a message is never half protected.

    Args:
        root: The Envelope element; changed in place.
        plan: What to do.
        now: Aware UTC time, for Timestamps and the validity of our certificates.
        operation: Name of the operation, for its overlay; unset: what headers and Body tell.
        http_headers: HTTP headers of the request: its SOAP action names the operation.
        answers: The request that this message answers, if it does.

    Returns:
        What the answer is to be held against.

    Raises:
        OutboundError: The envelope has no such part, or already has a security header for our actor.
        KeyMaterialError: A key or certificate is missing or not fit.

    Spec: WSS SOAP Message Security 1.1.1, section 5, Security Header.
    """
    envelope = Envelope.read(root, error=OutboundError)
    names = operation_names(envelope, dict(http_headers or {}))
    if operation is not None:
        names = [operation, *names]
    steps, _ = plan.for_operation(names)
    if not steps:
        return _exchange(envelope, names, None)
    undo_header = envelope.header is None
    envelope, header = envelope.require_header()
    action = soap_action(http_headers or {})
    message = _start(envelope, header, plan, now, names=names, action=action, answers=answers)
    sent_id: str | None = None
    try:
        for index, step in enumerate(steps):
            if isinstance(step, Encryption):
                # It may be among what is encrypted, and the answer names it all the same.
                sent_id = message_id(envelope) or sent_id
            _run_at(message, step, plan.path_of_steps(steps), index)
        arrange(message.security, plan.header)
        check_sent(plan.bsp, envelope, message.security)
    except BaseException as error:
        _put_back(message, undo_header)
        if isinstance(error, MalformedSecurityError):
            raise OutboundError(str(error)) from None
        if isinstance(error, WSSecError):
            raise without_frames(error)  # noqa: B904  # it is the same error
        raise
    exchange = _exchange(envelope, names, message, sent_id=sent_id)
    if plan.header.namespace != "1.0":
        to_draft(message.security)
    return exchange


def _start(
    envelope: Envelope,
    header: etree._Element,
    plan: Plan,
    now: datetime,
    *,
    names: Sequence[str],
    action: str | None,
    answers: Received | None,
) -> Outgoing:
    """Give the working state with our ``wsse:Security`` in place: a new one, or the one to extend."""
    present = envelope.security_headers(plan.header.actor)
    snapshot = plan.keystore.snapshot()
    if present and not plan.header.extend:
        raise OutboundError(
            "The envelope already has a wsse:Security header for this actor.",
            hint="It may have been protected before; set header.extend to add to it.",
        )
    if len(present) > 1:
        raise OutboundError("The envelope has two wsse:Security headers for this actor.")
    message = Outgoing(
        envelope=envelope,
        security=present[0]
        if present
        else new_security(envelope, header, plan.header, plan.namespaces),
        keys=snapshot,
        parts=plan.parts,
        namespaces=plan.namespaces,
        service_address=plan.service.address,
        names=tuple(names),
        soap_action=action,
        answers=answers,
        now=now,
    )
    before = list(present[0]) if present else None

    def restore() -> None:
        if before is None:
            _remove(message.security)
        else:
            message.security[:] = before

    message.undo.append(restore)
    return message


def _run_at(message: Outgoing, step: Step, path: str, index: int) -> None:
    """Run a step; an alias that is not there is named by its place in the profile."""
    try:
        _run(message, step)
    except KeyNotFoundError as error:
        alias, place = str(error.details.get("alias")), f"{path}[{index}]"
        recipients = list(step.recipients) if isinstance(step, Encryption | SessionKey) else []
        if alias in recipients:
            place = f"{place}.recipients[{recipients.index(alias)}]"
        elif isinstance(step, Signature | Encryption | SecurityContext):
            place = f"{place}.key"
        error.details.setdefault("path", place)
        raise


def _run(message: Outgoing, step: Step) -> None:
    _WRITERS[type(step)](message, step)


def _put_back(message: Outgoing, undo_header: bool) -> None:
    for undo in reversed(message.undo):
        undo()
    header = message.envelope.header
    if undo_header and header is not None and not len(header):
        _remove(header)


def _remove(element: etree._Element) -> None:
    parent = element.getparent()
    if parent is not None:
        parent.remove(element)


def _exchange(
    envelope: Envelope,
    names: Sequence[str],
    message: Outgoing | None,
    *,
    sent_id: str | None = None,
) -> Exchange:
    return Exchange(
        names=tuple(names),
        message_id=message_id(envelope) or sent_id,
        signature_values=tuple(message.signature_values) if message else (),
        has_timestamp=message is not None and _has_timestamp(message),
        has_encrypted_body=message is not None and message.body_encrypted,
        has_header=message is not None,
        own_keys=OwnKeys(message.keys.key_entries if message is not None else ()),
        session_keys=tuple(
            SessionSecret(
                sha1=key.sha1,
                octets=key.octets,
                known_to=tuple(Holder("partner", alias) for alias in key.recipients),
            )
            for key in (message.message_keys.values() if message else ())
            if key.sha1 is not None
        ),
    )


def _has_timestamp(message: Outgoing) -> bool:
    """Whether there is a Timestamp: one that was there, or one that was made, even if it is encrypted now."""
    made = any(element.tag == TIMESTAMP for element in message.made)
    return made or message.security.find(TIMESTAMP) is not None
