"""Settings of detached JSON Web Signatures: the keys of a ``[payload.NAME]`` table with ``format = "jws"``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Final, Literal

from zeep_wssec.demands import AnyoneUnder, Pin, Subject
from zeep_wssec.errors import ProfileError
from zeep_wssec.payload.jws.algorithms import ALGORITHMS
from zeep_wssec.payload.trust import Demand, frozen_demands
from zeep_wssec.settings.checks import check_choice, check_number, frozen_table, frozen_texts

Mode = Literal["appendix-f", "unencoded"]
KeyIdForm = Literal["ski", "sha256", "jwk", "given"]

REGISTERED: Final = frozenset(
    {"alg", "jku", "jwk", "kid", "x5u", "x5c", "x5t", "x5t#S256", "typ", "cty", "crit"}
)
"""Header members of RFC 7515, section 4.1: none of them may stand in ``crit``."""


@dataclass(frozen=True, kw_only=True)
class JwsSettings:
    """How payloads are signed, and what a signature must have and prove.

    Spec: RFC 7515 (Appendix F, Detached Content), RFC 7797 (Unencoded Payload Option).
    """

    offered: ClassVar[Mapping[str, Sequence[str]]] = {"algorithm": tuple(ALGORITHMS)}
    """Values of fields whose type is only ``str``, for editors to offer."""

    mode: Mode = "appendix-f"
    """``"appendix-f"``: the payload is signed in base64url and left out; ``"unencoded"``: it is signed as it
    is, with ``b64=false``, as Open Banking asks. Each mode refuses the other's signatures."""
    algorithm: str = "PS256"
    """Value of ``alg`` in what we sign."""
    accepted: Sequence[str] = ()
    """Values of ``alg`` that are accepted; empty: ``algorithm`` alone."""
    key: str | None = None
    """Alias of the key pair that signs; unset: the only one."""
    signed_by: str | Pin | Subject | AnyoneUnder | Sequence[str | Pin | Subject | AnyoneUnder] = ()
    """Who may sign: aliases (``"new?"`` may be missing still), pins, subjects; empty: every partner. The
    certificate is a partner's in each case: a header names one, and brings none."""
    kid: KeyIdForm = "ski"
    """What ``kid`` is: ``"ski"``, the SubjectKeyIdentifier of the certificate in base64; ``"sha256"``, the
    SHA-256 of the certificate in base64url (``x5t#S256``); ``"jwk"``, the thumbprint of the public key
    (RFC 7638); ``"given"``, what ``key_id`` and ``key_ids`` say."""
    key_id: str | None = None
    """Our ``kid``, with ``kid = "given"``."""
    key_ids: Mapping[str, str] = field(default_factory=dict)
    """The partners' aliases by their ``kid``, with ``kid = "given"``."""
    issued_at: str | None = "iat"
    """Header member with the time of signing, in seconds since 1970; unset: none is written or demanded."""
    claims: Mapping[str, str] = field(default_factory=dict)
    """Further header members of what we sign; ``cty``, the media type of the payload, is never critical."""
    critical: Sequence[str] | None = None
    """Members named in ``crit`` of what we sign, and demanded there; unset: ``issued_at`` and ``claims``."""
    required: Mapping[str, str] = field(default_factory=dict)
    """Header members that a signature must have, with their value; ``"*"``: with any."""
    typ: str | None = None
    """``typ`` that is written and demanded; unset: none is written, and any is accepted."""
    max_age_seconds: int = 300
    """Oldest ``issued_at`` that is accepted."""
    clock_skew_seconds: int = 60
    """How far ``issued_at`` may lie in the future."""
    max_payload_bytes: int = 64 * 1024 * 1024
    """Largest payload that is signed or verified; it is held in memory."""
    header_name: str = "X-JWS-Signature"
    """HTTP header that carries the signature."""

    def __post_init__(self) -> None:
        check_choice("mode", self.mode, Mode)
        check_choice("kid", self.kid, KeyIdForm)
        object.__setattr__(self, "accepted", frozen_texts("accepted", self.accepted))
        object.__setattr__(self, "signed_by", frozen_demands("signed_by", self.signed_by))
        if self.critical is not None:
            object.__setattr__(self, "critical", frozen_texts("critical", self.critical))
        for name in ("key_ids", "claims", "required"):
            object.__setattr__(self, name, frozen_table(name, getattr(self, name)))
        self._check_algorithms()
        self._check_members()
        self._check_key_ids()
        for name in ("max_age_seconds", "clock_skew_seconds", "max_payload_bytes"):
            check_number(name, getattr(self, name), minimum=0)
        name = self.header_name
        if not name.isascii() or not name.replace("-", "").isalnum():
            raise ProfileError("This is no name of an HTTP header.", path="header_name")

    @property
    def demands(self) -> tuple[Demand, ...]:
        """Who may sign."""
        return frozen_demands("signed_by", self.signed_by)

    @property
    def accepted_algorithms(self) -> tuple[str, ...]:
        """Values of ``alg`` that are accepted."""
        return tuple(self.accepted) or (self.algorithm,)

    @property
    def critical_members(self) -> tuple[str, ...]:
        """What ``crit`` names, in order; ``b64`` first where it is there."""
        first = ("b64",) if self.mode == "unencoded" else ()
        if self.critical is not None:
            return (*first, *(name for name in self.critical if name != "b64"))
        stamped = (self.issued_at,) if self.issued_at else ()
        claims = (name for name in self.claims if name not in REGISTERED)
        return tuple(dict.fromkeys((*first, *stamped, *claims)))

    @property
    def understood(self) -> frozenset[str]:
        """Members that may stand in the ``crit`` of what we verify."""
        stamped = {self.issued_at} if self.issued_at else set()
        return frozenset({*self.critical_members, *self.required, *self.claims, *stamped})

    def _check_algorithms(self) -> None:
        listed = [("algorithm", self.algorithm)]
        listed += [(f"accepted[{at}]", name) for at, name in enumerate(self.accepted)]
        for path, name in listed:
            if name in ALGORITHMS:
                continue
            why = "is no algorithm of JWS that is known here"
            if str(name).upper() == "NONE":
                why = "signs nothing"
            elif str(name).startswith("HS"):
                why = "is made with a key that both sides have, so it does not tell who signed"
            raise ProfileError(
                f"{name!r} {why}.", hint=f"Known are {', '.join(ALGORITHMS)}.", path=path
            )

    def _check_members(self) -> None:
        for name in ("claims", "required"):
            for member in getattr(self, name):
                if member in REGISTERED - {"cty"} or member in ("b64", self.issued_at):
                    raise ProfileError(f"{member!r} has a setting of its own.", path=name)
        for member in self.critical or ():
            if member not in {*self.claims, self.issued_at, "b64"} - REGISTERED:
                raise ProfileError(
                    f"{member!r} is neither issued_at nor among the claims.", path="critical"
                )
        if len(set(self.critical or ())) != len(self.critical or ()):
            raise ProfileError("A member stands here twice.", path="critical")

    def _check_key_ids(self) -> None:
        if self.kid != "given":
            for name in ("key_id", "key_ids"):
                if getattr(self, name):
                    raise ProfileError('This goes with kid = "given".', path=name)
        elif not self.key_id and not self.key_ids:
            raise ProfileError('With kid = "given", key_id or key_ids is needed.', path="kid")
