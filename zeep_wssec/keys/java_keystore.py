"""Java's own keystores, JKS and JCEKS: key pairs, trusted certificates and, in JCEKS, secret keys.

Read here and not by a library: see the decision on Java keystores in the documentation.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator
from dataclasses import dataclass, field

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization

from zeep_wssec.errors import KeyLoadError, KeyMismatchError, WrongPasswordError
from zeep_wssec.keys.certificate import Certificate
from zeep_wssec.keys.content import KeystoreContent
from zeep_wssec.keys.derivation_work import Work
from zeep_wssec.keys.entries import FileKey, KeyEntry, PartnerEntry, SecretEntry
from zeep_wssec.keys.java_protection import open_key, password_characters
from zeep_wssec.keys.java_sealed import open_secret, skip_object
from zeep_wssec.keys.opening import Opening
from zeep_wssec.keys.pem import order_chain
from zeep_wssec.keys.private_key_size import check_key_size

JKS, JCEKS = 0xFEEDFEED, 0xCECECECE
MAX_ENTRIES = 2000
"""Most entries read; the trust store of a whole JDK has some 150."""
MAX_CHAIN = 32
_DIGEST_BYTES = 20
_WHITENER = b"Mighty Aphrodite"
"""What Java mixes into the digest; part of the format."""


def is_java_keystore(data: bytes) -> bool:
    """Tell whether the data starts like a JKS or JCEKS file."""
    return int.from_bytes(data[:4], "big") in (JKS, JCEKS)


def load_java_keystore(data: bytes, opening: Opening, *, source: str) -> KeystoreContent:
    """Load the entries of a JKS or JCEKS file.

    Java compares aliases without case and writes them in lower case; so do ``only`` and the names of
    key passwords here. Trusted certificates become partners.

    Args:
        data: The file.
        opening: Its password, those of its keys when they differ, and which entries are wanted.
        source: What to call the file in errors.

    Raises:
        KeyLoadError: Broken, or an entry is of a kind that is not supported.
        WrongPasswordError: The digest of the file does not fit the password, or a key does not open.
        KeyMismatchError: A key has no certificate, or another's.
    """
    if opening.password is None:
        raise WrongPasswordError(f"{source}: this Java keystore needs a password.", source=source)
    password = opening.password.reveal()
    body, digest = data[:-_DIGEST_BYTES], data[-_DIGEST_BYTES:]
    whitened = hashlib.sha1(password_characters(password) + _WHITENER, usedforsecurity=False)
    whitened.update(body)
    if not hmac.compare_digest(whitened.digest(), digest):
        raise WrongPasswordError(
            f"{source}: the password does not open this Java keystore, or the file was changed.",
            source=source,
        )
    try:
        content = _Reader(body, opening, source=source).read()
    except (ValueError, TypeError, IndexError, OverflowError, RecursionError):
        # Without its cause, which may quote decrypted content.
        raise KeyLoadError(
            f"{source}: this is not a well-formed Java keystore.", source=source
        ) from None
    return opening.select(content, source=source, ignore_case=True)


@dataclass
class _Cursor:
    """Walks over the octets; every length is held against what is left."""

    data: bytes = field(repr=False)
    at: int = 0

    def take(self, count: int) -> bytes:
        if not 0 <= count <= len(self.data) - self.at:
            raise ValueError("cut off")
        self.at += count
        return self.data[self.at - count : self.at]

    def number(self, octets: int = 4) -> int:
        return int.from_bytes(self.take(octets), "big")

    def text(self) -> str:
        return read_modified_utf8(self.take(self.number(2)))


def read_modified_utf8(data: bytes) -> str:
    """Decode Java's UTF-8: NUL as two octets, characters above U+FFFF as two halves."""
    halves = data.replace(b"\xc0\x80", b"\0").decode("utf-8", "surrogatepass")
    return halves.encode("utf-16-le", "surrogatepass").decode("utf-16-le")


class _Reader:
    """Reads the entries of one file whose digest is right."""

    def __init__(self, body: bytes, opening: Opening, *, source: str) -> None:
        self._cursor, self._opening, self._source = _Cursor(body), opening, source
        self._work = Work()
        self._keys: list[KeyEntry] = []
        self._partners: list[PartnerEntry] = []
        self._secrets: list[SecretEntry] = []
        self._left_out: list[str] = []

    def read(self) -> KeystoreContent:
        cursor = self._cursor
        magic, version, count = cursor.number(), cursor.number(), cursor.number()
        if version not in (1, 2) or count > MAX_ENTRIES:
            raise ValueError("header")
        for _ in range(count):
            self._read_entry(magic, version)
        if cursor.at != len(cursor.data):
            raise ValueError("more than the entries")
        return KeystoreContent(
            keys=tuple(self._keys),
            partners=tuple(self._partners),
            secrets=tuple(self._secrets),
            left_out=tuple(self._left_out),
        )

    def _read_entry(self, magic: int, version: int) -> None:
        cursor = self._cursor
        kind, alias, _created = cursor.number(), cursor.text(), cursor.number(8)
        wanted = self._opening.wants(alias, ignore_case=True)
        if not wanted:
            self._left_out.append(alias)
        if kind == 1:
            sealed = cursor.take(cursor.number())
            chain = tuple(self._certificates(version))
            if wanted:
                self._keys.append(self._key_pair(alias, sealed, chain))
        elif kind == 2:
            (certificate,) = self._certificates(version, count=1)
            if wanted:
                self._partners.append(PartnerEntry(alias, certificate=certificate))
        elif kind == 3 and magic == JCEKS:
            end = skip_object(cursor.data, cursor.at)
            serialized = cursor.take(end - cursor.at)
            if wanted:
                octets = open_secret(
                    serialized, self._password_of(alias), alias, self._work, source=self._source
                )
                self._secrets.append(SecretEntry(alias, octets))
        else:
            raise ValueError("kind of entry")

    def _certificates(self, version: int, *, count: int | None = None) -> Iterator[Certificate]:
        cursor = self._cursor
        count = cursor.number() if count is None else count
        if count > MAX_CHAIN:
            raise ValueError("too long a chain")
        for _ in range(count):
            kind = cursor.text() if version == 2 else "X.509"
            der = cursor.take(cursor.number())
            if kind != "X.509":
                raise KeyLoadError(
                    f"{self._source}: a certificate of kind {kind!r:.40} is not supported.",
                    source=self._source,
                )
            yield Certificate.from_der(der)

    def _key_pair(self, alias: str, sealed: bytes, chain: tuple[Certificate, ...]) -> KeyEntry:
        der = open_key(sealed, self._password_of(alias), alias, self._work, source=self._source)
        try:
            check_key_size(der, self._work, source=self._source)
            key = FileKey(serialization.load_der_private_key(der, None))
        except (ValueError, TypeError, UnsupportedAlgorithm):
            raise KeyLoadError(
                f"{self._source}: the private key {alias!r} is broken or of a kind that is not supported.",
                source=self._source,
                alias=alias,
            ) from None
        if not chain or not key.matches(chain[0]):
            whose = f"its certificate, {chain[0].describe()}" if chain else "any certificate"
            raise KeyMismatchError(
                f"{self._source}: the private key {alias!r} does not belong to {whose}.",
                source=self._source,
                alias=alias,
            )
        above = order_chain(chain[0], chain[1:])
        return KeyEntry.of_key(alias, key, certificate=chain[0], chain=above)

    def _password_of(self, alias: str) -> bytes:
        secret = self._opening.password_of_key(alias, ignore_case=True)
        return secret.reveal() if secret else b""
