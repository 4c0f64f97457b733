"""Whether the holder of a certificate is the partner: the one place where a signer becomes trusted."""

from __future__ import annotations

from dataclasses import dataclass

from zeep_wssec.demands import Anonymous, AnyoneUnder, Pin, SignedBy, Subject
from zeep_wssec.errors import UntrustedCertificateError
from zeep_wssec.exchange import Holder
from zeep_wssec.header.context import Incoming
from zeep_wssec.header.symmetric import SymmetricKey
from zeep_wssec.keys.certificate import Certificate
from zeep_wssec.keys.fitness import check_fitness
from zeep_wssec.keys.path import MAX_EXTRA, CertificatePath
from zeep_wssec.keys.path_search import Obstacle
from zeep_wssec.keys.revocation import check_path_revocation
from zeep_wssec.keys.rotation import find_serving
from zeep_wssec.keys.trust import TrustStore


class TrustedAs(str):
    """Why a signer is trusted, in words, and what there is to warn of."""

    warnings: tuple[str, ...] = ()

    @classmethod
    def of(cls, text: str, warnings: tuple[str, ...]) -> TrustedAs:
        """Give the words with the warnings at their end."""
        made = cls("; warning: ".join((text, *warnings)))
        made.warnings = warnings
        return made


@dataclass(frozen=True, kw_only=True)
class _Match:
    """How a certificate meets a demand."""

    text: str
    path: CertificatePath = ()
    """From the certificate to an anchor; empty where it is known by itself."""


def check_signer(message: Incoming, certificate: Certificate) -> str | None:
    """Tell why the signer is trusted, in words; a CA that vouches for somebody is not enough.

    Args:
        message: Says who must sign. When it demands nobody, an unknown signer gives ``None``.
        certificate: Its key has verified the signature, or is about to.

    Raises:
        UntrustedCertificateError: ``reason`` says why: own_key, expired, not_yet_valid, weak_key,
            wrong_usage, wrong_peer, no_path, revoked, revocation_unknown.
    """
    if certificate.public_key_octets in message.own:
        raise UntrustedCertificateError(
            f"The message is signed with our own key ({certificate.describe()}): our request was "
            "sent back, or the peer has our key.",
            reason="own_key",
        )
    # Where the very certificate is demanded, who it is comes first: a stranger's date helps nobody.
    is_named = all(isinstance(item, str | Pin) for item in message.signed_by)
    trusted = _match_any(message, certificate) if is_named else None
    _require_fit(message, certificate)
    if not is_named:
        trusted = _match_any(message, certificate)
    if trusted is None:
        alias = _partner_of(message, certificate)
        trusted = None if alias is None else _Match(text=f"partner {alias!r}")
    return None if trusted is None else _judged(message, certificate, trusted)


def signer_warnings(message: Incoming) -> tuple[str, ...]:
    """Give what there is to warn of among the trusted signers: exceptions, unknown revocation."""
    found = (item.trusted_as for item in message.signatures)
    return tuple(
        dict.fromkeys(
            text for item in found if isinstance(item, TrustedAs) for text in item.warnings
        )
    )


def _require_fit(message: Incoming, certificate: Certificate) -> None:
    rules = message.keys.shared_trust.rules
    unfit = check_fitness(
        certificate,
        purpose="verify",
        now=message.now,
        legacy=message.legacy,
        allowed=rules.allowed(certificate, message.now),
        usages=rules.signer_usages,
    )
    if unfit is not None:
        ended = rules.ended_exceptions(certificate, message.now)
        hint = f"The exception for it ended on {ended[-1].until}." if ended else ""
        raise UntrustedCertificateError(
            f"The signer's certificate: {unfit.sentence}", hint=hint, reason=unfit.reason
        )


def _partner_of(message: Incoming, certificate: Certificate) -> str | None:
    partner = message.keys.find_partner(certificate)
    return None if partner is None else partner.alias


def _judged(message: Incoming, certificate: Certificate, trusted: _Match) -> str:
    """Refuse a revoked certificate that is known by itself, and note what there is to warn of.

    A path has been judged already, each of its certificates.
    """
    rules = message.keys.shared_trust.rules
    if rules.is_plain:
        return trusted.text
    path = trusted.path or (certificate,)
    # Issuers are looked for among what is known and what came along: only a signature makes one.
    known = (*message.keys.certificates, *message.chains.get(certificate.der, ())[:MAX_EXTRA])
    standings = check_path_revocation(path, rules=rules, now=message.now, known=known)
    if isinstance(standings, Obstacle):
        details = {} if standings.revoked_at is None else {"revoked_at": standings.revoked_at}
        raise UntrustedCertificateError(
            f"The signer's certificate: {standings.sentence}",
            hint=standings.hint,
            reason=standings.reason,
            **details,
        )
    warnings = [
        f"{item.describe()} is accepted {exception.describe()}"
        for item in path
        for exception in rules.exceptions_for(item, message.now)
    ]
    if rules.revocation != "off":
        warnings += [item.sentence for item in standings if item.state == "unknown"]
    return TrustedAs.of(trusted.text, tuple(warnings)) if warnings else trusted.text


