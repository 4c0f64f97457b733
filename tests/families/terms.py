"""The terms in which a row of the table says what a service asks for.

A row says only what the public document or client of that service says; ``OPEN`` is left to us and not
compared.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from re import Pattern
from typing import Final, Literal, TypeVar

_Item = TypeVar("_Item")


class Open(Enum):
    """The type of ``OPEN``."""

    OPEN = "open"


OPEN: Final = Open.OPEN
"""The service's documents do not say."""

NAMESPACES: Final = {
    "soap11": "http://schemas.xmlsoap.org/soap/envelope/",
    "soap12": "http://www.w3.org/2003/05/soap-envelope",
    "soap": "http://schemas.xmlsoap.org/soap/envelope/",
    "wsse": "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd",
    "wsse02": "http://schemas.xmlsoap.org/ws/2002/12/secext",
    "wsu": "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd",
    "wsa": "http://www.w3.org/2005/08/addressing",
    "wsa04": "http://schemas.xmlsoap.org/ws/2004/08/addressing",
    "ds": "http://www.w3.org/2000/09/xmldsig#",
    "xenc": "http://www.w3.org/2001/04/xmlenc#",
    "xenc11": "http://www.w3.org/2009/xmlenc11#",
    "ec": "http://www.w3.org/2001/10/xml-exc-c14n#",
    "eb": "http://docs.oasis-open.org/ebxml-msg/ebms/v3.0/ns/core/200704/",
    "ebs": "http://ebs.health.ontario.ca/",
    "msa": "http://msa.ebs.health.ontario.ca/",
}

RSA_SHA1: Final = "http://www.w3.org/2000/09/xmldsig#rsa-sha1"
RSA_SHA256: Final = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
SHA1: Final = frozenset({"http://www.w3.org/2000/09/xmldsig#sha1"})
SHA256: Final = frozenset({"http://www.w3.org/2001/04/xmlenc#sha256"})
EXC_C14N: Final = "http://www.w3.org/2001/10/xml-exc-c14n#"
ENVELOPED: Final = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"
ANONYMOUS: Final = "http://www.w3.org/2005/08/addressing/anonymous"
AES128_GCM: Final = frozenset({"http://www.w3.org/2009/xmlenc11#aes128-gcm"})
RSA_OAEP_MGF1P: Final = "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p"
RSA_OAEP: Final = "http://www.w3.org/2009/xmlenc11#rsa-oaep"
MGF1_SHA256: Final = "http://www.w3.org/2009/xmlenc11#mgf1sha256"

TIMESTAMP, TOKEN, SIGNATURE = "wsu:Timestamp", "wsse:BinarySecurityToken", "ds:Signature"
USERNAME_TOKEN, ENCRYPTED_KEY = "wsse:UsernameToken", "xenc:EncryptedKey"
BODY, SECURITY = "soap:Body", "wsse:Security"
TO, ACTION, MESSAGE_ID, REPLY_TO = "wsa:To", "wsa:Action", "wsa:MessageID", "wsa:ReplyTo"

BY_TOKEN: Final = (
    "<wsse:SecurityTokenReference>"
    '<wsse:Reference URI="#wsse:BinarySecurityToken" ValueType="X509v3"/></>'
)
BY_UNTYPED_TOKEN: Final = BY_TOKEN.replace(' ValueType="X509v3"', "")
BY_SKI: Final = (
    '<wsse:SecurityTokenReference><wsse:KeyIdentifier EncodingType="Base64Binary" '
    'ValueType="X509SubjectKeyIdentifier">{} key identifier</></>'
)
BY_ISSUER_SERIAL: Final = (
    "<wsse:SecurityTokenReference><ds:X509Data><ds:X509IssuerSerial><ds:X509IssuerName>issuer</>"
    "<ds:X509SerialNumber>{} serial number</></></></>"
)
IN_X509_DATA: Final = (
    "<ds:X509Data><ds:X509SubjectName>client subject</><ds:X509Certificate>client certificate</></>"
)
CERTIFICATE: Final = (
    '<wsse:BinarySecurityToken EncodingType="Base64Binary" ValueType="X509v3">client certificate</>'
)
USER_WITHOUT_PASSWORD: Final = "<wsse:UsernameToken><wsse:Username>…</></>"
USER_WITH_TEXT: Final = (
    '<wsse:UsernameToken><wsse:Username>user</><wsse:Password Type="PasswordText">password</></>'
)
USER_WITH_UNTYPED_TEXT: Final = (
    "<wsse:UsernameToken><wsse:Username>user</><wsse:Password>password</></>"
)
USER_WITH_TEXT_AND_NONCE: Final = (
    '<wsse:UsernameToken><wsse:Username>user</><wsse:Password Type="PasswordText">password</>'
    '<wsse:Nonce EncodingType="Base64Binary">…</><wsu:Created>…</></>'
)
USER_WITH_DIGEST: Final = (
    '<wsse:UsernameToken><wsse:Username>user</><wsse:Password Type="PasswordDigest">…</>'
    '<wsse:Nonce EncodingType="Base64Binary">…</><wsu:Created>…</></>'
)

