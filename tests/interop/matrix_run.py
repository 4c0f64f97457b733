"""Runs one cell of the matrix: writes its message, has it read, changes one character, has that read."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from interop.cxf.batch import Batch
from interop.matrix import Cell
from interop.matrix_proof import Proof, proof_of_ours, proof_of_peer, subject
from interop.matrix_steps import (
    NAMESPACES,
    OTHER,
    PASSWORD,
    USER,
    envelope,
    identifier,
    our_demands,
    our_steps,
    peer_steps,
    recipients,
    uri,
)

from zeep_wssec import (
    Anonymous,
    Inbound,
    InboundError,
    Keystore,
    OverTLS,
    Profile,
    Signature,
    Timestamp,
    Unverified,
)
from zeep_wssec.demands import Demands
from zeep_wssec.errors import WSSecError
from zeep_wssec.results import Checked, Secured
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
    "dsa-1024": "dsa-1024",
    "x25519": "x25519",
    "x448": "x448",
}
"""Each side has a key pair of every kind, with its name as the second half of the alias."""
SIZES = (16, 24, 32)
SECRETS = {f"{kind}-{size}": bytes(range(size)) for kind in ("secret", "context") for size in SIZES}
_REQUEST_SIGNATURES = {
    "confirmation-one": ("rsa",),
    "confirmation-several": ("rsa", "second"),
    "request_signer": ("rsa",),
}
"""With which keys the request is signed that a cell's message answers."""
TIMESTAMP = {"step": "timestamp"}
REQUEST_KEY = {
    "step": "session_key",
    "recipients": ["client-rsa"],
    "key_transport": uri("transport", "rsa-oaep"),
    "digest": uri("oaep_digest", "sha256"),
    "mgf": uri("mgf", "sha256"),
}
REQUEST_SIGNATURE = {
    "step": "signature",
    "key": "session",
    "algorithm": uri("signature", "hmac-sha256"),
    "parts": [{"keyword": "body"}, {"keyword": "timestamp"}],
}
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
        other = {OTHER: self.ca.issue(subject(OTHER))}
        return other | {
            f"{side}-{name}": self.ca.issue(subject(f"{side}-{name}"), key=kind)
            for side in ("client", "server")
            for name, kind in KINDS.items()
        }

    @cached_property
    def ours(self) -> Keystore:
        """Our keystore; messages call the secret of a context by the context's identifier."""
        keystore = Keystore().with_trust(anchors=self.ca.pem).with_user(USER, PASSWORD)
        for alias, item in self.issued.items():
            if alias.startswith("client"):
                keystore = keystore.merge(item.keystore(alias))
            else:
                keystore = keystore.with_partner(alias, item.certificate_pem)
        for alias, octets in SECRETS.items():
            name = identifier(len(octets)) if alias.startswith("context") else None
            keystore = keystore.with_secret(alias, octets, key_name=name)
        return keystore

    def give(self, peer: Batch, name: str) -> None:
        """Give the peer its keys."""
        pairs, partners = {}, {}
        for alias, item in self.issued.items():
            der = item.certificate.x509.public_bytes(Encoding.DER)
            if alias.startswith("server"):
                form = (Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
                pairs[alias] = item.private_key.private_bytes(*form), [der]
            else:
                partners[alias] = der
        secrets = {identifier(len(octets)): octets for octets in SECRETS.values()}
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


Reader = Callable[[str], Proof]
"""Reads a message; raises ``Refused``."""


@dataclass(frozen=True)
class Sides:
    """Both sides: the keys and the running peer."""

    keys: Keys
    peer: Batch
    name: str = "matrix"
    """What the peer calls its keys."""

    def start(self, cell: Cell) -> tuple[str, Reader]:
        """Write a cell's message, and give it with its reader."""
        return self._to_peer(cell) if cell.we_write else self._from_peer(cell)

    def exchange(self, cell: Cell) -> Proof:
        """Write a cell's message and have it read."""
        message, read = self.start(cell)
        return read(message)

    def _ours(self, steps: Sequence[Step] = (), inbound: Demands | None = None) -> Profile:
        return Profile(
            keystore=self.keys.ours, outbound=steps, inbound=inbound, namespaces=NAMESPACES
        )

    def _peer_writes(self, cell: Cell, steps: Sequence[Mapping[str, Any]], **keys: Any) -> Any:
        sent = self.peer.protect(self.name, envelope(cell), steps, **keys)
        if not sent["ok"]:
            raise Refused("WSS4J writes", sent["error"])
        return sent

    def _we_write(self, cell: Cell, answers: Checked | None) -> str:
        try:
            profile = self._ours(our_steps(cell))
            return profile.secure(envelope(cell).encode(), answers=answers).to_bytes().decode()
        except WSSecError as error:
            raise Refused("zeep-wssec writes", str(error)) from error

    def _to_peer(self, cell: Cell) -> tuple[str, Reader]:
        answers, sent = self._request_of_peer(cell)
        message = self._we_write(cell, answers)
        confirm = list(answers.received.signature_values) if answers is not None else None

        def read(text: str) -> Proof:
            answer = self.peer.check(
                self.name,
                text,
                session_keys=sent.get("session_keys"),
                bsp=cell.bsp == "on",
                allow_rsa15=cell.transport == "rsa-1_5",
                confirm=confirm if cell.extra.startswith("confirmation") else None,
            )
            if not answer["ok"]:
                raise Refused("WSS4J reads", answer["error"])
            return proof_of_peer(answer)

        return message, read

    def _request_of_peer(self, cell: Cell) -> tuple[Checked | None, dict[str, Any]]:
        """Have the peer write the request that our message answers, if it answers one."""
        steps: list[dict[str, Any]] = [TIMESTAMP]
        demands: Demands = Unverified(reason="the answer matters")
        if cell.keys == "request":
            steps += [REQUEST_KEY, REQUEST_SIGNATURE]
            # A key of a request is used in the answer only if something trusted was signed with it.
            demands = Inbound(signed_by=Anonymous(reason="interop"))
        elif cell.extra.startswith(("confirmation", "request_signer")):
            steps += [
                {
                    **REQUEST_SIGNATURE,
                    "key": f"server-{key}",
                    "algorithm": uri("signature", "rsa-sha256"),
                }
                for key in _REQUEST_SIGNATURES.get(cell.extra, ())
            ]
        else:
            return None, {}
        if cell.extra == "request_signer":
            demands = Inbound(signed_by="server-rsa")
        sent = self._peer_writes(cell, steps)
        return self._ours(inbound=demands).check(sent["message"].encode()), sent

    def _from_peer(self, cell: Cell) -> tuple[str, Reader]:
        request = self._request_of_ours(cell)
        keys = {
            base64.b64encode(key.sha1).decode(): base64.b64encode(key.octets).decode()
            for key in (request.exchange.session_keys if request is not None else ())
        }
        confirmed = list(request.exchange.signature_values) if request is not None else []
        name = next(iter(keys), "") if cell.keys == "request" else ""
        steps = peer_steps(cell, request_key=name, confirmed=confirmed)
        message: str = self._peer_writes(cell, steps, session_keys=keys)["message"]

        def read(text: str) -> Proof:
            try:
                profile = self._ours(inbound=our_demands(cell))
                checked = profile.check(text.encode(), request=request)
            except InboundError as error:
                raise Refused("zeep-wssec reads", str(error)) from error
            return proof_of_ours(checked)

        return message, read

    def _request_of_ours(self, cell: Cell) -> Secured | None:
        """Write the request that the peer's message answers, if it answers one; the peer reads it."""
        steps: list[Step] = [Timestamp()]
        if cell.keys == "request":
            steps += [SessionKey(recipients=["server-rsa"]), Signature(key="session")]
        elif cell.extra.startswith(("confirmation", "request_signer")):
            keys = _REQUEST_SIGNATURES.get(cell.extra, ())
            steps += [Signature(key=f"client-{key}") for key in keys]
        else:
            return None
        request = self._ours(steps, OverTLS()).secure(envelope(cell).encode())
        found = self.peer.check(self.name, request.to_bytes().decode())
        assert found["ok"], found
        if cell.extra == "request_signer":
            assert [item["signer"] for item in found["signatures"]] == [
                subject(recipients(cell)[0])
            ]
        return request
