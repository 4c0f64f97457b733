"""X.509 certificates as the rest of the package sees them: parsed once, compared by their bytes."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache
from itertools import islice
from typing import Any, NoReturn, TypeVar, cast

from cryptography import x509 as cx509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa, x448, x25519
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes

from zeep_wssec.errors import KeyLoadError, KeyUsageError
from zeep_wssec.forks import cached_property
from zeep_wssec.keys.der import iterate_tlv, read_tlv
from zeep_wssec.keys.der_writing import SEQUENCE, write_tlv
from zeep_wssec.keys.name_text import parse_name_text, read_name_text
from zeep_wssec.keys.names import (
    Attribute,
    CanonicalName,
    canonical_name,
    format_quoted,
    format_rfc2253,
    printable,
    read_name,
)
from zeep_wssec.keys.pem_blocks import Block, find_blocks

MAX_CERTIFICATE_BYTES = 64 * 1024
"""Largest certificate read; ordinary ones have one to three kilobytes."""

_CACHED_BYTES = 8 * 1024
"""Larger ones are parsed but not kept, so a peer cannot fill memory through the cache."""

_Extension = TypeVar("_Extension", bound=cx509.ExtensionType)

_CERTIFICATE_LABELS = ("CERTIFICATE", "X509 CERTIFICATE")

_KINDS: tuple[tuple[type, str, int | None], ...] = (
    (rsa.RSAPublicKey, "rsa", None),
    (ec.EllipticCurvePublicKey, "ec", None),
    (ed25519.Ed25519PublicKey, "ed25519", 256),
    (ed448.Ed448PublicKey, "ed448", 456),
    (x25519.X25519PublicKey, "x25519", 256),
    (x448.X448PublicKey, "x448", 448),
    (dsa.DSAPublicKey, "dsa", None),
)


class Certificate:
    """One X.509 certificate; equal to another when their DER bytes are equal.

    Make one with ``from_der`` or ``from_pem``. Every attribute is computed at most once. Holding a
    certificate says nothing about trust in it.
    """

    x509: cx509.Certificate
    """The certificate as ``cryptography`` has it."""
    der: bytes
    """Its bytes, as received."""

    def __init__(self) -> None:
        raise TypeError("Use Certificate.from_der(...) or Certificate.from_pem(...).")

    @classmethod
    def from_der(cls, der: bytes) -> Certificate:
        """Parse one certificate; the same bytes give the same object while it is cached.

        Raises:
            KeyLoadError: Not exactly one well-formed certificate, or above 64 KiB.
        """
        if len(der) <= _CACHED_BYTES:
            return _parse_cached(bytes(der))
        return _parse(bytes(der))

    @classmethod
    def from_pem(cls, pem: bytes) -> tuple[Certificate, ...]:
        """Parse every ``CERTIFICATE`` block, in file order; anything between blocks is ignored.

        Raises:
            KeyLoadError: There is no such block, or one is broken.
        """
        return certificates_of(find_blocks(pem, source="the PEM text"), source="the PEM text")

    @cached_property
    def base64(self) -> str:
        """The DER as base64 in one line, as a ``BinarySecurityToken`` holds it."""
        return base64.b64encode(self.der).decode("ascii")

    @cached_property
    def pem(self) -> bytes:
        """The certificate as a PEM block."""
        text = base64.encodebytes(self.der).replace(b"\n", b"")
        lines = [text[at : at + 64] for at in range(0, len(text), 64)]
        return b"\n".join(
            [b"-----BEGIN CERTIFICATE-----", *lines, b"-----END CERTIFICATE-----", b""]
        )

    @cached_property
    def thumbprint(self) -> bytes:
        """SHA-1 of the DER: the ``ThumbprintSHA1`` of WS-Security."""
        return hashlib.sha1(self.der, usedforsecurity=False).digest()

    @cached_property
    def thumbprint_sha256(self) -> str:
        """SHA-256 of the DER in lower-case hex: what a pin names."""
        return hashlib.sha256(self.der).hexdigest()

    @cached_property
    def _tbs(self) -> tuple[bytes, bytes, bytes]:
        """Issuer, subject and public key as they are encoded (the first two with tag, the key without)."""
        content = read_tlv(self.x509.tbs_certificate_bytes)[1]
        fields = list(islice(iterate_tlv(content), 7))
        if fields[0][0] == 0xA0:
            del fields[0]
        issuer, subject, key = fields[2][1], fields[4][1], fields[5][1]
        return issuer, subject, key

    @property
    def public_key_octets(self) -> bytes:
        """The public key as it is encoded: equal for two certificates of one key."""
        return self._tbs[2]

    @cached_property
    def public_key_der(self) -> bytes:
        """The public key as DER ``SubjectPublicKeyInfo``, in one encoding whatever the issuer wrote.

        A key of a kind that is not supported is given as it is encoded.
        """
        try:
            return self.public_key.public_bytes(
                serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
            )
        except (KeyUsageError, ValueError, UnsupportedAlgorithm):
            return write_tlv(SEQUENCE, self._tbs[2])

    @cached_property
    def subject(self) -> str:
        """Subject as RFC 4514 text, for people."""
        return _friendly(self.x509, "subject", fallback=self._tbs[1])

    @cached_property
    def issuer(self) -> str:
        """Issuer as RFC 4514 text, for people."""
        return _friendly(self.x509, "issuer", fallback=self._tbs[0])

    @cached_property
    def serial_number(self) -> int:
        """Serial number as the certificate has it; may be negative in broken ones."""
        return self.x509.serial_number

    @cached_property
    def issuer_name_rfc2253(self) -> str:
        """Issuer as ``ds:X509IssuerName`` writes it; equals Java's ``X500Principal.getName()``."""
        return format_rfc2253(read_name(self._tbs[0]))

    @cached_property
    def issuer_name_quoted(self) -> str:
        """Issuer with special values in quotes, for peers on .NET; else as ``issuer_name_rfc2253``."""
        return format_quoted(read_name(self._tbs[0]))

    @cached_property
    def canonical_issuer(self) -> CanonicalName:
        """Issuer in the form in which names are compared."""
        return canonical_name(read_name(self._tbs[0]))

    @cached_property
    def canonical_subject(self) -> CanonicalName:
        """Subject in the form in which names are compared."""
        return canonical_name(self._subject_rdns)

    @cached_property
    def _subject_rdns(self) -> tuple[tuple[Attribute, ...], ...]:
        return read_name(self._tbs[1])

    @cached_property
    def extensions(self) -> cx509.Extensions | None:
        """The extensions, or ``None`` when they cannot be read."""
        try:
            return self.x509.extensions
        except (
            ValueError,
            TypeError,
            Warning,
            cx509.DuplicateExtension,
            cx509.UnsupportedGeneralNameType,
        ):
            return None

    def extension(self, kind: type[_Extension]) -> _Extension | None:
        """Give the extension of a kind, or ``None`` where there is none or none can be read."""
        return cast("_Extension | None", self._extensions_by_kind.get(kind))

    @cached_property
    def _extensions_by_kind(self) -> dict[type, cx509.ExtensionType]:
        return {type(item.value): item.value for item in self.extensions or ()}

    @cached_property
    def subject_key_identifier(self) -> bytes:
        """Value of the extension; without one, SHA-1 of the public key bits.

        Spec: RFC 5280, section 4.2.1.2, method (1).
        """
        found = self.extension(cx509.SubjectKeyIdentifier)
        if found is not None:
            return found.digest
        bits = list(iterate_tlv(self._tbs[2]))[1][1][1:]
        return hashlib.sha1(bits, usedforsecurity=False).digest()

    @cached_property
    def public_key(self) -> CertificatePublicKeyTypes:
        """The public key.

        Raises:
            KeyUsageError: It is of a kind that is not supported, or broken.
        """
        try:
            return self.x509.public_key()
        except (ValueError, TypeError, Warning, UnsupportedAlgorithm) as error:
            raise KeyUsageError(
                f"The public key of {self.describe()} is broken or of a kind that is not supported.",
                reason="weak_key",
            ) from error

    @cached_property
    def key_kind(self) -> str:
        """``"rsa"``, ``"ec"``, ``"ed25519"``, ``"ed448"``, ``"x25519"``, ``"x448"``, ``"dsa"`` or ``"unknown"``."""
        try:
            key = self.public_key
        except KeyUsageError:
            return "unknown"
        return next((kind for type_, kind, _ in _KINDS if isinstance(key, type_)), "unknown")

    @cached_property
    def key_bits(self) -> int:
        """Size of the key in bits; 0 when its kind is unknown."""
        if self.key_kind == "unknown":
            return 0
        bits = next(bits for _, kind, bits in _KINDS if kind == self.key_kind)
        return bits if bits is not None else int(self.public_key.key_size)  # type: ignore[union-attr]

    @cached_property
    def not_before(self) -> datetime:
        """First moment of validity, aware UTC."""
        return self.x509.not_valid_before_utc

    @cached_property
    def not_after(self) -> datetime:
        """Last moment of validity, aware UTC."""
        return self.x509.not_valid_after_utc

    def describe(self) -> str:
        """Give one line for people: subject, last day, and the thumbprints other tools show.

        A hostile subject is made harmless: bounded, and without line ends or invisible characters.
        """
        return (
            f"{printable(self.subject) or '(no subject)'} (until {self.not_after:%Y-%m-%d}, "
            f"SHA-1 {self.thumbprint.hex()}, SHA-256 {self.thumbprint_sha256[:16]}…)"
        )

    def matches_issuer_serial(self, issuer_text: str, serial: int) -> bool:
        """Tell whether ``ds:X509IssuerSerial`` names this certificate; never raises.

        Tolerant of what peers write: spacing, quotes, escapes, order of the RDNs, case, OIDs for short
        names, hex values. It finds a certificate; whether to trust it is another question.
        """
        if serial != self.serial_number:
            return False
        if issuer_text == self.issuer_name_rfc2253:
            return True
        return self.canonical_issuer in read_name_text(issuer_text)

    def has_subject(self, name: str) -> bool:
        """Tell whether the subject is exactly ``name``, whole and with its case; never raises.

        The name may start at either end and use short names or OIDs; no RDN may be missing.
        """
        given = parse_name_text(name, exact=True)
        own = canonical_name(self._subject_rdns, exact=True)
        return given is not None and (given == own or given == own[::-1])

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        return self.der == other.der if isinstance(other, Certificate) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.der)

    def __repr__(self) -> str:
        return f"<Certificate {self.describe()}>"

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"Certificate is frozen; {name} cannot be set.")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"Certificate is frozen; {name} cannot be removed.")

    def __reduce__(self) -> tuple[Any, ...]:
        return (Certificate.from_der, (self.der,))


