"""``ds:KeyValue`` and ``dsig11:DEREncodedKeyValue``: a bare public key, which names known certificates only."""

from __future__ import annotations

import hashlib

from lxml import etree

from zeep_wssec.header.context import Incoming
from zeep_wssec.header.named_certificates import NamedCertificates, looked_up
from zeep_wssec.xmlcrypto.key_value import read_public_key


def read_key_value(message: Incoming, element: etree._Element) -> NamedCertificates:
    """Find the known certificates for a bare key: it is a name of theirs, and never a key to believe.

    Args:
        message: Its keystore is searched.
        element: ``ds:KeyValue`` or ``dsig11:DEREncodedKeyValue``.

    Raises:
        MalformedSecurityError: Numbers that are no key, or out of bounds.
        UnsupportedTokenError: Another kind of key, a curve that is not known, or a curve of its own.

    Spec: XML Signature 1.1, sections 4.5.2, The KeyValue Element, and 4.5.9, DEREncodedKeyValue.
    """
    octets = read_public_key(element)
    shown = hashlib.sha256(octets).hexdigest()[:16]
    return looked_up(
        message,
        form="key_value",
        text=f"its bare public key (SHA-256 {shown}…)",
        found=message.keys.find_certificates(public_key=octets),
    )
