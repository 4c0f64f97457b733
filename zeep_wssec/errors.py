"""Every error of the package, one tree, split by who must act.

::

    WSSecError(zeep.exceptions.Error)
    ├─ ProfileError                    you: the profile is wrong
    │  ├─ UnknownOptionError
    │  ├─ LegacyAlgorithmError
    │  └─ UnsupportedAssertionError
    ├─ KeyMaterialError                you: a key or certificate cannot be used
    │  ├─ KeyNotFoundError
    │  ├─ KeyLoadError
    │  │  ├─ WrongPasswordError
    │  │  ├─ DuplicateAliasError
    │  │  └─ KeyMismatchError
    │  └─ KeyUsageError
    ├─ OutboundError                   you: this message cannot be protected as asked
    │  └─ PartNotFoundError
    ├─ InboundError                    the peer: its message is refused
    │  ├─ MalformedSecurityError       wsse:InvalidSecurity
    │  ├─ UnsupportedAlgorithmError    wsse:UnsupportedAlgorithm
    │  ├─ UnsupportedTokenError        wsse:UnsupportedSecurityToken
    │  ├─ InvalidTokenError            wsse:InvalidSecurityToken
    │  ├─ TokenUnavailableError        wsse:SecurityTokenUnavailable
    │  ├─ UntrustedCertificateError    wsse:FailedAuthentication
    │  ├─ AuthenticationError          wsse:FailedAuthentication
    │  ├─ SignatureInvalidError        wsse:FailedCheck
    │  ├─ DecryptionError              wsse:FailedCheck
    │  ├─ MessageExpiredError          wsse:MessageExpired
    │  ├─ ReplayError                  wsse:InvalidSecurity
    │  └─ RequirementError             wsse:InvalidSecurity
    ├─ PayloadError                    data outside a SOAP message: a file, a stream
    │  ├─ PayloadUsageError            you: another verb, source or place is needed
    │  ├─ PayloadMalformedError        the sender: it is not what it should be
    │  ├─ PayloadAlgorithmError        the sender: an algorithm that is not allowed
    │  ├─ PayloadSignatureError        the sender: not signed by that key, or changed since
    │  ├─ PayloadSignerError           the sender: signed by somebody who is not trusted
    │  ├─ PayloadUnsignedError         the sender: a signature is demanded, and there is none
    │  ├─ PayloadDecryptionError       both: one text for every cause
    │  └─ PayloadLimitError            the sender: larger or deeper than is read
    └─ TransportSecurityError          the connection: redirect, TLS, missing answer
       ├─ UntrustedServerError         the server's certificate, name or key
       └─ HandshakeRefusedError        the server does not want us, or we do not agree on a protocol

``str(error)`` is for the operator: what, where, expected, found, what to do. An ``InboundError`` also
has a ``safe_message`` that may go to the peer and is the same for every cause of one fault code.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Self

from zeep.exceptions import SignatureVerificationFailed as _ZeepSignatureVerificationFailed
from zeep.exceptions import TransportError as _ZeepTransportError

from zeep_wssec.error_root import WSSecError as WSSecError

if TYPE_CHECKING:
    from zeep_wssec.report import Report


class ProfileError(WSSecError):
    """The profile is wrong; raised when it is made or loaded, before any message; ``path`` says where."""

    code = "profile"

    def under(self, prefix: str) -> Self:
        """Give the same error with ``prefix`` in front of its path: it was found inside something larger."""
        path = self.details.get("path", "")
        joined = f"{prefix}{path}" if path.startswith("[") or not path else f"{prefix}.{path}"
        error = type(self)(str(self.message), hint=self.hint, **{**self.details, "path": joined})
        error.request_sent = self.request_sent
        return error


class UnknownOptionError(ProfileError):
    """A key that no setting has; ``path`` says where, ``close_matches`` what may have been meant."""

    code = "unknown_option"


class LegacyAlgorithmError(ProfileError):
    """A legacy algorithm without its named opt-in; ``path``, ``algorithm`` and the ``opt_in`` to add."""

    code = "legacy_algorithm"


class UnsupportedAssertionError(ProfileError):
    """A policy assertion that no setting expresses; ``assertion`` and ``line``."""

    code = "unsupported_assertion"


class KeyMaterialError(WSSecError):
    """A key or certificate of ours, or of a partner, cannot be used."""

    code = "key_material"


class KeyNotFoundError(KeyMaterialError):
    """No entry has the alias; ``alias`` and the ``existing`` ones."""

    code = "key_not_found"


class KeyLoadError(KeyMaterialError):
    """A key file or its bytes cannot be read as what they should be; ``source``."""

    code = "key_load"


class WrongPasswordError(KeyLoadError):
    """The password does not open the file, or one is needed and none was given."""

    code = "wrong_password"


class DuplicateAliasError(KeyLoadError):
    """Two entries under one alias."""

    code = "duplicate_alias"


class KeyMismatchError(KeyLoadError):
    """A private key does not belong to the certificate it came with."""

    code = "key_mismatch"


class KeyUsageError(KeyMaterialError):
    """A key is not fit for what is asked of it: expired, too short, of the wrong kind or usage; ``reason``."""

    code = "key_usage"


class OutboundError(WSSecError):
    """This message cannot be protected as the profile asks; the request was not sent."""

    code = "outbound"

    def __init__(self, message: str, *, hint: str = "", **details: Any) -> None:
        super().__init__(message, hint=hint, **details)
        self.request_sent = "no"


class PartNotFoundError(OutboundError):
    """The message has no element for a part that the profile protects; ``part`` and ``path``."""

    code = "part_not_found"


class InboundError(WSSecError):
    """The peer's message is refused; nothing of it may be used."""

    code = "refused"
    fault_code: ClassVar[str] = "InvalidSecurity"
    """Local name of the ``wsse`` fault code for a peer."""
    safe_messages: ClassVar[dict[str, str]] = {
        "InvalidSecurity": "An error was discovered processing the security header.",
        "UnsupportedAlgorithm": "An unsupported signature or encryption algorithm was used.",
        "UnsupportedSecurityToken": "An unsupported token was provided.",
        "InvalidSecurityToken": "An invalid security token was provided.",
        "FailedAuthentication": "The security token could not be authenticated or authorized.",
        "FailedCheck": "The signature or decryption was invalid.",
        "SecurityTokenUnavailable": "Referenced security token could not be retrieved.",
        "MessageExpired": "The message has expired.",
    }

    def __init__(self, message: str, *, hint: str = "", **details: Any) -> None:
        super().__init__(message, hint=hint, **details)
        self.report: Report | None = None
        """What had been found before the refusal; trust nothing in it."""
        self.unverified_fault: str | None = None
        """Text of a SOAP Fault in the refused message: the peer's words, or anybody's."""

    @property
    def safe_message(self) -> str:
        """Text that may go to the peer; equal for every cause of one fault code."""
        return self.safe_messages[self.fault_code]


