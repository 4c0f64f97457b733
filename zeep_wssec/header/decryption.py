"""Reading ``xenc:EncryptedKey`` and ``xenc:EncryptedData``: one text and one path for every failure."""

from __future__ import annotations

import hmac
import os

from lxml import etree

from zeep_wssec.errors import (
    DecryptionError,
    InboundError,
    MalformedSecurityError,
    TokenUnavailableError,
    UnsupportedTokenError,
)
from zeep_wssec.header.context import Incoming
from zeep_wssec.header.encrypted_key import check_legacy, open_encrypted_key, recipient_in_words
from zeep_wssec.header.encryption import ENCRYPTED_HEADER
from zeep_wssec.header.evidence import EncryptionEvidence
from zeep_wssec.header.symmetric import SymmetricKey
from zeep_wssec.header.symmetric_reference import read_symmetric_key
from zeep_wssec.header.token_reference import TOKEN_REFERENCE
from zeep_wssec.soap.ids import same_document_id
from zeep_wssec.soap.namespaces import DS, readable_name
from zeep_wssec.xmlcrypto.encrypting import decrypt
from zeep_wssec.xmlcrypto.encryption_model import (
    ENCRYPTED_DATA,
    EncryptedDataModel,
    read_encrypted_data,
    read_reference_list,
)
from zeep_wssec.xmlcrypto.values import decode_base64


def read_encrypted_key_element(message: Incoming, element: etree._Element) -> None:
    """Open one EncryptedKey and decrypt everything in its ReferenceList.

    An EncryptedKey for somebody else is passed over; if nobody opens what it holds, requirements say so.

    Raises:
        MalformedSecurityError: A structure outside the allow-list, or too many of them.
        UnsupportedAlgorithmError: An algorithm outside the tables, or legacy without its opt-in.
        DecryptionError: Whatever goes wrong from there on.

    Spec: WSS SOAP Message Security 1.1.1, section 9.4.3, Decryption; XML Encryption 1.1, section 4.4.
    """
    key = open_encrypted_key(message, element)
    if key is None:
        return
    # All references first: the Ids are searched once, in the tree as it was sent.
    found = [_listed_by_key(message, item, key) for item in _listed(message, element, key)]
    for model, its_key in found:
        _decrypt(message, model, its_key)


def read_reference_list_element(message: Incoming, element: etree._Element) -> None:
    """Decrypt everything in a ReferenceList that stands in the header by itself.

    Raises:
        InboundError: As for an EncryptedKey; TokenUnavailableError for a key that nothing here has.

    Spec: WSS SOAP Message Security 1.1.1, section 9.1, xenc:ReferenceList.
    """
    uris = read_reference_list(element, max_references=message.limits.max_encrypted_data)
    found: list[tuple[EncryptedDataModel, SymmetricKey | None]] = []
    for uri in uris:
        name = same_document_id(uri, what="A DataReference")
        if message.opened_alone.pop(name, None) is None:
            model = read_encrypted_data(_require_data(message, name))
            found.append((model, _require_named_key(message, model)))
    for model, key in found:
        if key is not None:
            _decrypt(message, model, key)


def read_encrypted_data_element(message: Incoming, element: etree._Element) -> None:
    """Decrypt one EncryptedData of the header that says itself which key opens it.

    Raises:
        InboundError: As for a ReferenceList.
    """
    model = read_encrypted_data(element)
    key = _require_named_key(message, model)
    if key is None:
        return
    if model.id is not None:
        message.opened_alone[model.id] = key
    _decrypt(message, model, key)


