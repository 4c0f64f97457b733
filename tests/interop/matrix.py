"""The matrix with WSS4J as it is declared: the rows of ``matrix.csv``, and what they are made of.

A new algorithm, part or kind of key needs a row for each direction: a test holds the table to ``AXES``.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from zeep_wssec.settings import KeyReference
from zeep_wssec.xmlcrypto.algorithms import (
    CANONICALIZATIONS_BY_NAME,
    DATA_CIPHERS_BY_NAME,
    DERIVATION_DIGESTS_BY_NAME,
    DIGESTS_BY_NAME,
    KEY_AGREEMENTS_BY_NAME,
    KEY_DERIVATIONS_BY_NAME,
    KEY_TRANSPORTS_BY_NAME,
    KEY_WRAPS_BY_NAME,
    MASK_GENERATIONS_BY_NAME,
    OAEP_DIGESTS_BY_NAME,
    SIGNATURE_METHODS_BY_NAME,
)

TABLE = Path(__file__).with_name("matrix.csv")
DIRECTIONS = ("to_wss4j", "from_wss4j")
ALGORITHMS: Mapping[str, Mapping[str, object]] = {
    "signature": SIGNATURE_METHODS_BY_NAME,
    "digest": DIGESTS_BY_NAME,
    "canonicalization": CANONICALIZATIONS_BY_NAME,
    "part_canonicalization": CANONICALIZATIONS_BY_NAME,
    "cipher": DATA_CIPHERS_BY_NAME,
    "transport": {**KEY_TRANSPORTS_BY_NAME, **KEY_AGREEMENTS_BY_NAME},
    "oaep_digest": OAEP_DIGESTS_BY_NAME,
    "mgf": MASK_GENERATIONS_BY_NAME,
    "derivation": KEY_DERIVATIONS_BY_NAME,
    "derivation_digest": DERIVATION_DIGESTS_BY_NAME,
    "key_wrap": KEY_WRAPS_BY_NAME,
}
"""Columns that hold the name of an algorithm, each with all that there are."""
REFERENCES: tuple[str, ...] = get_args(KeyReference)
_SHARED_REFERENCES = ("binary_token", "encrypted_key_sha1", "key_name")


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One row: a message that one side protects and the other reads, then reads changed.

    A column that says nothing about the message is empty.
    """

    id: str
    direction: str
    """Who reads: ``to_wss4j`` or ``from_wss4j``."""
    soap: str
    order: str
    """What is done first: ``sign``, ``encrypt``, ``sign-encrypt`` or ``encrypt-sign``."""
    keys: str
    """Where the keys come from: certificates, or a symmetric key of this kind."""
    derived: str
    """Whether the symmetric key is used through a DerivedKeyToken, by version."""
    extra: str
    """What else the message has, or which earlier message it answers."""
    sign_key: str
    signature: str
    digest: str
    canonicalization: str
    part_canonicalization: str
    sign_reference: str
    signed: str
    encrypt_key: str
    cipher: str
    transport: str
    oaep_digest: str
    mgf: str
    derivation: str
    derivation_digest: str
    key_wrap: str
    recipient_reference: str
    """How an EncryptedKey names the recipient."""
    encrypt_reference: str
    """How EncryptedData names a symmetric key."""
    encrypted: str
    bsp: str
    """``off`` where WSS4J reads the message without the rules of the Basic Security Profile only."""
    twin: str
    """What is changed in the twin that must be refused."""
    refused_by: str
    """Who does not write or read this: the cell passes only as long as it is refused so."""
    answered: str
    """What the refusal says, in part."""
    reason: str

    def __str__(self) -> str:
        return self.id

    @property
    def axes(self) -> tuple[str, ...]:
        """All that makes this cell another one than its neighbours."""
        table = dict(vars(self))
        for name in ("id", "twin", "refused_by", "answered", "reason"):
            del table[name]
        return tuple(table.values())

    @property
    def we_write(self) -> bool:
        """Whether we protect the message and WSS4J reads it."""
        return self.direction == "to_wss4j"

    @property
    def writer(self) -> str:
        """Beginning of the aliases of the side that protects the message."""
        return "client" if self.we_write else "server"

    @property
    def reader(self) -> str:
        """Beginning of the aliases of the side that reads it."""
        return "server" if self.we_write else "client"

    @property
    def actions(self) -> Sequence[str]:
        """``sign`` and ``encrypt`` in their order."""
        return self.order.split("-")

    @property
    def signed_parts(self) -> Sequence[str]:
        """Words of ``PARTS``."""
        return self.signed.split()

    @property
    def encrypted_parts(self) -> Sequence[str]:
        """Words of ``PARTS``."""
        return self.encrypted.split()

    @property
    def legacy(self) -> Mapping[str, str]:
        """The opt-ins that this needs, and no other."""
        items = [
            table[value]
            for name, table in ALGORITHMS.items()
            if (value := getattr(self, name)) and name != "oaep_digest"
        ]
        names = {getattr(item, "legacy", "") for item in items} - {""}
        # A key that came encrypted is nobody's, so a signature with it is no cover.
        seals_key = self.keys == "secret" or (
            "encrypted_key" in self.signed_parts and self.keys != "session"
        )
        is_covered = self.order == "encrypt-sign" and seals_key
        if getattr(DATA_CIPHERS_BY_NAME.get(self.cipher), "mode", "") == "cbc" and not is_covered:
            names.add("cbc")
        return dict.fromkeys(sorted(names), "interop")


