"""A time by which an answer over HTTP must be there, however slowly it trickles in, its headers included."""

from __future__ import annotations

import http.client
import io
import time
from typing import Any, Protocol


class Socket(Protocol):
    """What is used of a socket, with TLS or without."""

    def settimeout(self, seconds: float | None) -> None:
        """Set the timeout of one operation."""

    def gettimeout(self) -> float | None:
        """Give the timeout of one operation."""


class TimedReader(io.RawIOBase):
    """The octets of one answer: each read waits for what is left of the whole time at most.

    A timeout of a socket starts anew with every octet; a server that sends one at a time would hold its
    caller for as long as it likes, in the headers as well as in the content.
    """

    def __init__(self, raw: io.RawIOBase, socket: Socket, seconds: float) -> None:
        """Begin now: ``seconds`` are for the whole of the answer."""
        self._raw = raw
        self._socket = socket
        self._ends = time.monotonic() + seconds

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: Any) -> int | None:
        """Read what is there.

        Raises:
            TimeoutError: The answer takes too long.
        """
        left = self._ends - time.monotonic()
        if left <= 0:
            raise TimeoutError("the answer takes too long")
        each = self._socket.gettimeout()
        self._socket.settimeout(left if each is None else min(each, left))
        try:
            return self._raw.readinto(buffer)
        finally:
            self._socket.settimeout(each)

    def close(self) -> None:
        """Close what is read."""
        self._raw.close()
        super().close()


def timed_response(seconds: float) -> type[http.client.HTTPResponse]:
    """Give a class of answers, each of which must be there in ``seconds``."""

    class Response(http.client.HTTPResponse):
        def __init__(self, sock: Any, *given: Any, **named: Any) -> None:
            super().__init__(sock, *given, **named)
            # The buffer is empty yet; what is below it is the socket's own reader.
            raw: Any = self.fp.detach()
            self.fp = io.BufferedReader(TimedReader(raw, sock, seconds))

    return Response


def timed(connection: http.client.HTTPConnection, seconds: float) -> http.client.HTTPConnection:
    """Have a connection wait ``seconds`` at most for the whole of an answer; give it back."""
    connection.response_class = timed_response(seconds)
    return connection
