"""A ``ds:Signature`` read into frozen data by an allow-list, before any key is touched.

What does not fit is refused: no Object, no Manifest, no transform but a canonicalization, the
STR-Transform or, for the whole document, the enveloped-signature transform; no reference out of the
document, no truncated value. What is left can be verified without surprises.
"""

from __future__ import annotations

from dataclasses import dataclass

from lxml import etree

from zeep_wssec.errors import MalformedSecurityError, UnsupportedAlgorithmError
from zeep_wssec.xmlcrypto.algorithms import (
    CANONICALIZATIONS_BY_URI,
    DIGESTS_BY_URI,
    ENVELOPED,
    EXCLUSIVE_C14N,
    SIGNATURE_METHODS_BY_URI,
    STR_TRANSFORM,
    Digest,
    SignatureMethod,
)
from zeep_wssec.xmlcrypto.c14n import CanonicalForm, is_listable_prefix
from zeep_wssec.xmlcrypto.values import children_of, decode_base64

DS = "http://www.w3.org/2000/09/xmldsig#"
SIGNATURE = f"{{{DS}}}Signature"
SIGNED_INFO = f"{{{DS}}}SignedInfo"
SIGNATURE_VALUE = f"{{{DS}}}SignatureValue"
KEY_INFO = f"{{{DS}}}KeyInfo"
_C14N_METHOD = f"{{{DS}}}CanonicalizationMethod"
_SIGNATURE_METHOD = f"{{{DS}}}SignatureMethod"
_REFERENCE = f"{{{DS}}}Reference"
_TRANSFORMS = f"{{{DS}}}Transforms"
_TRANSFORM = f"{{{DS}}}Transform"
_DIGEST_METHOD = f"{{{DS}}}DigestMethod"
_DIGEST_VALUE = f"{{{DS}}}DigestValue"
_INCLUSIVE_NAMESPACES = f"{{{EXCLUSIVE_C14N}}}InclusiveNamespaces"
WSSE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
_TRANSFORMATION_PARAMETERS = f"{{{WSSE}}}TransformationParameters"
_WSU_ID = "{http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd}Id"
_ALGORITHM = frozenset({"Algorithm"})
_MAX_PREFIXES = 64


@dataclass(frozen=True, kw_only=True)
class ReferenceModel:
    """One ``ds:Reference``: what it names, how that is canonicalized, and the digest it must have."""

    uri: str | None
    """As written; the caller resolves it in its own Id index."""
    form: CanonicalForm
    dereferences: bool
    """Whether the STR-Transform stands in front: what is signed is the token, not the reference to it."""
    digest: Digest
    value: bytes
    enveloped: bool = False
    """Whether it covers the whole document but for the Signature; exactly then ``uri`` is empty."""


@dataclass(frozen=True, eq=False, kw_only=True)
class SignatureModel:
    """One ``ds:Signature``."""

    element: etree._Element
    signed_info: etree._Element
    form: CanonicalForm
    """Canonical form of SignedInfo."""
    method: SignatureMethod
    references: tuple[ReferenceModel, ...]
    value: bytes
    key_info: etree._Element


def read_signature(element: etree._Element, *, max_references: int) -> SignatureModel:
    """Read a ``ds:Signature``.

    Args:
        element: The Signature; left unchanged.
        max_references: References that are allowed; no reference at all signs nothing and is refused.

    Raises:
        MalformedSecurityError: A structure outside the allow-list.
        UnsupportedAlgorithmError: A URI that is in no table of ours.

    Spec: XML Signature 1.1, section 4; BSP 1.1 R3102, R3103, R5401, R5403, R5404, R5412, R5416.
    """
    # Some writers give it both; the Id index knows either.
    children = children_of(element, attributes={"Id", _WSU_ID})
    if [child.tag for child in children] != [SIGNED_INFO, SIGNATURE_VALUE, KEY_INFO]:
        raise MalformedSecurityError(
            "A Signature must hold SignedInfo, SignatureValue and KeyInfo, and nothing else."
        )
    signed_info, value, key_info = children
    parts = children_of(signed_info, attributes={"Id"})
    if [part.tag for part in parts[:2]] != [_C14N_METHOD, _SIGNATURE_METHOD] or any(
        part.tag != _REFERENCE for part in parts[2:]
    ):
        raise MalformedSecurityError("SignedInfo must hold two methods, then References.")
    if not 1 <= len(parts) - 2 <= max_references:
        raise MalformedSecurityError(
            f"A Signature has {len(parts) - 2} References; 1 to {max_references} are allowed."
        )
    if set(value.attrib) - {"Id"}:
        raise MalformedSecurityError("SignatureValue has an attribute that is not allowed.")
    return SignatureModel(
        element=element,
        signed_info=signed_info,
        form=_read_canonicalization(parts[0]),
        method=_read_method(parts[1]),
        references=tuple(_read_reference(part) for part in parts[2:]),
        value=decode_base64(value),
        key_info=key_info,
    )


