"""The only places where bytes of a peer become a tree, and the checks that any such tree must pass."""

from __future__ import annotations

import re
import secrets
from functools import lru_cache

from lxml import etree

from zeep_wssec.errors import MalformedSecurityError
from zeep_wssec.soap.expressions import Expression
from zeep_wssec.soap.header_limits import check_security_headers
from zeep_wssec.soap.limits import Limits

_DOCTYPE = re.compile(rb"^(?:[^<]|<[?!-](?!DOCTYPE))*<!DOCTYPE")
"""A document type declaration in front of the root; elsewhere the word is content."""
_NO_MARKUP = re.compile(rb"<!\[CDATA\[.*?\]\]>|<!--.*?-->", re.DOTALL)
"""What may hold ``<`` that begins no tag."""
_PROLOG = 8
_ELEMENTS = Expression("count(/descendant::*)")
_ATTRIBUTES = Expression("count(/descendant::*/@*)")
_INHERITED = {
    name: Expression(f"string(ancestor-or-self::*[@xml:{name}][1]/@xml:{name})")
    for name in ("lang", "space", "base")
}
_FEW = 4
"""Attributes that elements of business data stay within."""
_FLAT = 16
"""Levels that most messages stay within."""
_LIBXML2_TEXT = 10_000_000
"""Octets of text at which libxml2 stops unless it is told that trees may be huge."""
_ENCODINGS = frozenset(
    {"UTF-8", "UTF8", "UTF-16", "UTF-16LE", "UTF-16BE", "US-ASCII", "ASCII", "ISO-8859-1"}
)
"""In the others octets may spell a name without showing it to a filter that looks at them first."""


def parse_message(data: bytes, limits: Limits) -> etree._Element:
    """Parse a whole message and check its tree; what its security headers ask for is not looked at.

    Raises:
        MalformedSecurityError: Not well-formed XML, a DTD, or over a limit.
    """
    root = parse_unchecked(data, limits)
    _check_document(root, limits)
    return root


def parse_unchecked(data: bytes, limits: Limits, *, keep_comments: bool = False) -> etree._Element:
    """Parse a whole message whose tree ``check_tree`` has yet to pass.

    Comments are dropped, as zeep drops them: every reader then sees the same text.

    Raises:
        MalformedSecurityError: Not well-formed XML, a DTD near its start, or too long.
    """
    if len(data) > limits.max_message_bytes:
        raise MalformedSecurityError(
            f"The message has {len(data)} bytes; {limits.max_message_bytes} are allowed.",
            hint="Raise limits.max_message_bytes if the peer really sends that much.",
        )
    _check_markup(data, limits)
    if _DOCTYPE.search(data[:4096]):
        raise _dtd_refused()
    try:
        parser = _message_parser(len(data) > _LIBXML2_TEXT, keep_comments)
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        # str(error) has the place a second time, with a file name that is none.
        problem = getattr(error, "msg", None) or str(error)
        raise MalformedSecurityError(f"The message is not well-formed XML: {problem}.") from None
    return root


def parse_document(data: bytes, limits: Limits, *, keep_comments: bool = False) -> etree._Element:
    """Parse a document that is no message, within the same bounds; it may hold processing instructions.

    Raises:
        MalformedSecurityError: As for ``parse_message``.
    """
    root = parse_unchecked(data, limits, keep_comments=keep_comments)
    _check_document(root, limits, is_message=False)
    return root


def parse_ours(data: bytes) -> etree._Element:
    """Parse octets that we have written, however long their texts are."""
    return etree.fromstring(data, _message_parser(True) if len(data) > _LIBXML2_TEXT else None)


def check_tree(root: etree._Element, limits: Limits) -> None:
    """Check a peer's message against ``limits`` before anything in it is believed.

    Args:
        root: The tree, however it was parsed.
        limits: Bounds.

    Raises:
        MalformedSecurityError: A DTD, a processing instruction or comment (SOAP 1.1 section 3 forbids
            the first two), or more of something than allowed, in the document or in a security header.
    """
    _check_document(root, limits)
    check_security_headers(root, limits)


