"""The ``[[keystore]]`` and ``[trust]`` sections of a profile file, and the keystore they make."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from pathlib import Path
from typing import Any

from zeep_wssec.errors import KeyMaterialError, ProfileError, WrongPasswordError
from zeep_wssec.keys.content import ContentSource
from zeep_wssec.keys.keystore import Keystore
from zeep_wssec.keys.keystore_file import KeystoreKind, decode_base64
from zeep_wssec.keys.opening import Opening
from zeep_wssec.keys.secrets import Secret, without_frames
from zeep_wssec.keys.sources.called import CalledContent
from zeep_wssec.keys.sources.file import VariableContent
from zeep_wssec.keys.sources.folder import path_content
from zeep_wssec.keys.sources.partner import PartnerFiles
from zeep_wssec.keys.sources.pem_pair import PemPair
from zeep_wssec.keys.sources.token import TokenContent
from zeep_wssec.keys.sources.url import UrlContent
from zeep_wssec.profile_trust import TrustSection

_CHOICE = ("alias", "only", "certificates", "sign_from")
_OPENING = ("password", "key_password", "key_passwords", *_CHOICE)
_RELOADING = ("cache_seconds", "watch")
_NEEDED = {"partner": "certificate", "secret_key": "value", "user": "password", "url": "anchors"}
"""What else an entry cannot be without."""
_WHAT = "a symmetric key in base64"
_FILES: tuple[KeystoreKind, ...] = ("pkcs12", "pem", "jks", "jceks", "jwk")
_FORMS: Mapping[str, tuple[str, ...]] = {
    **{name: (*_OPENING, *_RELOADING) for name in _FILES if name != "jwk"},
    "jwk": (*_CHOICE, *_RELOADING),
    "base64_env": (*_OPENING, "kind"),
    "key": ("certificate", "chain", "password", "alias", *_RELOADING, "sign_from"),
    "pkcs11": ("token", "slot", "key_id", "password", *_CHOICE, "cache_seconds"),
    "url": ("anchors", "authorization", *_OPENING, "kind", "cache_seconds"),
    "callable": (*_OPENING, "kind", "cache_seconds"),
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
    """PEM file with private keys, their certificates and the chains, or a folder of such files."""
    jks: Path | None = None
    """Java keystore (JKS)."""
    jceks: Path | None = None
    """Java keystore (JCEKS); its secret keys are shared secrets."""
    jwk: Path | None = None
    """JSON Web Key, or a set of them."""
    base64_env: str | None = None
    """Environment variable that holds such a file in base64, or a PEM or JSON text."""
    pkcs11: Path | None = None
    """Library of a PKCS#11 token whose keys are used there; ``password`` is the PIN."""
    token: str | None = None
    """Label of the token."""
    slot: int | None = None
    """Number of the token's slot."""
    key_id: str | None = None
    """Id of the only key wanted, in hex."""
    url: str | None = None
    """An https address that gives such a file, fetched with the profile; ``anchors`` say whom to trust there."""
    authorization: Secret | None = field(default=None, repr=False)
    """Value of the HTTP header ``Authorization`` for ``url``."""
    callable: str | None = None
    """A function, ``"package.module:function"``, that gives such a file's octets, or a ``Keystore``."""
    kind: KeystoreKind | None = None
    """What the octets must be; unset: what they look like."""
    only: tuple[str, ...] = ()
    """Aliases of the entries to load, as the source has them; empty: all."""
    certificates: tuple[Path, ...] = ()
    """Files with certificates for keys that come without, and with those above them."""
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
    key_passwords: Mapping[str, Secret] = field(default_factory=dict, repr=False)
    """Passwords of single private keys, by alias."""
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
    """CA certificates under which ``partner`` may renew its certificate, or ``url`` is trusted; for no one else."""
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
        values = {item.name: getattr(self, item.name) for item in fields(self)}
        given = [
            name
            for name, value in values.items()
            if value is not None and value is not False and value not in ((), {})
        ]
        form = _require_form(given)
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
        _ = self._key_id
        needed = _NEEDED.get(form, form)
        if not getattr(self, needed):
            article = "its" if form == "partner" else "a" if needed != "anchors" else "the"
            raise ProfileError(f"A {form.replace('_', ' ')} needs {article} {needed}.", path=needed)

    @property
    def _key_id(self) -> bytes | None:
        try:
            return None if self.key_id is None else bytes.fromhex(self.key_id)
        except ValueError:
            raise ProfileError('An id is hex: "01a0".', path="key_id") from None

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
        if self.key is not None:
            certificate = self.certificate if isinstance(self.certificate, Path) else None
            opening = Opening.of(self.password, alias=self.alias)
            pair = PemPair(self.key, opening, certificate=certificate, chain=self.chain)
            return self._of_source(pair)
        opening = Opening.of(
            self.password,
            key_password=self.key_passwords or self.key_password,
            alias=self.alias,
            only=self.only or None,
            certificates=self.certificates,
        )
        return self._of_source(self._source(opening))

    def _source(self, opening: Opening) -> ContentSource[Any]:
        if self.base64_env is not None:
            return VariableContent(self.base64_env, opening, kind=self.kind)
        if self.pkcs11 is not None:
            return TokenContent(
                opening,
                module=self.pkcs11,
                token=self.token,
                slot=self.slot,
                key_id=self._key_id,
            )
        if self.url is not None:
            return UrlContent(
                self.url,
                opening,
                anchors=self.anchors,
                authorization=self.authorization,
                kind=self.kind,
            )
        if self.callable is not None:
            return CalledContent(self.callable, opening, kind=self.kind)
        for kind in _FILES:
            path = getattr(self, kind)
            if path is not None:
                return path_content(path, opening, kind=kind)
        raise AssertionError("checked when it was made")

    def _of_source(self, source: ContentSource[Any]) -> Keystore:
        return Keystore.from_source(source, cache_seconds=self.cache_seconds, watch=self.watch)


def _require_form(given: Sequence[str]) -> str:
    """Give the key that says what an entry is; refuse what is of no use beside it."""
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
    return forms[0]


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
