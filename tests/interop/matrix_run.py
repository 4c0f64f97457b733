"""Runs one cell of the matrix: writes its message, has it read, changes one character, has that read."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from interop.cxf.batch import Batch
from interop.matrix import Cell
from interop.matrix_steps import (
    CONTEXT,
    NAMESPACES,
    PASSWORD,
    USER,
    envelope,
    our_demands,
    our_steps,
    peer_steps,
    uri,
)

from zeep_wssec import Encryption, Inbound, Keystore, Profile, Signature, Timestamp
from zeep_wssec.demands import Demands
from zeep_wssec.profile import Checked, Secured
from zeep_wssec.settings import SessionKey, Step
from zeep_wssec.testing.authority import Authority, Issued

KINDS = {
    "rsa": "rsa-2048",
    "second": "rsa-2048",
    "p256": "ec-p256",
    "p384": "ec-p384",
    "p521": "ec-p521",
    "ed25519": "ed25519",
    "ed448": "ed448",
    "dsa": "dsa-2048",
    "x25519": "x25519",
    "x448": "x448",
}
"""Each side has a key pair of every kind, with its name as the second half of the alias."""
SECRETS = {f"secret-{size}": bytes(range(size)) for size in (16, 24, 32)}
_REQUEST = {"signature": 1, "one": 1, "several": 2, "none": 0, "request_signer": 1}
TWINS = {
    "body": r"<t:sku[^>]*>(\d+)<",
    "ciphertext": r"<(?:\w+:)?EncryptedData\b.*?CipherValue>([^<]+)<",
    "encrypted_key": r"<(?:\w+:)?EncryptedKey\b.*?CipherValue>([^<]+)<",
    "signature": r"SignatureValue[^>]*>([^<]+)<",
    "digest": r"DigestValue>([^<]+)<",
    "timestamp": r"<wsu:Created>[^<]*\.(\d+)Z<",
    "header": r"<t:Who[^>]*>([^<]+)<",
    "addressing": r"<wsa:To[^>]*>([^<]+)<",
    "token": r"BinarySecurityToken [^>]*>([^<]+)<",
    "nonce": r"<(?:\w+:)?Nonce[^>]*>([^<]+)<",
    "salt": r"<(?:\w+:)?Salt[^>]*>([^<]+)<",
    "identifier": r"<(?:\w+:)?Identifier[^>]*>([^<]+)<",
    "key_name": r"<(?:\w+:)?KeyName[^>]*>([^<]+)<",
    "key_identifier": r"<(?:\w+:)?KeyIdentifier[^>]*>([^<]+)<",
    "serial": r"<(?:\w+:)?X509SerialNumber[^>]*>([^<]+)<",
    "password": r"<(?:\w+:)?Password[^>]*>([^<]+)<",
    "confirmation": r'SignatureConfirmation [^>]*?Value="([^"]+)"',
}
"""What a twin changes, each with where one character of it is changed; the first that is found."""


def twin_of(message: str, name: str) -> str:
    """Change one character of the message; it must be there."""
    match = re.search(TWINS[name], message, re.DOTALL)
    assert match is not None, f"the message has no {name}"
    start, end = match.span(1)
    middle = (start + end) // 2
    at = next(n for n in (*range(middle, end), *range(start, middle)) if message[n].isalnum())
    pair = "12" if message[at].isdigit() else "AB"
    return message[:at] + (pair[1] if message[at] == pair[0] else pair[0]) + message[at + 1 :]


@dataclass(frozen=True)
class Keys:
    """Everybody's keys, made for the run."""

    ca: Authority = field(default_factory=lambda: Authority.create("CN=Matrix CA,O=Example"))

    @cached_property
    def issued(self) -> Mapping[str, Issued]:
        """Key pairs by alias."""
        sides = ("client", "server")
        return {
            f"{side}-{name}": self.ca.issue(f"CN={side}-{name},O=Example", key=kind)
            for side in sides
            for name, kind in KINDS.items()
        }

    @cached_property
    def ours(self) -> Keystore:
        """Our keystore; the identifier of a context is the key name of a secret of its own."""
        keystore = Keystore().with_trust(anchors=self.ca.pem).with_user(USER, PASSWORD)
        for alias, item in self.issued.items():
            if alias.startswith("client"):
                keystore = keystore.merge(item.keystore(alias))
            else:
                keystore = keystore.with_partner(alias, item.certificate_pem)
        for alias, octets in SECRETS.items():
            keystore = keystore.with_secret(alias, octets)
        return keystore

    @cached_property
    def context(self) -> Keystore:
        """The same, with secrets under the identifiers of contexts."""
        keystore = self.ours
        for alias, octets in SECRETS.items():
            name = f"{CONTEXT}-{len(octets)}"
            keystore = keystore.with_secret(f"of-{alias}", octets, key_name=name)
        return keystore

    def give(self, peer: Batch, name: str) -> None:
        """Give the peer its keys."""
        pairs, partners = {}, {}
        for alias, item in self.issued.items():
            der = item.certificate.x509.public_bytes(Encoding.DER)
            if alias.startswith("client"):
                partners[alias] = der
                continue
            form = (Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
            pairs[alias] = item.private_key.private_bytes(*form), [der]
        secrets = {f"{CONTEXT}-{len(octets)}": octets for octets in SECRETS.values()}
        peer.keys(
            name,
            pairs=pairs,
            partners=partners,
            anchors=[self.ca.certificate.x509.public_bytes(Encoding.DER)],
            secrets=secrets | SECRETS,
            users={USER: PASSWORD},
        )


class Refused(Exception):
    """One side does not write or read a message; ``who`` says which, as the table does."""

    def __init__(self, who: str, answer: str) -> None:
        super().__init__(f"{who}: {answer}")
        self.who = who
        self.answer = answer


@dataclass
class Side:
    """What both directions share: the keys and the running peer."""

    keys: Keys
    peer: Batch
    name: str = "matrix"

    def ours(self, cell: Cell, steps: Sequence[Step] = (), inbound: Demands | None = None) -> Profile:
        """Make our profile."""
        keystore = self.keys.context if cell.keys.startswith("context") else self.keys.ours
        return Profile(keystore=keystore, outbound=steps, inbound=inbound, namespaces=NAMESPACES)

    def peer_writes(self, cell: Cell, steps: Sequence[Mapping[str, Any]], **more: Any) -> Any:
        """Have the peer protect the plain message."""
        sent = self.peer.protect(self.name, envelope(cell), steps, **more)
        if not sent["ok"]:
            raise Refused("WSS4J writes", sent["error"])
        return sent
