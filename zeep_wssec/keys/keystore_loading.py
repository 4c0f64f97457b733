"""How keystores are loaded: a method for each kind of source."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any, Self, Unpack

from zeep_wssec.keys.content import ContentSource, KeystoreContent
from zeep_wssec.keys.files import Source
from zeep_wssec.keys.keystore_file import KeystoreKind
from zeep_wssec.keys.opening import Opening, OpeningOptions, Password
from zeep_wssec.keys.refreshing import RefreshedSource, SnapshotSource
from zeep_wssec.keys.secrets import Secret, hides_frames
from zeep_wssec.keys.snapshot import Snapshot
from zeep_wssec.keys.sources.called import CalledContent
from zeep_wssec.keys.sources.file import FileContent, VariableContent
from zeep_wssec.keys.sources.folder import path_content
from zeep_wssec.keys.sources.pem_pair import PemPair
from zeep_wssec.keys.sources.token import TokenContent
from zeep_wssec.keys.sources.url import UrlContent
from zeep_wssec.keys.trust import CertificateSource


class KeystoreLoading:
    """The part of ``Keystore`` that reads sources; each method makes a new keystore."""

    __slots__ = ()

    def snapshot(self) -> Snapshot:
        """Give what the keystore holds now."""
        raise NotImplementedError

    @classmethod
    def _of_content(cls, content: KeystoreContent) -> Self:
        raise NotImplementedError

    @classmethod
    def _of_source(cls, source: SnapshotSource) -> Self:
        raise NotImplementedError

    @classmethod
    @hides_frames
    def from_source(
        cls,
        source: ContentSource[Any],
        *,
        cache_seconds: float | None = None,
        watch: bool = False,
        clock: Callable[[], float] | None = None,
    ) -> Self:
        """Load what any source holds, one of your own included.

        Args:
            source: Where the keys are.
            cache_seconds: How long the content holds until it is fetched again, by this keystore and
                by all that are made from it; 0: at every message; unset: never. A message keeps the
                keys it began with. While it cannot be used, what it held goes on for a minute.
            watch: Whether it is fetched again as soon as it has changed; for files.
            clock: Gives seconds that only grow, for both; for tests.

        Raises:
            KeyMaterialError: What it holds cannot be used.
        """
        if cache_seconds is None and not watch:
            return cls._of_content(source.read(source.fetch()))
        refreshed = RefreshedSource(
            source,
            make=lambda content: cls._of_content(content).snapshot(),
            cache_seconds=cache_seconds,
            watch=watch,
            clock=clock,
        )
        return cls._of_source(refreshed)

    @classmethod
    @hides_frames
    def load(
        cls,
        path: str | os.PathLike[str],
        *,
        kind: KeystoreKind | None = None,
        cache_seconds: float | None = None,
        watch: bool = False,
        clock: Callable[[], float] | None = None,
        **opening: Unpack[OpeningOptions],
    ) -> Self:
        """Load a file with our keys, or a folder of PEM files.

        Args:
            path: A regular file of at most 4 MiB (PKCS#12, PEM, JKS, JCEKS, JWK), or a folder.
            kind: What the file must be; unset: what its content looks like.
            cache_seconds: How long the content holds until it is read again; see ``from_source``.
            watch: Whether it is read again as soon as it has changed. Replace files by renaming.
            clock: As for ``from_source``.
            **opening: ``password``, ``key_password``, ``alias``, ``only``, ``certificates``: see
                ``OpeningOptions``.

        Raises:
            KeyLoadError: It is no keystore, broken, or holds nothing that can be used.
            KeyNotFoundError: There is no entry that ``only`` names.
            WrongPasswordError: The password is missing or wrong.
            KeyMismatchError: A private key has no certificate, or another's.
            DuplicateAliasError: Two entries of the file have one name.
        """
        source: ContentSource[Any] = path_content(path, Opening.of(**opening), kind=kind)
        return cls.from_source(source, cache_seconds=cache_seconds, watch=watch, clock=clock)

    @classmethod
    @hides_frames
    def from_bytes(
        cls, data: bytes, *, kind: KeystoreKind | None = None, **opening: Unpack[OpeningOptions]
    ) -> Self:
        """Load a keystore from the content of a file; like ``load``."""
        return cls.from_source(FileContent(bytes(data), Opening.of(**opening), kind=kind))

    @classmethod
    @hides_frames
    def from_env(
        cls, variable: str, *, kind: KeystoreKind | None = None, **opening: Unpack[OpeningOptions]
    ) -> Self:
        """Load a keystore from an environment variable; like ``load``.

        Args:
            variable: Its name; it holds a PEM or JSON text, or any other file in base64.
            kind: As for ``load``.
            **opening: As for ``load``.
        """
        return cls.from_source(VariableContent(variable, Opening.of(**opening), kind=kind))

    @classmethod
    @hides_frames
    def from_pem(
        cls,
        *,
        key: Source,
        certificate: Source | None = None,
        chain: Source | Sequence[Source] = (),
        password: Password | None = None,
        alias: str = "key",
        cache_seconds: float | None = None,
        watch: bool = False,
    ) -> Self:
        """Load one key pair from PEM files or bytes.

        Args:
            key: The private key; may hold certificate and chain as well.
            certificate: The certificate; may hold the chain as well. DER is taken too.
            chain: Further certificates, in any order.
            password: For an encrypted private key.
            alias: Name of the key pair.
            cache_seconds: How long the content holds until it is read again; see ``from_source``.
            watch: Whether it is read again as soon as one of the files has changed.

        Raises:
            KeyLoadError: As for ``load``.
        """
        opening = Opening.of(password, alias=alias)
        source = PemPair(key, opening, certificate=certificate, chain=chain)
        return cls.from_source(source, cache_seconds=cache_seconds, watch=watch)

    @classmethod
    @hides_frames
    def from_pkcs11(
        cls,
        module: str | os.PathLike[str] | None = None,
        *,
        token: str | None = None,
        slot: int | None = None,
        key_id: bytes | None = None,
        cache_seconds: float | None = None,
        **opening: Unpack[OpeningOptions],
    ) -> Self:
        """Use the keys of a PKCS#11 token, which never leave it; needs the extra ``pkcs11``.

        Each key is called what the token calls it. Calls to one module go one after the other. After a
        fork, or when the token has been away, the session is opened again.

        Args:
            module: Path of the library; unset: the environment variable ``PKCS11_MODULE``.
            token: Label of the token; needless when there is one only.
            slot: Number of its slot, in place of the label.
            key_id: Of the only key wanted, where labels do not tell.
            cache_seconds: How long what was found there holds; see ``from_source``.
            **opening: As for ``load``; ``password`` is the PIN, ``only`` has labels of keys, and
                ``certificates`` are those that are not on the token.

        Raises:
            KeyLoadError: No module, no token, or no key on it.
            KeyNotFoundError: No key has the label or id.
            WrongPasswordError: The PIN is wrong; it is not tried a second time.
            KeyMismatchError: A key has no certificate.
        """
        source = TokenContent(
            Opening.of(**opening), module=module, token=token, slot=slot, key_id=key_id
        )
        return cls.from_source(source, cache_seconds=cache_seconds)

    @classmethod
    @hides_frames
    def from_callable(
        cls,
        function: Callable[[], Any] | str,
        *,
        kind: KeystoreKind | None = None,
        cache_seconds: float | None = None,
        **opening: Unpack[OpeningOptions],
    ) -> Self:
        """Load what a function gives: the octets of a keystore file, or a whole ``Keystore``.

        Args:
            function: Takes no arguments; or its name, ``"package.module:function"``.
            kind: As for ``load``.
            cache_seconds: How long it holds until the function is called again; see ``from_source``.
            **opening: As for ``load``.

        Raises:
            KeyLoadError: The function cannot be imported, fails, or gives something else.
        """
        source = CalledContent(function, Opening.of(**opening), kind=kind)
        return cls.from_source(source, cache_seconds=cache_seconds)

    @classmethod
    @hides_frames
    def from_url(
        cls,
        url: str,
        *,
        anchors: CertificateSource | Sequence[CertificateSource],
        authorization: Secret | None = None,
        kind: KeystoreKind | None = None,
        cache_seconds: float | None = None,
        timeout_seconds: float = 10.0,
        **opening: Unpack[OpeningOptions],
    ) -> Self:
        """Fetch a keystore from an https address, now; and again when ``cache_seconds`` are over.

        Args:
            url: The address; it gives the octets of a keystore file, and does not redirect.
            anchors: CA certificates under which its server is trusted, and no others.
            authorization: Value of the HTTP header ``Authorization``.
            kind: As for ``load``.
            cache_seconds: How long it holds until it is fetched again, by the message that comes next;
                see ``from_source``. Unset: never.
            timeout_seconds: For the connection and each piece of the answer.
            **opening: As for ``load``.

        Raises:
            KeyLoadError: It is no https address, or cannot be fetched within bounds.
        """
        source = UrlContent(
            url,
            Opening.of(**opening),
            anchors=anchors,
            authorization=authorization,
            kind=kind,
            timeout_seconds=timeout_seconds,
        )
        return cls.from_source(source, cache_seconds=cache_seconds)
