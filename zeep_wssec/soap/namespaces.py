"""Namespace URIs, and the prefixes under which we write them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from lxml import etree

SOAP11: Final = "http://schemas.xmlsoap.org/soap/envelope/"
SOAP12: Final = "http://www.w3.org/2003/05/soap-envelope"
ULTIMATE_RECEIVER: Final = SOAP12 + "/role/ultimateReceiver"
WSSE: Final = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
WSSE11: Final = "http://docs.oasis-open.org/wss/oasis-wss-wssecurity-secext-1.1.xsd"
WSU: Final = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
DS: Final = "http://www.w3.org/2000/09/xmldsig#"
XENC: Final = "http://www.w3.org/2001/04/xmlenc#"
XENC11: Final = "http://www.w3.org/2009/xmlenc11#"
EXC_C14N: Final = "http://www.w3.org/2001/10/xml-exc-c14n#"
WSA: Final = "http://www.w3.org/2005/08/addressing"
WSA_2004: Final = "http://schemas.xmlsoap.org/ws/2004/08/addressing"
WSC: Final = "http://docs.oasis-open.org/ws-sx/ws-secureconversation/200512"
WSC_2005: Final = "http://schemas.xmlsoap.org/ws/2005/02/sc"
DRAFT_SECEXT: Final = "http://schemas.xmlsoap.org/ws/2002/12/secext"
DRAFT_UTILITY: Final = "http://schemas.xmlsoap.org/ws/2002/12/utility"
XML: Final = "http://www.w3.org/XML/1998/namespace"

TOKEN_PROFILE: Final = (
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-x509-token-profile-1.0#"
)
USERNAME_PROFILE: Final = (
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0#"
)
MESSAGE_SECURITY: Final = (
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-soap-message-security-1.0#"
)
MESSAGE_SECURITY_11: Final = "http://docs.oasis-open.org/wss/oasis-wss-soap-message-security-1.1#"
BASE64_BINARY: Final = MESSAGE_SECURITY + "Base64Binary"

PREFIXES: Final[dict[str, str]] = {
    "wsse": WSSE,
    "wsse11": WSSE11,
    "wsu": WSU,
    "ds": DS,
    "xenc": XENC,
    "xenc11": XENC11,
    "ec": EXC_C14N,
    "wsa": WSA,
    "wsa04": WSA_2004,
    "wsc": WSC,
    "wsc05": WSC_2005,
}
"""Prefixes we write, and those that part names may use without declaring them."""
_READABLE = {SOAP11: "soap", SOAP12: "soap"} | {uri: prefix for prefix, uri in PREFIXES.items()}

for _prefix, _uri in PREFIXES.items():
    # Without this lxml invents ns0 for an attribute such as wsu:Id on an element that lacks the prefix.
    etree.register_namespace(_prefix, _uri)


def readable_name(tag: object) -> str:
    """Give a tag as people write it: ``wsu:Timestamp`` where we know the prefix, else ``{ns}Name``."""
    if not isinstance(tag, str):
        return "a comment or processing instruction"
    if not tag.startswith("{"):
        return tag
    uri, local = tag[1:].split("}", 1)
    prefix = _READABLE.get(uri)
    return tag if prefix is None else f"{prefix}:{local}"


def attribute_name(name: str, namespaces: Mapping[str, str]) -> str:
    """Give ``prefix:name``, ``{ns}name`` or ``name`` as lxml wants it.

    Raises:
        KeyError: The prefix is neither in ``namespaces`` nor well known.
    """
    prefix, colon, local = name.partition(":")
    if name.startswith("{") or not colon:
        return name
    known = {"xml": XML, **PREFIXES, **namespaces}
    return f"{{{known[prefix]}}}{local}"
