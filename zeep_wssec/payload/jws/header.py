"""The protected header: written as the settings say, read by an allow-list."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from zeep_wssec.errors import PayloadAlgorithmError, PayloadMalformedError, PayloadSignerError
from zeep_wssec.payload.jws.key_ids import base64url
from zeep_wssec.payload.jws.settings import REGISTERED, JwsSettings

MAX_TOKEN_BYTES: Final = 16 * 1024
"""Largest detached signature that is read; one with an RSA key has about 500 octets."""
_BRING_KEYS: Final = ("jku", "jwk", "x5u", "x5c")


@dataclass(frozen=True, kw_only=True)
class DetachedToken:
    """A detached signature, split and read, nothing of it verified."""

    encoded_header: str
    header: Mapping[str, Any]
    value: bytes


def encode_header(settings: JwsSettings, *, kid: str, now: datetime) -> str:
    """Write the protected header, in base64url."""
    header: dict[str, Any] = {"alg": settings.algorithm, "kid": kid}
    if settings.typ is not None:
        header["typ"] = settings.typ
    if settings.mode == "unencoded":
        header["b64"] = False
    if settings.issued_at is not None:
        header[settings.issued_at] = int(now.timestamp())
    header.update(settings.claims)
    if settings.critical_members:
        header["crit"] = list(settings.critical_members)
    return base64url(json.dumps(header, separators=(",", ":"), allow_nan=False).encode())


def signing_input(encoded_header: str, payload: bytes, settings: JwsSettings) -> bytes:
    """Give the octets that are signed.

    Spec: RFC 7515, section 5.1, step 8; RFC 7797, section 3.
    """
    if settings.mode == "appendix-f":
        payload = base64.urlsafe_b64encode(payload).rstrip(b"=")
    return encoded_header.encode() + b"." + payload


def read_token(token: bytes) -> DetachedToken:
    """Split a detached signature and read its header.

    Raises:
        PayloadMalformedError: It is not ``header..signature`` with strict base64url and one JSON object.
    """
    if len(token) > MAX_TOKEN_BYTES:
        raise PayloadMalformedError(
            f"A signature of {len(token)} bytes; {MAX_TOKEN_BYTES} is the most that is read."
        )
    try:
        parts = token.decode("ascii").split(".")
    except UnicodeDecodeError:
        raise PayloadMalformedError("The signature has characters outside ASCII.") from None
    if len(parts) != 3:
        raise PayloadMalformedError(
            f"The signature has {len(parts)} parts in place of header..value."
        )
    if parts[1]:
        raise PayloadMalformedError(
            "The signature brings a payload of its own; a detached one has nothing between its dots."
        )
    text = _decode(parts[0], "header")
    return DetachedToken(
        encoded_header=parts[0], header=_read_json(text), value=_decode(parts[2], "value")
    )


def check_header(
    header: Mapping[str, Any], settings: JwsSettings, now: datetime
) -> datetime | None:
    """Check everything that the header must say; give the time of signing, if one is demanded.

    Raises:
        PayloadAlgorithmError: ``alg`` is none of those that are accepted.
        PayloadMalformedError: A member is missing, of the wrong kind, or not understood.
        PayloadSignerError: The time of signing is too old or in the future; ``reason`` says which.

    Spec: RFC 7515, sections 4.1.11 and 5.2; RFC 7797, section 6.
    """
    algorithm = header.get("alg")
    if not isinstance(algorithm, str) or algorithm not in settings.accepted_algorithms:
        raise PayloadAlgorithmError(
            f"The signature's alg is {_shown(algorithm)}; accepted is "
            f"{' or '.join(settings.accepted_algorithms)}.",
            algorithm=algorithm if isinstance(algorithm, str) else "",
        )
    for member in _BRING_KEYS:
        if member in header:
            raise PayloadMalformedError(
                f"The header brings a key, or says where to fetch one ({member}).",
                hint="Keys are those of the keystore; kid says which.",
            )
    _check_encoding(header, settings)  # first: the other mode shows in crit as well
    _check_critical(header, settings)
    if settings.typ is not None and header.get("typ") != settings.typ:
        raise PayloadMalformedError(
            f"typ is {_shown(header.get('typ'))}; {settings.typ!r} is demanded."
        )
    for member, wanted in settings.required.items():
        if member not in header or (wanted != "*" and not _equal(header[member], wanted)):
            raise PayloadMalformedError(
                f"{member} is {_shown(header.get(member))}; "
                f"{'any value' if wanted == '*' else repr(wanted)} is demanded."
            )
    return None if settings.issued_at is None else _check_time(header, settings, now)


def require_key_id(header: Mapping[str, Any]) -> str:
    """Give ``kid``.

    Raises:
        PayloadMalformedError: There is none, or it is no text.
    """
    kid = header.get("kid")
    if not isinstance(kid, str) or not kid:
        raise PayloadMalformedError(f"kid is {_shown(kid)}; a text is demanded.")
    return kid


def _check_critical(header: Mapping[str, Any], settings: JwsSettings) -> None:
    demanded = settings.critical_members
    if "crit" not in header:
        if demanded:
            raise PayloadMalformedError(
                f"crit is missing; it must name {' and '.join(demanded)}.",
                hint="State critical = [] if this partner writes none.",
            )
        return
    named = header["crit"]
    if not isinstance(named, list) or not named or not all(isinstance(i, str) for i in named):
        raise PayloadMalformedError(f"crit is {_shown(named)}; a list of names is demanded.")
    if len(set(named)) != len(named):
        raise PayloadMalformedError("crit names a member twice.")
    for member in named:
        if member in REGISTERED:
            raise PayloadMalformedError(f"crit names {member}, which is always understood.")
        if member not in settings.understood:
            raise PayloadMalformedError(
                f"crit names {_shown(member)}, which is not understood here.",
                hint='State it under required, with its value or "*".',
            )
        if member not in header:
            raise PayloadMalformedError(f"crit names {_shown(member)}, but the header has none.")
    missing = [member for member in demanded if member not in named]
    if missing:
        raise PayloadMalformedError(
            f"crit does not name {' and '.join(missing)}.",
            hint="What crit must name, critical says.",
        )


def _check_encoding(header: Mapping[str, Any], settings: JwsSettings) -> None:
    """Hold ``b64`` against the mode: what is signed depends on it."""
    if settings.mode == "appendix-f":
        if "b64" in header:
            raise PayloadMalformedError(
                f"The header has b64 ({_shown(header['b64'])}); in the mode appendix-f it has none.",
                hint='If this partner signs payloads as they are, state mode = "unencoded".',
            )
    elif header.get("b64") is not False:
        raise PayloadMalformedError(
            f"b64 is {_shown(header.get('b64'))}; in the mode unencoded it is false.",
            hint='If this partner signs payloads in base64url, state mode = "appendix-f".',
        )


def _check_time(header: Mapping[str, Any], settings: JwsSettings, now: datetime) -> datetime:
    name = settings.issued_at
    value = header.get(name or "")
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise PayloadMalformedError(
            f"{name} is {_shown(value)}; a number of seconds since 1970 is demanded."
        )
    try:
        signed_at = datetime.fromtimestamp(value, tz=now.tzinfo)
    except (ValueError, OverflowError, OSError):
        raise PayloadMalformedError(f"{name} is {_shown(value)}, which is no time.") from None
    age = (now - signed_at).total_seconds()
    if age < -settings.clock_skew_seconds:
        raise PayloadSignerError(
            f"{name} lies {-age:.0f} seconds in the future; {settings.clock_skew_seconds} are allowed.",
            hint="Compare the clocks of both sides.",
            reason="not_yet_valid",
        )
    if age > settings.max_age_seconds + settings.clock_skew_seconds:
        raise PayloadSignerError(
            f"The signature is {age:.0f} seconds old; {settings.max_age_seconds} are allowed.",
            hint="It may have been sent before; compare the clocks of both sides.",
            reason="expired",
        )
    return signed_at


def _decode(text: str, what: str) -> bytes:
    """Decode strict base64url: no padding, no other characters, no spare bits.

    Spec: RFC 7515, section 2, Base64url Encoding.
    """
    try:
        octets = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        octets = b""
    if not octets or base64url(octets) != text:
        raise PayloadMalformedError(f"The signature's {what} is not strict base64url.")
    return octets


def _read_json(text: bytes) -> Mapping[str, Any]:
    try:
        found = json.loads(
            text.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_no_constant
        )
    except (ValueError, RecursionError):
        raise PayloadMalformedError(
            "The signature's header is not JSON, or has a member twice."
        ) from None
    if not isinstance(found, dict):
        raise PayloadMalformedError("The signature's header is no JSON object.")
    return found


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError
    return found


def _no_constant(name: str) -> Any:
    raise ValueError(name)


def _equal(found: object, wanted: object) -> bool:
    """Compare as JSON does: ``true`` is not 1."""
    return type(found) is type(wanted) and found == wanted


def _shown(value: object) -> str:
    """Show what a peer wrote, bounded and in printable characters."""
    text = "missing" if value is None else ascii(value)
    return text if len(text) <= 80 else f"{text[:80]}…"
