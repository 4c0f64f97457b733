"""What an answer must prove, and who must have proved it: frozen data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Literal

from zeep_wssec.errors import ProfileError
from zeep_wssec.settings.checks import check_choice, check_number, frozen_legacy, frozen_texts

UnsignedFaults = Literal["refuse", "accept"]
Related = Literal["if_present", "required"]
EmptyReplies = Literal["refuse", "accept"]
Replays = Literal["refuse", "accept"]
UnsignedCiphertext = Literal["accept", "refuse"]
UserProof = Literal["digest", "text", "derived_key"]
Action = Literal["timestamp", "username_token", "signature", "encryption"]


@dataclass(frozen=True)
class Pin:
    """The signer's certificate has this SHA-256 fingerprint (hex, colons allowed)."""

    sha256: str

    def __post_init__(self) -> None:
        _check_text("Pin.sha256", self.sha256)
        digits = self.sha256.replace(":", "").strip().lower()
        if len(digits) != 64 or any(char not in "0123456789abcdef" for char in digits):
            raise ProfileError(
                "A pin is a SHA-256 fingerprint of 64 hex digits.", path="Pin.sha256"
            )
        object.__setattr__(self, "sha256", digits)


@dataclass(frozen=True)
class Subject:
    """The signer's certificate has this subject and ends at one of the trust anchors."""

    name: str
    """RFC 4514 text, such as ``CN=orders.example,O=Example``; order and spacing as in the certificate."""

    def __post_init__(self) -> None:
        _check_text("Subject.name", self.name)
        if "=" not in self.name:
            raise ProfileError(
                f"{self.name!r} is not a subject such as CN=name.", path="Subject.name"
            )


@dataclass(frozen=True, kw_only=True)
class AnyoneUnder:
    """Anyone whose certificate ends at one of the trust anchors: weaker than naming the partner."""

    reason: str

    def __post_init__(self) -> None:
        _need_reason(self.reason)


@dataclass(frozen=True, kw_only=True)
class Anonymous:
    """Whoever knows our certificate: a symmetric key that came encrypted to us proves nobody's identity."""

    reason: str

    def __post_init__(self) -> None:
        _need_reason(self.reason)


SignedBy = str | Pin | Subject | AnyoneUnder | Anonymous
"""The alias of a partner or secret, the name of a user, or one of the forms above."""


