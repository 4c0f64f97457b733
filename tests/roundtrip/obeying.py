"""What our own messages are held to: the Basic Security Profile, but for rules that a setting breaks by name."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lxml import etree

from zeep_wssec.bsp import View, violations
from zeep_wssec.errors import OutboundError
from zeep_wssec.plan import Plan
from zeep_wssec.settings import (
    BinaryToken,
    Encryption,
    SessionKey,
    Signature,
    Step,
    Timestamp,
    UsernameToken,
)
from zeep_wssec.settings.references import WITHOUT_TOKEN_REFERENCE
from zeep_wssec.soap.envelope import Envelope
from zeep_wssec.soap.namespaces import XENC


def unexpected(root: etree._Element, plan: Plan, steps: Sequence[Step]) -> list[str]:
    """Give what breaks a rule in a message although no setting says so."""
    envelope = Envelope.read(root, error=OutboundError)
    headers = envelope.security_headers(plan.header.actor)
    if not headers:
        return []
    broken = set(_by_header(plan))
    for step in steps:
        broken.update(_by_step(step, plan))
    named = {step.key_reference for step in steps if isinstance(step, SessionKey | Encryption)}
    if named > {"binary_token"}:
        # One step names a recipient by the token that another step brings, one by a property.
        broken.add("R3022")
    if next(root.iter(f"{{{XENC}}}AgreementMethod"), None) is not None:
        # Of a key that is agreed on the rules know nothing.
        broken.add("R5426")
    found = violations(View(envelope, headers[0]), {})
    return [str(item) for item in found if item.rule.id not in broken]


def _by_header(plan: Plan) -> Iterator[str]:
    if plan.header.order:
        yield from ("R5205", "R3208")
    if plan.header.extend:
        yield from ("R5205",)


def _by_step(step: Step, plan: Plan) -> Iterator[str]:
    if isinstance(step, Signature | Encryption | SessionKey):
        yield from _by_reference(step.key_reference)
        if step.include_token:
            yield from ("R3022", "R3023")
    if isinstance(step, Signature | Encryption) and step.key in plan.keystore.snapshot().secrets:
        yield from ("R5417", "R5426")
    if isinstance(step, Signature):
        yield from _by_signature(step)
    if isinstance(step, Encryption) and "key_info" in step.parts:
        yield "R5440"
    if isinstance(step, Timestamp):
        yield from ("R3220", "R3229") if step.precision == "microseconds" else ()
        yield from ("R3217", "R3223") if step.offset != "Z" else ()
    if isinstance(step, UsernameToken) and not step.typed:
        yield "R4201"
    if isinstance(step, BinaryToken):
        yield from ("R3029", "R3031", "R3032")


def _by_reference(reference: str) -> Iterator[str]:
    if reference in WITHOUT_TOKEN_REFERENCE:
        yield from ("R5417", "R5426")
    if reference == "x509_key_identifier":
        yield from ("R3063", "R5206")
    if reference == "pkcs7":
        yield "R5202"


def _by_signature(step: Signature) -> Iterator[str]:
    if not step.typed_reference:
        yield from ("R3059", "R5213", "R5216", "R5218")
    if step.canonicalization != "exc-c14n":
        yield "R5404"
    if step.part_canonicalization != "exc-c14n":
        yield from ("R5412", "R5423")
    if "envelope" in step.parts:
        yield from ("R3001", "R3002", "R3103", "R3104")