def check_all_opened(message: Incoming) -> None:
    """Refuse a message whose every EncryptedKey is for somebody else.

    Raises:
        TokenUnavailableError: With the names that the message gives for its recipients.
    """
    keys = message.content_keys
    if keys and not message.encryptions and all(key is None for key in keys.values()):
        named = [recipient_in_words(message, item) for item in keys]
        ours = ", ".join(repr(alias) for alias in message.keys.keys) or "none"
        if message.keys.secrets:
            ours += f"; secrets: {', '.join(repr(alias) for alias in message.keys.secrets)}"
        raise TokenUnavailableError(
            f"The message is encrypted for {'; '.join(named)}; no key of the keystore fits.",
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


def _listed(message: Incoming, element: etree._Element, key: SymmetricKey) -> list[etree._Element]:
    """Give what the ReferenceList of an EncryptedKey leads to, without what was opened before."""
    found = []
    for uri in message.key_references[element]:
        name = same_document_id(uri, what="A DataReference")
        before = message.opened_alone.pop(name, None)
        if before is not None and element not in before.elements:
            raise _contradiction()
        if name in message.opened:
            # The key of another recipient who is us, too.
            _check_same(message.opened[name], key)
        elif before is None:
            found.append(_require_data(message, name))
    return found


def _listed_by_key(
    message: Incoming, element: etree._Element, key: SymmetricKey
) -> tuple[EncryptedDataModel, SymmetricKey]:
    """Give what an EncryptedKey lists, with the key that opens it.

    A second recipient's EncryptedKey lists what names the first one, which is for somebody else.
    """
    model = read_encrypted_data(element)
    named = None if model.key_info is None else read_symmetric_key(message, model.key_info)
    if named is not None and key.elements[0] not in named.elements:
        _check_same(named, key)
    return model, named or key


def _check_same(one: SymmetricKey, other: SymmetricKey) -> None:
    """Refuse two keys for one EncryptedData; which of them is wrong is nobody's business."""
    if not hmac.compare_digest(one.octets, other.octets):
        raise DecryptionError


def _require_named_key(message: Incoming, model: EncryptedDataModel) -> SymmetricKey | None:
    """Give the key that an EncryptedData names, ``None`` for one in an EncryptedKey for somebody else."""
    if model.key_info is None:
        raise UnsupportedTokenError("An EncryptedData does not say which key opens it.")
    key = read_symmetric_key(message, model.key_info)
    if key is None and model.id is not None:
        message.foreign.add(model.id)
    return key


def _require_data(message: Incoming, name: str) -> etree._Element:
    element = message.ids.require(name)
    if element.tag != ENCRYPTED_DATA:
        raise MalformedSecurityError(
            f"A DataReference must lead to an EncryptedData, not to {readable_name(element.tag)}."
        )
    return element


def _contradiction() -> MalformedSecurityError:
    return MalformedSecurityError("An EncryptedData names another key than the one that lists it.")


def _decrypt(message: Incoming, model: EncryptedDataModel, key: SymmetricKey) -> None:
    message.count("EncryptedData", message.limits.max_encrypted_data)
    element = model.element
    parent = element.getparent()
    if parent is None or element in message.replaced_by:
        raise MalformedSecurityError("An EncryptedData is to be decrypted twice.")
    check_legacy(message, model.cipher.legacy, model.cipher.uri, model.cipher.name)
    # Anybody can sign what was captured, with a key that is nobody's: that is no cover.
    covered = message.is_covered(element, named=True)
    # Under another key CBC ciphertext decrypts to something else, so all that the key comes from must be
    # covered as well; a key that both sides had before is none that a stranger can put in its place.
    whole = covered and all(message.is_covered(item, named=True) for item in key.elements)
    if model.cipher.mode == "cbc" and not whole:
        name = f"{model.cipher.name}, and no signature covers ciphertext and key"
        check_legacy(message, "cbc", model.cipher.uri, name)
        message.unauthenticated = True
    if model.id is not None:
        message.opened[model.id] = key
    alone = len(parent) == 1 and not _has_text(parent.text) and not _has_text(element.tail)
    placed = _open(message, model, key, parent, alone=alone)
    message.prove(
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
    key: SymmetricKey,
    parent: etree._Element,
    *,
    alone: bool,
) -> list[etree._Element]:
    """Decrypt and put the content in place; whatever goes wrong is one error."""
    # Made in any case: that it is needed takes no time of its own.
    substitute = os.urandom(model.cipher.key_bytes)
    octets = key.octets if len(key.octets) == model.cipher.key_bytes else substitute
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
    for old in (model.element, place):
        message.note_replaced(old, placed)
    return placed


def _has_text(text: str | None) -> bool:
    return bool(text and text.strip())


def _check_structure(message: Incoming) -> None:
    """Check again what decryption may have changed: which header is ours."""
    headers = message.envelope.security_headers(message.envelope.actor_of(message.security))
    if len(headers) != 1 or headers[0] is not message.security:
        raise ValueError("another security header")
