"""Cms: the six verbs, over a keystore and frozen settings."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from itertools import chain

from zeep_wssec.keys.secrets import hides_frames
from zeep_wssec.keys.snapshot import Snapshot
from zeep_wssec.payload.cms.armour import ArmourWriter, open_armour
from zeep_wssec.payload.cms.enveloping import (
    require_authenticated,
    write_enveloped,
    write_signed_and_enveloped,
)
from zeep_wssec.payload.cms.reading import decrypt_data, open_data, verify_data
from zeep_wssec.payload.cms.settings import CmsSettings
from zeep_wssec.payload.cms.signing import (
    SignedParts,
    detached_data,
    sign_content,
    signed_frame,
)
from zeep_wssec.payload.cms.structure import framed_pieces, write_framed
from zeep_wssec.payload.cms.verifying import Judging
from zeep_wssec.payload.keystore_format import KeystoreFormat
from zeep_wssec.payload.results import PayloadResult
from zeep_wssec.payload.sinks import PayloadWriter, open_sink
from zeep_wssec.payload.streams import (
    PayloadReader,
    PayloadSink,
    PayloadSource,
    open_source,
    open_spool,
)


class Cms(KeystoreFormat[CmsSettings]):
    """Signs, encrypts, verifies and decrypts CMS.

    Without settings it signs with our only key, and encrypts with AES-256-GCM.
    """

    settings_class = CmsSettings

    @hides_frames
    def sign(
        self, data: PayloadSource, *, to: PayloadSink | None = None, now: datetime | None = None
    ) -> PayloadResult:
        """Make SignedData; see ``PayloadFormat``. With ``detached`` the result is the signature alone.

        Raises:
            KeyMaterialError: A key is missing, or not fit to sign.
            PayloadLimitError: It is too large to be signed without attributes.
        """
        settings, now = self.settings, self._moment(now)
        keys = self.keystore.snapshot()
        attached = not settings.detached
        with open_source(data, seekable=attached) as content, open_sink(to) as writer:
            parts = sign_content(content, settings, keys, now)
            with self._armour(writer, pkcs7=False) as out:
                if attached:
                    frame = signed_frame(parts, settings, self._size(content))
                    content.seek(0)
                    pieces = content.chunks()
                    write_framed(out, frame, pieces, block_bytes=settings.block_bytes)
                else:
                    out.write(detached_data(parts, settings))
        return self._written(writer, parts, structure="SignedData")

    @hides_frames
    def verify(
        self,
        data: PayloadSource,
        *,
        content: PayloadSource | None = None,
        to: PayloadSink | None = None,
        now: datetime | None = None,
    ) -> PayloadResult:
        """Verify SignedData and give its content; see ``PayloadFormat``.

        Raises:
            PayloadUnsignedError: There is no signature.
            PayloadSignatureError: A signature does not match.
            PayloadSignerError: The signer is not who must have signed.
        """
        judging = self._judging(now)
        with self._opened(data) as source, open_sink(to) as writer:
            if content is None:
                result = verify_data(source, writer, judging)
            else:
                with open_source(content) as detached:
                    result = verify_data(source, writer, judging, content=detached)
        return replace(result, content=writer.content, size=writer.size)

    @hides_frames
    def encrypt(
        self, data: PayloadSource, *, to: PayloadSink | None = None, now: datetime | None = None
    ) -> PayloadResult:
        """Make AuthEnvelopedData, or EnvelopedData with a CBC cipher; see ``PayloadFormat``.

        Raises:
            LegacyAlgorithmError: A CBC cipher without the opt-in ``"cbc"``.
            KeyMaterialError: A recipient is missing, or not fit to be encrypted to.
        """
        settings, now = self.settings, self._moment(now)
        require_authenticated(settings)
        keys = self.keystore.snapshot()
        with (
            open_source(data, seekable=True) as content,
            open_sink(to) as writer,
            self._armour(writer) as out,
        ):
            write_enveloped(
                out, content.chunks(), self._size(content), settings=settings, keys=keys, now=now
            )
        return self._written(writer, None, structure=self._enveloped)

    @hides_frames
    def decrypt(
        self, data: PayloadSource, *, to: PayloadSink | None = None, now: datetime | None = None
    ) -> PayloadResult:
        """Decrypt EnvelopedData or AuthEnvelopedData; see ``PayloadFormat``.

        Raises:
            PayloadDecryptionError: For every cause the same.
            PayloadAlgorithmError: A CBC cipher, RSA 1.5 or Triple DES without its opt-in.
        """
        judging = self._judging(now)
        with self._opened(data) as source, open_sink(to) as writer:
            result = decrypt_data(source, writer, judging)
        return replace(result, content=writer.content, size=writer.size)

    @hides_frames
    def protect(
        self, data: PayloadSource, *, to: PayloadSink | None = None, now: datetime | None = None
    ) -> PayloadResult:
        """Sign and encrypt, as ``protection`` says; see ``PayloadFormat``.

        Raises:
            KeyMaterialError: A key or recipient is missing or not fit.
        """
        settings, now = self.settings, self._moment(now)
        keys = self.keystore.snapshot()
        with open_source(data, seekable=True) as content, open_sink(to) as writer:
            parts = sign_content(content, settings, keys, now)
            content.seek(0)
            with self._armour(writer) as out:
                if settings.protection == "nested":
                    self._write_nested(out, content, parts, keys, now)
                else:
                    write_signed_and_enveloped(
                        out,
                        content.chunks(),
                        self._size(content),
                        parts=parts,
                        settings=settings,
                        keys=keys,
                        now=now,
                    )
        is_nested = settings.protection == "nested"
        structure = self._enveloped if is_nested else "SignedAndEnvelopedData"
        return self._written(writer, parts, structure=structure)

    @hides_frames
    def open(
        self, data: PayloadSource, *, to: PayloadSink | None = None, now: datetime | None = None
    ) -> PayloadResult:
        """Decrypt and verify; see ``PayloadFormat``.

        Raises:
            PayloadDecryptionError: It cannot be decrypted; behind a CBC cipher, also for a content or
                signature that was changed, and for a signer who does not count.
            PayloadUnsignedError: It is encrypted, but nobody signed it.
            PayloadSignerError: The signer is not who must have signed.
        """
        judging = self._judging(now)
        with self._opened(data) as source, open_sink(to) as writer, open_spool(to) as spool:
            result = open_data(source, writer, judging, spool=spool)
        return replace(result, content=writer.content, size=writer.size)

    @property
    def _enveloped(self) -> str:
        return "AuthEnvelopedData" if self.settings.cipher.authenticates else "EnvelopedData"

    def _write_nested(
        self,
        out: ArmourWriter,
        content: PayloadReader,
        parts: SignedParts,
        keys: Snapshot,
        now: datetime,
    ) -> None:
        frame = signed_frame(parts, self.settings, self._size(content))
        inner = framed_pieces(frame, content.chunks(), block_bytes=self.settings.block_bytes)
        write_enveloped(out, chain(inner), frame.total, settings=self.settings, keys=keys, now=now)

    def _size(self, content: PayloadReader) -> int | None:
        return content.size if self.settings.block_bytes is None else None

    def _judging(self, now: datetime | None) -> Judging:
        return Judging(
            settings=self.settings,
            judge=self._judge,
            keys=self.keystore.snapshot(),
            now=self._moment(now),
        )

    @contextmanager
    def _opened(self, data: PayloadSource) -> Iterator[PayloadReader]:
        with open_source(data, seekable=True) as source, open_armour(source) as octets:
            yield octets

    @contextmanager
    def _armour(
        self, writer: PayloadWriter, *, pkcs7: bool | None = None
    ) -> Iterator[ArmourWriter]:
        is_pkcs7 = self.settings.protection == "pkcs7" if pkcs7 is None else pkcs7
        label = "PKCS7" if is_pkcs7 else "CMS"
        out = ArmourWriter(writer, self.settings.encoding, label=label)
        yield out
        out.close()

    def _written(
        self, writer: PayloadWriter, parts: SignedParts | None, *, structure: str
    ) -> PayloadResult:
        settings = self.settings
        is_encrypted = structure != "SignedData"
        return PayloadResult(
            content=writer.content,
            size=writer.size,
            format="cms",
            signers=parts.signers if parts else (),
            recipients=tuple(settings.recipients) if is_encrypted else (),
            encryption=settings.cipher.name if is_encrypted else None,
            detail={
                "structure": structure,
                "content_type": settings.content_type,
                "encoding": settings.encoding,
                "detached": settings.detached and not is_encrypted,
            },
        )
