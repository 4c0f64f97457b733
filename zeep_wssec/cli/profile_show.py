"""``zeep-wssec profile show``: a profile in plain words."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from zeep_wssec.cli.output import show_lines


@click.command()
@click.argument("path", metavar="PROFILE")
def show(path: str) -> None:
    """Say in plain words what is sent, what answers must prove, and with which certificates."""
    from zeep_wssec.profile_file import load_plan
    from zeep_wssec.profile_words import describe

    show_lines(describe(load_plan(path), datetime.now(UTC)))
