"""What is weak in a profile, or about to fail: each finding with its place and what to do."""

from __future__ import annotations

import base64
import difflib
import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from urllib.parse import urlsplit

from zeep_wssec.demands import Anonymous, AnyoneUnder, Demands, Inbound, OverTLS, Unverified
from zeep_wssec.errors import KeyMaterialError, ProfileError
from zeep_wssec.keys.entries import PartnerEntry
from zeep_wssec.keys.fitness import describe_client_misuse, describe_misuse, describe_weakness
from zeep_wssec.keys.rotation import SOON
from zeep_wssec.keys.server_trust import check_server_trust
from zeep_wssec.plain_http import is_loopback, needs_tls
from zeep_wssec.plan import Plan
from zeep_wssec.profile_findings import Finding, error, note, warning
from zeep_wssec.profile_payloads import payload_findings
from zeep_wssec.profile_rotation_lint import (
    ends_unnoticed,
    idle_finding,
    kind_changes,
    rotation_findings,
)
from zeep_wssec.profile_step_lint import LONG_SECONDS, may_mean, step_weaknesses
from zeep_wssec.profile_words import (
    derive_demands,
    named_certificates,
    shared_signers,
    without_user_info,
)
from zeep_wssec.requirements import signers_for
from zeep_wssec.settings import Encryption, Step
from zeep_wssec.settings.tls import TLS
from zeep_wssec.soap.namespaces import PREFIXES, SOAP11, SOAP12
from zeep_wssec.soap.parts import parse_parts
from zeep_wssec.wsdl_names import WsdlNames, is_local, read_wsdl_names
from zeep_wssec.xmlcrypto import algorithms

__all__ = ["SOON", "Finding", "weaknesses"]

_HEADER_PREFIX = re.compile(rf"\b(?:{'|'.join(PREFIXES)}):|:Header\b")
_HEADER_NAMESPACES = frozenset((*PREFIXES.values(), SOAP11, SOAP12))
"""Of elements that stand in headers."""
_HEX = re.compile(rb"(?:[0-9a-fA-F]{2}){16,}")


def weaknesses(plan: Plan, now: datetime) -> list[Finding]:
    """Give what is weak in a profile or about to fail, errors first; empty when there is nothing.

    Args:
        plan: What to look at.
        now: Aware UTC time, for what expires.
    """
    found = [*_idle(plan), *step_weaknesses(plan.outbound, "outbound", plan), *_demands(plan, now)]
    for name, overlay in plan.operations.items():
        where = f"operation.{name}"
        if overlay.outbound is not None:
            found += step_weaknesses(overlay.outbound, f"{where}.outbound", plan)
        steps, demands = plan.for_operation([name])
        if overlay.inbound is not None or (demands is None and overlay.outbound is not None):
            found += _answers(demands, steps, f"{where}.inbound", plan, now)
    found += [*_header(plan), *_secrets(plan), *_mixed_up(plan), *_certificates(plan, now)]
    found += [*rotation_findings(plan, now), *kind_changes(plan)]
    found += [*_connection(plan), *_wsdl(plan), *payload_findings(plan, now)]
    order = ("error", "warning", "note")
    return sorted(found, key=lambda item: order.index(item.severity))


def _idle(plan: Plan) -> Iterator[Finding]:
    """A profile with ``[tls]`` or payloads alone is one; an empty one does nothing that it is loaded for."""
    uses = (plan.outbound, plan.operations, plan.payload, plan.service.http_signature)
    if not any(uses) and plan.inbound is None and plan.tls is None:
        yield warning(
            "outbound",
            "The profile protects nothing and demands nothing: it has no step, no demands, no [tls] and "
            "no payload.",
        )


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
        yield warning(where, "Answers are proved by TLS alone: whoever ends it can change them.")
    elif isinstance(demands, Inbound):
        yield from _inbound(demands, steps, where, plan)
    else:
        derived = derive_demands(steps, plan)
        if not isinstance(derived, Inbound):
            yield warning(
                where,
                'Nothing is demanded of answers; say mode = "over_tls" if TLS is the proof, or what '
                "must be signed.",
            )
            return
        if not derived.signed:
            yield warning(where, "Answers need only be encrypted, and anybody can encrypt to us.")
        if not derived.encrypted and _encrypts_inside_body(steps, plan):
            yield warning(
                f"{where}.encrypted",
                "Encrypts elements of the Body; answers need not be encrypted unless inbound.encrypted "
                "says so.",
            )
        yield from _signers(derived, steps, where, plan)


def _encrypts_inside_body(steps: Sequence[Step], plan: Plan) -> bool:
    """Whether a step encrypts what is likely to stand in the Body: no token, no header block, not the Body."""
    return any(
        (part.kind == "element" and not _is_of_header(part.value))
        or (part.kind == "xpath" and not _HEADER_PREFIX.search(part.value))
        for step in steps
        if isinstance(step, Encryption)
        for part in plan.parts[id(step)]
    )


