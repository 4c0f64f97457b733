"""``wsse:Security`` itself: its attributes, the order of its children, and its older form."""

from __future__ import annotations

from collections.abc import Mapping

from lxml import etree

from zeep_wssec.errors import OutboundError
from zeep_wssec.header.binary_token import BINARY_TOKEN
from zeep_wssec.header.confirmation import SIGNATURE_CONFIRMATION
from zeep_wssec.header.security_context import SECURITY_CONTEXT_TOKENS
from zeep_wssec.header.timestamp import TIMESTAMP
from zeep_wssec.header.username_token import USERNAME_TOKEN
from zeep_wssec.settings import SecurityHeader
from zeep_wssec.soap.envelope import Envelope
from zeep_wssec.soap.ids import WSU_ID
from zeep_wssec.soap.namespaces import (
    BASE64_BINARY,
    DRAFT_SECEXT,
    DRAFT_UTILITY,
    USERNAME_PROFILE,
    WSC,
    WSC_2005,
    WSSE,
    WSU,
    attribute_name,
)
from zeep_wssec.xmlcrypto.encryption_model import ENCRYPTED_DATA, ENCRYPTED_KEY, REFERENCE_LIST
from zeep_wssec.xmlcrypto.signature_model import SIGNATURE

_KINDS: Mapping[str, str] = {
    TIMESTAMP: "timestamp",
    USERNAME_TOKEN: "username_token",
    BINARY_TOKEN: "token",
    SIGNATURE: "signature",
    ENCRYPTED_KEY: "encrypted_key",
    ENCRYPTED_DATA: "encrypted_data",
    REFERENCE_LIST: "reference_list",
    SIGNATURE_CONFIRMATION: "confirmation",
    **{f"{{{uri}}}DerivedKeyToken": "derived_key" for uri in (WSC, WSC_2005)},
    **dict.fromkeys(SECURITY_CONTEXT_TOKENS, "security_context"),
}
"""What ``header.order`` calls the children."""
_DRAFT_NAMESPACES = {WSSE: DRAFT_SECEXT, WSU: DRAFT_UTILITY}


def new_security(
    envelope: Envelope,
    header: etree._Element,
    settings: SecurityHeader,
    namespaces: Mapping[str, str],
) -> etree._Element:
    """Put an empty ``wsse:Security`` in front of the header blocks.

    Raises:
        OutboundError: One in the draft's namespace is there already.

    Spec: WSS SOAP Message Security 1.1.1, section 5, Security Header.
    """
    draft = f"{{{DRAFT_SECEXT}}}Security"
    if settings.namespace != "1.0" and header.find(draft) is not None:
        raise OutboundError(
            "The envelope already has a wsse:Security header of the draft.",
            hint="It may have been protected before.",
        )
    used = {name.partition(":")[0] for name in settings.attributes if name[0] != "{"}
    own = {prefix: uri for prefix, uri in namespaces.items() if prefix in used}
    security = etree.Element(f"{{{WSSE}}}Security", nsmap={**own, "wsse": WSSE, "wsu": WSU})
    header.insert(0, security)
    soap12 = envelope.version == "1.2"
    if settings.must_understand:
        security.set(envelope.name("mustUnderstand"), "true" if soap12 else "1")
    if settings.actor is not None:
        security.set(envelope.name("role" if soap12 else "actor"), settings.actor)
    for name, value in settings.attributes.items():
        security.set(attribute_name(name, namespaces), value)
    return security


def arrange(security: etree._Element, settings: SecurityHeader) -> None:
    """Bring the children into the order that the settings want.

    They stay under the same parent, so no signature over one of them breaks, whatever its canonical form.

    Spec: WS-SecurityPolicy 1.3, section 6.7, Security Header Layout.
    """
    if settings.order:
        places = {kind: place for place, kind in enumerate(settings.order)}
        last = len(places)
        security[:] = sorted(
            security, key=lambda child: places.get(_KINDS.get(str(child.tag), ""), last)
        )
        return
    if settings.layout not in ("timestamp_first", "timestamp_last"):
        return
    timestamp = security.find(TIMESTAMP)
    if timestamp is not None:
        security.insert(0 if settings.layout == "timestamp_first" else len(security), timestamp)


def to_draft(security: etree._Element) -> etree._Element:
    """Put the header in the form of the draft of December 2002 in its place, and give it.

    The draft writes types as qualified names. Ids are left out: nothing refers to a token.

    Spec: WS-Security Addendum (draft), sections on UsernameToken and BinarySecurityToken.
    """
    drafted = _drafted(security)
    drafted.tail = security.tail
    parent = security.getparent()
    if parent is not None:
        parent.replace(security, drafted)
    return drafted


def _drafted(element: etree._Element, parent: etree._Element | None = None) -> etree._Element:
    namespace, _, local = str(element.tag)[1:].partition("}")
    tag = f"{{{_DRAFT_NAMESPACES.get(namespace, namespace)}}}{local}"
    if parent is None:
        nsmap = {prefix: _DRAFT_NAMESPACES.get(uri, uri) for prefix, uri in element.nsmap.items()}
        made = etree.Element(tag, nsmap=nsmap)
    else:
        made = etree.SubElement(parent, tag)
    for name, value in element.attrib.items():
        if name != WSU_ID:
            made.set(name, _draft_type(str(value)) if "}" not in str(name) else value)
    made.text = element.text
    for child in element:
        _drafted(child, made)
    return made


def _draft_type(value: str) -> str:
    if value == BASE64_BINARY:
        return "wsse:Base64Binary"
    if value.startswith(USERNAME_PROFILE):
        return "wsse:" + value.removeprefix(USERNAME_PROFILE)
    return value
