"""Every kind of failure, each with the secrets that were at hand when it came about."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any
from unittest import mock

from java_files import jks_file
from leakage import planted
from lxml import etree

from zeep_wssec import (
    BinaryToken,
    Encryption,
    Inbound,
    Keystore,
    Profile,
    Secret,
    SessionKey,
    Signature,
    Timestamp,
    Unverified,
    UsernameToken,
)
from zeep_wssec.keys.entries import SecretEntry
from zeep_wssec.soap.namespaces import DS, XENC
from zeep_wssec.xmlcrypto.encrypting import encrypt_to_base64
from zeep_wssec.xmlcrypto.hmac_key import HmacKey

Refusal = Callable[[], object]
BODY = Encryption(recipients=("partner",))
PASSWORD = planted.USER_PASSWORD.decode()
DERIVED = (
    Timestamp(),
    UsernameToken(
        username="ada", password=PASSWORD, password_type="none", derive_for="mac", name="pw"
    ),
    Signature(key="pw"),
)


def sent(*steps: Any) -> bytes:
    """A request with planted content, as the caller sends it."""
    return (
        planted.client(*steps, inbound=Unverified(reason="a test")).secure(planted.ORDER).to_bytes()
    )


def spoilt(message: bytes, path: str, *, near_end: bool = True) -> bytes:
    """A message with one base64 value changed."""
    root = etree.fromstring(message)
    element = root.findall(f".//{path}")[-1]
    octets = bytearray(base64.b64decode(element.text or ""))
    octets[-1 if near_end else 0] ^= 1
    element.text = base64.b64encode(octets).decode()
    return etree.tostring(root)


def refuse(message: bytes, inbound: Inbound | None = None, **settings: Any) -> object:
    """Have the partner check it."""
    return planted.partner(inbound=inbound, **settings).check(message)


def _with_body(message: bytes, extra: str) -> bytes:
    root = etree.fromstring(message)
    root[-1].append(etree.fromstring(extra))
    return etree.tostring(root)


def _other_users() -> Keystore:
    return planted.parties().partner_keystore.with_user("ada", "another password")


USER_TEXT = (UsernameToken(username="ada", password=PASSWORD, password_type="text"), Signature())
USER_DIGEST = (Timestamp(), UsernameToken(username="ada", password=PASSWORD), Signature())
USERS = Inbound(signed=("body",), fresh_seconds=None, username_token="digest", signed_by="client")
USERS_TEXT = Inbound(
    signed=("body",), fresh_seconds=None, username_token="text", signed_by="client"
)
ENCRYPTED = (Timestamp(), Signature(), BODY)


def private_numbers() -> dict[str, str]:
    """The caller's private key as a JSON Web Key writes it."""
    numbers: Any = planted.parties().client.private_key
    numbers = numbers.private_numbers()
    named = {"n": numbers.public_numbers.n, "e": numbers.public_numbers.e, "d": numbers.d}
    named |= {"p": numbers.p, "q": numbers.q}
    named |= {"dp": numbers.dmp1, "dq": numbers.dmq1, "qi": numbers.iqmp}
    return {
        name: base64.urlsafe_b64encode(value.to_bytes(256, "big").lstrip(b"\0"))
        .decode()
        .rstrip("=")
        for name, value in named.items()
    }


