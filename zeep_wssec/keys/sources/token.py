"""Key pairs on a PKCS#11 token: smart cards, HSMs, SoftHSM."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.asymmetric import rsa

from zeep_wssec.errors import (
    KeyLoadError,
    KeyMaterialError,
    KeyMismatchError,
    KeyNotFoundError,
)
from zeep_wssec.keys.certificate import Certificate
from zeep_wssec.keys.content import KeystoreContent
from zeep_wssec.keys.der import iterate_tlv
from zeep_wssec.keys.entries import KeyEntry
from zeep_wssec.keys.opening import Opening
from zeep_wssec.keys.pem import order_chain
from zeep_wssec.keys.token_connection import TokenConnection, open_module
from zeep_wssec.keys.token_key import KeyLocator, TokenKey, unwrap_point

if TYPE_CHECKING:
    import pkcs11

MAX_OBJECTS = 1000
MODULE_VARIABLE = "PKCS11_MODULE"
"""Environment variable that names the module when nothing else does, as OpenSC's tools have it."""


@dataclass(frozen=True, kw_only=True)
class _FoundKey:
    locator: KeyLocator
    public: tuple[Any, ...]
    """Modulus and exponent, or the point; empty when the token tells neither."""
    able: tuple[bool, bool, bool]
    """Whether it may sign, decrypt, agree."""


@dataclass(frozen=True, kw_only=True)
class _Found:
    keys: tuple[_FoundKey, ...]
    certificates: tuple[tuple[bytes, Certificate], ...]
    """CKA_ID and certificate."""
    given: tuple[Certificate, ...]


class TokenContent:
    """The private keys of a token with their certificates; of the keys only what they are called is read."""

    def __init__(
        self,
        opening: Opening,
        *,
        module: str | os.PathLike[str] | None,
        token: str | None,
        slot: int | None,
        key_id: bytes | None,
    ) -> None:
        path = module or os.environ.get(MODULE_VARIABLE)
        if not path:
            raise KeyLoadError(
                "Nothing says where the PKCS#11 module is.",
                hint=f"Give module=…, or set {MODULE_VARIABLE}.",
            )
        self._opening, self._key_id = opening, key_id
        self._connection = TokenConnection(
            open_module(path), token=token, slot=slot, pin=opening.password
        )

    def fetch(self) -> _Found:
        """Give what is on the token now."""
        import pkcs11

        try:
            keys, certificates = self._connection.run(self._read_objects, lambda found: found)
        except pkcs11.NoSuchKey:
            keys, certificates = (), ()
        except pkcs11.PKCS11Error as error:
            raise self._connection.mapped(error) from None
        return _Found(keys=keys, certificates=certificates, given=self._opening.load_certificates())

    def digest(self, fetched: _Found) -> bytes:
        """Give one digest over names, public keys and certificates."""
        whole = hashlib.sha256(
            repr([(key.locator, key.public, key.able) for key in fetched.keys]).encode()
        )
        for identifier, certificate in fetched.certificates:
            whole.update(repr((identifier, certificate.thumbprint_sha256)).encode())
        for certificate in fetched.given:
            whole.update(certificate.thumbprint_sha256.encode())
        return whole.digest()

    def read(self, fetched: _Found) -> KeystoreContent:
        """Pair the keys with their certificates."""
        name = self._connection.name
        if not fetched.keys:
            raise KeyLoadError(
                f"{name}: there is no private key that can be seen.",
                hint="" if self._opening.password else "Give the PIN with password=…",
                source=name,
            )
        named = [
            (alias, key)
            for alias, key in _named(fetched.keys)
            if self._key_id in (None, key.locator.id)
        ]
        if not named:
            there = ", ".join(
                f"{key.locator.label!r} ({key.locator.id.hex()})" for key in fetched.keys
            )
            raise KeyNotFoundError(
                f"{name}: no private key has the id {(self._key_id or b'').hex()}.",
                hint=f"There are: {there}.",
                existing=[key.locator.label for key in fetched.keys],
            )
        pool = (*(item for _, item in fetched.certificates), *fetched.given)
        entries = [
            self._entry(alias, key, fetched, pool)
            for alias, key in named
            if self._opening.wants(alias)
        ]
        used = {item for entry in entries for item in (entry.certificate, *entry.chain)}
        content = KeystoreContent(
            keys=tuple(entries),
            loose=tuple(dict.fromkeys(item for item in pool if item not in used)),
            left_out=tuple(alias for alias, _ in named if not self._opening.wants(alias)),
        )
        return self._opening.select(content, source=name)

    def _entry(
        self, alias: str, key: _FoundKey, fetched: _Found, pool: Sequence[Certificate]
    ) -> KeyEntry:
        if key.public:
            own = [item for item in pool if _public_of(item) == key.public]
        else:
            own = [item for number, item in fetched.certificates if number == key.locator.id]
            own = own or ([fetched.given[0]] if len(fetched.keys) == 1 and fetched.given else [])
        if not own:
            raise KeyMismatchError(
                f"{self._connection.name}: no certificate belongs to the private key {alias!r}.",
                hint="Give it with certificates=…, or write it to the token under the same id.",
                source=self._connection.name,
                alias=alias,
            )
        leaf = max(own, key=lambda certificate: certificate.not_before)
        held = TokenKey(self._connection, key.locator, certificate=leaf)
        signs, decrypts, agrees = key.able
        return KeyEntry(
            alias,
            certificate=leaf,
            chain=order_chain(leaf, pool),
            signer=held if signs and leaf.key_kind in ("rsa", "ec", "ed25519", "ed448") else None,
            decrypter=held if decrypts and leaf.key_kind == "rsa" else None,
            agreement=held if agrees and leaf.key_kind in ("ec", "x25519", "x448") else None,
        )

    def _read_objects(
        self, session: pkcs11.Session, _found: dict[Any, Any]
    ) -> tuple[tuple[_FoundKey, ...], tuple[tuple[bytes, Certificate], ...]]:
        from pkcs11 import Attribute, CertificateType, NoSuchKey, ObjectClass

        points = {
            _read(item, Attribute.ID): _read(item, Attribute.EC_POINT)
            for item in self._objects(session, {Attribute.CLASS: ObjectClass.PUBLIC_KEY})
        }
        keys = tuple(
            _describe_key(item, points)
            for item in self._objects(session, {Attribute.CLASS: ObjectClass.PRIVATE_KEY})
        )
        if not keys:
            raise NoSuchKey  # so that the login is looked after
        wanted = {
            Attribute.CLASS: ObjectClass.CERTIFICATE,
            Attribute.CERTIFICATE_TYPE: CertificateType.X_509,
        }
        certificates = tuple(
            (_read(item, Attribute.ID) or b"", Certificate.from_der(bytes(item[Attribute.VALUE])))
            for item in self._objects(session, wanted)
        )
        return keys, certificates

    def _objects(self, session: pkcs11.Session, wanted: dict[Any, Any]) -> tuple[Any, ...]:
        # The search ends here: one that is left open would hold the session.
        search: Any = session.get_objects(wanted)
        with contextlib.closing(search) as found:
            items = tuple(islice(found, MAX_OBJECTS + 1))
        if len(items) > MAX_OBJECTS:
            raise KeyMaterialError(
                f"{self._connection.name}: more than {MAX_OBJECTS} objects of one kind."
            )
        return items


