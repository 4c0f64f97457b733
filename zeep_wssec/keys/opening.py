"""How a keystore is opened: its passwords, which of its entries are wanted, what belongs to them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self, TypedDict

from zeep_wssec.errors import KeyLoadError, KeyNotFoundError
from zeep_wssec.keys.certificate import Certificate
from zeep_wssec.keys.content import KeystoreContent
from zeep_wssec.keys.secrets import Secret, as_secret, describe_origin
from zeep_wssec.keys.trust import CertificateSource, load_certificates

Password = Secret | str | bytes
"""A password, or where it is kept."""


class OpeningOptions(TypedDict, total=False):
    """What every method that loads keys takes by name."""

    password: Password | None
    """Of the file, or of the private keys in PEM."""
    key_password: Password | Mapping[str, Password] | None
    """Of the private keys, when it differs; by alias, when each has its own."""
    alias: str | None
    """Name for the key pair; refused when there are several."""
    only: Sequence[str] | None
    """Aliases of the entries to load, as the file has them; unset: all."""
    certificates: CertificateSource | Sequence[CertificateSource]
    """Certificates for keys that come without, and those above them; each finds its key."""


@dataclass(frozen=True, kw_only=True, repr=False)
class Opening:
    """What the owner says of a keystore; passwords are read when it is opened, not before."""

    password: Secret | None = None
    key_password: Secret | None = None
    key_passwords: Mapping[str, Secret] = field(default_factory=dict)
    """By alias."""
    alias: str | None = None
    only: tuple[str, ...] | None = None
    certificates: CertificateSource | Sequence[CertificateSource] = ()

    @classmethod
    def of(
        cls,
        password: Password | None = None,
        key_password: Password | Mapping[str, Password] | None = None,
        alias: str | None = None,
        only: Sequence[str] | None = None,
        certificates: CertificateSource | Sequence[CertificateSource] = (),
    ) -> Self:
        """Take what callers give; see ``OpeningOptions``.

        Raises:
            KeyLoadError: A password is neither Secret nor str nor bytes, or ``only`` is no list.
        """
        by_alias = dict(key_password) if isinstance(key_password, Mapping) else {}
        shared = None if isinstance(key_password, Mapping) else key_password
        if isinstance(only, str) or (only is not None and not only):
            raise KeyLoadError("only is a list of aliases that is not empty.")
        return cls(
            password=as_secret(password),
            key_password=as_secret(shared),
            key_passwords={name: _required(secret) for name, secret in by_alias.items()},
            alias=alias,
            only=None if only is None else tuple(only),
            certificates=certificates,
        )

    def wants(self, alias: str | None, *, ignore_case: bool = False) -> bool:
        """Tell whether an entry is to be loaded; one without a name is, until it has one."""
        if self.only is None or alias is None:
            return True
        return any(_same(name, alias, ignore_case) for name in self.only)

    def password_of_key(self, alias: str | None, *, ignore_case: bool = False) -> Secret | None:
        """Give the password of one key: its own, that of all keys, or that of the file."""
        for name, secret in self.key_passwords.items():
            if alias is not None and _same(name, alias, ignore_case):
                return secret
        return self.key_password or self.password

    def load_certificates(self) -> tuple[Certificate, ...]:
        """Read the certificates that were given beside the source.

        Raises:
            KeyLoadError: One cannot be read.
        """
        return load_certificates(self.certificates, what="a certificate for a key")

    def describe(self) -> str:
        """Say where the passwords came from, as a hint for one that does not open; never a value."""
        return describe_origin(self.password, self.key_password, *self.key_passwords.values())

    def select(
        self, content: KeystoreContent, *, source: str, ignore_case: bool = False
    ) -> KeystoreContent:
        """Give the wanted part of what was loaded, its only key pair under the name it is to have.

        Raises:
            KeyNotFoundError: Nothing has a name that is wanted.
            KeyLoadError: ``alias`` is given, and there are several key pairs.
        """
        if self.only is not None:
            content = self._selected(content, source=source, ignore_case=ignore_case)
        if self.alias is None:
            return content
        names = [entry.alias for entry in content.keys]
        if len(names) != 1:
            raise KeyLoadError(
                f"{source}: alias={self.alias!r} names one key pair, but there are {len(names)}: {names}.",
                hint="Load it without alias, then use renamed(old, new); or say only=[…].",
                source=source,
            )
        return replace(content, keys=(replace(content.keys[0], alias=self.alias),))

    def _selected(
        self, content: KeystoreContent, *, source: str, ignore_case: bool
    ) -> KeystoreContent:
        groups: dict[str, Any] = {}
        existing = list(content.left_out)
        for name in ("keys", "partners", "secrets"):
            held = getattr(content, name)
            existing += [entry.alias for entry in held]
            groups[name] = tuple(
                entry for entry in held if self.wants(entry.alias, ignore_case=ignore_case)
            )
        for name in self.only or ():
            if not any(_same(name, alias, ignore_case) for alias in existing):
                raise KeyNotFoundError(
                    f"{source}: there is no entry {name!r}.",
                    hint=f"Loaded could be: {', '.join(map(repr, sorted(existing))) or 'nothing'}.",
                    alias=name,
                    existing=existing,
                )
        return replace(content, **groups)


def _required(value: Password) -> Secret:
    secret = as_secret(value)
    if secret is None:
        raise KeyLoadError("A password by alias is Secret, str or bytes, not None.")
    return secret


def _same(wanted: str, alias: str, ignore_case: bool) -> bool:
    return wanted == alias or (ignore_case and wanted.casefold() == alias.casefold())
