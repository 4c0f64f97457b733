"""The server's side of TLS for tests: its certificate, whom it lets in, and who came."""

from __future__ import annotations

import ssl
import tempfile
from pathlib import Path
from typing import Any, Literal

from zeep_wssec.keys.certificate import Certificate
from zeep_wssec.testing.authority import Authority, Issued


class ServerContext(ssl.SSLContext):
    """A context for ``serve(…, tls=…)`` that remembers who came."""

    clients: list[Certificate | None]
    """The certificate of each client whose handshake was accepted, in order; ``None``: it showed none."""

    @classmethod
    def create(
        cls,
        server: Issued,
        *,
        clients: Authority | None = None,
        with_chain: bool = True,
        version: Literal["1.2", "1.3"] | None = None,
    ) -> ServerContext:
        """Make a context.

        Args:
            server: The server's key pair.
            clients: The root under which a client must have a certificate; unset, none is asked for.
            with_chain: Whether it presents its intermediates, as it should.
            version: The only version of TLS that it speaks; unset, both.
        """
        made = cls(ssl.PROTOCOL_TLS_SERVER)
        made.clients = []
        made.sslsocket_class = _Socket
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "server.pem"
            path.write_bytes(
                server.key_pem("throwaway")
                + (server.chain_pem if with_chain else server.certificate_pem)
            )
            made.load_cert_chain(path, password="throwaway")  # noqa: S106
        if clients is not None:
            made.verify_mode = ssl.CERT_REQUIRED
            made.load_verify_locations(cadata=clients.pem.decode("ascii"))
        if version is not None:
            only = ssl.TLSVersion.TLSv1_2 if version == "1.2" else ssl.TLSVersion.TLSv1_3
            made.minimum_version = made.maximum_version = only
        return made


class _Socket(ssl.SSLSocket):
    def do_handshake(self, block: bool = False) -> None:
        super().do_handshake(block)
        context: Any = self.context
        if isinstance(context, ServerContext):
            der = self.getpeercert(binary_form=True)
            context.clients.append(Certificate.from_der(der) if der else None)
