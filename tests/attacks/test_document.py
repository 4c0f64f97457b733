"""The document itself: DTDs, entities, comments, processing instructions, encodings, what is no envelope."""

from __future__ import annotations

from pathlib import Path

import pytest
from attacks.forge import append, edited, security_of
from lxml import etree
from roundtrip.pair import (
    SIGNED,
    accepted,
    answer,
    client,
    envelope,
    refused,
    tree_of,
)

from zeep_wssec import (
    Limits,
    MalformedSecurityError,
    Signature,
    SignatureInvalidError,
    Timestamp,
    UnsupportedTokenError,
)
from zeep_wssec.soap.namespaces import SOAP11, WSU

PROLOG = b"<?xml version='1.0' encoding='utf-8'?>\n"


def with_doctype(message: bytes, declarations: str, *, padding: int = 0) -> bytes:
    """Put a document type declaration in front of the envelope, after ``padding`` white space."""
    assert message.startswith(PROLOG)
    doctype = f"<!DOCTYPE Envelope {declarations}>".encode()
    return PROLOG + b" " * padding + doctype + message[len(PROLOG) :]


DOCTYPES = [
    "[]",
    "[<!ATTLIST Body id ID #IMPLIED>]",
    "[<!ATTLIST Body x NMTOKEN 'default'>]",
    "[<!ENTITY e 'x'>]",
    "[<!ENTITY % e ''> %e;]",
    "SYSTEM 'http://127.0.0.1:1/x.dtd'",
    "PUBLIC '-//x//y' 'x.dtd'",
]


@pytest.mark.parametrize("declarations", DOCTYPES)
@pytest.mark.parametrize("padding", [0, 5000], ids=["at the start", "far behind"])
def test_document_type(declarations: str, padding: int) -> None:
    """Spec: SOAP 1.1 section 3: a message must not contain a document type declaration."""
    message = answer()
    accepted(message)
    refused(with_doctype(message, declarations, padding=padding), MalformedSecurityError)


def test_external_entity(tmp_path: Path) -> None:
    """No file is read on behalf of a message, whoever parses it."""
    secret = tmp_path / "secret.txt"
    secret.write_text("do not read")
    message = with_doctype(answer(), f"[<!ENTITY e SYSTEM '{secret.as_uri()}'>]")
    message = message.replace(b">42<", b">&e;<")
    with pytest.raises(MalformedSecurityError) as caught:
        client().check(message)
    assert "do not read" not in str(caught.value)


def test_entity_bomb() -> None:
    """Entities that grow are refused, in no time."""
    levels = "".join(f"<!ENTITY e{n} '{f'&e{n - 1};' * 10}'>" for n in range(1, 12))
    message = with_doctype(answer(), f"[<!ENTITY e0 'x'>{levels}]").replace(b">42<", b">&e11;<")
    with pytest.raises(MalformedSecurityError):
        client().check(message)


PLACES = {
    "before the envelope": lambda message, node: PROLOG + node + message[len(PROLOG) :],
    "after the envelope": lambda message, node: message + node,
    "in the payload": lambda message, node: message.replace(b">42<", b">4" + node + b"2<"),
    "in the Header": lambda message, node: message.replace(b":Header>", b":Header>" + node, 1),
    "in the Body": lambda message, node: message.replace(b"<o:Place", node + b"<o:Place", 1),
}


@pytest.mark.parametrize("place", PLACES)
def test_processing_instruction(place: str) -> None:
    """Spec: SOAP 1.1 section 3: no processing instructions; a text around one reads in two ways."""
    message = answer()
    accepted(message)
    refused(PLACES[place](message, b"<?x y?>"), MalformedSecurityError)


@pytest.mark.parametrize("place", PLACES)
def test_comment_in_a_given_tree(place: str) -> None:
    """A tree that still has comments is refused: text around one reads in two ways."""
    message = PLACES[place](answer(), b"<!-- x -->")
    with pytest.raises(MalformedSecurityError):
        client().check(etree.fromstring(message))


