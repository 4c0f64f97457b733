"""Values in elements: strict base64, no children."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from zeep_wssec.errors import MalformedSecurityError
from zeep_wssec.xmlcrypto.values import children_of, decode_base64, text_of


def value(text: str) -> etree._Element:
    """An element with this text."""
    element = etree.Element("{urn:x}Value")
    element.text = text
    return element


@given(st.binary(max_size=200), st.sampled_from(["", " ", "\n", "\r\n\t"]), st.integers(1, 80))
def test_white_space(octets: bytes, space: str, width: int) -> None:
    """Line breaks and indentation of any writer."""
    text = base64.b64encode(octets).decode()
    broken = space + space.join(text[n : n + width] for n in range(0, len(text), width)) + space
    assert decode_base64(value(broken)) == octets


@pytest.mark.parametrize(
    "text",
    ["?", "AAA", "A", "AA=", "A===", "====", "AAAA=", "AAAA====", "AA==AA==", "AA=A", "AAAA,", "AA\u00a0AA", "ÄAAA",
     "AA-_", "AAAA\0".replace("\0", "\x7f"), "AAA=AAAA", "%%%%AAAA", "AA\u2003AA"],
)  # fmt: skip
def test_no_base64(text: str) -> None:
    """Other characters and wrong padding are refused; nothing is skipped."""
    with pytest.raises(MalformedSecurityError, match="Value"):
        decode_base64(value(text))


def test_children() -> None:
    """A value with a child is refused: readers would disagree on its text."""
    element = value("AAAA")
    etree.SubElement(element, "x")
    for read in (decode_base64, text_of):
        with pytest.raises(MalformedSecurityError):
            read(element)


@pytest.mark.parametrize(
    "xml", ["<a>x</a>", "<a><b/>x</a>", "<a y='1'/>", "<a xmlns:p='urn:p' p:y='1'/>"]
)
def test_children_of_refuses(xml: str) -> None:
    """Text between children and unknown attributes."""
    with pytest.raises(MalformedSecurityError):
        children_of(etree.fromstring(xml))


def test_children_of() -> None:
    """The twin: white space and known attributes."""
    root = etree.fromstring("<a y='1'>\n <b/>\n <c/> </a>")
    assert [child.tag for child in children_of(root, attributes={"y"})] == ["b", "c"]
