"""Finds candidate paths among anchors, intermediates and what came with a message.

Every step is bounded and every signature is verified before the search goes on, so a mesh of
cross-certificates costs its sender's message and little else.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa

from zeep_wssec.errors import KeyUsageError
from zeep_wssec.keys.certificate import Certificate
from zeep_wssec.keys.fitness import describe_weakness
from zeep_wssec.keys.names import CanonicalName, printable
from zeep_wssec.keys.trust import TrustStore, is_authority
from zeep_wssec.keys.trust_rules import NO_RULES, TrustRules

MAX_DEPTH = 8
"""Certificates in a path, leaf and anchor included."""

MAX_STEPS = 100
"""Issuers tried in one search."""

STRONG_DIGESTS = frozenset({"sha256", "sha384", "sha512", "sha3-256", "sha3-384", "sha3-512"})
"""Digests over which issuers may sign; SHA-1 only where the rules say so, MD5 never."""


@dataclass(frozen=True, kw_only=True)
class Obstacle:
    """Why a path does not hold."""

    reason: str
    """The ``reason`` of ``UntrustedCertificateError``."""
    sentence: str
    """The same for people, with the certificate named."""
    depth: int = 0
    """How far up it was found; the cause is rather the one nearest to an anchor."""
    revoked_at: datetime | None = None
    """Since when a certificate is revoked."""
    hint: str = ""
    """What to do about it."""


class PathSearch:
    """One search for the paths of one leaf."""

    def __init__(
        self,
        *,
        trust: TrustStore,
        extra: tuple[Certificate, ...],
        rules: TrustRules = NO_RULES,
        now: datetime,
    ) -> None:
        self._rules, self._now = rules, now
        self._anchors = frozenset(trust.anchors)
        self._by_subject: dict[CanonicalName, list[Certificate]] = {}
        for certificate in dict.fromkeys(trust.anchors + trust.intermediates + extra):
            self._by_subject.setdefault(certificate.canonical_subject, []).append(certificate)
        self._obstacles: list[Obstacle] = []
        self._steps = 0

    def find_paths(self, leaf: Certificate) -> Iterator[tuple[Certificate, ...]]:
        """Give the paths from ``leaf`` to an anchor, anchors nearest to it first."""
        if not self._anchors:
            return iter(())
        return self._extend((leaf,))

    def main_obstacle(self, leaf: Certificate) -> Obstacle:
        """Say why there was no path: of all that went wrong, what was nearest to an anchor."""
        if not self._anchors:
            return Obstacle(
                reason="no_path", sentence="It is not pinned, and no trust anchors were given."
            )
        if not self._obstacles:
            return _no_issuer(leaf, depth=0)
        return max(self._obstacles, key=lambda item: (item.reason != "no_path", item.depth))

    def _extend(self, path: tuple[Certificate, ...]) -> Iterator[tuple[Certificate, ...]]:
        current = path[-1]
        issuers = self._by_subject.get(current.canonical_issuer, [])
        usable = [issuer for issuer in issuers if issuer not in path]
        if not usable or len(path) >= MAX_DEPTH:
            self._obstacles.append(_no_issuer(current, depth=len(path)))
            return
        for issuer in usable:
            self._steps += 1
            if self._steps > MAX_STEPS:
                return
            obstacle = self._check_issuer(current, issuer, depth=len(path))
            if obstacle is not None:
                self._obstacles.append(obstacle)
            elif issuer in self._anchors:
                yield (*path, issuer)
            else:
                yield from self._extend((*path, issuer))

    def _check_issuer(
        self, subject: Certificate, issuer: Certificate, *, depth: int
    ) -> Obstacle | None:
        anchor = issuer in self._anchors
        # RFC 5280, section 6.1.4 (k) and (n); an old root without basicConstraints is an anchor only.
        if not is_authority(issuer, anchor=anchor):
            text = (
                f"{issuer.describe()} issued it, but is not allowed to: it is not a CA certificate."
            )
            return Obstacle(reason="wrong_usage", sentence=text, depth=depth)
        weak_allowed = "weak_key" in self._rules.allowed(issuer, self._now)
        weakness = describe_weakness(issuer, weak_allowed=weak_allowed)
        if weakness:
            text = f"{issuer.describe()}, in its path, {weakness}."
            return Obstacle(reason="weak_key", sentence=text, depth=depth)
        digest = _signature_digest(subject)
        if digest is not None and not self._is_strong(digest, subject):
            text = f"{subject.describe()} is signed with {digest}, which is not allowed."
            return Obstacle(reason="weak_signature", sentence=text, depth=depth)
        if not _is_signed_by(subject, issuer):
            text = f"the signature of {subject.describe()} is not that of {issuer.describe()}."
            return Obstacle(reason="bad_signature", sentence=text, depth=depth)
        return None

    def _is_strong(self, digest: str, subject: Certificate) -> bool:
        if digest in STRONG_DIGESTS:
            return True
        rules = self._rules
        return digest == "sha1" and (rules.sha1 or "sha1" in rules.allowed(subject, self._now))


def _no_issuer(certificate: Certificate, *, depth: int) -> Obstacle:
    if certificate.canonical_issuer == certificate.canonical_subject:
        text = f"{certificate.describe()} is self-signed and not among the trust anchors."
    else:
        text = f"no usable certificate of its issuer {printable(certificate.issuer)!r} was given or sent."
        if depth > 1:
            text = f"for {certificate.describe()}, in its path, {text}"
    return Obstacle(reason="no_path", sentence=text, depth=depth)


def _signature_digest(certificate: Certificate) -> str | None:
    try:
        algorithm = certificate.x509.signature_hash_algorithm
    except (ValueError, UnsupportedAlgorithm):
        return "an unknown algorithm"
    return None if algorithm is None else algorithm.name


def _is_signed_by(subject: Certificate, issuer: Certificate) -> bool:
    try:
        how = subject.x509.signature_algorithm_parameters
        digest = subject.x509.signature_hash_algorithm
    except (UnsupportedAlgorithm, ValueError, TypeError):
        return False
    signed = subject.x509.tbs_certificate_bytes
    return has_signed(issuer, subject.x509.signature, signed, how=how, digest=digest)


def has_signed(
    issuer: Certificate, signature: bytes, signed: bytes, *, how: Any, digest: Any
) -> bool:
    """Tell whether the key of a certificate has made a signature over ``signed``.

    Args:
        issuer: Whose key it must be.
        signature: The signature's value.
        signed: What it is over.
        how: Padding of RSA, or ``ECDSA``; ``None`` for the Edwards curves.
        digest: Digest of RSA.
    """
    try:
        key = issuer.public_key
        if isinstance(key, rsa.RSAPublicKey) and isinstance(how, (padding.PKCS1v15, padding.PSS)):
            if digest is None:
                return False
            key.verify(signature, signed, how, digest)
        elif isinstance(key, ec.EllipticCurvePublicKey) and isinstance(how, ec.ECDSA):
            key.verify(signature, signed, how)
        elif isinstance(key, (ed25519.Ed25519PublicKey, ed448.Ed448PublicKey)) and how is None:
            key.verify(signature, signed)
        else:
            return False
    except (InvalidSignature, UnsupportedAlgorithm, ValueError, TypeError, KeyUsageError):
        return False
    return True
