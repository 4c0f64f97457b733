"""A time by which an answer must be there, however slowly it trickles in."""

from __future__ import annotations

import io
import time
from http.client import HTTPResponse
from typing import Any, Protocol

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool


class _Socket(Protocol):
    """What is used of a socket, with TLS or without."""

    def settimeout(self, seconds: float | None) -> None: ...

    def gettimeout(self) -> float | None: ...


class _Timed(io.RawIOBase):
    """The octets of one answer: each read waits for what is left of the whole time at most.

    A timeout of a socket starts anew with every octet; a server that sends one at a time would hold its
    caller for as long as it likes, in the headers as well as in the content.
    """

    def __init__(self, raw: io.RawIOBase, socket: _Socket, seconds: float) -> None:
        self._raw = raw
        self._socket = socket
        self._ends = time.monotonic() + seconds

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
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
        self._raw.close()
        super().close()


def pool_classes(seconds: float) -> dict[str, type[HTTPConnectionPool]]:
    """Give the connection pools of ``urllib3`` by scheme, with ``seconds`` for the whole of each answer."""

    class Response(HTTPResponse):
        def __init__(self, sock: Any, *given: Any, **named: Any) -> None:
            super().__init__(sock, *given, **named)
            # The buffer is empty yet; what is below it is the socket's own reader.
            raw: Any = self.fp.detach()
            self.fp = io.BufferedReader(_Timed(raw, sock, seconds))

    class Plain(HTTPConnection):
        response_class = Response

    class Secure(HTTPSConnection):
        response_class = Response

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls = Secure

    return {"http": PlainPool, "https": SecurePool}
