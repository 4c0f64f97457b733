"""``ds:Signature`` in a security header: ours over parts of a message, and the partner's."""

from __future__ import annotations

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
from zeep_wssec.header.token_reference import read_key_info, write_key_info
from zeep_wssec.keys.entries import KeyEntry
from zeep_wssec.keys.fitness import check_fitness
from zeep_wssec.settings import Encryption, Signature
from zeep_wssec.soap.ids import fresh_id, same_document_id
from zeep_wssec.soap.parts import Part, find_part
from zeep_wssec.xmlcrypto import signing
from zeep_wssec.xmlcrypto.algorithms import Digest, SignatureMethod, default_signature_method
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
    parts = [
        SignedPart(element=element, id=message.ensure_id(element, part.kind))
        for part, element in find_parts(message, step, token=token)
    ]
    if not parts:
        raise PartNotFoundError("The message has none of the parts to sign.", path="parts")
    prefixes = None if step.inclusive_prefixes == "auto" else tuple(step.inclusive_prefixes)
    references = [signing.reference_xml(part, step.digest_method, prefixes) for part in parts]
    signature = signing.unsigned_signature(
        id=fresh_id("SIG"),
        method=method,
        references=references,
        key_info=write_key_info(message, entry.certificate, step.key_reference),
    )
    message.prepend(signature)
    if token is not None:
        # A receiver that reads in document order must have met the token before its use.
        message.prepend(token)
    value = signing.fill_in(
        signature, method, entry.require_signer(), key_bits=entry.certificate.key_bits
    )
    message.signature_values.append(value)


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
    message: Outgoing, step: Signature | Encryption, *, token: etree._Element | None = None
) -> list[tuple[Part, etree._Element]]:
    """Give every element that a step covers, each once, with the part that names it.

    Raises:
        PartNotFoundError: The message lacks a part that is not optional.
        OutboundError: A part is, or surrounds, the security header itself.
    """
    found: list[tuple[Part, etree._Element]] = []
    around = {id(node) for node in (message.security, *message.security.iterancestors())}
    for part in message.parts[id(step)]:
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
    around = {element, *element.iterancestors()}
    as_written = message.placement.as_written
    signing.check_value(model, certificate.public_key, as_written=as_written)
    covered = signing.check_references(
        model, resolve=lambda uri: _resolve(message, uri, around), as_written=as_written
    )
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


def _resolve(message: Incoming, uri: str | None, around: set[etree._Element]) -> etree._Element:
    node = message.ids.require(same_document_id(uri, what="A Reference of a Signature"))
    if node in around:
        raise MalformedSecurityError("A Signature covers itself.")
    return node


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
