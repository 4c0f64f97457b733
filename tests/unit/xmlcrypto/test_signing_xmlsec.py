"""HMAC, DSA, brainpool, whole documents and PrefixLists against libxmlsec, both ways."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from lxml import etree
from peers import require_module
from unit.xmlcrypto.signed import (
    DOCUMENT,
    SHA256,
    SHARED,
    References,
    body_reference,
    checked,
    key_pair,
    signed,
    signed_with,
)

from zeep_wssec.errors import SignatureInvalidError
from zeep_wssec.xmlcrypto import signing
from zeep_wssec.xmlcrypto.algorithms import (
    CANONICALIZATIONS_BY_NAME,
    SIGNATURE_METHODS,
    SIGNATURE_METHODS_BY_NAME,
)
from zeep_wssec.xmlcrypto.c14n import CanonicalForm
from zeep_wssec.xmlcrypto.signature_model import DS, SIGNATURE
from zeep_wssec.xmlcrypto.signing import SignedPart

pytestmark = pytest.mark.needs_xmlsec
HMACS = [item.name for item in SIGNATURE_METHODS if item.key_kind == "hmac"]
# libxmlsec writes r and s in the length of the digest, so the subgroup has to have that length too.
PAIRS = [
    ("dsa-sha1", "dsa-1024"),
    ("dsa-sha256", "dsa-2048"),
    ("dsa-sha256", "dsa-3072"),
    ("ecdsa-sha256", "ec-bp256"),
    ("ecdsa-sha384", "ec-bp384"),
    ("ecdsa-sha512", "ec-bp512"),
    ("ecdsa-sha512", "ec-p521"),
]
FORMS = [CanonicalForm(item) for item in CANONICALIZATIONS_BY_NAME.values()]
FORMS += [CanonicalForm(prefixes=("#default", "outer")), CanonicalForm(prefixes=("outer", "no"))]


@pytest.fixture(scope="session")
def xmlsec() -> ModuleType:
    """The bindings of libxmlsec."""
    return require_module("xmlsec")


def shared_key(xmlsec: ModuleType) -> Any:
    return xmlsec.Key.from_binary_data(xmlsec.constants.KeyDataHmac, SHARED.octets)


def private_key(xmlsec: ModuleType, kind: str) -> Any:
    pem = key_pair(kind).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return xmlsec.Key.from_memory(pem, xmlsec.KeyFormat.PEM)


def context_for(xmlsec: ModuleType, key: Any, root: etree._Element) -> Any:
    context = xmlsec.SignatureContext()
    context.key = key
    for node in root.iter("{*}*"):
        if node.get("Id") is not None:
            context.register_id(node, "Id")
    return context


def verify(xmlsec: ModuleType, message: bytes, key: Any) -> None:
    """Verify with libxmlsec; raises if the signature is not right."""
    root = etree.fromstring(message)
    context_for(xmlsec, key, root).verify(root.find(f".//{SIGNATURE}"))


def resigned(xmlsec: ModuleType, message: bytes, key: Any) -> bytes:
    """Let libxmlsec make all digests and the value anew."""
    root = etree.fromstring(message)
    for name in ("DigestValue", "SignatureValue"):
        for node in root.iter(f"{{{DS}}}{name}"):
            node.text = ""
    context_for(xmlsec, key, root).sign(root.find(f".//{SIGNATURE}"))

    return etree.tostring(root.getroottree())


def whole_document(form: CanonicalForm) -> References:
    return lambda root, signature: [signing.enveloped_reference_xml(root, signature, SHA256, form)]


def body(form: CanonicalForm) -> References:
    return lambda root, signature: [
        signing.reference_xml(
            SignedPart(element=root[1], id="B"), SHA256, form.method, form.prefixes
        )
    ]


@pytest.mark.parametrize("method", HMACS)
def test_hmac(xmlsec: ModuleType, method: str) -> None:
    """Theirs verifies here, ours there, with the same secret only."""
    message = signed(method)
    verify(xmlsec, message, shared_key(xmlsec))
    again = resigned(xmlsec, message, shared_key(xmlsec))
    checked(again, SHARED)
    with pytest.raises(xmlsec.Error):
        verify(xmlsec, message.replace(b"42", b"43"), shared_key(xmlsec))
    with pytest.raises(SignatureInvalidError):
        checked(again.replace(b"42", b"43"), SHARED)


@pytest.mark.parametrize(("method", "kind"), PAIRS)
def test_key_pairs(xmlsec: ModuleType, method: str, kind: str) -> None:
    """DSA and ECDSA values have the raw form that the other engine reads and writes."""
    message, _ = signed_with(method, kind)
    key = private_key(xmlsec, kind)
    verify(xmlsec, message, key)
    checked(resigned(xmlsec, message, key), key_pair(kind).public_key())
    with pytest.raises(xmlsec.Error):
        verify(xmlsec, message.replace(b"42", b"43"), key)


AROUND = (
    '<?before x?><s:Envelope xmlns:s="urn:soap" xmlns:outer="urn:outer" xmlns="urn:default" '
    'xml:lang="de"><s:Header><w:Security xmlns:w="urn:security">1<!-- c --><a/></w:Security></s:Header>'
    '<s:Body Id="B">4<!-- c -->2<?in x?></s:Body></s:Envelope><?after x?>'
)


@pytest.mark.parametrize("references", [whole_document, body])
@pytest.mark.parametrize("part", FORMS, ids=str)
def test_references(xmlsec: ModuleType, part: CanonicalForm, references: Any) -> None:
    """A whole document, and one element, in every form: comments, instructions, outer prefixes."""
    message = signed("hmac-sha256", references=references(part), document=AROUND)
    verify(xmlsec, message, shared_key(xmlsec))
    checked(message, SHARED)
    checked(resigned(xmlsec, message, shared_key(xmlsec)), SHARED)
    with pytest.raises(xmlsec.Error):
        verify(xmlsec, message.replace(b"?in x", b"?in y"), shared_key(xmlsec))


@pytest.mark.parametrize("form", FORMS, ids=str)
def test_signed_info(xmlsec: ModuleType, form: CanonicalForm) -> None:
    """SignedInfo in every form, with prefixes that only outer elements declare."""
    message = signed("hmac-sha256", references=body_reference, form=form, document=DOCUMENT)
    verify(xmlsec, message, shared_key(xmlsec))
    checked(resigned(xmlsec, message, shared_key(xmlsec)), SHARED)


def test_key_info(xmlsec: ModuleType) -> None:
    """The other engine finds the digest of the KeyInfo right where the KeyInfo is."""
    key_info = '<ds:KeyInfo Id="KI"><ds:KeyName>key</ds:KeyName></ds:KeyInfo>'

    def references(root: etree._Element, signature: etree._Element) -> list[str]:
        made = signing.key_info_reference_xml(key_info, id="KI", digest=SHA256, security=root[0][0])
        return [*body_reference(root, signature), made]

    message = signed("hmac-sha256", references=references, key_info=key_info)
    verify(xmlsec, message, shared_key(xmlsec))
    checked(resigned(xmlsec, message, shared_key(xmlsec)), SHARED)
    with pytest.raises(xmlsec.Error):
        verify(xmlsec, message.replace(b">key<", b">other<"), shared_key(xmlsec))


def test_every_method_is_here() -> None:
    """What libxmlsec is not asked about elsewhere is asked here."""
    asked = {*HMACS, *(method for method, _ in PAIRS)}
    assert {
        name for name, item in SIGNATURE_METHODS_BY_NAME.items() if item.key_kind in ("hmac", "dsa")
    } <= asked
