"""Several key pairs in PEM: one file with all of them, or a folder of files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from zeep_wssec.errors import DuplicateAliasError, KeyLoadError, WrongPasswordError
from zeep_wssec.keys.certificate import Certificate, certificates_of
from zeep_wssec.keys.content import KeystoreContent
from zeep_wssec.keys.derivation_work import Work
from zeep_wssec.keys.entries import FileKey, KeyEntry
from zeep_wssec.keys.opening import Opening
from zeep_wssec.keys.pem import load_private_key, make_entry
from zeep_wssec.keys.pem_blocks import Block, find_blocks
from zeep_wssec.keys.sniff import is_pem

MAX_KEYS = 1000


@dataclass(frozen=True, kw_only=True, repr=False)
class NamedText:
    """One file of a bundle."""

    name: str
    """What its only key is called."""
    data: bytes
    source: str
    """What to call it in errors."""


@dataclass(frozen=True, kw_only=True, repr=False)
class _FoundKey:
    alias: str
    block: Block
    source: str


def is_bundle(data: bytes, *, source: str) -> bool:
    """Tell whether a PEM text has more than one private key."""
    return len(list(_key_blocks(find_blocks(data, source=source)))) > 1


def load_bundle(
    files: Iterable[NamedText],
    opening: Opening,
    *,
    certificates: Sequence[Certificate] = (),
    source: str,
) -> KeystoreContent:
    """Load every key pair that files in PEM hold; which certificate belongs to a key, the key tells.

    A key is called what openssl noted above it, or what its file is called; where a file has several
    without a note, they are numbered.

    Args:
        files: PEM files, and certificates in DER.
        opening: Passwords, and which keys are wanted.
        certificates: Further ones.
        source: What to call all of it in errors.

    Raises:
        KeyLoadError: There is no private key, too many, or something is broken.
        WrongPasswordError: A key is encrypted and its password is missing or wrong.
        KeyMismatchError: No certificate belongs to a key.
        DuplicateAliasError: Two keys have one name.
    """
    keys: list[_FoundKey] = []
    pool = dict.fromkeys(certificates)
    for file in files:
        keys += _read_file(file, pool)
    if not keys or len(keys) > MAX_KEYS:
        raise KeyLoadError(
            f"{source}: {len(keys)} private keys in PEM; 1 to {MAX_KEYS} expected.", source=source
        )
    entries: dict[str, KeyEntry] = {}
    left_out: list[str] = []
    work = Work()
    for found in keys:
        if not opening.wants(found.alias):
            left_out.append(found.alias)
            continue
        if found.alias in entries:
            raise DuplicateAliasError(
                f"{source}: two keys are named {found.alias!r}.", source=source, alias=found.alias
            )
        entries[found.alias] = _pair(found, opening, tuple(pool), work)
    used = {item for entry in entries.values() for item in (entry.certificate, *entry.chain)}
    content = KeystoreContent(
        keys=tuple(entries.values()),
        loose=tuple(item for item in pool if item not in used),
        left_out=tuple(left_out),
    )
    return opening.select(content, source=source)


def _read_file(file: NamedText, pool: dict[Certificate, None]) -> Iterator[_FoundKey]:
    if not is_pem(file.data):
        pool[_read_der(file)] = None
        return
    blocks = find_blocks(file.data, source=file.source)
    if any("CERTIFICATE" in block.label for block in blocks):
        pool.update(dict.fromkeys(certificates_of(blocks, source=file.source)))
    keys = list(_key_blocks(blocks))
    for number, block in enumerate(keys, start=1):
        numbered = file.name if len(keys) == 1 else f"{file.name}-{number}"
        yield _FoundKey(alias=block.name or numbered, block=block, source=file.source)


def _read_der(file: NamedText) -> Certificate:
    try:
        return Certificate.from_der(file.data)
    except KeyLoadError:
        raise KeyLoadError(
            f"{file.source}: PEM, or a certificate in DER, expected.", source=file.source
        ) from None


def _key_blocks(blocks: Iterable[Block]) -> Iterator[Block]:
    return (block for block in blocks if block.label.endswith("PRIVATE KEY"))


def _pair(found: _FoundKey, opening: Opening, pool: Sequence[Certificate], work: Work) -> KeyEntry:
    secret = opening.password_of_key(found.alias)
    try:
        key = load_private_key(
            found.block,
            password=secret.reveal() if secret else None,
            source=found.source,
            work=work,
        )
    except WrongPasswordError as error:
        error.details["alias"] = found.alias
        raise
    return make_entry(found.alias, FileKey(key), pool, source=f"{found.source}, {found.alias!r}")
