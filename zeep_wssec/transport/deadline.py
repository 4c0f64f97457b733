"""A time by which an answer must be there, however slowly it trickles in."""

from __future__ import annotations

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from zeep_wssec.keys.timed_answer import timed_response


def pool_classes(seconds: float) -> dict[str, type[HTTPConnectionPool]]:
    """Give the connection pools of ``urllib3`` by scheme, with ``seconds`` for the whole of each answer."""

    Response = timed_response(seconds)

    class Plain(HTTPConnection):
        response_class = Response

    class Secure(HTTPSConnection):
        response_class = Response

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls = Secure

    return {"http": PlainPool, "https": SecurePool}
