"""``ds:Signature`` in a security header: ours over parts of a message, and the partner's."""

from __future__ import annotations

from collections.abc import Sequence

from lxml import etree

from zeep_wssec.errors import (
    KeyUsageError,
    MalformedSecurityError,
    OutboundError,
    PartNotFoundError,
    UnsupportedAlgorithmError,
)
from zeep_wssec.header.binary_token import write_binary_token
from zeep_wssec.header.context import Incoming, Outgoing
from zeep_wssec.header.evidence import SignatureEvidence
from zeep_wssec.header.signer import check_signer
from zeep_wssec.header.str_transform import absent_token_octets, token_octets
from zeep_wssec.header.token_reference import (
    TOKEN_REFERENCE,
    read_key_info,
    read_token_reference,
    write_key_info,
)
from zeep_wssec.keys.entries import KeyEntry
from zeep_wssec.keys.fitness import check_fitness
from zeep_wssec.settings import Signature
from zeep_wssec.soap.ids import fresh_id, same_document_id
from zeep_wssec.soap.namespaces import readable_name
from zeep_wssec.soap.parts import Part, find_part
from zeep_wssec.xmlcrypto import signing
from zeep_wssec.xmlcrypto.algorithms import Digest, SignatureMethod, default_signature_method
from zeep_wssec.xmlcrypto.c14n import CanonicalForm
from zeep_wssec.xmlcrypto.signature_model import SignatureModel, read_signature
from zeep_wssec.xmlcrypto.signing import SignedPart


def write_signature(message: Outgoing, step: Signature) -> None:
    """Sign the parts of ``step`` as they are now and put the Signature into the header.

    Raises:
        KeyNotFoundError: No such key pair.
        KeyUsageError: The key cannot sign so: expired, too short, of another kind or usage.
        PartNotFoundError: The message lacks a part that is not optional.

    Spec: WSS SOAP Message Security 1.1.1, section 8, Signatures; XML Signature 1.1.
    """
    entry = message.keys.require_key(step.key)
    method = _method_for(entry, step, message)
    token = (
        write_binary_token(message, entry.certificate)
        if step.key_reference == "binary_token"
        else None
    )
    str_id = fresh_id("STR") if step.str_transform else None
    references = _references(message, step, entry, token, str_id)
    form = CanonicalForm(step.form)
    signature = signing.unsigned_signature(
        id=fresh_id("SIG"),
        form=form,
        method=method,
        references=references,
        key_info=write_key_info(
            message, entry.certificate, step.key_reference, reference_id=str_id
        ),
    )
    message.prepend(signature)
    if token is not None:
        # A receiver that reads in document order must have met the token before its use.
        message.prepend(token)
    value = signing.fill_in(
        signature,
        method,
        entry.require_signer(),
        form=form,
        key_bits=entry.certificate.key_bits,
    )
    message.signature_values.append(value)


def _references(
    message: Outgoing,
    step: Signature,
    entry: KeyEntry,
    token: etree._Element | None,
    str_id: str | None,
) -> list[str]:
    """Give a Reference for each part; the token's leads through ``str_id`` if that is given."""
    prefixes = None if step.inclusive_prefixes == "auto" else tuple(step.inclusive_prefixes)
    references = []
    chosen = message.parts[id(step)]
    if str_id is not None and any(part.kind == "token" for part in chosen):
        chosen = tuple(part for part in chosen if part.kind != "token")
        octets = (
            token_octets(token, CanonicalForm())
            if token is not None
            else absent_token_octets(entry.certificate, prefix=message.security.prefix)
        )
        references.append(signing.token_reference_xml(str_id, step.digest_method, octets))
    # All Ids first: one part may lie inside another, whose digest its Id is part of.
    signed = [
        SignedPart(element=element, id=message.ensure_id(element, part.kind))
        for part, element in find_parts(message, chosen, token=token)
    ]
    references.extend(
        signing.reference_xml(part, step.digest_method, step.part_form, prefixes) for part in signed
    )
    if not references:
        raise PartNotFoundError("The message has none of the parts to sign.", path="parts")
    return references


def _method_for(entry: KeyEntry, step: Signature, message: Outgoing) -> SignatureMethod:
    certificate = entry.certificate
    unfit = check_fitness(certificate, purpose="sign", now=message.now)
    if unfit is not None:
        raise KeyUsageError(
            f"The key {entry.alias!r} must not sign: {unfit.sentence}", reason=unfit.reason
        )
    method = step.signature_method or default_signature_method(certificate.key_kind, "sha256")
    if method is None or method.key_kind != certificate.key_kind:
        named = step.algorithm or "any algorithm here"
        raise KeyUsageError(
            f"The key {entry.alias!r} is of kind {certificate.key_kind} and cannot sign with {named}.",
            reason="wrong_usage",
        )
    return method


