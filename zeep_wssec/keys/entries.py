"""What a keystore holds under an alias: our key pairs and our partners' certificates."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass

from zeep_wssec.errors import KeyUsageError
from zeep_wssec.keys.certificate import Certificate
from zeep_wssec.keys.file_key import FileKey
from zeep_wssec.keys.protocols import Decrypter, KeyAgreement, Signer

__all__ = ["FileKey", "KeyEntry", "KeystoreContent", "PartnerEntry"]


@dataclass(frozen=True, eq=False, repr=False)
class KeyEntry:
    """One of our key pairs; what it can do is what is not ``None``."""

    alias: str
    _: KW_ONLY
    certificate: Certificate
    chain: tuple[Certificate, ...] = ()
    """Certificates above ours, nearest first; the root may be missing."""
    signer: Signer | None = None
    decrypter: Decrypter | None = None
    agreement: KeyAgreement | None = None

    @classmethod
    def of_key(
        cls,
        alias: str,
        key: FileKey,
        *,
        certificate: Certificate,
        chain: tuple[Certificate, ...] = (),
    ) -> KeyEntry:
        """Make the entry of a private key in memory."""
        return cls(
            alias,
            certificate=certificate,
            chain=chain,
            signer=key if key.can_sign else None,
            decrypter=key if key.can_decrypt else None,
            agreement=key if key.can_agree else None,
        )

    def require_signer(self) -> Signer:
        """Give the signer, or raise ``KeyUsageError`` when the key cannot sign."""
        if self.signer is None:
            raise self._cannot("sign")
        return self.signer

    def require_decrypter(self) -> Decrypter:
        """Give the decrypter, or raise ``KeyUsageError`` when no key can be transported to the key."""
        if self.decrypter is None:
            raise self._cannot("decrypt")
        return self.decrypter

    def require_agreement(self) -> KeyAgreement:
        """Give the key agreement, or raise ``KeyUsageError`` when the key has none."""
        if self.agreement is None:
            raise self._cannot("agree on a secret")
        return self.agreement

    def _cannot(self, what: str) -> KeyUsageError:
        return KeyUsageError(
            f"The key {self.alias!r} ({self.certificate.key_kind}) cannot {what}.",
            reason="wrong_usage",
            alias=self.alias,
        )

    def __repr__(self) -> str:
        return f"<KeyEntry {self.alias!r}: {self.certificate.describe()}>"


@dataclass(frozen=True, eq=False, repr=False)
class PartnerEntry:
    """A partner's certificate: whom we encrypt to, and who must sign."""

    alias: str
    _: KW_ONLY
    certificate: Certificate
    chain: tuple[Certificate, ...] = ()
    """Certificates above the partner's, nearest first."""
    anchors: tuple[Certificate, ...] = ()
    """Where a renewed certificate of this partner may come from; none: only the certificate itself."""

    def __repr__(self) -> str:
        return f"<PartnerEntry {self.alias!r}: {self.certificate.describe()}>"


@dataclass(frozen=True, kw_only=True)
class KeystoreContent:
    """What one keystore file holds."""

    keys: tuple[KeyEntry, ...] = ()
    partners: tuple[PartnerEntry, ...] = ()
    loose: tuple[Certificate, ...] = ()
    """Certificates without a name that belong to no key."""
