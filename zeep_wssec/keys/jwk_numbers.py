"""The members of a JSON Web Key, turned into keys and certificates."""

from __future__ import annotations

import base64
import binascii
import math
import re
from collections.abc import Mapping
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa, x448, x25519
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

from zeep_wssec.errors import KeyLoadError
from zeep_wssec.keys.certificate import Certificate
from zeep_wssec.keys.derivation_work import Work
from zeep_wssec.keys.private_key_size import MAX_NUMBER_OCTETS, check_number_size

_BASES = (
    2,
    3,
    5,
    7,
    11,
    13,
    17,
    19,
    23,
    29,
    31,
    37,
    41,
    43,
    47,
    53,
    59,
    61,
    67,
    71,
    73,
    79,
    83,
    89,
)
"""Each finds the primes of a right key in one of two tries."""
MAX_CHAIN = 32
_ALPHABET = re.compile(r"[A-Za-z0-9_-]*")
_CURVES: Mapping[str, ec.EllipticCurve] = {
    "P-256": ec.SECP256R1(),
    "P-384": ec.SECP384R1(),
    "P-521": ec.SECP521R1(),
    "secp256k1": ec.SECP256K1(),
}
_PAIRS: Mapping[str, Any] = {
    "Ed25519": ed25519.Ed25519PrivateKey,
    "Ed448": ed448.Ed448PrivateKey,
    "X25519": x25519.X25519PrivateKey,
    "X448": x448.X448PrivateKey,
}


def decode(table: Mapping[str, Any], name: str) -> bytes:
    """Decode a member in base64url; ``ValueError`` when it is missing or something else.

    Spec: RFC 7515, section 2: without padding, line ends or spaces.
    """
    text = table.get(name)
    if not isinstance(text, str) or not _ALPHABET.fullmatch(text):
        raise ValueError(name)
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def private_key(table: Mapping[str, Any], work: Work, *, source: str) -> PrivateKeyTypes:
    """Make the private key of a JSON Web Key.

    Args:
        table: The key.
        work: What its file has cost so far.
        source: For errors.

    Raises:
        KeyLoadError: It is of a kind or on a curve that is not supported, or costs too much.
        ValueError: A member is missing or wrong, or the public part is not that of the private one.
    """
    kind, curve = table.get("kty"), table.get("crv")
    if kind == "RSA":
        return _rsa_key(table, work, source=source)
    if kind == "EC" and isinstance(curve, str) and curve in _CURVES:
        return _ec_key(table, _CURVES[curve])
    if kind == "OKP" and isinstance(curve, str) and curve in _PAIRS:
        key: Any = _PAIRS[curve].from_private_bytes(decode(table, "d"))
        if key.public_key().public_bytes_raw() != decode(table, "x"):
            raise ValueError("x")
        made: PrivateKeyTypes = key
        return made
    what = f"{kind!r:.40}" if curve is None else f"{kind!r:.40} on the curve {curve!r:.40}"
    raise KeyLoadError(f"a key of kind {what} is not supported")


def _rsa_key(table: Mapping[str, Any], work: Work, *, source: str) -> rsa.RSAPrivateKey:
    if "oth" in table:
        raise KeyLoadError("an RSA key with more than two primes is not supported")
    modulus, exponent, private = (_number(table, name) for name in ("n", "e", "d"))
    check_number_size(-(-modulus.bit_length() // 8), work, source=source)
    if "p" in table:
        p, q, dp, dq, qi = (_number(table, name) for name in ("p", "q", "dp", "dq", "qi"))
    else:
        p, q = _find_primes(modulus, exponent, private)
        dp, dq = rsa.rsa_crt_dmp1(private, p), rsa.rsa_crt_dmq1(private, q)
        qi = rsa.rsa_crt_iqmp(p, q)
    public = rsa.RSAPublicNumbers(exponent, modulus)
    return rsa.RSAPrivateNumbers(p, q, private, dp, dq, qi, public).private_key()


def _find_primes(modulus: int, exponent: int, private: int) -> tuple[int, int]:
    """Find the primes of a modulus, in a number of steps that is known before.

    Raises:
        ValueError: The exponents do not belong together.

    Spec: NIST SP 800-56B, appendix C.
    """
    product = exponent * private - 1
    if exponent.bit_length() > 64 or product <= 0 or pow(2, product, modulus) != 1:
        raise ValueError("d")
    twos = (product & -product).bit_length() - 1
    for base in _BASES:
        root = pow(base, product >> twos, modulus)
        for _ in range(twos):
            square = root * root % modulus
            if square == 1 and root not in (1, modulus - 1):
                p = math.gcd(root - 1, modulus)
                return max(p, modulus // p), min(p, modulus // p)
            root = square
    raise ValueError("n")


def _ec_key(table: Mapping[str, Any], curve: ec.EllipticCurve) -> ec.EllipticCurvePrivateKey:
    x, y, private = (_number(table, name) for name in ("x", "y", "d"))
    public = ec.EllipticCurvePublicNumbers(x, y, curve)
    return ec.EllipticCurvePrivateNumbers(private, public).private_key()


def _number(table: Mapping[str, Any], name: str) -> int:
    octets = decode(table, name)
    if not 1 <= len(octets) <= MAX_NUMBER_OCTETS:
        raise ValueError(name)
    return int.from_bytes(octets, "big")


def x5c_certificates(table: Mapping[str, Any]) -> tuple[Certificate, ...]:
    """Give the certificates of ``x5c``, in their order; none when there is no such member.

    Raises:
        ValueError: It is no list of base64.
        KeyLoadError: One is no certificate.

    Spec: RFC 7517, section 4.7: base64 here, not base64url.
    """
    if "x5c" not in table:
        return ()
    texts = table["x5c"]
    if not isinstance(texts, list) or not 1 <= len(texts) <= MAX_CHAIN:
        raise ValueError("x5c")
    try:
        return tuple(
            Certificate.from_der(base64.b64decode("".join(text.split()), validate=True))
            for text in texts
        )
    except (binascii.Error, AttributeError):
        raise ValueError("x5c") from None
