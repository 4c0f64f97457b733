"""Forged messages: the signed Body is kept, but something else stands where applications read."""

from __future__ import annotations

from lxml import etree

from zeep_wssec.errors import MalformedSecurityError
from zeep_wssec.soap.envelope import Envelope, to_octets
from zeep_wssec.soap.limits import Limits
from zeep_wssec.soap.parsing import parse_message

WRAPPER = "{urn:example:wrapper}Wrapper"


def wrap_signed_body(message: bytes, forged: etree._Element) -> bytes:
    """Move the Body aside, into a header block of no meaning, and put one with ``forged`` in its place.

    Every signature in the message stays valid: its references find the old Body by its Id.

    Args:
        message: A protected envelope.
        forged: The child of the new Body, which has no Id.
    """
    root = parse_message(message, Limits())
    envelope, header = Envelope.read(root, error=MalformedSecurityError).require_header()
    new = etree.Element(envelope.body.tag, nsmap=root.nsmap)
    new.append(forged)
    root.replace(envelope.body, new)
    wrapper = etree.SubElement(header, WRAPPER, nsmap={"w": "urn:example:wrapper"})
    wrapper.append(envelope.body)
    return to_octets(root)
