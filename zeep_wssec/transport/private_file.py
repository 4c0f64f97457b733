"""A path for libraries that read keys from files only: memory where the system has that."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from zeep_wssec.errors import KeyUsageError


@contextmanager
def private_file(data: bytes) -> Iterator[str]:
    """Give a path that holds ``data`` for as long as the block lasts.

    On Linux it leads to anonymous memory, which no other file system than ``/proc`` shows and which needs
    nothing that can be written to. Elsewhere it is a file that only its owner can read.

    Args:
        data: What is to be read; encrypted, since elsewhere it stands on a disk for a moment.

    Raises:
        KeyUsageError: There is neither memory that has a path nor a folder for a temporary file.
    """
    descriptor = _memory(data)
    if descriptor is not None:
        try:
            yield f"/proc/self/fd/{descriptor}"
        finally:
            os.close(descriptor)
        return
    try:
        folder = tempfile.TemporaryDirectory(prefix="zeep-wssec-")
    except OSError:
        raise KeyUsageError(
            "Python's ssl reads keys from files only, and here is no place for one: neither memory "
            "with a path (Linux with /proc) nor a temporary folder that can be written to.",
            hint="Set TMPDIR to a folder that this process may write to.",
            reason="no_place",
        ) from None
    with folder as name:
        path = Path(name) / "key.pem"
        path.touch(mode=0o600)
        path.write_bytes(data)
        yield str(path)


def _memory(data: bytes) -> int | None:
    """Give a descriptor of memory with ``data``, or ``None`` where it would have no path."""
    if not hasattr(os, "memfd_create"):
        return None
    try:
        descriptor = os.memfd_create("zeep-wssec", os.MFD_CLOEXEC)
    except OSError:
        return None
    try:
        view = memoryview(data)
        while view:
            view = view[os.write(descriptor, view) :]
    except BaseException:
        os.close(descriptor)
        raise
    if not Path(f"/proc/self/fd/{descriptor}").exists():
        os.close(descriptor)
        return None
    return descriptor
