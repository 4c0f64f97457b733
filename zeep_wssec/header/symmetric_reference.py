"""How a message names a symmetric key: by Id, EncryptedKeySHA1, KeyName, or with the key itself inside."""

from __future__ import annotations

from lxml import etree

from zeep_wssec.errors import MalformedSecurityError, TokenUnavailableError, UnsupportedTokenError
from zeep_wssec.header.context import Incoming
from zeep_wssec.header.derived_key import DERIVED_KEY_TOKENS, read_derivation
from zeep_wssec.header.encrypted_key import open_encrypted_key
from zeep_wssec.header.known_key import find_encrypted_key, find_secret_key, read_key_name
from zeep_wssec.header.security_context import SECURITY_CONTEXT_TOKENS, security_context_secret
from zeep_wssec.header.symmetric import ENCRYPTED_KEY_TOKEN, SymmetricKey
from zeep_wssec.header.username_token import USERNAME_TOKEN, username_token_secret
from zeep_wssec.header.username_token import VALUE_TYPE as USERNAME_TOKEN_TYPE
from zeep_wssec.soap.ids import WSU_ID, same_document_id
from zeep_wssec.soap.namespaces import DS, WSSE, WSSE11, readable_name
from zeep_wssec.xmlcrypto.encryption_model import ENCRYPTED_KEY
from zeep_wssec.xmlcrypto.values import children_of

_TOKEN_REFERENCE = f"{{{WSSE}}}SecurityTokenReference"
_REFERENCE = f"{{{WSSE}}}Reference"
_KEY_IDENTIFIER = f"{{{WSSE}}}KeyIdentifier"
_KEY_NAME = f"{{{DS}}}KeyName"
_TOKEN_TYPE = f"{{{WSSE11}}}TokenType"
_REFERENCE_ATTRIBUTES = {WSU_ID, "Id", _TOKEN_TYPE, f"{{{WSSE}}}Usage"}
_VALUE_TYPES = {
    ENCRYPTED_KEY: ENCRYPTED_KEY_TOKEN,
    USERNAME_TOKEN: USERNAME_TOKEN_TYPE,
    **{tag: f"{tag[1:].partition('}')[0]}/dk" for tag in DERIVED_KEY_TOKENS},
    **{tag: f"{tag[1:].partition('}')[0]}/sct" for tag in SECURITY_CONTEXT_TOKENS},
}
"""ValueType of a reference to each token."""


def read_symmetric_key(message: Incoming, key_info: etree._Element) -> SymmetricKey | None:
    """Find the symmetric key that a ``ds:KeyInfo`` names.

    Returns:
        ``None``: the key is in an EncryptedKey for somebody else.

    Raises:
        MalformedSecurityError: More or less than one child, or a broken one.
        TokenUnavailableError: A name or identifier that nothing here has.
        UnsupportedTokenError: A form that names no symmetric key.

    Spec: WSS SOAP Message Security 1.1.1, section 7; BSP 1.1 R5424, R5426.
    """
    children = children_of(key_info, attributes={"Id", WSU_ID})
    if len(children) != 1:
        raise MalformedSecurityError("A KeyInfo must hold one element.")
    child = children[0]
    if child.tag == _KEY_NAME:
        return _read_key_name(message, child)
    if child.tag == ENCRYPTED_KEY:
        return open_encrypted_key(message, child)
    if child.tag == _TOKEN_REFERENCE:
        return read_symmetric_reference(message, child)
    raise UnsupportedTokenError(
        f"A KeyInfo with {readable_name(child.tag)} names no symmetric key.", element=str(child.tag)
    )


def read_symmetric_reference(
    message: Incoming, reference: etree._Element, *, derived: bool = False
) -> SymmetricKey | None:
    """Find the symmetric key that a ``wsse:SecurityTokenReference`` names.

    Args:
        message: The message.
        reference: The reference.
        derived: Whether it is the reference of a DerivedKeyToken, which must lead to a first key.

    Raises:
        InboundError: As for a KeyInfo.
    """
    inner = children_of(reference, attributes=_REFERENCE_ATTRIBUTES)
    if len(inner) != 1:
        raise MalformedSecurityError("A SecurityTokenReference must hold one reference.")
    if inner[0].tag == _KEY_IDENTIFIER:
        return _read_identifier(message, inner[0])
    if inner[0].tag != _REFERENCE:
        raise UnsupportedTokenError(
            f"A SecurityTokenReference with {readable_name(inner[0].tag)} names no symmetric key.",
            element=str(inner[0].tag),
        )
    name = same_document_id(inner[0].get("URI"), what="A key reference")
    token = message.ids.require(name)
    fitting = _VALUE_TYPES.get(str(token.tag))
    said = (inner[0].get("ValueType"), reference.get(_TOKEN_TYPE))
    if fitting is not None and any(kind not in (None, fitting) for kind in said):
        raise UnsupportedTokenError(
            "A key reference has a ValueType or TokenType that does not fit its token."
        )
    return _read_token(message, token, derived=derived)


def _read_token(message: Incoming, token: etree._Element, *, derived: bool) -> SymmetricKey | None:
    if token.getparent() is not message.security:
        raise MalformedSecurityError(
            f"A key reference must lead to a token of this security header, not to "
            f"{readable_name(token.tag)} elsewhere."
        )
    if token in message.symmetric_keys:
        return message.symmetric_keys[token]
    found: SymmetricKey | None
    if token.tag == ENCRYPTED_KEY:
        return open_encrypted_key(message, token)
    if token.tag == USERNAME_TOKEN:
        found = username_token_secret(message, token)
    elif token.tag in SECURITY_CONTEXT_TOKENS:
        found = security_context_secret(message, token)
    elif token.tag in DERIVED_KEY_TOKENS and not derived:
        found = _derive(message, token)
    else:
        raise MalformedSecurityError(
            f"A key reference must not lead to {readable_name(token.tag)} here."
        )
    message.symmetric_keys[token] = found
    return found


def _derive(message: Incoming, token: etree._Element) -> SymmetricKey | None:
    message.count("DerivedKeyToken", message.limits.max_derived_keys)
    derivation = read_derivation(token)
    base = read_symmetric_reference(message, derivation.reference, derived=True)
    if base is None:
        return None
    return SymmetricKey(
        octets=derivation.of(base.octets),
        text=f"a key derived from {base.text}",
        form=base.form,
        known_to=base.known_to,
        elements=(token, *base.elements),
        recipient=base.recipient,
        transport=base.transport,
    )


def read_derived_key_token(message: Incoming, element: etree._Element) -> None:
    """Check the shape of a DerivedKeyToken; its key is derived when something names it.

    Raises:
        InboundError: As for a KeyInfo.
    """
    read_derivation(element)


def _read_key_name(message: Incoming, element: etree._Element) -> SymmetricKey:
    name = read_key_name(element)
    key = find_secret_key(message, name)
    if key is None:
        raise TokenUnavailableError(
            f"The message names a key {message.shown(element, repr(name[:200]))}; the keystore has no "
            "such secret.",
            hint="Add it with Keystore.with_secret, or a [[keystore]] table with secret_key. "
            f"Known KeyNames: {_known_names(message)}.",
        )
    return key


def _known_names(message: Incoming) -> str:
    return ", ".join(repr(item.message_name) for item in message.keys.secrets.values()) or "none"


def _read_identifier(message: Incoming, element: etree._Element) -> SymmetricKey:
    key = find_encrypted_key(message, element)
    if key is None:
        raise TokenUnavailableError(
            "The message uses an encrypted key that is neither in it nor in the request that it answers.",
            hint="Check it against its request: request=….",
        )
    return key
