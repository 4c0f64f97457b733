"""The certificates of a partner, in files or given."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from zeep_wssec.keys.content import KeystoreContent
from zeep_wssec.keys.entries import PartnerEntry
from zeep_wssec.keys.files import read_source, shown_path, stamps_of
from zeep_wssec.keys.pem import order_chain
from zeep_wssec.keys.trust import (
    CertificateSource,
    load_certificates,
    load_partner_certificates,
)


def load_partner(
    alias: str,
    certificate: CertificateSource | Sequence[CertificateSource],
    *,
    anchors: CertificateSource | Sequence[CertificateSource] | None,
    encrypt_from: datetime | None,
    names: Sequence[str] = (),
) -> tuple[PartnerEntry, ...]:
    """Load the certificates of a partner, each with its chain; see ``Keystore.with_partner``.

    Args:
        alias: Name of the partner.
        certificate: One source or several.
        anchors: Its CAs.
        encrypt_from: When it takes over.
        names: What to call the sources in errors, where their octets do not tell.

    Raises:
        KeyLoadError: A source holds no certificate, or an anchor is no CA.
    """
    found = load_partner_certificates(certificate, alias=alias, names=names)
    given = () if anchors is None else load_certificates(anchors, what=f"the anchors of {alias!r}")
    return tuple(
        PartnerEntry(
            alias,
            certificate=leaf,
            chain=order_chain(leaf, rest),
            anchors=given,
            encrypt_from=encrypt_from,
            listed=index > 0,
        )
        for index, (leaf, rest) in enumerate(found)
    )


class PartnerFiles:
    """Files with the certificates of one partner; those with its CAs are read once."""

    def __init__(
        self,
        alias: str,
        paths: Sequence[Path],
        *,
        anchors: Sequence[Path] = (),
        encrypt_from: datetime | None = None,
    ) -> None:
        self._alias, self._encrypt_from = alias, encrypt_from
        self._paths = tuple(path.absolute() for path in paths)
        self._anchors = load_certificates(anchors, what=f"the anchors of {alias!r}")

    def stamp(self) -> object:
        """Give what changes with one of the files, without reading any."""
        return stamps_of(self._paths)

    def fetch(self) -> tuple[bytes, ...]:
        """Give the octets of each file."""
        what = f"the certificate of {self._alias!r}"
        return tuple(read_source(path, what=what) for path in self._paths)

    def digest(self, fetched: tuple[bytes, ...]) -> bytes:
        """Give one digest over those of the files."""
        each = (hashlib.sha256(item).digest() for item in fetched)
        return hashlib.sha256(b"".join(each)).digest()

    def read(self, fetched: tuple[bytes, ...]) -> KeystoreContent:
        """Read each as one certificate with its chain."""
        entries = load_partner(
            self._alias,
            fetched,
            anchors=self._anchors or None,
            encrypt_from=self._encrypt_from,
            names=[shown_path(path) for path in self._paths],
        )
        return KeystoreContent(partners=entries)
