"""What we send: frozen data, checked when it is made, in the words of the specifications and of profile files."""

from __future__ import annotations

from zeep_wssec.settings.addressing import Addressing
from zeep_wssec.settings.basic_profile import BasicSecurityProfile
from zeep_wssec.settings.encryption import Encryption, SessionKey
from zeep_wssec.settings.header import Layout, SecurityHeader
from zeep_wssec.settings.references import DerivedKey, KeyReference
from zeep_wssec.settings.signature import Signature
from zeep_wssec.settings.tokens import (
    BinaryToken,
    PasswordType,
    Precision,
    SecurityContext,
    SignatureConfirmation,
    Timestamp,
    UsernameToken,
)

Step = (
    Addressing
    | Timestamp
    | UsernameToken
    | BinaryToken
    | SecurityContext
    | SignatureConfirmation
    | SessionKey
    | Signature
    | Encryption
)
"""One step of ``outbound``; run in the profile's order."""

__all__ = [
    "Addressing",
    "BasicSecurityProfile",
    "BinaryToken",
    "DerivedKey",
    "Encryption",
    "KeyReference",
    "Layout",
    "PasswordType",
    "Precision",
    "SecurityContext",
    "SecurityHeader",
    "SessionKey",
    "Signature",
    "SignatureConfirmation",
    "Step",
    "Timestamp",
    "UsernameToken",
]
