"""Reads key files: regular files only, of bounded size, opened once."""

from __future__ import annotations

import contextlib
import logging
import os
import re
import stat
from pathlib import Path

from zeep_wssec.errors import KeyLoadError

_log = logging.getLogger(__name__)

MAX_FILE_BYTES = 4 * 1024 * 1024
"""Largest key file read; a big bundle of certificates has a few hundred kilobytes."""

MAX_PATH_CHARS = 4096
"""Longest text that is taken for a path; Linux has none longer."""
_SHOWN_CHARS = 200
_CONTENT = re.compile(r"-----BEGIN|[\r\n]|\A(?:MI|TUl)[A-Za-z0-9+/]{98,}={0,2}\Z")
"""What no path has: the start of a PEM, a line end, or a long text that is base64 of DER or of it."""

Source = str | os.PathLike[str] | bytes
"""Where key material comes from: a path, or its bytes."""


def read_source(source: Source, *, what: str) -> bytes:
    """Give the bytes of a path, or the bytes themselves.

    Args:
        source: A path (``str`` or ``PathLike``), or content as ``bytes``.
        what: What it should hold, for error messages.

    Raises:
        KeyLoadError: The file is missing, not readable, not a regular file, or too large; or a text is
            content and no path.
    """
    if isinstance(source, (bytes, bytearray, memoryview)):
        return _require_bounded(bytes(source), source="the bytes given", what=what)
    return read_file(source, what=what)


def file_stamp(source: object) -> tuple[int, ...] | None:
    """Give what the file system says of a file, which is another as soon as the file is; it is not read.

    Returns:
        ``None`` where nothing is said, as of a file that is not there; bytes never change.
    """
    if not isinstance(source, str | os.PathLike):
        return ()
    try:
        found = os.stat(source)  # noqa: PTH116  # asked at every message
    except (OSError, ValueError):
        return None
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def stamps_of(*sources: object) -> tuple[tuple[int, ...], ...] | None:
    """Give the stamps of several sources and lists of sources; ``None`` if nothing is said of one."""
    stamps: list[tuple[int, ...]] = []
    for source in sources:
        each = source if isinstance(source, list | tuple) else (source,)
        for item in each:
            stamp = file_stamp(item)
            if stamp is None:
                return None
            stamps.append(stamp)
    return tuple(stamps)


def describe_source(source: object) -> str:
    """Name a source in an error: its path, or that bytes were given."""
    if isinstance(source, (str, os.PathLike)):
        return shown_path(source)
    return "the bytes given"


def require_path(path: str | os.PathLike[str], *, what: str) -> str:
    """Give a path as text; what is the content of a file instead is refused and never shown.

    Raises:
        KeyLoadError: It is the text of a PEM, or another text that no path can be.
    """
    name = os.fsdecode(path)
    if _CONTENT.search(name) or len(name) > MAX_PATH_CHARS:
        kind = "the text of a PEM" if "-----BEGIN" in name else "the content of a file"
        raise KeyLoadError(
            f"The path of {what} expected, but this is {kind}, not a path.",
            hint="Give it as bytes: text.encode().",
            source="the text given",
        )
    return name


def shown_path(path: str | os.PathLike[str]) -> str:
    """Give a path as errors show it: in one line, at most 200 characters, and no content of a file."""
    name = os.fsdecode(path)
    if _CONTENT.search(name):
        return "the text given"
    shown = "".join(char if char.isprintable() else ascii(char)[1:-1] for char in name)
    return shown if len(shown) <= _SHOWN_CHARS else f"{shown[: _SHOWN_CHARS - 1]}…"


def read_file(path: str | os.PathLike[str], *, what: str, limit: int = MAX_FILE_BYTES) -> bytes:
    """Read a regular file through one descriptor.

    Kind and size are those of the open descriptor, so swapping the file in between gains nothing,
    and a FIFO cannot hold the process.

    Raises:
        KeyLoadError: The file is missing, not readable, not a regular file, or above ``limit``.
    """
    place = require_path(path, what=what)
    name = shown_path(place)
    flags = os.O_RDONLY
    for extra in ("O_NONBLOCK", "O_CLOEXEC", "O_BINARY", "O_NOCTTY"):
        flags |= getattr(os, extra, 0)
    try:
        descriptor = os.open(place, flags)
    except (OSError, ValueError) as error:
        raise _not_readable(name, error, what=what) from None
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            kind = "a directory" if stat.S_ISDIR(status.st_mode) else "not a regular file"
            raise KeyLoadError(f"{name}: {what} expected, but this is {kind}.", source=name)
        with os.fdopen(os.dup(descriptor), "rb") as stream:
            data = stream.read(limit + 1)
        if os.name == "posix":
            _warn_of_others(place, name, status.st_mode, is_key=_has_plain_key(data))
    except OSError as error:
        raise _not_readable(name, error, what=what) from None
    finally:
        os.close(descriptor)
    return _require_bounded(data, source=name, what=what, limit=limit)


def _warn_of_others(place: str, name: str, mode: int, *, is_key: bool) -> None:
    """Say where every user of this system can read a key, or put another file in the place of this one."""
    if is_key and mode & 0o007:
        _log.warning("%s holds a private key that every user of this system can read", name)
    if mode & stat.S_IWOTH:
        _log.warning("%s can be changed by every user of this system", name)
        return
    with contextlib.suppress(OSError):
        folder = Path(place).parent.stat().st_mode
        # In a folder such as /tmp only the owner of a file can remove it.
        if folder & stat.S_IWOTH and not folder & stat.S_ISVTX:
            _log.warning(
                "%s can be replaced by every user of this system: its folder is open", name
            )


def _has_plain_key(data: bytes) -> bool:
    return b"PRIVATE KEY-----" in data and b"ENCRYPTED" not in data


def _not_readable(name: str, error: OSError | ValueError, *, what: str) -> KeyLoadError:
    if isinstance(error, FileNotFoundError):
        absolute = "" if Path(name).is_absolute() else f" (looked in {shown_path(Path.cwd())})"
        return KeyLoadError(
            f"{name}: {what} expected, but there is no such file{absolute}.", source=name
        )
    reason = getattr(error, "strerror", None) or str(error)
    return KeyLoadError(f"{name}: {what} cannot be read: {reason}.", source=name)


def _require_bounded(data: bytes, *, source: str, what: str, limit: int = MAX_FILE_BYTES) -> bytes:
    if len(data) > limit:
        raise KeyLoadError(
            f"{source}: {what} expected, but this is larger than {limit} bytes.",
            source=source,
            limit=limit,
        )
    return data
