"""Writing SignedData: attributes and signatures over digests of the content.

Spec: RFC 5652, section 5; RFC 5754; RFC 8419.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from zeep_wssec.errors import PayloadLimitError, PayloadUsageError
from zeep_wssec.keys.certificate import Certificate
from zeep_wssec.keys.entries import KeyEntry
from zeep_wssec.keys.snapshot import Snapshot
from zeep_wssec.payload.cms.algorithms import (
    CONTENT_TYPE_ATTRIBUTE,
    DATA,
    DIGESTS_BY_NAME,
    MESSAGE_DIGEST_ATTRIBUTE,
    SIGNATURE_METHODS,
    SIGNED,
    SIGNING_TIME_ATTRIBUTE,
    SignatureMethod,
)
from zeep_wssec.payload.cms.attributes import looks_like_attributes
from zeep_wssec.payload.cms.der import (
    OCTET_STRING,
    SEQUENCE,
    Frame,
    context,
    integer,
    octet_string,
    oid,
    sequence,
    set_of,
    time,
)
from zeep_wssec.payload.cms.identifiers import digest_identifier, signature_identifier
from zeep_wssec.payload.cms.naming import issuer_and_serial, key_identifier
from zeep_wssec.payload.parties import require_signing_key, unfit_for_algorithm
from zeep_wssec.payload.results import PayloadSigner
from zeep_wssec.payload.streams import PayloadReader

if TYPE_CHECKING:
    from zeep_wssec.payload.cms.settings import CmsSettings

MAX_BARE_BYTES = 64 * 1024 * 1024
"""Largest content that is signed without attributes: a signer takes what it signs as a whole."""


@dataclass(frozen=True)
class _Plan:
    """Who signs, and how."""

    entry: KeyEntry
    method: SignatureMethod


@dataclass(frozen=True, kw_only=True)
class SignedParts:
    """What SignedData holds besides the content."""

    version: int
    digests: bytes
    """The SET of digest algorithms."""
    certificates: bytes
    """``[0]``, or nothing."""
    signer_infos: bytes
    signers: tuple[PayloadSigner, ...]


def sign_content(
    content: PayloadReader, settings: CmsSettings, keys: Snapshot, now: datetime
) -> SignedParts:
    """Read the content to its end, and sign it.

    Raises:
        KeyMaterialError: A key is missing, or not fit to sign.
        PayloadLimitError: It is too large to be signed without attributes.
    """
    plans = _plans(settings, keys, now)
    digests, whole = _read_content(content, plans, keep=not settings.signed_attributes)
    infos, signers = [], []
    for plan in plans:
        info, signer = _sign(plan, digests[plan.method.digest], whole, settings, now)
        infos.append(info)
        signers.append(signer)
    used = dict.fromkeys(plan.method.digest for plan in plans)
    named_by_key = settings.signer_reference == "subject_key_identifier"
    return SignedParts(
        version=3 if named_by_key or settings.content_type != DATA else 1,
        digests=set_of(digest_identifier(DIGESTS_BY_NAME[name]) for name in used),
        certificates=_write_certificates(settings, plans),
        signer_infos=set_of(infos),
        signers=tuple(signers),
    )


def signed_frame(parts: SignedParts, settings: CmsSettings, size: int | None) -> Frame:
    """Put attached content of ``size`` octets, or of an unknown size, into SignedData."""
    frame = Frame.string(OCTET_STRING, size).inside(0xA0)
    frame = frame.inside(SEQUENCE, before=oid(settings.content_type))
    frame = frame.inside(
        SEQUENCE,
        before=integer(parts.version) + parts.digests,
        after=parts.certificates + parts.signer_infos,
    )
    return frame.inside(0xA0).inside(SEQUENCE, before=oid(SIGNED))


def detached_data(parts: SignedParts, settings: CmsSettings) -> bytes:
    """Write SignedData without its content."""
    return sequence(
        oid(SIGNED),
        context(
            0,
            sequence(
                integer(parts.version),
                parts.digests,
                sequence(oid(settings.content_type)),
                parts.certificates,
                parts.signer_infos,
            ),
        ),
    )


def _plans(settings: CmsSettings, keys: Snapshot, now: datetime) -> tuple[_Plan, ...]:
    legacy = frozenset(settings.legacy)
    plans = []
    for alias in settings.signers or (None,):
        entry = require_signing_key(keys, alias, now=now, legacy=legacy)
        kind = entry.certificate.key_kind
        method = settings.method_of(entry.alias, kind)
        if method is None or method.key_kind != kind:
            wanted = f"with {method.name} " if method else ""
            problem = f"The key {entry.alias!r} of kind {kind} cannot sign {wanted}in CMS."
            fitting = [
                item.name for item in SIGNATURE_METHODS if item.key_kind == kind and not item.legacy
            ]
            setting = (
                f"signer_algorithms.{entry.alias}" if len(settings.signers) > 1 else "algorithm"
            )
            raise unfit_for_algorithm(entry, problem, fitting=fitting, setting=setting)
        if method.scheme == "eddsa" and not settings.signed_attributes:
            raise PayloadUsageError(
                f"{method.name} signs with attributes only here.",
                hint="Leave signed_attributes at true.",
            )
        plans.append(_Plan(entry, method))
    return tuple(plans)


def _read_content(
    content: PayloadReader, plans: Iterable[_Plan], *, keep: bool
) -> tuple[Mapping[str, bytes], bytes]:
    names = {plan.method.digest for plan in plans}
    running = {name: DIGESTS_BY_NAME[name].begin() for name in names}
    kept = bytearray()
    for chunk in content.chunks():
        for digest in running.values():
            digest.update(chunk)
        if not keep:
            continue
        kept += chunk
        if len(kept) > MAX_BARE_BYTES:
            raise PayloadLimitError(
                f"Content above {MAX_BARE_BYTES} octets is signed with attributes only.",
                hint="Leave signed_attributes at true.",
                limit=MAX_BARE_BYTES,
            )
    if keep and looks_like_attributes(bytes(kept)):
        # RFC 5652, section 5.4: the signature would hold for other content with these attributes.
        raise PayloadUsageError(
            "The content could pass for signed attributes, and is not signed without them.",
            hint="Leave signed_attributes at true.",
        )
    return {name: digest.digest() for name, digest in running.items()}, bytes(kept)


def _sign(
    plan: _Plan, digest: bytes, whole: bytes, settings: CmsSettings, now: datetime
) -> tuple[bytes, PayloadSigner]:
    certificate, method = plan.entry.certificate, plan.method
    attributes = b""
    data = whole
    if settings.signed_attributes:
        data = _attributes(digest, settings, now)
        attributes = b"\xa0" + data[1:]  # the same octets under their implicit tag
    value = plan.entry.require_signer().sign(
        data, scheme=method.scheme, digest="" if method.scheme == "eddsa" else method.digest
    )
    by_key = settings.signer_reference == "subject_key_identifier"
    info = sequence(
        integer(3 if by_key else 1),
        context(0, key_identifier(certificate), constructed=False)
        if by_key
        else issuer_and_serial(certificate),
        digest_identifier(DIGESTS_BY_NAME[method.digest]),
        attributes,
        signature_identifier(method),
        octet_string(value),
    )
    return info, describe_own(
        plan.entry, method, now if settings.signing_time and attributes else None
    )


def describe_own(
    entry: KeyEntry, method: SignatureMethod, signed_at: datetime | None
) -> PayloadSigner:
    """Tell of a signature that we made."""
    certificate = entry.certificate
    return PayloadSigner(
        alias=entry.alias,
        trusted_as=f"our key {entry.alias!r}",
        subject=certificate.subject,
        sha256=certificate.thumbprint_sha256,
        key_id=certificate.subject_key_identifier.hex(),
        signed_at=signed_at,
        algorithm=method.scheme if method.scheme != "eddsa" else method.name,
        digest=method.digest,
    )


def _attributes(digest: bytes, settings: CmsSettings, now: datetime) -> bytes:
    """Write the SET that is signed."""
    values = {
        CONTENT_TYPE_ATTRIBUTE: oid(settings.content_type),
        MESSAGE_DIGEST_ATTRIBUTE: octet_string(digest),
    }
    if settings.signing_time:
        values[SIGNING_TIME_ATTRIBUTE] = time(now)
    return set_of(sequence(oid(name), set_of([value])) for name, value in values.items())


def _write_certificates(settings: CmsSettings, plans: Iterable[_Plan]) -> bytes:
    if settings.certificates == "none":
        return b""
    found: dict[Certificate, None] = {}
    for plan in plans:
        chain = plan.entry.chain if settings.certificates == "chain" else ()
        found.update(dict.fromkeys((plan.entry.certificate, *chain)))
    return context(0, b"".join(sorted(item.der for item in found)))
