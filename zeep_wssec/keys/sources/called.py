"""A keystore that a function gives: from a vault, a database, or wherever a program keeps keys."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

from zeep_wssec.errors import KeyLoadError, WSSecError
from zeep_wssec.keys.callables import check_callable_name, import_callable
from zeep_wssec.keys.certificate import Certificate
from zeep_wssec.keys.content import KeystoreContent
from zeep_wssec.keys.files import read_source
from zeep_wssec.keys.keystore_file import WHAT, KeystoreKind, check_kind, read_keystore
from zeep_wssec.keys.opening import Opening
from zeep_wssec.keys.snapshot import Snapshot

Given = tuple[bytes | Snapshot, tuple[Certificate, ...]]


class CalledContent:
    """What a function without arguments gives: the octets of a keystore file, or a ``Keystore``."""

    def __init__(
        self,
        function: Callable[[], Any] | str,
        opening: Opening,
        *,
        kind: KeystoreKind | None = None,
    ) -> None:
        check_kind(kind)
        self._function, self._opening, self._kind = function, opening, kind
        if isinstance(function, str):
            self._name = f"what {check_callable_name(function)} gives"
        else:
            self._name = f"what {getattr(function, '__qualname__', type(function).__name__)} gives"

    def fetch(self) -> Given:
        """Call the function."""
        function = self._function
        if isinstance(function, str):
            function = self._function = import_callable(function)
        try:
            given = function()
        except WSSecError:
            raise
        except Exception as error:
            raise KeyLoadError(
                f"{self._name}: it failed with {type(error).__name__}.", source=self._name
            ) from error
        if isinstance(given, bytes):
            return read_source(given, what=WHAT), self._opening.load_certificates()
        snapshot = getattr(given, "snapshot", None)
        found = snapshot() if callable(snapshot) else None
        if not isinstance(found, Snapshot):
            raise KeyLoadError(
                f"{self._name} is {type(given).__name__}; bytes or a Keystore expected.",
                source=self._name,
            )
        return found, ()

    def digest(self, fetched: Given) -> bytes:
        """Give the SHA-256 of octets and certificates; a keystore is known by the object that it is."""
        given, certificates = fetched
        if isinstance(given, Snapshot):
            return f"{id(given)}".encode()
        whole = hashlib.sha256(hashlib.sha256(given).digest())
        for certificate in certificates:
            whole.update(hashlib.sha256(certificate.der).digest())
        return whole.digest()

    def read(self, fetched: Given) -> KeystoreContent:
        """Read the octets, or take over what the keystore holds."""
        given, certificates = fetched
        if isinstance(given, bytes):
            return read_keystore(
                given, self._opening, source=self._name, kind=self._kind, certificates=certificates
            )
        self._held = given  # as long as it lives, no other object has its id
        content = KeystoreContent(
            keys=given.key_entries,
            partners=given.partner_entries,
            secrets=tuple(given.secrets.values()),
            users=given.users,
            trust=given.shared_trust,
        )
        return self._opening.select(content, source=self._name)
