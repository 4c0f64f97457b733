"""Settings of XML Signatures: the keys of a ``[payload.NAME]`` table with ``format = "xmldsig"``."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Literal

from lxml import etree

from zeep_wssec.demands import AnyoneUnder, Pin, Subject
from zeep_wssec.errors import ProfileError
from zeep_wssec.payload.trust import Demand, frozen_demands
from zeep_wssec.settings.checks import (
    allowed,
    check_choice,
    check_number,
    frozen_legacy,
    frozen_table,
    frozen_texts,
    named,
)
from zeep_wssec.soap.ids import ID_ATTRIBUTES, is_id
from zeep_wssec.xmlcrypto.algorithms import (
    CANONICALIZATIONS_BY_NAME,
    DIGESTS_BY_NAME,
    LEGACY,
    SIGNATURE_METHODS_BY_NAME,
    Digest,
    SignatureMethod,
    default_signature_method,
)
from zeep_wssec.xmlcrypto.c14n import CanonicalForm
from zeep_wssec.xmlcrypto.signature_model import MAX_FILTERS

Kind = Literal["enveloped", "enveloping", "detached"]
KeyInfoForm = Literal["certificate", "chain", "issuer-serial", "subject", "ski", "key-value"]
XadesForm = Literal["none", "bes", "epes"]
Content = Literal["xml", "octets"]

MAX_REFERENCES = 16
"""References of a signature that are read: those to elements, one to KeyInfo, one to signed properties."""
MAX_ELEMENTS = MAX_REFERENCES - 2
_PREFIX = re.compile(r"[^\W\d][\w.\-]*")
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:[!-~]+")


@dataclass(frozen=True, kw_only=True)
class SignaturePolicy:
    """The rules that a signature was made under: where they are, and their digest."""

    id: str
    digest: Digest
    value: bytes


@dataclass(frozen=True, kw_only=True)
class XmlDsigSettings:
    """How documents are signed, and what a signature must be and prove.

    Spec: XML Signature Syntax and Processing 1.1; XAdES (ETSI TS 101 903 1.4.2), sections 4.4.1, BES, and
    4.4.2, EPES.
    """

    opt_ins: ClassVar[Mapping[str, str]] = {name: LEGACY[name] for name in ("sha1", "dsa")}
    """What ``legacy`` may have."""
    offered: ClassVar[Mapping[str, Sequence[str]]] = {
        "algorithm": tuple(SIGNATURE_METHODS_BY_NAME),
        "digest": tuple(DIGESTS_BY_NAME),
        "canonicalization": tuple(CANONICALIZATIONS_BY_NAME),
        "transform": tuple(CANONICALIZATIONS_BY_NAME),
    }
    """Values of fields whose type is only ``str``, for editors to offer."""

    kind: Kind = "enveloped"
    """``"enveloped"``: the signature stands in the document; ``"enveloping"``: the document stands in the
    signature; ``"detached"``: it stands in the document beside the elements that it signs."""
    content: Content = "xml"
    """``enveloping``: ``"xml"``, a document; ``"octets"``, anything, in base64."""
    key: str | None = None
    """Alias of the key pair that signs; unset: the only one."""
    algorithm: str | None = None
    """Signature algorithm; unset: that of the key with ``digest``."""
    digest: str = "sha256"
    """Of what is signed."""
    canonicalization: str = "exc-c14n"
    """Canonical form of SignedInfo."""
    transform: str | None = None
    """Canonical form of what is signed; unset: as ``canonicalization``."""
    elements: Sequence[str] = ()
    """``detached``: XPath expressions, each for one element that is signed, and that must have been
    signed in what is verified; elements without an Id get one."""
    namespaces: Mapping[str, str] = field(default_factory=dict)
    """Prefixes in XPath expressions."""
    id_attribute: str = "Id"
    """Attribute that gets a new Id where an element has none."""
    xpath_filters: Sequence[str] = ()
    """Filters of XPath Filter 2.0 that leave parts of a document out, each ``"subtract EXPRESSION"`` or, first
    and once, ``"intersect EXPRESSION"`` with prefixes of ``namespaces``: written in front of the
    canonicalization, and demanded there, exactly these. Empty: none is accepted. What is left out is not
    signed; what is given back is what was."""
    parent: str | None = None
    """XPath of the element that the signature is put into, at its end; unset: the root if it is enveloped,
    the parent of the first element that is signed if it is detached."""
    key_info: Sequence[KeyInfoForm] = ("certificate",)
    """What KeyInfo holds; empty: there is none."""
    sign_key_info: bool = False
    """Whether KeyInfo is signed, too."""
    needs_key_info: bool = True
    """Whether what is verified must have a KeyInfo; without one it is the only partner's."""
    signature_id: str | None = None
    """Id of the Signature; unset: a random one."""
    xades: XadesForm = "none"
    """``"bes"``: the time and the certificate of signing are signed, and demanded in what is verified;
    ``"epes"``: the signature policy, too."""
    policy_id: str | None = None
    """``epes``: URI of the policy; unset: the policy is implied by what is signed."""
    policy_digest: str | None = None
    """Digest of the policy's document, with ``policy_id``: ``"sha256:…"``, the value in base64."""
    max_age_seconds: int | None = None
    """Oldest time of signing that is accepted, with ``xades``; unset: any age."""
    clock_skew_seconds: int = 60
    """How far the time of signing may lie in the future."""
    signed_by: str | Pin | Subject | AnyoneUnder | Sequence[str | Pin | Subject | AnyoneUnder] = ()
    """Who may sign: aliases (``"new?"`` may be missing still), pins, subjects; empty: every partner."""
    legacy: Mapping[str, str] = field(default_factory=dict)
    """Weak algorithms by name, each with the reason: ``sha1``, ``dsa``."""
    max_document_bytes: int = 64 * 1024 * 1024
    """Largest document; it is held in memory as a tree, which takes three times as much if it is text and up to
    forty times if it is all small elements: state less where less is enough."""

    def __post_init__(self) -> None:
        check_choice("kind", self.kind, Kind)
        check_choice("xades", self.xades, XadesForm)
        check_choice("content", self.content, Content)
        for name in ("elements", "key_info", "xpath_filters"):
            object.__setattr__(self, name, frozen_texts(name, getattr(self, name)))
        object.__setattr__(self, "signed_by", frozen_demands("signed_by", self.signed_by))
        for index, item in enumerate(self.key_info):
            check_choice(f"key_info[{index}]", item, KeyInfoForm)
        object.__setattr__(self, "namespaces", frozen_table("namespaces", self.namespaces))
        object.__setattr__(self, "legacy", frozen_legacy(self.legacy, known=self.opt_ins))
        self._check_algorithms()
        self._check_combinations()
        self._check_policy()
        self._check_names()
        for name in ("clock_skew_seconds", "max_document_bytes"):
            check_number(name, getattr(self, name), minimum=0)
        if self.max_age_seconds is not None:
            check_number("max_age_seconds", self.max_age_seconds, minimum=0)

    @property
    def demands(self) -> tuple[Demand, ...]:
        """Who may sign."""
        return frozen_demands("signed_by", self.signed_by)

    @property
    def filters(self) -> tuple[tuple[str, str], ...]:
        """The filters, each as its operation and its expression."""
        parts = (item.partition(" ") for item in self.xpath_filters)
        return tuple((operation, expression.strip()) for operation, _, expression in parts)

    @property
    def signed_info_form(self) -> CanonicalForm:
        """Canonical form of SignedInfo."""
        return CanonicalForm(CANONICALIZATIONS_BY_NAME[self.canonicalization])

    @property
    def content_form(self) -> CanonicalForm:
        """Canonical form of what is signed."""
        return CanonicalForm(CANONICALIZATIONS_BY_NAME[self.transform or self.canonicalization])

    @property
    def content_digest(self) -> Digest:
        """Digest of what is signed."""
        return DIGESTS_BY_NAME[self.digest]

    @property
    def policy(self) -> SignaturePolicy | None:
        """The signature policy of ``epes``; ``None`` where it is implied, or there is none."""
        if self.policy_id is None or self.policy_digest is None:
            return None
        name, _, text = self.policy_digest.partition(":")
        digest = named("policy_digest", name, DIGESTS_BY_NAME)
        allowed("policy_digest", digest, digest.legacy, self.legacy)
        try:
            value = base64.b64decode(text, validate=True)
        except ValueError:
            value = b""
        if len(value) != digest.size:
            raise ProfileError(
                f"{digest.size} octets in base64 expected behind {name}:.", path="policy_digest"
            )
        return SignaturePolicy(id=self.policy_id, digest=digest, value=value)

    def method_for(self, key_kind: str) -> SignatureMethod | None:
        """Give the method that is stated, or that of a kind of key; ``None`` where it has none."""
        if self.algorithm is not None:
            return SIGNATURE_METHODS_BY_NAME[self.algorithm]
        return default_signature_method(key_kind, self.digest)

    def find(self, root: etree._Element, expression: str, *, path: str) -> etree._Element:
        """Find the one element that an expression of these settings names.

        Raises:
            ProfileError: It names none, several, or something else than an element.
        """
        found = self.evaluate(root, expression, path=path)
        if isinstance(found, list) and len(found) == 1 and isinstance(found[0], etree._Element):
            return found[0]
        count = len(found) if isinstance(found, list) else 0
        raise ProfileError(f"{expression!r} names {count} elements in place of one.", path=path)

    def evaluate(self, root: etree._Element, expression: str, *, path: str) -> object:
        """Give what an expression of these settings finds.

        Raises:
            ProfileError: It is none, or has a prefix or function that is not known.
        """
        try:
            return etree.XPath(expression, namespaces=dict(self.namespaces))(root)
        except (etree.XPathError, ValueError) as error:
            raise ProfileError(
                f"{expression!r} is no XPath expression here: {error}.",
                hint="Prefixes are those of namespaces.",
                path=path,
            ) from None

    def _check_algorithms(self) -> None:
        digest = named("digest", self.digest, DIGESTS_BY_NAME)
        allowed("digest", digest, digest.legacy, self.legacy)
        named("canonicalization", self.canonicalization, CANONICALIZATIONS_BY_NAME)
        if self.transform is not None:
            named("transform", self.transform, CANONICALIZATIONS_BY_NAME)
        if self.algorithm is not None:
            method = named("algorithm", self.algorithm, SIGNATURE_METHODS_BY_NAME)
            allowed("algorithm", method, method.legacy, self.legacy)
            if method.key_kind == "hmac":
                raise ProfileError(
                    "A key that both sides have does not tell who signed.",
                    hint="Use a signature algorithm of a key pair.",
                    path="algorithm",
                )

    def _check_combinations(self) -> None:
        if (self.kind == "detached") != bool(self.elements):
            raise ProfileError(
                "Nothing says what is signed."
                if self.kind == "detached"
                else f"A signature that is {self.kind} covers the whole document.",
                hint='Give elements = ["//…"] with kind = "detached", and only there.',
                path="elements",
            )
        if self.content == "octets" and self.kind != "enveloping":
            raise ProfileError('This goes with kind = "enveloping".', path="content")
        if self.parent is not None and self.kind == "enveloping":
            raise ProfileError("An enveloping signature stands in nothing.", path="parent")
        if self.sign_key_info and not self.key_info:
            raise ProfileError("There is no KeyInfo to sign.", path="sign_key_info")
        if self.max_age_seconds is not None and self.xades == "none":
            raise ProfileError(
                "Only a signature of XAdES tells when it was made.",
                hint='State xades = "bes".',
                path="max_age_seconds",
            )
        for index, (operation, expression) in enumerate(self.filters):
            path = f"xpath_filters[{index}]"
            if operation not in (("intersect", "subtract") if index == 0 else ("subtract",)):
                raise ProfileError(
                    f"{operation!r} is no filter here.",
                    hint='Write "subtract EXPRESSION"; the first may be "intersect EXPRESSION".',
                    path=path,
                )
            if not expression.startswith(("/", "(/")):
                raise ProfileError(
                    f"{expression!r} does not start at the document.",
                    hint='Write "subtract //x": peers look from the document, not from its root element.',
                    path=path,
                )
        if self.filters and self.kind != "enveloped":
            raise ProfileError('This goes with kind = "enveloped".', path="xpath_filters")
        if len(self.filters) > MAX_FILTERS:
            raise ProfileError(f"More than {MAX_FILTERS} filters.", path="xpath_filters")
        if len(self.elements) > MAX_ELEMENTS:
            raise ProfileError(f"More than {MAX_ELEMENTS} elements.", path="elements")

    def _check_policy(self) -> None:
        for name in ("policy_id", "policy_digest"):
            if getattr(self, name) is not None and self.xades != "epes":
                raise ProfileError('This goes with xades = "epes".', path=name)
        if (self.policy_id is None) != (self.policy_digest is None):
            raise ProfileError(
                "A policy is named by its URI, and by the digest of its document.",
                hint="Give policy_id and policy_digest, or neither for a policy that is implied.",
                path="policy_digest" if self.policy_digest is None else "policy_id",
            )
        if self.policy_id is not None and not _URI.fullmatch(self.policy_id):
            raise ProfileError(f"{self.policy_id!r} is no URI.", path="policy_id")
        _ = self.policy

    def _check_names(self) -> None:
        """Refuse what would not be found again, or could not be written."""
        for prefix in self.namespaces:
            if not _PREFIX.fullmatch(prefix):
                raise ProfileError(f"{prefix!r} is no prefix.", path="namespaces")
        if self.id_attribute not in ID_ATTRIBUTES:
            raise ProfileError(
                f"{self.id_attribute!r} is no attribute that is known as an Id.",
                hint=f"Known are {', '.join(ID_ATTRIBUTES)}.",
                path="id_attribute",
            )
        if self.signature_id is not None and not is_id(self.signature_id):
            raise ProfileError(f"{self.signature_id!r} is no Id.", path="signature_id")
        named = [(f"elements[{at}]", item) for at, item in enumerate(self.elements)]
        named += [(f"xpath_filters[{at}]", item) for at, (_, item) in enumerate(self.filters)]
        named += [("parent", self.parent)] if self.parent is not None else []
        for path, expression in named:
            self.evaluate(etree.Element("nothing"), expression, path=path)
