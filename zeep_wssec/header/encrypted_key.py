"""Reading ``xenc:EncryptedKey``: opened by our key pair, by key agreement, or by a key that both sides have."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial

from lxml import etree

from zeep_wssec.errors import (
    KeyUsageError,
    MalformedSecurityError,
    UnsupportedAlgorithmError,
    UnsupportedTokenError,
)
from zeep_wssec.header.context import Incoming
from zeep_wssec.header.known_key import (
    encrypted_key_sha1,
    find_encrypted_key,
    find_secret_key,
    read_key_name,
)
from zeep_wssec.header.security_context import SECURITY_CONTEXT_TOKENS, security_context_secret
from zeep_wssec.header.symmetric import SymmetricKey
from zeep_wssec.header.token_reference import TOKEN_REFERENCE, read_key_info
from zeep_wssec.keys.entries import KeyEntry
from zeep_wssec.soap.ids import WSU_ID, same_document_id
from zeep_wssec.soap.namespaces import DS, WSSE, WSSE11
from zeep_wssec.xmlcrypto.agreement import derive_kek
from zeep_wssec.xmlcrypto.algorithms import KeyWrap
from zeep_wssec.xmlcrypto.encrypting import fail_as_unwrapping_does, unwrap_key
from zeep_wssec.xmlcrypto.encryption_model import (
    ENCRYPTED_KEY,
    EncryptedKeyModel,
    read_encrypted_key,
)
from zeep_wssec.xmlcrypto.values import children_of

_KEY_NAME = f"{{{DS}}}KeyName"
_REFERENCE = f"{{{WSSE}}}Reference"
_KEY_IDENTIFIER = f"{{{WSSE}}}KeyIdentifier"
_REFERENCE_ATTRIBUTES = {WSU_ID, "Id", f"{{{WSSE11}}}TokenType", f"{{{WSSE}}}Usage"}
_SUBSTITUTE_BYTES = 32


def open_encrypted_key(message: Incoming, element: etree._Element) -> SymmetricKey | None:
    """Give the key inside an EncryptedKey, opened once a message.

    Whatever fails once a key is used gives a random key: it takes the same path to the same end.

    Args:
        message: The message.
        element: In the security header, or inside the KeyInfo that it is for.

    Returns:
        ``None``: it is for somebody else.

    Raises:
        MalformedSecurityError: A structure outside the allow-list, or too many of them.
        UnsupportedAlgorithmError: An algorithm outside the tables, or legacy without its opt-in.

    Spec: WSS SOAP Message Security 1.1.1, section 9.4.3, Decryption; XML Encryption 1.1, section 4.4.
    """
    if element in message.content_keys:
        return message.content_keys[element]
    if element in message.opening:
        raise MalformedSecurityError("An EncryptedKey is wrapped under itself.")
    message.count("EncryptedKey", message.limits.max_encrypted_keys)
    model = read_encrypted_key(element, max_references=message.limits.max_encrypted_data)
    check_legacy(message, model.method.legacy, model.method.uri, model.method.name)
    message.opening.add(element)
    message.key_references[element] = model.references
    if model.wrap is None or model.agreement is not None:
        key = _open_as_recipient(message, model)
    else:
        key = _unwrap(message, model, model.wrap)
    message.content_keys[element] = key
    if key is None:
        message.foreign.update(uri.removeprefix("#") for uri in model.references if uri)
    else:
        message.received_keys[encrypted_key_sha1(model.value)] = key
    return key


def recipient_in_words(message: Incoming, element: etree._Element) -> str:
    """Say whom an EncryptedKey that was read is for, as the message names it."""
    model = read_encrypted_key(element, max_references=message.limits.max_encrypted_data)
    if model.wrap is None or model.agreement is not None:
        return read_key_info(message, model.key_info).text
    name = model.key_info.find(_KEY_NAME)
    if name is None:
        return "a shared key"
    return f"a shared key named {message.shown(name, repr((name.text or '')[:200]))}"


def check_legacy(message: Incoming, opt_in: str, uri: str, name: str) -> None:
    """Refuse what is legacy and has no opt-in.

    Args:
        message: The message, for the opt-ins.
        opt_in: Which one is needed; empty for none.
        uri: Of the algorithm.
        name: What the peer encrypts with, for the error.

    Raises:
        UnsupportedAlgorithmError: The opt-in was not given.
    """
    if opt_in and opt_in not in message.legacy:
        raise UnsupportedAlgorithmError(
            f"The peer encrypts with {name}, which is legacy.",
            hint=f'Ask for a current one, or add legacy = {{ {opt_in} = "reason" }} to inbound.',
            algorithm=uri,
            opt_in=opt_in,
        )


def _open_as_recipient(message: Incoming, model: EncryptedKeyModel) -> SymmetricKey | None:
    named = read_key_info(message, model.key_info)
    entry: KeyEntry | None = None
    for certificate in named.certificates:
        entry = entry or message.keys.find_key(certificate)
    if entry is None:
        return None
    octets = _opened_or_random(partial(_private_key_octets, entry, model))
    agreement = model.agreement
    return SymmetricKey(
        octets=octets,
        text=f"a key that came encrypted for {entry.alias!r}",
        elements=(model.element,),
        recipient=entry.alias,
        transport=model.method.name
        if agreement is None
        else f"{agreement.agreement.name}+{agreement.derivation.method.name}",
    )


def _opened_or_random(opening: Callable[[], bytes]) -> bytes:
    """Give what ``opening`` gives, or random octets if it fails, after the same time.

    The random ones are made in any case, and a success raises and is caught as well: raising alone takes
    long enough to be seen among many attempts.
    """
    octets = os.urandom(_SUBSTITUTE_BYTES)
    try:
        octets = opening()
        fail_as_unwrapping_does()
    except (ValueError, KeyUsageError):
        pass
    return octets


def _private_key_octets(entry: KeyEntry, model: EncryptedKeyModel) -> bytes:
    if model.transport is not None:
        return entry.require_decrypter().decrypt(
            model.value,
            scheme=model.transport.scheme,
            digest=model.digest,
            mgf_digest=model.mgf_digest,
            label=model.label,
        )
    if model.wrap is None or model.agreement is None:
        raise ValueError("an EncryptedKey has a key transport or a key agreement")
    kek = derive_kek(model.agreement, wrap=model.wrap, agree=entry.require_agreement().agree)
    return unwrap_key(model.value, wrap=model.wrap, kek=kek)


def _unwrap(message: Incoming, model: EncryptedKeyModel, wrap: KeyWrap) -> SymmetricKey | None:
    under = _wrapping_key(message, model.key_info)
    if under is None:
        return None
    octets = _opened_or_random(partial(unwrap_key, model.value, wrap=wrap, kek=under.octets))
    return SymmetricKey(
        octets=octets,
        text=f"a key wrapped under {under.text}",
        known_to=under.known_to,
        elements=(model.element, *under.elements),
        recipient=under.recipient,
        transport=wrap.name,
    )


def _wrapping_key(message: Incoming, key_info: etree._Element) -> SymmetricKey | None:
    """Find the key that another one is wrapped under; ``None``: we do not have it.

    Raises:
        UnsupportedTokenError: It is named in a way that names no first key.
    """
    children = children_of(key_info, attributes={"Id"})
    if len(children) == 1 and children[0].tag == _KEY_NAME:
        return find_secret_key(message, read_key_name(children[0]))
    inner: list[etree._Element] = []
    if len(children) == 1 and children[0].tag == TOKEN_REFERENCE:
        inner = children_of(children[0], attributes=_REFERENCE_ATTRIBUTES)
    if len(inner) == 1 and inner[0].tag == _KEY_IDENTIFIER:
        return find_encrypted_key(message, inner[0])
    if len(inner) != 1 or inner[0].tag != _REFERENCE:
        raise UnsupportedTokenError("An EncryptedKey does not say which key it is wrapped under.")
    token = message.ids.require(same_document_id(inner[0].get("URI"), what="A key reference"))
    if token.getparent() is message.security:
        if token.tag == ENCRYPTED_KEY:
            return open_encrypted_key(message, token)
        if token.tag in SECURITY_CONTEXT_TOKENS:
            return security_context_secret(message, token)
    raise UnsupportedTokenError(
        "An EncryptedKey must be wrapped under a key that the security header holds or names."
    )
