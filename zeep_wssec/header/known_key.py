"""Symmetric keys that a message names and does not carry where it names them: secrets, and keys that came before."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from lxml import etree

from zeep_wssec.errors import MalformedSecurityError, UnsupportedTokenError
from zeep_wssec.exchange import Holder
from zeep_wssec.header.context import Incoming
from zeep_wssec.header.symmetric import ENCRYPTED_KEY_SHA1, SymmetricKey
from zeep_wssec.soap.namespaces import BASE64_BINARY
from zeep_wssec.xmlcrypto.values import decode_base64, text_of

_MAX_NAME = 1000


def encrypted_key_sha1(sealed: bytes) -> bytes:
    """Give the EncryptedKeySHA1 of a key, which is the digest of its encrypted octets.

    Spec: WSS SOAP Message Security 1.1.1, section 7.7, Encrypted Key reference.
    """
    # The profile fixes SHA-1 here: it names a key and proves nothing.
    return hashlib.sha1(sealed, usedforsecurity=False).digest()


def read_key_name(element: etree._Element) -> str:
    """Give the text of a ``ds:KeyName``.

    Raises:
        MalformedSecurityError: An attribute, a child, or a text that is empty or too long.
    """
    name = text_of(element)
    if element.keys() or not 0 < len(name) <= _MAX_NAME:
        raise MalformedSecurityError("A KeyName must hold a short text.")
    return name


def find_secret_key(message: Incoming, name: str) -> SymmetricKey | None:
    """Find the secret of the keystore that messages call ``name``."""
    secret = message.keys.find_secret(key_name=name)
    if secret is None:
        return None
    return SymmetricKey(
        octets=secret.octets,
        text=f"the secret {secret.alias!r}",
        form="key_name",
        known_to=(Holder("secret", secret.alias),),
        recipient=secret.alias,
    )


def find_encrypted_key(message: Incoming, identifier: etree._Element) -> SymmetricKey | None:
    """Find the key that a KeyIdentifier names by EncryptedKeySHA1: of this message, or of its request.

    Raises:
        UnsupportedTokenError: A KeyIdentifier of another kind.

    Spec: WSS SOAP Message Security 1.1.1, section 7.7, Encrypted Key reference.
    """
    if identifier.get("ValueType") != ENCRYPTED_KEY_SHA1:
        raise UnsupportedTokenError("A KeyIdentifier of this ValueType names no symmetric key.")
    if identifier.get("EncodingType") not in (None, BASE64_BINARY):
        raise UnsupportedTokenError("A KeyIdentifier must say that it is Base64Binary.")
    value = decode_base64(identifier)
    here = message.received_keys.get(value)
    if here is not None:
        return replace(here, form="encrypted_key_sha1")
    for secret in message.session_keys:
        if secret.sha1 == value:
            shared = " and ".join(repr(holder.name) for holder in secret.known_to) or "somebody"
            return SymmetricKey(
                octets=secret.octets,
                text=f"the session key of the request, shared with {shared}",
                form="encrypted_key_sha1",
                known_to=secret.known_to,
                recipient="request",
            )
    return None
