"""A wire between a client and a live peer, on which a test can change answers."""

from __future__ import annotations

import re
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

Change = Callable[[bytes], bytes]


@contextmanager
def wire(target: str, change: Change) -> Iterator[str]:
    """Forward every POST to ``target`` and pass its answers through ``change``; give the address."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            kept = {
                name: value
                for name, value in self.headers.items()
                if name.lower() in ("content-type", "soapaction") or name.startswith("X-")
            }
            request = urllib.request.Request(target, body, kept)  # noqa: S310
            try:
                answer = urllib.request.urlopen(request)  # noqa: S310
            except urllib.error.HTTPError as error:
                answer = error
            with answer:
                content = change(answer.read())
                self.send_response(answer.status)
                self.send_header("Content-Type", answer.headers["Content-Type"])
                self.send_header("X-Peer-Report", answer.headers["X-Peer-Report"] or "{}")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *args: object) -> None:
            """Keep the test's output clean."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _flip(pattern: bytes) -> Change:
    """Change one character in what the group of ``pattern`` matches; it must be there."""

    def change(content: bytes) -> bytes:
        match = re.search(pattern, content, re.S)
        assert match is not None, f"nothing matches {pattern!r} in {content[:2000]!r}"
        at = (match.start(1) + match.end(1)) // 2
        other = b"A" if content[at : at + 1] != b"A" else b"B"
        if content[at : at + 1].isdigit():
            other = b"1" if content[at : at + 1] != b"1" else b"2"
        return content[:at] + other + content[at + 1 :]

    return change


CHANGES: dict[str, Change] = {
    "unchanged": lambda content: content,
    "body": _flip(rb"<(?:\w+:)?sku>([^<]+)<"),
    "timestamp": _flip(rb"Created>[^<]*\.(\d+)Z<"),
    "signature": _flip(rb"SignatureValue>([^<]+)<"),
    "digest": _flip(rb"DigestValue>([^<]+)<"),
    "token": _flip(rb"BinarySecurityToken[^>]*>([^<]+)<"),
    "key": _flip(rb"EncryptedKey.*?CipherValue>([^<]+)<"),
    "ciphertext": _flip(rb"EncryptedData.*?CipherValue>([^<]+)<"),
}
"""Ways to change an answer, by name."""
