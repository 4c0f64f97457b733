"""Signed attributes: read by an allow-list of shapes, and put into the octets that were signed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from zeep_wssec.errors import PayloadMalformedError
from zeep_wssec.keys.der import decode_oid, iterate_tlv, read_tlv
from zeep_wssec.keys.der_writing import write_tlv
from zeep_wssec.payload.cms.algorithms import (
    ALGORITHM_PROTECTION_ATTRIBUTE,
    CONTENT_TYPE_ATTRIBUTE,
    MESSAGE_DIGEST_ATTRIBUTE,
    SIGNING_CERTIFICATE_ATTRIBUTES,
    SIGNING_TIME_ATTRIBUTE,
)
from zeep_wssec.payload.cms.der import OCTET_STRING, SEQUENCE, SET, set_of

_SINGLE = (
    CONTENT_TYPE_ATTRIBUTE,
    MESSAGE_DIGEST_ATTRIBUTE,
    SIGNING_TIME_ATTRIBUTE,
    ALGORITHM_PROTECTION_ATTRIBUTE,
    *SIGNING_CERTIFICATE_ATTRIBUTES,
)
"""Attributes that stand once, with one value."""
_LOOKED_AT = 64 * 1024
"""Content above this is no set of attributes: a signer's have some hundred octets."""


@dataclass(frozen=True)
class SignedAttributes:
    """What a signer signed besides the content."""

    signed_octets: bytes
    """The DER that the signature is over."""
    values: Mapping[str, bytes]
    """The value of each attribute that is understood, with its tag."""

    @property
    def content_type(self) -> str:
        """The type of the content, as the signer saw it.

        Raises:
            PayloadMalformedError: It is missing or no type.
        """
        tag, value = self._require(CONTENT_TYPE_ATTRIBUTE, "content type")
        try:
            if tag == 0x06:
                return decode_oid(value)
        except (ValueError, IndexError):
            pass
        raise PayloadMalformedError("The signed content type is no type.")

    @property
    def message_digest(self) -> bytes:
        """The digest of the content.

        Raises:
            PayloadMalformedError: It is missing or no digest.
        """
        tag, value = self._require(MESSAGE_DIGEST_ATTRIBUTE, "message digest")
        if tag != OCTET_STRING:
            raise PayloadMalformedError("The signed message digest is no digest.")
        return value

    @property
    def signing_time(self) -> datetime | None:
        """When the signer says to have signed.

        Raises:
            PayloadMalformedError: It is no time.
        """
        if SIGNING_TIME_ATTRIBUTE not in self.values:
            return None
        tag, value, _ = read_tlv(self.values[SIGNING_TIME_ATTRIBUTE])
        try:
            return _read_time(tag, value.decode("ascii"))
        except (ValueError, KeyError):
            raise PayloadMalformedError("The signing time is no time.") from None

    def _require(self, number: str, what: str) -> tuple[int, bytes]:
        if number not in self.values:
            raise PayloadMalformedError(f"The signed attributes lack the {what}.")
        tag, value, _ = read_tlv(self.values[number])
        return tag, value


def read_attributes(content: bytes) -> SignedAttributes:
    """Read the content of a SET OF Attribute.

    The signature is verified over its DER: in ascending order and with shortest lengths, whatever came.

    Raises:
        PayloadMalformedError: An attribute is broken, or stands twice or with several values.

    Spec: RFC 5652, sections 5.3, 5.4 and 11.
    """
    try:
        return _read(content)
    except (ValueError, IndexError):
        raise PayloadMalformedError("The signed attributes cannot be read.") from None


def _read(content: bytes) -> SignedAttributes:
    encoded, values = [], {}
    for tag, attribute in iterate_tlv(content):
        number, members = _read_attribute(tag, attribute)
        if number in values or (number in _SINGLE and len(members) != 1):
            raise PayloadMalformedError("A signed attribute stands twice, or with several values.")
        values[number] = members[0] if members else b""
        head = read_tlv(attribute)
        encoded.append(write_tlv(SEQUENCE, write_tlv(head[0], head[1]) + set_of(members)))
    if not encoded:
        raise PayloadMalformedError("The set of signed attributes is empty.")
    return SignedAttributes(set_of(encoded), values)


def _read_attribute(tag: int, attribute: bytes) -> tuple[str, list[bytes]]:
    (first, number), (second, members) = iterate_tlv(attribute)
    if (tag, first, second) != (SEQUENCE, 0x06, SET):
        raise ValueError
    return decode_oid(number), [write_tlv(*item) for item in iterate_tlv(members)]


def looks_like_attributes(content: bytes) -> bool:
    """Tell whether content could be the signed attributes of other content.

    A signature over attributes is one over their octets, too: shown as content without attributes,
    they would pass.

    Spec: RFC 5652, section 5.4; the attack of draft-ietf-lamps-cms-euf-cma-signeddata.
    """
    if content[:1] != b"\x31" or len(content) > _LOOKED_AT:
        return False
    try:
        tag, inner, end = read_tlv(content)
        if tag != SET or end != len(content):
            return False
        # Not what stands in the values: a signer may sign values that are not read here.
        return all(_has_shape(*item) for item in iterate_tlv(inner))
    except (ValueError, IndexError):
        return False


def _has_shape(tag: int, attribute: bytes) -> bool:
    (first, _), (second, _) = iterate_tlv(attribute)
    return (tag, first, second) == (SEQUENCE, 0x06, SET)


def _read_time(tag: int, text: str) -> datetime:
    formats = {0x17: "%y%m%d%H%M%SZ", 0x18: "%Y%m%d%H%M%SZ"}
    found = datetime.strptime(text, formats[tag]).replace(tzinfo=UTC)
    if tag == 0x17 and found.year >= 2050:  # two digits: 50 to 99 are of the last century
        found = found.replace(year=found.year - 100)
    return found
