"""What is weak in a profile, or about to fail: each finding with its place and what to do."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from zeep_wssec.demands import AnyoneUnder, Demands, Inbound, OverTLS, Unverified
from zeep_wssec.errors import KeyMaterialError, ProfileError
from zeep_wssec.keys.certificate import Certificate
from zeep_wssec.keys.fitness import Purpose, describe_misuse, describe_weakness
from zeep_wssec.keys.server_trust import check_server_trust
from zeep_wssec.plan import Plan
from zeep_wssec.profile_words import derive_demands, named_certificates, without_user_info
from zeep_wssec.requirements import signers_for
from zeep_wssec.settings import Encryption, Signature, Step, Timestamp, UsernameToken
from zeep_wssec.soap.namespaces import SOAP11, SOAP12
from zeep_wssec.soap.parts import IN_SECURITY, Part, parse_parts
from zeep_wssec.wsdl_names import WsdlNames, is_local, read_wsdl_names
from zeep_wssec.xmlcrypto import algorithms

Severity = Literal["error", "warning", "note"]
SOON = timedelta(days=30)
"""How long before its end a certificate is reported: what most CAs need to renew one."""
_BODIES = {f"{{{SOAP11}}}Body", f"{{{SOAP12}}}Body"}
LONG_SECONDS = 3600
"""Above this a recorded message stays usable for longer than anybody watches."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing to know about a profile."""

    severity: Severity
    """``"error"``: it fails, now; ``"warning"``: it is weaker than it could be, or fails soon; ``"note"``:
    worth a look."""
    path: str
    """Where in a profile file: ``outbound[1].legacy.sha1``."""
    text: str
    """What it is and what to do."""

    def __str__(self) -> str:
        return f"{self.severity}: {self.path}: {self.text}"


def weaknesses(plan: Plan, now: datetime) -> list[Finding]:
    """Give what is weak in a profile or about to fail, errors first; empty when there is nothing.

    Args:
        plan: What to look at.
        now: Aware UTC time, for what expires.
    """
    found = [*_steps(plan.outbound, "outbound", plan), *_demands(plan, now)]
    for name, overlay in plan.operations.items():
        where = f"operation.{name}"
        if overlay.outbound is not None:
            found += _steps(overlay.outbound, f"{where}.outbound", plan)
        steps, demands = plan.for_operation([name])
        if overlay.inbound is not None or (demands is None and overlay.outbound is not None):
            found += _answers(demands, steps, f"{where}.inbound", plan, now)
    found += [*_certificates(plan, now), *_connection(plan), *_wsdl(plan)]
    order = ("error", "warning", "note")
    return sorted(found, key=lambda item: order.index(item.severity))


def _error(path: str, text: str) -> Finding:
    return Finding(severity="error", path=path, text=text)


def _warning(path: str, text: str) -> Finding:
    return Finding(severity="warning", path=path, text=text)


def _note(path: str, text: str) -> Finding:
    return Finding(severity="note", path=path, text=text)


# What is sent.


def _steps(steps: Sequence[Step], where: str, plan: Plan) -> Iterator[Finding]:
    for index, step in enumerate(steps):
        path = f"{where}[{index}]"
        if isinstance(step, Timestamp) and step.ttl_seconds > LONG_SECONDS:
            yield _note(f"{path}.ttl_seconds", "A recorded request stays valid for over an hour.")
        elif isinstance(step, UsernameToken):
            yield from _token(step, steps, path, plan)
        elif isinstance(step, Signature):
            yield from _opt_ins(step.legacy, _used_by_signature(step), path)
            yield from _own_key(step, path, plan)
        elif isinstance(step, Encryption):
            yield from _opt_ins(step.legacy, _used_by_encryption(step), path)
            yield from _cipher(step, path)
            yield from _recipients(step, path, plan)
    yield from _coverage(steps, where, plan)


def _opt_ins(legacy: Mapping[str, str], used: set[str], path: str) -> Iterator[Finding]:
    for name, reason in legacy.items():
        what = algorithms.LEGACY[name]
        if name in used:
            yield _warning(f"{path}.legacy.{name}", f"{what} is in use: {reason}")
        else:
            yield _note(f"{path}.legacy.{name}", f"{what} is allowed, but not used; remove it.")


def _used_by_signature(step: Signature) -> set[str]:
    method = step.signature_method
    return {step.digest_method.legacy, method.legacy if method else ""}


def _used_by_encryption(step: Encryption) -> set[str]:
    return {step.transport.legacy, step.cipher.mode}


def _cipher(step: Encryption, path: str) -> Iterator[Finding]:
    if step.cipher.mode == "cbc":
        yield _warning(
            f"{path}.algorithm",
            f"{step.algorithm} does not notice a change of the ciphertext; "
            f"use {step.algorithm.replace('cbc', 'gcm')} if the service takes it.",
        )


