"""What a reader proves about a cell of the matrix, and what it must prove: exactly what the row declares."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from interop.matrix import Cell
from interop.matrix_steps import PARTS, TEXT, USER, uri

from zeep_wssec.results import Checked
from zeep_wssec.soap.namespaces import WSC, WSC_2005
from zeep_wssec.xmlcrypto.algorithms import PRF_URIS

TOKENS = ("binary_token", "pkipath")
REFERENCE = (
    "soap:Envelope/soap:Header/wsse:Security/ds:Signature/ds:KeyInfo/wsse:SecurityTokenReference"
)
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


def proof_of_peer(answer: Mapping[str, Any]) -> Proof:
    """Give what WSS4J reports."""
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


def proof_of_ours(checked: Checked) -> Proof:
    """Give what our report says."""
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


def marks(cell: Cell) -> Iterator[str]:
    """Give what the message must hold, for the columns that readers do not report."""
    shown = list(_ON_THE_WIRE)
    references = [cell.recipient_reference]
    if cell.transport == "rsa-oaep":
        shown.append("mgf")
    if "sign" in cell.actions and "signature" not in cell.encrypted_parts:
        form, part_form = cell.canonicalization, cell.part_canonicalization
        yield f'CanonicalizationMethod Algorithm="{uri("canonicalization", form)}"'
        yield f'Transform Algorithm="{uri("canonicalization", part_form)}"'
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
