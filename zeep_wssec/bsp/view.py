"""One message as the rules see it: everything that they are about, found once."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from lxml import etree

from zeep_wssec.bsp.names import (
    ASSERTIONS,
    BINARY_TOKEN,
    DATA_REFERENCE,
    EMBEDDED,
    ENCRYPTED_DATA,
    ENCRYPTED_HEADER,
    ENCRYPTED_KEY,
    KEY_IDENTIFIER,
    KEY_INFO,
    KEY_REFERENCE,
    KINDS_BY_TAG,
    KINDS_BY_VALUE_TYPE,
    PKCS7,
    PKI_PATH,
    REFERENCE,
    REFERENCE_LIST,
    SECURITY,
    SIG_REFERENCE,
    SIGNATURE,
    SIGNED_INFO,
    TIMESTAMP,
    TOKEN_REFERENCE,
    TOKEN_TYPE,
    TRANSFORM,
    TRANSFORMS,
    USERNAME_TOKEN,
    WSU_ID,
    X509_DATA,
    X509_V3,
)
from zeep_wssec.errors import WSSecError
from zeep_wssec.forks import cached_property
from zeep_wssec.keys.certificate import Certificate
from zeep_wssec.keys.certificate_paths import read_pkcs7, read_pki_path
from zeep_wssec.soap.envelope import Envelope
from zeep_wssec.soap.expressions import Expression
from zeep_wssec.soap.namespaces import WSU

# One expression for each name: many times faster than one for all, and business data may be large.
_IDS: Final = tuple(
    Expression(f"/descendant::*/@{name}", namespaces={"wsu": WSU})
    for name in ("wsu:Id", "Id", "ID", "AssertionID")
)
_MAX_TOKEN: Final = 100_000
"""Characters of a token that is looked into; a certificate has some two thousand."""


@dataclass(frozen=True, eq=False, kw_only=True)
class TokenReference:
    """One ``wsse:SecurityTokenReference``."""

    element: etree._Element
    inner: etree._Element | None
    """The first form of reference in it."""
    target: etree._Element | None
    """The token that it leads to, if this message has it."""
    external: bool
    """Whether it leads out of the message, or nowhere."""

    @property
    def direct(self) -> etree._Element | None:
        """The ``wsse:Reference``, or ``None``."""
        return self._inner(REFERENCE)

    @property
    def identifier(self) -> etree._Element | None:
        """The ``wsse:KeyIdentifier``, or ``None``."""
        return self._inner(KEY_IDENTIFIER)

    @property
    def embedded(self) -> etree._Element | None:
        """The ``wsse:Embedded``, or ``None``."""
        return self._inner(EMBEDDED)

    def _inner(self, tag: str) -> etree._Element | None:
        return self.inner if self.inner is not None and self.inner.tag == tag else None

    @property
    def token_type(self) -> str:
        """Its ``wsse11:TokenType``, or empty."""
        return self.element.get(TOKEN_TYPE) or ""

    @property
    def value_type(self) -> str:
        """The ValueType of the reference in it, or empty."""
        return (self.inner.get("ValueType") or "") if self.inner is not None else ""

    @property
    def kind(self) -> str:
        """What kind of token it leads to, or empty."""
        return "" if self.target is None else token_kind(self.target)


@dataclass(frozen=True, eq=False, kw_only=True)
class Signed:
    """One ``ds:Reference`` of a signature."""

    signature: etree._Element
    element: etree._Element
    uri: str | None
    target: etree._Element | None

    @property
    def transforms(self) -> list[etree._Element]:
        """Its transforms, in order."""
        return list(self.element.iterfind(f"{TRANSFORMS}/{TRANSFORM}"))


@dataclass(frozen=True, eq=False, kw_only=True)
class Listed:
    """One reference in an ``xenc:ReferenceList``."""

    reference: etree._Element
    list: etree._Element
    by_key: bool
    """Whether the list stands in an EncryptedKey, not in the header by itself."""
    target: etree._Element | None
    """What has the Id: an EncryptedData, an EncryptedHeader, or something else."""
    data: etree._Element | None
    """The EncryptedData that is meant."""


class View:
    """Everything in one message that a rule may be about.

    What stands in the Body by itself is the application's own: of that only the EncryptedData count that
    the security header lists, or that are the whole content of the Body.
    """

    def __init__(self, envelope: Envelope, security: etree._Element) -> None:
        """Look at ``envelope``; ``security`` is our header."""
        self.envelope = envelope
        self.security = security
        self._places: dict[etree._Element, int] = {}
        self._found: dict[str, list[etree._Element]] = {}
        for place, node in enumerate(security.iter("{*}*")):
            self._places[node] = place
            self._found.setdefault(str(node.tag), []).append(node)

    def find(self, tag: str) -> Sequence[etree._Element]:
        """Give every element of that name in the security header, in document order."""
        return self._found.get(tag, ())

    def children(self, tag: str) -> list[etree._Element]:
        """Give every child of the security header of that name."""
        return list(self.security.iterchildren(tag))

    def precedes(self, first: etree._Element, second: etree._Element) -> bool:
        """Whether ``first`` comes before ``second``; what is not in the security header comes after it."""
        last = len(self._places)
        return self._places.get(first, last) <= self._places.get(second, last)

    def has(self, node: etree._Element) -> bool:
        """Whether ``node`` stands in the security header."""
        return node in self._places

    @cached_property
    def _ids(self) -> dict[str, etree._Element]:
        found: dict[str, etree._Element] = {}
        for expression in _IDS:
            values: Any = expression(self.envelope.root)
            for value in values:
                found.setdefault(str(value), value.getparent())
        return found

    def by_id(self, value: str) -> etree._Element | None:
        """Give the first element with an Id, whatever the attribute is called."""
        return self._ids.get(value)

    def named(self, uri: str | None) -> etree._Element | None:
        """Give the element that ``#Id`` means, or ``None``."""
        return self.by_id(uri[1:]) if uri and uri.startswith("#") else None

    @cached_property
    def timestamps(self) -> list[etree._Element]:
        """Every Timestamp of the header."""
        return self.children(TIMESTAMP)

    @cached_property
    def username_tokens(self) -> Sequence[etree._Element]:
        """Every UsernameToken."""
        return self.find(USERNAME_TOKEN)

    @cached_property
    def encrypted_headers(self) -> list[etree._Element]:
        """Every EncryptedHeader among the header blocks."""
        header = self.envelope.header
        return [] if header is None else list(header.iterchildren(ENCRYPTED_HEADER))

    @cached_property
    def signatures(self) -> list[etree._Element]:
        """Every Signature of the header; one inside a token is the token's own."""
        return self.children(SIGNATURE)

    @cached_property
    def signed(self) -> list[Signed]:
        """Every Reference of every Signature."""
        return [
            Signed(
                signature=signature,
                element=reference,
                uri=reference.get("URI"),
                target=self.named(reference.get("URI")),
            )
            for signature in self.signatures
            for reference in signature.iterfind(f"{SIGNED_INFO}/{SIG_REFERENCE}")
        ]

    @cached_property
    def listed(self) -> list[Listed]:
        """Every reference in a ReferenceList."""
        found = []
        for item in self.find(REFERENCE_LIST):
            parent = item.getparent()
            by_key = parent is not None and parent.tag == ENCRYPTED_KEY
            for reference in item:
                if reference.tag in (DATA_REFERENCE, KEY_REFERENCE):
                    target = self.named(reference.get("URI"))
                    found.append(
                        Listed(
                            reference=reference,
                            list=item,
                            by_key=by_key,
                            target=target,
                            data=_data_in(target),
                        )
                    )
        return found

    @cached_property
    def data(self) -> list[etree._Element]:
        """Every EncryptedData that is ours: in the header, listed there, or where SOAP has its own children."""
        found = [*self.find(ENCRYPTED_DATA)]
        found += [item.data for item in self.listed if item.data is not None]
        for parent in (self.envelope.header, self.envelope.body, *self.encrypted_headers):
            if parent is not None:
                found += parent.iterchildren(ENCRYPTED_DATA)
        return list(dict.fromkeys(found))

    @cached_property
    def _outside(self) -> list[etree._Element]:
        """The KeyInfo of every EncryptedData outside of the security header."""
        infos = (item.find(KEY_INFO) for item in self.data if not self.has(item))
        return [info for info in infos if info is not None]

    def everywhere(self, tag: str) -> list[etree._Element]:
        """Give every element of that name in the security header or in the KeyInfo of an EncryptedData."""
        return [*self.find(tag), *(node for info in self._outside for node in info.iter(tag))]

    @cached_property
    def keys(self) -> list[etree._Element]:
        """Every EncryptedKey."""
        return self.everywhere(ENCRYPTED_KEY)

    @cached_property
    def encryption_key_infos(self) -> list[etree._Element]:
        """The KeyInfo of every EncryptedKey and EncryptedData."""
        infos = (item.find(KEY_INFO) for item in (*self.keys, *self.data))
        return [info for info in infos if info is not None]

    @cached_property
    def binary_tokens(self) -> list[etree._Element]:
        """Every BinarySecurityToken, those in references included."""
        return self.everywhere(BINARY_TOKEN)

    @cached_property
    def references(self) -> list[TokenReference]:
        """Every SecurityTokenReference."""
        return [self._reference(item) for item in self.everywhere(TOKEN_REFERENCE)]

    def _reference(self, element: etree._Element) -> TokenReference:
        forms = (REFERENCE, KEY_IDENTIFIER, EMBEDDED, X509_DATA)
        inner = next((child for child in element if child.tag in forms), None)
        target = None
        if inner is not None and inner.tag == REFERENCE:
            target = self.named(inner.get("URI"))
        elif inner is not None and inner.tag == EMBEDDED:
            target = inner[0] if len(inner) else None
        elif inner is not None and inner.tag == KEY_IDENTIFIER:
            named = self.by_id((inner.text or "").strip())
            target = named if named is not None and named.tag in ASSERTIONS else None
        return TokenReference(element=element, inner=inner, target=target, external=target is None)

    @cached_property
    def other_headers(self) -> list[etree._Element]:
        """Security headers for others."""
        header = self.envelope.header
        blocks = [] if header is None else header.iterchildren(SECURITY)
        return [block for block in blocks if block is not self.security]

    @cached_property
    def certificates(self) -> dict[etree._Element, Certificate]:
        """The certificate of each X.509 token of the header that has an Id; broken ones are left out."""
        found = {}
        for token in self.children(BINARY_TOKEN):
            if token.get(WSU_ID) is not None and token.get("ValueType") == X509_V3:
                try:
                    found[token] = Certificate.from_der(octets_of(token))
                    _ = found[token].subject_key_identifier
                except WSSecError:
                    found.pop(token, None)
        return found


