"""The ``[[keystore]]`` and ``[trust]`` sections of a profile file, and the keystore they make."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import date, datetime
from pathlib import Path
from typing import Any

from zeep_wssec.errors import KeyLoadError, KeyMaterialError, ProfileError, WrongPasswordError
from zeep_wssec.keys.content import ContentSource
from zeep_wssec.keys.fitness import read_usages
from zeep_wssec.keys.keystore import Keystore
from zeep_wssec.keys.keystore_file import decode_base64
from zeep_wssec.keys.opening import Opening
from zeep_wssec.keys.secrets import Secret, without_frames
from zeep_wssec.keys.sources.file import FileContent
from zeep_wssec.keys.sources.partner import PartnerFiles
from zeep_wssec.keys.sources.pem_pair import PemPair
from zeep_wssec.keys.trust_rules import RevocationMode, TrustException

_PASSWORDS = ("password", "key_password", "alias")
_RELOADING = ("cache_seconds", "watch")
_NEEDED = {"partner": "certificate", "secret_key": "value", "user": "password"}
"""What else an entry cannot be without."""
_WHAT = "a symmetric key in base64"
_FORMS: Mapping[str, tuple[str, ...]] = {
    "pkcs12": (*_PASSWORDS, *_RELOADING, "sign_from"),
    "pem": (*_PASSWORDS, *_RELOADING, "sign_from"),
    "base64_env": (*_PASSWORDS, "sign_from"),
    "key": ("certificate", "chain", "password", "alias", *_RELOADING, "sign_from"),
    "partner": ("certificate", "anchors", *_RELOADING, "encrypt_from"),
    "secret_key": ("value", "key_name"),
    "user": ("password",),
}
"""The key that says what an entry is, and the keys that may stand beside it."""


@dataclass(frozen=True, kw_only=True)
class KeystoreEntry:
    """One ``[[keystore]]``: key pairs of ours, a partner's certificate, a shared secret, or a user."""

    pkcs12: Path | None = None
    """PKCS#12 file (.p12, .pfx) with our key pairs."""
    pem: Path | None = None
    """PEM file with a private key, its certificate and the chain."""
    base64_env: str | None = None
    """Environment variable that holds a PKCS#12 or PEM file in base64."""
    key: Path | None = None
    """PEM file with a private key; ``certificate`` and ``chain`` have the rest."""
    certificate: Path | Sequence[Path] | None = None
    """Certificate of ``key`` or of ``partner``, in PEM or DER; of ``partner`` a list, too: each may sign."""
    chain: tuple[Path, ...] = ()
    """Files with the certificates above that of ``key``."""
    password: Secret | None = field(default=None, repr=False)
    """Password of the file or of its private key, or of ``user``."""
    key_password: Secret | None = field(default=None, repr=False)
    """Password of the private keys, when it is another one."""
    alias: str | None = None
    """Name for the key pair, in place of the one in the file."""
    cache_seconds: int | None = None
    """How long the content of the file holds until it is read again; 0: at every message; unset: never."""
    watch: bool = False
    """Whether the file is read again as soon as it has changed."""
    sign_from: datetime | None = None
    """Time, with its offset, at which the key pairs take over from others of their alias; all decrypt, always.
    Unset, the key pair that was given first goes on signing while it is valid."""
    partner: str | None = None
    """Name of a partner: whom we encrypt to, and who must sign."""
    anchors: tuple[Path, ...] = ()
    """CA certificates under which ``partner`` may renew its certificate; trusted for no one else."""
    encrypt_from: datetime | None = None
    """Time, with its offset, at which this certificate of ``partner`` takes over from another one; signatures
    with each count, always."""
    secret_key: str | None = None
    """Name of a symmetric key that a partner has too; ``value`` has the key."""
    value: Secret | None = field(default=None, repr=False)
    """The key of ``secret_key``, 16 to 1024 octets, in base64."""
    key_name: str | None = None
    """What ``ds:KeyName`` calls ``secret_key`` in messages, in place of its name here."""
    user: str | None = None
    """Name of a user whose username tokens are checked, or whose password keys are derived from."""

    def __post_init__(self) -> None:
        given = [
            item.name for item in fields(self) if getattr(self, item.name) not in (None, (), False)
        ]
        forms = [name for name in given if name in _FORMS]
        if len(forms) != 1:
            raise ProfileError(
                f"{' and '.join(forms)} stand in one entry."
                if forms
                else "Nothing says where the key or certificate is.",
                hint=f"An entry has one of {', '.join(_FORMS)}.",
            )
        for name in given:
            if name != forms[0] and name not in _FORMS[forms[0]]:
                raise ProfileError(
                    f"This is of no use with {forms[0]}.",
                    hint=f"Beside {forms[0]} there may be {', '.join(_FORMS[forms[0]])}.",
                    path=name,
                )
        if self.key is not None and isinstance(self.certificate, tuple):
            raise ProfileError("A key has one certificate.", path="certificate")
        for name in ("sign_from", "encrypt_from"):
            moment = getattr(self, name)
            if moment is not None and moment.utcoffset() is None:
                raise ProfileError(
                    "A time without its offset from UTC.",
                    hint=f"Write {name} = {moment.isoformat()}+01:00, or Z for UTC.",
                    path=name,
                )
        if self.cache_seconds is not None and self.cache_seconds < 0:
            raise ProfileError("A time is 0 or more.", path="cache_seconds")
        needed = _NEEDED.get(forms[0], forms[0])
        if getattr(self, needed) is None:
            article = "its" if forms[0] == "partner" else "a"
            raise ProfileError(
                f"A {forms[0].replace('_', ' ')} needs {article} {needed}.", path=needed
            )

    def added_to(self, keystore: Keystore) -> Keystore:
        """Give ``keystore`` with what this entry names.

        Raises:
            KeyMaterialError: A file or a secret cannot be used.
        """
        if self.partner is not None and self.certificate is not None:
            paths = self.certificate if isinstance(self.certificate, tuple) else (self.certificate,)
            files = PartnerFiles(
                self.partner, paths, anchors=self.anchors, encrypt_from=self.encrypt_from
            )
            return keystore.merge(self._of_source(files))
        if self.secret_key is not None and self.value is not None:
            source = f"{self.value!r} of the secret {self.secret_key!r}"
            octets = decode_base64(self.value.reveal(), what=_WHAT, source=source)
            return keystore.with_secret(self.secret_key, octets, key_name=self.key_name)
        if self.user is not None and self.password is not None:
            return keystore.with_user(self.user, self.password)
        loaded = self._load()
        if self.sign_from is not None:
            loaded = loaded.signing_from(self.sign_from)
        return keystore.merge(loaded)

    def _load(self) -> Keystore:
        password, key_password, alias = self.password, self.key_password, self.alias
        if self.base64_env is not None:
            return Keystore.from_env(
                self.base64_env, password=password, key_password=key_password, alias=alias
            )
        opening = Opening.of(password, key_password=key_password, alias=alias)
        path = self.pkcs12 or self.pem
        if path is not None:
            return self._of_source(FileContent(path, opening))
        if self.key is None:
            raise AssertionError("checked when it was made")
        certificate = self.certificate if isinstance(self.certificate, Path) else None
        pair = PemPair(self.key, opening, certificate=certificate, chain=self.chain)
        return self._of_source(pair)

    def _of_source(self, source: ContentSource[Any]) -> Keystore:
        return Keystore.from_source(source, cache_seconds=self.cache_seconds, watch=self.watch)


