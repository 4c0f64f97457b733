"""Two generations of keys of a client and its partner: the old ones end in July, the new ones began in May."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache

from zeep_wssec import Keystore
from zeep_wssec.keys.certificate import Certificate
from zeep_wssec.testing.authority import Authority, Issued

NOW = datetime(2027, 6, 1, 12, 0, tzinfo=UTC)
DAY = datetime(2027, 6, 15, 6, 0, tzinfo=UTC)
"""When the new keys take over."""
BEFORE, AFTER = DAY - timedelta(seconds=1), DAY
OLD_ENDS = datetime(2027, 7, 31, tzinfo=UTC)
LATER = datetime(2027, 9, 1, tzinfo=UTC)
"""The old certificates have expired."""


@dataclass(frozen=True)
class Generations:
    """The keys of one party."""

    old: Issued
    new: Issued
    other: Issued
    """Somebody else's."""

    def store(self, alias: str, *, when: datetime | None = None) -> Keystore:
        """Give both key pairs under one alias; the new one with a date if one is given."""
        new = self.new.keystore(alias)
        return self.old.keystore(alias).merge(new if when is None else new.signing_from(when))

    def known_as(self, alias: str, store: Keystore, *, when: datetime | None = None) -> Keystore:
        """Give a keystore that knows the party by both certificates."""
        store = store.with_partner(alias, self.old.certificate)
        return store.with_partner(alias, self.new.certificate, encrypt_from=when)


@cache
def authority() -> Authority:
    """Who issued all of them."""
    return Authority.create("CN=Root", now=NOW, key="ec-p256")


@cache
def generations(name: str) -> Generations:
    """The keys of a party; the subject stays the same."""
    old = authority().issue(
        f"CN={name}", not_after=OLD_ENDS, not_before=datetime(2026, 8, 1, tzinfo=UTC)
    )
    new = authority().issue(f"CN={name}", not_before=datetime(2027, 5, 1, tzinfo=UTC))
    return Generations(old, new, authority().issue("CN=somebody else"))


def signer_at(store: Keystore, when: datetime, alias: str = "client") -> Certificate:
    """Give the certificate of the key that signs at a moment."""
    return store.snapshot().require_key(alias, now=when).certificate


def recipient_at(store: Keystore, when: datetime, alias: str = "service") -> Certificate:
    """Give the certificate that is encrypted to at a moment."""
    return store.snapshot().require_certificate(alias, now=when)
