"""Apache CXF behind mutual TLS: Jetty demands the client certificate, WSS4J the signature and encryption."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12
from interop.conftest import PASSWORD, write_trust
from interop.cxf.peer import CxfPeer, PeerMissing
from interop.test_cxf import WSDL, PeerReport
from peers import miss

from zeep_wssec import (
    TLS,
    Encryption,
    HandshakeRefusedError,
    Keystore,
    Profile,
    Signature,
    Timestamp,
)
from zeep_wssec.testing.authority import Authority, Issued

pytestmark = pytest.mark.interop
ORDER = {"sku": "ABC-42", "quantity": 1, "nonce": "n"}
MODES = ("sync", "async")


@dataclass(frozen=True)
class Partners:
    """Keys for messages, and others for the connection, under a CA with an intermediate."""

    ca: Authority
    client: Issued
    server: Issued
    root: Authority
    tls_client: Issued
    tls_server: Issued

    def profile(self, tls_client: Keystore) -> Profile:
        """A profile that signs and encrypts, over TLS with a client certificate."""
        keystore = self.client.keystore("client").merge(tls_client)
        return Profile(
            keystore=keystore.with_partner("server", self.server.certificate_pem),
            outbound=[
                Timestamp(),
                Signature(key="client", parts=("body", "timestamp")),
                Encryption(recipients=("server",)),
            ],
            tls=TLS(client_key="caller", trust=(self.root.pem,)),
        )


@pytest.fixture(scope="module")
def partners() -> Partners:
    """Keys of one run."""
    ca = Authority.create("CN=Interop CA,O=Example")
    root = Authority.create("CN=Connection root,O=Example", reuse_keys=False)
    middle = root.intermediate("CN=Connection CA,O=Example")
    return Partners(
        ca,
        ca.issue("CN=client,O=Example"),
        ca.issue("CN=server,O=Example"),
        root,
        middle.issue("CN=caller"),
        middle.issue("CN=called", san=["127.0.0.1"]),
    )


@pytest.fixture(scope="module")
def peer(partners: Partners, tmp_path_factory: pytest.TempPathFactory) -> Iterator[CxfPeer]:
    """The running peer; of the connection's CAs it trusts the root alone."""
    folder = tmp_path_factory.mktemp("cxf-tls")
    (folder / "server.p12").write_bytes(partners.server.pkcs12(PASSWORD, name="server"))
    write_trust(folder / "client-trust.p12", client=partners.client, ca=partners.ca)
    (folder / "tls-server.p12").write_bytes(partners.tls_server.pkcs12(PASSWORD, name="tls"))
    root = pkcs12.PKCS12Certificate(partners.root.certificate.x509, b"root")
    (folder / "tls-trust.p12").write_bytes(
        pkcs12.serialize_java_truststore([root], BestAvailableEncryption(PASSWORD.encode()))
    )
    try:
        with CxfPeer(folder, PASSWORD, tls=True) as running:
            yield running
    except PeerMissing as error:
        miss(str(error))


def call(profile: Profile, address: str, mode: str, **options: Any) -> Any:
    """Place an order."""
    if mode == "sync":
        with profile.client(WSDL["soap11"], address=address, **options) as client:
            return client.service.PlaceOrder(**ORDER)

    async def run() -> Any:
        async with profile.async_client(WSDL["soap11"], address=address, **options) as client:
            return await client.service.PlaceOrder(**ORDER)

    return asyncio.run(run())


@pytest.mark.parametrize("mode", MODES)
def test_signed_and_encrypted_over_mutual_tls(partners: Partners, peer: CxfPeer, mode: str) -> None:
    """Both layers hold: the connection shows one key pair with its chain, the message another."""
    seen = PeerReport()
    profile = partners.profile(partners.tls_client.keystore("caller"))
    assert call(profile, peer.url("soap11", "all"), mode, plugins=[seen]).sku == "ABC-42"
    assert "CN=client" in seen.latest["signatures"][0]["signer"]
    report = profile.last_report()
    assert report is not None or mode == "async"


@pytest.mark.parametrize("mode", MODES)
def test_missing_intermediate(partners: Partners, peer: CxfPeer, mode: str) -> None:
    """Java does not accept the certificate alone; our error names what is missing."""
    alone = Issued(partners.tls_client.certificate, partners.tls_client.private_key)
    with pytest.raises(HandshakeRefusedError, match="CN=Connection CA") as caught:
        call(partners.profile(alone.keystore("caller")), peer.url("soap11", "all"), mode)
    assert caught.value.reason == "client_certificate_refused"
    assert caught.value.accepted == [partners.root.certificate.subject]


@pytest.mark.parametrize("mode", MODES)
def test_message_alone_is_not_enough(partners: Partners, peer: CxfPeer, mode: str) -> None:
    """Without a client certificate no message is taken, however well protected."""
    profile = partners.profile(partners.tls_client.keystore("caller"))
    bare = Profile(
        keystore=profile.plan.keystore,
        outbound=profile.plan.outbound,
        tls=TLS(trust=(partners.root.pem,)),
    )
    with pytest.raises(HandshakeRefusedError) as caught:
        call(bare, peer.url("soap11", "all"), mode)
    assert caught.value.reason == "client_certificate_missing"
