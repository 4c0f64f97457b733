"""What commands read and write: files or ``-``; results appear whole or not at all."""

from __future__ import annotations

import os
import stat
import sys
import tempfile
from pathlib import Path

import click

STREAM = "-"
"""Stdin or stdout in place of a file."""


def read_input(name: str, *, limit: int | None = None) -> bytes:
    """Read a file or stdin.

    Args:
        name: A path or ``-``.
        limit: Read one byte more than this at most, so that the check sees that it is too large.

    Raises:
        click.UsageError: It cannot be read.
    """
    size = -1 if limit is None else limit + 1
    try:
        if name == STREAM:
            return sys.stdin.buffer.read(size)
        with Path(name).open("rb") as file:
            return file.read(size)
    except OSError as error:
        raise click.UsageError(f"{name} cannot be read: {_reason(error)}.") from None


def check_output(name: str) -> None:
    """Refuse a place that cannot take a result, before any work is done.

    Raises:
        click.UsageError: It is a link, a folder or a device, or its folder does not exist.
    """
    if name == STREAM:
        return
    path = Path(name)
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        if not path.parent.is_dir():
            raise click.UsageError(f"{name} cannot be written: there is no such folder.") from None
        return
    except OSError as error:
        raise click.UsageError(f"{name} cannot be written: {_reason(error)}.") from None
    if not stat.S_ISREG(mode):
        what = "a symbolic link" if stat.S_ISLNK(mode) else "not a regular file"
        raise click.UsageError(f"{name} cannot be written: it is {what}.")


def write_output(name: str, data: bytes) -> None:
    """Write a result to a file or stdout; the file appears whole, readable by its owner only.

    Raises:
        click.UsageError: It cannot be written; whatever was there before still is.
    """
    if name == STREAM:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
        return
    check_output(name)
    path = Path(name)
    try:
        # mkstemp makes the file with mode 0600; os.replace replaces a link and never follows it.
        descriptor, temporary = tempfile.mkstemp(prefix=".zeep-wssec-", dir=path.parent)
    except OSError as error:
        raise click.UsageError(f"{name} cannot be written: {_reason(error)}.") from None
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException as error:
        Path(temporary).unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise click.UsageError(f"{name} cannot be written: {_reason(error)}.") from None
        raise


def _reason(error: OSError) -> str:
    return error.strerror or type(error).__name__
