"""A ``ds:Signature`` read into frozen data by an allow-list, before any key is touched.

What does not fit is refused: no Manifest, no transform but a canonicalization, the STR-Transform or, for
the whole document, the enveloped-signature transform; no reference out of the document, no truncated
value. What is left can be verified without surprises. Signatures of documents outside of WS-Security may
have a little more, which a ``SignatureShape`` names.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from lxml import etree

from zeep_wssec.errors import MalformedSecurityError, UnsupportedAlgorithmError
from zeep_wssec.xmlcrypto.algorithms import (
    CANONICALIZATIONS_BY_NAME,
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
from zeep_wssec.xmlcrypto.values import children_of, decode_base64, lone_attribute, text_of

DS = "http://www.w3.org/2000/09/xmldsig#"
SIGNATURE = f"{{{DS}}}Signature"
SIGNED_INFO = f"{{{DS}}}SignedInfo"
SIGNATURE_VALUE = f"{{{DS}}}SignatureValue"
KEY_INFO = f"{{{DS}}}KeyInfo"
OBJECT = f"{{{DS}}}Object"
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
# Some writers give a Signature both; the Id index knows either.
_SIGNATURE_IDS = frozenset({"Id", _WSU_ID})
_ID = frozenset({"Id"})
_REFERENCE_ATTRIBUTES = frozenset({"URI", "Id"})
_REFERENCE_WITH_TYPE = frozenset({"URI", "Id", "Type"})
_SHAPE = [SIGNED_INFO, SIGNATURE_VALUE, KEY_INFO]
_METHODS = [_C14N_METHOD, _SIGNATURE_METHOD]
_REFERENCE_SHAPE = [_TRANSFORMS, _DIGEST_METHOD, _DIGEST_VALUE]
XPATH_FILTER = "http://www.w3.org/2002/06/xmldsig-filter2"
_XPATH = f"{{{XPATH_FILTER}}}XPath"
MAX_FILTERS = 4
_MAX_PREFIXES = 64
_IMPLICIT = CANONICALIZATIONS_BY_NAME["c14n"]
_PLAIN_FORMS: dict[str | None, CanonicalForm] = {
    uri: CanonicalForm(method) for uri, method in CANONICALIZATIONS_BY_URI.items()
}
"""The canonical forms without a PrefixList."""


@dataclass(frozen=True, kw_only=True)
class SignatureShape:
    """What a Signature may hold beyond what WS-Security allows; what is not named here is refused."""

    max_objects: int = 0
    """``ds:Object`` elements behind KeyInfo."""
    needs_key_info: bool = True
    reference_types: frozenset[str] = frozenset()
    """Values of ``Type`` that a Reference may have."""
    implicit_transform: bool = False
    """Whether a Reference may have no canonicalization: it is then Canonical XML 1.0 (section 4.4.3.2)."""
    enveloped_ids: bool = False
    """Whether the enveloped-signature transform may stand at a reference to an Id."""
    filters: bool = False
    """Whether XPath Filter 2.0 may stand in front of the canonicalization; whoever allows it holds each
    expression against those that it knows."""


WS_SECURITY = SignatureShape()


@dataclass(frozen=True)
class XPathFilter:
    """One filter of XPath Filter 2.0; nothing of it has been evaluated."""

    operation: str
    """``"intersect"`` or ``"subtract"``."""
    expression: str
    namespaces: tuple[tuple[str, str], ...]
    """Prefixes in scope of it, with their URIs."""


class ReferenceModel(NamedTuple):
    """One ``ds:Reference``: what it names, how that is canonicalized, and the digest it must have."""

    uri: str | None
    """As written; the caller resolves it in its own Id index."""
    form: CanonicalForm
    dereferences: bool
    """Whether the STR-Transform stands in front: what is signed is the token, not the reference to it."""
    digest: Digest
    value: bytes
    enveloped: bool = False
    """Whether it covers what it names but for the Signature; always so where ``uri`` is empty."""
    type: str = ""
    """Its ``Type``, or empty."""
    filters: tuple[XPathFilter, ...] = ()
    """Filters in front of the canonicalization."""


class SignatureModel(NamedTuple):
    """One ``ds:Signature``."""

    element: etree._Element
    signed_info: etree._Element
    form: CanonicalForm
    """Canonical form of SignedInfo."""
    method: SignatureMethod
    references: tuple[ReferenceModel, ...]
    value: bytes
    key_info: etree._Element
    """Where a shape allows that there is none, an empty one that stands nowhere."""
    objects: tuple[etree._Element, ...] = ()


def read_signature(
    element: etree._Element, *, max_references: int, shape: SignatureShape = WS_SECURITY
) -> SignatureModel:
    """Read a ``ds:Signature``.

    Args:
        element: The Signature; left unchanged.
        max_references: References that are allowed; no reference at all signs nothing and is refused.
        shape: What is allowed beyond the shape of WS-Security.

    Raises:
        MalformedSecurityError: A structure outside the allow-list.
        UnsupportedAlgorithmError: A URI that is in no table of ours.

    Spec: XML Signature 1.1, section 4; BSP 1.1 R3102, R3103, R5401, R5403, R5404, R5412, R5416.
    """
    children = children_of(element, attributes=_SIGNATURE_IDS)
    signed_info, value, key_info, objects = _split(children, shape)
    parts = children_of(signed_info, attributes=_ID)
    tags = [part.tag for part in parts]
    if tags[:2] != _METHODS or tags.count(_REFERENCE) != len(tags) - 2:
        raise MalformedSecurityError("SignedInfo must hold two methods, then References.")
    if not 1 <= len(parts) - 2 <= max_references:
        raise MalformedSecurityError(
            f"A Signature has {len(parts) - 2} References; 1 to {max_references} are allowed."
        )
    if not _ID.issuperset(value.keys()):
        raise MalformedSecurityError("SignatureValue has an attribute that is not allowed.")
    return SignatureModel(
        element=element,
        signed_info=signed_info,
        form=_read_canonicalization(parts[0]),
        method=_read_method(parts[1]),
        references=tuple([_read_reference(part, shape) for part in parts[2:]]),
        value=decode_base64(value),
        key_info=key_info,
        objects=objects,
    )


def _split(
    children: list[etree._Element], shape: SignatureShape
) -> tuple[etree._Element, etree._Element, etree._Element, tuple[etree._Element, ...]]:
    """Give SignedInfo, SignatureValue, KeyInfo and the Objects behind it."""
    if not shape.needs_key_info and [child.tag for child in children[2:3]] != [KEY_INFO]:
        children = [*children[:2], etree.Element(KEY_INFO), *children[2:]]
    objects = children[3:]
    if (
        [child.tag for child in children[:3]] != _SHAPE
        or len(objects) > shape.max_objects
        or any(child.tag != OBJECT for child in objects)
    ):
        raise MalformedSecurityError(
            "A Signature must hold SignedInfo, SignatureValue and KeyInfo, and nothing else."
            if not shape.max_objects
            else "A Signature must hold SignedInfo, SignatureValue, KeyInfo and Objects, in this order."
        )
    return children[0], children[1], children[2], tuple(objects)


def _read_canonicalization(element: etree._Element) -> CanonicalForm:
    """Read a canonicalization, with its PrefixList if it is an exclusive one."""
    plain = _PLAIN_FORMS.get(lone_attribute(element, "Algorithm"))
    if plain is not None:
        return plain
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
    prefixes = tuple((children[0].get("PrefixList") or "").split(maxsplit=_MAX_PREFIXES))
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
    tags = [[child.tag for child in row] for row in (parameters, inner)]
    if tags != [[_TRANSFORMATION_PARAMETERS], [_C14N_METHOD]]:
        raise MalformedSecurityError("An STR-Transform must say how the token is canonicalized.")
    return _read_canonicalization(inner[0]), True


def _read_method(element: etree._Element) -> SignatureMethod:
    uri = _sole_algorithm(element, "SignatureMethod must be empty: no parameter is allowed in it.")
    method = SIGNATURE_METHODS_BY_URI.get(uri)
    if method is None:
        raise _unsupported(uri, "no such signature algorithm is supported")
    return method


def _sole_algorithm(element: etree._Element, otherwise: str) -> str:
    """Give the Algorithm of an element that must hold nothing else."""
    uri = lone_attribute(element, "Algorithm")
    if uri is None and children_of(element, attributes=_ALGORITHM):
        raise MalformedSecurityError(otherwise)
    return uri if uri is not None else element.get("Algorithm") or ""


def _read_reference(element: etree._Element, shape: SignatureShape) -> ReferenceModel:
    known = _REFERENCE_WITH_TYPE if shape.reference_types else _REFERENCE_ATTRIBUTES
    children = children_of(element, attributes=known)
    type_ = element.get("Type") or ""
    if type_ and type_ not in shape.reference_types:
        raise MalformedSecurityError(f"A Reference of the type {type_[:120]!r} is not understood.")
    if shape.implicit_transform and [child.tag for child in children[:1]] != [_TRANSFORMS]:
        children = [etree.Element(_TRANSFORMS), *children]
    if [child.tag for child in children] != _REFERENCE_SHAPE:
        raise MalformedSecurityError(
            "A Reference must hold Transforms, DigestMethod and DigestValue."
        )
    uri = element.get("URI")
    transforms = children_of(children[0])
    enveloped = uri == "" or (shape.enveloped_ids and _starts_enveloped(transforms))
    if enveloped:
        transforms = _without_enveloped(transforms)
    filters: tuple[XPathFilter, ...] = ()
    if shape.filters and transforms and transforms[0].get("Algorithm") == XPATH_FILTER:
        filters, transforms = _read_filters(transforms[0]), transforms[1:]
    form, dereferences = _read_transforms(transforms, shape)
    if enveloped and dereferences:
        raise MalformedSecurityError("An STR-Transform must start at a SecurityTokenReference.")
    digest, value = _read_digest(children[1], children[2])
    return ReferenceModel(
        uri=uri,
        form=form,
        dereferences=dereferences,
        digest=digest,
        value=value,
        enveloped=enveloped,
        type=type_,
        filters=filters,
    )


def _read_digest(method: etree._Element, held: etree._Element) -> tuple[Digest, bytes]:
    sentence = "DigestMethod and DigestValue hold nothing but their value."
    algorithm = _sole_algorithm(method, sentence)
    if held.keys():
        raise MalformedSecurityError(sentence)
    digest = DIGESTS_BY_URI.get(algorithm)
    if digest is None:
        raise _unsupported(algorithm, "no such digest is supported")
    value = decode_base64(held)
    if len(value) != digest.size:
        raise MalformedSecurityError(
            f"A {digest.name} DigestValue has {digest.size} octets, not {len(value)}."
        )
    return digest, value


def _read_filters(transform: etree._Element) -> tuple[XPathFilter, ...]:
    """Read the filters of one transform.

    Spec: XML-Signature XPath Filter 2.0, section 4.
    """
    children = children_of(transform, attributes=_ALGORITHM)
    if not 1 <= len(children) <= MAX_FILTERS:
        raise MalformedSecurityError(f"A filter must hold 1 to {MAX_FILTERS} expressions.")
    found = []
    for child in children:
        operation = child.get("Filter") or ""
        if (
            child.tag != _XPATH
            or operation not in ("intersect", "subtract")
            or len(child.attrib) > 1
        ):
            raise MalformedSecurityError("A filter must intersect or subtract.")
        namespaces = tuple(
            sorted((prefix, uri) for prefix, uri in child.nsmap.items() if prefix is not None)
        )
        found.append(XPathFilter(operation, text_of(child).strip(), namespaces))
    return tuple(found)


def _read_transforms(
    transforms: list[etree._Element], shape: SignatureShape
) -> tuple[CanonicalForm, bool]:
    if not transforms and shape.implicit_transform:
        return CanonicalForm(_IMPLICIT), False
    if len(transforms) != 1 or transforms[0].tag != _TRANSFORM:
        raise MalformedSecurityError("A Reference must have exactly one Transform.")
    plain = _PLAIN_FORMS.get(lone_attribute(transforms[0], "Algorithm"))
    return (plain, False) if plain is not None else _read_transform(transforms[0])


def _starts_enveloped(transforms: list[etree._Element]) -> bool:
    return bool(transforms) and transforms[0].get("Algorithm") == ENVELOPED


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
