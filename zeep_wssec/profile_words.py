"""A profile in plain words: what is sent, what answers must prove, and with which certificates."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime

from lxml import etree

from zeep_wssec.demands import (
    Anonymous,
    AnyoneUnder,
    Demands,
    Inbound,
    OverTLS,
    Pin,
    SignedBy,
    Unverified,
)
from zeep_wssec.errors import ProfileError
from zeep_wssec.exchange import Exchange
from zeep_wssec.keys.certificate import Certificate
from zeep_wssec.keys.entries import KeyEntry, PartnerEntry
from zeep_wssec.plan import Plan
from zeep_wssec.profile_key_names import find_maker
from zeep_wssec.profile_payloads import describe_payloads
from zeep_wssec.profile_step_words import describe_parts, describe_step, listed
from zeep_wssec.requirements import demands_for, signers_for
from zeep_wssec.settings import (
    BasicSecurityProfile,
    Encryption,
    SecurityContext,
    Signature,
    Step,
    Timestamp,
    UsernameToken,
)
from zeep_wssec.settings.tls import TLS
from zeep_wssec.soap.envelope import Envelope
from zeep_wssec.soap.namespaces import SOAP11, SOAP12
from zeep_wssec.soap.parts import Part, find_part

_USER_INFO = re.compile(r"(?<=//)[^/@\s]*@")
_EMPTY = tuple(
    Envelope.read(
        etree.fromstring(f'<s:Envelope xmlns:s="{uri}"><s:Header/><s:Body/></s:Envelope>'),
        error=ProfileError,
    )
    for uri in (SOAP11, SOAP12)
)
"""Messages without content, to see what a part means in any message."""
_LEVELS = {
    "table": "each rule at its own level",
    "error": "whatever breaks a rule is refused",
    "warn": "what breaks a rule is a warning",
}
_RULE_LEVELS = {"error": "refuses", "warn": "warns", "ignore": "is ignored"}
_USER_PROOFS = {
    "digest": "its digest",
    "text": "the readable text",
    "derived_key": "a key derived from it",
}


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
    lines += _basic_profile(plan.bsp)
    lines += _connection(plan.tls)
    lines += describe_payloads(plan)
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
        f"  {index + 1}. {describe_step(step, plan, steps[:index])}"
        for index, step in enumerate(steps)
    ]


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
        yield from (f"  - {line}" for line in _proofs(demands, plan, steps))
    else:
        yield from _derived(what, steps, plan)


def _derived(what: str, steps: Sequence[Step], plan: Plan) -> Iterator[str]:
    derived = derive_demands(steps, plan)
    if not isinstance(derived, Inbound):
        yield f"{what}: nothing is stated and the request has no signature or encrypted Body, so"
        yield "  nothing can be demanded; security that it carries must be valid."
        return
    yield f"{what} must prove (not stated; derived from the steps of the request):"
    yield from (f"  - {line}" for line in _proofs(derived, plan, steps))


def derive_demands(steps: Sequence[Step], plan: Plan) -> Demands | None:
    """Give what an unset ``inbound`` asks of the answer to a request of these steps, or ``None``.

    The check itself goes by the request as it was sent; this says the same ahead of it.
    """
    sealed = any(
        means_body(part, plan)
        for step in steps
        if isinstance(step, Encryption)
        for part in plan.parts[id(step)]
    )
    signs = any(isinstance(step, Signature) for step in steps)
    request = Exchange(
        signature_values=("",) if signs else (),
        has_timestamp=any(isinstance(step, Timestamp) for step in steps),
        has_encrypted_body=sealed,
    )
    return demands_for(plan, request)


def means_body(part: Part, plan: Plan) -> bool:
    """Whether a part is the Body of a message, in whichever form it is written."""
    for empty in _EMPTY:
        found = find_part(part, envelope=empty, security=None, namespaces=plan.namespaces)
        if any(element is empty.body for element in found):
            return True
    return False


def shared_signers(demands: Inbound, steps: Sequence[Step], plan: Plan) -> list[str]:
    """Give the secrets and users whose keys prove answers and sign our requests, too.

    Args:
        demands: What answers must prove.
        steps: What the request is protected with.
        plan: The profile.

    Raises:
        ProfileError: Something must be signed, and nothing tells by whom.
    """
    ours: set[str | None] = set()
    for index, step in enumerate(steps):
        if isinstance(step, Signature):
            maker = find_maker(step.key, steps[:index])
            if isinstance(maker, UsernameToken):
                ours.add(maker.username)
            else:
                ours.add(maker.key if isinstance(maker, SecurityContext) else step.key)
    held = plan.keystore.snapshot()
    shared = {*held.secrets, *held.users} - {*held.partners}
    return [signer for signer in signers_for(plan, demands) if signer in shared and signer in ours]


def _proofs(demands: Inbound, plan: Plan, steps: Sequence[Step]) -> Iterator[str]:
    if demands.signed:
        yield f"signed by {_signers(demands, plan)}: {describe_parts(demands.signed)}"
    if demands.encrypted:
        yield f"encrypted to us: {describe_parts(demands.encrypted)}"
    if demands.unsigned_ciphertext == "refuse":
        yield "encrypted before it was signed, if anything is: no ciphertext outside of the signature"
    if demands.fresh_seconds is not None:
        skew = demands.clock_skew_seconds
        yield f"a Timestamp at most {demands.fresh_seconds} seconds old (clocks may differ by {skew})"
    if demands.related == "required":
        signed = ", signed and" if demands.signed else ""
        yield f"RelatesTo{signed} with the MessageID of the request"
    else:
        signed = "signed and " if demands.signed else ""
        yield f"RelatesTo, if there is one, {signed}with the MessageID of the request"
    if demands.signature_confirmation == "required":
        yield "SignatureConfirmation of every signature of the request"
    else:
        yield "SignatureConfirmation, if there is one, of every signature of the request"
    if _is_bound(demands, plan, steps):
        yield (
            "which request it answers, by a signed RelatesTo or SignatureConfirmation: the same secret "
            "signs our requests"
        )
    if demands.username_token is not None:
        yield f"the password of a user of the keystore, by {_USER_PROOFS[demands.username_token]}"
    if demands.order:
        yield f"read in the order {listed(demands.order)}"
    if demands.unsigned_faults == "accept":
        yield "nothing, if it is a Fault: an unprotected Fault reaches the caller"
    if demands.empty_replies == "accept":
        yield "nothing, if it is empty"


def _is_bound(demands: Inbound, plan: Plan, steps: Sequence[Step]) -> bool:
    try:
        return bool(shared_signers(demands, steps, plan))
    except ProfileError:
        return False


def _signers(demands: Inbound, plan: Plan) -> str:
    try:
        signers = signers_for(plan, demands)
    except ProfileError as error:
        return f"somebody who is not named ({error.hint.rstrip('.')})"
    return " or ".join(_signer(item, plan) for item in signers)


def _signer(signer: SignedBy, plan: Plan) -> str:
    if isinstance(signer, str):
        return f"{signer!r} ({_entry(signer, plan)})"
    if isinstance(signer, Pin):
        return f"the certificate with SHA-256 {signer.sha256[:16]}…"
    if isinstance(signer, AnyoneUnder):
        return f"anyone under the trust anchors ({signer.reason})"
    if isinstance(signer, Anonymous):
        return f"whoever knows our certificate ({signer.reason})"
    return f"the subject {signer.name} under the trust anchors"


def _entry(alias: str, plan: Plan) -> str:
    held = plan.keystore.snapshot()
    if alias in held.partners:
        return held.partners[alias].certificate.subject
    if alias in held.secrets:
        return "a secret that we share"
    return "a user" if alias in held.users else "not in the keystore"


def _header(plan: Plan) -> Iterator[str]:
    header = plan.header
    notes = [f"layout {header.layout}"]
    if header.actor is not None:
        notes.append(f"for the actor {header.actor}")
    notes.append("must be understood" if header.must_understand else "need not be understood")
    if header.order:
        notes.append(f"children in the order {listed(header.order)}")
    if header.attributes:
        notes.append(f"with the attributes {listed(header.attributes)}")
    if header.namespace != "1.0":
        notes.append(f"in the namespace of {header.namespace}")
    if header.extend:
        notes.append("added to one that is there")
    if header.understood:
        notes.append(f"beside {listed(header.understood)}, which the program understands")
    yield f"Security header: {', '.join(notes)}."


def _basic_profile(bsp: BasicSecurityProfile | None) -> Iterator[str]:
    if bsp is None:
        return
    ways = {"come in": bsp.inbound, "are sent": bsp.outbound}
    checked = " and that ".join(way for way, holds in ways.items() if holds)
    if not checked:
        yield "Basic Security Profile 1.1: stated, but switched off both ways."
        return
    yield f"Basic Security Profile 1.1 for messages that {checked}: {_LEVELS[bsp.level]}."
    if bsp.rules:
        changed = (f"{rule} {_RULE_LEVELS[level]}" for rule, level in sorted(bsp.rules.items()))
        yield f"  But {listed(tuple(changed))}."


def _connection(tls: TLS | None) -> Iterator[str]:
    if tls is None:
        return
    shown = "no client certificate"
    if tls.client_key is not None:
        shown = "the only key" if tls.key_alias is None else f"the key {tls.key_alias!r}"
    given = [*_counted(len(tls.trust), "file"), *_counted(len(tls.trust_aliases), "certificate")]
    trust = f"{' and '.join(given)} of ours" if given else "the CAs of requests"
    yield f"TLS {tls.minimum_version} or later with {shown}; the server is trusted by {trust}."
    if tls.pins:
        yield f"The server must have one of {len(tls.pins)} pins."


def _counted(count: int, what: str) -> list[str]:
    return [f"{count} {what}{'s' if count > 1 else ''}"] if count else []


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
    for key in held.key_entries:
        yield f"key {key.alias!r}{_number(key, held.keys_of(key.alias))}", key.certificate
        for item in key.chain:
            yield f"chain of {key.alias!r}", item
    for partner in held.partner_entries:
        which = _number(partner, held.partners_of(partner.alias))
        yield f"partner {partner.alias!r}{which}", partner.certificate
    for anchor in held.trust.anchors:
        yield "trust anchor", anchor
    for item in held.trust.intermediates:
        yield "intermediate", item


def _number(
    entry: KeyEntry | PartnerEntry, several: Sequence[KeyEntry] | Sequence[PartnerEntry]
) -> str:
    """Say which of several under one alias it is, and from when on it is in use."""
    number = [item is entry for item in several].index(True) + 1
    which = f", certificate {number} of {len(several)}" if len(several) > 1 else ""
    since = entry.serves_from
    return which if since is None else f"{which}, in use from {since.isoformat()}"


def _certificate(certificate: Certificate, now: datetime) -> str:
    left = (certificate.not_after - now).days
    until = f"until {certificate.not_after:%Y-%m-%d}"
    rest = "expired" if now > certificate.not_after else f"{left} days left"
    if now < certificate.not_before:
        until, rest = f"from {certificate.not_before:%Y-%m-%d}", "not valid yet"
    kind = f"{certificate.key_kind} {certificate.key_bits}"
    return f"{certificate.subject or '(no subject)'}, {kind}, {until} ({rest})"
