"""A bar on stderr while a long file is read; only where somebody looks at it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import click

from zeep_wssec.cli.files import STREAM

LONG_BYTES = 8 * 1024 * 1024
"""Files below are done before anybody could look."""


@contextmanager
def open_with_progress(name: str, *, what: str) -> Iterator[IO[bytes]]:
    """Open a file or stdin; a long file shows how far it has been read, if stderr is a terminal.

    Args:
        name: A path or ``-``.
        what: The word beside the bar.

    Raises:
        click.UsageError: It cannot be opened.
    """
    if name == STREAM:
        yield sys.stdin.buffer
        return
    try:
        stream = Path(name).open("rb")  # noqa: SIM115  # closed below
    except OSError as error:
        raise click.UsageError(f"{name} cannot be read: {error.strerror or error}.") from None
    with stream:
        size = 0
        if stream.seekable():  # a pipe has no size
            size = stream.seek(0, os.SEEK_END)
            stream.seek(0)
        if size < LONG_BYTES or not sys.stderr.isatty():
            yield stream
            return
        with _bar(stream, size, what) as watched:
            yield watched


@contextmanager
def _bar(stream: IO[bytes], size: int, what: str) -> Iterator[IO[bytes]]:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
    console = Console(stderr=True)
    with Progress(
        *columns, TransferSpeedColumn(), TimeRemainingColumn(), console=console
    ) as progress:
        task = progress.add_task(what, total=size)
        yield _Watched(stream, lambda at: progress.update(task, completed=at))  # type: ignore[misc]


class _Watched:
    """A stream that tells where it stands; a second reading starts the bar again."""

    def __init__(self, stream: IO[bytes], tell: Any) -> None:
        self._stream = stream
        self._tell = tell

    def read(self, size: int = -1) -> bytes:
        data = self._stream.read(size)
        self._tell(self._stream.tell())
        return data

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._stream.seek(offset, whence)

    def tell(self) -> int:
        return self._stream.tell()

    def seekable(self) -> bool:
        return self._stream.seekable()
