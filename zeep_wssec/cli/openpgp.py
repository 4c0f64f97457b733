"""``zeep-wssec openpgp``: what there is to know of key rings."""

from __future__ import annotations

import click

from zeep_wssec.cli.group import LazyGroup

_COMMANDS = {
    "list": ("zeep_wssec.cli.openpgp_list:list_command", "List keys and when they expire."),
}


@click.group(cls=LazyGroup, table=_COMMANDS)
def openpgp() -> None:
    """Look after key rings of OpenPGP."""
