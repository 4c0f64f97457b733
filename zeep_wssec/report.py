"""What a check found: plain data without nodes, to print, to log, to keep."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, kw_only=True)
class SignatureReport:
    """One verified signature."""

    signer: str
    """Subject of the signer's certificate."""
    thumbprint_sha256: str
    trusted_as: str | None
    """Why the signer is trusted; ``None``: it is not."""
    algorithm: str
    digests: tuple[str, ...]
    key_reference: str
    parts: tuple[str, ...]
    """What it covers: ``body``, ``timestamp``, ``token``, ``header:{ns}Name``, or a path of names."""


@dataclass(frozen=True, kw_only=True)
class EncryptionReport:
    """One decrypted part."""

    part: str
    scope: str
    algorithm: str
    key_transport: str
    recipient: str
    """Alias of our key that opened it."""
    covered: bool
    """Whether a signature covered the ciphertext."""


@dataclass(frozen=True, kw_only=True)
class Report:
    """All evidence of one message."""

    accepted: bool = False
    proved: tuple[str, ...] = ()
    """What the demands asked for and the message proved, in words; empty: nothing proved."""
    signatures: tuple[SignatureReport, ...] = ()
    encryptions: tuple[EncryptionReport, ...] = ()
    created: datetime | None = None
    expires: datetime | None = None
    username: str | None = None
    """Name in a UsernameToken."""
    username_proof: str = ""
    """How its password was proved: ``"digest"``, ``"text"``, ``"derived_key"``, or empty: it was not checked."""
    order: tuple[str, ...] = field(default=())
    """Children of the security header, in the order in which they were read."""
    fault: bool = False
    """Whether the Body holds a SOAP Fault."""
    warnings: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Give the report as plain, JSON-ready data."""
        data = asdict(self)
        for name in ("created", "expires"):
            value = data[name]
            data[name] = None if value is None else value.isoformat()
        return data

    def __str__(self) -> str:
        lines = ["accepted" if self.accepted else "not accepted"]
        lines.append("proved: " + ("; ".join(self.proved) or "nothing"))
        for item in self.signatures:
            lines.append(
                f"signed: {', '.join(item.parts)} by {item.signer} "
                f"({_fingerprint(item)}{item.algorithm}, {item.trusted_as or 'not known to us'})"
            )
        for sealed in self.encryptions:
            lines.append(
                f"encrypted: {sealed.part} ({sealed.scope}) for {sealed.recipient!r} "
                f"({', '.join(filter(None, (sealed.algorithm, sealed.key_transport)))})"
            )
        if self.created is not None:
            until = f" until {self.expires:%Y-%m-%dT%H:%M:%SZ}" if self.expires else ""
            lines.append(f"made: {self.created:%Y-%m-%dT%H:%M:%SZ}{until}")
        if self.username is not None:
            proof = f"proved by {self.username_proof}" if self.username_proof else "not checked"
            lines.append(f"user name: {self.username} (password {proof})")
        lines.extend(f"warning: {text}" for text in self.warnings)
        return "\n".join(lines)


def _fingerprint(item: SignatureReport) -> str:
    """Give the certificate's fingerprint; a symmetric key has none."""
    return f"SHA-256 {item.thumbprint_sha256[:16]}…, " if item.thumbprint_sha256 else ""
