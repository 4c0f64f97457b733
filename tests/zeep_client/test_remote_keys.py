"""A key that a service holds, behind zeep's clients: an event loop never waits for it."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import replace
from typing import Any

import pytest
import zeep
from zeep import transports

from zeep_wssec import KeyMaterialError, Keystore, KeyUsageError, Profile
from zeep_wssec.keys.file_key import FileKey
from zeep_wssec.testing.loopback import serve
from zeep_wssec.testing.orders import WSDL
from zeep_wssec.testing.parties import Parties
from zeep_wssec.testing.partner import Answer, Partner

ZEEP: Any = zeep
"""zeep itself, whose functions have no annotations."""
ORDER = {"sku": "42", "quantity": 1, "nonce": "n1"}


class Service:
    """Signs, and notes in which thread it was asked."""

    def __init__(self, parties: Parties) -> None:
        self.key = FileKey(parties.client.private_key)
        self.asked: list[int] = []
        self.down = False

    def sign(self, data: bytes, **how: Any) -> bytes:
        self.asked.append(threading.get_ident())
        if self.down:
            raise ConnectionError
        return self.key.sign(data, **how)


@pytest.fixture
def service(parties: Parties) -> Service:
    return Service(parties)


@pytest.fixture
def remote(make_profile: Any, parties: Parties, service: Service) -> Profile:
    """The caller's profile, with its signing key elsewhere; it decrypts with one in memory."""
    chain = parties.client.chain_pem
    elsewhere = Keystore().with_external("client", certificate=chain, signer=service)
    here = parties.client.keystore("client").snapshot().require_key("client")
    signer = elsewhere.snapshot().require_key("client").signer
    known = parties.client_profile().plan.keystore.snapshot()
    keystore = Keystore(
        [replace(here, signer=signer)], partners=known.partner_entries, trust=known.shared_trust
    )
    return make_profile(keystore=keystore)  # type: ignore[no-any-return]


def test_sync_client(remote: Profile, service: Service, address: str) -> None:
    """It simply waits."""
    with remote.client(WSDL, address=address) as client:
        assert client.service.PlaceOrder(**ORDER).nonce == "n1"
    assert service.asked == [threading.get_ident()]


def test_async_client(remote: Profile, service: Service, partner: Partner, address: str) -> None:
    """Our transport asks the service in a thread; what is sent is protected, and what comes is checked."""

    async def call() -> Any:
        async with remote.async_client(WSDL, address=address) as client:
            return await asyncio.gather(
                *(client.service.PlaceOrder(**{**ORDER, "nonce": f"n{n}"}) for n in range(4))
            )

    assert {answer.nonce for answer in asyncio.run(call())} == {"n0", "n1", "n2", "n3"}
    assert len(service.asked) == 4
    assert threading.get_ident() not in service.asked
    assert all(b"SignatureValue" in answer.request for answer in partner.answers)


def test_bare_hook_in_an_event_loop(remote: Profile, partner: Partner, address: str) -> None:
    """Without our transport it is refused, with advice, and nothing is sent."""

    async def call() -> None:
        transport = transports.AsyncTransport()
        client = ZEEP.AsyncClient(str(WSDL), wsse=remote, transport=transport)
        try:
            client.service._binding_options["address"] = address
            await client.service.PlaceOrder(**ORDER)
        finally:
            await transport.aclose()
            transport.wsdl_client.close()

    with pytest.raises(KeyUsageError, match="would hold the event loop") as caught:
        asyncio.run(call())
    assert caught.value.request_sent == "no"
    assert not partner.answers


def test_foreign_transport_sends_nothing_of_the_request(remote: Profile) -> None:
    """Where our transport was made but another one sends, the request itself stays here."""
    seen: list[bytes] = []

    def record(content: bytes, headers: object) -> Answer:
        seen.append(content)
        return Answer(status=500)

    async def call(address: str) -> None:
        ours, transport = remote.async_transport(), transports.AsyncTransport()
        client = ZEEP.AsyncClient(str(WSDL), wsse=remote, transport=transport)
        try:
            client.service._binding_options["address"] = address
            await client.service.PlaceOrder(**ORDER)
        finally:
            await ours.aclose()
            await transport.aclose()
            transport.wsdl_client.close()

    with serve(record) as address, pytest.raises(ZEEP.exceptions.Error):
        asyncio.run(call(address))
    (sent,) = seen
    assert b"NotYetProtected" in sent
    assert b"sku" not in sent


def test_failure_in_the_thread(remote: Profile, service: Service, address: str) -> None:
    """A service that is down is an error of the call, and the request was not sent."""
    service.down = True

    async def call() -> None:
        async with remote.async_client(WSDL, address=address) as client:
            await client.service.PlaceOrder(**ORDER)

    with pytest.raises(KeyMaterialError, match="failed with ConnectionError") as caught:
        asyncio.run(call())
    assert caught.value.request_sent == "no"
