"""The commands by name, imported when they are used, and what their failures exit with."""

from __future__ import annotations

import difflib
import importlib
import json
import sys
from collections.abc import Mapping
from typing import Any

import click

from zeep_wssec import __version__
from zeep_wssec.cli.output import printable
from zeep_wssec.errors import (
    InboundError,
    KeyMaterialError,
    PayloadUsageError,
    ProfileError,
    WSSecError,
)

REFUSED = 1
"""Exit code: the message is refused, or cannot be protected."""
WRONG = 2
"""Exit code: the arguments, the profile or the keys are wrong; nothing was judged."""

Commands = Mapping[str, tuple[str, str]]
"""``"module:attribute"`` and one line of help, by name."""

_COMMANDS: Commands = {
    "check": ("zeep_wssec.cli.check:check", "Check and decrypt a message."),
    "demo": ("zeep_wssec.cli.demo:demo", "Show a secured exchange with throwaway keys."),
    "doctor": ("zeep_wssec.cli.doctor:doctor", "Show versions, and what cannot be imported."),
    "keystore": ("zeep_wssec.cli.keystore:keystore", "Make, renew and look after key pairs."),
    "openpgp": ("zeep_wssec.cli.openpgp:openpgp", "Look after key rings of OpenPGP."),
    "payload": ("zeep_wssec.cli.payload:payload", "Protect data outside of messages."),
    "profile": ("zeep_wssec.cli.profile:profile", "Look at a profile file."),
    "secure": ("zeep_wssec.cli.secure:secure", "Protect a message."),
    "tls-check": (
        "zeep_wssec.cli.tls_check:tls_check",
        "Connect to a server and tell what it wants.",
    ),
    "trust": ("zeep_wssec.cli.trust:trust", "Tell whom a profile trusts, and why not."),
}


class LazyGroup(click.Group):
    """A group whose commands are imported when they are used: ``--help`` imports none of them."""

    def __init__(self, *args: Any, table: Commands | None = None, **options: Any) -> None:
        super().__init__(*args, **options)
        self.table: Commands = table or {}

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click's signature
        """Give the names, sorted."""
        return sorted(self.table)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import a command, or give ``None`` for a name that is none."""
        if cmd_name not in self.table:
            return None
        module, attribute = self.table[cmd_name][0].split(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find a command; for a name that is none, the nearest one is told."""
        if args and args[0] not in self.table and not args[0].startswith("-"):
            close = difflib.get_close_matches(args[0], self.table, n=1)
            meant = f" Did you mean {close[0]!r}?" if close else ""
            ctx.fail(f"No such command {args[0]!r}.{meant}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands from the table."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, self.table[name][1]) for name in self.list_commands(ctx)])


class RootGroup(LazyGroup):
    """The outermost group: turns errors of the package into messages and exit codes."""

    def main(self, *args: Any, **options: Any) -> Any:
        """Run; characters that the terminal cannot show are escaped instead of failing."""
        for stream in (sys.stdout, sys.stderr):
            if hasattr(stream, "reconfigure"):
                stream.reconfigure(errors="backslashreplace")
        return super().main(*args, **options)

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; an error of the package becomes a message on stderr and an exit code."""
        try:
            return super().invoke(ctx)
        except WSSecError as error:
            for line in describe_failure(error):
                click.echo(line, err=True)
            ctx.exit(exit_code(error))


def exit_code(error: WSSecError) -> int:
    """Give the exit code for an error: 2 when the caller's own files or keys are wrong, else 1."""
    wrong = (ProfileError, KeyMaterialError, PayloadUsageError)
    return WRONG if isinstance(error, wrong) else REFUSED


def describe_failure(error: WSSecError) -> list[str]:
    """Give an error line by line; a peer's words in it are escaped."""
    path = error.details.get("path", "")
    text = f"{path}: {error.message}" if path else str(error.message)
    lines = [f"{type(error).__name__} ({error.code}): {printable(text)}"]
    if error.details.get("reason"):
        lines.append(f"  reason: {printable(error.details['reason'])}")
    if error.hint:
        lines.append(f"  hint: {printable(error.hint)}")
    if isinstance(error, InboundError) and error.unverified_fault:
        lines.append(f"  fault, not verified: {printable(error.unverified_fault)}")
    return lines


def failure_json(error: WSSecError) -> str:
    """Give an error as JSON for programs; ASCII only, so nothing in it reaches a terminal."""
    return json.dumps(error.to_dict(), indent=2)


@click.group(
    cls=RootGroup,
    table=_COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 done or accepted, 1 refused, 2 wrong arguments, profile or keys.",
)
@click.version_option(__version__, prog_name="zeep-wssec")
def main() -> None:
    """WS-Security for SOAP messages: protect, check, and look at profiles."""
