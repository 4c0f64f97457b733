"""Protecting one message: the steps of the profile, in its order, all of them or none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from lxml import etree

from zeep_wssec.errors import KeyNotFoundError, MalformedSecurityError, OutboundError
from zeep_wssec.exchange import Exchange, message_id, operation_names
from zeep_wssec.header.context import Outgoing
from zeep_wssec.header.encryption import write_encryption
from zeep_wssec.header.signature import write_signature
from zeep_wssec.header.timestamp import TIMESTAMP, write_timestamp
from zeep_wssec.header.username_token import write_username_token
from zeep_wssec.plan import Plan
from zeep_wssec.settings import (
    Encryption,
    SecurityHeader,
    Signature,
    Step,
    Timestamp,
    UsernameToken,
)
from zeep_wssec.soap.envelope import Envelope
from zeep_wssec.soap.namespaces import WSSE, WSU


def protect(
    root: etree._Element,
    plan: Plan,
    *,
    now: datetime,
    operation: str | None = None,
    http_headers: Mapping[str, str] | None = None,
) -> Exchange:
    """Protect an envelope in place.

    When a step fails the tree is put back as it was: a message is never half protected.

    Args:
        root: The Envelope element; changed in place.
        plan: What to do.
        now: Aware UTC time, for Timestamps and the validity of our certificates.
        operation: Name of the operation, for its overlay; unset: what headers and Body tell.
        http_headers: HTTP headers of the request: its SOAP action names the operation.

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
        return _exchange(envelope, names, None, now)
    undo_header = envelope.header is None
    envelope, header = envelope.require_header()
    message = _start(envelope, header, plan, now)
    try:
        for index, step in enumerate(steps):
            _run_at(message, step, plan.path_of_steps(steps), index)
        _arrange(message.security, plan.header)
    except BaseException as error:
        _put_back(message, undo_header)
        if isinstance(error, MalformedSecurityError):
            raise OutboundError(str(error)) from None
        raise
    return _exchange(envelope, names, message, now)


def _start(envelope: Envelope, header: etree._Element, plan: Plan, now: datetime) -> Outgoing:
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
        security=present[0] if present else _new_header(envelope, header, plan.header),
        keys=snapshot,
        parts=plan.parts,
        namespaces=plan.namespaces,
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


def _new_header(
    envelope: Envelope, header: etree._Element, settings: SecurityHeader
) -> etree._Element:
    security = etree.fromstring(f'<wsse:Security xmlns:wsse="{WSSE}" xmlns:wsu="{WSU}"/>')
    header.insert(0, security)
    soap12 = envelope.version == "1.2"
    if settings.must_understand:
        security.set(envelope.name("mustUnderstand"), "true" if soap12 else "1")
    if settings.actor is not None:
        security.set(envelope.name("role" if soap12 else "actor"), settings.actor)
    return security


def _run_at(message: Outgoing, step: Step, path: str, index: int) -> None:
    """Run a step; an alias that is not there is named by its place in the profile."""
    try:
        _run(message, step)
    except KeyNotFoundError as error:
        alias, place = str(error.details.get("alias")), f"{path}[{index}]"
        if isinstance(step, Encryption) and alias in step.recipients:
            place = f"{place}.recipients[{list(step.recipients).index(alias)}]"
        elif isinstance(step, Signature):
            place = f"{place}.key"
        error.details.setdefault("path", place)
        raise


def _run(message: Outgoing, step: Step) -> None:
    if isinstance(step, Timestamp):
        write_timestamp(message, step)
    elif isinstance(step, UsernameToken):
        write_username_token(message, step)
    elif isinstance(step, Signature):
        write_signature(message, step)
    elif isinstance(step, Encryption):
        write_encryption(message, step)


def _arrange(security: etree._Element, settings: SecurityHeader) -> None:
    """Move the Timestamp where the layout wants it.

    Spec: WS-SecurityPolicy 1.3, section 6.7, Security Header Layout.
    """
    if settings.layout not in ("timestamp_first", "timestamp_last"):
        return
    timestamp = security.find(TIMESTAMP)
    if timestamp is not None:
        security.insert(0 if settings.layout == "timestamp_first" else len(security), timestamp)


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
    now: datetime,
) -> Exchange:
    return Exchange(
        names=tuple(names),
        message_id=message_id(envelope),
        signature_values=tuple(message.signature_values) if message else (),
        has_timestamp=message is not None and _has_timestamp(message),
        has_encrypted_body=message is not None and message.body_encrypted,
        has_header=message is not None,
        sent_at=now,
    )


def _has_timestamp(message: Outgoing) -> bool:
    """Whether there is a Timestamp: one that was there, or one that was made, even if it is encrypted now."""
    made = any(element.tag == TIMESTAMP for element in message.made)
    return made or message.security.find(TIMESTAMP) is not None
