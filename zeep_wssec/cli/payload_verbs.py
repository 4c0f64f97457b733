"""``zeep-wssec payload sign|verify|encrypt|decrypt|protect|open``: one option for one field, six verbs."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from zeep_wssec.cli.files import STREAM, check_output
from zeep_wssec.cli.group import failure_json
from zeep_wssec.cli.options import now_option, profile_option
from zeep_wssec.cli.output import printable, show_lines
from zeep_wssec.cli.progress import open_with_progress
from zeep_wssec.errors import ProfileError, WSSecError

if TYPE_CHECKING:
    from zeep_wssec.payload.results import PayloadResult
    from zeep_wssec.payload.shape import PayloadFormat
    from zeep_wssec.profile import Profile

_Command = TypeVar("_Command", bound=Callable[..., Any])


def _options(command: _Command) -> _Command:
    """Add what every verb takes."""
    for add in (
        click.argument("data", metavar="IN"),
        profile_option,
        click.option("--name", "-n", metavar="NAME", help="Which [payload.NAME] of the profile."),
        click.option(
            "--format", "format_name", metavar="FORMAT", help="The payload of this format."
        ),
        now_option,
        click.option("--json", "as_json", is_flag=True, help="Print the result as JSON."),
    )[::-1]:
        command = add(command)
    return command


def _output(command: _Command) -> _Command:
    option = click.option(
        "--output", "-o", default=STREAM, metavar="FILE", help="Where to; - is stdout."
    )
    return option(command)


@click.command()
@_options
@_output
def sign(**given: Any) -> None:
    """Sign the data in IN (- is stdin)."""
    _run("sign", **given)


@click.command()
@_options
@click.option("--output", "-o", metavar="FILE", help="Where the content goes; - is stdout.")
@click.option("--content", "-c", metavar="FILE", help="The content of a detached signature.")
def verify(**given: Any) -> None:
    """Verify the signed data in IN (- is stdin), and tell who signed it.

    The content is written on success only.
    """
    _run("verify", **given)


@click.command()
@_options
@_output
def encrypt(**given: Any) -> None:
    """Encrypt the data in IN (- is stdin) to the recipients that the profile names."""
    _run("encrypt", **given)


@click.command()
@_options
@_output
def decrypt(**given: Any) -> None:
    """Decrypt the data in IN (- is stdin); the content is written on success only."""
    _run("decrypt", **given)


@click.command()
@_options
@_output
def protect(**given: Any) -> None:
    """Sign and encrypt the data in IN (- is stdin)."""
    _run("protect", **given)


@click.command(name="open")
@_options
@_output
def open_command(**given: Any) -> None:
    """Decrypt and verify the data in IN (- is stdin); the content is written on success only."""
    _run("open", **given)


def _run(
    verb: str,
    *,
    data: str,
    profile_path: str,
    name: str | None,
    format_name: str | None,
    now: datetime,
    as_json: bool,
    output: str | None,
    content: str | None = None,
) -> None:
    if output == STREAM and as_json:
        raise click.UsageError("The result and JSON cannot both go to stdout.")
    if data == STREAM == content:
        raise click.UsageError("Data and content cannot both come from stdin.")
    if output is not None:
        check_output(output)
    try:
        chosen = _choose(profile_path, name, format_name)
        with ExitStack() as stack:
            more: dict[str, Any] = {}
            if content is not None:
                more["content"] = stack.enter_context(open_with_progress(content, what="content"))
            source = stack.enter_context(open_with_progress(data, what=verb))
            result = getattr(chosen, verb)(source, to=_sink(output), now=now, **more)
    except WSSecError as error:
        if as_json:
            click.echo(failure_json(error))
        raise
    if as_json:
        click.echo(json.dumps(result.to_dict(), indent=2))
    elif output is None or verb in ("verify", "decrypt", "open"):
        show_lines(_describe(result, verb), err=output == STREAM)


def _sink(output: str | None) -> Any:
    if output is None:
        return _Nowhere()
    return sys.stdout.buffer if output == STREAM else Path(output)


class _Nowhere(io.RawIOBase):
    """Takes what nobody wants to keep."""

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        return len(data)


def _choose(profile_path: str, name: str | None, format_name: str | None) -> PayloadFormat:
    from zeep_wssec.payload.formats import format_of, make_format, require_format
    from zeep_wssec.profile import Profile

    profile = Profile.load(profile_path)
    if format_name is None:
        return profile.payload(name)
    row = require_format(format_name)
    if name is not None:
        chosen = profile.payload(name)
        if format_of(profile.plan.payload[name]) != format_name:
            raise ProfileError(f"It is not of the format {format_name}.", path=f"payload.{name}")
        return chosen
    named = _of_format(profile, format_name)
    if not named:
        return make_format(row.settings_class()(), keystore=profile.plan.keystore)
    if len(named) > 1:
        raise ProfileError(
            f"Several payloads are of the format {format_name}.",
            hint=f"Say which with --name: {', '.join(named)}.",
            path="payload",
        )
    return profile.payload(named[0])


def _of_format(profile: Profile, format_name: str) -> list[str]:
    from zeep_wssec.payload.formats import format_of

    return [name for name, item in profile.plan.payload.items() if format_of(item) == format_name]


def _describe(result: PayloadResult, verb: str) -> list[str]:
    """Tell what a result proves, line by line."""
    lines = []
    for signer in result.signers:
        when = f", at {signer.signed_at:%Y-%m-%dT%H:%M:%SZ}" if signer.signed_at else ""
        made = f"{signer.algorithm} {signer.digest}".strip()
        who = printable(signer.alias or signer.subject or signer.key_id)
        why = f"trusted: {signer.trusted_as}" if signer.trusted else "not trusted, proves nothing"
        lines.append(f"signed by {who} ({printable(why)}){when}, {made}")
    if not result.signers:
        unread = "signatures were not looked at: payload open tells who signed"
        lines.append(unread if verb == "decrypt" else "signed by nobody")
    if result.encryption is not None:
        listed = ", ".join(map(printable, result.recipients)) or "nobody that is named"
        lines.append(f"encrypted with {result.encryption} to {listed}")
    lines.append(f"{result.size} octets of content")
    return lines
