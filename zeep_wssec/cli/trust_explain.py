"""``zeep-wssec trust explain``: who has signed a message, and what the profile makes of that."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from zeep_wssec.cli.files import read_input
from zeep_wssec.cli.group import REFUSED, WRONG, failure_json
from zeep_wssec.cli.options import now_option, profile_option
from zeep_wssec.cli.output import show_lines
from zeep_wssec.errors import InboundError, ProfileError, UntrustedCertificateError, WSSecError
from zeep_wssec.keys.remedies import REMEDIES

if TYPE_CHECKING:
    from zeep_wssec.cli.trust_signers import NamedSigner
    from zeep_wssec.header.context import Incoming
    from zeep_wssec.keys.certificate import Certificate
    from zeep_wssec.keys.chain_fetch import ChainWalk
    from zeep_wssec.plan import Plan


@click.command()
@click.argument("answer")
@profile_option
@now_option
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
def explain(answer: str, profile_path: str, now: datetime, as_json: bool) -> None:
    """Tell who has signed the message in ANSWER (- is stdin), and whether the profile trusts it.

    Nothing is fetched, and no signature over the message is verified: check does that. Exits with 1 when
    a signer is not trusted.
    """
    try:
        told = _explain(answer, profile_path, now)
    except WSSecError as error:
        if as_json:
            click.echo(failure_json(error))
        raise
    if as_json:
        click.echo(json.dumps({"signers": told}, indent=2))
    else:
        show_lines(line for item in told for line in _lines(item))
    context = click.get_current_context()
    if any(item["reason"] == "not_stated" for item in told):
        context.exit(WRONG)
    if not all(item["accepted"] for item in told):
        context.exit(REFUSED)


def _explain(answer: str, profile_path: str, now: datetime) -> list[dict[str, Any]]:
    from zeep_wssec.cli.trust_signers import named_signers, open_message
    from zeep_wssec.profile_file import load_plan

    plan = load_plan(profile_path)
    data = read_input(answer, limit=plan.limits.max_message_bytes)
    if data[:1] == b"\x30" or data.lstrip().startswith(b"-----BEGIN"):
        raise click.UsageError(
            f"{answer} is a certificate; give a message, whose signer is explained. "
            "What is missing above a certificate tells trust fetch-chain."
        )
    message = open_message(data, plan, now)
    return [_told(item, message, plan) for item in named_signers(message)]


def _told(signer: NamedSigner, message: Incoming, plan: Plan) -> dict[str, Any]:
    from zeep_wssec.keys.chain_fetch import walk_chain
    from zeep_wssec.keys.fitness import usage_name, usages_of

    certificate, keys = signer.certificate, message.keys
    walk = walk_chain(certificate, (*keys.certificates, *signer.sent), anchors=keys.trust.anchors)
    usages = usages_of(certificate)
    return {
        "subject": certificate.subject,
        "issuer": certificate.issuer,
        "serial": f"{certificate.serial_number:x}",
        "sha256": certificate.thumbprint_sha256,
        "named_by": signer.form,
        "not_before": certificate.not_before.isoformat(),
        "not_after": certificate.not_after.isoformat(),
        "key": f"{certificate.key_kind} {certificate.key_bits}",
        "key_usage": _key_usage(certificate),
        "extended_key_usage": None if usages is None else [usage_name(item) for item in usages],
        "chain": [_link(item, signer, message) for item in walk.links],
        "anchor": walk.links[-1].subject if walk.links[-1] in keys.trust.anchors else None,
        "missing": _missing(walk),
        "revocation": _revocation(walk, message),
        **_verdict(certificate, message, plan),
    }


def _key_usage(certificate: Certificate) -> list[str] | None:
    from cryptography import x509

    names = ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment",
             "key_agreement", "key_cert_sign", "crl_sign")  # fmt: skip
    if certificate.extensions is None:
        return []
    try:
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return None
    return [name for name in names if getattr(usage, name)]


def _link(certificate: Certificate, signer: NamedSigner, message: Incoming) -> dict[str, Any]:
    from zeep_wssec.keys.fitness import check_dates, describe_weakness

    keys = message.keys
    if certificate in keys.trust.anchors:
        origin = "trust anchor"
    elif keys.find_partner(certificate) is not None:
        origin = "partner"
    elif certificate in keys.trust.intermediates:
        origin = "given intermediate"
    else:
        known = certificate in keys.certificates
        origin = "keystore" if known and certificate not in signer.sent else "message"
    unfit = check_dates(certificate, now=message.now)
    weakness = describe_weakness(certificate)
    return {
        "subject": certificate.subject,
        "sha256": certificate.thumbprint_sha256,
        "from": origin,
        "not_after": certificate.not_after.isoformat(),
        "problem": unfit.sentence if unfit is not None else weakness,
    }


def _missing(walk: ChainWalk) -> dict[str, Any] | None:
    """Tell which issuer's certificate is not there, and where it may be."""
    from cryptography import x509
    from cryptography.x509.oid import AuthorityInformationAccessOID

    from zeep_wssec.keys.chain_fetch import access_addresses

    last = walk.links[-1]
    if walk.complete:
        return None
    identifier = None
    if last.extensions is not None:
        try:
            found = last.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier)
            identifier = (found.value.key_identifier or b"").hex() or None
        except x509.ExtensionNotFound:
            pass
    return {
        "issuer": last.issuer,
        "authority_key_identifier": identifier,
        "addresses": list(access_addresses(last, AuthorityInformationAccessOID.CA_ISSUERS)),
    }


