"""What a security header asks for is counted before the first of it is done."""

from __future__ import annotations

from lxml import etree

from zeep_wssec.errors import MalformedSecurityError
from zeep_wssec.soap.limits import Limits
from zeep_wssec.soap.namespaces import (
    DS,
    SOAP11,
    SOAP12,
    WSC,
    WSC_2005,
    WSSE,
    WSSE11,
    WSU,
    XENC,
)

_SIGNATURE = f"{{{DS}}}Signature"
_SIGNED_INFO = f"{{{DS}}}SignedInfo"
_REFERENCE = f"{{{DS}}}Reference"
_ENCRYPTED_KEY = f"{{{XENC}}}EncryptedKey"
_ENCRYPTED_DATA = f"{{{XENC}}}EncryptedData"
_DATA_REFERENCE = f"{{{XENC}}}DataReference"
_DERIVED_KEYS = (f"{{{WSC}}}DerivedKeyToken", f"{{{WSC_2005}}}DerivedKeyToken")
_X509_DATA = f"{{{DS}}}X509Data"
_X509_CERTIFICATE = f"{{{DS}}}X509Certificate"
_ITERATIONS = f"{{{WSSE}}}UsernameToken/{{{WSSE11}}}Iteration"
_LONGEST_NUMBER = 6
_MOST_OF_ONE = 100_000
"""Iterations of one token; above that its reader refuses it, without deriving anything."""
_MOST_HEADERS = 8
"""Security headers of one message: ours and those for other actors."""
_TOKEN = f"{{{WSSE}}}BinarySecurityToken"
_WRAPPED_UNDER = (
    f"{{{DS}}}KeyInfo/{{{WSSE}}}SecurityTokenReference/{{{WSSE}}}Reference",
    f"{{{DS}}}KeyInfo/{_ENCRYPTED_KEY}",
)
_HEADERS = (f"{{{SOAP11}}}Header", f"{{{SOAP12}}}Header")
_SECURITY = f"{{{WSSE}}}Security"
_SELDOM = (
    _ENCRYPTED_KEY,
    _ENCRYPTED_DATA,
    _DATA_REFERENCE,
    *_DERIVED_KEYS,
    f"{{{WSSE}}}UsernameToken",
    _X509_DATA,
    _X509_CERTIFICATE,
)
"""What all other limits count: a header without any of them is within those."""
_COUNTED = (*_SELDOM, _TOKEN)
_IDS = ("Id", f"{{{WSU}}}Id")


def check_security_headers(root: etree._Element, limits: Limits) -> None:
    """Check what each ``wsse:Security`` of an envelope asks for, its reader's and others', against ``limits``.

    Nothing is resolved and no key is used: elements are counted where readers look for them. Readers
    count again what they meet, since decryption may bring more.

    Args:
        root: The Envelope; anything else has no security header.
        limits: Bounds.

    Raises:
        MalformedSecurityError: More of something than is allowed; the hint names the limit.
    """
    headers = _security_headers(root)
    if len(headers) > _MOST_HEADERS:
        # Each of them costs a walk through the message; whom they are for is only known afterwards.
        raise MalformedSecurityError(f"The message has more than {_MOST_HEADERS} security headers.")
    for security in headers:
        _check(len(security), "children", limits.max_header_children, "max_header_children")
        _check_signatures(security, limits)
        counted = [item.tag for item in security.iter(*_COUNTED)]
        if counted.count(_TOKEN) == len(counted):
            _check_tokens(len(counted), limits)
            continue
        listed = _listed(security)
        places = [security, *_encrypted_data(root, security, listed)]
        _check_encryption(places, listed, limits)
        derived = sum(child.tag in _DERIVED_KEYS for child in security)
        _check(derived, "DerivedKeyToken elements", limits.max_derived_keys, "max_derived_keys")
        _check_iterations(security, limits)
        _check_certificates(places, limits)


def _security_headers(root: etree._Element) -> list[etree._Element]:
    headers = [child for child in root if child.tag in _HEADERS]
    return [child for header in headers for child in header if child.tag == _SECURITY]


