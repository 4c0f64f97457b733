"""Where payloads come from: octets, files, streams; and private files for what is not checked yet."""

from __future__ import annotations

import errno
import io
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import IO, BinaryIO, cast

from zeep_wssec.errors import PayloadError, PayloadUsageError
from zeep_wssec.keys.files import shown_path

CHUNK_BYTES = 256 * 1024
"""Octets that are read, worked on and written at once."""
MEMORY_BYTES = 1024 * 1024
"""What is larger goes from memory into an unlinked file that only we can read."""

PayloadSource = bytes | bytearray | memoryview | os.PathLike[str] | BinaryIO
"""Octets, a path, or an open binary stream, which is read from where it stands and stays open."""
PayloadSink = os.PathLike[str] | BinaryIO
"""A path, whose file is replaced as a whole, or an open binary stream, which stays open."""

_FULL = (errno.ENOSPC, errno.EDQUOT)


class PayloadReader:
    """What a source holds, from its first octet to its last; made by ``open_source``."""

    __slots__ = ("_start", "_stream", "name", "size")

    name: str
    """What errors call it."""
    size: int | None
    """Octets; ``None`` for a pipe, which cannot be read twice either."""

    def __init__(self, stream: IO[bytes], *, name: str) -> None:
        self._stream = stream
        self.name = name
        self._start, self.size = 0, None
        with suppress(OSError, ValueError, AttributeError):
            if stream.seekable():
                self._start = stream.tell()
                self.size = stream.seek(0, os.SEEK_END) - self._start
                stream.seek(self._start)

    def read(self, size: int = -1) -> bytes:
        """Give the next octets, fewer than ``size`` at the end only; none when there are no more.

        Raises:
            PayloadError: They cannot be read.
        """
        found = self._read(size)
        if size < 0 or len(found) == size or not found:
            return found
        parts = [found]  # pipes and sockets give what they have
        missing = size - len(found)
        while missing and (found := self._read(missing)):
            parts.append(found)
            missing -= len(found)
        return b"".join(parts)

    def _read(self, size: int) -> bytes:
        try:
            found = self._stream.read(size)
        except (OSError, ValueError) as error:
            raise PayloadError(f"{self.name} cannot be read: {_reason(error)}.") from None
        if not isinstance(found, bytes):
            raise PayloadUsageError(
                f"{self.name} gives {type(found).__name__}, not bytes.",
                hint='Open it with "rb", or take its .buffer.',
            )
        return found

    def chunks(self, limit: int | None = None) -> Iterator[bytes]:
        """Give what is left, or its next ``limit`` octets, in pieces."""
        while limit is None or limit > 0:
            chunk = self.read(CHUNK_BYTES if limit is None else min(limit, CHUNK_BYTES))
            if not chunk:
                return
            yield chunk
            limit = None if limit is None else limit - len(chunk)

    def seek(self, offset: int) -> None:
        """Go to an offset from the first octet; only where ``size`` is known."""
        try:
            self._stream.seek(self._start + offset)
        except (OSError, ValueError) as error:
            raise PayloadError(f"{self.name} cannot be read again: {_reason(error)}.") from None

    def tell(self) -> int:
        """Give the offset from the first octet; only where ``size`` is known."""
        return self._stream.tell() - self._start


@contextmanager
def open_source(source: PayloadSource, *, seekable: bool = False) -> Iterator[PayloadReader]:
    """Open a source for reading.

    Args:
        source: Octets, a path or a stream.
        seekable: Whether it is read twice: a pipe is first taken into a private file.

    Raises:
        PayloadUsageError: It is none of those, or there is no such file.
        PayloadError: It cannot be read.
    """
    if isinstance(source, bytes | bytearray | memoryview):
        yield PayloadReader(io.BytesIO(source), name="the data given")
    elif isinstance(source, os.PathLike):
        with _open_file(source) as stream:
            yield from _readers(stream, shown_path(source), seekable)
    elif hasattr(source, "read"):
        yield from _readers(source, "the stream given", seekable)
    else:
        hint = "Give a pathlib.Path for a file, bytes for data." if isinstance(source, str) else ""
        raise PayloadUsageError(
            f"Data is bytes, a path or a binary stream, not {type(source).__name__}.", hint=hint
        )


