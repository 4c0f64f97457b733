"""Making and verifying ``ds:Signature`` values: canonical form, digest, primitive, in that order."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)
from lxml import etree

from zeep_wssec.errors import SignatureInvalidError, UnsupportedAlgorithmError
from zeep_wssec.keys.hashes import HASHES
from zeep_wssec.keys.protocols import Signer
from zeep_wssec.xmlcrypto.algorithms import (
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
    canonicalize_with_type_prefixes,
)
from zeep_wssec.xmlcrypto.signature_model import DS, WSSE, SignatureModel


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
        prefixes: PrefixList; ``None`` protects the prefixes inside ``xsi:type`` values by itself. Only
            an exclusive form takes one.

    Spec: XML Signature 1.1, The Reference Element; BSP 1.1 R5407.
    """
    if prefixes is None and method == EXCLUSIVE:
        octets, used = canonicalize_with_type_prefixes(part.element)
        form = CanonicalForm(method, used)
    else:
        form = CanonicalForm(method, (prefixes or ()) if method.exclusive else ())
        octets = canonicalize(part.element, form)
    return digested_reference_xml(part.id, digest, octets, _method_xml("Transform", form))


def token_reference_xml(id: str, digest: Digest, octets: bytes) -> str:
    """Give the ``ds:Reference`` to a SecurityTokenReference whose token has the canonical ``octets``.

    Spec: WSS SOAP Message Security 1.1.1, section 8.3, Signing Tokens.
    """
    return digested_reference_xml(
        id,
        digest,
        octets,
        f'<ds:Transform Algorithm="{STR_TRANSFORM}"><wsse:TransformationParameters xmlns:wsse="{WSSE}">'
        f"{_method_xml('CanonicalizationMethod', CanonicalForm())}"
        "</wsse:TransformationParameters></ds:Transform>",
    )


def digested_reference_xml(id: str, digest: Digest, octets: bytes, transform: str) -> str:
    """Give the ``ds:Reference`` to ``id`` with one transform and the digest of its ``octets``."""
    value = base64.b64encode(digest.of(octets)).decode()
    return (
        f'<ds:Reference URI="#{id}"><ds:Transforms>{transform}</ds:Transforms>'
        f'<ds:DigestMethod Algorithm="{digest.uri}"/><ds:DigestValue>{value}</ds:DigestValue>'
        "</ds:Reference>"
    )


def _method_xml(name: str, form: CanonicalForm) -> str:
    if not form.prefixes:
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
) -> etree._Element:
    """Give a ``ds:Signature`` whose value is still empty; sign it in its place with ``fill_in``."""
    return etree.fromstring(
        f'<ds:Signature xmlns:ds="{DS}" Id="{id}"><ds:SignedInfo>'
        f"{_method_xml('CanonicalizationMethod', form)}"
        f'<ds:SignatureMethod Algorithm="{method.uri}"/>{"".join(references)}</ds:SignedInfo>'
        f"<ds:SignatureValue></ds:SignatureValue>{key_info}</ds:Signature>"
    )


