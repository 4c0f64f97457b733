"""Certificate paths: from a signer's certificate up to something that was given as trusted.

The order of a check; the numbers stand at the code:

1. The leaf alone: dates, key, usage.
2. A pinned leaf, or one that is itself an anchor, needs no path.
3. Candidate paths, bounded: names, CA flags, key sizes, signature digests, signatures.
4. Dates of every certificate in the path.
5. Path length.
6. Everything else RFC 5280 asks, when an extension in the path calls for it: name constraints,
   policies, critical extensions.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from zeep_wssec.errors import UntrustedCertificateError
from zeep_wssec.keys.certificate import Certificate
from zeep_wssec.keys.fitness import Purpose, check_dates, check_fitness
from zeep_wssec.keys.path_rules import check_path_length, needs_full_check
from zeep_wssec.keys.path_search import Obstacle, PathSearch
from zeep_wssec.keys.trust import TrustStore

CertificatePath = tuple[Certificate, ...]
"""Leaf first, anchor last; the leaf alone when it is pinned or an anchor itself."""

MAX_EXTRA = 16
"""Certificates taken from one message; a chain has two or three."""


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
    ) -> CertificatePath:
        """Find a valid path from ``leaf`` to an anchor or pin of ``trust``.

        A path says that the certificate is genuine, not that its owner is the partner.

        Args:
            leaf: The certificate in question.
            trust: Where the path must end; there is no other trust.
            extra: Certificates that came with the message; they help to build a path, never end one.
            now: Aware UTC time at which every certificate must be valid.
            purpose: What the leaf's key is used for.

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
        self._lock = threading.Lock()

    def validate(
        self,
        leaf: Certificate,
        *,
        trust: TrustStore,
        extra: CertificatePath = (),
        now: datetime,
        purpose: Purpose = "verify",
    ) -> CertificatePath:
        """Find a valid path; see ``PathValidator``."""
        key = (leaf, trust.identity, extra, purpose)
        verdict = self._verdicts.get(key)
        if verdict is not None and verdict.not_before <= now <= verdict.not_after:
            return verdict.path
        path = _find_valid_path(leaf, trust=trust, extra=extra, now=now, purpose=purpose)
        verdict = _Verdict(
            path=path,
            not_before=max(item.not_before for item in path),
            not_after=min(item.not_after for item in path),
        )
        with self._lock:
            self._verdicts[key] = verdict
            self._verdicts.move_to_end(key)
            while len(self._verdicts) > self._cache_size:
                self._verdicts.popitem(last=False)
        return path

    def __repr__(self) -> str:
        return f"<Rfc5280PathValidator: {len(self._verdicts)} verdicts>"


def _find_valid_path(
    leaf: Certificate, *, trust: TrustStore, extra: CertificatePath, now: datetime, purpose: Purpose
) -> CertificatePath:
    # 1. The leaf alone.
    unfit = check_fitness(leaf, purpose=purpose, now=now)
    if unfit is not None:
        raise _refused(leaf, Obstacle(reason=unfit.reason, sentence=unfit.sentence))
    # 2. Pins and anchors are compared by their bytes.
    if trust.is_pinned(leaf) or leaf in trust.anchors:
        return (leaf,)
    # 3. Candidate paths.
    if len(extra) > MAX_EXTRA:
        text = (
            f"{len(extra)} certificates came with the message; at most {MAX_EXTRA} are looked at."
        )
        raise _refused(leaf, Obstacle(reason="no_path", sentence=text))
    search = PathSearch(trust=trust, extra=extra)
    obstacles = []
    for path in search.find_paths(leaf):
        obstacle = _check_dates(path, now) or _check_rules(path, now)
        if obstacle is None:
            return path
        obstacles.append(obstacle)
    raise _refused(leaf, obstacles[0] if obstacles else search.main_obstacle(leaf))


def _check_dates(path: CertificatePath, now: datetime) -> Obstacle | None:
    # 4. Dates, the anchor's as well.
    for certificate in path[1:]:
        unfit = check_dates(certificate, now=now)
        if unfit is not None:
            return Obstacle(reason=unfit.reason, sentence=unfit.sentence)
    return None


def _check_rules(path: CertificatePath, now: datetime) -> Obstacle | None:
    # 5. Path length.
    obstacle = check_path_length(path)
    if obstacle is not None or not needs_full_check(path):
        return obstacle
    # 6. The rest of RFC 5280, section 6.1; imported here because hardly any path needs it.
    from zeep_wssec.keys.path_pkix import check_constraints

    return check_constraints(path, now=now)


def _refused(leaf: Certificate, obstacle: Obstacle) -> UntrustedCertificateError:
    return UntrustedCertificateError(
        f"The certificate {leaf.describe()} is not trusted: {obstacle.sentence}",
        reason=obstacle.reason,
        certificate=leaf.thumbprint_sha256,
    )
