"""Middleware: what reaches the application, what the others learn."""

from __future__ import annotations

import io
import logging
from typing import Any

import pytest
from payload.jws.kit import PAYLOAD, Sides

from zeep_wssec.errors import PayloadUsageError
from zeep_wssec.payload.jws import Jws
from zeep_wssec.replay import MemoryReplayStore
from zeep_wssec.transport.http_signing import HttpSigning, JwsAsgi, JwsWsgi
from zeep_wssec.transport.http_signing.messages import request_octets
from zeep_wssec.transport.http_signing.wsgi import target_of

NAME = "X-JWS-Signature"


def request_headers(jws: Jws, method: str, target: str, body: bytes) -> dict[str, str]:
    return HttpSigning(jws).request_header(method, target, body)


def wsgi(
    service: JwsWsgi, headers: dict[str, str], **changes: Any
) -> tuple[str, dict[str, str], bytes]:
    """Call a WSGI application as a server does."""
    environ: dict[str, Any] = {
        "REQUEST_METHOD": "POST",
        "RAW_URI": "/pay",
        "CONTENT_LENGTH": str(len(PAYLOAD)),
        "wsgi.input": io.BytesIO(PAYLOAD),
    }
    environ.update({f"HTTP_{name.upper().replace('-', '_')}": v for name, v in headers.items()})
    started: list[Any] = []
    body = b"".join(service({**environ, **changes}, lambda *given: started.extend(given)))
    return started[0], dict(started[1]), body


