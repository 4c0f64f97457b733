"""One key pair whose key, certificate and chain may be in files of their own."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence

from zeep_wssec.errors import KeyMaterialError, WrongPasswordError
from zeep_wssec.keys.content import KeystoreContent
from zeep_wssec.keys.files import Source, describe_source, read_source, stamps_of
from zeep_wssec.keys.opening import Opening
from zeep_wssec.keys.pem import load_pem
from zeep_wssec.keys.secrets import without_frames
from zeep_wssec.keys.trust import load_certificates


class PemPair:
    """The files of one key pair, each read whole."""

    def __init__(
        self,
        key: Source,
        opening: Opening,
        *,
        certificate: Source | None = None,
        chain: Source | Sequence[Source] = (),
    ) -> None:
        extra = [chain] if isinstance(chain, str | bytes | os.PathLike) else list(chain)
        self._key, self._opening = key, opening
        self._certificates = [*([] if certificate is None else [certificate]), *extra]

    def fetch(self) -> tuple[bytes, ...]:
        """Give the text with the key first, then one text for each certificate."""
        return (
            read_source(self._key, what="a private key in PEM"),
            *(
                item.pem
                for source in self._certificates
                for item in load_certificates(source, what="a certificate")
            ),
        )

    def stamp(self) -> object:
        """Give what changes with one of the files, without reading any."""
        return stamps_of(self._key, self._certificates)

    def digest(self, fetched: tuple[bytes, ...]) -> bytes:
        """Give one digest over those of the parts."""
        return hashlib.sha256(b"".join(map(_sha256, fetched))).digest()

    def read(self, fetched: tuple[bytes, ...]) -> KeystoreContent:
        """Make the pair of them."""
        secret, alias = self._opening.password, self._opening.alias
        try:
            entry = load_pem(
                fetched,
                password=secret.reveal() if secret else None,
                alias="key" if alias is None else alias,
                source=describe_source(self._key),
            )
        except KeyMaterialError as error:
            if isinstance(error, WrongPasswordError):
                error.hint = error.hint or self._opening.describe()
            raise without_frames(error)  # noqa: B904  # it is the same error
        return KeystoreContent(keys=(entry,))


def _sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()