def _revocation(walk: ChainWalk, message: Incoming) -> dict[str, Any]:
    from cryptography.x509.oid import AuthorityInformationAccessOID

    from zeep_wssec.keys.chain_fetch import access_addresses
    from zeep_wssec.keys.revocation import check_revocation
    from zeep_wssec.keys.revocation_crl import crl_addresses

    leaf, rules = walk.links[0], message.keys.shared_trust.rules
    issuer = walk.links[1] if len(walk.links) > 1 else (leaf if walk.complete else None)
    standing = check_revocation(leaf, issuer, rules=rules, now=message.now)
    return {
        "mode": rules.revocation,
        "state": standing.state,
        "text": standing.sentence,
        "crl_addresses": sorted(crl_addresses(leaf)),
        "ocsp_addresses": list(access_addresses(leaf, AuthorityInformationAccessOID.OCSP)),
    }


def _verdict(certificate: Certificate, message: Incoming, plan: Plan) -> dict[str, Any]:
    from zeep_wssec.cli.trust_signers import wanted_signers
    from zeep_wssec.header.signer import check_signer

    try:
        message.signed_by = wanted_signers(plan)
        trusted_as = check_signer(message, certificate)
    except UntrustedCertificateError as error:
        reason = str(error.reason)
        advice = dict.fromkeys((error.hint, REMEDIES.get(reason, "")))
        return _refusal(reason, str(error.message), [item for item in advice if item])
    except (InboundError, ProfileError) as error:
        return _refusal("not_stated", str(error.message), [error.hint])
    if trusted_as is None:
        text = "The profile demands no signature, and this signer is not known to it."
        return _refusal("unknown", text, ["Give its certificate as a partner's to have it count."])
    return {"accepted": True, "trusted_as": trusted_as, "reason": None, "why": "", "advice": []}


def _refusal(reason: str, why: str, advice: list[str]) -> dict[str, Any]:
    return {"accepted": False, "trusted_as": None, "reason": reason, "why": why, "advice": advice}


def _lines(told: dict[str, Any]) -> Iterator[str]:
    yield f"signer: {told['subject']}"
    yield f"  issued by {told['issuer']}, serial {told['serial']}, named by {told['named_by']}"
    yield f"  SHA-256 {told['sha256']}"
    yield f"  valid from {told['not_before']} until {told['not_after']}, key {told['key']}"
    for name in ("key_usage", "extended_key_usage"):
        found = told[name]
        yield f"  {name.replace('_', ' ')}: {'any' if found is None else ', '.join(found) or 'none'}"
    yield "chain:"
    for item in told["chain"]:
        problem = f"; {item['problem']}" if item["problem"] else ""
        yield f"  {item['subject']} ({item['from']}, until {item['not_after'][:10]}{problem})"
    yield f"anchor: {told['anchor'] or 'none'}"
    if told["missing"] is not None:
        missing = told["missing"]
        key = missing["authority_key_identifier"] or "not said"
        yield f"missing: the certificate of {missing['issuer']}, key identifier {key}"
        for url in missing["addresses"]:
            yield f"  said to be at {url}"
    revocation = told["revocation"]
    yield f"revocation: {revocation['state']} (mode {revocation['mode']}) {revocation['text']}".rstrip()
    if told["accepted"]:
        yield f"accepted: as {told['trusted_as']}"
        return
    yield f"refused: {told['reason']}: {told['why']}"
    yield from (f"  {line}" for line in told["advice"] if line)