_TIME = r"2027-06-01T1\d:\d\d:\d\d"
SECONDS = re.compile(_TIME + "Z")
MILLISECONDS = re.compile(_TIME + r"\.\d{3}Z")
MICROSECONDS = re.compile(_TIME + r"\.\d{6}Z")
WITH_OFFSET = re.compile(_TIME + r"(?:\.\d+)?\+02:00")
ZULU = re.compile(_TIME + r"(?:\.\d+)?Z")
LOCAL_AS_ZULU = re.compile(r"2027-06-01T1[45]:\d\d:\d\d(?:\.\d+)?Z")
"""Two hours ahead of noon, and an hour later."""
BARE_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
WITH_OIN = re.compile(r".*\b\d{20}\b.*")

EBS_PREFIXES = (
    "SOAP-ENV", "ebs", "soap-sec", "soapenv", "sp", "tns", "wsdl", "wsp", "wsse", "wsu", "xs", "xsi",
)  # fmt: skip
EBS = '<ns2:EBS xmlns:ns2="http://ebs.health.ontario.ca/"><AuditId>1</AuditId></ns2:EBS>'
MSA = '<ns2:MSA xmlns:ns2="http://msa.ebs.health.ontario.ca/"><UserID>1</UserID></ns2:MSA>'
MESSAGING = (
    '<eb:Messaging xmlns:eb="http://docs.oasis-open.org/ebxml-msg/ebms/v3.0/ns/core/200704/"/>'
)
ADDRESSING = (
    '<wsa:Action xmlns:wsa="{wsa}">urn:example:services/Send</wsa:Action>'
    '<wsa:MessageID xmlns:wsa="{wsa}">urn:uuid:1b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4bed</wsa:MessageID>'
    '<wsa:To xmlns:wsa="{wsa}">https://service.example/wsdl</wsa:To>'
).format(wsa=NAMESPACES["wsa"])
"""What zeep's plugin writes."""


@dataclass(frozen=True, kw_only=True)
class Envelope:
    """The message as it comes from zeep."""

    version: Literal["1.1", "1.2"] = "1.1"
    prefix: str = "soap-env"
    declares: Mapping[str, str] = field(default_factory=dict)
    header: str = ""
    """Blocks that are there already."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """What the message to one service looks like."""

    service: str
    """Name of its profile, without ``.toml``."""
    family: Literal["A", "B", "C", "D", "E", "F", "H", "own"]
    envelope: Envelope = Envelope()
    users: Literal["digest", "text", "sha1"] | None = None
    """How the service checks the password, if there is one."""

    soap: str | Open = OPEN
    security_namespace: str = NAMESPACES["wsse"]
    children: tuple[str, ...] | Open = OPEN
    """The children of ``wsse:Security`` in their order, and no other."""
    first_child: str | Open = OPEN
    present: frozenset[str] = frozenset()
    """Elements that are somewhere in ``wsse:Security``."""
    absent: frozenset[str] = frozenset()
    """Elements that are nowhere in it, and ``signed …`` for parts that no signature covers."""
    must_understand: frozenset[str] | Open = OPEN
    """The header blocks that are marked so, and no other."""
    signed: frozenset[str] | Open = OPEN
    """What the signature covers, and nothing else; ``document``: all of it."""
    signature_method: str | Open = OPEN
    digests: frozenset[str] | Open = OPEN
    canonicalization: str | Open = OPEN
    """Of SignedInfo."""
    transforms: frozenset[tuple[str, ...]] | Open = OPEN
    """Chains of transforms that there are."""
    signed_info_prefixes: tuple[str, ...] | Open = OPEN
    reference_prefixes: Mapping[str, tuple[str, ...]] | Open = OPEN
    """PrefixList of each reference."""
    key_reference: str | Open = OPEN
    """What is in ``ds:KeyInfo`` of the signature."""
    binary_token: str | Open | None = OPEN
    username_token: str | Open | None = OPEN
    lifetime_seconds: float | Open | None = OPEN
    """Expires minus Created; ``None``: no Timestamp."""
    forms: Mapping[str, Pattern[str]] = field(default_factory=dict)
    """How texts look: ``times`` of the Timestamp, ``message_id``, …"""
    addressing: frozenset[str] | Open = OPEN
    """WS-Addressing header blocks, and no other."""
    reply_to: str | Open = OPEN
    encrypted: frozenset[str] = frozenset()
    """What holds EncryptedData."""
    cipher: frozenset[str] | Open = OPEN
    key_transport: str | Open = OPEN
    oaep: tuple[str, ...] | Open = OPEN
    """DigestMethod and MGF of the key transport."""
    recipient_reference: str | Open = OPEN


def uri_of(prefix: str) -> str:
    """Namespace of a prefix of the table."""
    return NAMESPACES[prefix]


def only(*items: _Item) -> frozenset[_Item]:
    """These and no other."""
    return frozenset(items)
