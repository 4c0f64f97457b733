"""Whether a certificate is fit for a purpose: its dates, the size of its key, its key usage.

Fitness is not trust: an unfit certificate is refused even when it is pinned, and a fit one still
needs a path, a pin or an entry.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Literal

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa

from zeep_wssec.errors import KeyLoadError, KeyUsageError
from zeep_wssec.keys.certificate import Certificate

Purpose = Literal["sign", "encrypt", "agree", "verify"]
UnfitReason = Literal["expired", "not_yet_valid", "weak_key", "wrong_usage"]

RSA_BITS = range(2048, 8192 + 1)
"""Below is weak; above costs a peer nothing to send and us milliseconds to use."""

CURVES = frozenset(
    {"secp256r1", "secp384r1", "secp521r1", "brainpoolP256r1", "brainpoolP384r1", "brainpoolP512r1"}
)

DSA_BITS = range(1024, 3072 + 1)
"""With the opt-in ``"dsa"``; without it no DSA key is fit. Old peers that sign with one have 1024 bits."""

_DSA_SUBGROUP_BITS = (160, 256)
"""Those whose signature values XML Signature 1.1, section 6.4.1, gives a length for."""

_WEAK_RSA_BITS = range(1024, 2048)
"""What an exception for one certificate may allow; below it a key can be computed."""

USAGE_NAMES: Mapping[str, str] = {
    "any": "2.5.29.37.0",
    "server_auth": "1.3.6.1.5.5.7.3.1",
    "client_auth": "1.3.6.1.5.5.7.3.2",
    "code_signing": "1.3.6.1.5.5.7.3.3",
    "email_protection": "1.3.6.1.5.5.7.3.4",
    "time_stamping": "1.3.6.1.5.5.7.3.8",
    "ocsp_signing": "1.3.6.1.5.5.7.3.9",
    "document_signing": "1.3.6.1.5.5.7.3.36",
    "microsoft_document_signing": "1.3.6.1.4.1.311.10.3.12",
    "adobe_document_signing": "1.2.840.113583.1.1.5",
}
"""Extended key usages by the names that settings and errors call them."""

SIGNER_USAGES = frozenset(
    USAGE_NAMES[name]
    for name in (
        "any",
        "server_auth",
        "client_auth",
        "email_protection",
        "document_signing",
        "microsoft_document_signing",
        "adobe_document_signing",
    )
)
"""Extended key usages of which a signer has one. No usage is made for signed messages, and many services
sign with the certificate of their TLS server or client."""

_CLIENT_USAGES = frozenset({USAGE_NAMES["any"], USAGE_NAMES["client_auth"]})
_SIGNING = ("digital_signature", "content_commitment")
_ENCRYPTING = ("key_encipherment", "data_encipherment")
_AGREEING = ("key_agreement",)
_ONLY_SIGN = ("ed25519", "ed448", "dsa")
_ONLY_AGREE = ("x25519", "x448")
_AGREE = ("ec", *_ONLY_AGREE)


@dataclass(frozen=True, kw_only=True)
class Unfit:
    """Why a certificate is not fit."""

    reason: UnfitReason
    """Short, stable name; the ``reason`` of the error that is raised."""
    sentence: str
    """The same for people, with the certificate named."""

    @property
    def hint_ours(self) -> str:
        """What to do where the certificate is that of our own key pair."""
        told = {
            "expired": "Renew it: zeep-wssec keystore new --like, then csr and add. A successor goes beside it.",
            "not_yet_valid": "Sign with the present one until then, or compare the clock.",
        }
        return told.get(self.reason, "Name a key pair that may sign.")

    @property
    def hint_theirs(self) -> str:
        """What to do where the certificate is that of a partner whom we encrypt to."""
        if self.reason == "expired":
            return "Ask the partner for its new certificate, and put it beside this one, or in its place."
        if self.reason == "not_yet_valid":
            return "Encrypt to the present one until then (encrypt_from), or compare the clock."
        return "Name a certificate that is meant for encryption; ask the partner for it."


def read_usages(names: Iterable[str]) -> frozenset[str]:
    """Read extended key usages: names of ``USAGE_NAMES``, or dotted object identifiers.

    Raises:
        KeyLoadError: One is neither, or there is none.
    """
    if isinstance(names, str):
        names = (names,)
    found = frozenset(USAGE_NAMES.get(name, name) for name in names)
    for usage in found:
        if not all(arc.isascii() and arc.isdigit() for arc in usage.split(".")):
            raise KeyLoadError(
                f"{usage[:80]!r} is no extended key usage.",
                hint=f"Known are {', '.join(USAGE_NAMES)}; others by their dotted number.",
            )
    if not found:
        raise KeyLoadError("An empty list of extended key usages allows no signer at all.")
    return found


def check_fitness(
    certificate: Certificate,
    *,
    purpose: Purpose,
    now: datetime,
    legacy: Container[str] = (),
    allowed: frozenset[str] = frozenset(),
    usages: frozenset[str] = SIGNER_USAGES,
) -> Unfit | None:
    """Say why ``certificate`` must not be used for ``purpose`` at ``now``, or ``None``.

    Args:
        certificate: Ours or a peer's; the caller turns the answer into ``KeyUsageError`` or
            ``UntrustedCertificateError``.
        purpose: ``"sign"`` and ``"verify"`` ask for a signing key; ``"encrypt"`` for one to encrypt to,
            by key transport or key agreement; ``"agree"`` for one to agree on a secret with.
        now: Aware UTC time.
        legacy: Names of the opt-ins that were given; ``"dsa"`` makes DSA keys fit to sign.
        allowed: What an exception overlooks in this very certificate.
        usages: Extended key usages of which a signer that has any must have one.

    Spec: RFC 5280, sections 4.1.2.5, 4.2.1.3 and 4.2.1.12; RFC 5480, section 3; RFC 8410, section 5.
    """
    return check_dates(certificate, now=now, allowed=allowed) or _check_lasting(
        certificate, purpose, "dsa" in legacy, allowed, usages
    )


def check_dates(
    certificate: Certificate, *, now: datetime, allowed: frozenset[str] = frozenset()
) -> Unfit | None:
    """Say that ``certificate`` is not valid at ``now``, or give ``None``."""
    if now < certificate.not_before:
        return Unfit(
            reason="not_yet_valid",
            sentence=f"{certificate.describe()} is not valid before {certificate.not_before:%Y-%m-%d %H:%M:%S}Z.",
        )
    if now > certificate.not_after and "expired" not in allowed:
        return Unfit(
            reason="expired",
            sentence=f"{certificate.describe()} expired at {certificate.not_after:%Y-%m-%d %H:%M:%S}Z.",
        )
    return None


@lru_cache(maxsize=1024)
def _check_lasting(
    certificate: Certificate,
    purpose: Purpose,
    dsa_allowed: bool,
    allowed: frozenset[str],
    usages: frozenset[str],
) -> Unfit | None:
    weakness = describe_weakness(
        certificate, dsa_allowed=dsa_allowed, weak_allowed="weak_key" in allowed
    )
    if weakness:
        return Unfit(reason="weak_key", sentence=f"{certificate.describe()} {weakness}.")
    overlooked = "wrong_usage" in allowed
    misuse = _describe_wrong_kind(certificate, purpose) if overlooked else ""
    if not overlooked:
        misuse = describe_misuse(certificate, purpose) or _describe_extended(
            certificate, purpose, usages
        )
    if misuse:
        return Unfit(reason="wrong_usage", sentence=f"{certificate.describe()} {misuse}.")
    return None


def describe_weakness(
    certificate: Certificate, *, dsa_allowed: bool = False, weak_allowed: bool = False
) -> str:
    """Say what is wrong with the public key, or give an empty text.

    Args:
        certificate: Of anybody; an issuer's is never asked about with ``dsa_allowed``.
        dsa_allowed: Whether the opt-in ``"dsa"`` was given.
        weak_allowed: Whether an exception overlooks a key that is too short.
    """
    try:
        key = certificate.public_key
    except KeyUsageError:
        return "has a public key that is broken or of a kind that is not supported"
    if isinstance(key, rsa.RSAPublicKey):
        exponent = key.public_numbers().e
        if key.key_size not in RSA_BITS and not (weak_allowed and key.key_size in _WEAK_RSA_BITS):
            return f"has an RSA key of {key.key_size} bits; {RSA_BITS[0]} to {RSA_BITS[-1]} are allowed"
        if exponent < 3 or exponent % 2 == 0 or exponent.bit_length() > 32:
            return "has an RSA key with a public exponent that is not allowed"
    elif isinstance(key, ec.EllipticCurvePublicKey):
        if key.curve.name not in CURVES and not weak_allowed:
            return f"has a key on the curve {key.curve.name}, which is not allowed"
    elif isinstance(key, dsa.DSAPublicKey):
        return _describe_weak_dsa(key, dsa_allowed)
    return ""


def _describe_weak_dsa(key: dsa.DSAPublicKey, allowed: bool) -> str:
    if not allowed:
        return 'has a DSA key, which is not allowed without the legacy opt-in "dsa"'
    subgroup_bits = key.parameters().parameter_numbers().q.bit_length()
    if key.key_size not in DSA_BITS or subgroup_bits not in _DSA_SUBGROUP_BITS:
        return (
            f"has a DSA key of {key.key_size} and {subgroup_bits} bits; {DSA_BITS[0]} to "
            f"{DSA_BITS[-1]} with a subgroup of 160 or 256 are allowed"
        )
    return ""


def describe_misuse(certificate: Certificate, purpose: Purpose) -> str:
    """Say why the key is not meant for ``purpose``, or give an empty text."""
    wrong_kind = _describe_wrong_kind(certificate, purpose)
    if wrong_kind:
        return wrong_kind
    if certificate.extensions is None:
        return "has extensions that cannot be read"
    usage = certificate.extension(x509.KeyUsage)
    if usage is None:
        return ""
    wanted = _wanted_usages(purpose, certificate.key_kind)
    if any(getattr(usage, name) for name in wanted):
        return ""
    return f"does not allow {' or '.join(_camel(name) for name in wanted)} in its key usage"


def _describe_wrong_kind(certificate: Certificate, purpose: Purpose) -> str:
    """Say that a key of this kind cannot do it, whatever its certificate says."""
    kind = certificate.key_kind
    if purpose == "agree" and kind not in _AGREE:
        return f"has a key of kind {kind}, which cannot agree on a secret"
    if purpose == "encrypt" and kind in _ONLY_SIGN:
        return f"has a key of kind {kind}, which can only sign"
    if purpose in ("sign", "verify") and kind in _ONLY_AGREE:
        return f"has a key of kind {kind}, which cannot sign"
    return ""


def _describe_extended(certificate: Certificate, purpose: Purpose, accepted: frozenset[str]) -> str:
    """Say that the extended key usage is for other things than signing messages."""
    if purpose != "verify":
        return ""
    found = usages_of(certificate)
    if found is None or accepted.intersection(found):
        return ""
    return (
        f"is for {', '.join(map(usage_name, found)) or 'nothing'} only, by its extended key usage; "
        "trust.extended_key_usage says what a signer's certificate may be for"
    )


def describe_client_misuse(certificate: Certificate) -> Iterator[str]:
    """Say what many servers refuse in the certificate of a TLS client."""
    usages = usages_of(certificate)
    if usages is not None and not _CLIENT_USAGES & set(usages):
        shown = ", ".join(usage_name(item) for item in usages)
        yield f"is not meant for TLS clients: its extended key usage is {shown}"
    usage = certificate.extension(x509.KeyUsage)
    if usage is not None and not usage.digital_signature:
        yield "may not sign, which TLS asks of it: its key usage lacks digitalSignature"


def usages_of(certificate: Certificate) -> tuple[str, ...] | None:
    """Give the extended key usages as dotted numbers; ``None`` without the extension: any."""
    usage = certificate.extension(x509.ExtendedKeyUsage)
    return None if usage is None else tuple(item.dotted_string for item in usage)


def usage_name(usage: str) -> str:
    """Give the name of an extended key usage, or its number."""
    return next((name for name, number in USAGE_NAMES.items() if number == usage), usage)


def _wanted_usages(purpose: Purpose, kind: str) -> tuple[str, ...]:
    """Name the key usages of which one is enough."""
    if purpose == "agree" or kind in _ONLY_AGREE:
        return _AGREEING
    if purpose == "encrypt":
        # Issuers give keyEncipherment to EC keys too, which are only ever agreed with.
        return _ENCRYPTING if kind == "rsa" else (*_ENCRYPTING, *_AGREEING)
    return _SIGNING


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)
