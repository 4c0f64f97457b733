"""GnuPG as the engine: a home of its own, one process for each task, told apart by status lines.

Nothing of the user's own GnuPG is read: neither its keys, nor its options, nor its trust.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
import threading
import weakref
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from zeep_wssec.errors import PayloadError, PayloadLimitError, PayloadUsageError
from zeep_wssec.payload.openpgp import flow
from zeep_wssec.payload.openpgp.homes import environment, make_folder, remove_folder
from zeep_wssec.payload.streams import CHUNK_BYTES, PayloadReader, PayloadSpool

_OPTIONS: Final = (
    "--no-options",
    "--batch",
    "--no-tty",
    "--yes",
    "--quiet",
    "--no-auto-key-retrieve",
    "--no-auto-key-locate",
    "--no-auto-check-trustdb",
    "--trust-model=always",
    "--pinentry-mode=loopback",
    "--display-charset=utf-8",
    "--fixed-list-mode",
)
_MAX_STATUS_BYTES: Final = 16 * 1024 * 1024
"""Some 100,000 lines: a packet gives three or four."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What one run said."""

    lines: tuple[tuple[str, tuple[str, ...]], ...]
    """Status lines: keyword and arguments. Spec: doc/DETAILS of GnuPG, Format of the --status-fd output."""
    code: int
    """Exit code."""

    def all(self, keyword: str) -> list[tuple[str, ...]]:
        """Give the arguments of every line with a keyword."""
        return [arguments for name, arguments in self.lines if name == keyword]

    def has(self, keyword: str) -> bool:
        """Whether there is a line with a keyword."""
        return any(name == keyword for name, _ in self.lines)

    @property
    def errors(self) -> frozenset[int]:
        """Numbers of the errors that were reported, without their source."""
        found = [arguments[-1] for name in ("ERROR", "FAILURE") for arguments in self.all(name)]
        return frozenset(int(item) & 0xFFFF for item in found if item.isdecimal())


class GpgHome:
    """A private home for GnuPG with some keys in it; gone when it is closed or forgotten."""

    def __init__(self, program: str) -> None:
        """Make an empty home.

        Raises:
            PayloadUsageError: GnuPG is not installed, or too old.
        """
        found = shutil.which(program)
        if found is None:
            raise PayloadUsageError(
                f"{program} is not installed: OpenPGP is done by GnuPG.",
                hint="Install gnupg 2.2 or later, or state gpg = with the path of the program.",
            )
        if not hasattr(os, "fork"):
            raise PayloadUsageError("OpenPGP needs a system with POSIX processes.")
        self._program = found
        self._folder = make_folder()
        self.pid = os.getpid()
        self._finalizer = weakref.finalize(self, remove_folder, self._folder, self.pid)

    def close(self) -> None:
        """Stop the agent and remove the home."""
        self._finalizer()

    def run(
        self,
        *arguments: str,
        source: PayloadReader | None = None,
        sink: PayloadSpool | None = None,
        passphrase: bytes | None = None,
        now: datetime | None = None,
        limit: int | None = None,
    ) -> Outcome:
        """Run GnuPG once.

        Args:
            *arguments: Command and options; no secret may be among them.
            source: What it reads.
            sink: Takes what it writes; nothing of that may be used before the outcome was judged.
            passphrase: Of the secret keys.
            now: Time at which it acts; unset: the clock's.
            limit: Most octets that it may write. Such a run reads what somebody else wrote: a few kilobytes of
                it can keep GnuPG busy for hours, so one that stands still is given up, too.

        Raises:
            PayloadLimitError: It writes more than that, or stands still.
            PayloadError: It cannot be run, or the source cannot be read.
        """
        command = [self._program, "--homedir", self._folder, *_OPTIONS]
        if now is not None:
            command.append(f"--faked-system-time={now.astimezone(UTC):%Y%m%dT%H%M%S}!")
        with contextlib.ExitStack() as stack:
            status, status_end = _pipe(stack)
            command += [
                "--status-fd",
                str(status_end),
                "--passphrase-fd",
                str(_given(stack, passphrase)),
            ]
            readers: list[_Thread] = []
            # Whatever goes wrong, the reader has ended before its descriptor is closed and given to others.
            stack.callback(_join_all, readers)
            process = stack.enter_context(_started([*command, *arguments], keep=status_end))
            os.close(status_end)
            reading = _Thread(lambda: _read_all(status, process))
            readers.append(reading)
            moving = flow.Flow(None if limit is None else flow.SILENT_SECONDS)
            feeding = _Thread(lambda: _feed(process, source, moving))
            _take(process, sink, limit, moving)
            code = process.wait()
            feeding.result()
            text = reading.result()
        return Outcome(lines=tuple(_read_status(text)), code=code)

    def listing(self, *, secret: bool) -> str:
        """Give the list of keys, for ``read_listing``."""
        command = [self._program, "--homedir", self._folder, *_OPTIONS, "--with-colons"]
        command += ["--list-secret-keys" if secret else "--list-keys"]
        done = subprocess.run(  # noqa: S603  # our own arguments
            command, capture_output=True, env=environment(), check=False
        )
        return done.stdout.decode("utf-8", errors="surrogateescape")

    @contextlib.contextmanager
    def private_file(self, octets: bytes) -> Iterator[str]:
        """Give the path of a file in the home, for what GnuPG takes by name only."""
        descriptor, path = tempfile.mkstemp(dir=self._folder)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(octets)
            yield path
        finally:
            os.unlink(path)  # noqa: PTH108


