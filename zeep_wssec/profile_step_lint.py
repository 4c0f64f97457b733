"""What is weak in the steps of a profile, or cannot work: tokens, keys, algorithms, and what is covered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

from zeep_wssec.errors import KeyMaterialError
from zeep_wssec.header.signature import method_hint
from zeep_wssec.header.symmetric import length_hint, other_keys_hint
from zeep_wssec.keys.certificate import Certificate
from zeep_wssec.keys.entries import KeyEntry, PartnerEntry
from zeep_wssec.keys.fitness import Purpose, describe_misuse
from zeep_wssec.plan import Plan
from zeep_wssec.profile_findings import Finding, error, note, warning
from zeep_wssec.profile_key_names import REQUEST_SIGNER, Maker, Origin, find_maker, origin_of
from zeep_wssec.settings import (
    Addressing,
    BinaryToken,
    Encryption,
    SecurityContext,
    SessionKey,
    Signature,
    Step,
    Timestamp,
    UsernameToken,
)
from zeep_wssec.settings.references import SYMMETRIC_REFERENCES
from zeep_wssec.soap.namespaces import SOAP11, SOAP12
from zeep_wssec.soap.parts import IN_SECURITY, Part
from zeep_wssec.step_order import made_name
from zeep_wssec.xmlcrypto import algorithms

LONG_SECONDS = 3600
"""Above this a recorded message stays usable for longer than anybody watches."""
_PASSWORD_KEY_BYTES = 20
"""Length of a key that is derived from a password: that of SHA-1."""
_DEFAULT_FORM = "issuer_serial"
"""How an encryption names a certificate unless it is told: not worth a word where there is none."""
_BODIES = {f"{{{SOAP11}}}Body", f"{{{SOAP12}}}Body"}


def step_weaknesses(steps: Sequence[Step], where: str, plan: Plan) -> Iterator[Finding]:
    """Give what is weak in steps, or cannot work.

    Args:
        steps: ``outbound`` of the profile or of one operation.
        where: Its path in a profile file.
        plan: The profile, for its keystore and parts.
    """
    for index, step in enumerate(steps):
        path = f"{where}[{index}]"
        if isinstance(step, Timestamp | UsernameToken):
            yield from _clock(step, path)
        if isinstance(step, UsernameToken):
            yield from _token(step, steps, path, plan)
        elif isinstance(step, Addressing):
            yield from _addressing(steps, path, plan)
        elif isinstance(step, Signature):
            yield from _opt_ins(step.legacy, _used_by_signature(step), path)
            yield from _signing_key(step, steps[:index], path, plan)
        elif isinstance(step, Encryption):
            yield from _opt_ins(step.legacy, _used_by_encryption(step), path)
            yield from _cipher(step, path)
            yield from _recipients(step, path, plan)
            yield from _encryption_key(step, steps[:index], path, plan)
        elif isinstance(step, SessionKey):
            yield from _opt_ins(step.legacy, _used_by_key(step), path)
            yield from _recipients(step, path, plan)
        if isinstance(step, Maker) and made_name(step) is not None:
            yield from _made_key(step, steps[index + 1 :], path, plan)
    yield from _coverage(steps, where, plan)


# Algorithms.


def _opt_ins(legacy: Mapping[str, str], used: set[str], path: str) -> Iterator[Finding]:
    for name, reason in legacy.items():
        what = algorithms.LEGACY[name]
        if name in used:
            yield warning(f"{path}.legacy.{name}", f"{what} is in use: {reason}")
        else:
            yield note(f"{path}.legacy.{name}", f"{what} is allowed, but not used; remove it.")


def _used_by_signature(step: Signature) -> set[str]:
    method = step.signature_method
    return {step.digest_method.legacy, method.legacy if method else ""}


def _used_by_encryption(step: Encryption) -> set[str]:
    used = {step.cipher.mode, step.cipher.legacy}
    if step.wrapped:
        used.add(step.wrap.legacy)
    return used | _used_by_key(step) if step.recipients else used


def _used_by_key(step: Encryption | SessionKey) -> set[str]:
    return {step.transport.legacy, step.wrap.legacy, step.derivation_hash.legacy}


def _cipher(step: Encryption, path: str) -> Iterator[Finding]:
    if step.cipher.mode == "cbc":
        better = step.algorithm.replace("cbc", "gcm")
        if better not in algorithms.DATA_CIPHERS_BY_NAME:
            better = "aes256-gcm"
        yield warning(
            f"{path}.algorithm",
            f"{step.algorithm} does not notice a change of the ciphertext; "
            f"use {better} if the service takes it.",
        )


# Keys.


def _signing_key(
    step: Signature, earlier: Sequence[Step], path: str, plan: Plan
) -> Iterator[Finding]:
    if origin_of(step.key, earlier, plan) in ("pair", "missing"):
        yield from _own_key(step, earlier, path, plan)
        return
    yield from _symmetric_reference(step, earlier, path, plan)
    method = step.signature_method
    if method is not None and method.key_kind != "hmac":
        yield error(
            f"{path}.algorithm",
            f"{step.key!r} is a symmetric key, which signs by HMAC; {method.name} needs a key pair.",
        )
    if step.derived_key == "none" and step.derived_key_bytes is not None:
        yield note(f"{path}.derived_key_bytes", "No key is derived, so its length says nothing.")


def _own_key(step: Signature, earlier: Sequence[Step], path: str, plan: Plan) -> Iterator[Finding]:
    held = plan.keystore.snapshot()
    try:
        entries = held.keys_of(held.require_key(step.key).alias)
        for entry in entries:
            entry.require_signer()
    except KeyMaterialError as problem:
        yield error(f"{path}.key", _with_others(problem, step.key, earlier, plan))
        return
    for entry in entries:
        yield from _misuse(entry.certificate, "sign", f"{path}.key")
        yield from _unfit_method(entry, step, path)
    if step.derived_key != "none":
        yield error(
            f"{path}.derived_key", "A key is derived from a symmetric key, not from a key pair."
        )
    if step.key_reference == "encrypted_key_sha1":
        yield error(
            f"{path}.key_reference", "Only a symmetric key that came encrypted is named so."
        )


def _unfit_method(entry: KeyEntry, step: Signature, path: str) -> Iterator[Finding]:
    kind, method = entry.certificate.key_kind, step.signature_method
    if method is not None and method.key_kind != kind:
        needed = "symmetric" if method.key_kind == "hmac" else method.key_kind
        yield error(
            f"{path}.algorithm",
            f"{method.name} needs a key of kind {needed}; {entry.alias!r} has {kind}. "
            f"{method_hint(kind, method)}",
        )


def _with_others(
    problem: KeyMaterialError, name: str | None, earlier: Sequence[Step], plan: Plan
) -> str:
    made = filter(None, map(made_name, earlier))
    return f"{problem} {other_keys_hint(name, made=made, secrets=plan.keystore.snapshot().secrets)}"


def _encryption_key(
    step: Encryption, earlier: Sequence[Step], path: str, plan: Plan
) -> Iterator[Finding]:
    if step.key is None:
        return
    origin = origin_of(step.key, earlier, plan)
    if origin in ("pair", "missing"):
        try:
            plan.keystore.snapshot().require_secret(step.key)
        except KeyMaterialError as problem:
            yield error(f"{path}.key", _with_others(problem, step.key, earlier, plan))
        return
    yield from _symmetric_reference(step, earlier, path, plan)
    if step.derived_key == "none":
        yield from _length(step, origin, path, plan)


def _length(step: Encryption, origin: Maker | Origin, path: str, plan: Plan) -> Iterator[Finding]:
    """Report a key of another length than the cipher or the key wrap takes."""
    secrets = plan.keystore.snapshot().secrets
    alias = origin.key if isinstance(origin, SecurityContext) else step.key
    if isinstance(origin, SessionKey):
        length = origin.bytes
    elif isinstance(origin, UsernameToken):
        length = _PASSWORD_KEY_BYTES
    elif alias is None or alias not in secrets:
        return
    else:
        try:
            length = len(secrets[alias].octets)
        except KeyMaterialError as problem:
            yield error(f"{path}.key", str(problem))
            return
    user, needed = (
        (step.key_wrap, step.wrap.key_bytes)
        if step.wrapped
        else (step.algorithm, step.cipher.key_bytes)
    )
    if length != needed:
        hint = f" {length_hint(length, needed, wrapped=step.wrapped)}" if origin == "secret" else ""
        yield error(
            f"{path}.key", f"{user} takes {needed} bytes of key; {step.key!r} has {length}.{hint}"
        )


def _symmetric_reference(
    step: Signature | Encryption, earlier: Sequence[Step], path: str, plan: Plan
) -> Iterator[Finding]:
    origin = origin_of(step.key, earlier, plan)
    where, form = f"{path}.key_reference", step.key_reference
    derived = step.derived_key != "none"
    if derived and origin == "secret":
        yield error(
            f"{path}.derived_key",
            f"No token stands for the secret {step.key!r}: derive from a security_context with it.",
        )
    elif form == "encrypted_key_sha1" and not (
        isinstance(origin, SessionKey) or origin == "request"
    ):
        yield error(where, f"{step.key!r} comes in no EncryptedKey, so none can be named.")
    elif form == "key_name" and origin != "secret" and not derived:
        yield error(where, f"{step.key!r} is no secret of the keystore, so it has no KeyName.")
    elif form not in (*SYMMETRIC_REFERENCES, _DEFAULT_FORM):
        yield note(
            where, f"{form} is for certificates; {step.key!r} is named as binary_token says."
        )


def _made_key(step: Maker, later: Sequence[Step], path: str, plan: Plan) -> Iterator[Finding]:
    """Report a key for later steps that none uses, whose name is taken, or whose secret is not there."""
    name = step.name
    held = plan.keystore.snapshot()
    if name in held.secrets or name in held.keys:
        yield warning(
            f"{path}.name", f"The keystore has {name!r} as well; call one of them something else."
        )
    if not any(isinstance(item, Signature | Encryption) and item.key == name for item in later):
        yield note(f"{path}.name", f"No later step signs or encrypts with the key {name!r}.")
    if isinstance(step, SecurityContext):
        try:
            held.require_secret(step.key)
        except KeyMaterialError as problem:
            yield error(f"{path}.key", str(problem))


def _recipients(step: Encryption | SessionKey, path: str, plan: Plan) -> Iterator[Finding]:
    held = plan.keystore.snapshot()
    for index, alias in enumerate(step.recipients):
        if alias == REQUEST_SIGNER:
            continue
        where = f"{path}.recipients[{index}]"
        try:
            held.require_certificate(alias)
        except KeyMaterialError as problem:
            yield error(where, str(problem))
            continue
        name = held.alias_of(alias)
        entries: Sequence[KeyEntry | PartnerEntry] = held.partners_of(name) or held.keys_of(name)
        # Further ones without a date may be there for signatures alone.
        for entry in (entries[0], *(item for item in entries[1:] if item.serves_from)):
            yield from _misuse(entry.certificate, _purpose_for(entry.certificate), where)


def _purpose_for(certificate: Certificate) -> Purpose:
    agreed = certificate.key_kind in algorithms.KEY_AGREEMENTS_BY_KIND
    return "agree" if agreed else "encrypt"


def _misuse(certificate: Certificate, purpose: Purpose, path: str) -> Iterator[Finding]:
    misuse = describe_misuse(certificate, purpose)
    if misuse:
        yield error(path, f"{certificate.describe()} {misuse}.")


# Tokens and times.


def _clock(step: Timestamp | UsernameToken, path: str) -> Iterator[Finding]:
    if isinstance(step, Timestamp) and step.ttl_seconds > LONG_SECONDS:
        yield note(f"{path}.ttl_seconds", "A recorded request stays valid for over an hour.")
    if step.clock_offset_seconds:
        yield note(
            f"{path}.clock_offset_seconds",
            "Times are written by another clock than ours; it is better to set the clocks.",
        )
    if step.offset != "Z":
        yield note(
            f"{path}.offset", "Times are not written in UTC, as the Basic Security Profile demands."
        )


def _token(step: UsernameToken, steps: Sequence[Step], path: str, plan: Plan) -> Iterator[Finding]:
    hidden = _is_covered("username_token", steps, Encryption, plan)
    if step.password_type == "text" and not hidden:
        yield warning(
            f"{path}.password_type",
            "The password is readable in the message: send it over TLS only, or encrypt the part "
            "username_token.",
        )
    guessable = step.password_type == "digest" or step.derive_for != "none"
    if guessable and not hidden and _is_plain_http(plan):
        option = "password_type" if step.derive_for == "none" else "derive_for"
        yield warning(
            f"{path}.{option}",
            "The service is called without TLS: whoever reads the message can try passwords against it.",
        )
    signed_by = [item.key for item in steps if isinstance(item, Signature)]
    if step.derive_for != "none" and step.name in signed_by:
        return
    if signed_by and not _is_covered("username_token", steps, Signature, plan):
        yield warning(path, "No signature covers the token, so it can be put into another message.")


def _is_plain_http(plan: Plan) -> bool:
    return str(plan.service.address or plan.service.wsdl or "").lower().startswith("http://")


def _addressing(steps: Sequence[Step], path: str, plan: Plan) -> Iterator[Finding]:
    if any(isinstance(step, Signature) for step in steps) and not _is_covered(
        "header", steps, Signature, plan
    ):
        yield note(
            path,
            "No signature covers an addressing block: sign the part headers, or header:wsa:To and others.",
        )


# What is covered.

_Covered = Literal["body", "timestamp", "username_token", "header"]


def _coverage(steps: Sequence[Step], where: str, plan: Plan) -> Iterator[Finding]:
    if not any(isinstance(step, Signature) for step in steps):
        if any(isinstance(step, Encryption) and step.recipients for step in steps):
            yield warning(where, "It is encrypted, but not signed: anybody could have made it.")
        elif any(isinstance(step, UsernameToken | BinaryToken) for step in steps):
            yield note(where, "Nothing is signed: only TLS protects the message and its token.")
        return
    yield from _sender(steps, where)
    if not _is_covered("body", steps, Signature, plan):
        yield warning(where, "No signature covers the Body: its content can be exchanged.")
    if not any(isinstance(step, Timestamp) for step in steps):
        yield warning(where, "There is no Timestamp: a recorded request stays valid for ever.")
    elif not _is_covered("timestamp", steps, Signature, plan):
        yield warning(where, "No signature covers the Timestamp: it can be renewed by anybody.")


def _sender(steps: Sequence[Step], where: str) -> Iterator[Finding]:
    """Note signatures that anybody can make who has the partner's certificate."""
    makers = [
        find_maker(step.key, steps[:index])
        for index, step in enumerate(steps)
        if isinstance(step, Signature)
    ]
    named = any(isinstance(step, UsernameToken) for step in steps)
    if not named and all(isinstance(maker, SessionKey) for maker in makers):
        yield note(
            where,
            "It is signed with a key that anybody can make for the recipient: it does not say who sent "
            "it. Add a signature with a key pair or a UsernameToken if the service must know.",
        )


def _is_covered(
    kind: _Covered, steps: Sequence[Step], by: type[Signature] | type[Encryption], plan: Plan
) -> bool:
    """Whether a step covers a part; an expression or Id may mean anything and gets the benefit."""
    parts = [part for step in steps if isinstance(step, by) for part in plan.parts[id(step)]]
    return any(may_mean(part, kind) for part in parts)


def may_mean(part: Part, kind: _Covered) -> bool:
    """Whether a part is of ``kind``, or may be: an expression or Id gets the benefit."""
    if part.kind in (kind, "id", "xpath", "envelope") or (
        kind == "header" and part.kind == "headers"
    ):
        return True
    if kind == "header":
        return part.kind == "element"
    tags = _BODIES if kind == "body" else {IN_SECURITY[kind]}
    return part.kind == "element" and part.value in tags
