"""Reading ``xenc:EncryptedKey`` and ``xenc:EncryptedData``: one text and one path for every failure."""

from __future__ import annotations

import os

from lxml import etree

from zeep_wssec.errors import (
    DecryptionError,
    InboundError,
    KeyUsageError,
    MalformedSecurityError,
    TokenUnavailableError,
    UnsupportedAlgorithmError,
    UnsupportedTokenError,
)
from zeep_wssec.header.context import ContentKey, Incoming
from zeep_wssec.header.encryption import ENCRYPTED_HEADER
from zeep_wssec.header.evidence import EncryptionEvidence
from zeep_wssec.header.token_reference import TOKEN_REFERENCE, read_key_info
from zeep_wssec.keys.entries import KeyEntry
from zeep_wssec.soap.ids import same_document_id
from zeep_wssec.soap.namespaces import DS, WSSE, readable_name
from zeep_wssec.xmlcrypto.encrypting import decrypt
from zeep_wssec.xmlcrypto.encryption_model import (
    ENCRYPTED_DATA,
    ENCRYPTED_KEY,
    EncryptedDataModel,
    EncryptedKeyModel,
    read_encrypted_data,
    read_encrypted_key,
    read_reference_list,
)
from zeep_wssec.xmlcrypto.values import children_of, decode_base64


def read_encrypted_key_element(message: Incoming, element: etree._Element) -> None:
    """Open one EncryptedKey and decrypt everything in its ReferenceList.

    An EncryptedKey for somebody else is passed over; if nobody opens what it holds, requirements say so.

    Raises:
        MalformedSecurityError: A structure outside the allow-list, or too many of them.
        UnsupportedAlgorithmError: An algorithm outside the tables, or legacy without its opt-in.
        DecryptionError: Whatever goes wrong from there on.

    Spec: WSS SOAP Message Security 1.1.1, section 9.4.3, Decryption; XML Encryption 1.1, section 4.4.
    """
    if element in message.content_keys:
        return
    message.count("EncryptedKey", message.limits.max_encrypted_keys)
    model = read_encrypted_key(element, max_references=message.limits.max_encrypted_data)
    _check_legacy(message, model.transport.legacy, model.transport.uri, model.transport.name)
    key = _open_key(message, model)
    message.content_keys[element] = key
    if key is None:
        message.foreign.update(uri.removeprefix("#") for uri in model.references if uri)
    else:
        # All references first: the Ids are searched once, in the tree as it was sent.
        found = [_find_data(message, uri, element) for uri in model.references]
        for data in found:
            _decrypt(message, data, key)


def read_reference_list_element(message: Incoming, element: etree._Element) -> None:
    """Decrypt everything in a ReferenceList that stands in the header by itself.

    Raises:
        InboundError: As for an EncryptedKey.
    """
    for uri in read_reference_list(element, max_references=message.limits.max_encrypted_data):
        read_encrypted_data_element(message, _require_data(message, uri))


def read_encrypted_data_element(message: Incoming, element: etree._Element) -> None:
    """Decrypt one EncryptedData that says itself which EncryptedKey opens it.

    Raises:
        InboundError: As for an EncryptedKey.
    """
    model = read_encrypted_data(element)
    if model.key_info is None:
        raise UnsupportedTokenError("An EncryptedData does not say which key opens it.")
    key_element = _encrypted_key_of(message, model.key_info)
    read_encrypted_key_element(message, key_element)
    key = message.content_keys.get(key_element)
    if element.getparent() is not None and element not in message.replaced_by and key is not None:
        _decrypt(message, model, key)


def check_all_opened(message: Incoming) -> None:
    """Refuse a message whose every EncryptedKey is for somebody else.

    Raises:
        TokenUnavailableError: With the names that the message gives for its recipients.
    """
    if message.content_keys and all(key is None for key in message.content_keys.values()):
        named = [
            read_key_info(message, read_encrypted_key(item, max_references=10**6).key_info).text
            for item in message.content_keys
        ]
        ours = ", ".join(repr(alias) for alias in message.keys.keys) or "none"
        raise TokenUnavailableError(
            f"The message is encrypted for {'; '.join(named)}; no key pair of the keystore fits.",
            hint=f"Key pairs: {ours}. Ask the peer whose certificate it encrypts to.",
        )


def check_nothing_left(message: Incoming) -> None:
    """Refuse a message with ciphertext that nothing in it opens: a key or its list was taken away.

    Raises:
        TokenUnavailableError: An EncryptedData is left that names its key by a SecurityTokenReference.
            Others are the application's own business.
    """
    envelope = message.envelope
    for element in envelope.root.iter(ENCRYPTED_DATA):
        parent = element.getparent()
        if element.get("Id") in message.foreign:
            continue
        exposed = parent is envelope.body or parent is message.security
        if exposed or element.find(f"{{{DS}}}KeyInfo/{TOKEN_REFERENCE}") is not None:
            raise TokenUnavailableError(
                "An EncryptedData is left that no EncryptedKey for us opens.",
                hint="The peer may have encrypted it for somebody else, or its EncryptedKey was removed.",
            )


