"""How certificates are judged, besides where their paths end: revocation, usages, exceptions."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from datetime import UTC, date, datetime
from typing import Literal, get_args

from zeep_wssec.errors import KeyLoadError
from zeep_wssec.forks import cached_property, start_over_in_children
from zeep_wssec.keys.certificate import Certificate
from zeep_wssec.keys.fitness import SIGNER_USAGES, read_usages
from zeep_wssec.keys.names import CanonicalName
from zeep_wssec.keys.revocation_data import OcspAnswer, RevocationList

RevocationMode = Literal["off", "soft", "hard"]
Allowance = Literal["expired", "weak_key", "wrong_usage", "revoked_unknown", "sha1"]
_MODES: tuple[str, ...] = get_args(RevocationMode)
_NOTHING: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class TrustException:
    """What is overlooked in exactly one certificate, why, and until when."""

    sha256: str
    """SHA-256 thumbprint of the certificate: 64 hex digits."""
    reason: str
    until: date
    """The exception ends when this day begins, in UTC."""
    allow: tuple[Allowance, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "sha256", normalize_pin(self.sha256))
        if isinstance(self.until, datetime) or not isinstance(self.until, date):
            raise KeyLoadError("An exception ends on a day: until = 2027-01-31.")
        if not isinstance(self.reason, str) or not self.reason.strip():
            raise KeyLoadError("An exception needs a reason: it is what a later reader asks for.")
        known = get_args(Allowance)
        object.__setattr__(self, "allow", tuple(self.allow))
        if not self.allow or any(item not in known for item in self.allow):
            wrong = ", ".join(repr(item) for item in self.allow if item not in known)
            raise KeyLoadError(
                f"An exception cannot allow {wrong or 'nothing'}.",
                hint=f"It allows one or several of {', '.join(known)}.",
            )

    @property
    def end(self) -> datetime:
        """First moment at which it does not hold any more."""
        return datetime(self.until.year, self.until.month, self.until.day, tzinfo=UTC)

    def describe(self) -> str:
        """Give it in words."""
        return f"by exception ({', '.join(self.allow)}) until {self.until}: {self.reason}"


class FetchedRevocation:
    """CRLs and OCSP answers that were fetched; the one part of trust that changes. Thread-safe."""

    def __init__(self) -> None:
        self._held: dict[str, tuple[RevocationList | OcspAnswer, ...]] = {}
        self.generation = 0
        """Grows whenever something is added."""
        self.crls: Mapping[CanonicalName, tuple[RevocationList, ...]] = {}
        self.answers: Mapping[int, tuple[OcspAnswer, ...]] = {}
        self._lock = threading.Lock()
        start_over_in_children(self)

    def start_over(self) -> None:
        """Use a lock of this process; what was fetched stays, all of it where it may have been half put away."""
        self._lock = threading.Lock()
        self._index()

    def put(self, url: str, found: Sequence[RevocationList | OcspAnswer]) -> bool:
        """Keep what an address gave in place of what it gave before, unless that is newer."""
        with self._lock:
            newest = max((item.this_update for item in self._held.get(url, ())), default=None)
            if newest is not None and any(item.this_update < newest for item in found):
                return False
            self._held = {**self._held, url: tuple(found)}
            self._index()
            return True

    def _index(self) -> None:
        held = [item for items in self._held.values() for item in items]
        self.crls = by_issuer(item for item in held if isinstance(item, RevocationList))
        self.answers = by_serial(item for item in held if isinstance(item, OcspAnswer))
        self.generation += 1


def by_issuer(
    crls: Iterable[RevocationList],
) -> Mapping[CanonicalName, tuple[RevocationList, ...]]:
    """Index CRLs by their issuer."""
    found: dict[CanonicalName, tuple[RevocationList, ...]] = {}
    for item in crls:
        found[item.issuer] = (*found.get(item.issuer, ()), item)
    return found


def by_serial(answers: Iterable[OcspAnswer]) -> Mapping[int, tuple[OcspAnswer, ...]]:
    """Index OCSP answers by the serial number that they are about."""
    found: dict[int, tuple[OcspAnswer, ...]] = {}
    for item in answers:
        found[item.serial] = (*found.get(item.serial, ()), item)
    return found


@dataclass(frozen=True, repr=False)
class TrustRules:
    """How every certificate is judged; the defaults know of no revocation and no exception."""

    _: KW_ONLY
    revocation: RevocationMode = "off"
    """What follows where nothing tells whether a certificate is revoked: nothing, a warning, refusal."""
    crls: tuple[RevocationList, ...] = ()
    ocsp: tuple[OcspAnswer, ...] = ()
    extended_key_usage: frozenset[str] | None = None
    """Usages of which a signer's certificate must have one, if it has any; ``None``: the usual ones."""
    exceptions: tuple[TrustException, ...] = ()
    sha1: bool = False
    """Whether certificates that are signed over SHA-1 count."""
    fetched: tuple[FetchedRevocation, ...] = field(default=(), compare=False)

    def __post_init__(self) -> None:
        if self.revocation not in _MODES:
            raise KeyLoadError(
                f"revocation is {' or '.join(_MODES)}, not {str(self.revocation)[:40]!r}."
            )
        if self.extended_key_usage is not None:
            usages = read_usages(self.extended_key_usage)
            object.__setattr__(self, "extended_key_usage", usages)

    def merge(self, other: TrustRules) -> TrustRules:
        """Give the rules with the information and exceptions of both; of two modes the stricter."""
        usages = {self.extended_key_usage, other.extended_key_usage} - {None}
        return TrustRules(
            revocation=max(self.revocation, other.revocation, key=_MODES.index),
            crls=tuple({item.sha256: item for item in self.crls + other.crls}.values()),
            ocsp=tuple(
                {(item.sha256, item.serial): item for item in self.ocsp + other.ocsp}.values()
            ),
            extended_key_usage=frozenset().union(*usages) if usages else None,  # type: ignore[arg-type]
            exceptions=tuple(dict.fromkeys(self.exceptions + other.exceptions)),
            sha1=self.sha1 or other.sha1,
            fetched=tuple(dict.fromkeys(self.fetched + other.fetched)),
        )

    @property
    def signer_usages(self) -> frozenset[str]:
        """Object identifiers of the extended key usages that a signer may have."""
        return SIGNER_USAGES if self.extended_key_usage is None else self.extended_key_usage

    @property
    def generation(self) -> int:
        """Grows with what is fetched."""
        return sum(item.generation for item in self.fetched)

    @property
    def told(self) -> tuple[tuple[FetchedRevocation, int], ...]:
        """What was fetched, and how often: of two rules with the same content each has its own."""
        return tuple((item, item.generation) for item in self.fetched)

    @property
    def asks_for_revocation(self) -> bool:
        """Whether there is anything to ask: a mode, or information."""
        return self._is_stated or any(item.generation for item in self.fetched)

    @property
    def is_plain(self) -> bool:
        """Whether there is neither anything to ask about revocation nor an exception."""
        if self._is_stated or self.exceptions:
            return False
        for item in self.fetched:  # noqa: SIM110  # every message asks: a loop is the quickest
            if item.generation:
                return False
        return True

    @cached_property
    def _is_stated(self) -> bool:
        return self.revocation != "off" or bool(self.crls or self.ocsp)

    def allowed(self, certificate: Certificate, now: datetime) -> frozenset[str]:
        """Name what is overlooked in a certificate at ``now``."""
        if not self.exceptions:
            return _NOTHING
        held = self.exceptions_for(certificate, now)
        return frozenset(name for item in held for name in item.allow)

    def exceptions_for(self, certificate: Certificate, now: datetime) -> list[TrustException]:
        """Give the exceptions for a certificate that hold at ``now``."""
        found = self._by_thumbprint.get(certificate.thumbprint_sha256, ())
        return [item for item in found if now < item.end]

    def ended_exceptions(self, certificate: Certificate, now: datetime) -> list[TrustException]:
        """Give the exceptions for a certificate that have ended."""
        found = self._by_thumbprint.get(certificate.thumbprint_sha256, ())
        return [item for item in found if now >= item.end]

    @cached_property
    def _by_thumbprint(self) -> Mapping[str, tuple[TrustException, ...]]:
        found: dict[str, tuple[TrustException, ...]] = {}
        for item in self.exceptions:
            found[item.sha256] = (*found.get(item.sha256, ()), item)
        return found

    def crls_of(self, issuer: CanonicalName) -> tuple[RevocationList, ...]:
        """Give the CRLs in the name of an issuer, those fetched included."""
        fetched = (item.crls.get(issuer, ()) for item in self.fetched)
        return sum(fetched, self._crls.get(issuer, ()))

    def answers_about(self, serial: int) -> tuple[OcspAnswer, ...]:
        """Give the OCSP answers about a serial number, of whatever issuer."""
        fetched = (item.answers.get(serial, ()) for item in self.fetched)
        return sum(fetched, self._answers.get(serial, ()))

    @cached_property
    def _crls(self) -> Mapping[CanonicalName, tuple[RevocationList, ...]]:
        return by_issuer(self.crls)

    @cached_property
    def _answers(self) -> Mapping[int, tuple[OcspAnswer, ...]]:
        return by_serial(self.ocsp)

    @cached_property
    def identity(self) -> str:
        """Digest of the content; what was fetched is told by ``generation``."""
        groups = (
            self.revocation,
            sorted(item.sha256 for item in self.crls),
            sorted(item.sha256 for item in self.ocsp),
            sorted(self.signer_usages),
            sorted(map(repr, self.exceptions)),
            self.sha1,
        )
        return hashlib.sha256(repr(groups).encode()).hexdigest()

    def __repr__(self) -> str:
        return (
            f"<TrustRules: revocation {self.revocation}, {len(self.crls)} CRLs, "
            f"{len(self.ocsp)} OCSP answers, {len(self.exceptions)} exceptions>"
        )


def normalize_pin(pin: str) -> str:
    """Give a SHA-256 thumbprint as 64 lower-case hex digits.

    Raises:
        KeyLoadError: It is none.
    """
    normal = str(pin).replace(":", "").replace(" ", "").lower().removeprefix("sha256/")
    if len(normal) != 64 or any(digit not in "0123456789abcdef" for digit in normal):
        raise KeyLoadError(
            f"{str(pin)[:80]!r} is not a pin: 64 hex digits expected, the SHA-256 thumbprint of a certificate."
        )
    return normal


NO_RULES = TrustRules()
"""The rules where none were given."""
