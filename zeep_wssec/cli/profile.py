"""``zeep-wssec profile``: the commands that look at a profile file."""

from __future__ import annotations

import click

from zeep_wssec.cli.group import LazyGroup

_COMMANDS = {
    "lint": ("zeep_wssec.cli.profile_lint:lint", "Find what is weak or about to expire."),
    "schema": ("zeep_wssec.cli.profile_schema:schema", "Print the JSON Schema, for editors."),
    "show": ("zeep_wssec.cli.profile_show:show", "Say in plain words what a profile does."),
}


@click.group(cls=LazyGroup, table=_COMMANDS)
def profile() -> None:
    """Look at a profile file."""
