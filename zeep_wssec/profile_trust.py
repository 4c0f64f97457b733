"""The ``[trust]`` section of a profile file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import date
from pathlib import Path
from typing import Any

from zeep_wssec.errors import KeyLoadError, ProfileError
from zeep_wssec.keys.fitness import read_usages
from zeep_wssec.keys.trust_rules import RevocationMode, TrustException


@dataclass(frozen=True, kw_only=True)
class TrustSection:
    """What trust in certificates ends in; nothing else is trusted."""

    anchors: tuple[Path, ...] = ()
    """Files with CA certificates."""
    intermediates: tuple[Path, ...] = ()
    """Files with certificates that may stand between a signer and an anchor."""
    pins: tuple[str, ...] = ()
    """SHA-256 fingerprints, in hex, of certificates that are trusted as they are."""
    revocation: RevocationMode = "off"
    """What follows where nothing tells whether a signer's certificate is revoked: ``"soft"`` a warning,
    ``"hard"`` a refusal. One that is known to be revoked is always refused."""
    crls: tuple[Path, ...] = ()
    """Files with complete CRLs, in DER or PEM."""
    ocsp: tuple[Path, ...] = ()
    """Files with OCSP responses, in DER."""
    extended_key_usage: tuple[str, ...] = ()
    """Of which a signer's certificate must have one, if it has any: names or dotted numbers; empty: those of
    TLS, mail and documents."""
    legacy: Mapping[str, str] = field(default_factory=dict)
    """``sha1``, with a reason: certificates that are signed over SHA-1 count."""
    exception: tuple[Mapping[str, str | date | Sequence[str]], ...] = ()
    """What is overlooked in single certificates: ``sha256``, ``reason``, ``until`` and ``allow`` of each."""

    def __post_init__(self) -> None:
        for name, reason in self.legacy.items():
            if name != "sha1" or not reason.strip():
                raise ProfileError(
                    "Needed is sha1, with a reason."
                    if name == "sha1"
                    else f"{name!r} is not known here.",
                    hint='Write legacy = { sha1 = "why" }.',
                    path="legacy",
                )
        try:
            if self.extended_key_usage:
                read_usages(self.extended_key_usage)
        except KeyLoadError as error:
            text, hint = str(error.message), error.hint
            raise ProfileError(text, hint=hint, path="extended_key_usage") from None
        _ = self.exceptions

    @property
    def exceptions(self) -> tuple[TrustException, ...]:
        """The exceptions, checked."""
        return tuple(
            _read_exception(table, f"exception[{index}]")
            for index, table in enumerate(self.exception)
        )


_EXCEPTION = tuple(item.name for item in fields(TrustException))


def _read_exception(table: Mapping[str, Any], path: str) -> TrustException:
    if set(table) != set(_EXCEPTION):
        raise ProfileError(f"An exception has {', '.join(_EXCEPTION)}, all of them.", path=path)
    try:
        return TrustException(**table)
    except KeyLoadError as error:
        raise ProfileError(str(error.message), hint=error.hint, path=path) from None
