"""WS-Addressing header blocks: whom a message is for, what it asks, and which one it answers."""

from __future__ import annotations

import uuid
from functools import partial

from lxml import etree

from zeep_wssec.errors import OutboundError
from zeep_wssec.exchange import relates_to
from zeep_wssec.header.context import Outgoing
from zeep_wssec.settings import Addressing
from zeep_wssec.soap.namespaces import WSA, WSA_2004

_NAMESPACES = {"2005/08": WSA, "2004/08": WSA_2004}
_ANONYMOUS = {
    "2005/08": WSA + "/anonymous",
    "2004/08": WSA_2004 + "/role/anonymous",
}
_FAULT = {"2005/08": WSA + "/soap/fault", "2004/08": WSA_2004 + "/fault"}
_ENDPOINTS = ("ReplyTo", "From", "FaultTo")
_BLOCKS = ("Action", "MessageID", "To", *_ENDPOINTS)


def write_addressing(message: Outgoing, step: Addressing) -> None:
    """Write the header blocks, so that each stands there once and in one version.

    A block that is there already, such as one of zeep's plugin, is kept unless the step states another
    value; one of the other version gives its value to the one that takes its place.

    Raises:
        OutboundError: Nothing tells the address or the action, or a value that XML cannot carry.

    Spec: WS-Addressing 1.0 Core, sections 3.2 and 3.4; WS-Addressing (August 2004), section 3.
    """
    for local in _BLOCKS:
        _write_block(message, step, local)
    _write_relation(message, step)
    _mark(message, step)


def _write_block(message: Outgoing, step: Addressing, local: str) -> None:
    stated = _stated(message, step, local)
    ours = _present(message, _NAMESPACES[step.version], local)
    other = WSA if step.version == "2004/08" else WSA_2004
    theirs = _present(message, other, local)
    left_out = local == "MessageID" and step.message_id == "none"
    if stated is None and ours and not left_out:
        for block in (*ours[1:], *theirs):
            _take_out(message, block)
        return
    value = None if left_out else stated or _carried(step, theirs, local)
    if value is None and not left_out:
        value = _default(message, step, local)
    for block in (*ours, *theirs):
        _take_out(message, block)
    if value is not None:
        _put_in(message, step, local, value)


def _stated(message: Outgoing, step: Addressing, local: str) -> str | None:
    """Give the value that the step says outright."""
    if local == "MessageID":
        return _fresh_message_id(step) if step.message_id == "uuid" else None
    if local == "ReplyTo":
        return None if step.reply_to == "anonymous" else step.reply_to
    texts = {
        "Action": step.action,
        "To": step.to,
        "From": step.from_address,
        "FaultTo": step.fault_to,
    }
    return texts[local]


def _default(message: Outgoing, step: Addressing, local: str) -> str | None:
    """Give the value of a block that nobody has stated, or ``None`` where it is left out."""
    if local == "Action":
        return _default_action(message, step)
    if local == "MessageID":
        return _fresh_message_id(step)
    if message.answers is not None:
        return None
    if local == "ReplyTo":
        return step.reply_to
    if local == "To":
        if message.service_address is not None:
            return message.service_address
        raise OutboundError(
            "Where the message goes is not known, so wsa:To cannot be written.",
            hint='State it: Addressing(to="…"), or service.address of the profile.',
        )
    return None


def _default_action(message: Outgoing, step: Addressing) -> str:
    if message.answers is not None:
        if message.envelope.fault is not None:
            return _FAULT[step.version]
        if message.answers.action is not None:
            return message.answers.action + "Response"
    elif message.soap_action is not None:
        return message.soap_action
    raise OutboundError(
        "What the message asks for is not known, so wsa:Action cannot be written.",
        hint='State it: Addressing(action="…"); a SOAP action would be taken, too.',
    )


def _fresh_message_id(step: Addressing) -> str:
    fresh = uuid.uuid4()
    return str(fresh) if step.message_id == "uuid" else fresh.urn


def _present(message: Outgoing, namespace: str, local: str) -> list[etree._Element]:
    header = message.envelope.header
    return [] if header is None else list(header.iterchildren(f"{{{namespace}}}{local}"))


def _carried(step: Addressing, blocks: list[etree._Element], local: str) -> str | None:
    """Give the value of a block of the other version."""
    if not blocks:
        return None
    text = blocks[0].findtext("{*}Address") if local in _ENDPOINTS else blocks[0].text
    value = (text or "").strip()
    if not value:
        return None
    return _ANONYMOUS[step.version] if value in _ANONYMOUS.values() else value


def _put_in(message: Outgoing, step: Addressing, local: str, value: str) -> None:
    """Add a block to the Header, until a later step fails."""
    namespace = _NAMESPACES[step.version]
    block = etree.Element(f"{{{namespace}}}{local}", nsmap={"wsa": namespace})
    bearer = block
    if local in _ENDPOINTS:
        bearer = etree.SubElement(block, f"{{{namespace}}}Address")
    try:
        bearer.text = _ANONYMOUS[step.version] if value == "anonymous" else value
    except ValueError:
        raise OutboundError(f"wsa:{local} holds a character that XML cannot carry.") from None
    message.envelope.require_header()[1].append(block)
    message.undo.append(partial(_remove, block))


def _take_out(message: Outgoing, block: etree._Element) -> None:
    """Remove a block from the Header, until a later step fails."""
    _, header = message.envelope.require_header()
    message.undo.append(partial(header.insert, header.index(block), block))
    header.remove(block)


def _remove(block: etree._Element) -> None:
    parent = block.getparent()
    if parent is not None:
        parent.remove(block)


def _write_relation(message: Outgoing, step: Addressing) -> None:
    """Say which request this answers.

    Spec: WS-Addressing 1.0 Core, section 3.4, Formulating a Reply Message.
    """
    if message.answers is None or message.answers.message_id is None:
        return
    for block in relates_to(message.envelope):
        _take_out(message, block)
    _put_in(message, step, "RelatesTo", message.answers.message_id)


def _mark(message: Outgoing, step: Addressing) -> None:
    """Mark the blocks that the receiver must understand."""
    name = message.envelope.name("mustUnderstand")
    value = "true" if message.envelope.version == "1.2" else "1"
    for local in step.must_understand:
        for block in _present(message, _NAMESPACES[step.version], local):
            message.undo.append(partial(_set_back, block, name, block.get(name)))
            block.set(name, value)


def _set_back(block: etree._Element, name: str, value: str | None) -> None:
    if value is None:
        block.attrib.pop(name, None)
    else:
        block.set(name, value)
