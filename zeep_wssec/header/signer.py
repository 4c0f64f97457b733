"""Whether the holder of a certificate is the partner: the one place where a signer becomes trusted."""

from __future__ import annotations

from zeep_wssec.demands import Anonymous, AnyoneUnder, Pin, SignedBy, Subject
from zeep_wssec.errors import UntrustedCertificateError
from zeep_wssec.header.context import Incoming
from zeep_wssec.header.symmetric import SymmetricKey
from zeep_wssec.keys.certificate import Certificate
from zeep_wssec.keys.fitness import check_fitness
from zeep_wssec.keys.trust import TrustStore


def check_signer(message: Incoming, certificate: Certificate) -> str | None:
    """Tell why the signer is trusted, in words; a CA that vouches for somebody is not enough.

    Args:
        message: Says who must sign. When it demands nobody, an unknown signer gives ``None``.
        certificate: Its key has verified the signature, or is about to.

    Raises:
        UntrustedCertificateError: ``reason`` says why: own_key, expired, not_yet_valid, weak_key,
            wrong_usage, wrong_peer, no_path.
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
    unfit = check_fitness(certificate, purpose="verify", now=message.now, legacy=message.legacy)
    if unfit is not None:
        raise UntrustedCertificateError(
            f"The signer's certificate: {unfit.sentence}", reason=unfit.reason
        )
    if not is_named:
        trusted = _match_any(message, certificate)
    if trusted is not None:
        return trusted
    partner = message.keys.find_partner(certificate)
    return None if partner is None else f"partner {partner.alias!r}"


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
    shared = " and ".join(_holder(message, alias) for alias in key.known_to)
    demands = message.signed_by
    if all(_holds(message, alias, demands) for alias in key.known_to) or reasons or not demands:
        return f"holder of {shared}"
    return None


def _holder(message: Incoming, alias: str) -> str:
    if alias in message.keys.secrets:
        return f"the secret {alias!r}"
    if alias in message.keys.users:
        return f"the password of {alias!r}"
    return f"the key sent to {alias!r}"


def _holds(message: Incoming, alias: str, demands: tuple[SignedBy, ...]) -> bool:
    """Whether a holder of a shared key is one who must sign."""
    if alias in demands:
        return True
    partner = message.keys.partners.get(alias)
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


def _match_any(message: Incoming, certificate: Certificate) -> str | None:
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


def _match(message: Incoming, certificate: Certificate, demanded: SignedBy) -> str:
    if isinstance(demanded, str):
        return _match_partner(message, certificate, demanded)
    if isinstance(demanded, Pin):
        if certificate.thumbprint_sha256 == demanded.sha256:
            return "pinned"
        raise _wrong_peer(certificate, f"the pin {demanded.sha256[:16]}…")
    if isinstance(demanded, Subject):
        if not certificate.has_subject(demanded.name):
            raise _wrong_peer(certificate, f"the subject {demanded.name}")
        _check_path(message, certificate, _trust_for_subject(message, demanded.name))
        return f"subject {demanded.name} under the trust anchors"
    if isinstance(demanded, Anonymous):
        raise _wrong_peer(certificate, "a key that came encrypted to us")
    _check_path(message, certificate, _trust_for_anyone(message))
    return f"anyone under the trust anchors ({demanded.reason})"


def _match_partner(message: Incoming, certificate: Certificate, alias: str) -> str:
    if alias not in message.keys.partners and (
        alias in message.keys.secrets or alias in message.keys.users
    ):
        raise _wrong_peer(certificate, f"the secret of {alias!r}")
    entry = message.keys.require_partner(alias)
    if entry.certificate.der == certificate.der:
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
    for alias, entry in message.keys.partners.items():
        if entry.anchors and entry.certificate.has_subject(name):
            return message.keys.trust_for(alias)
    return _trust_for_anyone(message)


def _trust_for_anyone(message: Incoming) -> TrustStore:
    """Give the shared anchors, or those of the only partner: one partner's CA never speaks for another."""
    partners = list(message.keys.partners)
    if not message.keys.shared_trust.anchors and len(partners) == 1:
        return message.keys.trust_for(partners[0])
    return message.keys.shared_trust


def _check_path(message: Incoming, certificate: Certificate, trust: TrustStore) -> None:
    if not trust.anchors:
        raise UntrustedCertificateError(
            "No trust anchor is given, so no certificate can end at one.",
            hint="Give the CA certificate under trust.anchors.",
            reason="no_path",
        )
    extra = message.chains.get(certificate.der, ())
    message.paths.validate(certificate, trust=trust, extra=extra, now=message.now)


def _wrong_peer(
    certificate: Certificate, demanded: str, *, hint: str = ""
) -> UntrustedCertificateError:
    return UntrustedCertificateError(
        f"The message is signed by {certificate.describe()}; it must be signed by {demanded}.",
        hint=hint,
        reason="wrong_peer",
        signer=certificate.thumbprint_sha256,
    )
