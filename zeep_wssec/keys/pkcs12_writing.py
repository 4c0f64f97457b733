"""Writes PKCS#12 files with any number of key pairs, partners and further certificates."""

from __future__ import annotations

import hashlib
import hmac
import itertools
import os
from collections.abc import Iterator
from typing import Any

from asn1crypto import (  # type: ignore[import-untyped]
    algos,
    cms,
    core,
    keys,
)
from asn1crypto import pkcs12 as asn1
from cryptography.hazmat.primitives import padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from zeep_wssec.errors import KeyLoadError, KeyUsageError
from zeep_wssec.keys.certificate import Certificate
from zeep_wssec.keys.content import KeystoreContent
from zeep_wssec.keys.entries import KeyEntry
from zeep_wssec.keys.file_key import FileKey
from zeep_wssec.keys.pkcs12_crypto import derive_pkcs12

ITERATIONS = 100_000
"""Rounds of each derivation from the password: the weakest of them is what it takes to guess it."""
_ANY_USAGE = "2.5.29.37.0"


def write_pkcs12(
    content: KeystoreContent, password: bytes, *, key_password: bytes | None = None
) -> bytes:
    """Write key pairs, partners and loose certificates as one PKCS#12 file; ``load_pkcs12`` reads it back.

    Keys and certificates are encrypted with AES-256, the whole has a MAC with SHA-256: what OpenSSL 3 and
    Java 8 and later read.

    Args:
        content: What to write; secrets and users have no place in such a file.
        password: Of the file; not empty.
        key_password: Of the private keys, when it differs. Few tools read such files.

    Raises:
        KeyLoadError: The password is empty or no UTF-8, or there is a secret.
        KeyUsageError: A key does not leave its token or service.

    Spec: RFC 7292, sections 4 and 5.
    """
    if not password:
        raise KeyLoadError("A keystore is not written without a password.")
    if content.secrets or content.users:
        raise KeyLoadError("Secrets and users cannot be written to a PKCS#12 file.")
    key_password = password if key_password is None else key_password
    shrouded = [_key_bag(entry, index, key_password) for index, entry in enumerate(content.keys)]
    plain = asn1.SafeContents(list(_certificate_bags(content))).dump()
    parts = [
        cms.ContentInfo({"content_type": "encrypted_data", "content": _encrypted(plain, password)})
    ]
    if shrouded:
        keys_part = core.OctetString(asn1.SafeContents(shrouded).dump())
        parts.append(cms.ContentInfo({"content_type": "data", "content": keys_part}))
    safe = asn1.AuthenticatedSafe(parts).dump()
    pfx = asn1.Pfx(
        {
            "version": "v3",
            "auth_safe": {"content_type": "data", "content": core.OctetString(safe)},
            "mac_data": _mac(safe, password),
        }
    )
    return bytes(pfx.dump())


def _key_bag(entry: KeyEntry, index: int, password: bytes) -> Any:
    key = entry.signer or entry.decrypter or entry.agreement
    if not isinstance(key, FileKey):
        raise KeyUsageError(
            f"The key {entry.alias!r} does not leave where it is kept, so it cannot be written.",
            reason="not_exportable",
            alias=entry.alias,
        )
    algorithm, encrypted = _encrypt(key.private_octets(), password)
    return asn1.SafeBag(
        {
            "bag_id": "pkcs8_shrouded_key_bag",
            "bag_value": keys.EncryptedPrivateKeyInfo(
                {"encryption_algorithm": algorithm, "encrypted_data": encrypted}
            ),
            "bag_attributes": _attributes(entry.alias, index),
        }
    )


def _certificate_bags(content: KeystoreContent) -> Iterator[Any]:
    """Give each certificate once; those of entries carry their names."""
    written: set[Certificate] = set()
    for index, entry in enumerate(content.keys):
        written.add(entry.certificate)
        yield _bag(entry.certificate, _attributes(entry.alias, index))
    for partner in content.partners:
        written.add(partner.certificate)
        trusted = {"type": "trusted_key_usage", "values": [_ANY_USAGE]}
        yield _bag(partner.certificate, [*_attributes(partner.alias, None), trusted])
    chains = [entry.chain for entry in content.keys] + [item.chain for item in content.partners]
    for item in dict.fromkeys((*itertools.chain(*chains), *content.loose)):
        if item not in written:
            yield _bag(item, [])


def _bag(certificate: Certificate, attributes: list[Any]) -> Any:
    fields: dict[str, Any] = {
        "bag_id": "cert_bag",
        "bag_value": asn1.CertBag(
            {
                "cert_id": "x509",
                "cert_value": core.ParsableOctetString(certificate.der),
            }
        ),
    }
    if attributes:
        fields["bag_attributes"] = attributes
    return asn1.SafeBag(fields)


def _attributes(alias: str, index: int | None) -> list[Any]:
    found: list[Any] = [{"type": "friendly_name", "values": [alias]}]
    if index is not None:
        found.append({"type": "local_key_id", "values": [(index + 1).to_bytes(4, "big")]})
    return found


def _encrypted(plain: bytes, password: bytes) -> Any:
    algorithm, encrypted = _encrypt(plain, password)
    return cms.EncryptedData(
        {
            "version": "v0",
            "encrypted_content_info": {
                "content_type": "data",
                "content_encryption_algorithm": algorithm,
                "encrypted_content": encrypted,
            },
        }
    )


def _encrypt(plain: bytes, password: bytes) -> tuple[Any, bytes]:
    """Encrypt with AES-256-CBC under a key that PBKDF2 with SHA-256 makes of the password.

    Spec: RFC 8018, section 6.2.
    """
    salt, iv = os.urandom(16), os.urandom(16)
    key = hashlib.pbkdf2_hmac("sha256", password, salt, ITERATIONS, 32)
    padder = padding.PKCS7(128).padder()
    encryptor = Cipher(algorithms.AES(key), modes.CBC(iv)).encryptor()
    padded = padder.update(plain) + padder.finalize()
    derivation = algos.Pbkdf2Params(
        {
            "salt": algos.Pbkdf2Salt(name="specified", value=salt),
            "iteration_count": ITERATIONS,
            "prf": {"algorithm": "sha256"},
        }
    )
    algorithm = algos.EncryptionAlgorithm(
        {
            "algorithm": "pbes2",
            "parameters": {
                "key_derivation_func": {"algorithm": "pbkdf2", "parameters": derivation},
                "encryption_scheme": {"algorithm": "aes256_cbc", "parameters": iv},
            },
        }
    )
    return algorithm, encryptor.update(padded) + encryptor.finalize()


def _mac(content: bytes, password: bytes) -> Any:
    try:
        secret = password.decode("utf-8").encode("utf-16-be") + b"\0\0"
    except UnicodeDecodeError:
        raise KeyLoadError("The password of a keystore is text in UTF-8.") from None
    salt = os.urandom(16)
    key = derive_pkcs12(
        secret, salt=salt, iterations=ITERATIONS, purpose=3, length=32, digest="sha256"
    )
    return {
        "mac": {
            "digest_algorithm": {"algorithm": "sha256"},
            "digest": hmac.digest(key, content, "sha256"),
        },
        "mac_salt": salt,
        "iterations": ITERATIONS,
    }
