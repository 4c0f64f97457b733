"""Whose signature counts: the one place where the signer of a payload becomes trusted.

The rules are those of messages: the signer is a partner whose certificate we have, a pin, a subject under
the anchors, or anyone under them for a stated reason; never just somebody whose CA we know.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from zeep_wssec.demands import AnyoneUnder, Pin, SignedBy, Subject
from zeep_wssec.errors import (
    KeyNotFoundError,
    PayloadSignerError,
    ProfileError,
    UntrustedCertificateError,
)
from zeep_wssec.keys.certificate import Certificate
from zeep_wssec.keys.fitness import check_fitness
from zeep_wssec.keys.path import MAX_EXTRA, CertificatePath, PathValidator, Rfc5280PathValidator
from zeep_wssec.keys.path_search import Obstacle
from zeep_wssec.keys.revocation import check_path_revocation
from zeep_wssec.keys.snapshot import Snapshot
from zeep_wssec.keys.trust import TrustStore

Demand = str | Pin | Subject | AnyoneUnder
"""Who must have signed; an alias with ``?`` at its end may be that of a partner who is not there yet."""


@dataclass(frozen=True, kw_only=True)
class TrustedSigner:
    """A signer whose signature counts."""

    alias: str | None
    """Our name for it, where it has one."""
    text: str
    """Why it is trusted, in words."""
    demand: Demand | None = None
    """Which of the demands it meets; ``None``: any partner will do."""
    warnings: tuple[str, ...] = ()


def frozen_demands(path: str, value: object) -> tuple[Demand, ...]:
    """Give demands as a tuple; a single one may stand alone.

    Raises:
        ProfileError: One of them names nobody who could sign a payload.
    """
    if isinstance(value, str | Pin | Subject | AnyoneUnder):
        value = (value,)
    if not isinstance(value, Sequence):
        raise ProfileError(f"{value!r} names nobody.", path=path)
    for index, item in enumerate(value):
        if not isinstance(item, str | Pin | Subject | AnyoneUnder) or item in ("", "?"):
            raise ProfileError(f"{item!r} names nobody.", path=f"{path}[{index}]")
    return tuple(value)


class SignerJudge:
    """Judges signers by a fixed set of demands; keeps accepted paths while they are valid."""

    def __init__(
        self,
        signed_by: Iterable[Demand] = (),
        *,
        legacy: Iterable[str] = (),
        paths: PathValidator | None = None,
    ) -> None:
        """Make a judge.

        Args:
            signed_by: Who may sign; nobody named: every partner of the keystore.
            legacy: Names of opt-ins that were given; ``"dsa"`` makes DSA keys fit.
            paths: Decides on certificate paths.
        """
        self._signed_by = tuple(signed_by)
        self._legacy = frozenset(legacy)
        self._paths = paths or Rfc5280PathValidator()

    def judge(
        self,
        certificate: Certificate,
        *,
        keys: Snapshot,
        now: datetime,
        extra: CertificatePath = (),
    ) -> TrustedSigner:
        """Tell why the holder of a certificate, whose key has verified a signature, is trusted.

        Args:
            certificate: The signer's.
            keys: What the keystore holds.
            now: Aware time.
            extra: Certificates that came along; they help to build a path, never end one.

        Raises:
            PayloadSignerError: It is not; ``reason`` says why.
            KeyNotFoundError: A demanded partner is missing in the keystore, or there is no partner at all.
        """
        self._refuse_own(certificate, keys)
        # Who it is comes first: the dates of a stranger's certificate help nobody.
        trusted, path = self._match_any(certificate, keys, extra, now)
        self._require_fit(certificate, keys, now)
        return self._judged(certificate, trusted, path, keys=keys, extra=extra, now=now)

    def missing(self, found: Iterable[TrustedSigner]) -> tuple[str, ...]:
        """Name the demands that none of the signers found meets, in words; optional aliases count, too."""
        met = {item.demand for item in found}
        return tuple(_in_words(item) for item in self._signed_by if item not in met)

    def _refuse_own(self, certificate: Certificate, keys: Snapshot) -> None:
        own = [
            entry.alias
            for entry in keys.key_entries
            if entry.certificate.public_key_octets == certificate.public_key_octets
        ]
        if own and not any(alias in self._aliases() for alias in own):
            raise PayloadSignerError(
                f"Signed with our own key ({certificate.describe()}): what we sent came back, or the "
                "sender has our key.",
                hint=f'To accept it, name it: signed_by = ["{own[0]}"].',
                reason="own_key",
            )

    def _aliases(self) -> tuple[str, ...]:
        return tuple(item.removesuffix("?") for item in self._signed_by if isinstance(item, str))

    def _require_fit(self, certificate: Certificate, keys: Snapshot, now: datetime) -> None:
        rules = keys.shared_trust.rules
        unfit = check_fitness(
            certificate,
            purpose="verify",
            now=now,
            legacy=self._legacy,
            allowed=rules.allowed(certificate, now),
            usages=rules.signer_usages,
        )
        if unfit is None:
            return
        ended = rules.ended_exceptions(certificate, now)
        hint = f"The exception for it ended on {ended[-1].until}." if ended else ""
        raise PayloadSignerError(
            f"The signer's certificate: {unfit.sentence}", hint=hint, reason=unfit.reason
        )

    def _match_any(
        self, certificate: Certificate, keys: Snapshot, extra: CertificatePath, now: datetime
    ) -> tuple[TrustedSigner, CertificatePath]:
        if not self._signed_by:
            return _match_partner(certificate, keys), ()
        causes = []
        for demand in self._signed_by:
            try:
                return self._match(demand, certificate, keys, extra, now)
            except PayloadSignerError as error:
                causes.append(error)
        raise causes[0]

    def _match(
        self,
        demand: Demand,
        certificate: Certificate,
        keys: Snapshot,
        extra: CertificatePath,
        now: datetime,
    ) -> tuple[TrustedSigner, CertificatePath]:
        if isinstance(demand, str):
            return _match_alias(demand, certificate, keys), ()
        alias = alias_of(certificate, keys)
        if isinstance(demand, Pin):
            if certificate.thumbprint_sha256 != demand.sha256:
                raise _wrong_signer(certificate, _in_words(demand))
            return TrustedSigner(alias=alias, text="pinned", demand=demand), ()
        if isinstance(demand, Subject) and not certificate.has_subject(demand.name):
            raise _wrong_signer(certificate, _in_words(demand))
        trust = _trust_for(demand, keys)
        path = self._find_path(certificate, trust, keys=keys, extra=extra, now=now)
        text = f"{_in_words(demand)} under the trust anchors"
        return TrustedSigner(alias=alias, text=text, demand=demand), path

    def _find_path(
        self,
        certificate: Certificate,
        trust: TrustStore,
        *,
        keys: Snapshot,
        extra: CertificatePath,
        now: datetime,
    ) -> CertificatePath:
        if not trust.anchors:
            raise PayloadSignerError(
                "No trust anchor is given, so no certificate can end at one.",
                hint="Give the CA certificate under trust.anchors.",
                reason="no_path",
            )
        rules = keys.shared_trust.rules
        try:
            return self._paths.validate(certificate, trust=trust, extra=extra, now=now, rules=rules)
        except UntrustedCertificateError as error:
            raise PayloadSignerError(
                str(error.message), hint=error.hint, reason=error.details.get("reason", "no_path")
            ) from None

    def _judged(
        self,
        certificate: Certificate,
        trusted: TrustedSigner,
        path: CertificatePath,
        *,
        keys: Snapshot,
        extra: CertificatePath,
        now: datetime,
    ) -> TrustedSigner:
        """Refuse a revoked certificate that is known by itself, and note what there is to warn of."""
        rules = keys.shared_trust.rules
        if rules.is_plain:
            return trusted
        path = path or (certificate,)
        known = (*keys.certificates, *extra[:MAX_EXTRA])
        standings = check_path_revocation(path, rules=rules, now=now, known=known)
        if isinstance(standings, Obstacle):
            raise PayloadSignerError(
                f"The signer's certificate: {standings.sentence}",
                hint=standings.hint,
                reason=standings.reason,
            )
        warnings = [
            f"{item.describe()} is accepted {exception.describe()}"
            for item in path
            for exception in rules.exceptions_for(item, now)
        ]
        if rules.revocation != "off":
            warnings += [item.sentence for item in standings if item.state == "unknown"]
        return TrustedSigner(
            alias=trusted.alias, text=trusted.text, demand=trusted.demand, warnings=tuple(warnings)
        )


def alias_of(certificate: Certificate, keys: Snapshot) -> str | None:
    """Give our name for exactly this certificate: a partner's, or of our own keys."""
    entry = keys.find_partner(certificate) or keys.find_key(certificate)
    return entry.alias if entry is not None else None


