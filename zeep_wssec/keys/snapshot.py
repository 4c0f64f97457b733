"""What a keystore holds at one moment: found by alias, or by the references of a message."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import KW_ONLY, dataclass, field, replace
from datetime import UTC, date, datetime
from types import MappingProxyType
from typing import Literal, NoReturn

from zeep_wssec.errors import KeyMaterialError, KeyNotFoundError
from zeep_wssec.forks import cached_property
from zeep_wssec.keys.aliases import by_alias
from zeep_wssec.keys.certificate import Certificate
from zeep_wssec.keys.entries import KeyEntry, PartnerEntry, SecretEntry
from zeep_wssec.keys.entry_reference import find_referenced
from zeep_wssec.keys.known_certificates import KnownCertificates
from zeep_wssec.keys.rotation import SOON, require_serving
from zeep_wssec.keys.secrets import Secret
from zeep_wssec.keys.trust import TrustStore

_ALWAYS = datetime.min.replace(tzinfo=UTC)
_NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, eq=False, repr=False)
class Snapshot:
    """Keys, partners, secrets, users and trust; one message uses one snapshot from start to end."""

    _: KW_ONLY
    key_entries: tuple[KeyEntry, ...] = ()
    """Our key pairs; several may serve one alias: all decrypt, and one of them signs at a time."""
    partner_entries: tuple[PartnerEntry, ...] = ()
    """Our partners' certificates; of several under one alias each may sign, one is encrypted to at a time."""
    trust: TrustStore = field(default_factory=TrustStore)
    """All that was given as trust, the partners' own anchors included."""
    shared_trust: TrustStore = field(default_factory=TrustStore)
    """The same without the partners' own anchors."""
    secrets: Mapping[str, SecretEntry] = field(default_factory=dict)
    """Symmetric keys by alias."""
    users: Mapping[str, Secret] = field(default_factory=dict)
    """Passwords by user name, as a username token writes it."""

    def __post_init__(self) -> None:
        for name in ("secrets", "users"):
            object.__setattr__(self, name, MappingProxyType(dict(getattr(self, name))))

    @cached_property
    def keys(self) -> Mapping[str, KeyEntry]:
        """Our key pairs by alias; of several under one alias the first given."""
        return MappingProxyType({name: items[0] for name, items in self._keys_by_alias.items()})

    @cached_property
    def partners(self) -> Mapping[str, PartnerEntry]:
        """Our partners by alias; of several certificates under one alias the first given."""
        return MappingProxyType({name: items[0] for name, items in self._partners_by_alias.items()})

    @cached_property
    def _keys_by_alias(self) -> Mapping[str, tuple[KeyEntry, ...]]:
        return by_alias(self.key_entries)

    @cached_property
    def _partners_by_alias(self) -> Mapping[str, tuple[PartnerEntry, ...]]:
        return by_alias(self.partner_entries)

    @cached_property
    def quiet_until(self) -> datetime:
        """Until when there is nothing to say about its certificates: a month before the first one ends.

        There is something at once where an entry waits under an alias without a date.
        """
        entries: tuple[KeyEntry | PartnerEntry, ...] = (*self.key_entries, *self.partner_entries)
        undated = [item.alias for item in entries if item.waits]
        if len(undated) > len(set(undated)):
            return _ALWAYS
        ends = [entry.certificate.not_after for entry in entries]
        ends += [item.not_after for entry in self.key_entries for item in entry.chain]
        return min(ends) - SOON if ends else _NEVER

    @cached_property
    def told_on(self) -> dict[str, date]:
        """On which day something was said about it last."""
        return {}

    @cached_property
    def own_keys(self) -> frozenset[bytes]:
        """The public keys of all our key pairs, as they are encoded."""
        return frozenset(entry.certificate.public_key_octets for entry in self.key_entries)

    def keys_of(self, alias: str) -> tuple[KeyEntry, ...]:
        """Give all our key pairs under an alias."""
        return self._keys_by_alias.get(alias, ())

    def partners_of(self, alias: str) -> tuple[PartnerEntry, ...]:
        """Give all entries of the partner ``alias``."""
        return self._partners_by_alias.get(alias, ())

    def with_earlier(self, entries: tuple[KeyEntry, ...]) -> Snapshot:
        """Give what also decrypts with key pairs that were ours a moment ago; itself if all still are."""
        if entries is self.key_entries:
            return self
        gone = tuple(item for item in entries if self.find_key(item.certificate) is None)
        return replace(self, key_entries=self.key_entries + gone) if gone else self

    def alias_of(self, name: str) -> str:
        """Give the alias that a name means: itself, or that of the entry which it refers to."""
        if name in self.keys or name in self.partners or name in self.secrets:
            return name
        held: tuple[KeyEntry | PartnerEntry, ...] = (*self.partner_entries, *self.key_entries)
        try:
            return next((entry.alias for entry in find_referenced(held, name, what="")), name)
        except KeyNotFoundError:
            return name

    def speaks_for(self, alias: str, certificate: Certificate) -> bool:
        """Tell whether this is a certificate of the partner ``alias``, or the one that a reference names."""
        entries = self.partners_of(alias)
        if not entries:
            entries = find_referenced(self.partner_entries, alias, what="partner")
        return any(entry.certificate == certificate for entry in entries)

    def require_key(self, alias: str | None = None, *, now: datetime | None = None) -> KeyEntry:
        """Give the key pair under ``alias``; without one, that of the only alias there is.

        Args:
            alias: Which; or a reference to its certificate, as ``entry_reference`` reads it.
            now: Of several under the alias the one that signs then; unset, the first given.

        Raises:
            KeyNotFoundError: There is none, or no alias was given and there are several.
            KeyUsageError: There is one, but its date has not come.
        """
        if alias is None and len(self.keys) == 1:
            alias = next(iter(self.keys))
        if alias is not None and alias in self.keys:
            if now is None:
                return self.keys[alias]
            return require_serving(self._keys_by_alias[alias], now)
        if alias is not None:
            referenced = find_referenced(self.key_entries, alias, what="key pair")
            if referenced:
                return referenced[0] if now is None else require_serving(referenced, now)
        if alias is None:
            problem = (
                "The keystore has several key pairs; say which by its alias."
                if self.keys
                else ("The keystore has no key pair.")
            )
        else:
            problem = self._misplaced(alias, wanted="key pair")
        raise self._not_found(problem, alias=alias, entries=self.keys.values(), what="Key pairs")

    def require_partner(self, alias: str) -> PartnerEntry:
        """Give the partner under ``alias``, or raise ``KeyNotFoundError``."""
        if alias in self.partners:
            return self.partners[alias]
        referenced = find_referenced(self.partner_entries, alias, what="partner")
        if referenced:
            return referenced[0]
        raise self._not_found(
            self._misplaced(alias, wanted="partner"),
            alias=alias,
            entries=self.partners.values(),
            what="Partners",
        )

    def require_certificate(self, alias: str, *, now: datetime | None = None) -> Certificate:
        """Give the certificate of the partner or key pair under ``alias``.

        Args:
            alias: Whose; or a reference to it, as ``entry_reference`` reads it.
            now: Of several under the alias the one that is in use then; unset, the first given.

        Raises:
            KeyNotFoundError: Nobody has that alias.
            KeyUsageError: There is one, but its date has not come.
        """
        if alias in self.partners:
            if now is None:
                return self.partners[alias].certificate
            return require_serving(self._partners_by_alias[alias], now).certificate
        if alias in self.keys:
            return self.require_key(alias, now=now).certificate
        held: tuple[KeyEntry | PartnerEntry, ...] = (*self.partner_entries, *self.key_entries)
        referenced = find_referenced(held, alias, what="certificate")
        if referenced:
            serving = referenced[0] if now is None else require_serving(referenced, now)
            return serving.certificate
        raise self._not_found(
            self._misplaced(alias, wanted="certificate"),
            alias=alias,
            entries=(*self.partners.values(), *self.keys.values()),
            what="Certificates",
        )

    def trust_for(self, alias: str) -> TrustStore:
        """Give the trust in which a certificate of the partner ``alias`` must end.

        The partner's own anchors when it has some, else those that are shared by all: one partner's
        CA never speaks for another partner.
        """
        self.require_partner(alias)
        return self._partner_trust.get(alias, self.shared_trust)

    @cached_property
    def _partner_trust(self) -> Mapping[str, TrustStore]:
        return {
            alias: TrustStore(
                anchors=tuple(dict.fromkeys(item for entry in entries for item in entry.anchors)),
                intermediates=self.shared_trust.intermediates
                + tuple(item for entry in entries for item in entry.chain),
                pins=self.shared_trust.pins,
            )
            for alias, entries in self._partners_by_alias.items()
            if any(entry.anchors for entry in entries)
        }

    def kind_of(self, name: str) -> Literal["partner", "secret", "user"] | None:
        """Tell what a name means where somebody who signs is named: a partner first, a user last."""
        if name in self.partners:
            return "partner"
        if name in self.secrets:
            return "secret"
        return "user" if name in self.users else None

    def require_secret(self, alias: str) -> SecretEntry:
        """Give the symmetric key under ``alias``, or raise ``KeyNotFoundError``."""
        if alias in self.secrets:
            return self.secrets[alias]
        raise self._not_found(
            self._misplaced(alias, wanted="secret"),
            alias=alias,
            entries=self.secrets.values(),
            what="Secrets",
        )

    def find_secret(self, *, key_name: str) -> SecretEntry | None:
        """Find the symmetric key that ``ds:KeyName`` in a message calls exactly so."""
        return self._secret_by_name.get(key_name)

    def find_certificates(
        self,
        *,
        thumbprint: bytes | None = None,
        subject_key_identifier: bytes | None = None,
        issuer_serial: tuple[str, int] | None = None,
        subject_name: str | None = None,
        public_key: bytes | None = None,
        key_name: str | None = None,
    ) -> tuple[Certificate, ...]:
        """Find the known certificates that a reference in a message names, without duplicates.

        Searched are keys, partners, their chains, intermediates and anchors. More than one result
        means that the reference is ambiguous. Exactly one argument is given.

        Args:
            thumbprint: SHA-1 (20 bytes) or SHA-256 (32 bytes) of the DER.
            subject_key_identifier: Value of the extension, or of the computed one.
            issuer_serial: Issuer name as the peer wrote it, and the serial number.
            subject_name: Subject as the peer wrote it, whole; compared as issuer names are.
            public_key: DER ``SubjectPublicKeyInfo``, for ``ds:KeyValue``.
            key_name: Exact alias of a key or partner, or a subject as ``subject_name``.
        """
        known = self._known
        if thumbprint is not None:
            return known.by_thumbprint(thumbprint)
        if subject_key_identifier is not None:
            return known.by_key_identifier(subject_key_identifier)
        if issuer_serial is not None:
            return known.by_issuer_serial(*issuer_serial)
        if subject_name is not None:
            return known.by_subject(subject_name)
        if public_key is not None:
            return known.by_public_key(public_key)
        if key_name is not None:
            entries = self.keys_of(key_name) or self.partners_of(key_name)
            named = (entry.certificate for entry in entries)
            return tuple(dict.fromkeys([*named, *known.by_subject(key_name)]))
        raise TypeError("find_certificates needs one argument")

    def find_key(self, certificate: Certificate) -> KeyEntry | None:
        """Find our key pair with exactly this certificate."""
        return self._key_by_certificate.get(certificate)

    def find_partner(self, certificate: Certificate) -> PartnerEntry | None:
        """Find the partner with exactly this certificate."""
        return self._partner_by_certificate.get(certificate)

    @cached_property
    def certificates(self) -> tuple[Certificate, ...]:
        """Every certificate there is, without duplicates."""
        found: dict[Certificate, None] = {}
        entries: tuple[KeyEntry | PartnerEntry, ...] = (*self.key_entries, *self.partner_entries)
        for entry in entries:
            found.update(dict.fromkeys((entry.certificate, *entry.chain)))
        found.update(dict.fromkeys(self.trust.intermediates + self.trust.anchors))
        return tuple(found)

    @cached_property
    def _known(self) -> KnownCertificates:
        return KnownCertificates(self.certificates)

    @cached_property
    def _secret_by_name(self) -> Mapping[str, SecretEntry]:
        return {entry.message_name: entry for entry in self.secrets.values()}

    @cached_property
    def _key_by_certificate(self) -> dict[Certificate, KeyEntry]:
        return {entry.certificate: entry for entry in reversed(self.key_entries)}

    @cached_property
    def _partner_by_certificate(self) -> dict[Certificate, PartnerEntry]:
        return {entry.certificate: entry for entry in reversed(self.partner_entries)}

    def _misplaced(self, alias: str, *, wanted: str) -> str:
        """Say what stands under ``alias`` in place of what is wanted, or that nothing does."""
        if alias in self.secrets:
            return f"{alias!r} is a symmetric secret; a {wanted} is needed."
        if alias in self.partners:
            return f"{alias!r} is a partner's certificate; a {wanted} is needed."
        if alias in self.keys:
            return f"{alias!r} is a key pair of ours; a {wanted} is needed."
        return f"The keystore has no {wanted} {alias!r}."

    def _not_found(
        self,
        problem: str,
        *,
        alias: str | None,
        entries: Iterable[KeyEntry | PartnerEntry | SecretEntry],
        what: str,
    ) -> KeyNotFoundError:
        entries = tuple(entries)
        existing = [entry.alias for entry in entries]
        # Of our own keys the certificates tell which is meant; a partner's alias is enough.
        shown = [
            f"{entry.alias!r}: {entry.certificate.describe()}"
            if isinstance(entry, KeyEntry) and what == "Key pairs"
            else repr(entry.alias)
            for entry in entries
        ]
        close = difflib.get_close_matches(alias or "", existing, n=1)
        meant = f"Did you mean {close[0]!r}? " if close else ""
        return KeyNotFoundError(
            problem,
            hint=f"{meant}{what}: {', '.join(shown) or 'none'}.",
            alias=alias,
            existing=existing,
        )

    def __repr__(self) -> str:
        more = f", secrets {sorted(self.secrets)}" if self.secrets else ""
        more += f", users {sorted(self.users)}" if self.users else ""
        held = f"keys {sorted(self.keys)}, partners {sorted(self.partners)}{more}"
        return f"<Snapshot: {held}, {self.trust!r}>"

    def __reduce__(self) -> NoReturn:
        raise KeyMaterialError(
            "A snapshot of a keystore is not pickled: its private keys would leave the process.",
            hint="Let each process load its own keystore.",
        )
