"""Reading ``ds:KeyInfo`` and ``wsse:SecurityTokenReference``: which certificate a message names."""

from __future__ import annotations

from lxml import etree

from zeep_wssec.errors import MalformedSecurityError, UnsupportedTokenError
from zeep_wssec.header.binary_token import (
    BINARY_TOKEN,
    PKCS7,
    PKI_PATH,
    X509_V3,
    certificate_in,
    certificate_of_token,
)
from zeep_wssec.header.context import Incoming
from zeep_wssec.header.key_info import SKI, THUMBPRINT, write_key_info
from zeep_wssec.header.key_value import read_key_value
from zeep_wssec.header.known_key import read_key_name
from zeep_wssec.header.named_certificates import NamedCertificates, looked_up
from zeep_wssec.header.x509_data import read_x509_data
from zeep_wssec.soap.ids import WSU_ID, same_document_id
from zeep_wssec.soap.namespaces import BASE64_BINARY, DS, WSSE, WSSE11, readable_name
from zeep_wssec.xmlcrypto.key_value import DER_KEY_VALUE, KEY_VALUE
from zeep_wssec.xmlcrypto.values import children_of, decode_base64
from zeep_wssec.xmlcrypto.x509_data import X509_DATA

__all__ = [
    "TOKEN_REFERENCE",
    "NamedCertificates",
    "read_key_info",
    "read_token_reference",
    "write_key_info",
]

TOKEN_REFERENCE = f"{{{WSSE}}}SecurityTokenReference"
_REFERENCE = f"{{{WSSE}}}Reference"
_KEY_IDENTIFIER = f"{{{WSSE}}}KeyIdentifier"
_EMBEDDED = f"{{{WSSE}}}Embedded"
_KEY_NAME = f"{{{DS}}}KeyName"
_TOKEN_TYPE = f"{{{WSSE11}}}TokenType"
_KEY_INFO_ATTRIBUTES = frozenset({"Id", WSU_ID})
_REFERENCE_ATTRIBUTES = {WSU_ID, "Id", _TOKEN_TYPE, f"{{{WSSE}}}Usage"}
_FORMS = {X509_V3: "binary_token", PKI_PATH: "pkipath", PKCS7: "pkcs7"}
"""How a direct reference is called, by the ValueType of its token."""


def read_key_info(message: Incoming, key_info: etree._Element) -> NamedCertificates:
    """Find the certificates that a ``ds:KeyInfo`` names; naming one is no reason to trust it.

    A bare key or name stands for certificates of the keystore that have it, and for nothing else.

    Raises:
        MalformedSecurityError: More or less than one child, or a broken one.
        UnsupportedTokenError: A form that is not understood, or one that names a symmetric key.
        InvalidTokenError: A broken certificate, or a broken chain of them.

    Spec: WSS SOAP Message Security 1.1.1, section 7; BSP 1.1 R5402, R3061.
    """
    children = children_of(key_info, attributes=_KEY_INFO_ATTRIBUTES)
    if len(children) != 1:
        raise MalformedSecurityError("A KeyInfo must hold one element.")
    child = children[0]
    if child.tag == TOKEN_REFERENCE:
        return read_token_reference(message, child)
    if child.tag == X509_DATA:
        return read_x509_data(message, child, in_reference=False)
    if child.tag in (KEY_VALUE, DER_KEY_VALUE):
        return read_key_value(message, child)
    if child.tag == _KEY_NAME:
        return _read_key_name(message, child)
    raise UnsupportedTokenError(
        f"A KeyInfo with {readable_name(child.tag)} is not understood.", element=str(child.tag)
    )


