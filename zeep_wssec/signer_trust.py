"""Whether the holder of a certificate is the partner: the one place where a signer becomes trusted.

A signer is a partner whose certificate we have, a pin, a subject under the anchors, or anyone under them for
a stated reason; never just somebody whose CA we know.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from zeep_wssec.demands import Anonymous, AnyoneUnder, Pin, SignedBy, Subject
from zeep_wssec.errors import UntrustedCertificateError
from zeep_wssec.keys.certificate import Certificate
from zeep_wssec.keys.fitness import check_fitness
from zeep_wssec.keys.path import MAX_EXTRA, CertificatePath, PathValidator
from zeep_wssec.keys.path_search import Obstacle
from zeep_wssec.keys.remedies import REMEDIES
from zeep_wssec.keys.revocation import check_path_revocation
from zeep_wssec.keys.snapshot import Snapshot
from zeep_wssec.keys.trust import TrustStore


@dataclass(frozen=True, kw_only=True)
class TrustedSigner:
    """A signer whose signature counts."""

    alias: str | None
    """Our name for it, where it has one."""
    text: str
    """Why it is trusted, in words."""
    demand: SignedBy | None = None
    """Which of the demands it meets; ``None``: there was none, and it is a partner."""
    path: CertificatePath = ()
    """From the certificate to an anchor; empty where it is known by itself."""
    warnings: tuple[str, ...] = ()
    """Exceptions that were made, revocation that is not known."""


@dataclass(frozen=True, kw_only=True)
class SignerQuestion:
    """A certificate whose key has verified a signature, or is about to, and what it is judged by."""

    certificate: Certificate
    keys: Snapshot
    """What the keystore holds."""
    now: datetime
    paths: PathValidator
    extra: CertificatePath = ()
    """Certificates that came along; they help to build a path, never end one."""
    legacy: Collection[str] = ()
    """Names of opt-ins that were given; ``"dsa"`` makes DSA keys fit."""

    def judge(self, demands: Sequence[SignedBy]) -> TrustedSigner:
        """Tell why the holder of the certificate is one who is demanded.

        Args:
            demands: Who may sign; one at least.

        Raises:
            UntrustedCertificateError: ``reason`` says why it is not: expired, not_yet_valid, weak_key,
                wrong_usage, wrong_peer, no_path, revoked, revocation_unknown.
            KeyNotFoundError: A demanded partner is missing in the keystore.
        """
        # Where the very certificate is demanded, who it is comes first: a stranger's date helps nobody.
        if all(isinstance(item, (str, Pin)) for item in demands):
            trusted = self._match_any(demands)
            self.require_fit()
        else:
            self.require_fit()
            trusted = self._match_any(demands)
        return self.require_standing(trusted)

    def judge_freely(self) -> TrustedSigner | None:
        """Tell which partner it is where nobody is demanded, or ``None`` for anybody else.

        Raises:
            UntrustedCertificateError: Whoever it is, the certificate is not fit for that, or revoked.
        """
        self.require_fit()
        alias = self._alias()
        if alias is None:
            return None
        return self.require_standing(TrustedSigner(alias=alias, text=f"partner {alias!r}"))

    def match(self, demanded: SignedBy) -> TrustedSigner:
        """Tell how the certificate meets a demand, leaving aside whether it is fit and not revoked.

        Raises:
            UntrustedCertificateError: It does not.
            KeyNotFoundError: The demanded partner is missing in the keystore.
        """
        if isinstance(demanded, str):
            return self._match_alias(demanded)
        if isinstance(demanded, Anonymous):
            raise self.wrong_signer("a key that came encrypted to us")
        if isinstance(demanded, Pin):
            if self.certificate.thumbprint_sha256 != demanded.sha256:
                raise self.wrong_signer(in_words(demanded))
            return TrustedSigner(alias=self._alias(), text="pinned", demand=demanded)
        if isinstance(demanded, Subject) and not self.certificate.has_subject(demanded.name):
            raise self.wrong_signer(in_words(demanded))
        return TrustedSigner(
            alias=self._alias(),
            text=_under_anchors(demanded),
            demand=demanded,
            path=self._find_path(_trust_for(demanded, self.keys)),
        )

    def require_fit(self) -> None:
        """Refuse a certificate by its own: its dates, its key, what it is for.

        Raises:
            UntrustedCertificateError: It is unfit, and no exception is in force.
        """
        rules = self.keys.shared_trust.rules
        unfit = check_fitness(
            self.certificate,
            purpose="verify",
            now=self.now,
            legacy=self.legacy,
            allowed=rules.allowed(self.certificate, self.now),
            usages=rules.signer_usages,
        )
        if unfit is None:
            return
        ended = rules.ended_exceptions(self.certificate, self.now)
        hint = f"The exception for it ended on {ended[-1].until}. " if ended else ""
        hint += REMEDIES.get(unfit.reason, "")
        raise UntrustedCertificateError(
            f"The signer's certificate: {unfit.sentence}", hint=hint, reason=unfit.reason
        )

    def require_standing(self, trusted: TrustedSigner) -> TrustedSigner:
        """Refuse a revoked certificate that is known by itself, and note what there is to warn of.

        Of a path each certificate has been judged when it was found.

        Raises:
            UntrustedCertificateError: It is revoked, or must be known not to be, and is not.
        """
        rules = self.keys.shared_trust.rules
        if rules.is_plain:
            return trusted
        path = trusted.path or (self.certificate,)
        # Issuers are looked for among what is known and what came along: only a signature makes one.
        known = (*self.keys.certificates, *self.extra[:MAX_EXTRA])
        standings = check_path_revocation(path, rules=rules, now=self.now, known=known)
        if isinstance(standings, Obstacle):
            details = {} if standings.revoked_at is None else {"revoked_at": standings.revoked_at}
            raise UntrustedCertificateError(
                f"The signer's certificate: {standings.sentence}",
                hint=standings.hint or REMEDIES.get(standings.reason, ""),
                reason=standings.reason,
                **details,
            )
        warnings = [
            f"{item.describe()} is accepted {exception.describe()}"
            for item in path
            for exception in rules.exceptions_for(item, self.now)
        ]
        if rules.revocation != "off":
            warnings += [item.sentence for item in standings if item.state == "unknown"]
        return replace(trusted, warnings=tuple(warnings)) if warnings else trusted

    def wrong_signer(self, demanded: str, *, hint: str = "") -> UntrustedCertificateError:
        """Give the error for a certificate of somebody else than who is ``demanded``, in words."""
        return UntrustedCertificateError(
            f"Signed by {self.certificate.describe()}; it must be signed by {demanded}.",
            hint=hint or "Compare with the certificate that the partner gave you.",
            reason="wrong_peer",
            signer=self.certificate.thumbprint_sha256,
        )

    def _alias(self) -> str | None:
        entry = self.keys.find_partner(self.certificate)
        return None if entry is None else entry.alias

    def _match_any(self, demands: Sequence[SignedBy]) -> TrustedSigner:
        causes: list[UntrustedCertificateError] = []
        for demanded in demands:
            try:
                return self.match(demanded)
            except UntrustedCertificateError as error:
                causes.append(error)
        raise causes[0]

    def _match_alias(self, alias: str) -> TrustedSigner:
        keys = self.keys
        if alias not in keys.partners and (alias in keys.secrets or alias in keys.users):
            raise self.wrong_signer(f"the secret of {alias!r}")
        entry = keys.require_partner(alias)
        if keys.speaks_for(alias, self.certificate):
            return TrustedSigner(alias=entry.alias, text=f"partner {entry.alias!r}", demand=alias)
        hint = ""
        if entry.certificate.subject == self.certificate.subject:
            hint = (
                f"It has the subject of {alias!r}, so the partner may have renewed its certificate: ask, "
                "then add the new one beside the old, or state signed_by=Subject(…) under your anchors."
            )
        raise self.wrong_signer(
            f"the partner {alias!r} ({entry.certificate.describe()})", hint=hint
        )

    def _find_path(self, trust: TrustStore) -> CertificatePath:
        if not trust.anchors:
            raise UntrustedCertificateError(
                "No trust anchor is given, so no certificate can end at one.",
                hint="Give the CA certificate under trust.anchors.",
                reason="no_path",
            )
        # A partner's own anchors say where its paths end; how they are judged is one for all.
        return self.paths.validate(
            self.certificate,
            trust=trust,
            extra=self.extra,
            now=self.now,
            rules=self.keys.shared_trust.rules,
        )


def in_words(demanded: SignedBy) -> str:
    """Name who is demanded."""
    if isinstance(demanded, str):
        return repr(demanded)
    if isinstance(demanded, Pin):
        return f"the pin {demanded.sha256[:16]}…"
    return f"the subject {demanded.name}" if isinstance(demanded, Subject) else "anyone"


def _under_anchors(demanded: Subject | AnyoneUnder) -> str:
    if isinstance(demanded, Subject):
        return f"subject {demanded.name} under the trust anchors"
    return f"anyone under the trust anchors ({demanded.reason})"


def _trust_for(demanded: Subject | AnyoneUnder, keys: Snapshot) -> TrustStore:
    """Give the anchors of the partner that is meant: one partner's CA never speaks for another.

    Those of the partner with the subject, else those that are shared by all, else those of the only partner.
    """
    if isinstance(demanded, Subject):
        for entry in keys.partner_entries:
            if entry.anchors and entry.certificate.has_subject(demanded.name):
                return keys.trust_for(entry.alias)
    partners = list(keys.partners)
    if not keys.shared_trust.anchors and len(partners) == 1:
        return keys.trust_for(partners[0])
    return keys.shared_trust
