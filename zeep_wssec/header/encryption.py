"""Writing ``xenc:EncryptedKey`` into the header and ``xenc:EncryptedData`` in place of parts."""

from __future__ import annotations

import base64
import os
from dataclasses import dataclass
from html import escape
from typing import Literal

from cryptography.hazmat.primitives.asymmetric import rsa
from lxml import etree

from zeep_wssec.errors import KeyUsageError, OutboundError
from zeep_wssec.header.context import Outgoing
from zeep_wssec.header.signature import find_parts
from zeep_wssec.header.token_reference import write_key_info
from zeep_wssec.keys.certificate import Certificate
from zeep_wssec.keys.fitness import check_fitness
from zeep_wssec.settings import Encryption
from zeep_wssec.soap.ids import fresh_id
from zeep_wssec.soap.namespaces import DS, MESSAGE_SECURITY_11, WSSE, WSSE11, XENC, XENC11
from zeep_wssec.soap.parsing import parse_ours
from zeep_wssec.soap.parts import Part
from zeep_wssec.xmlcrypto.algorithms import CONTENT_TYPE, ELEMENT_TYPE
from zeep_wssec.xmlcrypto.encrypting import encrypt_to_base64, transport_key

ENCRYPTED_HEADER = f"{{{WSSE11}}}EncryptedHeader"
_SPARE_MEMORY = 64 * 1024 * 1024
"""Octets of text from which on it is set on its element: half the memory, thrice the time of parsing it."""
ENCRYPTED_KEY_TOKEN = MESSAGE_SECURITY_11 + "EncryptedKey"


@dataclass(frozen=True, eq=False, kw_only=True)
class _Target:
    """One element that is to be encrypted."""

    part: Part
    element: etree._Element
    scope: Literal["element", "content"]
    id: str


def write_encryption(message: Outgoing, step: Encryption) -> None:
    """Encrypt the parts of ``step`` under a fresh key, and that key for every recipient.

    Raises:
        KeyNotFoundError: No certificate under a recipient's alias.
        KeyUsageError: A certificate must not be encrypted to: expired, too short, of another kind or usage.
        PartNotFoundError: The message lacks a part that is not optional.
        OutboundError: One part lies inside another.

    Spec: WSS SOAP Message Security 1.1.1, section 9, Encryption; XML Encryption 1.1.
    """
    recipients = [_recipient(message, alias) for alias in step.recipients]
    targets = _targets(message, step)
    if not targets:
        return
    key = os.urandom(step.cipher.key_bytes)
    key_ids = [fresh_id("EK") for _ in recipients]
    for target in targets:
        _encrypt_target(message, target, step, key, key_ids[0])
        message.body_encrypted |= target.element is message.envelope.body
    references = "".join(f'<xenc:DataReference URI="#{target.id}"/>' for target in targets)
    for key_id, (certificate, public_key) in zip(
        reversed(key_ids), reversed(recipients), strict=True
    ):
        sealed = transport_key(
            key,
            public_key,
            transport=step.transport,
            digest=step.digest,
            mgf_digest=step.mask.name,
        )
        _write_key(message, step, key_id, certificate, sealed, references)


def _recipient(message: Outgoing, alias: str) -> tuple[Certificate, rsa.RSAPublicKey]:
    certificate = message.keys.require_certificate(alias)
    unfit = check_fitness(certificate, purpose="encrypt", now=message.now)
    if unfit is not None:
        raise KeyUsageError(
            f"Nothing may be encrypted to {alias!r}: {unfit.sentence}", reason=unfit.reason
        )
    public_key = certificate.public_key
    if not isinstance(public_key, rsa.RSAPublicKey):
        raise KeyUsageError(
            f"The certificate of {alias!r} has a key of kind {certificate.key_kind}; RSA is needed to "
            "transport a content key to it.",
            reason="wrong_usage",
        )
    return certificate, public_key


def _targets(message: Outgoing, step: Encryption) -> list[_Target]:
    targets: list[_Target] = []
    for part, element in find_parts(message, message.parts[id(step)]):
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


def _encrypt_target(
    message: Outgoing, target: _Target, step: Encryption, key: bytes, key_id: str
) -> None:
    element = target.element
    head = (
        f'<xenc:EncryptedData xmlns:xenc="{XENC}" Id="{target.id}" '
        f'Type="{CONTENT_TYPE if target.scope == "content" else ELEMENT_TYPE}">'
        f'<xenc:EncryptionMethod Algorithm="{step.cipher.uri}"/>'
        f'<ds:KeyInfo xmlns:ds="{DS}"><wsse:SecurityTokenReference xmlns:wsse="{WSSE}" '
        f'xmlns:wsse11="{WSSE11}" wsse11:TokenType="{ENCRYPTED_KEY_TOKEN}">'
        f'<wsse:Reference URI="#{key_id}"/></wsse:SecurityTokenReference></ds:KeyInfo>'
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


def _write_key(
    message: Outgoing,
    step: Encryption,
    key_id: str,
    certificate: Certificate,
    sealed: bytes,
    references: str,
) -> None:
    parameters = ""
    if step.transport.scheme == "rsa-oaep":
        parameters = f'<ds:DigestMethod xmlns:ds="{DS}" Algorithm="{step.oaep_digest.uri}"/>'
        if not step.transport.mgf_fixed:
            parameters += f'<xenc11:MGF xmlns:xenc11="{XENC11}" Algorithm="{step.mask.uri}"/>'
    key_info = write_key_info(message, certificate, step.key_reference)
    token = message.tokens.get(certificate.der) if step.key_reference == "binary_token" else None
    message.prepend(
        etree.fromstring(
            f'<xenc:EncryptedKey xmlns:xenc="{XENC}" Id="{key_id}">'
            f'<xenc:EncryptionMethod Algorithm="{step.transport.uri}">{parameters}'
            f"</xenc:EncryptionMethod>{key_info}"
            f"<xenc:CipherData><xenc:CipherValue>{base64.b64encode(sealed).decode()}"
            f"</xenc:CipherValue></xenc:CipherData>"
            f"<xenc:ReferenceList>{references}</xenc:ReferenceList></xenc:EncryptedKey>"
        )
    )
    if token is not None:
        message.prepend(token)