class MalformedSecurityError(InboundError):
    """The envelope or its security header has a shape that is not allowed."""

    code = "malformed_security"


class UnsupportedAlgorithmError(InboundError):
    """An algorithm outside those allowed; ``algorithm``."""

    code = "unsupported_algorithm"
    fault_code = "UnsupportedAlgorithm"


class UnsupportedTokenError(InboundError):
    """An element or token kind that is not understood; ``element``."""

    code = "unsupported_token"
    fault_code = "UnsupportedSecurityToken"


class InvalidTokenError(InboundError):
    """A token whose content is broken."""

    code = "invalid_token"
    fault_code = "InvalidSecurityToken"


class TokenUnavailableError(InboundError):
    """A reference to a token or key that neither the message nor the keystore has."""

    code = "token_unavailable"
    fault_code = "SecurityTokenUnavailable"


class UntrustedCertificateError(InboundError):
    """The signer is not who must sign.

    ``reason`` is one of expired, not_yet_valid, weak_key, wrong_usage (of the signer, or of an issuer
    above it), no_path, bad_signature, weak_signature, name_constraint, constraint (another rule of
    RFC 5280), wrong_peer, own_key, revoked.
    """

    code = "untrusted_certificate"
    fault_code = "FailedAuthentication"


class AuthenticationError(InboundError):
    """A username token or its password is not accepted."""

    code = "authentication"
    fault_code = "FailedAuthentication"


