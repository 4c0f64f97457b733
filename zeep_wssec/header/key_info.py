"""Writing ``ds:KeyInfo``: a certificate or public key named in one of the known forms."""

from __future__ import annotations

import base64
from collections.abc import Callable
from html import escape

from lxml import etree

from zeep_wssec.errors import KeyUsageError
from zeep_wssec.header.binary_token import (
    TOKEN_TYPES,
    X509_V3,
    TokenKind,
    write_binary_token,
)
from zeep_wssec.header.context import Outgoing
from zeep_wssec.keys.certificate import Certificate
from zeep_wssec.settings import KeyReference
from zeep_wssec.settings.references import WITHOUT_TOKEN_REFERENCE
from zeep_wssec.soap.ids import WSU_ID
from zeep_wssec.soap.namespaces import (
    BASE64_BINARY,
    DS,
    MESSAGE_SECURITY_11,
    TOKEN_PROFILE,
    WSSE,
    WSSE11,
    WSU,
)
from zeep_wssec.xmlcrypto.key_value import write_key_value

SKI = TOKEN_PROFILE + "X509SubjectKeyIdentifier"
THUMBPRINT = MESSAGE_SECURITY_11 + "ThumbprintSHA1"
WITHOUT_STR_TRANSFORM = WITHOUT_TOKEN_REFERENCE | {"embedded"}
"""References that no token can be signed through. WSS4J does not follow one into an embedded token, and
that would be signed in a place where nobody looks for it."""
_Writer = Callable[[Outgoing, Certificate], str]


def write_key_info(
    message: Outgoing,
    certificate: Certificate,
    reference: KeyReference,
    *,
    reference_id: str | None = None,
    typed: bool = True,
) -> str:
    """Give a ``ds:KeyInfo`` that names ``certificate``; a token that it needs is put into the header.

    A KeyName is the certificate's subject: an alias is known to one side only.

    Args:
        message: The message; its header gets the token.
        certificate: Whose key it is.
        reference: How it is named.
        reference_id: Id for the SecurityTokenReference, if the STR-Transform will lead through it.
        typed: Whether a reference to a token says its ValueType (BSP 1.1 R3059).

    Raises:
        KeyUsageError: The certificate cannot be named so.
        KeyLoadError: The chain that the keystore has beside it is too long, or none.

    Spec: WSS X.509 Certificate Token Profile 1.1.1, section 3.2; XML Signature 1.1, The KeyInfo Element.
    """
    if reference_id is not None and reference in WITHOUT_STR_TRANSFORM:
        raise KeyUsageError(
            f"The STR-Transform cannot lead through the key reference {reference!r}.",
            hint="Take one with a SecurityTokenReference that names the token, such as binary_token.",
            reason="wrong_usage",
        )
    writer = _WRITERS.get(reference)
    if writer is None:
        raise KeyUsageError(
            f"The key reference {reference!r} names a symmetric key, not a certificate.",
            hint="Take binary_token or issuer_serial.",
            reason="wrong_usage",
        )
    inner = writer(message, certificate)
    if not typed and reference in TOKEN_TYPES:
        inner = inner.replace(f' ValueType="{TOKEN_TYPES[reference]}"', "")
    if reference not in WITHOUT_TOKEN_REFERENCE:
        inner = _token_reference(inner, reference, reference_id)
    return f'<ds:KeyInfo xmlns:ds="{DS}">{inner}</ds:KeyInfo>'


def write_reference_token(
    message: Outgoing,
    certificate: Certificate,
    reference: KeyReference,
    *,
    include_token: bool = False,
) -> etree._Element | None:
    """Give the token in the header that belongs to a reference, written now if it is not there yet.

    Args:
        message: The message; its header gets the token.
        certificate: Whose token it is.
        reference: How the certificate is named.
        include_token: Whether there is a token even if the reference does not lead to one.

    Returns:
        ``None`` where the reference needs no token and none is asked for.

    Raises:
        KeyLoadError: The chain that the keystore has beside the certificate is too long, or none.
    """
    if reference == "binary_token" or reference == "pkipath" or reference == "pkcs7":
        return write_binary_token(message, certificate, reference)
    return write_binary_token(message, certificate) if include_token else None


def _token_reference(inner: str, reference: KeyReference, reference_id: str | None) -> str:
    mark = f' xmlns:wsu="{WSU}" wsu:Id="{reference_id}"' if reference_id is not None else ""
    if reference == "pkipath" or reference == "pkcs7":  # narrows the type
        # BSP 1.1 R5212, R5215: a reference to several certificates says what they come in.
        mark += f' xmlns:wsse11="{WSSE11}" wsse11:TokenType="{TOKEN_TYPES[reference]}"'
    return (
        f'<wsse:SecurityTokenReference xmlns:wsse="{WSSE}"{mark}>{inner}'
        "</wsse:SecurityTokenReference>"
    )


