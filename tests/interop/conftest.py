"""One CXF peer for all tests, with keys made for the run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12
from interop.cxf.peer import CxfPeer, PeerMissing
from peers import miss

from zeep_wssec import Keystore
from zeep_wssec.testing.authority import Authority, Issued

PASSWORD = "throwaway"


@dataclass(frozen=True)
class Pki:
    """Keys of one run."""

    ca: Authority
    client: Issued
    server: Issued

    @property
    def keystore(self) -> Keystore:
        """The client's key pair, and the server as its partner."""
        return self.client.keystore("client").with_partner(
            "server", self.server.certificate_pem, anchors=self.ca.pem
        )


@pytest.fixture(scope="session")
def pki() -> Pki:
    """A client and a server under one authority."""
    ca = Authority.create("CN=Interop CA,O=Example")
    return Pki(ca, ca.issue("CN=client,O=Example"), ca.issue("CN=server,O=Example"))


@pytest.fixture(scope="session")
def cxf(pki: Pki, tmp_path_factory: pytest.TempPathFactory) -> Iterator[CxfPeer]:
    """The running peer."""
    keys = tmp_path_factory.mktemp("cxf-keys")
    (keys / "server.p12").write_bytes(pki.server.pkcs12(PASSWORD, name="server"))
    write_trust(keys / "client-trust.p12", client=pki.client, ca=pki.ca)
    try:
        with CxfPeer(keys, PASSWORD) as peer:
            yield peer
    except PeerMissing as error:
        miss(str(error))


def write_trust(path: Path, *, client: Issued, ca: Authority) -> None:
    certificates = [
        pkcs12.PKCS12Certificate(client.certificate.x509, b"client"),
        pkcs12.PKCS12Certificate(ca.certificate.x509, b"ca"),
    ]
    path.write_bytes(
        pkcs12.serialize_java_truststore(certificates, BestAvailableEncryption(PASSWORD.encode()))
    )
