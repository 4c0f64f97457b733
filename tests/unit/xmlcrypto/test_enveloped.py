"""A Signature that covers its whole document but for itself."""

from __future__ import annotations

import itertools

import pytest
from lxml import etree
from unit.xmlcrypto.signed import DOCUMENT, SHA256, SHARED, References, checked, model_of, signed

from zeep_wssec.errors import (
    MalformedSecurityError,
    SignatureInvalidError,
    UnsupportedAlgorithmError,
)
from zeep_wssec.xmlcrypto import signing
from zeep_wssec.xmlcrypto.algorithms import CANONICALIZATIONS, EXCLUSIVE, STR_TRANSFORM
from zeep_wssec.xmlcrypto.c14n import PLAIN, CanonicalForm, canonicalize, canonicalize_without
from zeep_wssec.xmlcrypto.signature_model import DS

ENVELOPED = f'<ds:Transform Algorithm="{DS}enveloped-signature"/>'
C14N = f'<ds:Transform Algorithm="{EXCLUSIVE.uri}"/>'
FORMS = [CanonicalForm(item) for item in CANONICALIZATIONS]
FORMS.append(CanonicalForm(prefixes=("#default", "outer", "never-met-before")))
SIGNATURES = (
    "<ds:Signature xmlns:ds='urn:ds'><ds:x/></ds:Signature>",
    "<Signature xmlns='urn:ds'/>",
    "<outer:Signature/>",
)
AROUND = ("", "text", "<!-- c -->", "<?pi x?>", "<a/>", "1<a/>2", "<![CDATA[<]]>")


def envelope(inner: str) -> str:
    return (
        '<?before x?><e xmlns="urn:default" xmlns:outer="urn:outer" xml:lang="de"><h b="1">'
        f"{inner}</h><b>42</b></e><?after x?>"
    )


def as_parsed(document: str, form: CanonicalForm) -> bytes:
    """The canonical form of a document that never had a signature."""
    tree = etree.fromstring(document).getroottree()
    for comment in list(tree.iter(etree.Comment)):
        before, after = comment.getprevious(), comment.getparent()
        assert after is not None
        if before is not None:
            before.tail = (before.tail or "") + (comment.tail or "")
        else:
            after.text = (after.text or "") + (comment.tail or "")
        comment.tail = None
        after.remove(comment)
    return etree.tostring(
        tree,
        method="c14n",
        exclusive=form.method.exclusive,
        with_comments=True,
        inclusive_ns_prefixes=list(form.prefixes) or None,
    )


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.method.name)
@pytest.mark.parametrize("signature", SIGNATURES)
def test_canonicalize_without(form: CanonicalForm, signature: str) -> None:
    """Octet by octet the document without the element, whatever stands around it."""
    for before, after in itertools.product(AROUND, AROUND):
        root = etree.fromstring(envelope(before + signature + after))
        (element,) = root.iter("{*}Signature")
        assert canonicalize_without(root, element, form) == as_parsed(
            envelope(before + after), form
        )


@pytest.mark.parametrize("inner", ["1{}2<a/>", "<a/>1{}", "<a/>{}2<!-- --><a/>3"])
def test_the_tree_stays_as_it_is(inner: str) -> None:
    """Same octets, same nodes, same texts behind them; after a failure too."""
    text = envelope(inner.format("<d:Signature xmlns:d='urn:outer' xmlns:ds='urn:ds' x='1'/>"))
    root = etree.fromstring(text)
    element = root.find(".//{*}Signature")
    assert element is not None
    nodes = list(root.iter())
    canonicalize_without(root, element)
    root[1].set("{../relative}a", "1")
    with pytest.raises(MalformedSecurityError, match="relative"):
        canonicalize_without(root, element)
    del root[1].attrib["{../relative}a"]
    assert all(one is other for one, other in zip(nodes, root.iter(), strict=True))
    assert element.prefix == "d"
    etree.cleanup_namespaces(root[1])
    assert etree.tostring(root.getroottree()) == etree.tostring(
        etree.fromstring(text).getroottree()
    )


def test_nothing_to_leave_out() -> None:
    """Without a signature, the form is that of the whole document."""
    root = etree.fromstring("<e><a/>42</e>")
    assert canonicalize_without(root, None) == canonicalize(root) == b"<e><a></a>42</e>"


def test_what_is_left_out_must_be_inside() -> None:
    """Neither the root itself, nor an element of elsewhere, nor inside of something larger."""
    root = etree.fromstring("<e><a><s/></a></e>")
    assert canonicalize_without(root, root[0][0]) == b"<e><a></a></e>"
    for whole, element in ((root, root), (root, etree.Element("s")), (root[0], root[0][0])):
        with pytest.raises(MalformedSecurityError, match="enveloped"):
            canonicalize_without(whole, element)
    assert etree.tostring(root) == b"<e><a><s/></a></e>"