def _listed(security: etree._Element) -> set[str]:
    """Give the URIs of all data references; two recipients' keys list the same ones."""
    return {item.get("URI") or "" for item in security.iter(_DATA_REFERENCE)}


def _encrypted_data(
    root: etree._Element, security: etree._Element, listed: set[str]
) -> list[etree._Element]:
    """Give every EncryptedData elsewhere that is listed: a key may stand in its KeyInfo."""
    if not listed:
        return []
    return [
        item
        for item in root.iter(_ENCRYPTED_DATA)
        if f"#{item.get('Id')}" in listed and security not in item.iterancestors()
    ]


def _check_signatures(security: etree._Element, limits: Limits) -> None:
    signatures = [child for child in security if child.tag == _SIGNATURE]
    _check(len(signatures), "Signature elements", limits.max_signatures, "max_signatures")
    for signature in signatures:
        infos = [child for child in signature if child.tag == _SIGNED_INFO]
        count = [child.tag for info in infos for child in info].count(_REFERENCE)
        _check(
            count, "References", limits.max_references, "max_references", place="A Signature has"
        )


def _check_encryption(places: list[etree._Element], listed: set[str], limits: Limits) -> None:
    keys = [key for place in places for key in place.iter(_ENCRYPTED_KEY)]
    most = limits.max_encrypted_keys
    _check(len(keys), "EncryptedKey elements", most, "max_encrypted_keys")
    _check_hops(keys, limits)
    # One without an Id is listed by nobody.
    alone = sum(
        f"#{item.get('Id')}" not in listed for item in places[0].iterchildren(_ENCRYPTED_DATA)
    )
    most = limits.max_encrypted_data
    _check(len(listed) + alone, "EncryptedData elements", most, "max_encrypted_data")


def _check_hops(keys: list[etree._Element], limits: Limits) -> None:
    """Follow each key to what it is wrapped under; a circle has no end and is over any limit."""
    by_uri = {f"#{key.get(name)}": key for key in keys for name in _IDS if key.get(name)}
    for key in keys:
        hops, under = 0, _wrapped_under(key, by_uri)
        while under is not None and hops <= limits.max_key_hops:
            hops, under = hops + 1, _wrapped_under(under, by_uri)
        _check(
            hops,
            "keys between it and the first",
            limits.max_key_hops,
            "max_key_hops",
            place="An EncryptedKey has",
        )


def _wrapped_under(key: etree._Element, by_uri: dict[str, etree._Element]) -> etree._Element | None:
    reference, inside = (key.find(path) for path in _WRAPPED_UNDER)
    if reference is not None:
        return by_uri.get(reference.get("URI") or "")
    return inside


def _check_iterations(security: etree._Element, limits: Limits) -> None:
    texts = ((item.text or "").strip() for item in security.iterfind(_ITERATIONS))
    numbers = (
        int(text)
        for text in texts
        if text.isascii() and text.isdigit() and len(text) <= _LONGEST_NUMBER
    )
    total = sum(number for number in numbers if number <= _MOST_OF_ONE)
    most = limits.max_iterations
    what = "iterations of UsernameTokens"
    _check(total, what, most, "max_iterations")


def _check_certificates(places: list[etree._Element], limits: Limits) -> None:
    certificates = 0
    for place in places:
        certificates += sum(1 for _ in place.iter(_TOKEN, _X509_CERTIFICATE))
        for data in place.iter(_X509_DATA):
            count = sum(1 for _ in data.iterchildren(_X509_CERTIFICATE))
            _check(
                count,
                "certificates",
                limits.max_chain_length,
                "max_chain_length",
                place="An X509Data has",
            )
    _check_tokens(certificates, limits)


def _check_tokens(certificates: int, limits: Limits) -> None:
    _check(certificates, "certificates", limits.max_certificates, "max_certificates")


def _check(
    count: int, what: str, limit: int, name: str, *, place: str = "The security header has"
) -> None:
    if count > limit:
        raise MalformedSecurityError(
            f"{place} more than {limit} {what}.",
            hint=f"Raise limits.{name} if the peer really sends that many.",
        )
