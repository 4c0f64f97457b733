"""The payloads of a profile: what is weak in them or about to fail, and what they do, in words.

Only fields that formats share are looked at: who signs, who is encrypted to, who must have signed.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from zeep_wssec.demands import AnyoneUnder, Pin, Subject
from zeep_wssec.errors import KeyMaterialError
from zeep_wssec.keys.files import shown_path
from zeep_wssec.keys.snapshot import Snapshot
from zeep_wssec.payload.formats import format_of
from zeep_wssec.payload.parties import require_recipient, require_signing_key
from zeep_wssec.plan import Plan
from zeep_wssec.profile_findings import Finding, error, warning
from zeep_wssec.profile_step_words import listed

_RINGS = ("openpgp",)
"""Formats whose signers and recipients are in key rings of their own, not in the keystore."""


def payload_findings(plan: Plan, now: datetime) -> Iterator[Finding]:
    """Find aliases that are not there or not fit, opt-ins, and signers who could be anyone."""
    held = plan.keystore.snapshot()
    for name, settings in plan.payload.items():
        path = f"payload.{name}"
        legacy: Mapping[str, str] = getattr(settings, "legacy", {})
        if format_of(settings) in _RINGS:
            yield from _rings(settings, path)
        else:
            yield from _aliases(settings, path, held, now, frozenset(legacy))
        known = getattr(settings, "opt_ins", {})
        for opt_in, reason in legacy.items():
            yield warning(
                f"{path}.legacy.{opt_in}", f"{known.get(opt_in, opt_in)} is allowed: {reason}"
            )


def _rings(settings: Any, path: str) -> Iterator[Finding]:
    """Find rings that are not there, and a program that is not; what is in rings only that program can tell."""
    for name in ("public_rings", "secret_rings"):
        for index, ring in enumerate(getattr(settings, name)):
            if not Path(ring).is_file():
                text = f"{shown_path(ring)}: a key ring expected, but there is no such file."
                yield error(f"{path}.{name}[{index}]", text)
    if shutil.which(settings.gpg) is None:
        text = f"{settings.gpg} is not installed: OpenPGP is done by GnuPG, 2.2 or later."
        yield error(f"{path}.gpg", text)


def _aliases(
    settings: object, path: str, held: Snapshot, now: datetime, legacy: frozenset[str]
) -> Iterator[Finding]:
    for name, alias in _signing(settings):
        try:
            require_signing_key(held, alias, now=now, legacy=legacy)
        except KeyMaterialError as problem:
            yield error(f"{path}.{name}", str(problem))
    for alias in _texts(settings, "recipients"):
        try:
            require_recipient(held, alias, now=now)
        except KeyMaterialError as problem:
            yield error(f"{path}.recipients", str(problem))
    for demand in _demands(settings):
        if isinstance(demand, AnyoneUnder):
            text = f"Whoever holds a certificate of these CAs may sign: {demand.reason}"
            yield warning(f"{path}.signed_by", text)
        elif isinstance(demand, str) and not demand.endswith("?"):
            known = (*held.partners, *held.keys)
            if demand not in known:
                yield error(f"{path}.signed_by", f"The keystore has no partner {demand!r}.")


def describe_payloads(plan: Plan) -> Iterator[str]:
    """Say of each payload who signs, who is encrypted to, and whose signature counts."""
    for name, settings in plan.payload.items():
        said = [f"format {format_of(settings)}"]
        if signers := tuple(alias for _, alias in _signing(settings)):
            said.append(f"signed by {listed(signers)}")
        if recipients := _texts(settings, "recipients"):
            said.append(f"encrypted to {listed(recipients)}")
        if demands := _demands(settings):
            said.append(f"to be signed by {listed(map(_in_words, demands))}")
        for opt_in, reason in getattr(settings, "legacy", {}).items():
            said.append(f"{opt_in} is allowed ({reason})")
        yield f"Payload {name!r}: {'; '.join(said)}."


def _signing(settings: object) -> Iterator[tuple[str, str]]:
    """Give the aliases that sign, each with the name of its setting."""
    yield from (("signers", alias) for alias in _texts(settings, "signers"))
    if key := getattr(settings, "key", None):
        yield "key", key


def _texts(settings: object, name: str) -> tuple[str, ...]:
    value: Any = getattr(settings, name, ())
    return tuple(value) if isinstance(value, tuple) else ()


def _demands(settings: object) -> tuple[Any, ...]:
    value: Any = getattr(settings, "signed_by", ())
    return tuple(value) if isinstance(value, Sequence) and not isinstance(value, str) else (value,)


def _in_words(demand: object) -> str:
    if isinstance(demand, str):
        alias = demand.removesuffix("?")
        return f"{alias!r} (may be missing still)" if demand.endswith("?") else repr(alias)
    if isinstance(demand, Pin):
        return f"the certificate {demand.sha256}"
    return f"the subject {demand.name}" if isinstance(demand, Subject) else "anyone of the CAs"
