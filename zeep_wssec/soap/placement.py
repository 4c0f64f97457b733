"""Putting decrypted content into the tree, with its canonical form kept as it was written.

lxml drops a namespace declaration when a node is moved to a place that already has one for the same URI,
under whatever prefix: names are then written with another prefix, a prefix inside a value may mean
something else, and the canonical form that was signed before encrypting is gone. Where prefixes meet so,
the content is built anew in its place, with every declaration where it stood, and canonical forms are
taken from a second tree that was parsed from the same octets.
"""

from __future__ import annotations

import copy
import hashlib
import secrets
from typing import Any

from lxml import etree

from zeep_wssec.errors import DecryptionError, MalformedSecurityError
from zeep_wssec.soap.decrypted import (
    Declarations,
    nodes_at_most,
    parse_decrypted,
    read_declarations,
)
from zeep_wssec.soap.limits import Limits
from zeep_wssec.soap.parsing import parse_message
from zeep_wssec.soap.tree_limits import count_nodes

_MAX_SPLICES = 4
"""Times that a message may be parsed again for its twin."""
_MAX_CANONICAL_COST = 100_000_000
"""Nodes times the square of the namespaces in scope: a second or so."""


class Placement:
    """The tree that an application reads, and where prefixes met, its twin with the prefixes as written."""

    def __init__(self, root: etree._Element, limits: Limits) -> None:
        self._root = root
        self._limits = limits
        self._twin: etree._Element | None = None
        self._splices = 0
        self._decrypted_bytes = 0
        self._nodes: int | None = None
        self._replaced_nodes = 0
        self._lineages: list[frozenset[etree._Element]] = []
        self._read: list[etree._Element] = []

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
        self._count_octets(octets)
        declared = read_declarations(octets)
        wrapper = parse_decrypted(octets, parent, self._limits, declared)
        self._count_nodes(old, wrapper, octets)
        if single and not (len(wrapper) == 1 and not _has_text(wrapper)):
            raise ValueError("not one element")
        meet = _prefixes_meet(declared, parent)
        if self._twin is not None or meet:
            self._splices += 1
            if self._splices > _MAX_SPLICES:
                raise ValueError("too many parts whose prefixes meet")
            self._twin = self._spliced(old, octets)
        return _put(wrapper, old, parent, build=meet)

    def _count_octets(self, octets: bytes) -> None:
        self._decrypted_bytes += len(octets)
        if self._decrypted_bytes > self._limits.decrypted_bytes:
            raise ValueError("too much content in all")

    def _count_nodes(self, old: etree._Element, wrapper: etree._Element, octets: bytes) -> None:
        """Count what comes to the tree: node by node only where its octets could hold too many."""
        limit = self._limits.nodes
        if self._nodes is None:
            self._nodes = count_nodes(self._root)
        self._nodes += nodes_at_most(octets, limit - self._nodes)
        if self._nodes > limit:
            self._nodes = count_nodes(self._root) + self._replaced_nodes + count_nodes(wrapper)
            if self._nodes > limit:
                raise ValueError("too many nodes in all")
        self._replaced_nodes += count_nodes(old)

    def as_written(self, node: etree._Element) -> etree._Element:
        """Give the node to canonicalize for ``node``: itself, or its twin with the prefixes as written.

        Raises:
            DecryptionError: The twin does not hold the same names, attributes and text.
            MalformedSecurityError: It was given too often, itself or with what is around it or in it.
        """
        # Bounds how often any element is canonicalized, by itself or within another one.
        self._read.append(node)
        self._lineages.append(frozenset((node, *node.iterancestors())))
        # Nothing was covered more often than there were signed parts.
        if len(self._read) > self._limits.max_coverings:
            self._check_coverings(node)
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
        return twin

    def _check_coverings(self, node: etree._Element) -> None:
        most = self._limits.max_coverings
        for lineage in self._lineages:
            if node in lineage and sum(outer in lineage for outer in self._read) > most:
                raise MalformedSecurityError(
                    f"Signatures cover one element more than {most} times.",
                    hint="Raise limits.max_coverings if the peer really signs so.",
                )

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


