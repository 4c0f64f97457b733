"""``wsse:UsernameToken``: who we say we are, with a password, its digest, or neither."""

from __future__ import annotations

import base64
import binascii
import hashlib
import secrets
from typing import Literal

from lxml import etree

from zeep_wssec.errors import InvalidTokenError, OutboundError
from zeep_wssec.header.context import Incoming, Outgoing
from zeep_wssec.header.evidence import UsernameTokenEvidence
from zeep_wssec.header.timestamp import CREATED, format_time, parse_time
from zeep_wssec.keys.secrets import Secret
from zeep_wssec.settings import UsernameToken
from zeep_wssec.soap.ids import WSU_ID, fresh_id
from zeep_wssec.soap.namespaces import BASE64_BINARY, USERNAME_PROFILE, WSSE, WSU

USERNAME_TOKEN = f"{{{WSSE}}}UsernameToken"
_USERNAME = f"{{{WSSE}}}Username"
_PASSWORD = f"{{{WSSE}}}Password"
_NONCE = f"{{{WSSE}}}Nonce"
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
    created = (
        format_time(message.now, step.precision)
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
            kind = "PasswordDigest" if digest else "PasswordText"
            password.set("Type", USERNAME_PROFILE + kind)
            password.text = _password_text(step, nonce, created)
    except ValueError:
        raise OutboundError(
            "The user name or password holds a character that XML cannot carry."
        ) from None
    if nonce is not None:
        child = etree.SubElement(token, _NONCE)
        child.set("EncodingType", BASE64_BINARY)
        child.text = base64.b64encode(nonce).decode()
    if created is not None:
        etree.SubElement(token, CREATED).text = created
    message.prepend(token)


def _password_text(step: UsernameToken, nonce: bytes | None, created: str | None) -> str:
    secret = step.password
    password = secret.reveal() if isinstance(secret, Secret) else Secret.of(secret or "").reveal()
    if step.password_type == "text":
        return password.decode()
    return password_digest(nonce or b"", created or "", password)


def password_digest(nonce: bytes, created: str, password: bytes) -> str:
    """Give Base64(SHA-1(nonce + created + password)); the nonce as octets, not as base64.

    Spec: WSS UsernameToken Profile 1.1.1, section 3.1.
    """
    # SHA-1 is the profile's own and only choice here; it is no signature digest.
    value = hashlib.sha1(nonce + created.encode() + password, usedforsecurity=False).digest()
    return base64.b64encode(value).decode()


def read_username_token(message: Incoming, element: etree._Element) -> None:
    """Read a UsernameToken of an answer; it proves nothing by itself, so its password is not looked at.

    Raises:
        InvalidTokenError: No or two user names, two passwords, nonces or times, or other broken content.
    """
    names = [child.tag for child in element]
    if names.count(_USERNAME) != 1 or any(
        names.count(tag) > 1 for tag in (_PASSWORD, _NONCE, CREATED)
    ):
        raise InvalidTokenError(
            "A UsernameToken has one Username and one of each other element at most."
        )
    if set(names) - {_USERNAME, _PASSWORD, _NONCE, CREATED} or set(element.attrib) - {WSU_ID}:
        raise InvalidTokenError("A UsernameToken holds something that is not understood.")
    for child in element:
        if len(child):
            raise InvalidTokenError("A UsernameToken's elements hold text only.")
        if child.tag == CREATED:
            parse_time(child)
        if child.tag == _NONCE:
            _check_nonce(child)
    password = element.find(_PASSWORD)
    kind: Literal["digest", "text", "none"] = "none"
    if password is not None:
        known = _TYPES.get(password.get("Type") or USERNAME_PROFILE + "PasswordText")
        if known is None:
            raise InvalidTokenError("The Password has a Type that is not understood.")
        kind = known
    username = str(element.findtext(_USERNAME) or "")
    message.evidence.append(
        UsernameTokenEvidence(node=element, username=username, password_type=kind)
    )


def _check_nonce(element: etree._Element) -> None:
    try:
        base64.b64decode((element.text or "").strip(), validate=True)
    except (binascii.Error, ValueError):
        raise InvalidTokenError("A Nonce is not base64.") from None
