"""Symmetric keys of a message: those that our steps make, and those that a message refers to."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from dataclasses import dataclass, field
from difflib import get_close_matches
from html import escape
from typing import TYPE_CHECKING

from lxml import etree

from zeep_wssec.errors import KeyUsageError, OutboundError
from zeep_wssec.exchange import Holder
from zeep_wssec.keys.secrets import HiddenBytes
from zeep_wssec.soap.namespaces import BASE64_BINARY, DS, MESSAGE_SECURITY_11, WSSE, WSSE11, WSU
from zeep_wssec.xmlcrypto.algorithms import DATA_CIPHERS_BY_NAME, KEY_WRAPS_BY_NAME

if TYPE_CHECKING:
    from zeep_wssec.header.context import Outgoing

ENCRYPTED_KEY_TOKEN = MESSAGE_SECURITY_11 + "EncryptedKey"
ENCRYPTED_KEY_SHA1 = MESSAGE_SECURITY_11 + "EncryptedKeySHA1"


@dataclass(frozen=True, eq=False, kw_only=True)
class MadeKey:
    """A key that a step of ours has made, for later steps; or a secret of the keystore."""

    name: str
    """What later steps call it."""
    octets: bytes = field(repr=False)
    element: etree._Element | None = None
    """The token in the header that stands for it; ``None``: it is in no message (a secret)."""
    value_type: str | None = None
    """``ValueType`` of a ``wsse:Reference`` to the element."""
    token_type: str | None = None
    """``wsse11:TokenType`` of a SecurityTokenReference to it."""
    sha1: bytes | None = field(default=None, repr=False)
    """SHA-1 of the encrypted key: its EncryptedKeySHA1."""
    key_name: str | None = None
    """``ds:KeyName`` of a secret."""
    recipients: tuple[str, ...] = ()
    """Aliases of those who can open it, or who have it."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "octets", HiddenBytes(self.octets))


