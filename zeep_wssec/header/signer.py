"""Why the signer of a message is trusted: the holder of a certificate, or of a symmetric key."""

from __future__ import annotations

from zeep_wssec.demands import Anonymous, AnyoneUnder, Pin, SignedBy, Subject
from zeep_wssec.errors import UntrustedCertificateError
from zeep_wssec.exchange import Holder
from zeep_wssec.header.context import Incoming
from zeep_wssec.header.symmetric import SymmetricKey
from zeep_wssec.keys.certificate import Certificate
from zeep_wssec.keys.rotation import find_serving
from zeep_wssec.signer_trust import SignerQuestion


class TrustedAs(str):
    """Why a signer is trusted, in words, and what there is to warn of."""

    warnings: tuple[str, ...] = ()

    @classmethod
    def of(cls, text: str, warnings: tuple[str, ...]) -> TrustedAs:
        """Give the words with the warnings at their end."""
        made = cls("; warning: ".join((text, *warnings)))
        made.warnings = warnings
        return made


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
            hint="See whether the request was given in place of the answer.",
            reason="own_key",
        )
    question, demands = _question(message, certificate), message.signed_by
    trusted = question.judge(demands) if demands else question.judge_freely()
    if trusted is None or not trusted.warnings:
        return None if trusted is None else trusted.text
    return TrustedAs.of(trusted.text, trusted.warnings)


def signer_warnings(message: Incoming) -> tuple[str, ...]:
    """Give what there is to warn of among the trusted signers: exceptions, unknown revocation."""
    found = [item.trusted_as for item in message.signatures]
    return tuple(
        dict.fromkeys(
            [text for item in found if isinstance(item, TrustedAs) for text in item.warnings]
        )
    )


def _question(message: Incoming, certificate: Certificate) -> SignerQuestion:
    return SignerQuestion(
        certificate=certificate,
        keys=message.keys,
        now=message.now,
        paths=message.paths,
        extra=message.chains.get(certificate.der, ()),
        legacy=message.legacy,
    )


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
                _question(message, partner.certificate).match(demanded)
            except UntrustedCertificateError:
                continue
            return True
    return False
