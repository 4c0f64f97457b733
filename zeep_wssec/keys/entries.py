"""What a keystore holds under an alias: our key pairs, partners' certificates, shared secrets."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from datetime import datetime
from typing import NoReturn

from zeep_wssec.errors import KeyLoadError, KeyMaterialError, KeyUsageError
from zeep_wssec.forks import cached_property
from zeep_wssec.keys.certificate import Certificate
from zeep_wssec.keys.file_key import FileKey
from zeep_wssec.keys.protocols import Decrypter, KeyAgreement, Signer
from zeep_wssec.keys.secrets import HiddenBytes, Secret, hides_frames, hides_frames_when_made

__all__ = ["FileKey", "KeyEntry", "PartnerEntry", "SecretEntry"]

SECRET_OCTETS = range(16, 1024 + 1)
"""Sizes of a shared key: below 128 bits it can be guessed, above a kilobyte it is some other file."""


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
    sign_from: datetime | None = None
    """When it takes over from another key pair under its alias: an aware time; ``None``: it is in use."""

    @property
    def waits(self) -> bool:
        """Whether it may be meant to take over, and nobody said when."""
        return self.sign_from is None

    def __post_init__(self) -> None:
        _require_aware(self.sign_from, "sign_from", self.alias)

    @property
    def serves_from(self) -> datetime | None:
        """Its date, whatever kind of entry it is."""
        return self.sign_from

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


class OwnKeys:
    """Our key pairs at one moment, kept for as long as an answer may need them; shown and pickled as none."""

    __slots__ = ("entries",)

    def __init__(self, entries: tuple[KeyEntry, ...] = ()) -> None:
        self.entries = entries

    def __repr__(self) -> str:
        return "<OwnKeys>"

    def __deepcopy__(self, memo: object) -> OwnKeys:
        return self

    def __reduce__(self) -> tuple[type[OwnKeys], tuple[()]]:
        return (OwnKeys, ())


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
    encrypt_from: datetime | None = None
    """When it takes over from another certificate under its alias: an aware time; ``None``: it is in use.
    Signatures with it count at any time."""
    listed: bool = False
    """Whether it was given in one list after another one of the partner: then it waits for no date."""

    @property
    def waits(self) -> bool:
        """Whether it may be meant to take over, and nobody said when."""
        return self.encrypt_from is None and not self.listed

    def __post_init__(self) -> None:
        _require_aware(self.encrypt_from, "encrypt_from", self.alias)

    @property
    def serves_from(self) -> datetime | None:
        """Its date, whatever kind of entry it is."""
        return self.encrypt_from

    def __repr__(self) -> str:
        return f"<PartnerEntry {self.alias!r}: {self.certificate.describe()}>"


def _require_aware(moment: datetime | None, name: str, alias: str) -> None:
    """Refuse a time without an offset: it would be another moment on another machine."""
    if moment is None or (isinstance(moment, datetime) and moment.utcoffset() is not None):
        return
    raise KeyLoadError(
        f"{name} of {alias!r} is a time with its offset from UTC, not {moment!r}.",
        hint="datetime(2026, 12, 1, 6, tzinfo=UTC), or in a file 2026-12-01T06:00:00+01:00.",
        alias=alias,
    )


@hides_frames_when_made
@dataclass(frozen=True, eq=False, repr=False)
class SecretEntry:
    """A symmetric key that we and a partner both have; never shown, never pickled."""

    alias: str
    value: Secret | bytes
    """The raw key of 16 to 1024 octets, or where it is kept."""
    _: KW_ONLY
    key_name: str | None = None
    """What ``ds:KeyName`` calls the key in messages; ``None``: the alias."""

    def __post_init__(self) -> None:
        if isinstance(self.value, bytes):
            self._require_size(self.value)
            object.__setattr__(self, "value", HiddenBytes(self.value))
        elif not isinstance(self.value, Secret):
            raise KeyLoadError(
                f"The secret {self.alias!r} is {type(self.value).__name__}; bytes or Secret expected.",
                hint="The bytes are the key itself: decode base64 or hex first.",
                alias=self.alias,
            )
        if self.key_name == "":
            raise KeyLoadError(
                f"The secret {self.alias!r} has an empty key name.",
                hint="Leave key_name out to use the alias.",
                alias=self.alias,
            )

    @property
    def message_name(self) -> str:
        """What ``ds:KeyName`` calls the key in messages."""
        return self.alias if self.key_name is None else self.key_name

    @cached_property
    @hides_frames
    def octets(self) -> bytes:
        """The raw key; a ``Secret`` is read at the first use and kept, so no message sees it change.

        Raises:
            KeyLoadError: It cannot be read, or has fewer than 16 or more than 1024 octets.
        """
        octets = self.value if isinstance(self.value, bytes) else self.value.reveal()
        self._require_size(octets)
        return HiddenBytes(octets)

    def _require_size(self, octets: bytes) -> None:
        if len(octets) not in SECRET_OCTETS:
            raise KeyLoadError(
                f"The secret {self.alias!r} has {len(octets)} octets; "
                f"{SECRET_OCTETS[0]} to {SECRET_OCTETS[-1]} are allowed.",
                hint="It is a random key, not a password: os.urandom(32) makes one.",
                alias=self.alias,
            )

    def __repr__(self) -> str:
        return f"<SecretEntry {self.alias!r}>"

    def __reduce__(self) -> NoReturn:
        raise KeyMaterialError(
            "A symmetric key is not pickled: it would leave the process.",
            hint="Let each process load its own keystore.",
        )
