"""Certificates found by what a message says of them; each way has its own index."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import TypeVar

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization

from zeep_wssec.forks import cached_property
from zeep_wssec.keys.certificate import Certificate
from zeep_wssec.keys.name_text import read_name_text
from zeep_wssec.keys.names import CanonicalName

MAX_PUBLIC_KEY_BYTES = 16 * 1024
"""Longest public key looked for; one of RSA with 8192 bits has about a kilobyte."""

_Key = TypeVar("_Key", bound=Hashable)
_Found = tuple[Certificate, ...]


class KnownCertificates:
    """A set of certificates; every answer has all that fit, in the order they were given in."""

    def __init__(self, certificates: Iterable[Certificate]) -> None:
        self._certificates = tuple(dict.fromkeys(certificates))

    def by_thumbprint(self, thumbprint: bytes) -> _Found:
        """Find by SHA-1 or SHA-256 of the DER."""
        return self._by_thumbprint.get(thumbprint, ())

    def by_key_identifier(self, identifier: bytes) -> _Found:
        """Find by the subject key identifier, that of the extension or the computed one."""
        return self._by_key_identifier.get(identifier, ())

    def by_issuer_serial(self, issuer: str, serial: int) -> _Found:
        """Find by issuer, as a peer wrote it, and serial number."""
        candidates = self._by_serial.get(serial, ())
        return tuple(item for item in candidates if item.matches_issuer_serial(issuer, serial))

    def by_subject(self, name: str) -> _Found:
        """Find by the whole subject, as a peer wrote it; an empty subject is never found."""
        found = (self._by_subject.get(given, ()) for given in read_name_text(name))
        return tuple(dict.fromkeys(item for items in found for item in items))

    def by_public_key(self, public_key: bytes) -> _Found:
        """Find by DER ``SubjectPublicKeyInfo``, in whichever of its encodings."""
        if len(public_key) > MAX_PUBLIC_KEY_BYTES:
            return ()
        # A key that cannot be used is found when its bytes are the same.
        with contextlib.suppress(ValueError, TypeError, Warning, UnsupportedAlgorithm):
            public_key = serialization.load_der_public_key(public_key).public_bytes(
                serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
            )
        return self._by_public_key.get(public_key, ())

    @cached_property
    def _by_thumbprint(self) -> Mapping[bytes, _Found]:
        return self._index(lambda item: (item.thumbprint, bytes.fromhex(item.thumbprint_sha256)))

    @cached_property
    def _by_key_identifier(self) -> Mapping[bytes, _Found]:
        return self._index(lambda item: (item.subject_key_identifier,))

    @cached_property
    def _by_serial(self) -> Mapping[int, _Found]:
        return self._index(lambda item: (item.serial_number,))

    @cached_property
    def _by_subject(self) -> Mapping[CanonicalName, _Found]:
        return self._index(lambda item: (item.canonical_subject,))

    @cached_property
    def _by_public_key(self) -> Mapping[bytes, _Found]:
        return self._index(lambda item: (item.public_key_der,))

    def _index(self, keys_of: Callable[[Certificate], tuple[_Key, ...]]) -> dict[_Key, _Found]:
        index: dict[_Key, _Found] = {}
        for item in self._certificates:
            for key in keys_of(item):
                index[key] = (*index.get(key, ()), item)
        return index