@dataclass(frozen=True, kw_only=True)
class Inbound:
    """What every answer must prove; an answer that does not is refused with all that is missing."""

    signed: Sequence[str] = ("body", "timestamp")
    """Parts that the partner must have signed; ``?`` marks one that may be missing, not be unsigned."""
    encrypted: Sequence[str] = ()
    """Parts that must have come encrypted to us."""
    fresh_seconds: int | None = 300
    """Oldest Created that is accepted; ``None``: no Timestamp is demanded. One that is there must be valid."""
    clock_skew_seconds: int = 60
    """How far the partner's clock may be ahead, and how long past Expires a message is still taken."""
    signed_by: SignedBy | Sequence[SignedBy] | None = None
    """Who must have signed; unset: the only partner of the keystore."""
    related: Related = "if_present"
    """``wsa:RelatesTo`` with the MessageID of the request. ``"if_present"``: one that is there must match and
    be signed; ``"required"``: it must be there, too."""
    signature_confirmation: Related = "if_present"
    """``wsse11:SignatureConfirmation`` of every signature of the request. ``"if_present"``: those that are
    there must match and be signed; ``"required"``: they must be there, too."""
    username_token: UserProof | None = None
    """How a user of the keystore must have proved the password; unset: a UsernameToken is only reported."""
    order: Sequence[Action] = ()
    """Order in which the message must be read: ``("encryption", "signature")`` for one that was signed, then
    encrypted; empty: any."""
    unsigned_faults: UnsignedFaults = "refuse"
    """``"accept"``: a Fault that nothing protects reaches the caller as zeep's ``Fault``; trust no word of it."""
    empty_replies: EmptyReplies = "refuse"
    """``"accept"``: an answer without content is taken, as one-way operations need it."""
    replays: Replays = "refuse"
    """``"accept"``: a signed message is taken again while it is fresh, for peers that send the same octets
    twice; Nonces of UsernameTokens are still taken once."""
    unsigned_ciphertext: UnsignedCiphertext = "accept"
    """``"refuse"``: each EncryptedData must be covered by a signature that was verified before it was opened,
    as of a peer that encrypts first and signs then. The report tells it in any case; CBC needs it anyway."""
    legacy: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "signed", frozen_texts("signed", self.signed))
        object.__setattr__(self, "encrypted", frozen_texts("encrypted", self.encrypted))
        object.__setattr__(self, "legacy", frozen_legacy(self.legacy))
        proofs = (self.signed, self.encrypted, self.fresh_seconds, self.username_token)
        if not any(proofs):
            raise ProfileError(
                "Nothing is demanded of an answer.",
                hint="Say so by name: OverTLS(), or Unverified(reason=…).",
                path="signed",
            )
        if self.fresh_seconds is not None:
            check_number("fresh_seconds", self.fresh_seconds, minimum=1)
        check_number("clock_skew_seconds", self.clock_skew_seconds, minimum=0)
        check_choice("related", self.related, Related)
        check_choice("signature_confirmation", self.signature_confirmation, Related)
        if self.username_token is not None:
            check_choice("username_token", self.username_token, UserProof)
        object.__setattr__(self, "order", frozen_texts("order", self.order))
        for index, action in enumerate(self.order):
            check_choice(f"order[{index}]", action, Action)
        check_choice("unsigned_faults", self.unsigned_faults, UnsignedFaults)
        check_choice("empty_replies", self.empty_replies, EmptyReplies)
        check_choice("replays", self.replays, Replays)
        check_choice("unsigned_ciphertext", self.unsigned_ciphertext, UnsignedCiphertext)
        if isinstance(self.signed_by, list):
            object.__setattr__(self, "signed_by", tuple(self.signed_by))
        if not self.signed and self.signed_by is not None:
            raise ProfileError(
                "It is said who must sign, but not what.",
                hint='Say it: signed=("body",), or leave signed_by out.',
                path="signed_by",
            )
        signers = self.signed_by if isinstance(self.signed_by, tuple) else (self.signed_by,)
        if not signers or any(not isinstance(item, SignedBy | None) for item in signers):
            raise ProfileError(f"{self.signed_by!r} names nobody.", path="signed_by")


@dataclass(frozen=True, kw_only=True)
class OverTLS:
    """The TLS session is the only proof of an answer; what security it carries must still be valid."""

    fresh_seconds: int = 300
    clock_skew_seconds: int = 60
    empty_replies: EmptyReplies = "accept"
    legacy: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _check_common(self)


@dataclass(frozen=True, kw_only=True)
class Unverified:
    """Answers prove nothing, for a stated reason; what security they carry must still be valid."""

    reason: str
    until: date | datetime | None = None
    """When the exception ends; from then on the profile refuses to run."""
    fresh_seconds: int = 300
    clock_skew_seconds: int = 60
    empty_replies: EmptyReplies = "accept"
    legacy: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _need_reason(self.reason)
        _check_common(self)

    def check_in_force(self, now: datetime) -> None:
        """Refuse to go on once the exception has ended.

        Raises:
            ProfileError: ``until`` has passed at ``now``.
        """
        until = self.until
        if until is None:
            return
        if not isinstance(until, datetime):
            until = datetime(until.year, until.month, until.day, tzinfo=UTC)
        if now >= (until if until.tzinfo else until.replace(tzinfo=UTC)):
            raise ProfileError(
                f"Unverified answers were allowed until {self.until}.",
                hint="State what answers must prove with Inbound(…), or a new date.",
                path="inbound.until",
            )


Demands = Inbound | OverTLS | Unverified


def _check_common(demands: OverTLS | Unverified) -> None:
    object.__setattr__(demands, "legacy", frozen_legacy(demands.legacy))
    check_number("fresh_seconds", demands.fresh_seconds, minimum=1)
    check_number("clock_skew_seconds", demands.clock_skew_seconds, minimum=0)
    check_choice("empty_replies", demands.empty_replies, EmptyReplies)


def _check_text(path: str, value: object) -> None:
    if not isinstance(value, str):
        raise ProfileError(f"A text is needed, not {type(value).__name__}.", path=path)


def _need_reason(reason: str) -> None:
    if not isinstance(reason, str) or not reason.strip():
        raise ProfileError(
            "A reason is needed: it is what a later reader will ask for.", path="reason"
        )
