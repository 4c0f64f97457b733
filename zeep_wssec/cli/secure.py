"""``zeep-wssec secure``: protect a message as the profile says."""

from __future__ import annotations

from datetime import datetime

import click

from zeep_wssec.cli.files import STREAM, check_output, read_input, write_output
from zeep_wssec.cli.options import check_operation, now_option, operation_option, profile_option
from zeep_wssec.errors import OutboundError


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
    from zeep_wssec.arguments import read_envelope
    from zeep_wssec.exchange import operation_names
    from zeep_wssec.profile import Profile
    from zeep_wssec.soap.envelope import Envelope

    profile = Profile.load(profile_path)
    check_output(output)
    try:
        root = read_envelope(read_input(envelope), profile.plan.limits)
    except OutboundError as error:
        error.details["path"] = envelope
        raise
    if operation is not None:
        told = operation_names(Envelope.read(root, error=OutboundError), {})
        check_operation(profile.plan, operation, told)
    secured = profile.secure(root, operation=operation, now=now)
    write_output(output, secured.to_bytes())
