"""What the changes of messages are made of: names, algorithms, texts, and elements of an attacker's own."""

from __future__ import annotations

from collections.abc import Sequence

from zeep_wssec.soap.namespaces import (
    BASE64_BINARY,
    DS,
    MESSAGE_SECURITY_11,
    SOAP11,
    SOAP12,
    TOKEN_PROFILE,
    ULTIMATE_RECEIVER,
    USERNAME_PROFILE,
    WSA,
    WSC,
    WSC_2005,
    WSSE,
    WSSE11,
    WSU,
    XENC,
    XENC11,
    XML,
)
from zeep_wssec.xmlcrypto import algorithms

_LOCAL_NAMES = {
    SOAP11: ("Envelope", "Header", "Body", "Fault"),
    SOAP12: ("Envelope", "Header", "Body", "Fault"),
    WSSE: (
        "Security", "BinarySecurityToken", "SecurityTokenReference", "Reference", "KeyIdentifier", "Embedded",
        "UsernameToken", "Username", "Password", "Nonce", "TransformationParameters",
    ),
    WSSE11: ("SignatureConfirmation", "EncryptedHeader", "Salt", "Iteration"),
    WSU: ("Timestamp", "Created", "Expires"),
    DS: (
        "Signature", "SignedInfo", "Reference", "Transforms", "Transform", "DigestMethod", "DigestValue",
        "SignatureValue", "KeyInfo", "X509Data", "X509IssuerSerial", "KeyValue", "KeyName", "Object", "Manifest",
    ),
    XENC: (
        "EncryptedData", "EncryptedKey", "CipherData", "CipherValue", "CipherReference", "ReferenceList",
        "DataReference", "AgreementMethod",
    ),
    WSC: ("DerivedKeyToken", "SecurityContextToken", "Identifier", "Length", "Offset"),
    WSC_2005: ("DerivedKeyToken", "SecurityContextToken"),
    WSA: ("To", "Action", "RelatesTo", "MessageID"),
    "urn:t": ("Order", "sku", "Who"),
}  # fmt: skip
NAMES: Sequence[str] = tuple(
    f"{{{namespace}}}{local}" for namespace, locals_ in _LOCAL_NAMES.items() for local in locals_
)
"""Names that readers look for."""
URIS: Sequence[str] = tuple(
    dict.fromkeys(
        [
            *(
                item.uri
                for name, table in sorted(vars(algorithms).items())
                if name.endswith("_BY_NAME")
                for item in table.values()
            ),
            algorithms.STR_TRANSFORM, algorithms.ENVELOPED, algorithms.CONTENT_TYPE, algorithms.ELEMENT_TYPE,
            BASE64_BINARY, TOKEN_PROFILE + "X509v3", TOKEN_PROFILE + "X509PKIPathv1", TOKEN_PROFILE + "PKCS7",
            TOKEN_PROFILE + "X509SubjectKeyIdentifier", MESSAGE_SECURITY_11 + "ThumbprintSHA1",
            MESSAGE_SECURITY_11 + "EncryptedKeySHA1", MESSAGE_SECURITY_11 + "EncryptedKey",
            USERNAME_PROFILE + "PasswordDigest", USERNAME_PROFILE + "PasswordText",
            "http://www.w3.org/TR/1999/REC-xslt-19991116", "http://www.w3.org/TR/1999/REC-xpath-19991116",
            "http://www.w3.org/2002/06/xmldsig-filter2", DS + "base64", DS + "Manifest", DS + "Object",
        ]
    )
)  # fmt: skip
"""Algorithms, types and transforms, allowed and not."""
ATTRIBUTES: Sequence[str] = (
    f"{{{WSU}}}Id", "Id", "ID", "id", f"{{{XML}}}id", "AssertionID", f"{{{SOAP11}}}actor",
    f"{{{SOAP12}}}role", f"{{{SOAP11}}}mustUnderstand", f"{{{SOAP12}}}mustUnderstand", "Algorithm", "URI",
    "Type", "ValueType", "EncodingType", f"{{{WSSE11}}}TokenType", f"{{{WSSE}}}Usage", "MimeType", "Encoding",
    "Recipient", "PrefixList", f"{{{XML}}}lang", f"{{{XML}}}space", f"{{{XML}}}base",
    "{http://www.w3.org/2001/XMLSchema-instance}type", f"{{{WSC}}}Algorithm", "Value",
)  # fmt: skip
TEXTS: Sequence[str] = (
    "", " ", "0", "1", "true", "forged", "-1", "99999999999999999999", "1e9", "AAAA", "====", "A" * 100,
    "urn:intermediary", ULTIMATE_RECEIVER, "2026-11-29T12:00:00Z", "9999-12-31T23:59:59.999999999Z",
    "0000-00-00T00:00:00Z", "2026-11-29T12:00:00", "\N{RIGHT-TO-LEFT OVERRIDE}txt", "\N{GRINNING FACE}",
    "CN=client-rsa,O=Example", "soap wsse #default", "preserve", "#body", "&<>\"'", "\u0660\u0661", "\t\r\n",
    "١٢٣", "NaN", "0x10", "%23body", "alice", "ecila",
)  # fmt: skip
"""Values that readers of numbers, times, names and base64 have trouble with."""
_ORDER = '<t:Order xmlns:t="urn:t"><t:sku>forged</t:sku></t:Order>'
_SEC = f'<wsse:Security xmlns:wsse="{WSSE}" xmlns:wsu="{WSU}" xmlns:ds="{DS}" xmlns:xenc="{XENC}"'
FORGED: Sequence[str] = (
    f'<s:Body xmlns:s="SOAP">{_ORDER}</s:Body>',
    '<s:Header xmlns:s="SOAP"><t:Who xmlns:t="urn:t">forged</t:Who></s:Header>',
    f'<s:Envelope xmlns:s="SOAP"><s:Body>{_ORDER}</s:Body></s:Envelope>',
    '<s:Fault xmlns:s="SOAP"><faultcode>s:Server</faultcode><faultstring>forged</faultstring></s:Fault>',
    _ORDER,
    f"{_SEC}/>",
    f"{_SEC}><wsu:Timestamp><wsu:Created>2026-11-29T12:00:00Z</wsu:Created></wsu:Timestamp></wsse:Security>",
    f'<wsu:Timestamp xmlns:wsu="{WSU}"><wsu:Created>2099-01-01T00:00:00Z</wsu:Created></wsu:Timestamp>',
    '<t:Who xmlns:t="urn:t">forged</t:Who>',
    f'<wsa:RelatesTo xmlns:wsa="{WSA}">urn:forged</wsa:RelatesTo>',
    f'<ds:Object xmlns:ds="{DS}"/>',
    f'<xenc:ReferenceList xmlns:xenc="{XENC}"><xenc:DataReference URI="#ED-1"/></xenc:ReferenceList>',
    f'<xenc:EncryptedData xmlns:xenc="{XENC}" Id="ED-f" Type="{XENC}Content"><xenc:EncryptionMethod '
    f'Algorithm="{XENC11}aes256-gcm"/><xenc:CipherData><xenc:CipherValue>AAAA</xenc:CipherValue>'
    "</xenc:CipherData></xenc:EncryptedData>",
    f'<wsse:UsernameToken xmlns:wsse="{WSSE}"><wsse:Username>alice</wsse:Username></wsse:UsernameToken>',
    f'<ds:Transform xmlns:ds="{DS}" Algorithm="{DS}base64"/>',
    f'<wsse11:SignatureConfirmation xmlns:wsse11="{WSSE11}" Value="AAAA"/>',
    f'<wsse:SecurityTokenReference xmlns:wsse="{WSSE}"><wsse:Reference URI="#X"/></wsse:SecurityTokenReference>',
    f'<wsc:DerivedKeyToken xmlns:wsc="{WSC}"><wsc:Length>32</wsc:Length></wsc:DerivedKeyToken>',
)
"""Elements that an attacker can write; SOAP stands for the namespace of the message's version."""