def token_kind(element: etree._Element) -> str:
    """Give what kind of token an element is, or an empty text for none."""
    if element.tag == BINARY_TOKEN:
        value_type = element.get("ValueType") or ""
        if "kerberos" in value_type.lower():
            return "kerberos"
        return KINDS_BY_VALUE_TYPE.get(value_type, "binary")
    return KINDS_BY_TAG.get(str(element.tag), "")


def octets_of(element: etree._Element) -> bytes:
    """Decode the base64 text of a token; empty where it is none, or too long to be looked into."""
    text = element.text or ""
    try:
        return base64.b64decode(text) if len(text) <= _MAX_TOKEN else b""
    except (binascii.Error, ValueError):
        return b""


def content_type(token: etree._Element) -> str:
    """Give the ValueType that fits what a BinarySecurityToken really holds, or an empty text."""
    octets = octets_of(token)
    if not octets.startswith(b"\x30"):
        return ""
    for value_type, reader in _READERS:
        try:
            reader(octets)
        except WSSecError:
            continue
        return value_type
    return ""


_READERS: Final = (
    (X509_V3, Certificate.from_der),
    (PKI_PATH, read_pki_path),
    (PKCS7, read_pkcs7),
)


def _data_in(target: etree._Element | None) -> etree._Element | None:
    if target is not None and target.tag == ENCRYPTED_HEADER:
        return target.find(ENCRYPTED_DATA)
    return target if target is not None and target.tag == ENCRYPTED_DATA else None
