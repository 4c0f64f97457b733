"""An HTTP server on this machine for as long as a ``with`` block."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from zeep_wssec.testing.answers import Answer

Respond = Callable[[bytes, Mapping[str, str]], Answer]
"""Gets the content and the headers of a request and gives what goes back."""

_POLL_SECONDS = 0.01
_READ_SECONDS = 10


@contextmanager
def serve(respond: Respond, *, tls: ssl.SSLContext | None = None) -> Iterator[str]:
    """Serve on a free port of 127.0.0.1, one thread a request, and give the address.

    When the block ends no thread is left. An exception in ``respond`` is answered with an empty 500 and
    raised at the end of the block, or noted on the exception that the block itself raises.

    Args:
        respond: Called for every request, whatever its method.
        tls: Context with a certificate for 127.0.0.1; unset, plain HTTP.
    """
    server = _Server(respond)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(_POLL_SECONDS,))
    thread.start()
    try:
        yield f"{'http' if tls is None else 'https'}://127.0.0.1:{server.server_port}/"
    except BaseException as error:
        for failure in server.failures:
            error.add_note(f"The server had failed before: {failure!r}")
        raise
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    if server.failures:
        raise server.failures[0]


class _Server(ThreadingHTTPServer):
    daemon_threads = False  # so that closing the server waits for its threads
    request_queue_size = 256

    def __init__(self, respond: Respond) -> None:
        super().__init__(("127.0.0.1", 0), _RequestHandler)
        self.respond = respond
        self.failures: list[Exception] = []


class _RequestHandler(BaseHTTPRequestHandler):
    server: _Server
    timeout = _READ_SECONDS

    def _answer(self) -> None:
        try:
            content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            answer = self.server.respond(content, dict(self.headers))
        except Exception as error:  # reported by serve: this thread has nobody to tell
            self.server.failures.append(error)
            answer = Answer(status=500)
        try:
            self._write(answer)
        except ConnectionError:
            self.close_connection = True  # the caller has had enough

    do_GET = do_POST = _answer

    def _write(self, answer: Answer) -> None:
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.content)))
        self.end_headers()
        self.wfile.write(answer.content)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: what was asked is in the answers that the partner keeps."""
