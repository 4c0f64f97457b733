"""A message for people to read, with nothing in it that opens a door: what is not known to be harmless is left out."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from lxml import etree

from zeep_wssec.soap.namespaces import (
    DS,
    EXC_C14N,
    SOAP11,
    SOAP12,
    TOKEN_PROFILE,
    WSA,
    WSA_2004,
    WSC,
    WSC_2005,
    WSSE,
    WSSE11,
    WSU,
    XENC,
    XENC11,
    XML,
)

REDACTED: Final = "[redacted]"
MAX_TEXT_CHARACTERS: Final = 16_384
"""Longest text that is kept: ciphertext has no other bound than the message."""
MAX_ELEMENTS: Final = 10_000
"""Most elements that are kept; the message may be anybody's and was not checked yet."""

_DSIG11 = "http://www.w3.org/2009/xmldsig11#"
_TRUST = (
    "http://docs.oasis-open.org/ws-sx/ws-trust/200512",
    "http://schemas.xmlsoap.org/ws/2005/02/trust",
)
_OPEN = frozenset({DS, _DSIG11, XENC, XENC11, EXC_C14N, WSU, WSC, WSC_2005, WSA, WSA_2004})
"""Namespaces whose elements are kept whole, but for the names below."""
_OPEN_NAMES = frozenset(
    {
        f"{{{WSSE}}}Security",
        f"{{{WSSE}}}UsernameToken",
        f"{{{WSSE}}}Username",
        f"{{{WSSE}}}SecurityTokenReference",
        f"{{{WSSE}}}Reference",
        f"{{{WSSE}}}KeyIdentifier",
        f"{{{WSSE}}}Embedded",
        f"{{{WSSE}}}TransformationParameters",
        f"{{{WSSE11}}}SignatureConfirmation",
        f"{{{WSSE11}}}EncryptedHeader",
        f"{{{WSSE11}}}Iteration",
    }
)
_CLOSED_NAMES = frozenset({f"{{{DS}}}Object"})
_SECRET_NAMES = frozenset(
    [f"{{{WSSE}}}{local}" for local in ("Password", "Nonce", "BinarySecurityToken")]
    + [f"{{{WSSE11}}}Salt"]
    + [f"{{{namespace}}}BinarySecret" for namespace in _TRUST]
)
"""Left out wherever they stand, even of a Body that is kept."""
_BINARY_TOKEN = f"{{{WSSE}}}BinarySecurityToken"
_ENCRYPTED_DATA = f"{{{XENC}}}EncryptedData"
_IDS = frozenset({"Id", "ID", f"{{{WSU}}}Id", f"{{{XML}}}id"})
_KINDS = frozenset({"Type", "ValueType", "EncodingType"})
_FAULT_CODES = frozenset(
    {"faultcode"} | {f"{{{SOAP12}}}{local}" for local in ("Code", "Subcode", "Value")}
)


def redact(root: etree._Element, *, bodies: bool = False) -> bytes:
    """Write a message without passwords, Nonces, tokens that are no certificates, and content.

    It is to be read by people: signatures of it do not verify. Of the Header all is kept that belongs to
    WS-Security and WS-Addressing, of anything else the names only. Ciphertext is kept.

    Args:
        root: The Envelope element; left unchanged. It need not be a valid one.
        bodies: Whether to keep the content of the Body; secrets with a known name are left out of it, too.

    Returns:
        UTF-8; comments, processing instructions and white space between elements are gone.
    """
    made = etree.Element(root.tag, nsmap=dict(root.nsmap))
    _keep_attributes(root, made)
    budget = MAX_ELEMENTS
    stack = [(child, made, _rule(child, "envelope", bodies)) for child in _children(root)]
    while stack:
        source, parent, rule = stack.pop()
        if not budget:
            parent.append(etree.Comment("The rest is left out: the message has too many elements."))
            break
        budget -= 1
        copy = _copy(source, parent, rule)
        if rule not in ("name", "secret"):
            stack += [(child, copy, _rule(child, rule, bodies)) for child in _children(source)]
    return etree.tostring(made)