def read_cells() -> Sequence[Cell]:
    """Read the table."""
    with TABLE.open(encoding="utf-8", newline="") as file:
        return tuple(Cell(**row) for row in csv.DictReader(file))


def values_of(cell: Cell, axis: str) -> Iterable[str]:
    """Give the values that a cell has on an axis; parts are several, and OAEP is a pair."""
    if axis == "encrypted":
        return cell.encrypted_parts
    if axis == "signed":
        return [*cell.signed_parts, *(["signature"] if cell.extra == "endorsing" else [])]
    if axis == "oaep":
        fits = cell.oaep_digest and cell.mgf
        return [f"{cell.oaep_digest} x {cell.mgf}"] if fits else []
    if axis == "agreement":
        return [f"{cell.encrypt_key} {cell.derivation}"] if cell.derivation else []
    return [value] if (value := getattr(cell, axis)) else []


AXES: Mapping[str, Sequence[str]] = {
    **{
        name: tuple(table) for name, table in ALGORITHMS.items() if name not in ("oaep_digest", "mgf")
    },
    "sign_key": ("rsa", "p256", "p384", "p521", "ed25519", "ed448", "dsa", "dsa-1024"),
    "sign_reference": REFERENCES,
    "recipient_reference": tuple(
        item for item in REFERENCES if item not in ("encrypted_key_sha1", "key_name")
    ),
    "encrypt_reference": _SHARED_REFERENCES,
    "encrypt_key": ("rsa", "p256", "p384", "p521", "x25519", "x448"),
    "oaep": tuple(
        f"{digest} x {mgf}" for digest in OAEP_DIGESTS_BY_NAME for mgf in MASK_GENERATIONS_BY_NAME
    ),
    "agreement": tuple(
        f"{key} {derivation}"
        for key in ("p256", "p384", "p521", "x25519", "x448")
        for derivation in KEY_DERIVATIONS_BY_NAME
    ),
    "signed": (
        "body", "timestamp", "who", "to", "headers", "token", "token/str", "username_token",
        "signature", "key_info", "confirmation", "encrypted_key", "element", "id", "xpath",
    ),
    "encrypted": ("body", "element", "content", "who", "signature", "username_token"),
    "order": ("sign", "encrypt", "sign-encrypt", "encrypt-sign"),
    "keys": (
        "certificate", "session", "context-1.3", "context-2005/02", "username", "secret",
        "wrapped", "request",
    ),
    "derived": ("1.3", "2005/02"),
    "extra": (
        "endorsing", "username-digest", "username-text", "confirmation-none", "confirmation-one",
        "confirmation-several", "request_signer", "two-recipients", "include-token",
    ),
    "soap": ("1.1", "1.2"),
}  # fmt: skip
"""Every value that must be in the table in both directions."""
