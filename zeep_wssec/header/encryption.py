"""Writing ``xenc:EncryptedKey`` into the header and ``xenc:EncryptedData`` in place of parts."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Literal

from lxml import etree

from zeep_wssec.errors import KeyNotFoundError, KeyUsageError, OutboundError, PartNotFoundError
from zeep_wssec.header.binary_token import BINARY_TOKEN
from zeep_wssec.header.context import Outgoing
from zeep_wssec.header.derived_key import write_derived_key
from zeep_wssec.header.key_sealing import (
    reference_list_xml,
    require_recipient,
    write_encrypted_key,
    write_wrapped_key,
)
from zeep_wssec.header.part_search import find_parts
from zeep_wssec.header.symmetric import (
    ENCRYPTED_KEY_TOKEN,
    MadeKey,
    length_hint,
    made_key,
    no_request_key,
    other_keys_hint,
    symmetric_key_info,
)
from zeep_wssec.settings import Encryption
from zeep_wssec.settings.references import SYMMETRIC_REFERENCES
from zeep_wssec.soap.ids import WSU_ID, fresh_id
from zeep_wssec.soap.namespaces import DS, WSSE, WSSE11, XENC
from zeep_wssec.soap.parsing import parse_ours
from zeep_wssec.soap.parts import Part
from zeep_wssec.xmlcrypto.algorithms import CONTENT_TYPE, ELEMENT_TYPE
from zeep_wssec.xmlcrypto.encrypting import encrypt_to_base64
from zeep_wssec.xmlcrypto.encryption_model import ENCRYPTED_KEY

ENCRYPTED_HEADER = f"{{{WSSE11}}}EncryptedHeader"
_SPARE_MEMORY = 64 * 1024 * 1024
"""Octets of text from which on it is set on its element: half the memory, thrice the time of parsing it."""


@dataclass(frozen=True, eq=False, kw_only=True)
class _Target:
    """One element that is to be encrypted."""

    part: Part
    element: etree._Element
    scope: Literal["element", "content"]
    id: str


def write_encryption(message: Outgoing, step: Encryption) -> None:
    """Encrypt the parts of ``step``: under a fresh key for every recipient, or with a key both sides have.

    Raises:
        KeyNotFoundError: No certificate under a recipient's alias, or no key of that name.
        KeyUsageError: A certificate must not be encrypted to: expired, too short, of another kind or
            usage; or the key has another length than the cipher.
        PartNotFoundError: The message lacks a part that is not optional.
        OutboundError: One part lies inside another, or holds the key that would open it.

    Spec: WSS SOAP Message Security 1.1.1, section 9, Encryption; XML Encryption 1.1.
    """
    shared = None if step.key is None else _require_key(message, step.key)
    for alias in step.recipients:
        require_recipient(message, alias)
    targets = _targets(message, step)
    if not targets:
        return
    for target in targets:
        if shared is not None and target.element is shared.element:
            raise OutboundError(
                f"The part {target.part.text!r} holds the key {shared.name!r} that would open it.",
                hint="Encrypt it for a recipient, or with another key.",
            )
    if shared is None:
        _encrypt_for_recipients(message, step, targets)
    elif step.wrapped:
        _encrypt_wrapped(message, step, targets, shared)
    else:
        _encrypt_directly(message, step, targets, shared)


def _encrypt_for_recipients(message: Outgoing, step: Encryption, targets: list[_Target]) -> None:
    key = os.urandom(step.cipher.key_bytes)
    key_ids = [fresh_id("EK") for _ in step.recipients]
    _encrypt_targets(message, targets, step, key, _encrypted_key_info(key_ids[0]))
    for key_id, alias in zip(reversed(key_ids), reversed(step.recipients), strict=True):
        write_encrypted_key(
            message, step, alias, key, key_id=key_id, references=[item.id for item in targets]
        )


def _encrypt_wrapped(
    message: Outgoing, step: Encryption, targets: list[_Target], under: MadeKey
) -> None:
    key, key_id = os.urandom(step.cipher.key_bytes), fresh_id("EK")
    _encrypt_targets(message, targets, step, key, _encrypted_key_info(key_id))
    write_wrapped_key(
        message, step, under, key, key_id=key_id, references=[item.id for item in targets]
    )
    _lift(message, under)


def _encrypt_directly(
    message: Outgoing, step: Encryption, targets: list[_Target], shared: MadeKey
) -> None:
    """Encrypt with the key itself or one derived from it; the list of what it opens stands by itself.

    Spec: WSS SOAP Message Security 1.1.1, section 9.1, xenc:ReferenceList.
    """
    length = step.cipher.key_bytes
    key = shared
    if step.derived_key != "none":
        key = write_derived_key(
            message,
            shared,
            version=step.derived_key,
            length=length,
            by_sha1=step.key_reference == "encrypted_key_sha1",
        )
    elif len(key.octets) != length:
        made = f"Make it with SessionKey(bytes={length}), choose a cipher that fits, or set derived_key."
        raise KeyUsageError(
            f"The key {key.name!r} has {len(key.octets)} octets; {step.algorithm} takes {length}.",
            hint=made if key.key_name is None else length_hint(len(key.octets), length),
            reason="wrong_usage",
        )
    named = step.key_reference in SYMMETRIC_REFERENCES and key is shared
    key_info = symmetric_key_info(message, key, step.key_reference if named else "binary_token")
    _encrypt_targets(message, targets, step, key.octets, key_info)
    message.prepend(etree.fromstring(reference_list_xml([item.id for item in targets])))
    _lift(message, key)
    if key is not shared:
        _lift(message, shared)


def _require_key(message: Outgoing, name: str) -> MadeKey:
    key = made_key(message, name)
    if key is not None:
        return key
    if name == "request":
        raise no_request_key()
    made, secrets = message.message_keys, message.keys.secrets
    meant = ""
    if name in message.keys.partners or name in message.keys.keys:
        meant = f"To encrypt to a certificate write recipients = [{name!r}]. "
    raise KeyNotFoundError(
        f"No step before this one makes a key {name!r}, and the keystore has no such secret.",
        hint=meant + other_keys_hint(name, made=made, secrets=secrets),
        alias=name,
        existing=[*made, *secrets],
    )


def _lift(message: Outgoing, key: MadeKey) -> None:
    """Move the token of ``key``, and the one it needs, to the front: a receiver must have met them before."""
    if key.element is None:
        return
    for element in (key.element, message.recipient_tokens.get(key.element)):
        if element is not None and element.getparent() is message.security:
            message.prepend(element)


def _encrypted_key_info(key_id: str) -> str:
    return (
        f'<ds:KeyInfo xmlns:ds="{DS}"><wsse:SecurityTokenReference xmlns:wsse="{WSSE}" '
        f'xmlns:wsse11="{WSSE11}" wsse11:TokenType="{ENCRYPTED_KEY_TOKEN}">'
        f'<wsse:Reference URI="#{key_id}"/></wsse:SecurityTokenReference></ds:KeyInfo>'
    )


def _targets(message: Outgoing, step: Encryption) -> list[_Target]:
    targets: list[_Target] = []
    for part, element in _find_parts(message, message.parts[id(step)]):
        scope = part.scope or ("content" if element is message.envelope.body else "element")
        if element is message.envelope.body and scope == "element":
            raise OutboundError(
                "The Body itself cannot be encrypted, only its content: SOAP needs a Body."
            )
        targets.append(_Target(part=part, element=element, scope=scope, id=fresh_id("ED")))
    chosen = {id(target.element) for target in targets}
    for target in targets:
        if any(id(outer) in chosen for outer in target.element.iterancestors()):
            raise OutboundError(
                f"The part {target.part.text!r} lies inside another encrypted part."
            )
    return targets


def _find_parts(message: Outgoing, parts: Sequence[Part]) -> list[tuple[Part, etree._Element]]:
    """Give every element that ``parts`` mean; the part ``token`` means all that no EncryptedKey needs."""
    found = find_parts(message, [part for part in parts if part.kind != "token"])
    for part in parts:
        if part.kind != "token":
            continue
        tokens = _tokens(message)
        if not tokens and not part.optional:
            raise PartNotFoundError(
                "The message has no token to encrypt.",
                hint=f"Write {part.text + '?'!r} if it may be missing.",
                part=part.text,
            )
        met = {id(element) for _, element in found}
        found += [(part, element) for element in tokens if id(element) not in met]
    return found


def _tokens(message: Outgoing) -> list[etree._Element]:
    needed = {
        reference.get("URI")
        for key in message.security.iterchildren(ENCRYPTED_KEY)
        for reference in key.iter(f"{{{WSSE}}}Reference")
    }
    tokens = message.security.iterchildren(BINARY_TOKEN)
    return [token for token in tokens if f"#{token.get(WSU_ID)}" not in needed]


def _encrypt_targets(
    message: Outgoing, targets: list[_Target], step: Encryption, key: bytes, key_info: str
) -> None:
    for target in targets:
        _encrypt_target(message, target, step, key, key_info)
        message.body_encrypted |= target.element is message.envelope.body


def _encrypt_target(
    message: Outgoing, target: _Target, step: Encryption, key: bytes, key_info: str
) -> None:
    element = target.element
    head = (
        f'<xenc:EncryptedData xmlns:xenc="{XENC}" Id="{target.id}" '
        f'Type="{CONTENT_TYPE if target.scope == "content" else ELEMENT_TYPE}">'
        f'<xenc:EncryptionMethod Algorithm="{step.cipher.uri}"/>{key_info}'
        "<xenc:CipherData><xenc:CipherValue>"
    )
    # Not kept in a variable, so that large content is freed as soon as it is encrypted.
    value = encrypt_to_base64(
        _content_octets(element) if target.scope == "content" else _octets(element),
        cipher=step.cipher,
        key=key,
    )
    tail = b"</xenc:CipherValue></xenc:CipherData></xenc:EncryptedData>"
    if len(value) > _SPARE_MEMORY:
        encrypted = parse_ours(head.encode() + tail)
        encrypted[2][0].text = value
    else:
        encrypted = parse_ours(b"".join((head.encode(), value, tail)))
    if target.scope == "content":
        _replace_content(message, element, encrypted)
    else:
        _replace_element(message, element, encrypted)


def _octets(element: etree._Element) -> bytes:
    return etree.tostring(element, encoding="utf-8", with_tail=False)


def _content_octets(element: etree._Element) -> bytes:
    text = escape(element.text or "", quote=False).replace("\r", "&#13;").encode()
    pieces = [etree.tostring(child, encoding="utf-8") for child in element]
    return b"".join((text, *pieces)) if text or len(pieces) != 1 else pieces[0]


def _replace_content(message: Outgoing, element: etree._Element, encrypted: etree._Element) -> None:
    text, children = element.text, list(element)

    def restore() -> None:
        element[:] = children
        element.text = text

    message.undo.append(restore)
    element[:] = [encrypted]
    element.text = None


def _replace_element(message: Outgoing, element: etree._Element, encrypted: etree._Element) -> None:
    parent = element.getparent()
    if parent is None:
        raise OutboundError("The Envelope itself cannot be encrypted.")
    new = encrypted
    if parent is message.envelope.header:
        new = _encrypted_header(message, element, encrypted)
    new.tail, element.tail = element.tail, None
    parent.replace(element, new)

    def restore() -> None:
        element.tail, new.tail = new.tail, None
        parent.replace(new, element)

    message.undo.append(restore)


def _encrypted_header(
    message: Outgoing, element: etree._Element, encrypted: etree._Element
) -> etree._Element:
    """Wrap an encrypted header block, with the SOAP attributes that intermediaries need to see.

    Spec: WSS SOAP Message Security 1.1.1, section 9.3, Encrypted Header.
    """
    wrapper = etree.fromstring(f'<wsse11:EncryptedHeader xmlns:wsse11="{WSSE11}"/>')
    for name in ("mustUnderstand", "actor", "role", "relay"):
        value = element.get(message.envelope.name(name))
        if value is not None:
            wrapper.set(message.envelope.name(name), value)
    wrapper.append(encrypted)
    message.ensure_id(wrapper, "EH")
    return wrapper