def _own_key(step: Signature, path: str, plan: Plan) -> Iterator[Finding]:
    try:
        entry = plan.keystore.snapshot().require_key(step.key)
        entry.require_signer()
    except KeyMaterialError as error:
        yield _error(f"{path}.key", str(error))
    else:
        yield from _misuse(entry.certificate, "sign", f"{path}.key")


def _recipients(step: Encryption, path: str, plan: Plan) -> Iterator[Finding]:
    for index, alias in enumerate(step.recipients):
        try:
            certificate = plan.keystore.snapshot().require_certificate(alias)
        except KeyMaterialError as error:
            yield _error(f"{path}.recipients[{index}]", str(error))
            continue
        where = f"{path}.recipients[{index}]"
        if certificate.key_kind not in ("rsa", "unknown"):
            kind = certificate.key_kind
            yield _error(where, f"{step.key_transport} needs an RSA key; {alias!r} has {kind}.")
        else:
            yield from _misuse(certificate, "encrypt", where)


def _misuse(certificate: Certificate, purpose: Purpose, path: str) -> Iterator[Finding]:
    misuse = describe_misuse(certificate, purpose)
    if misuse:
        yield _error(path, f"{certificate.describe()} {misuse}.")


def _token(step: UsernameToken, steps: Sequence[Step], path: str, plan: Plan) -> Iterator[Finding]:
    hidden = _is_covered("username_token", steps, Encryption, plan)
    if step.password_type == "text" and not hidden:
        yield _warning(
            f"{path}.password_type",
            "The password is readable in the message: send it over TLS only, or encrypt the part "
            "username_token.",
        )
    signs = any(isinstance(item, Signature) for item in steps)
    if signs and not _is_covered("username_token", steps, Signature, plan):
        yield _warning(
            path, "No signature covers the token, so it can be put into another message."
        )


def _coverage(steps: Sequence[Step], where: str, plan: Plan) -> Iterator[Finding]:
    encrypts = any(isinstance(step, Encryption) for step in steps)
    if not any(isinstance(step, Signature) for step in steps):
        if encrypts:
            yield _warning(where, "It is encrypted, but not signed: anybody could have made it.")
        elif any(isinstance(step, UsernameToken) for step in steps):
            yield _note(where, "Nothing is signed: only TLS protects the message and its token.")
        return
    if not _is_covered("body", steps, Signature, plan):
        yield _warning(where, "No signature covers the Body: its content can be exchanged.")
    if not any(isinstance(step, Timestamp) for step in steps):
        yield _warning(where, "There is no Timestamp: a recorded request stays valid for ever.")
    elif not _is_covered("timestamp", steps, Signature, plan):
        yield _warning(where, "No signature covers the Timestamp: it can be renewed by anybody.")


def _is_covered(
    kind: Literal["body", "timestamp", "username_token"],
    steps: Sequence[Step],
    by: type[Signature] | type[Encryption],
    plan: Plan,
) -> bool:
    """Whether a step covers a part; an expression or Id may mean anything and gets the benefit."""
    parts = [part for step in steps if isinstance(step, by) for part in plan.parts[id(step)]]
    return any(_means(part, kind) for part in parts)


def _means(part: Part, kind: Literal["body", "timestamp", "username_token"]) -> bool:
    tags = _BODIES if kind == "body" else {IN_SECURITY[kind]}
    return part.kind in (kind, "id", "xpath") or (part.kind == "element" and part.value in tags)


# What answers must prove.


def _demands(plan: Plan, now: datetime) -> Iterator[Finding]:
    if plan.outbound or plan.inbound is not None:
        yield from _answers(plan.inbound, plan.outbound, "inbound", plan, now)


def _answers(
    demands: Demands | None, steps: Sequence[Step], where: str, plan: Plan, now: datetime
) -> Iterator[Finding]:
    if isinstance(demands, Unverified):
        yield from _unverified(demands, where, now)
    elif isinstance(demands, OverTLS):
        yield _warning(where, "Answers are proved by TLS alone: whoever ends it can change them.")
    elif isinstance(demands, Inbound):
        yield from _inbound(demands, where, plan)
    else:
        derived = derive_demands(steps, plan)
        if not isinstance(derived, Inbound):
            yield _warning(
                where,
                'Nothing is demanded of answers; say mode = "over_tls" if TLS is the proof, or what '
                "must be signed.",
            )
            return
        if not derived.signed:
            yield _warning(where, "Answers need only be encrypted, and anybody can encrypt to us.")
        yield from _signers(derived, where, plan)


def _unverified(demands: Unverified, where: str, now: datetime) -> Iterator[Finding]:
    try:
        demands.check_in_force(now)
    except ProfileError as error:
        yield _error(f"{where}.until", str(error.message))
        return
    yield _warning(where, f"Answers prove nothing: {demands.reason}")
    if demands.until is None:
        yield _note(f"{where}.until", "The exception has no end; give it a date.")


