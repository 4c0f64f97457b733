"""Builds single keys and certificates for tests, right ones and wrong ones; nothing is checked."""

from __future__ import annotations

import ipaddress
import itertools
import sys
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import lru_cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import (
    dsa,
    ec,
    ed448,
    ed25519,
    padding,
    rsa,
    x448,
    x25519,
)
from cryptography.hazmat.primitives.asymmetric.types import (
    CertificatePublicKeyTypes,
    PrivateKeyTypes,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from zeep_wssec.keys.certificate import Certificate

POOL_SIZE = 64
"""Keys of one kind kept for reuse; so many in a row are different."""

_CURVES: dict[str, Callable[[], ec.EllipticCurve]] = {
    "p256": ec.SECP256R1,
    "p384": ec.SECP384R1,
    "p521": ec.SECP521R1,
    "p192": ec.SECP192R1,
    "p224": ec.SECP224R1,
    "k256": ec.SECP256K1,
    "bp256": ec.BrainpoolP256R1,
    "bp384": ec.BrainpoolP384R1,
    "bp512": ec.BrainpoolP512R1,
    "brainpoolP256r1": ec.BrainpoolP256R1,
    "brainpoolP384r1": ec.BrainpoolP384R1,
    "brainpoolP512r1": ec.BrainpoolP512R1,
}
_USAGES = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
)
_FITTING_USAGES: Mapping[type, tuple[str, ...]] = {
    ec.EllipticCurvePrivateKey: ("digital_signature", "key_agreement"),
    ed25519.Ed25519PrivateKey: ("digital_signature",),
    ed448.Ed448PrivateKey: ("digital_signature",),
    dsa.DSAPrivateKey: ("digital_signature",),
    x25519.X25519PrivateKey: ("key_agreement",),
    x448.X448PrivateKey: ("key_agreement",),
}
_DIGESTS: dict[str, hashes.HashAlgorithm] = {
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
}

# The object identifiers of the RSA signature algorithms of PKCS#1, which differ in the last octet.
_SHA256_WITH_RSA = bytes.fromhex("06092a864886f70d01010b")
_WEAK_DIGESTS: dict[str, tuple[hashes.HashAlgorithm, bytes]] = {
    "md5": (hashes.MD5(), bytes.fromhex("06092a864886f70d010104")),  # noqa: S303
    "sha1": (hashes.SHA1(), bytes.fromhex("06092a864886f70d010105")),  # noqa: S303
}

_pools: dict[str, list[PrivateKeyTypes]] = {}
_turns: dict[str, itertools.count[int]] = {}
_UNHELD = 2
"""Most references to a key that only its pool holds, while it is looked at."""


def generate_key(kind: str, *, reuse: bool = False) -> PrivateKeyTypes:
    """Generate a private key.

    Args:
        kind: ``"rsa-2048"`` (any size from 1024), ``"ec-p256"`` (``p384``, ``p521``, ``bp256`` or
            ``brainpoolP256r1``, …), ``"ed25519"``, ``"ed448"``, ``"x25519"``, ``"x448"`` or ``"dsa-2048"``.
        reuse: Take turns among 64 or more keys of this process; RSA keys take 100 ms each to make. A key that
            somebody holds is never given to somebody else.
    """
    if not reuse:
        return _generate(kind)
    pool = _pools.setdefault(kind, [])
    turns = _turns.setdefault(kind, itertools.count())
    for _ in range(len(pool) if len(pool) >= POOL_SIZE else 0):
        turn = next(turns) % len(pool)
        if sys.getrefcount(pool[turn]) <= _UNHELD:
            return pool[turn]
    pool.append(_generate(kind))
    return pool[-1]


def _generate(kind: str) -> PrivateKeyTypes:
    family, _, size = kind.partition("-")
    if family == "rsa":
        return rsa.generate_private_key(public_exponent=65537, key_size=int(size))
    if family == "dsa":
        return _dsa_parameters(int(size)).generate_private_key()
    if family == "ec" and size in _CURVES:
        return ec.generate_private_key(_CURVES[size]())
    simple = {
        "ed25519": ed25519.Ed25519PrivateKey,
        "ed448": ed448.Ed448PrivateKey,
        "x25519": x25519.X25519PrivateKey,
        "x448": x448.X448PrivateKey,
    }
    if kind not in simple:
        curves = ", ".join(f"ec-{name}" for name in _CURVES)
        raise ValueError(
            f"unknown kind of key {kind!r}; known are rsa-2048 and other sizes, {curves}, "
            f"{', '.join(simple)}, dsa-2048 and other sizes"
        )
    return simple[kind].generate()  # type: ignore[attr-defined,no-any-return]


