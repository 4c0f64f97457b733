"""Writing ``ds:Signature`` over parts of a message, with a key pair or a symmetric key."""

from __future__ import annotations

from dataclasses import dataclass

from lxml import etree

from zeep_wssec.errors import KeyNotFoundError, KeyUsageError, PartNotFoundError
from zeep_wssec.header.context import Outgoing
from zeep_wssec.header.derived_key import write_derived_key
from zeep_wssec.header.key_info import write_key_info, write_reference_token
from zeep_wssec.header.part_search import find_parts
from zeep_wssec.header.str_transform import referenced_token_octets, token_octets
from zeep_wssec.header.symmetric import (
    MadeKey,
    made_key,
    no_request_key,
    other_keys_hint,
    symmetric_key_info,
)
from zeep_wssec.keys.certificate import Certificate
from zeep_wssec.keys.entries import KeyEntry
from zeep_wssec.keys.fitness import check_fitness
from zeep_wssec.keys.protocols import Signer
from zeep_wssec.settings import Signature
from zeep_wssec.soap.ids import fresh_id
from zeep_wssec.soap.parts import Part
from zeep_wssec.xmlcrypto import signing
from zeep_wssec.xmlcrypto.algorithms import (
    DIGESTS_BY_NAME,
    EXCLUSIVE,
    SIGNATURE_METHODS_BY_NAME,
    SignatureMethod,
    default_signature_method,
)
from zeep_wssec.xmlcrypto.c14n import CanonicalForm
from zeep_wssec.xmlcrypto.hmac_key import HmacSigner
from zeep_wssec.xmlcrypto.signing import SignedPart


@dataclass(frozen=True, eq=False, kw_only=True)
class _SigningKey:
    """What a signature is made with, and how the message names it."""

    method: SignatureMethod
    signer: Signer
    key_bits: int
    key_info: str
    key_info_id: str | None
    str_id: str | None
    certificate: Certificate | None
    token: etree._Element | None
    """The token in the header that KeyInfo leads to."""
    source: etree._Element | None = None
    """The token that a derived key comes from."""


def write_signature(message: Outgoing, step: Signature) -> None:
    """Sign the parts of ``step`` as they are now and put the Signature into the header.

    Raises:
        KeyNotFoundError: No such key.
        KeyUsageError: The key cannot sign so: expired, too short, of another kind or usage.
        PartNotFoundError: The message lacks a part that is not optional.

    Spec: WSS SOAP Message Security 1.1.1, section 8, Signatures; XML Signature 1.1.
    """
    shared = made_key(message, step.key) if step.key is not None else None
    if shared is None:
        key = _key_pair(message, step, _require_pair(message, step.key))
    else:
        key = _shared_key(message, step, shared)
    _put_in_front(message, key)
    form = CanonicalForm(step.form, tuple(step.signed_info_prefixes))
    signature = signing.unsigned_signature(
        id=fresh_id("SIG"),
        form=form,
        method=key.method,
        references=_references(message, step, key),
        key_info=key.key_info,
    )
    message.prepend(signature)
    _put_in_front(message, key)
    value = signing.fill_in(signature, key.method, key.signer, form=form, key_bits=key.key_bits)
    message.signature_values.append(value)


def _require_pair(message: Outgoing, name: str | None) -> KeyEntry:
    """Give a key pair; the error for a name that nothing has tells the symmetric keys as well."""
    try:
        return message.keys.require_key(name, now=message.now)
    except KeyNotFoundError as error:
        if name == "request":
            raise no_request_key() from None
        if name is not None and name not in message.keys.partners:
            other = other_keys_hint(name, made=message.message_keys, secrets=message.keys.secrets)
            error.hint = f"{other} {error.hint}"
        raise


def _put_in_front(message: Outgoing, key: _SigningKey) -> None:
    """Put the tokens of a key first: a receiver that reads in document order must meet them before their use.

    Done before anything is digested, too, so that a signature over the whole document stays right.
    """
    for token in (key.token, key.source):
        if token is not None and token.getparent() is message.security:
            message.prepend(token)


def _key_pair(message: Outgoing, step: Signature, entry: KeyEntry) -> _SigningKey:
    if step.derived_key != "none":
        raise KeyUsageError(
            f"The key {entry.alias!r} is a key pair; keys are derived from symmetric keys only.",
            reason="wrong_usage",
        )
    method = _method_for(entry, step, message)
    certificate = entry.certificate
    token = write_reference_token(
        message, certificate, step.key_reference, include_token=step.include_token
    )
    str_id = fresh_id("STR") if step.str_transform else None
    key_info = write_key_info(
        message,
        certificate,
        step.key_reference,
        reference_id=str_id,
        typed=step.typed_reference,
    )
    key_info, key_info_id = _identified(key_info, message.parts[id(step)])
    return _SigningKey(
        method=method,
        signer=entry.require_signer(),
        key_bits=certificate.key_bits,
        key_info=key_info,
        key_info_id=key_info_id,
        str_id=str_id,
        certificate=certificate,
        token=token,
    )


