"""Exclusive canonicalization of one element in its document."""

from __future__ import annotations

import re
from functools import lru_cache

from lxml import etree

from zeep_wssec.errors import MalformedSecurityError

_XSI = b"http://www.w3.org/2001/XMLSchema-instance"
_XSI_TYPES = etree.XPath(
    ".//@xsi:type", namespaces={"xsi": "http://www.w3.org/2001/XMLSchema-instance"}
)
_PREFIX = re.compile(r"[^\W\d][\w.\-]*")


def canonicalize(element: etree._Element, prefixes: tuple[str, ...] = ()) -> bytes:
    """Give the exclusive canonical form, without comments, of ``element`` where it stands.

    Args:
        element: Apex of the subtree; its tail is not part of it.
        prefixes: InclusiveNamespaces PrefixList; ``#default`` stands for the default namespace.

    Raises:
        MalformedSecurityError: There is no such form, since a namespace URI is relative.

    Spec: Exclusive XML Canonicalization 1.0.
    """
    if prefixes:
        _make_known(prefixes)
    try:
        return etree.tostring(
            element,
            method="c14n",
            exclusive=True,
            with_comments=False,
            inclusive_ns_prefixes=list(prefixes) or None,
        )
    except etree.C14NError:
        raise MalformedSecurityError(
            "An element has no canonical form: a namespace URI in it is relative."
        ) from None


def canonicalize_with_type_prefixes(element: etree._Element) -> tuple[bytes, tuple[str, ...]]:
    """Give the canonical form and the PrefixList that protects QNames in ``xsi:type`` values.

    Exclusive canonicalization keeps only namespaces that names use; the prefix inside
    ``xsi:type="p:Kind"`` is text to it, and could be bound anew without breaking the signature.
    """
    octets = canonicalize(element)
    if _XSI not in octets:
        return octets, ()
    found = _XSI_TYPES(element)
    values = {str(value) for value in found} if isinstance(found, list) else set()
    prefixes = sorted(
        {value.split(":")[0].strip() if ":" in value else "#default" for value in values}
    )
    usable = tuple(item for item in prefixes if item == "#default" or _PREFIX.fullmatch(item))
    return (canonicalize(element, usable), usable) if usable else (octets, ())


def _make_known(prefixes: tuple[str, ...]) -> None:
    """Let libxml2 meet each prefix: one that its name dictionary lacks would be passed over in silence."""
    for prefix in prefixes:
        etree.fromstring(_meeting(prefix))


@lru_cache(maxsize=256)
def _meeting(prefix: str) -> bytes:
    if prefix == "#default":
        return b'<a xmlns:p="#default"/>'
    return f'<a xmlns:{prefix}="urn:p"/>'.encode()
