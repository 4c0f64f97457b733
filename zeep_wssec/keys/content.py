"""What a source of keys gives, and what every source looks like from above."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from zeep_wssec.keys.certificate import Certificate
from zeep_wssec.keys.entries import KeyEntry, PartnerEntry, SecretEntry
from zeep_wssec.keys.secrets import Secret
from zeep_wssec.keys.trust import TrustStore

Fetched = TypeVar("Fetched")


@dataclass(frozen=True, kw_only=True)
class KeystoreContent:
    """What one source of keys holds."""

    keys: tuple[KeyEntry, ...] = ()
    partners: tuple[PartnerEntry, ...] = ()
    secrets: tuple[SecretEntry, ...] = ()
    loose: tuple[Certificate, ...] = ()
    """Certificates without a name that belong to no key."""
    users: Mapping[str, Secret] = field(default_factory=dict)
    trust: TrustStore | None = None
    """Where a source is a keystore that has some; files have none."""
    left_out: tuple[str, ...] = ()
    """Aliases of entries that were not wanted, and so not opened."""


class ContentSource(Protocol[Fetched]):
    """A place that holds keys: a file, a folder, a token, a function.

    Read in two steps, so that what has not changed since is not read a second time: keys are loaded once,
    and messages that follow each other find the same entries.
    """

    def fetch(self) -> Fetched:
        """Give what is there now, not understood yet.

        Raises:
            KeyLoadError: There is nothing, or it cannot be reached.
        """

    def digest(self, fetched: Fetched) -> bytes:
        """Give what is equal as long as nothing changes, and tells nothing of a key."""

    def read(self, fetched: Fetched) -> KeystoreContent:
        """Understand it.

        Raises:
            KeyMaterialError: It cannot be used.
        """
