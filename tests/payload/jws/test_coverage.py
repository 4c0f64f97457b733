"""What a signature does not cover does not reach an application; each beside the request that does."""

from __future__ import annotations

import io
from typing import Any

import pytest
from payload.jws.kit import PAYLOAD, Sides
from payload.jws.test_services import App, asgi, request_headers, wsgi

from zeep_wssec.errors import PayloadMalformedError, PayloadUsageError
from zeep_wssec.transport.http_signing import HttpSigning, JwsAsgi, JwsWsgi

GET: dict[str, Any] = {"REQUEST_METHOD": "GET", "CONTENT_LENGTH": "", "wsgi.input": io.BytesIO()}
PLAIN = {"RAW_URI": "", "PATH_INFO": "/x", "QUERY_STRING": "a=1"}
TARGETS: dict[str, dict[str, Any]] = {
    "fragment behind the query": {**PLAIN, "QUERY_STRING": "a=1#&b=2"},
    "fragment as told": {"RAW_URI": "/x?a=1#&b=2"},
    "fragment in the path": {"RAW_URI": "/x#/../admin?a=1"},
    "two slashes": {"RAW_URI": "//admin/x?a=1"},
    "tab": {"RAW_URI": "/x\t?a=1"},
    "line end": {**PLAIN, "QUERY_STRING": "a=1\n"},
    "not ASCII": {"RAW_URI": "/x?a=1\xe9"},
    "no path": {"RAW_URI": "x?a=1"},
    "another scheme": {"RAW_URI": "ftp://h/x?a=1"},
    "escaped question mark": {**PLAIN, "PATH_INFO": "/x?a=1", "QUERY_STRING": ""},
}


@pytest.mark.parametrize("case", TARGETS)
def test_target_to_the_last_character(live: Sides, case: str) -> None:
    """Path and query are those that were signed, whatever a library would make of them."""
    headers = request_headers(live.caller(), "GET", "/x?a=1", b"")
    for same in (PLAIN, {"RAW_URI": "/x?a=1"}, {"RAW_URI": "http://h:80/x?a=1"}):
        assert wsgi(JwsWsgi(App(), live.service()), headers, **{**GET, **same})[0] == "200 OK"
    app = App()
    assert wsgi(JwsWsgi(app, live.service()), headers, **{**GET, **TARGETS[case]})[0][:3] == "401"
    assert app.calls == 0


@pytest.mark.parametrize(
    "scope",
    [
        {"query_string": b"a=1#&b=2"},
        {"raw_path": b"//admin/x"},
        {"raw_path": None, "path": "/x?a=1", "query_string": b""},
    ],
)
async def test_asgi_target_to_the_last_character(live: Sides, scope: dict[str, Any]) -> None:
    """The same for ASGI."""
    headers = request_headers(live.caller(), "GET", "/x?a=1", b"")
    good = {"method": "GET", "raw_path": b"/x", "path": "/x", "query_string": b"a=1"}
    service = JwsAsgi(answering, live.service())
    assert (await asgi(service, headers, b"", **good))[0]["status"] == 200
    assert (await asgi(service, headers, b"", **{**good, **scope}))[0]["status"] == 401


async def answering(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"ok"})


@pytest.mark.parametrize("target", ["//a/b?c", "/a;b?c=d%23", "https://h:1/?a", "https://h?a", ""])
def test_both_sides_sign_the_same_target(live: Sides, target: str) -> None:
    """Whatever is a target is signed and verified alike."""
    headers = HttpSigning(live.caller()).request_header("GET", target, b"")
    assert HttpSigning(live.service()).check_request("GET", target, headers, b"").size


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_get_with_a_body(live: Sides, method: str) -> None:
    """The signature of a body says nothing about the path that is asked for."""
    headers = request_headers(live.caller(), "POST", "/pay", PAYLOAD)
    app = App()
    status, *_ = wsgi(JwsWsgi(app, live.service()), headers, REQUEST_METHOD=method, RAW_URI="/all")
    assert (status[:3], app.calls) == ("401", 0)
    assert wsgi(JwsWsgi(app, live.service()), headers)[0] == "200 OK"
    with pytest.raises(PayloadUsageError, match="POST"):
        request_headers(live.caller(), method, "/all", PAYLOAD)
    with pytest.raises(PayloadMalformedError):
        HttpSigning(live.service()).check_request(method, "/all", headers, PAYLOAD)


