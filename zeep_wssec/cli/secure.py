"""``zeep-wssec secure``: protect a message as the profile says."""

from __future__ import annotations

import click

from zeep_wssec.cli.files import STREAM, check_output, read_input, write_output


@click.command()
@click.argument("envelope")
@click.option("--profile", "-p", "profile_path", required=True, metavar="FILE", help="The profile.")
@click.option("--output", "-o", default=STREAM, metavar="FILE", help="Where to; - is stdout.")
@click.option("--operation", metavar="NAME", help="Operation, for a profile with overlays.")
def secure(envelope: str, profile_path: str, output: str, operation: str | None) -> None:
    """Protect the SOAP message in ENVELOPE (- is stdin) as the profile says.

    Nothing is sent, and nothing is written on failure. Keep the output: check --request takes it.
    """
    from zeep_wssec.profile import Profile

    profile = Profile.load(profile_path)
    check_output(output)
    secured = profile.secure(read_input(envelope), operation=operation)
    write_output(output, secured.to_bytes())
