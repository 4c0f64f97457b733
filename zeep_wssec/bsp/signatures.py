"""Rules on ``ds:Signature`` and ``wsse11:SignatureConfirmation``."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import partial

from lxml import etree

from zeep_wssec.bsp.names import (
    ALL_TRANSFORMS,
    CANONICALIZATION_METHOD,
    CONFIRMATION,
    DIGEST_METHOD,
    ENCRYPTED_DATA,
    ENVELOPED,
    FILTER2,
    HMAC_OUTPUT_LENGTH,
    INCLUSIVE_NAMESPACES,
    KEY_INFO,
    LAST_TRANSFORMS,
    MANIFEST,
    OBJECT,
    SIGNATURE_METHOD,
    SIGNED_INFO,
    STR_TRANSFORM,
    TOKEN_REFERENCE,
    TRANSFORMATION_PARAMETERS,
    TRANSFORMS,
    WSU_ID,
)
from zeep_wssec.bsp.rule import Check, Rule
from zeep_wssec.bsp.view import Signed, View
from zeep_wssec.soap.namespaces import DS, EXC_C14N, XENC

_rule = partial(Rule, family="signatures")
_SHA1 = DS + "sha1"
_SHA1_METHODS = frozenset({DS + "hmac-sha1", DS + "rsa-sha1"})
_POINTER = re.compile(r"#[^\W\d][\w.\-·:]*")


def _each(wrong: Callable[[Signed], bool]) -> Check:
    def check(view: View) -> Iterator[etree._Element]:
        return (item.element for item in view.signed if wrong(item))

    return check


def _each_transform(wrong: Callable[[etree._Element], bool]) -> Check:
    def check(view: View) -> Iterator[etree._Element]:
        return (step for item in view.signed for step in item.transforms if wrong(step))

    return check


def _each_signature(wrong: Callable[[etree._Element], bool]) -> Check:
    def check(view: View) -> Iterator[etree._Element]:
        return (item for item in view.signatures if wrong(item))

    return check


def _each_method(name: str, wrong: Callable[[etree._Element], bool]) -> Check:
    def check(view: View) -> Iterator[etree._Element]:
        for signature in view.signatures:
            method = signature.find(f"{SIGNED_INFO}/{name}")
            if method is not None and wrong(method):
                yield method

    return check


def _each_key_info(wrong: Callable[[etree._Element], bool]) -> Check:
    def check(view: View) -> Iterator[etree._Element]:
        infos = (signature.find(KEY_INFO) for signature in view.signatures)
        return (info for info in infos if info is not None and wrong(info))

    return check


def _algorithm(element: etree._Element | None) -> str:
    return "" if element is None else element.get("Algorithm") or ""


def _is_pointer(item: Signed) -> bool:
    return item.uri is not None and _POINTER.fullmatch(item.uri) is not None


def _enveloped(view: View) -> Iterator[etree._Element]:
    for item in view.signed:
        around = item.uri == "" or any(
            item.target is node for node in item.signature.iterancestors()
        )
        if around or any(_algorithm(step) == ENVELOPED for step in item.transforms):
            yield item.signature


def _not_detached(view: View) -> Iterator[etree._Element]:
    yield from _enveloped(view)
    yield from (item for item in view.signatures if item.find(OBJECT) is not None)


def _has_other_id(item: Signed, wanted: str, kind: str) -> bool:
    """Whether a target of this kind is named by another attribute than ``wanted``."""
    return (
        item.target is not None
        and item.uri is not None
        and _kind(item.target) == kind
        and item.target.get(wanted) != item.uri[1:]
    )


def _kind(target: etree._Element) -> str:
    # A SecurityTokenReference in a Signature has no other Id than wsu:Id.
    if str(target.tag).startswith(f"{{{DS}}}"):
        return "signature"
    return "encryption" if str(target.tag).startswith(f"{{{XENC}}}") else "other"


def _without_id(item: Signed) -> bool:
    """Whether what is signed has no Id to be named by, and no filter says which part it is."""
    filtered = any(_algorithm(step) == FILTER2 for step in item.transforms)
    return not _is_pointer(item) and not filtered


def _last_transform(item: Signed) -> bool:
    return bool(item.transforms) and _algorithm(item.transforms[-1]) not in LAST_TRANSFORMS


def _empty_prefixes(element: etree._Element) -> bool:
    """Whether InclusiveNamespaces is there without anything in its PrefixList."""
    return any(
        not (item.get("PrefixList") or "").strip() for item in element.iter(INCLUSIVE_NAMESPACES)
    )


def _without_parameters(step: etree._Element) -> bool:
    inner = step.find(f"{TRANSFORMATION_PARAMETERS}/{CANONICALIZATION_METHOD}")
    return _algorithm(step) == STR_TRANSFORM and inner is None


def _old_digest(view: View) -> Iterator[etree._Element]:
    methods = (item.element.find(DIGEST_METHOD) for item in view.signed)
    return (item for item in methods if item is not None and _algorithm(item) != _SHA1)


def _unnamed_confirmation(view: View) -> Iterator[etree._Element]:
    return (item for item in view.find(CONFIRMATION) if item.get(WSU_ID) is None)


SIGNATURE_RULES = (
    _rule(
        "R3102",
        "A Signature does not envelop what it signs.",
        _each_signature(lambda item: item.find(OBJECT) is not None),
        always=True,
    ),
    _rule(
        "R3104",
        "A Signature does not stand inside what it signs.",
        _enveloped,
        level="warn",
    ),
    _rule(
        "R3103",
        "A Signature stands beside what it signs.",
        _not_detached,
        level="warn",
    ),
    _rule(
        "R3001",
        "The URI of a signed Reference is # and an Id.",
        _each(lambda item: not _is_pointer(item)),
        level="warn",
    ),
    _rule(
        "R3003",
        "An element of XML Signature is signed under its Id of XML Signature.",
        _each(lambda item: _has_other_id(item, "Id", "signature")),
    ),
    _rule(
        "R3004",
        "An element of XML Encryption is signed under its Id of XML Encryption.",
        _each(lambda item: _has_other_id(item, "Id", "encryption")),
    ),
    _rule(
        "R3005",
        "Any other element is signed under its wsu:Id.",
        _each(lambda item: _has_other_id(item, WSU_ID, "other")),
        level="warn",
    ),
    _rule(
        "R3002",
        "What is signed without an Id is chosen by the transform xmldsig-filter2.",
        _each(_without_id),
    ),
    _rule(
        "R5416",
        "A signed Reference has Transforms.",
        _each(lambda item: item.element.find(TRANSFORMS) is None),
        always=True,
    ),
    _rule(
        "R5411",
        "Transforms hold at least one Transform.",
        _each(lambda item: item.element.find(TRANSFORMS) is not None and not item.transforms),
        always=True,
    ),
    _rule(
        "R5423",
        "A Transform is exclusive canonicalization, the STR-Transform, enveloped-signature, "
        "xmldsig-filter2 or one for attachments.",
        _each_transform(lambda step: _algorithm(step) not in ALL_TRANSFORMS),
    ),
    _rule(
        "R5412",
        "The last Transform is exclusive canonicalization, the STR-Transform or one for attachments.",
        _each(_last_transform),
    ),
    _rule(
        "R5407",
        "An exclusive canonicalization as a Transform lists prefixes, or has no list.",
        _each_transform(lambda step: _algorithm(step) == EXC_C14N and _empty_prefixes(step)),
    ),
    _rule(
        "R5413",
        "An STR-Transform lists prefixes, or has no list.",
        _each_transform(lambda step: _algorithm(step) == STR_TRANSFORM and _empty_prefixes(step)),
    ),
    _rule(
        "R3065",
        "An STR-Transform says in its TransformationParameters how the token is canonicalized.",
        _each_transform(_without_parameters),
        always=True,
    ),
    _rule(
        "R5404",
        "SignedInfo is canonicalized exclusively, without comments.",
        _each_method(CANONICALIZATION_METHOD, lambda method: _algorithm(method) != EXC_C14N),
    ),
    _rule(
        "R5406",
        "The canonicalization of SignedInfo lists prefixes, or has no list.",
        _each_method(CANONICALIZATION_METHOD, _empty_prefixes),
    ),
    _rule(
        "R5420",
        "Digests are SHA-1.",
        _old_digest,
        level="ignore",
        reason="SHA-1 is broken; every current suite digests with SHA-2.",
    ),
    _rule(
        "R5421",
        "Signatures are RSA or HMAC with SHA-1.",
        _each_method(SIGNATURE_METHOD, lambda method: _algorithm(method) not in _SHA1_METHODS),
        level="ignore",
        reason="SHA-1 is broken, and the rule knows neither ECDSA nor EdDSA.",
    ),
    _rule(
        "R5401",
        "No HMAC is cut off.",
        _each_method(SIGNATURE_METHOD, lambda method: method.find(HMAC_OUTPUT_LENGTH) is not None),
        always=True,
    ),
    _rule(
        "R5402",
        "The KeyInfo of a Signature holds one element.",
        _each_key_info(lambda info: len(info) != 1),
        always=True,
    ),
    _rule(
        "R5417",
        "The KeyInfo of a Signature holds a SecurityTokenReference.",
        _each_key_info(lambda info: info.find(TOKEN_REFERENCE) is None),
    ),
    _rule(
        "R5403",
        "A Signature holds no Manifest.",
        _each_signature(lambda item: next(item.iter(MANIFEST), None) is not None),
        always=True,
    ),
    _rule(
        "R5440",
        "A Signature holds no EncryptedData.",
        _each_signature(lambda item: next(item.iter(ENCRYPTED_DATA), None) is not None),
    ),
    _rule(
        "R5441",
        "A SignatureConfirmation has a wsu:Id.",
        _unnamed_confirmation,
    ),
)
