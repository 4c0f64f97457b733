"""``wsse:UsernameToken``: who somebody is, with a password, its digest, a key made from it, or neither."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from lxml import etree

from zeep_wssec.errors import (
    InvalidTokenError,
    MalformedSecurityError,
    MessageExpiredError,
    OutboundError,
)
from zeep_wssec.exchange import Holder
from zeep_wssec.header.context import Incoming, Outgoing
from zeep_wssec.header.evidence import UsernameTokenEvidence
from zeep_wssec.header.symmetric import MadeKey, SymmetricKey
from zeep_wssec.header.timestamp import CREATED, check_fresh, format_time, parse_time
from zeep_wssec.keys.secrets import Secret
from zeep_wssec.replay import nonce_key
from zeep_wssec.settings import UsernameToken
from zeep_wssec.settings.tokens import MAX_ITERATIONS
from zeep_wssec.soap.ids import WSU_ID, fresh_id
from zeep_wssec.soap.namespaces import BASE64_BINARY, USERNAME_PROFILE, WSSE, WSSE11, WSU
from zeep_wssec.xmlcrypto.derivation import username_token_key
from zeep_wssec.xmlcrypto.values import decode_base64

USERNAME_TOKEN = f"{{{WSSE}}}UsernameToken"
VALUE_TYPE = USERNAME_PROFILE + "UsernameToken"
_USERNAME = f"{{{WSSE}}}Username"
_PASSWORD = f"{{{WSSE}}}Password"
_NONCE = f"{{{WSSE}}}Nonce"
_SALT = f"{{{WSSE11}}}Salt"
_ITERATION = f"{{{WSSE11}}}Iteration"
_CHILDREN = frozenset({_USERNAME, _PASSWORD, _NONCE, CREATED, _SALT, _ITERATION})
_SALT_OCTETS = 16
_FIRST_OCTET = {"mac": b"\x01", "encryption": b"\x02"}
_MIN_ITERATIONS = 1000
_NONCE_SECONDS = 300
"""Oldest token with a Nonce where the profile sets no age: five minutes, as the specification advises."""
_LONGEST_SECONDS = 10**9
"""Some thirty years: what a date still takes."""
_MAX_DERIVED = 4
"""UsernameTokens of one message whose keys are derived: each costs up to 100,000 digests."""
_UNKNOWN = Secret.of(secrets.token_bytes(16))
"""What an unknown user's password is compared with, so that it takes as long as a known one's."""
_TYPES: dict[str, Literal["digest", "text"]] = {
    USERNAME_PROFILE + "PasswordDigest": "digest",
    USERNAME_PROFILE + "PasswordText": "text",
}


def write_username_token(message: Outgoing, step: UsernameToken) -> None:
    """Write a UsernameToken with a nonce and a time of its own.

    Raises:
        OutboundError: The name or password holds a character that XML cannot carry.

    Spec: WSS UsernameToken Profile 1.1.1, section 3.1; BSP 1.1 R4201, R4220, R4221.
    """
    digest = step.password_type == "digest"
    nonce = secrets.token_bytes(16) if (digest if step.nonce is None else step.nonce) else None
    now = message.now + timedelta(seconds=step.clock_offset_seconds)
    created = (
        format_time(now, step.precision, step.offset)
        if (digest if step.created is None else step.created)
        else None
    )
    token = etree.fromstring(
        f'<wsse:UsernameToken xmlns:wsse="{WSSE}" xmlns:wsu="{WSU}" wsu:Id="{fresh_id("UT")}"/>'
    )
    try:
        etree.SubElement(token, _USERNAME).text = step.username
        if step.password_type != "none":
            password = etree.SubElement(token, _PASSWORD)
            if step.typed:
                kind = "PasswordDigest" if digest else "PasswordText"
                password.set("Type", USERNAME_PROFILE + kind)
            password.text = _password_text(step, nonce, created)
    except ValueError:
        raise OutboundError(
            "The user name or password holds a character that XML cannot carry."
        ) from None
    if step.derive_for != "none":
        _derive(message, step, token)
    if nonce is not None:
        child = etree.SubElement(token, _NONCE)
        child.set("EncodingType", BASE64_BINARY)
        child.text = base64.b64encode(nonce).decode()
    if created is not None:
        etree.SubElement(token, CREATED).text = created
    message.prepend(token)


def _derive(message: Outgoing, step: UsernameToken, token: etree._Element) -> None:
    """Write how the key is derived, and have it ready for later steps.

    Spec: WSS UsernameToken Profile 1.1.1, section 4, Key Derivation; BSP 1.1 R4217, R4218.
    """
    salt = _FIRST_OCTET[step.derive_for] + secrets.token_bytes(_SALT_OCTETS - 1)
    child = etree.SubElement(token, _SALT, nsmap={"wsse11": WSSE11})
    child.text = base64.b64encode(salt).decode()
    child = etree.SubElement(token, _ITERATION, nsmap={"wsse11": WSSE11})
    child.text = str(step.iterations)
    message.message_keys[step.name] = MadeKey(
        name=step.name,
        octets=username_token_key(_password_of(step), salt, step.iterations),
        element=token,
        value_type=VALUE_TYPE,
        recipients=(step.username,),
    )


def _password_of(step: UsernameToken) -> bytes:
    secret = step.password
    return secret.reveal() if isinstance(secret, Secret) else Secret.of(secret or "").reveal()


def _password_text(step: UsernameToken, nonce: bytes | None, created: str | None) -> str:
    password = _password_of(step)
    if step.password_type == "text":
        return password.decode()
    if step.password_hash == "sha1":
        # What some travel systems keep in place of the password; the octets, not their hex.
        password = hashlib.sha1(password, usedforsecurity=False).digest()
    return password_digest(nonce or b"", created or "", password)


def password_digest(nonce: bytes, created: str, password: bytes) -> str:
    """Give Base64(SHA-1(nonce + created + password)); the nonce as octets, not as base64.

    Spec: WSS UsernameToken Profile 1.1.1, section 3.1.
    """
    # SHA-1 is the profile's own and only choice here; it is no signature digest.
    value = hashlib.sha1(nonce + created.encode() + password, usedforsecurity=False).digest()
    return base64.b64encode(value).decode()


@dataclass(frozen=True, eq=False, kw_only=True)
class _Token:
    """A UsernameToken as it was read."""

    username: str
    kind: Literal["digest", "text", "none"]
    password: str = field(repr=False)
    nonce: bytes | None
    created: str | None
    salt: bytes | None
    iterations: int


def read_username_token(message: Incoming, element: etree._Element) -> None:
    """Read a UsernameToken, and compare its password with that of the keystore if it knows the user.

    A wrong password is only noted here: it is refused together with unknown users, so that no other
    failure tells one from the other.

    Raises:
        InvalidTokenError: No or two user names, two passwords, nonces or times, or other broken content.
        MessageExpiredError: Created is too old or in the future, by the limits of a Timestamp.

    Spec: WSS UsernameToken Profile 1.1.1, sections 3.1 and 4; BSP 1.1 R4201 to R4225.
    """
    token = _read(element)
    created = element.find(CREATED)
    if created is not None:
        check_fresh(message, parse_time(created))
    until = _end_of_use(message, token, created)
    known = token.username in message.keys.users
    holds = _holds(token, message.keys.users.get(token.username, _UNKNOWN)) and known
    message.prove(
        UsernameTokenEvidence(
            node=element,
            username=token.username if holds else message.shown(element[0], token.username),
            password_type=token.kind,
            proved=token.kind if holds and token.kind != "none" else "",
            is_wrong=known and token.kind != "none" and not holds,
            replay_key=nonce_key(token.username, token.nonce, token.created or "")
            if known and token.nonce is not None
            else b"",
            replay_until=until,
        )
    )


def _end_of_use(message: Incoming, token: _Token, created: etree._Element | None) -> datetime:
    """Give when the token is too old to be accepted.

    Where the profile sets no age, one with a Nonce still has one: its Nonce cannot be remembered for ever.

    Raises:
        MessageExpiredError: It is older than that.

    Spec: WSS UsernameToken Profile 1.1.1, section 3.1, on how long nonces are cached.
    """
    age = _NONCE_SECONDS if message.max_age_seconds is None else message.max_age_seconds
    made = message.now if created is None else parse_time(created)
    until = made + timedelta(seconds=min(age + message.clock_skew_seconds, _LONGEST_SECONDS))
    if token.nonce is not None and until <= message.now:
        raise MessageExpiredError(
            f"A UsernameToken was made at {made:%Y-%m-%dT%H:%M:%SZ}, more than {age} s ago.",
            hint="Compare both clocks, or set inbound.fresh_seconds.",
            created=made,
            expires=until,
            now=message.now,
        )
    return until


def _holds(token: _Token, secret: Secret) -> bool:
    """Whether the password is that of ``secret``; a digest that could be sent again proves nothing."""
    if token.kind == "none":
        return False
    expected = secret.reveal()
    if token.kind == "text":
        return hmac.compare_digest(token.password.encode(), expected)
    digest = password_digest(token.nonce or b"", token.created or "", expected)
    fresh = token.nonce is not None and token.created is not None
    return hmac.compare_digest(token.password.strip().encode(), digest.encode()) and fresh


def username_token_secret(message: Incoming, element: etree._Element) -> SymmetricKey:
    """Derive the key that a UsernameToken stands for, from the password of a user of the keystore.

    Raises:
        InvalidTokenError: Broken content, or no Salt and Iteration.
        MalformedSecurityError: Too many of them.

    Spec: WSS UsernameToken Profile 1.1.1, section 4; BSP 1.1 R4216, R4217, R4218.
    """
    token = _read(element)
    if token.salt is None:
        raise InvalidTokenError("A UsernameToken without Salt and Iteration is no key.")
    secret = message.keys.users.get(token.username)
    # An unknown user gets a random password: it fails where a wrong one does, and tells nobody who exists.
    password = secrets.token_bytes(_SALT_OCTETS) if secret is None else secret.reveal()
    if element not in message.symmetric_keys:
        message.count("derived UsernameToken", _MAX_DERIVED)
    return SymmetricKey(
        octets=username_token_key(password, token.salt, token.iterations),
        text=f"the password of the user {token.username!r}",
        known_to=(Holder("user", token.username),) if secret is not None else (),
        elements=(element,),
        recipient=token.username,
    )


def _read(element: etree._Element) -> _Token:
    _check_children(element)
    salt, iterations = _read_derivation(element)
    kind, password = _read_password(element)
    if salt is not None and kind != "none":
        raise InvalidTokenError("A UsernameToken that a key is derived from sends no password.")
    nonce = element.find(_NONCE)
    return _Token(
        username=str(element.findtext(_USERNAME) or ""),
        kind=kind,
        password=password,
        nonce=None if nonce is None else _octets(nonce, "A Nonce is not base64."),
        created=element.findtext(CREATED),
        salt=salt,
        iterations=iterations,
    )


def _check_children(element: etree._Element) -> None:
    names = [child.tag for child in element]
    if names.count(_USERNAME) != 1 or any(names.count(tag) > 1 for tag in _CHILDREN):
        raise InvalidTokenError(
            "A UsernameToken has one Username and one of each other element at most."
        )
    if set(names) - _CHILDREN or set(element.attrib) - {WSU_ID}:
        raise InvalidTokenError("A UsernameToken holds something that is not understood.")
    if any(len(child) for child in element):
        raise InvalidTokenError("A UsernameToken's elements hold text only.")
    created = element.find(CREATED)
    try:
        _ = created is not None and parse_time(created)
    except MalformedSecurityError:
        # The text may have come encrypted; it is not for everybody to read.
        raise MalformedSecurityError(
            "Created of a UsernameToken is not a time such as 2030-01-31T23:59:59Z."
        ) from None


def _read_password(element: etree._Element) -> tuple[Literal["digest", "text", "none"], str]:
    password = element.find(_PASSWORD)
    if password is None:
        return "none", ""
    kind = _TYPES.get(password.get("Type") or USERNAME_PROFILE + "PasswordText")
    if kind is None or set(password.keys()) - {"Type"}:
        raise InvalidTokenError("The Password has a Type that is not understood.")
    return kind, password.text or ""


def _read_derivation(element: etree._Element) -> tuple[bytes | None, int]:
    """Give Salt and Iteration; both are there, or neither."""
    salt, iteration = element.find(_SALT), element.find(_ITERATION)
    if salt is None and iteration is None:
        return None, 0
    if salt is None or iteration is None:
        raise InvalidTokenError("A UsernameToken has both Salt and Iteration, or neither.")
    octets = _octets(salt, "A Salt is not base64.")
    text = (iteration.text or "").strip()
    rounds = int(text) if text.isascii() and text.isdigit() and len(text) <= 6 else 0
    if len(octets) != _SALT_OCTETS or not _MIN_ITERATIONS <= rounds <= MAX_ITERATIONS:
        raise InvalidTokenError(
            f"A key is derived with a Salt of {_SALT_OCTETS} octets and {_MIN_ITERATIONS} to "
            f"{MAX_ITERATIONS} iterations."
        )
    return octets, rounds


def _octets(element: etree._Element, problem: str) -> bytes:
    try:
        return decode_base64(element)
    except MalformedSecurityError:
        raise InvalidTokenError(problem) from None