def _read_canonicalization(element: etree._Element) -> CanonicalForm:
    """Read a canonicalization, with its PrefixList if it is an exclusive one."""
    children = children_of(element, attributes=_ALGORITHM)
    uri = element.get("Algorithm")
    method = CANONICALIZATIONS_BY_URI.get(uri or "")
    if method is None:
        raise _unsupported(uri, "it is no canonicalization that is supported")
    if not children:
        return CanonicalForm(method)
    if (
        not method.exclusive
        or [child.tag for child in children] != [_INCLUSIVE_NAMESPACES]
        or children_of(children[0], attributes={"PrefixList"})
    ):
        raise MalformedSecurityError("Canonicalization takes one InclusiveNamespaces at most.")
    prefixes = tuple((children[0].get("PrefixList") or "").split())
    if len(prefixes) > _MAX_PREFIXES or any(not is_listable_prefix(prefix) for prefix in prefixes):
        raise MalformedSecurityError(f"A PrefixList must hold {_MAX_PREFIXES} prefixes at most.")
    return CanonicalForm(method, prefixes)


def _read_transform(element: etree._Element) -> tuple[CanonicalForm, bool]:
    """Read the one transform of a reference; tell whether it is the STR-Transform.

    Spec: WSS SOAP Message Security 1.1.1, section 8.3, Signing Tokens; BSP 1.1 R3065.
    """
    if element.get("Algorithm") != STR_TRANSFORM:
        return _read_canonicalization(element), False
    parameters = children_of(element, attributes=_ALGORITHM)
    inner = children_of(parameters[0]) if len(parameters) == 1 else []
    tags = [child.tag for child in (*parameters, *inner)]
    if tags != [_TRANSFORMATION_PARAMETERS, _C14N_METHOD]:
        raise MalformedSecurityError("An STR-Transform must say how the token is canonicalized.")
    return _read_canonicalization(inner[0]), True


def _read_method(element: etree._Element) -> SignatureMethod:
    if children_of(element, attributes=_ALGORITHM):
        raise MalformedSecurityError(
            "SignatureMethod must be empty: no parameter is allowed in it."
        )
    uri = element.get("Algorithm")
    method = SIGNATURE_METHODS_BY_URI.get(uri or "")
    if method is None:
        raise _unsupported(uri, "no such signature algorithm is supported")
    return method


def _read_reference(element: etree._Element) -> ReferenceModel:
    children = children_of(element, attributes={"URI", "Id"})
    if [child.tag for child in children] != [_TRANSFORMS, _DIGEST_METHOD, _DIGEST_VALUE]:
        raise MalformedSecurityError(
            "A Reference must hold Transforms, DigestMethod and DigestValue."
        )
    uri = element.get("URI")
    enveloped = uri == ""
    transforms = children_of(children[0])
    if enveloped:
        transforms = _without_enveloped(transforms)
    if [transform.tag for transform in transforms] != [_TRANSFORM]:
        raise MalformedSecurityError("A Reference must have exactly one Transform.")
    form, dereferences = _read_transform(transforms[0])
    if enveloped and dereferences:
        raise MalformedSecurityError("An STR-Transform must start at a SecurityTokenReference.")
    if children_of(children[1], attributes=_ALGORITHM) or children[2].attrib:
        raise MalformedSecurityError("DigestMethod and DigestValue hold nothing but their value.")
    algorithm = children[1].get("Algorithm")
    digest = DIGESTS_BY_URI.get(algorithm or "")
    if digest is None:
        raise _unsupported(algorithm, "no such digest is supported")
    value = decode_base64(children[2])
    if len(value) != digest.size:
        raise MalformedSecurityError(
            f"A {digest.name} DigestValue has {digest.size} octets, not {len(value)}."
        )
    return ReferenceModel(
        uri=uri,
        form=form,
        dereferences=dereferences,
        digest=digest,
        value=value,
        enveloped=enveloped,
    )


def _without_enveloped(transforms: list[etree._Element]) -> list[etree._Element]:
    """Give what follows the enveloped-signature transform, which a whole document must start with.

    Spec: XML Signature 1.1, section 6.6.4; BSP 1.1 R5416, R5423: a canonicalization must come last.
    """
    first = transforms[0] if transforms else None
    if (
        first is None
        or first.tag != _TRANSFORM
        or first.get("Algorithm") != ENVELOPED
        or children_of(first, attributes=_ALGORITHM)
    ):
        raise MalformedSecurityError(
            "A Reference to the whole document must leave its Signature out, by the enveloped-signature "
            "transform and a canonicalization after it."
        )
    return transforms[1:]


def _unsupported(uri: str | None, sentence: str) -> UnsupportedAlgorithmError:
    shown = (uri or "none")[:120]
    return UnsupportedAlgorithmError(
        f"The algorithm {shown!r} is refused: {sentence}.", algorithm=shown
    )
