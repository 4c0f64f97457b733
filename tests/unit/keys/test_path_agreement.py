"""The short way and the full algorithm must agree: each path is judged by both, and by cryptography."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from cryptography import x509
from cryptography.x509 import verification

from zeep_wssec.errors import UntrustedCertificateError
from zeep_wssec.keys.certificate import Certificate
from zeep_wssec.keys.path import Rfc5280PathValidator
from zeep_wssec.keys.path_pkix import check_constraints
from zeep_wssec.keys.path_rules import needs_full_check
from zeep_wssec.keys.trust import TrustStore
from zeep_wssec.testing.authority import Authority, Issued

USAGES = (["key_cert_sign"], ["digital_signature"], None)
LENGTHS = (None, 0, 1)
HOUR = timedelta(hours=1)


def cases(now: datetime) -> Iterator[tuple[str, Issued, Authority]]:
    """Make paths of three and four certificates, most of them wrong in some way."""
    root = Authority.create("Agreement Root", key="ec-p256", now=now)
    for ca, usage, length in itertools.product((True, False, None), USAGES, LENGTHS):
        if ca is not True and length is not None:
            continue
        made = root.issue("A", key="ec-p256", ca=ca, key_usage=usage, path_length=length)
        first = root.sub_authority(made)
        yield (
            f"A {ca} {usage} {length}",
            first.issue("leaf", key="ec-p256", san=["leaf.example"]),
            root,
        )
        second = first.intermediate("B", key="ec-p256")
        yield (
            f"A {ca} {usage} {length}, B",
            second.issue("leaf", key="ec-p256", san=["leaf.example"]),
            root,
        )
    for shift in (-2, 2):
        edges = {"not_after": now + shift * HOUR}
        late = root.sub_authority(
            root.issue("A", key="ec-p256", ca=True, key_usage=["key_cert_sign"], **edges)  # type: ignore[arg-type]
        )
        yield f"A until {shift} h", late.issue("leaf", key="ec-p256", san=["leaf.example"]), root
        direct = root.issue("leaf", key="ec-p256", san=["leaf.example"], **edges)  # type: ignore[arg-type]
        yield f"leaf until {shift} h", direct, root
    self_issued = root.issue(
        "Agreement Root", key="ec-p256", ca=True, key_usage=["key_cert_sign"], path_length=0
    )
    below = root.sub_authority(self_issued).intermediate("B", key="ec-p256")
    yield "self-issued", below.issue("leaf", key="ec-p256", san=["leaf.example"]), root


NOW = datetime.fromisoformat("2027-06-01T12:00:00+00:00")
CASES = {name: (issued, root) for name, issued, root in cases(NOW)}


def is_trusted(issued: Issued, root: Authority) -> bool:
    trust = TrustStore(anchors=(root.certificate,))
    try:
        Rfc5280PathValidator().validate(
            issued.certificate, trust=trust, extra=issued.chain, now=NOW
        )
    except UntrustedCertificateError:
        return False
    return True


@pytest.mark.parametrize(("issued", "root"), CASES.values(), ids=CASES.keys())
def test_short_way_agrees_with_the_full_algorithm(issued: Issued, root: Authority) -> None:
    """What the short way accepts, the full algorithm accepts, and the other way round."""
    path: tuple[Certificate, ...] = (issued.certificate, *issued.chain, root.certificate)
    assert not needs_full_check(path)
    assert is_trusted(issued, root) == (check_constraints(path, now=NOW) is None)


@pytest.mark.parametrize(("issued", "root"), CASES.values(), ids=CASES.keys())
def test_nothing_is_accepted_that_cryptography_refuses(issued: Issued, root: Authority) -> None:
    """cryptography is stricter: what it accepts we accept, and what only we accept has a reason."""
    verifier = (
        verification.PolicyBuilder()
        .store(verification.Store([root.certificate.x509]))
        .time(NOW.replace(tzinfo=None))
        .build_client_verifier()
    )
    try:
        verifier.verify(issued.certificate.x509, [item.x509 for item in issued.chain])
        theirs = True
    except verification.VerificationError:
        theirs = False
    ours = is_trusted(issued, root)
    without_usage = any(
        x509.KeyUsage not in {type(extension.value) for extension in item.x509.extensions}
        for item in issued.chain
    )
    assert ours == theirs or (ours and without_usage)


def test_both_verdicts_occur() -> None:
    """The cases are worth something: some are good, most are not."""
    verdicts = [is_trusted(issued, root) for issued, root in CASES.values()]
    assert verdicts.count(True) >= 5
    assert verdicts.count(False) >= 15
