"""Who has signed a message, as its security header says: read, and neither verified nor trusted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from zeep_wssec.demands import Demands, Inbound, SignedBy
from zeep_wssec.errors import InboundError, InvalidTokenError, MalformedSecurityError, ProfileError
from zeep_wssec.header.binary_token import BINARY_TOKEN
from zeep_wssec.header.context import Incoming
from zeep_wssec.header.token_reference import read_key_info
from zeep_wssec.keys.certificate import Certificate
from zeep_wssec.keys.path import Rfc5280PathValidator
from zeep_wssec.plan import Plan
from zeep_wssec.requirements import demands_for, signers_for
from zeep_wssec.soap.envelope import Envelope
from zeep_wssec.soap.namespaces import DS
from zeep_wssec.soap.parsing import check_tree, parse_unchecked
from zeep_wssec.soap.placement import Placement

_SIGNATURE = f"{{{DS}}}Signature"
_KEY_INFO = f"{{{DS}}}KeyInfo"


@dataclass(frozen=True, kw_only=True)
class NamedSigner:
    """What one signature says of its signer."""

    certificate: Certificate
    form: str
    """How the message names it."""
    sent: tuple[Certificate, ...]
    """Certificates that came with it."""


def open_message(data: bytes, plan: Plan, now: datetime) -> Incoming:
    """Read a message as far as its security header; nothing is decrypted or verified.

    Raises:
        InboundError: It is no message, or has no security header for us.
    """
    root = parse_unchecked(data, plan.limits)
    check_tree(root, plan.limits)
    envelope = Envelope.read(root, error=MalformedSecurityError)
    headers = envelope.security_headers(plan.header.actor)
    if len(headers) != 1:
        raise MalformedSecurityError(
            f"The message has {len(headers)} security headers for us; one is needed."
        )
    keys = plan.keystore.snapshot()
    demands = _stated(plan)
    return Incoming(
        envelope=envelope,
        security=headers[0],
        keys=keys,
        limits=plan.limits,
        now=now,
        signed_by=(),
        own=keys.own_keys,
        legacy=demands.legacy,
        clock_skew_seconds=demands.clock_skew_seconds,
        max_age_seconds=None,
        paths=Rfc5280PathValidator(),
        placement=Placement(root, plan.limits),
    )


def _stated(plan: Plan) -> Demands:
    try:
        return demands_for(plan, None) or Inbound()
    except ProfileError:
        return Inbound()


def wanted_signers(plan: Plan) -> tuple[SignedBy, ...]:
    """Give who must sign answers; where nothing is stated, the only partner.

    Raises:
        ProfileError: Nothing tells who.
    """
    return signers_for(plan, _stated(plan))


def named_signers(message: Incoming) -> list[NamedSigner]:
    """Give the certificates by which the signatures of a message name their signers.

    Raises:
        InboundError: There is no signature by a certificate that can be read.
    """
    # Tokens are read first: a path that came in one helps every signature.
    found, problems = list[NamedSigner](), list[InboundError]()
    for element in message.security.iter(_SIGNATURE):
        key_info = element.find(_KEY_INFO)
        if key_info is None:
            continue
        try:
            named = read_key_info(message, key_info)
            certificate = named.require_one()
        except InboundError as error:
            problems.append(error)
            continue
        sent = message.chains.get(certificate.der, ())
        signer = NamedSigner(certificate=certificate, form=named.form, sent=sent)
        if signer not in found:
            found.append(signer)
    if found:
        return found
    if problems:
        raise problems[0]
    tokens = [item for item in message.security if item.tag == BINARY_TOKEN]
    raise InvalidTokenError(
        "No signature in the security header names a certificate.",
        hint="It may be encrypted: decrypt the message first."
        if not tokens
        else "There are tokens, but none that a signature refers to.",
    )
