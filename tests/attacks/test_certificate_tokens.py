"""Tokens with several certificates, and tokens inside references: one leaf, one order, one type."""

from __future__ import annotations

import base64
from functools import cache

import pytest
from attacks.forge import Change, append, edited, find, insert, set_attribute, set_text
from lxml import etree
from roundtrip.pair import accepted, another, answer, authority, issued, refused

from zeep_wssec import (
    InboundError,
    InvalidTokenError,
    MalformedSecurityError,
    Signature,
    Timestamp,
    TokenUnavailableError,
    UnsupportedTokenError,
    UntrustedCertificateError,
)
from zeep_wssec.keys.certificate import Certificate
from zeep_wssec.keys.der_writing import SEQUENCE, write_tlv
from zeep_wssec.settings import KeyReference
from zeep_wssec.soap.namespaces import TOKEN_PROFILE, WSSE11
from zeep_wssec.testing.authority import Authority

TOKEN = "wsse:BinarySecurityToken"
EMBEDDED = "wsse:Embedded"
PATHS = ("pkipath", "pkcs7")


def by(reference: KeyReference) -> bytes:
    """An answer that names its signer so."""
    return answer((Timestamp(), Signature(key_reference=reference)))


@cache
def upper() -> Authority:
    """An authority under the root."""
    return authority().intermediate("Upper")


def path(*certificates: Certificate) -> str:
    """A PKIPath with these in this order."""
    octets = write_tlv(SEQUENCE, b"".join(item.der for item in certificates))
    return base64.b64encode(octets).decode()


@pytest.mark.parametrize("reference", PATHS)
@pytest.mark.parametrize(
    ("change", "error"),
    [
        (set_attribute(TOKEN, "ValueType", TOKEN_PROFILE + "X509v3"), InvalidTokenError),
        (set_attribute("wsse:Reference", "ValueType", TOKEN_PROFILE + "X509v3"), UnsupportedTokenError),
        (set_attribute("ds:KeyInfo/*", f"{{{WSSE11}}}TokenType", TOKEN_PROFILE + "X509v3"),
         UnsupportedTokenError),
        (set_text(TOKEN, ""), InvalidTokenError),
        (set_text(TOKEN, "MAA="), InvalidTokenError),
        (set_text(TOKEN, "A" * 180_000), InvalidTokenError),
        (set_text(TOKEN, "????"), MalformedSecurityError),
    ],
    ids=["another token", "ValueType", "TokenType", "empty", "no certificate", "oversize", "no base64"],
)  # fmt: skip
def test_broken_token(reference: KeyReference, change: Change, error: type[InboundError]) -> None:
    """Spec: BSP 1.1 R5211 to R5216: the content is what token and references say it is."""
    message = by(reference)
    accepted(message)
    refused(edited(message, change), error)


@pytest.mark.parametrize("reference", PATHS)
def test_a_reference_without_its_type(reference: KeyReference) -> None:
    """The twin: the token alone says what it is; some writers leave the rest out."""

    def change(root: etree._Element) -> None:
        find(root, "ds:KeyInfo/*").attrib.clear()
        find(root, "wsse:Reference").attrib.pop("ValueType")

    (found,) = accepted(edited(by(reference), change)).report.signatures
    assert found.key_reference == reference


def test_the_order_of_a_path() -> None:
    """Spec: X.509 section 7: a PKIPath ends with the leaf; the other order would make the CA the signer."""
    root, leaf = authority().certificate, issued("service").certificate
    accepted(edited(by("pkipath"), set_text(TOKEN, path(root, leaf))))
    refused(edited(by("pkipath"), set_text(TOKEN, path(leaf, root))), InvalidTokenError)


def test_a_path_that_is_none() -> None:
    """Certificates that have not issued each other are no path."""
    stranger = Authority.create("Stranger").certificate
    text = path(stranger, issued("service").certificate)
    refused(edited(by("pkipath"), set_text(TOKEN, text)), InvalidTokenError)


def test_a_long_path() -> None:
    """Each certificate is parsed before anything is trusted, so their number is bounded."""
    text = path(*[authority().certificate] * 8, issued("service").certificate)
    refused(edited(by("pkipath"), set_text(TOKEN, text)), InvalidTokenError)
    shorter = path(*[authority().certificate] * 7, issued("service").certificate)
    accepted(edited(by("pkipath"), set_text(TOKEN, shorter)))


def test_the_chain_is_not_the_signer() -> None:
    """A path whose leaf is another's is another's, whoever else is in it."""
    stranger = another("stranger", by=upper()).certificate
    text = path(upper().certificate, stranger)
    refused(edited(by("pkipath"), set_text(TOKEN, text)), UntrustedCertificateError)


