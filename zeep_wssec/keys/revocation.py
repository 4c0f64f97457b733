"""Whether a certificate is revoked, by the CRLs and OCSP answers that are at hand; never fetches.

A certificate that a list or answer of its issuer names as revoked is refused, however old that list
is: nobody takes a revocation back. That a certificate is *not* revoked is told only by what is fresh.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from itertools import pairwise

from zeep_wssec.keys.certificate import Certificate
from zeep_wssec.keys.path_search import Obstacle
from zeep_wssec.keys.revocation_crl import Standing, by_crl
from zeep_wssec.keys.revocation_ocsp import by_answer, is_issued_by
from zeep_wssec.keys.trust_rules import TrustRules

_GOOD = Standing(state="good")


def check_path_revocation(
    path: tuple[Certificate, ...],
    *,
    rules: TrustRules,
    now: datetime,
    known: Iterable[Certificate] = (),
) -> Obstacle | tuple[Standing, ...]:
    """Judge every certificate of a path but the anchor, which nobody above it can revoke.

    Args:
        path: Leaf first, anchor last; or one certificate that is known by itself.
        rules: Information, mode and exceptions.
        now: Aware UTC time.
        known: Where the issuer of a certificate that is known by itself is looked for.

    Returns:
        What is known of each, or why the path does not hold.

    Spec: RFC 5280, section 6.3; RFC 6960, section 3.2.
    """
    pairs: Iterable[tuple[Certificate, Certificate | None]] = pairwise(path)
    if len(path) == 1:
        pairs = ((path[0], find_issuer(path[0], known)),)
    found = []
    for certificate, issuer in pairs:
        standing = check_revocation(certificate, issuer, rules=rules, now=now)
        obstacle = _obstacle(certificate, standing, rules, now)
        if obstacle is not None:
            return obstacle
        found.append(standing)
    return tuple(found)


def _obstacle(
    certificate: Certificate, standing: Standing, rules: TrustRules, now: datetime
) -> Obstacle | None:
    if standing.state == "revoked":
        return Obstacle(
            reason="revoked",
            sentence=standing.sentence,
            revoked_at=standing.since,
            hint="Ask the partner, by another way, for its new certificate.",
        )
    if standing.state == "good" or rules.revocation != "hard":
        return None
    if "revoked_unknown" in rules.allowed(certificate, now):
        return None
    return Obstacle(
        reason="revocation_unknown",
        sentence=standing.sentence,
        hint="Give a current CRL or OCSP answer under [trust], or fetch one beforehand with "
        "Keystore.fetch_revocation().",
    )


def find_issuer(certificate: Certificate, known: Iterable[Certificate]) -> Certificate | None:
    """Find the certificate whose key has signed ``certificate``; itself, when it is self-signed."""
    for candidate in (certificate, *known):
        named = candidate.canonical_subject == certificate.canonical_issuer
        if named and is_issued_by(certificate, candidate):
            return candidate
    return None


def check_revocation(
    certificate: Certificate, issuer: Certificate | None, *, rules: TrustRules, now: datetime
) -> Standing:
    """Tell what is known of one certificate.

    Args:
        certificate: Any.
        issuer: Whose key has signed it; ``None``: not given. One that signed itself is good.
        rules: The information.
        now: Aware UTC time.
    """
    if issuer is None:
        text = f"whether {certificate.describe()} is revoked is not known: its issuer's certificate is not given."
        return Standing(state="unknown", sentence=text)
    if issuer == certificate:
        return _GOOD
    answers = rules.answers_about(certificate.serial_number)
    found = [by_answer(certificate, issuer, item, rules, now) for item in answers]
    crls = rules.crls_of(certificate.canonical_issuer)
    found += [by_crl(certificate, issuer, item, rules, now) for item in crls]
    revoked = [item for item in found if item is not None and item.state == "revoked"]
    if revoked:
        return revoked[0]
    good = [item for item in found if item is not None and item.state == "good"]
    if good:
        return max(good, key=lambda item: item.until or now)
    causes = [item.sentence for item in found if item is not None]
    cause = "; ".join(dict.fromkeys(causes)) or "no CRL or OCSP answer of its issuer is given"
    text = f"whether {certificate.describe()} is revoked is not known: {cause}."
    return Standing(state="unknown", sentence=text)