def _shared_key(message: Outgoing, step: Signature, key: MadeKey) -> _SigningKey:
    method = step.signature_method or SIGNATURE_METHODS_BY_NAME["hmac-sha256"]
    if method.key_kind != "hmac":
        raise KeyUsageError(
            f"The key {key.name!r} is a symmetric key and cannot sign with {method.name}.",
            hint="Use an hmac algorithm, such as hmac-sha256.",
            reason="wrong_usage",
        )
    source, reference = key.element, step.key_reference
    if step.derived_key != "none":
        length = step.derived_key_bytes or DIGESTS_BY_NAME[method.digest].size
        by_sha1, reference = reference == "encrypted_key_sha1", "binary_token"
        key = write_derived_key(
            message, key, version=step.derived_key, length=length, by_sha1=by_sha1
        )
    str_id = fresh_id("STR") if step.str_transform else None
    key_info = symmetric_key_info(message, key, reference, reference_id=str_id)
    key_info, key_info_id = _identified(key_info, message.parts[id(step)])
    return _SigningKey(
        method=method,
        signer=HmacSigner(key.octets),
        key_bits=0,
        key_info=key_info,
        key_info_id=key_info_id,
        str_id=str_id,
        certificate=None,
        token=key.element,
        source=source,
    )


def _identified(key_info: str, parts: tuple[Part, ...]) -> tuple[str, str | None]:
    """Give the KeyInfo an Id if it is to be signed, too."""
    if not any(part.kind == "key_info" for part in parts):
        return key_info, None
    name = fresh_id("KI")
    return key_info.replace("<ds:KeyInfo", f'<ds:KeyInfo Id="{name}"', 1), name


def _references(message: Outgoing, step: Signature, key: _SigningKey) -> list[str]:
    """Give a Reference for each part; the token's leads through its reference if that is asked for."""
    chosen = message.parts[id(step)]
    special = {part.kind for part in chosen if part.kind in ("key_info", "envelope")}
    chosen = tuple(part for part in chosen if part.kind not in special)
    references = []
    if key.str_id is not None and any(part.kind == "token" for part in chosen):
        chosen = tuple(part for part in chosen if part.kind != "token")
        octets = _token_octets(message, step, key)
        references.append(signing.token_reference_xml(key.str_id, step.digest_method, octets))
    # All Ids first: one part may lie inside another, whose digest its Id is part of.
    signed = [
        (part, SignedPart(element=element, id=message.ensure_id(element, part.kind)))
        for part, element in find_parts(message, chosen, token=key.token)
    ]
    references.extend(
        signing.reference_xml(item, step.digest_method, step.part_form, _prefixes(step, part.text))
        for part, item in signed
    )
    if key.key_info_id is not None:
        references.append(
            signing.key_info_reference_xml(
                key.key_info,
                id=key.key_info_id,
                digest=step.digest_method,
                security=message.security,
            )
        )
    if "envelope" in special:
        prefixes = _prefixes(step, "envelope")
        automatic = prefixes is None and step.part_form == EXCLUSIVE
        form = None if automatic else CanonicalForm(step.part_form, prefixes or ())
        references.append(
            signing.enveloped_reference_xml(message.envelope.root, None, step.digest_method, form)
        )
    if not references:
        raise PartNotFoundError("The message has none of the parts to sign.", path="parts")
    return references


def _prefixes(step: Signature, part: str) -> tuple[str, ...] | None:
    if part in step.part_prefixes:
        return tuple(step.part_prefixes[part])
    return None if step.inclusive_prefixes == "auto" else tuple(step.inclusive_prefixes)


def _token_octets(message: Outgoing, step: Signature, key: _SigningKey) -> bytes:
    if key.certificate is not None:
        return referenced_token_octets(
            key.certificate, step.key_reference, token=key.token, prefix=message.security.prefix
        )
    if key.token is None:
        raise KeyUsageError(
            "A symmetric key is no token that the STR-Transform could sign.", reason="wrong_usage"
        )
    return token_octets(key.token, CanonicalForm())


def _method_for(entry: KeyEntry, step: Signature, message: Outgoing) -> SignatureMethod:
    certificate = entry.certificate
    unfit = check_fitness(certificate, purpose="sign", now=message.now, legacy=step.legacy)
    if unfit is not None:
        raise KeyUsageError(
            f"The key {entry.alias!r} must not sign: {unfit.sentence}",
            hint=unfit.hint_ours,
            reason=unfit.reason,
        )
    method = step.signature_method or default_signature_method(certificate.key_kind, "sha256")
    if method is None or method.key_kind != certificate.key_kind:
        named = step.algorithm or "any algorithm here"
        raise KeyUsageError(
            f"The key {entry.alias!r} is of kind {certificate.key_kind} and cannot sign with {named}.",
            hint=method_hint(certificate.key_kind, method),
            reason="wrong_usage",
        )
    return method


def method_hint(kind: str, asked: SignatureMethod | None) -> str:
    """Say what a key pair of a kind signs with, and what the method that was asked for needs."""
    fitting = default_signature_method(kind, "sha256")
    hint = f"Leave algorithm out, or write {fitting.name}." if fitting is not None else ""
    if asked is not None and asked.key_kind == "hmac":
        hint = f"{hint} An hmac needs a symmetric key: name a secret or a session key by key."
    return hint.strip()
