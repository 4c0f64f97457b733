"""ASGI middleware: only signed requests reach the application, and its answers are signed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from zeep_wssec.payload.jws.format import Jws
from zeep_wssec.replay import ReplayStore
from zeep_wssec.transport.http_signing.services import REFUSED, RequestGate

Event = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Event]]
Send = Callable[[Event], Awaitable[None]]
AsgiApp = Callable[[Event, Receive, Send], Awaitable[None]]


class JwsAsgi:
    """Wraps an ASGI application.

    Who signed a request stands in ``scope["extensions"]["zeep_wssec.signature"]``, a ``PayloadResult``.
    Bodies are held in memory, within ``max_payload_bytes``. Refused requests get 401; WebSockets, which no
    signature covers, are closed.
    """

    def __init__(self, app: AsgiApp, jws: Jws, *, replay: ReplayStore | None = None) -> None:
        """Wrap ``app``; see ``JwsWsgi``."""
        self._app = app
        self._gate = RequestGate(jws, replay)

    async def __call__(self, scope: Event, receive: Receive, send: Send) -> None:
        """Verify, call the application, sign; called by the server."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return
        body = await _read_body(receive, self._gate.max_bytes)
        headers = _headers(scope)
        method, target = str(scope["method"]), target_of(scope)
        usable = body is not None and headers is not None
        found = self._gate.admit(method, target, headers or {}, body or b"") if usable else None
        if body is None or found is None:
            await _refuse(send)
            return
        extensions = {**(scope.get("extensions") or {}), "zeep_wssec.signature": found}
        answer = _Answer()
        await self._app({**scope, "extensions": extensions}, _replayed(body, receive), answer.take)
        await answer.send_signed(send, self._gate, bodiless=method == "HEAD")


class _Answer:
    """Collects what the application sends, since a signature in a header needs the whole body."""

    def __init__(self) -> None:
        self._start: Event = {"type": "http.response.start", "status": 500, "headers": []}
        self._body = bytearray()

    async def take(self, event: Event) -> None:
        if event["type"] == "http.response.start":
            self._start = event
        elif event["type"] == "http.response.body":
            self._body += event.get("body", b"")

    async def send_signed(self, send: Send, gate: RequestGate, *, bodiless: bool) -> None:
        content = b"" if bodiless else bytes(self._body)  # what no client will read is not signed
        added = gate.signing.answer_header(content)
        dropped = {b"content-length", *(name.lower().encode() for name in added)}
        headers = [
            (name, value)
            for name, value in self._start.get("headers", [])
            if bytes(name).lower() not in dropped
        ]
        headers += [(name.lower().encode(), value.encode()) for name, value in added.items()]
        headers.append((b"content-length", str(len(content)).encode()))
        await send({**self._start, "headers": headers})
        await send({"type": "http.response.body", "body": content})


def target_of(scope: Event) -> str:
    """Give path and query as they were sent."""
    raw = scope.get("raw_path")
    path = raw.decode("latin-1") if raw else str(scope["path"])
    query = scope.get("query_string", b"").decode("latin-1")
    return f"{path}?{query}" if query else path


def _headers(scope: Event) -> dict[str, str] | None:
    """Give the headers by name; ``None`` where one that is signed by could stand twice."""
    found: dict[str, str] = {}
    for name, value in scope.get("headers", []):
        key = bytes(name).decode("latin-1").lower()
        # HTTP joins repeated headers by commas, which no signature has in it.
        text = bytes(value).decode("latin-1")
        found[key] = f"{found[key]}, {text}" if key in found else text
    return found


async def _read_body(receive: Receive, limit: int) -> bytes | None:
    """Read the body; ``None`` above the limit, or when the sender has gone."""
    body = bytearray()
    while True:
        event = await receive()
        if event["type"] != "http.request":
            return None
        body += event.get("body", b"")
        if len(body) > limit:
            return None
        if not event.get("more_body", False):
            return bytes(body)


def _replayed(body: bytes, receive: Receive) -> Receive:
    """Give the body again, once, and then what else the server has to say."""
    events: list[Event] = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Event:
        return events.pop() if events else await receive()

    return again


async def _refuse(send: Send) -> None:
    headers = [(b"content-type", b"text/plain"), (b"content-length", str(len(REFUSED)).encode())]
    await send({"type": "http.response.start", "status": 401, "headers": headers})
    await send({"type": "http.response.body", "body": REFUSED})
