"""``ds:KeyInfo`` and ``wsse:SecurityTokenReference``: how a message names a certificate."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

from lxml import etree

from zeep_wssec.errors import (
    MalformedSecurityError,
    TokenUnavailableError,
    UnsupportedTokenError,
)
from zeep_wssec.header.binary_token import (
    BINARY_TOKEN,
    X509_V3,
    certificate_in,
    certificate_of_token,
    write_binary_token,
)
from zeep_wssec.header.context import Incoming, Outgoing
from zeep_wssec.keys.certificate import Certificate
from zeep_wssec.settings import KeyReference
from zeep_wssec.soap.ids import WSU_ID, same_document_id
from zeep_wssec.soap.namespaces import (
    BASE64_BINARY,
    DS,
    MESSAGE_SECURITY_11,
    TOKEN_PROFILE,
    WSSE,
    WSSE11,
    WSU,
    readable_name,
)
from zeep_wssec.xmlcrypto.values import children_of, decode_base64, text_of

TOKEN_REFERENCE = f"{{{WSSE}}}SecurityTokenReference"
_REFERENCE = f"{{{WSSE}}}Reference"
_KEY_IDENTIFIER = f"{{{WSSE}}}KeyIdentifier"
_X509_DATA = f"{{{DS}}}X509Data"
_X509_CERTIFICATE = f"{{{DS}}}X509Certificate"
_X509_SKI = f"{{{DS}}}X509SKI"
_ISSUER_SERIAL = f"{{{DS}}}X509IssuerSerial"
_ISSUER_NAME = f"{{{DS}}}X509IssuerName"
_SERIAL_NUMBER = f"{{{DS}}}X509SerialNumber"
_X509_SUBJECT_NAME = f"{{{DS}}}X509SubjectName"
_MAX_CHAIN = 8
"""Certificates in one X509Data; each is parsed before anything is trusted."""
SKI = TOKEN_PROFILE + "X509SubjectKeyIdentifier"
THUMBPRINT = MESSAGE_SECURITY_11 + "ThumbprintSHA1"
_SERIAL = re.compile(r"-?\d{1,60}", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class NamedCertificates:
    """What a KeyInfo names: certificates, how, and in words."""

    form: str
    """One of the key references of ``settings``."""
    text: str
    """In words, for errors."""
    certificates: tuple[Certificate, ...]
    """Those that fit: from the message itself, or looked up in the keystore; may be none or several."""
    token: etree._Element | None = None
    """The token in the message, if the reference leads to one."""

    def require_one(self) -> Certificate:
        """Give the certificate that is named.

        Raises:
            TokenUnavailableError: None fits, or more than one.
        """
        if len(self.certificates) == 1:
            return self.certificates[0]
        if self.certificates:
            raise TokenUnavailableError(f"More than one certificate fits {self.text}.")
        raise TokenUnavailableError(
            f"The message names its signer by {self.text}; the keystore has no such certificate.",
            hint="Add the partner's certificate with Keystore.with_partner, or ask for a BinarySecurityToken.",
        )


def write_key_info(
    message: Outgoing,
    certificate: Certificate,
    reference: KeyReference,
    *,
    reference_id: str | None = None,
) -> str:
    """Give a ``ds:KeyInfo`` that names ``certificate``; a token that it needs is put into the header.

    Args:
        message: The message; its header gets the token.
        certificate: Whose key it is.
        reference: How it is named.
        reference_id: Id for the SecurityTokenReference, if something will refer to it.

    Spec: WSS X.509 Certificate Token Profile 1.1.1, section 3.2; XML Signature 1.1, The X509Data Element.
    """
    mark = f' xmlns:wsu="{WSU}" wsu:Id="{reference_id}"' if reference_id is not None else ""
    if reference == "x509_data":
        inner = f"<ds:X509Data><ds:X509Certificate>{certificate.base64}</ds:X509Certificate></ds:X509Data>"
    else:
        inner = (
            f'<wsse:SecurityTokenReference xmlns:wsse="{WSSE}" xmlns:wsse11="{WSSE11}"{mark}>'
            f"{_WRITERS[reference](message, certificate)}</wsse:SecurityTokenReference>"
        )
        if reference != "thumbprint":
            inner = inner.replace(f' xmlns:wsse11="{WSSE11}"', "")
    return f'<ds:KeyInfo xmlns:ds="{DS}">{inner}</ds:KeyInfo>'


def _direct(message: Outgoing, certificate: Certificate) -> str:
    token = write_binary_token(message, certificate)
    return f'<wsse:Reference URI="#{token.get(WSU_ID)}" ValueType="{X509_V3}"/>'


def _issuer_serial(message: Outgoing, certificate: Certificate) -> str:
    return (
        "<ds:X509Data><ds:X509IssuerSerial>"
        f"<ds:X509IssuerName>{escape(certificate.issuer_name_rfc2253, quote=False)}</ds:X509IssuerName>"
        f"<ds:X509SerialNumber>{certificate.serial_number}</ds:X509SerialNumber>"
        "</ds:X509IssuerSerial></ds:X509Data>"
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


def _embedded(message: Outgoing, certificate: Certificate) -> str:
    return _key_identifier(X509_V3, certificate.base64)


_WRITERS: dict[KeyReference, Callable[[Outgoing, Certificate], str]] = {
    "binary_token": _direct,
    "issuer_serial": _issuer_serial,
    "subject_key_identifier": _subject_key_identifier,
    "thumbprint": _thumbprint,
    "x509_key_identifier": _embedded,
}


def read_key_info(message: Incoming, key_info: etree._Element) -> NamedCertificates:
    """Find the certificates that a ``ds:KeyInfo`` names; naming one is no reason to trust it.

    Raises:
        MalformedSecurityError: More or less than one child, or a broken one.
        UnsupportedTokenError: A form that is not understood; bare keys (KeyValue, KeyName) never are.

    Spec: WSS SOAP Message Security 1.1.1, section 7; BSP 1.1 R5402, R3061.
    """
    children = children_of(key_info, attributes={"Id"})
    if len(children) != 1:
        raise MalformedSecurityError("A KeyInfo must hold one element.")
    child = children[0]
    if child.tag == _X509_DATA:
        return _read_x509_data(message, child)
    if child.tag != TOKEN_REFERENCE:
        raise UnsupportedTokenError(
            f"A KeyInfo with {readable_name(child.tag)} is not understood.", element=str(child.tag)
        )
    return read_token_reference(message, child)


def read_token_reference(message: Incoming, reference: etree._Element) -> NamedCertificates:
    """Find the certificates that a ``wsse:SecurityTokenReference`` names.

    Raises:
        MalformedSecurityError: More or less than one reference, or a broken one.
        UnsupportedTokenError: A form that is not understood.

    Spec: WSS SOAP Message Security 1.1.1, section 7; BSP 1.1 R3061.
    """
    inner = children_of(reference, attributes=_REFERENCE_ATTRIBUTES)
    if len(inner) != 1:
        raise MalformedSecurityError("A SecurityTokenReference must hold one reference.")
    if inner[0].tag == _REFERENCE:
        return _read_direct(message, inner[0])
    if inner[0].tag == _KEY_IDENTIFIER:
        return _read_key_identifier(message, inner[0])
    if inner[0].tag == _X509_DATA:
        return _read_x509_data(message, inner[0])
    raise UnsupportedTokenError(
        f"A SecurityTokenReference with {readable_name(inner[0].tag)} is not understood.",
        element=str(inner[0].tag),
    )


_REFERENCE_ATTRIBUTES = {WSU_ID, "Id", f"{{{WSSE11}}}TokenType", f"{{{WSSE}}}Usage"}


def _read_direct(message: Incoming, reference: etree._Element) -> NamedCertificates:
    name = same_document_id(reference.get("URI"), what="A token reference")
    token = message.ids.require(name)
    if token.tag != BINARY_TOKEN or token.getparent() is not message.security:
        raise MalformedSecurityError(
            f"A token reference must lead to a BinarySecurityToken of this security header, "
            f"not to {readable_name(token.tag)}."
        )
    if reference.get("ValueType") not in (None, X509_V3):
        raise UnsupportedTokenError(
            "A token reference has a ValueType that does not fit its token."
        )
    return NamedCertificates(
        form="binary_token",
        text="a token",
        certificates=(certificate_of_token(message, token),),
        token=token,
    )


def _read_key_identifier(message: Incoming, element: etree._Element) -> NamedCertificates:
    kind = element.get("ValueType")
    if element.get("EncodingType") not in (None, BASE64_BINARY):
        raise UnsupportedTokenError("A KeyIdentifier must say that it is Base64Binary.")
    if kind == X509_V3:
        certificate = certificate_in(element)
        return NamedCertificates(
            form="x509_key_identifier", text="a certificate", certificates=(certificate,)
        )
    value = decode_base64(element)
    if kind == THUMBPRINT:
        found = message.keys.find_certificates(thumbprint=value)
        return NamedCertificates(
            form="thumbprint", text=f"the thumbprint {value.hex()[:64]}", certificates=found
        )
    if kind == SKI:
        found = message.keys.find_certificates(subject_key_identifier=value)
        return NamedCertificates(
            form="subject_key_identifier",
            text=f"the subject key identifier {value.hex()[:128]}",
            certificates=found,
        )
    raise UnsupportedTokenError("A KeyIdentifier has a ValueType that is not understood.")


def _read_x509_data(message: Incoming, data: etree._Element) -> NamedCertificates:
    """Read an X509Data: one certificate, with its chain and its names beside it, or one name alone.

    Spec: XML Signature 1.1, The X509Data Element: all children speak of one certificate or its chain.
    """
    children = children_of(data)
    if any(child.tag == _X509_CERTIFICATE for child in children):
        return _read_x509_certificates(message, children)
    if len(children) != 1:
        raise MalformedSecurityError("An X509Data without a certificate must hold one name of one.")
    return _read_x509_name(message, children[0])


def _read_x509_name(message: Incoming, child: etree._Element) -> NamedCertificates:
    if child.tag == _X509_SKI:
        value = decode_base64(child)
        found = message.keys.find_certificates(subject_key_identifier=value)
        return NamedCertificates(
            form="x509_data",
            text=f"the subject key identifier {value.hex()[:128]}",
            certificates=found,
        )
    if child.tag == _ISSUER_SERIAL:
        return _read_issuer_serial(message, child)
    raise UnsupportedTokenError(f"An X509Data with {readable_name(child.tag)} is not understood.")


def _read_x509_certificates(
    message: Incoming, children: Sequence[etree._Element]
) -> NamedCertificates:
    """Find the one leaf among the certificates; the others are kept as its chain.

    Raises:
        MalformedSecurityError: Not exactly one leaf, a name that is not the leaf's, or too many.
    """
    held = [child for child in children if child.tag == _X509_CERTIFICATE]
    if len(held) > _MAX_CHAIN:
        raise MalformedSecurityError(f"An X509Data has more than {_MAX_CHAIN} certificates.")
    found = list(dict.fromkeys(certificate_in(child) for child in held))
    leaves = [
        item
        for item in found
        if all(other is item or other.issuer != item.subject for other in found)
    ]
    if len(leaves) != 1:
        raise MalformedSecurityError("An X509Data must hold one certificate with its chain.")
    leaf = leaves[0]
    for child in children:
        if child.tag in (_X509_SKI, _ISSUER_SERIAL):
            _check_name(child, leaf)
        elif child.tag not in (_X509_CERTIFICATE, _X509_SUBJECT_NAME):
            raise UnsupportedTokenError(
                f"An X509Data with {readable_name(child.tag)} is not understood."
            )
    message.chains[leaf.der] = tuple(item for item in found if item is not leaf)
    return NamedCertificates(form="x509_data", text="a certificate", certificates=(leaf,))


def _check_name(child: etree._Element, leaf: Certificate) -> None:
    """Refuse a name beside a certificate that is another one's."""
    if child.tag == _X509_SKI:
        fits = decode_base64(child) == leaf.subject_key_identifier
    else:
        issuer, serial = _issuer_and_serial(child)
        fits = leaf.matches_issuer_serial(issuer, serial)
    if not fits:
        raise MalformedSecurityError("An X509Data names another certificate than it holds.")


def _read_issuer_serial(message: Incoming, element: etree._Element) -> NamedCertificates:
    issuer, serial = _issuer_and_serial(element)
    return NamedCertificates(
        form="issuer_serial",
        text=f"issuer {issuer.strip()[:200]!r} and serial number {serial}",
        certificates=message.keys.find_certificates(issuer_serial=(issuer, serial)),
    )


def _issuer_and_serial(element: etree._Element) -> tuple[str, int]:
    children = children_of(element)
    if [child.tag for child in children] != [_ISSUER_NAME, _SERIAL_NUMBER]:
        raise MalformedSecurityError(
            "An X509IssuerSerial must hold issuer name, then serial number."
        )
    issuer, serial = text_of(children[0]), text_of(children[1]).strip()
    if _SERIAL.fullmatch(serial) is None:
        raise MalformedSecurityError("An X509SerialNumber is not a number.")
    return issuer, int(serial)
