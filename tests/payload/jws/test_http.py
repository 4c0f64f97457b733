"""Signatures of what is really sent, with requests and httpx, against services behind our middleware."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import httpx
import pytest
import requests
from payload.jws.kit import PAYLOAD, Sides, header_of

from zeep_wssec.errors import (
    PayloadMalformedError,
    PayloadSignatureError,
    PayloadUnsignedError,
    PayloadUsageError,
)
from zeep_wssec.payload.jws import Jws
from zeep_wssec.transport.http_signing import HttpSigning, JwsAuth, JwsWsgi
from zeep_wssec.transport.http_signing.with_httpx import JwsHttpxAuth
from zeep_wssec.transport.http_signing.with_requests import signature_of

NAME = "X-JWS-Signature"
TARGET = "/zapp/x?category_purpose=MTOM&feature=AOF"


class _Quiet(WSGIRequestHandler):
    def log_message(self, *args: Any) -> None:
        pass

    def get_environ(self) -> dict[str, Any]:
        return {**super().get_environ(), "RAW_URI": self.path}


@contextmanager
def serving(app: Callable[..., Any]) -> Iterator[str]:
    """Serve a WSGI application on loopback; give its address."""
    with make_server("127.0.0.1", 0, app, WSGIServer, _Quiet) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


class Recorder:
    """An application that keeps what it gets and answers with it."""

    def __init__(self, answer: bytes = b'{"status": "ACCC"}', status: str = "200 OK") -> None:
        self.seen: list[tuple[str, str, bytes]] = []
        self.signers: list[tuple[str, ...]] = []
        self.answer, self.status = answer, status

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> list[bytes]:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        self.seen.append((environ["REQUEST_METHOD"], environ["RAW_URI"], body))
        if "zeep_wssec.signature" in environ:
            self.signers.append(environ["zeep_wssec.signature"].signed_by)
        start(self.status, [("Content-Type", "application/json")])
        return [self.answer]


def call_requests(jws: Jws, url: str, method: str = "POST", **options: Any) -> tuple[bytes, Any]:
    response = requests.request(method, url, auth=JwsAuth(jws), timeout=10, **options)
    return response.content, signature_of(response)


def call_httpx(jws: Jws, url: str, method: str = "POST", **options: Any) -> tuple[bytes, Any]:
    options["content"] = options.pop("data", None)
    with httpx.Client(auth=JwsHttpxAuth(jws), trust_env=False) as client:
        response = client.request(method, url, **options)
    return response.content, response.extensions["signature"]


async def call_async(jws: Jws, url: str, **options: Any) -> tuple[bytes, Any]:
    async with httpx.AsyncClient(auth=JwsHttpxAuth(jws), trust_env=False) as client:
        response = await client.post(url, **options)
    return response.content, response.extensions["signature"]


CALLS = pytest.mark.parametrize("call", [call_requests, call_httpx])


@CALLS
@pytest.mark.parametrize("mode", ["appendix-f", "unencoded"])
def test_j1_body_as_it_is_sent(live: Sides, call: Any, mode: str) -> None:
    """J-01, J-02: the octets that go over the wire are what is signed, whichever library makes them."""
    app = Recorder()
    with serving(JwsWsgi(app, live.service(mode=mode))) as address:
        content, signature = call(live.caller(mode=mode), f"{address}/pay", data=PAYLOAD)
    assert app.seen == [("POST", "/pay", PAYLOAD)]
    assert (app.signers, signature.signed_by) == ([("alice",)], ("bank",))
    assert content == app.answer


@CALLS
def test_j1_json_of_the_library(live: Sides, call: Any) -> None:
    """J-02: each library writes JSON in its own way; neither is written again to be signed."""
    app = Recorder()
    with serving(JwsWsgi(app, live.service())) as address:
        call(live.caller(), address, json={"note": "é"})
    assert json.loads(app.seen[0][2]) == {"note": "é"}


@CALLS
def test_j2_path_and_query(live: Sides, call: Any) -> None:
    """J-02: of a GET path and query are signed, in the order in which they are sent."""
    app = Recorder()
    with serving(JwsWsgi(app, live.service())) as address:
        call(live.caller(), address + TARGET, method="GET")
    assert app.seen == [("GET", TARGET, b"")]


def test_j2_order_of_the_query(live: Sides) -> None:
    """J-02: the same parameters in another order are another request."""
    service = HttpSigning(live.service())
    headers = HttpSigning(live.caller()).request_header("GET", TARGET, b"")
    assert service.check_request("GET", TARGET, headers, b"").signed_by == ("alice",)
    turned = "/zapp/x?feature=AOF&category_purpose=MTOM"
    with pytest.raises(PayloadSignatureError):
        service.check_request("GET", turned, headers, b"")


def test_j1_body_that_was_written_again(live: Sides) -> None:
    """J-02: the same JSON in other octets does not verify."""
    service, body = HttpSigning(live.service()), b'{"a":"\\u00e9"}'
    headers = HttpSigning(live.caller()).request_header("POST", "/", body)
    assert service.check_request("POST", "/", headers, body).size == len(body)
    with pytest.raises(PayloadSignatureError):
        service.check_request("POST", "/", headers, '{"a":"é"}'.encode())


async def test_async(live: Sides) -> None:
    """The asynchronous client of httpx signs and verifies as the synchronous one does."""
    with serving(JwsWsgi(Recorder(), live.service())) as address:
        content, signature = await call_async(live.caller(), address, content=PAYLOAD)
    assert (content, signature.signed_by) == (b'{"status": "ACCC"}', ("bank",))


def altered(app: Callable[..., Any], change: Callable[[list[Any], bytes], bytes]) -> Any:
    """Stand between a signing service and its caller."""

    def between(environ: dict[str, Any], start: Callable[..., Any]) -> list[bytes]:
        started: list[Any] = []
        body = b"".join(app(environ, lambda *given: started.extend(given)))
        body = change(started[1], body)
        start(started[0], [h for h in started[1] if h[0] != "Content-Length"])
        return [body]

    return between


def _unsigned(headers: list[Any], body: bytes) -> bytes:
    headers[:] = [item for item in headers if item[0] != NAME]
    return body


def _twice(headers: list[Any], body: bytes) -> bytes:
    headers.append(next(item for item in headers if item[0] == NAME))
    return body


CHANGES = {
    "unsigned": (_unsigned, PayloadUnsignedError),
    "changed": (lambda headers, body: body.replace(b"ACCC", b"RJCT"), PayloadSignatureError),
    "twice": (_twice, (PayloadUnsignedError, PayloadMalformedError)),
}


@CALLS
@pytest.mark.parametrize("case", CHANGES)
def test_j11_answers_are_verified_before_anybody_reads_them(
    live: Sides, call: Any, case: str
) -> None:
    """J-11, J-14: an answer that is changed, or has no signature or two, is an error in place of an answer."""
    change, kind = CHANGES[case]
    service = JwsWsgi(Recorder(), live.service())
    with serving(service) as address:
        assert call(live.caller(), address, data=PAYLOAD)[1].signed_by == ("bank",)
    with (
        serving(altered(JwsWsgi(Recorder(), live.service()), change)) as address,
        pytest.raises(kind) as caught,
    ):
        call(live.caller(), address, data=PAYLOAD)
    assert caught.value.request_sent == "yes"


@CALLS
def test_refusal_by_the_service(live: Sides, call: Any) -> None:
    """A refusal has no signature either: the error says that it may be one."""
    with (
        serving(JwsWsgi(Recorder(), live.caller())) as address,
        pytest.raises(PayloadUnsignedError, match="may have refused the signature"),
    ):
        call(live.caller(), address, data=PAYLOAD)


def test_answers_that_are_not_signed_by_agreement(live: Sides) -> None:
    """A service that signs nothing is accepted with a reason only; a signature that is there still counts."""
    app = altered(JwsWsgi(Recorder(), live.service()), _unsigned)
    auth = JwsAuth(live.caller(), unverified_answers="the sandbox signs nothing")
    with serving(app) as address:
        response = requests.post(address, data=PAYLOAD, auth=auth, timeout=10)
    assert (response.content, signature_of(response)) == (b'{"status": "ACCC"}', None)
    wrong = altered(JwsWsgi(Recorder(), live.service()), CHANGES["changed"][0])
    with serving(wrong) as address, pytest.raises(PayloadSignatureError):
        requests.post(address, data=PAYLOAD, auth=auth, timeout=10)


def test_errors_are_signed_too(live: Sides) -> None:
    """J-11: the answer that says no is as much an answer."""
    app = Recorder(b'{"error": "limit"}', "400 Bad Request")
    with serving(JwsWsgi(app, live.service())) as address:
        response = requests.post(address, data=PAYLOAD, auth=JwsAuth(live.caller()), timeout=10)
    assert (response.status_code, signature_of(response).signed_by) == (400, ("bank",))  # type: ignore[union-attr]


def test_redirect_is_not_followed(live: Sides) -> None:
    """A redirect has no signature: the signed request goes nowhere else."""
    reached: list[str] = []

    def elsewhere(environ: dict[str, Any], start: Callable[..., Any]) -> list[bytes]:
        reached.append(environ["PATH_INFO"])
        if environ["PATH_INFO"] != "/else":
            start("307 Temporary Redirect", [("Location", "/else")])
            return [b""]
        start("200 OK", [])
        return [b"{}"]

    with serving(elsewhere) as address, pytest.raises(PayloadUnsignedError, match="307"):
        requests.post(address, data=PAYLOAD, auth=JwsAuth(live.caller()), timeout=10)
    assert reached == ["/"]


def test_body_that_is_read_while_it_is_sent(live: Sides) -> None:
    """A file or an iterator as body cannot be signed beforehand: it is refused, and nothing is sent."""
    with pytest.raises(PayloadUsageError, match="octets"):
        requests.post(
            "http://127.0.0.1:9/", data=iter([b"a"]), auth=JwsAuth(live.caller()), timeout=10
        )


def test_form(live: Sides) -> None:
    """A form that requests writes as text is signed as the octets that are sent."""
    app = Recorder()
    with serving(JwsWsgi(app, live.service())) as address:
        requests.post(
            address, data={"a": "é b"}, auth=JwsAuth(live.caller()), timeout=10
        ).raise_for_status()
    assert app.seen[0][2] == b"a=%C3%A9+b"


def test_bomb(live: Sides) -> None:
    """A small answer that would become large is given up at the limit."""
    import gzip

    caller = live.caller(max_payload_bytes=100_000)

    def bomb(environ: dict[str, Any], start: Callable[..., Any]) -> list[bytes]:
        start("200 OK", [("Content-Encoding", "gzip")])
        return [gzip.compress(bytes(20_000_000))]

    for call in (call_requests, call_httpx):
        with serving(bomb) as address, pytest.raises(Exception, match="larger than 100000"):
            call(caller, address, data=PAYLOAD)


def test_name_of_the_header(live: Sides) -> None:
    """The header has the name that the partner gives it."""
    headers = HttpSigning(live.caller(header_name="x-jws-sig")).answer_header(PAYLOAD)
    assert list(headers) == ["x-jws-sig"]
    assert header_of(headers["x-jws-sig"].encode())["alg"] == "PS256"


def test_only_a_jws_signs(live: Sides) -> None:
    """Something else than a Jws is named at once."""
    with pytest.raises(PayloadUsageError, match="Jws"):
        HttpSigning(live.caller().settings)  # type: ignore[arg-type]
