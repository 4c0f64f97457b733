"""Distinguished names of certificates: the text of ``ds:X509IssuerName``, and a form to compare.

A name is read from the DER of the certificate, because its text form needs the bytes of values
whose attribute type has no short name.
"""

from __future__ import annotations

import re
import unicodedata

from zeep_wssec.keys.der import decode_oid, iterate_tlv
from zeep_wssec.keys.der_writing import write_tlv

Attribute = tuple[str, int, bytes]
"""Object identifier, DER tag of the value, content octets of the value."""

CanonicalName = tuple[frozenset[tuple[str, str]], ...]
"""RDNs in order, each a set of (object identifier, normalized value)."""

# RFC 2253 section 2.3: the types that have a short name; every other one is written as its OID.
SHORT_NAMES = {
    "2.5.4.3": "CN",
    "2.5.4.7": "L",
    "2.5.4.8": "ST",
    "2.5.4.10": "O",
    "2.5.4.11": "OU",
    "2.5.4.6": "C",
    "2.5.4.9": "STREET",
    "0.9.2342.19200300.100.1.25": "DC",
    "0.9.2342.19200300.100.1.1": "UID",
}

_ENCODINGS = {
    12: "utf-8",
    19: "ascii",
    20: "latin-1",
    22: "ascii",
    27: "utf-8",
    28: "utf-32-be",
    30: "utf-16-be",
}
_SPECIAL = frozenset(',=+<>#;"\\')
_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def read_name(content: bytes) -> tuple[tuple[Attribute, ...], ...]:
    """Read the content octets of a DER ``Name`` into its RDNs, in encoded order.

    Raises:
        ValueError: It is not a well-formed ``Name``.
    """
    rdns = []
    for _, rdn in iterate_tlv(content):
        attributes = []
        for _, attribute in iterate_tlv(rdn):
            (_, oid), (tag, value) = iterate_tlv(attribute)
            attributes.append((decode_oid(oid), tag, value))
        rdns.append(tuple(attributes))
    return tuple(rdns)


def format_rfc2253(rdns: tuple[tuple[Attribute, ...], ...]) -> str:
    """Write a name as ``ds:X509IssuerName`` wants it: last RDN first, as Java's ``getName`` does.

    Spec: RFC 2253, section 2; XML Signature 1.1, section 4.5.4.1.
    """
    return ",".join("+".join(_format_attribute(item) for item in rdn) for rdn in reversed(rdns))


def format_quoted(rdns: tuple[tuple[Attribute, ...], ...]) -> str:
    """Write a name with special values in quotes and without backslashes, as .NET reads it.

    The RDNs are those of ``format_rfc2253``, in its order, with a space after each comma. A quote
    inside a value is doubled; a value with characters that XML cannot hold is the hex of its DER.
    """
    return ", ".join("+".join(_quote_attribute(item) for item in rdn) for rdn in reversed(rdns))


def _quote_attribute(attribute: Attribute) -> str:
    oid, tag, value = attribute
    keyword = SHORT_NAMES.get(oid)
    if keyword is None or tag not in _ENCODINGS:
        return _format_attribute(attribute)
    text = _decode(tag, value)
    if _NOT_IN_XML.search(text):
        return f"{keyword}=#{write_tlv(tag, value).hex()}"
    if _escape(text) == text:
        return f"{keyword}={text}"
    doubled = text.replace('"', '""')
    return f'{keyword}="{doubled}"'


def _format_attribute(attribute: Attribute) -> str:
    oid, tag, value = attribute
    keyword = SHORT_NAMES.get(oid)
    if keyword is None or tag not in _ENCODINGS:
        return f"{keyword or oid}=#{write_tlv(tag, value).hex()}"
    return f"{keyword}={_escape(_decode(tag, value))}"


def _escape(text: str) -> str:
    escaped = "".join(f"\\{char}" if char in _SPECIAL else char for char in text)
    escaped = _NOT_IN_XML.sub(
        lambda found: "".join(f"\\{octet:02X}" for octet in found[0].encode()), escaped
    )
    stripped = escaped.lstrip(" ")
    lead = len(escaped) - len(stripped)
    core = stripped.rstrip(" ")
    return "\\ " * lead + core + "\\ " * (len(stripped) - len(core))


def _decode(tag: int, value: bytes) -> str:
    return value.decode(_ENCODINGS[tag], errors="replace")


def canonical_name(
    rdns: tuple[tuple[Attribute, ...], ...], *, exact: bool = False
) -> CanonicalName:
    """Give the form in which names are compared: string types never count.

    Case, width and spacing do not count either, as RFC 5280 section 7.1 has it for finding an issuer;
    with ``exact``, for telling who somebody is, they do.
    """
    return tuple(
        [
            frozenset([(oid, canonical_value(tag, value, exact=exact)) for oid, tag, value in rdn])
            for rdn in rdns
        ]
    )


def canonical_value(tag: int, value: bytes, *, exact: bool = False) -> str:
    """Give the form in which one value is compared: its text, or the hex of what is no text."""
    if tag in _ENCODINGS:
        return fold(_decode(tag, value), exact=exact)
    return f"#{write_tlv(tag, value).hex()}"


def printable(text: str, *, limit: int = 200) -> str:
    """Give text from a certificate as an error or a log may show it: bounded, nothing invisible."""
    shown = "".join(char if char.isprintable() else "\ufffd" for char in text[: limit + 1])
    return shown if len(shown) <= limit else shown[:limit] + "…"


def fold(text: str, *, exact: bool = False) -> str:
    """Drop what does not count in a comparison; with ``exact`` only spaces at both ends."""
    if exact:
        return text.strip(" ")
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())
