"""The keys of the rings in a home of GnuPG, and data in the form that its packets are read from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from zeep_wssec.errors import KeyLoadError
from zeep_wssec.payload.openpgp.gpg import GpgHome
from zeep_wssec.payload.openpgp.judging import BAD_PASSPHRASE
from zeep_wssec.payload.openpgp.packets import check_one_block, is_armored
from zeep_wssec.payload.openpgp.rings import RingKey, is_secret_ring, read_listing, read_ring
from zeep_wssec.payload.openpgp.settings import OpenPgpSettings
from zeep_wssec.payload.streams import PayloadReader, open_source, open_spool


@dataclass(frozen=True)
class LoadedRings:
    """A home with the keys of the rings."""

    home: GpgHome
    partners: tuple[RingKey, ...]
    own: tuple[RingKey, ...]

    @classmethod
    def load(cls, settings: OpenPgpSettings) -> Self:
        """Read all rings into a new home.

        Raises:
            KeyLoadError: A file is no ring of its kind.
            PayloadUsageError: GnuPG is not installed.
        """
        public = [read_ring(path, secret=False) for path in settings.public_rings]
        secret = [read_ring(path, secret=True) for path in settings.secret_rings]
        home = GpgHome(settings.gpg)
        try:
            for octets in public:
                _import(home, octets)
            partners = read_listing(home.listing(secret=False))
            for octets in secret:
                _import(home, octets)
            own = read_listing(home.listing(secret=True))
        except BaseException:
            home.close()
            raise
        return cls(home, partners, own)

    def opens(self, passphrase: bytes | None) -> bool:
        """Whether a passphrase opens our secret keys; GnuPG does not say so when it decrypts."""
        tried = (
            self.home.run("--dry-run", "--passwd", key.fingerprint, passphrase=passphrase)
            for key in self.own
        )
        return not any(outcome.errors & BAD_PASSPHRASE for outcome in tried)


def list_rings(paths: Sequence[Path], *, gpg: str = "gpg") -> Iterator[tuple[Path, RingKey]]:
    """Give the keys of each ring, public or secret, in the order of the files.

    Raises:
        KeyLoadError: A file is no ring.
        PayloadUsageError: GnuPG is not installed.
    """
    for path in paths:
        secret = is_secret_ring(path)
        settings = OpenPgpSettings(
            gpg=gpg, secret_rings=[path] if secret else [], public_rings=[] if secret else [path]
        )
        loaded = LoadedRings.load(settings)
        loaded.home.close()
        yield from ((path, key) for key in (loaded.own if secret else loaded.partners))


def _import(home: GpgHome, octets: bytes) -> None:
    with open_source(octets) as reader:
        outcome = home.run("--import", source=reader)
    results = outcome.all("IMPORT_RES")
    if not results or results[0][0] == "0":
        raise KeyLoadError("GnuPG finds no key in a ring that it can use.")


@contextmanager
def binary_form(source: PayloadReader, home: GpgHome) -> Iterator[PayloadReader]:
    """Give a reader of the binary form, at its start.

    Raises:
        PayloadMalformedError: It is text, and more than one block.
    """
    head = source.read(64)
    source.seek(0)
    if not is_armored(head):
        yield source
        return
    check_one_block(source)
    source.seek(0)
    with open_spool() as spool:
        home.run("--dearmor", source=source, sink=spool)
        yield spool.reader("the data given")