def find_parts(
    message: Outgoing, parts: Sequence[Part], *, token: etree._Element | None = None
) -> list[tuple[Part, etree._Element]]:
    """Give every element that ``parts`` mean, each once, with the part that names it.

    Raises:
        PartNotFoundError: The message lacks a part that is not optional.
        OutboundError: A part is, or surrounds, the security header itself.
    """
    found: list[tuple[Part, etree._Element]] = []
    around = {id(node) for node in (message.security, *message.security.iterancestors())}
    for part in parts:
        elements = find_part(
            part,
            envelope=message.envelope,
            security=message.security,
            token=token,
            namespaces=message.namespaces,
        )
        if not elements and not part.optional:
            raise PartNotFoundError(
                f"The message has no element for the part {part.text!r}.",
                hint=f"Write {part.text + '?'!r} if it may be missing.",
                part=part.text,
            )
        for element in elements:
            if id(element) in around:
                raise OutboundError(
                    f"The part {part.text!r} surrounds the security header, which cannot cover itself."
                )
            if all(element is not other for _, other in found):
                found.append((part, element))
    return found


def read_signature_element(message: Incoming, element: etree._Element) -> None:
    """Verify one Signature and record which nodes it covers, by node and not by Id.

    Raises:
        MalformedSecurityError: A shape outside the allow-list, or an ambiguous reference.
        UnsupportedAlgorithmError: An algorithm outside the tables, or legacy without its opt-in.
        UntrustedCertificateError: Not signed by who must sign.
        SignatureInvalidError: A digest or the value does not match.

    Spec: WSS SOAP Message Security 1.1.1, section 8.4, Signature Validation; XML Signature 1.1,
    section 3.2, Core Validation.
    """
    model = read_signature(element, max_references=message.limits.max_references)
    _check_legacy(message, model)
    named = read_key_info(message, model.key_info)
    certificate = named.require_one()
    trusted_as = check_signer(message, certificate)
    reader = _Reader(message, element)
    signing.check_value(model, certificate.public_key, as_written=reader.as_written)
    covered = signing.check_references(model, reader)
    message.evidence.append(
        SignatureEvidence(
            element=element,
            value="".join((element[1].text or "").split()),
            method=model.method.name,
            digests=tuple(reference.digest.name for reference in model.references),
            key_reference=named.form,
            signer=certificate,
            trusted_as=trusted_as,
            covered=covered,
        )
    )


class _Reader:
    """Finds what the references of one signature name."""

    def __init__(self, message: Incoming, signature: etree._Element) -> None:
        self._message = message
        self._around = (signature, *signature.iterancestors())
        self.as_written = message.placement.as_written

    def node(self, uri: str | None) -> etree._Element:
        """Give the one node with the Id; never one that holds the signature itself."""
        name = same_document_id(uri, what="A Reference of a Signature")
        node = self._message.ids.require(name)
        if any(node is outer for outer in self._around):
            raise MalformedSecurityError("A Signature covers itself.")
        return node

    def token(self, reference: etree._Element, form: CanonicalForm) -> tuple[etree._Element, bytes]:
        """Give the token behind a SecurityTokenReference with its octets."""
        if reference.tag != TOKEN_REFERENCE:
            raise MalformedSecurityError(
                "An STR-Transform must start at a SecurityTokenReference, "
                f"not at {readable_name(reference.tag)}."
            )
        named = read_token_reference(self._message, reference)
        if named.token is not None:
            return named.token, token_octets(self.as_written(named.token), form)
        prefix = self.as_written(reference).prefix
        return reference, absent_token_octets(named.require_one(), prefix=prefix)


def _check_legacy(message: Incoming, model: SignatureModel) -> None:
    used: list[SignatureMethod | Digest] = [
        model.method,
        *(reference.digest for reference in model.references),
    ]
    for algorithm in used:
        if algorithm.legacy and algorithm.legacy not in message.legacy:
            raise UnsupportedAlgorithmError(
                f"The peer signs with {algorithm.name}, which is legacy.",
                hint=f'Ask for a current one, or add legacy = {{ {algorithm.legacy} = "reason" }} '
                "to inbound.",
                algorithm=algorithm.uri,
                opt_in=algorithm.legacy,
            )