@dataclass(frozen=True, kw_only=True)
class TrustSection:
    """What trust in certificates ends in; nothing else is trusted."""

    anchors: tuple[Path, ...] = ()
    """Files with CA certificates."""
    intermediates: tuple[Path, ...] = ()
    """Files with certificates that may stand between a signer and an anchor."""
    pins: tuple[str, ...] = ()
    """SHA-256 fingerprints, in hex, of certificates that are trusted as they are."""
    revocation: RevocationMode = "off"
    """What follows where nothing tells whether a signer's certificate is revoked: ``"soft"`` a warning,
    ``"hard"`` a refusal. One that is known to be revoked is always refused."""
    crls: tuple[Path, ...] = ()
    """Files with complete CRLs, in DER or PEM."""
    ocsp: tuple[Path, ...] = ()
    """Files with OCSP responses, in DER."""
    extended_key_usage: tuple[str, ...] = ()
    """Of which a signer's certificate must have one, if it has any: names or dotted numbers; empty: those of
    TLS, mail and documents."""
    legacy: Mapping[str, str] = field(default_factory=dict)
    """``sha1``, with a reason: certificates that are signed over SHA-1 count."""
    exception: tuple[Mapping[str, str | date | Sequence[str]], ...] = ()
    """What is overlooked in single certificates: ``sha256``, ``reason``, ``until`` and ``allow`` of each."""

    def __post_init__(self) -> None:
        for name, reason in self.legacy.items():
            if name != "sha1" or not reason.strip():
                raise ProfileError(
                    "Needed is sha1, with a reason."
                    if name == "sha1"
                    else f"{name!r} is not known here.",
                    hint='Write legacy = { sha1 = "why" }.',
                    path="legacy",
                )
        try:
            if self.extended_key_usage:
                read_usages(self.extended_key_usage)
        except KeyLoadError as error:
            text, hint = str(error.message), error.hint
            raise ProfileError(text, hint=hint, path="extended_key_usage") from None
        _ = self.exceptions

    @property
    def exceptions(self) -> tuple[TrustException, ...]:
        """The exceptions, checked."""
        return tuple(
            _read_exception(table, f"exception[{index}]")
            for index, table in enumerate(self.exception)
        )


_EXCEPTION = tuple(item.name for item in fields(TrustException))


def _read_exception(table: Mapping[str, Any], path: str) -> TrustException:
    if set(table) != set(_EXCEPTION):
        raise ProfileError(f"An exception has {', '.join(_EXCEPTION)}, all of them.", path=path)
    try:
        return TrustException(**table)
    except KeyLoadError as error:
        raise ProfileError(str(error.message), hint=error.hint, path=path) from None


def load_keystore(entries: Iterable[KeystoreEntry], trust: TrustSection) -> Keystore:
    """Load the keystore of a profile file; without entries it is empty.

    Raises:
        KeyMaterialError: Something cannot be used; ``path`` says in which entry.
    """
    keystore = Keystore()
    for index, entry in enumerate(entries):
        try:
            keystore = entry.added_to(keystore)
        except KeyMaterialError as error:
            error.details["path"] = f"keystore[{index}]"
            if isinstance(error, WrongPasswordError) and entry.password is None:
                error.hint = "Set password_env or password_file."
            raise without_frames(error)  # noqa: B904  # it is the same error
    try:
        return keystore.with_trust(
            anchors=trust.anchors,
            intermediates=trust.intermediates,
            pins=trust.pins,
            revocation=trust.revocation,
            crls=trust.crls,
            ocsp=trust.ocsp,
            extended_key_usage=trust.extended_key_usage,
            exceptions=trust.exceptions,
            sha1="sha1" in trust.legacy,
        )
    except KeyMaterialError as error:
        error.details["path"] = "trust"
        raise
