"""What we send: frozen data, checked when it is made, in the words of the specifications and of profile files."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from types import MappingProxyType
from typing import Any, Literal, TypeVar, get_args

from zeep_wssec.errors import LegacyAlgorithmError, ProfileError
from zeep_wssec.keys.secrets import Secret
from zeep_wssec.soap.namespaces import ULTIMATE_RECEIVER
from zeep_wssec.xmlcrypto import algorithms
from zeep_wssec.xmlcrypto.algorithms import (
    Canonicalization,
    DataCipher,
    Digest,
    KeyTransport,
    MaskGeneration,
    SignatureMethod,
)
from zeep_wssec.xmlcrypto.c14n import is_listable_prefix

_URI = re.compile(r"[\x21-\x7e]{1,1000}")
KeyReference = Literal[
    "binary_token",
    "issuer_serial",
    "subject_key_identifier",
    "thumbprint",
    "x509_key_identifier",
    "x509_data",
]
Layout = Literal["strict", "lax", "timestamp_first", "timestamp_last"]
Precision = Literal["seconds", "milliseconds"]
PasswordType = Literal["digest", "text", "none"]
_Item = TypeVar(
    "_Item", Digest, SignatureMethod, DataCipher, KeyTransport, MaskGeneration, Canonicalization
)


@dataclass(frozen=True, kw_only=True)
class Timestamp:
    """Write ``wsu:Timestamp``, made anew for each message."""

    ttl_seconds: int = 300
    """Expires minus Created. 300: what WSS4J sends and what most services allow."""
    precision: Precision = "milliseconds"
    """Digits of the time. Some services refuse fractions of a second."""

    def __post_init__(self) -> None:
        check_number("ttl_seconds", self.ttl_seconds, minimum=1)
        check_choice("precision", self.precision, Precision)


@dataclass(frozen=True, kw_only=True)
class UsernameToken:
    """Write ``wsse:UsernameToken``."""

    username: str
    password: Secret | str | bytes | None = field(default=None, repr=False)
    """May be left out with ``password_type = "none"`` only."""
    password_type: PasswordType = "digest"
    """``"digest"``: Base64(SHA-1(nonce + created + password)); ``"text"``: readable, so over TLS only."""
    nonce: bool | None = None
    """Whether to send 16 random bytes. Unset: with a digest only, which needs them."""
    created: bool | None = None
    """Whether to send the time. Unset: with a digest only."""
    precision: Precision = "milliseconds"

    def __post_init__(self) -> None:
        if not isinstance(self.username, str) or not self.username:
            raise ProfileError("A user name is needed.", path="username")
        if not isinstance(self.password, Secret | str | bytes | None):
            found = type(self.password).__name__
            raise ProfileError(f"A password is Secret, str or bytes, not {found}.", path="password")
        if self.password is not None and not isinstance(self.password, Secret):
            object.__setattr__(self, "password", Secret.of(self.password))
        check_choice("password_type", self.password_type, PasswordType)
        check_choice("precision", self.precision, Precision)
        if self.password_type == "none" and self.password is not None:
            raise ProfileError('A password is given, yet password_type is "none".', path="password")
        if self.password_type != "none" and self.password is None:
            raise ProfileError(
                f"password_type {self.password_type!r} needs a password.", path="password"
            )
        if self.password_type == "digest" and False in (self.nonce, self.created):
            raise ProfileError("A digest is made of nonce and created.", path="password_type")


@dataclass(frozen=True, kw_only=True)
class Signature:
    """Write ``ds:Signature`` over parts of the message."""

    key: str | None = None
    """Alias of the key pair; unset: the only one of the keystore."""
    parts: Sequence[str] = ("body", "timestamp?")
    """What is covered; a trailing ``?`` marks a part that may be missing."""
    algorithm: str | None = None
    """``"rsa-sha256"``, ``"ecdsa-sha384"``, …; unset: SHA-256 with the scheme of the key."""
    digest: str = "sha256"
    key_reference: KeyReference = "binary_token"
    inclusive_prefixes: Sequence[str] | Literal["auto"] = "auto"
    """PrefixList of every reference. ``"auto"``: the prefixes inside ``xsi:type`` values."""
    canonicalization: str = "exc-c14n"
    """Canonical form of SignedInfo: ``"exc-c14n"``, ``"c14n"``, ``"c14n11"``, each also with ``-comments``."""
    part_canonicalization: str = "exc-c14n"
    """Canonical form of the parts. Inclusive forms break when a message is put into another envelope."""
    str_transform: bool = False
    """Sign the part ``token`` through the reference to it (STR-Transform), so that it may be anywhere."""
    legacy: Mapping[str, str] = field(default_factory=dict)
    """Opt-ins with their reasons: ``{"sha1": "their gateway knows nothing else"}``."""

    def __post_init__(self) -> None:
        _freeze(self, "parts", "inclusive_prefixes")
        _freeze_legacy(self)
        check_choice("key_reference", self.key_reference, KeyReference)
        if not self.parts:
            raise ProfileError("A signature must cover something.", path="parts")
        _ = (self.digest_method, self.signature_method, self.form, self.part_form)
        for prefix in self.inclusive_prefixes if self.inclusive_prefixes != "auto" else ():
            if not is_listable_prefix(prefix):
                raise ProfileError(f"{prefix!r} is not a prefix.", path="inclusive_prefixes")
        if self.str_transform and self.key_reference == "x509_data":
            raise ProfileError(
                "The STR-Transform needs a SecurityTokenReference, which x509_data does without.",
                path="str_transform",
            )

    @property
    def digest_method(self) -> Digest:
        """The digest of every reference."""
        item = _named("digest", self.digest, algorithms.DIGESTS_BY_NAME)
        return _allowed("digest", item, item.legacy, self.legacy)

    @property
    def form(self) -> Canonicalization:
        """The canonicalization of SignedInfo."""
        table = algorithms.CANONICALIZATIONS_BY_NAME
        return _named("canonicalization", self.canonicalization, table)

    @property
    def part_form(self) -> Canonicalization:
        """The canonicalization of the parts."""
        table = algorithms.CANONICALIZATIONS_BY_NAME
        return _named("part_canonicalization", self.part_canonicalization, table)

    @property
    def signature_method(self) -> SignatureMethod | None:
        """The signature method that is asked for, or ``None`` to go by the key."""
        if self.algorithm is None:
            return None
        item = _named("algorithm", self.algorithm, algorithms.SIGNATURE_METHODS_BY_NAME)
        return _allowed("algorithm", item, item.legacy, self.legacy)


@dataclass(frozen=True, kw_only=True)
class Encryption:
    """Write ``xenc:EncryptedKey`` and put ``xenc:EncryptedData`` in place of parts of the message."""

    recipients: Sequence[str]
    """Aliases whose certificates the content key is encrypted for."""
    parts: Sequence[str] = ("body",)
    """What is encrypted; of the Body its content."""
    algorithm: str = "aes256-gcm"
    key_transport: str = "rsa-oaep"
    digest: str = "sha256"
    """OAEP digest."""
    mgf: str = "sha256"
    """Digest of OAEP's MGF1; ``rsa-oaep-mgf1p`` has SHA-1 by definition."""
    key_reference: KeyReference = "issuer_serial"
    """How the recipient's certificate is named."""
    legacy: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _freeze(self, "recipients", "parts")
        _freeze_legacy(self)
        check_choice("key_reference", self.key_reference, KeyReference)
        if not self.recipients:
            raise ProfileError("An encryption needs a recipient.", path="recipients")
        if not self.parts:
            raise ProfileError("An encryption must cover something.", path="parts")
        _ = (self.cipher, self.transport, self.oaep_digest, self.mask)

    @property
    def cipher(self) -> DataCipher:
        """The content cipher."""
        return _named("algorithm", self.algorithm, algorithms.DATA_CIPHERS_BY_NAME)

    @property
    def transport(self) -> KeyTransport:
        """The key transport."""
        item = _named("key_transport", self.key_transport, algorithms.KEY_TRANSPORTS_BY_NAME)
        return _allowed("key_transport", item, item.legacy, self.legacy)

    @property
    def oaep_digest(self) -> Digest:
        """The OAEP digest; SHA-1 there is no legacy algorithm, since OAEP needs no collision resistance."""
        return _named("digest", self.digest, algorithms.OAEP_DIGESTS_BY_NAME)

    @property
    def mask(self) -> MaskGeneration:
        """The mask generation function."""
        name = "sha1" if self.transport.mgf_fixed else self.mgf
        return _named("mgf", name, algorithms.MASK_GENERATIONS_BY_NAME)


