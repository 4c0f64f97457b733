"""Certificate paths: from a signer's certificate up to something that was given as trusted.

The order of a check; the numbers stand at the code:

1. The leaf alone: dates, key, usage.
2. A pinned leaf, or one that is itself an anchor, needs no path.
3. Candidate paths, bounded: names, CA flags, key sizes, signature digests, signatures.
4. Dates of every certificate in the path.
5. Path length.
6. Everything else RFC 5280 asks, when an extension in the path calls for it: name constraints,
   policies, critical extensions.
7. Revocation, where a mode or information is given.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from zeep_wssec.errors import UntrustedCertificateError
from zeep_wssec.forks import start_over_in_children
from zeep_wssec.keys.certificate import Certificate
from zeep_wssec.keys.fitness import Purpose, check_dates, check_fitness
from zeep_wssec.keys.path_rules import check_path_length, needs_full_check
from zeep_wssec.keys.path_search import Obstacle, PathSearch
from zeep_wssec.keys.remedies import REMEDIES
from zeep_wssec.keys.revocation import check_path_revocation
from zeep_wssec.keys.trust import TrustStore
from zeep_wssec.keys.trust_rules import TrustRules

CertificatePath = tuple[Certificate, ...]
"""Leaf first, anchor last; the leaf alone when it is pinned or an anchor itself."""

MAX_EXTRA = 16
"""Certificates taken from one message; a chain has two or three."""


_MOMENT = timedelta(microseconds=1)


class PathValidator(Protocol):
    """Decides whether a certificate is to be trusted."""

    def validate(
        self,
        leaf: Certificate,
        *,
        trust: TrustStore,
        extra: CertificatePath = (),
        now: datetime,
        purpose: Purpose = "verify",
        rules: TrustRules | None = None,
    ) -> CertificatePath:
        """Find a valid path from ``leaf`` to an anchor or pin of ``trust``.

        A path says that the certificate is genuine, not that its owner is the partner.

        Args:
            leaf: The certificate in question.
            trust: Where the path must end; there is no other trust.
            extra: Certificates that came with the message; they help to build a path, never end one.
            now: Aware UTC time at which every certificate must be valid.
            purpose: What the leaf's key is used for.
            rules: How certificates are judged; those of ``trust`` when left out.

        Returns:
            The path, leaf first, anchor last.

        Raises:
            UntrustedCertificateError: There is none; ``reason`` and the text name the cause.
        """


@dataclass(frozen=True, kw_only=True)
class _Verdict:
    path: CertificatePath
    not_before: datetime
    not_after: datetime


class Rfc5280PathValidator:
    """The validator used when no other is given; never touches the network.

    Accepted paths are kept, by content, for as long as every certificate in them is valid; refusals
    are not kept. Safe to share between threads.
    """

    def __init__(self, *, cache_size: int = 512) -> None:
        self._cache_size = cache_size
        self._verdicts: OrderedDict[object, _Verdict] = OrderedDict()
        self.start_over()
        start_over_in_children(self)

    def start_over(self) -> None:
        """Use a lock of this process; what is kept stays."""
        self._lock = threading.Lock()

    def validate(
        self,
        leaf: Certificate,
        *,
        trust: TrustStore,
        extra: CertificatePath = (),
        now: datetime,
        purpose: Purpose = "verify",
        rules: TrustRules | None = None,
    ) -> CertificatePath:
        """Find a valid path; see ``PathValidator``."""
        rules = trust.rules if rules is None else rules
        key = (leaf, trust.identity, extra, purpose, rules.identity, rules.told)
        verdict = self._verdicts.get(key)
        if verdict is not None and verdict.not_before <= now <= verdict.not_after:
            return verdict.path
        verdict = _judge(leaf, trust=trust, extra=extra, now=now, purpose=purpose, rules=rules)
        with self._lock:
            self._verdicts[key] = verdict
            self._verdicts.move_to_end(key)
            while len(self._verdicts) > self._cache_size:
                self._verdicts.popitem(last=False)
        return verdict.path

    def __repr__(self) -> str:
        return f"<Rfc5280PathValidator: {len(self._verdicts)} verdicts>"


def _judge(
    leaf: Certificate,
    *,
    trust: TrustStore,
    extra: CertificatePath,
    now: datetime,
    purpose: Purpose,
    rules: TrustRules,
) -> _Verdict:
    # 1. The leaf alone.
    allowed = rules.allowed(leaf, now)
    unfit = check_fitness(
        leaf, purpose=purpose, now=now, allowed=allowed, usages=rules.signer_usages
    )
    if unfit is not None:
        raise _refused(leaf, Obstacle(reason=unfit.reason, sentence=unfit.sentence))
    # 2. Pins and anchors are compared by their bytes.
    if trust.is_pinned(leaf) or leaf in trust.anchors:
        known = (*trust.intermediates, *trust.anchors, *extra[:MAX_EXTRA])
        verdict = _check_revocation((leaf,), rules, now, known)
        if isinstance(verdict, Obstacle):
            raise _refused(leaf, verdict)
        return verdict
    # 3. Candidate paths.
    if len(extra) > MAX_EXTRA:
        text = (
            f"{len(extra)} certificates came with the message; at most {MAX_EXTRA} are looked at."
        )
        raise _refused(leaf, Obstacle(reason="no_path", sentence=text))
    search = PathSearch(trust=trust, extra=extra, rules=rules, now=now)
    obstacles = []
    for path in search.find_paths(leaf):
        judged = (
            _check_dates(path, now, rules)
            or _check_rules(path, now, rules)
            or _check_revocation(path, rules, now)
        )
        if isinstance(judged, _Verdict):
            return judged
        obstacles.append(judged)
    raise _refused(leaf, _worst(obstacles) if obstacles else search.main_obstacle(leaf))


def _worst(obstacles: list[Obstacle]) -> Obstacle:
    """Choose what to tell: a revoked certificate before all else."""
    return next((item for item in obstacles if item.reason == "revoked"), obstacles[0])


def _check_dates(path: CertificatePath, now: datetime, rules: TrustRules) -> Obstacle | None:
    # 4. Dates, the anchor's as well.
    for certificate in path[1:]:
        unfit = check_dates(certificate, now=now, allowed=rules.allowed(certificate, now))
        if unfit is not None:
            return Obstacle(reason=unfit.reason, sentence=unfit.sentence)
    return None


def _check_rules(path: CertificatePath, now: datetime, rules: TrustRules) -> Obstacle | None:
    # 5. Path length.
    obstacle = check_path_length(path)
    if obstacle is not None or not needs_full_check(path):
        return obstacle
    # 6. The rest of RFC 5280, section 6.1; imported here because hardly any path needs it.
    from zeep_wssec.keys.path_pkix import check_constraints

    # Dates are judged above: a certificate that an exception lets pass is looked at as of its last day.
    if rules.exceptions:
        now = min(now, *(certificate.not_after for certificate in path))
    return check_constraints(path, now=now)


def _check_revocation(
    path: CertificatePath, rules: TrustRules, now: datetime, known: CertificatePath = ()
) -> _Verdict | Obstacle:
    starts = [item.not_before for item in path]
    # Where an exception lets an expired certificate pass, the verdict ends with the exception.
    ends = [item.not_after for item in path if item.not_after >= now]
    for certificate in path:
        ends += [item.end - _MOMENT for item in rules.exceptions_for(certificate, now)]
    # 7. Revocation.
    if rules.asks_for_revocation:
        checked = check_path_revocation(path, rules=rules, now=now, known=known)
        if isinstance(checked, Obstacle):
            return checked
        starts += [item.since for item in checked if item.since is not None]
        ends += [item.until for item in checked if item.until is not None]
    return _Verdict(path=path, not_before=max(starts), not_after=min(ends))


def _refused(leaf: Certificate, obstacle: Obstacle) -> UntrustedCertificateError:
    details = {} if obstacle.revoked_at is None else {"revoked_at": obstacle.revoked_at}
    return UntrustedCertificateError(
        f"The certificate {leaf.describe()} is not trusted: {obstacle.sentence}",
        hint=obstacle.hint or REMEDIES.get(obstacle.reason, ""),
        reason=obstacle.reason,
        certificate=leaf.thumbprint_sha256,
        **details,
    )