KEYS: dict[str, Refusal] = {
    "wrong password of PKCS#12": lambda: Keystore.from_bytes(
        planted.parties().client.pkcs12("another"), password=planted.FILE_PASSWORD
    ),
    "PKCS#12 that is cut": lambda: Keystore.from_bytes(
        planted.pkcs12()[:-40], password=planted.FILE_PASSWORD
    ),
    "PKCS#12 with a taken alias": lambda: planted.keystore().merge(
        Keystore.from_bytes(planted.pkcs12(), password=planted.FILE_PASSWORD, alias="partner")
    ),
    "wrong password of a Java keystore": lambda: Keystore.from_bytes(
        jks_file(planted.parties().client, "a", "another"), password=planted.FILE_PASSWORD
    ),
    "JSON Web Key without certificate": lambda: Keystore.from_bytes(
        json.dumps({"kty": "RSA", **private_numbers()}).encode()
    ),
    "JSON Web Key that is broken": lambda: Keystore.from_bytes(
        json.dumps({"kty": "RSA", **private_numbers(), "q": "AA"}).encode()
    ),
    "two keys in PEM, one without certificate": lambda: Keystore.from_bytes(
        planted.parties().client.key_pem() * 2 + planted.parties().partner.chain_pem
    ),
    "function that gives half a file": lambda: Keystore.from_callable(
        lambda: planted.pkcs12()[:-40], password=planted.FILE_PASSWORD
    ),
    "wrong password of PEM": lambda: Keystore.from_pem(
        key=planted.parties().client.key_pem("another"),
        certificate=planted.parties().client.certificate_pem,
        password=planted.FILE_PASSWORD,
    ),
    "key without its certificate": lambda: Keystore.from_pem(
        key=planted.parties().client.key_pem(),
        certificate=planted.parties().partner.certificate_pem,
    ),
    "key alone": lambda: Keystore.from_bytes(planted.parties().client.key_pem()),
    "key as DER": lambda: Keystore.from_bytes(planted.canaries()["private key pkcs8"]),
    "broken key": lambda: Keystore.from_pem(
        key=planted.parties().client.key_pem().replace(b"\nMII", b"\nMIJ", 1),
        certificate=planted.parties().client.certificate_pem,
    ),
    "secret that is too long": lambda: Keystore().with_secret("shared", planted.SHARED * 60),
    "secret that is text": lambda: Keystore().with_secret(
        "shared",
        planted.USER_PASSWORD.decode(),  # type: ignore[arg-type]
    ),
    "taken secret": lambda: planted.keystore().with_secret("shared", planted.SHARED),
    "secret of a callable that is too long": lambda: (
        SecretEntry("shared", Secret.callable(lambda: planted.SHARED * 60)).octets
    ),
    "callable that fails": lambda: Secret.callable(_failing).reveal(),
    "user without a name": lambda: Keystore().with_user("", planted.USER_PASSWORD.decode()),
    "taken user": lambda: planted.keystore().with_user("ada", planted.USER_PASSWORD.decode()),
    "no such key": lambda: planted.keystore().snapshot().require_key("nobody"),
    "no such secret": lambda: planted.keystore().snapshot().require_secret("nobody"),
    "a scheme that does not fit": lambda: (
        planted.keystore()
        .snapshot()
        .require_key("client")
        .require_signer()
        .sign(b"data", scheme="ecdsa", digest="sha256")
    ),
    "a key that cannot agree": lambda: (
        planted.keystore().snapshot().require_key("client").require_agreement()
    ),
    "short key for HMAC": lambda: HmacKey(planted.SHARED[:9]),
    "HMAC with no digest": lambda: HmacKey(planted.SHARED).mac(b"data", "md5"),
}
"""Failures of key material."""


def _failing() -> bytes:
    password = planted.USER_PASSWORD.decode()
    raise RuntimeError(f"{len(password)} characters")


SETTINGS: dict[str, Refusal] = {
    "password of no kind": lambda: UsernameToken(
        username="ada",
        password=PASSWORD,
        password_type="plain",  # type: ignore[arg-type]
    ),
    "password that is not sent": lambda: UsernameToken(
        username="ada", password=PASSWORD, password_type="none"
    ),
    "password without a user": lambda: UsernameToken(username="", password=PASSWORD),
    "too many rounds": lambda: UsernameToken(username="ada", password=PASSWORD, iterations=10**6),
    "steps in an order that protects nothing": lambda: planted.client(
        Signature(key="session"), *USER_TEXT, SessionKey(recipients=("partner",), name="session")
    ),
}
"""Failures of settings."""

OUTBOUND: dict[str, Refusal] = {
    "a part that is missing": lambda: sent(
        *USER_TEXT,
        Signature(parts=("header:wsa:Action",)),
        BinaryToken(value_type="", value=planted.ticket()),
    ),
    "a part that is missing, after encryption": lambda: sent(
        SessionKey(recipients=("partner",), name="session"),
        BinaryToken(value_type="urn:x", value=planted.ticket()),
        Encryption(key="session"),
        Signature(parts=("header:wsa:Action",)),
    ),
    "a recipient that is missing": lambda: sent(*USER_TEXT, Encryption(recipients=("nobody",))),
    "a part that is missing, under a password": lambda: sent(
        *DERIVED, Encryption(recipients=("partner",), parts=("header:wsa:Action",))
    ),
    "a part that is missing, under a shared key": lambda: sent(
        Timestamp(), Signature(key="shared"), Encryption(key="shared", parts=("header:wsa:Action",))
    ),
    "a token that is not base64": lambda: sent(
        BinaryToken(value_type="urn:x", value=Secret.of(planted.TICKET + b"\x01"))
    ),
    "no message": lambda: planted.client(*USER_TEXT).secure(planted.CONTENT),
    "no envelope": lambda: planted.client(*USER_TEXT).secure(b"<a>" + planted.CONTENT + b"</a>"),
}
"""Failures of protecting a message."""

