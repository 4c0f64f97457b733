"""Entries named by their certificate: what stands in a contract or a log, in place of an alias.

``"sha256:…"`` and ``"sha1:…"`` (thumbprint), ``"ski:…"`` (subject key identifier), ``"subject:CN=…"``, and
``"issuer=CN=…;serial=…"``; hexadecimal digits may have colons or spaces between them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TypeVar

from zeep_wssec.errors import KeyNotFoundError
from zeep_wssec.keys.certificate import Certificate
from zeep_wssec.keys.entries import KeyEntry, PartnerEntry
from zeep_wssec.keys.name_text import read_name_text

_Entry = TypeVar("_Entry", KeyEntry, PartnerEntry, KeyEntry | PartnerEntry)
Fits = Callable[[Certificate], bool]

_ISSUER_SERIAL = re.compile(
    r"issuer=(?P<issuer>.+?)\s*;\s*serial=(?P<serial>0[xX][0-9a-fA-F]+|[0-9]+|[0-9a-fA-F:]+)",
    re.DOTALL,
)
MAX_CHARS = 4096


def read_reference(text: str) -> Fits | None:
    """Give what tells whether a certificate is meant, or ``None`` for what is no such reference."""
    kind, colon, value = text.partition(":")
    if len(text) > MAX_CHARS:
        return None
    if colon and kind in ("sha256", "sha1", "ski"):
        octets = _read_hex(value)
        return None if octets is None else _fits_octets(kind, octets)
    if colon and kind == "subject":
        names = set(read_name_text(value.strip()))
        return lambda certificate: certificate.canonical_subject in names
    found = _ISSUER_SERIAL.fullmatch(text)
    if found is None:
        return None
    issuer, serial = found["issuer"].strip(), _read_serial(found["serial"])
    return lambda certificate: certificate.matches_issuer_serial(issuer, serial)


def _read_hex(text: str) -> bytes | None:
    try:
        octets = bytes.fromhex(text.replace(":", " "))
    except ValueError:
        return None
    return octets or None


def _fits_octets(kind: str, octets: bytes) -> Fits:
    if kind == "sha256":
        return lambda certificate: certificate.thumbprint_sha256 == octets.hex()
    if kind == "sha1":
        return lambda certificate: certificate.thumbprint == octets
    return lambda certificate: certificate.subject_key_identifier == octets


def _read_serial(text: str) -> int:
    """Read a number: decimal, as messages write it, or hexadecimal, as openssl and keytool show it."""
    if text.isdecimal():
        return int(text)
    return int(text.replace(":", ""), 16)


def find_referenced(entries: Sequence[_Entry], text: str, *, what: str) -> tuple[_Entry, ...]:
    """Give the entries of one alias that a reference means; none when it is no reference.

    Args:
        entries: Those that may be meant.
        text: A reference, or anything else.
        what: What is looked for, for the error.

    Raises:
        KeyNotFoundError: It is a reference that fits nothing, or entries of several aliases.
    """
    fits = read_reference(text)
    if fits is None:
        return ()
    found = tuple(entry for entry in entries if fits(entry.certificate))
    aliases = list(dict.fromkeys(entry.alias for entry in found))
    if len(aliases) == 1:
        return found
    listed = found or entries
    shown = ", ".join(f"{entry.alias!r}: {entry.certificate.describe()}" for entry in listed)
    raise KeyNotFoundError(
        f"{text[:200]!r} fits {f'{len(aliases)} aliases' if aliases else f'no {what}'} of the keystore.",
        hint=f"{'They are' if aliases else 'It has'}: {shown or 'none'}.",
        alias=text,
        existing=aliases or [entry.alias for entry in entries],
    )
