"""Rules on ``wsse:SecurityTokenReference``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from lxml import etree

from zeep_wssec.bsp.names import (
    AUTHORITY_BINDING,
    EMBEDDED,
    ENCRYPTED_KEY_SHA1,
    ENCRYPTED_KEY_TYPE,
    IDENTIFIER_TYPES,
    KERBEROS_TYPE,
    KEY_INFO,
    KEY_NAME,
    SAML1_ID,
    SAML2_ID,
    SAML2_TYPE,
    SKI,
    THUMBPRINT,
    TOKEN_REFERENCE,
    TOKEN_TYPES,
    TYPES_BY_KIND,
    X509_DATA,
    X509_ISSUER_NAME,
    X509_ISSUER_SERIAL,
    X509_SERIAL_NUMBER,
)
from zeep_wssec.bsp.rule import Check, Rule
from zeep_wssec.bsp.view import TokenReference, View, octets_of, token_kind
from zeep_wssec.keys.certificate import Certificate
from zeep_wssec.soap.namespaces import BASE64_BINARY

_rule = partial(Rule, family="token references")
_WITHOUT_VALUE_TYPE = frozenset({"saml2", "kerberos", "encrypted_key"})
_SAML_IDS = frozenset({SAML1_ID, SAML2_ID})


def each(wrong: Callable[[TokenReference], bool]) -> Check:
    """Give the check that every SecurityTokenReference for which ``wrong`` holds breaks the rule."""

    def check(view: View) -> Iterator[etree._Element]:
        return (item.element for item in view.references if wrong(item))

    return check


def each_direct(wrong: Callable[[TokenReference], bool]) -> Check:
    """The same for those with a ``wsse:Reference`` in them."""
    return each(lambda item: item.direct is not None and wrong(item))


def each_identifier(wrong: Callable[[TokenReference], bool]) -> Check:
    """The same for those with a ``wsse:KeyIdentifier`` in them."""
    return each(lambda item: item.identifier is not None and wrong(item))


def leads_to(item: TokenReference, *tags: str) -> bool:
    """Whether the reference leads to an element of one of these names."""
    return item.target is not None and item.target.tag in tags


def has_inner(item: TokenReference, name: str) -> bool:
    """Whether the form of reference in it has an attribute."""
    return item.inner is not None and item.inner.get(name) is not None


def _forms(item: TokenReference) -> int:
    return sum(1 for child in item.element if child.tag != AUTHORITY_BINDING)


def _wrong_token_type(item: TokenReference) -> bool:
    types = TYPES_BY_KIND.get(item.kind, TOKEN_TYPES)
    return bool(item.token_type) and item.token_type not in types


def _wrong_value_type(item: TokenReference) -> bool:
    types = TYPES_BY_KIND.get(item.kind)
    return has_inner(item, "ValueType") and types is not None and item.value_type not in types


def _other_encoding(item: TokenReference) -> bool:
    return has_inner(item, "EncodingType") and _encoding(item) != BASE64_BINARY


def _encoding(item: TokenReference) -> str:
    return (item.inner.get("EncodingType") or "") if item.inner is not None else ""


def _embeds_no_token(item: TokenReference) -> bool:
    embedded = item.embedded
    return embedded is not None and [bool(token_kind(child)) for child in embedded] != [True]


def _embeds_reference(item: TokenReference) -> bool:
    return item.embedded is not None and item.embedded.find(TOKEN_REFERENCE) is not None


def _identified_inside(view: View) -> Iterator[etree._Element]:
    """Find references by a property of a certificate whose token stands in the header under an Id."""
    by_property = [
        item
        for item in view.references
        if item.identifier is not None or (item.inner is not None and item.inner.tag == X509_DATA)
    ]
    if by_property and view.certificates:
        held = _Held.of(view.certificates.values())
        yield from (item.element for item in by_property if held.names(item))


@dataclass(frozen=True, eq=False)
class _Held:
    """What the certificates in the header can be named by: one look-up for each reference."""

    thumbprints: frozenset[bytes]
    key_identifiers: frozenset[bytes]
    by_serial: Mapping[str, list[Certificate]]

    @classmethod
    def of(cls, certificates: Iterable[Certificate]) -> _Held:
        by_serial: dict[str, list[Certificate]] = {}
        for item in certificates:
            by_serial.setdefault(str(item.serial_number), []).append(item)
        every = [item for items in by_serial.values() for item in items]
        return cls(
            frozenset(item.thumbprint for item in every),
            frozenset(item.subject_key_identifier for item in every),
            by_serial,
        )

    def names(self, item: TokenReference) -> bool:
        """Whether a reference means one of them."""
        inner = item.inner
        if inner is None:
            return False
        if item.value_type in (THUMBPRINT, SKI):
            held = self.thumbprints if item.value_type == THUMBPRINT else self.key_identifiers
            return octets_of(inner) in held
        found = inner.find(X509_ISSUER_SERIAL)
        if found is None:
            return False
        serial = (found.findtext(X509_SERIAL_NUMBER) or "").strip()
        issuer = found.findtext(X509_ISSUER_NAME) or ""
        return any(
            held.matches_issuer_serial(issuer, held.serial_number)
            for held in self.by_serial.get(serial, ())
        )


def _embedded_twice(view: View) -> Iterator[etree._Element]:
    held = Counter((item.text or "").strip() for item in view.binary_tokens)
    for item in view.references:
        if item.embedded is not None and item.target is not None:
            text = (item.target.text or "").strip()
            if text and held[text] > 1:
                yield item.element


def _without_pointer(view: View) -> Iterator[etree._Element]:
    for item in view.references:
        uri = item.direct.get("URI") if item.direct is not None else None
        if uri and not uri.startswith("#"):
            token = view.by_id(uri)
            if token is not None and token_kind(token):
                yield item.element


def _before_token(view: View) -> Iterator[etree._Element]:
    for item in view.references:
        token = item.target
        if item.direct is None or token is None or not token_kind(token):
            continue
        if view.has(token) and view.precedes(item.element, token):
            yield item.element


def _in_other_header(inside: bool) -> Check:
    """Check that no reference leads into the security header of somebody else."""

    def check(view: View) -> Iterator[etree._Element]:
        others = set(view.other_headers)
        for item in view.references:
            if item.direct is None or item.target is None or view.has(item.element) != inside:
                continue
            if others.intersection(item.target.iterancestors()):
                yield item.element

    return check


def _is_encrypted_key(item: TokenReference) -> bool:
    return item.kind == "encrypted_key" or item.value_type == ENCRYPTED_KEY_SHA1


REFERENCE_RULES = (
    _rule(
        "R3061",
        "A SecurityTokenReference holds one reference.",
        each(lambda item: _forms(item) != 1),
        always=True,
    ),
    _rule(
        "R3074",
        "The TokenType of a SecurityTokenReference is one that a token profile defines for its token.",
        each(_wrong_token_type),
    ),
    _rule(
        "R3057",
        "A Reference does not lead to another SecurityTokenReference.",
        each_direct(lambda item: leads_to(item, TOKEN_REFERENCE)),
        always=True,
    ),
    _rule(
        "R3064",
        "A Reference does not lead to an Embedded.",
        each_direct(lambda item: leads_to(item, EMBEDDED)),
        always=True,
    ),
    _rule(
        "R3059",
        "A Reference has a ValueType, unless it leads to an EncryptedKey, a SAML 2.0 or a Kerberos token.",
        each_direct(
            lambda item: (
                not has_inner(item, "ValueType")
                and item.kind not in _WITHOUT_VALUE_TYPE
                and item.token_type not in (ENCRYPTED_KEY_TYPE, SAML2_TYPE, KERBEROS_TYPE)
            )
        ),
    ),
    _rule(
        "R3058",
        "The ValueType of a Reference is the one that the profile of its token defines.",
        each_direct(_wrong_value_type),
    ),
    _rule(
        "R3062",
        "A Reference has a URI.",
        each_direct(lambda item: not has_inner(item, "URI")),
        always=True,
    ),
    _rule(
        "R3027",
        "A SecurityTokenReference holds no KeyName.",
        each(lambda item: item.element.find(KEY_NAME) is not None),
        always=True,
    ),
    _rule(
        "R3054",
        "A KeyIdentifier has a ValueType.",
        each_identifier(lambda item: not has_inner(item, "ValueType")),
        always=True,
    ),
    _rule(
        "R3063",
        "The ValueType of a KeyIdentifier is one that a token profile defines.",
        each_identifier(
            lambda item: has_inner(item, "ValueType") and item.value_type not in IDENTIFIER_TYPES
        ),
    ),
    _rule(
        "R3070",
        "A KeyIdentifier has an EncodingType, unless it names a SAML token.",
        each_identifier(
            lambda item: not has_inner(item, "EncodingType") and item.value_type not in _SAML_IDS
        ),
    ),
    _rule(
        "R3071",
        "The EncodingType of a KeyIdentifier is Base64Binary.",
        each_identifier(_other_encoding),
        always=True,
    ),
    _rule(
        "R3060",
        "An Embedded holds one element, and that is a token.",
        each(_embeds_no_token),
        always=True,
    ),
    _rule(
        "R3056",
        "An Embedded holds no SecurityTokenReference.",
        each(_embeds_reference),
        always=True,
    ),
    _rule(
        "R3022",
        "A token of the message that has an Id is named by a Reference or an Embedded, not by a property.",
        _identified_inside,
    ),
    _rule(
        "R3023",
        "A token that is needed more than once stands in the header and is named by Reference.",
        _embedded_twice,
        level="warn",
    ),
    _rule(
        "R5204",
        "The URI of a Reference to a token of the message is # and its Id.",
        _without_pointer,
        always=True,
    ),
    _rule(
        "R5205",
        "A token of the header stands in front of every reference that leads to it.",
        _before_token,
    ),
    _rule(
        "R3066",
        "A Reference of the header does not lead into the security header of somebody else.",
        _in_other_header(inside=True),
        always=True,
    ),
    _rule(
        "R3067",
        "A Reference in an EncryptedData leads only into the security header that lists it.",
        _in_other_header(inside=False),
        always=True,
    ),
    _rule(
        "R3211",
        "A SecurityTokenReference does not lead to a KeyInfo.",
        each_direct(lambda item: leads_to(item, KEY_INFO)),
        always=True,
    ),
    _rule(
        "R3069",
        "A SecurityTokenReference to an EncryptedKey says so in its TokenType.",
        each(lambda item: _is_encrypted_key(item) and item.token_type != ENCRYPTED_KEY_TYPE),
    ),
    _rule(
        "R3072",
        "A KeyIdentifier of an EncryptedKey is of type EncryptedKeySHA1.",
        each_identifier(
            lambda item: (
                item.token_type == ENCRYPTED_KEY_TYPE and item.value_type != ENCRYPTED_KEY_SHA1
            )
        ),
        always=True,
    ),
)