def _describe_key(item: Any, points: dict[Any, Any]) -> _FoundKey:
    from pkcs11 import Attribute

    identifier = _read(item, Attribute.ID) or b""
    public: tuple[Any, ...] = ()
    modulus, exponent = _read(item, Attribute.MODULUS), _read(item, Attribute.PUBLIC_EXPONENT)
    point = points.get(identifier)
    if modulus and exponent:
        public = (int.from_bytes(modulus, "big"), int.from_bytes(exponent, "big"))
    elif point:
        public = (unwrap_point(bytes(point)),)
    signs, decrypts, agrees = (
        bool(_read(item, name)) for name in (Attribute.SIGN, Attribute.DECRYPT, Attribute.DERIVE)
    )
    locator = KeyLocator(
        label=str(_read(item, Attribute.LABEL) or ""),
        id=bytes(identifier),
        needs_pin=bool(_read(item, Attribute.ALWAYS_AUTHENTICATE)),
    )
    return _FoundKey(locator=locator, public=public, able=(signs, decrypts, agrees))


def _read(item: Any, name: Any) -> Any:
    """Give an attribute, or ``None`` where the object has none or does not show it."""
    import pkcs11

    try:
        return item[name]
    except (pkcs11.AttributeTypeInvalid, pkcs11.AttributeSensitive, pkcs11.FunctionFailed):
        return None


def _public_of(certificate: Certificate) -> tuple[Any, ...]:
    """Give the public key of a certificate in the form of ``_FoundKey.public``."""
    key = certificate.public_key if certificate.key_kind != "unknown" else None
    if isinstance(key, rsa.RSAPublicKey):
        numbers = key.public_numbers()
        return (numbers.n, numbers.e)
    bits = list(iterate_tlv(certificate.public_key_octets))[1][1]
    return (bits[1:],)


def _named(keys: Sequence[_FoundKey]) -> Iterator[tuple[str, _FoundKey]]:
    """Give each key an alias: its label, with its id where the label is missing or not the only one."""
    labels = [key.locator.label for key in keys]
    for key in keys:
        label, identifier = key.locator.label, key.locator.id.hex()
        unique = bool(label) and labels.count(label) == 1
        yield label if unique else ":".join(filter(None, (label, identifier))) or "key", key