Step = Timestamp | UsernameToken | Signature | Encryption
"""One step of ``outbound``; run in the profile's order."""


@dataclass(frozen=True, kw_only=True)
class SecurityHeader:
    """How ``wsse:Security`` itself is written and which one of an answer is ours."""

    actor: str | None = None
    """SOAP 1.1 actor or 1.2 role; unset: the ultimate receiver."""
    must_understand: bool = True
    layout: Layout = "strict"
    """Order of the header's children, by the names of WS-SecurityPolicy. ``"strict"`` and ``"lax"``:
    each step in front of the one before it, tokens before their use; the others move the Timestamp."""
    extend: bool = False
    """Whether an envelope that already has our header is added to; unset, it is refused."""

    def __post_init__(self) -> None:
        check_choice("layout", self.layout, Layout)
        if self.actor is not None and (not self.actor or not _URI.fullmatch(self.actor)):
            raise ProfileError(f"{self.actor!r} is not a URI; leave it out for none.", path="actor")
        if self.actor == ULTIMATE_RECEIVER:
            object.__setattr__(self, "actor", None)


def check_choice(path: str, value: object, choices: Any) -> None:
    """Refuse a value that is none of a Literal's.

    Raises:
        ProfileError: With the choices.
    """
    allowed = get_args(choices)
    if value not in allowed:
        listed = ", ".join(f'"{item}"' for item in allowed)
        raise ProfileError(f"{value!r} is not one of {listed}.", path=path)


