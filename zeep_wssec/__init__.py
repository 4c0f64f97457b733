"""WS-Security for zeep: profiles that sign, encrypt and check SOAP messages."""

from zeep_wssec.demands import AnyoneUnder, Inbound, OverTLS, Pin, Subject, Unverified
from zeep_wssec.errors import (
    AuthenticationError,
    DecryptionError,
    DuplicateAliasError,
    InboundError,
    InvalidTokenError,
    KeyLoadError,
    KeyMaterialError,
    KeyMismatchError,
    KeyNotFoundError,
    KeyUsageError,
    LegacyAlgorithmError,
    MalformedSecurityError,
    MessageExpiredError,
    OutboundError,
    PartNotFoundError,
    ProfileError,
    ReplayError,
    RequirementError,
    SignatureInvalidError,
    TokenUnavailableError,
    TransportSecurityError,
    UnknownOptionError,
    UnsupportedAlgorithmError,
    UnsupportedAssertionError,
    UnsupportedTokenError,
    UntrustedCertificateError,
    WrongPasswordError,
    WSSecError,
)
from zeep_wssec.exchange import Exchange
from zeep_wssec.keys.keystore import Keystore
from zeep_wssec.keys.secrets import Secret
from zeep_wssec.plan import TLS, Overlay, Service
from zeep_wssec.profile import Profile
from zeep_wssec.report import Report
from zeep_wssec.settings import Encryption, SecurityHeader, Signature, Timestamp, UsernameToken
from zeep_wssec.soap.limits import Limits

__version__ = "0.1.0"

__all__ = [
    "TLS",
    "AnyoneUnder",
    "AuthenticationError",
    "DecryptionError",
    "DuplicateAliasError",
    "Encryption",
    "Exchange",
    "Inbound",
    "InboundError",
    "InvalidTokenError",
    "KeyLoadError",
    "KeyMaterialError",
    "KeyMismatchError",
    "KeyNotFoundError",
    "KeyUsageError",
    "Keystore",
    "LegacyAlgorithmError",
    "Limits",
    "MalformedSecurityError",
    "MessageExpiredError",
    "OutboundError",
    "OverTLS",
    "Overlay",
    "PartNotFoundError",
    "Pin",
    "Profile",
    "ProfileError",
    "ReplayError",
    "Report",
    "RequirementError",
    "Secret",
    "SecurityHeader",
    "Service",
    "Signature",
    "SignatureInvalidError",
    "Subject",
    "Timestamp",
    "TokenUnavailableError",
    "TransportSecurityError",
    "UnknownOptionError",
    "UnsupportedAlgorithmError",
    "UnsupportedAssertionError",
    "UnsupportedTokenError",
    "UntrustedCertificateError",
    "Unverified",
    "UsernameToken",
    "WSSecError",
    "WrongPasswordError",
]