def whole_document(form: CanonicalForm | None = None) -> References:
    return lambda root, signature: [signing.enveloped_reference_xml(root, signature, SHA256, form)]


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.method.name)
def test_round_trip(form: CanonicalForm) -> None:
    """It covers the root: any other change is found, one inside of the Signature's KeyInfo is not its matter."""
    message = signed("hmac-sha256", references=whole_document(form), document=DOCUMENT)
    (reference,) = model_of(etree.fromstring(message)).references
    assert (reference.uri, reference.enveloped, reference.form) == ("", True, form)
    (covered,) = checked(message, SHARED)
    assert covered.tag == "{urn:soap}Envelope"
    checked(message.replace(b">key<", b">other<"), SHARED)
    for old, new in (
        (b"42", b"43"),
        (b"<w:Security", b"<x/><w:Security"),
        (b"<s:Body", b" <s:Body"),
    ):
        with pytest.raises(SignatureInvalidError, match="Envelope"):
            checked(message.replace(old, new), SHARED)


def test_signed_before_it_is_in_its_place() -> None:
    """The reference can be made before the Signature is put into the document."""
    root = etree.fromstring(DOCUMENT)
    before = signing.enveloped_reference_xml(root, None, SHA256, PLAIN)
    message = signed("hmac-sha256", references=lambda *_: [before])
    assert checked(message, SHARED)[0].tag == "{urn:soap}Envelope"


def test_types_are_protected() -> None:
    """Without a form of its own, the prefixes of types are listed, so that they cannot be bound anew."""
    xsi = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
    document = DOCUMENT.replace("<p:Order", f'<p:Order {xsi} xsi:type="outer:Kind"')
    message = signed("hmac-sha256", references=whole_document(), document=document)
    (reference,) = model_of(etree.fromstring(message)).references
    assert reference.form.prefixes == ("outer",)
    checked(message, SHARED)
    plain = signed("hmac-sha256", references=whole_document(PLAIN), document=document)
    checked(plain.replace(b"urn:outer", b"urn:other"), SHARED)
    with pytest.raises(SignatureInvalidError, match="Envelope"):
        checked(message.replace(b"urn:outer", b"urn:other"), SHARED)


def with_transforms(uri: str | None, transforms: str) -> bytes:
    """A Signature whose one Reference has these; its digest is not right."""
    digest = SHA256.of(b"")
    shown = signing.digested_reference_xml("B", SHA256, digest, transforms)
    named = "" if uri is None else f'URI="{uri}"'
    return signed("hmac-sha256", references=lambda *_: [shown.replace('URI="#B"', named)])


STR = (
    f'<ds:Transform Algorithm="{STR_TRANSFORM}"><w:TransformationParameters xmlns:w="http://docs.oasis-open'
    '.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"><ds:CanonicalizationMethod '
    f'Algorithm="{EXCLUSIVE.uri}"/></w:TransformationParameters></ds:Transform>'
)
REFUSED = {
    "no enveloped": ("", C14N),
    "no transform": ("", ""),
    "nothing after it": ("", ENVELOPED),
    "after it": ("", C14N + ENVELOPED),
    "twice": ("", ENVELOPED + ENVELOPED + C14N),
    "two forms": ("", ENVELOPED + C14N + C14N),
    "a token": ("", ENVELOPED + STR),
    "a parameter": ("", ENVELOPED.replace("/>", "><x/></ds:Transform>") + C14N),
    "an attribute": ("", ENVELOPED.replace("/>", ' x="y"/>') + C14N),
    "an Id": ("#B", ENVELOPED + C14N),
    "no URI": (None, ENVELOPED + C14N),
    "an expression": ("#xpointer(/)", ENVELOPED + C14N),
    "two forms of an Id": ("#B", C14N + C14N),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused(case: str) -> None:
    """Enveloped and then one canonical form, exactly for an empty URI; one form for all else."""
    with pytest.raises(MalformedSecurityError):
        model_of(etree.fromstring(with_transforms(*REFUSED[case])))


@pytest.mark.parametrize("after", ["enveloped-signature", "base64"])
def test_no_other_transform(after: str) -> None:
    """What follows the enveloped-signature transform is a canonicalization and nothing else."""
    other = f'<ds:Transform Algorithm="{DS}{after}"/>'
    with pytest.raises(UnsupportedAlgorithmError):
        model_of(etree.fromstring(with_transforms("", ENVELOPED + other)))


def test_accepted() -> None:
    """The twin of the refused."""
    (one,) = model_of(etree.fromstring(with_transforms("", ENVELOPED + C14N))).references
    (other,) = model_of(etree.fromstring(with_transforms("#B", C14N))).references
    assert (one.enveloped, other.enveloped) == (True, False)
    assert one.form == other.form == PLAIN
