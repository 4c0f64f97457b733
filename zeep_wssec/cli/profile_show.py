"""``zeep-wssec profile show``: a profile in plain words."""

from __future__ import annotations

from datetime import datetime

import click

from zeep_wssec.cli.options import now_option
from zeep_wssec.cli.output import show_lines


@click.command()
@click.argument("path", metavar="PROFILE")
@now_option
def show(path: str, now: datetime) -> None:
    """Say in plain words what is sent, what answers must prove, and with which certificates."""
    from zeep_wssec.profile_file import load_plan
    from zeep_wssec.profile_words import describe

    show_lines(describe(load_plan(path), now))
