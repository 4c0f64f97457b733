"""Key rings: which keys there are, what they can do, and until when."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, Literal

from zeep_wssec.errors import (
    KeyLoadError,
    KeyNotFoundError,
    KeyUsageError,
    PayloadMalformedError,
)
from zeep_wssec.keys.files import read_source
from zeep_wssec.payload.openpgp.algorithms import KEY_KINDS, LEAST_BITS
from zeep_wssec.payload.openpgp.packets import (
    PUBLIC_KEY,
    SECRET_KEY,
    SECRET_SUBKEY,
    is_armored,
    is_unprotected,
    key_packets,
    read_armor,
)

CRITICAL_DAYS: Final = 14
"""A key that ends within this many days is ``"critical"``."""
State = Literal["valid", "critical", "expired", "revoked"]
_FINGERPRINT: Final = re.compile(r"(?:0x)?[0-9A-Fa-f]{40}")


@dataclass(frozen=True, kw_only=True)
class RingKey:
    """One key of a ring: the primary key, with its user ids and subkeys."""

    fingerprint: str
    """40 hex digits, upper case."""
    user_ids: tuple[str, ...] = ()
    kind: str
    """``"rsa"``, ``"dsa"``, ``"elgamal"``, ``"ecdh"``, ``"ecdsa"``, ``"eddsa"``."""
    bits: int
    created: datetime
    expires: datetime | None = None
    capabilities: frozenset[str] = frozenset()
    """``"sign"``, ``"encrypt"``, ``"certify"``, of this key."""
    revoked: bool = False
    secret: bool = False
    """Whether we have the secret key."""
    subkeys: tuple[RingKey, ...] = ()

    @property
    def key_id(self) -> str:
        """The last 16 digits; two keys can have the same."""
        return self.fingerprint[-16:]

    @property
    def parts(self) -> tuple[RingKey, ...]:
        """The key itself and its subkeys."""
        return (self, *self.subkeys)

    def state(self, now: datetime) -> State:
        """Tell whether the key can be used at ``now``."""
        if self.revoked:
            return "revoked"
        if self.expires is None:
            return "valid"
        if now >= self.expires:
            return "expired"
        return "critical" if self.expires - now < timedelta(days=CRITICAL_DAYS) else "valid"

    def is_named(self, name: str) -> bool:
        """Tell whether a fingerprint, or a part of a user id, means this key; case does not count."""
        if _FINGERPRINT.fullmatch(name):
            wanted = name.removeprefix("0x").upper()
            return any(item.fingerprint == wanted for item in self.parts)
        return any(name.casefold() in item.casefold() for item in self.user_ids)

    def describe(self) -> str:
        """Give one line for people; a hostile user id is made harmless."""
        shown = self.user_ids[0] if self.user_ids else "(no user id)"
        shown = "".join(char if char.isprintable() else "?" for char in shown)[:120]
        return f"{shown} ({self.fingerprint})"

    def to_dict(self, now: datetime) -> dict[str, Any]:
        """Give the key as plain, JSON-ready data."""
        return {
            "fingerprint": self.fingerprint,
            "key_id": self.key_id,
            "user_ids": list(self.user_ids),
            "kind": self.kind,
            "bits": self.bits,
            "created": self.created.isoformat(),
            "expires": self.expires.isoformat() if self.expires else None,
            "capabilities": sorted(self.capabilities),
            "state": self.state(now),
            "secret": self.secret,
            "subkeys": [item.to_dict(now) for item in self.subkeys],
        }


def read_ring(path: Path, *, secret: bool) -> bytes:
    """Read a key ring, in either of GnuPG's forms.

    Raises:
        KeyLoadError: It is no key ring, one of the other kind, or has a secret key without a passphrase.
    """
    octets, packets = _read_packets(path)
    tags = {tag for tag, _ in packets}
    wanted, name = (SECRET_KEY, "secret") if secret else (PUBLIC_KEY, "public")
    if wanted not in tags or (not secret and SECRET_KEY in tags):
        other = "secret" if SECRET_KEY in tags else "public" if PUBLIC_KEY in tags else "no"
        raise KeyLoadError(
            f"{path}: {name} keys expected, but it has {other} keys.",
            hint="Give it under secret_rings." if SECRET_KEY in tags else "",
            source=str(path),
        )
    if secret:
        _require_protected(packets, path)
    return octets


def is_secret_ring(path: Path) -> bool:
    """Tell whether a key ring has secret keys.

    Raises:
        KeyLoadError: It is no key ring.
    """
    return any(tag == SECRET_KEY for tag, _ in _read_packets(path)[1])


def _read_packets(path: Path) -> tuple[bytes, list[tuple[int, bytes]]]:
    data = read_source(path, what="a key ring of OpenPGP")
    try:
        octets = read_armor(data) if is_armored(data) else data
        return octets, list(key_packets(octets))
    except PayloadMalformedError as error:
        raise KeyLoadError(
            f"{path}: this is no key ring of OpenPGP: {error.message}",
            hint="gpg --export KEY writes one, gpg --export-secret-keys KEY one of secret keys.",
            source=str(path),
        ) from None


def _require_protected(packets: Iterable[tuple[int, bytes]], path: Path) -> None:
    try:
        bare = any(
            is_unprotected(body) for tag, body in packets if tag in (SECRET_KEY, SECRET_SUBKEY)
        )
    except PayloadMalformedError as error:
        raise KeyLoadError(f"{path}: {error.message}", source=str(path)) from None
    if bare:
        raise KeyLoadError(
            f"{path}: a secret key in it has no passphrase.",
            hint="gpg --change-passphrase KEY gives it one.",
            source=str(path),
        )


def read_listing(text: str) -> tuple[RingKey, ...]:
    """Read what ``gpg --with-colons --list-keys`` prints."""
    keys: list[dict[str, Any]] = []
    current: dict[str, Any] | None = None
    validity = ""  # of the primary key: the user ids of one that has ended are marked as it is
    for line in text.split(
        "\n"
    ):  # nothing else ends a line: user ids may hold what looks like an end
        parts = line.split(":")
        record = parts[0]
        if record in ("pub", "sec"):
            current, validity = _record(parts), parts[1]
            keys.append(current)
        elif record in ("sub", "ssb") and keys:
            current = _record(parts)
            keys[-1]["subkeys"].append(current)
        elif record == "fpr" and current is not None and not current["fingerprint"]:
            current["fingerprint"] = parts[9]
        elif record == "uid" and keys and (parts[1] not in ("r", "e") or parts[1] == validity):
            keys[-1]["user_ids"].append(_unescape(parts[9]))
    return tuple(_key(item) for item in keys)


_CAPABILITIES: Final = {"s": "sign", "e": "encrypt", "c": "certify"}


def _record(parts: Sequence[str]) -> dict[str, Any]:
    return {
        "fingerprint": "",
        "kind": KEY_KINDS.get(int(parts[3] or 0), "unknown"),
        "bits": int(parts[2] or 0),
        "created": _time(parts[5]) or datetime.fromtimestamp(0, UTC),
        "expires": _time(parts[6]),
        "capabilities": frozenset(_CAPABILITIES[c] for c in parts[11] if c in _CAPABILITIES),
        "revoked": parts[1] in ("r", "i"),
        "secret": parts[0] in ("sec", "ssb"),
        "user_ids": [],
        "subkeys": [],
    }


def _key(record: dict[str, Any]) -> RingKey:
    return RingKey(
        **{
            **record,
            "user_ids": tuple(record["user_ids"]),
            "subkeys": tuple(_key(item) for item in record["subkeys"]),
        }
    )


def _time(text: str) -> datetime | None:
    return datetime.fromtimestamp(int(text), UTC) if text.isdecimal() else None


def _unescape(text: str) -> str:
    octets = text.encode("utf-8", errors="surrogateescape")
    plain = re.sub(rb"\\x([0-9a-f]{2})", lambda m: bytes([int(m[1], 16)]), octets)
    return plain.decode("utf-8", errors="replace")


def select(
    keys: Sequence[RingKey],
    names: Sequence[str],
    *,
    use: Literal["sign", "encrypt"],
    now: datetime,
    legacy: Container[str] = (),
) -> tuple[RingKey, ...]:
    """Give every key that one of ``names`` means, and that is fit for ``use``.

    Raises:
        KeyNotFoundError: A name means no key.
        KeyUsageError: A key that is meant is expired, revoked, too weak or for something else.
    """
    found: dict[str, RingKey] = {}
    for name in names:
        meant = [key for key in keys if key.is_named(name)]
        if not meant:
            listed = "; ".join(key.describe() for key in keys[:10]) or "none"
            raise KeyNotFoundError(
                f"No key is named {name!r}.",
                hint=f"Keys: {listed}.",
                alias=name,
                existing=[key.fingerprint for key in keys],
            )
        for key in meant:
            require_fit(key, use=use, now=now, legacy=legacy)
            found[key.fingerprint] = key
    return tuple(found.values())


def require_fit(
    key: RingKey, *, use: Literal["sign", "encrypt"], now: datetime, legacy: Container[str] = ()
) -> None:
    """Refuse a key that must not be used.

    Raises:
        KeyUsageError: ``reason`` says why: expired, revoked, weak_key, wrong_usage.
    """
    state = key.state(now)
    if state in ("expired", "revoked"):
        raise _unfit(key, f"is {state}", reason=state)
    usable = [
        item
        for item in key.parts
        if use in item.capabilities and item.state(now) in ("valid", "critical")
    ]
    if not usable:
        raise _unfit(key, f"has nothing to {use} with", reason="wrong_usage")
    if any(item.kind == "dsa" for item in usable) and "dsa" not in legacy:
        raise _unfit(key, 'is a DSA key, which needs the opt-in "dsa"', reason="weak_key")
    weak = [item for item in usable if item.bits < _least_bits(item.kind, legacy)]
    if weak:
        raise _unfit(
            key, f"has a key of kind {weak[0].kind} with {weak[0].bits} bits", reason="weak_key"
        )


def _least_bits(kind: str, legacy: Container[str]) -> int:
    return 1024 if kind == "dsa" and "dsa" in legacy else LEAST_BITS.get(kind, 0)


def _unfit(key: RingKey, sentence: str, *, reason: str) -> KeyUsageError:
    return KeyUsageError(
        f"The key {key.describe()} {sentence}.", reason=reason, alias=key.fingerprint
    )