def _inbound(demands: Inbound, where: str, plan: Plan) -> Iterator[Finding]:
    yield from _signers(demands, where, plan)
    for name, reason in demands.legacy.items():
        yield _warning(f"{where}.legacy.{name}", f"{algorithms.LEGACY[name]} is accepted: {reason}")
    parts = parse_parts(demands.signed, namespaces=plan.namespaces)
    if not any(_means(part, "body") for part in parts):
        yield _warning(f"{where}.signed", "The Body of an answer need not be signed.")
    if demands.fresh_seconds is None:
        yield _warning(
            f"{where}.fresh_seconds", "An old answer can be sent again: no Timestamp is demanded."
        )
    elif demands.fresh_seconds > LONG_SECONDS:
        yield _note(f"{where}.fresh_seconds", "An answer is taken for fresh for over an hour.")
    if demands.unsigned_faults == "accept":
        yield _warning(
            f"{where}.unsigned_faults",
            "A Fault that nothing protects is accepted: anybody on the way can write one.",
        )
    if demands.empty_replies == "accept":
        yield _note(f"{where}.empty_replies", "An empty answer is accepted; it proves nothing.")


def _signers(demands: Inbound, where: str, plan: Plan) -> Iterator[Finding]:
    path = f"{where}.signed_by"
    try:
        signers = signers_for(plan, demands)
    except ProfileError as error:
        yield _error(path, f"{error.message} {error.hint}")
        return
    held = plan.keystore.snapshot()
    for signer in signers:
        if isinstance(signer, str) and signer not in held.partners:
            yield _error(path, f"The keystore has no partner {signer!r}.")
        if isinstance(signer, AnyoneUnder):
            yield _warning(
                path, f"Whoever holds a certificate of these CAs may sign: {signer.reason}"
            )


# Certificates and connection.


def _certificates(plan: Plan, now: datetime) -> Iterator[Finding]:
    for name, certificate in named_certificates(plan):
        path = "keystore" if name.startswith(("key", "chain", "partner")) else "trust"
        what = f"{name} ({certificate.subject})"
        day = f"{certificate.not_after:%Y-%m-%d}"
        if now > certificate.not_after:
            yield _error(path, f"The certificate of {what} expired on {day}.")
        elif now < certificate.not_before:
            start = f"{certificate.not_before:%Y-%m-%d}"
            yield _error(path, f"The certificate of {what} is not valid before {start}.")
        elif certificate.not_after - now <= SOON:
            left = (certificate.not_after - now).days
            yield _warning(path, f"The certificate of {what} expires on {day}, in {left} days.")
        weakness = describe_weakness(certificate)
        if weakness:
            yield _error(path, f"The certificate of {what} {weakness}.")


def _connection(plan: Plan) -> Iterator[Finding]:
    for name in ("wsdl", "address"):
        value = str(getattr(plan.service, name) or "")
        if value.lower().startswith("http://"):
            shown = without_user_info(value)
            yield _warning(f"service.{name}", f"{shown} is without TLS: anybody can change it.")
        if value != without_user_info(value):
            yield _warning(f"service.{name}", "The address holds a user name or password.")
    if plan.tls is not None and plan.tls.client_key is not None:
        try:
            plan.keystore.snapshot().require_key(plan.tls.client_key)
        except KeyMaterialError as error:
            yield _error("tls.client_key", str(error))
    try:
        check_server_trust(plan.tls.trust if plan.tls is not None else ())
    except KeyMaterialError as error:
        yield _error(str(error.details.get("path", "tls.trust")), f"{error.message} {error.hint}")


def _wsdl(plan: Plan) -> Iterator[Finding]:
    """Report a WSDL file that cannot be read, and overlays for operations that it does not have."""
    wsdl = plan.service.wsdl
    if wsdl is None or not is_local(wsdl):
        return
    try:
        names = read_wsdl_names(wsdl)
    except ProfileError as error:
        yield _error("service.wsdl", str(error.message))
        return
    for name in plan.operations:
        if names.complete and name not in names.told:
            yield _unmatched(name, names)


def _unmatched(name: str, names: WsdlNames) -> Finding:
    path, known = f"operation.{name}", sorted(names.told | names.operations)
    close = (
        difflib.get_close_matches(name, known, n=3)
        or [item for item in known if name.lower() in item.lower()][:3]
    )
    hint = f"Did you mean {' or '.join(close)}?" if close else f"It has {', '.join(known)}."
    if name in names.operations:
        return _warning(
            path,
            "A message does not tell this name: write its SOAP action or the name of its Body's child, "
            f"or give operation= to secure and check. Messages tell {', '.join(sorted(names.told))}.",
        )
    return _error(path, f"The WSDL has no such operation, action or element. {hint}")
