"""Text of elements that hold binary values, read strictly."""

from __future__ import annotations

import binascii

from lxml import etree

from zeep_wssec.errors import MalformedSecurityError

_WHITE_SPACE = str.maketrans("", "", " \t\r\n")


def decode_base64(element: etree._Element) -> bytes:
    """Give the octets whose base64 is the text of ``element``.

    Raises:
        MalformedSecurityError: Child nodes, other characters, or wrong padding.

    Spec: XML Schema part 2, base64Binary; white space is allowed, nothing else.
    """
    text = element.text or ""
    if len(element):
        raise _has_children(element)
    try:
        # Most writers use one line; only the others pay for a cleaned copy. The decoder passes over
        # foreign characters, so a value that comes out shorter than its text is not one.
        octets = binascii.a2b_base64(text)
        if len(octets) == len(text) // 4 * 3 - text[-2:].count("=") and not len(text) % 4:
            return octets
    except ValueError:
        pass
    text = text.translate(_WHITE_SPACE)
    try:
        octets = binascii.a2b_base64(text, strict_mode=True)
    except ValueError:
        octets = b""
    # Too much padding passes the strict decoder.
    if len(text) != (len(octets) + 2) // 3 * 4:
        raise MalformedSecurityError(f"{local_name(element)} does not hold base64.")
    return octets


def text_of(element: etree._Element) -> str:
    """Give the text of an element that must not have children.

    Raises:
        MalformedSecurityError: It has children.
    """
    if len(element):
        raise _has_children(element)
    return element.text or ""


def children_of(
    element: etree._Element, *, attributes: frozenset[str] | set[str] = frozenset()
) -> list[etree._Element]:
    """Give the children of an element that holds elements only and no attributes but ``attributes``.

    Raises:
        MalformedSecurityError: Text between the children, or another attribute.
    """
    children = list(element)
    text = element.text
    if text and text.strip():
        raise _text_beside(element)
    for child in children:
        text = child.tail
        if text and text.strip():
            raise _text_beside(element)
    for key in element.keys():  # noqa: SIM118  # an element is iterated by its children
        if key not in attributes:
            raise MalformedSecurityError(
                f"{local_name(element)} has the attribute {str(key)[:120]}, which is not allowed."
            )
    return children


def lone_attribute(element: etree._Element, name: str) -> str | None:
    """Give the value of an attribute if it is all that an element has: no other, no child, no text.

    Most elements that name an algorithm are so; one that is not is for ``children_of`` to judge.
    """
    items = element.items()
    if len(items) != 1 or len(element) or element.text or items[0][0] != name:
        return None
    return items[0][1]


def _has_children(element: etree._Element) -> MalformedSecurityError:
    return MalformedSecurityError(f"{local_name(element)} must hold text only.")


def _text_beside(element: etree._Element) -> MalformedSecurityError:
    return MalformedSecurityError(f"{local_name(element)} holds text beside its elements.")


def local_name(element: etree._Element) -> str:
    """Give the name of an element without its namespace."""
    return str(element.tag).rsplit("}", 1)[-1]
