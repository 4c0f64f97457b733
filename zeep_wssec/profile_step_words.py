"""The steps of a profile in plain words."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from zeep_wssec.errors import KeyMaterialError
from zeep_wssec.plan import Plan
from zeep_wssec.profile_key_names import REQUEST_SIGNER, Maker, Origin, origin_of
from zeep_wssec.settings import (
    Addressing,
    BinaryToken,
    Encryption,
    SecurityContext,
    SessionKey,
    Signature,
    SignatureConfirmation,
    Step,
    Timestamp,
    UsernameToken,
)
from zeep_wssec.xmlcrypto.algorithms import KEY_AGREEMENTS_BY_KIND, default_signature_method

_CERTIFICATE: Mapping[str, str] = {
    "binary_token": "travels with the message",
    "pkipath": "travels with the message, with its path",
    "pkcs7": "travels with the message, in a PKCS#7 bag",
    "issuer_serial": "is named by issuer and serial number",
    "issuer_serial_quoted": "is named by issuer, with every value in quotes, and serial number",
    "subject_key_identifier": "is named by its subject key identifier",
    "x509_ski": "is named by its subject key identifier in X509Data",
    "thumbprint": "is named by its SHA-1 thumbprint",
    "x509_key_identifier": "travels inside the key reference",
    "x509_data": "travels in X509Data",
    "x509_data_subject": "is named by its subject in X509Data",
    "x509_data_issuer_serial": "is named by issuer and serial number in X509Data",
    "x509_data_in_reference": "travels in X509Data inside the key reference",
    "embedded": "travels as a token inside the key reference",
    "key_value": "does not travel, only its public key",
    "key_name": "is named by KeyName",
    "encrypted_key_sha1": "cannot be named so",
}
"""What a message says about a certificate, by ``key_reference``."""
_BY_NAME = "named by KeyName"
_BY_SHA1 = "named by the SHA-1 of its EncryptedKey"


def describe_step(step: Step, plan: Plan, earlier: Sequence[Step] = ()) -> str:
    """Give one step of ``outbound`` in words.

    Args:
        step: The step.
        plan: The profile, for its keystore.
        earlier: The steps in front of it, which may make the key that it uses.
    """
    if isinstance(step, Signature):
        return _signature(step, plan, earlier)
    if isinstance(step, Encryption):
        return _encryption(step, plan, earlier)
    if isinstance(step, SessionKey):
        return _session_key(step, plan)
    if isinstance(step, SecurityContext):
        return _security_context(step, plan)
    if isinstance(step, SignatureConfirmation):
        return "SignatureConfirmation for each signature of the message that this one answers."
    return _ALONE[type(step)](step)


def listed(items: Iterable[str]) -> str:
    """Give items with commas, or that there is nothing."""
    return ", ".join(items) or "nothing"


def describe_parts(texts: Iterable[str]) -> str:
    """Give parts, those that may be missing marked."""
    return listed(f"{text[:-1]} (if there)" if text.endswith("?") else text for text in texts)


def _addressing(step: Addressing) -> str:
    blocks = [
        f"To {step.to or 'the address of the service'}",
        f"Action {step.action or 'as the SOAP action'}",
    ]
    if step.message_id != "none":
        blocks.append(f"MessageID as {step.message_id}")
    stated = (("ReplyTo", step.reply_to), ("From", step.from_address), ("FaultTo", step.fault_to))
    blocks += [f"{name} {uri}" for name, uri in stated if uri is not None]
    understood = ""
    if step.must_understand:
        understood = f"; {listed(step.must_understand)} must be understood"
    return f"WS-Addressing {step.version}: {listed(blocks)}{understood}."


def _clock(step: Timestamp | UsernameToken) -> str:
    seconds = step.clock_offset_seconds
    zone = "" if step.offset == "Z" else f", written with the offset {step.offset}"
    if not seconds:
        return zone
    return (
        f"{zone}, by a clock {abs(seconds)} seconds {'ahead of' if seconds > 0 else 'behind'} ours"
    )


def _timestamp(step: Timestamp) -> str:
    ttl = f"Timestamp that expires after {step.ttl_seconds} seconds"
    return f"{ttl}, in {step.precision}{_clock(step)}."


def _username_token(step: UsernameToken) -> str:
    hashed = "SHA-1 of the password" if step.password_hash == "sha1" else "password"
    password = {
        "digest": f"the SHA-1 digest of the {hashed} with nonce and time",
        "text": "the password as readable text" + ("" if step.typed else ", its Type not said"),
        "none": "no password",
    }[step.password_type]
    if step.derive_for != "none":
        use = {"mac": "to sign with", "encryption": "to encrypt with"}[step.derive_for]
        password += f"; the key {step.name!r} {use} is derived from the password in {step.iterations} rounds"
    if step.password_type != "digest":
        more = [
            name
            for name, is_sent in (("a nonce", step.nonce), ("the time", step.created))
            if is_sent
        ]
        password += f"; with {' and '.join(more)}" if more else ""
    return f"UsernameToken for {step.username!r} with {password}{_clock(step)}."


def _binary_token(step: BinaryToken) -> str:
    kind = f"of the type {step.value_type}" if step.value_type else "whose type is not said"
    encoding = ", marked as base64" if step.encoding_type else ""
    return f"BinarySecurityToken {kind}{encoding}."


def _security_context(step: SecurityContext, plan: Plan) -> str:
    there = step.key in plan.keystore.snapshot().secrets
    return (
        f"SecurityContextToken {step.identifier} (WS-SecureConversation {step.version}) for the secret "
        f"{step.key!r}{'' if there else ' (not in the keystore)'}, which later steps call {step.name!r}."
    )


def _session_key(step: SessionKey, plan: Plan) -> str:
    return (
        f"Fresh key {step.name!r} of {step.bytes} bytes for {_recipients(step, plan)}, sent under "
        f"{_protection(step, plan)}; the certificate {_CERTIFICATE[step.key_reference]}."
    )


def _signature(step: Signature, plan: Plan, earlier: Sequence[Step]) -> str:
    parts = describe_parts(step.parts)
    origin = origin_of(step.key, earlier, plan)
    if origin in ("pair", "missing"):
        return f"Signature over {parts} with {_pair(step, plan)}."
    default = default_signature_method("hmac", "sha256")
    algorithm = step.algorithm or (default.name if default else "HMAC")
    size = f" of {step.derived_key_bytes} bytes" if step.derived_key_bytes is not None else ""
    return (
        f"Signature over {parts} with {_derived(step, size)} by {algorithm}, digests {step.digest}; "
        f"the key is {_naming(step, origin)}."
    )


def _pair(step: Signature, plan: Plan) -> str:
    try:
        entry = plan.keystore.snapshot().require_key(step.key)
    except KeyMaterialError as error:
        key, algorithm = f"a key that is not there ({error.message})", step.algorithm
    else:
        key = f"the key {entry.alias!r}"
        default = default_signature_method(entry.certificate.key_kind, "sha256")
        algorithm = step.algorithm or (default.name if default else None)
    return (
        f"{key} by {algorithm or 'an algorithm of the key'}, digests {step.digest}; the certificate "
        f"{_CERTIFICATE[step.key_reference]}{_token_as_well(step)}"
    )


def _token_as_well(step: Signature | Encryption) -> str:
    return ", and its token is in the header as well" if step.include_token else ""


def _derived(step: Signature | Encryption, size: str = "") -> str:
    if step.derived_key == "none":
        return f"the symmetric key {step.key!r}"
    version = f"WS-SecureConversation {step.derived_key}"
    return f"a key{size} derived from {step.key!r} ({version})"


def _naming(step: Signature | Encryption, origin: Maker | Origin) -> str:
    """Say what a message says about a symmetric key."""
    if step.key_reference == "encrypted_key_sha1" or origin == "request":
        return _BY_SHA1
    by_name = origin == "secret" or step.key_reference == "key_name"
    return _BY_NAME if by_name and step.derived_key == "none" else "referred to where it is made"


def _encryption(step: Encryption, plan: Plan, earlier: Sequence[Step]) -> str:
    parts = describe_parts(step.parts)
    if step.key is None:
        return (
            f"Encryption of {parts} for {_recipients(step, plan)} by {step.algorithm}; the key under "
            f"{_protection(step, plan)}; the certificate {_CERTIFICATE[step.key_reference]}"
            f"{_token_as_well(step)}."
        )
    origin = origin_of(step.key, earlier, plan)
    key = _derived(step) + (" (not there)" if origin in ("pair", "missing") else "")
    wrapped = f"a fresh key, wrapped by {step.key_wrap} under {key}," if step.wrapped else key
    named = _naming(step, origin)
    return f"Encryption of {parts} with {wrapped} by {step.algorithm}; the key is {named}."


def _recipients(step: Encryption | SessionKey, plan: Plan) -> str:
    known = plan.keystore.snapshot()
    names = []
    for alias in step.recipients:
        if alias == REQUEST_SIGNER:
            names.append("whoever signed the request")
        elif known.alias_of(alias) in {*known.partners, *known.keys}:
            names.append(repr(known.alias_of(alias)))
        else:
            names.append(f"{alias!r} (not in the keystore)")
    return listed(names)


def _protection(step: Encryption | SessionKey, plan: Plan) -> str:
    """Say how the content key reaches the recipients: by the kinds of their keys."""
    known = plan.keystore.snapshot()
    ways: dict[str, None] = {}
    for alias in step.recipients:
        name = known.alias_of(alias)
        entry = known.partners.get(name) or known.keys.get(name)
        kind = entry.certificate.key_kind if entry is not None else "rsa"
        agreement = KEY_AGREEMENTS_BY_KIND.get(kind)  # type: ignore[call-overload]
        if agreement is None:
            oaep = step.transport.scheme == "rsa-oaep"
            detail = f" (digest {step.digest}, MGF1 {step.mask.name})" if oaep else ""
            ways[f"{step.key_transport}{detail}"] = None
        else:
            derivation = f"{step.key_derivation} with {step.derivation_digest}"
            ways[f"{step.key_wrap} with a key agreed by {agreement.name} ({derivation})"] = None
    return " or ".join(ways)


_ALONE: Mapping[type, Callable[[Any], str]] = {
    Addressing: _addressing,
    Timestamp: _timestamp,
    UsernameToken: _username_token,
    BinaryToken: _binary_token,
}
"""The steps that speak of nothing but themselves."""