def check_shared_key(message: Incoming, key: SymmetricKey) -> str | None:
    """Tell why whoever holds a symmetric key is trusted, in words, or ``None`` where they are not.

    A signature with a key that is not trusted is not refused: one that is may endorse it.

    Args:
        message: Says who must sign.
        key: What the signature is made with; all who share it with us must be among those.
    """
    reasons = [item.reason for item in message.signed_by if isinstance(item, Anonymous)]
    if not key.known_to:
        return f"whoever knows our certificate ({reasons[0]})" if reasons else None
    shared = " and ".join(_in_words(holder) for holder in key.known_to)
    demands = message.signed_by
    if all(_holds(message, holder, demands) for holder in key.known_to) or reasons or not demands:
        return f"holder of {shared}"
    return None


def _in_words(holder: Holder) -> str:
    words = {"secret": "the secret", "user": "the password of", "partner": "the key sent to"}
    return f"{words[holder.kind]} {holder.name!r}"


def _holds(message: Incoming, holder: Holder, demands: tuple[SignedBy, ...]) -> bool:
    """Whether a holder of a shared key is one who must sign: a name means one kind of entry only."""
    if holder.name in demands and holder.kind == message.keys.kind_of(holder.name):
        return True
    entries = message.keys.partners_of(holder.name) if holder.kind == "partner" else ()
    partner = find_serving(entries, message.now)
    if partner is None:
        return False
    for demanded in demands:
        if isinstance(demanded, Pin | Subject | AnyoneUnder):
            try:
                _match(message, partner.certificate, demanded)
            except UntrustedCertificateError:
                continue
            return True
    return False


def _match_any(message: Incoming, certificate: Certificate) -> _Match | None:
    """Tell which demand the certificate meets, or ``None`` when there is no demand."""
    causes: list[UntrustedCertificateError] = []
    for demanded in message.signed_by:
        try:
            return _match(message, certificate, demanded)
        except UntrustedCertificateError as error:
            causes.append(error)
    if causes:
        raise causes[0]
    return None


def _match(message: Incoming, certificate: Certificate, demanded: SignedBy) -> _Match:
    if isinstance(demanded, str):
        return _Match(text=_match_partner(message, certificate, demanded))
    if isinstance(demanded, Pin):
        if certificate.thumbprint_sha256 == demanded.sha256:
            return _Match(text="pinned")
        raise _wrong_peer(certificate, f"the pin {demanded.sha256[:16]}…")
    if isinstance(demanded, Subject):
        if not certificate.has_subject(demanded.name):
            raise _wrong_peer(certificate, f"the subject {demanded.name}")
        path = _check_path(message, certificate, _trust_for_subject(message, demanded.name))
        return _Match(text=f"subject {demanded.name} under the trust anchors", path=path)
    if isinstance(demanded, Anonymous):
        raise _wrong_peer(certificate, "a key that came encrypted to us")
    path = _check_path(message, certificate, _trust_for_anyone(message))
    return _Match(text=f"anyone under the trust anchors ({demanded.reason})", path=path)


def _match_partner(message: Incoming, certificate: Certificate, alias: str) -> str:
    if alias not in message.keys.partners and (
        alias in message.keys.secrets or alias in message.keys.users
    ):
        raise _wrong_peer(certificate, f"the secret of {alias!r}")
    entry = message.keys.require_partner(alias)
    if message.keys.speaks_for(alias, certificate):
        return f"partner {alias!r}"
    hint = "Compare with the certificate that the partner gave you."
    if entry.certificate.subject == certificate.subject:
        hint = (
            f"It has the subject of {alias!r}, so the partner may have renewed its certificate: ask, "
            "then replace the entry or state signed_by=Subject(…) under your anchors."
        )
    raise _wrong_peer(
        certificate, f"the partner {alias!r} ({entry.certificate.describe()})", hint=hint
    )


def _trust_for_subject(message: Incoming, name: str) -> TrustStore:
    """Give the anchors of the partner with this subject, else those that are shared by all."""
    for entry in message.keys.partner_entries:
        if entry.anchors and entry.certificate.has_subject(name):
            return message.keys.trust_for(entry.alias)
    return _trust_for_anyone(message)


def _trust_for_anyone(message: Incoming) -> TrustStore:
    """Give the shared anchors, or those of the only partner: one partner's CA never speaks for another."""
    partners = list(message.keys.partners)
    if not message.keys.shared_trust.anchors and len(partners) == 1:
        return message.keys.trust_for(partners[0])
    return message.keys.shared_trust


def _check_path(message: Incoming, certificate: Certificate, trust: TrustStore) -> CertificatePath:
    if not trust.anchors:
        raise UntrustedCertificateError(
            "No trust anchor is given, so no certificate can end at one.",
            hint="Give the CA certificate under trust.anchors.",
            reason="no_path",
        )
    extra = message.chains.get(certificate.der, ())
    # A partner's own anchors say where its paths end; how they are judged is one for all.
    rules = message.keys.shared_trust.rules
    return message.paths.validate(
        certificate, trust=trust, extra=extra, now=message.now, rules=rules
    )


def _wrong_peer(
    certificate: Certificate, demanded: str, *, hint: str = ""
) -> UntrustedCertificateError:
    return UntrustedCertificateError(
        f"The message is signed by {certificate.describe()}; it must be signed by {demanded}.",
        hint=hint,
        reason="wrong_peer",
        signer=certificate.thumbprint_sha256,
    )