# The token inside the reference.


def certificate_token(name: str = "service") -> str:
    """A token with the certificate of a party."""
    return (
        f'<wsse:BinarySecurityToken ValueType="{TOKEN_PROFILE}X509v3">'
        f"{issued(name).certificate.base64}</wsse:BinarySecurityToken>"
    )


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (append(EMBEDDED, certificate_token()), MalformedSecurityError),
        (insert(EMBEDDED, certificate_token("other")), MalformedSecurityError),
        (append(EMBEDDED, "<wsse:SecurityTokenReference/>"), MalformedSecurityError),
        (set_attribute(EMBEDDED, "ValueType", TOKEN_PROFILE + "PKCS7"), UnsupportedTokenError),
        (set_attribute(TOKEN, "ValueType", TOKEN_PROFILE + "X509PKIPathv1"), InvalidTokenError),
        (set_attribute(EMBEDDED, "x", "y"), MalformedSecurityError),
        (set_text(EMBEDDED, "text"), MalformedSecurityError),
        (set_text(TOKEN, "AAAA"), InvalidTokenError),
        (append("ds:KeyInfo/*", f"<wsse:Embedded>{certificate_token()}</wsse:Embedded>"),
         MalformedSecurityError),
    ],
    ids=["two tokens", "another in front", "a reference", "ValueType", "PkiPath", "attribute", "text",
         "no certificate", "twice"],
)  # fmt: skip
def test_embedded(change: Change, error: type[InboundError]) -> None:
    """Spec: BSP 1.1 R3056, R3060: one token, no reference."""
    message = by("embedded")
    accepted(message)
    refused(edited(message, change), error)


def test_embedded_with_its_type() -> None:
    """The twin: the type may be said, and the Id be there."""
    kind = set_attribute(EMBEDDED, "ValueType", TOKEN_PROFILE + "X509v3")
    accepted(edited(by("embedded"), kind))


def test_an_embedded_path() -> None:
    """Any token of certificates may be embedded."""

    def change(root: etree._Element) -> None:
        token = find(root, TOKEN)
        token.set("ValueType", TOKEN_PROFILE + "X509PKIPathv1")
        token.text = path(issued("service").certificate)

    accepted(edited(by("embedded"), change))


def test_another_certificate_embedded() -> None:
    """Who the message says has signed must have signed."""
    other = set_text(TOKEN, issued("other").certificate.base64)
    refused(edited(by("embedded"), other), UntrustedCertificateError)


# Names beside a certificate, and beside each other.


def issuer_serial(name: str) -> str:
    """Issuer and serial number of a party's certificate."""
    certificate = issued(name).certificate
    return (
        f"<ds:X509IssuerSerial><ds:X509IssuerName>{certificate.issuer_name_rfc2253}</ds:X509IssuerName>"
        f"<ds:X509SerialNumber>{certificate.serial_number}</ds:X509SerialNumber></ds:X509IssuerSerial>"
    )


def subject(name: str) -> str:
    """A subject."""
    return f"<ds:X509SubjectName>CN={name}</ds:X509SubjectName>"


def ski(name: str) -> str:
    """Subject key identifier of a party's certificate."""
    value = base64.b64encode(issued(name).certificate.subject_key_identifier).decode()
    return f"<ds:X509SKI>{value}</ds:X509SKI>"


@pytest.mark.parametrize("reference", ["x509_data", "x509_data_in_reference"])
@pytest.mark.parametrize("name", [issuer_serial, subject, ski])
def test_a_name_beside_the_certificate(reference: KeyReference, name: object) -> None:
    """What names one certificate and holds another could be read in two ways."""
    assert callable(name)
    accepted(edited(by(reference), append("ds:X509Data", name("service"))))
    refused(edited(by(reference), append("ds:X509Data", name("other"))), MalformedSecurityError)


def test_the_serial_number_of_another_certificate() -> None:
    """The form of zeep itself: the two halves of it must fit."""
    other = str(issued("other").certificate.serial_number)
    refused(
        edited(by("x509_data_in_reference"), set_text("ds:X509SerialNumber", other)),
        MalformedSecurityError,
    )


@pytest.mark.parametrize("reference", ["issuer_serial", "x509_data_issuer_serial", "x509_ski"])
def test_names_beside_each_other(reference: KeyReference) -> None:
    """Several names are those of one certificate, or of none."""
    for name, twin in ((subject("other"), subject("service")),):
        accepted(edited(by(reference), append("ds:X509Data", twin)))
        refused(edited(by(reference), append("ds:X509Data", name)), TokenUnavailableError)
