"""Keystores as the commands about them see them: files and profiles that are read, PKCS#12 that is written."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path

from cryptography import x509

from zeep_wssec.cli.files import check_output, write_output
from zeep_wssec.cli.passwords import ask, require_new
from zeep_wssec.errors import KeyLoadError, KeyNotFoundError, WrongPasswordError
from zeep_wssec.keys.content import KeystoreContent
from zeep_wssec.keys.entries import KeyEntry, PartnerEntry
from zeep_wssec.keys.files import read_file
from zeep_wssec.keys.keystore import Keystore
from zeep_wssec.keys.keystore_file import WHAT, read_keystore
from zeep_wssec.keys.opening import Opening
from zeep_wssec.keys.secrets import Secret
from zeep_wssec.keys.sniff import is_pem, is_pkcs12


def open_store(name: str, secret: Secret | None) -> Keystore:
    """Open what a command looks at: a profile (``.toml``), a keystore file, or a folder of PEM files.

    Raises:
        ProfileError: The profile is wrong.
        KeyMaterialError: The keystore cannot be opened.
    """
    if name.lower().endswith(".toml"):
        from zeep_wssec.profile_file import load_plan

        return load_plan(name).keystore
    try:
        return Keystore.load(name, password=secret)
    except WrongPasswordError:
        if secret is not None:
            raise
    return Keystore.load(name, password=ask(name))


def open_to_look(name: str, secret: Secret | None) -> Keystore:
    """Open what is only shown: as ``open_store``, or certificates without a key, as a partner of the file's name.

    Raises:
        ProfileError: The profile is wrong.
        KeyMaterialError: There is nothing to show.
    """
    path = Path(name)
    if path.is_file() and _is_certificate(read_file(path, what=WHAT)):
        return Keystore().with_partner(path.stem, path)
    return open_store(name, secret)


def _is_certificate(data: bytes) -> bool:
    if is_pem(data):
        return b"CERTIFICATE-----" in data and b"PRIVATE KEY-----" not in data
    try:
        x509.load_der_x509_certificate(data)
    except ValueError:
        return False
    return True


@dataclass(frozen=True, kw_only=True, repr=False)
class Store:
    """A PKCS#12 file that a command changes: its content, and what it is written under."""

    name: str
    content: KeystoreContent
    password: bytes
    key_password: bytes | None = None
    sha256: bytes = b""
    """Of the file as it was read; empty for a new one."""

    @classmethod
    def open(cls, name: str, secret: Secret | None, key_secret: Secret | None = None) -> Store:
        """Read one that is there.

        Raises:
            KeyLoadError: It is none, or of another kind than PKCS#12.
            WrongPasswordError: It does not open.
        """
        check_output(name)
        data = read_file(name, what=WHAT)
        if not is_pkcs12(data):
            raise KeyLoadError(
                f"{name}: only PKCS#12 files are changed, and this is another kind.",
                hint="Merge it into a new one: zeep-wssec keystore merge NEW.p12 FILE.",
            )
        secret = secret or ask(name)
        opening = Opening.of(secret, key_password=key_secret)
        return cls(
            name=name,
            content=read_keystore(data, opening, source=name),
            password=secret.reveal(),
            key_password=None if key_secret is None else key_secret.reveal(),
            sha256=hashlib.sha256(data).digest(),
        )

    @classmethod
    def open_or_new(cls, name: str, secret: Secret | None, *, check: bool) -> Store:
        """Read one that is there, or begin one that is not."""
        check_output(name)
        if Path(name).exists():
            return cls.open(name, secret)
        password = require_new(secret, name, check=check)
        return cls(name=name, content=KeystoreContent(), password=password)

    def with_content(self, content: KeystoreContent) -> Store:
        """Give it with other content."""
        return replace(self, content=content)

    def require_key(self, alias: str | None) -> KeyEntry:
        """Give a key pair of it; without an alias the only one.

        Raises:
            KeyNotFoundError: There is no such one, or none is meant.
        """
        return Keystore(self.content.keys).snapshot().require_key(alias)

    def find(self, alias: str) -> KeyEntry | PartnerEntry | None:
        """Find the entry of that name."""
        entries: tuple[KeyEntry | PartnerEntry, ...] = (*self.content.keys, *self.content.partners)
        return next((entry for entry in entries if entry.alias == alias), None)

    def save(self) -> None:
        """Write it in one step, readable by its owner only; on failure the file is what it was.

        Raises:
            KeyLoadError: Somebody else has changed the file meanwhile.
        """
        from zeep_wssec.keys.pkcs12_writing import write_pkcs12

        data = write_pkcs12(self.content, self.password, key_password=self.key_password)
        path = Path(self.name)
        now = hashlib.sha256(read_file(path, what=WHAT)).digest() if path.exists() else b""
        if now != self.sha256:
            raise KeyLoadError(
                f"{self.name} has been changed by somebody else meanwhile; it is left as it is.",
                hint="Run the command again.",
            )
        write_output(self.name, data)


def require_entry(store: Keystore, alias: str | None) -> KeyEntry | PartnerEntry:
    """Give an entry with a certificate; without an alias the only key pair.

    Raises:
        KeyNotFoundError: There is no such one.
    """
    held = store.snapshot()
    if alias is not None and alias in held.partners:
        return held.partners[alias]
    try:
        return held.require_key(alias)
    except KeyNotFoundError as error:
        existing = [*held.keys, *held.partners]
        error.hint = f"There are: {', '.join(map(repr, existing)) or 'none'}."
        raise
