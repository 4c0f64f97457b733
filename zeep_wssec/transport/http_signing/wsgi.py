"""WSGI middleware: only signed requests reach the application, and its answers are signed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from io import BytesIO
from typing import Any
from urllib.parse import quote

from zeep_wssec.payload.shape import PayloadFormat
from zeep_wssec.replay import ReplayStore
from zeep_wssec.transport.http_signing.services import METHODS, REFUSED, AnswerBody, RequestGate

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
WsgiApp = Callable[[Environ, StartResponse], Iterable[bytes]]


class JwsWsgi:
    """Wraps a WSGI application.

    Who signed a request stands in ``environ["zeep_wssec.signature"]``, a ``PayloadResult``. Bodies of
    requests and answers are held in memory, within ``max_payload_bytes``. Refused requests get 401.
    """

    def __init__(
        self,
        app: WsgiApp,
        jws: PayloadFormat,
        *,
        replay: ReplayStore | None = None,
        methods: Collection[str] = METHODS,
        empty_bodies: str = "",
        repeats: str = "",
    ) -> None:
        """Wrap ``app``.

        Args:
            app: Called for verified requests only.
            jws: Whose signatures are accepted, and how answers are signed.
            replay: Remembers requests; in memory of this process if unset.
            methods: That are let in. No signature covers the method: with DELETE among them, whoever saw a
                signed GET can delete what it asked for.
            empty_bodies: Why a POST, PUT or PATCH may have an empty body, over which a signature covers
                nothing, not even the path; empty: it is refused.
            repeats: Why requests may be sent again, where ``issued_at`` is unset; empty: that is refused.

        Raises:
            PayloadUsageError: Requests have no time, and no reason is given.
        """
        self._app = app
        self._gate = RequestGate(
            jws, replay, methods=methods, empty_bodies=empty_bodies, repeats=repeats
        )

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Verify, call the application, sign; called by the server."""
        method, headers = str(environ.get("REQUEST_METHOD", "GET")), _headers(environ)
        found = body = None
        if self._gate.expects(method, headers):
            body = _read_body(environ, self._gate.max_bytes)
        if body is not None:
            found = self._gate.admit(method, target_of(environ), headers, body)
        if body is None or found is None:
            start_response(
                "401 Unauthorized",
                [("Content-Type", "text/plain"), ("Content-Length", str(len(REFUSED)))],
            )
            return [REFUSED]
        environ["wsgi.input"] = BytesIO(body)
        environ["CONTENT_LENGTH"] = str(len(body))
        environ["zeep_wssec.signature"] = found
        # What is signed is what the client reads: nothing may compress it before.
        for name in ("HTTP_TRANSFER_ENCODING", "HTTP_ACCEPT_ENCODING"):
            environ.pop(name, None)
        return self._signed(environ, method, start_response)

    def _signed(
        self, environ: Environ, method: str, start_response: StartResponse
    ) -> Iterable[bytes]:
        started: list[Any] = []
        body = AnswerBody(self._gate.max_bytes)

        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            started[:] = [status, headers, exc_info]
            return body.add

        answer = self._app(environ, start)
        try:
            for piece in answer:
                body.add(piece)
        finally:
            close = getattr(answer, "close", None)
            if close is not None:
                close()
        status, headers, exc_info = started
        signed, content = self._gate.signed_answer(method, int(status[:3]), headers, body.octets())
        start_response(status, signed, *([exc_info] if exc_info else []))
        return [content]


def target_of(environ: Environ) -> str:
    """Give the target as it was sent, where the server tells; else path and query as they would be written."""
    raw = environ.get("RAW_URI") or environ.get("REQUEST_URI")
    if raw:
        return str(raw)
    path = f"{environ.get('SCRIPT_NAME', '')}{environ.get('PATH_INFO', '')}"
    written = quote(path.encode("latin-1", errors="replace"), safe="/:@!$&'()*+,;=~")
    query = environ.get("QUERY_STRING", "")
    return f"{written}?{query}" if query else written


def _headers(environ: Environ) -> dict[str, str]:
    return {
        name.removeprefix("HTTP_").replace("_", "-"): str(value)
        for name, value in environ.items()
        if name.startswith("HTTP_")
    }


def _read_body(environ: Environ, limit: int) -> bytes | None:
    """Read the body; ``None`` above the limit, or where it is not told where it ends.

    Spec: RFC 9112, section 6.3, Message Body Length: a length beside a transfer coding is an error.
    """
    stated, stream = str(environ.get("CONTENT_LENGTH") or ""), environ.get("wsgi.input")
    chunked = bool(environ.get("HTTP_TRANSFER_ENCODING"))
    if chunked and (stated or not environ.get("wsgi.input_terminated")):
        return None
    if stream is None or not (stated or chunked):
        return b"" if stated in ("", "0") else None
    if chunked:
        body = _read_up_to(stream, limit + 1)
        return body if len(body) <= limit else None
    if not (stated.isascii() and stated.isdecimal()) or len(stated) > 19 or int(stated) > limit:
        return None
    body = _read_up_to(stream, int(stated))
    return body if len(body) == int(stated) else None


def _read_up_to(stream: Any, size: int) -> bytes:
    body = bytearray()
    while len(body) < size and (piece := stream.read(size - len(body))):
        body += piece
    return bytes(body)
