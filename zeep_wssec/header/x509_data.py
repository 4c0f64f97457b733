"""``ds:X509Data``: a certificate, its names, or both; in KeyInfo itself or in a SecurityTokenReference."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from lxml import etree

from zeep_wssec.errors import MalformedSecurityError, UnsupportedTokenError
from zeep_wssec.header.binary_token import certificate_in
from zeep_wssec.header.context import Incoming
from zeep_wssec.header.named_certificates import NamedCertificates, looked_up
from zeep_wssec.keys.certificate import Certificate
from zeep_wssec.keys.name_text import read_name_text
from zeep_wssec.soap.namespaces import readable_name
from zeep_wssec.xmlcrypto.values import children_of, decode_base64, text_of
from zeep_wssec.xmlcrypto.x509_data import (
    X509_CERTIFICATE,
    X509_ISSUER_SERIAL,
    X509_SKI,
    X509_SUBJECT_NAME,
    leaf_of,
    names_certificate,
    read_issuer_serial,
)

_MAX_CHAIN = 8
"""Certificates in one X509Data; each is parsed before anything is trusted."""
_MAX_NAMES = 3
"""Names in an X509Data without a certificate: each kind once."""


def read_x509_data(
    message: Incoming, data: etree._Element, *, in_reference: bool
) -> NamedCertificates:
    """Read an X509Data: one certificate, with its chain and its names beside it, or names alone.

    Args:
        message: Its keystore is searched for what is only named.
        data: The X509Data.
        in_reference: Whether it stands in a SecurityTokenReference.

    Raises:
        MalformedSecurityError: Not exactly one leaf, a name that is not the leaf's, or too many.
        UnsupportedTokenError: Something else in it, such as a revocation list.
        InvalidTokenError: A broken certificate.

    Spec: XML Signature 1.1, The X509Data Element: all children speak of one certificate or its chain.
    """
    children = children_of(data)
    for child in children:
        if child.tag != X509_CERTIFICATE and child.tag not in _NAMES:
            raise UnsupportedTokenError(
                f"An X509Data with {readable_name(child.tag)} is not understood."
            )
    tags = {child.tag for child in children}
    if X509_CERTIFICATE not in tags:
        return _read_names(message, children, in_reference=in_reference)
    leaf = _read_certificates(message, children)
    form = "x509_data_in_reference" if in_reference else "x509_data"
    if not in_reference and tags == {X509_CERTIFICATE, X509_SUBJECT_NAME}:
        form = "x509_data_subject"
    return NamedCertificates(form=form, text="a certificate", certificates=(leaf,))


def _read_certificates(message: Incoming, children: Sequence[etree._Element]) -> Certificate:
    """Find the one leaf among the certificates; the others are kept as its chain."""
    held = [child for child in children if child.tag == X509_CERTIFICATE]
    if len(held) > _MAX_CHAIN:
        raise MalformedSecurityError(f"An X509Data has more than {_MAX_CHAIN} certificates.")
    found = list(dict.fromkeys(certificate_in(child) for child in held))
    leaf = leaf_of(found, holder="An X509Data")
    for child in children:
        if child.tag == X509_SUBJECT_NAME:
            _check_subject(child, found)
        elif child.tag != X509_CERTIFICATE and not names_certificate(child, leaf):
            raise _other_named()
    chain = tuple(item for item in found if item is not leaf)
    if chain:
        message.chains[leaf.der] = chain
    return leaf


def _check_subject(child: etree._Element, found: Sequence[Certificate]) -> None:
    """Refuse a subject that none of the certificates has; a text that is no name to us says nothing."""
    names = read_name_text(text_of(child))
    if names and not any(item.canonical_subject in names for item in found):
        raise _other_named()


def _other_named() -> MalformedSecurityError:
    return MalformedSecurityError("An X509Data names another certificate than it holds.")


def _read_names(
    message: Incoming, children: Sequence[etree._Element], *, in_reference: bool
) -> NamedCertificates:
    """Look one certificate up that all names fit."""
    if not 1 <= len(children) <= _MAX_NAMES or len({item.tag for item in children}) < len(children):
        raise MalformedSecurityError(
            "An X509Data without a certificate must hold one name of each kind at most, and at least one."
        )
    first, *others = children
    form, text, found = _NAMES[str(first.tag)](message, first)
    if form == "issuer_serial" and not in_reference:
        form = "x509_data_issuer_serial"
    found = tuple(item for item in found if all(names_certificate(other, item) for other in others))
    return looked_up(message, form=form, text=text, found=found)


_Found = tuple[str, str, tuple[Certificate, ...]]


def _by_key_identifier(message: Incoming, element: etree._Element) -> _Found:
    value = decode_base64(element)
    found = message.keys.find_certificates(subject_key_identifier=value)
    return "x509_ski", f"the subject key identifier {value.hex()[:128]}", found


def _by_subject(message: Incoming, element: etree._Element) -> _Found:
    name = text_of(element)
    found = message.keys.find_certificates(subject_name=name)
    return (
        "x509_data_subject",
        f"the subject {message.shown(element, repr(name.strip()[:200]))}",
        found,
    )


def _by_issuer_serial(message: Incoming, element: etree._Element) -> _Found:
    issuer, serial = read_issuer_serial(element)
    shown = message.shown(element, repr(issuer.strip()[:200]))
    text = f"issuer {shown} and serial number {serial}"
    return "issuer_serial", text, message.keys.find_certificates(issuer_serial=(issuer, serial))


_NAMES: dict[str, Callable[[Incoming, etree._Element], _Found]] = {
    X509_SKI: _by_key_identifier,
    X509_SUBJECT_NAME: _by_subject,
    X509_ISSUER_SERIAL: _by_issuer_serial,
}
"""Each gives the key reference, the name in words, and the known certificates that have it."""
