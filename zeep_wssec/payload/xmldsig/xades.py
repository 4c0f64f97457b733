"""Signed properties of XAdES: when, with which certificate and under which policy a document was signed.

Spec: ETSI TS 101 903 1.4.2, sections 7.2.1, SigningTime, 7.2.2, SigningCertificate, and 7.2.3,
SignaturePolicyIdentifier; ETSI EN 319 132-1, section 5.2.2, SigningCertificateV2.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final
from xml.sax.saxutils import escape

from lxml import etree

from zeep_wssec.errors import (
    PayloadMalformedError,
    PayloadSignerError,
    PayloadUnsignedError,
)
from zeep_wssec.keys.certificate import Certificate
from zeep_wssec.payload.xmldsig.settings import XmlDsigSettings
from zeep_wssec.payload.xmldsig.xades_digest import XADES, digest_xml, read_digest
from zeep_wssec.payload.xmldsig.xades_policy import POLICY, check_policy, policy_xml
from zeep_wssec.xmlcrypto.signature_model import SignatureModel
from zeep_wssec.xmlcrypto.values import children_of, text_of

SIGNED_PROPERTIES: Final = "http://uri.etsi.org/01903#SignedProperties"
"""``Type`` of the reference to them."""
_QUALIFYING: Final = f"{{{XADES}}}QualifyingProperties"
_SIGNED: Final = f"{{{XADES}}}SignedProperties"
_OF_SIGNATURE: Final = f"{{{XADES}}}SignedSignatureProperties"
_TIME: Final = f"{{{XADES}}}SigningTime"
_CERTIFICATES: Final = (f"{{{XADES}}}SigningCertificate", f"{{{XADES}}}SigningCertificateV2")
_CERT: Final = f"{{{XADES}}}Cert"
_CERT_DIGEST: Final = f"{{{XADES}}}CertDigest"


def qualifying_properties(
    certificate: Certificate,
    settings: XmlDsigSettings,
    *,
    signature_id: str,
    id: str,
    now: datetime,
) -> str:
    """Write a ``ds:Object`` with the signed properties of XAdES-BES or XAdES-EPES.

    Args:
        certificate: Signs.
        settings: Have the digest, and the policy.
        signature_id: Of the Signature that they are about.
        id: Of SignedProperties.
        now: Time of signing.
    """
    digest = settings.content_digest
    policy = policy_xml(settings.policy) if settings.xades == "epes" else ""
    return (
        f'<ds:Object><xades:QualifyingProperties xmlns:xades="{XADES}" Target="#{signature_id}">'
        f'<xades:SignedProperties Id="{id}"><xades:SignedSignatureProperties>'
        f"<xades:SigningTime>{now:%Y-%m-%dT%H:%M:%SZ}</xades:SigningTime>"
        "<xades:SigningCertificate><xades:Cert><xades:CertDigest>"
        f"{digest_xml(digest, digest.of(certificate.der))}</xades:CertDigest><xades:IssuerSerial>"
        f"<ds:X509IssuerName>{escape(certificate.issuer_name_rfc2253)}</ds:X509IssuerName>"
        f"<ds:X509SerialNumber>{certificate.serial_number}</ds:X509SerialNumber>"
        "</xades:IssuerSerial></xades:Cert></xades:SigningCertificate>"
        f"{policy}</xades:SignedSignatureProperties></xades:SignedProperties>"
        "</xades:QualifyingProperties></ds:Object>"
    )


def find_signed_properties(model: SignatureModel) -> etree._Element | None:
    """Give SignedProperties of a Signature; ``None`` where there are none.

    Raises:
        PayloadMalformedError: Several, or those of another Signature.
    """
    held = [item for part in model.objects for item in part if item.tag == _QUALIFYING]
    if not held:
        return None
    own = model.element.get("Id")
    if len(held) > 1 or own is None or held[0].get("Target") != f"#{own}":
        raise PayloadMalformedError("QualifyingProperties must be one, and about their Signature.")
    found = [item for item in held[0] if item.tag == _SIGNED]
    if len(found) != 1:
        raise PayloadMalformedError("QualifyingProperties must hold one SignedProperties.")
    return found[0]


def check_signed_properties(
    properties: etree._Element | None,
    *,
    signer: Certificate,
    covered: Sequence[etree._Element],
    settings: XmlDsigSettings,
    now: datetime,
) -> datetime | None:
    """Check when and with which certificate was signed; give the time, if it is told.

    Args:
        properties: As ``find_signed_properties`` gave them.
        signer: Whose key has verified the signature.
        covered: Nodes that the signature covers.
        settings: Whether they are demanded, and how old they may be.
        now: Aware time.

    Raises:
        PayloadUnsignedError: They are demanded, and missing or not signed; so is the policy.
        PayloadSignerError: Another certificate, too old, or in the future.
        PayloadMalformedError: They are not understood.
    """
    if properties is None:
        if settings.xades == "none":
            return None
        raise PayloadUnsignedError("The signature has no signed properties of XAdES.")
    if not any(item is properties for item in covered):
        raise PayloadUnsignedError("The properties of XAdES are not signed.")
    groups = [item for item in properties if item.tag == _OF_SIGNATURE]
    if len(groups) != 1:
        raise PayloadMalformedError("SignedProperties must hold one SignedSignatureProperties.")
    by_name: dict[str, list[etree._Element]] = {}
    for item in groups[0]:
        by_name.setdefault(str(item.tag), []).append(item)
    named = [item for tag in _CERTIFICATES for item in by_name.get(tag, [])]
    times = by_name.get(_TIME, [])
    if len(times) != 1 or len(named) > 2 or (settings.xades != "none" and not named):
        raise PayloadMalformedError("SignedProperties must tell one time and the certificate.")
    for item in named:
        _check_certificate(item, signer)
    if settings.xades == "epes":
        check_policy(by_name.get(POLICY, []), settings.policy)
    return _check_time(text_of(times[0]).strip(), settings, now)


def _check_certificate(element: etree._Element, signer: Certificate) -> None:
    """Refuse properties about another certificate; the first one named is the signer's."""
    certificates = [item for item in element if item.tag == _CERT]
    digests = [item for item in certificates[0] if item.tag == _CERT_DIGEST] if certificates else []
    parts = children_of(digests[0]) if digests else []
    digest, value = read_digest(parts, what="SigningCertificate")
    if value != digest.of(signer.der):
        raise PayloadSignerError(
            f"SigningCertificate is about another certificate than {signer.describe()}.",
            reason="wrong_peer",
        )


def _check_time(text: str, settings: XmlDsigSettings, now: datetime) -> datetime:
    signed_at = None
    with suppress(ValueError):
        signed_at = datetime.fromisoformat(text)
    if signed_at is None or signed_at.tzinfo is None or len(text) > 40:
        raise PayloadMalformedError("SigningTime is no time with a zone.")
    if signed_at - now > timedelta(seconds=settings.clock_skew_seconds):
        raise PayloadSignerError(
            f"SigningTime {signed_at:%Y-%m-%d %H:%M:%S %Z} lies in the future.",
            hint="Compare the clocks of both sides.",
            reason="not_yet_valid",
        )
    oldest = settings.max_age_seconds
    if oldest is not None and now - signed_at > timedelta(
        seconds=oldest + settings.clock_skew_seconds
    ):
        raise PayloadSignerError(
            f"The document was signed at {signed_at:%Y-%m-%d %H:%M:%S %Z}; {oldest} seconds are allowed.",
            reason="expired",
        )
    return signed_at