def _put(
    wrapper: etree._Element, old: etree._Element, parent: etree._Element, *, build: bool
) -> list[etree._Element]:
    index, tail = parent.index(old), old.tail
    old.tail = None
    parent.remove(old)
    _append_text(parent, index, wrapper.text)
    if build:
        placed = _build_in_place(wrapper, parent, index)
    else:
        placed = list(wrapper)
        parent[index:index] = placed
    _append_text(parent, index + len(placed), tail)
    return placed


def _build_in_place(
    wrapper: etree._Element, parent: etree._Element, index: int
) -> list[etree._Element]:
    """Build the content of ``wrapper`` anew under ``parent``.

    Only a node that is made where it stays keeps its declarations, so what follows is moved aside and
    back; the content is refused if that changes it.
    """
    following = parent[index:]
    if _is_costly(following, len(parent.nsmap)):
        # Moving does the same each time: where it changes nothing once, it never does.
        before = etree.tostring(parent)
        del parent[index:]
        parent.extend(following)
        kept = before == etree.tostring(parent)
        del parent[index:]
        placed = [_build(child, parent) for child in wrapper]
        parent.extend(following)
    else:
        digests = [_digest(node) for node in following]
        del parent[index:]
        placed = [_build(child, parent) for child in wrapper]
        parent.extend(following)
        kept = digests == [_digest(node) for node in following]
    if not kept:
        raise ValueError("what follows cannot be kept as it is")
    return placed


def _is_costly(nodes: list[etree._Element], in_scope: int) -> bool:
    """Whether canonical forms of nodes take too long: libxml2's cost grows with the square of what is in scope."""
    count, most = 0, in_scope
    for node in nodes:
        walk: Any = etree.iterwalk(node, events=("start-ns", "end-ns", "start"))
        for event, _ in walk:
            if event == "start":
                count += 1
            else:
                in_scope += 1 if event == "start-ns" else -1
                most = max(most, in_scope)
    return count * most**2 > _MAX_CANONICAL_COST


def _digest(node: etree._Element) -> bytes:
    octets = etree.tostring(node, method="c14n", exclusive=False, with_comments=False)
    return hashlib.sha256(octets).digest()


def _build(source: etree._Element, parent: etree._Element) -> etree._Element:
    """Copy ``source`` to the end of ``parent``, node by node, with each declaration where it stood.

    What is in scope is carried along: to ask each node for it would cost as much as there is, each time.
    """
    outer = source.getparent()
    scopes: list[dict[str | None, str]] = [{} if outer is None else dict(outer.nsmap)]
    places, declared = [parent], dict[str | None, str]()
    walk: Any = etree.iterwalk(source, events=("start-ns", "start", "end"))
    for event, item in walk:
        if event == "start-ns":
            prefix, uri = item
            declared[prefix or None] = uri
        elif event == "start":
            around = scopes[-1]
            own = {prefix: uri for prefix, uri in declared.items() if around.get(prefix) != uri}
            scopes.append({**around, **own} if own else around)
            places.append(_build_one(item, places[-1], own))
            declared = {}
        else:
            scopes.pop()
            root = places.pop()
    return root


def _build_one(
    source: etree._Element, parent: etree._Element, own: dict[str | None, str]
) -> etree._Element:
    made = etree.SubElement(parent, source.tag, nsmap=own)
    for name, value in source.attrib.items():
        made.set(name, value)
    made.text, made.tail = source.text, source.tail
    return made


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


def _prefixes_meet(declared: Declarations, place: etree._Element) -> bool:
    """Whether a URI that the content declares has a second prefix, in the content or at its place."""
    if declared.meet or not declared.prefixes:
        return declared.meet
    known = ((uri.encode(), (prefix or "").encode()) for prefix, uri in place.nsmap.items())
    return any(declared.prefixes.get(uri, prefix) != prefix for uri, prefix in known)


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