@pytest.mark.parametrize("place", PLACES)
def test_comment_in_bytes(place: str) -> None:
    """In bytes comments are dropped, as zeep drops them: all readers see one text, the signed one."""
    checked = client().check(PLACES[place](answer(), b"<!-- x -->"))
    sku = checked.body.find(".//{*}sku")
    assert sku is not None
    assert sku.text == "42"


def test_comment_beside_the_root_of_a_given_tree() -> None:
    """The whole document is looked at, not only what is below the root."""
    root = tree_of(answer())
    root.addprevious(etree.Comment("x"))
    with pytest.raises(MalformedSecurityError):
        client().check(root)


@pytest.mark.parametrize(
    "encoding",
    [
        "UTF-7",
        "EBCDIC-CP-US",
        "IBM037",
        "UTF-32",
        "ISO-2022-JP",
        "HZ",
        "SHIFT_JIS",
        "GB18030",
        "cp1026",
    ],
)
def test_encoding_that_hides_names(encoding: str) -> None:
    """An encoding in which octets do not show their text is refused."""
    text = answer().decode().split("?>", 1)[1]
    declared = f'<?xml version="1.0" encoding="{encoding}"?>{text}'
    codec = {"EBCDIC-CP-US": "cp037", "IBM037": "cp037"}.get(encoding, encoding)
    try:
        message = declared.encode(codec)
    except LookupError:
        message = declared.encode()
    with pytest.raises(MalformedSecurityError):
        client().check(message)


def test_ebcdic_without_a_declaration() -> None:
    """Detected by its first octets, and refused like the others."""
    message = answer().decode().split("?>\n", 1)[1].encode("cp037")
    with pytest.raises(MalformedSecurityError):
        client().check(message)


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "latin-1"]
)
def test_encoding_of_soap(encoding: str) -> None:
    """The twins: UTF-8 and UTF-16 with or without a mark, and Latin-1."""
    text = answer(SIGNED, envelope('<a xmlns="">é</a>')).decode().split("?>", 1)[1]
    name = {
        "utf-8-sig": "utf-8",
        "latin-1": "iso-8859-1",
        "utf-16-le": "utf-16",
        "utf-16-be": "utf-16",
    }
    declared = f'<?xml version="1.0" encoding="{name.get(encoding, encoding)}"?>{text}'
    accepted(declared.encode(encoding))


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b" ",
        b"no xml",
        b"<html><body>Bad gateway</body></html>",
        b"<a",
        b"\xff\xfe\x00",
        b"\x00" * 64,
        f'<s:Envelope xmlns:s="{SOAP11}"/>'.encode(),
        f'<s:Body xmlns:s="{SOAP11}"/>'.encode(),
        f'<s:Envelope xmlns:s="{SOAP11}"><s:Header/></s:Envelope>'.encode(),
        f'<s:Envelope xmlns:s="{SOAP11}"><s:Body/><s:Header/></s:Envelope>'.encode(),
        f'<s:Envelope xmlns:s="{SOAP11}"><s:Header/><s:Header/><s:Body/></s:Envelope>'.encode(),
        f'<s:Envelope xmlns:s="{SOAP11}"><s:Body/><x/></s:Envelope>'.encode(),
        b'<s:Envelope xmlns:s="urn:not-soap"><s:Body/></s:Envelope>',
        b"<Envelope><Body/></Envelope>",
    ],
)
def test_no_envelope(message: bytes) -> None:
    """What is no envelope is refused with the package's own error, whatever it is."""
    with pytest.raises(MalformedSecurityError):
        client().check(message)


def test_envelope_inside_a_document() -> None:
    """An Envelope that is handed over must be the root of its document."""
    outer = etree.fromstring(b"<x>" + answer().split(b"?>", 1)[1] + b"</x>")
    with pytest.raises(MalformedSecurityError):
        client().check(outer[0])