def _is_of_header(tag: str) -> bool:
    return tag.lstrip("{").partition("}")[0] in _HEADER_NAMESPACES


def _unverified(demands: Unverified, where: str, now: datetime) -> Iterator[Finding]:
    try:
        demands.check_in_force(now)
    except ProfileError as problem:
        yield error(f"{where}.until", str(problem.message))
        return
    yield warning(where, f"Answers prove nothing: {demands.reason}")
    if demands.until is None:
        yield note(f"{where}.until", "The exception has no end; give it a date.")


def _inbound(demands: Inbound, steps: Sequence[Step], where: str, plan: Plan) -> Iterator[Finding]:
    yield from _signers(demands, steps, where, plan)
    for name, reason in demands.legacy.items():
        yield warning(f"{where}.legacy.{name}", f"{algorithms.LEGACY[name]} is accepted: {reason}")
    parts = parse_parts(demands.signed, namespaces=plan.namespaces)
    if not any(may_mean(part, "body") for part in parts):
        yield warning(f"{where}.signed", "The Body of an answer need not be signed.")
    if demands.fresh_seconds is None:
        yield warning(
            f"{where}.fresh_seconds", "An old answer can be sent again: no Timestamp is demanded."
        )
    elif demands.fresh_seconds > LONG_SECONDS:
        yield note(f"{where}.fresh_seconds", "An answer is taken for fresh for over an hour.")
    if demands.username_token is not None and not plan.keystore.snapshot().users:
        yield error(
            f"{where}.username_token", "The keystore has no user, so nobody can prove to be one."
        )
    if demands.unsigned_faults == "accept":
        yield warning(
            f"{where}.unsigned_faults",
            "A Fault that nothing protects is accepted: anybody on the way can write one.",
        )
    if demands.empty_replies == "accept":
        yield note(f"{where}.empty_replies", "An empty answer is accepted; it proves nothing.")


def _signers(demands: Inbound, steps: Sequence[Step], where: str, plan: Plan) -> Iterator[Finding]:
    path = f"{where}.signed_by"
    try:
        signers = signers_for(plan, demands)
    except ProfileError as problem:
        yield error(path, f"{problem.message} {problem.hint}")
        return
    held = plan.keystore.snapshot()
    known = {*held.partners, *held.secrets, *held.users}
    for signer in signers:
        if isinstance(signer, str) and signer not in known:
            yield error(path, f"The keystore has no partner, secret or user {signer!r}.")
        if isinstance(signer, str) and signer in held.partners:
            yield from _signing(held.partners[signer], path, plan, alone=len(signers) == 1)
        if isinstance(signer, Anonymous):
            yield warning(path, f"Whoever knows our certificate may answer: {signer.reason}")
        if isinstance(signer, AnyoneUnder):
            yield warning(
                path, f"Whoever holds a certificate of these CAs may sign: {signer.reason}"
            )
    stated = "required" in (demands.related, demands.signature_confirmation)
    shared = shared_signers(demands, steps, plan)
    if shared and not stated:
        yield note(
            where,
            f"{shared[0]!r} signs our requests as well, so an answer must name its request: by a signed "
            "RelatesTo or SignatureConfirmation.",
        )


def _signing(partner: PartnerEntry, path: str, plan: Plan, *, alone: bool) -> Iterator[Finding]:
    """Report a partner all of whose certificates are for encryption only."""
    held = plan.keystore.snapshot().partners_of(partner.alias)
    misuses = [describe_misuse(item.certificate, "verify") for item in held]
    if all(misuses):
        tell = error if alone else warning
        yield tell(
            path,
            f"The certificate of {partner.alias!r} may not sign (it {misuses[0]}); name the partner's "
            "signing certificate with signed_by.",
        )


def _mixed_up(plan: Plan) -> Iterator[Finding]:
    """Report a partner with a key of ours: we would encrypt to ourselves, and trust no answer."""
    held = plan.keystore.snapshot()
    ours = {item.certificate.public_key_octets: item.alias for item in held.key_entries}
    for partner in held.partner_entries:
        alias = ours.get(partner.certificate.public_key_octets)
        if alias is not None:
            yield warning(
                "keystore",
                f"The certificate of partner {partner.alias!r} is that of our own key {alias!r}: content "
                "would be encrypted to ourselves, and what it signs is refused. Put in the partner's.",
            )


def _secrets(plan: Plan) -> Iterator[Finding]:
    """Report secrets that look like hex digits taken for octets or for base64."""
    for alias, entry in plan.keystore.snapshot().secrets.items():
        try:
            octets = entry.octets
        except KeyMaterialError:
            continue
        for text, taken in ((octets, "octets"), (base64.b64encode(octets), "base64")):
            if _HEX.fullmatch(text) and len(set(text)) > 1:
                yield warning(
                    "keystore",
                    f"The secret {alias!r} looks like {len(text)} hex digits that were taken for {taken}: "
                    f"as hex it is a key of {len(text) // 2} octets. Decode it first.",
                )


