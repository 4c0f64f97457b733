"""How a message names a key: the forms of ``ds:KeyInfo``."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

KeyReference = Literal[
    "binary_token",
    "pkipath",
    "pkcs7",
    "issuer_serial",
    "issuer_serial_quoted",
    "subject_key_identifier",
    "x509_ski",
    "thumbprint",
    "x509_key_identifier",
    "x509_data",
    "x509_data_subject",
    "x509_data_issuer_serial",
    "x509_data_in_reference",
    "embedded",
    "key_value",
    "key_name",
    "encrypted_key_sha1",
]
"""Names of the forms.

``binary_token``, ``pkipath``, ``pkcs7``: a token in the header with the certificate, its path, or a PKCS#7
bag; of a key that the message makes itself, a reference to where it is made. ``embedded``: the token inside
the reference. ``x509_ski`` and the forms with ``x509_data`` stand in KeyInfo without a
SecurityTokenReference, but for ``x509_data_in_reference``.
"""
SYMMETRIC_REFERENCES: frozenset[str] = frozenset({"binary_token", "encrypted_key_sha1", "key_name"})
"""Those that can name a symmetric key."""
WITHOUT_TOKEN_REFERENCE: frozenset[str] = frozenset(
    {
        "x509_data",
        "x509_data_subject",
        "x509_data_issuer_serial",
        "x509_ski",
        "key_value",
        "key_name",
    }
)
"""Those that stand in KeyInfo by themselves."""

OTHER_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "directreference": "binary_token",
        "issuerserialquoteformat": "issuer_serial_quoted",
        "skikeyidentifier": "subject_key_identifier",
        "thumbprintsha1": "thumbprint",
        "thumbprintreference": "thumbprint",
        "embeddedkeyname": "key_name",
        "bst": "token",
        "binarytoken": "token",
        "binarysecuritytoken": "token",
        "signatureconfirmation": "confirmation",
    }
)
"""What other stacks call forms of a key reference and children of the header, in small letters only."""

DerivedKey = Literal["none", "1.3", "2005/02"]
"""Whether a key is used itself or through a ``wsc:DerivedKeyToken``, by the version of WS-SecureConversation."""
