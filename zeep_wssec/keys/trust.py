"""What trust ends in: anchors and pins that were given, and nothing else."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import KW_ONLY, dataclass
from functools import cached_property

from cryptography import x509

from zeep_wssec.errors import KeyLoadError
from zeep_wssec.keys.certificate import Certificate
from zeep_wssec.keys.files import Source, describe_source, read_source

CertificateSource = Source | Certificate
"""A path, bytes (PEM or DER), or a certificate already loaded."""

_PIN = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True, repr=False)
class TrustStore:
    """Anchors, helping intermediates and pins; empty by default, and never the system's store.

    Two stores with the same content are equal.
    """

    _: KW_ONLY
    anchors: tuple[Certificate, ...] = ()
    """Where a path must end: CA certificates, or others that are also pinned."""
    intermediates: tuple[Certificate, ...] = ()
    """Certificates that may stand in a path; they end none."""
    pins: frozenset[str] = frozenset()
    """SHA-256 thumbprints, lower-case hex, of certificates trusted as they are."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "pins", frozenset(_normalize_pin(pin) for pin in self.pins))
        for anchor in self.anchors:
            if anchor.thumbprint_sha256 not in self.pins and not is_authority(anchor):
                raise KeyLoadError(
                    f"{anchor.describe()} is not a CA certificate and cannot be a trust anchor.",
                    hint="Pin it, or give the certificate of the CA that issued it.",
                )

    @classmethod
    def load(
        cls,
        *,
        anchors: CertificateSource | Sequence[CertificateSource] = (),
        intermediates: CertificateSource | Sequence[CertificateSource] = (),
        pins: Iterable[str] = (),
    ) -> TrustStore:
        """Load a store from files, bytes or certificates; each source may hold several.

        Raises:
            KeyLoadError: A source holds no certificate, an anchor is no CA, or a pin is not a
                SHA-256 thumbprint.
        """
        if isinstance(pins, str):
            pins = (pins,)
        return cls(
            anchors=load_certificates(anchors, what="trust anchors"),
            intermediates=load_certificates(intermediates, what="intermediate certificates"),
            pins=frozenset(pins),
        )

    def merge(self, other: TrustStore) -> TrustStore:
        """Give the store that trusts what either trusts."""
        return TrustStore(
            anchors=tuple(dict.fromkeys(self.anchors + other.anchors)),
            intermediates=tuple(dict.fromkeys(self.intermediates + other.intermediates)),
            pins=self.pins | other.pins,
        )

    def is_pinned(self, certificate: Certificate) -> bool:
        """Tell whether exactly this certificate is pinned."""
        return certificate.thumbprint_sha256 in self.pins

    @cached_property
    def identity(self) -> str:
        """Digest of the content: equal for equal stores, in this process and any other."""
        groups = (
            sorted(certificate.thumbprint_sha256 for certificate in self.anchors),
            sorted(certificate.thumbprint_sha256 for certificate in self.intermediates),
            sorted(self.pins),
        )
        return hashlib.sha256(repr(groups).encode()).hexdigest()

    def __repr__(self) -> str:
        return (
            f"<TrustStore: {len(self.anchors)} anchors, {len(self.intermediates)} intermediates, "
            f"{len(self.pins)} pins>"
        )


def is_authority(certificate: Certificate, *, anchor: bool = True) -> bool:
    """Tell whether a certificate may issue others, as far as it says itself.

    Old roots have no basicConstraints at all; they are accepted as anchors when self-issued.

    Spec: RFC 5280, sections 4.2.1.3 and 4.2.1.9.
    """
    if certificate.extensions is None:
        return False
    try:
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
        if not usage.key_cert_sign:
            return False
    except x509.ExtensionNotFound:
        pass
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return anchor and certificate.canonical_issuer == certificate.canonical_subject


def load_certificates(
    sources: CertificateSource | Sequence[CertificateSource], *, what: str
) -> tuple[Certificate, ...]:
    """Load every certificate of one or several sources, duplicates dropped.

    Raises:
        KeyLoadError: A source holds none.
    """
    if isinstance(sources, (str, bytes, os.PathLike, Certificate)):
        sources = (sources,)
    found: dict[Certificate, None] = {}
    for source in sources:
        if isinstance(source, Certificate):
            found[source] = None
        else:
            found.update(dict.fromkeys(_read_certificates(source, what=what)))
    return tuple(found)


def _read_certificates(source: Source, *, what: str) -> tuple[Certificate, ...]:
    data = read_source(source, what=what)
    name = describe_source(source)
    try:
        if data[:1] == b"\x30":
            return (Certificate.from_der(data),)
        return Certificate.from_pem(data)
    except KeyLoadError:
        found = (
            "is empty" if not data.strip() else "has no certificate in PEM or DER, or a broken one"
        )
        raise KeyLoadError(f"{name}: {what} expected, but this {found}.", source=name) from None


def _normalize_pin(pin: str) -> str:
    normal = pin.replace(":", "").replace(" ", "").lower().removeprefix("sha256/")
    if not _PIN.fullmatch(normal):
        raise KeyLoadError(
            f"{pin[:80]!r} is not a pin: 64 hex digits expected, the SHA-256 thumbprint of a certificate."
        )
    return normal
