"""Answers of services: what is signed is what a client reads, however the application gives it."""

from __future__ import annotations

import io
from typing import Any

import httpx
import pytest
import requests
from payload.jws.kit import PAYLOAD, Sides
from payload.jws.test_http import serving
from payload.jws.test_services import NAME, asgi, request_headers, wsgi

from zeep_wssec.errors import PayloadLimitError, PayloadUnsignedError, TransportSecurityError
from zeep_wssec.transport.http_signing import HttpSigning, JwsAsgi, JwsAuth, JwsWsgi
from zeep_wssec.transport.http_signing.with_httpx import JwsHttpxAuth


class Giving:
    """An application that answers as it is told."""

    def __init__(self, status: str, headers: list[tuple[str, str]], *pieces: bytes) -> None:
        self.status, self.headers, self.pieces = status, headers, pieces
        self.seen: dict[str, Any] = {}

    def __call__(self, environ: dict[str, Any], start: Any) -> Any:
        self.seen = dict(environ)
        start(self.status, self.headers)
        return self.pieces

    async def asgi(self, scope: Any, receive: Any, send: Any) -> None:
        self.seen = dict(scope)
        raw = [(name.lower().encode(), value.encode()) for name, value in self.headers]
        status = int(self.status[:3])
        await send({"type": "http.response.start", "status": status, "headers": raw})
        for piece in self.pieces:
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body"})


LENGTH = [("Content-Length", "70")]
BODILESS = {
    "HEAD": ("HEAD", "200 OK", "70"),
    "204": ("POST", "204 No Content", None),
    "304": ("GET", "304 Not Modified", "70"),
}


@pytest.mark.parametrize("case", BODILESS)
async def test_answers_that_have_no_content(live: Sides, case: str) -> None:
    """RFC 9110, section 8.6: no content, and no length but that of the answer to a GET."""
    method, status, length = BODILESS[case]
    app = Giving(status, LENGTH, b"x" * 70)
    sent = PAYLOAD if method == "POST" else b""
    headers = request_headers(live.caller(), method, "/pay", sent)
    change = {"REQUEST_METHOD": method, "CONTENT_LENGTH": str(len(sent))}
    _, answered, body = wsgi(JwsWsgi(app, live.service()), headers, **change)
    assert (body, answered.get("Content-Length")) == (b"", length)
    assert HttpSigning(live.caller()).check_answer(200, answered, body)
    start, end = await asgi(JwsAsgi(app.asgi, live.service()), headers, sent, method=method)
    assert end["body"] == b""
    assert dict(start["headers"]).get(b"content-length") == (length.encode() if length else None)


async def test_one_length(live: Sides) -> None:
    """An answer is sent with the length that was signed, and no other framing."""
    app = Giving("200 OK", [*LENGTH, ("Transfer-Encoding", "chunked"), (NAME, "a..b")], b"o", b"k")
    headers = request_headers(live.caller(), "POST", "/pay", PAYLOAD)
    _, answered, body = wsgi(JwsWsgi(app, live.service()), headers)
    assert body == b"ok"
    assert sorted(answered) == ["Content-Length", NAME]
    start, _ = await asgi(JwsAsgi(app.asgi, live.service()), headers)
    assert sorted(dict(start["headers"])) == [b"content-length", NAME.lower().encode()]


async def test_nothing_compresses_before_it_is_signed(live: Sides) -> None:
    """The application is asked for no compression, and for no way past the signature."""
    app, asked = Giving("200 OK", [], b"ok"), {"Accept-Encoding": "gzip"}
    headers = {**request_headers(live.caller(), "POST", "/pay", PAYLOAD), **asked}
    wsgi(JwsWsgi(app, live.service()), headers)
    assert "HTTP_ACCEPT_ENCODING" not in app.seen
    extensions: dict[str, Any] = {"http.response.pathsend": {}, "tls": {}}
    await asgi(JwsAsgi(app.asgi, live.service()), headers, extensions=extensions)
    assert b"accept-encoding" not in dict(app.seen["headers"])
    assert sorted(app.seen["extensions"]) == ["tls", "zeep_wssec.signature"]


async def test_answer_without_an_end(live: Sides) -> None:
    """An answer that goes on for ever is given up at the limit; what is as long as the limit is sent."""
    jws = live.service(max_payload_bytes=1000)
    headers = request_headers(live.caller(), "POST", "/pay", PAYLOAD)
    whole, more = Giving("200 OK", [], b"x" * 1000), Giving("200 OK", [], b"x" * 1000, b"x")
    assert wsgi(JwsWsgi(whole, jws), headers)[2] == b"x" * 1000
    assert (await asgi(JwsAsgi(whole.asgi, jws), headers))[1]["body"] == b"x" * 1000
    with pytest.raises(PayloadLimitError):
        wsgi(JwsWsgi(more, jws), headers, **{"wsgi.input": io.BytesIO(PAYLOAD)})
    with pytest.raises(PayloadLimitError):
        await asgi(JwsAsgi(more.asgi, jws), headers)


async def test_answer_is_sent_when_it_is_whole(live: Sides) -> None:
    """What an application does behind its answer holds no client up."""
    sent_before: list[int] = []

    async def working(scope: Any, receive: Any, send: Any) -> None:
        await Giving("200 OK", [], b"ok").asgi(scope, receive, send)
        sent_before.append(len(sent))

    sent: list[Any] = []
    events = [{"type": "http.request", "body": PAYLOAD}]
    headers = request_headers(live.caller(), "POST", "/pay", PAYLOAD)
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/pay",
        "headers": [(NAME.lower().encode(), headers[NAME].encode())],
    }

    async def receive() -> Any:
        return events.pop()

    async def send(event: Any) -> None:
        sent.append(event)

    await JwsAsgi(working, live.service())(scope, receive, send)
    assert sent_before == [2]


def _redirect(environ: dict[str, Any], start: Any) -> list[bytes]:
    environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    if environ["PATH_INFO"] == "/else":
        start("200 OK", [])
        return [b"{}"]
    start("307 Temporary Redirect", [("Location", "/else")])
    return [b""]


def test_redirect_where_answers_are_not_signed(live: Sides) -> None:
    """A redirect is never followed by a signed request, even where answers need no signature."""
    reason = {"unverified_answers": "the sandbox signs nothing"}
    with serving(_redirect) as address:
        response = requests.post(
            f"{address}/else", data=PAYLOAD, auth=JwsAuth(live.caller(), **reason), timeout=10
        )
        assert response.content == b"{}"
        with pytest.raises(PayloadUnsignedError, match="redirect"):
            requests.post(address, data=PAYLOAD, auth=JwsAuth(live.caller(), **reason), timeout=10)
        for follow in (True, False):
            auth = JwsHttpxAuth(live.caller(), **reason)
            with (
                httpx.Client(auth=auth, trust_env=False, follow_redirects=follow) as client,
                pytest.raises(PayloadUnsignedError, match="redirect"),
            ):
                client.post(address, content=PAYLOAD)


def test_encoding_that_was_not_asked_for(live: Sides) -> None:
    """An answer in another encoding is refused, and its connection closed."""

    def app(environ: dict[str, Any], start: Any) -> list[bytes]:
        environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        start("200 OK", [("Content-Encoding", "br")])
        return [b"x" * 100_000]

    with serving(app) as address, pytest.raises(TransportSecurityError, match="Content-Encoding"):
        requests.post(address, data=PAYLOAD, auth=JwsAuth(live.caller()), timeout=10)
