"""``kid``: how a certificate is named in a header, and which certificate of a partner has that name."""

from __future__ import annotations

import base64
import hashlib
import json

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from zeep_wssec.errors import PayloadUsageError
from zeep_wssec.keys.certificate import Certificate
from zeep_wssec.payload.jws.settings import JwsSettings


def key_id_of(certificate: Certificate, settings: JwsSettings) -> str:
    """Give the ``kid`` of our own certificate.

    Raises:
        PayloadUsageError: The certificate has no SubjectKeyIdentifier, or no name is given.
    """
    if settings.kid == "given":
        if settings.key_id is None:
            raise PayloadUsageError("Nothing says what our kid is.", path="key_id")
        return settings.key_id
    found = certificate_key_id(certificate, settings)
    if found is None:
        raise PayloadUsageError(
            f"{certificate.describe()} has no SubjectKeyIdentifier, of which kid is made.",
            hint='Ask for a certificate with that extension, or set kid = "given" and key_id.',
            path="kid",
        )
    return found


def certificate_key_id(certificate: Certificate, settings: JwsSettings) -> str | None:
    """Give the ``kid`` that is computed of a certificate; ``None`` where it has none."""
    if settings.kid == "ski":
        octets = _stated_key_identifier(certificate)
        return None if octets is None else base64.b64encode(octets).decode()
    if settings.kid == "sha256":
        return base64url(hashlib.sha256(certificate.der).digest())
    return jwk_thumbprint(certificate) if settings.kid == "jwk" else None


def jwk_thumbprint(certificate: Certificate) -> str:
    """Give the SHA-256 thumbprint of the public key as a JSON Web Key, in base64url.

    Spec: RFC 7638, section 3: the required members, sorted, without white space.
    """
    key = certificate.public_key
    if isinstance(key, rsa.RSAPublicKey):
        numbers = key.public_numbers()
        members = {"e": _uint(numbers.e), "kty": "RSA", "n": _uint(numbers.n)}
    elif isinstance(key, ec.EllipticCurvePublicKey):
        size = (key.curve.key_size + 7) // 8
        point = key.public_numbers()
        members = {
            "crv": {256: "P-256", 384: "P-384", 521: "P-521"}.get(key.curve.key_size, ""),
            "kty": "EC",
            "x": base64url(point.x.to_bytes(size, "big")),
            "y": base64url(point.y.to_bytes(size, "big")),
        }
    else:
        raw = key.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        curve = {"ed25519": "Ed25519", "ed448": "Ed448"}.get(certificate.key_kind, "")
        members = {"crv": curve, "kty": "OKP", "x": base64url(raw)}
    text = json.dumps(members, separators=(",", ":"), sort_keys=True)
    return base64url(hashlib.sha256(text.encode()).digest())


def base64url(octets: bytes) -> str:
    """Encode as RFC 7515 does: base64url without padding."""
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def _uint(number: int) -> str:
    return base64url(number.to_bytes((number.bit_length() + 7) // 8, "big"))


def _stated_key_identifier(certificate: Certificate) -> bytes | None:
    if certificate.extensions is None:
        return None
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
    except x509.ExtensionNotFound:
        return None
    return found.value.digest
