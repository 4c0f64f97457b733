"""Where results go: whole, once every check has passed, or not at all."""

from __future__ import annotations

import errno
import io
import os
import secrets
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, BinaryIO

from zeep_wssec.errors import PayloadUsageError
from zeep_wssec.keys.files import shown_path
from zeep_wssec.payload.streams import (
    CHUNK_BYTES,
    PayloadSink,
    PayloadSpool,
    cannot_write,
    folder_of,
    private_file,
)


class PayloadWriter(PayloadSpool):
    """Takes a result; what was written shows nowhere until ``open_sink`` ends without an error."""

    content: bytes | None = None
    """The result, where it goes neither to a path nor to a stream; set at the end."""


@contextmanager
def open_sink(to: PayloadSink | None) -> Iterator[PayloadWriter]:
    """Open a place for a result; it is released when the block ends without an error.

    A path gets a new file of mode 0600 that replaces what was there; a link is never followed. Until
    then the octets are in an unlinked file in the same folder, so a full disk is known before anything
    shows, and a process that is killed leaves nothing.

    Args:
        to: A path, a binary stream, or ``None`` for ``content``.

    Raises:
        PayloadUsageError: It is none of those, or the path cannot take a result.
        PayloadError: The result cannot be written; what was there before still is.
    """
    if to is None:
        memory = io.BytesIO()
        writer = PayloadWriter(memory, place="memory")
        yield writer
        writer.content = memory.getvalue()
    elif isinstance(to, os.PathLike):
        with _open_path(to) as writer:
            yield writer
    elif hasattr(to, "write"):
        with _open_stream(to) as writer:
            yield writer
    else:
        raise PayloadUsageError(
            f"A result goes to a path or a binary stream, not {type(to).__name__}.",
            hint="Give a pathlib.Path for a file." if isinstance(to, str) else "",
        )


@contextmanager
def _open_stream(to: BinaryIO) -> Iterator[PayloadWriter]:
    if isinstance(to, io.TextIOBase):
        raise PayloadUsageError(
            "A result is octets; this stream takes text.",
            hint='Open it with "wb", or take its .buffer.',
        )
    with private_file() as stream:
        writer = PayloadWriter(stream, place="the folder for temporary files")
        yield writer
        writer.settle()
        source = writer.reader()
        try:
            for chunk in source.chunks():
                _write_all(to, chunk)
            to.flush()
        except (OSError, ValueError) as error:
            raise cannot_write("the stream given", error) from None


def _write_all(to: BinaryIO, chunk: bytes) -> None:
    """Write a whole piece; an unbuffered stream takes what it can, and tells how much that was.

    Raises:
        OSError: It takes no more.
    """
    rest = memoryview(chunk)
    while rest:
        taken = to.write(rest)
        if not isinstance(to, io.RawIOBase):
            return
        if not taken:
            raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN))
        rest = rest[taken:]


@contextmanager
def _open_path(to: os.PathLike[str]) -> Iterator[PayloadWriter]:
    name = shown_path(to)
    _check_target(to, name)
    folder = folder_of(to)
    try:
        stream, linkable = _unlinked_file(folder)
    except OSError as error:
        raise cannot_write(name, error) from None
    try:
        writer = PayloadWriter(stream, place=name)
        yield writer
        writer.reader()  # flushes
        writer.settle()
        try:
            _release(stream, Path(folder), Path(to).name, linkable=linkable)
        except OSError as error:
            raise cannot_write(name, error) from None
    finally:
        with suppress(OSError):
            stream.close()


def _check_target(to: os.PathLike[str], name: str) -> None:
    try:
        mode = os.lstat(to).st_mode
    except FileNotFoundError:
        if not Path(folder_of(to)).is_dir():
            raise PayloadUsageError(
                f"{name} cannot be written: there is no such folder.", path=name
            ) from None
        return
    except (OSError, ValueError) as error:
        raise cannot_write(name, error) from None
    if not stat.S_ISREG(mode):
        what = "a symbolic link" if stat.S_ISLNK(mode) else "not a regular file"
        raise PayloadUsageError(f"{name} cannot be written: it is {what}.", path=name)


def _unlinked_file(folder: str) -> tuple[IO[bytes], bool]:
    """Open a file without a name, and tell whether it can be given one."""
    flag = getattr(os, "O_TMPFILE", 0)
    if flag and Path("/proc/self/fd").is_dir():
        with suppress(OSError):  # not every file system has such files
            descriptor = os.open(folder, flag | os.O_RDWR | os.O_CLOEXEC, 0o600)
            return os.fdopen(descriptor, "w+b", CHUNK_BYTES), True
    return tempfile.TemporaryFile(dir=folder), False


def _release(stream: IO[bytes], folder: Path, name: str, *, linkable: bool) -> None:
    """Give the file its name; a rename replaces what is there, and never follows a link."""
    temporary = folder / f".zeep-wssec-{secrets.token_hex(8)}"
    try:
        if linkable:
            _link(stream.fileno(), temporary)
        else:
            _copy(stream, temporary)
        temporary.replace(folder / name)
    finally:
        temporary.unlink(missing_ok=True)


def _link(descriptor: int, target: Path) -> None:
    # Only linkat() with a descriptor of a folder follows the link that /proc has for the file.
    folder = os.open(target.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.link(f"/proc/self/fd/{descriptor}", target.name, dst_dir_fd=folder, follow_symlinks=True)
    finally:
        os.close(folder)


def _copy(stream: IO[bytes], target: Path) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    with os.fdopen(os.open(target, flags, 0o600), "wb") as file:
        stream.seek(0)
        shutil.copyfileobj(stream, file, CHUNK_BYTES)
