"""``zeep-wssec trust``: the commands about whom a profile trusts, and why not."""

from __future__ import annotations

import click

from zeep_wssec.cli.group import LazyGroup

_COMMANDS = {
    "explain": (
        "zeep_wssec.cli.trust_explain:explain",
        "Tell whether a signer is trusted, and why.",
    ),
    "fetch-chain": ("zeep_wssec.cli.trust_fetch:fetch_chain_command", "Fetch missing issuers."),
}


@click.group(cls=LazyGroup, table=_COMMANDS)
def trust() -> None:
    """Look at signers, their certificates and what is above them."""
