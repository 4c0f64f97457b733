"""A folder with key pairs in PEM files, as mounted secrets and web servers have them."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from zeep_wssec.errors import KeyLoadError, KeyMaterialError, WrongPasswordError
from zeep_wssec.keys.certificate import Certificate
from zeep_wssec.keys.content import KeystoreContent
from zeep_wssec.keys.files import Source, read_file, require_path, shown_path, stamps_of
from zeep_wssec.keys.keystore_file import KeystoreKind
from zeep_wssec.keys.opening import Opening
from zeep_wssec.keys.pem_bundle import NamedText, load_bundle
from zeep_wssec.keys.secrets import without_frames
from zeep_wssec.keys.sources.file import FileContent

SUFFIXES = frozenset({".pem", ".key", ".crt", ".cer", ".cert", ".der"})
"""Names of files that are read; any other is left alone."""
MAX_FILES = 500
MAX_ALL_BYTES = 16 * 1024 * 1024
_WHAT = "a folder with PEM files"

Files = tuple[tuple[tuple[str, bytes], ...], tuple[Certificate, ...]]
"""File names with their octets, and the certificates that were given beside them."""


class FolderContent:
    """The PEM files of one folder, not of those below it; a key is called what its file is called."""

    def __init__(self, path: str | os.PathLike[str], opening: Opening) -> None:
        self._path = Path(require_path(path, what=_WHAT)).absolute()
        self._name, self._opening = shown_path(path), opening

    def stamp(self) -> object:
        """Give what changes with a file that is read, or with which of them there are; none is read."""
        try:
            names = self._names()
        except OSError:
            return None
        paths = tuple(self._path / name for name in names)
        stamps = stamps_of(paths, self._opening.certificates)
        return None if stamps is None else (tuple(names), stamps)

    def _names(self) -> list[str]:
        return sorted(
            entry.name
            for entry in os.scandir(self._path)
            if Path(entry.name).suffix.lower() in SUFFIXES and entry.is_file()
        )

    def fetch(self) -> Files:
        """Give names and octets of the files, in the order of their names."""
        try:
            names = self._names()
        except OSError as error:
            raise KeyLoadError(
                f"{self._name}: {_WHAT} cannot be read: {error.strerror}.", source=self._name
            ) from None
        if not names or len(names) > MAX_FILES:
            raise KeyLoadError(
                f"{self._name}: {len(names)} files with keys or certificates; 1 to {MAX_FILES} expected.",
                hint=f"Read are {', '.join(sorted(SUFFIXES))}.",
                source=self._name,
            )
        files, left = [], MAX_ALL_BYTES
        for name in names:
            data = read_file(self._path / name, what="a PEM file", limit=left)
            left -= len(data)
            files.append((name, data))
        return tuple(files), self._opening.load_certificates()

    def digest(self, fetched: Files) -> bytes:
        """Give one digest over names and octets."""
        whole = hashlib.sha256()
        for name, data in fetched[0]:
            whole.update(hashlib.sha256(os.fsencode(name)).digest())
            whole.update(hashlib.sha256(data).digest())
        for certificate in fetched[1]:
            whole.update(hashlib.sha256(certificate.der).digest())
        return whole.digest()

    def read(self, fetched: Files) -> KeystoreContent:
        """Pair the keys with their certificates, wherever these are."""
        files = [
            NamedText(name=Path(name).stem, data=data, source=f"{self._name}/{name}")
            for name, data in fetched[0]
        ]
        try:
            return load_bundle(files, self._opening, certificates=fetched[1], source=self._name)
        except KeyMaterialError as error:
            if isinstance(error, WrongPasswordError):
                error.hint = error.hint or self._opening.describe()
            del files, fetched
            raise without_frames(error)  # noqa: B904  # it is the same error


def path_content(
    path: Source, opening: Opening, *, kind: KeystoreKind | None = None
) -> FileContent | FolderContent:
    """Give the source for a path: a file, or a folder of PEM files."""
    if isinstance(path, str | os.PathLike) and kind in (None, "pem") and _is_folder(path):
        return FolderContent(path, opening)
    return FileContent(path, opening, kind=kind)


def _is_folder(path: str | os.PathLike[str]) -> bool:
    try:
        return Path(path).is_dir()
    except (OSError, ValueError):
        return False
