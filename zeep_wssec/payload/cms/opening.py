"""Reading what is encrypted: its whole structure first, then the key, then the content.

Nothing that the key decides comes before the last octet of the structure was read, so that no error of
structure tells anything about what is encrypted.

Spec: RFC 5652, section 6; RFC 5083; RFC 2315, section 11.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from zeep_wssec.errors import (
    PayloadAlgorithmError,
    PayloadDecryptionError,
    PayloadMalformedError,
)
from zeep_wssec.keys.certificate import Certificate
from zeep_wssec.keys.snapshot import Snapshot
from zeep_wssec.payload.cms.algorithms import (
    AUTH_ENVELOPED,
    CONTENT_TYPE_ATTRIBUTE,
    DATA,
    ENVELOPED,
    SIGNED_AND_ENVELOPED,
    Digest,
)
from zeep_wssec.payload.cms.attributes import read_attributes
from zeep_wssec.payload.cms.ber import BerReader, Mark
from zeep_wssec.payload.cms.ciphers import SealedWith, read_cipher, unseal
from zeep_wssec.payload.cms.der import INTEGER, OCTET_STRING, SEQUENCE, SET
from zeep_wssec.payload.cms.recipient_info import (
    RecipientInfo,
    open_content_key,
    read_recipients,
)
from zeep_wssec.payload.cms.recipients import MAX_RECIPIENTS
from zeep_wssec.payload.cms.settings import CmsSettings
from zeep_wssec.payload.cms.signer_info import SignerInfo
from zeep_wssec.payload.cms.structure import content_info, read_oid, unexpected_structure
from zeep_wssec.payload.cms.verifying import (
    content_of,
    read_certificates,
    read_digests,
    read_signers,
)

_CONTENT = 0x80


@dataclass(frozen=True, kw_only=True, repr=False)
class Enveloped:
    """What stands around encrypted content, and where that begins."""

    structure: str
    """Object identifier of the structure."""
    recipients: tuple[RecipientInfo, ...]
    sealed_with: SealedWith
    content_type: str
    content_at: Mark
    tag: bytes = b""
    associated: bytes = b""
    """What the cipher authenticates besides the content."""
    digests: tuple[Digest, ...] = ()
    certificates: tuple[Certificate, ...] = ()
    signers: tuple[SignerInfo, ...] = ()


def read_enveloped(ber: BerReader, settings: CmsSettings, *, wanted: tuple[str, ...]) -> Enveloped:
    """Read a whole structure but for its content.

    Raises:
        PayloadMalformedError: It is another one, or broken.
        PayloadAlgorithmError: Its cipher is unknown or refused.
        PayloadLimitError: It has too many recipients.
    """
    with content_info(ber) as number:
        if number not in wanted:
            raise unexpected_structure(number, wanted)
        return (
            _read_signed(ber, settings)
            if number == SIGNED_AND_ENVELOPED
            else _read_plain(ber, number)
        )


def _read_plain(ber: BerReader, number: str) -> Enveloped:
    ber.element(INTEGER)
    ber.optional(0xA0)
    recipients = ber.elements(SET, most=MAX_RECIPIENTS, what="recipients")
    is_auth = number == AUTH_ENVELOPED
    content_type, sealed_with, content_at = _read_content(ber, authenticated=is_auth)
    attributes = ber.optional(0xA1)
    tag = ber.element(OCTET_STRING)[2:] if is_auth else b""
    if is_auth:
        ber.optional(0xA2)
        if len(tag) != sealed_with.tag_bytes:
            raise PayloadMalformedError(f"The tag has {len(tag)} octets, not as many as it says.")
    associated = _associated(attributes, content_type) if is_auth else b""
    return Enveloped(
        structure=number,
        recipients=read_recipients(recipients),
        sealed_with=sealed_with,
        content_type=content_type,
        content_at=content_at,
        tag=tag,
        associated=associated,
    )


def _read_signed(ber: BerReader, settings: CmsSettings) -> Enveloped:
    ber.element(INTEGER)
    recipients = ber.elements(SET, most=MAX_RECIPIENTS, what="recipients")
    digests = read_digests(ber)
    content_type, sealed_with, content_at = _read_content(ber, authenticated=False)
    certificates = read_certificates(ber)
    return Enveloped(
        structure=SIGNED_AND_ENVELOPED,
        recipients=read_recipients(recipients),
        sealed_with=sealed_with,
        content_type=content_type,
        content_at=content_at,
        digests=digests,
        certificates=certificates,
        signers=read_signers(ber, settings),
    )


def _read_content(ber: BerReader, *, authenticated: bool) -> tuple[str, SealedWith, Mark]:
    ber.enter(SEQUENCE)
    content_type = read_oid(ber)
    sealed_with = read_cipher(content_of(ber.element(SEQUENCE)), authenticated=authenticated)
    content_at = ber.mark()
    if ber.peek() is None:
        raise PayloadMalformedError("The encrypted content is not in the data.")
    ber.skip(_CONTENT)
    ber.leave()
    return content_type, sealed_with, content_at


def _associated(attributes: bytes, content_type: str) -> bytes:
    """Give the authenticated attributes as the cipher takes them: DER of the SET.

    Spec: RFC 5083, sections 2.1 and 2.2.
    """
    if not attributes:
        if content_type != DATA:
            raise PayloadMalformedError("The type of the content is not authenticated.")
        return b""
    first = attributes[1]
    found = read_attributes(attributes[2 if first < 0x80 else 2 + (first & 0x7F) :])
    if CONTENT_TYPE_ATTRIBUTE in found.values and found.content_type != content_type:
        raise PayloadMalformedError("The content is of another type than the authenticated one.")
    return found.signed_octets


def check_cipher(found: Enveloped, settings: CmsSettings, *, signed: bool) -> None:
    """Refuse a cipher that needs an opt-in which is not there, before a key is touched.

    Args:
        found: The structure.
        settings: Have the opt-ins.
        signed: Whether a signature over the content will be demanded.

    Raises:
        PayloadAlgorithmError: With the ``opt_in``.
    """
    cipher = found.sealed_with.cipher
    needed = [cipher.legacy] if cipher.legacy else []
    if not cipher.authenticates and not signed:
        needed.append("cbc")
    for opt_in in needed:
        if opt_in not in settings.legacy:
            raise PayloadAlgorithmError(
                f"The cipher {cipher.name} is not allowed"
                f"{' without a signature' if opt_in == 'cbc' else ''}.",
                hint=f'Ask the sender for AES-GCM, or add legacy = {{ {opt_in} = "reason" }}.',
                algorithm=cipher.name,
                opt_in=opt_in,
            )


def decrypt_content(ber: BerReader, found: Enveloped, key: bytes) -> Iterator[bytes]:
    """Decrypt the content; nothing of it may be used before the last piece has come.

    Raises:
        PayloadDecryptionError: For every cause the same.
    """
    ber.go_back(found.content_at)
    yield from unseal(
        ber.pieces(_CONTENT),
        sealed_with=found.sealed_with,
        key=key,
        tag=found.tag,
        associated=found.associated,
    )


def content_key(found: Enveloped, keys: Snapshot, settings: CmsSettings) -> bytes:
    """Give the content key, or a random one in its place; see ``open_content_key``."""
    return open_content_key(
        found.recipients,
        keys=keys,
        legacy=settings.legacy,
        key_bytes=found.sealed_with.cipher.key_bytes,
    )


def unsealed_signature(found: Enveloped, value: bytes, key: bytes) -> bytes | None:
    """Give a signature as RFC 2315, section 11, words it: encrypted under the content key, as the content is.

    Returns:
        The signature, or ``None`` where it is not encrypted so.
    """
    try:
        return b"".join(unseal([value], sealed_with=found.sealed_with, key=key))
    except PayloadDecryptionError:
        return None


ENCRYPTED = (AUTH_ENVELOPED, ENVELOPED)
"""What ``decrypt`` reads."""