@pytest.mark.parametrize("method", ["DELETE", "get", "TRACE", "PURGE"])
def test_methods_are_stated(live: Sides, method: str) -> None:
    """A signed GET is no DELETE of what it asked for, unless somebody says so."""
    headers = request_headers(live.caller(), "GET", "/orders/5", b"")
    change = {**GET, "REQUEST_METHOD": method, "RAW_URI": "/orders/5"}
    app = App()
    assert wsgi(JwsWsgi(app, live.service()), headers, **change)[0][:3] == "401"
    assert app.calls == 0
    named = JwsWsgi(app, live.service(), methods=["DELETE"])
    assert (wsgi(named, headers, **change)[0] == "200 OK") is (method == "DELETE")


def test_deleting_once(live: Sides) -> None:
    """A DELETE that is let in is taken once, as all that changes something."""
    headers = request_headers(live.caller(), "DELETE", "/orders/5", b"")
    change = {**GET, "REQUEST_METHOD": "DELETE", "RAW_URI": "/orders/5"}
    service = JwsWsgi(App(), live.service(), methods=["DELETE"])
    assert [wsgi(service, headers, **change)[0][:3] for _ in range(2)] == ["200", "401"]


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
def test_empty_body(live: Sides, method: str) -> None:
    """A signature over nothing fits every path: it is taken for a reason only."""
    headers = request_headers(live.caller(), "POST", "/a", b"")
    change = {**GET, "REQUEST_METHOD": method, "RAW_URI": "/b"}
    app = App()
    assert wsgi(JwsWsgi(app, live.service()), headers, **change)[0][:3] == "401"
    assert app.calls == 0
    lax = JwsWsgi(app, live.service(), empty_bodies="one path alone takes them")
    assert wsgi(lax, headers, **change)[0] == "200 OK"


def test_requests_without_a_time(live: Sides) -> None:
    """Without a time a request could come again for ever: a service needs a reason for that."""
    jws = live.service(issued_at=None)
    for service in (JwsWsgi, JwsAsgi):
        with pytest.raises(PayloadUsageError, match="issued_at"):
            service(None, jws)  # type: ignore[arg-type]
    headers = request_headers(live.caller(issued_at=None), "POST", "/pay", PAYLOAD)
    lax = JwsWsgi(App(), jws, repeats="orders have numbers, which are compared")
    assert [wsgi(lax, headers, **body())[0] for _ in range(2)] == ["200 OK"] * 2


def body() -> dict[str, Any]:
    return {"wsgi.input": io.BytesIO(PAYLOAD)}


def test_a_body_in_chunks(live: Sides) -> None:
    """A body whose length is not stated is read where the server tells its end, and refused elsewhere."""
    headers = request_headers(live.caller(), "POST", "/pay", PAYLOAD)
    chunked = {"HTTP_TRANSFER_ENCODING": "chunked", "CONTENT_LENGTH": ""}
    service = JwsWsgi(App(), live.service())
    assert wsgi(service, headers, **chunked)[0][:3] == "401"
    both = {**chunked, **body(), "CONTENT_LENGTH": str(len(PAYLOAD)), "wsgi.input_terminated": True}
    assert wsgi(service, headers, **both)[0][:3] == "401"
    assert wsgi(service, headers, **{**both, **body(), "CONTENT_LENGTH": ""})[0] == "200 OK"
    small = JwsWsgi(App(), live.service(max_payload_bytes=len(PAYLOAD) - 1))
    assert wsgi(small, headers, **{**both, **body(), "CONTENT_LENGTH": ""})[0][:3] == "401"


@pytest.mark.parametrize("stated", ["9" * 5000, "1" * 19, "\u0663", "+1", "1_0", "0x5", " "])
def test_lengths_that_are_none(live: Sides, stated: str) -> None:
    """A length is digits, and not too many of them."""
    headers = request_headers(live.caller(), "POST", "/pay", PAYLOAD)
    service = JwsWsgi(App(), live.service())
    assert wsgi(service, headers, CONTENT_LENGTH=stated)[0][:3] == "401"
    assert wsgi(service, headers)[0] == "200 OK"