class App:
    """Counts how often it was reached."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, environ: dict[str, Any], start: Any) -> list[bytes]:
        self.calls += 1
        start("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "2")])
        return [b"ok"]


def test_wsgi(live: Sides) -> None:
    """A signed request reaches the application, and the answer is signed."""
    app, headers = App(), request_headers(live.caller(), "POST", "/pay", PAYLOAD)
    status, answered, body = wsgi(JwsWsgi(app, live.service()), headers)
    assert (status, body, app.calls) == ("200 OK", b"ok", 1)
    assert HttpSigning(live.caller()).check_answer(200, answered, body).signed_by == ("bank",)  # type: ignore[union-attr]


CHANGES: dict[str, dict[str, Any]] = {
    "changed": {"wsgi.input": io.BytesIO(PAYLOAD[:-1] + b"x")},
    "shorter than stated": {"wsgi.input": io.BytesIO(PAYLOAD[:-1])},
    "above the limit": {"CONTENT_LENGTH": str(2**40)},
    "length is no number": {"CONTENT_LENGTH": "-1"},
    "without a signature": {"HTTP_X_JWS_SIGNATURE": ""},
    "body taken away": {"CONTENT_LENGTH": "0"},
}


@pytest.mark.parametrize("case", CHANGES)
def test_wsgi_refuses(live: Sides, case: str, caplog: pytest.LogCaptureFixture) -> None:
    """Anything else does not reach it; the sender learns nothing, the log does not quote the payload."""
    app, headers = App(), request_headers(live.caller(), "POST", "/pay", PAYLOAD)
    with caplog.at_level(logging.DEBUG):
        status, answered, body = wsgi(JwsWsgi(app, live.service()), headers, **CHANGES[case])
    assert (status, app.calls) == ("401 Unauthorized", 0)
    assert NAME not in answered
    assert body == b"The request is not signed as this service demands.\n"
    assert "12.50" not in caplog.text


def test_a_request_is_taken_once(live: Sides) -> None:
    """The same signed request again is refused; a new signature over the same order is a new request."""
    app = App()
    service = JwsWsgi(app, live.service())
    headers = request_headers(live.caller(), "POST", "/pay", PAYLOAD)
    assert wsgi(service, headers)[0] == "200 OK"
    assert wsgi(service, headers)[0] == "401 Unauthorized"
    assert app.calls == 1


def test_a_request_is_taken_once_by_all_that_share_a_store(live: Sides) -> None:
    """A certificate that is renewed for the same key opens no second chance for what it had signed."""
    renewed = live.authority.issue("alice", key=live.alice.private_key)
    keystore = live.bank.keystore("bank").with_partner("alice", renewed.certificate)
    headers = request_headers(live.caller(), "POST", "/pay", PAYLOAD)
    assert wsgi(JwsWsgi(App(), Jws(keystore)), headers)[0] == "200 OK"
    store = MemoryReplayStore()
    for jws, code in ((live.service(), "200"), (Jws(keystore), "401")):
        body = {"wsgi.input": io.BytesIO(PAYLOAD)}
        assert wsgi(JwsWsgi(App(), jws, replay=store), headers, **body)[0][:3] == code


def test_a_query_may_be_repeated(live: Sides) -> None:
    """A GET changes nothing, so it may come twice."""
    service, headers = JwsWsgi(App(), live.service()), None
    headers = request_headers(live.caller(), "GET", "/pay?a=1", b"")
    for _ in range(2):
        answer = wsgi(service, headers, REQUEST_METHOD="GET", CONTENT_LENGTH="", RAW_URI="/pay?a=1")
        assert answer[0] == "200 OK"
    moved = wsgi(service, headers, REQUEST_METHOD="GET", CONTENT_LENGTH="", RAW_URI="/pay?a=2")
    assert moved[0] == "401 Unauthorized"


def test_a_path_is_no_body(live: Sides) -> None:
    """JW-19: what signs a GET does not sign a body that reads as its path; a body that does not is taken."""
    app, path = App(), b"/pay?amount=1&to=me"
    seen = request_headers(live.caller(), "GET", path.decode(), b"")
    for method, body in (("POST", path), ("PUT", path)):
        status, _, _ = wsgi(
            JwsWsgi(app, live.service()),
            seen,
            REQUEST_METHOD=method,
            CONTENT_LENGTH=str(len(body)),
            **{"wsgi.input": io.BytesIO(body)},
        )
        assert (status, app.calls) == ("401 Unauthorized", 0)
        with pytest.raises(PayloadUsageError, match="reads as a path"):
            request_headers(live.caller(), method, "/pay", body)
    body = path[1:]
    taken = wsgi(
        JwsWsgi(app, live.service()),
        request_headers(live.caller(), "POST", "/pay", body),
        CONTENT_LENGTH=str(len(body)),
        **{"wsgi.input": io.BytesIO(body)},
    )
    assert (taken[0], app.calls) == ("200 OK", 1)


def test_target_without_the_raw_one() -> None:
    """A server that tells no raw target has it written as browsers write it."""
    environ = {"SCRIPT_NAME": "/api", "PATH_INFO": "/caf\xc3\xa9", "QUERY_STRING": "a=%20"}
    assert target_of(environ) == "/api/caf%C3%A9?a=%20"
    told = target_of({**environ, "REQUEST_URI": "http://h/x?y"})
    assert request_octets("GET", told, b"") == b"/x?y"


async def asgi(app: Any, signed: dict[str, str], body: bytes = PAYLOAD, **scope: Any) -> list[Any]:
    """Call an ASGI application as a server does; the body comes in two pieces."""
    sent: list[Any] = []
    events = [
        {"type": "http.request", "body": body[:3], "more_body": True},
        {"type": "http.request", "body": body[3:]},
    ]

    async def receive() -> Any:
        return events.pop(0)

    async def send(event: Any) -> None:
        sent.append(event)

    raw = [(name.lower().encode(), value.encode()) for name, value in signed.items()]
    made = {
        "type": "http",
        "method": "POST",
        "raw_path": b"/pay",
        "query_string": b"",
        "path": "/pay",
    }
    await app({**made, "headers": raw, **scope}, receive, send)
    return sent


class AsgiApp:
    def __init__(self) -> None:
        self.seen: list[Any] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            self.seen.append("lifespan")
            return
        event = await receive()
        self.seen.append((event["body"], scope["extensions"]["zeep_wssec.signature"].signed_by))
        await send(
            {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]}
        )
        await send({"type": "http.response.body", "body": b"o", "more_body": True})
        await send({"type": "http.response.body", "body": b"k"})


async def test_asgi(live: Sides) -> None:
    """A signed request reaches the application whole, and the answer is signed as one."""
    app, headers = AsgiApp(), request_headers(live.caller(), "POST", "/pay", PAYLOAD)
    start, body = await asgi(JwsAsgi(app, live.service()), headers)
    assert app.seen == [(PAYLOAD, ("alice",))]
    answered = {name.decode(): value.decode() for name, value in start["headers"]}
    assert body["body"] == b"ok"
    assert HttpSigning(live.caller()).check_answer(200, answered, b"ok")


@pytest.mark.parametrize("case", ["changed", "unsigned", "doubled", "other path"])
async def test_asgi_refuses(live: Sides, case: str) -> None:
    """Anything else does not reach it."""
    app, headers = AsgiApp(), request_headers(live.caller(), "POST", "/pay", PAYLOAD)
    scope: dict[str, Any] = {}
    body = PAYLOAD[:-1] + b"x" if case == "changed" else PAYLOAD
    if case == "unsigned":
        headers = {}
    if case == "doubled":
        scope["headers"] = [(b"x-jws-signature", next(iter(headers.values())).encode())] * 2
    if case == "other path":
        headers, body = request_headers(live.caller(), "GET", "/pay", b""), b""
        scope = {"method": "GET", "raw_path": b"/other"}
    start, _ = await asgi(JwsAsgi(app, live.service()), headers, body, **scope)
    assert (start["status"], app.seen) == (401, [])


async def test_asgi_lifespan_and_websocket(live: Sides) -> None:
    """What is no request passes by; a WebSocket, which nothing signs, is closed."""
    app = AsgiApp()
    await asgi(JwsAsgi(app, live.service()), {}, type="lifespan")
    assert app.seen == ["lifespan"]
    sent = await asgi(JwsAsgi(app, live.service()), {}, type="websocket")
    assert sent == [{"type": "websocket.close", "code": 1008}]
