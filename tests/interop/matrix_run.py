"""Runs one cell of the matrix: writes its message, has it read, changes one character, has that read."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from interop.cxf.batch import Batch
from interop.matrix import Cell
from interop.matrix_steps import (
    NAMESPACES,
    PARTS,
    PASSWORD,
    TEXT,
    USER,
    OTHER,
    envelope,
    identifier,
    our_demands,
    our_steps,
    peer_steps,
    recipients,
    uri,
)

from zeep_wssec import (
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
from zeep_wssec.profile import Checked, Secured
from zeep_wssec.settings import SessionKey, Step
from zeep_wssec.soap.namespaces import WSC, WSC_2005
from zeep_wssec.testing.authority import Authority, Issued
from zeep_wssec.xmlcrypto.algorithms import PRF_URIS

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
TOKENS = ("binary_token", "pkipath")
REFERENCE = "soap:Envelope/soap:Header/wsse:Security/ds:Signature/ds:KeyInfo/wsse:SecurityTokenReference"
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


@dataclass(frozen=True)
class Proof:
    """What the reader of a message reports, in the reader's words."""

    body: str
    user: str
    signatures: tuple[tuple[str, str, tuple[str, ...], tuple[str, ...]], ...]
    """Signer, method, digests and covered parts of each, in the header's order."""
    ciphers: frozenset[str]
    transports: frozenset[str]
    encrypted: tuple[str, ...]


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
            return _proof_of_peer(answer)

        return message, read

    def _request_of_peer(self, cell: Cell) -> tuple[Checked | None, dict[str, Any]]:
        """Have the peer write the request that our message answers, if it answers one."""
        steps: list[dict[str, Any]] = [TIMESTAMP]
        demands: Demands = Unverified(reason="the answer matters")
        if cell.keys == "request":
            steps += [REQUEST_KEY, REQUEST_SIGNATURE]
        elif cell.extra.startswith(("confirmation", "request_signer")):
            steps += [{**REQUEST_SIGNATURE, "key": f"server-{key}", "algorithm": uri("signature", "rsa-sha256")}
                for key in _REQUEST_SIGNATURES.get(cell.extra, ())]
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
            return _proof_of_ours(checked)

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
            assert [item["signer"] for item in found["signatures"]] == [subject(recipients(cell)[0])]
        return request


def _proof_of_peer(answer: Mapping[str, Any]) -> Proof:
    encryptions = answer["encryptions"]
    return Proof(
        body=answer["body"],
        user=answer["username"] or "",
        signatures=tuple(
            (
                item["signer"],
                item["method"],
                tuple(item["digests"]),
                tuple(sorted(part["name"] for part in item["covered"])),
            )
            for item in answer["signatures"]
        ),
        ciphers=frozenset(name for item in encryptions for name in item["algorithms"]),
        transports=frozenset(item["key_transport"] for item in encryptions) - {None},
        encrypted=tuple(
            sorted(
                part["name"] + "/content" * part["content"]
                for item in encryptions
                for part in item["covered"]
            )
        ),
    )


def _proof_of_ours(checked: Checked) -> Proof:
    report = checked.report
    return Proof(
        body="".join(checked.body.itertext()),
        user=report.username or "",
        signatures=tuple(
            (
                item.signer if item.thumbprint_sha256 else "",
                item.algorithm,
                item.digests,
                tuple(sorted(item.parts)),
            )
            for item in report.signatures
        ),
        ciphers=frozenset(item.algorithm for item in report.encryptions),
        transports=frozenset(item.key_transport for item in report.encryptions) - {""},
        encrypted=tuple(
            sorted(
                item.part + "/content" * (item.scope == "content") for item in report.encryptions
            )
        ),
    )


def expected(cell: Cell) -> Proof:
    """Give what the reader must report: exactly what the row declares."""
    says = uri if cell.we_write else _name
    encrypts = "encrypt" in cell.actions
    return Proof(
        body=TEXT,
        user=USER if cell.keys == "username" or cell.extra.startswith("username") else "",
        signatures=tuple(_expected_signatures(cell)),
        ciphers=frozenset({says("cipher", cell.cipher)} if encrypts else ()),
        transports=frozenset(_expected_transports(cell)),
        encrypted=tuple(
            sorted(
                name + "/content" * (part in ("body", "content"))
                for part in cell.encrypted_parts
                for name in _reported(cell, part)
            )
        ),
    )


