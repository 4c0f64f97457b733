"""ASGI middleware: only signed requests reach the application, and its answers are signed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, MutableMapping
from typing import Any
from urllib.parse import quote

from zeep_wssec.payload.results import PayloadResult
from zeep_wssec.payload.shape import PayloadFormat
from zeep_wssec.replay import ReplayStore
from zeep_wssec.transport.http_signing.services import METHODS, REFUSED, AnswerBody, RequestGate

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

    def __init__(
        self,
        app: AsgiApp,
        jws: PayloadFormat,
        *,
        replay: ReplayStore | None = None,
        methods: Collection[str] = METHODS,
        empty_bodies: str = "",
        repeats: str = "",
    ) -> None:
        """Wrap ``app``; see ``JwsWsgi``."""
        self._app = app
        self._gate = RequestGate(
            jws, replay, methods=methods, empty_bodies=empty_bodies, repeats=repeats
        )

    async def __call__(self, scope: Event, receive: Receive, send: Send) -> None:
        """Verify, call the application, sign; called by the server."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return
        scope = {**scope, "headers": list(scope.get("headers", []))}  # it may be readable once
        method, headers = str(scope["method"]), _headers(scope)
        found = body = None
        if self._gate.expects(method, headers):
            body = await _read_body(receive, self._gate.max_bytes)
        if body is not None:
            found = self._gate.admit(method, target_of(scope), headers, body)
        if body is None or found is None:
            await _refuse(send)
            return
        answer = _Answer(send, self._gate, method)
        await self._app(_scope_of(scope, found), _replayed(body, receive), answer.take)


class _Answer:
    """Collects what the application sends, and sends it signed once it is whole."""

    def __init__(self, send: Send, gate: RequestGate, method: str) -> None:
        self._send, self._gate, self._method = send, gate, method
        self._start: Event = {"type": "http.response.start", "status": 500, "headers": []}
        self._body = AnswerBody(gate.max_bytes)
        self._is_whole = False

    async def take(self, event: Event) -> None:
        if event["type"] == "http.response.start":
            self._start = event
        elif event["type"] == "http.response.body" and not self._is_whole:
            self._body.add(event.get("body", b""))
            self._is_whole = not event.get("more_body", False)
            if self._is_whole:
                # Not when the application returns: it may go on with work of its own.
                await self._send_signed()

    async def _send_signed(self) -> None:
        given = [
            (bytes(name).decode("latin-1"), bytes(value).decode("latin-1"))
            for name, value in self._start.get("headers", [])
        ]
        status = int(self._start["status"])
        signed, content = self._gate.signed_answer(self._method, status, given, self._body.octets())
        headers = [
            (name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in signed
        ]
        await self._send({"type": "http.response.start", "status": status, "headers": headers})
        await self._send({"type": "http.response.body", "body": content})


def _scope_of(scope: Event, found: PayloadResult) -> Event:
    """Give the scope for the application: it may neither send past the signature nor compress before it."""
    given = (scope.get("extensions") or {}).items()
    extensions = {name: value for name, value in given if not name.startswith("http.response.")}
    headers = [item for item in scope["headers"] if bytes(item[0]).lower() != b"accept-encoding"]
    extensions["zeep_wssec.signature"] = found
    return {**scope, "extensions": extensions, "headers": headers}


def target_of(scope: Event) -> str:
    """Give path and query as they were sent; the path as it would be written where the server tells less."""
    raw = scope.get("raw_path")
    path = raw.decode("latin-1") if raw else quote(str(scope["path"]), safe="/:@!$&'()*+,;=~")
    query = scope.get("query_string", b"").decode("latin-1")
    return f"{path}?{query}" if query else path


def _headers(scope: Event) -> dict[str, str]:
    """Give the headers by name; repeated ones as HTTP joins them, by commas, which no signature has in it."""
    found: dict[str, str] = {}
    for name, value in scope["headers"]:
        key = bytes(name).decode("latin-1").lower()
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
