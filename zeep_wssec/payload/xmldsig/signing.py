"""Making the signature of a document, in the three forms that XML Signature has."""

from __future__ import annotations

import base64
from datetime import datetime

from lxml import etree

from zeep_wssec.errors import (
    KeyUsageError,
    PayloadMalformedError,
    ProfileError,
)
from zeep_wssec.keys.entries import KeyEntry
from zeep_wssec.payload.parties import unfit_for_algorithm
from zeep_wssec.payload.xmldsig.documents import payload_errors, read_document, require_signature
from zeep_wssec.payload.xmldsig.filters import filtered_octets, filters_xml
from zeep_wssec.payload.xmldsig.key_info import write_key_info
from zeep_wssec.payload.xmldsig.settings import XmlDsigSettings
from zeep_wssec.payload.xmldsig.xades import SIGNED_PROPERTIES, qualifying_properties
from zeep_wssec.soap.ids import ID_ATTRIBUTES, IdIndex, fresh_id, is_id
from zeep_wssec.xmlcrypto.algorithms import EXCLUSIVE, SIGNATURE_METHODS, SignatureMethod
from zeep_wssec.xmlcrypto.c14n import CanonicalForm, canonicalize
from zeep_wssec.xmlcrypto.primitives import fits
from zeep_wssec.xmlcrypto.signature_model import DS
from zeep_wssec.xmlcrypto.signing import (
    SignedPart,
    digested_reference_xml,
    enveloped_reference_xml,
    fill_in,
    filtered_reference_xml,
    key_info_reference_xml,
    method_xml,
    reference_xml,
    unsigned_signature,
)


