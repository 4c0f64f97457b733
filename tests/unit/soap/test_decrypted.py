"""Decrypted content is held to the limits of messages, however large it is and whatever it resembles."""

from __future__ import annotations

import string

import pytest
from lxml import etree

from zeep_wssec.soap import decrypted
from zeep_wssec.soap.decrypted import nodes_at_most, parse_decrypted, read_declarations
from zeep_wssec.soap.limits import Limits

PLACE = etree.fromstring("<a><b><c/></b></a>")[0][0]
OUTER = 2
"""Elements around ``PLACE``."""
LARGE = "x" * 70_000
"""Text that makes content large enough for the parser's own bound on depth."""
HUGE = "x" * 10_100_000
"""Text of which libxml2 wants to be told."""


def parsed(text: str, **limits: int) -> etree._Element:
    """Parse ``text`` as the content of ``PLACE``."""
    octets = text.encode()
    return parse_decrypted(octets, PLACE, Limits(**limits), read_declarations(octets))


def nested(levels: int, text: str = "") -> str:
    """Nest ``levels`` elements around ``text``."""
    return "<x>" * levels + text + "</x>" * levels


def attributes(count: int) -> str:
    """Write an element with ``count`` attributes as short as can be."""
    letters = string.ascii_letters
    names = [*letters, *(first + second for first in letters for second in letters)]
    written = "".join(f" {name}=''" for name in names[:count])
    return f"<x{written}/>"


def refused(text: str, **limits: int) -> bool:
    """Whether ``text`` is refused as content of ``PLACE``."""
    try:
        parsed(text, **limits)
    except ValueError:
        return True
    return False


@pytest.mark.parametrize("text", ["", LARGE, HUGE], ids=["small", "large", "huge"])
@pytest.mark.parametrize("depth", [8, 100, 200])
def test_depth(text: str, depth: int) -> None:
    """Elements around the content count; one level more than allowed is refused at every size."""
    inside = depth - OUTER - 1
    assert len(parsed(nested(inside, text), max_depth=depth)) == 1
    assert refused(nested(inside + 1, text), max_depth=depth)


@pytest.mark.parametrize("before", [0, 1, 63, 64, 65, 500])
def test_depth_between_samples(before: int) -> None:
    """A deep place is found wherever in the document it stands."""
    flat = "<y/>" * before
    assert refused(flat + nested(98) + flat)
    assert not refused(flat + nested(97) + flat)


def test_depth_without_the_bound_of_the_parser(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another libxml2 may read deeper trees: then the tree itself is looked at."""
    monkeypatch.setattr(decrypted, "_is_deepest", lambda huge: False)
    assert not refused(nested(97, LARGE))
    assert refused(nested(98, LARGE))


@pytest.mark.parametrize("before", [0, 1, 600, 641, 642, 643, 1284, 5000])
@pytest.mark.parametrize("markup", ["", "<y/>"])
def test_attributes(before: int, markup: str) -> None:
    """An element with one attribute too many is found wherever in the octets it stands."""
    front = "x" * before + markup
    assert not refused(front + attributes(256) + LARGE)
    assert refused(front + attributes(257) + LARGE)


@pytest.mark.parametrize("most", [1, 2, 101, 102, 103, 400])
def test_attributes_of_other_limits(most: int) -> None:
    """Every limit on attributes is exact."""
    assert not refused(attributes(most), max_attributes=most)
    assert refused(attributes(most + 1), max_attributes=most)


def test_attributes_beside_equals_signs() -> None:
    """Long text with equals signs is no element with attributes."""
    assert parsed("<x>" + "=" * 5000 + "</x>")[0].text == "=" * 5000


@pytest.mark.parametrize("most", [1000, 5000])
def test_nodes(most: int) -> None:
    """The wrapper is a node, so one element less than the limit passes."""
    assert not refused("<x/>" * (most - 1), max_nodes=most)
    assert refused("<x/>" * most, max_nodes=most)


@pytest.mark.parametrize(
    "text", ["<x/>", "<x/>" * 50, '<x a=""/>' * 9, "text", '<x xmlns="u" b=""/>']
)
@pytest.mark.parametrize("limit", [0, 1_000_000])
def test_nodes_at_most(text: str, limit: int) -> None:
    """What octets are said to hold at most is never less than what they hold."""
    root = etree.fromstring(f"<w>{text}</w>")
    declared = text.count("xmlns")
    assert nodes_at_most(text.encode(), limit) >= root.xpath("count(//*|//@*)") + declared


@pytest.mark.parametrize(("count", "accepted"), [(250, True), (260, False)])
def test_namespaces(count: int, accepted: bool) -> None:
    """More declarations in scope than allowed are refused, in large content as in small."""
    names = " ".join(f'xmlns:n{number}="urn:{number}"' for number in range(count))
    for text in ("", LARGE):
        assert refused(f"<x {names}>{text}</x>") is not accepted


def test_namespaces_beside_one_another() -> None:
    """What is declared again and again is in scope once."""
    assert len(parsed('<x xmlns="urn:x"/>' * 1000)) == 1000


@pytest.mark.parametrize("text", ["", LARGE], ids=["small", "large"])
def test_instructions(text: str) -> None:
    """A processing instruction is refused; a question mark is text."""
    assert refused(f"<x>{text}<?pi x?></x>")
    assert not refused(f"<x>{text}what?</x>")


@pytest.mark.parametrize(
    "front",
    ["xmlns='", 'xmlns="', "<y b=\"xmlns='\" c='' ", "xmlns:q='", '<y b="xmlns:q=\'"'],
)
def test_declaration_behind_its_like(front: str) -> None:
    """Text that begins as a declaration does hides none that follows."""
    element = ' xmlns:p="urn:p"/>' if front.startswith("<") else '<x xmlns:p="urn:p"/>'
    found = read_declarations((front + element).encode())
    assert found.prefixes.get(b"urn:p") == b"p"


@pytest.mark.parametrize(
    "piece", ["xmlns:", "xmlns", "xmlns:a", "xmlns='", "xmlns =", 'xmlns:a="b']
)
def test_declarations_are_read_in_one_pass(piece: str) -> None:
    """Octets that resemble declarations are read in a time that grows with their number."""
    assert not read_declarations(piece.encode() * 50_000).prefixes.get(b"urn:p")


def test_prefixes_meet() -> None:
    """A URI under two prefixes is told, as is one that cannot be compared."""
    assert read_declarations(b'<a xmlns:p="u"><b xmlns:q="u"/></a>').meet
    assert read_declarations(b'<a xmlns:p="u&amp;v"/>').meet
    assert not read_declarations(b'<a xmlns:p = \'u\'><b xmlns:p="u" xmlns="v"/></a>').meet