class SignatureInvalidError(InboundError, _ZeepSignatureVerificationFailed):
    """A digest or a signature value does not match; also zeep's ``SignatureVerificationFailed``."""

    code = "signature_invalid"
    fault_code = "FailedCheck"


class DecryptionError(InboundError):
    """The message cannot be decrypted; one text for every cause."""

    code = "decryption"
    fault_code = "FailedCheck"

    def __init__(self) -> None:
        super().__init__(
            "The encrypted part of the message cannot be decrypted.",
            hint="Compare the certificate or key that they encrypt with to yours.",
        )


class MessageExpiredError(InboundError):
    """The timestamp is not fresh; ``created``, ``expires`` and ``now``."""

    code = "message_expired"
    fault_code = "MessageExpired"


class ReplayError(InboundError):
    """The message was accepted before."""

    code = "replay"


class RequirementError(InboundError):
    """The message is sound but does not prove what must be proved; ``missing`` has all of it."""

    code = "requirement"


class PayloadError(WSSecError):
    """Data outside of messages is refused or cannot be protected; itself: a full disk, a closed pipe."""

    code = "payload"


class PayloadUsageError(PayloadError):
    """The call is wrong: a verb that the format has not, no file, a place that cannot take a result."""

    code = "payload_usage"


class PayloadMalformedError(PayloadError):
    """The data is not what it should be: another structure, cut off, or something behind its end."""

    code = "payload_malformed"


class PayloadAlgorithmError(PayloadError):
    """An algorithm that is unknown, weak or not allowed here; ``algorithm``, and the ``opt_in`` if there is one."""

    code = "payload_algorithm"


class PayloadSignatureError(PayloadError):
    """The signature does not match: the content was changed, or another key made it."""

    code = "payload_signature"


class PayloadSignerError(PayloadError):
    """Signed, but not by who must sign; ``reason`` as of ``UntrustedCertificateError``, or unknown_signer."""

    code = "payload_signer"


class PayloadUnsignedError(PayloadError):
    """A signature is demanded, and there is none."""

    code = "payload_unsigned"


class PayloadDecryptionError(PayloadError):
    """The data cannot be decrypted; one text for every cause."""

    code = "payload_decryption"

    def __init__(self) -> None:
        super().__init__(
            "The data cannot be decrypted.",
            hint="Compare the certificate or key that the sender encrypts with to yours.",
        )


class PayloadLimitError(PayloadError):
    """The data is larger, deeper or has more members than is read; ``limit``."""

    code = "payload_limit"


class TransportSecurityError(WSSecError, _ZeepTransportError):
    """The connection, not the message: a redirect, no SOAP answer, TLS; also zeep's ``TransportError``."""

    code = "transport_security"
    status_code = 0
    content = None


class UntrustedServerError(TransportSecurityError):
    """The server does not prove who it is; the request was not sent.

    ``reason`` is one of no_path (``missing`` names the issuer), self_signed, expired, not_yet_valid,
    name_mismatch (``names`` has those of the certificate), pin_mismatch, wrong_usage, weak_key,
    bad_signature, other.
    """

    code = "untrusted_server"


class HandshakeRefusedError(TransportSecurityError):
    """The server ended the TLS handshake, or speaks no TLS that we do; ``alert`` has its own word for it.

    ``reason`` is one of client_certificate_missing, client_certificate_refused (``missing`` names the
    issuer that was not sent along), no_common_version, no_common_cipher, unknown_name, no_tls, closed, other.
    """

    code = "handshake_refused"
