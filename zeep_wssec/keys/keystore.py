"""The keystore a profile is given: our key pairs, our partners' certificates, and what we trust."""

from __future__ import annotations

import base64
import binascii
import logging
import os
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import NoReturn

from zeep_wssec.errors import (
    DuplicateAliasError,
    KeyLoadError,
    KeyMaterialError,
    KeyNotFoundError,
    WrongPasswordError,
)
from zeep_wssec.keys.entries import KeyEntry, KeystoreContent, PartnerEntry
from zeep_wssec.keys.files import Source, describe_source, read_source
from zeep_wssec.keys.keystore_file import WHAT, read_keystore
from zeep_wssec.keys.pem import load_pem, order_chain
from zeep_wssec.keys.secrets import Secret, as_secret, describe_origin
from zeep_wssec.keys.snapshot import Snapshot
from zeep_wssec.keys.sniff import is_pem
from zeep_wssec.keys.trust import CertificateSource, TrustStore, load_certificates

_log = logging.getLogger(__name__)

__all__ = ["Keystore", "Snapshot"]


class Keystore:
    """Immutable set of key pairs, partners and trust; every change gives a new keystore.

    Key pairs and partners share one set of aliases. Nothing is trusted that was not given with
    ``with_trust`` or ``with_partner``.
    """

    __slots__ = ("_snapshot",)

    _snapshot: Snapshot

    def __init__(
        self,
        keys: Iterable[KeyEntry] = (),
        *,
        partners: Iterable[PartnerEntry] = (),
        trust: TrustStore | None = None,
    ) -> None:
        """Make a keystore of entries; for files there are ``load`` and ``from_pem``.

        Raises:
            DuplicateAliasError: Two entries have one alias.
        """
        key_map: dict[str, KeyEntry] = {}
        partner_map: dict[str, PartnerEntry] = {}
        for key in keys:
            _refuse_taken(key.alias, key_map, partner_map)
            key_map[key.alias] = key
        for partner in partners:
            _refuse_taken(partner.alias, key_map, partner_map)
            partner_map[partner.alias] = partner
        shared = trust or TrustStore()
        own_anchors = tuple(
            anchor for partner in partner_map.values() for anchor in partner.anchors
        )
        snapshot = Snapshot(
            keys=key_map,
            partners=partner_map,
            trust=shared.merge(TrustStore(anchors=own_anchors, pins=shared.pins)),
            shared_trust=shared,
        )
        object.__setattr__(self, "_snapshot", snapshot)

    @classmethod
    def load(
        cls,
        path: str | os.PathLike[str],
        *,
        password: Secret | str | bytes | None = None,
        key_password: Secret | str | bytes | None = None,
        alias: str | None = None,
    ) -> Keystore:
        """Load a PKCS#12 or PEM file with our keys; which of the two is seen from its content.

        Args:
            path: A regular file of at most 4 MiB.
            password: Of the file, or of the private key in PEM.
            key_password: Of the private keys, when it differs.
            alias: Name for the key pair; refused when the file has several.

        Raises:
            KeyLoadError: It is no keystore, broken, or holds nothing that can be used.
            WrongPasswordError: The password is missing or wrong.
            KeyMismatchError: A private key has no certificate, or another's.
            DuplicateAliasError: Two entries of the file have one name.
        """
        data = read_source(path, what=WHAT)
        return cls._of_content(
            read_keystore(
                data,
                password=password,
                key_password=key_password,
                alias=alias,
                source=describe_source(path),
            )
        )

    @classmethod
    def from_bytes(
        cls,
        data: bytes,
        *,
        password: Secret | str | bytes | None = None,
        key_password: Secret | str | bytes | None = None,
        alias: str | None = None,
    ) -> Keystore:
        """Load a keystore from the content of a file; like ``load``."""
        data = read_source(bytes(data), what=WHAT)
        return cls._of_content(
            read_keystore(
                data,
                password=password,
                key_password=key_password,
                alias=alias,
                source="the bytes given",
            )
        )

    @classmethod
    def from_env(
        cls,
        variable: str,
        *,
        password: Secret | str | bytes | None = None,
        key_password: Secret | str | bytes | None = None,
        alias: str | None = None,
    ) -> Keystore:
        """Load a keystore from an environment variable that holds the file in base64; like ``load``."""
        source = f"the environment variable {variable}"
        text = os.environ.get(variable)
        if text is None:
            raise KeyLoadError(f"{source} is not set; {WHAT} in base64 expected.", source=source)
        if is_pem(text.encode(errors="replace")):
            data = text.encode(errors="replace")
        else:
            try:
                data = base64.b64decode("".join(text.split()), validate=True)
            except (binascii.Error, ValueError):
                raise KeyLoadError(
                    f"{source} is not base64; {WHAT} expected.", source=source
                ) from None
        data = read_source(data, what=WHAT)
        return cls._of_content(
            read_keystore(
                data, password=password, key_password=key_password, alias=alias, source=source
            )
        )

    @classmethod
    def from_pem(
        cls,
        *,
        key: Source,
        certificate: Source | None = None,
        chain: Source | Sequence[Source] = (),
        password: Secret | str | bytes | None = None,
        alias: str = "key",
    ) -> Keystore:
        """Load one key pair from PEM files or bytes.

        Args:
            key: The private key; may hold certificate and chain as well.
            certificate: The certificate; may hold the chain as well. DER is taken too.
            chain: Further certificates, in any order.
            password: For an encrypted private key.
            alias: Name of the key pair.

        Raises:
            KeyLoadError: As for ``load``.
        """
        extra = [chain] if isinstance(chain, (str, bytes, os.PathLike)) else list(chain)
        sources = [*([certificate] if certificate is not None else []), *extra]
        blobs = [read_source(key, what="a private key in PEM")]
        blobs += [
            item.pem
            for source in sources
            for item in load_certificates(source, what="a certificate")
        ]
        secret = as_secret(password)
        try:
            entry = load_pem(
                blobs,
                password=secret.reveal() if secret else None,
                alias=alias,
                source=describe_source(key),
            )
        except WrongPasswordError as error:
            error.hint = error.hint or describe_origin(secret)
            raise
        return cls._of_content(KeystoreContent(keys=(entry,)))

    @classmethod
    def _of_content(cls, content: KeystoreContent) -> Keystore:
        for entry in content.keys:
            if entry.certificate.not_after < datetime.now(UTC):
                _log.warning(
                    "The certificate of key pair %r has expired: %s",
                    entry.alias,
                    entry.certificate.describe(),
                )
        return cls(
            content.keys,
            partners=content.partners,
            trust=TrustStore(intermediates=content.loose),
        )

    def with_partner(
        self,
        alias: str,
        certificate: CertificateSource,
        *,
        anchors: CertificateSource | Sequence[CertificateSource] | None = None,
    ) -> Keystore:
        """Add a partner: whom we encrypt to, and who must sign.

        Args:
            alias: Name of the partner.
            certificate: The partner's certificate; in a file with several, the first, and the others
                are its chain.
            anchors: CA certificates under which the partner may renew it; trusted for no one else.

        Raises:
            KeyLoadError: A source holds no certificate, or an anchor is no CA.
            DuplicateAliasError: The alias is taken.
        """
        leaf, *rest = load_certificates(certificate, what=f"the certificate of {alias!r}")
        entry = PartnerEntry(
            alias,
            certificate=leaf,
            chain=order_chain(leaf, rest),
            anchors=()
            if anchors is None
            else load_certificates(anchors, what=f"the anchors of {alias!r}"),
        )
        now = self._snapshot
        return Keystore(
            now.keys.values(), partners=(*now.partners.values(), entry), trust=now.shared_trust
        )

    def with_trust(
        self,
        *,
        anchors: CertificateSource | Sequence[CertificateSource] = (),
        intermediates: CertificateSource | Sequence[CertificateSource] = (),
        pins: Iterable[str] = (),
    ) -> Keystore:
        """Add trust: CA certificates, helping intermediates, SHA-256 thumbprints of single certificates.

        Raises:
            KeyLoadError: A source holds no certificate, an anchor is neither a CA nor pinned, or a
                pin is not a SHA-256 thumbprint.
        """
        added = TrustStore.load(anchors=anchors, intermediates=intermediates, pins=pins)
        now = self._snapshot
        return Keystore(
            now.keys.values(), partners=now.partners.values(), trust=now.shared_trust.merge(added)
        )

    def merge(self, other: Keystore) -> Keystore:
        """Give a keystore with the entries and the trust of both.

        Raises:
            DuplicateAliasError: An alias is in both; rename one first.
        """
        mine, theirs = self._snapshot, other._snapshot
        return Keystore(
            (*mine.keys.values(), *theirs.keys.values()),
            partners=(*mine.partners.values(), *theirs.partners.values()),
            trust=mine.shared_trust.merge(theirs.shared_trust),
        )

    def renamed(self, old: str, new: str) -> Keystore:
        """Give a keystore in which the entry ``old`` is called ``new``.

        Raises:
            KeyNotFoundError: There is no entry ``old``.
            DuplicateAliasError: ``new`` is taken.
        """
        now = self._snapshot
        if old not in now.keys and old not in now.partners:
            raise KeyNotFoundError(
                f"The keystore has no entry {old!r}.",
                hint=f"It has: {[*now.keys, *now.partners]}.",
                alias=old,
                existing=[*now.keys, *now.partners],
            )
        return Keystore(
            [replace(key, alias=new) if key.alias == old else key for key in now.keys.values()],
            partners=[
                replace(item, alias=new) if item.alias == old else item
                for item in now.partners.values()
            ],
            trust=now.shared_trust,
        )

    def snapshot(self) -> Snapshot:
        """Give what the keystore holds now; the same object as long as nothing changes."""
        return self._snapshot

    def __repr__(self) -> str:
        return f"<Keystore: keys {sorted(self._snapshot.keys)}, partners {sorted(self._snapshot.partners)}>"

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"Keystore is frozen; {name} cannot be set.")

    def __reduce__(self) -> NoReturn:
        raise KeyMaterialError(
            "A keystore is not pickled: its private keys would leave the process.",
            hint="Let each process load its own; a profile from a file does that by itself.",
        )


def _refuse_taken(alias: str, keys: dict[str, KeyEntry], partners: dict[str, PartnerEntry]) -> None:
    if not alias:
        raise KeyLoadError("An entry of a keystore needs an alias that is not empty.")
    taken = keys.get(alias) or partners.get(alias)
    if taken is not None:
        raise DuplicateAliasError(
            f"The alias {alias!r} is taken by {taken.certificate.describe()}.",
            hint="Choose another one, or rename the entry with renamed(old, new).",
            alias=alias,
        )