# Header, certificates and connection.


def _header(plan: Plan) -> Iterator[Finding]:
    if plan.header.namespace != "1.0":
        yield note(
            "header.namespace",
            f"The header is in the draft of {plan.header.namespace}: it carries tokens only, and no answer "
            "in it is read.",
        )


def _allows_dsa(plan: Plan) -> bool:
    """Whether an opt-in for DSA is given anywhere, so that a certificate with such a key can be of use."""
    overlays = plan.operations.values()
    steps = [*plan.outbound, *(step for item in overlays for step in item.outbound or ())]
    demands = [plan.inbound, *(item.inbound for item in overlays)]
    return any("dsa" in getattr(item, "legacy", ()) for item in (*steps, *demands))


def _certificates(plan: Plan, now: datetime) -> Iterator[Finding]:
    idle = ends_unnoticed(plan.keystore.snapshot(), now)
    for name, certificate in named_certificates(plan):
        path = "keystore" if name.startswith(("key", "chain", "partner")) else "trust"
        what = f"{name} ({certificate.subject})"
        day = f"{certificate.not_after:%Y-%m-%d}"
        if certificate in idle:
            found = idle_finding(what, certificate, now)
            if found is not None:
                yield found
        elif now > certificate.not_after:
            yield error(path, f"The certificate of {what} expired on {day}.")
        elif now < certificate.not_before:
            start = f"{certificate.not_before:%Y-%m-%d}"
            yield error(path, f"The certificate of {what} is not valid before {start}.")
        elif certificate.not_after - now <= SOON:
            left = (certificate.not_after - now).days
            yield warning(path, f"The certificate of {what} expires on {day}, in {left} days.")
        weakness = describe_weakness(certificate, dsa_allowed=_allows_dsa(plan))
        if weakness:
            yield error(path, f"The certificate of {what} {weakness}.")


def _connection(plan: Plan) -> Iterator[Finding]:
    for name in ("wsdl", "address"):
        value = str(getattr(plan.service, name) or "")
        if value.lower().startswith("http://"):
            shown = without_user_info(value)
            text = f"{shown} is without TLS: anybody can change it."
            refused = list(_held_back(plan, "service.address", value)) if name == "address" else []
            yield from refused or [warning(f"service.{name}", text)]
        if value != without_user_info(value):
            yield warning(f"service.{name}", "The address holds a user name or password.")
    if plan.tls is not None:
        yield from _tls(plan, plan.tls)
    try:
        check_server_trust(plan.tls.trust if plan.tls is not None else ())
    except KeyMaterialError as problem:
        yield error(
            str(problem.details.get("path", "tls.trust")),
            f"{problem.message} {problem.hint}".strip(),
        )


def _tls(plan: Plan, tls: TLS) -> Iterator[Finding]:
    held = plan.keystore.snapshot()
    for index, alias in enumerate(tls.trust_aliases):
        try:
            held.require_partner(alias)
        except KeyMaterialError as problem:
            yield error(f"tls.trust_aliases[{index}]", str(problem))
    if tls.client_key is None:
        return
    try:
        entry = held.require_key(tls.key_alias)
    except KeyMaterialError as problem:
        yield error("tls.client_key", str(problem))
        return
    for misuse in describe_client_misuse(entry.certificate):
        text = f"The certificate of {entry.alias!r} {misuse}. Many servers refuse it."
        yield warning("tls.client_key", text)


def _held_back(plan: Plan, path: str, address: str) -> Iterator[Finding]:
    """Report an address that requests with these settings are not sent to."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return
    host = parts.hostname or ""
    if parts.scheme != "http" or is_loopback(host):
        return
    held = needs_tls(plan.outbound, tls=plan.tls, demands=plan.inbound)
    if held is not None:
        yield error(path, f"{held.why} {host}: calls are refused. {held.hint}")


def _wsdl(plan: Plan) -> Iterator[Finding]:
    """Report a WSDL file that cannot be read, and overlays for operations that it does not have."""
    wsdl = plan.service.wsdl
    if wsdl is None or not is_local(wsdl):
        return
    try:
        names = read_wsdl_names(wsdl)
    except ProfileError as problem:
        yield error("service.wsdl", str(problem.message))
        return
    if plan.service.address is None:
        for address in sorted(names.addresses):
            yield from _held_back(plan, "service.wsdl", address)
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
        return warning(
            path,
            "A message does not tell this name: write its SOAP action or the name of its Body's child, "
            f"or give operation= to secure and check. Messages tell {', '.join(sorted(names.told))}.",
        )
    return error(path, f"The WSDL has no such operation, action or element. {hint}")
