"""What a signature computes before its digest: expressions, programs, forms with comments or foreign prefixes."""

from __future__ import annotations

import pytest
from attacks.forge import EXC, NS, Change, edited, find, replace
from lxml import etree
from roundtrip.pair import accepted, answer, client, refused

from zeep_wssec import (
    MalformedSecurityError,
    RequirementError,
    Signature,
    SignatureInvalidError,
    Timestamp,
    UnsupportedAlgorithmError,
)
from zeep_wssec.soap.namespaces import DS, SOAP11

XPATH, FILTER = (
    "http://www.w3.org/TR/1999/REC-xpath-19991116",
    "http://www.w3.org/2002/06/xmldsig-filter2",
)
XSLT = "http://www.w3.org/TR/1999/REC-xslt-19991116"
SHEET = '<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">%s</xsl:stylesheet>'


def xpath(expression: str, prefix: str = SOAP11) -> str:
    """An XPath transform; ``prefix`` is what ``s`` means in it."""
    inner = f'<ds:XPath xmlns:s="{prefix}">{expression}</ds:XPath>'
    return f'<ds:Transform Algorithm="{XPATH}">{inner}</ds:Transform>'


def xpath_filter(kind: str, expression: str) -> str:
    """A filter of a second kind."""
    inner = f'<f:XPath xmlns:f="{FILTER}" Filter="{kind}">{expression}</f:XPath>'
    return f'<ds:Transform Algorithm="{FILTER}">{inner}</ds:Transform>'


def xslt(sheet: str) -> str:
    """A style sheet as a transform."""
    return f'<ds:Transform Algorithm="{XSLT}">{SHEET % sheet}</ds:Transform>'


COMPUTED = {
    "nothing is left": xpath("false()"),
    "by position": xpath("ancestor-or-self::s:Body[1]"),
    "anywhere below": xpath("count(ancestor-or-self::*[local-name() = 'Body']) > 0"),
    "by an attribute": xpath("ancestor-or-self::*[@*[local-name() = 'Id'] = 'body']"),
    "prefix bound anew": xpath("ancestor-or-self::s:Body", "urn:other"),
    "counts all namespaces": xpath("count(//namespace::*) > 0"),
    "takes all away": xpath_filter("subtract", "//*"),
    "takes the Body anywhere": xpath_filter("intersect", "//*[local-name() = 'Body']"),
    "a constant": xslt('<xsl:template match="/">constant</xsl:template>'),
    "reads a file": xslt('<xsl:import href="file:///dev/zero"/>'),
    "asks a host": xslt('<xsl:variable name="x" select="document(\'http://127.0.0.1:9/\')"/>'),
}
"""Transforms that choose or make what is signed."""
CANONICAL = f'<ds:Transform Algorithm="{EXC}"/>'
ENVELOPED = f'<ds:Transform Algorithm="{DS}enveloped-signature"/>'


def transformed(transforms: str, *, uri: str | None = None) -> Change:
    """Give the reference to the Body these transforms, and another URI."""

    def change(root: etree._Element) -> None:
        reference = find(root, "ds:SignedInfo").findall("ds:Reference", NS)[-1]
        replace("ds:Transforms", f"<ds:Transforms>{transforms}</ds:Transforms>")(reference)
        if uri is not None:
            reference.set("URI", uri)

    return change


@pytest.mark.parametrize("name", COMPUTED)
@pytest.mark.parametrize("after", ["", CANONICAL], ids=["alone", "before a form"])
def test_computing_transform(name: str, after: str, capfd: pytest.CaptureFixture[str]) -> None:
    """Spec: BSP 1.1 R5423: no expression says what is signed, even if the partner has signed it; none is run."""
    change = transformed(COMPUTED[name] + after)
    message = edited(answer(), change, sign_by="service")
    refused(message, MalformedSecurityError if after else UnsupportedAlgorithmError)
    assert capfd.readouterr() == ("", "")


def test_canonical_form_instead() -> None:
    """The twin: the same message with a canonical form in that place."""
    accepted(edited(answer(), transformed(CANONICAL), sign_by="service"))


@pytest.mark.parametrize("name", COMPUTED)
def test_computing_transform_of_the_whole_document(name: str) -> None:
    """The same between the enveloped-signature transform and the canonical form of a whole document."""
    whole = (Timestamp(), Signature(parts=("envelope",)))
    accepted(answer(whole))
    change = transformed(ENVELOPED + COMPUTED[name] + CANONICAL)
    refused(edited(answer(whole), change), MalformedSecurityError)


@pytest.mark.parametrize(
    "uri",
    [
        "#xpointer(/)",
        "#xpointer(//*[local-name() = 'Body'])",
        "#xpointer(id('body'))",
        "#xmlns(s=urn:other)xpointer(//s:Body)",
        "#element(/1/2)",
    ],
)
def test_expression_as_a_reference(uri: str) -> None:
    """A reference is an Id: an expression in its place is never evaluated."""
    message = edited(answer(), transformed(CANONICAL, uri=uri), sign_by="service")
    refused(message, MalformedSecurityError)
    refused(edited(answer(), transformed(ENVELOPED + CANONICAL, uri=uri)), MalformedSecurityError)


def test_signature_of_the_whole_document_moved() -> None:
    """Where a signature over the whole document stands is not signed, but all around it is."""
    whole = answer((Timestamp(), Signature(parts=("envelope",))))

    def first(root: etree._Element) -> None:
        security = find(root, "ds:Signature").getparent()
        assert security is not None
        security.insert(0, find(root, "ds:Signature"))

    def into_the_body(root: etree._Element) -> None:
        root[-1].append(find(root, "ds:Signature"))

    accepted(edited(whole, first))
    refused(edited(whole, into_the_body), RequirementError)


COMMENTS = EXC + "WithComments"


@pytest.mark.parametrize("form", [EXC, COMMENTS], ids=["without comments", "with comments"])
def test_form_that_keeps_comments(form: str) -> None:
    """Spec: XML Signature 1.1 section 4.4.3.3: a comment is no part of what an Id names, whatever the form says."""
    transform = f'<ds:Transform Algorithm="{form}"/>'
    message = edited(answer(), transformed(transform), sign_by="service")
    accepted(message)
    client().check(message.replace(b">42<", b">4<!-- 9 -->2<"))
    refused(message.replace(b">42<", b">4<!-- 9 -->3<"), SignatureInvalidError)


@pytest.mark.parametrize("form", ["c14n", "c14n11"])
def test_namespaces_around_an_inclusive_form(form: str) -> None:
    """An inclusive form signs the namespaces around a part as well: what is declared there later breaks it."""
    message = answer((Timestamp(), Signature(part_canonicalization=form)))
    accepted(message)
    added = message.replace(b"<soap:Envelope ", b'<soap:Envelope xmlns:evil="urn:evil" ', 1)
    refused(added, SignatureInvalidError)
    exclusive = answer().replace(b"<soap:Envelope ", b'<soap:Envelope xmlns:evil="urn:evil" ', 1)
    accepted(exclusive)


def test_prefix_list_with_prefixes_that_there_are_not() -> None:
    """The twin of long lists: a prefix that nothing declares changes nothing."""
    message = answer((Timestamp(), Signature(part_prefixes={"body": ("nowhere", "soap")})))
    accepted(message)
