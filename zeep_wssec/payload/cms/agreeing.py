"""Key agreement in CMS: the key that wraps the content key, from an ephemeral key and a recipient's.

Spec: RFC 5753, sections 3.1 and 7.2; RFC 8418.
"""

from __future__ import annotations

from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, x448, x25519
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.x963kdf import X963KDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from zeep_wssec.errors import KeyUsageError
from zeep_wssec.keys.certificate import Certificate
from zeep_wssec.keys.der_writing import write_tlv
from zeep_wssec.keys.hashes import HASHES
from zeep_wssec.keys.protocols import KeyAgreement
from zeep_wssec.payload.cms.algorithms import KeyScheme
from zeep_wssec.payload.cms.der import algorithm, context, octet_string, sequence

PublicKey = ec.EllipticCurvePublicKey | x25519.X25519PublicKey | x448.X448PublicKey
UNREADABLE: Final = "cannot be decrypted"
EC_KEY: Final = "1.2.840.10045.2.1"
_MONTGOMERY: Final = {"x25519": "1.3.101.110", "x448": "1.3.101.111"}
_BIT_STRING: Final = 0x03


def fresh_agreement(certificate: Certificate) -> tuple[bytes, bytes]:
    """Agree on a secret with a recipient's key.

    Returns:
        OriginatorPublicKey without its tag, and the raw secret.

    Raises:
        KeyUsageError: The key gives no secret.
    """
    public = certificate.public_key
    try:
        if isinstance(public, ec.EllipticCurvePublicKey):
            on_curve = ec.generate_private_key(public.curve)
            point = on_curve.public_key().public_bytes(
                Encoding.X962, PublicFormat.UncompressedPoint
            )
            return _originator(EC_KEY, point), on_curve.exchange(ec.ECDH(), public)
        if isinstance(public, x25519.X25519PublicKey):
            shorter = x25519.X25519PrivateKey.generate()
            raw = shorter.public_key().public_bytes_raw()
            return _originator(_MONTGOMERY["x25519"], raw), shorter.exchange(public)
        if isinstance(public, x448.X448PublicKey):
            longer = x448.X448PrivateKey.generate()
            raw = longer.public_key().public_bytes_raw()
            return _originator(_MONTGOMERY["x448"], raw), longer.exchange(public)
    except ValueError:
        pass
    raise KeyUsageError(
        f"No secret can be agreed on with the key of {certificate.describe()}.", reason="weak_key"
    )


def agree(agreement: KeyAgreement, certificate: Certificate, point: bytes) -> bytes:
    """Give the raw secret of our key with an ephemeral public key, which is checked before ours is used.

    Args:
        agreement: Our private key.
        certificate: Of that key; says of which kind and on which curve the ephemeral key must be.
        point: The ephemeral key as a bit string holds it.

    Raises:
        ValueError: For every cause the same.
    """
    try:
        peer = _load_point(certificate.public_key, point)
        secret = agreement.agree(peer.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))
    except (ValueError, TypeError, KeyUsageError, UnsupportedAlgorithm):
        raise ValueError(UNREADABLE) from None
    if not any(secret):
        raise ValueError(UNREADABLE)
    return secret


def _load_point(ours: object, point: bytes) -> PublicKey:
    if isinstance(ours, ec.EllipticCurvePublicKey):
        return ec.EllipticCurvePublicKey.from_encoded_point(ours.curve, point)
    if isinstance(ours, x25519.X25519PublicKey):
        return x25519.X25519PublicKey.from_public_bytes(point)
    if isinstance(ours, x448.X448PublicKey):
        return x448.X448PublicKey.from_public_bytes(point)
    raise ValueError(UNREADABLE)


def derive_kek(
    secret: bytes, scheme: KeyScheme, *, wrap_identifier: bytes, size: int, ukm: bytes = b""
) -> bytes:
    """Derive the wrapping key.

    Args:
        secret: The raw secret.
        scheme: Says how.
        wrap_identifier: AlgorithmIdentifier of the key wrap, as the message has it.
        size: Octets of the wrapping key.
        ukm: User keying material, if there is any.
    """
    shared = sequence(
        wrap_identifier,
        context(0, octet_string(ukm)) if ukm else b"",
        context(2, octet_string((8 * size).to_bytes(4, "big"))),
    )
    digest = HASHES[scheme.digest]
    if scheme.derivation == "hkdf":
        return HKDF(digest, size, None, shared).derive(secret)
    return X963KDF(digest, size, shared).derive(secret)


def _originator(number: str, public: bytes) -> bytes:
    return algorithm(number) + write_tlv(_BIT_STRING, b"\x00" + public)
