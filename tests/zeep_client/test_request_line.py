"""What a request says outside its envelope, and that it goes nowhere where it must not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import requests
from zeep import Plugin

from zeep_wssec import (
    TLS,
    Addressing,
    BinaryToken,
    OutboundError,
    Profile,
    TransportSecurityError,
    UsernameToken,
    calls,
)
from zeep_wssec.testing.in_process import InProcessAdapter
from zeep_wssec.testing.orders import WSDL
from zeep_wssec.testing.partner import Partner

Call = Callable[..., Any]
Make = Callable[..., Any]
ORDER = {"sku": "42", "quantity": 1, "nonce": "n1"}


class Says(Plugin):
    """Sets one HTTP header, as a plugin or a hostile WSDL may."""

    def __init__(self, name: str, value: str) -> None:
        self.name, self.value = name, value

    def egress(self, envelope: Any, http_headers: Any, *_rest: Any) -> Any:
        """Set it."""
        http_headers[self.name] = self.value
        return envelope, http_headers


@pytest.mark.parametrize("value", ['"x"\r\nEvil: 1', "x\n", "x\0", "\x7f", '"€"', " x", "x\x0bb"])
def test_header_value(
    profile: Profile, partner: Partner, address: str, call: Call, value: str
) -> None:
    """Spec: RFC 9110 section 5.5: a SOAP action with a line end would be another header."""
    with pytest.raises(TransportSecurityError, match="SOAPAction") as caught:
        call(profile, address, plugins=[Says("SOAPAction", value)])
    assert caught.value.request_sent == "no"
    assert not partner.answers
    for good in ('"x"', "", '"x y\t\xe9"'):
        call(profile, address, plugins=[Says("SOAPAction", good)])


def test_header_name(profile: Profile, partner: Partner, address: str, call: Call) -> None:
    """Nor is a name the place for one."""
    with pytest.raises(TransportSecurityError):
        call(profile, address, plugins=[Says("X: 1\r\nEvil", "1")])
    assert not partner.answers
    call(profile, address, plugins=[Says("X-Fine", "1")])


@pytest.mark.parametrize(
    "wrong",
    ["ftp://127.0.0.1/x", "file:///etc/passwd", "http:///x", "http://127.0.0.1:99999/", "http://[::1/",
     "nonsense", "http://127.0.0.1:x/", "http://127.0.0.1/\r\nEvil: 1", "http://127.0.0.1/a b",
     "http://127.0.0.1\t/", "//127.0.0.1/", "http://127.0.0.1:0/"],
)  # fmt: skip
def test_address(profile: Profile, address: str, call: Call, wrong: str) -> None:
    """What is no address of HTTP is refused by name, before any library makes something else of it."""
    with pytest.raises(TransportSecurityError, match="no http or https address") as caught:
        call(profile, wrong)
    assert caught.value.request_sent == "no"
    assert call(profile, address).nonce == "n1"


@pytest.mark.parametrize("text", ["urn:a\0b", "urn:a\x1bb", "urn:\ud800"])
def test_address_in_the_envelope(make_profile: Make, call: Call, address: str, text: str) -> None:
    """A character that XML cannot carry ends the call with an error of ours."""
    steps = make_profile().plan.outbound
    with pytest.raises(OutboundError, match="character that XML cannot carry"):
        call(make_profile(outbound=(Addressing(to=text), *steps)), address)
    assert call(make_profile(outbound=(Addressing(to="urn:a"), *steps)), address).nonce == "n1"


SECRETS = {
    "a password": UsernameToken(username="u", password="geheim", password_type="text"),
    "a ticket": BinaryToken(value_type="urn:ticket", value="dGlja2V0"),
}


def call_over(scheme: str, profile: Profile, partner: Partner) -> Any:
    """Call a service that seems to be elsewhere."""
    session = requests.Session()
    transport = profile.transport(session=session)
    session.mount(f"{scheme}://far.example/", InProcessAdapter(partner.respond))
    client = profile.client(WSDL, address=f"{scheme}://far.example/", transport=transport)
    return client.service.PlaceOrder(**ORDER)


@pytest.mark.parametrize("kind", SECRETS)
def test_secret_over_plain_http(make_profile: Make, make_partner: Make, kind: str) -> None:
    """What whoever listens could use himself goes over TLS only, whatever address the WSDL has."""
    steps = make_profile().plan.outbound
    profile = make_profile(outbound=(SECRETS[kind], *steps))
    partner = make_partner()
    with pytest.raises(TransportSecurityError, match="readable form") as caught:
        call_over("http", profile, partner)
    assert caught.value.request_sent == "no"
    assert not partner.answers
    assert call_over("http", make_profile(), partner).nonce == "n1"


def test_tls_settings_over_plain_http(make_profile: Make, make_partner: Make) -> None:
    """Settings for TLS are not passed over because an address says ``http``."""
    partner = make_partner()
    profile = make_profile(tls=TLS(client_key="client"))
    with pytest.raises(TransportSecurityError, match="TLS settings"):
        call_over("http", profile, partner)
    assert not partner.answers
    assert call_over("https", profile, partner).nonce == "n1"


def test_nothing_is_left_under_way(profile: Profile, partner: Partner) -> None:
    """A request that is held back is over: no answer is taken for its."""
    client: Any = profile.client(WSDL, address="ftp://127.0.0.1/")
    with pytest.raises(TransportSecurityError):
        client.service.PlaceOrder(**ORDER)
    assert calls.latest(profile.owner) is None
    client.create_message(client.service, "PlaceOrder", **ORDER)
    assert calls.latest(profile.owner) is not None