@dataclass(frozen=True, eq=False, kw_only=True)
class SymmetricKey:
    """A key that a message refers to."""

    octets: bytes = field(repr=False)
    """May be random where decryption failed: what it verifies or opens will tell."""
    text: str
    """In words, for reports and errors."""
    form: str = "binary_token"
    """How the message names it: one of the key references of ``settings``."""
    known_to: tuple[Holder, ...] = ()
    """Who shares it with us; empty: anybody may have made it."""
    elements: tuple[etree._Element, ...] = ()
    """The elements of this message that it is made from, such as a DerivedKeyToken and its EncryptedKey."""
    recipient: str = ""
    """Alias of our key that opened it, or of the secret."""
    transport: str = ""
    """How it came: the key transport, key wrap or agreement; empty where nothing was sent."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "octets", HiddenBytes(self.octets))


def made_key(message: Outgoing, name: str) -> MadeKey | None:
    """Give the key that steps call ``name``, or ``None`` when it is none of this kind.

    First those that earlier steps made, then ``"request"``: the key that the answered request carried, then
    the secrets of the keystore.
    """
    if name in message.message_keys:
        return message.message_keys[name]
    if name == "request" and message.answers is not None:
        if not message.answers.session_keys:
            raise OutboundError(
                "The request carried no key that a trusted signature was made with or covers.",
                hint="Encrypt the answer to a partner, or demand that requests sign with their key.",
            )
        first = message.answers.session_keys[0]
        names = tuple(holder.name for holder in first.known_to)
        return MadeKey(name=name, octets=first.octets, sha1=first.sha1, recipients=names)
    if name in message.keys.secrets:
        secret = message.keys.secrets[name]
        return MadeKey(
            name=name,
            octets=secret.octets,
            key_name=secret.message_name,
            recipients=(secret.alias,),
        )
    return None


def no_request_key() -> OutboundError:
    """Give the error for a message that wants the key of a request and answers none."""
    return OutboundError(
        "'request' is the key of the request that an answer answers; this message answers nothing.",
        hint="In an answer, pass what the request proved: profile.secure(answer, answers=checked).",
    )


def other_keys_hint(name: str | None, *, made: Iterable[str], secrets: Iterable[str]) -> str:
    """Say which keys besides key pairs a step could name, the nearest one first."""
    made, secrets = tuple(made), tuple(secrets)
    close = get_close_matches(name or "", [*made, *secrets], n=1)
    meant = f"Did you mean {close[0]!r}? " if close else ""
    listed = ", ".join(map(repr, made)) or "none"
    return (
        f"{meant}Keys of steps in front of this one: {listed}; "
        f"secrets: {', '.join(map(repr, secrets)) or 'none'}."
    )


def length_hint(held: int, needed: int, *, wrapped: bool = False) -> str:
    """Say what to do about a secret of ``held`` octets where ``needed`` are taken."""
    cipher, wrap = f"aes{held * 8}-gcm", f"kw-aes{held * 8}"
    ways = [f"give a secret of {needed} octets"]
    if cipher in DATA_CIPHERS_BY_NAME and not wrapped:
        ways.append(f'set algorithm = "{cipher}"')
    if wrap in KEY_WRAPS_BY_NAME:
        ways.append(f'set {"" if wrapped else "wrapped = true and "}key_wrap = "{wrap}"')
    text = " or ".join(ways)
    return f"{text[0].upper()}{text[1:]}."


def reference_xml(
    message: Outgoing, key: MadeKey, *, by_sha1: bool = False, reference_id: str | None = None
) -> str:
    """Give the ``wsse:SecurityTokenReference`` to a key.

    Args:
        message: The message, for the Id of the token.
        key: What is referred to.
        by_sha1: Whether to name an encrypted key by its SHA-1 even if it is in this message.
        reference_id: Id of the reference, if something will refer to it.

    Raises:
        KeyUsageError: No reference can name the key so.

    Spec: WSS SOAP Message Security 1.1.1, sections 7.2, Direct References, and 7.3, Key Identifiers.
    """
    mark = f' xmlns:wsu="{WSU}" wsu:Id="{reference_id}"' if reference_id is not None else ""
    token_type = key.token_type
    if by_sha1 or key.element is None:
        if key.sha1 is None:
            raise KeyUsageError(
                f"The key {key.name!r} came in no EncryptedKey and has no EncryptedKeySHA1.",
                reason="wrong_usage",
            )
        token_type = ENCRYPTED_KEY_TOKEN
        inner = (
            f'<wsse:KeyIdentifier EncodingType="{BASE64_BINARY}" ValueType="{ENCRYPTED_KEY_SHA1}">'
            f"{base64.b64encode(key.sha1).decode()}</wsse:KeyIdentifier>"
        )
    else:
        kind = f' ValueType="{key.value_type}"' if key.value_type else ""
        inner = f'<wsse:Reference URI="#{message.ensure_id(key.element, "KEY")}"{kind}/>'
    typed = f' xmlns:wsse11="{WSSE11}" wsse11:TokenType="{token_type}"' if token_type else ""
    return (
        f'<wsse:SecurityTokenReference xmlns:wsse="{WSSE}"{mark}{typed}>{inner}'
        "</wsse:SecurityTokenReference>"
    )


def symmetric_key_info(
    message: Outgoing,
    key: MadeKey,
    reference: str = "binary_token",
    *,
    reference_id: str | None = None,
) -> str:
    """Give the ``ds:KeyInfo`` that names a symmetric key.

    Args:
        message: The message.
        key: What is named.
        reference: ``"binary_token"``: as fits the key; ``"encrypted_key_sha1"``, ``"key_name"``.
        reference_id: Id of the SecurityTokenReference, if something will refer to it.

    Raises:
        KeyUsageError: The key cannot be named so.
    """
    by_name = key.key_name is not None and key.element is None
    if reference == "key_name" and not by_name:
        known = ", ".join(repr(item.message_name) for item in message.keys.secrets.values())
        raise KeyUsageError(
            f"The key {key.name!r} has no KeyName.",
            hint="Leave key_reference out; only a secret of the keystore has one, and those that "
            f"there are have {known or 'none'}.",
            reason="wrong_usage",
        )
    if by_name and reference != "encrypted_key_sha1":
        inner = f"<ds:KeyName>{escape(key.key_name or '', quote=False)}</ds:KeyName>"
    else:
        by_sha1 = reference == "encrypted_key_sha1"
        inner = reference_xml(message, key, by_sha1=by_sha1, reference_id=reference_id)
    return f'<ds:KeyInfo xmlns:ds="{DS}">{inner}</ds:KeyInfo>'