def _pipe(stack: contextlib.ExitStack) -> tuple[int, int]:
    """Give both ends of a pipe; the second is for the other process, and closed by the caller."""
    first, second = os.pipe()
    stack.callback(_close, first)
    return first, second


def _given(stack: contextlib.ExitStack, passphrase: bytes | None) -> int:
    """Give a descriptor from which a passphrase, or an empty line, is read."""
    first, second = os.pipe()
    stack.callback(_close, first)
    with os.fdopen(second, "wb") as file:
        file.write((passphrase or b"") + b"\n")  # fits into the pipe: passphrases are short
    return first


def _close(descriptor: int) -> None:
    with contextlib.suppress(OSError):
        os.close(descriptor)


@contextlib.contextmanager
def _started(command: Sequence[str], *, keep: int) -> Iterator[subprocess.Popen[bytes]]:
    passed = int(command[command.index("--passphrase-fd") + 1])
    try:
        process = subprocess.Popen(  # noqa: S603  # our own arguments
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # it quotes what a sender wrote
            pass_fds=(keep, passed),
            env=environment(),
        )
    except OSError as error:
        _close(keep)
        raise PayloadError(f"GnuPG cannot be started: {error.strerror}.") from None
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()
        process.wait()


class _Thread:
    """Runs a function beside this thread and gives its result, or its error, here."""

    def __init__(self, function: Any) -> None:
        self._function = function
        self._found: Any = None
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._found = self._function()
        except BaseException as error:
            self._error = error

    def join(self) -> None:
        self._thread.join()

    def result(self) -> Any:
        self._thread.join()
        if self._error is not None:
            raise self._error
        return self._found


def _join_all(threads: list[_Thread]) -> None:
    for thread in threads:
        thread.join()


def _read_all(descriptor: int, process: subprocess.Popen[bytes]) -> bytes:
    found = bytearray()
    while chunk := os.read(descriptor, 65536):
        found += chunk
        if len(found) > _MAX_STATUS_BYTES:
            process.kill()
            raise PayloadLimitError(
                "GnuPG has too much to say about the data: it has packets without end.",
                limit=_MAX_STATUS_BYTES,
            )
    return bytes(found)


def _feed(
    process: subprocess.Popen[bytes], source: PayloadReader | None, moving: flow.Flow
) -> None:
    stream = process.stdin
    if stream is None:
        return
    chunks = iter(()) if source is None else source.chunks()
    try:
        while True:
            with moving.aside():
                chunk = next(chunks, b"")
            if not chunk:
                return
            stream.write(chunk)
            moving.moved()
    except (BrokenPipeError, ValueError):
        return  # it has seen enough; its status lines say why
    except PayloadError:
        process.kill()
        raise
    finally:
        with contextlib.suppress(OSError, ValueError):
            stream.close()


def _take(
    process: subprocess.Popen[bytes],
    sink: PayloadSpool | None,
    limit: int | None,
    moving: flow.Flow,
) -> None:
    stream = process.stdout
    taken = 0
    while stream is not None:
        if not moving.wait(stream):
            process.kill()
            raise PayloadLimitError(
                f"GnuPG has neither read nor written anything for {flow.SILENT_SECONDS:g} seconds: the data "
                "may be made to keep it busy.",
                limit=flow.SILENT_SECONDS,
            )
        chunk = os.read(stream.fileno(), CHUNK_BYTES)
        if not chunk:
            return
        taken += len(chunk)
        if limit is not None and taken > limit:
            process.kill()
            raise PayloadLimitError(
                f"The data becomes more than {limit} bytes.",
                hint="Raise max_output_bytes if it really is that much.",
                limit=limit,
            )
        if sink is not None:
            sink.write(chunk)
        moving.moved()


def _read_status(text: bytes) -> Iterator[tuple[str, tuple[str, ...]]]:
    # Only LF ends a line: names in a message may hold any other character that Python takes for an end.
    for line in text.split(b"\n"):
        parts = line.decode("utf-8", errors="replace").split(" ")
        if parts[0] == "[GNUPG:]" and len(parts) > 1:
            yield parts[1], tuple(parts[2:])
