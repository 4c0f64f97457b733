"""What trust ends in: anchors and pins that were given, and nothing else."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Sequence
from dataclasses import KW_ONLY, dataclass
from typing import TypedDict, Unpack

from cryptography import x509

from zeep_wssec.errors import KeyLoadError
from zeep_wssec.forks import cached_property
from zeep_wssec.keys.certificate import Certificate
from zeep_wssec.keys.files import Source, describe_source, read_source
from zeep_wssec.keys.revocation_data import load_crls, load_ocsp
from zeep_wssec.keys.sniff import is_pkcs12
from zeep_wssec.keys.trust_rules import (
    NO_RULES,
    FetchedRevocation,
    RevocationMode,
    TrustException,
    TrustRules,
    normalize_pin,
)

CertificateSource = Source | Certificate
"""A path, bytes (PEM or DER), or a certificate already loaded."""


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
    rules: TrustRules = NO_RULES
    """How every certificate is judged: revocation, usages, exceptions."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "pins", frozenset(normalize_pin(pin) for pin in self.pins))
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
        **rules: Unpack[RuleSources],
    ) -> TrustStore:
        """Load a store from files, bytes or certificates; each source may hold several.

        The other arguments are those of ``load_rules``.

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
            rules=load_rules(**rules),
        )

    def merge(self, other: TrustStore) -> TrustStore:
        """Give the store that trusts what either trusts, by the rules of both."""
        return TrustStore(
            anchors=tuple(dict.fromkeys(self.anchors + other.anchors)),
            intermediates=tuple(dict.fromkeys(self.intermediates + other.intermediates)),
            pins=self.pins | other.pins,
            rules=self.rules.merge(other.rules),
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


class RuleSources(TypedDict, total=False):
    """Where rules come from."""

    revocation: RevocationMode
    """What follows where nothing tells whether a certificate is revoked: ``"off"`` nothing, ``"soft"`` a
    warning, ``"hard"`` a refusal. A certificate that is known to be revoked is always refused."""
    crls: Source | Sequence[Source]
    """Complete CRLs in DER or PEM."""
    ocsp: Source | Sequence[Source]
    """OCSP responses in DER."""
    extended_key_usage: Iterable[str]
    """Of which a signer's certificate must have one, if it has any; empty: the usual ones."""
    exceptions: Iterable[TrustException]
    """What is overlooked in single certificates."""
    sha1: bool
    """Whether certificates that are signed over SHA-1 count."""


def load_rules(**given: Unpack[RuleSources]) -> TrustRules:
    """Load rules from files or bytes; they have room for what is fetched later.

    Raises:
        KeyLoadError: Something cannot be read, or is of a kind that is not accepted.
    """
    usages = given.get("extended_key_usage", ())
    return TrustRules(
        revocation=given.get("revocation", "off"),
        crls=tuple(
            found
            for item in _listed(given.get("crls", ()))
            for found in load_crls(read_source(item, what="a CRL"), source=describe_source(item))
        ),
        ocsp=tuple(
            found
            for item in _listed(given.get("ocsp", ()))
            for found in load_ocsp(
                read_source(item, what="an OCSP response"), source=describe_source(item)
            )
        ),
        extended_key_usage=frozenset((usages,) if isinstance(usages, str) else usages) or None,
        exceptions=tuple(given.get("exceptions", ())),
        sha1=given.get("sha1", False),
        fetched=(FetchedRevocation(),),
    )


def _listed(sources: Source | Sequence[Source]) -> Sequence[Source]:
    return (sources,) if isinstance(sources, (str, bytes, os.PathLike)) else sources


def is_authority(certificate: Certificate, *, anchor: bool = True) -> bool:
    """Tell whether a certificate may issue others, as far as it says itself.

    Old roots have no basicConstraints at all; they are accepted as anchors when self-issued.

    Spec: RFC 5280, sections 4.2.1.3 and 4.2.1.9.
    """
    if certificate.extensions is None:
        return False
    usage = certificate.extension(x509.KeyUsage)
    if usage is not None and not usage.key_cert_sign:
        return False
    constraints = certificate.extension(x509.BasicConstraints)
    if constraints is not None:
        return constraints.ca
    return anchor and certificate.canonical_issuer == certificate.canonical_subject


def load_partner_certificates(
    sources: CertificateSource | Sequence[CertificateSource],
    *,
    alias: str,
    names: Sequence[str] = (),
) -> list[tuple[Certificate, list[Certificate]]]:
    """Load the certificates of a partner, duplicates dropped.

    Args:
        sources: Where they are.
        alias: Name of the partner.
        names: What to call the sources in errors, where their octets do not tell.

    Returns:
        Of each source its first certificate, and the others, which are its chain.

    Raises:
        KeyLoadError: There is no source, or one holds no certificate.
    """
    if isinstance(sources, (str, bytes, os.PathLike, Certificate)):
        sources = (sources,)
    what = f"the certificate of {alias!r}"
    found = [
        load_certificates(item, what=what, name=name)
        for item, name in zip(sources, names or (None,) * len(sources), strict=True)
    ]
    if not found:
        raise KeyLoadError(f"The partner {alias!r} needs a certificate.", alias=alias)
    return list({leaf: (leaf, rest) for leaf, *rest in found}.values())


def load_certificates(
    sources: CertificateSource | Sequence[CertificateSource], *, what: str, name: str | None = None
) -> tuple[Certificate, ...]:
    """Load every certificate of one or several sources, duplicates dropped.

    Args:
        sources: Where they are.
        what: What is expected there, for errors.
        name: What to call the source in errors, where its octets are given.

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
            found.update(dict.fromkeys(_read_certificates(source, what=what, name=name)))
    return tuple(found)


def _read_certificates(source: Source, *, what: str, name: str | None) -> tuple[Certificate, ...]:
    data = read_source(source, what=what)
    name = name or describe_source(source)
    try:
        if data[:1] == b"\x30":
            return (Certificate.from_der(data),)
        return Certificate.from_pem(data)
    except KeyLoadError:
        found, hint = "has no certificate in PEM or DER, or a broken one", ""
        if not data.strip():
            found = "is empty"
        elif is_pkcs12(data):
            found = "is PKCS#12"
            hint = "Take the certificate out: zeep-wssec keystore export FILE -o partner.pem."
        raise KeyLoadError(
            f"{name}: {what} expected, but this {found}.", hint=hint, source=name
        ) from None
