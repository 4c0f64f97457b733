"""``zeep-wssec keystore``: the life of key pairs, from the first request to the last renewal."""

from __future__ import annotations

import click

from zeep_wssec.cli.group import LazyGroup

_COMMANDS = {
    "add": ("zeep_wssec.cli.keystore_add:add", "Put an authority's reply to its key pair."),
    "check": ("zeep_wssec.cli.keystore_check:check", "Fail when something expires soon."),
    "csr": ("zeep_wssec.cli.keystore_csr:csr", "Ask an authority for a certificate."),
    "export": ("zeep_wssec.cli.keystore_export:export", "Hand over a certificate, or a key pair."),
    "list": ("zeep_wssec.cli.keystore_list:list_command", "List entries and when they expire."),
    "merge": ("zeep_wssec.cli.keystore_merge:merge", "Take over the entries of other keystores."),
    "new": ("zeep_wssec.cli.keystore_new:new", "Make a key pair."),
    "plan": ("zeep_wssec.cli.keystore_plan:plan", "Tell who signs and decrypts at a moment."),
    "show": ("zeep_wssec.cli.keystore_show:show", "Show all that there is to know of an entry."),
}


@click.group(cls=LazyGroup, table=_COMMANDS)
def keystore() -> None:
    """Make, renew and look after key pairs and certificates."""
