"""Putting decrypted content into the tree, with its canonical form kept as it was written.

lxml drops a namespace declaration when the new place already has one for the same URI, under whatever
prefix: an element is then written with another prefix, and the canonical form that was signed before
encrypting is gone. Where prefixes meet so, a second tree that keeps them is made from the same octets,
and canonical forms are taken from there.
"""

from __future__ import annotations

import copy
import re
import secrets

from lxml import etree

from zeep_wssec.errors import DecryptionError
from zeep_wssec.soap.limits import Limits
from zeep_wssec.soap.parsing import parse_decrypted, parse_message

_DECLARATION = re.compile(rb"""xmlns(?::([^\s=]+))?\s*=\s*(?:"([^"]*)"|'([^']*)')""")


class Placement:
    """The tree that an application reads, and where prefixes met, its twin with the prefixes as written."""

    def __init__(self, root: etree._Element, limits: Limits) -> None:
        self._root = root
        self._limits = limits
        self._twin: etree._Element | None = None

    def replace(self, old: etree._Element, octets: bytes, *, single: bool) -> list[etree._Element]:
        """Put decrypted ``octets`` in the place of ``old``; give the elements in their new place.

        Args:
            old: Taken out of its parent; its tail stays behind.
            octets: Content: text, elements, both or nothing.
            single: Whether the content must be one element and nothing else.

        Raises:
            ValueError: Not such content; says nothing of it.
        """
        parent = old.getparent()
        if parent is None:
            raise ValueError("no place")
        wrapper = parse_decrypted(octets, parent, self._limits)
        if single and not (len(wrapper) == 1 and not _has_text(wrapper)):
            raise ValueError("not one element")
        if self._twin is not None or _prefixes_meet(octets, parent):
            self._twin = self._spliced(old, octets)
        return _put(wrapper, old, parent)

    def as_written(self, node: etree._Element) -> etree._Element:
        """Give the node to canonicalize for ``node``: itself, or its twin with the prefixes as written.

        Raises:
            DecryptionError: The twin does not hold the same names, attributes and text, or a prefix in a
                value such as ``xsi:type`` means another namespace there.
        """
        if self._twin is None:
            return node
        twin = _at(self._twin, _path(node, self._root))
        for ours, theirs in zip(node.iter(), twin.iter(), strict=True):
            if (ours.tag, ours.text, dict(ours.attrib)) != (
                theirs.tag,
                theirs.text,
                dict(theirs.attrib),
            ):
                raise DecryptionError
            if ours is not node and ours.tail != theirs.tail:
                raise DecryptionError
            if _reads_otherwise(ours, theirs):
                raise DecryptionError
        return twin

    def _spliced(self, old: etree._Element, octets: bytes) -> etree._Element:
        """Parse the whole message again with ``octets`` where ``old`` stands."""
        twin = copy.deepcopy(self._root) if self._twin is None else self._twin
        place = _at(twin, _path(old, self._root))
        name = "m" + secrets.token_hex(16)
        marker = etree.Element(name)
        marker.tail = place.tail
        parent = place.getparent()
        if parent is None:
            raise ValueError("no place")
        parent.replace(place, marker)
        before, after = etree.tostring(twin, encoding="utf-8").split(f"<{name}/>".encode())
        return parse_message(before + octets + after, self._limits)


def _reads_otherwise(ours: etree._Element, theirs: etree._Element) -> bool:
    """Whether a value that may be a qualified name has a prefix that is bound to another namespace."""
    for value in (ours.text or "", *ours.attrib.values()):
        prefix, colon, _ = str(value).strip().partition(":")
        uri = theirs.nsmap.get(prefix) if colon else None
        if uri is not None and ours.nsmap.get(prefix, uri) != uri:
            return True
    return False


def _put(
    wrapper: etree._Element, old: etree._Element, parent: etree._Element
) -> list[etree._Element]:
    index, tail, children = parent.index(old), old.tail, list(wrapper)
    old.tail = None
    parent.remove(old)
    _append_text(parent, index, wrapper.text)
    parent[index:index] = children
    _append_text(parent, index + len(children), tail)
    return children


def _append_text(parent: etree._Element, index: int, text: str | None) -> None:
    """Add ``text`` in front of the child at ``index``."""
    if not text:
        return
    if index == 0:
        parent.text = (parent.text or "") + text
    else:
        before = parent[index - 1]
        before.tail = (before.tail or "") + text


def _has_text(wrapper: etree._Element) -> bool:
    texts = (wrapper.text, *(child.tail for child in wrapper))
    return any(text and text.strip() for text in texts)


def _prefixes_meet(octets: bytes, place: etree._Element) -> bool:
    """Whether a URI that the content declares has a second prefix, in the content or at its place."""
    prefix_of: dict[bytes, bytes] = {}
    for prefix, double, single in _DECLARATION.findall(octets):
        uri = double or single
        if b"&" in uri or prefix_of.setdefault(uri, prefix) != prefix:
            return True
    for known, uri_text in place.nsmap.items() if prefix_of else ():
        found = prefix_of.get(uri_text.encode())
        if found is not None and found != (known or "").encode():
            return True
    return False


def _path(node: etree._Element, root: etree._Element) -> list[int]:
    path: list[int] = []
    current = node
    while current is not root:
        parent = current.getparent()
        if parent is None:
            raise DecryptionError
        path.append(parent.index(current))
        current = parent
    return path[::-1]


def _at(root: etree._Element, path: list[int]) -> etree._Element:
    for index in path:
        root = root[index]
    return root