def _open_key(message: Incoming, model: EncryptedKeyModel) -> ContentKey | None:
    named = read_key_info(message, model.key_info)
    entry: KeyEntry | None = None
    for certificate in named.certificates:
        entry = entry or message.keys.find_key(certificate)
    if entry is None:
        return None
    try:
        octets = entry.require_decrypter().decrypt(
            model.value,
            scheme=model.transport.scheme,
            digest=model.digest,
            mgf_digest=model.mgf_digest,
            label=model.label,
        )
    except (ValueError, KeyUsageError):
        # A random key takes the same path to the same end: nobody learns that this was the step that failed.
        octets = b""
    return ContentKey(
        element=model.element,
        octets=octets,
        transport=model.transport.name,
        recipient=entry.alias,
    )


def _require_data(message: Incoming, uri: str | None) -> etree._Element:
    element = message.ids.require(same_document_id(uri, what="A DataReference"))
    if element.tag != ENCRYPTED_DATA:
        raise MalformedSecurityError(
            f"A DataReference must lead to an EncryptedData, not to {readable_name(element.tag)}."
        )
    return element


def _find_data(
    message: Incoming, uri: str | None, key_element: etree._Element
) -> EncryptedDataModel:
    """Find what a DataReference of an EncryptedKey leads to."""
    element = _require_data(message, uri)
    model = read_encrypted_data(element)
    named = None if model.key_info is None else _encrypted_key_of(message, model.key_info)
    # A second recipient's EncryptedKey lists what names the first one; two for us are a contradiction.
    twice = message.content_keys.get(named) is not None if named is not None else False
    if named is not key_element and (twice or element in message.replaced_by):
        raise MalformedSecurityError("An EncryptedData names another EncryptedKey.")
    return model


def _encrypted_key_of(message: Incoming, key_info: etree._Element) -> etree._Element:
    children = children_of(key_info, attributes={"Id"})
    inner = list(children[0]) if len(children) == 1 and children[0].tag == TOKEN_REFERENCE else []
    if len(inner) != 1 or inner[0].tag != f"{{{WSSE}}}Reference":
        raise UnsupportedTokenError("An EncryptedData must refer to its EncryptedKey by Id.")
    found = message.ids.require(same_document_id(inner[0].get("URI"), what="A key reference"))
    if found.tag != ENCRYPTED_KEY or found.getparent() is not message.security:
        raise MalformedSecurityError(
            "A key reference must lead to an EncryptedKey of this security header."
        )
    return found


def _decrypt(message: Incoming, model: EncryptedDataModel, key: ContentKey) -> None:
    message.count("EncryptedData", message.limits.max_encrypted_data)
    element = model.element
    parent = element.getparent()
    if parent is None or element in message.replaced_by:
        raise MalformedSecurityError("An EncryptedData is to be decrypted twice.")
    covered = message.is_covered(element)
    # Under another key CBC ciphertext decrypts to something else, so the key must be covered as well.
    if model.cipher.mode == "cbc" and not (covered and message.is_covered(key.element)):
        name = f"{model.cipher.name}, and no signature covers ciphertext and EncryptedKey"
        _check_legacy(message, "cbc", model.cipher.uri, name)
        message.unauthenticated = True
    alone = len(parent) == 1 and not _has_text(parent.text) and not _has_text(element.tail)
    placed = _open(message, model, key, parent, alone=alone)
    message.evidence.append(
        EncryptionEvidence(
            element=element,
            scope=model.scope,
            node=parent if model.scope == "content" else placed[0],
            whole=alone,
            algorithm=model.cipher.name,
            key_transport=key.transport,
            recipient=key.recipient,
            covered=covered,
        )
    )


def _open(
    message: Incoming,
    model: EncryptedDataModel,
    key: ContentKey,
    parent: etree._Element,
    *,
    alone: bool,
) -> list[etree._Element]:
    """Decrypt and put the content in place; whatever goes wrong is one error."""
    octets = key.octets
    if len(octets) != model.cipher.key_bytes:
        octets = os.urandom(model.cipher.key_bytes)
    sealed = decode_base64(model.value)
    in_header = parent.tag == ENCRYPTED_HEADER and parent.getparent() is message.envelope.header
    place = parent if in_header else model.element
    try:
        if in_header and not (alone and model.scope == "element"):
            raise ValueError("not a header block")
        plain = decrypt(sealed, cipher=model.cipher, key=octets)
        placed = message.placement.replace(place, plain, single=model.scope == "element")
        message.forget_ids()
        _check_structure(message)
    except (ValueError, InboundError):
        raise DecryptionError from None
    message.replaced_by[model.element] = message.replaced_by[place] = tuple(placed)
    return placed


def _has_text(text: str | None) -> bool:
    return bool(text and text.strip())


def _check_structure(message: Incoming) -> None:
    """Check again what decryption may have changed: which header is ours."""
    headers = message.envelope.security_headers(message.envelope.actor_of(message.security))
    if len(headers) != 1 or headers[0] is not message.security:
        raise ValueError("another security header")


def _check_legacy(message: Incoming, opt_in: str, uri: str, name: str) -> None:
    if opt_in and opt_in not in message.legacy:
        raise UnsupportedAlgorithmError(
            f"The peer encrypts with {name}, which is legacy.",
            hint=f'Ask for a current one, or add legacy = {{ {opt_in} = "reason" }} to inbound.',
            algorithm=uri,
            opt_in=opt_in,
        )
