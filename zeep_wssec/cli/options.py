"""Options that several commands have."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeVar

import click

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
    return click.option(
        "--now",
        callback=_read_moment,
        metavar="TIME",
        help="Act as of this time, such as 2027-06-01T12:00:00Z.",
    )(command)


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
