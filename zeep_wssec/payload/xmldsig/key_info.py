"""KeyInfo of a document's signature: which certificate it names, and the writing of it."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from xml.sax.saxutils import escape

from lxml import etree

from zeep_wssec.errors import KeyLoadError, MalformedSecurityError, PayloadSignerError
from zeep_wssec.keys.certificate import Certificate
from zeep_wssec.keys.entries import KeyEntry
from zeep_wssec.keys.snapshot import Snapshot
from zeep_wssec.payload.xmldsig.settings import KeyInfoForm
from zeep_wssec.xmlcrypto.key_value import (
    DER_KEY_VALUE,
    KEY_VALUE,
    read_public_key,
    write_key_value,
)
from zeep_wssec.xmlcrypto.signature_model import DS
from zeep_wssec.xmlcrypto.values import children_of, decode_base64, local_name, text_of
from zeep_wssec.xmlcrypto.x509_data import (
    X509_CERTIFICATE,
    X509_DATA,
    X509_ISSUER_SERIAL,
    X509_SKI,
    X509_SUBJECT_NAME,
    leaf_of,
    names_certificate,
)

_KEY_NAME = f"{{{DS}}}KeyName"
_CERTIFICATE_NAMES = (X509_SKI, X509_SUBJECT_NAME, X509_ISSUER_SERIAL)
_MAX_CERTIFICATES = 8
_MAX_CHILDREN = 8
_MAX_NAMES = 16


@dataclass(frozen=True, kw_only=True)
class NamedSigner:
    """What a KeyInfo names; it is a name, and proves nothing."""

    certificate: Certificate
    chain: tuple[Certificate, ...] = ()
    """Certificates that came along."""


def write_key_info(entry: KeyEntry, forms: Sequence[KeyInfoForm], *, id: str) -> str:
    """Write a ``ds:KeyInfo`` for one of our keys; an empty text where it holds nothing.

    Spec: XML Signature 1.1, sections 4.5.2 and 4.5.4.
    """
    certificate = entry.certificate
    value = write_key_value(certificate) if "key-value" in forms else ""
    data = ""
    if "issuer-serial" in forms:
        data += (
            f"<ds:X509IssuerSerial><ds:X509IssuerName>{escape(certificate.issuer_name_rfc2253)}"
            f"</ds:X509IssuerName><ds:X509SerialNumber>{certificate.serial_number}"
            "</ds:X509SerialNumber></ds:X509IssuerSerial>"
        )
    if "subject" in forms:
        data += f"<ds:X509SubjectName>{escape(certificate.subject)}</ds:X509SubjectName>"
    if "ski" in forms:
        identifier = base64.b64encode(certificate.subject_key_identifier).decode()
        data += f"<ds:X509SKI>{identifier}</ds:X509SKI>"
    if "certificate" in forms or "chain" in forms:
        held = (certificate, *entry.chain) if "chain" in forms else (certificate,)
        data += "".join(f"<ds:X509Certificate>{item.base64}</ds:X509Certificate>" for item in held)
    inner = value + (f"<ds:X509Data>{data}</ds:X509Data>" if data else "")
    return f'<ds:KeyInfo Id="{id}">{inner}</ds:KeyInfo>' if inner else ""


def read_signers(
    key_info: etree._Element, keys: Snapshot, *, now: datetime
) -> tuple[NamedSigner, ...]:
    """Find the certificate that a KeyInfo names; all that it says must be about that one.

    Several are given only where a partner has several keys for a while and the name fits each.

    Args:
        key_info: May be empty: then it is the only partner's.
        keys: What the keystore holds.
        now: Aware time; of two certificates of one key the one that is valid counts.

    Raises:
        MalformedSecurityError: Two certificates or names of several, or something that is not understood.
        PayloadSignerError: Nobody we know has that name.
    """
    children = children_of(key_info, attributes={"Id"})
    if not children:
        return tuple(NamedSigner(certificate=item) for item in _only_partner(keys, now))
    names, held = _names_in(children), _certificates_in(children)
    found = list(dict.fromkeys(_read_certificate(item) for item in held))
    candidates: tuple[Certificate, ...] = (
        (leaf_of(found, holder="KeyInfo"),) if found else keys.certificates
    )
    for name in names:
        candidates = tuple(item for item in candidates if _fits(name, item, tuple(found), keys))
    if not candidates:
        raise PayloadSignerError(
            "KeyInfo names a certificate that is not in the keystore, or speaks of several.",
            hint="Add the sender with with_partner, or ask for a KeyInfo with the certificate.",
            reason="unknown_signer",
        )
    leaves = _one_of_each_key(candidates, keys, now)
    holders = {entry.alias if (entry := keys.find_partner(item)) else None for item in leaves}
    if len(leaves) > 1 and (len(holders) > 1 or None in holders):
        raise PayloadSignerError(
            "KeyInfo fits the certificates of several keys; none is chosen.",
            reason="unknown_signer",
        )
    return tuple(
        NamedSigner(certificate=leaf, chain=tuple(item for item in found if item != leaf))
        for leaf in leaves
    )


def _one_of_each_key(
    candidates: Sequence[Certificate], keys: Snapshot, now: datetime
) -> tuple[Certificate, ...]:
    """Of several certificates of one key give a partner's, and of his the one that is valid."""

    def worth(item: Certificate) -> tuple[bool, bool]:
        return keys.find_partner(item) is not None, item.not_before <= now <= item.not_after

    return tuple({item.public_key_octets: item for item in sorted(candidates, key=worth)}.values())


