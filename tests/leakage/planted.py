"""Two parties whose every secret is known by sight."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from typing import Any
from unittest import mock

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from zeep_wssec import Inbound, Keystore, Profile, Secret
from zeep_wssec.exchange import SessionSecret
from zeep_wssec.header.symmetric import MadeKey, SymmetricKey
from zeep_wssec.testing.authority import Issued
from zeep_wssec.testing.parties import Parties

NOW = datetime(2027, 6, 1, 12, 0, tzinfo=UTC)
FILE_PASSWORD = b"canary-password-of-the-file"
USER_PASSWORD = b"canary-password-of-the-user"
SHARED = b"\x00\xffcanary\x01 of a shared key"
TICKET = b"canary-ticket-of-a-session"
CONTENT = b"canary-4111-of-the-card"
ORDER = (
    '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>'
    f'<o:PlaceOrder xmlns:o="urn:example:orders"><o:sku>{CONTENT.decode()}</o:sku>'
    "<o:quantity>1</o:quantity><o:nonce>n1</o:nonce></o:PlaceOrder></s:Body></s:Envelope>"
).encode()


@cache
def parties() -> Parties:
    """A caller and its partner."""
    return Parties.create(now=NOW)


def pkcs12() -> bytes:
    """The caller's key file."""
    return parties().client.pkcs12(FILE_PASSWORD, name="client")


@cache
def keystore() -> Keystore:
    """The caller's keystore, with every kind of entry."""
    return (
        Keystore.from_bytes(pkcs12(), password=FILE_PASSWORD)
        .with_partner("partner", parties().partner.certificate)
        .with_secret("shared", SHARED)
        .with_user("ada", USER_PASSWORD.decode())
    )


@cache
def partner_keystore() -> Keystore:
    """The partner's keystore."""
    return (
        parties()
        .partner_keystore.with_secret("shared", SHARED)
        .with_user("ada", USER_PASSWORD.decode())
    )


def client(*steps: Any, **settings: Any) -> Profile:
    """The caller's profile."""
    return Profile(keystore=keystore(), outbound=steps, clock=lambda: NOW, **settings)


def partner(*steps: Any, inbound: Inbound | None = None, **settings: Any) -> Profile:
    """The partner's profile."""
    return Profile(
        keystore=settings.pop("keystore", partner_keystore()),
        outbound=steps,
        inbound=inbound or Inbound(signed_by="client"),
        clock=lambda: NOW,
        **settings,
    )


def ticket() -> Secret:
    """An opaque token, as a service gives it."""
    return Secret.of(base64.b64encode(TICKET))


@cache
def _private(issued: Issued) -> dict[str, bytes]:
    key = load_pem_private_key(issued.key_pem(), password=None)
    assert isinstance(key, rsa.RSAPrivateKey)
    numbers = key.private_numbers()
    integers = {name: getattr(numbers, name) for name in ("d", "p", "q", "dmp1", "dmq1", "iqmp")}
    ders = {
        "pkcs8": key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()),
        "pkcs1": key.private_bytes(Encoding.DER, PrivateFormat.TraditionalOpenSSL, NoEncryption()),
    }
    return ders | {
        name: value.to_bytes((value.bit_length() + 7) // 8) for name, value in integers.items()
    }


@cache
def canaries() -> dict[str, bytes]:
    """Every secret that is known before a message is made."""
    return {
        "password of the file": FILE_PASSWORD,
        "password of the user": USER_PASSWORD,
        "shared key": SHARED,
        "ticket": TICKET,
        "content": CONTENT,
        **{f"private key {name}": value for name, value in _private(parties().client).items()},
        **{f"partner's key {name}": value for name, value in _private(parties().partner).items()},
    }


@contextmanager
def recorded_keys() -> Iterator[dict[str, bytes]]:
    """Note every symmetric key of the messages that are made and checked meanwhile."""
    found: dict[str, bytes] = {}

    def noting(kind: Any) -> Any:
        original = kind.__init__

        def made(self: Any, *arguments: Any, **values: Any) -> None:
            original(self, *arguments, **values)
            found[f"{kind.__name__} {len(found)}"] = bytes(self.octets)

        return mock.patch.object(kind, "__init__", made)

    with noting(MadeKey), noting(SymmetricKey), noting(SessionSecret):
        yield found
