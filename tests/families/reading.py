"""What a message says, read from its XML alone: the terms in which ``terms`` speaks.

Nothing here uses the package that wrote the message, so that an error there is not repeated here.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any

from families.terms import NAMESPACES, OPEN, Row, uri_of
from lxml import etree

_PREFIXES = {uri: prefix for prefix, uri in NAMESPACES.items()} | {
    NAMESPACES["soap12"]: "soap",
}
_HEADERS = tuple(f"{{*}}Header/{{{uri_of(name)}}}Security" for name in ("wsse", "wsse02"))
_OASIS = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-"
_PROFILES = tuple(
    f"{_OASIS}{name}-1.0"
    for name in ("x509-token-profile", "username-token-profile", "soap-message-security")
)
"""Documents whose URIs ``shape`` shortens to their last words."""
_LIST = "ec:InclusiveNamespaces"


def name_of(element: etree._Element) -> str:
    """Name of an element with the prefix that the table uses, whatever the message's own is."""
    uri, _, local = str(element.tag)[1:].partition("}")
    return f"{_PREFIXES.get(uri, uri)}:{local}"


def security_of(envelope: etree._Element) -> etree._Element:
    """The only security header."""
    (found,) = [item for path in _HEADERS for item in envelope.findall(path)]
    return found


def find(element: etree._Element, path: str) -> etree._Element | None:
    """The first element at a path with the table's prefixes."""
    return element.find(path, NAMESPACES)


def shape(element: etree._Element, known: Mapping[str, str]) -> str:
    """An element as text without Ids and declarations; URIs of the token profiles by their last words.

    Args:
        element: What to show.
        known: Words for values such as a certificate.
    """
    attributes = "".join(
        f' {key.rpartition("}")[2]}="{_value(element, key, str(value))}"'
        for key, value in sorted(element.attrib.items())
        if not key.endswith("Id")
    )
    inner = "".join(shape(child, known) for child in element)
    text = (element.text or "").strip()
    inner = inner or known.get(text, "…" if text else "")
    return (
        f"<{name_of(element)}{attributes}>{inner}</>"
        if inner
        else f"<{name_of(element)}{attributes}/>"
    )


def _value(element: etree._Element, key: str, value: str) -> str:
    if key == "URI" and value.startswith("#"):
        target = by_id(element.getroottree().getroot(), value)
        return f"#{name_of(target)}"
    base, _, word = value.partition("#")
    return word if base in _PROFILES else value


def by_id(root: etree._Element, uri: str) -> etree._Element:
    ids = ("Id", f"{{{uri_of('wsu')}}}Id")
    (found,) = [node for node in root.iter("{*}*") if uri[1:] in (node.get(key) for key in ids)]
    return found


def prefix_list(element: etree._Element | None) -> tuple[str, ...]:
    """The PrefixList in a Transform or a CanonicalizationMethod."""
    listed = None if element is None else find(element, _LIST)
    return () if listed is None else tuple((listed.get("PrefixList") or "").split())


def read(envelope: etree._Element, known: Mapping[str, str]) -> dict[str, Any]:
    """Everything that a row of the table can speak of, by the names of its fields."""
    security = security_of(envelope)
    header = security.getparent()
    assert header is not None
    signature = find(security, "ds:Signature")
    return {
        "soap": {"soap11": "1.1", "soap12": "1.2"}[_version(envelope)],
        "security_namespace": str(security.tag)[1:].partition("}")[0],
        "children": tuple(name_of(child) for child in security),
        "first_child": name_of(security[0]),
        "must_understand": frozenset(name_of(block) for block in header if _must_understand(block)),
        "addressing": frozenset(
            name_of(block) for block in header if name_of(block).startswith(("wsa:", "wsa04:"))
        ),
        "reply_to": header.findtext("wsa:ReplyTo/wsa:Address", None, NAMESPACES),
        "message_id": header.findtext("wsa:MessageID", None, NAMESPACES),
        "to": header.findtext("wsa:To", None, NAMESPACES),
        "sender": header.findtext("wsa:From/wsa:Address", None, NAMESPACES),
        **_timestamp(security),
        "username_token": _shape_at(security, "wsse:UsernameToken", known),
        "token_created": security.findtext("wsse:UsernameToken/wsu:Created", None, NAMESPACES),
        "binary_token": _shape_at(security, "wsse:BinarySecurityToken", known)
        or _shape_at(security, "wsse02:BinarySecurityToken", known),
        **({} if signature is None else _signature(signature, known)),
        **_encryption(envelope, known),
        "names": frozenset(_names(security)),
    }


def _version(envelope: etree._Element) -> str:
    uri = str(envelope.tag)[1:].partition("}")[0]
    return next(prefix for prefix in ("soap11", "soap12") if NAMESPACES[prefix] == uri)