def test_relative_namespace() -> None:
    """A relative namespace name has no canonical form; the message is refused, not crashed on."""
    message = answer(SIGNED, envelope('<a xmlns="urn:a"/>')).replace(b"urn:a", b"../a")
    with pytest.raises(MalformedSecurityError):
        client().check(message)


def test_two_attributes_of_one_name() -> None:
    """Two prefixes, one namespace, one name: not XML, and refused as such."""
    twice = f'xmlns:a="{WSU}" xmlns:b="{WSU}" a:Id="x" b:Id="y"'.encode()
    message = answer(SIGNED, envelope("<z/>")).replace(b"<z/>", b"<z " + twice + b"/>")
    with pytest.raises(MalformedSecurityError):
        client().check(message)


def test_text_between_header_and_body() -> None:
    """White space and text around the parts move no part."""
    message = edited(answer(), lambda root: security_of(root).set("{urn:x}y", "z"))
    accepted(message)


@pytest.mark.parametrize("depth", [99, 101])
def test_depth(depth: int) -> None:
    """Limit: nesting, before anything else is looked at."""
    inner = depth - 2
    generous = Limits(max_depth=200)
    message = answer(SIGNED, envelope("<a>" * inner + "</a>" * inner), limits=generous)
    if depth <= Limits().max_depth:
        accepted(message)
    else:
        refused(message, MalformedSecurityError)


@pytest.mark.parametrize("count", [256, 257])
def test_attributes(count: int) -> None:
    """Limit: attributes of one element; namespace declarations do not count."""
    attributes = " ".join(f'a{n}="x"' for n in range(count))
    message = answer(SIGNED, envelope(f"<a {attributes}/>"), limits=Limits(max_attributes=300))
    if count <= Limits().max_attributes:
        accepted(message)
    else:
        refused(message, MalformedSecurityError)


def test_message_size() -> None:
    """Limit: bytes, before they are parsed."""
    message = answer()
    size = len(message)
    client(limits=Limits(max_message_bytes=size)).check(message)
    with pytest.raises(MalformedSecurityError) as caught:
        client(limits=Limits(max_message_bytes=size - 1)).check(message)
    assert "limits.max_message_bytes" in caught.value.hint


def test_header_children() -> None:
    """Limit: elements in the security header."""
    message = answer()
    count = len(security_of(tree_of(message)))
    accepted(message, client(limits=Limits(max_header_children=count)))
    refused(message, MalformedSecurityError, client(limits=Limits(max_header_children=count - 1)))


def test_references() -> None:
    """Limit: references of one signature."""
    accepted(answer(), client(limits=Limits(max_references=2)))
    refused(answer(), MalformedSecurityError, client(limits=Limits(max_references=1)))


def test_signatures() -> None:
    """Limit: signatures."""
    message = answer((*SIGNED, Signature(parts=("body",))))
    accepted(message, client(limits=Limits(max_signatures=2)))
    refused(message, MalformedSecurityError, client(limits=Limits(max_signatures=1)))


def test_unknown_element_in_the_security_header() -> None:
    """What is not understood is refused, not passed over."""
    error = refused(edited(answer(), append("wsse:Security", "<x/>")), UnsupportedTokenError)
    assert error.element == "x"


@pytest.mark.parametrize("form", ["exc-c14n", "c14n"])
@pytest.mark.parametrize("place", ["Envelope", "Header", "Body"])
def test_namespaces_without_end(place: str, form: str) -> None:
    """Namespaces in scope cost their square to canonicalize: too many are refused before that."""
    steps = (Timestamp(), Signature(canonicalization=form, part_canonicalization=form))
    message = answer(steps)
    accepted(message)

    def flooded(count: int) -> bytes:
        declarations = b" ".join(b'xmlns:n%d="urn:%d"' % (n, n) for n in range(count))
        return message.replace(
            b"<soap:" + place.encode(), b"<soap:%s %s" % (place.encode(), declarations), 1
        )

    with pytest.raises((MalformedSecurityError, SignatureInvalidError)):
        client().check(flooded(30_000))
    if form == "exc-c14n":
        accepted(flooded(200))
