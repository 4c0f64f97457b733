"""Decrypted octets become content here, in the scope of their place and within the limits of the message."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from functools import lru_cache

from lxml import etree

from zeep_wssec.errors import MalformedSecurityError
from zeep_wssec.soap.expressions import Expression
from zeep_wssec.soap.limits import Limits
from zeep_wssec.soap.parsing import LIBXML2_TEXT, message_parser
from zeep_wssec.soap.tree_limits import check_document, check_texts, is_shallow

_DECLARATION = re.compile(rb"""xmlns(?=(?::([^\s:=<>"'/]+))?\s*=\s*(?:"([^"<]*)"|'([^'<]*)'))""")
"""Looks ahead without going on, so that text which only resembles a declaration hides none behind it."""
_INHERITED = {
    name: Expression(f"string(ancestor-or-self::*[@xml:{name}][1]/@xml:{name})")
    for name in ("lang", "space", "base")
}
_LEAST_OCTETS = 4
"""Of a node: ``<a/>`` has four, `` a=""`` and a declaration more."""
_LEAST_ATTRIBUTE = 5
_LEAST_WINDOW = 256
"""Octets below which looking at windows is no cheaper than the tree."""
_LARGE = 64 * 1024
"""Octets from which on the parser's own bound on depth is made use of; fewer are parsed in no time."""
_DEEPEST = {False: 256, True: 2048}
"""Levels that libxml2 reads, unless and if it is told that trees may be huge."""


@dataclass(frozen=True, kw_only=True)
class Declarations:
    """The namespace declarations that octets may hold: every one there is, and what resembles one."""

    count: int
    prefixes: dict[bytes, bytes]
    """The prefix of each URI, empty for the default namespace; not complete where ``meet`` is set."""
    meet: bool
    """Whether a URI has a second prefix, or cannot be compared."""


def read_declarations(data: bytes) -> Declarations:
    """Find the declarations in ``data``, which may hold anything."""
    count, meet = 0, False
    prefixes: dict[bytes, bytes] = {}
    for match in _DECLARATION.finditer(data):
        count += 1
        if not meet:
            prefix, double, single = match.groups(b"")
            uri = double or single
            meet = b"&" in uri or prefixes.setdefault(uri, prefix) != prefix
    return Declarations(count=count, prefixes=prefixes, meet=meet)


def nodes_at_most(data: bytes, limit: int) -> int:
    """Give a number that the nodes of well-formed ``data`` cannot pass; the closer one if it matters."""
    most = 1 + len(data) // _LEAST_OCTETS
    # Each element has a "<" of its own, each attribute and declaration a "=".
    return most if most <= limit else 1 + data.count(b"<") + data.count(b"=")


def parse_decrypted(
    data: bytes, place: etree._Element, limits: Limits, declared: Declarations
) -> etree._Element:
    """Parse decrypted octets as the content of ``place``, with the namespaces in scope there.

    Args:
        data: Text, elements, both or nothing: all are legal content.
        place: The element in whose scope the octets stand.
        limits: Bounds; the message's own.
        declared: What ``read_declarations`` found in ``data``.

    Returns:
        A wrapper element of no meaning, whose text and children are the content.

    Raises:
        ValueError: The octets are not well-formed content; says nothing of them.
    """
    # The wrapper takes the place of the element that is counted last.
    outer = sum(1 for _ in place.iterancestors())
    depth = limits.max_depth - outer
    huge = len(data) > LIBXML2_TEXT
    modest = _is_modest(data, len(place.nsmap) + len(_INHERITED) + declared.count, limits)
    spare = _spare_levels(huge, depth) if modest and len(data) > _LARGE else 0
    name = "w" + secrets.token_hex(16)
    before, after = f"<{name}{_scope(place)}>".encode(), f"</{name}>".encode()
    octets = b"".join((b"<w>" * spare, before, data, after, b"</w>" * spare))
    try:
        root = etree.fromstring(octets, message_parser(huge))
    except (etree.XMLSyntaxError, ValueError):
        raise ValueError("not well-formed content") from None
    try:
        if not modest:
            check_document(root, limits, outer=outer)
        elif not spare and not is_shallow(root, depth):
            raise ValueError("content over a limit")
        check_texts(root, limits)
    except MalformedSecurityError:
        raise ValueError("content over a limit") from None
    return next(root.iter(f"{{*}}{name}")) if spare else root


def _is_modest(data: bytes, declared: int, limits: Limits) -> bool:
    """Whether octets alone show that all but depth and texts of what comes of them is within the limits.

    Looking at them is cheaper than walking through the tree. What holds more than that is looked at node
    by node.

    Args:
        data: In UTF-8, without document type declaration.
        declared: Declarations in it and around it.
        limits: Bounds.
    """
    return (
        not (b"?" in data and b"<?" in data)
        and declared <= limits.max_namespaces
        and declared + nodes_at_most(data, limits.nodes - declared) <= limits.nodes
        and not _may_have_attributes(data, limits.max_attributes)
    )


def _may_have_attributes(data: bytes, count: int) -> bool:
    """Whether a tag of ``data`` may have more than ``count`` attributes.

    Such a tag goes on for some octets, none of which is a ``<``, so it spans one of the windows that are
    looked at; and it holds more than ``count`` of ``=``, which long texts do not.
    """
    window = (count + 1) * _LEAST_ATTRIBUTE // 2
    if window < _LEAST_WINDOW:
        return True
    start, end = 0, len(data)
    while start < end:
        if data.find(b"<", start, start + window) < 0:
            first, last = data.rfind(b"<", 0, start), data.find(b"<", start)
            last = end if last < 0 else last
            if data.count(b"=", max(first, 0), last) > count:
                return True
            start = last
        else:
            start += window
    return False


def _spare_levels(huge: bool, depth: int) -> int:
    """Give the elements to parse content within, so that the parser refuses it if it is too deep.

    0: The parser cannot be made use of so.
    """
    deepest = _DEEPEST[huge]
    return deepest - depth if 0 < depth < deepest and _is_deepest(huge) else 0


@lru_cache(maxsize=2)
def _is_deepest(huge: bool) -> bool:
    """Whether this libxml2 refuses the first level that is one too many, and none before."""
    for levels, parses in ((_DEEPEST[huge], True), (_DEEPEST[huge] + 1, False)):
        try:
            etree.fromstring(b"<w>" * levels + b"</w>" * levels, message_parser(huge))
        except etree.XMLSyntaxError:
            if parses:
                return False
        else:
            if not parses:
                return False
    return True


def _scope(place: etree._Element) -> str:
    """Give the declarations and ``xml:`` attributes that hold at ``place``."""
    scope = "".join(
        f' xmlns{":" + prefix if prefix else ""}="{_attribute(uri)}"'
        for prefix, uri in place.nsmap.items()
    )
    for name, inherits in _INHERITED.items():
        inherited = inherits(place)
        if inherited:
            scope += f' xml:{name}="{_attribute(str(inherited))}"'
    return scope


def _attribute(value: str) -> str:
    return value.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")
