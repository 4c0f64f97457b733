"""``zeep-wssec check``: check and decrypt a message, and tell what it proved."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import click

from zeep_wssec.cli.files import STREAM, check_output, read_input, write_output
from zeep_wssec.cli.group import failure_json
from zeep_wssec.cli.options import check_operation, now_option, operation_option, profile_option
from zeep_wssec.cli.output import escaped, show_lines
from zeep_wssec.errors import (
    InboundError,
    MalformedSecurityError,
    MessageExpiredError,
    ProfileError,
    WSSecError,
)

if TYPE_CHECKING:
    from lxml import etree

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
    from zeep_wssec.replay import MemoryReplayStore

    profile = Profile.load(profile_path)
    plan = profile.plan
    exchange = None
    if request is not None:
        exchange = _read_request(read_input(request), request, plan)
    root = _parse(read_input(message, limit=plan.limits.max_message_bytes), message, plan)
    told = exchange.names if exchange is not None else _names_of(root)
    check_operation(plan, operation, told)
    try:
        # A message that is looked at by hand is not entered into the service's own store.
        store = MemoryReplayStore()
        return profile.check(root, request=exchange, operation=operation, now=now, replay=store)
    except ProfileError as error:
        if request is not None and error.details.get("path") == "request":
            error.details["path"] = request
        raise
    except MessageExpiredError as error:
        error.hint = f"{error.hint} {_at_its_time(error)}".strip()
        raise


def _parse(data: bytes, name: str, plan: Plan) -> etree._Element:
    from zeep_wssec.soap.parsing import parse_unchecked

    try:
        return parse_unchecked(data, plan.limits)
    except MalformedSecurityError as error:
        error.details["path"] = name
        raise


def _names_of(root: etree._Element) -> Sequence[str]:
    """Give what a message tells of its operation; nothing, if it is no envelope: the check says so."""
    from zeep_wssec.exchange import operation_names
    from zeep_wssec.soap.envelope import Envelope

    try:
        return operation_names(Envelope.read(root, error=ProfileError), {})
    except ProfileError:
        return ()


def _at_its_time(error: MessageExpiredError) -> str:
    created = error.details.get("created")
    when = f"{created:%Y-%m-%dT%H:%M:%SZ}" if isinstance(created, datetime) else "TIME"
    return f"A stored message is checked at the time it came: --now {when}."


def _read_request(data: bytes, name: str, plan: Plan) -> Exchange:
    from zeep_wssec.exchange import Exchange
    from zeep_wssec.soap.parsing import parse_message

    try:
        root = parse_message(data, plan.limits)
        return Exchange.from_message(root, actor=plan.header.actor)
    except (InboundError, ProfileError) as error:
        raise ProfileError(f"This is no request: {error.message}", path=name) from None