def _friendly(certificate: cx509.Certificate, which: str, *, fallback: bytes) -> str:
    try:
        return str(getattr(certificate, which).rfc4514_string())
    except (ValueError, TypeError, KeyError, Warning):
        return format_rfc2253(read_name(fallback))


def _parse(der: bytes) -> Certificate:
    if len(der) > MAX_CERTIFICATE_BYTES:
        raise KeyLoadError(
            f"A certificate of {len(der)} bytes; {MAX_CERTIFICATE_BYTES} is the most that is read."
        )
    try:
        parsed = cx509.load_der_x509_certificate(der)
        certificate = object.__new__(Certificate)
        certificate.__dict__.update(x509=parsed, der=der)
        # Read here what is read lazily otherwise, so that a broken certificate fails in this place only.
        _ = certificate.canonical_issuer, certificate.canonical_subject, certificate.serial_number
        _ = certificate.not_before, certificate.not_after, certificate.subject_key_identifier
    except (ValueError, TypeError, IndexError, OverflowError, Warning, cx509.InvalidVersion):
        raise KeyLoadError(
            "These bytes are not one well-formed X.509 certificate in DER."
        ) from None
    return certificate


_parse_cached = lru_cache(maxsize=512)(_parse)


def certificates_of(blocks: Iterable[Block], *, source: str) -> tuple[Certificate, ...]:
    """Parse the certificates among ``blocks``, in order.

    Raises:
        KeyLoadError: There is none, or one is broken.
    """
    found = []
    for number, block in enumerate(blocks, start=1):
        if block.label in _CERTIFICATE_LABELS:
            try:
                found.append(Certificate.from_der(block.decode()))
            except (ValueError, KeyLoadError):
                raise KeyLoadError(
                    f"{source}: block {number} ({block.label}) is not a well-formed certificate.",
                    source=source,
                ) from None
    if not found:
        raise KeyLoadError(f"{source}: no CERTIFICATE block in this PEM text.", source=source)
    return tuple(found)
