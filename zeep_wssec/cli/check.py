"""``zeep-wssec check``: check and decrypt a message, and tell what it proved."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING

import click

from zeep_wssec.cli.files import STREAM, check_output, read_input, write_output
from zeep_wssec.cli.group import failure_json
from zeep_wssec.cli.options import now_option, operation_option, profile_option
from zeep_wssec.cli.output import escaped, show_lines
from zeep_wssec.errors import InboundError, ProfileError, WSSecError

if TYPE_CHECKING:
    from zeep_wssec.exchange import Exchange
    from zeep_wssec.plan import Plan
    from zeep_wssec.results import Checked


@click.command()
@click.argument("message")
@profile_option
@click.option("--request", "-r", metavar="FILE", help="The request as it was sent.")
@operation_option
@click.option("--output", "-o", metavar="FILE", help="Where to put the plain text; - is stdout.")
@now_option
@click.option("--json", "as_json", is_flag=True, help="Print the report, or the error, as JSON.")
def check(
    message: str,
    profile_path: str,
    request: str | None,
    operation: str | None,
    output: str | None,
    now: datetime,
    as_json: bool,
) -> None:
    """Check the SOAP message in MESSAGE (- is stdin), decrypt it, and tell what it proved.

    With --request the message is held against the request that it answers; without it the profile
    must say under [inbound] what to demand. The plain text is written on success only.
    """
    if output == STREAM and as_json:
        raise click.UsageError("Plain text and JSON cannot both go to stdout.")
    if message == STREAM == request:
        raise click.UsageError("Message and request cannot both come from stdin.")
    if output is not None:
        check_output(output)
    try:
        checked = _check(message, profile_path, request, operation, now)
    except WSSecError as error:
        if as_json:
            click.echo(failure_json(error))
        raise
    if output is not None:
        write_output(output, checked.to_bytes())
    if as_json:
        click.echo(json.dumps(checked.report.to_dict(), indent=2))
    else:
        show_lines(str(escaped(checked.report)).split("\n"), err=output == STREAM)


def _check(
    message: str,
    profile_path: str,
    request: str | None,
    operation: str | None,
    now: datetime,
) -> Checked:
    from zeep_wssec.profile import Profile

    profile = Profile.load(profile_path)
    exchange = None
    if request is not None:
        exchange = _read_request(read_input(request), request, profile.plan)
    data = read_input(message, limit=profile.plan.limits.max_message_bytes)
    return profile.check(data, request=exchange, operation=operation, now=now)


def _read_request(data: bytes, name: str, plan: Plan) -> Exchange:
    from zeep_wssec.exchange import Exchange
    from zeep_wssec.soap.parsing import parse_message

    try:
        root = parse_message(data, plan.limits)
        return Exchange.from_message(root, actor=plan.header.actor)
    except (InboundError, ProfileError) as error:
        raise ProfileError(f"This is no request: {error.message}", path=name) from None
