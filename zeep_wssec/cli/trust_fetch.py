"""``zeep-wssec trust fetch-chain``: the issuers' certificates that a message or certificate lacks."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import click

from zeep_wssec.cli.files import check_output, read_input, write_output
from zeep_wssec.cli.group import REFUSED
from zeep_wssec.cli.options import now_option, profile_option
from zeep_wssec.cli.output import show_lines

if TYPE_CHECKING:
    from zeep_wssec.cli.trust_signers import NamedSigner
    from zeep_wssec.keys.chain_fetch import FetchedChain
    from zeep_wssec.plan import Plan


@click.command("fetch-chain")
@click.argument("source", metavar="ANSWER|CERTIFICATE")
@profile_option
@click.option(
    "--output", "-o", required=True, metavar="FILE", help="Where to put the chain, as PEM."
)
@now_option
def fetch_chain_command(source: str, profile_path: str, output: str, now: datetime) -> None:
    """Fetch the intermediates above a signer from where the certificates say they are.

    This connects to addresses in certificates that nothing has vouched for. What is written are
    intermediates for trust.intermediates: they help to build a path, and none of them is trusted.
    """
    from zeep_wssec.keys.chain_fetch import fetch_chain
    from zeep_wssec.profile_file import load_plan

    check_output(output)
    plan = load_plan(profile_path)
    keys = plan.keystore.snapshot()
    found: list[FetchedChain] = []
    for signer in _signers(read_input(source, limit=plan.limits.max_message_bytes), plan, now):
        known = (*keys.certificates, *signer.sent)
        found.append(fetch_chain(signer.certificate, known=known, anchors=keys.trust.anchors))
    certificates = dict.fromkeys(item for chain in found for item in chain.intermediates)
    lines = [line for chain in found for line in chain.log]
    for chain in found:
        if not chain.walk.complete:
            lines.append(f"missing: the certificate of {chain.walk.links[-1].issuer}")
        elif chain.walk.links[-1] not in keys.trust.anchors:
            lines.append(f"ends at {chain.walk.links[-1].describe()}, which is no trust anchor")
    show_lines(lines or ["Nothing is missing."], err=True)
    if certificates:
        write_output(output, b"".join(item.pem for item in certificates))
    if not all(chain.walk.complete for chain in found):
        click.get_current_context().exit(REFUSED)


def _signers(data: bytes, plan: Plan, now: datetime) -> list[NamedSigner]:
    from zeep_wssec.cli.trust_signers import NamedSigner, named_signers, open_message
    from zeep_wssec.keys.chain_fetch import read_certificates

    if data[:1] != b"\x30" and b"-----BEGIN" not in data[:4096]:
        return named_signers(open_message(data, plan, now))
    leaf, *rest = read_certificates(data)
    return [NamedSigner(certificate=leaf, form="file", sent=tuple(rest))]
