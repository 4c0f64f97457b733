"""The limits on a document that hold for its tree, each checked in as few walks through it as will do."""

from __future__ import annotations

from functools import lru_cache
from itertools import islice
from typing import Literal

from lxml import etree

from zeep_wssec.errors import MalformedSecurityError
from zeep_wssec.soap.expressions import Expression
from zeep_wssec.soap.limits import Limits

_ELEMENTS = Expression("count(descendant-or-self::*)")
_ATTRIBUTES = Expression("count(descendant-or-self::*/@*)")
_FEW = 4
"""Attributes that elements of business data stay within."""
_STRIDE = 64
"""Every which element is looked at for its depth: the next one is no more than one level deeper."""
_Events = tuple[Literal["start-ns", "comment", "pi"], ...]
_DECLARATIONS: _Events = ("start-ns",)
_AND_FOREIGN: _Events = (*_DECLARATIONS, "comment", "pi")
_ENCODINGS = frozenset(
    {"UTF-8", "UTF8", "UTF-16", "UTF-16LE", "UTF-16BE", "US-ASCII", "ASCII", "ISO-8859-1"}
)
"""In the others octets may spell a name without showing it to a filter that looks at them first."""


def check_document(
    root: etree._Element, limits: Limits, *, outer: int = 0, is_message: bool = True
) -> None:
    """Check the document of ``root`` against ``limits``.

    Args:
        root: Any element of it.
        limits: Bounds.
        outer: Elements that it will stand below.
        is_message: A message has neither comments nor processing instructions.

    Raises:
        MalformedSecurityError: A DTD, a node that messages do not have, or over a limit.
    """
    tree = root.getroottree()
    root, info = tree.getroot(), tree.docinfo
    if info.internalDTD is not None:
        raise dtd_refused()
    if (info.encoding or "UTF-8").upper() not in _ENCODINGS:
        raise MalformedSecurityError(
            f"The message is encoded as {str(info.encoding)[:40]}.",
            hint="SOAP messages are UTF-8 or UTF-16; ASCII and Latin-1 are read, too.",
        )
    if is_message and (root.getprevious() is not None or root.getnext() is not None):
        raise _foreign()
    events = _AND_FOREIGN if is_message else _DECLARATIONS
    declared = _check_walk(root, limits.max_namespaces, events)
    depth = limits.max_depth - outer
    elements, shallow = _survey(root, depth)
    _check_nodes(root, elements, declared, limits)
    if not shallow and (depth <= 0 or _too_deep(depth)(root)):
        raise over_limit(
            f"The message is nested deeper than {limits.max_depth} elements", "max_depth"
        )
    check_texts(root, limits)


def check_texts(root: etree._Element, limits: Limits) -> None:
    """Check the length of each text in the document of ``root``.

    Raises:
        MalformedSecurityError: One is too long.
    """
    length = limits.max_text_length
    if length is not None and _too_long(length)(root):
        raise over_limit(f"A text has more than {length} characters", "max_text_length")


def count_nodes(root: etree._Element) -> int:
    """Give the number of elements and attributes in ``root`` and below.

    Raises:
        MalformedSecurityError: More than libxml2 can count.
    """
    return _count(_ELEMENTS, root) + _count(_ATTRIBUTES, root)


def is_shallow(root: etree._Element, depth: int) -> bool:
    """Whether no element of the document of ``root`` is nested deeper than ``depth``, the root being 1."""
    return _survey(root, depth)[1] or (depth > 0 and not _too_deep(depth)(root))


def dtd_refused() -> MalformedSecurityError:
    """Give the error for a document type declaration."""
    return MalformedSecurityError("The message has a document type declaration; SOAP forbids it.")


def over_limit(sentence: str, name: str) -> MalformedSecurityError:
    """Give the error for a message that passes the limit ``name``."""
    return MalformedSecurityError(
        f"{sentence}.", hint=f"Raise limits.{name} if the peer really sends that much."
    )


def _check_walk(root: etree._Element, limit: int, events: _Events) -> int:
    """Give the number of namespace declarations; in one pass, unlike XPath's axis.

    Raises:
        MalformedSecurityError: More than ``limit`` are in scope of an element, or a node that
            ``events`` name.
    """
    declared = 0
    for event, _ in etree.iterwalk(root, events=events):
        if event != "start-ns":
            raise _foreign()
        declared += 1
    if declared <= limit:
        return declared
    in_scope = 0
    for change, _ in etree.iterwalk(root, events=("start-ns", "end-ns")):
        if change == "end-ns":
            in_scope -= 1
            continue
        in_scope += 1
        if in_scope > limit:
            sentence = f"More than {limit} namespaces are in scope of an element"
            raise over_limit(sentence, "max_namespaces")
    return declared


def _survey(root: etree._Element, depth: int) -> tuple[int, bool]:
    """Give the most elements that there can be, and whether surely none is deeper than ``depth``.

    In document order an element is one level deeper than the one before it or not deeper, so those between
    two that are looked at are at most ``stride - 1`` levels below the first.
    """
    stride = max(1, min(_STRIDE, depth // 2))
    seen, shallow = 0, depth > 0
    for element in islice(root.iter("*"), 0, None, stride):
        seen += 1
        if shallow:
            shallow = next(islice(element.iterancestors(), depth - stride, None), None) is None
    return seen * stride, shallow


def _check_nodes(root: etree._Element, elements: int, declared: int, limits: Limits) -> None:
    # Where all have few attributes, one pass shows that no limit on them can be passed.
    few = min(_FEW, limits.max_attributes)
    if (elements + declared) * (few + 1) <= limits.nodes and not _too_many_attributes(few)(root):
        return
    if _too_many_attributes(limits.max_attributes)(root):
        sentence = f"An element has more than {limits.max_attributes} attributes"
        raise over_limit(sentence, "max_attributes")
    if count_nodes(root) + declared > limits.nodes:
        raise over_limit(f"The message has more than {limits.nodes} nodes", "max_nodes")


def _count(counting: Expression, root: etree._Element) -> int:
    try:
        return int(float(str(counting(root))))
    except etree.XPathError:
        raise over_limit("The message has more than 10,000,000 nodes", "max_nodes") from None


def _foreign() -> MalformedSecurityError:
    return MalformedSecurityError(
        "The message has a processing instruction or a comment: its text could be read in two ways.",
        hint="Parse it with remove_comments=True, or hand over the bytes.",
    )


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
