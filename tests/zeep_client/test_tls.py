"""TLS: trust comes from the profile, never from the environment, and a bare hook cannot bring it."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import certifi
import pytest
import requests
import zeep

from zeep_wssec import TLS, KeyLoadError, Profile, ProfileError, TransportSecurityError
from zeep_wssec.testing.loopback import serve
from zeep_wssec.testing.orders import WSDL, answer_order
from zeep_wssec.testing.parties import Parties
from zeep_wssec.testing.partner import Answer, Partner

Call = Callable[..., Any]
ZEEP: Any = zeep
"""zeep itself, whose functions have no annotations."""
ORDER = {"sku": "42", "quantity": 1, "nonce": "n1"}


@pytest.fixture(scope="module")
def today() -> Parties:
    """Keys that are valid now: TLS reads the machine's own clock."""
    return Parties.create()


@pytest.fixture
def ca(today: Parties, tmp_path: Path) -> Path:
    """The file with the only CA that vouches for the server."""
    path = tmp_path / "ca.pem"
    path.write_bytes(today.authority.pem)
    return path


def server_context(today: Parties, folder: Path) -> ssl.SSLContext:
    """The server's certificate for 127.0.0.1."""
    path = folder / "server.pem"
    path.write_bytes(today.partner.key_pem() + today.partner.chain_pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context


@pytest.fixture
def secure_partner(today: Parties) -> Partner:
    return Partner(today.partner_profile(), answer_order)


@pytest.fixture
def secure_address(secure_partner: Partner, today: Parties, tmp_path: Path) -> Iterator[str]:
    """The partner over TLS."""
    with secure_partner.serve(tls=server_context(today, tmp_path)) as address:
        yield address


def test_server_is_trusted(today: Parties, ca: Path, secure_address: str, call: Call) -> None:
    """``tls.trust`` names who vouches for the server."""
    assert call(today.client_profile(tls=TLS(trust=(ca,))), secure_address).nonce == "n1"


def test_server_is_not_trusted(
    today: Parties, secure_partner: Partner, secure_address: str, call: Call
) -> None:
    """Without it the connection is not made, and the request is not sent."""
    with pytest.raises(TransportSecurityError) as caught:
        call(today.client_profile(), secure_address)
    assert caught.value.request_sent == "no"
    assert not secure_partner.answers


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"])
def test_environment_brings_no_trust(
    today: Parties,
    ca: Path,
    secure_address: str,
    call: Call,
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
) -> None:
    """A variable that names a CA file is not asked; the same file in the profile is."""
    monkeypatch.setenv(variable, str(ca))
    with pytest.raises(TransportSecurityError):
        call(today.client_profile(), secure_address)
    assert call(today.client_profile(tls=TLS(trust=(ca,))), secure_address).nonce == "n1"


def test_environment_takes_no_trust(
    today: Parties, ca: Path, secure_address: str, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A variable that names other CAs does not disturb the profile's own."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", certifi.where())
    monkeypatch.setenv("SSL_CERT_FILE", certifi.where())
    assert call(today.client_profile(tls=TLS(trust=(ca,))), secure_address).nonce == "n1"


def test_session_of_the_caller(today: Parties, secure_address: str) -> None:
    """A session that trusts nobody's certificate checks them once it is in our transport."""
    session = requests.Session()
    session.verify = False
    profile = today.client_profile()
    transport = profile.transport(session=session)
    with (
        profile.client(WSDL, address=secure_address, transport=transport) as client,
        pytest.raises(TransportSecurityError),
    ):
        client.service.PlaceOrder(**ORDER)


def test_environment_brings_no_proxy(
    profile: Profile, address: str, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Proxies that variables name see no request."""
    seen: list[bytes] = []

    def record(content: bytes, headers: object) -> Answer:
        seen.append(content)
        return Answer(status=502)

    with serve(record) as proxy:
        for variable in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(variable, proxy)
            monkeypatch.setenv(variable.lower(), proxy)
        monkeypatch.setenv("NO_PROXY", "")
        monkeypatch.setenv("no_proxy", "")
        assert call(profile, address).nonce == "n1"
    assert not seen


def test_environment_is_not_trusted(profile: Profile) -> None:
    """Neither session reads the environment, and both check names and chains."""
    assert profile.transport().session.trust_env is False
    transport = profile.async_transport()
    assert transport.client.trust_env is False
    assert transport.wsdl_client.trust_env is False
    adapter: Any = profile.transport().session.get_adapter("https://partner.invalid/")
    context = adapter.poolmanager.connection_pool_kw["ssl_context"]
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)


def test_client_certificate(today: Parties, ca: Path, tmp_path: Path, call: Call) -> None:
    """``tls.client_key`` is shown to a server that asks; without it such a server refuses."""
    context = server_context(today, tmp_path)
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(ca)
    partner = Partner(today.partner_profile(), answer_order)
    with partner.serve(tls=context) as address:
        shown = today.client_profile(tls=TLS(trust=(ca,), client_key="client"))
        assert call(shown, address).nonce == "n1"
        with pytest.raises(TransportSecurityError):
            call(today.client_profile(tls=TLS(trust=(ca,))), address)
    assert len(partner.answers) == 1


def test_tls_settings_without_our_transport(
    today: Parties, ca: Path, secure_partner: Partner, secure_address: str
) -> None:
    """A profile with TLS settings refuses to run as a bare hook, which could not carry them out."""
    profile = today.client_profile(tls=TLS(trust=(ca,)))
    service = ZEEP.Client(str(WSDL), wsse=profile).create_service(
        "{urn:example:orders}OrderBinding", secure_address
    )
    with pytest.raises(ProfileError, match=r"profile\.client") as caught:
        service.PlaceOrder(**ORDER)
    assert (caught.value.path, caught.value.request_sent) == ("tls", "no")
    assert not secure_partner.answers
    client = profile.client(WSDL, address=secure_address)
    assert client.service.PlaceOrder(**ORDER).nonce == "n1"


def test_bare_hook_beside_our_transport(today: Parties, ca: Path, secure_partner: Partner) -> None:
    """A profile with TLS settings stays unfit for a bare hook after it has made a transport."""
    profile = today.client_profile(tls=TLS(trust=(ca,)))
    profile.transport()
    with secure_partner.serve() as address:
        service = ZEEP.Client(str(WSDL), wsse=profile).create_service(
            "{urn:example:orders}OrderBinding", address
        )
        with pytest.raises(ProfileError):
            service.PlaceOrder(**ORDER)


def test_trust_file_that_is_missing(today: Parties, ca: Path, tmp_path: Path) -> None:
    """It is said which entry of the profile, that the file is missing, and that nothing was sent."""
    profile = today.client_profile(tls=TLS(trust=(ca, tmp_path / "gone.pem")))
    with pytest.raises(KeyLoadError, match="no such file") as caught:
        profile.transport()
    assert (caught.value.path, caught.value.request_sent) == ("tls.trust[1]", "no")
    today.client_profile(tls=TLS(trust=(ca,))).transport()