def _children(element: etree._Element) -> list[etree._Element]:
    """Give the children that are elements, last first, as a stack wants them."""
    return [child for child in reversed(element) if isinstance(child.tag, str)]


def _rule(element: etree._Element, under: str, bodies: bool) -> str:
    """Say what is kept of an element under one with the rule ``under``.

    ``"header"``, ``"body"``, ``"fault"``: attributes; the children by their own rules. ``"open"``: all of
    it. ``"content"``: all, in a Body. ``"name"``: name and Ids. ``"secret"``: what kind it is, too.
    """
    tag = str(element.tag)
    namespace, _, local = tag.rpartition("}")
    namespace = namespace.removeprefix("{")
    if tag in _SECRET_NAMES:
        is_certificate = tag == _BINARY_TOKEN and _is_certificate(element)
        return "open" if is_certificate else "secret"
    if under == "content":
        return "content"
    if under == "envelope":
        known = namespace in (SOAP11, SOAP12) and local in ("Header", "Body")
        return local.lower() if known else "name"
    if under == "body" and tag != _ENCRYPTED_DATA:
        is_fault = namespace in (SOAP11, SOAP12) and local == "Fault"
        return "content" if bodies else "fault" if is_fault else "name"
    if under in ("fault", "fault code"):
        return "fault code" if tag in _FAULT_CODES else "name"
    if tag in _CLOSED_NAMES:
        return "name"
    return "open" if namespace in _OPEN or tag in _OPEN_NAMES else "name"


def _copy(source: etree._Element, parent: etree._Element, rule: str) -> etree._Element:
    around = source.getparent()
    outer = {} if around is None else around.nsmap
    new = {prefix: uri for prefix, uri in source.nsmap.items() if outer.get(prefix) != uri}
    copy = etree.SubElement(parent, source.tag, nsmap=new)
    if rule in ("name", "secret"):
        kept = _IDS if rule == "name" else _IDS | _KINDS
        for name, value in source.attrib.items():
            if name in kept:
                copy.set(name, _shortened(str(value)))
        if source.text or len(source):
            copy.text = REDACTED
        return copy
    _keep_attributes(source, copy, all_of_it=rule == "content")
    text = source.text or ""
    if text.strip():
        copy.text = _text(source, text, rule)
    if rule == "content" and source.tail and source.tail.strip():
        copy.tail = _shortened(source.tail)
    return copy


def _text(source: etree._Element, text: str, rule: str) -> str:
    if rule in ("header", "body", "fault"):
        return REDACTED
    if rule == "open" and str(source.tag).startswith((f"{{{WSA}}}", f"{{{WSA_2004}}}")):
        text = _address(text)
    return _shortened(text)


def _keep_attributes(
    source: etree._Element, copy: etree._Element, *, all_of_it: bool = False
) -> None:
    """Take over the attributes that the standards know; of a Body that is kept, all."""
    known = {WSU, WSSE, WSSE11, SOAP11, SOAP12, XML, WSA, WSC, WSC_2005}
    for key, raw in source.attrib.items():
        name, value = str(key), str(raw)
        if not all_of_it and name.startswith("{") and name[1:].split("}")[0] not in known:
            continue
        copy.set(name, _shortened(_address(value) if name == "URI" else value))


def _address(text: str) -> str:
    """Give an address without user name, password and query: what is behind the ``?`` may be a ticket."""
    try:
        parts = urlsplit(text.strip())
        host = parts.netloc.rpartition("@")[2]
        return parts._replace(netloc=host, query=REDACTED if parts.query else "").geturl()
    except ValueError:
        return REDACTED


def _shortened(text: str) -> str:
    if len(text) <= MAX_TEXT_CHARACTERS:
        return text
    return f"{text[:64]}… [{len(text)} characters]"


def _is_certificate(element: etree._Element) -> bool:
    return (element.get("ValueType") or "").startswith(TOKEN_PROFILE)
