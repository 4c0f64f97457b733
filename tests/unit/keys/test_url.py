"""A keystore at an https address."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from zeep_wssec.errors import KeyLoadError
from zeep_wssec.keys import timed_answer
from zeep_wssec.keys.files import MAX_FILE_BYTES
from zeep_wssec.keys.keystore import Keystore
from zeep_wssec.keys.secrets import Secret
from zeep_wssec.testing.authority import Authority, Issued


class Server:
    """Gives what it is told to, over TLS."""

    def __init__(self, issued: Issued, folder: Path) -> None:
        self.answer: tuple[int, dict[str, str], bytes] = (200, {}, b"")
        self.asked: list[tuple[str, str | None]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.asked.append((self.path, self.headers.get("Authorization")))
                status, headers, body = outer.answer
                self.send_response(status)
                for name, value in {"Content-Length": str(len(body)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        (folder / "server.pem").write_bytes(issued.key_pem() + issued.chain_pem)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / "server.pem")
        self.http = HTTPServer(("127.0.0.1", 0), Handler)
        self.http.socket = context.wrap_socket(self.http.socket, server_side=True)
        self.url = f"https://localhost:{self.http.server_address[1]}/keys?of=us"
        self.thread = threading.Thread(target=self.http.serve_forever, args=(0.01,))
        self.thread.start()

    def close(self) -> None:
        self.http.shutdown()
        self.thread.join()
        self.http.server_close()


@pytest.fixture(scope="module")
def tls() -> Authority:
    """Whoever vouches for the server; of the present, since TLS looks at the clock."""
    return Authority.create("TLS Root")


@pytest.fixture
def server(tls: Authority, tmp_path: Path, client: Issued) -> Iterator[Server]:
    made = Server(tls.issue("localhost", san=["localhost"]), tmp_path)
    made.answer = (200, {}, client.pkcs12("geheim", name="us"))
    yield made
    made.close()


def test_it_is_fetched_when_it_is_loaded(server: Server, tls: Authority, client: Issued) -> None:
    """Once; no use of the keys goes over the network."""
    store = Keystore.from_url(
        server.url,
        anchors=tls.certificate,
        password="geheim",
        authorization=Secret.of("Bearer t0ken"),
    )
    for _ in range(3):
        assert store.snapshot().require_key("us").certificate == client.certificate
    assert server.asked == [("/keys?of=us", "Bearer t0ken")]


def test_it_is_fetched_again_when_its_time_is_over(
    server: Server, tls: Authority, authority: Authority
) -> None:
    """And not before."""
    store = Keystore.from_url(
        server.url, anchors=tls.certificate, password="geheim", cache_seconds=3600
    )
    new = authority.issue("new")
    server.answer = (200, {}, new.pkcs12("geheim", name="us"))
    assert store.snapshot().require_key("us").certificate != new.certificate
    at_once = Keystore.from_url(
        server.url, anchors=tls.certificate, password="geheim", cache_seconds=0
    )
    assert at_once.snapshot().require_key("us").certificate == new.certificate
    assert len(server.asked) == 3


def test_it_is_trusted_under_its_own_anchors(server: Server, authority: Authority) -> None:
    """Neither the system nor another CA counts, nor no CA at all."""
    with pytest.raises(KeyLoadError, match="cannot be fetched: SSLCertVerificationError"):
        Keystore.from_url(server.url, anchors=authority.certificate, password="geheim")
    with pytest.raises(KeyLoadError, match="Nothing says whom to trust"):
        Keystore.from_url(server.url, anchors=(), password="geheim")
    assert server.asked == []


def test_name_of_the_server_counts(server: Server, tls: Authority) -> None:
    """Its certificate must be for the host of the address."""
    with pytest.raises(KeyLoadError, match="SSLCertVerificationError"):
        Keystore.from_url(server.url.replace("localhost", "127.0.0.1"), anchors=tls.certificate)


@pytest.mark.parametrize("status", [301, 302, 307, 404, 500])
def test_other_answers(server: Server, tls: Authority, status: int) -> None:
    """A redirect is refused, even to the same host; anything but 200 is no keystore."""
    server.answer = (status, {"Location": server.url}, server.answer[2])
    with pytest.raises(KeyLoadError, match=f"HTTP status {status}"):
        Keystore.from_url(server.url, anchors=tls.certificate, password="geheim")
    assert len(server.asked) == 1


def test_query_of_an_address_is_not_shown(server: Server, tls: Authority) -> None:
    """It may be a password, as in signed addresses; it is asked with, and the path is shown."""
    server.answer = (404, {}, b"")
    with pytest.raises(KeyLoadError, match=r"/keys: .*404") as caught:
        Keystore.from_url(server.url + "?sig=geheim", anchors=tls.certificate)
    assert "geheim" not in repr(caught.value)
    assert len(server.asked) == 1


def test_broken_authorization_is_not_shown(server: Server, tls: Authority) -> None:
    """A line end in it is refused before anything is sent, and the error does not quote it."""
    for value, expected in (("Bearer geheim\n\n", "does not fit HTTP"), ("Bearer x", "404")):
        server.answer = (404, {}, b"")
        with pytest.raises(KeyLoadError, match=expected) as caught:
            Keystore.from_url(server.url, anchors=tls.certificate, authorization=Secret.of(value))
        assert "geheim" not in repr(caught.value)
    assert len(server.asked) == 1


def test_size_is_bounded(server: Server, tls: Authority) -> None:
    """Reading ends at the limit."""
    server.answer = (200, {}, b"\x30" * (MAX_FILE_BYTES + 1))
    with pytest.raises(KeyLoadError, match=f"more than {MAX_FILE_BYTES} bytes"):
        Keystore.from_url(server.url, anchors=tls.certificate)


WRONG = [
    "http://localhost/k",
    "ftp://localhost/k",
    "https:///k",
    "https://a b/",
    "k.p12",
    "https://h:x/",
]


@pytest.mark.parametrize("url", WRONG)
def test_other_addresses(url: str, tls: Authority) -> None:
    """Only https with a host."""
    with pytest.raises(KeyLoadError, match="An https address is needed"):
        Keystore.from_url(url, anchors=tls.certificate)


def test_password_in_the_address(tls: Authority) -> None:
    """An address is written to logs, so it has no password; the error does not repeat it."""
    with pytest.raises(KeyLoadError, match="authorization=") as caught:
        Keystore.from_url("https://me:geheim@localhost/k", anchors=tls.certificate)
    assert "geheim" not in str(caught.value)


def test_environment_has_no_say(
    server: Server, tls: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Proxies and CA files of the environment are not used."""
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("SSL_CERT_FILE", "/dev/null")
    assert Keystore.from_url(server.url, anchors=tls.certificate, password="geheim").entries()


def test_answer_is_timed(server: Server, tls: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    """A keystore comes in time, its headers as well, or it is not loaded."""

    def load() -> Keystore:
        return Keystore.from_url(server.url, password="geheim", anchors=tls.certificate)

    assert load().snapshot().keys
    times = iter([0.0, *[1e9] * 100])
    monkeypatch.setattr(timed_answer, "time", SimpleNamespace(monotonic=lambda: next(times)))
    with pytest.raises(KeyLoadError, match="too long"):
        load()
