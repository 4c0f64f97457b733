"""A profile in plain words: what is sent, what answers must prove, and with which certificates."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from zeep_wssec.demands import AnyoneUnder, Demands, Inbound, OverTLS, Pin, SignedBy, Unverified
from zeep_wssec.errors import KeyMaterialError, ProfileError
from zeep_wssec.exchange import Exchange
from zeep_wssec.keys.certificate import Certificate
from zeep_wssec.plan import TLS, Plan
from zeep_wssec.requirements import demands_for, signers_for
from zeep_wssec.settings import Encryption, Signature, Step, Timestamp, UsernameToken
from zeep_wssec.xmlcrypto.algorithms import default_signature_method

_USER_INFO = re.compile(r"(?<=//)[^/@\s]*@")
_REFERENCES = {
    "binary_token": "travels with the message",
    "issuer_serial": "is named by issuer and serial number",
    "subject_key_identifier": "is named by its subject key identifier",
    "thumbprint": "is named by its SHA-1 thumbprint",
    "x509_key_identifier": "travels inside the key reference",
    "x509_data": "travels in X509Data",
}
"""What a message says about a certificate, by ``key_reference``."""


def describe(plan: Plan, now: datetime) -> list[str]:
    """Give a profile in plain words, line by line.

    A missing key or partner is said in its place, so a profile that cannot run can still be read.

    Args:
        plan: What to describe.
        now: Aware UTC time, for what is left of the certificates.
    """
    lines = list(_service(plan))
    lines += _sent("Every request", plan.outbound, plan)
    lines += _demanded("Every answer", plan.inbound, plan.outbound, plan)
    for name in plan.operations:
        steps, demands = plan.for_operation([name])
        lines += _sent(f"Every request of {name!r}", steps, plan)
        lines += _demanded(f"Every answer to {name!r}", demands, steps, plan)
    lines += _header(plan)
    lines += _connection(plan.tls)
    lines += _certificates(plan, now)
    return lines


def _service(plan: Plan) -> Iterator[str]:
    service = plan.service
    if service.wsdl is not None:
        where = without_user_info(service.address or "the address in it")
        yield f"Service: {without_user_info(str(service.wsdl))}, called at {where}."
    elif service.address is not None:
        yield f"Service: called at {without_user_info(service.address)}."
    yield f"Timeout: {service.timeout_seconds:g} seconds for each call."


def without_user_info(address: str) -> str:
    """Give an address without the user name and password that may stand in it."""
    return _USER_INFO.sub("…@", address)


def _sent(what: str, steps: Sequence[Step], plan: Plan) -> list[str]:
    if not steps:
        return [f"{what} is sent as it is, without a security header."]
    lines = [f"{what} is protected in these steps:"]
    return lines + [
        f"  {number}. {describe_step(step, plan)}" for number, step in enumerate(steps, 1)
    ]


def describe_step(step: Step, plan: Plan) -> str:
    """Give one step of ``outbound`` in words."""
    if isinstance(step, Timestamp):
        return f"Timestamp that expires after {step.ttl_seconds} seconds, in {step.precision}."
    if isinstance(step, UsernameToken):
        return _username_token(step)
    if isinstance(step, Signature):
        return _signature(step, plan)
    return _encryption(step, plan)


def _username_token(step: UsernameToken) -> str:
    password = {
        "digest": "the SHA-1 digest of the password with nonce and time",
        "text": "the password as readable text",
        "none": "no password",
    }[step.password_type]
    return f"UsernameToken for {step.username!r} with {password}."


def _signature(step: Signature, plan: Plan) -> str:
    try:
        entry = plan.keystore.snapshot().require_key(step.key)
    except KeyMaterialError as error:
        key, algorithm = f"a key that is not there ({error.message})", step.algorithm
    else:
        key = f"the key {entry.alias!r}"
        default = default_signature_method(entry.certificate.key_kind, "sha256")
        algorithm = step.algorithm or (default.name if default else None)
    return (
        f"Signature over {_parts(step.parts)} with {key} by {algorithm or 'an algorithm of the key'}, "
        f"digests {step.digest}; the certificate {_REFERENCES[step.key_reference]}."
    )


def _encryption(step: Encryption, plan: Plan) -> str:
    known = plan.keystore.snapshot()
    names = []
    for alias in step.recipients:
        there = alias in known.partners or alias in known.keys
        names.append(repr(alias) if there else f"{alias!r} (not in the keystore)")
    oaep = step.transport.scheme == "rsa-oaep"
    detail = f" (digest {step.digest}, MGF1 {step.mask.name})" if oaep else ""
    return (
        f"Encryption of {_parts(step.parts)} for {_listed(names)} by {step.algorithm}; the key under "
        f"{step.key_transport}{detail}; the certificate {_REFERENCES[step.key_reference]}."
    )


def _demanded(
    what: str, demands: Demands | None, steps: Sequence[Step], plan: Plan
) -> Iterator[str]:
    if isinstance(demands, Unverified):
        until = f" until {demands.until}" if demands.until is not None else ""
        yield f"{what} is taken without proof{until}: {demands.reason}"
        yield "  Security that it carries must still be valid."
    elif isinstance(demands, OverTLS):
        yield f"{what} is proved by the TLS session alone; security that it carries must be valid."
    elif isinstance(demands, Inbound):
        yield f"{what} must prove:"
        yield from (f"  - {line}" for line in _proofs(demands, plan))
    else:
        yield from _derived(what, steps, plan)


def _derived(what: str, steps: Sequence[Step], plan: Plan) -> Iterator[str]:
    derived = derive_demands(steps, plan)
    if not isinstance(derived, Inbound):
        yield f"{what}: nothing is stated and the request has no signature or encrypted Body, so"
        yield "  nothing can be demanded; security that it carries must be valid."
        return
    yield f"{what} must prove (not stated; derived from the steps of the request):"
    yield from (f"  - {line}" for line in _proofs(derived, plan))


def derive_demands(steps: Sequence[Step], plan: Plan) -> Demands | None:
    """Give what an unset ``inbound`` asks of the answer to a request of these steps, or ``None``.

    The check itself goes by the request as it was sent; this says the same ahead of it.
    """
    sealed = [
        part
        for step in steps
        if isinstance(step, Encryption)
        for part in plan.parts[id(step)]
        if part.kind == "body"
    ]
    signs = any(isinstance(step, Signature) for step in steps)
    request = Exchange(
        signature_values=("",) if signs else (),
        has_timestamp=any(isinstance(step, Timestamp) for step in steps),
        has_encrypted_body=bool(sealed),
    )
    return demands_for(plan, request)


def _proofs(demands: Inbound, plan: Plan) -> Iterator[str]:
    if demands.signed:
        yield f"signed by {_signers(demands, plan)}: {_parts(demands.signed)}"
    if demands.encrypted:
        yield f"encrypted to us: {_parts(demands.encrypted)}"
    if demands.fresh_seconds is not None:
        skew = demands.clock_skew_seconds
        yield f"a Timestamp at most {demands.fresh_seconds} seconds old (clocks may differ by {skew})"
    if demands.related == "required":
        yield "RelatesTo with the MessageID of the request"
    else:
        yield "RelatesTo, if there is one, with the MessageID of the request"
    if demands.unsigned_faults == "accept":
        yield "nothing, if it is a Fault: an unprotected Fault reaches the caller"
    if demands.empty_replies == "accept":
        yield "nothing, if it is empty"


def _signers(demands: Inbound, plan: Plan) -> str:
    try:
        signers = signers_for(plan, demands)
    except ProfileError as error:
        return f"somebody who is not named ({error.hint.rstrip('.')})"
    return " or ".join(_signer(item, plan) for item in signers)


def _signer(signer: SignedBy, plan: Plan) -> str:
    if isinstance(signer, str):
        partner = plan.keystore.snapshot().partners.get(signer)
        known = partner.certificate.subject if partner else "not in the keystore"
        return f"{signer!r} ({known})"
    if isinstance(signer, Pin):
        return f"the certificate with SHA-256 {signer.sha256[:16]}…"
    if isinstance(signer, AnyoneUnder):
        return f"anyone under the trust anchors ({signer.reason})"
    return f"the subject {signer.name} under the trust anchors"


def _header(plan: Plan) -> Iterator[str]:
    header = plan.header
    notes = [f"layout {header.layout}"]
    if header.actor is not None:
        notes.append(f"for the actor {header.actor}")
    notes.append("must be understood" if header.must_understand else "need not be understood")
    if header.extend:
        notes.append("added to one that is there")
    yield f"Security header: {', '.join(notes)}."


def _connection(tls: TLS | None) -> Iterator[str]:
    if tls is None:
        return
    shown = "no client certificate" if tls.client_key is None else f"the key {tls.client_key!r}"
    count = len(tls.trust)
    trust = f"{count} file{'s' if count > 1 else ''} of ours" if count else "the CAs of requests"
    yield f"TLS {tls.minimum_version} or later with {shown}; the server is trusted by {trust}."


def _certificates(plan: Plan, now: datetime) -> Iterator[str]:
    held = list(named_certificates(plan))
    if held:
        yield "Certificates:"
    for name, certificate in held:
        yield f"  {name}: {_certificate(certificate, now)}"
    pins = plan.keystore.snapshot().trust.pins
    if pins:
        yield f"  pins: {', '.join(f'{pin[:16]}…' for pin in sorted(pins))}"


def named_certificates(plan: Plan) -> Iterator[tuple[str, Certificate]]:
    """Give every certificate of the keystore that can expire, with what it is to us."""
    held = plan.keystore.snapshot()
    for key in held.keys.values():
        yield f"key {key.alias!r}", key.certificate
        for item in key.chain:
            yield f"chain of {key.alias!r}", item
    for partner in held.partners.values():
        yield f"partner {partner.alias!r}", partner.certificate
    for anchor in held.trust.anchors:
        yield "trust anchor", anchor
    for item in held.trust.intermediates:
        yield "intermediate", item


def _certificate(certificate: Certificate, now: datetime) -> str:
    left = (certificate.not_after - now).days
    until = f"until {certificate.not_after:%Y-%m-%d}"
    rest = "expired" if now > certificate.not_after else f"{left} days left"
    if now < certificate.not_before:
        until, rest = f"from {certificate.not_before:%Y-%m-%d}", "not valid yet"
    kind = f"{certificate.key_kind} {certificate.key_bits}"
    return f"{certificate.subject or '(no subject)'}, {kind}, {until} ({rest})"


def _listed(items: Iterable[str]) -> str:
    return ", ".join(items) or "nothing"


def _parts(texts: Iterable[str]) -> str:
    return _listed(f"{text[:-1]} (if there)" if text.endswith("?") else text for text in texts)
