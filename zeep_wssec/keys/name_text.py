"""Reads the names of issuers as peers write them; every stack has its own way."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from zeep_wssec.keys.der import read_tlv
from zeep_wssec.keys.names import SHORT_NAMES, CanonicalName, canonical_value, fold

MAX_NAME_LENGTH = 4096
"""Longest issuer text compared; longer ones match nothing."""

# What Java, .NET, OpenSSL and Windows write for a type.
_OIDS = {name: oid for oid, name in SHORT_NAMES.items()} | {
    "S": "2.5.4.8",
    "SP": "2.5.4.8",
    "COMMONNAME": "2.5.4.3",
    "COUNTRY": "2.5.4.6",
    "COUNTRYNAME": "2.5.4.6",
    "LOCALITY": "2.5.4.7",
    "LOCALITYNAME": "2.5.4.7",
    "STATEORPROVINCENAME": "2.5.4.8",
    "STREETADDRESS": "2.5.4.9",
    "ORGANIZATION": "2.5.4.10",
    "ORGANIZATIONNAME": "2.5.4.10",
    "ORGANIZATIONALUNIT": "2.5.4.11",
    "ORGANIZATIONALUNITNAME": "2.5.4.11",
    "DOMAINCOMPONENT": "0.9.2342.19200300.100.1.25",
    "USERID": "0.9.2342.19200300.100.1.1",
    "E": "1.2.840.113549.1.9.1",
    "EMAIL": "1.2.840.113549.1.9.1",
    "EMAILADDRESS": "1.2.840.113549.1.9.1",
    "UNSTRUCTUREDNAME": "1.2.840.113549.1.9.2",
    "SN": "2.5.4.4",
    "SURNAME": "2.5.4.4",
    "SERIALNUMBER": "2.5.4.5",
    "T": "2.5.4.12",
    "TITLE": "2.5.4.12",
    "DESCRIPTION": "2.5.4.13",
    "BUSINESSCATEGORY": "2.5.4.15",
    "POSTALCODE": "2.5.4.17",
    "G": "2.5.4.42",
    "GN": "2.5.4.42",
    "GIVENNAME": "2.5.4.42",
    "I": "2.5.4.43",
    "INITIALS": "2.5.4.43",
    "GENERATION": "2.5.4.44",
    "GENERATIONQUALIFIER": "2.5.4.44",
    "DNQ": "2.5.4.46",
    "DNQUALIFIER": "2.5.4.46",
    "PSEUDONYM": "2.5.4.65",
    "ORGANIZATIONIDENTIFIER": "2.5.4.97",
    "JURISDICTIONC": "1.3.6.1.4.1.311.60.2.1.3",
    "JURISDICTIONCOUNTRYNAME": "1.3.6.1.4.1.311.60.2.1.3",
    "JURISDICTIONST": "1.3.6.1.4.1.311.60.2.1.2",
    "JURISDICTIONL": "1.3.6.1.4.1.311.60.2.1.1",
}

_OID = re.compile(r"(?:OID\.)?([0-2](?:\.\d{1,40}){1,40})")
_SLASH = re.compile(r"/(?=[A-Za-z0-9.]{1,64}=)")
_AFTER_QUOTES = re.compile(r"\s{0,16}(?:[,;+]|$)")
_HEX_PAIR = re.compile("[0-9A-Fa-f]{2}")


def read_name_text(text: str) -> tuple[CanonicalName, ...]:
    """Give every name that a text of a peer can mean: one at most, two with backslashes in quotes.

    Java escapes with a backslash inside quotes too; for .NET and in the quoted form that
    ``format_quoted`` writes, a backslash there is only itself. Each name is given from either end,
    because some stacks write the first RDN first. Never raises.
    """
    readings = [parse_name_text(text)]
    if '"' in text and len(text) <= MAX_NAME_LENGTH:
        readings.append(_parse_quoted(text))
    found = [name for name in readings if name is not None]
    return tuple(dict.fromkeys([*found, *(name[::-1] for name in found)]))


@lru_cache(maxsize=128)
def parse_name_text(text: str, *, exact: bool = False) -> CanonicalName | None:
    """Read the text of a name, however a peer wrote it; ``None`` if it is no name. Never raises.

    Takes commas or semicolons, spaces anywhere, quotes, backslash escapes, ``#hex`` values, short
    names and OIDs in any case, and the slash form of OpenSSL. An unescaped comma inside a value is
    taken as part of it when no type follows. The RDNs come in the order of the text.

    Args:
        text: What a peer or a user wrote.
        exact: Keep case, width and inner spacing of the values, as ``canonical_name`` does.
    """
    if len(text) > MAX_NAME_LENGTH:
        return None
    text = text.strip()
    rdns = (
        [[part] for part in _SLASH.split(text) if part]
        if text[:1] == "/"
        else _split(_pieces(text))
    )
    return _canonical([[_parse_attribute(part, exact=exact) for part in rdn] for rdn in rdns])


def _canonical(rdns: list[list[tuple[str, str] | None]]) -> CanonicalName | None:
    canonical = []
    for attributes in rdns:
        if None in attributes:
            return None
        canonical.append(frozenset(item for item in attributes if item is not None))
    return tuple(canonical) or None


def _parse_quoted(text: str) -> CanonicalName | None:
    """Read the form in which a backslash inside quotes is only itself."""
    rdns = _split(_quoted_pieces(text.strip()))
    return _canonical([[_parse_quoted_attribute(part) for part in rdn] for rdn in rdns])


def _quoted_pieces(text: str) -> Iterator[tuple[str, str]]:
    """Cut as ``_pieces`` does; quotes open only right after the equals sign."""
    start, index = 0, 0
    while index < len(text):
        char = text[index]
        if char == '"' and text[start:index].rstrip().endswith("="):
            index = _end_of_quotes(text, index + 1)
        elif char in ",;+":
            yield text[start:index], char
            start = index + 1
        index += 1
    yield text[start:], ""


def _end_of_quotes(text: str, index: int) -> int:
    """Find the quote that ends a value: not doubled, and with nothing after it but a separator."""
    while index < len(text):
        if text[index] == '"':
            if text[index + 1 : index + 2] == '"':
                index += 1
            elif _AFTER_QUOTES.match(text, index + 1):
                return index
        index += 1
    return index


def _parse_quoted_attribute(text: str) -> tuple[str, str] | None:
    kind, _, value = text.partition("=")
    value = value.strip()
    if len(value) < 2 or value[0] != '"' or value[-1] != '"':
        return _parse_attribute(text, exact=False)
    named = _parse_attribute(f"{kind}=", exact=False)
    return None if named is None else (named[0], fold(value[1:-1].replace('""', '"')))


def _split(pieces: Iterator[tuple[str, str]]) -> list[list[str]]:
    rdns: list[list[str]] = []
    separator = ","
    for part, following in pieces:
        if "=" not in part and rdns:
            rdns[-1][-1] += separator + part
        elif separator == "+" and rdns:
            rdns[-1].append(part)
        else:
            rdns.append([part])
        separator = following
    return rdns


def _pieces(text: str) -> Iterator[tuple[str, str]]:
    """Cut at separators outside quotes and escapes; yields each piece and the separator after it."""
    start, index, quoted = 0, 0, False
    while index < len(text):
        char = text[index]
        if char == "\\":
            index += 1
        elif char == '"':
            quoted = not quoted
        elif char in ",;+" and not quoted:
            yield text[start:index], char
            start = index + 1
        index += 1
    yield text[start:], ""


def _parse_attribute(text: str, *, exact: bool) -> tuple[str, str] | None:
    kind, equals, value = text.partition("=")
    kind = kind.strip().upper()
    number = _OID.fullmatch(kind)
    oid = number[1] if number else _OIDS.get(kind)
    if not equals or oid is None:
        return None
    value = value.strip()
    if value.startswith("#"):
        return _parse_hex(oid, value[1:], exact=exact)
    if len(value) >= 2 and value[0] == value[-1] == '"':
        value = value[1:-1].replace('""', '"')
    return oid, fold(_unescape(value), exact=exact)


def _parse_hex(oid: str, digits: str, *, exact: bool) -> tuple[str, str] | None:
    try:
        der = bytes.fromhex(digits)
        tag, value, end = read_tlv(der)
    except ValueError:
        return None
    return (oid, canonical_value(tag, value, exact=exact)) if end == len(der) else None


def _unescape(text: str) -> str:
    if "\\" not in text:
        return text
    octets = bytearray()
    index = 0
    while index < len(text):
        char = text[index]
        if char != "\\":
            octets += char.encode(errors="replace")
            index += 1
        elif _HEX_PAIR.fullmatch(text, index + 1, index + 3):
            octets.append(int(text[index + 1 : index + 3], 16))
            index += 3
        else:
            octets += text[index + 1 : index + 2].encode(errors="replace")
            index += 2
    return octets.decode(errors="replace")
