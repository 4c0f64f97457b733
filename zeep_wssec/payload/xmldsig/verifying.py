"""Verifying the signature of a document: what it covers by node, and whose it is.

The order; the numbers stand at the code:

1. The document: bounds, no DTD, one Signature in its place.
2. The Signature, read by an allow-list; algorithms against the opt-ins.
3. Its references: what must be signed, and nothing that is not understood.
4. KeyInfo: which certificate is named. It proves nothing.
5. The value, with that certificate's key, and whether it is a partner's: what costs comes behind.
6. The digests, and the properties of XAdES.
7. What was signed is what is given: the octets that were digested.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from lxml import etree

from zeep_wssec.errors import (
    KeyUsageError,
    PayloadAlgorithmError,
    PayloadMalformedError,
    PayloadSignerError,
    PayloadUnsignedError,
    ProfileError,
    SignatureInvalidError,
    UnsupportedAlgorithmError,
)
from zeep_wssec.keys.snapshot import Snapshot
from zeep_wssec.payload.trust import SignerJudge
from zeep_wssec.payload.xmldsig.documents import payload_errors, read_document, require_signature
from zeep_wssec.payload.xmldsig.filters import check_filters, filtered_octets
from zeep_wssec.payload.xmldsig.key_info import NamedSigner, read_signers
from zeep_wssec.payload.xmldsig.settings import MAX_REFERENCES, XmlDsigSettings
from zeep_wssec.payload.xmldsig.xades import (
    SIGNED_PROPERTIES,
    check_signed_properties,
    find_signed_properties,
)
from zeep_wssec.signer_trust import TrustedSigner
from zeep_wssec.soap.ids import IdIndex, same_document_id
from zeep_wssec.xmlcrypto.algorithms import Digest, SignatureMethod
from zeep_wssec.xmlcrypto.c14n import (
    CanonicalForm,
    canonicalize,
    canonicalize_element_without,
    canonicalize_without,
)
from zeep_wssec.xmlcrypto.signature_model import (
    DS,
    SIGNATURE,
    ReferenceModel,
    SignatureModel,
    SignatureShape,
    read_signature,
)
from zeep_wssec.xmlcrypto.signing import check_references, check_value
from zeep_wssec.xmlcrypto.values import decode_base64, local_name

_OBJECT_TYPE = f"{DS}Object"
_SHAPE = SignatureShape(
    max_objects=2,
    needs_key_info=False,
    reference_types=frozenset({SIGNED_PROPERTIES, _OBJECT_TYPE}),
    implicit_transform=True,
    enveloped_ids=True,
    filters=True,
)


@dataclass(frozen=True, kw_only=True)
class SignedPiece:
    """One element that was signed, or the whole document."""

    id: str
    """Empty for a whole document."""
    name: str
    octets: bytes
    """As they were digested."""


@dataclass(frozen=True, kw_only=True)
class VerifiedDocument:
    """What a signature proved."""

    pieces: tuple[SignedPiece, ...]
    signer: NamedSigner
    trusted: TrustedSigner
    signed_at: datetime | None
    method: str
    digests: tuple[str, ...]


class _Reader:
    """Resolves references in the document alone; each Id must be that of one element."""

    def __init__(
        self, root: etree._Element, signature: etree._Element, settings: XmlDsigSettings
    ) -> None:
        self._root, self._ids = root, IdIndex(root)
        self._signature, self._settings = signature, settings

    def node(self, uri: str | None) -> etree._Element:
        return (
            self._root if uri == "" else self._ids.require(same_document_id(uri, what="Reference"))
        )

    def as_written(self, node: etree._Element) -> etree._Element:
        return node

    def token(self, reference: etree._Element, form: CanonicalForm) -> tuple[etree._Element, bytes]:
        del reference, form
        raise PayloadMalformedError("An STR-Transform belongs to WS-Security.")

    def filtered(self, node: etree._Element, reference: ReferenceModel) -> bytes:
        left_out = self._signature if reference.enveloped else None
        return filtered_octets(node, left_out, reference.form, self._settings)


def verify_document(
    octets: bytes,
    *,
    keys: Snapshot,
    judge: SignerJudge,
    settings: XmlDsigSettings,
    now: datetime,
) -> VerifiedDocument:
    """Verify the one signature of a document.

    Raises:
        PayloadError: It is refused; the class says why.

    Spec: XML Signature 1.1, section 3.2, Core Validation.
    """
    with payload_errors():
        # 1. The document.
        root = read_document(octets)
        element = require_signature(root)
        if element is None:
            raise PayloadUnsignedError("The document has no Signature.")
        _check_place(element, root, settings)
        # 2. The Signature.
        model = read_signature(element, max_references=MAX_REFERENCES, shape=_SHAPE)
        _check_legacy(model, settings)
        # 3. Its references.
        reader = _Reader(root, element, settings)
        content = _content_references(model, reader, settings)
        if settings.needs_key_info and not len(model.key_info):
            raise PayloadMalformedError(
                "The Signature has no KeyInfo.",
                hint="State needs_key_info = false to take it for the only partner's.",
            )
        # 4. KeyInfo.
        signers = read_signers(model.key_info, keys, now=now)
        # 5. The value, and who made it.
        signer = _require_signer(signers, model, reader)
        trusted = judge.judge(signer.certificate, keys=keys, extra=signer.chain, now=now)
        # 6. Digests, and when.
        covered = check_references(model, reader, filtered=reader.filtered)
        _check_elements(covered, root, settings)
        properties = find_signed_properties(model)
        signed_at = check_signed_properties(
            properties, signer=signer.certificate, covered=covered, settings=settings, now=now
        )
        # 7. What was signed.
        pieces = tuple(_piece(reference, model, reader, settings) for reference in content)
    return VerifiedDocument(
        pieces=pieces,
        signer=signer,
        trusted=trusted,
        signed_at=signed_at,
        method=model.method.name,
        digests=tuple(reference.digest.name for reference in model.references),
    )


def _require_signer(
    signers: Sequence[NamedSigner], model: SignatureModel, reader: _Reader
) -> NamedSigner:
    """Give the one whose key has made the value."""
    refusal: SignatureInvalidError | UnsupportedAlgorithmError | None = None
    for signer in signers:
        try:
            check_value(model, signer.certificate.public_key, as_written=reader.as_written)
        except (SignatureInvalidError, UnsupportedAlgorithmError) as error:
            refusal = error
        except KeyUsageError as error:  # a key that came with the document is no concern of ours
            raise PayloadSignerError(str(error.message), reason="weak_key") from None
        else:
            return signer
    raise refusal or SignatureInvalidError("There is no key to verify with.")


def _find(
    root: etree._Element, expression: str, settings: XmlDsigSettings, *, path: str
) -> etree._Element:
    """Find what must be in a document; that it is not is no fault of the settings.

    Raises:
        PayloadMalformedError: It is not there, or several times.
    """
    try:
        return settings.find(root, expression, path=path)
    except ProfileError:
        raise PayloadMalformedError(
            f"The document does not have exactly one {expression!r}.",
            hint=f"The expression is that of {path}.",
        ) from None


def _check_place(element: etree._Element, root: etree._Element, settings: XmlDsigSettings) -> None:
    if (element is root) != (settings.kind == "enveloping"):
        raise PayloadMalformedError(
            "The Signature is the document itself."
            if element is root
            else "The Signature stands inside a document.",
            hint=f"What is verified must be {settings.kind}; state kind if this sender does otherwise.",
        )
    if element is root:
        return
    parent = element.getparent()
    expected = root if settings.kind == "enveloped" else None
    if settings.parent is not None:
        expected = _find(root, settings.parent, settings, path="parent")
    if expected is not None and parent is not expected:
        raise PayloadMalformedError(
            "The Signature stands in another place than it must.",
            hint="State parent, an XPath of the element that holds the signature.",
        )


def _check_legacy(model: SignatureModel, settings: XmlDsigSettings) -> None:
    used: list[SignatureMethod | Digest] = [
        model.method,
        *(reference.digest for reference in model.references),
    ]
    for item in used:
        if item.legacy and item.legacy not in settings.legacy:
            raise PayloadAlgorithmError(
                f"Signed with {item.name}, which is legacy.",
                hint=f'Ask for a current one, or add legacy = {{ {item.legacy} = "reason" }}.',
                algorithm=item.uri,
                opt_in=item.legacy,
            )


def _content_references(
    model: SignatureModel, reader: _Reader, settings: XmlDsigSettings
) -> list[ReferenceModel]:
    """Give the references to content; those to KeyInfo and to signed properties are the only others.

    Raises:
        PayloadMalformedError: A reference to something else, more content than there may be, or none.
    """
    properties = find_signed_properties(model)
    content, named = [], set[etree._Element]()
    for reference in model.references:
        node = reader.node(reference.uri)
        named.add(node)
        is_properties = node is properties
        if is_properties is not (reference.type == SIGNED_PROPERTIES):
            raise PayloadMalformedError("The type of a Reference is not that of what it names.")
        if is_properties or node is model.key_info:
            _refuse_enveloped(reference)
            if reference.filters:
                raise PayloadMalformedError("An XPath filter stands where nothing is left out.")
            continue
        check_filters(reference, settings)
        _check_content(node, reference, model, settings)
        content.append(reference)
    for item in model.objects:
        if item not in named and (properties is None or properties not in item.iterdescendants()):
            raise PayloadMalformedError("The Signature holds an Object that it does not cover.")
    if not content or (settings.kind != "detached" and len(content) > 1):
        raise PayloadMalformedError(
            f"The Signature covers {len(content)} contents; an {settings.kind} one covers one."
        )
    return content


def _check_content(
    node: etree._Element,
    reference: ReferenceModel,
    model: SignatureModel,
    settings: XmlDsigSettings,
) -> None:
    if settings.kind == "enveloped":
        root = node.getroottree().getroot()
        # A filter may leave the Signature out in place of the transform; what it leaves is what counts.
        if node is not root or not (reference.enveloped or reference.filters):
            raise PayloadMalformedError("An enveloped Signature must cover the whole document.")
        return
    _refuse_enveloped(reference)
    if settings.kind == "enveloping":
        if not any(node is item for item in model.objects):
            raise PayloadMalformedError("An enveloping Signature must cover its Object.")
        return
    around = {*node.iterancestors(), node}
    if model.element in around or model.element in set(node.iterdescendants(SIGNATURE)):
        raise PayloadMalformedError("A detached Signature must stand beside what it covers.")


def _refuse_enveloped(reference: ReferenceModel) -> None:
    if reference.enveloped:
        raise PayloadMalformedError(
            "The enveloped-signature transform stands where no Signature is left out."
        )


def _check_elements(
    covered: tuple[etree._Element, ...], root: etree._Element, settings: XmlDsigSettings
) -> None:
    """Hold what is signed against what must be: by node, so that a moved element never counts."""
    for index, expression in enumerate(settings.elements):
        node = _find(root, expression, settings, path=f"elements[{index}]")
        if not any(node is item for item in covered):
            raise PayloadUnsignedError(
                f"{expression!r} is not signed.",
                hint="The element was moved, or the sender signs something else.",
            )


def _piece(
    reference: ReferenceModel,
    model: SignatureModel,
    reader: _Reader,
    settings: XmlDsigSettings,
) -> SignedPiece:
    node = reader.node(reference.uri)
    form = reference.form.without_comments()
    if reference.filters:
        octets, name = reader.filtered(node, reference), local_name(node)
    elif settings.kind == "enveloping":
        octets, name = _content_of(node, form), "Object"
    elif reference.enveloped and reference.uri:
        octets, name = canonicalize_element_without(node, model.element, form), local_name(node)
    elif reference.enveloped:
        octets, name = canonicalize_without(node, model.element, form), local_name(node)
    else:
        octets, name = canonicalize(node, form), local_name(node)
    return SignedPiece(id=(reference.uri or "").removeprefix("#"), name=name, octets=octets)


def _content_of(element: etree._Element, form: CanonicalForm) -> bytes:
    """Give what stands in an Object: the octets behind its base64, or its one element."""
    encoding = element.get("Encoding")
    if encoding == f"{DS}base64":
        return decode_base64(element)
    loose = [element.text, *(child.tail for child in element)]
    if encoding is not None or len(element) != 1 or any(text and text.strip() for text in loose):
        raise PayloadMalformedError("An Object must hold one element, or octets in base64.")
    return canonicalize(element[0], form)
