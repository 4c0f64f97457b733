"""A keystore in a file, in an environment variable, or as the bytes themselves."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from zeep_wssec.keys.content import KeystoreContent
from zeep_wssec.keys.files import Source, describe_source, read_source
from zeep_wssec.keys.keystore_file import WHAT, read_keystore, read_variable
from zeep_wssec.keys.opening import Opening


class FileContent:
    """A file; a relative path starts at the folder of the first reading."""

    def __init__(self, path: Source, opening: Opening) -> None:
        self._path, self._opening = path, opening
        self._name = describe_source(path)

    def fetch(self) -> bytes:
        """Give its octets."""
        data = read_source(self._path, what=WHAT)
        if isinstance(self._path, str | os.PathLike):
            self._path = Path(self._path).absolute()
        return data

    def digest(self, fetched: bytes) -> bytes:
        """Give the SHA-256 of its octets."""
        return hashlib.sha256(fetched).digest()

    def read(self, fetched: bytes) -> KeystoreContent:
        """Read it as whatever its octets look like."""
        return read_keystore(fetched, self._opening, source=self._name)


class VariableContent:
    """An environment variable with a PEM text, or with any keystore in base64."""

    def __init__(self, variable: str, opening: Opening) -> None:
        self._variable, self._opening = variable, opening

    def fetch(self) -> bytes:
        """Give the octets that it stands for."""
        return read_source(read_variable(self._variable), what=WHAT)

    def digest(self, fetched: bytes) -> bytes:
        """Give the SHA-256 of these octets."""
        return hashlib.sha256(fetched).digest()

    def read(self, fetched: bytes) -> KeystoreContent:
        """Read them as whatever they look like."""
        source = f"the environment variable {self._variable}"
        return read_keystore(fetched, self._opening, source=source)
