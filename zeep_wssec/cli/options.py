"""Options that several commands have."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

import click

from zeep_wssec.errors import ProfileError

if TYPE_CHECKING:
    from zeep_wssec.plan import Plan

_Command = TypeVar("_Command", bound=Callable[..., Any])


def profile_option(command: _Command) -> _Command:
    """Add ``--profile``, handed on as ``profile_path``."""
    return click.option(
        "--profile", "-p", "profile_path", required=True, metavar="FILE", help="The profile."
    )(command)


def operation_option(command: _Command) -> _Command:
    """Add ``--operation``."""
    return click.option(
        "--operation", metavar="NAME", help="Operation, for a profile with overlays."
    )(command)


def now_option(command: _Command) -> _Command:
    """Add ``--now``, an aware time: the present when left out."""
    text = "Act as of this time, such as 2027-06-01T12:00:00Z."
    return moment_option("--now", "now", help=text)(command)


def moment_option(name: str, to: str, *, help: str) -> Callable[[_Command], _Command]:
    """Add an option that is an aware time: the present when left out.

    Args:
        name: With its dashes.
        to: As what it is handed on.
        help: What it is for.
    """
    return click.option(name, to, callback=_read_moment, metavar="TIME", help=help)


def _read_moment(context: click.Context, parameter: click.Parameter, value: str | None) -> datetime:
    if value is None:
        return datetime.now(UTC)
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        raise click.BadParameter(
            f"{value!r} is not a time such as 2027-06-01T12:00:00Z.", context, parameter
        ) from None
    if moment.tzinfo is None:
        raise click.BadParameter(f"{value!r} has no zone; add Z for UTC.", context, parameter)
    return moment


def check_operation(plan: Plan, operation: str | None, told: Sequence[str]) -> None:
    """Refuse an operation that nothing knows: a slip of the pen there would pass an overlay by.

    Args:
        plan: Has the overlays, and the WSDL if that is a file.
        operation: What ``--operation`` says.
        told: What the message itself tells.

    Raises:
        ProfileError: It is none of them; the hint lists them.
    """
    if operation is None:
        return
    known = dict.fromkeys([*plan.operations, *told, *_names_in_wsdl(plan)])
    if operation not in known:
        close = difflib.get_close_matches(operation, known, n=1)
        meant = f"Did you mean {close[0]}? " if close else ""
        raise ProfileError(
            f"{operation!r} is neither an overlay of the profile nor a name of the message.",
            hint=f"{meant}Known are {', '.join(known) or 'none'}; without --operation the message decides.",
            path="--operation",
        )


def _names_in_wsdl(plan: Plan) -> list[str]:
    from zeep_wssec.wsdl_names import is_local, read_wsdl_names

    wsdl = plan.service.wsdl
    if wsdl is None or not is_local(wsdl):
        return []
    try:
        names = read_wsdl_names(wsdl)
    except ProfileError:
        return []
    return sorted(names.operations | names.told)