def _must_understand(block: etree._Element) -> bool:
    root = block.getroottree().getroot()
    uri = str(root.tag)[1:].partition("}")[0]
    return block.get(f"{{{uri}}}mustUnderstand") in ("1", "true")


def _timestamp(security: etree._Element) -> dict[str, Any]:
    timestamp = find(security, "wsu:Timestamp")
    if timestamp is None:
        return {}
    texts = tuple(
        str(timestamp.findtext(f"wsu:{name}", "", NAMESPACES)) for name in ("Created", "Expires")
    )
    created, expires = (datetime.fromisoformat(text) for text in texts)
    return {
        "lifetime_seconds": (expires - created).total_seconds(),
        "created": texts[0],
        "times": texts,
    }


def _signature(signature: etree._Element, known: Mapping[str, str]) -> dict[str, Any]:
    root = signature.getroottree().getroot()
    form = find(signature, "ds:SignedInfo/ds:CanonicalizationMethod")
    method = find(signature, "ds:SignedInfo/ds:SignatureMethod")
    key_info = find(signature, "ds:KeyInfo")
    assert form is not None and method is not None and key_info is not None  # noqa: PT018
    references = signature.findall("ds:SignedInfo/ds:Reference", NAMESPACES)
    signed: dict[str, etree._Element] = {}
    for reference in references:
        uri = reference.get("URI") or ""
        signed["document" if uri == "" else name_of(by_id(root, uri))] = reference
    transforms = {
        name: tuple(
            item.get("Algorithm") for item in reference.iterfind("ds:Transforms/*", NAMESPACES)
        )
        for name, reference in signed.items()
    }
    return {
        "signed": frozenset(signed),
        "signature_method": method.get("Algorithm"),
        "digests": frozenset(
            str(item.get("Algorithm"))
            for item in signature.iterfind(".//ds:DigestMethod", NAMESPACES)
        ),
        "canonicalization": form.get("Algorithm"),
        "transforms": frozenset(transforms.values()),
        "signed_info_prefixes": prefix_list(form),
        "reference_prefixes": {
            name: prefix_list(reference.findall("ds:Transforms/*", NAMESPACES)[-1])
            for name, reference in signed.items()
        },
        "key_reference": "".join(shape(child, known) for child in key_info),
    }


def _encryption(envelope: etree._Element, known: Mapping[str, str]) -> dict[str, Any]:
    key = find(envelope, ".//xenc:EncryptedKey")
    data = envelope.findall(".//xenc:EncryptedData", NAMESPACES)
    if key is None:
        return {"encrypted": frozenset()}
    parents = [item.getparent() for item in data]
    method, key_info = find(key, "xenc:EncryptionMethod"), find(key, "ds:KeyInfo")
    assert method is not None and key_info is not None  # noqa: PT018
    return {
        "encrypted": frozenset(name_of(parent) for parent in parents if parent is not None),
        "cipher": frozenset(
            str(item.get("Algorithm"))
            for entry in data
            for item in entry.iterfind("xenc:EncryptionMethod", NAMESPACES)
        ),
        "key_transport": method.get("Algorithm"),
        "oaep": tuple(str(item.get("Algorithm")) for item in method),
        "recipient_reference": "".join(shape(child, known) for child in key_info),
    }


def _shape_at(security: etree._Element, path: str, known: Mapping[str, str]) -> str | None:
    found = find(security, path)
    return None if found is None else shape(found, known)


def _names(security: etree._Element) -> Iterator[str]:
    for node in security.iter("{*}*"):
        yield name_of(node)


def differences(
    row: Row, envelope: etree._Element, known: Mapping[str, str]
) -> dict[str, tuple[Any, Any]]:
    """Every field of the row that the message contradicts, with what was expected and what was found."""
    facts = read(envelope, known)
    found: dict[str, tuple[Any, Any]] = {}
    for item in fields(row):
        expected = getattr(row, item.name)
        if item.name in ("service", "family", "envelope", "users") or expected is OPEN:
            continue
        if item.name == "absent":
            wrong = expected & (
                facts["names"] | {f"signed {name}" for name in facts.get("signed", ())}
            )
            if wrong:
                found["absent"] = (frozenset(), wrong)
        elif item.name == "present":
            if not expected <= facts["names"]:
                found["present"] = (expected, facts["names"])
        elif item.name == "forms":
            found.update(_forms(expected, facts))
        elif facts.get(item.name) != expected:
            found[item.name] = (expected, facts.get(item.name))
    return found


def _forms(
    expected: Mapping[str, Any], facts: Mapping[str, Any]
) -> Iterator[tuple[str, tuple[Any, Any]]]:
    for name, pattern in expected.items():
        values = facts.get(name) or ""
        for value in values if isinstance(values, tuple) else (values,):
            if not pattern.fullmatch(value):
                yield f"forms.{name}", (pattern.pattern, value)


def octets(text: str | None) -> bytes:
    """The octets of a base64 text that has no line break in it."""
    return base64.b64decode(text or "", validate=True)