def fill_in(
    signature: etree._Element,
    method: SignatureMethod,
    signer: Signer,
    *,
    form: CanonicalForm,
    key_bits: int,
) -> str:
    """Sign the SignedInfo of ``signature`` where it stands, and give the value in base64.

    Args:
        signature: In its place in the message: namespaces around it take part in its canonical form.
        method: Must be the one that SignedInfo names.
        signer: The private key.
        form: Canonical form of SignedInfo, as it says itself.
        key_bits: Size of the key; ECDSA values are padded to it.
    """
    signed_info, value = signature[0], signature[1]
    octets = signer.sign(
        canonicalize(signed_info, form), scheme=method.scheme, digest=method.digest
    )
    if method.scheme == "ecdsa":
        octets = _raw_ecdsa(octets, (key_bits + 7) // 8)
    value.text = base64.b64encode(octets).decode()
    return value.text


def _raw_ecdsa(der: bytes, size: int) -> bytes:
    """Turn the DER form into r and s of equal length.

    Spec: XML Signature 1.1, ECDSA: r and s as octet strings of the length of the curve's order.
    """
    r, s = decode_dss_signature(der)
    return r.to_bytes(size, "big") + s.to_bytes(size, "big")


class ReferenceReader(Protocol):
    """Finds in a message what references name."""

    def node(self, uri: str | None) -> etree._Element:
        """Give the one node that a URI names, or raise."""

    def as_written(self, node: etree._Element) -> etree._Element:
        """Give the node whose canonical form is that of ``node``."""

    def token(self, reference: etree._Element, form: CanonicalForm) -> tuple[etree._Element, bytes]:
        """Give the token that a SecurityTokenReference leads to, and its octets as they are signed.

        A token that is not in the message is covered by its reference: then that is the node.
        """


def check_references(model: SignatureModel, reader: ReferenceReader) -> tuple[etree._Element, ...]:
    """Compare the digest of every reference; give the nodes that are covered, in reference order.

    Raises:
        SignatureInvalidError: A digest does not match, or two references name one element.
    """
    covered: list[etree._Element] = []
    for reference in model.references:
        node = reader.node(reference.uri)
        if reference.dereferences:
            node, octets = reader.token(node, reference.form)
        else:
            octets = canonicalize(reader.as_written(node), reference.form)
        if any(node is item for item in covered):
            raise SignatureInvalidError(f"Two References of one Signature name {reference.uri!r}.")
        if not hmac.compare_digest(reference.digest.of(octets), reference.value):
            local = str(node.tag).rsplit("}", 1)[-1]
            raise SignatureInvalidError(
                f"The {reference.digest.name} digest of {local} ({reference.uri!r}) does not match: the "
                "element was changed after it was signed.",
                hint="Look for a proxy or logger that re-formats XML between the peer and you.",
                reference=reference.uri,
            )
        covered.append(node)
    return tuple(covered)


def check_value(
    model: SignatureModel,
    public_key: object,
    *,
    as_written: Callable[[etree._Element], etree._Element],
) -> None:
    """Verify SignatureValue over SignedInfo with the signer's public key.

    Args:
        model: The signature.
        public_key: An RSA or elliptic curve public key.
        as_written: Gives the node whose canonical form is that of the given one.

    Raises:
        UnsupportedAlgorithmError: The method does not fit the kind of key.
        SignatureInvalidError: The value does not match.
    """
    octets = canonicalize(as_written(model.signed_info), model.form)
    try:
        fits = _verify(public_key, model.value, octets, model.method)
    except InvalidSignature:
        raise SignatureInvalidError(
            "The signature value does not match: SignedInfo was changed, or another key signed.",
            hint="Compare the certificate in the message with the one that the peer gave you.",
        ) from None
    if not fits:
        raise UnsupportedAlgorithmError(
            f"The signer's key does not fit {model.method.name}.", algorithm=model.method.uri
        )


def _verify(key: object, value: bytes, octets: bytes, method: SignatureMethod) -> bool:
    """Verify with the primitive of ``method``; ``False`` if the key is of another kind."""
    if isinstance(key, rsa.RSAPublicKey) and method.key_kind == "rsa":
        digest = HASHES[method.digest]
        filling: padding.AsymmetricPadding = padding.PKCS1v15()
        if method.scheme == "rsa-pss":
            # The specification fixes mask and salt; a signature cannot choose weaker ones.
            filling = padding.PSS(padding.MGF1(digest), padding.PSS.DIGEST_LENGTH)
        key.verify(value, octets, filling, digest)
    elif isinstance(key, ec.EllipticCurvePublicKey) and method.key_kind == "ec":
        key.verify(_der_ecdsa(value, key), octets, ec.ECDSA(HASHES[method.digest]))
    elif (isinstance(key, ed25519.Ed25519PublicKey) and method.key_kind == "ed25519") or (
        isinstance(key, ed448.Ed448PublicKey) and method.key_kind == "ed448"
    ):
        key.verify(value, octets)
    else:
        return False
    return True


def _der_ecdsa(value: bytes, key: ec.EllipticCurvePublicKey) -> bytes:
    size = (key.curve.key_size + 7) // 8
    if len(value) != 2 * size:
        raise InvalidSignature
    return encode_dss_signature(
        int.from_bytes(value[:size], "big"), int.from_bytes(value[size:], "big")
    )
