"""WS-Security for zeep: profiles that sign, encrypt and check SOAP messages.

A name other than an error is loaded when it is first asked for.
"""

import importlib as _importlib
import typing as _typing

from zeep_wssec.errors import (
    AuthenticationError,
    DecryptionError,
    DuplicateAliasError,
    HandshakeRefusedError,
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
    PayloadAlgorithmError,
    PayloadDecryptionError,
    PayloadError,
    PayloadLimitError,
    PayloadMalformedError,
    PayloadSignatureError,
    PayloadSignerError,
    PayloadUnsignedError,
    PayloadUsageError,
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
    UntrustedServerError,
    WrongPasswordError,
    WSSecError,
)

if _typing.TYPE_CHECKING:
    from zeep_wssec.algorithm_suites import AlgorithmSuite
    from zeep_wssec.demands import (
        Anonymous,
        AnyoneUnder,
        Inbound,
        OverTLS,
        Pin,
        Subject,
        Unverified,
    )
    from zeep_wssec.exchange import Exchange
    from zeep_wssec.history import KeptExchange, RedactedHistory
    from zeep_wssec.keys.keystore import Keystore
    from zeep_wssec.keys.notices import KeyExpiryWarning, KeyRotationWarning
    from zeep_wssec.keys.secrets import Secret
    from zeep_wssec.keys.trust_rules import TrustException
    from zeep_wssec.plan import Overlay, Service
    from zeep_wssec.profile import Profile
    from zeep_wssec.replay import MemoryReplayStore, ReplayStore
    from zeep_wssec.report import Report
    from zeep_wssec.settings import (
        Addressing,
        BasicSecurityProfile,
        BinaryToken,
        Encryption,
        SecurityContext,
        SecurityHeader,
        SessionKey,
        Signature,
        SignatureConfirmation,
        Timestamp,
        UsernameToken,
    )
    from zeep_wssec.settings.tls import TLS
    from zeep_wssec.soap.limits import Limits

__version__ = "0.1.0"

__all__ = [
    "TLS",
    "Addressing",
    "AlgorithmSuite",
    "Anonymous",
    "AnyoneUnder",
    "AuthenticationError",
    "BasicSecurityProfile",
    "BinaryToken",
    "DecryptionError",
    "DuplicateAliasError",
    "Encryption",
    "Exchange",
    "HandshakeRefusedError",
    "Inbound",
    "InboundError",
    "InvalidTokenError",
    "KeptExchange",
    "KeyExpiryWarning",
    "KeyLoadError",
    "KeyMaterialError",
    "KeyMismatchError",
    "KeyNotFoundError",
    "KeyRotationWarning",
    "KeyUsageError",
    "Keystore",
    "LegacyAlgorithmError",
    "Limits",
    "MalformedSecurityError",
    "MemoryReplayStore",
    "MessageExpiredError",
    "OutboundError",
    "OverTLS",
    "Overlay",
    "PartNotFoundError",
    "PayloadAlgorithmError",
    "PayloadDecryptionError",
    "PayloadError",
    "PayloadLimitError",
    "PayloadMalformedError",
    "PayloadSignatureError",
    "PayloadSignerError",
    "PayloadUnsignedError",
    "PayloadUsageError",
    "Pin",
    "Profile",
    "ProfileError",
    "RedactedHistory",
    "ReplayError",
    "ReplayStore",
    "Report",
    "RequirementError",
    "Secret",
    "SecurityContext",
    "SecurityHeader",
    "Service",
    "SessionKey",
    "Signature",
    "SignatureConfirmation",
    "SignatureInvalidError",
    "Subject",
    "Timestamp",
    "TokenUnavailableError",
    "TransportSecurityError",
    "TrustException",
    "UnknownOptionError",
    "UnsupportedAlgorithmError",
    "UnsupportedAssertionError",
    "UnsupportedTokenError",
    "UntrustedCertificateError",
    "UntrustedServerError",
    "Unverified",
    "UsernameToken",
    "WSSecError",
    "WrongPasswordError",
]

_MODULES: dict[str, tuple[str, ...]] = {
    "algorithm_suites": ("AlgorithmSuite",),
    "demands": ("Anonymous", "AnyoneUnder", "Inbound", "OverTLS", "Pin", "Subject", "Unverified"),
    "exchange": ("Exchange",),
    "history": ("KeptExchange", "RedactedHistory"),
    "keys.keystore": ("Keystore",),
    "keys.notices": ("KeyExpiryWarning", "KeyRotationWarning"),
    "keys.secrets": ("Secret",),
    "keys.trust_rules": ("TrustException",),
    "plan": ("Overlay", "Service"),
    "profile": ("Profile",),
    "replay": ("MemoryReplayStore", "ReplayStore"),
    "report": ("Report",),
    "settings": (
        "Addressing",
        "BasicSecurityProfile",
        "BinaryToken",
        "Encryption",
        "SecurityContext",
        "SecurityHeader",
        "SessionKey",
        "Signature",
        "SignatureConfirmation",
        "Timestamp",
        "UsernameToken",
    ),
    "settings.tls": ("TLS",),
    "soap.limits": ("Limits",),
}
"""Where each name is at home, by module below the package."""
_HOMES = {name: module for module, names in _MODULES.items() for name in names}


def __getattr__(name: str) -> _typing.Any:
    module = _HOMES.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(_importlib.import_module(f"{__name__}.{module}"), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