def read_token_reference(message: Incoming, reference: etree._Element) -> NamedCertificates:
    """Find the certificates that a ``wsse:SecurityTokenReference`` names.

    Raises:
        MalformedSecurityError: More or less than one reference, or a broken one.
        UnsupportedTokenError: A form that is not understood, or one that names a symmetric key.
        InvalidTokenError: A broken certificate, or a broken chain of them.

    Spec: WSS SOAP Message Security 1.1.1, section 7; BSP 1.1 R3061.
    """
    inner = children_of(reference, attributes=_REFERENCE_ATTRIBUTES)
    if len(inner) != 1:
        raise MalformedSecurityError("A SecurityTokenReference must hold one reference.")
    token_type = reference.get(_TOKEN_TYPE)
    if inner[0].tag == _REFERENCE:
        return _read_direct(message, inner[0], token_type)
    if inner[0].tag == _EMBEDDED:
        return _read_embedded(message, inner[0], token_type)
    if inner[0].tag == _KEY_IDENTIFIER:
        return _read_key_identifier(message, inner[0])
    if inner[0].tag == X509_DATA:
        return read_x509_data(message, inner[0], in_reference=True)
    raise UnsupportedTokenError(
        f"A SecurityTokenReference with {readable_name(inner[0].tag)} is not understood.",
        element=str(inner[0].tag),
    )


def _read_direct(
    message: Incoming, reference: etree._Element, token_type: str | None
) -> NamedCertificates:
    name = same_document_id(reference.get("URI"), what="A token reference")
    token = message.ids.require(name)
    if token.tag != BINARY_TOKEN or token.getparent() is not message.security:
        raise MalformedSecurityError(
            f"A token reference must lead to a BinarySecurityToken of this security header, "
            f"not to {readable_name(token.tag)}."
        )
    form = _FORMS.get(token.get("ValueType") or "", "binary_token")
    return _read_token(message, token, form, (reference.get("ValueType"), token_type))


def _read_embedded(
    message: Incoming, embedded: etree._Element, token_type: str | None
) -> NamedCertificates:
    """Read the token inside the reference itself.

    Spec: WSS SOAP Message Security 1.1.1, section 7.4, Embedded References; BSP 1.1 R3056, R3060.
    """
    children = children_of(embedded, attributes={WSU_ID, "ValueType"})
    if len(children) != 1:
        raise MalformedSecurityError("An Embedded reference must hold one token.")
    token = children[0]
    if token.tag == TOKEN_REFERENCE:
        raise MalformedSecurityError("An Embedded reference must hold a token, not a reference.")
    if token.tag != BINARY_TOKEN:
        raise UnsupportedTokenError(
            f"An Embedded reference with {readable_name(token.tag)} is not understood.",
            element=str(token.tag),
        )
    return _read_token(message, token, "embedded", (embedded.get("ValueType"), token_type))


def _read_token(
    message: Incoming,
    token: etree._Element,
    form: str,
    said: tuple[str | None, str | None],
) -> NamedCertificates:
    """Read a token; what the reference has ``said`` of its type must be so.

    Spec: BSP 1.1 R3058, R5212, R5213, R5215, R5216, R5218.
    """
    held = token.get("ValueType")
    if not {None, held}.issuperset(said):
        raise UnsupportedTokenError(
            "A token reference has a ValueType or TokenType that does not fit its token."
        )
    certificate = certificate_of_token(message, token)
    return NamedCertificates(form=form, text="a token", certificates=(certificate,), token=token)


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
        return looked_up(
            message,
            form="thumbprint",
            text=f"the thumbprint {value.hex()[:64]}",
            found=message.keys.find_certificates(thumbprint=value),
        )
    if kind == SKI:
        return looked_up(
            message,
            form="subject_key_identifier",
            text=f"the subject key identifier {value.hex()[:128]}",
            found=message.keys.find_certificates(subject_key_identifier=value),
        )
    raise UnsupportedTokenError("A KeyIdentifier has a ValueType that is not understood.")


def _read_key_name(message: Incoming, element: etree._Element) -> NamedCertificates:
    """Look up what is called so: the alias of a partner or key pair, or a subject.

    Raises:
        MalformedSecurityError: A text that is empty or too long.

    Spec: XML Signature 1.1, section 4.5.1, The KeyName Element; white space counts.
    """
    name = read_key_name(element)
    return looked_up(
        message,
        form="key_name",
        text=f"the name {message.shown(element, repr(name[:200]))}",
        found=message.keys.find_certificates(key_name=name),
    )
