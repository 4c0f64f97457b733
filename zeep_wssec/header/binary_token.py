"""``wsse:BinarySecurityToken``: an X.509 certificate, alone or with its chain, carried in the header."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Literal

from lxml import etree

from zeep_wssec.errors import (
    InvalidTokenError,
    KeyLoadError,
    OutboundError,
    UnsupportedTokenError,
)
from zeep_wssec.header.context import Incoming, Outgoing
from zeep_wssec.keys.certificate import Certificate
from zeep_wssec.keys.certificate_paths import (
    pkcs7_certificates,
    pki_path,
    read_pkcs7,
    read_pki_path,
)
from zeep_wssec.keys.secrets import Secret
from zeep_wssec.settings import BinaryToken
from zeep_wssec.soap.ids import WSU_ID, fresh_id
from zeep_wssec.soap.namespaces import (
    BASE64_BINARY,
    TOKEN_PROFILE,
    WSSE,
    WSU,
    attribute_name,
)
from zeep_wssec.xmlcrypto.values import decode_base64

BINARY_TOKEN = f"{{{WSSE}}}BinarySecurityToken"
X509_V3 = TOKEN_PROFILE + "X509v3"
PKI_PATH = TOKEN_PROFILE + "X509PKIPathv1"
PKCS7 = TOKEN_PROFILE + "PKCS7"
TokenKind = Literal["binary_token", "pkipath", "pkcs7"]
TOKEN_TYPES: dict[TokenKind, str] = {"binary_token": X509_V3, "pkipath": PKI_PATH, "pkcs7": PKCS7}
"""ValueType of each kind of token, by the key reference that leads to one."""


def write_binary_token(
    message: Outgoing, certificate: Certificate, kind: TokenKind = "binary_token"
) -> etree._Element:
    """Give the BinarySecurityToken of ``certificate``, written now if the message has none of its kind yet.

    Args:
        message: The message; its header gets the token.
        certificate: Whose token it is.
        kind: What is in it: the certificate alone, or a PKIPath or PKCS#7 with the chain that the
            keystore has beside it.

    Raises:
        KeyLoadError: That chain is too long, or none.

    Spec: WSS X.509 Certificate Token Profile 1.1.1, section 3.1; BSP 1.1 R3029 to R3031, R5211, R5214.
    """
    octets = _token_octets(message, certificate, kind)
    token = message.tokens.get(octets)
    if token is None:
        token = etree.fromstring(
            f'<wsse:BinarySecurityToken xmlns:wsse="{WSSE}" xmlns:wsu="{WSU}"'
            f' EncodingType="{BASE64_BINARY}" ValueType="{TOKEN_TYPES[kind]}"'
            f' wsu:Id="{fresh_id("X509")}">{base64.b64encode(octets).decode()}'
            "</wsse:BinarySecurityToken>"
        )
        message.prepend(token)
        message.tokens[octets] = token
    return token


def _token_octets(message: Outgoing, certificate: Certificate, kind: TokenKind) -> bytes:
    if kind == "binary_token":
        return certificate.der
    entry = message.keys.find_key(certificate) or message.keys.find_partner(certificate)
    chain = (certificate, *(entry.chain if entry is not None else ()))
    return pki_path(chain) if kind == "pkipath" else pkcs7_certificates(chain)


def write_opaque_token(message: Outgoing, step: BinaryToken) -> None:
    """Write a token that is no certificate, with its text as it was given.

    Raises:
        OutboundError: The token or its type holds a character that XML cannot carry.

    Spec: WSS SOAP Message Security 1.1.1, section 6.3, Binary Security Tokens.
    """
    token = etree.Element(BINARY_TOKEN, nsmap={"wsse": WSSE, "wsu": WSU})
    secret = step.value
    value = secret.reveal() if isinstance(secret, Secret) else Secret.of(secret).reveal()
    try:
        if step.encoding_type:
            token.set("EncodingType", BASE64_BINARY)
        if step.value_type:
            token.set("ValueType", step.value_type)
        for name, text in step.attributes.items():
            token.set(attribute_name(name, message.namespaces), text)
        token.text = value.decode()
    except KeyError as error:
        raise OutboundError(f"The prefix {error} of an attribute is not declared.") from None
    except ValueError:
        raise OutboundError(
            "The token or its type holds a character that XML cannot carry.",
            hint="Give the token as text; octets are written in base64 first.",
        ) from None
    token.set(WSU_ID, fresh_id("BST"))
    message.prepend(token)


def read_binary_token(message: Incoming, element: etree._Element) -> None:
    """Check the shape of a token; it is believed only once a signature that names it is.

    Raises:
        UnsupportedTokenError: Another kind of token than certificates.
        InvalidTokenError: Broken content.
    """
    certificate_of_token(message, element)


def certificate_of_token(message: Incoming, element: etree._Element) -> Certificate:
    """Give the certificate in a BinarySecurityToken, read once a message; its chain is kept for the signer.

    Raises:
        UnsupportedTokenError: Another ValueType than X509v3, X509PKIPathv1 and PKCS7, or another
            encoding than base64.
        InvalidTokenError: Not base64, not exactly one certificate, or not one chain.

    Spec: WSS X.509 Certificate Token Profile 1.1.1, section 3.1; BSP 1.1 R3029 to R3033, R5201.
    """
    known = message.tokens.get(element)
    if known is not None:
        return known
    if element.get("EncodingType", BASE64_BINARY) != BASE64_BINARY:
        raise UnsupportedTokenError("A BinarySecurityToken must say that it is Base64Binary.")
    kind = element.get("ValueType")
    if kind not in _READERS:
        shown = (kind or "nothing").rsplit("#", 1)[-1][:60]
        raise UnsupportedTokenError(
            f"A BinarySecurityToken of type {shown!r} is not understood; X509v3, X509PKIPathv1 and "
            "PKCS7 are."
        )
    if set(element.keys()) - {"EncodingType", "ValueType", WSU_ID}:
        raise InvalidTokenError("A BinarySecurityToken has an attribute that is not understood.")
    leaf, *chain = _read(element, _READERS[kind], what=_WORDS[kind])
    if chain:
        message.chains[leaf.der] = tuple(chain)
    message.tokens[element] = leaf
    return leaf


def certificate_in(element: etree._Element) -> Certificate:
    """Give the one certificate whose base64 is the text of ``element``.

    Raises:
        InvalidTokenError: Not base64, or not exactly one certificate.
    """
    return _read(element, _READERS[X509_V3], what=_WORDS[X509_V3])[0]


def _read(
    element: etree._Element, reader: Callable[[bytes], tuple[Certificate, ...]], *, what: str
) -> tuple[Certificate, ...]:
    try:
        return reader(decode_base64(element))
    except KeyLoadError as error:
        raise InvalidTokenError(f"The token is not {what}: {error.message}") from None


_READERS: dict[str, Callable[[bytes], tuple[Certificate, ...]]] = {
    X509_V3: lambda octets: (Certificate.from_der(octets),),
    PKI_PATH: read_pki_path,
    PKCS7: read_pkcs7,
}
"""Each gives the leaf, then those above it."""
_WORDS = {X509_V3: "an X.509 certificate", PKI_PATH: "a PKIPath", PKCS7: "PKCS#7 with certificates"}
