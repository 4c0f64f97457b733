"""Our keys that sign, and the certificates that are encrypted to: found by alias, and fit for it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from zeep_wssec.errors import KeyUsageError
from zeep_wssec.keys.certificate import Certificate
from zeep_wssec.keys.entries import KeyEntry
from zeep_wssec.keys.fitness import check_fitness
from zeep_wssec.keys.snapshot import Snapshot

_AGREEING = ("ec", "x25519", "x448")


def require_signing_key(
    keys: Snapshot, alias: str | None, *, now: datetime, legacy: frozenset[str] = frozenset()
) -> KeyEntry:
    """Give the key pair that signs; without an alias the only one there is.

    Raises:
        KeyNotFoundError: There is none.
        KeyUsageError: It must not sign: expired, too short, of another kind or usage.
    """
    entry = keys.require_key(alias, now=now)
    unfit = check_fitness(entry.certificate, purpose="sign", now=now, legacy=legacy)
    if unfit is not None:
        raise KeyUsageError(
            f"The key {entry.alias!r} must not sign: {unfit.sentence}",
            hint=unfit.hint_ours,
            reason=unfit.reason,
            alias=entry.alias,
        )
    entry.require_signer()
    return entry


def unfit_for_algorithm(
    entry: KeyEntry, problem: str, *, fitting: Sequence[str] = (), setting: str = "algorithm"
) -> KeyUsageError:
    """Make the error for our own key and our own setting that do not go together.

    Args:
        entry: The key pair.
        problem: What is wrong, as a sentence.
        fitting: Algorithms that the key can sign with.
        setting: Which one names the algorithm.
    """
    other = "name another key pair"
    listed = " or ".join(f'"{name}"' for name in fitting)
    return KeyUsageError(
        problem,
        hint=f"Set {setting} to {listed}, or {other}." if listed else f"{other.capitalize()}.",
        reason="wrong_usage",
        alias=entry.alias,
    )


def require_recipient(keys: Snapshot, alias: str, *, now: datetime) -> Certificate:
    """Give the certificate that is encrypted to.

    Raises:
        KeyNotFoundError: No certificate has the alias.
        KeyUsageError: It must not be encrypted to: expired, too short, of another kind or usage.
    """
    certificate = keys.require_certificate(alias, now=now)
    agreed = certificate.key_kind in _AGREEING
    unfit = check_fitness(certificate, purpose="agree" if agreed else "encrypt", now=now)
    if unfit is not None:
        raise KeyUsageError(
            f"Nothing may be encrypted to {alias!r}: {unfit.sentence}",
            hint=unfit.hint_theirs,
            reason=unfit.reason,
            alias=alias,
        )
    return certificate
