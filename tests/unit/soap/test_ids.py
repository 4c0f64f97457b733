"""Ids: fresh ones, readable ones, and the one element that a reference means."""

from __future__ import annotations

import pytest
from lxml import etree

from zeep_wssec.errors import MalformedSecurityError
from zeep_wssec.soap.ids import ID_ATTRIBUTES, IdIndex, fresh_id, same_document_id
from zeep_wssec.soap.namespaces import WSU


def tree(*attributes: str) -> etree._Element:
    """Siblings with these attributes."""
    inner = "".join(f"<x {item}/>" for item in attributes)
    return etree.fromstring(f'<r xmlns:wsu="{WSU}">{inner}</r>')


def test_fresh() -> None:
    """128 random bits behind the kind, and a name that XML takes."""
    made = {fresh_id("X") for _ in range(100)}
    assert len(made) == 100
    assert all(same_document_id(f"#{item}", what="x") == item for item in made)


@pytest.mark.parametrize("name", ["wsu:Id", "Id", "ID", "id", "xml:id", "AssertionID"])
def test_found_under_any_name(name: str) -> None:
    """Six names, one meaning."""
    root = tree('a="b"', f'{name}="here"')
    index = IdIndex(root)
    assert index.has("here")
    assert index.require("here") is root[1]


@pytest.mark.parametrize("name", ["href", "ref", "name", "iD", "wsu:id", "wsu:ID"])
def test_what_is_no_id(name: str) -> None:
    """Other attributes are none."""
    index = IdIndex(tree(f'{name}="here"'))
    assert not index.has("here")
    with pytest.raises(MalformedSecurityError):
        index.require("here")


@pytest.mark.parametrize("first", ["wsu:Id", "Id", "xml:id"])
@pytest.mark.parametrize("second", ["Id", "ID", "id", "AssertionID"])
def test_ambiguous(first: str, second: str) -> None:
    """One value on two elements is nobody's Id, whatever the names."""
    index = IdIndex(tree(f'{first}="x"', f'{second}="x"', 'Id="y"'))
    assert index.has("y")
    with pytest.raises(MalformedSecurityError, match="More than one"):
        index.require("x")


def test_two_names_on_one_element() -> None:
    """One element may carry its Id under several names."""
    root = tree('wsu:Id="x" Id="x" xml:id="x"')
    assert IdIndex(root).require("x") is root[0]


def test_equal_wsu_ids() -> None:
    """Equal ``wsu:Id`` are refused, referenced or not."""
    with pytest.raises(MalformedSecurityError):
        IdIndex(tree('wsu:Id="x"', 'wsu:Id="x"'))


def test_whole_document() -> None:
    """Ids of the root and of deep elements are found."""
    root = etree.fromstring('<a Id="1"><b><c Id="2"/></b></a>')
    index = IdIndex(root)
    assert index.require("1") is root
    assert index.require("2") is root[0][0]


@pytest.mark.parametrize("value", ["a", "_a", "é", "a-b.c", "a:b", "x" * 256])
def test_reference(value: str) -> None:
    """A reference is ``#`` and a name."""
    assert same_document_id(f"#{value}", what="A reference") == value


@pytest.mark.parametrize(
    "uri",
    [
        None,
        "",
        "#",
        "a",
        "#1",
        "#-a",
        "#a b",
        "# a",
        "#a ",
        "##a",
        "#a#b",
        "#" + "x" * 257,
        "#a'b",
        "#a\n",
    ],
)
def test_no_reference(uri: str | None) -> None:
    """Everything else is refused, and shown shortened."""
    with pytest.raises(MalformedSecurityError, match="A reference") as caught:
        same_document_id(uri, what="A reference")
    assert len(str(caught.value)) < 250


def test_names() -> None:
    """The attributes that some reader takes for an Id."""
    assert len(set(ID_ATTRIBUTES)) == 6
