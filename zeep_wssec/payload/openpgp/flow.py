"""Whether data still goes into or out of another process: one that stands still is given up."""

from __future__ import annotations

import selectors
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Final

SILENT_SECONDS: Final = 20.0
"""How long a process may neither take nor give anything: a secret key and a signature take a second at most."""


class Flow:
    """Knows when the last octet went in or out; time that passes on our side of the pipes does not count."""

    def __init__(self, seconds: float | None) -> None:
        """Begin now.

        Args:
            seconds: How long nothing may move; ``None``: for ever.
        """
        self._seconds = seconds
        self._since = time.monotonic()
        self._aside = False

    def moved(self) -> None:
        """Note that something went in or out."""
        self._since = time.monotonic()

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Read what goes in: the process waits for us. For one thread only."""
        self._aside = True
        try:
            yield
        finally:
            self.moved()
            self._aside = False

    def wait(self, stream: IO[bytes]) -> bool:
        """Wait until a stream has something, or has ended; ``False`` once nothing has moved for too long."""
        if self._seconds is None:
            return True
        with selectors.DefaultSelector() as selector:
            selector.register(stream, selectors.EVENT_READ)
            while not selector.select(self._left()):
                if not self._aside and self._left() == 0:
                    return False
        return True

    def _left(self) -> float:
        seconds = self._seconds or 0.0
        return seconds if self._aside else max(seconds - (time.monotonic() - self._since), 0.0)