def _check_document(
    root: etree._Element,
    limits: Limits,
    *,
    outer: int = 0,
    is_message: bool = True,
    modest: bool = False,
) -> None:
    """Check a tree that will stand below ``outer`` elements; ``modest``: as ``_is_modest`` found its octets."""
    info = root.getroottree().docinfo
    if info.internalDTD is not None:
        raise _dtd_refused()
    if (info.encoding or "UTF-8").upper() not in _ENCODINGS:
        raise MalformedSecurityError(
            f"The message is encoded as {str(info.encoding)[:40]}.",
            hint="SOAP messages are UTF-8 or UTF-16; ASCII and Latin-1 are read, too.",
        )
    if is_message and not modest and _has_foreign_nodes(root):
        raise MalformedSecurityError(
            "The message has a processing instruction or a comment: its text could be read in two ways.",
            hint="Parse it with remove_comments=True, or hand over the bytes.",
        )
    if modest:
        _check_attributes(root, limits)
    else:
        _check_nodes(root, limits)
    depth = limits.max_depth - outer
    # Most trees are flat, which fewer steps show.
    if depth <= 0 or (_too_deep(min(depth, _FLAT))(root) and _too_deep(depth)(root)):
        raise _over(f"The message is nested deeper than {limits.max_depth} elements", "max_depth")
    length = limits.max_text_length
    if length is not None and _too_long(length)(root):
        raise _over(f"A text has more than {length} characters", "max_text_length")


def _check_nodes(root: etree._Element, limits: Limits) -> None:
    nodes = _count(_ELEMENTS, root)
    nodes += _namespaces(root, limits.max_namespaces)
    # Where all have few attributes, one pass shows that no limit on them can be passed.
    few = min(_FEW, limits.max_attributes)
    if nodes * (few + 1) > limits.nodes or _too_many_attributes(few)(root):
        nodes += _count(_ATTRIBUTES, root)
        _check_attributes(root, limits)
    if nodes > limits.nodes:
        raise _over(f"The message has more than {limits.nodes} nodes", "max_nodes")


def _check_attributes(root: etree._Element, limits: Limits) -> None:
    if _too_many_attributes(limits.max_attributes)(root):
        sentence = f"An element has more than {limits.max_attributes} attributes"
        raise _over(sentence, "max_attributes")


def _is_modest(data: bytes, around: int, limits: Limits) -> bool:
    """Whether octets alone show that no comment or instruction and not too many nodes can come of them.

    Each element has a ``<`` of its own, each attribute and declaration a ``=``; counting these is
    cheaper than walking through the tree. What holds more than that is looked at node by node.

    Args:
        data: In UTF-8, without document type declaration.
        around: Declarations and attributes of the element that will hold them.
        limits: Bounds.
    """
    return (
        b"<?" not in data
        and b"<!" not in data
        and around + data.count(b"xmlns") <= limits.max_namespaces
        and 1 + around + data.count(b"<") + data.count(b"=") <= limits.nodes
    )


def count_nodes(root: etree._Element) -> int:
    """Give the number of elements and attributes in the document of ``root``.

    Raises:
        MalformedSecurityError: More than libxml2 can count.
    """
    return _count(_ELEMENTS, root) + _count(_ATTRIBUTES, root)


def _count(counting: Expression, root: etree._Element) -> int:
    try:
        return int(float(str(counting(root))))
    except etree.XPathError:
        raise _over("The message has more than 10,000,000 nodes", "max_nodes") from None


