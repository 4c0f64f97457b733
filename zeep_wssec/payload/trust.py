"""Whose signature over a payload counts.

The rules are those of messages, with two more: a signer may be our own key, where it is named, and one that is
named may be missing in the keystore, where that is said.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from zeep_wssec.demands import AnyoneUnder, Pin, SignedBy, Subject
from zeep_wssec.errors import (
    KeyNotFoundError,
    PayloadSignerError,
    ProfileError,
    UntrustedCertificateError,
)
from zeep_wssec.keys.certificate import Certificate
from zeep_wssec.keys.path import CertificatePath, PathValidator, Rfc5280PathValidator
from zeep_wssec.keys.snapshot import Snapshot
from zeep_wssec.signer_trust import SignerQuestion, TrustedSigner, in_words

Demand = str | Pin | Subject | AnyoneUnder
"""Who must have signed; an alias with ``?`` at its end may be that of a partner who is not there yet."""


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
        question = SignerQuestion(
            certificate=certificate,
            keys=keys,
            now=now,
            paths=self._paths,
            extra=extra,
            legacy=self._legacy,
        )
        try:
            return self._judge_own(question) or self._judge_other(question)
        except UntrustedCertificateError as error:
            raise PayloadSignerError(
                str(error.message), hint=error.hint, **{"reason": "no_path", **error.details}
            ) from None

    def missing(self, found: Iterable[TrustedSigner]) -> tuple[str, ...]:
        """Name the demands that none of the signers found meets, in words; optional aliases count, too."""
        met = {item.demand for item in found}
        return tuple(in_words(item) for item in self._signed_by if item not in met)

    def _judge_own(self, question: SignerQuestion) -> TrustedSigner | None:
        """Take our own key where its alias is demanded, and refuse it elsewhere; ``None``: it is not ours."""
        certificate = question.certificate
        own = [
            entry
            for entry in question.keys.key_entries
            if entry.certificate.public_key_octets == certificate.public_key_octets
        ]
        if not own:
            return None
        exactly = {entry.alias for entry in own if entry.certificate == certificate}
        for demand, alias in self._aliases().items():
            if alias in exactly:
                question.require_fit()
                text = f"our key {alias!r}"
                return question.require_standing(
                    TrustedSigner(alias=alias, text=text, demand=demand)
                )
        raise PayloadSignerError(
            f"Signed with our own key ({certificate.describe()}): what we sent came back, or the "
            "sender has our key.",
            hint=f'To accept it, name it: signed_by = ["{own[0].alias}"].',
            reason="own_key",
        )

    def _judge_other(self, question: SignerQuestion) -> TrustedSigner:
        if not self._signed_by:
            return _judge_partner(question)
        aliases, keys = self._aliases(), question.keys
        met: dict[SignedBy | None, Demand] = {}
        for demand in self._signed_by:
            alias = aliases.get(demand)
            optional = alias is not None and alias != demand
            if alias not in keys.keys and not (optional and alias not in keys.partners):
                met[demand if alias is None else alias] = demand
        if not met:
            raise question.wrong_signer(_nobody_else(next(iter(aliases.values())), keys))
        trusted = question.judge([item for item in met if item is not None])
        return replace(trusted, demand=met[trusted.demand])

    def _aliases(self) -> dict[Demand, str]:
        """Give the alias that each demand with one means."""
        return {item: item.removesuffix("?") for item in self._signed_by if isinstance(item, str)}


def _nobody_else(alias: str, keys: Snapshot) -> str:
    """Name whom no signer but ourselves can be: our own key, or a partner who is not there."""
    own = keys.keys_of(alias)
    if own:
        return f"our key {alias!r} ({own[0].certificate.describe()})"
    return f"the partner {alias!r}, who is not in the keystore yet"


def alias_of(certificate: Certificate, keys: Snapshot) -> str | None:
    """Give our name for exactly this certificate: a partner's, or of our own keys."""
    entry = keys.find_partner(certificate) or keys.find_key(certificate)
    return entry.alias if entry is not None else None


def _judge_partner(question: SignerQuestion) -> TrustedSigner:
    partners = question.keys.partners
    if not partners:
        raise KeyNotFoundError(
            "The keystore has no partner, so nobody's signature could count.",
            hint="Add the sender with with_partner, or say who it is: signed_by.",
            alias=None,
            existing=[],
        )
    entry = question.keys.find_partner(question.certificate)
    if entry is None:
        raise question.wrong_signer(f"a partner ({', '.join(map(repr, partners))})")
    return replace(question.judge((entry.alias,)), demand=None)
