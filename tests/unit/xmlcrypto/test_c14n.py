"""Exclusive canonicalization against libxml2's own program and against the specification's examples."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from lxml import etree
from peers import require_program

from zeep_wssec.errors import MalformedSecurityError
from zeep_wssec.soap.expressions import Expression
from zeep_wssec.xmlcrypto import c14n
from zeep_wssec.xmlcrypto.algorithms import (
    CANONICALIZATIONS_BY_NAME,
    DIGESTS,
    DIGESTS_BY_NAME,
    Digest,
)
from zeep_wssec.xmlcrypto.c14n import (
    CanonicalForm,
    canonicalize,
    digest_canonical,
    digest_with_type_prefixes,
)

SHA256 = DIGESTS_BY_NAME["sha256"]
XSI = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
DOCUMENTS = {
    "attributes": '<a z="1" b="2" xmlns:p="urn:p" p:a="3" xmlns="urn:d"/>',
    "unused": '<a xmlns:p="urn:p"><p:b/><p:c xmlns:q="urn:q"/></a>',
    "text": "<a>&lt;&gt;&amp;&quot;&#13;&#9;\n é𝄞<![CDATA[<&]]></a>",
    "attribute text": "<a b='&lt;&gt;&amp;&quot;&#13;&#9;&#10;'/>",
    "default undone": '<a xmlns="urn:d"><b xmlns=""/></a>',
    "bound again": '<p:a xmlns:p="urn:p"><p:b xmlns:p="urn:q"/></p:a>',
    "empty": "<a></a>",
    "xml attributes": '<a xml:lang="de" xml:space="preserve" xml:id="x"/>',
    "processing instruction": "<a><?pi  x ?></a>",
}


@pytest.mark.parametrize("document", DOCUMENTS)
def test_as_xmllint(document: str, tmp_path: Path) -> None:
    """Octet by octet what another program gives."""
    path = tmp_path / "document.xml"
    path.write_text(DOCUMENTS[document], "utf-8")
    program = require_program("xmllint")
    done = subprocess.run([program, "--exc-c14n", path], capture_output=True, check=True)
    assert canonicalize(etree.fromstring(DOCUMENTS[document])) == done.stdout


SCOPE = '<r xmlns="urn:d" xmlns:p="urn:p" xmlns:q="urn:q" xml:lang="de"><a><p:b c="p:x"/></a></r>'


@pytest.mark.parametrize(
    ("prefixes", "expected"),
    [
        ((), '<a xmlns="urn:d"><p:b xmlns:p="urn:p" c="p:x"></p:b></a>'),
        (("p",), '<a xmlns="urn:d" xmlns:p="urn:p"><p:b c="p:x"></p:b></a>'),
        (("q", "p"), '<a xmlns="urn:d" xmlns:p="urn:p" xmlns:q="urn:q"><p:b c="p:x"></p:b></a>'),
        (("never-seen-before",), '<a xmlns="urn:d"><p:b xmlns:p="urn:p" c="p:x"></p:b></a>'),
        (("#default",), '<a xmlns="urn:d"><p:b xmlns:p="urn:p" c="p:x"></p:b></a>'),
    ],
)
def test_subtree(prefixes: tuple[str, ...], expected: str) -> None:
    """Spec: Exclusive XML Canonicalization 1.0 section 3: nothing of the surroundings but what is used or listed."""
    form = CanonicalForm(prefixes=prefixes)
    assert canonicalize(etree.fromstring(SCOPE)[0], form).decode() == expected


@pytest.mark.parametrize("prefix", ["fresh-a", "fresh.b", "fresh_c"])
def test_prefix_met_for_the_first_time(prefix: str) -> None:
    """A prefix in the list counts even if no document has had it before the list was made."""
    root = etree.fromstring(f'<r xmlns:{prefix}="urn:x"><a/></r>')
    assert (
        canonicalize(root[0], CanonicalForm(prefixes=(prefix,))).decode()
        == f'<a xmlns:{prefix}="urn:x"></a>'
    )


def test_default_in_the_list() -> None:
    """``#default`` keeps a default namespace that no name below uses."""
    root = etree.fromstring('<r xmlns="urn:d"><p:a xmlns:p="urn:p"/></r>')
    assert b'xmlns="urn:d"' not in canonicalize(root[0])
    assert b'xmlns="urn:d"' in canonicalize(root[0], CanonicalForm(prefixes=("#default",)))


def test_comments_and_tail() -> None:
    """Without comments, and without what follows the element."""
    root = etree.fromstring("<r><a>1<!-- c -->2</a>tail</r>")
    assert canonicalize(root[0]) == b"<a>12</a>"


