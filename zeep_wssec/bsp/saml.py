"""Rules on references to SAML assertions."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from lxml import etree

from zeep_wssec.bsp.names import (
    ASSERTIONS,
    AUTHORITY_BINDING,
    EMBEDDED,
    SAML1_ID,
    SAML1_TYPE,
    SAML2_ID,
    SAML2_TYPE,
    STR_TRANSFORM,
    SUBJECT_CONFIRMATIONS,
    TOKEN_REFERENCE,
)
from zeep_wssec.bsp.references import each, each_direct, each_identifier, has_inner
from zeep_wssec.bsp.rule import Rule
from zeep_wssec.bsp.view import TokenReference, View

_rule = partial(Rule, family="SAML tokens")
_KINDS = ("saml1", "saml2")
_NAMED = f"{EMBEDDED}/{ASSERTIONS[1]}"


def _about(item: TokenReference, kind: str) -> bool:
    """Whether it leads to an assertion of this version, in the message or outside of it."""
    identifier = SAML1_ID if kind == "saml1" else SAML2_ID
    return item.kind == kind or (item.external and item.value_type == identifier)


def _any(item: TokenReference) -> bool:
    return _about(item, "saml1") or _about(item, "saml2")


def _binding(item: TokenReference) -> etree._Element | None:
    return item.element.find(AUTHORITY_BINDING)


def _confirmed_by_assertion(view: View) -> Iterator[etree._Element]:
    for item in view.references:
        above = {ancestor.tag for ancestor in item.element.iterancestors()}
        if item.kind in _KINDS and above.intersection(SUBJECT_CONFIRMATIONS):
            yield item.element


def _transformed(view: View) -> Iterator[etree._Element]:
    for signed in view.signed:
        target = signed.target
        if target is not None and target.tag == TOKEN_REFERENCE:
            steps = [step.get("Algorithm") for step in signed.transforms]
            if STR_TRANSFORM in steps and target.find(_NAMED) is not None:
                yield signed.element


def _kinds_of_authority(item: TokenReference) -> bool:
    binding = _binding(item)
    kind = "" if binding is None else binding.get("AuthorityKind") or ""
    return binding is not None and kind.rpartition(":")[2] != "AssertionIDReference"


SAML_RULES = (
    _rule(
        "R6601",
        "The key of a subject is not named by an assertion.",
        _confirmed_by_assertion,
    ),
    _rule(
        "R6611",
        "A SecurityTokenReference to a SAML 1.1 assertion says so in its TokenType.",
        each(lambda item: _about(item, "saml1") and item.token_type != SAML1_TYPE),
    ),
    _rule(
        "R6617",
        "A SecurityTokenReference to a SAML 2.0 assertion says so in its TokenType.",
        each(lambda item: _about(item, "saml2") and item.token_type != SAML2_TYPE),
    ),
    _rule(
        "R6614",
        "A Reference to a SAML 2.0 assertion has no ValueType.",
        each_direct(lambda item: item.kind == "saml2" and has_inner(item, "ValueType")),
    ),
    _rule(
        "R6602",
        "A KeyIdentifier of an assertion in the message has a ValueType.",
        each_identifier(lambda item: item.kind in _KINDS and not has_inner(item, "ValueType")),
    ),
    _rule(
        "R6609",
        "A KeyIdentifier of an assertion outside of the message has a ValueType.",
        each_identifier(
            lambda item: (
                item.external
                and item.token_type in (SAML1_TYPE, SAML2_TYPE)
                and not has_inner(item, "ValueType")
            )
        ),
    ),
    _rule(
        "R6603",
        "The KeyIdentifier of a SAML 1.1 assertion is of type SAMLAssertionID.",
        each_identifier(lambda item: item.kind == "saml1" and item.value_type != SAML1_ID),
    ),
    _rule(
        "R6616",
        "The KeyIdentifier of a SAML 2.0 assertion is of type SAMLID.",
        each_identifier(lambda item: item.kind == "saml2" and item.value_type != SAML2_ID),
    ),
    _rule(
        "R6604",
        "The KeyIdentifier of an assertion has no EncodingType.",
        each_identifier(lambda item: _any(item) and has_inner(item, "EncodingType")),
    ),
    _rule(
        "R6612",
        "A reference with a SAML 2.0 assertion inside is not signed through the STR-Transform.",
        _transformed,
    ),
    _rule(
        "R6606",
        "A reference to a SAML 1.1 assertion outside of the message says in an AuthorityBinding "
        "where it is.",
        each(lambda item: item.external and item.value_type == SAML1_ID and _binding(item) is None),
    ),
    _rule(
        "R6607",
        "The AuthorityKind of an AuthorityBinding is AssertionIDReference.",
        each(_kinds_of_authority),
    ),
    _rule(
        "R6608",
        "A reference to an assertion of the message has no AuthorityBinding.",
        each(lambda item: item.kind in _KINDS and _binding(item) is not None),
    ),
    _rule(
        "R6613",
        "A SAML 2.0 assertion outside of the message is named by a Reference.",
        each(lambda item: item.external and item.value_type == SAML2_ID),
    ),
)
