"""``zeep-wssec secure``: protect a message as the profile says."""

from __future__ import annotations

from datetime import datetime

import click

from zeep_wssec.cli.files import STREAM, check_output, read_input, write_output
from zeep_wssec.cli.options import now_option, operation_option, profile_option


@click.command()
@click.argument("envelope")
@profile_option
@click.option("--output", "-o", default=STREAM, metavar="FILE", help="Where to; - is stdout.")
@operation_option
@now_option
def secure(
    envelope: str, profile_path: str, output: str, operation: str | None, now: datetime
) -> None:
    """Protect the SOAP message in ENVELOPE (- is stdin) as the profile says.

    Nothing is sent, and nothing is written on failure. Keep the output: check --request takes it.
    """
    from zeep_wssec.profile import Profile

    profile = Profile.load(profile_path)
    check_output(output)
    secured = profile.secure(read_input(envelope), operation=operation, now=now)
    write_output(output, secured.to_bytes())
