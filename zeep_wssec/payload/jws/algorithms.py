"""The signature algorithms of JWS, each as the one of XML Signature that computes the same value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidSignature

from zeep_wssec.errors import PayloadAlgorithmError, PayloadSignatureError
from zeep_wssec.keys.certificate import Certificate
from zeep_wssec.keys.entries import KeyEntry
from zeep_wssec.payload.parties import unfit_for_algorithm
from zeep_wssec.xmlcrypto.algorithms import SIGNATURE_METHODS_BY_NAME, SignatureMethod
from zeep_wssec.xmlcrypto.primitives import fits, verify_value, xml_value


@dataclass(frozen=True, kw_only=True)
class JwsAlgorithm:
    """One value of ``alg`` that is known here."""

    name: str
    methods: tuple[SignatureMethod, ...]
    """How it is computed; several where the kind of key decides. RFC 7518, section 3.4, writes ECDSA
    values as XML Signature does."""
    curve: str = ""
    """The one curve that it takes; empty: it takes no curve, or the kind of key has only one."""

    def method_for(self, certificate: Certificate) -> SignatureMethod:
        """Give the method for the key of ``certificate``.

        Raises:
            PayloadAlgorithmError: The key is of another kind, or on another curve.
        """
        found = self.find_method(certificate)
        if found is None:
            raise PayloadAlgorithmError(self.mismatch(certificate), algorithm=self.name)
        return found

    def find_method(self, certificate: Certificate) -> SignatureMethod | None:
        """Give the method for the key of ``certificate``, or ``None`` where the key does not fit.

        Spec: RFC 7518, section 3.4: ES256 is P-256 and SHA-256, nothing else. A curve of the right size that
        is another one, as those of Brainpool are, does not fit.
        """
        key = certificate.public_key
        if self.curve and getattr(getattr(key, "curve", None), "name", "") != self.curve:
            return None
        return next((method for method in self.methods if fits(key, method)), None)

    def mismatch(self, certificate: Certificate) -> str:
        """Say what key is taken, and which one is there."""
        kinds = " or ".join(method.key_kind for method in self.methods)
        on = f" on {self.curve}" if self.curve else ""
        found = getattr(getattr(certificate.public_key, "curve", None), "name", "")
        have = f"on {found}" if found else f"of kind {certificate.key_kind}"
        return (
            f"{self.name} takes a key of kind {kinds}{on}; {certificate.describe()} has one {have}, "
            f"{certificate.key_bits} bits."
        )


def _algorithm(name: str, *methods: str, curve: str = "") -> JwsAlgorithm:
    found = tuple(SIGNATURE_METHODS_BY_NAME[method] for method in methods)
    return JwsAlgorithm(name=name, methods=found, curve=curve)


ALGORITHMS: Final[Mapping[str, JwsAlgorithm]] = {
    item.name: item
    for item in (
        _algorithm("PS256", "rsa-pss-sha256"),
        _algorithm("PS384", "rsa-pss-sha384"),
        _algorithm("PS512", "rsa-pss-sha512"),
        _algorithm("RS256", "rsa-sha256"),
        _algorithm("RS384", "rsa-sha384"),
        _algorithm("RS512", "rsa-sha512"),
        _algorithm("ES256", "ecdsa-sha256", curve="secp256r1"),
        _algorithm("ES384", "ecdsa-sha384", curve="secp384r1"),
        _algorithm("ES512", "ecdsa-sha512", curve="secp521r1"),
        _algorithm("EdDSA", "ed25519", "ed448"),
        _algorithm("Ed25519", "ed25519"),
        _algorithm("Ed448", "ed448"),
    )
}
"""RFC 7518, section 3.1; RFC 8037, section 3.1; RFC 9864, section 2.2. Neither ``none`` nor HMAC: a signature
that anybody can make, or the receiver, tells nobody who signed."""


def sign_octets(octets: bytes, algorithm: JwsAlgorithm, entry: KeyEntry) -> bytes:
    """Sign with one of our keys.

    Raises:
        KeyUsageError: The key does not fit the algorithm, or cannot sign.
    """
    certificate = entry.certificate
    method = algorithm.find_method(certificate)
    if method is None:
        fitting = [item.name for item in ALGORITHMS.values() if item.find_method(certificate)]
        problem = f"The key {entry.alias!r}: {algorithm.mismatch(certificate)}"
        raise unfit_for_algorithm(entry, problem, fitting=fitting)
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
    try:
        verify_value(certificate.public_key, value, octets, method)
    except InvalidSignature:
        raise PayloadSignatureError(
            "The signature does not match: header or payload were changed, or another key signed.",
            hint="The payload is the octets of the HTTP body as they were sent; for a request without one, "
            "path and query. The mode (appendix-f or unencoded) must be that of the other side.",
        ) from None
