"""Revocation lists and OCSP answers as they are given: parsed and bounded, not yet believed.

What can never count is refused here, when it is loaded, by name: delta and indirect CRLs, critical
extensions that are not understood, OCSP answers without a result. Whose signature it is, and
whether it is fresh, is asked when a certificate is judged.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from cryptography import x509
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtensionOID

from zeep_wssec.errors import KeyLoadError
from zeep_wssec.keys.der import read_tlv
from zeep_wssec.keys.names import CanonicalName, canonical_name, printable, read_name

_CRL_BLOCK = re.compile(rb"-----BEGIN X509 CRL-----(.*?)(-----END X509 CRL-----|\Z)", re.DOTALL)
"""A block, or what begins as one and has no end: that is gone through once, and holds no CRL."""
_BROKEN = (
    ValueError, TypeError, Warning, OverflowError, x509.DuplicateExtension, x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
)  # fmt: skip
_UNDERSTOOD = (ExtensionOID.ISSUING_DISTRIBUTION_POINT, ExtensionOID.CRL_NUMBER)
MAX_RESPONDERS = 4
"""Certificates looked at in one OCSP answer; a responder sends one."""


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class RevocationList:
    """One complete CRL."""

    crl: x509.CertificateRevocationList
    sha256: str
    source: str
    """Where it came from, for errors."""
    issuer: CanonicalName
    issuer_text: str
    this_update: datetime
    next_update: datetime | None
    only: str = ""
    """``"users"`` or ``"authorities"``: it is silent about the others."""
    some_reasons: bool = False
    """Whether it lists some reasons only: then silence proves nothing."""
    points: frozenset[str] | None = None
    """Addresses of the part that it is, where an issuer has split its list; ``None``: it is whole."""
    problems: dict[tuple[object, bool], str] = field(default_factory=dict, repr=False)
    """Why it is not the word of an issuer, as far as that was asked; empty: it is."""

    def entry(self, serial: int) -> tuple[datetime, str] | None:
        """Give since when a certificate is revoked and why, or ``None``."""
        found = self.crl.get_revoked_certificate_by_serial_number(serial)
        if found is None:
            return None
        try:
            reason = found.extensions.get_extension_for_class(x509.CRLReason).value.reason.value
        except (*_BROKEN, x509.ExtensionNotFound):
            reason = ""
        return found.revocation_date_utc, reason

    def __repr__(self) -> str:
        return f"<RevocationList of {self.issuer_text}>"


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class OcspAnswer:
    """What one OCSP response says about one certificate."""

    response: ocsp.OCSPResponse
    single: ocsp.OCSPSingleResponse
    sha256: str
    source: str
    serial: int
    this_update: datetime
    next_update: datetime | None

    def __repr__(self) -> str:
        return f"<OcspAnswer about {self.serial:x}>"


def load_crls(data: bytes, *, source: str) -> tuple[RevocationList, ...]:
    """Read the CRLs in DER or PEM.

    Raises:
        KeyLoadError: There is none, one is broken, or it is of a kind that is not accepted.

    Spec: RFC 5280, section 5.
    """
    blocks = [data] if data[:1] == b"\x30" else list(_decoded(data, source))
    if not blocks:
        raise KeyLoadError(f"{source}: no CRL in PEM or DER in it.", source=source)
    return tuple(_load_crl(block, source) for block in blocks)


def _decoded(data: bytes, source: str) -> Iterator[bytes]:
    for match in _CRL_BLOCK.finditer(data):
        if not match[2]:
            return
        try:
            yield base64.b64decode(b"".join(match[1].split()), validate=True)
        except binascii.Error:
            raise KeyLoadError(f"{source}: a CRL is no base64.", source=source) from None


def _load_crl(der: bytes, source: str) -> RevocationList:
    try:
        crl = x509.load_der_x509_crl(der)
        extensions = crl.extensions
        issuer = canonical_name(read_name(read_tlv(crl.issuer.public_bytes())[1]))
        this_update, next_update = crl.last_update_utc, crl.next_update_utc
        point = _distribution_point(extensions)
    except _BROKEN:
        raise KeyLoadError(f"{source}: this CRL is broken.", source=source) from None
    name = printable(crl.issuer.rfc4514_string())
    for extension in extensions:
        if isinstance(extension.value, x509.DeltaCRLIndicator):
            raise _not_taken(source, name, "a delta CRL", "Give the complete CRL.")
        if extension.critical and extension.oid not in _UNDERSTOOD:
            oid = extension.oid.dotted_string
            raise _not_taken(source, name, f"a CRL with the critical extension {oid}", "")
    if point is not None and (point.indirect_crl or point.only_contains_attribute_certs):
        kind = "an indirect CRL" if point.indirect_crl else "a CRL of attribute certificates"
        raise _not_taken(source, name, kind, "Give the CRL that the issuer itself signs.")
    return RevocationList(
        crl=crl,
        sha256=hashlib.sha256(der).hexdigest(),
        source=source,
        issuer=issuer,
        issuer_text=name,
        this_update=this_update,
        next_update=next_update,
        only=_scope(point),
        some_reasons=point is not None and bool(point.only_some_reasons),
        points=_points(point),
    )


def _distribution_point(extensions: x509.Extensions) -> x509.IssuingDistributionPoint | None:
    try:
        return extensions.get_extension_for_class(x509.IssuingDistributionPoint).value
    except x509.ExtensionNotFound:
        return None


def _scope(point: x509.IssuingDistributionPoint | None) -> str:
    if point is None:
        return ""
    return (
        "users"
        if point.only_contains_user_certs
        else ("authorities" if point.only_contains_ca_certs else "")
    )


def _points(point: x509.IssuingDistributionPoint | None) -> frozenset[str] | None:
    if point is None or (point.full_name is None and point.relative_name is None):
        return None
    return uris_of(point.full_name or ())


def uris_of(names: object) -> frozenset[str]:
    """Give the addresses among general names."""
    found = names if isinstance(names, list | tuple) else ()
    return frozenset(
        item.value for item in found if isinstance(item, x509.UniformResourceIdentifier)
    )


def _not_taken(source: str, issuer: str, kind: str, hint: str) -> KeyLoadError:
    return KeyLoadError(
        f"{source}: {kind} (of {issuer}), which is not accepted.", hint=hint, source=source
    )


def load_ocsp(data: bytes, *, source: str) -> tuple[OcspAnswer, ...]:
    """Read an OCSP response in DER: one answer for each certificate that it is about.

    Raises:
        KeyLoadError: It is broken, or has no result.

    Spec: RFC 6960, section 4.2.
    """
    try:
        response = ocsp.load_der_ocsp_response(data)
        if response.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
            status = response.response_status.name.lower()
            raise KeyLoadError(f"{source}: the OCSP responder said {status}.", source=source)
        critical = [item.oid.dotted_string for item in response.extensions if item.critical]
        sha256 = hashlib.sha256(data).hexdigest()
        found = tuple(
            OcspAnswer(
                response=response,
                single=single,
                sha256=sha256,
                source=source,
                serial=single.serial_number,
                this_update=single.this_update_utc,
                next_update=single.next_update_utc,
            )
            for single in response.responses
        )
    except _BROKEN:
        text = f"{source}: this is no OCSP response in DER, or a broken one."
        raise KeyLoadError(text, source=source) from None
    if critical:
        raise KeyLoadError(
            f"{source}: the OCSP response has the critical extension {critical[0]}.", source=source
        )
    return found
