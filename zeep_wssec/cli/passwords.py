"""Passwords of keystores: from a variable, a file or the terminal, never from the command line itself."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, TypeVar

import click

from zeep_wssec.errors import KeyLoadError
from zeep_wssec.keys.password_rules import password_faults
from zeep_wssec.keys.secrets import Secret

_Command = TypeVar("_Command", bound=Callable[..., Any])


def password_options(
    prefix: str = "", *, of: str = "the keystore"
) -> Callable[[_Command], _Command]:
    """Add ``--…password-env`` and ``--…password-file``.

    Args:
        prefix: In front of ``password``: ``"key-"``.
        of: What it opens, for the help.
    """

    def add(command: _Command) -> _Command:
        name = f"--{prefix}password"
        command = click.option(
            f"{name}-file", metavar="FILE", help=f"File with the password of {of}."
        )(command)
        return click.option(
            f"{name}-env", metavar="VARIABLE", help=f"Variable with the password of {of}."
        )(command)

    return add


def check_password_option(command: _Command) -> _Command:
    """Add ``--check-password``."""
    return click.option(
        "--check-password",
        is_flag=True,
        help="Refuse a password that breaks the rules of SAP's keystores.",
    )(command)


def find_secret(variable: str | None, file: str | None) -> Secret | None:
    """Give where a password is kept, or ``None`` where nothing says so.

    Raises:
        click.UsageError: Both are given.
    """
    if variable is not None and file is not None:
        raise click.UsageError("The password is said to be in a variable and in a file.")
    if variable is not None:
        return Secret.env(variable)
    return None if file is None else Secret.file(file)


def ask(what: str, *, option: str = "--password", again: bool = False) -> Secret:
    """Ask for a password on the terminal.

    Args:
        what: What it opens.
        option: Which options name it otherwise.
        again: Whether it is new, and typed twice.

    Raises:
        KeyLoadError: There is no terminal to ask on.
    """
    if not sys.stdin.isatty():
        raise KeyLoadError(
            f"{what} needs a password, and there is no terminal to ask for it.",
            hint=f"Name a variable with {option}-env, or a file with {option}-file.",
        )
    typed: str = click.prompt(
        f"Password of {what}", hide_input=True, confirmation_prompt=again, err=True
    )
    return Secret.of(typed)


def require_new(
    secret: Secret | None, what: str, *, check: bool, option: str = "--password"
) -> bytes:
    """Give a password that something is about to be written under.

    Raises:
        KeyLoadError: It is empty, cannot be read, or breaks the rules that are asked for.
    """
    password = (secret or ask(what, option=option, again=True)).reveal()
    faults = list(password_faults(password)) if check else []
    if faults:
        raise KeyLoadError(
            f"The password of {what} breaks the rules: {'; '.join(faults)}.",
            hint="Choose another one, or leave --check-password out.",
        )
    if not password:
        raise KeyLoadError(f"The password of {what} is empty.")
    return password
