"""Servers that are not who they should be, old TLS, and what a client must not do on the way to them."""

from __future__ import annotations

import getpass
import os
import ssl
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import requests
import zeep
import zeep.exceptions
from lxml import etree
from zeep import Plugin

from zeep_wssec import (
    TLS,
    Inbound,
    Keystore,
    OverTLS,
    SignatureInvalidError,
    TransportSecurityError,
    WrongPasswordError,
)
from zeep_wssec.testing.authority import Issued
from zeep_wssec.testing.loopback import serve
from zeep_wssec.testing.orders import WSDL, answer_order
from zeep_wssec.testing.parties import Parties
from zeep_wssec.testing.partner import Answer, Partner, Wire

Call = Callable[..., Any]
Make = Callable[..., Any]


@pytest.fixture(scope="module")
def today() -> Parties:
    """Keys that are valid now: TLS reads the machine's own clock."""
    return Parties.create()


@pytest.fixture
def trusting(today: Parties, tmp_path: Path) -> TLS:
    """Settings that trust the server's CA."""
    path = tmp_path / "ca.pem"
    path.write_bytes(today.authority.pem)
    return TLS(trust=(path,))


def context_of(server: Issued, folder: Path) -> ssl.SSLContext:
    """What a server with this certificate shows."""
    path = folder / "server.pem"
    path.write_bytes(server.key_pem() + server.chain_pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context


NAMES = {
    "another host": ("evil.example", ["evil.example"]),
    "another address": ("x", ["127.0.0.2"]),
    "no names but the subject's": ("127.0.0.1", []),
    "wildcard": ("x", ["*.0.0.1"]),
    "the address as a DNS name": ("x", ["127.0.0.1.example", "localhost"]),
}


@pytest.mark.parametrize("kind", NAMES)
def test_server_of_another_name(
    today: Parties, trusting: TLS, tmp_path: Path, call: Call, kind: str
) -> None:
    """Spec: RFC 9525: the name that was asked for stands in the certificate, of any CA that is trusted."""
    subject, san = NAMES[kind]
    partner = Partner(today.partner_profile(), answer_order)
    wrong = context_of(today.authority.issue(subject, san=san), tmp_path)
    with partner.serve(tls=wrong) as address:
        with pytest.raises(TransportSecurityError) as caught:
            call(today.client_profile(tls=trusting), address)
        assert (caught.value.request_sent, len(partner.answers)) == ("no", 0)
    right = context_of(today.authority.issue("x", san=["127.0.0.1"]), tmp_path)
    with partner.serve(tls=right) as address:
        assert call(today.client_profile(tls=trusting), address).nonce == "n1"


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
def test_old_tls(today: Parties, trusting: TLS, tmp_path: Path, call: Call) -> None:
    """TLS 1.2 at least, whatever a server would rather speak; 1.3 where that is stated."""
    partner = Partner(today.partner_profile(), answer_order)
    old = context_of(today.partner, tmp_path)
    old.set_ciphers("ALL:@SECLEVEL=0")
    old.minimum_version = ssl.TLSVersion.TLSv1
    old.maximum_version = ssl.TLSVersion.TLSv1_1
    with partner.serve(tls=old) as address, pytest.raises(TransportSecurityError):
        call(today.client_profile(tls=trusting), address)
    middle = context_of(today.partner, tmp_path)
    middle.maximum_version = ssl.TLSVersion.TLSv1_2
    with partner.serve(tls=middle) as address:
        assert call(today.client_profile(tls=trusting), address).nonce == "n1"
        newest = TLS(trust=trusting.trust, minimum_version="1.3")
        with pytest.raises(TransportSecurityError):
            call(today.client_profile(tls=newest), address)


def test_connection_of_an_unverified_session(
    today: Parties, secure: tuple[Partner, str], trusting: TLS
) -> None:
    """What a session did unverified is of no use to our transport: its connections are its own."""
    partner, address = secure
    session = requests.Session()
    session.verify = False
    strict = today.client_profile()
    with strict.client(
        WSDL, address=address, transport=strict.transport(session=session)
    ) as client:
        for _ in range(2):
            with pytest.raises(TransportSecurityError):
                client.service.PlaceOrder(sku="42", quantity=1, nonce="n1")
    assert not partner.answers
    profile = today.client_profile(tls=trusting)
    with profile.client(
        WSDL, address=address, transport=profile.transport(session=session)
    ) as client:
        assert client.service.PlaceOrder(sku="42", quantity=1, nonce="n1").nonce == "n1"


@pytest.fixture
def secure(today: Parties, tmp_path: Path) -> Any:
    """A partner over TLS, and its address."""
    partner = Partner(today.partner_profile(), answer_order)
    with partner.serve(tls=context_of(today.partner, tmp_path)) as address:
        yield partner, address


def test_client_key_leaves_no_file_and_asks_nobody(
    today: Parties, trusting: TLS, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Our TLS library wants a file: it gets memory, or an encrypted one that is gone at once; nobody is asked."""

    def ask(*_given: object) -> str:
        pytest.fail("somebody was asked")

    monkeypatch.setattr(getpass, "getpass", ask)
    monkeypatch.setattr("builtins.input", ask)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temp"))
    (tmp_path / "temp").mkdir()
    written: list[bytes] = []
    load = ssl.SSLContext.load_cert_chain

    def look(self: ssl.SSLContext, path: str, **given: Any) -> None:
        written.append(Path(path).read_bytes())
        assert path.startswith("/proc") or Path(path).stat().st_mode & 0o077 == 0
        load(self, path, **given)

    monkeypatch.setattr(ssl.SSLContext, "load_cert_chain", look)
    profile = today.client_profile(tls=TLS(trust=trusting.trust, client_key="client"))
    profile.transport()
    monkeypatch.delattr(os, "memfd_create", raising=False)
    profile.transport()
    assert len(written) == 2
    assert all(b"BEGIN ENCRYPTED PRIVATE KEY" in item for item in written)
    assert list((tmp_path / "temp").iterdir()) == []


def test_client_key_without_its_password(today: Parties, tmp_path: Path) -> None:
    """A key that is encrypted and has no password is refused when it is loaded, not asked for later."""
    path = tmp_path / "client.p12"
    path.write_bytes(today.client.pkcs12("secret", name="client"))
    with pytest.raises(WrongPasswordError):
        Keystore.load(path)
    keystore = Keystore.load(path, password="secret")
    profile = today.client_profile(
        keystore=keystore.with_partner("partner", today.partner.certificate),
        tls=TLS(client_key="client"),
    )
    assert profile.transport() is not None


def wsdl_that_imports(address: str, folder: Path) -> Path:
    """The sample's WSDL with an import from elsewhere."""
    root = etree.parse(str(WSDL)).getroot()
    imported = etree.Element(
        "{http://schemas.xmlsoap.org/wsdl/}import", namespace="urn:more", location=address
    )
    root.insert(0, imported)
    path = folder / "importing.wsdl"
    path.write_bytes(etree.tostring(root))
    return path


def test_wsdl_that_loads_more(make_profile: Make, tmp_path: Path) -> None:
    """A WSDL is the caller's to trust; with zeep's ``forbid_external`` it cannot load anything else."""
    asked: list[Mapping[str, str]] = []
    more = b'<definitions xmlns="http://schemas.xmlsoap.org/wsdl/" targetNamespace="urn:more"/>'

    def give(content: bytes, headers: Mapping[str, str]) -> Answer:
        asked.append(headers)
        return Answer(status=200, content=more)

    with serve(give) as address:
        wsdl = wsdl_that_imports(address, tmp_path)
        settings = zeep.Settings(forbid_external=True, forbid_dtd=True)
        with pytest.raises(zeep.exceptions.ExternalReferenceForbidden):
            make_profile().client(wsdl, settings=settings)
        assert not asked
        make_profile().client(wsdl)
        assert len(asked) == 1


def test_bad_signature_over_tls(today: Parties, trusting: TLS, tmp_path: Path, call: Call) -> None:
    """TLS proves the server, not the message: a wrong signature is refused even where TLS is the proof."""
    server = context_of(today.partner, tmp_path)
    wire = Wire(tamper=lambda octets: octets.replace(b"SignatureValue>", b"SignatureValue>AAAA", 1))
    profile = today.client_profile(tls=trusting, inbound=OverTLS())
    broken = Partner(today.partner_profile(), answer_order, wire=wire)
    with broken.serve(tls=server) as address, pytest.raises(SignatureInvalidError):
        call(profile, address)
    honest = Partner(today.partner_profile(), answer_order)
    with honest.serve(tls=server) as address:
        assert call(profile, address).nonce == "n1"


class Adds(Plugin):
    """Adds a header block to each request."""

    def egress(self, envelope: Any, http_headers: Any, *_rest: Any) -> Any:
        """Add it."""
        block = etree.Element("{urn:plugin}Added")
        header = envelope.find("{*}Header")
        if header is None:
            header = etree.Element(envelope.tag.replace("Envelope", "Header"))
            envelope.insert(0, header)
        header.append(block)
        return envelope, http_headers


def test_plugins_come_before_the_signature(
    make_profile: Make, make_partner: Make, call: Call
) -> None:
    """What a plugin adds is signed with the rest; what is changed afterwards the partner refuses."""
    parts = ("body", "timestamp", "header:{urn:plugin}Added")
    partner = make_partner(inbound=Inbound(signed=parts, signed_by="client"))
    steps = list(make_profile().plan.outbound)
    steps[1] = type(steps[1])(parts=parts)
    profile = make_profile(outbound=steps)
    with partner.serve() as address:
        assert call(profile, address, plugins=[Adds()]).nonce == "n1"
    sent = partner.answers[-1].request
    assert sent.count(b":Added ") == 1
    changed = partner.answer(sent.replace(b":Added ", b":Added a='b' "))
    assert type(changed.error) is SignatureInvalidError


def test_each_attempt_is_a_message_of_its_own(
    make_profile: Make, make_partner: Make, call: Call
) -> None:
    """Nothing is sent again by itself; a caller that tries again sends a new message."""
    partner = make_partner()
    failing = [True]

    def respond(content: bytes, headers: Mapping[str, str]) -> Answer:
        answer = partner.answer(content, http_headers=headers)
        return Answer(status=503) if failing[0] else answer

    with serve(respond) as address:
        with pytest.raises(TransportSecurityError):
            call(make_profile(), address)
        assert len(partner.answers) == 1
        failing[0] = False
        assert call(make_profile(), address).nonce == "n1"
    first, second = (item.exchange for item in partner.answers)
    assert first is not None
    assert second is not None
    assert set(first.signature_values).isdisjoint(second.signature_values)
