"""What stands in ``ds:X509Data``: certificates and their names, which prove nothing by themselves."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from lxml import etree

from zeep_wssec.errors import MalformedSecurityError
from zeep_wssec.keys.certificate import Certificate
from zeep_wssec.keys.name_text import read_name_text
from zeep_wssec.xmlcrypto.signature_model import DS
from zeep_wssec.xmlcrypto.values import children_of, decode_base64, text_of

X509_DATA: Final = f"{{{DS}}}X509Data"
X509_CERTIFICATE: Final = f"{{{DS}}}X509Certificate"
X509_SKI: Final = f"{{{DS}}}X509SKI"
X509_SUBJECT_NAME: Final = f"{{{DS}}}X509SubjectName"
X509_ISSUER_SERIAL: Final = f"{{{DS}}}X509IssuerSerial"

_PARTS = [f"{{{DS}}}X509IssuerName", f"{{{DS}}}X509SerialNumber"]
_SERIAL = re.compile(r"-?\d{1,60}", re.ASCII)


def leaf_of(found: Sequence[Certificate], *, holder: str) -> Certificate:
    """Give the certificate that issued none of the others.

    Args:
        found: Without repetitions.
        holder: What they stand in, for the error.

    Raises:
        MalformedSecurityError: There are several: they are no chain.
    """
    leaves = [
        item
        for item in found
        if all(other is item or other.issuer != item.subject for other in found)
    ]
    if len(leaves) != 1:
        raise MalformedSecurityError(f"{holder} must hold one certificate with its chain.")
    return leaves[0]


def names_certificate(name: etree._Element, certificate: Certificate) -> bool:
    """Whether a subject, an issuer with serial number, or a key identifier is that of a certificate.

    Raises:
        MalformedSecurityError: It is not well-formed.

    Spec: XML Signature 1.1, section 4.5.4, The X509Data Element.
    """
    if name.tag == X509_SKI:
        return decode_base64(name) == certificate.subject_key_identifier
    if name.tag == X509_SUBJECT_NAME:
        return certificate.canonical_subject in read_name_text(text_of(name))
    issuer, serial = read_issuer_serial(name)
    return certificate.matches_issuer_serial(issuer, serial)


def read_issuer_serial(element: etree._Element) -> tuple[str, int]:
    """Read an X509IssuerSerial: the name as it is written, and the number.

    Raises:
        MalformedSecurityError: Something else in it, or no number.
    """
    children = children_of(element)
    if [child.tag for child in children] != _PARTS:
        raise MalformedSecurityError(
            "An X509IssuerSerial must hold issuer name, then serial number."
        )
    serial = text_of(children[1]).strip()
    if _SERIAL.fullmatch(serial) is None:
        raise MalformedSecurityError("An X509SerialNumber is not a number.")
    return text_of(children[0]), int(serial)
