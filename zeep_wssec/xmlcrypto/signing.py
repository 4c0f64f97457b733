"""Making and verifying ``ds:Signature`` values: canonical form, digest, primitive, in that order."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass

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
from zeep_wssec.xmlcrypto.algorithms import EXCLUSIVE_C14N, Digest, SignatureMethod
from zeep_wssec.xmlcrypto.c14n import canonicalize, canonicalize_with_type_prefixes
from zeep_wssec.xmlcrypto.signature_model import (
    DS,
    SignatureModel,
)

_EXC = f'Algorithm="{EXCLUSIVE_C14N}"'


@dataclass(frozen=True, eq=False, kw_only=True)
class SignedPart:
    """One element that is to be signed."""

    element: etree._Element
    id: str


def reference_xml(part: SignedPart, digest: Digest, prefixes: tuple[str, ...] | None) -> str:
    """Digest one part and give its ``ds:Reference``.

    Args:
        part: The element in its final place and form.
        digest: For the canonical octets.
        prefixes: PrefixList; ``None`` protects the prefixes inside ``xsi:type`` values by itself.

    Spec: XML Signature 1.1, The Reference Element; BSP 1.1 R5407.
    """
    if prefixes is None:
        octets, used = canonicalize_with_type_prefixes(part.element)
    else:
        octets, used = canonicalize(part.element, prefixes), prefixes
    value = base64.b64encode(digest.of(octets)).decode()
    transform = f"<ds:Transform {_EXC}/>"
    if used:
        transform = (
            f'<ds:Transform {_EXC}><ec:InclusiveNamespaces xmlns:ec="{EXCLUSIVE_C14N}"'
            f' PrefixList="{" ".join(used)}"/></ds:Transform>'
        )
    return (
        f'<ds:Reference URI="#{part.id}"><ds:Transforms>{transform}</ds:Transforms>'
        f'<ds:DigestMethod Algorithm="{digest.uri}"/><ds:DigestValue>{value}</ds:DigestValue>'
        "</ds:Reference>"
    )


def unsigned_signature(
    *, id: str, method: SignatureMethod, references: Sequence[str], key_info: str
) -> etree._Element:
    """Give a ``ds:Signature`` whose value is still empty; sign it in its place with ``fill_in``."""
    return etree.fromstring(
        f'<ds:Signature xmlns:ds="{DS}" Id="{id}"><ds:SignedInfo>'
        f"<ds:CanonicalizationMethod {_EXC}/>"
        f'<ds:SignatureMethod Algorithm="{method.uri}"/>{"".join(references)}</ds:SignedInfo>'
        f"<ds:SignatureValue></ds:SignatureValue>{key_info}</ds:Signature>"
    )


def fill_in(
    signature: etree._Element, method: SignatureMethod, signer: Signer, *, key_bits: int
) -> str:
    """Sign the SignedInfo of ``signature`` where it stands, and give the value in base64.

    Args:
        signature: In its place in the message: namespaces around it take part in its canonical form.
        method: Must be the one that SignedInfo names.
        signer: The private key.
        key_bits: Size of the key; ECDSA values are padded to it.
    """
    signed_info, value = signature[0], signature[1]
    octets = signer.sign(canonicalize(signed_info), scheme=method.scheme, digest=method.digest)
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


def check_references(
    model: SignatureModel,
    *,
    resolve: Callable[[str | None], etree._Element],
    as_written: Callable[[etree._Element], etree._Element],
) -> tuple[etree._Element, ...]:
    """Compare the digest of every reference; give the nodes that are covered, in reference order.

    Args:
        model: The signature.
        resolve: Gives the one node that a URI names, or raises.
        as_written: Gives the node whose canonical form is that of the given one.

    Raises:
        SignatureInvalidError: A digest does not match, or two references name one element.
    """
    covered: list[etree._Element] = []
    for reference in model.references:
        node = resolve(reference.uri)
        if any(node is item for item in covered):
            raise SignatureInvalidError(f"Two References of one Signature name {reference.uri!r}.")
        octets = canonicalize(as_written(node), reference.prefixes)
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
    octets = canonicalize(as_written(model.signed_info), model.prefixes)
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
