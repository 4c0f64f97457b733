"""Settings of a ``ds:Signature``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from zeep_wssec.errors import ProfileError
from zeep_wssec.settings.checks import (
    allowed,
    check_choice,
    check_number,
    frozen_legacy,
    frozen_texts,
    named,
)
from zeep_wssec.settings.references import WITHOUT_TOKEN_REFERENCE, DerivedKey, KeyReference
from zeep_wssec.xmlcrypto import algorithms
from zeep_wssec.xmlcrypto.algorithms import Canonicalization, Digest, SignatureMethod
from zeep_wssec.xmlcrypto.c14n import is_listable_prefix


@dataclass(frozen=True, kw_only=True)
class Signature:
    """Write ``ds:Signature`` over parts of the message."""

    key: str | None = None
    """Alias of the key pair or secret, or the name of a key that an earlier step made; unset: the only key
    pair of the keystore."""
    parts: Sequence[str] = ("body", "timestamp?")
    """What is covered; a trailing ``?`` marks a part that may be missing."""
    algorithm: str | None = None
    """``"rsa-sha256"``, ``"ecdsa-sha384"``, ``"hmac-sha256"``, …; unset: SHA-256 with the scheme of the key."""
    digest: str = "sha256"
    key_reference: KeyReference = "binary_token"
    include_token: bool = False
    """Whether the certificate's token is in the header even if ``key_reference`` names it otherwise."""
    typed_reference: bool = True
    """Whether a reference to the token says its ValueType, as BSP demands."""
    inclusive_prefixes: Sequence[str] | Literal["auto"] = "auto"
    """PrefixList of every reference. ``"auto"``: the prefixes inside ``xsi:type`` values."""
    part_prefixes: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """PrefixLists of single parts: ``{ body = ["soap"] }``; the keys are texts of ``parts``."""
    signed_info_prefixes: Sequence[str] = ()
    """PrefixList of SignedInfo's canonicalization."""
    canonicalization: str = "exc-c14n"
    """Canonical form of SignedInfo: ``"exc-c14n"``, ``"c14n"``, ``"c14n11"``, each also with ``-comments``."""
    part_canonicalization: str = "exc-c14n"
    """Canonical form of the parts. Inclusive forms break when a message is put into another envelope."""
    str_transform: bool = False
    """Sign the part ``token`` through the reference to it (STR-Transform), so that it may be anywhere."""
    derived_key: DerivedKey = "none"
    """Sign with a key that is derived from ``key``, by the version of WS-SecureConversation."""
    derived_key_bytes: int | None = None
    """Length of the derived key; unset: that of the HMAC's digest."""
    legacy: Mapping[str, str] = field(default_factory=dict)
    """Opt-ins with their reasons: ``{"sha1": "their gateway knows nothing else"}``."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "parts", frozen_texts("parts", self.parts))
        object.__setattr__(self, "legacy", frozen_legacy(self.legacy))
        check_choice("key_reference", self.key_reference, KeyReference)
        check_choice("derived_key", self.derived_key, DerivedKey)
        if self.derived_key_bytes is not None:
            check_number("derived_key_bytes", self.derived_key_bytes, minimum=16)
        if not self.parts:
            raise ProfileError("A signature must cover something.", path="parts")
        _ = (self.digest_method, self.signature_method, self.form, self.part_form)
        self._freeze_prefixes()
        if self.str_transform and self.key_reference in WITHOUT_TOKEN_REFERENCE:
            raise ProfileError(
                f"The STR-Transform needs a SecurityTokenReference, which {self.key_reference} does "
                "without.",
                path="str_transform",
            )

    def _freeze_prefixes(self) -> None:
        if self.inclusive_prefixes != "auto":
            listed = _prefixes("inclusive_prefixes", self.inclusive_prefixes)
            object.__setattr__(self, "inclusive_prefixes", listed)
        listed = _prefixes("signed_info_prefixes", self.signed_info_prefixes)
        object.__setattr__(self, "signed_info_prefixes", listed)
        if not isinstance(self.part_prefixes, Mapping):
            raise ProfileError("A table of lists is needed.", path="part_prefixes")
        table = {}
        for part, prefixes in self.part_prefixes.items():
            if part not in self.parts:
                raise ProfileError(f"{part!r} is none of the parts.", path="part_prefixes")
            table[part] = _prefixes(f"part_prefixes[{part!r}]", prefixes)
        object.__setattr__(self, "part_prefixes", MappingProxyType(table))

    @property
    def digest_method(self) -> Digest:
        """The digest of every reference."""
        item = named("digest", self.digest, algorithms.DIGESTS_BY_NAME)
        return allowed("digest", item, item.legacy, self.legacy)

    @property
    def form(self) -> Canonicalization:
        """The canonicalization of SignedInfo."""
        table = algorithms.CANONICALIZATIONS_BY_NAME
        return named("canonicalization", self.canonicalization, table)

    @property
    def part_form(self) -> Canonicalization:
        """The canonicalization of the parts."""
        table = algorithms.CANONICALIZATIONS_BY_NAME
        return named("part_canonicalization", self.part_canonicalization, table)

    @property
    def signature_method(self) -> SignatureMethod | None:
        """The signature method that is asked for, or ``None`` to go by the key."""
        if self.algorithm is None:
            return None
        item = named("algorithm", self.algorithm, algorithms.SIGNATURE_METHODS_BY_NAME)
        return allowed("algorithm", item, item.legacy, self.legacy)


def _prefixes(path: str, value: Sequence[str]) -> tuple[str, ...]:
    prefixes = frozen_texts(path, value)
    for prefix in prefixes:
        if not is_listable_prefix(prefix):
            raise ProfileError(f"{prefix!r} is not a prefix.", path=path)
    return prefixes
