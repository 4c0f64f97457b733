"""Names of elements, attributes and types that the rules are about."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from zeep_wssec.soap.namespaces import (
    DS,
    EXC_C14N,
    MESSAGE_SECURITY_11,
    TOKEN_PROFILE,
    USERNAME_PROFILE,
    WSC,
    WSC_2005,
    WSSE,
    WSSE11,
    WSU,
    XENC,
)

SAML1: Final = "urn:oasis:names:tc:SAML:1.0:assertion"
SAML2: Final = "urn:oasis:names:tc:SAML:2.0:assertion"
SAML_PROFILE: Final = "http://docs.oasis-open.org/wss/oasis-wss-saml-token-profile-1.1#"
KERBEROS_PROFILE: Final = "http://docs.oasis-open.org/wss/oasis-wss-kerberos-token-profile-1.1#"

SECURITY: Final = f"{{{WSSE}}}Security"
TIMESTAMP: Final = f"{{{WSU}}}Timestamp"
CREATED: Final = f"{{{WSU}}}Created"
EXPIRES: Final = f"{{{WSU}}}Expires"
WSU_ID: Final = f"{{{WSU}}}Id"
TOKEN_REFERENCE: Final = f"{{{WSSE}}}SecurityTokenReference"
REFERENCE: Final = f"{{{WSSE}}}Reference"
KEY_IDENTIFIER: Final = f"{{{WSSE}}}KeyIdentifier"
EMBEDDED: Final = f"{{{WSSE}}}Embedded"
TOKEN_TYPE: Final = f"{{{WSSE11}}}TokenType"
BINARY_TOKEN: Final = f"{{{WSSE}}}BinarySecurityToken"
USERNAME_TOKEN: Final = f"{{{WSSE}}}UsernameToken"
PASSWORD: Final = f"{{{WSSE}}}Password"
NONCE: Final = f"{{{WSSE}}}Nonce"
SALT: Final = f"{{{WSSE11}}}Salt"
ITERATION: Final = f"{{{WSSE11}}}Iteration"
ENCRYPTED_HEADER: Final = f"{{{WSSE11}}}EncryptedHeader"
CONFIRMATION: Final = f"{{{WSSE11}}}SignatureConfirmation"
TRANSFORMATION_PARAMETERS: Final = f"{{{WSSE}}}TransformationParameters"

SIGNATURE: Final = f"{{{DS}}}Signature"
SIGNED_INFO: Final = f"{{{DS}}}SignedInfo"
SIG_REFERENCE: Final = f"{{{DS}}}Reference"
TRANSFORMS: Final = f"{{{DS}}}Transforms"
TRANSFORM: Final = f"{{{DS}}}Transform"
DIGEST_METHOD: Final = f"{{{DS}}}DigestMethod"
SIGNATURE_METHOD: Final = f"{{{DS}}}SignatureMethod"
CANONICALIZATION_METHOD: Final = f"{{{DS}}}CanonicalizationMethod"
HMAC_OUTPUT_LENGTH: Final = f"{{{DS}}}HMACOutputLength"
KEY_INFO: Final = f"{{{DS}}}KeyInfo"
KEY_NAME: Final = f"{{{DS}}}KeyName"
MANIFEST: Final = f"{{{DS}}}Manifest"
OBJECT: Final = f"{{{DS}}}Object"
X509_DATA: Final = f"{{{DS}}}X509Data"
X509_ISSUER_NAME: Final = f"{{{DS}}}X509IssuerName"
X509_ISSUER_SERIAL: Final = f"{{{DS}}}X509IssuerSerial"
X509_SERIAL_NUMBER: Final = f"{{{DS}}}X509SerialNumber"
INCLUSIVE_NAMESPACES: Final = f"{{{EXC_C14N}}}InclusiveNamespaces"

ENCRYPTED_DATA: Final = f"{{{XENC}}}EncryptedData"
ENCRYPTED_KEY: Final = f"{{{XENC}}}EncryptedKey"
ENCRYPTION_METHOD: Final = f"{{{XENC}}}EncryptionMethod"
REFERENCE_LIST: Final = f"{{{XENC}}}ReferenceList"
DATA_REFERENCE: Final = f"{{{XENC}}}DataReference"
KEY_REFERENCE: Final = f"{{{XENC}}}KeyReference"
ELEMENT: Final = XENC + "Element"

ASSERTION1: Final = f"{{{SAML1}}}Assertion"
ASSERTION2: Final = f"{{{SAML2}}}Assertion"
ASSERTIONS: Final = (ASSERTION1, ASSERTION2)
AUTHORITY_BINDING: Final = f"{{{SAML1}}}AuthorityBinding"
SUBJECT_CONFIRMATIONS: Final = (
    f"{{{SAML1}}}SubjectConfirmation",
    f"{{{SAML2}}}SubjectConfirmation",
)

STR_TRANSFORM: Final = (
    "http://docs.oasis-open.org/wss/2004/01/"
    "oasis-200401-wss-soap-message-security-1.0#STR-Transform"
)
FILTER2: Final = "http://www.w3.org/2002/06/xmldsig-filter2"
ENVELOPED: Final = DS + "enveloped-signature"
ATTACHMENT_TRANSFORMS: Final = tuple(
    f"http://docs.oasis-open.org/wss/oasis-wss-SwAProfile-1.1#Attachment-{kind}-Signature-Transform"
    for kind in ("Content", "Complete")
)
LAST_TRANSFORMS: Final = frozenset({EXC_C14N, STR_TRANSFORM, *ATTACHMENT_TRANSFORMS})
ALL_TRANSFORMS: Final = LAST_TRANSFORMS | {FILTER2, ENVELOPED}

X509_V3: Final = TOKEN_PROFILE + "X509v3"
PKI_PATH: Final = TOKEN_PROFILE + "X509PKIPathv1"
PKCS7: Final = TOKEN_PROFILE + "PKCS7"
SKI: Final = TOKEN_PROFILE + "X509SubjectKeyIdentifier"
THUMBPRINT: Final = MESSAGE_SECURITY_11 + "ThumbprintSHA1"
USERNAME_TYPE: Final = USERNAME_PROFILE + "UsernameToken"
ENCRYPTED_KEY_TYPE: Final = MESSAGE_SECURITY_11 + "EncryptedKey"
ENCRYPTED_KEY_SHA1: Final = MESSAGE_SECURITY_11 + "EncryptedKeySHA1"
SAML1_TYPE: Final = SAML_PROFILE + "SAMLV1.1"
SAML2_TYPE: Final = SAML_PROFILE + "SAMLV2.0"
SAML1_ID: Final = "http://docs.oasis-open.org/wss/oasis-wss-saml-token-profile-1.0#SAMLAssertionID"
SAML2_ID: Final = SAML_PROFILE + "SAMLID"
KERBEROS_TYPE: Final = KERBEROS_PROFILE + "GSS_Kerberosv5_AP_REQ"
KERBEROS_IDS: Final = (
    KERBEROS_PROFILE + "Kerberosv5APREQSHA1",
    KERBEROS_PROFILE.replace("token-profile", "tokenprofile") + "Kerberosv5APREQSHA1",
)
"""The second one is how the rule itself writes it."""

TYPES_BY_KIND: Final[Mapping[str, tuple[str, ...]]] = {
    "x509": (X509_V3,),
    "pkipath": (PKI_PATH,),
    "pkcs7": (PKCS7,),
    "username": (USERNAME_TYPE,),
    "encrypted_key": (ENCRYPTED_KEY_TYPE,),
    "saml1": (SAML1_TYPE,),
    "saml2": (SAML2_TYPE,),
    "kerberos": (KERBEROS_TYPE,),
    "context": (WSC + "/sct", WSC_2005 + "/sct"),
    "derived": (WSC + "/dk", WSC_2005 + "/dk"),
}
"""What a reference may say that it leads to, by the kind of its token."""
TOKEN_TYPES: Final = frozenset(uri for types in TYPES_BY_KIND.values() for uri in types)
BINARY_TYPES: Final = frozenset({X509_V3, PKI_PATH, PKCS7, TOKEN_PROFILE + "X509v1"})
IDENTIFIER_TYPES: Final = frozenset(
    {SKI, THUMBPRINT, ENCRYPTED_KEY_SHA1, SAML1_ID, SAML2_ID, *KERBEROS_IDS}
)
KINDS_BY_VALUE_TYPE: Final[Mapping[str, str]] = {
    X509_V3: "x509",
    PKI_PATH: "pkipath",
    PKCS7: "pkcs7",
}
KINDS_BY_TAG: Final[Mapping[str, str]] = {
    USERNAME_TOKEN: "username",
    ENCRYPTED_KEY: "encrypted_key",
    ASSERTION1: "saml1",
    ASSERTION2: "saml2",
    **{f"{{{uri}}}SecurityContextToken": "context" for uri in (WSC, WSC_2005)},
    **{f"{{{uri}}}DerivedKeyToken": "derived" for uri in (WSC, WSC_2005)},
}
