"""JSON Web Keys: one, or a set; private keys with their certificates, symmetric keys, partners.

Spec: RFC 7517 (JWK), RFC 7518 section 6 (RSA, EC, oct), RFC 8037 (OKP).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm

from zeep_wssec.errors import KeyLoadError, KeyMismatchError
from zeep_wssec.keys.certificate import Certificate
from zeep_wssec.keys.content import KeystoreContent
from zeep_wssec.keys.derivation_work import Work
from zeep_wssec.keys.entries import FileKey, KeyEntry, PartnerEntry, SecretEntry
from zeep_wssec.keys.jwk_numbers import decode, private_key, x5c_certificates
from zeep_wssec.keys.opening import Opening
from zeep_wssec.keys.pem import make_entry, order_chain

MAX_KEYS = 1000
_SIGN = frozenset({"sign"})
_DECRYPT = frozenset({"decrypt", "unwrapKey"})
_AGREE = frozenset({"deriveKey", "deriveBits"})


def is_jwk(data: bytes) -> bool:
    """Tell whether the data starts like a JSON object."""
    return data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"{"


def load_jwk(
    data: bytes, opening: Opening, *, certificates: Sequence[Certificate] = (), source: str
) -> KeystoreContent:
    """Load a JSON Web Key or a set of them.

    A private key becomes a key pair under its ``kid``, with the certificate of its ``x5c`` or the one of
    ``certificates`` that has its public key. A public key with ``x5c`` becomes a partner, a symmetric
    one a secret. What ``use`` and ``key_ops`` do not allow, a key does not do.

    Args:
        data: JSON, not encrypted.
        opening: Which keys are wanted; passwords have no use.
        certificates: For keys without ``x5c``, and those above them.
        source: What to call it in errors.

    Raises:
        KeyLoadError: Broken, encrypted, or a kind of key that is not supported.
        KeyMismatchError: A private key has no certificate, or another's.
    """
    tables = _read_tables(data, source=source)
    keys: list[KeyEntry] = []
    partners: list[PartnerEntry] = []
    secrets: list[SecretEntry] = []
    left_out: list[str] = []
    work = Work()
    for number, table in enumerate(tables, start=1):
        alias = _alias_of(table, "key" if len(tables) == 1 else f"key-{number}")
        where = f"{source}, {alias!r}"
        if not opening.wants(alias):
            left_out.append(alias)
            continue
        try:
            if table.get("kty") == "oct":
                secrets.append(SecretEntry(alias, decode(table, "k")))
            elif "d" in table:
                keys.append(_key_pair(alias, table, certificates, work, source=where))
            elif "x5c" in table:
                partners.append(_partner(alias, table))
            else:
                raise KeyLoadError("a public key without certificate (x5c) is of no use here")
        except KeyMismatchError:
            raise
        except (ValueError, TypeError, OverflowError, UnsupportedAlgorithm):
            raise KeyLoadError(f"{where}: this JSON Web Key is broken.", source=source) from None
        except KeyLoadError as error:
            text = str(error.message).removesuffix(".")
            raise KeyLoadError(f"{where}: {text}.", hint=error.hint, source=source) from None
    content = KeystoreContent(
        keys=tuple(keys),
        partners=tuple(partners),
        secrets=tuple(secrets),
        left_out=tuple(left_out),
    )
    return opening.select(content, source=source)


def _read_tables(data: bytes, *, source: str) -> list[dict[str, Any]]:
    try:
        found = json.loads(data.decode("utf-8-sig"), object_pairs_hook=_unique)
    except (ValueError, RecursionError):
        # Without its cause, which quotes the text.
        raise KeyLoadError(
            f"{source}: this is not JSON, or names a member twice.", source=source
        ) from None
    if "ciphertext" in found:
        raise KeyLoadError(
            f"{source}: an encrypted JSON Web Key is not read.",
            hint="Decrypt it in a callable: Keystore.from_callable.",
            source=source,
        )
    tables = found.get("keys", [found])
    wrong = not isinstance(tables, list) or not all(isinstance(item, dict) for item in tables)
    if wrong or not 1 <= len(tables) <= MAX_KEYS or not all("kty" in item for item in tables):
        raise KeyLoadError(
            f"{source}: a JSON Web Key, or a set of 1 to {MAX_KEYS} of them, expected.",
            source=source,
        )
    return list(tables)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) != len(pairs):
        raise ValueError("a member twice")
    return table


def _alias_of(table: Mapping[str, Any], unnamed: str) -> str:
    name = table.get("kid")
    return name if isinstance(name, str) and 0 < len(name) <= 1000 else unnamed


def _key_pair(
    alias: str,
    table: Mapping[str, Any],
    certificates: Sequence[Certificate],
    work: Work,
    *,
    source: str,
) -> KeyEntry:
    key = FileKey(private_key(table, work, source=source))
    chain = _chain_of(table)
    if chain and not key.matches(chain[0]):
        raise KeyMismatchError(
            f"{source}: the private key does not belong to its certificate, {chain[0].describe()}.",
            source=source,
            alias=alias,
        )
    if not chain and not any(key.matches(item) for item in certificates):
        raise KeyMismatchError(
            f"{source}: this private key has no certificate: x5c is missing.",
            hint="Give it with certificates=…",
            source=source,
            alias=alias,
        )
    entry = make_entry(alias, key, (*chain, *certificates), source=source)
    return _limited(entry, table)


def _limited(entry: KeyEntry, table: Mapping[str, Any]) -> KeyEntry:
    """Take from an entry what the key is not for."""
    use, listed = table.get("use"), table.get("key_ops")

    def allows(operations: frozenset[str], purpose: str) -> bool:
        named = not isinstance(listed, list) or any(item in operations for item in listed)
        return named and use in (None, purpose)

    return replace(
        entry,
        signer=entry.signer if allows(_SIGN, "sig") else None,
        decrypter=entry.decrypter if allows(_DECRYPT, "enc") else None,
        agreement=entry.agreement if allows(_AGREE, "enc") else None,
    )


def _partner(alias: str, table: Mapping[str, Any]) -> PartnerEntry:
    leaf, *above = _chain_of(table)
    return PartnerEntry(alias, certificate=leaf, chain=order_chain(leaf, above))


def _chain_of(table: Mapping[str, Any]) -> tuple[Certificate, ...]:
    """Give the certificates of ``x5c``, its own first; a thumbprint beside them must be its own."""
    chain = x5c_certificates(table)
    prints: tuple[tuple[str, Callable[[bytes], Any]], ...] = (
        ("x5t", lambda der: hashlib.sha1(der, usedforsecurity=False)),
        ("x5t#S256", hashlib.sha256),
    )
    for name, digest in prints:
        if chain and name in table and decode(table, name) != digest(chain[0].der).digest():
            raise KeyLoadError(f"{name} is not the thumbprint of the first certificate in x5c")
    return chain
