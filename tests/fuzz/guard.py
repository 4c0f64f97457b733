"""What every input is held to, whatever it is: time, memory, silence on file descriptor 2, our own errors."""

from __future__ import annotations

import logging
import os
import resource
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from fuzz.oracle import Finding

from zeep_wssec.errors import WSSecError

CPU_SECONDS = 20.0
"""Processor time that one input may take: a thousand times what an ordinary one takes."""
MEMORY_BYTES = 512 * 1024 * 1024
"""By how much one input may raise the peak of the process."""


class Log(logging.Handler):
    """Keeps what the package logs."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a line."""
        self.lines.append(record.getMessage())


class Guard:
    """Runs functions on inputs; what must never happen becomes a ``Finding``."""

    def __init__(self) -> None:
        self._caught = os.memfd_create("stderr")
        self.log = Log()
        self.logger = logging.getLogger("zeep_wssec")

    def close(self) -> None:
        """Give up the file that takes what is written to descriptor 2."""
        os.close(self._caught)

    @contextmanager
    def _silence(self) -> Iterator[None]:
        kept = os.dup(2)
        os.dup2(self._caught, 2)
        try:
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)
        size = os.fstat(self._caught).st_size
        if size:
            written = os.pread(self._caught, 1000, 0)
            os.ftruncate(self._caught, 0)
            os.lseek(self._caught, 0, os.SEEK_SET)
            raise Finding(f"{size} octets on descriptor 2: {written!r}")

    @contextmanager
    def _logging(self) -> Iterator[None]:
        self.log.lines.clear()
        level, propagates = self.logger.level, self.logger.propagate
        self.logger.addHandler(self.log)
        self.logger.setLevel(logging.DEBUG)
        self.logger.propagate = False
        try:
            yield
        finally:
            self.logger.removeHandler(self.log)
            self.logger.setLevel(level)
            self.logger.propagate = propagates

    def run(self, function: Callable[[bytes, Log], None], data: bytes) -> None:
        """Run one input.

        Raises:
            Finding: It takes too long or too much, writes to descriptor 2, or ends in an error that is
                not ours or not one that the function expects.
        """
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        try:
            with _limited(CPU_SECONDS), self._logging(), self._silence():
                function(data, self.log)
        except Finding:
            raise
        except WSSecError as error:
            raise Finding(f"not expected here: {type(error).__name__}: {error}") from error
        except Exception as error:
            raise Finding(f"not ours: {type(error).__name__}: {error}") from error
        grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024
        if grown > MEMORY_BYTES:
            raise Finding(f"one input took {grown} octets of memory")


@contextmanager
def _limited(seconds: float) -> Iterator[None]:
    """Bound processor time, not the clock on the wall: the machine may be busy with other things."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number: int, frame: FrameType | None) -> None:
        raise Finding(f"one input took more than {seconds:g} seconds of processor time")

    old = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, old)
