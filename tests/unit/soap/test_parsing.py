"""Octets of a peer become a tree here, under limits, with nothing fetched, expanded or printed."""

from __future__ import annotations

import pytest
from lxml import etree

from zeep_wssec.errors import ProfileError
from zeep_wssec.soap.decrypted import parse_decrypted, read_declarations
from zeep_wssec.soap.limits import Limits
from zeep_wssec.soap.parsing import parse_message

PLACE = etree.fromstring('<a xmlns="urn:d" xmlns:p="urn:p" xml:lang="de"><b xmlns:q="urn:q"/></a>')[
    0
]


def parsed(octets: bytes) -> etree._Element:
    """Parse ``octets`` as the content of ``PLACE``."""
    return parse_decrypted(octets, PLACE, Limits(), read_declarations(octets))


def test_comments_are_dropped() -> None:
    """Text around a comment is one text."""
    root = parse_message(b"<a>1<!-- c -->2</a>", Limits())
    assert root.text == "12"


def test_cdata_is_text() -> None:
    """CDATA is text like any other."""
    assert parse_message(b"<a><![CDATA[<b>]]></a>", Limits()).text == "<b>"


@pytest.mark.parametrize("name", list(vars(Limits())))
@pytest.mark.parametrize("value", [0, -1, 1.5, "1", None, True])
def test_limits(name: str, value: object) -> None:
    """A limit is a whole number above 0, or follows from the size of a message; the error names it."""
    if value is None and getattr(Limits(), name) is None:
        assert Limits(**{name: None}) == Limits()
        return
    with pytest.raises(ProfileError) as caught:
        Limits(**{name: value})  # type: ignore[arg-type]
    assert caught.value.path == name


@pytest.mark.parametrize(
    ("octets", "text", "count"),
    [
        (b"", None, 0),
        (b"text", "text", 0),
        (b"<x/>", None, 1),
        (b"t<x/>u<y/>v", "t", 2),
        ("é".encode(), "é", 0),
    ],
)
def test_decrypted(octets: bytes, text: str | None, count: int) -> None:
    """Text, elements, both or nothing: all are content."""
    wrapper = parsed(octets)
    assert (wrapper.text, len(wrapper)) == (text, count)


def test_decrypted_in_scope() -> None:
    """Prefixes, the default namespace and the language of the place are in scope."""
    wrapper = parsed(b"<x><p:y/><q:z/></x>")
    assert [node.tag for node in wrapper.iter()][1:] == ["{urn:d}x", "{urn:p}y", "{urn:q}z"]
    assert wrapper.xpath("string(.//@xml:lang | @xml:lang)") == "de"


@pytest.mark.parametrize(
    "octets",
    [
        b"<x>",
        b"</x>",
        b"<x",
        b"&e;",
        b"<no:x/>",
        b"\xff",
        b"<!DOCTYPE x><x/>",
        b"<?pi x?>",
        b"\0",
        b"<x/>" * 2 + b"<",
    ],
)
def test_decrypted_broken(octets: bytes, capfd: pytest.CaptureFixture[str]) -> None:
    """One kind of error that says nothing of the octets; nothing printed."""
    with pytest.raises(ValueError, match="content") as caught:
        parsed(octets)
    assert str(caught.value) in ("not well-formed content", "content over a limit")
    assert capfd.readouterr() == ("", "")


def test_text_above_the_limit_of_libxml2() -> None:
    """A message of an allowed size may have one long text."""
    data = b"<a>" + b"x" * 10_100_000 + b"</a>"
    assert len(parse_message(data, Limits()).text or "") == 10_100_000
