"""Making and verifying ``ds:Signature`` values: canonical form, digest, primitive, in that order."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from cryptography.exceptions import InvalidSignature
from lxml import etree

from zeep_wssec.errors import (
    KeyUsageError,
    MalformedSecurityError,
    OutboundError,
    SignatureInvalidError,
    UnsupportedAlgorithmError,
)
from zeep_wssec.keys.protocols import Signer
from zeep_wssec.xmlcrypto.algorithms import (
    ENVELOPED,
    EXCLUSIVE,
    EXCLUSIVE_C14N,
    STR_TRANSFORM,
    Canonicalization,
    Digest,
    SignatureMethod,
)
from zeep_wssec.xmlcrypto.c14n import (
    CanonicalForm,
    canonicalize,
    canonicalize_element_without,
    canonicalize_without,
    digest_canonical,
    digest_with_type_prefixes,
    type_prefixes,
)
from zeep_wssec.xmlcrypto.hmac_key import HmacSigner
from zeep_wssec.xmlcrypto.primitives import fits, verify_value, xml_value
from zeep_wssec.xmlcrypto.signature_model import DS, WSSE, ReferenceModel, SignatureModel

_LIBXML2_TEXT = 10_000_000


@dataclass(frozen=True, eq=False, kw_only=True)
class SignedPart:
    """One element that is to be signed."""

    element: etree._Element
    id: str


def reference_xml(
    part: SignedPart, digest: Digest, method: Canonicalization, prefixes: tuple[str, ...] | None
) -> str:
    """Digest one part and give its ``ds:Reference``.

    Args:
        part: The element in its final place and form.
        digest: For the canonical octets.
        method: Canonicalization of the part.
        prefixes: PrefixList of this part; ``None`` protects the prefixes inside ``xsi:type`` values by
            itself. Only an exclusive form takes one.

    Spec: XML Signature 1.1, The Reference Element; BSP 1.1 R5407.
    """
    if prefixes is None and method == EXCLUSIVE:
        value, used = digest_with_type_prefixes(part.element, digest)
        form = CanonicalForm(method, used)
    else:
        form = CanonicalForm(method, (prefixes or ()) if method.exclusive else ())
        value = digest_canonical(part.element, form.without_comments(), digest)
    return _reference_xml(f"#{part.id}", digest, value, method_xml("Transform", form))


def enveloped_reference_xml(
    root: etree._Element,
    signature: etree._Element | None,
    digest: Digest,
    form: CanonicalForm | None = None,
) -> str:
    """Digest a whole document but for the Signature, and give the ``ds:Reference`` with ``URI=""``.

    Everything that the document will hold must be in its place: what is added later breaks the digest.

    Args:
        root: The document's root.
        signature: Left out, with all that is in it; ``None`` if it is not in the document yet.
        digest: For the canonical octets.
        form: Canonical form of the document; ``None`` takes the exclusive one and protects the prefixes
            inside ``xsi:type`` values by itself.

    Spec: XML Signature 1.1, sections 4.4.3.3, Same-Document URI-References, and 6.6.4, Enveloped
    Signature Transform.
    """
    if form is None:
        form = CanonicalForm(prefixes=type_prefixes(root))
    octets = canonicalize_without(root, signature, form)
    transforms = f'<ds:Transform Algorithm="{ENVELOPED}"/>{method_xml("Transform", form)}'
    return _reference_xml("", digest, digest.of(octets), transforms)


def filtered_reference_xml(digest: Digest, octets: bytes, transforms: str) -> str:
    """Give the ``ds:Reference`` to a whole document of which filters leave ``octets``.

    Args:
        digest: For the canonical octets.
        octets: What is left.
        transforms: That leave them, behind the enveloped-signature transform.
    """
    transforms = f'<ds:Transform Algorithm="{ENVELOPED}"/>{transforms}'
    return _reference_xml("", digest, digest.of(octets), transforms)


def key_info_reference_xml(
    key_info: str, *, id: str, digest: Digest, security: etree._Element
) -> str:
    """Give the ``ds:Reference`` to the KeyInfo of the very Signature that will hold the reference.

    Its canonical form is the exclusive one without a PrefixList: nothing around the KeyInfo is part of
    it but the prefixes that its names get in their place, so it is digested in that place.

    Args:
        key_info: The ``ds:KeyInfo`` as it will be given to ``unsigned_signature``.
        id: Its ``Id``.
        digest: For the canonical octets.
        security: Will be the parent of the Signature, with the namespaces that it has now.

    Raises:
        OutboundError: The KeyInfo does not have that Id.

    Spec: XML Signature 1.1, section 4.5: KeyInfo is bound to the signature by a Reference to it.
    """
    stand_in = etree.fromstring(f'<ds:Signature xmlns:ds="{DS}">{key_info}</ds:Signature>')
    if len(stand_in) != 1 or stand_in[0].get("Id") != id:
        raise OutboundError(f"The KeyInfo to sign does not have the Id {id!r}.")
    security.append(stand_in)
    try:
        octets = canonicalize(stand_in[0])
    finally:
        security.remove(stand_in)
    return digested_reference_xml(id, digest, octets, method_xml("Transform", CanonicalForm()))


def token_reference_xml(id: str, digest: Digest, octets: bytes) -> str:
    """Give the ``ds:Reference`` to a SecurityTokenReference whose token has the canonical ``octets``.

    Spec: WSS SOAP Message Security 1.1.1, section 8.3, Signing Tokens.
    """
    return digested_reference_xml(
        id,
        digest,
        octets,
        f'<ds:Transform Algorithm="{STR_TRANSFORM}"><wsse:TransformationParameters xmlns:wsse="{WSSE}">'
        f"{method_xml('CanonicalizationMethod', CanonicalForm())}"
        "</wsse:TransformationParameters></ds:Transform>",
    )


def digested_reference_xml(
    id: str, digest: Digest, octets: bytes, transform: str, *, type: str = ""
) -> str:
    """Give the ``ds:Reference`` to ``id`` with one transform and the digest of its ``octets``."""
    return _reference_xml(f"#{id}", digest, digest.of(octets), transform, type=type)


def _reference_xml(
    uri: str, digest: Digest, value: bytes, transforms: str, *, type: str = ""
) -> str:
    text = base64.b64encode(value).decode()
    stated = f' Type="{type}"' if type else ""
    return (
        f'<ds:Reference URI="{uri}"{stated}><ds:Transforms>{transforms}</ds:Transforms>'
        f'<ds:DigestMethod Algorithm="{digest.uri}"/><ds:DigestValue>{text}</ds:DigestValue>'
        "</ds:Reference>"
    )


def method_xml(name: str, form: CanonicalForm) -> str:
    """Give an element ``ds:name`` that states a canonical form."""
    if not form.prefixes or not form.method.exclusive:
        return f'<ds:{name} Algorithm="{form.method.uri}"/>'
    return (
        f'<ds:{name} Algorithm="{form.method.uri}"><ec:InclusiveNamespaces '
        f'xmlns:ec="{EXCLUSIVE_C14N}" PrefixList="{" ".join(form.prefixes)}"/></ds:{name}>'
    )


def unsigned_signature(
    *,
    id: str,
    form: CanonicalForm,
    method: SignatureMethod,
    references: Sequence[str],
    key_info: str,
    objects: str = "",
) -> etree._Element:
    """Give a ``ds:Signature`` whose value is still empty; sign it in its place with ``fill_in``.

    Args:
        id: Its Id.
        form: Of SignedInfo; only an exclusive one takes a PrefixList.
        method: How it will be signed.
        references: Each a ``ds:Reference``.
        key_info: A ``ds:KeyInfo``.
        objects: ``ds:Object`` elements.
    """
    # Past libxml2's bound on one text the parser has to be told; what is parsed is ours.
    parser = etree.XMLParser(huge_tree=True) if len(objects) > _LIBXML2_TEXT else None
    return etree.fromstring(
        f'<ds:Signature xmlns:ds="{DS}" Id="{id}"><ds:SignedInfo>'
        f"{method_xml('CanonicalizationMethod', form)}"
        f'<ds:SignatureMethod Algorithm="{method.uri}"/>{"".join(references)}</ds:SignedInfo>'
        f"<ds:SignatureValue></ds:SignatureValue>{key_info}{objects}</ds:Signature>",
        parser,
    )


def fill_in(
    signature: etree._Element,
    method: SignatureMethod,
    signer: Signer,
    *,
    form: CanonicalForm,
    key_bits: int = 0,
) -> str:
    """Sign the SignedInfo of ``signature`` where it stands, and give the value in base64.

    Args:
        signature: In its place in the message: namespaces around it take part in its canonical form.
        method: Must be the one that SignedInfo names.
        signer: The private key, or an ``HmacSigner``.
        form: Canonical form of SignedInfo, as it says itself.
        key_bits: Size of the key; ECDSA values are padded to it, other methods do not need it.

    Raises:
        KeyUsageError: The key cannot sign so: a symmetric key signs with HMAC, and no other key does.
    """
    if isinstance(signer, HmacSigner) is not (method.scheme == "hmac"):
        what = "a symmetric key" if method.scheme == "hmac" else "a private key"
        raise KeyUsageError(f"{method.name} needs {what}.", reason="wrong_usage")
    signed_info, value = signature[0], signature[1]
    octets = signer.sign(
        canonicalize(signed_info, form), scheme=method.scheme, digest=method.digest
    )
    octets = xml_value(octets, method, key_bits=key_bits)
    value.text = base64.b64encode(octets).decode()
    return value.text


class ReferenceReader(Protocol):
    """Finds in a message what references name."""

    def node(self, uri: str | None) -> etree._Element:
        """Give the one node that a URI names, or raise.

        An empty URI comes from an enveloped signature only: it names the root of the document.
        """

    def as_written(self, node: etree._Element) -> etree._Element:
        """Give the node whose canonical form is that of ``node``."""

    def token(self, reference: etree._Element, form: CanonicalForm) -> tuple[etree._Element, bytes]:
        """Give the token that a SecurityTokenReference leads to, and its octets as they are signed.

        A token that is not in the message is covered by its reference: then that is the node.
        """


def _no_filters(node: etree._Element, reference: ReferenceModel) -> bytes:
    raise MalformedSecurityError(f"The Reference {reference.uri!r} to {node.tag!r} has filters.")


def check_references(
    model: SignatureModel,
    reader: ReferenceReader,
    *,
    filtered: Callable[[etree._Element, ReferenceModel], bytes] = _no_filters,
) -> tuple[etree._Element, ...]:
    """Compare the digest of every reference; give the nodes that are covered, in reference order.

    Args:
        model: The signature.
        reader: Finds what references name.
        filtered: Gives the octets of a node behind the filters of its reference, where a shape allows them.

    Raises:
        SignatureInvalidError: A digest does not match, or two references name one element.
    """
    covered: list[etree._Element] = []
    for reference in model.references:
        node = reader.node(reference.uri)
        if reference.dereferences:
            node, octets = reader.token(node, reference.form)
        elif reference.filters:
            octets = filtered(node, reference)
        elif reference.enveloped:
            root, signature = reader.as_written(node), reader.as_written(model.element)
            if reference.uri:
                octets = canonicalize_element_without(root, signature, reference.form)
            else:
                octets = canonicalize_without(root, signature, reference.form)
        else:
            form = reference.form
            if form.method.comments:
                form = form.without_comments()
            octets = canonicalize(reader.as_written(node), form)
        if node in covered:
            raise SignatureInvalidError(f"Two References of one Signature name {reference.uri!r}.")
        if not hmac.compare_digest(reference.digest.of(octets), reference.value):
            local = str(node.tag).rsplit("}", 1)[-1]
            place = repr(reference.uri) if reference.uri else "the whole document"
            raise SignatureInvalidError(
                f"The {reference.digest.name} digest of {local} ({place}) does not match: the "
                "element was changed after it was signed.",
                hint="Look for a proxy or logger that re-formats XML between the peer and you.",
                reference=reference.uri,
            )
        covered.append(node)
    return tuple(covered)


def check_value(
    model: SignatureModel,
    key: object,
    *,
    as_written: Callable[[etree._Element], etree._Element],
) -> None:
    """Verify SignatureValue over SignedInfo with the signer's key.

    Args:
        model: The signature.
        key: The signer's public key, or the ``HmacKey`` that is shared with the signer.
        as_written: Gives the node whose canonical form is that of the given one.

    Raises:
        UnsupportedAlgorithmError: The method does not fit the kind of key; nothing was computed with it.
        SignatureInvalidError: The value does not match.
    """
    if not fits(key, model.method):
        raise UnsupportedAlgorithmError(
            f"The signer's key does not fit {model.method.name}.", algorithm=model.method.uri
        )
    octets = canonicalize(as_written(model.signed_info), model.form)
    try:
        verify_value(key, model.value, octets, model.method)
    except InvalidSignature:
        hint = "Compare the certificate in the message with the one that the peer gave you."
        if model.method.key_kind == "hmac":
            hint = "Compare the secret, or what the key is derived from, with the peer's."
        raise SignatureInvalidError(
            "The signature value does not match: SignedInfo was changed, or another key signed.",
            hint=hint,
        ) from None