def _match_partner(certificate: Certificate, keys: Snapshot) -> TrustedSigner:
    if not keys.partners:
        raise KeyNotFoundError(
            "The keystore has no partner, so nobody's signature could count.",
            hint="Add the sender with with_partner, or say who it is: signed_by.",
            alias=None,
            existing=[],
        )
    alias = alias_of(certificate, keys)
    if alias is None or alias not in keys.partners:
        listed = ", ".join(repr(item) for item in keys.partners)
        raise _wrong_signer(certificate, f"a partner ({listed})")
    return TrustedSigner(alias=alias, text=f"partner {alias!r}")


def _match_alias(demand: str, certificate: Certificate, keys: Snapshot) -> TrustedSigner:
    alias = demand.removesuffix("?")
    if own := keys.keys_of(alias):
        if any(entry.certificate == certificate for entry in own):
            return TrustedSigner(alias=alias, text=f"our key {alias!r}", demand=demand)
        raise _wrong_signer(certificate, f"our key {alias!r} ({own[0].certificate.describe()})")
    if demand.endswith("?") and alias not in keys.partners:
        raise _wrong_signer(certificate, f"the partner {alias!r}, who is not in the keystore yet")
    partner = keys.require_partner(alias)
    if keys.speaks_for(alias, certificate):
        return TrustedSigner(alias=alias, text=f"partner {alias!r}", demand=demand)
    hint = ""
    if partner.certificate.subject == certificate.subject:
        hint = (
            f"It has the subject of {alias!r}, so the partner may have renewed its certificate: ask, then "
            "add the new one beside the old."
        )
    raise _wrong_signer(
        certificate, f"the partner {alias!r} ({partner.certificate.describe()})", hint=hint
    )


def _trust_for(demand: Subject | AnyoneUnder, keys: Snapshot) -> TrustStore:
    """Give the anchors of the partner that is meant: one partner's CA never speaks for another."""
    if isinstance(demand, Subject):
        for entry in keys.partner_entries:
            if entry.anchors and entry.certificate.has_subject(demand.name):
                return keys.trust_for(entry.alias)
    partners = list(keys.partners)
    if not keys.shared_trust.anchors and len(partners) == 1:
        return keys.trust_for(partners[0])
    return keys.shared_trust


def _in_words(demand: SignedBy) -> str:
    if isinstance(demand, str):
        return repr(demand)
    if isinstance(demand, Pin):
        return f"the pin {demand.sha256[:16]}…"
    return f"the subject {demand.name}" if isinstance(demand, Subject) else "anyone"


def _wrong_signer(certificate: Certificate, demanded: str, *, hint: str = "") -> PayloadSignerError:
    return PayloadSignerError(
        f"Signed by {certificate.describe()}; it must be signed by {demanded}.",
        hint=hint or "Compare with the certificate that the partner gave you.",
        reason="wrong_peer",
        signer=certificate.thumbprint_sha256,
    )
