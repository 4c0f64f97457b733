"""The keystore a profile is given: our keys, partners' certificates, secrets, and what we trust."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NoReturn, Self, Unpack

from zeep_wssec.errors import KeyMaterialError
from zeep_wssec.keys.aliases import check_aliases, check_message_names, joined
from zeep_wssec.keys.content import KeystoreContent
from zeep_wssec.keys.entries import KeyEntry, PartnerEntry, SecretEntry
from zeep_wssec.keys.external_key import external_entry
from zeep_wssec.keys.keystore_changes import (
    contents,
    dated,
    merged,
    password_of,
    renamed,
    taken_user,
)
from zeep_wssec.keys.keystore_loading import KeystoreLoading
from zeep_wssec.keys.listing import ListedEntry, list_entries
from zeep_wssec.keys.pem import order_chain
from zeep_wssec.keys.protocols import Decrypter, KeyAgreement, Signer
from zeep_wssec.keys.refreshing import DerivedSource, SnapshotSource
from zeep_wssec.keys.revocation_fetch import FetchedItem, WebSession, fetch_revocation
from zeep_wssec.keys.secrets import Secret, hides_frames
from zeep_wssec.keys.snapshot import Snapshot
from zeep_wssec.keys.sources.partner import load_partner
from zeep_wssec.keys.trust import (
    CertificateSource,
    RuleSources,
    TrustStore,
    load_certificates,
)
from zeep_wssec.keys.trust_rules import TrustRules

_log = logging.getLogger(__name__)

__all__ = ["Keystore", "Snapshot"]


class Keystore(KeystoreLoading):
    """Immutable set of key pairs, partners, secrets and trust; every change gives a new keystore.

    Key pairs, partners and symmetric secrets share one set of aliases; users have their own names.
    Nothing is trusted that was not given with ``with_trust`` or ``with_partner``.
    """

    __slots__ = ("_snapshot", "_source")

    _snapshot: Snapshot
    _source: SnapshotSource | None
    """Where the content comes from when it may change."""

    @hides_frames
    def __init__(
        self,
        keys: Iterable[KeyEntry] = (),
        *,
        partners: Iterable[PartnerEntry] = (),
        trust: TrustStore | None = None,
        secrets: Iterable[SecretEntry] = (),
        users: Mapping[str, Secret] | None = None,
    ) -> None:
        """Make a keystore of entries; for files there are ``load`` and ``from_pem``.

        Raises:
            DuplicateAliasError: An alias has entries of two kinds, or one certificate twice; or two secrets
                have one name in messages.
        """
        keys, partners, secrets = tuple(keys), tuple(partners), tuple(secrets)
        check_aliases((*keys, *partners, *secrets))
        check_message_names(secrets)
        shared = trust or TrustStore()
        own_anchors = tuple(anchor for partner in partners for anchor in partner.anchors)
        snapshot = Snapshot(
            key_entries=keys,
            partner_entries=partners,
            trust=shared.merge(TrustStore(anchors=own_anchors, pins=shared.pins)),
            shared_trust=shared,
            secrets={entry.alias: entry for entry in secrets},
            users=users or {},
        )
        object.__setattr__(self, "_snapshot", snapshot)
        object.__setattr__(self, "_source", None)

    @classmethod
    def _of_content(cls, content: KeystoreContent) -> Self:
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
            secrets=content.secrets,
            users=content.users,
            trust=content.trust or TrustStore(intermediates=content.loose),
        )

    @classmethod
    def _of_source(cls, source: SnapshotSource) -> Self:
        made = cls()
        object.__setattr__(made, "_snapshot", source.latest)
        object.__setattr__(made, "_source", source)
        return made

    @hides_frames
    def with_partner(
        self,
        alias: str,
        certificate: CertificateSource | Sequence[CertificateSource],
        *,
        anchors: CertificateSource | Sequence[CertificateSource] | None = None,
        encrypt_from: datetime | None = None,
    ) -> Keystore:
        """Add a partner, or a further certificate of one: whom we encrypt to, and who must sign.

        Args:
            alias: Name of the partner.
            certificate: The partner's certificate; in a file with several, the first, and the others
                are its chain. Of several sources each counts.
            anchors: CA certificates under which the partner may renew it; trusted for no one else.
            encrypt_from: Aware time at which it takes over from another one; unset, the one that was given
                first is encrypted to while it is valid. Signatures with each count at any time.

        Raises:
            KeyLoadError: A source holds no certificate, an anchor is no CA, or the time has no offset.
            DuplicateAliasError: The alias is taken by somebody else.
        """
        entries = load_partner(alias, certificate, anchors=anchors, encrypt_from=encrypt_from)
        return self._changed(lambda now: {"partners": joined(now.partner_entries, entries)})

    @hides_frames
    def signing_from(self, when: datetime, *, alias: str | None = None) -> Keystore:
        """Give a keystore whose key pairs sign from ``when`` on: before a merge with those they follow.

        Args:
            when: Aware time; a partner accepts a new certificate from a day of its own on.
            alias: Which key pairs; unset, all of them.

        Raises:
            KeyNotFoundError: There is none.
            KeyLoadError: The time has no offset.
        """
        return self._changed(lambda now: dated(now, when, alias))

    @hides_frames
    def with_external(
        self,
        alias: str,
        *,
        certificate: CertificateSource,
        signer: Signer | Callable[..., bytes] | None = None,
        decrypter: Decrypter | Callable[..., bytes] | None = None,
        agreement: KeyAgreement | Callable[..., bytes] | None = None,
        remote: bool = True,
    ) -> Keystore:
        """Add a key pair whose private key a key service, an agent or a library of yours holds.

        Args:
            alias: Name of the key pair.
            certificate: Its certificate; in a file with several, the first, and the others are its chain.
            signer: An object with ``sign``, or a function: ``(data, *, scheme, digest) -> bytes``; see
                ``keys.protocols``. What it gives is held against the certificate.
            decrypter: An object with ``decrypt``, or a function:
                ``(ciphertext, *, scheme, digest, mgf_digest, label) -> bytes``.
            agreement: An object with ``agree``, or a function: ``(peer_public_key) -> bytes``.
            remote: Whether it waits for a network; such a key is refused inside an event loop.

        Raises:
            KeyLoadError: The certificate cannot be read, or its key cannot do what is given.
            DuplicateAliasError: The alias is taken.
        """
        leaf, *rest = load_certificates(certificate, what=f"the certificate of {alias!r}")
        entry = external_entry(
            alias,
            leaf,
            order_chain(leaf, rest),
            signer=signer,
            decrypter=decrypter,
            agreement=agreement,
            remote=remote,
        )
        return self._changed(lambda now: {"keys": joined(now.key_entries, (entry,))})

    @hides_frames
    def with_secret(
        self, alias: str, secret: Secret | bytes, *, key_name: str | None = None
    ) -> Keystore:
        """Add a symmetric key that a partner has too.

        Args:
            alias: Name of the secret.
            secret: The raw key of 16 to 1024 octets. A ``Secret`` is read when the key is first used.
            key_name: What ``ds:KeyName`` calls it in messages; the alias when left out.

        Raises:
            KeyLoadError: It is no key of that size.
            DuplicateAliasError: The alias or the name in messages is taken.
        """
        entry = SecretEntry(alias, secret, key_name=key_name)
        return self._changed(lambda now: {"secrets": (*now.secrets.values(), entry)})

    @hides_frames
    def with_user(self, username: str, password: Secret | str) -> Keystore:
        """Add a user whose username tokens we check, or whose password we derive keys from.

        Args:
            username: As it stands in the token; case counts.
            password: What the user's token must prove. A ``Secret`` is read at each use.

        Raises:
            KeyLoadError: The name or the password is empty, or the password is something else.
            DuplicateAliasError: There is such a user.
        """
        if username in self.snapshot().users:
            raise taken_user(username)
        secret = password_of(username, password)
        return self._changed(lambda now: {"users": {**now.users, username: secret}})

    def with_trust(
        self,
        *,
        anchors: CertificateSource | Sequence[CertificateSource] = (),
        intermediates: CertificateSource | Sequence[CertificateSource] = (),
        pins: Iterable[str] = (),
        **rules: Unpack[RuleSources],
    ) -> Keystore:
        """Add trust: CA certificates, helping intermediates, SHA-256 thumbprints of single certificates.

        The other arguments tell how they are judged: revocation and the rest of ``RuleSources``.

        Raises:
            KeyLoadError: A source holds no certificate, an anchor is neither a CA nor pinned, or a
                pin is not a SHA-256 thumbprint.
        """
        added = TrustStore.load(anchors=anchors, intermediates=intermediates, pins=pins, **rules)
        return self._changed(lambda now: {"trust": now.shared_trust.merge(added)})

    @hides_frames
    def merge(self, other: Keystore) -> Keystore:
        """Give a keystore with the entries and the trust of both.

        Key pairs of one alias take turns when they have a date (``signing_from``) or the same subject:
        all decrypt, one signs. It is the same with the certificates of a partner.

        Raises:
            DuplicateAliasError: An alias or a user is in both, and means something else; rename one first.
        """
        return _combined(merged, self, other)

    @hides_frames
    def renamed(self, old: str, new: str) -> Keystore:
        """Give a keystore in which the entry ``old`` is called ``new``.

        Raises:
            KeyNotFoundError: There is no entry ``old``.
            DuplicateAliasError: ``new`` is taken.
        """
        return self._changed(lambda now: renamed(now, old, new))

    def fetch_revocation(self, session: WebSession | None = None) -> tuple[FetchedItem, ...]:
        """Fetch CRLs and OCSP answers now, for all keystores made of this one; see ``revocation_fetch``."""
        return fetch_revocation(self.snapshot(), session=session)

    def with_fetched_of(self, other: Keystore) -> Keystore:
        """Give a keystore that also knows what was fetched about revocation for ``other``."""
        fetched = other.snapshot().shared_trust.rules.fetched
        known = TrustStore(rules=TrustRules(fetched=fetched))
        return self._changed(lambda now: {"trust": now.shared_trust.merge(known)})

    def _changed(self, change: Callable[[Snapshot], Mapping[str, Any]]) -> Keystore:
        return _combined(lambda now: {**contents(now), **change(now)}, self)

    def entries(self) -> tuple[ListedEntry, ...]:
        """List what the keystore holds now, as plain data: no private key, no password, no user."""
        return tuple(list_entries(self.snapshot()))

    @hides_frames
    def snapshot(self) -> Snapshot:
        """Give what the keystore holds now; the same object as long as nothing changes.

        Raises:
            KeyMaterialError: A file that is read again cannot be used any more.
        """
        return self._snapshot if self._source is None else self._source.current()

    @hides_frames
    def reload(self) -> bool:
        """Read now what is ever read again (``cache_seconds``, ``watch``), here and in all that it is made of.

        Returns:
            Whether there is such a source.

        Raises:
            KeyMaterialError: One cannot be used; what it held before goes on, as ``cache_seconds`` has it.
        """
        if self._source is None:
            return False
        self._source.reload()
        return True

    def __repr__(self) -> str:
        if not hasattr(self, "_source"):
            return "<Keystore: not made yet>"
        now = self._snapshot if self._source is None else self._source.latest
        more = f", secrets {sorted(now.secrets)}" if now.secrets else ""
        more += f", users {sorted(now.users)}" if now.users else ""
        return f"<Keystore: keys {sorted(now.keys)}, partners {sorted(now.partners)}{more}>"

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"Keystore is frozen; {name} cannot be set.")

    def __reduce__(self) -> NoReturn:
        raise KeyMaterialError(
            "A keystore is not pickled: its private keys would leave the process.",
            hint="Let each process load its own; a profile from a file does that by itself.",
        )


def _combined(make: Callable[..., Mapping[str, Any]], *stores: Keystore) -> Keystore:
    """Make a keystore of others, now and whenever one of them is read again."""
    made_of = tuple(store.snapshot() for store in stores)
    made = Keystore(**make(*made_of))
    if all(store._source is None for store in stores):
        return made
    return Keystore._of_source(
        DerivedSource(
            stores,
            make=lambda *held: Keystore(**make(*held)).snapshot(),
            made_of=made_of,
            made=made.snapshot(),
        )
    )
