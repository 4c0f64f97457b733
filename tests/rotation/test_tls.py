"""The client certificate follows its file, its date and ``reload()``, in clients that live long."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tls.kit import World

from zeep_wssec import Profile, UntrustedServerError
from zeep_wssec.testing.authority import Authority, Issued
from zeep_wssec.testing.orders import WSDL

PROFILE = """
[[keystore]]
pkcs12 = "client.p12"
password_file = "password"
alias = "client"
watch = {watch}
[inbound]
mode = "over_tls"
[tls]
client_key = "client"
trust = ["root.pem"]
"""


@pytest.fixture(scope="module")
def world() -> World:
    return World.create()


@pytest.fixture
def folder(world: World, tmp_path: Path) -> Path:
    (tmp_path / "password").write_text("secret")
    (tmp_path / "root.pem").write_bytes(world.root.pem)
    put(tmp_path, world.client)
    return tmp_path


def put(folder: Path, issued: Issued) -> None:
    (folder / "next").write_bytes(issued.pkcs12("secret"))
    (folder / "next").replace(folder / "client.p12")


def serials(context: Any) -> list[int]:
    """Give the serial numbers of the client certificates that the server saw, without repetitions."""
    return list(dict.fromkeys(item.serial_number for item in context.clients if item))


@pytest.mark.parametrize("watch", ["true", "false"])
def test_t_11_client_that_lives_long_shows_the_new_certificate(
    world: World, folder: Path, watch: str
) -> None:
    """T-11: on its next connection: at once where the file is watched, else after ``reload()``."""
    (folder / "p.toml").write_text(PROFILE.format(watch=watch))
    profile, context = Profile.load(folder / "p.toml"), world.context()
    renewed = world.middle.issue("CN=client")
    expected = [world.client.certificate.serial_number]
    with world.served(context) as address:
        client = profile.client(WSDL, address=address)
        client.service.PlaceOrder(sku="42", quantity=1, nonce="n1")
        put(folder, renewed)
        if watch == "false":
            client.service.PlaceOrder(sku="42", quantity=1, nonce="n2")
            assert serials(context) == expected
            profile.reload()
        client.service.PlaceOrder(sku="42", quantity=1, nonce="n3")
    assert serials(context) == [*expected, renewed.certificate.serial_number]


def test_trust_in_the_server_is_read_again(world: World, folder: Path) -> None:
    """A file of ``tls.trust`` is read by ``reload()``: what it holds no more is trusted no more."""
    (folder / "p.toml").write_text(PROFILE.format(watch="true"))
    profile = Profile.load(folder / "p.toml")
    with world.served(world.context()) as address:
        client = profile.client(WSDL, address=address)
        client.service.PlaceOrder(sku="42", quantity=1, nonce="n1")
        (folder / "root.pem").write_bytes(Authority.create("CN=Other", key="ec-p256").pem)
        profile.reload()
        with pytest.raises(UntrustedServerError):
            client.service.PlaceOrder(sku="42", quantity=1, nonce="n2")
