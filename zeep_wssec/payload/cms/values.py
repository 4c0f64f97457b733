"""Signature values: whether a public key has made one over octets, or over content by its digest."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

from zeep_wssec.keys.hashes import HASHES
from zeep_wssec.payload.cms.identifiers import ReadSignatureMethod

_HASHES: Final[Mapping[str, hashes.HashAlgorithm]] = {
    **HASHES,
    "md5": hashes.MD5(),  # noqa: S303
    "shake256": hashes.SHAKE256(64),
}
_Hash = hashes.HashAlgorithm | Prehashed


def has_made(
    public_key: object,
    value: bytes,
    *,
    stated: ReadSignatureMethod,
    octets: bytes = b"",
    digest: bytes | None = None,
) -> bool:
    """Tell whether the key made ``value``.

    Args:
        public_key: Of whoever is said to have signed; one of another kind than the method takes has not.
        value: The signature.
        stated: The method, and the salt of PSS.
        octets: What was signed.
        digest: Its digest instead, for content that is not held; not for EdDSA.
    """
    kind, verify = _VERIFYING[stated.method.key_kind]
    if not isinstance(public_key, kind):
        return False
    algorithm: _Hash = _HASHES[stated.method.digest]
    data = octets
    if digest is not None:
        data, algorithm = digest, Prehashed(_HASHES[stated.method.digest])
    try:
        verify(public_key, value, data, algorithm, stated)
    except (InvalidSignature, UnsupportedAlgorithm, ValueError):
        return False
    return True


def _verify_rsa(
    key: rsa.RSAPublicKey, value: bytes, data: bytes, algorithm: _Hash, stated: ReadSignatureMethod
) -> None:
    filling: padding.AsymmetricPadding = padding.PKCS1v15()
    if stated.method.scheme == "rsa-pss":
        filling = padding.PSS(padding.MGF1(_HASHES[stated.method.digest]), stated.salt)
    key.verify(value, data, filling, algorithm)


def _verify_ec(
    key: ec.EllipticCurvePublicKey, value: bytes, data: bytes, algorithm: _Hash, stated: object
) -> None:
    del stated
    key.verify(value, data, ec.ECDSA(algorithm))


def _verify_dsa(
    key: dsa.DSAPublicKey, value: bytes, data: bytes, algorithm: _Hash, stated: object
) -> None:
    del stated
    key.verify(value, data, algorithm)


def _verify_edwards(
    key: ed25519.Ed25519PublicKey | ed448.Ed448PublicKey,
    value: bytes,
    data: bytes,
    algorithm: _Hash,
    stated: object,
) -> None:
    del stated
    if isinstance(algorithm, Prehashed):
        raise InvalidSignature
    key.verify(value, data)


_VERIFYING: Final[Mapping[str, tuple[type, Callable[..., Any]]]] = {
    "rsa": (rsa.RSAPublicKey, _verify_rsa),
    "ec": (ec.EllipticCurvePublicKey, _verify_ec),
    "dsa": (dsa.DSAPublicKey, _verify_dsa),
    "ed25519": (ed25519.Ed25519PublicKey, _verify_edwards),
    "ed448": (ed448.Ed448PublicKey, _verify_edwards),
}