def _only_partner(keys: Snapshot, now: datetime) -> tuple[Certificate, ...]:
    if len(keys.partners) != 1:
        raise PayloadSignerError(
            "The signature has no KeyInfo, and the keystore has not exactly one partner.",
            hint="Ask for a KeyInfo that names the certificate.",
            reason="unknown_signer",
        )
    found = [entry.certificate for alias in keys.partners for entry in keys.partners_of(alias)]
    return _one_of_each_key(found, keys, now)


def _certificates_in(children: Sequence[etree._Element]) -> list[etree._Element]:
    """Give the certificates, unread; reading each costs, and nobody is known yet."""
    data = (child for child in children if child.tag == X509_DATA)
    held = [item for child in data for item in child if item.tag == X509_CERTIFICATE]
    if len(held) > _MAX_CERTIFICATES:
        raise MalformedSecurityError(f"KeyInfo holds more than {_MAX_CERTIFICATES} certificates.")
    return held


def _names_in(children: Sequence[etree._Element]) -> list[etree._Element]:
    """Give everything that names a key, besides certificates themselves."""
    if len(children) > _MAX_CHILDREN:
        raise MalformedSecurityError(f"KeyInfo holds more than {_MAX_CHILDREN} elements.")
    names: list[etree._Element] = []
    for child in children:
        if child.tag == X509_DATA:
            names += [item for item in children_of(child) if item.tag != X509_CERTIFICATE]
        else:
            names.append(child)
    if len(names) > _MAX_NAMES:
        raise MalformedSecurityError(f"KeyInfo holds more than {_MAX_NAMES} names.")
    for name in names:
        if name.tag not in (*_CERTIFICATE_NAMES, _KEY_NAME, KEY_VALUE, DER_KEY_VALUE):
            raise MalformedSecurityError(
                f"KeyInfo with {local_name(name)[:80]} is not understood.",
                hint="A key is never fetched, and nothing but a certificate or its names is read.",
            )
    return names


def _fits(
    name: etree._Element, certificate: Certificate, held: tuple[Certificate, ...], keys: Snapshot
) -> bool:
    """Whether a name is that of ``certificate``, or, for a subject or serial number, of one of its chain."""
    if name.tag in (KEY_VALUE, DER_KEY_VALUE):
        return read_public_key(name) == certificate.public_key_der
    if name.tag == _KEY_NAME:
        return certificate in keys.find_certificates(key_name=text_of(name))
    around = (certificate,) if name.tag == X509_SKI else (certificate, *held)
    return any(names_certificate(name, item) for item in around)


def _read_certificate(element: etree._Element) -> Certificate:
    try:
        return Certificate.from_der(decode_base64(element))
    except KeyLoadError:
        raise MalformedSecurityError(
            "An X509Certificate does not hold one well-formed certificate."
        ) from None
