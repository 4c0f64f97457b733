"""WSGI middleware: only signed requests reach the application, and its answers are signed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from io import BytesIO
from typing import Any
from urllib.parse import quote, urlsplit

from zeep_wssec.payload.jws.format import Jws
from zeep_wssec.replay import ReplayStore
from zeep_wssec.transport.http_signing.services import REFUSED, RequestGate

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
WsgiApp = Callable[[Environ, StartResponse], Iterable[bytes]]


class JwsWsgi:
    """Wraps a WSGI application.

    Who signed a request stands in ``environ["zeep_wssec.signature"]``, a ``PayloadResult``. Bodies of
    requests and answers are held in memory, within ``max_payload_bytes``. Refused requests get 401.
    """

    def __init__(self, app: WsgiApp, jws: Jws, *, replay: ReplayStore | None = None) -> None:
        """Wrap ``app``.

        Args:
            app: Called for verified requests only.
            jws: Whose signatures are accepted, and how answers are signed.
            replay: Remembers requests; in memory of this process if unset.
        """
        self._app = app
        self._gate = RequestGate(jws, replay)

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Verify, call the application, sign; called by the server."""
        body = _read_body(environ, self._gate.max_bytes)
        method = str(environ.get("REQUEST_METHOD", "GET"))
        headers = _headers(environ)
        found = (
            None if body is None else self._gate.admit(method, target_of(environ), headers, body)
        )
        if body is None or found is None:
            start_response(
                "401 Unauthorized",
                [("Content-Type", "text/plain"), ("Content-Length", str(len(REFUSED)))],
            )
            return [REFUSED]
        environ["wsgi.input"] = BytesIO(body)
        environ["CONTENT_LENGTH"] = str(len(body))
        environ["zeep_wssec.signature"] = found
        return self._signed(environ, start_response)

    def _signed(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        started: list[Any] = []
        written: list[bytes] = []

        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            started[:] = [status, headers, exc_info]
            return written.append

        answer = self._app(environ, start)
        try:
            written.extend(answer)
        finally:
            close = getattr(answer, "close", None)
            if close is not None:
                close()
        # What no client will read is not signed.
        content = b"" if environ.get("REQUEST_METHOD") == "HEAD" else b"".join(written)
        status, headers, exc_info = started
        name = self._gate.signing.jws.settings.header_name
        dropped = (name.lower(), "content-length")
        kept = [item for item in headers if item[0].lower() not in dropped]
        added = self._gate.signing.answer_header(content)
        more = [*added.items(), ("Content-Length", str(len(content)))]
        start_response(status, [*kept, *more], *([exc_info] if exc_info else []))
        return [content]


def target_of(environ: Environ) -> str:
    """Give path and query as they were sent, where the server tells; else as they would be written."""
    raw = environ.get("RAW_URI") or environ.get("REQUEST_URI")
    if raw:
        parts = urlsplit(str(raw))
        return f"{parts.path}?{parts.query}" if parts.query else parts.path
    path = f"{environ.get('SCRIPT_NAME', '')}{environ.get('PATH_INFO', '')}"
    written = quote(path.encode("latin-1"), safe="/:@!$&'()*+,;=~")
    query = environ.get("QUERY_STRING", "")
    return f"{written}?{query}" if query else written


def _headers(environ: Environ) -> dict[str, str]:
    return {
        name.removeprefix("HTTP_").replace("_", "-"): str(value)
        for name, value in environ.items()
        if name.startswith("HTTP_")
    }


def _read_body(environ: Environ, limit: int) -> bytes | None:
    """Read the body; ``None`` above the limit, or where its length is no number."""
    stated = environ.get("CONTENT_LENGTH") or "0"
    if not str(stated).isdecimal():
        return None
    if int(stated) > limit:
        return None
    stream = environ.get("wsgi.input")
    body: bytes = stream.read(int(stated)) if stream is not None and int(stated) else b""
    return body if len(body) == int(stated) else None