def parse_decrypted(data: bytes, place: etree._Element, limits: Limits) -> etree._Element:
    """Parse decrypted octets as the content of ``place``, with the namespaces in scope there.

    Args:
        data: Text, elements, both or nothing: all are legal content.
        place: The element in whose scope the octets stand.
        limits: Bounds; the message's own.

    Returns:
        A wrapper element of no meaning, whose text and children are the content.

    Raises:
        ValueError: The octets are not well-formed content; says nothing of them.
    """
    wrapper = "w" + secrets.token_hex(16)
    declarations = "".join(
        f' xmlns{":" + prefix if prefix else ""}="{_attribute(uri)}"'
        for prefix, uri in place.nsmap.items()
    )
    for name, inherits in _INHERITED.items():
        inherited = inherits(place)
        if inherited:
            declarations += f' xml:{name}="{_attribute(str(inherited))}"'
    parser = _message_parser(len(data) > _LIBXML2_TEXT)
    try:
        root = etree.fromstring(
            b"".join((f"<{wrapper}{declarations}>".encode(), data, f"</{wrapper}>".encode())),
            parser,
        )
    except (etree.XMLSyntaxError, ValueError):
        raise ValueError("not well-formed content") from None
    try:
        # The wrapper takes the place of the element that is counted last.
        outer = sum(1 for _ in place.iterancestors())
        modest = _is_modest(data, len(place.nsmap) + len(_INHERITED), limits)
        _check_document(root, limits, outer=outer, modest=modest)
    except MalformedSecurityError:
        raise ValueError("content over a limit") from None
    return root


def _attribute(value: str) -> str:
    return value.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")


def _has_foreign_nodes(root: etree._Element) -> bool:
    document = root.getroottree().getroot()
    if document.getprevious() is not None or document.getnext() is not None:
        return True
    return next(document.iter(etree.Comment, etree.ProcessingInstruction), None) is not None


def _check_markup(data: bytes, limits: Limits) -> None:
    """Refuse octets that hold far too many elements before they take a hundred times their size as a tree."""
    most = 2 * limits.nodes  # an element has two tags at most
    if data.count(b"<") > most and _NO_MARKUP.sub(b"", data).count(b"<") > most + _PROLOG:
        raise _over(f"The message has more than {limits.nodes} nodes", "max_nodes")


def _namespaces(root: etree._Element, limit: int) -> int:
    """Give the number of namespace declarations; in one pass, unlike XPath's axis.

    Raises:
        MalformedSecurityError: More than ``limit`` are in scope of an element.
    """
    root = root.getroottree().getroot()
    declared = sum(1 for _ in etree.iterwalk(root, events=("start-ns",)))
    if declared <= limit:
        return declared
    in_scope = 0
    for event, _ in etree.iterwalk(root, events=("start-ns", "end-ns")):
        if event == "end-ns":
            in_scope -= 1
            continue
        in_scope += 1
        if in_scope > limit:
            sentence = f"More than {limit} namespaces are in scope of an element"
            raise _over(sentence, "max_namespaces")
    return declared


def _over(sentence: str, name: str) -> MalformedSecurityError:
    return MalformedSecurityError(
        f"{sentence}.", hint=f"Raise limits.{name} if the peer really sends that much."
    )


def _message_parser(huge_tree: bool, keep_comments: bool = False) -> etree.XMLParser:
    return etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        remove_comments=not keep_comments,
        huge_tree=huge_tree,
        recover=False,
    )


def _dtd_refused() -> MalformedSecurityError:
    return MalformedSecurityError("The message has a document type declaration; SOAP forbids it.")


@lru_cache(maxsize=16)
def _too_deep(depth: int) -> Expression:
    # Level by level: an ancestor axis is faster on flat trees and takes quadratic time on deep ones.
    return Expression("boolean(" + "/*" * (depth + 1) + ")")


@lru_cache(maxsize=16)
def _too_many_attributes(count: int) -> Expression:
    return Expression(f"boolean(/descendant::*/@*[{count + 1}])")


@lru_cache(maxsize=16)
def _too_long(length: int) -> Expression:
    return Expression(f"boolean(/descendant::text()[string-length() > {length}])")
