"""A keystore in a file, in an environment variable, or as the bytes themselves."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from zeep_wssec.keys.certificate import Certificate
from zeep_wssec.keys.content import KeystoreContent
from zeep_wssec.keys.files import Source, describe_source, read_source, stamps_of
from zeep_wssec.keys.keystore_file import (
    WHAT,
    KeystoreKind,
    check_kind,
    read_keystore,
    read_variable,
)
from zeep_wssec.keys.opening import Opening

Octets = tuple[bytes, tuple[Certificate, ...]]
"""The octets of a keystore, and the certificates that were given beside it."""


class OctetsContent:
    """A keystore whose octets come from somewhere; a subclass says from where."""

    def __init__(self, opening: Opening, *, name: str, kind: KeystoreKind | None = None) -> None:
        check_kind(kind)
        self._opening, self._name, self._kind = opening, name, kind

    def octets(self) -> bytes:
        """Give the octets of the keystore."""
        raise NotImplementedError

    def fetch(self) -> Octets:
        """Give the octets, and the certificates that belong to them."""
        return self.octets(), self._opening.load_certificates()

    def digest(self, fetched: Octets) -> bytes:
        """Give one SHA-256 over octets and certificates."""
        whole = hashlib.sha256(hashlib.sha256(fetched[0]).digest())
        for certificate in fetched[1]:
            whole.update(hashlib.sha256(certificate.der).digest())
        return whole.digest()

    def read(self, fetched: Octets) -> KeystoreContent:
        """Read the octets as whatever they look like."""
        data, certificates = fetched
        return read_keystore(
            data, self._opening, source=self._name, kind=self._kind, certificates=certificates
        )


class FileContent(OctetsContent):
    """A file; a relative path starts at the folder of the first reading."""

    def __init__(self, path: Source, opening: Opening, *, kind: KeystoreKind | None = None) -> None:
        super().__init__(opening, name=describe_source(path), kind=kind)
        self._path = path

    def octets(self) -> bytes:
        """Give the octets of the file."""
        data = read_source(self._path, what=WHAT)
        if isinstance(self._path, str | os.PathLike):
            self._path = Path(self._path).absolute()
        return data

    def stamp(self) -> object:
        """Give what changes with the file or a certificate beside it, without reading them."""
        return stamps_of(self._path, self._opening.certificates)


class VariableContent(OctetsContent):
    """An environment variable with a text (PEM, JSON), or with any keystore in base64."""

    def __init__(self, variable: str, opening: Opening, *, kind: KeystoreKind | None) -> None:
        super().__init__(opening, name=f"the environment variable {variable}", kind=kind)
        self._variable = variable

    def octets(self) -> bytes:
        """Give the octets that the variable stands for."""
        return read_source(read_variable(self._variable), what=WHAT)