def _direct(kind: TokenKind) -> _Writer:
    def write(message: Outgoing, certificate: Certificate) -> str:
        token = write_binary_token(message, certificate, kind)
        return f'<wsse:Reference URI="#{token.get(WSU_ID)}" ValueType="{TOKEN_TYPES[kind]}"/>'

    return write


def _embedded(message: Outgoing, certificate: Certificate) -> str:
    return (
        f'<wsse:Embedded><wsse:BinarySecurityToken EncodingType="{BASE64_BINARY}" '
        f'ValueType="{X509_V3}">{certificate.base64}</wsse:BinarySecurityToken></wsse:Embedded>'
    )


def _key_identifier(value_type: str, value: str) -> str:
    return (
        f'<wsse:KeyIdentifier EncodingType="{BASE64_BINARY}" ValueType="{value_type}">{value}'
        "</wsse:KeyIdentifier>"
    )


def _subject_key_identifier(message: Outgoing, certificate: Certificate) -> str:
    return _key_identifier(SKI, base64.b64encode(certificate.subject_key_identifier).decode())


def _thumbprint(message: Outgoing, certificate: Certificate) -> str:
    return _key_identifier(THUMBPRINT, base64.b64encode(certificate.thumbprint).decode())


def _x509_key_identifier(message: Outgoing, certificate: Certificate) -> str:
    return _key_identifier(X509_V3, certificate.base64)


def _x509_data(*parts: Callable[[Certificate], str]) -> _Writer:
    def write(message: Outgoing, certificate: Certificate) -> str:
        inner = "".join(part(certificate) for part in parts)
        return f"<ds:X509Data>{inner}</ds:X509Data>"

    return write


def _certificate(certificate: Certificate) -> str:
    return f"<ds:X509Certificate>{certificate.base64}</ds:X509Certificate>"


def _ski(certificate: Certificate) -> str:
    value = base64.b64encode(certificate.subject_key_identifier).decode()
    return f"<ds:X509SKI>{value}</ds:X509SKI>"


def _subject_name(certificate: Certificate) -> str:
    return f"<ds:X509SubjectName>{_require_subject(certificate)}</ds:X509SubjectName>"


def _issuer_serial(certificate: Certificate) -> str:
    return _issuer_serial_xml(certificate.issuer_name_rfc2253, certificate)


def _issuer_serial_quoted(certificate: Certificate) -> str:
    return _issuer_serial_xml(certificate.issuer_name_quoted, certificate)


def _issuer_serial_xml(issuer: str, certificate: Certificate) -> str:
    return (
        f"<ds:X509IssuerSerial><ds:X509IssuerName>{_text(issuer)}</ds:X509IssuerName>"
        f"<ds:X509SerialNumber>{certificate.serial_number}</ds:X509SerialNumber>"
        "</ds:X509IssuerSerial>"
    )


def _key_name(message: Outgoing, certificate: Certificate) -> str:
    return f"<ds:KeyName>{_require_subject(certificate)}</ds:KeyName>"


def _key_value(message: Outgoing, certificate: Certificate) -> str:
    return write_key_value(certificate)


def _require_subject(certificate: Certificate) -> str:
    if not certificate.subject:
        raise KeyUsageError(
            f"{certificate.describe()} has no subject to be named by.",
            hint="Take another key_reference, such as issuer_serial.",
            reason="wrong_usage",
        )
    return _text(certificate.subject)


def _text(name: str) -> str:
    return escape(name, quote=False).replace("\r", "&#13;")


_WRITERS: dict[KeyReference, _Writer] = {
    "binary_token": _direct("binary_token"),
    "pkipath": _direct("pkipath"),
    "pkcs7": _direct("pkcs7"),
    "issuer_serial": _x509_data(_issuer_serial),
    "issuer_serial_quoted": _x509_data(_issuer_serial_quoted),
    "subject_key_identifier": _subject_key_identifier,
    "x509_ski": _x509_data(_ski),
    "thumbprint": _thumbprint,
    "x509_key_identifier": _x509_key_identifier,
    "x509_data": _x509_data(_certificate),
    "x509_data_subject": _x509_data(_subject_name, _certificate),
    "x509_data_issuer_serial": _x509_data(_issuer_serial),
    "x509_data_in_reference": _x509_data(_issuer_serial, _certificate),
    "embedded": _embedded,
    "key_value": _key_value,
    "key_name": _key_name,
}
"""What stands in KeyInfo, or in the SecurityTokenReference there."""