@pytest.mark.parametrize(
    ("content", "prefixes"),
    [
        ('<a xsi:type="p:Kind"/>', ("p",)),
        ('<a xsi:type=" p:Kind "/>', ("p",)),
        ('<a xsi:type="Kind"/>', ("#default",)),
        (
            '<a xsi:type="p:Kind"><b xsi:type="q:Kind"/><c xsi:type="Kind"/></a>',
            ("#default", "p", "q"),
        ),
        ('<a xsi:type=""/>', ("#default",)),
        ('<a xsi:type=":Kind"/>', ()),
        ('<a xsi:type="1:Kind"/>', ()),
        ('<a xsi:nil="p:x"/>', ()),
        ('<a type="p:x"/>', ()),
        ("<a/>", ()),
    ],
)
def test_type_prefixes(content: str, prefixes: tuple[str, ...]) -> None:
    """Prefixes inside ``xsi:type`` are listed, so that they cannot be bound anew."""
    root = etree.fromstring(f'<r {XSI} xmlns:p="urn:p" xmlns:q="urn:q">{content}</r>')
    value, found = digest_with_type_prefixes(root[0], SHA256)
    assert found == prefixes
    assert value == SHA256.of(canonicalize(root[0], CanonicalForm(prefixes=prefixes)))


def test_no_canonical_form() -> None:
    """A relative namespace URI has none; the error says which ones are needed."""
    with pytest.raises(MalformedSecurityError) as caught:
        canonicalize(etree.fromstring('<a xmlns="../x"/>'))
    assert "absolute" in caught.value.hint


@pytest.mark.parametrize("bound", ["outside", "on the element", "inside"])
@pytest.mark.parametrize("value", ["p:Kind", "Kind"])
def test_types_bound_anew(value: str, bound: str) -> None:
    """Whatever binds the prefix of a type, another binding is another canonical form."""
    declaration = "xmlns:p" if ":" in value else "xmlns"
    places = {
        place: f' {declaration}="urn:1"' if place == bound else ""
        for place in ("outside", "on the element", "inside")
    }
    document = (
        f'<x:r xmlns:x="urn:x" {XSI}{places["outside"]}><x:a{places["on the element"]}>'
        f'<x:b><x:c xsi:type="x:Other"/><x:c{places["inside"]} xsi:type="{value}"/></x:b></x:a></x:r>'
    )
    values = [
        digest_with_type_prefixes(etree.fromstring(text)[0], SHA256)[0]
        for text in (document, document.replace("urn:1", "urn:2"), document + "<!-- -->")
    ]
    assert values[0] != values[1]
    assert values[0] == values[2]


LARGE = etree.fromstring(
    f'<r xmlns="urn:d" xmlns:p="urn:p" xmlns:q="urn:q" xml:lang="de">'
    f'<a {XSI} z="1" b="\u00e9">'
    + "<p:b c='1'>t\U0001d11e&amp;</p:b><!-- c -->" * 900
    + '<b xmlns=""><c xsi:type="q:Kind"/></b></a>tail</r>'
)
"""Its canonical form is written in more than one piece."""


@pytest.fixture
def as_large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take every element with a child for a large one."""
    monkeypatch.setattr(c14n, "_LARGE", Expression("boolean(descendant::*[1])"))


@pytest.mark.usefixtures("as_large")
@pytest.mark.parametrize("digest", DIGESTS, ids=lambda item: item.name)
def test_large_element(digest: Digest) -> None:
    """What is digested as it is made has the digest of the form that is made first."""
    assert digest_canonical(LARGE[0], CanonicalForm(), digest) == digest.of(canonicalize(LARGE[0]))


@pytest.mark.usefixtures("as_large")
@pytest.mark.parametrize("name", CANONICALIZATIONS_BY_NAME)
@pytest.mark.parametrize("prefixes", [(), ("q",), ("#default", "q"), ("met-here-first",)])
def test_large_element_in_other_forms(name: str, prefixes: tuple[str, ...]) -> None:
    """Every form is the same when it is digested as it is made, comments and prefixes included."""
    form = CanonicalForm(CANONICALIZATIONS_BY_NAME[name], prefixes)
    for element in (LARGE[0], LARGE):
        assert digest_canonical(element, form, SHA256) == SHA256.of(canonicalize(element, form))


@pytest.mark.usefixtures("as_large")
def test_large_root_with_surroundings() -> None:
    """An element is digested without what stands around it, a root as well."""
    root = etree.fromstring("<?pi x?><r><a/></r>")
    assert digest_canonical(root, CanonicalForm(), SHA256) == SHA256.of(b"<r><a></a></r>")


@pytest.mark.usefixtures("as_large")
def test_types_of_large_element() -> None:
    """Prefixes inside ``xsi:type`` of a large element are listed, too."""
    form = CanonicalForm(prefixes=("q",))
    expected = SHA256.of(canonicalize(LARGE[0], form))
    assert digest_with_type_prefixes(LARGE[0], SHA256) == (expected, ("q",))


@pytest.mark.parametrize("cut", range(1, 41, 3))
def test_types_are_seen_between_two_pieces(cut: int) -> None:
    """The namespace of types is seen where one piece ends and the next begins."""
    octets = b"x" * 100 + b"http://www.w3.org/2001/XMLSchema-instance" + b"x"
    digesting = c14n._Digesting(SHA256)
    for piece in (octets[:100], octets[100 : 100 + cut], octets[100 + cut :]):
        digesting.write(piece)
    assert digesting.typed
    assert digesting.value == SHA256.of(octets)


@pytest.mark.usefixtures("as_large")
def test_no_canonical_form_of_large_element() -> None:
    """A relative namespace URI has none, however large the element is."""
    with pytest.raises(MalformedSecurityError):
        digest_canonical(
            etree.fromstring('<r><a xmlns="../x"><b/></a></r>')[0], CanonicalForm(), SHA256
        )
