"""What the CRLs of an issuer say about a certificate."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

from zeep_wssec.keys.certificate import Certificate
from zeep_wssec.keys.fitness import describe_weakness
from zeep_wssec.keys.path_search import STRONG_DIGESTS, has_signed
from zeep_wssec.keys.revocation_data import RevocationList, uris_of
from zeep_wssec.keys.trust import is_authority
from zeep_wssec.keys.trust_rules import TrustRules

_MOST_ISSUERS = 16
"""Certificates that one list is held against before what was found is forgotten."""
SKEW = timedelta(seconds=60)
"""How far the clocks of issuers and responders may differ from ours."""


@dataclass(frozen=True, kw_only=True)
class Standing:
    """What is known of one certificate."""

    state: Literal["good", "revoked", "unknown"]
    sentence: str = ""
    """Why, for people; empty for one that is good."""
    since: datetime | None = None
    """From when on it is good; when it was revoked."""
    until: datetime | None = None
    """Until when it is good; ``None``: as long as the certificate is."""


def unknown(sentence: str) -> Standing:
    """Say that a list or answer tells nothing, and why."""
    return Standing(state="unknown", sentence=sentence)


def revoked(certificate: Certificate, since: datetime, reason: str, by: str) -> Standing:
    """Say that a certificate is revoked, since when, why, and who says so."""
    why = f" ({reason})" if reason else ""
    text = f"{certificate.describe()} was revoked on {since:%Y-%m-%d %H:%M:%S}Z{why}, says {by}."
    return Standing(state="revoked", sentence=text, since=since)


def by_freshness(
    what: str, this_update: datetime, next_update: datetime | None, now: datetime
) -> Standing:
    """Say that what is fresh calls a certificate good; what is not, tells nothing."""
    if next_update is None:
        return unknown(f"{what} does not say how long it holds")
    if now < this_update - SKEW:
        return unknown(f"{what} is from {this_update:%Y-%m-%d %H:%M:%S}Z, which is to come")
    if now > next_update + SKEW:
        return unknown(f"{what} held until {next_update:%Y-%m-%d %H:%M:%S}Z")
    return Standing(state="good", since=this_update - SKEW, until=next_update + SKEW)


def by_crl(
    certificate: Certificate,
    issuer: Certificate,
    crl: RevocationList,
    rules: TrustRules,
    now: datetime,
) -> Standing:
    """Tell what one CRL in the name of the issuer says about a certificate.

    Spec: RFC 5280, section 6.3.3.
    """
    what = f"the CRL of {crl.issuer_text}"
    problem = crl_problem(crl, issuer, rules.sha1)
    if problem:
        return unknown(f"{what} {problem}")
    entry = crl.entry(certificate.serial_number)
    if entry is not None:
        return revoked(certificate, *entry, what)
    if not _covers(crl, certificate):
        return unknown(f"{what} is about other certificates")
    return by_freshness(what, crl.this_update, crl.next_update, now)


def crl_problem(crl: RevocationList, issuer: Certificate, sha1: bool) -> str:
    """Say why a CRL is not the issuer's word; empty: it is. Found once for each list, and kept with it."""
    key = (issuer, sha1)
    found = crl.problems.get(key)
    if found is None:
        if len(crl.problems) >= _MOST_ISSUERS:
            crl.problems.clear()
        found = crl.problems[key] = _find_problem(crl, issuer, sha1)
    return found


def _find_problem(crl: RevocationList, issuer: Certificate, sha1: bool) -> str:
    parsed = crl.crl
    try:
        digest, how = parsed.signature_hash_algorithm, parsed.signature_algorithm_parameters
    except (UnsupportedAlgorithm, ValueError, TypeError):
        return "is signed in a way that is not supported"
    if digest is not None and not is_strong(digest.name, sha1):
        return f"is signed with {digest.name}, which is not allowed"
    if not _may_sign_crls(issuer):
        return "is signed by a certificate that may not sign CRLs"
    signed = parsed.tbs_certlist_bytes
    if not has_signed(issuer, parsed.signature, signed, how=how, digest=digest):
        return f"is not signed by {issuer.describe()}"
    return ""


def is_strong(digest: str, sha1: bool) -> bool:
    """Tell whether an issuer's signature over this digest counts."""
    return digest in STRONG_DIGESTS or (sha1 and digest == "sha1")


def _may_sign_crls(issuer: Certificate) -> bool:
    # RFC 5280, section 4.2.1.3: without the extension nothing is forbidden.
    if issuer.extensions is None or describe_weakness(issuer, weak_allowed=True):
        return False
    try:
        return issuer.extensions.get_extension_for_class(x509.KeyUsage).value.crl_sign
    except x509.ExtensionNotFound:
        return True


def _covers(crl: RevocationList, certificate: Certificate) -> bool:
    """Whether silence of this CRL about the certificate says anything."""
    if crl.some_reasons:
        return False
    if crl.only and (crl.only == "authorities") != is_authority(certificate, anchor=False):
        return False
    return crl.points is None or bool(crl.points & crl_addresses(certificate))


def crl_addresses(certificate: Certificate) -> frozenset[str]:
    """Give the addresses at which a certificate says that its CRLs are."""
    if certificate.extensions is None:
        return frozenset()
    try:
        points = certificate.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    except x509.ExtensionNotFound:
        return frozenset()
    # A list that another authority signs, or that has some reasons only, is not asked for.
    return frozenset().union(
        *(uris_of(item.full_name) for item in points if not item.crl_issuer and not item.reasons)
    )