def check_number(path: str, value: object, *, minimum: int) -> None:
    """Refuse what is not a whole number of at least ``minimum``.

    Raises:
        ProfileError: With the bound.
    """
    if not isinstance(value, int) or isinstance(value, bool) or value < minimum:
        raise ProfileError(f"{value!r} is not a whole number of at least {minimum}.", path=path)


def frozen_texts(path: str, value: Iterable[str] | str) -> tuple[str, ...]:
    """Give a list of texts as a tuple; a lone text is a likely slip and refused.

    Raises:
        ProfileError: A text, or something else than texts inside.
    """
    if isinstance(value, str) or not isinstance(value, Iterable):
        raise ProfileError(f"A list is needed, not {value!r}.", path=path)
    texts = tuple(value)
    if not all(isinstance(item, str) for item in texts):
        raise ProfileError(f"A list of texts is needed, not {texts!r}.", path=path)
    return texts


def frozen_legacy(value: Mapping[str, str]) -> Mapping[str, str]:
    """Give opt-ins as a read-only mapping; each must be known and have a reason.

    Raises:
        ProfileError: An unknown name or an empty reason.
    """
    if not isinstance(value, Mapping):
        names = (
            [value] if isinstance(value, str) else value if isinstance(value, list | tuple) else []
        )
        name = next((item for item in names if item in algorithms.LEGACY), "sha1")
        raise ProfileError(
            'An opt-in needs its reason: { sha1 = "why" }.',
            hint=f'Write legacy={{"{name}": "why"}}, in a file legacy = {{ {name} = "why" }}.',
            path="legacy",
        )
    for name, reason in value.items():
        if name not in algorithms.LEGACY:
            known = ", ".join(algorithms.LEGACY)
            raise ProfileError(
                f"{name!r} is no legacy algorithm; known are {known}.", path="legacy"
            )
        if not isinstance(reason, str) or not reason.strip():
            raise ProfileError(f"The opt-in for {name!r} needs a reason.", path=f"legacy.{name}")
    return MappingProxyType(dict(value))


def _freeze(settings: object, *fields: str) -> None:
    for name in fields:
        value = getattr(settings, name)
        if not (name == "inclusive_prefixes" and value == "auto"):
            object.__setattr__(settings, name, frozen_texts(name, value))


def _freeze_legacy(settings: Signature | Encryption) -> None:
    object.__setattr__(settings, "legacy", frozen_legacy(settings.legacy))


def _named(path: str, name: str, table: Mapping[str, _Item]) -> _Item:
    try:
        return table[name]
    except (KeyError, TypeError):
        known = ", ".join(item.name for item in table.values() if not getattr(item, "legacy", ""))
        meant = _meant(name, table.values())
        raise ProfileError(
            f"{name!r} is not an algorithm here. Use one of {known}.",
            hint=f"Did you mean {meant}?" if meant else "",
            path=path,
        ) from None


def _meant(name: object, items: Iterable[_Item]) -> str:
    """Give the algorithm that was given by its URI or in another spelling, or an empty text."""
    if not isinstance(name, str):
        return ""
    spelt = {_plain(item.name): item.name for item in items}
    by_uri = {item.uri: item.name for item in items}
    found = by_uri.get(name.strip()) or spelt.get(_plain(name))
    return found or next((spelt[key] for key in get_close_matches(_plain(name), spelt, n=1)), "")


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _allowed(path: str, item: _Item, opt_in: str, legacy: Mapping[str, str]) -> _Item:
    if opt_in and opt_in not in legacy:
        raise LegacyAlgorithmError(
            f'"{item.name}" is legacy.',
            hint=f'Use a current one, or add legacy = {{ {opt_in} = "reason" }}.',
            path=path,
            algorithm=item.name,
            opt_in=opt_in,
        )
    return item