class DocumentSigner:
    """Signs one document with one of our keys."""

    def __init__(self, settings: XmlDsigSettings, entry: KeyEntry, now: datetime) -> None:
        """Prepare the parts that do not depend on the document.

        Raises:
            PayloadAlgorithmError: The key does not fit the algorithm.
        """
        self._settings, self._entry = settings, entry
        self._method = _require_method(settings, entry)
        self._id = settings.signature_id or fresh_id("Signature")
        self._key_info_id = fresh_id("KeyInfo")
        self._key_info = write_key_info(entry, settings.key_info, id=self._key_info_id)
        self._properties_id = fresh_id("SignedProperties")
        self._properties = ""
        if settings.xades != "none":
            self._properties = qualifying_properties(
                entry.certificate,
                settings,
                signature_id=self._id,
                id=self._properties_id,
                now=now,
            )

    def sign(self, octets: bytes) -> bytes:
        """Give the signed document, in UTF-8.

        Raises:
            PayloadMalformedError: It is no document that can be signed so.
            ProfileError: An expression of the settings names no element, or several.
        """
        with payload_errors():
            if self._settings.kind == "enveloping":
                signed = self._enveloping(octets)
                self._fill_in(signed)
            else:
                signed = self._inside(octets)
        return etree.tostring(signed.getroottree(), encoding="UTF-8", xml_declaration=True)

    def _inside(self, octets: bytes) -> etree._Element:
        root = _unsigned_document(octets)
        if self._settings.kind == "enveloped":
            self._enveloped(root)
        else:
            self._detached(root)
        return root

    def _enveloped(self, root: etree._Element) -> None:
        parent = self._parent(root, default=root)
        digest, form = self._settings.content_digest, self._settings.content_form
        plain = form.method == EXCLUSIVE
        if self._settings.filters:
            octets = filtered_octets(root, None, form, self._settings)
            transforms = filters_xml(self._settings) + method_xml("Transform", form)
            reference = filtered_reference_xml(digest, octets, transforms)
        else:
            reference = enveloped_reference_xml(root, None, digest, None if plain else form)
        self._put_into(parent, [reference])

    def _detached(self, root: etree._Element) -> None:
        elements = [
            self._settings.find(root, expression, path=f"elements[{index}]")
            for index, expression in enumerate(self._settings.elements)
        ]
        first = elements[0].getparent()
        parent = self._parent(root, default=root if first is None else first)
        if any(item in elements for item in (parent, *parent.iterancestors())):
            raise ProfileError(
                "The signature would stand inside an element that it signs.",
                hint='Use kind = "enveloped" for a whole document, or give another parent.',
                path="parent",
            )
        form, digest = self._settings.content_form, self._settings.content_digest
        prefixes = None if form.method == EXCLUSIVE else ()
        ids = [self._id_of(element, root) for element in elements]
        references = [
            reference_xml(SignedPart(element=element, id=name), digest, form.method, prefixes)
            for element, name in zip(elements, ids, strict=True)
        ]
        self._put_into(parent, references)

    def _enveloping(self, octets: bytes) -> etree._Element:
        name, form = fresh_id("Object"), self._settings.content_form
        if self._settings.content == "octets":
            encoding = f' Encoding="{DS}base64"'
            inner = base64.b64encode(octets).decode()
        else:
            encoding = ""
            inner = etree.tostring(_unsigned_document(octets), encoding="unicode")
        held = f'<ds:Object Id="{name}"{encoding}>{inner}</ds:Object>'
        stand_in = etree.fromstring(
            f'<ds:Signature xmlns:ds="{DS}">{held}</ds:Signature>', _large_parser()
        )
        digested = canonicalize(stand_in[0], form.without_comments())
        transform = method_xml("Transform", form)
        reference = digested_reference_xml(name, self._settings.content_digest, digested, transform)
        return self._unsigned([reference], held)

    def _put_into(self, parent: etree._Element, references: list[str]) -> None:
        signature = self._unsigned(references, "")
        parent.append(signature)
        self._fill_in(signature)

    def _unsigned(self, references: list[str], held: str) -> etree._Element:
        digest = self._settings.content_digest
        more = []
        if self._settings.sign_key_info:
            more.append(
                key_info_reference_xml(
                    self._key_info,
                    id=self._key_info_id,
                    digest=digest,
                    security=etree.Element("scratch"),
                )
            )
        if self._properties:
            more.append(self._properties_reference())
        return unsigned_signature(
            id=self._id,
            form=self._settings.signed_info_form,
            method=self._method,
            references=[*references, *more],
            key_info=self._key_info,
            objects=held + self._properties,
        )

    def _properties_reference(self) -> str:
        """Give the reference to SignedProperties: exclusive, so that where they stand does not count."""
        whole = etree.fromstring(f'<ds:Signature xmlns:ds="{DS}">{self._properties}</ds:Signature>')
        octets, form = canonicalize(whole[0][0][0]), CanonicalForm()
        return digested_reference_xml(
            self._properties_id,
            self._settings.content_digest,
            octets,
            method_xml("Transform", form),
            type=SIGNED_PROPERTIES,
        )

    def _fill_in(self, signature: etree._Element) -> None:
        fill_in(
            signature,
            self._method,
            self._entry.require_signer(),
            form=self._settings.signed_info_form,
            key_bits=self._entry.certificate.key_bits,
        )

    def _parent(self, root: etree._Element, *, default: etree._Element) -> etree._Element:
        expression = self._settings.parent
        return (
            default if expression is None else self._settings.find(root, expression, path="parent")
        )

    def _id_of(self, element: etree._Element, root: etree._Element) -> str:
        stated = next((element.get(name) for name in ID_ATTRIBUTES if element.get(name)), None)
        if stated is None:
            stated = fresh_id("Part")
            element.set(self._settings.id_attribute, stated)
        elif not is_id(stated):
            raise PayloadMalformedError(f"The Id {stated[:80]!r} is no name.")
        IdIndex(root).require(stated)
        return stated


def _unsigned_document(octets: bytes) -> etree._Element:
    root = read_document(octets, ours=True)
    if require_signature(root) is not None:
        raise PayloadMalformedError(
            "The document has a Signature already; one is read.",
            hint='A signed document can be signed as octets: kind = "enveloping", content = "octets".',
        )
    return root


def _require_method(settings: XmlDsigSettings, entry: KeyEntry) -> SignatureMethod:
    method = settings.method_for(entry.certificate.key_kind)
    if method is None or not fits(entry.certificate.public_key, method):
        kind = entry.certificate.key_kind
        problem = (
            f"The key {entry.alias!r} of kind {kind} cannot sign with "
            f"{settings.algorithm or settings.digest}."
        )
        fitting = [
            item.name for item in SIGNATURE_METHODS if item.key_kind == kind and not item.legacy
        ]
        raise unfit_for_algorithm(entry, problem, fitting=fitting)
    if method.legacy and method.legacy not in settings.legacy:
        raise KeyUsageError(f"{method.name} is legacy.", reason="weak_key", alias=entry.alias)
    return method


def _large_parser() -> etree.XMLParser:
    return etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=True)
