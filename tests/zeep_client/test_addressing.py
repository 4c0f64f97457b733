"""Addressing blocks of the profile in real calls: beside zeep's own, and where zeep writes none."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from lxml import etree
from zeep.wsa import WsAddressingPlugin

from zeep_wssec import Addressing, Encryption, Inbound, Service, Signature, Timestamp
from zeep_wssec.soap.namespaces import WSA, WSA_2004
from zeep_wssec.testing.partner import Partner

ORDER = {"sku": "42", "quantity": 1, "nonce": "n1"}
PLUGIN: Any = WsAddressingPlugin
Make = Callable[..., Any]
SIGNED = ("body", "timestamp", "header:wsa:To", "header:wsa:Action", "header:wsa:MessageID")


SEAL = Encryption(recipients=("partner",))


def names_of(partner: Partner) -> list[str]:
    """Every addressing block that the partner got."""
    header = etree.fromstring(partner.answers[-1].request)[0]
    return sorted(
        str(block.tag) for block in header if str(block.tag).startswith(("{" + WSA, "{" + WSA_2004))
    )


@pytest.mark.parametrize("plugins", [False, True], ids=["without plugin", "with plugin"])
@pytest.mark.parametrize("step", [Addressing(), Addressing(to="urn:orders", action="urn:place")])
def test_each_block_once(
    step: Addressing,
    plugins: bool,
    make_profile: Make,
    partner: Partner,
    call: Make,
    address: str,
) -> None:
    """To, Action, MessageID and ReplyTo stand there once and are signed, whoever else writes them."""
    profile = make_profile(
        outbound=[step, Timestamp(), Signature(parts=SIGNED), SEAL],
        inbound=Inbound(related="required", encrypted=["body"], signed_by="partner"),
        service=Service(address=address),
    )
    options = {"plugins": [PLUGIN()]} if plugins else {}
    assert call(profile, address, **options).nonce == "n1"
    assert names_of(partner) == sorted(
        f"{{{WSA}}}{name}" for name in ("Action", "MessageID", "ReplyTo", "To")
    )


def test_action_of_the_binding(make_profile: Make, partner: Partner, wsdl: Path) -> None:
    """Without any other source the SOAP action of the binding is taken, for both SOAP versions."""
    profile = make_profile(
        outbound=[Addressing(version="2004/08", to="urn:orders")], inbound=Inbound()
    )
    client: Any = profile.client(wsdl)
    message = client.create_message(client.service, "PlaceOrder", **ORDER)
    found = [block for block in message[0] if str(block.tag).endswith("}Action")]
    assert [block.tag for block in found] == [f"{{{WSA_2004}}}Action"]
    assert found[0].text == "urn:example:orders/PlaceOrder"
    assert message[0].find(f"{{{WSA}}}MessageID") is None