INBOUND: dict[str, Refusal] = {
    "changed ciphertext": lambda: refuse(spoilt(sent(*ENCRYPTED), f"{{{XENC}}}CipherValue")),
    "changed encrypted key": lambda: refuse(
        spoilt(sent(*ENCRYPTED), f"{{{XENC}}}EncryptedKey//{{{XENC}}}CipherValue")
    ),
    "Body not signed, after decryption": lambda: refuse(
        sent(Timestamp(), Signature(parts=("timestamp",)), BODY)
    ),
    "signature value of another message": lambda: refuse(_with_other_signature()),
    "for somebody else": lambda: refuse(
        sent(*ENCRYPTED),
        keystore=planted.parties()
        .client_keystore.renamed("client", "mine")
        .with_partner("client", planted.parties().client.certificate),
    ),
    "no signature, after decryption": lambda: refuse(sent(BODY)),
    "not fresh, after decryption": lambda: planted.partner().check(
        sent(*ENCRYPTED), now=planted.NOW.replace(year=2028)
    ),
    "legacy, after decryption": lambda: refuse(
        sent(Timestamp(), Signature(digest="sha1", legacy={"sha1": "a test"}), BODY)
    ),
    "wrong password, readable": lambda: refuse(
        sent(*USER_TEXT), USERS_TEXT, keystore=_other_users()
    ),
    "wrong password, digest": lambda: refuse(sent(*USER_DIGEST), USERS, keystore=_other_users()),
    "wrong password, derived": lambda: refuse(
        sent(*DERIVED),
        Inbound(signed_by="ada", username_token="derived_key"),
        keystore=_other_users(),
    ),
    "no user of that name": lambda: refuse(
        sent(*USER_TEXT), USERS_TEXT, keystore=planted.parties().partner_keystore
    ),
    "sent again": lambda: _twice(),
    "changed, under a shared key": lambda: refuse(
        spoilt(
            sent(Timestamp(), Signature(key="shared"), Encryption(key="shared")),
            f"{{{XENC}}}CipherValue",
        ),
        Inbound(signed_by="shared"),
    ),
    "changed, under a derived key": lambda: refuse(
        spoilt(
            sent(
                Timestamp(),
                SessionKey(recipients=("partner",), name="session"),
                Signature(key="session", derived_key="1.3"),
                Encryption(key="session", derived_key="1.3"),
            ),
            f"{{{XENC}}}CipherValue",
        )
    ),
    "a ticket that is not understood": lambda: refuse(
        sent(BinaryToken(value_type="urn:x", value=planted.ticket()), *ENCRYPTED).replace(
            b"urn:x",
            b"http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-x509-token-profile-1.0#X509v3",
        )
    ),
    "no XML": lambda: refuse(planted.CONTENT),
    "broken XML": lambda: refuse(b"<a>" + planted.CONTENT),
    "no envelope": lambda: refuse(b"<a>" + planted.CONTENT + b"</a>"),
    "plain text that is no XML": lambda: refuse(_sealed(b"<a>" + planted.CONTENT)),
    "plain text with a DTD": lambda: refuse(
        _sealed(b"<!DOCTYPE a><a>" + planted.CONTENT + b"</a>")
    ),
    "element that is not understood, after decryption": lambda: refuse(
        sent(BODY).replace(
            b"</wsse:Security>",
            b'<t:T xmlns:t="urn:t">' + planted.CONTENT + b"</t:T></wsse:Security>",
        )
    ),
    "answer to another request": lambda: _answer_to_another(),
}
"""Refusals of a peer's message."""


def _with_other_signature() -> bytes:
    one, other = etree.fromstring(sent(*ENCRYPTED)), etree.fromstring(sent(*ENCRYPTED))
    path = f".//{{{DS}}}SignatureValue"
    found, given = one.find(path), other.find(path)
    if found is not None and given is not None:
        found.text = given.text
    return etree.tostring(one)


def _twice() -> object:
    receiver = planted.partner(inbound=USERS)
    message = sent(*USER_DIGEST)
    receiver.check(message)
    return receiver.check(message)


def _sealed(plain: bytes) -> bytes:
    """A signed and encrypted message whose plain text is ``plain``."""

    def seal(_: bytes, **how: Any) -> bytes:
        return encrypt_to_base64(plain, **how)

    with mock.patch("zeep_wssec.header.encryption.encrypt_to_base64", seal):
        return sent(*ENCRYPTED)


def _answer_to_another() -> object:
    profile: Profile = planted.client(
        *ENCRYPTED, inbound=Inbound(signature_confirmation="required", encrypted=("body",))
    )
    first = profile.secure(planted.ORDER)
    receiver = planted.partner(Timestamp(), Signature(), Encryption(recipients=("client",)))
    seen = receiver.check(first.to_bytes())
    answer = receiver.secure(planted.ORDER, answers=seen)
    return profile.check(answer.to_bytes(), request=profile.secure(planted.ORDER))


ALL = {**KEYS, **SETTINGS, **OUTBOUND, **INBOUND}
