"""What OCSP answers say about a certificate."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import datetime
from functools import lru_cache
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509 import ocsp

from zeep_wssec.errors import KeyLoadError, KeyUsageError
from zeep_wssec.keys.certificate import Certificate
from zeep_wssec.keys.der import iterate_tlv
from zeep_wssec.keys.fitness import USAGE_NAMES, check_dates, describe_weakness, usages_of
from zeep_wssec.keys.path_search import has_signed
from zeep_wssec.keys.revocation_crl import (
    Standing,
    by_freshness,
    crl_problem,
    is_strong,
    revoked,
    unknown,
)
from zeep_wssec.keys.revocation_data import MAX_RESPONDERS, OcspAnswer
from zeep_wssec.keys.trust_rules import TrustRules

_RSA_OIDS = "1.2.840.113549.1.1."
_HASHES = {
    "sha1": hashlib.sha1,
    "sha256": hashlib.sha256,
    "sha384": hashlib.sha384,
    "sha512": hashlib.sha512,
}
"""Of the names in an OCSP answer: they find a certificate, and prove nothing."""


@lru_cache(maxsize=512)
def is_issued_by(certificate: Certificate, issuer: Certificate) -> bool:
    """Tell whether the key of ``issuer`` has signed ``certificate``, over whatever digest."""
    try:
        how = certificate.x509.signature_algorithm_parameters
        digest = certificate.x509.signature_hash_algorithm
    except (UnsupportedAlgorithm, ValueError, TypeError):
        return False
    signed = certificate.x509.tbs_certificate_bytes
    return has_signed(issuer, certificate.x509.signature, signed, how=how, digest=digest)


def by_answer(
    certificate: Certificate,
    issuer: Certificate,
    answer: OcspAnswer,
    rules: TrustRules,
    now: datetime,
) -> Standing | None:
    """Tell what one OCSP answer says about a certificate; ``None``: it is about another one.

    Spec: RFC 6960, section 3.2.
    """
    if not _is_about(certificate, issuer, answer):
        return None
    status, what = answer.single.certificate_status, "the OCSP answer"
    is_revoked = status is ocsp.OCSPCertStatus.REVOKED
    # A revocation outlives the certificate of the responder that told it.
    moment = answer.this_update if is_revoked else now
    problem = responder_problem(answer, issuer, rules, moment)
    if problem:
        return unknown(f"{what} {problem}")
    if is_revoked:
        since = answer.single.revocation_time_utc or answer.this_update
        return revoked(certificate, since, _reason(answer), what)
    if status is ocsp.OCSPCertStatus.UNKNOWN:
        return unknown("the OCSP responder does not know the certificate")
    return _while_valid(
        by_freshness(what, answer.this_update, answer.next_update, now),
        _find_responder(answer, issuer) or issuer,
    )


def _while_valid(standing: Standing, responder: Certificate) -> Standing:
    """Have what a responder calls good end with the responder's certificate."""
    if standing.since is None or standing.until is None:
        return standing
    return replace(
        standing,
        since=max(standing.since, responder.not_before),
        until=min(standing.until, responder.not_after),
    )


def _is_about(certificate: Certificate, issuer: Certificate, answer: OcspAnswer) -> bool:
    single = answer.single
    try:
        digest = _HASHES.get(single.hash_algorithm.name)
    except (UnsupportedAlgorithm, ValueError):
        return False
    if digest is None:
        return False
    name = certificate.x509.issuer.public_bytes()
    bits = list(iterate_tlv(issuer.public_key_octets))[1][1][1:]
    return (
        single.issuer_name_hash == digest(name).digest()
        and single.issuer_key_hash == digest(bits).digest()
    )


def responder_problem(
    answer: OcspAnswer, issuer: Certificate, rules: TrustRules, moment: datetime
) -> str:
    """Say why the answer is nobody's word whom the issuer lets speak; empty: it is.

    Spec: RFC 6960, section 4.2.2.2, Authorized Responders.
    """
    digest = _answer_digest(answer)
    if digest is not None and not is_strong(digest.name, rules.sha1):
        return f"is signed with {digest.name}, which is not allowed"
    responder = _find_responder(answer, issuer)
    if responder is None:
        return "is signed neither by the issuer nor by a certificate that came with it"
    return "" if responder == issuer else _delegate_problem(responder, issuer, rules, moment)


@lru_cache(maxsize=256)
def _find_responder(answer: OcspAnswer, issuer: Certificate) -> Certificate | None:
    """Find whose key has signed an answer: the issuer's, or that of a certificate inside."""
    if _has_signed_answer(answer, issuer):
        return issuer
    for parsed in answer.response.certificates[:MAX_RESPONDERS]:
        try:
            responder = Certificate.from_der(parsed.public_bytes(serialization.Encoding.DER))
        except KeyLoadError:
            continue
        if _has_signed_answer(answer, responder):
            return responder
    return None


def _delegate_problem(
    responder: Certificate, issuer: Certificate, rules: TrustRules, moment: datetime
) -> str:
    if responder.canonical_issuer != issuer.canonical_subject or not is_issued_by(
        responder, issuer
    ):
        return "is signed by a responder that the issuer does not certify"
    if USAGE_NAMES["ocsp_signing"] not in (usages_of(responder) or ()):
        return "is signed by a certificate without OCSPSigning in its extended key usage"
    digest = responder.x509.signature_hash_algorithm
    if digest is not None and not is_strong(digest.name, rules.sha1):
        return f"is signed by a certificate over {digest.name}, which is not allowed"
    unfit = check_dates(responder, now=moment)
    if unfit is not None:
        return f"is signed by a responder that does not count: {unfit.sentence.rstrip('.')}"
    if describe_weakness(responder):
        return "is signed with a key that is too weak"
    listed = (
        crl.entry(responder.serial_number)
        for crl in rules.crls_of(issuer.canonical_subject)
        if not crl_problem(crl, issuer, rules.sha1)
    )
    return "is signed by a responder that is revoked" if any(listed) else ""


def _answer_digest(answer: OcspAnswer) -> Any:
    try:
        return answer.response.signature_hash_algorithm
    except (UnsupportedAlgorithm, ValueError):
        return None


def _has_signed_answer(answer: OcspAnswer, by: Certificate) -> bool:
    digest, how = _answer_digest(answer), None
    try:
        key = by.public_key
    except KeyUsageError:
        return False
    if isinstance(key, rsa.RSAPublicKey):
        if not answer.response.signature_algorithm_oid.dotted_string.startswith(_RSA_OIDS):
            return False
        how = padding.PKCS1v15()
    elif isinstance(key, ec.EllipticCurvePublicKey):
        how = None if digest is None else ec.ECDSA(digest)  # type: ignore[assignment]
    signed = answer.response.tbs_response_bytes
    return has_signed(by, answer.response.signature, signed, how=how, digest=digest)


def _reason(answer: OcspAnswer) -> str:
    """Give the reason of a revocation, empty for none, or for one that no specification knows."""
    try:
        reason = answer.single.revocation_reason
    except ValueError:
        return ""
    return reason.value if reason else ""
