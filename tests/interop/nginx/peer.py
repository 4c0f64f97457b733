"""Runs nginx as a server that demands a client certificate and hands requests on to a service behind it."""

from __future__ import annotations

import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from zeep_wssec.testing.authority import Authority, Issued

START_SECONDS = 20
STOP_SECONDS = 20
_CONFIG = """
daemon off;
master_process off;
pid nginx.pid;
error_log error.log;
events {{ worker_connections 64; }}
http {{
  access_log off;
  client_body_temp_path body;
  proxy_temp_path proxied;
  fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
  server {{
    listen 127.0.0.1:{port} ssl;
    ssl_certificate server.pem;
    ssl_certificate_key server.key;
    ssl_protocols {protocols};
    ssl_client_certificate root.pem;
    ssl_verify_client {verify};
    ssl_verify_depth 3;
    location / {{
      proxy_pass {behind};
      proxy_set_header X-Client-Name $ssl_client_s_dn;
      proxy_set_header X-Client-Serial $ssl_client_serial;
      proxy_set_header X-Client-Verify $ssl_client_verify;
    }}
  }}
}}
"""


class PeerMissing(RuntimeError):
    """nginx is not installed."""


class PeerFailed(RuntimeError):
    """nginx does not start."""


@contextmanager
def nginx(
    server: Issued,
    root: Authority,
    *,
    behind: str,
    protocols: str = "TLSv1.2 TLSv1.3",
    verify: str = "on",
) -> Iterator[str]:
    """Run nginx for a ``with`` block, and give its address.

    Args:
        server: Its key pair; the chain is presented.
        root: Under which a client must have a certificate.
        behind: Address of the service that it hands requests on to, with what it knows of the client.
        protocols: As nginx has it.
        verify: The same.

    Raises:
        PeerMissing: It is not installed.
    """
    program = shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/usr/bin:/bin")
    if program is None:
        raise PeerMissing("nginx is not installed")
    with tempfile.TemporaryDirectory(prefix="nginx-peer-") as name:
        folder, port = Path(name), _free_port()
        (folder / "server.pem").write_bytes(server.chain_pem)
        (folder / "server.key").write_bytes(server.key_pem())
        (folder / "root.pem").write_bytes(root.pem)
        text = _CONFIG.format(
            port=port, behind=behind.rstrip("/"), protocols=protocols, verify=verify
        )
        (folder / "nginx.conf").write_text(text)
        with (folder / "output.log").open("wb") as log:
            process = subprocess.Popen(
                [program, "-p", name, "-c", "nginx.conf", "-e", "error.log"],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        try:
            _wait_until_ready(process, port, folder)
            yield f"https://127.0.0.1:{port}/"
        finally:
            process.terminate()
            process.wait(STOP_SECONDS)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def _wait_until_ready(process: subprocess.Popen[bytes], port: int, folder: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.02)
        else:
            return
    logs = "\n".join(path.read_text(errors="replace") for path in folder.glob("*.log"))
    raise PeerFailed(f"nginx did not start:\n{logs}")
