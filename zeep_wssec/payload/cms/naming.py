"""How CMS names a certificate: by issuer and serial number, or by subject key identifier."""

from __future__ import annotations

from dataclasses import dataclass

from cryptography import x509

from zeep_wssec.errors import KeyUsageError, PayloadMalformedError
from zeep_wssec.keys.certificate import Certificate
from zeep_wssec.keys.der import iterate_tlv, read_tlv
from zeep_wssec.keys.der_writing import write_tlv
from zeep_wssec.keys.names import canonical_name, format_rfc2253, read_name
from zeep_wssec.payload.cms.der import INTEGER, OCTET_STRING, SEQUENCE, sequence

_VERSION = 0xA0


@dataclass(frozen=True)
class CertificateName:
    """A name for a certificate, as a message writes it; exactly one form is set."""

    issuer: bytes = b""
    """Content of the issuer's Name."""
    serial: int = 0
    key_identifier: bytes = b""

    def matches(self, certificate: Certificate) -> bool:
        """Tell whether the certificate has this name."""
        if self.key_identifier:
            return self.key_identifier == certificate.subject_key_identifier
        if self.serial != certificate.serial_number:
            return False
        return canonical_name(read_name(self.issuer)) == certificate.canonical_issuer

    def describe(self) -> str:
        """Give it in words."""
        if self.key_identifier:
            return f"subject key identifier {self.key_identifier.hex()[:80]}"
        return f"serial number {self.serial:x} of {format_rfc2253(read_name(self.issuer))[:200]}"


def issuer_and_serial(certificate: Certificate) -> bytes:
    """Write IssuerAndSerialNumber with the very octets that the certificate has."""
    fields = list(iterate_tlv(read_tlv(certificate.x509.tbs_certificate_bytes)[1]))
    if fields[0][0] == _VERSION:
        del fields[0]
    return sequence(write_tlv(SEQUENCE, fields[2][1]), write_tlv(INTEGER, fields[0][1]))


def key_identifier(certificate: Certificate) -> bytes:
    """Give the subject key identifier.

    Raises:
        KeyUsageError: The certificate has no such extension, so a reader may not find it by that.
    """
    extensions = certificate.extensions
    try:
        if extensions is not None:
            return extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    except x509.ExtensionNotFound:
        pass
    raise KeyUsageError(
        f"{certificate.describe()} has no subject key identifier.",
        hint='Name it by "issuer_serial".',
        reason="wrong_usage",
    )


def read_certificate_name(tag: int, content: bytes) -> CertificateName:
    """Read IssuerAndSerialNumber, or a SubjectKeyIdentifier under ``[0]``.

    Raises:
        PayloadMalformedError: It is neither.
    """
    try:
        if tag == 0x80 and content:
            return CertificateName(key_identifier=content)
        if tag == SEQUENCE:
            (name, issuer), (number, serial) = iterate_tlv(content)
            if name == SEQUENCE and number == INTEGER and serial:
                read_name(issuer)
                return CertificateName(
                    issuer=issuer, serial=int.from_bytes(serial, "big", signed=True)
                )
        if tag == 0xA0:  # RecipientKeyIdentifier of a key agreement
            (first, identifier), *_ = iterate_tlv(content)
            if first == OCTET_STRING and identifier:
                return CertificateName(key_identifier=identifier)
    except (ValueError, IndexError):
        pass
    raise PayloadMalformedError("A certificate is named in a way that is none.")
