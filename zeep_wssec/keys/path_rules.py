"""Which rules of RFC 5280 a path calls for, and the one that most paths call for.

Most paths have no name or policy constraints and no critical extension out of the ordinary. For
these the path length is all that is left to check once dates, flags and signatures are; any other
path goes to the full algorithm.
"""

from __future__ import annotations

from cryptography import x509
from cryptography.x509.oid import ExtensionOID

from zeep_wssec.keys.certificate import Certificate
from zeep_wssec.keys.path_search import Obstacle

_CONSTRAINING = frozenset(
    {
        ExtensionOID.NAME_CONSTRAINTS,
        ExtensionOID.POLICY_CONSTRAINTS,
        ExtensionOID.POLICY_MAPPINGS,
        ExtensionOID.INHIBIT_ANY_POLICY,
    }
)
"""These change what is demanded of the certificates below, critical or not."""

_UNDERSTOOD = frozenset(
    {
        ExtensionOID.BASIC_CONSTRAINTS,
        ExtensionOID.KEY_USAGE,
        ExtensionOID.EXTENDED_KEY_USAGE,
        ExtensionOID.SUBJECT_ALTERNATIVE_NAME,
        ExtensionOID.SUBJECT_KEY_IDENTIFIER,
        ExtensionOID.AUTHORITY_KEY_IDENTIFIER,
        # Without a policy that is asked for, RFC 5280 section 6.1.5 accepts any.
        ExtensionOID.CERTIFICATE_POLICIES,
    }
)
"""Extensions that may be critical in a path that is not constrained otherwise."""


def needs_full_check(path: tuple[Certificate, ...]) -> bool:
    """Tell whether the path has an extension that only the full algorithm deals with."""
    for certificate in path:
        if certificate.extensions is None:
            return True
        for extension in certificate.extensions:
            if extension.oid in _CONSTRAINING:
                return True
            if extension.critical and extension.oid not in _UNDERSTOOD:
                return True
    return False


def check_path_length(path: tuple[Certificate, ...]) -> Obstacle | None:
    """Say which certificate has more intermediates below it than it allows, or give ``None``.

    Self-issued ones do not count, nor does the leaf; the anchor's own limit counts too.

    Spec: RFC 5280, sections 4.2.1.9 and 6.1.4 (l) and (m).
    """
    below = 0
    for certificate in path[1:]:
        allowed = _path_length(certificate)
        if allowed is not None and below > allowed:
            text = f"{certificate.describe()} allows {allowed} intermediates below it; there are {below}."
            return Obstacle(reason="constraint", sentence=text)
        if certificate.canonical_issuer != certificate.canonical_subject:
            below += 1
    return None


def _path_length(certificate: Certificate) -> int | None:
    if certificate.extensions is None:
        return 0
    constraints = certificate.extension(x509.BasicConstraints)
    return None if constraints is None else constraints.path_length
