"""What a keystore holds at one moment: found by alias, or by the references of a message."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import KW_ONLY, dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import NoReturn

from zeep_wssec.errors import KeyMaterialError, KeyNotFoundError
from zeep_wssec.keys.certificate import Certificate
from zeep_wssec.keys.entries import KeyEntry, PartnerEntry
from zeep_wssec.keys.trust import TrustStore


@dataclass(frozen=True, eq=False, repr=False)
class Snapshot:
    """Keys, partners and trust; one message uses one snapshot from start to end."""

    _: KW_ONLY
    keys: Mapping[str, KeyEntry] = field(default_factory=dict)
    partners: Mapping[str, PartnerEntry] = field(default_factory=dict)
    trust: TrustStore = field(default_factory=TrustStore)
    """All that was given as trust, the partners' own anchors included."""
    shared_trust: TrustStore = field(default_factory=TrustStore)
    """The same without the partners' own anchors."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "keys", MappingProxyType(dict(self.keys)))
        object.__setattr__(self, "partners", MappingProxyType(dict(self.partners)))

    def require_key(self, alias: str | None = None) -> KeyEntry:
        """Give the key pair under ``alias``; without one, the only one there is.

        Raises:
            KeyNotFoundError: There is none, or no alias was given and there are several.
        """
        if alias is None and len(self.keys) == 1:
            return next(iter(self.keys.values()))
        if alias is not None and alias in self.keys:
            return self.keys[alias]
        if alias is None:
            problem = (
                "The keystore has several key pairs; say which by its alias."
                if self.keys
                else ("The keystore has no key pair.")
            )
        elif alias in self.partners:
            problem = f"{alias!r} is a partner's certificate; a key pair is needed."
        else:
            problem = f"The keystore has no key pair {alias!r}."
        raise self._not_found(problem, alias=alias, entries=self.keys.values(), what="Key pairs")

    def require_partner(self, alias: str) -> PartnerEntry:
        """Give the partner under ``alias``, or raise ``KeyNotFoundError``."""
        if alias in self.partners:
            return self.partners[alias]
        raise self._not_found(
            f"The keystore has no partner {alias!r}.",
            alias=alias,
            entries=self.partners.values(),
            what="Partners",
        )

    def require_certificate(self, alias: str) -> Certificate:
        """Give the certificate of the partner or key pair under ``alias``, or raise ``KeyNotFoundError``."""
        entry = self.partners.get(alias) or self.keys.get(alias)
        if entry is not None:
            return entry.certificate
        raise self._not_found(
            f"The keystore has no certificate {alias!r}.",
            alias=alias,
            entries=(*self.partners.values(), *self.keys.values()),
            what="Certificates",
        )

    def trust_for(self, alias: str) -> TrustStore:
        """Give the trust in which a certificate of the partner ``alias`` must end.

        The partner's own anchors when it has some, else those that are shared by all: one partner's
        CA never speaks for another partner.
        """
        partner = self.require_partner(alias)
        if not partner.anchors:
            return self.shared_trust
        return self._partner_trust[alias]

    @cached_property
    def _partner_trust(self) -> Mapping[str, TrustStore]:
        return {
            alias: TrustStore(
                anchors=partner.anchors,
                intermediates=self.shared_trust.intermediates + partner.chain,
                pins=self.shared_trust.pins,
            )
            for alias, partner in self.partners.items()
            if partner.anchors
        }

    def find_certificates(
        self,
        *,
        thumbprint: bytes | None = None,
        subject_key_identifier: bytes | None = None,
        issuer_serial: tuple[str, int] | None = None,
    ) -> tuple[Certificate, ...]:
        """Find the known certificates that a reference in a message names, without duplicates.

        Searched are keys, partners, their chains, intermediates and anchors. More than one result
        means that the reference is ambiguous. Exactly one argument is given.

        Args:
            thumbprint: SHA-1 (20 bytes) or SHA-256 (32 bytes) of the DER.
            subject_key_identifier: Value of the extension, or of the computed one.
            issuer_serial: Issuer name as the peer wrote it, and the serial number.
        """
        if thumbprint is not None:
            return self._by_identifier.get(("thumbprint", thumbprint), ())
        if subject_key_identifier is not None:
            return self._by_identifier.get(("key", subject_key_identifier), ())
        if issuer_serial is not None:
            issuer, serial = issuer_serial
            candidates = self._by_serial.get(serial, ())
            return tuple(item for item in candidates if item.matches_issuer_serial(issuer, serial))
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
        entries: tuple[KeyEntry | PartnerEntry, ...] = (
            *self.keys.values(),
            *self.partners.values(),
        )
        for entry in entries:
            found.update(dict.fromkeys((entry.certificate, *entry.chain)))
        found.update(dict.fromkeys(self.trust.intermediates + self.trust.anchors))
        return tuple(found)

    @cached_property
    def _by_identifier(self) -> dict[tuple[str, bytes], tuple[Certificate, ...]]:
        index: dict[tuple[str, bytes], tuple[Certificate, ...]] = {}
        for item in self.certificates:
            for key in (
                ("thumbprint", item.thumbprint),
                ("thumbprint", bytes.fromhex(item.thumbprint_sha256)),
                ("key", item.subject_key_identifier),
            ):
                index[key] = (*index.get(key, ()), item)
        return index

    @cached_property
    def _by_serial(self) -> dict[int, tuple[Certificate, ...]]:
        index: dict[int, tuple[Certificate, ...]] = {}
        for item in self.certificates:
            index[item.serial_number] = (*index.get(item.serial_number, ()), item)
        return index

    @cached_property
    def _key_by_certificate(self) -> dict[Certificate, KeyEntry]:
        return {entry.certificate: entry for entry in reversed(tuple(self.keys.values()))}

    @cached_property
    def _partner_by_certificate(self) -> dict[Certificate, PartnerEntry]:
        return {entry.certificate: entry for entry in reversed(tuple(self.partners.values()))}

    def _not_found(
        self,
        problem: str,
        *,
        alias: str | None,
        entries: Iterable[KeyEntry | PartnerEntry],
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
        return f"<Snapshot: keys {sorted(self.keys)}, partners {sorted(self.partners)}, {self.trust!r}>"

    def __reduce__(self) -> NoReturn:
        raise KeyMaterialError(
            "A snapshot of a keystore is not pickled: its private keys would leave the process.",
            hint="Let each process load its own keystore.",
        )
