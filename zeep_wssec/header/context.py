"""The working state of one message: while it is being protected, and while it is being read."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from lxml import etree

from zeep_wssec.demands import SignedBy
from zeep_wssec.errors import DecryptionError, MalformedSecurityError, OutboundError
from zeep_wssec.exchange import Received, SessionSecret
from zeep_wssec.header.evidence import (
    EncryptionEvidence,
    Evidence,
    SharedKeySigner,
    SignatureEvidence,
    TimestampEvidence,
)
from zeep_wssec.header.symmetric import MadeKey, SymmetricKey
from zeep_wssec.keys.certificate import Certificate
from zeep_wssec.keys.keystore import Snapshot
from zeep_wssec.keys.path import PathValidator
from zeep_wssec.soap.envelope import Envelope
from zeep_wssec.soap.ids import WSU_ID, IdIndex, fresh_id, is_id
from zeep_wssec.soap.limits import Limits
from zeep_wssec.soap.namespaces import DS, WSU, XENC
from zeep_wssec.soap.parts import Part
from zeep_wssec.soap.placement import Placement


@dataclass(eq=False, kw_only=True)
class Outgoing:
    """One message on its way out."""

    envelope: Envelope
    security: etree._Element
    """Our ``wsse:Security``, in the Header already."""
    keys: Snapshot
    parts: Mapping[int, tuple[Part, ...]]
    """Parts of each step, by ``id`` of the step."""
    namespaces: Mapping[str, str]
    now: datetime
    service_address: str | None = None
    """Where the service is, if the profile says so."""
    names: tuple[str, ...] = ()
    """Names of the operation, most exact first: the SOAP action among them."""
    soap_action: str | None = None
    """The SOAP action that the HTTP headers tell."""
    tokens: dict[bytes, etree._Element] = field(default_factory=dict)
    """BinarySecurityTokens of this message by the octets inside: one for each is enough."""
    message_keys: dict[str, MadeKey] = field(default_factory=dict)
    """Keys that steps of this message have made, by name."""
    recipient_tokens: dict[etree._Element, etree._Element] = field(default_factory=dict)
    """The token in the header that each EncryptedKey of ours needs, where it needs one."""
    answers: Received | None = None
    """The request that this message answers, if it does."""
    signature_values: list[str] = field(default_factory=list)
    body_encrypted: bool = False
    """Whether the content of the Body has been encrypted."""
    made: list[etree._Element] = field(default_factory=list)
    """What the steps have put into the header; their Ids are fresh, so no other element has them."""
    undo: list[Callable[[], None]] = field(default_factory=list)
    """Puts the tree back, last change first, when a step fails."""
    _ids: IdIndex | None = None

    def prepend(self, element: etree._Element) -> None:
        """Put ``element`` in front of the header's children, as the specification asks of each new block.

        Spec: WSS SOAP Message Security 1.1.1, section 5, Security Header.
        """
        self.security.insert(0, element)
        self.made.append(element)

    def ensure_id(self, element: etree._Element, kind: str) -> str:
        """Give the Id of ``element``, made now if it has none; an Id that it has must be unambiguous.

        Raises:
            MalformedSecurityError: Another element has the same Id.
        """
        # The schemas of XML Signature and XML Encryption know Id, not wsu:Id.
        name = "Id" if str(element.tag).startswith(("{" + DS, "{" + XENC)) else WSU_ID
        value = element.get(name)
        if value is None:
            value = fresh_id(kind)
            declared = WSU in element.nsmap.values()
            element.set(name, value)
            self.undo.append(partial(_drop_id, element, name, declared))
            return value
        if any(element is item for item in self.made):
            return value
        if not is_id(value):
            raise OutboundError(f"{value[:80]!r} is an Id that no reference can name.")
        if self._ids is None:
            self._ids = IdIndex(self.envelope.root)
        if self._ids.has(value):
            self._ids.require(value)
        return value


def _drop_id(element: etree._Element, name: str, declared: bool) -> None:
    """Take an Id away again, and the declaration that lxml made for it unless it was ``declared`` before.

    lxml drops unused declarations of a whole subtree only; where others could go with ours it stays.
    """
    element.attrib.pop(name, None)
    if name != WSU_ID or declared:
        return
    keep: list[str] = []
    ours, default = 0, False
    walk: Any = etree.iterwalk(element, events=("start-ns", "start"))
    for event, item in walk:
        if event == "start-ns":
            prefix, uri = item
            ours += uri == WSU
            default |= not prefix
            keep += [prefix] if prefix and uri != WSU else []
        elif default and item.prefix is not None:
            return
        else:
            default = False
    if ours == 1:
        etree.cleanup_namespaces(element, keep_ns_prefixes=keep)


@dataclass(eq=False, kw_only=True)
class Incoming:
    """One message on its way in: what it is, what it is checked against, and what it has proved so far."""

    envelope: Envelope
    security: etree._Element
    keys: Snapshot
    limits: Limits
    now: datetime
    signed_by: tuple[SignedBy, ...]
    """Whom a signature must come from; empty: nobody is demanded, and an unknown signer is only reported."""
    own: frozenset[bytes]
    """Our own public keys: none of them ever signs an answer."""
    legacy: Mapping[str, str]
    clock_skew_seconds: int
    max_age_seconds: int | None
    """Oldest Created that is accepted."""
    paths: PathValidator
    placement: Placement
    """Puts decrypted content into the tree."""
    evidence: list[Evidence] = field(default_factory=list)
    """All that was proved, in the order of reading; ``prove`` adds to it."""
    signatures: list[SignatureEvidence] = field(default_factory=list, init=False)
    """Evidence of every verified signature."""
    encryptions: list[EncryptionEvidence] = field(default_factory=list, init=False)
    """Evidence of every decryption."""
    timestamp: TimestampEvidence | None = field(default=None, init=False)
    """Evidence of the Timestamp."""
    replaced_by: dict[etree._Element, tuple[etree._Element, ...]] = field(default_factory=dict)
    """Decrypted elements by the EncryptedData that stood in their place; keeps both alive."""
    unauthenticated: bool = False
    """Whether CBC ciphertext that no signature covers was decrypted: from then on every failure looks alike."""
    session_keys: tuple[SessionSecret, ...] = ()
    """Keys of the request that this answers."""
    unsettled: list[Callable[[], None]] = field(default_factory=list)
    """What is left to do for signatures with keys that may be anybody's, once all others are read."""
    own_values: Sequence[str] = ()
    """Signature values, in base64, of the request that this answers: none of them may come back as an
    answer's."""
    symmetric_keys: dict[etree._Element, SymmetricKey | None] = field(default_factory=dict)
    """Keys that elements of this message stand for, read once."""
    received_keys: dict[bytes, SymmetricKey] = field(default_factory=dict)
    """Keys that came in EncryptedKeys of this message, by the SHA-1 of their ciphertext."""
    confirmations: dict[etree._Element, str] = field(default_factory=dict)
    """Value of each ``wsse11:SignatureConfirmation``, empty for one without a value."""
    counted: dict[str, int] = field(default_factory=dict)
    """Elements read so far, by kind: each kind has its limit."""
    content_keys: dict[etree._Element, SymmetricKey | None] = field(default_factory=dict)
    """What each EncryptedKey holds; ``None`` for one that is for somebody else."""
    key_references: dict[etree._Element, tuple[str | None, ...]] = field(default_factory=dict)
    """What each EncryptedKey that was read lists: URIs of its ReferenceList."""
    opened: dict[str, SymmetricKey] = field(default_factory=dict)
    """Which key opened each EncryptedData, by its Id."""
    opening: set[etree._Element] = field(default_factory=set)
    """Every EncryptedKey that was begun: none is wrapped under itself."""
    opened_alone: dict[str, SymmetricKey] = field(default_factory=dict)
    """What opened each EncryptedData of the header that was met before what lists it, by its Id."""
    tokens: dict[etree._Element, Certificate] = field(default_factory=dict)
    """Certificates of the BinarySecurityTokens read so far."""
    foreign: set[str] = field(default_factory=set)
    """Ids of EncryptedData that an EncryptedKey for somebody else lists."""
    chains: dict[bytes, tuple[Certificate, ...]] = field(default_factory=dict)
    _ids: IdIndex | None = None
    _covering: dict[tuple[etree._Element, bool], list[SignatureEvidence]] = field(
        default_factory=dict, init=False, repr=False
    )

    def __post_init__(self) -> None:
        for item in self.evidence:
            self._sort_in(item)

    @property
    def ids(self) -> IdIndex:
        """The Id index of the tree as it is now."""
        if self._ids is None:
            self._ids = self._index()
        return self._ids

    def _index(self) -> IdIndex:
        try:
            return IdIndex(self.envelope.root)
        except MalformedSecurityError:
            if not self.replaced_by:
                raise
            # What was decrypted may be the cause, and decrypted octets fail in one way only.
            raise DecryptionError from None

    def count(self, kind: str, limit: int) -> None:
        """Count one more element of ``kind``.

        Raises:
            MalformedSecurityError: More than ``limit``.
        """
        count = self.counted[kind] = self.counted.get(kind, 0) + 1
        if count > limit:
            raise MalformedSecurityError(f"The message has more than {limit} {kind} elements.")

    def forget_ids(self) -> None:
        """Have the Id index made again: decryption has changed the tree."""
        self._ids = None
        self._covering.clear()

    def prove(self, item: Evidence) -> None:
        """Add evidence."""
        self.evidence.append(item)
        self._sort_in(item)
        self._covering.clear()

    def _sort_in(self, item: Evidence) -> None:
        if isinstance(item, SignatureEvidence):
            self.signatures.append(item)
        elif isinstance(item, EncryptionEvidence):
            self.encryptions.append(item)
        elif isinstance(item, TimestampEvidence):
            self.timestamp = self.timestamp or item

    def note_replaced(self, old: etree._Element, placed: Sequence[etree._Element]) -> None:
        """Note what stands in the place of a node that was decrypted."""
        self.replaced_by[old] = tuple(placed)
        self._covering.clear()

    def shown(self, node: etree._Element, text: str) -> str:
        """Give ``text`` of ``node`` for an error, unless it came encrypted and nothing covers it.

        Anybody may have moved a captured ciphertext there to have its plain text told.
        """
        hidden = {
            id(final)
            for item in self.encryptions
            if not item.covered
            # Content may be text only: then it is known by where it stands.
            for final in (
                *self.replaced_by.get(item.element, ()),
                *([item.node] if item.scope == "content" else ()),
            )
        }
        if any(id(item) in hidden for item in (node, *node.iterancestors())):
            return "what came encrypted"
        return text

    def is_covered(self, node: etree._Element, *, named: bool = False) -> bool:
        """Whether a trusted signature covers ``node``: itself or an element around it.

        Args:
            node: An element of the message.
            named: Whether the signature must be that of somebody whom we know.
        """
        return bool(self.covering(node, named=named))

    def covering(self, node: etree._Element, *, named: bool = False) -> list[SignatureEvidence]:
        """Give the trusted signatures that cover ``node``.

        A signature with a symmetric key that nobody vouches for counts once a trusted one covers it.
        """
        found = self._covering.get((node, named))
        if found is None:
            found = self._covering[node, named] = self._find_covering(node, named)
        return found

    def _find_covering(self, node: etree._Element, named: bool) -> list[SignatureEvidence]:
        signatures = self.signatures
        trusted = [
            item
            for item in signatures
            if item.trusted_as is not None and not (named and item.is_anonymous)
        ]
        counting = trusted
        if len(trusted) < len(signatures):
            endorsed = [
                item
                for item in signatures
                if isinstance(item.signer, SharedKeySigner)
                and not any(item is other for other in trusted)
                and self._is_under(item.element, trusted)
            ]
            counting = [*trusted, *endorsed]
        return [item for item in counting if self._is_under(node, [item])]

    def _is_under(self, node: etree._Element, signatures: list[SignatureEvidence]) -> bool:
        for signature in signatures:
            if node in signature.covered:
                return True
        around = {node, *node.iterancestors()}
        for signature in signatures:
            covered = set(signature.covered)
            if self.replaced_by:
                for item in covered & self.replaced_by.keys():
                    covered.update(self.replaced_by[item])
            # A signature over the whole document leaves itself out.
            if not covered.isdisjoint(around) and (
                signature.element not in around or node in covered
            ):
                return True
        return False
