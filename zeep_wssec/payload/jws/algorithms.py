"""The signature algorithms of JWS, each as the one of XML Signature that computes the same value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidSignature

from zeep_wssec.errors import PayloadAlgorithmError, PayloadSignatureError
from zeep_wssec.keys.certificate import Certificate
from zeep_wssec.keys.entries import KeyEntry
from zeep_wssec.xmlcrypto.algorithms import SIGNATURE_METHODS_BY_NAME, SignatureMethod
from zeep_wssec.xmlcrypto.primitives import fits, verify_value, xml_value


@dataclass(frozen=True, kw_only=True)
class JwsAlgorithm:
    """One value of ``alg`` that is known here."""

    name: str
    methods: tuple[SignatureMethod, ...]
    """How it is computed; several where the kind of key decides. RFC 7518, section 3.4, writes ECDSA
    values as XML Signature does."""
    key_bits: int = 0
    """Size of the one curve that it takes; 0: the size is free."""

    def method_for(self, certificate: Certificate) -> SignatureMethod:
        """Give the method for the key of ``certificate``.

        Raises:
            PayloadAlgorithmError: The key is of another kind, or on another curve.
        """
        for method in self.methods:
            if fits(certificate.public_key, method) and self.key_bits in (0, certificate.key_bits):
                return method
        curve = f" on a curve of {self.key_bits} bits" if self.key_bits else ""
        raise PayloadAlgorithmError(
            f"{self.name} takes a key of kind {' or '.join(m.key_kind for m in self.methods)}{curve}; "
            f"{certificate.describe()} has one of kind {certificate.key_kind}, {certificate.key_bits} bits.",
            algorithm=self.name,
        )


def _algorithm(name: str, *methods: str, key_bits: int = 0) -> JwsAlgorithm:
    found = tuple(SIGNATURE_METHODS_BY_NAME[method] for method in methods)
    return JwsAlgorithm(name=name, methods=found, key_bits=key_bits)


ALGORITHMS: Final[Mapping[str, JwsAlgorithm]] = {
    item.name: item
    for item in (
        _algorithm("PS256", "rsa-pss-sha256"),
        _algorithm("PS384", "rsa-pss-sha384"),
        _algorithm("PS512", "rsa-pss-sha512"),
        _algorithm("RS256", "rsa-sha256"),
        _algorithm("RS384", "rsa-sha384"),
        _algorithm("RS512", "rsa-sha512"),
        _algorithm("ES256", "ecdsa-sha256", key_bits=256),
        _algorithm("ES384", "ecdsa-sha384", key_bits=384),
        _algorithm("ES512", "ecdsa-sha512", key_bits=521),
        _algorithm("EdDSA", "ed25519", "ed448"),
        _algorithm("Ed25519", "ed25519"),
        _algorithm("Ed448", "ed448"),
    )
}
"""RFC 7518, section 3.1; RFC 8037, section 3.1; RFC 9864, section 2.2. Neither ``none`` nor HMAC: a signature
that anybody can make, or the receiver, tells nobody who signed."""

_CURVES: Final = {256: "secp256r1", 384: "secp384r1", 521: "secp521r1"}


def sign_octets(octets: bytes, algorithm: JwsAlgorithm, entry: KeyEntry) -> bytes:
    """Sign with one of our keys.

    Raises:
        PayloadAlgorithmError: The key does not fit the algorithm.
        KeyUsageError: It cannot sign.
    """
    method = algorithm.method_for(entry.certificate)
    _require_curve(algorithm, entry.certificate)
    value = entry.require_signer().sign(octets, scheme=method.scheme, digest=method.digest)
    return xml_value(value, method, key_bits=entry.certificate.key_bits)


def verify_octets(
    octets: bytes, value: bytes, algorithm: JwsAlgorithm, certificate: Certificate
) -> None:
    """Verify ``value`` with the key of ``certificate``.

    Raises:
        PayloadAlgorithmError: The key does not fit the algorithm; nothing was computed with it.
        PayloadSignatureError: The value is another's, or of other octets.
    """
    method = algorithm.method_for(certificate)
    _require_curve(algorithm, certificate)
    try:
        verify_value(certificate.public_key, value, octets, method)
    except InvalidSignature:
        raise PayloadSignatureError(
            "The signature does not match: header or payload were changed, or another key signed.",
            hint="The payload is the octets of the HTTP body as they were sent; for a request without one, "
            "path and query. The mode (appendix-f or unencoded) must be that of the other side.",
        ) from None


def _require_curve(algorithm: JwsAlgorithm, certificate: Certificate) -> None:
    """Refuse a curve of the right size that is another one, as those of Brainpool are.

    Spec: RFC 7518, section 3.4: ES256 is P-256 and SHA-256, nothing else.
    """
    wanted = _CURVES.get(algorithm.key_bits)
    if wanted is None:
        return
    found = certificate.public_key.curve.name  # type: ignore[union-attr]
    if found != wanted:
        raise PayloadAlgorithmError(
            f"{algorithm.name} takes a key on {wanted}, not on {found}.", algorithm=algorithm.name
        )
