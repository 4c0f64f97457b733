"""Settings of the tokens and marks that a step puts into the header."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from zeep_wssec.errors import ProfileError
from zeep_wssec.keys.secrets import Secret, hides_frames_when_made
from zeep_wssec.settings.checks import check_choice, check_number, frozen_attributes

Precision = Literal["seconds", "milliseconds", "microseconds"]
PasswordType = Literal["digest", "text", "none"]
MAX_ITERATIONS = 100_000
"""Rounds of a key derivation; each reader bounds them, since they cost it time."""
_OFFSET = re.compile(r"Z|[+-](?:0\d|1[0-4]):[0-5]\d")


@dataclass(frozen=True, kw_only=True)
class Timestamp:
    """Write ``wsu:Timestamp``, made anew for each message."""

    ttl_seconds: int = 300
    """Expires minus Created. 300: what WSS4J sends and what most services allow."""
    precision: Precision = "milliseconds"
    """Digits of the time. Some services refuse fractions of a second."""
    offset: str = "Z"
    """``"Z"``: UTC, as BSP demands; ``"+02:00"``: the same moment written with this offset."""
    clock_offset_seconds: int = 0
    """How far the service's clock is ahead of ours (negative: behind)."""

    def __post_init__(self) -> None:
        check_number("ttl_seconds", self.ttl_seconds, minimum=1)
        _check_time(self.precision, self.offset, self.clock_offset_seconds)


@hides_frames_when_made
@dataclass(frozen=True, kw_only=True)
class UsernameToken:
    """Write ``wsse:UsernameToken``."""

    username: str
    password: Secret | str | bytes | None = field(default=None, repr=False)
    """May be left out with ``password_type = "none"`` only."""
    password_type: PasswordType = "digest"
    """``"digest"``: Base64(SHA-1(nonce + created + password)); ``"text"``: readable, so over TLS only."""
    password_hash: Literal["none", "sha1"] = "none"
    """``"sha1"``: the digest is made of the SHA-1 of the password, as some travel systems want it."""
    typed: bool = True
    """Whether Password says its Type; without one it is text."""
    nonce: bool | None = None
    """Whether to send 16 random bytes. Unset: with a digest only, which needs them."""
    created: bool | None = None
    """Whether to send the time. Unset: with a digest only."""
    precision: Precision = "milliseconds"
    offset: str = "Z"
    """As of a Timestamp."""
    clock_offset_seconds: int = 0
    """As of a Timestamp."""
    derive_for: Literal["none", "mac", "encryption"] = "none"
    """What a key is derived for from the password; later steps use it by ``name``. The password is not
    sent, so ``password_type`` must be ``"none"``."""
    iterations: int = 1000
    """Rounds of the derivation."""
    name: str = "username_token"
    """What later steps call the derived key."""

    def __post_init__(self) -> None:
        if not isinstance(self.username, str) or not self.username:
            raise ProfileError("A user name is needed.", path="username")
        if not isinstance(self.password, Secret | str | bytes | None):
            found = type(self.password).__name__
            raise ProfileError(f"A password is Secret, str or bytes, not {found}.", path="password")
        if self.password is not None and not isinstance(self.password, Secret):
            object.__setattr__(self, "password", Secret.of(self.password))
        check_choice("password_type", self.password_type, PasswordType)
        check_choice("password_hash", self.password_hash, Literal["none", "sha1"])
        check_choice("derive_for", self.derive_for, Literal["none", "mac", "encryption"])
        check_number("iterations", self.iterations, minimum=1000)
        if self.iterations > MAX_ITERATIONS:
            raise ProfileError(f"More than {MAX_ITERATIONS} rounds.", path="iterations")
        _check_time(self.precision, self.offset, self.clock_offset_seconds)
        self._check_password()

    def _check_password(self) -> None:
        derives = self.derive_for != "none"
        if derives and (self.password_type != "none" or self.password is None):
            raise ProfileError(
                "A key is derived from a password that is given and not sent.",
                hint='Write password_type = "none" and give the password.',
                path="derive_for",
            )
        if self.password_type == "none" and self.password is not None and not derives:
            raise ProfileError(
                'A password is given, yet password_type is "none".',
                hint='Add derive_for = "mac", or leave the password out.',
                path="password",
            )
        if self.password_type != "none" and self.password is None:
            raise ProfileError(
                f"password_type {self.password_type!r} needs a password.", path="password"
            )
        if self.password_type == "digest" and False in (self.nonce, self.created):
            raise ProfileError("A digest is made of nonce and created.", path="password_type")
        if self.password_type != "digest" and self.password_hash != "none":
            raise ProfileError("Only a digest is made of a hashed password.", path="password_hash")
        if self.password_type != "text" and not self.typed:
            raise ProfileError("A password without a Type is text.", path="typed")


@hides_frames_when_made
@dataclass(frozen=True, kw_only=True)
class BinaryToken:
    """Write a ``wsse:BinarySecurityToken`` that is no certificate: a session ticket, for example."""

    value_type: str
    """URI or name that says what it is; empty: none is said."""
    value: Secret | str | bytes = field(repr=False)
    """Text of the token, as the service gave it."""
    encoding_type: bool = True
    """Whether to say that the text is base64."""
    attributes: Mapping[str, str] = field(default_factory=dict)
    """Further attributes of the token: ``{ "prefix:name" = "value" }``."""

    def __post_init__(self) -> None:
        if not isinstance(self.value_type, str):
            raise ProfileError("A text is needed.", path="value_type")
        if not isinstance(self.value, Secret | str | bytes):
            found = type(self.value).__name__
            raise ProfileError(f"A token is Secret, str or bytes, not {found}.", path="value")
        if not isinstance(self.value, Secret):
            object.__setattr__(self, "value", Secret.of(self.value))
        object.__setattr__(self, "attributes", frozen_attributes(self.attributes))


@dataclass(frozen=True, kw_only=True)
class SecurityContext:
    """Write ``wsc:SecurityContextToken`` for a secret that both sides have already."""

    identifier: str
    """URI of the context."""
    key: str
    """Alias of the secret in the keystore."""
    version: Literal["1.3", "2005/02"] = "1.3"
    """Of WS-SecureConversation."""
    name: str = "security_context"
    """What later steps call the key."""

    def __post_init__(self) -> None:
        check_choice("version", self.version, Literal["1.3", "2005/02"])
        if not self.identifier:
            raise ProfileError("A context has an identifier.", path="identifier")


@dataclass(frozen=True, kw_only=True)
class SignatureConfirmation:
    """Write a ``wsse11:SignatureConfirmation`` for each signature of the request, or an empty one."""


def _check_time(precision: Precision, offset: str, clock_offset_seconds: int) -> None:
    check_choice("precision", precision, Precision)
    if not isinstance(offset, str) or not _OFFSET.fullmatch(offset):
        raise ProfileError(f'{offset!r} is not "Z" or an offset such as "+02:00".', path="offset")
    check_number("clock_offset_seconds", clock_offset_seconds, minimum=-86400)
