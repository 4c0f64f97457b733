"""What a verb of a payload format gives: the content, and who signed it, when and with what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any


@dataclass(frozen=True, kw_only=True)
class PayloadSigner:
    """One signature: whose it is, and what it was made with."""

    alias: str | None
    """Our name for the signer: of a partner, or of our own key when we signed."""
    trusted_as: str = ""
    """Why the signer is trusted, in words; empty for one that is not, whose signature proves nothing."""
    subject: str = ""
    """Subject of the certificate, or user id of the key."""
    sha256: str = ""
    """SHA-256 of the certificate, or fingerprint of the OpenPGP key, in lower-case hex."""
    key_id: str = ""
    """What the signed data calls the key: a ``kid``, a key id, issuer and serial number."""
    signed_at: datetime | None = None
    """When the signer says to have signed; ``None`` where it does not say."""
    algorithm: str = ""
    """The scheme: ``"rsa-pkcs1v15"``, ``"rsa-pss"``, ``"ecdsa"``, ``"ed25519"``, …"""
    digest: str = ""
    """``"sha256"``, …"""

    @property
    def trusted(self) -> bool:
        """Whether the signature proves who signed."""
        return bool(self.trusted_as)


@dataclass(frozen=True, kw_only=True)
class PayloadResult:
    """What came out of a verb; ``repr`` never shows the content."""

    content: bytes | None = field(repr=False)
    """The octets; ``None`` when they went to a sink."""
    size: int
    """Octets of the content."""
    format: str
    """``"cms"``, ``"openpgp"``, ``"xmldsig"`` or ``"jws"``."""
    signers: tuple[PayloadSigner, ...] = ()
    """Every signature, trusted ones first."""
    recipients: tuple[str, ...] = ()
    """Whom it is encrypted to: aliases where we know them, else what the data says."""
    encryption: str | None = None
    """The cipher of the content; ``None``: it is not encrypted."""
    detail: Mapping[str, object] = field(default_factory=dict)
    """What only this format tells; plain data."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "detail", MappingProxyType(dict(self.detail)))

    @property
    def signed_by(self) -> tuple[str, ...]:
        """The aliases of those whose signature counts."""
        found = (item.alias for item in self.signers if item.trusted)
        return tuple(dict.fromkeys(alias for alias in found if alias is not None))

    def to_dict(self) -> dict[str, Any]:
        """Give the result as plain, JSON-ready data, without the content."""
        return {
            "format": self.format,
            "size": self.size,
            "signers": [_signer(item) for item in self.signers],
            "recipients": list(self.recipients),
            "encryption": self.encryption,
            "detail": {name: _plain(value) for name, value in self.detail.items()},
        }

    def __reduce__(self) -> tuple[Any, ...]:
        values = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return (_rebuild, ({**values, "detail": dict(self.detail)},))


def _rebuild(values: dict[str, Any]) -> PayloadResult:
    return PayloadResult(**values)


def _signer(signer: PayloadSigner) -> dict[str, Any]:
    return {name: _plain(getattr(signer, name)) for name in signer.__dataclass_fields__}


def _plain(value: object) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item) for item in value]
    return value if isinstance(value, str | int | float | bool) or value is None else str(value)
