"""How a keystore is opened: its passwords, and the name of its only key pair."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from zeep_wssec.keys.secrets import Secret, as_secret, describe_origin

Password = Secret | str | bytes
"""A password, or where it is kept."""


@dataclass(frozen=True, kw_only=True, repr=False)
class Opening:
    """What the owner says of a keystore; passwords are read when it is opened, not before."""

    password: Secret | None = None
    """Of the file, or of the private key in PEM."""
    key_password: Secret | None = None
    """Of the private keys, when it differs."""
    alias: str | None = None
    """Name for the key pair; refused when there are several."""

    @classmethod
    def of(
        cls,
        password: Password | None = None,
        *,
        key_password: Password | None = None,
        alias: str | None = None,
    ) -> Self:
        """Take passwords as callers give them.

        Raises:
            KeyLoadError: One is neither Secret nor str nor bytes.
        """
        return cls(password=as_secret(password), key_password=as_secret(key_password), alias=alias)

    def describe(self) -> str:
        """Say where the passwords came from, as a hint for one that does not open; never a value."""
        return describe_origin(self.password, self.key_password)
