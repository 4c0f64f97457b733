"""The STR-Transform: a token as it is signed through the reference to it."""

from __future__ import annotations

from lxml import etree

from zeep_wssec.header.binary_token import TOKEN_TYPES, X509_V3
from zeep_wssec.keys.certificate import Certificate
from zeep_wssec.settings import KeyReference
from zeep_wssec.soap.namespaces import WSSE
from zeep_wssec.xmlcrypto.c14n import CanonicalForm, canonicalize


def referenced_token_octets(
    certificate: Certificate,
    reference: KeyReference,
    *,
    token: etree._Element | None,
    prefix: str | None,
) -> bytes:
    """Give the octets that are signed through a reference of ours to ``certificate``.

    A reference that leads to no token stands for one with the certificate, whether or not the header
    holds its token as well.

    Args:
        certificate: The one that is named.
        reference: How: with a SecurityTokenReference, but not with the token embedded in it.
        token: The token in the header, if the reference leads to one.
        prefix: Prefix of the security header's namespace, which the reference has, too.

    Spec: WSS SOAP Message Security 1.1.1, section 8.3, Signing Tokens.
    """
    if reference in TOKEN_TYPES and token is not None:
        return token_octets(token, CanonicalForm())
    return absent_token_octets(certificate, prefix=prefix)


def token_octets(token: etree._Element, form: CanonicalForm) -> bytes:
    """Give the octets of a token that is in the message.

    Its start tag always says what the default namespace is: the token is signed as if it stood alone.

    Spec: WSS SOAP Message Security 1.1.1, section 8.3, Signing Tokens.
    """
    octets = canonicalize(token, form)
    tag = octets[: octets.index(b">")]
    if b" xmlns=" in tag:
        return octets
    end = tag.index(b" ") if b" " in tag else len(tag)
    return octets[:end] + b' xmlns=""' + octets[end:]


def absent_token_octets(certificate: Certificate, *, prefix: str | None) -> bytes:
    """Give the octets of the token that stands for a certificate which the message only names.

    Args:
        certificate: The one that is named.
        prefix: Prefix of the reference: the token is written with the same one.

    Spec: WSS SOAP Message Security 1.1.1, section 8.3: the key identifier or issuer and serial number
    is replaced by a BinarySecurityToken with the certificate.
    """
    mark = f"{prefix}:" if prefix else ""
    default = "" if prefix is None else ' xmlns=""'
    own = f' xmlns:{prefix}="{WSSE}"' if prefix else f' xmlns="{WSSE}"'
    return (
        f'<{mark}BinarySecurityToken{default}{own} ValueType="{X509_V3}">{certificate.base64}'
        f"</{mark}BinarySecurityToken>"
    ).encode()
