"""RecipientInfos on output: a content key sealed for each recipient.

Spec: RFC 5652, section 6.2; RFC 4056 and RFC 8017 for OAEP; RFC 5753.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.keywrap import aes_key_wrap

from zeep_wssec.errors import ProfileError
from zeep_wssec.keys.certificate import Certificate
from zeep_wssec.keys.hashes import HASHES
from zeep_wssec.keys.snapshot import Snapshot
from zeep_wssec.payload.cms.agreeing import derive_kek, fresh_agreement
from zeep_wssec.payload.cms.algorithms import (
    KEY_SCHEMES,
    MGF1,
    RSA_ENCRYPTION,
    KeyScheme,
)
from zeep_wssec.payload.cms.der import (
    NULL,
    algorithm,
    context,
    integer,
    octet_string,
    sequence,
    set_of,
)
from zeep_wssec.payload.cms.naming import issuer_and_serial, key_identifier
from zeep_wssec.payload.parties import require_recipient

if TYPE_CHECKING:
    from zeep_wssec.payload.cms.settings import CmsSettings

MAX_RECIPIENTS: Final = 64


@dataclass(frozen=True)
class Recipients:
    """The SET of recipients, and what the version of the structure follows from."""

    infos: bytes
    plain: bool
    """Whether all are RSA recipients named by issuer and serial number."""


def seal_for_recipients(
    key: bytes, settings: CmsSettings, keys: Snapshot, now: datetime, *, agreement: bool = True
) -> Recipients:
    """Seal a content key for every recipient of the settings.

    Args:
        key: The content key.
        settings: Say for whom and how.
        keys: Has the certificates.
        now: Aware time.
        agreement: Whether a recipient may have an elliptic curve key: PKCS#7 knows none.

    Raises:
        ProfileError: There are no recipients, or more than are read.
        KeyMaterialError: A recipient is missing, or not fit to be encrypted to.
    """
    if not 1 <= len(settings.recipients) <= MAX_RECIPIENTS:
        raise ProfileError(
            f"Encrypted is to 1 to {MAX_RECIPIENTS} recipients, not {len(settings.recipients)}.",
            hint='Set recipients = ["alias"].',
            path="recipients",
        )
    certificates = [require_recipient(keys, alias, now=now) for alias in settings.recipients]
    infos, plain = [], True
    for alias, certificate in zip(settings.recipients, certificates, strict=True):
        by_key = settings.recipient_reference == "subject_key_identifier"
        public = certificate.public_key
        if isinstance(public, rsa.RSAPublicKey):
            infos.append(_transported(key, public, certificate, settings, by_key=by_key))
        elif agreement:
            infos.append(_agreed(key, certificate, settings, by_key=by_key))
        else:
            raise ProfileError(
                f"PKCS#7 encrypts to RSA keys only; that of {alias!r} is of kind "
                f"{certificate.key_kind}.",
                path="recipients",
            )
        plain = plain and not by_key and isinstance(public, rsa.RSAPublicKey)
    return Recipients(set_of(infos), plain)


def _transported(
    key: bytes,
    public: rsa.RSAPublicKey,
    certificate: Certificate,
    settings: CmsSettings,
    *,
    by_key: bool,
) -> bytes:
    filling: padding.AsymmetricPadding
    if settings.transport.scheme == "rsa-pkcs1v15":
        identifier, filling = algorithm(RSA_ENCRYPTION, NULL), padding.PKCS1v15()
    else:
        digest = HASHES[settings.oaep_hash.name]
        identifier = _oaep_identifier(settings)
        filling = padding.OAEP(padding.MGF1(digest), digest, None)
    return sequence(
        integer(2 if by_key else 0),
        context(0, key_identifier(certificate), constructed=False)
        if by_key
        else issuer_and_serial(certificate),
        identifier,
        octet_string(public.encrypt(key, filling)),
    )


def _oaep_identifier(settings: CmsSettings) -> bytes:
    digest = settings.oaep_hash
    if digest.name == "sha1":  # every default of RSAES-OAEP-params
        return algorithm(settings.transport.oid, sequence())
    mask = algorithm(digest.oid, NULL)
    return algorithm(
        settings.transport.oid, sequence(context(0, mask), context(1, algorithm(MGF1, mask)))
    )


def _agreed(key: bytes, certificate: Certificate, settings: CmsSettings, *, by_key: bool) -> bytes:
    originator, secret = fresh_agreement(certificate)
    scheme = _scheme(certificate.key_kind, settings.derivation_hash.name)
    wrap = settings.wrap
    wrap_identifier = algorithm(wrap.oid)
    kek = derive_kek(secret, scheme, wrap_identifier=wrap_identifier, size=wrap.key_bytes)
    name = (
        context(0, octet_string(key_identifier(certificate)))
        if by_key
        else issuer_and_serial(certificate)
    )
    return context(
        1,
        b"".join(
            (
                integer(3),
                context(0, context(1, originator)),
                algorithm(scheme.oid, wrap_identifier),
                sequence(sequence(name, octet_string(aes_key_wrap(kek, key)))),
            )
        ),
    )


def _scheme(key_kind: str, digest: str) -> KeyScheme:
    derivation = "x963" if key_kind == "ec" or digest == "sha224" else "hkdf"
    return next(
        item for item in KEY_SCHEMES if (item.derivation, item.digest) == (derivation, digest)
    )
