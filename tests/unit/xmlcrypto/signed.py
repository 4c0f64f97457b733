"""Small signed documents, made and checked without a profile."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache

from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from lxml import etree

from zeep_wssec.errors import MalformedSecurityError
from zeep_wssec.keys.file_key import FileKey
from zeep_wssec.keys.protocols import Signer
from zeep_wssec.testing.certificates import generate_key
from zeep_wssec.xmlcrypto import signing
from zeep_wssec.xmlcrypto.algorithms import (
    DIGESTS_BY_NAME,
    EXCLUSIVE,
    SIGNATURE_METHODS_BY_NAME,
)
from zeep_wssec.xmlcrypto.c14n import PLAIN, CanonicalForm
from zeep_wssec.xmlcrypto.hmac_key import HmacSigner
from zeep_wssec.xmlcrypto.signature_model import DS, SignatureModel, read_signature
from zeep_wssec.xmlcrypto.signing import SignedPart

SHA256 = DIGESTS_BY_NAME["sha256"]
SHARED = HmacSigner(b"0123456789abcdef0123")
KEY_INFO = "<ds:KeyInfo><ds:KeyName>key</ds:KeyName></ds:KeyInfo>"
DOCUMENT = (
    '<s:Envelope xmlns:s="urn:soap" xmlns:outer="urn:outer" xmlns="urn:default"><s:Header>'
    '<w:Security xmlns:w="urn:security"/></s:Header><s:Body Id="B"><p:Order xmlns:p="urn:p">42</p:Order>'
    "</s:Body></s:Envelope>"
)
References = Callable[[etree._Element, etree._Element], Sequence[str]]


@cache
def key_pair(kind: str) -> PrivateKeyTypes:
    """A key of a kind, made once."""
    return generate_key(kind)


def body_reference(root: etree._Element, signature: etree._Element) -> list[str]:
    """Give the Reference to the Body."""
    del signature
    return [signing.reference_xml(SignedPart(element=root[1], id="B"), SHA256, EXCLUSIVE, ())]


def signed(
    method: str,
    signer: Signer = SHARED,
    *,
    references: References = body_reference,
    form: CanonicalForm = PLAIN,
    document: str = DOCUMENT,
    key_info: str = KEY_INFO,
    key_bits: int = 0,
) -> bytes:
    """Put a Signature into the first header of ``document``, sign it there, and write the document."""
    root = etree.fromstring(document)
    chosen = SIGNATURE_METHODS_BY_NAME[method]
    settings = {"id": "S", "form": form, "method": chosen, "key_info": key_info}
    empty = signing.unsigned_signature(references=(), **settings)  # type: ignore[arg-type]
    root[0][0].insert(0, empty)
    made = signing.unsigned_signature(references=references(root, empty), **settings)  # type: ignore[arg-type]
    root[0][0].replace(empty, made)
    signing.fill_in(made, chosen, signer, form=form, key_bits=key_bits)
    return etree.tostring(root.getroottree())


def signed_with(method: str, kind: str) -> tuple[bytes, FileKey]:
    """Sign the Body with a fresh key of a kind, as its size asks for."""
    key = FileKey(key_pair(kind))
    bits: int = key_pair(kind).key_size  # type: ignore[union-attr]
    return signed(method, key, key_bits=bits), key


class Reader:
    """Finds nodes by ``Id``, and the root."""

    def __init__(self, root: etree._Element) -> None:
        self._root = root

    def node(self, uri: str | None) -> etree._Element:
        """Give the root for an empty URI."""
        if uri == "":
            return self._root
        found = self._root.xpath("//*[@Id = $id]", id=(uri or "")[1:])
        assert isinstance(found, list)
        (node,) = found
        assert isinstance(node, etree._Element)
        return node

    def as_written(self, node: etree._Element) -> etree._Element:
        """Nothing is moved here."""
        return node

    def token(self, reference: etree._Element, form: CanonicalForm) -> tuple[etree._Element, bytes]:
        """There are no tokens here."""
        raise MalformedSecurityError("no token")


def model_of(root: etree._Element) -> SignatureModel:
    """Read the only Signature."""
    (element,) = root.iter(f"{{{DS}}}Signature")
    return read_signature(element, max_references=10)


def checked(message: bytes, key: object) -> tuple[etree._Element, ...]:
    """Verify value and references; give what is covered."""
    root = etree.fromstring(message)
    model = model_of(root)
    signing.check_value(model, key, as_written=lambda node: node)
    return signing.check_references(model, Reader(root))
