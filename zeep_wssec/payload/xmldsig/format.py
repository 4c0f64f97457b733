"""XML Signature as a payload format."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from zeep_wssec.errors import PayloadUsageError
from zeep_wssec.keys.secrets import hides_frames
from zeep_wssec.payload.keystore_format import KeystoreFormat
from zeep_wssec.payload.parties import require_signing_key
from zeep_wssec.payload.results import PayloadResult, PayloadSigner
from zeep_wssec.payload.signing_only import SigningOnly
from zeep_wssec.payload.sinks import open_sink
from zeep_wssec.payload.streams import PayloadSink, PayloadSource
from zeep_wssec.payload.xmldsig.documents import read_octets
from zeep_wssec.payload.xmldsig.settings import XmlDsigSettings
from zeep_wssec.payload.xmldsig.signing import DocumentSigner
from zeep_wssec.payload.xmldsig.verifying import SignedPiece, VerifiedDocument, verify_document


class XmlDsig(KeystoreFormat[XmlDsigSettings], SigningOnly):
    """Signs XML documents, and gives of those that a partner signed what was signed."""

    format: ClassVar[str] = "xmldsig"
    settings_class = XmlDsigSettings

    @hides_frames
    def sign(
        self, data: PayloadSource, *, to: PayloadSink | None = None, now: datetime | None = None
    ) -> PayloadResult:
        """Sign a document; the result is the signed document, in UTF-8.

        Args:
            data: The document, or octets for ``content = "octets"``.
            to: Where the result goes; unset: into ``content`` of the result.
            now: Aware time of signing, instead of the clock.

        Raises:
            KeyMaterialError: The key is missing or must not sign.
            PayloadMalformedError: It is no document that can be signed so.
            ProfileError: An expression of the settings names no element of it, or several.

        Spec: XML Signature 1.1, section 3.1, Core Generation.
        """
        now = self._moment(now)
        settings, legacy = self.settings, frozenset(self.settings.legacy)
        entry = require_signing_key(self.keystore.snapshot(), settings.key, now=now, legacy=legacy)
        signed = DocumentSigner(settings, entry, now).sign(
            read_octets(data, settings.max_document_bytes)
        )
        method = settings.method_for(entry.certificate.key_kind)
        signer = PayloadSigner(
            alias=entry.alias,
            trusted_as="our own key",
            subject=entry.certificate.subject,
            sha256=entry.certificate.thumbprint_sha256,
            signed_at=now if settings.xades != "none" else None,
            algorithm=method.scheme if method is not None else "",
            digest=settings.digest,
        )
        with open_sink(to) as writer:
            writer.write(signed)
        return PayloadResult(
            content=writer.content, size=writer.size, format="xmldsig", signers=(signer,)
        )

    @hides_frames
    def verify(
        self,
        data: PayloadSource,
        *,
        content: PayloadSource | None = None,
        to: PayloadSink | None = None,
        now: datetime | None = None,
    ) -> PayloadResult:
        """Verify a document; the result is what was signed of it, in its canonical form.

        Nothing else of the document may be used: ``detail["parts"]`` tells where each signed element is in
        the content, when there are several.

        Args:
            data: The document.
            content: Not used: a detached signature stands in the document of what it signs.
            to: Where the signed content goes; unset: into ``content`` of the result.
            now: Aware time, instead of the clock.

        Raises:
            PayloadError: It is refused; nothing was written.

        Spec: XML Signature 1.1, section 3.2, Core Validation.
        """
        if content is not None:
            raise PayloadUsageError(
                "A detached XML signature stands in the document of what it signs.",
                hint="Give the document alone.",
            )
        verified = verify_document(
            read_octets(data, self.settings.max_document_bytes),
            keys=self.keystore.snapshot(),
            judge=self._judge,
            settings=self.settings,
            now=self._moment(now),
        )
        with open_sink(to) as writer:
            parts = []
            for index, piece in enumerate(verified.pieces):
                if index:
                    writer.write(b"\n")
                parts.append(_located(piece, writer.size))
                writer.write(piece.octets)
        return PayloadResult(
            content=writer.content,
            size=writer.size,
            format="xmldsig",
            signers=(_signer(verified),),
            detail={"parts": parts},
        )


def _located(piece: SignedPiece, offset: int) -> dict[str, object]:
    return {"id": piece.id, "name": piece.name, "offset": offset, "size": len(piece.octets)}


def _signer(verified: VerifiedDocument) -> PayloadSigner:
    certificate = verified.signer.certificate
    return PayloadSigner(
        alias=verified.trusted.alias,
        trusted_as=verified.trusted.text,
        subject=certificate.subject,
        sha256=certificate.thumbprint_sha256,
        signed_at=verified.signed_at,
        algorithm=verified.method,
        digest=", ".join(dict.fromkeys(verified.digests)),
    )
