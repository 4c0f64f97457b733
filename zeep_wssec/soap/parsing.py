"""Where a message of a peer becomes a tree, and the checks that it must pass."""

from __future__ import annotations

import re

from lxml import etree

from zeep_wssec.errors import MalformedSecurityError
from zeep_wssec.soap.header_limits import check_security_headers
from zeep_wssec.soap.limits import Limits
from zeep_wssec.soap.tree_limits import check_document, dtd_refused, over_limit

_DOCTYPE = re.compile(rb"^(?:[^<]|<[?!-](?!DOCTYPE))*<!DOCTYPE")
"""A document type declaration in front of the root; elsewhere the word is content."""
_NO_MARKUP = re.compile(
    rb"<!\[CDATA\[.*?\]\]>|<!--.*?-->|(<)\?.*?\?>|(<(?:!\[CDATA\[|!--|\?).*)", re.DOTALL
)
"""What may hold ``<`` that begins no tag. An instruction is a node itself; and all counts behind what has no end,
which is gone through once and no more."""
_PROLOG = 8
LIBXML2_TEXT = 10_000_000
"""Octets of text at which libxml2 stops unless it is told that trees may be huge."""


def parse_message(data: bytes, limits: Limits) -> etree._Element:
    """Parse a whole message and check its tree; what its security headers ask for is not looked at.

    Raises:
        MalformedSecurityError: Not well-formed XML, a DTD, or over a limit.
    """
    root = parse_unchecked(data, limits)
    check_document(root, limits)
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
        raise dtd_refused()
    try:
        parser = message_parser(len(data) > LIBXML2_TEXT, keep_comments)
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
    check_document(root, limits, is_message=False)
    return root


def parse_ours(data: bytes) -> etree._Element:
    """Parse octets that we have written, however long their texts are."""
    return etree.fromstring(data, message_parser(True) if len(data) > LIBXML2_TEXT else None)


def check_tree(root: etree._Element, limits: Limits) -> None:
    """Check a peer's message against ``limits`` before anything in it is believed.

    Args:
        root: The tree, however it was parsed.
        limits: Bounds.

    Raises:
        MalformedSecurityError: A DTD, a processing instruction or comment (SOAP 1.1 section 3 forbids
            the first two), or more of something than allowed, in the document or in a security header.
    """
    check_document(root, limits)
    check_security_headers(root, limits)


def _check_markup(data: bytes, limits: Limits) -> None:
    """Refuse octets that hold far too many elements before they take a hundred times their size as a tree."""
    most = 2 * limits.nodes  # an element has two tags at most
    if data.count(b"<") > most and _NO_MARKUP.sub(rb"\1\2", data).count(b"<") > most + _PROLOG:
        raise over_limit(f"The message has more than {limits.nodes} nodes", "max_nodes")


def message_parser(huge_tree: bool, keep_comments: bool = False) -> etree.XMLParser:
    """Give the parser for octets of a peer: nothing is fetched, expanded or mended."""
    return etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        remove_comments=not keep_comments,
        huge_tree=huge_tree,
        recover=False,
    )
