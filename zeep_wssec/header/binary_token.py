"""``wsse:BinarySecurityToken``: an X.509 certificate carried in the header."""

from __future__ import annotations

from lxml import etree

from zeep_wssec.errors import InvalidTokenError, KeyLoadError, UnsupportedTokenError
from zeep_wssec.header.context import Incoming, Outgoing
from zeep_wssec.keys.certificate import Certificate
from zeep_wssec.soap.ids import WSU_ID, fresh_id
from zeep_wssec.soap.namespaces import BASE64_BINARY, TOKEN_PROFILE, WSSE, WSU
from zeep_wssec.xmlcrypto.values import decode_base64

BINARY_TOKEN = f"{{{WSSE}}}BinarySecurityToken"
X509_V3 = TOKEN_PROFILE + "X509v3"


def write_binary_token(message: Outgoing, certificate: Certificate) -> etree._Element:
    """Give the BinarySecurityToken of ``certificate``, written now if the message has none yet.

    Spec: WSS X.509 Certificate Token Profile 1.1.1, section 3.1; BSP 1.1 R3029, R3030, R3031.
    """
    token = message.tokens.get(certificate.der)
    if token is None:
        token = etree.fromstring(
            f'<wsse:BinarySecurityToken xmlns:wsse="{WSSE}" xmlns:wsu="{WSU}"'
            f' EncodingType="{BASE64_BINARY}" ValueType="{X509_V3}"'
            f' wsu:Id="{fresh_id("X509")}">{certificate.base64}</wsse:BinarySecurityToken>'
        )
        message.prepend(token)
        message.tokens[certificate.der] = token
    return token


def read_binary_token(message: Incoming, element: etree._Element) -> None:
    """Check the shape of a token; it is believed only once a signature that names it is.

    Raises:
        UnsupportedTokenError: Another kind of token than one X.509v3 certificate.
        InvalidTokenError: Broken content.
    """
    certificate_of_token(message, element)


def certificate_of_token(message: Incoming, element: etree._Element) -> Certificate:
    """Give the certificate in a BinarySecurityToken, read once a message.

    Raises:
        UnsupportedTokenError: Another ValueType than X509v3, or another encoding than base64.
        InvalidTokenError: Not base64, or not exactly one certificate.

    Spec: WSS X.509 Certificate Token Profile 1.1.1, section 3.1; BSP 1.1 R3029 to R3033.
    """
    known = message.tokens.get(element)
    if known is not None:
        return known
    if element.get("EncodingType", BASE64_BINARY) != BASE64_BINARY:
        raise UnsupportedTokenError("A BinarySecurityToken must say that it is Base64Binary.")
    if element.get("ValueType") != X509_V3:
        shown = (element.get("ValueType") or "nothing").rsplit("#", 1)[-1][:60]
        raise UnsupportedTokenError(
            f"A BinarySecurityToken of type {shown!r} is not understood; X509v3 is."
        )
    if set(element.keys()) - {"EncodingType", "ValueType", WSU_ID}:
        raise InvalidTokenError("A BinarySecurityToken has an attribute that is not understood.")
    message.tokens[element] = certificate_in(element)
    return message.tokens[element]


def certificate_in(element: etree._Element) -> Certificate:
    """Give the one certificate whose base64 is the text of ``element``.

    Raises:
        InvalidTokenError: Not base64, or not exactly one certificate.
    """
    try:
        return Certificate.from_der(decode_base64(element))
    except KeyLoadError as error:
        raise InvalidTokenError(f"The token is not an X.509 certificate: {error.message}") from None
