"""Entries of a keystore as data and in words: states, days left, fingerprints, names of keys."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import click
from cryptography.hazmat.primitives.asymmetric import ec

from zeep_wssec.keys.certificate import Certificate
from zeep_wssec.keys.certification_request import names_of
from zeep_wssec.keys.listing import list_entries
from zeep_wssec.keys.rotation import SOON, state_of
from zeep_wssec.keys.snapshot import Snapshot
from zeep_wssec.payload.jws.key_ids import jwk_thumbprint

_DURATION = re.compile(r"(\d{1,5})([dhw])")
_UNITS = {"d": "days", "h": "hours", "w": "weeks"}
_JWK_CURVES = ("secp256r1", "secp384r1", "secp521r1")


def read_duration(context: click.Context, parameter: click.Parameter, value: str) -> timedelta:
    """Read ``30d``, ``12h`` or ``4w``: a callback of click."""
    found = _DURATION.fullmatch(value)
    if found is None:
        raise click.BadParameter(
            f"{value!r} is no time such as 30d, 12h or 4w.", context, parameter
        )
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


def entry_data(
    held: Snapshot, now: datetime, within: timedelta = SOON
) -> Iterator[tuple[dict[str, Any], Certificate | None]]:
    """Give each entry as JSON-ready data, with its certificate: state, days left, names of its key.

    Args:
        held: What the keystore holds.
        now: Aware time.
        within: How long before its end a certificate is critical.
    """
    certificates: list[Certificate | None] = [item.certificate for item in held.key_entries]
    certificates += [item.certificate for item in held.partner_entries]
    certificates += [None] * len(held.secrets)
    for listed, certificate in zip(list_entries(held), certificates, strict=True):
        data = listed.to_dict()
        if certificate is not None:
            data |= {
                "state": state_of(certificate, now, within=within),
                "days_left": (certificate.not_after - now).days,
                "alternative_names": list(names_of(certificate)),
                "self_signed": is_self_signed(certificate),
                **key_ids(certificate),
            }
        yield data, certificate


def key_ids(certificate: Certificate) -> dict[str, str]:
    """Give the names that JSON Web Signatures may call the key by."""
    found = {"kid_ski": base64.b64encode(certificate.subject_key_identifier).decode()}
    key = certificate.public_key
    known_curve = not isinstance(key, ec.EllipticCurvePublicKey) or key.curve.name in _JWK_CURVES
    if certificate.key_kind in ("rsa", "ec", "ed25519", "ed448") and known_curve:
        found["kid_jwk"] = jwk_thumbprint(certificate)
    return found


def is_self_signed(certificate: Certificate) -> bool:
    """Tell whether a certificate was issued in its own name: nobody else vouches for it."""
    return certificate.canonical_issuer == certificate.canonical_subject


def fingerprint_warning(alias: str, certificate: Certificate) -> str:
    """Say that nobody vouches for a certificate, and what to compare."""
    return (
        f"warning: {alias!r} is signed by itself: nobody vouches for it. Compare its SHA-256 fingerprint "
        f"on another way: {colons(certificate.thumbprint_sha256)}"
    )


def colons(text: str) -> str:
    """Write hex digits as other tools show them: ``AB:CD:…``."""
    return ":".join(text[at : at + 2] for at in range(0, len(text), 2)).upper()


def left(data: dict[str, Any]) -> str:
    """Say how an entry stands, for a table."""
    words = {"not_yet_valid": "not yet valid", "critical": "critical", "expired": "expired"}
    state, days = data["state"], data["days_left"]
    return f"valid, {days} days" if state == "valid" else f"{words[state]}, {days} days"
