"""PKCS#12 files with every entry in them: several keys, partners, chains, friendly names."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from asn1crypto import pkcs12 as asn1  # type: ignore[import-untyped]
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization

from zeep_wssec.errors import (
    DuplicateAliasError,
    KeyLoadError,
    KeyMismatchError,
    WrongPasswordError,
)
from zeep_wssec.keys.certificate import Certificate
from zeep_wssec.keys.content import KeystoreContent
from zeep_wssec.keys.derivation_work import Work
from zeep_wssec.keys.entries import FileKey, KeyEntry, PartnerEntry
from zeep_wssec.keys.opening import Opening
from zeep_wssec.keys.pem import order_chain
from zeep_wssec.keys.pkcs12_crypto import decrypt, has_valid_mac
from zeep_wssec.keys.private_key_size import check_key_size

MAX_BAGS = 2000
MAX_DEPTH = 4


@dataclass(frozen=True, kw_only=True)
class _KeyBag:
    key: FileKey
    name: str | None
    local_id: bytes | None


@dataclass(frozen=True, kw_only=True)
class _CertificateBag:
    certificate: Certificate
    name: str | None
    local_id: bytes | None = None
    trusted: bool = False
    """Java marks a trusted certificate entry with an attribute of its own."""


def load_pkcs12(
    data: bytes,
    *,
    password: bytes | None,
    key_password: bytes | None = None,
    opening: Opening | None = None,
    certificates: Sequence[Certificate] = (),
    source: str = "the PKCS#12 bytes",
) -> KeystoreContent:
    """Load every entry of a PKCS#12 file.

    A key without a friendly name gets the alias ``"key"``, or ``"key-1"``, ``"key-2"``, … when there
    are several.

    Args:
        data: The file.
        password: Password of the file; ``None`` is the same as an empty one.
        key_password: Password of the keys when it differs.
        opening: Which entries are wanted, and passwords of single keys.
        certificates: For keys that have none in the file.
        source: What to call the file in errors.

    Raises:
        KeyLoadError: Not PKCS#12, broken, without a MAC, or made with something not supported.
        WrongPasswordError: The password is wrong, or one is needed.
        KeyMismatchError: A key has no certificate in the file.
        DuplicateAliasError: Two keys have one friendly name.

    Spec: RFC 7292, sections 4 and 5.
    """
    if opening is None:
        opening = Opening.of(key_password=key_password)
    reader = _Reader(password=password, opening=opening, source=source)
    reader.read(data)
    further = [_CertificateBag(certificate=item, name=None) for item in certificates]
    content = _pair(reader.keys, [*reader.certificates, *further], source=source)
    return replace(content, left_out=tuple(reader.left_out))


class _Reader:
    """Walks the bags of one file."""

    def __init__(self, *, password: bytes | None, opening: Opening, source: str) -> None:
        self.password = password or b""
        self.opening = opening
        self.left_out: list[str] = []
        self.work = Work()
        self.given = password is not None
        self.source = source
        self.keys: list[_KeyBag] = []
        self.certificates: list[_CertificateBag] = []
        self.bags = 0

    def read(self, data: bytes) -> None:
        try:
            pfx = asn1.Pfx.load(data, strict=True)
            content = self._require_authentic(pfx)
            for info in asn1.AuthenticatedSafe.load(content, strict=True):
                self._read_part(info)
        except (
            ValueError,
            TypeError,
            LookupError,
            AttributeError,
            OverflowError,
            RecursionError,
        ):
            # Without its cause, which may quote decrypted content.
            raise self._broken() from None

    def _require_authentic(self, pfx: Any) -> bytes:
        if pfx["auth_safe"]["content_type"].native != "data":
            raise KeyLoadError(
                f"{self.source}: a PKCS#12 file protected by a public key is not supported."
            )
        content = bytes(pfx["auth_safe"]["content"].native)
        if not pfx["mac_data"]:
            raise KeyLoadError(
                f"{self.source}: this PKCS#12 file has no MAC, so nothing tells whether it was changed.",
                hint="Export it again with one (openssl: without -nomac).",
                source=self.source,
            )
        if not has_valid_mac(
            pfx["mac_data"], content, password=self.password, source=self.source, work=self.work
        ):
            raise self._wrong_password()
        return content

    def _read_part(self, info: Any) -> None:
        kind = info["content_type"].native
        if kind == "data":
            content = bytes(info["content"].native)
        elif kind == "encrypted_data":
            inner = info["content"]["encrypted_content_info"]
            content = decrypt(
                inner["content_encryption_algorithm"],
                bytes(inner["encrypted_content"].native),
                password=self.password,
                source=self.source,
                work=self.work,
            )
        else:
            raise KeyLoadError(
                f"{self.source}: content of kind {kind} is not supported in a PKCS#12 file."
            )
        self._read_safe(asn1.SafeContents.load(content, strict=True), depth=0)

    def _read_safe(self, safe: Any, *, depth: int) -> None:
        for bag in safe:
            self.bags += 1
            if self.bags > MAX_BAGS or depth > MAX_DEPTH:
                raise KeyLoadError(
                    f"{self.source}: too many or too deep entries for a PKCS#12 file."
                )
            kind = bag["bag_id"].native
            if kind in ("pkcs8_shrouded_key_bag", "key_bag"):
                self._read_key(bag, encrypted=kind == "pkcs8_shrouded_key_bag")
            elif kind == "cert_bag" and bag["bag_value"]["cert_id"].native == "x509":
                self._read_certificate(bag)
            elif kind == "safe_contents":
                self._read_safe(bag["bag_value"], depth=depth + 1)

    def _read_key(self, bag: Any, *, encrypted: bool) -> None:
        name, local_id, _ = _attributes(bag)
        if not self.opening.wants(name):
            self.left_out.append(name or "")
            return
        value = bag["bag_value"]
        try:
            if encrypted:
                algorithm, ciphertext = (
                    value["encryption_algorithm"],
                    value["encrypted_data"].native,
                )
                secret = self.opening.password_of_key(name)
                password = self.password if secret is None else secret.reveal()
                der = decrypt(
                    algorithm, ciphertext, password=password, source=self.source, work=self.work
                )
            else:
                der = value.untag().dump(force=True)
            check_key_size(der, self.work, source=self.source)
            key = serialization.load_der_private_key(der, None)
        except UnsupportedAlgorithm:
            raise KeyLoadError(
                f"{self.source}: a private key is of a kind that is not supported."
            ) from None
        except (ValueError, TypeError):
            if encrypted:
                raise self._wrong_password(of="a private key in it") from None
            raise
        self.keys.append(_KeyBag(key=FileKey(key), name=name, local_id=local_id))

    def _read_certificate(self, bag: Any) -> None:
        name, local_id, trusted = _attributes(bag)
        der = bytes(bag["bag_value"]["cert_value"])
        self.certificates.append(
            _CertificateBag(
                certificate=Certificate.from_der(der), name=name, local_id=local_id, trusted=trusted
            )
        )

    def _wrong_password(self, *, of: str = "this PKCS#12 file") -> WrongPasswordError:
        text = f"the password does not open {of}" if self.given else f"{of} needs a password"
        return WrongPasswordError(f"{self.source}: {text}.", source=self.source)

    def _broken(self) -> KeyLoadError:
        return KeyLoadError(
            f"{self.source}: this is not a well-formed PKCS#12 file.", source=self.source
        )


def _attributes(bag: Any) -> tuple[str | None, bytes | None, bool]:
    name: str | None = None
    local_id: bytes | None = None
    trusted = False
    for attribute in bag["bag_attributes"] or ():
        kind = attribute["type"].native
        if kind == "friendly_name":
            name = str(attribute["values"][0].native) or None
        elif kind == "local_key_id":
            local_id = bytes(attribute["values"][0].native)
        elif kind == "trusted_key_usage":
            trusted = True
    return name, local_id, trusted


def _pair(
    keys: Sequence[_KeyBag], bags: Sequence[_CertificateBag], *, source: str
) -> KeystoreContent:
    pool = [bag.certificate for bag in bags]
    entries: dict[str, KeyEntry] = {}
    used: set[Certificate] = set()
    for alias, bag in _aliases(keys, bags):
        if alias in entries:
            raise DuplicateAliasError(
                f"{source}: two keys are named {alias!r}.", source=source, alias=alias
            )
        leaf = _require_leaf(bag, bags, alias=alias, source=source)
        chain = order_chain(leaf, pool)
        used.update((leaf, *chain))
        entries[alias] = KeyEntry.of_key(alias, bag.key, certificate=leaf, chain=chain)
    partners: dict[str, PartnerEntry] = {}
    loose = []
    for item in bags:
        if item.name and (item.trusted or not keys):
            if item.name in entries or item.name in partners:
                raise DuplicateAliasError(
                    f"{source}: two entries are named {item.name!r}.",
                    source=source,
                    alias=item.name,
                )
            chain = order_chain(item.certificate, pool)
            partners[item.name] = PartnerEntry(item.name, certificate=item.certificate, chain=chain)
        elif item.certificate not in used:
            loose.append(item.certificate)
    return KeystoreContent(
        keys=tuple(entries.values()), partners=tuple(partners.values()), loose=tuple(loose)
    )


def _aliases(
    keys: Sequence[_KeyBag], bags: Sequence[_CertificateBag]
) -> Iterator[tuple[str, _KeyBag]]:
    for number, bag in enumerate(keys, start=1):
        name = bag.name
        if name is None:
            # Some tools name the certificate only.
            named = [item.name for item in bags if item.name and _is_linked(bag, item)]
            name = named[0] if named else None
        yield name or ("key" if len(keys) == 1 else f"key-{number}"), bag


def _is_linked(key: _KeyBag, item: _CertificateBag) -> bool:
    return key.local_id is not None and key.local_id == item.local_id


def _require_leaf(
    key: _KeyBag, bags: Sequence[_CertificateBag], *, alias: str, source: str
) -> Certificate:
    linked = [item.certificate for item in bags if _is_linked(key, item)]
    own = [item for item in linked if key.key.matches(item)]
    if linked and not own:
        raise KeyMismatchError(
            f"{source}: the private key {alias!r} does not belong to its certificate, {linked[0].describe()}.",
            source=source,
            alias=alias,
        )
    own = own or [item.certificate for item in bags if key.key.matches(item.certificate)]
    if not own:
        raise KeyMismatchError(
            f"{source}: no certificate in the file belongs to the private key {alias!r}.",
            source=source,
            alias=alias,
        )
    return max(own, key=lambda certificate: certificate.not_before)
