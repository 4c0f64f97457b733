"""Signature values: which key fits a method, the primitives, and the raw forms that XML Signature asks for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)

from zeep_wssec.errors import KeyUsageError
from zeep_wssec.keys.hashes import HASHES
from zeep_wssec.xmlcrypto.algorithms import SignatureMethod
from zeep_wssec.xmlcrypto.hmac_key import HmacKey

_PKCS1 = padding.PKCS1v15()
_DSA_OCTETS = (20, 32)
"""Octets of r and of s: those of a subgroup of 160 and of 256 bits."""


def fits(key: object, method: SignatureMethod) -> bool:
    """Tell whether ``key`` is of the one kind that ``method`` takes.

    Nothing may be computed with another: a public key is known to all, so whoever took its octets for
    a symmetric key would accept an HMAC that anybody can make.
    """
    return isinstance(key, _VERIFYING[method.key_kind][0])


def verify_value(key: object, value: bytes, octets: bytes, method: SignatureMethod) -> None:
    """Verify ``value`` over ``octets`` with a key that fits.

    Raises:
        InvalidSignature: They do not match, or the value does not have its exact length.
    """
    _VERIFYING[method.key_kind][1](key, value, octets, method)


def xml_value(value: bytes, method: SignatureMethod, *, key_bits: int) -> bytes:
    """Give a value that a ``Signer`` has made in the form that goes into a SignatureValue.

    Args:
        value: DER for ECDSA and DSA, else as it goes.
        method: That made it.
        key_bits: Size of the key; counts for ECDSA only.

    Raises:
        KeyUsageError: The signer gave no DER value, or one of a larger key.

    Spec: XML Signature 1.1, sections 6.4.1 and 6.4.3: r and s as octet strings of the length of the order.
    """
    if method.scheme not in ("ecdsa", "dsa"):
        return value
    try:
        r, s = decode_dss_signature(value)
        if method.scheme == "ecdsa":
            size = (key_bits + 7) // 8
        else:
            # A value of the longer subgroup that fits into the shorter one does not occur.
            size = min(size for size in _DSA_OCTETS if max(r, s).bit_length() <= 8 * size)
        return r.to_bytes(size, "big") + s.to_bytes(size, "big")
    except (ValueError, OverflowError):
        raise KeyUsageError(
            f"The signer did not give an {method.name} value for a key of {key_bits} bits.",
            reason="wrong_usage",
        ) from None


def _verify_rsa(
    key: rsa.RSAPublicKey, value: bytes, octets: bytes, method: SignatureMethod
) -> None:
    digest = HASHES[method.digest]
    filling: padding.AsymmetricPadding = _PKCS1
    if method.scheme == "rsa-pss":
        # The specification fixes mask and salt; a signature cannot choose weaker ones.
        filling = padding.PSS(padding.MGF1(digest), padding.PSS.DIGEST_LENGTH)
    key.verify(value, octets, filling, digest)


def _verify_ec(
    key: ec.EllipticCurvePublicKey, value: bytes, octets: bytes, method: SignatureMethod
) -> None:
    # The order of every curve that is fit for us is as long as the curve's field.
    size = (key.curve.key_size + 7) // 8
    key.verify(_der(value, size), octets, ec.ECDSA(HASHES[method.digest]))


def _verify_dsa(
    key: dsa.DSAPublicKey, value: bytes, octets: bytes, method: SignatureMethod
) -> None:
    size = (key.parameters().parameter_numbers().q.bit_length() + 7) // 8
    if size not in _DSA_OCTETS:
        raise InvalidSignature
    key.verify(_der(value, size), octets, HASHES[method.digest])


def _verify_edwards(
    key: ed25519.Ed25519PublicKey | ed448.Ed448PublicKey,
    value: bytes,
    octets: bytes,
    method: SignatureMethod,
) -> None:
    del method
    key.verify(value, octets)


def _verify_hmac(key: HmacKey, value: bytes, octets: bytes, method: SignatureMethod) -> None:
    if not key.has_made(value, octets, method.digest):
        raise InvalidSignature


def _der(value: bytes, size: int) -> bytes:
    """Turn r and s of ``size`` octets each into the DER form."""
    if len(value) != 2 * size:
        raise InvalidSignature
    return encode_dss_signature(
        int.from_bytes(value[:size], "big"), int.from_bytes(value[size:], "big")
    )


_VERIFYING: dict[str, tuple[type, Callable[[Any, bytes, bytes, SignatureMethod], None]]] = {
    "rsa": (rsa.RSAPublicKey, _verify_rsa),
    "ec": (ec.EllipticCurvePublicKey, _verify_ec),
    "dsa": (dsa.DSAPublicKey, _verify_dsa),
    "ed25519": (ed25519.Ed25519PublicKey, _verify_edwards),
    "ed448": (ed448.Ed448PublicKey, _verify_edwards),
    "hmac": (HmacKey, _verify_hmac),
}
