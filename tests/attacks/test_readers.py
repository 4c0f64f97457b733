"""One tree, one text: what was verified is what the application reads, and nothing is fetched besides."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from attacks.forge import edited, set_attribute
from lxml import etree
from roundtrip.pair import (
    ENCRYPTED,
    SIGNED,
    accepted,
    answer,
    client,
    envelope,
    refused,
    tree_of,
)

from zeep_wssec import InboundError, MalformedSecurityError, SignatureInvalidError
from zeep_wssec.soap.namespaces import WSU

LINES = '<a xmlns="">one\ntwo &amp; "three" é</a>'


def test_the_body_is_that_of_the_given_tree() -> None:
    """What is handed back is the node that the caller reads, not one of a second parse."""
    root = tree_of(answer())
    assert client().check(root).body is root[-1]
    sealed = tree_of(answer((*SIGNED, ENCRYPTED)))
    assert client().check(sealed).body is sealed[-1]
    assert sealed[-1][0][0].text == "42"


def test_one_tree_twice() -> None:
    """Nothing is remembered of a tree: what was changed since is refused, and unchanged it is accepted again."""
    root = tree_of(answer())
    client().check(root)
    client().check(root)
    root[-1][0][0].text = "43"
    with pytest.raises(SignatureInvalidError):
        client().check(root)
    root[-1][0][0].text = "42"
    client().check(root)


def test_id_that_moves_between_two_checks() -> None:
    """An Id is looked up anew: the element that had it in the check before does not count."""
    root = tree_of(answer())
    client().check(root)
    body, name = root[-1], f"{{{WSU}}}Id"
    body[0].set(name, body.attrib.pop(name))
    with pytest.raises(SignatureInvalidError):
        client().check(root)


SPELLINGS = {
    "CDATA": (b"one\ntwo", b"<![CDATA[one\ntwo]]>"),
    "character references": (b"one\ntwo", b"&#x6f;ne\ntw&#111;"),
    "line ends of Windows": (b"one\ntwo", b"one\r\ntwo"),
    "line ends of old": (b"one\ntwo", b"one\rtwo"),
    "quotes": (b'"three"', b"&quot;three&quot;"),
    "empty element": (b'<a xmlns="">', b"<a  xmlns='' >"),
}
OTHER_TEXTS = {
    "carriage return as such": (b"one\ntwo", b"one&#13;\ntwo"),
    "tabulator": (b"one\ntwo", b"one\ttwo"),
    "CDATA that ends early": (b"one\ntwo", b"<![CDATA[one]]>two"),
    "other form of a letter": ("é".encode(), "e\u0301".encode()),
    "escaped twice": (b"&amp;", b"&amp;amp;"),
}


@pytest.mark.parametrize("name", SPELLINGS)
def test_other_spelling_of_one_text(name: str) -> None:
    """The same text however it is written, for the signature and for the application."""
    old, new = SPELLINGS[name]
    message = answer(SIGNED, envelope(LINES))
    assert old in message
    body = accepted(message.replace(old, new)).body
    assert body[0].text == 'one\ntwo & "three" é'


@pytest.mark.parametrize("name", OTHER_TEXTS)
def test_text_that_only_looks_alike(name: str) -> None:
    """Another text is another text, also where a reader might iron the difference out."""
    old, new = OTHER_TEXTS[name]
    message = answer(SIGNED, envelope(LINES))
    assert old in message
    refused(message.replace(old, new), SignatureInvalidError)


@pytest.mark.parametrize("value", [b"DigestValue>", b"SignatureValue>"])
def test_value_cut_in_two(value: bytes) -> None:
    """A value is one text: in bytes a comment in it is dropped for all readers, in a given tree it is refused."""
    message = answer()
    start = message.index(value) + len(value) + 8
    cut = message[:start] + b"<!-- x -->" + message[start:]
    client().check(cut)
    with pytest.raises(MalformedSecurityError):
        client().check(etree.fromstring(cut))
    refused(message[:start] + b"<?x y?>" + message[start:], MalformedSecurityError)
    refused(message[:start] + b"<x/>" + message[start:], MalformedSecurityError)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"</o:sku>", b""),
        (b"</soap:Body>", b""),
        (b">42<", b">4&nbsp;2<"),
        (b">42<", b">4\x002<"),
        (b"</soap:Envelope>", b"</soap:Envelope><x/>"),
    ],
)
def test_broken_xml(old: bytes, new: bytes) -> None:
    """What is not well-formed is not mended; a tree that somebody mended is not what was signed."""
    message = answer()
    accepted(message)
    broken = message.replace(old, new)
    with pytest.raises(MalformedSecurityError):
        client().check(broken)
    mended = etree.fromstring(broken, etree.XMLParser(recover=True))
    if etree.tostring(mended, method="c14n") != etree.tostring(tree_of(message), method="c14n"):
        with pytest.raises(InboundError):
            client().check(mended)


def test_empty_id() -> None:
    """An empty Id is none: no reference leads to it."""
    message = answer()

    def empty(root: etree._Element) -> None:
        root[-1].set(f"{{{WSU}}}Id", "")

    both = (empty, set_attribute("ds:Reference", "URI", "#"))
    refused(edited(message, *both, sign_by="service"), MalformedSecurityError)
    accepted(edited(message, sign_by="service"))


LEADING_ELSEWHERE = {
    "XInclude": '<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="%s" parse="text"/>',
    "xml:base": '<a xmlns="" xml:base="%s" href="x"/>',
    "schema location": '<a xmlns="urn:a" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
    ' xsi:schemaLocation="urn:a %s"/>',
    "xlink": '<a xmlns="" xmlns:xlink="http://www.w3.org/1999/xlink" xlink:href="%s"/>',
}


@pytest.mark.parametrize("kind", LEADING_ELSEWHERE)
def test_content_that_leads_elsewhere(kind: str, tmp_path: Path) -> None:
    """Addresses in the content are content: no file is read and no host is asked for them."""
    file = tmp_path / "secret.txt"
    file.write_text("do not read")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        host = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        for address in (file.as_uri(), host):
            content = LEADING_ELSEWHERE[kind] % address
            body = accepted(answer(SIGNED, envelope(content))).body
            assert "do not read" not in "".join(str(text) for text in body.itertext())
            assert body[0].tag == etree.fromstring(content).tag
        with pytest.raises(BlockingIOError):
            listener.accept()


def test_style_sheet_of_the_document() -> None:
    """A style sheet named in front of the document is a processing instruction, and refused as such."""
    sheet = b'<?xml-stylesheet type="text/xsl" href="http://127.0.0.1:9/x.xsl"?>'
    message = answer()
    head, rest = message.split(b"?>", 1)
    accepted(message)
    refused(head + b"?>" + sheet + rest, MalformedSecurityError)
