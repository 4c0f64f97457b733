"""Makes key pairs: a fresh private key, with a certificate that it signs itself until an authority replies."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import (
    CertificateIssuerPrivateKeyTypes,
)

from zeep_wssec.errors import KeyLoadError
from zeep_wssec.keys.certificate import Certificate
from zeep_wssec.keys.certification_request import (
    request_extensions,
    subject_name,
)
from zeep_wssec.keys.entries import KeyEntry
from zeep_wssec.keys.file_key import FileKey

KEY_KINDS: Mapping[str, Callable[[], CertificateIssuerPrivateKeyTypes]] = {
    "rsa-3072": lambda: rsa.generate_private_key(public_exponent=65537, key_size=3072),
    "rsa-2048": lambda: rsa.generate_private_key(public_exponent=65537, key_size=2048),
    "rsa-4096": lambda: rsa.generate_private_key(public_exponent=65537, key_size=4096),
    "ec-p256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "ec-p384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "ec-p521": lambda: ec.generate_private_key(ec.SECP521R1()),
    "ec-bp256": lambda: ec.generate_private_key(ec.BrainpoolP256R1()),
    "ec-bp384": lambda: ec.generate_private_key(ec.BrainpoolP384R1()),
    "ec-bp512": lambda: ec.generate_private_key(ec.BrainpoolP512R1()),
    "ed25519": ed25519.Ed25519PrivateKey.generate,
    "ed448": ed448.Ed448PrivateKey.generate,
}
"""What ``make_key_pair`` makes; the first is what it makes unless told otherwise."""
DEFAULT_KIND = "rsa-3072"
_BACKDATED = timedelta(minutes=5)
"""For clocks that are behind."""


def make_key_pair(
    alias: str,
    *,
    subject: str,
    names: Iterable[str] = (),
    kind: str = DEFAULT_KIND,
    now: datetime,
    days: int = 90,
) -> KeyEntry:
    """Make a key pair with a certificate that it signed itself: nobody trusts it until an authority replies.

    Args:
        alias: Its name.
        subject: Whole name as RFC 4514 has it, such as ``"CN=client,O=Example"``.
        names: Alternative names: DNS names, IP addresses, ``https://…`` URIs, mail addresses.
        kind: One of ``KEY_KINDS``.
        now: Aware time at which the certificate begins.
        days: How long it is valid.

    Raises:
        KeyLoadError: The kind or a name is none.
    """
    if kind not in KEY_KINDS:
        raise KeyLoadError(
            f"There is no kind of key {kind!r:.40}.", hint=f"Kinds: {', '.join(KEY_KINDS)}."
        )
    name, key = subject_name(subject), KEY_KINDS[kind]()
    builder = x509.CertificateBuilder(
        issuer_name=name,
        subject_name=name,
        public_key=key.public_key(),
        serial_number=x509.random_serial_number(),
        not_valid_before=now - _BACKDATED,
        not_valid_after=now + timedelta(days=days),
    )
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    builder = builder.add_extension(identifier, critical=False)
    held = FileKey(key)
    for extension, critical in request_extensions(held.kind, names):
        builder = builder.add_extension(extension, critical=critical)
    pure = held.kind in ("ed25519", "ed448")
    made = builder.sign(key, None if pure else hashes.SHA256())
    certificate = Certificate.from_der(made.public_bytes(serialization.Encoding.DER))
    return KeyEntry.of_key(alias, held, certificate=certificate)


def kind_like(certificate: Certificate) -> str:
    """Give the kind of key that a certificate has, for its successor; the default for one that is weak.

    Raises:
        KeyLoadError: None of that kind is made here.
    """
    if certificate.key_kind == "rsa":
        return (
            f"rsa-{certificate.key_bits}" if certificate.key_bits in (3072, 4096) else DEFAULT_KIND
        )
    if certificate.key_kind == "ec" and isinstance(
        certificate.public_key, ec.EllipticCurvePublicKey
    ):
        curves = {"secp256r1": "p256", "secp384r1": "p384", "secp521r1": "p521"}
        curves |= {f"brainpoolP{bits}r1": f"bp{bits}" for bits in (256, 384, 512)}
        found = f"ec-{curves.get(certificate.public_key.curve.name, '')}"
        if found in KEY_KINDS:
            return found
    if certificate.key_kind in KEY_KINDS:
        return certificate.key_kind
    raise KeyLoadError(
        f"A key of kind {certificate.key_kind} is not made here.",
        hint=f"Kinds: {', '.join(KEY_KINDS)}.",
    )
