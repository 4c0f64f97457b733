"""Writing what is encrypted: EnvelopedData, AuthEnvelopedData, and PKCS#7 SignedAndEnvelopedData.

Spec: RFC 5652, section 6; RFC 5083; RFC 5084; RFC 2315, section 11.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING

from zeep_wssec.errors import LegacyAlgorithmError
from zeep_wssec.keys.snapshot import Snapshot
from zeep_wssec.payload.cms.algorithms import AUTH_ENVELOPED, DATA, ENVELOPED, SIGNED_AND_ENVELOPED
from zeep_wssec.payload.cms.armour import Output
from zeep_wssec.payload.cms.ciphers import TAG_BYTES, SealedWith, Sealer
from zeep_wssec.payload.cms.der import SEQUENCE, Frame, integer, octet_string, oid
from zeep_wssec.payload.cms.recipients import seal_for_recipients
from zeep_wssec.payload.cms.signing import SignedParts
from zeep_wssec.payload.cms.structure import write_framed

if TYPE_CHECKING:
    from zeep_wssec.payload.cms.settings import CmsSettings

_CONTENT = 0x80


def require_authenticated(settings: CmsSettings) -> None:
    """Refuse to encrypt with CBC what nobody signs: whoever changes it on the way learns what it says.

    Raises:
        LegacyAlgorithmError: The opt-in ``"cbc"`` is not there.
    """
    if not settings.cipher.authenticates and "cbc" not in settings.legacy:
        raise LegacyAlgorithmError(
            f'"{settings.cipher.name}" without a signature is legacy.',
            hint='Use "aes256-gcm", or protect in place of encrypt, or add legacy = { cbc = "reason" }.',
            path="content_encryption",
            algorithm=settings.cipher.name,
            opt_in="cbc",
        )


def write_enveloped(
    out: Output,
    pieces: Iterable[bytes],
    size: int | None,
    *,
    settings: CmsSettings,
    keys: Snapshot,
    now: datetime,
) -> None:
    """Encrypt content of ``size`` octets, or of an unknown size, for the recipients.

    Raises:
        ProfileError: There are no recipients.
        KeyMaterialError: A recipient is missing, or not fit to be encrypted to.
    """
    key = os.urandom(settings.cipher.key_bytes)
    recipients = seal_for_recipients(key, settings, keys, now)
    sealed_with = SealedWith.fresh(settings.cipher, size)
    is_auth = settings.cipher.authenticates
    frame = _content(sealed_with, size)
    # The tag is known once the content has been written; until then other octets stand for it.
    placeholder = os.urandom(TAG_BYTES)
    frame = frame.inside(
        SEQUENCE,
        before=integer(0 if is_auth or recipients.plain else 2) + recipients.infos,
        after=octet_string(placeholder) if is_auth else b"",
    )
    number = AUTH_ENVELOPED if is_auth else ENVELOPED
    frame = frame.inside(0xA0).inside(SEQUENCE, before=oid(number))
    sealer = Sealer(sealed_with, key)
    body = Frame(prefix=frame.prefix, size=frame.size)
    write_framed(out, body, sealer.seal(pieces), block_bytes=settings.block_bytes)
    out.write(frame.suffix.replace(placeholder, sealer.tag) if is_auth else frame.suffix)


def write_signed_and_enveloped(
    out: Output,
    pieces: Iterable[bytes],
    size: int | None,
    *,
    parts: SignedParts,
    settings: CmsSettings,
    keys: Snapshot,
    now: datetime,
) -> None:
    """Write PKCS#7 SignedAndEnvelopedData; the signatures stand in it as libcrypto writes them.

    RFC 2315 words it otherwise: each signature encrypted under the content key. What is read may be
    either.

    Raises:
        ProfileError: There are no recipients, or one has no RSA key.
        KeyMaterialError: A recipient is missing, or not fit to be encrypted to.
    """
    key = os.urandom(settings.cipher.key_bytes)
    recipients = seal_for_recipients(key, settings, keys, now, agreement=False)
    sealed_with = SealedWith.fresh(settings.cipher, size)
    frame = _content(sealed_with, size).inside(
        SEQUENCE,
        before=integer(1) + recipients.infos + parts.digests,
        after=parts.certificates + parts.signer_infos,
    )
    frame = frame.inside(0xA0).inside(SEQUENCE, before=oid(SIGNED_AND_ENVELOPED))
    sealer = Sealer(sealed_with, key)
    write_framed(out, frame, sealer.seal(pieces), block_bytes=settings.block_bytes)


def _content(sealed_with: SealedWith, size: int | None) -> Frame:
    sealed = None if size is None else sealed_with.sealed_size(size)
    frame = Frame.string(_CONTENT, sealed)
    return frame.inside(SEQUENCE, before=oid(DATA) + sealed_with.identifier)