def _open_file(path: os.PathLike[str]) -> IO[bytes]:
    name = shown_path(path)
    try:
        return open(path, "rb")  # noqa: PTH123  # any PathLike; the caller closes it
    except (FileNotFoundError, IsADirectoryError) as error:
        raise PayloadUsageError(f"{name} cannot be read: {_reason(error)}.", path=name) from None
    except (OSError, ValueError) as error:
        raise PayloadError(f"{name} cannot be read: {_reason(error)}.") from None


def _readers(stream: IO[bytes], name: str, seekable: bool) -> Iterator[PayloadReader]:
    reader = PayloadReader(stream, name=name)
    if reader.size is not None or not seekable:
        yield reader
        return
    with open_spool() as spool:
        for chunk in reader.chunks():
            spool.write(chunk)
        yield spool.reader(name)


class PayloadSpool:
    """A private place for octets that nobody may see yet: memory, then an unlinked file of mode 0600."""

    def __init__(self, stream: IO[bytes], *, place: str) -> None:
        self._stream = stream
        self._place = place
        self.size = 0
        """Octets written."""

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Add octets.

        Raises:
            PayloadError: They cannot be written: the disk is full.
        """
        try:
            self._stream.write(data)
        except (OSError, ValueError) as error:
            raise cannot_write(self._place, error) from None
        self.size += len(data)

    def fileno(self) -> int:
        """Give the descriptor of the file, for another process to write to; call ``settle`` afterwards."""
        self._flush()
        return self._stream.fileno()

    def settle(self) -> None:
        """Count what another process has written."""
        self.size = self._stream.seek(0, os.SEEK_END)

    def reader(self, name: str = "the data") -> PayloadReader:
        """Read what was written, from its start."""
        self._flush()
        self._stream.seek(0)
        return PayloadReader(self._stream, name=name)

    def _flush(self) -> None:
        try:
            self._stream.flush()
        except OSError as error:
            raise cannot_write(self._place, error) from None


@contextmanager
def open_spool(near: object = None) -> Iterator[PayloadSpool]:
    """Open a private place for what is not checked yet; nothing of it is left afterwards.

    Args:
        near: The sink of the result: with a path, the file is made in its folder. Else it is where
            ``tempfile`` makes its files (``TMPDIR``).

    Raises:
        PayloadError: No file can be made there.
    """
    folder = folder_of(near) if isinstance(near, os.PathLike) else None
    with private_file(folder) as stream:
        place = shown_path(folder) if folder else "the folder for temporary files"
        yield PayloadSpool(stream, place=place)


@contextmanager
def private_file(folder: str | None = None) -> Iterator[IO[bytes]]:
    """Open a file in memory that becomes an unlinked one once it is large."""
    spooled = tempfile.SpooledTemporaryFile(MEMORY_BYTES, dir=folder)  # noqa: SIM115  # see below
    try:
        yield cast("IO[bytes]", spooled)
    finally:
        with suppress(OSError):  # a full disk fails again when the buffer is thrown away
            spooled.close()


def folder_of(path: os.PathLike[str]) -> str:
    """Give the folder of a file."""
    return os.path.dirname(os.path.abspath(os.fspath(path)))  # noqa: PTH100, PTH120  # keeps links


def cannot_write(place: str, error: Exception) -> PayloadError:
    """Make the error for octets that cannot be written."""
    if isinstance(error, OSError) and error.errno in _FULL:
        return PayloadError(
            f"The disk is full: {place} takes no more.",
            hint="Nothing was written. A result needs its own size in free space, twice where it is "
            "decrypted and then verified; TMPDIR says where streams are kept.",
        )
    return PayloadError(f"{place} cannot be written: {_reason(error)}.")


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
