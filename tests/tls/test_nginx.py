"""nginx as the server: it demands a client certificate, trusts the root alone, and says what it saw."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from interop.nginx.peer import PeerMissing, nginx
from peers import miss
from tls.kit import CALLS, ORDER, Call, World

from zeep_wssec import HandshakeRefusedError, OverTLS, Profile
from zeep_wssec.cli import main
from zeep_wssec.testing.authority import Authority
from zeep_wssec.testing.loopback import serve
from zeep_wssec.testing.orders import WSDL, answer_order
from zeep_wssec.testing.partner import Answer, Partner

pytestmark = pytest.mark.interop


@dataclass
class Behind:
    """The service behind nginx: it takes orders, and notes what nginx says of the client."""

    partner: Partner
    clients: list[Mapping[str, str]] = field(default_factory=list)

    def respond(self, content: bytes, headers: Mapping[str, str]) -> Answer:
        """Answer an order; to anything else there is nothing to say."""
        self.clients.append({name.lower(): value for name, value in headers.items()})
        return self.partner.answer(content) if content else Answer(status=204)


@pytest.fixture
def behind(world: World) -> Iterator[tuple[Behind, str]]:
    """The service, and where it is."""
    profile = Profile(keystore=world.server.keystore("server"), inbound=OverTLS())
    made = Behind(Partner(profile, answer_order))
    with serve(made.respond) as address:
        yield made, address


@pytest.fixture(params=["TLSv1.2", "TLSv1.3"])
def server(
    request: pytest.FixtureRequest, world: World, behind: tuple[Behind, str]
) -> Iterator[str]:
    """The running server, for one version of TLS and then for the other."""
    try:
        with nginx(world.server, world.root, behind=behind[1], protocols=request.param) as address:
            yield address
    except PeerMissing as error:
        miss(str(error))


def test_nginx_sees_who_calls(
    world: World, behind: tuple[Behind, str], server: str, call: Call
) -> None:
    """Leaf and intermediate from the keystore are verified by a server that has the root alone."""
    assert call(world.profile(), server) in ("n1", 204)
    seen = behind[0].clients[-1]
    assert (seen["x-client-verify"], seen["x-client-name"]) == ("SUCCESS", "CN=client")
    assert int(seen["x-client-serial"], 16) == world.client.certificate.serial_number


@pytest.mark.parametrize("call_zeep", CALLS[:2])
def test_missing_intermediate(
    world: World, behind: tuple[Behind, str], server: str, call_zeep: Call
) -> None:
    """nginx refuses in HTTP what it cannot verify; the error names the missing certificate all the same."""
    with pytest.raises(HandshakeRefusedError, match="CN=Middle") as caught:
        call_zeep(world.profile(world.alone), server)
    assert caught.value.reason == "client_certificate_refused"
    assert caught.value.missing == world.middle.certificate.subject
    assert caught.value.accepted == [world.root.certificate.subject]
    assert behind[0].clients == []


@pytest.mark.parametrize("call_zeep", CALLS[:2])
def test_missing_certificate(world: World, server: str, call_zeep: Call) -> None:
    """The same for a profile without a client key."""
    with pytest.raises(HandshakeRefusedError) as caught:
        call_zeep(world.profile(client_key=None), server)
    assert caught.value.reason == "client_certificate_missing"


def test_tls_check(world: World, server: str, tmp_path: Path) -> None:
    """What nginx accepts is told from what it asks for, and whether ours is accepted from its answer."""
    (tmp_path / "root.pem").write_bytes(world.root.pem)
    (tmp_path / "client.pem").write_bytes(world.client.key_pem("secret") + world.client.chain_pem)
    stranger = Authority.create("CN=Stranger").issue("CN=stranger")
    (tmp_path / "other.pem").write_bytes(stranger.key_pem("secret") + stranger.chain_pem)
    (tmp_path / "password").write_text("secret\n")
    keys = "".join(
        f'[[keystore]]\npem = "{name}.pem"\nalias = "{name}"\nkey_password_file = "password"\n'
        for name in ("client", "other")
    )
    profile = tmp_path / "partner.toml"
    profile.write_text(f'{keys}[tls]\nclient_key = "client"\ntrust = ["root.pem"]\n')
    found = {}
    for alias in ("client", "other"):
        arguments = ["tls-check", server, "-p", str(profile), "--client-key", alias, "--json"]
        done = CliRunner().invoke(main, arguments, catch_exceptions=False)
        found[alias] = done.exit_code, json.loads(done.stdout)["client_certificate"]
    assert {alias: code for alias, (code, _) in found.items()} == {"client": 0, "other": 17}
    assert found["client"][1]["accepts"] == [world.root.certificate.subject]
    assert (found["client"][1]["accepted"], found["other"][1]["accepted"]) == (True, False)


async def test_many_at_once(world: World, behind: tuple[Behind, str], server: str) -> None:
    """Asynchronous calls side by side share connections and the certificate."""
    profile = world.profile()
    async with profile.async_client(WSDL, address=server) as client:
        answers: Any = await asyncio.gather(
            *(client.service.PlaceOrder(**ORDER) for _ in range(20))
        )
    assert {answer.nonce for answer in answers} == {"n1"}
    assert {item["x-client-name"] for item in behind[0].clients} == {"CN=client"}
