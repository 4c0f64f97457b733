"""The connection to the service: what TLS shows and demands."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from zeep_wssec.errors import ProfileError
from zeep_wssec.settings.checks import check_choice

TLSVersion = Literal["1.2", "1.3"]
_KEY_PIN = re.compile(r"sha256/{1,2}([A-Za-z0-9+/]{43}=)")
_CERTIFICATE_PIN = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, kw_only=True)
class TLS:
    """The connection: our client certificate and whom we trust as the server."""

    client_key: str | bool | None = None
    """Alias of the key pair that is shown to the server, with its chain; ``True``: the only one there is."""
    trust: Sequence[str | Path | bytes] = ()
    """PEM files or bytes with the CA certificates of the server; nothing else is trusted. Empty: the
    CA bundle that requests ships, never one named by an environment variable."""
    trust_aliases: Sequence[str] = ()
    """The same from the keystore: aliases of certificates in it. With either of the two the bundle
    is not used."""
    minimum_version: TLSVersion = "1.2"
    pins: Sequence[str] = ()
    """Of which the server must have one, besides its path: SHA-256 of its certificate in hex, or
    ``sha256//`` and SHA-256 of its public key in base64, as curl writes it. Empty: none is asked for."""

    @property
    def key_alias(self) -> str | None:
        """The alias of the client key; ``None`` stands for the only one there is."""
        return self.client_key if isinstance(self.client_key, str) else None

    def __post_init__(self) -> None:
        check_choice("minimum_version", self.minimum_version, TLSVersion)
        if self.client_key is False:
            object.__setattr__(self, "client_key", None)
        for name in ("trust", "trust_aliases", "pins"):
            value = getattr(self, name)
            if isinstance(value, (str, bytes, Path)):
                what = "certificates" if name == "trust" else name.replace("trust_", "")
                raise ProfileError(f"A list of {what} is needed.", path=name)
            object.__setattr__(self, name, tuple(value))
        object.__setattr__(self, "pins", tuple(map(_read_pin, range(len(self.pins)), self.pins)))


def _read_pin(index: int, text: str) -> str:
    """Give a pin in its one spelling: hex in lower case, or ``sha256//`` and base64.

    Raises:
        ProfileError: It is neither.
    """
    plain = str(text).strip()
    key = _KEY_PIN.fullmatch(plain)
    if key is not None and _is_base64(key[1]):
        return f"sha256//{key[1]}"
    digits = plain.replace(":", "").lower()
    if _CERTIFICATE_PIN.fullmatch(digits):
        return digits
    raise ProfileError(
        f"{plain[:80]!r} is no pin.",
        hint="Write SHA-256 of the certificate as 64 hex digits, or sha256// and SHA-256 of the public key "
        "in base64; zeep-wssec tls-check shows both.",
        path=f"pins[{index}]",
    )


def _is_base64(text: str) -> bool:
    try:
        return base64.b64encode(base64.b64decode(text, validate=True)).decode() == text
    except binascii.Error:
        return False
