"""Rules on ``wsse:BinarySecurityToken``: in general, with X.509 certificates, with Kerberos tickets."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from lxml import etree

from zeep_wssec.bsp.names import (
    BINARY_TYPES,
    KERBEROS_IDS,
    KERBEROS_TYPE,
    PKCS7,
    PKI_PATH,
    SKI,
    THUMBPRINT,
    X509_ISSUER_NAME,
    X509_V3,
)
from zeep_wssec.bsp.references import each, each_direct, each_identifier
from zeep_wssec.bsp.rule import Check, Rule
from zeep_wssec.bsp.view import TokenReference, View, content_type, token_kind
from zeep_wssec.keys.name_text import read_name_text
from zeep_wssec.soap.namespaces import BASE64_BINARY, TOKEN_PROFILE

_binary = partial(Rule, family="binary tokens")
_x509 = partial(Rule, family="X.509 tokens")
_kerberos = partial(Rule, family="Kerberos tokens")


def _each(wrong: Callable[[etree._Element], bool]) -> Check:
    def check(view: View) -> Iterator[etree._Element]:
        return (item for item in view.binary_tokens if wrong(item))

    return check


def _holds(*kinds: str, allowed: tuple[str, ...]) -> Check:
    """Check that a token with content of these kinds has one of the allowed types."""
    return _each(lambda item: item.get("ValueType") not in allowed and content_type(item) in kinds)


def _other_encoding(item: etree._Element) -> bool:
    return item.get("EncodingType") not in (None, BASE64_BINARY)


def _other_type(item: etree._Element) -> bool:
    value_type = item.get("ValueType")
    known = value_type in BINARY_TYPES or token_kind(item) == "kerberos"
    return value_type is not None and not known


def _said(kind: str, value_type: str) -> Check:
    """Check that a Reference to a token of this kind says its type."""
    return each_direct(lambda item: item.kind == kind and item.value_type != value_type)


def _told(kind: str, value_type: str) -> Check:
    """Check that a SecurityTokenReference to a token of this kind says its type."""
    return each(lambda item: item.kind == kind and item.token_type != value_type)


def _other_identifier(item: TokenReference) -> bool:
    return item.value_type.startswith(TOKEN_PROFILE) and item.value_type not in (SKI, THUMBPRINT)


def _wrong_issuer(view: View) -> Iterator[etree._Element]:
    for item in view.references:
        for name in item.element.iter(X509_ISSUER_NAME):
            text = (name.text or "").strip()
            if text.startswith("/") or not read_name_text(text):
                yield name


def _kerberos_identifier(item: TokenReference) -> bool:
    is_kerberos = "kerberos" in item.value_type.lower() or item.token_type == KERBEROS_TYPE
    return is_kerberos and item.value_type not in KERBEROS_IDS


BINARY_RULES = (
    _binary(
        "R3029",
        "A BinarySecurityToken has an EncodingType.",
        _each(lambda item: item.get("EncodingType") is None),
    ),
    _binary(
        "R3030",
        "The EncodingType of a BinarySecurityToken is Base64Binary.",
        _each(_other_encoding),
        always=True,
    ),
    _binary(
        "R3031",
        "A BinarySecurityToken has a ValueType.",
        _each(lambda item: item.get("ValueType") is None),
        always=True,
    ),
    _binary(
        "R3032",
        "The ValueType of a BinarySecurityToken is one that a token profile defines.",
        _each(_other_type),
        always=True,
    ),
)

X509_RULES = (
    _x509(
        "R3033",
        "A token with one certificate is of type X509v3.",
        _holds(X509_V3, allowed=(X509_V3,)),
        always=True,
    ),
    _x509(
        "R5201",
        "A token with a path of certificates is of type PKCS7 or X509PKIPathv1.",
        _holds(PKI_PATH, PKCS7, allowed=(PKI_PATH, PKCS7)),
        always=True,
    ),
    _x509(
        "R5202",
        "A token with a path of certificates is of type X509PKIPathv1.",
        _each(lambda item: item.get("ValueType") == PKCS7),
        level="warn",
    ),
    _x509(
        "R5211",
        "A token with PKCS#7 is of type PKCS7.",
        _holds(PKCS7, allowed=(PKCS7,)),
        always=True,
    ),
    _x509(
        "R5214",
        "A token with a PKIPath is of type X509PKIPathv1.",
        _holds(PKI_PATH, allowed=(PKI_PATH,)),
        always=True,
    ),
    _x509("R5218", "A Reference to an X509v3 token says that type.", _said("x509", X509_V3)),
    _x509(
        "R5212",
        "A SecurityTokenReference to a PKCS7 token says so in its TokenType.",
        _told("pkcs7", PKCS7),
    ),
    _x509("R5213", "A Reference to a PKCS7 token says that type.", _said("pkcs7", PKCS7)),
    _x509(
        "R5215",
        "A SecurityTokenReference to an X509PKIPathv1 token says so in its TokenType.",
        _told("pkipath", PKI_PATH),
    ),
    _x509(
        "R5216",
        "A Reference to an X509PKIPathv1 token says that type.",
        _said("pkipath", PKI_PATH),
    ),
    _x509(
        "R5206",
        "A KeyIdentifier of a certificate is its subject key identifier or thumbprint.",
        each_identifier(_other_identifier),
    ),
    _x509(
        "R5409",
        "An issuer is written as XML Signature says, which is RFC 2253.",
        _wrong_issuer,
    ),
)

KERBEROS_RULES = (
    _kerberos(
        "R6902",
        "A Kerberos token is of type GSS_Kerberosv5_AP_REQ.",
        _each(
            lambda item: token_kind(item) == "kerberos" and item.get("ValueType") != KERBEROS_TYPE
        ),
    ),
    _kerberos(
        "R6907",
        "A SecurityTokenReference to a Kerberos token says so in its TokenType.",
        _told("kerberos", KERBEROS_TYPE),
    ),
    _kerberos(
        "R6906",
        "A KeyIdentifier of a Kerberos token is of type Kerberosv5APREQSHA1.",
        each_identifier(_kerberos_identifier),
    ),
    _kerberos(
        "R6905",
        "A Kerberos token that is not in the message is named by a KeyIdentifier.",
        each(
            lambda item: (
                item.token_type == KERBEROS_TYPE and item.external and item.identifier is None
            )
        ),
    ),
)