def _expected_transports(cell: Cell) -> Iterator[str]:
    """Give how the content key came: WSS4J tells the key wrap of an agreed key, we tell the agreement."""
    if cell.we_write and cell.key_wrap:
        yield uri("key_wrap", cell.key_wrap)
    elif cell.we_write and cell.transport:
        yield uri("transport", cell.transport)
    elif cell.derivation and "encrypt" in cell.actions:
        yield f"{cell.transport}+{cell.derivation}"
    elif cell.transport and "encrypt" in cell.actions:
        yield cell.transport


def _name(axis: str, name: str) -> str:
    return name


def _reported(cell: Cell, part: str) -> tuple[str, ...]:
    """Give the names under which a reader reports a part: one for each element."""
    if part == "token/str" and not cell.we_write and cell.sign_reference not in TOKENS:
        # The token is in no message: what is covered is the reference to it.
        return (REFERENCE,)
    is_twice = (part, cell.extra) in (
        ("confirmation", "confirmation-several"),
        ("signature", "endorsing"),
    )
    words = PARTS[part].found if cell.we_write else PARTS[part].report
    return words * 2 if is_twice else words


def _expected_signatures(cell: Cell) -> Iterator[tuple[str, str, tuple[str, ...], tuple[str, ...]]]:
    says = uri if cell.we_write else _name
    if cell.extra == "endorsing":
        method, digest = says("signature", "rsa-sha256"), says("digest", "sha256")
        signer = subject(f"{cell.writer}-second")
        covered = PARTS["signature"].found if cell.we_write else PARTS["signature"].report
        yield signer, method, (digest,), covered
    if "sign" not in cell.actions:
        return
    bare = cell.we_write and cell.sign_reference == "key_value"
    signer = subject(f"{cell.writer}-{cell.sign_key}") if cell.sign_key and not bare else ""
    parts = tuple(sorted(name for part in cell.signed_parts for name in _reported(cell, part)))
    yield signer, says("signature", cell.signature), (says("digest", cell.digest),), parts


MARKS = {
    "binary_token": "x509-token-profile-1.0#X509v3",
    "pkipath": "#X509PKIPathv1",
    "pkcs7": "#PKCS7",
    "issuer_serial": "X509IssuerSerial>",
    "issuer_serial_quoted": "X509IssuerSerial>",
    "subject_key_identifier": "#X509SubjectKeyIdentifier",
    "x509_ski": "X509SKI>",
    "thumbprint": "#ThumbprintSHA1",
    "x509_key_identifier": "KeyIdentifier>",
    "x509_data": "X509Certificate>",
    "x509_data_subject": "X509SubjectName>",
    "x509_data_issuer_serial": "X509IssuerSerial>",
    "x509_data_in_reference": "X509Certificate>",
    "embedded": "Embedded>",
    "key_value": "KeyValue>",
    "key_name": "KeyName>",
    "encrypted_key_sha1": "#EncryptedKeySHA1",
}
"""What stands in a message that names a key so."""
_ON_THE_WIRE = ("oaep_digest", "derivation", "derivation_digest", "key_wrap", "transport")


def marks(cell: Cell) -> Iterator[str]:
    """Give what the message must hold, for the columns that readers do not report."""
    shown = list(_ON_THE_WIRE)
    references = [cell.recipient_reference]
    if cell.transport == "rsa-oaep":
        shown.append("mgf")
    if "signature" not in cell.encrypted_parts:
        shown += ["canonicalization", "part_canonicalization"]
        references.append(cell.sign_reference)
    if cell.derivation == "hkdf":
        shown.remove("derivation_digest")
        yield PRF_URIS[cell.derivation_digest]
    for axis in shown:
        if name := getattr(cell, axis):
            yield f'Algorithm="{uri(axis, name)}"'
    is_shared = cell.keys != "certificate"
    for reference in (*references, cell.encrypt_reference):
        if reference and not (is_shared and reference == "binary_token"):
            yield MARKS[reference]
    if cell.derived:
        yield f'="{WSC if cell.derived == "1.3" else WSC_2005}"'


def subject(alias: str) -> str:
    """Give the subject of somebody's certificate."""
    return f"CN={alias},O=Example"
