"""What a keystore lists: each entry as plain data, without a key in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, padding

from zeep_wssec.keys.certificate import Certificate
from zeep_wssec.keys.entries import KeyEntry
from zeep_wssec.keys.file_key import FileKey
from zeep_wssec.keys.names import printable
from zeep_wssec.keys.snapshot import Snapshot

_PURE = {"1.3.101.112": "ed25519", "1.3.101.113": "ed448"}
_SCHEMES = ((padding.PSS, "rsa-pss"), (padding.PKCS1v15, "rsa"), (ec.ECDSA, "ecdsa"))

EntryKind = Literal["key", "partner", "secret"]
KeyPlace = Literal["memory", "elsewhere", ""]


@dataclass(frozen=True, kw_only=True)
class ListedEntry:
    """One entry of a keystore, as data for people and JSON; what a secret has none of is empty."""

    alias: str
    kind: EntryKind
    """``"key"``: a key pair of ours; ``"partner"``: a certificate of somebody else; ``"secret"``."""
    subject: str = ""
    issuer: str = ""
    serial_number: str = ""
    """Hexadecimal, as openssl and keytool show it."""
    not_before: datetime | None = None
    not_after: datetime | None = None
    thumbprint_sha1: str = ""
    """Hexadecimal; the ``ThumbprintSHA1`` of messages is the same in base64."""
    thumbprint_sha256: str = ""
    """Hexadecimal; what a pin names."""
    subject_key_identifier: str = ""
    """Hexadecimal; computed where the certificate has none."""
    key_kind: str = ""
    key_bits: int = 0
    signature_algorithm: str = ""
    """How the issuer signed the certificate."""
    chain: tuple[str, ...] = ()
    """Subjects of the certificates above it, nearest first."""
    abilities: tuple[str, ...] = ()
    """What our key can do: ``"sign"``, ``"decrypt"``, ``"agree"``."""
    key_place: KeyPlace = ""
    """Whether our key is in the memory of this process, or on a token or with a service."""
    serves_from: datetime | None = None
    """When it takes over from another entry of its alias: ``sign_from`` or ``encrypt_from``."""
    key_name: str = ""
    """What messages call a secret."""

    def to_dict(self) -> dict[str, Any]:
        """Give the entry as JSON-ready data."""
        plain = asdict(self)
        for name in ("not_before", "not_after", "serves_from"):
            moment = plain[name]
            plain[name] = None if moment is None else moment.isoformat()
        return {**plain, "chain": list(self.chain), "abilities": list(self.abilities)}


def list_entries(snapshot: Snapshot) -> Iterator[ListedEntry]:
    """Give the entries of a snapshot: our key pairs, then partners, then secrets."""
    for key in snapshot.key_entries:
        yield ListedEntry(
            alias=key.alias,
            kind="key",
            abilities=_abilities_of(key),
            key_place=_place_of(key),
            serves_from=key.sign_from,
            **_certificate_fields(key.certificate, key.chain),
        )
    for partner in snapshot.partner_entries:
        fields = _certificate_fields(partner.certificate, partner.chain)
        yield ListedEntry(
            alias=partner.alias, kind="partner", serves_from=partner.encrypt_from, **fields
        )
    for secret in snapshot.secrets.values():
        yield ListedEntry(alias=secret.alias, kind="secret", key_name=secret.message_name)


def _certificate_fields(certificate: Certificate, chain: tuple[Certificate, ...]) -> dict[str, Any]:
    return {
        "subject": printable(certificate.subject),
        "issuer": printable(certificate.issuer),
        "serial_number": f"{certificate.serial_number:x}",
        "not_before": certificate.not_before,
        "not_after": certificate.not_after,
        "thumbprint_sha1": certificate.thumbprint.hex(),
        "thumbprint_sha256": certificate.thumbprint_sha256,
        "subject_key_identifier": certificate.subject_key_identifier.hex(),
        "key_kind": certificate.key_kind,
        "key_bits": certificate.key_bits,
        "signature_algorithm": _signature_algorithm_of(certificate),
        "chain": tuple(printable(item.subject) for item in chain),
    }


def _signature_algorithm_of(certificate: Certificate) -> str:
    """Name it as settings do: ``rsa-sha256``; the dotted number where it is not known."""
    dotted = certificate.x509.signature_algorithm_oid.dotted_string
    if dotted in _PURE:
        return _PURE[dotted]
    try:
        digest = certificate.x509.signature_hash_algorithm
        how = certificate.x509.signature_algorithm_parameters
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return dotted
    scheme = next((name for kind, name in _SCHEMES if isinstance(how, kind)), "")
    if digest is None or not scheme:
        return f"dsa-{digest.name}" if digest is not None and how is None else dotted
    return f"{scheme}-{digest.name}"


def _abilities_of(entry: KeyEntry) -> tuple[str, ...]:
    named = (("sign", entry.signer), ("decrypt", entry.decrypter), ("agree", entry.agreement))
    return tuple(name for name, key in named if key is not None)


def _place_of(entry: KeyEntry) -> KeyPlace:
    held = (entry.signer, entry.decrypter, entry.agreement)
    return "memory" if any(isinstance(key, FileKey) for key in held) else "elsewhere"