@lru_cache(maxsize=4)
def _dsa_parameters(size: int) -> dsa.DSAParameters:
    """Keep the parameters, which may be shared and take seconds to make."""
    return dsa.generate_parameters(key_size=size)


def build_certificate(
    *,
    subject: x509.Name,
    issuer: x509.Name,
    subject_key: PrivateKeyTypes,
    signed_by: PrivateKeyTypes,
    not_before: datetime,
    not_after: datetime,
    extensions: Iterable[tuple[x509.ExtensionType, bool]] = (),
    serial: int | None = None,
    digest: str = "sha256",
) -> Certificate:
    """Build any certificate from its parts; nothing is added or checked."""
    builder = x509.CertificateBuilder(
        issuer_name=issuer,
        subject_name=subject,
        public_key=public_key_of(subject_key),
        serial_number=serial or x509.random_serial_number(),
        not_valid_before=not_before,
        not_valid_after=not_after,
    )
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical=critical)
    pure = isinstance(signed_by, (ed25519.Ed25519PrivateKey, ed448.Ed448PrivateKey))
    if digest in _WEAK_DIGESTS:
        return _sign_weakly(builder.sign(signed_by, hashes.SHA256()), signed_by, digest)  # type: ignore[arg-type]
    made = builder.sign(signed_by, None if pure else _DIGESTS[digest])  # type: ignore[arg-type]
    return Certificate.from_der(made.public_bytes(serialization.Encoding.DER))


def _sign_weakly(made: x509.Certificate, key: PrivateKeyTypes, digest: str) -> Certificate:
    """Sign again with a digest that certificates are no longer made with; RSA only."""
    if not isinstance(key, rsa.RSAPrivateKey):
        raise ValueError(f"{digest} is offered for RSA issuers only")
    algorithm, identifier = _WEAK_DIGESTS[digest]
    tbs = made.tbs_certificate_bytes.replace(_SHA256_WITH_RSA, identifier, 1)
    signature = key.sign(tbs, padding.PKCS1v15(), algorithm)
    der = made.public_bytes(serialization.Encoding.DER)
    tail = der[der.index(made.tbs_certificate_bytes) + len(tbs) :]
    head = der[: der.index(made.tbs_certificate_bytes)]
    tail = tail.replace(_SHA256_WITH_RSA, identifier, 1).replace(made.signature, signature)
    return Certificate.from_der(head + tbs + tail)


def make_key_usage(names: Iterable[str]) -> x509.KeyUsage:
    """Make the key usage extension from the names of the bits that are set."""
    wanted = set(names)
    if unknown := wanted - set(_USAGES):
        raise ValueError(f"unknown key usage {sorted(unknown)}")
    return x509.KeyUsage(**{name: name in wanted for name in _USAGES})


def fitting_key_usage(key: PrivateKeyTypes) -> tuple[str, ...]:
    """Name the usages that the kind of key allows: sign, and be encrypted to or agreed with."""
    return next(
        (usages for type_, usages in _FITTING_USAGES.items() if isinstance(key, type_)),
        ("digital_signature", "key_encipherment"),
    )


def read_subject(name: str) -> x509.Name:
    """Read a whole name in RFC 4514 form, or make one of a common name."""
    if "=" in name:
        return x509.Name.from_rfc4514_string(name)
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def public_key_of(key: PrivateKeyTypes) -> CertificatePublicKeyTypes:
    """Give the public key, as certificates take it."""
    return key.public_key()  # type: ignore[return-value]  # all but Diffie-Hellman


def make_extended_key_usage(names: Iterable[str]) -> x509.ExtendedKeyUsage:
    """Make the extended key usage extension; names are dotted OIDs, or ``"client_auth"`` and the like."""
    named: Mapping[str, x509.ObjectIdentifier] = vars(ExtendedKeyUsageOID)
    return x509.ExtendedKeyUsage(
        [
            x509.ObjectIdentifier(name) if name[0].isdigit() else named[name.upper()]
            for name in names
        ]
    )


def make_subject_alternative_name(names: Iterable[str]) -> x509.SubjectAlternativeName:
    """Make the extension of DNS names, IP addresses, URIs and mail addresses."""
    return x509.SubjectAlternativeName([_general_name(name) for name in names])


def _general_name(text: str) -> x509.GeneralName:
    if "://" in text:
        return x509.UniformResourceIdentifier(text)
    if "@" in text:
        return x509.RFC822Name(text)
    try:
        return x509.IPAddress(ipaddress.ip_address(text))
    except ValueError:
        return x509.DNSName(text)
