"""The public API as a user's program has it, for ``mypy --strict``; ``test_docs.py`` runs the README's part."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from zeep_wssec import (
    TLS,
    Addressing,
    Anonymous,
    AnyoneUnder,
    BinaryToken,
    Exchange,
    HandshakeRefusedError,
    Inbound,
    InboundError,
    Limits,
    Overlay,
    OverTLS,
    Pin,
    Profile,
    ProfileError,
    Report,
    RequirementError,
    SecurityContext,
    SecurityHeader,
    Service,
    SessionKey,
    Signature,
    SignatureConfirmation,
    Subject,
    Timestamp,
    UntrustedServerError,
    Unverified,
    UsernameToken,
    WSSecError,
)

if TYPE_CHECKING:
    from zeep_wssec.transport.http_signing.wsgi import WsgiApp

NOON = datetime(2027, 3, 1, 12, tzinfo=UTC)


def first_screen(envelope: bytes, reply: bytes) -> None:
    """The README's example, word for word."""
    # README: begin
    from zeep_wssec import Encryption, Keystore, Profile, Secret, Signature, Timestamp

    keystore = Keystore.load("client.p12", password=Secret.env("P12_PASSWORD"))
    keystore = keystore.with_partner("partner", "partner.pem")  # encrypt to them; they must sign
    profile = Profile(
        keystore=keystore,
        outbound=[
            Timestamp(ttl_seconds=300),
            Signature(parts=["body", "timestamp"]),
            Encryption(recipients=["partner"]),
        ],
    )
    client = profile.client("orders.wsdl")  # or: zeep.Client("orders.wsdl", wsse=profile)
    order = client.service.PlaceOrder(sku="42", quantity=1, nonce="a1")
    print(order.orderId, profile.last_report())  # who signed what, with what

    sent = profile.secure(envelope)  # the same without zeep, on bytes or an lxml element
    seen = profile.check(reply, request=sent.exchange)  # raises, or gives message and report
    # README: end
    print(seen.to_bytes(), sent.to_bytes())


def demands() -> tuple[Inbound | OverTLS | Unverified, ...]:
    """Every way to say what an answer must prove."""
    return (
        Inbound(signed=("body", "timestamp"), encrypted=("body",), signed_by="partner"),
        Inbound(signed_by=Pin("ab" * 32), fresh_seconds=None),
        Inbound(signed_by=Subject("CN=orders.example,O=Example"), clock_skew_seconds=5),
        Inbound(signed_by=AnyoneUnder(reason="one CA for every node"), legacy={"sha1": "old node"}),
        Inbound(signed_by=("partner", Anonymous(reason="they only encrypt to us"))),
        Inbound(signature_confirmation="required", order=("signature", "encryption")),
        Inbound(username_token="derived_key", signed_by="alice"),
        OverTLS(),
        Unverified(reason="their test system does not sign", until=date(2030, 1, 1)),
    )


def settings(profile: Profile) -> Profile:
    """A profile with everything said."""
    return Profile(
        keystore=profile.plan.keystore,
        outbound=(Timestamp(), UsernameToken(username="u", password="p"), Signature()),
        inbound=demands()[0],
        operations={"Ping": Overlay(outbound=(), inbound=OverTLS())},
        header=SecurityHeader(actor="urn:them", must_understand=False, layout="timestamp_first"),
        namespaces={"o": "urn:example:orders"},
        limits=Limits(max_message_bytes=1_000_000),
        service=Service(wsdl="orders.wsdl", timeout_seconds=10),
        tls=TLS(
            client_key="client",
            trust=("server-ca.pem",),
            trust_aliases=["their root"],
            minimum_version="1.3",
            pins=["sha256//" + "A" * 43 + "="],
        ),
    )


def symmetric(profile: Profile) -> Profile:
    """A profile with steps that share keys, and every other kind of step."""
    from zeep_wssec import Encryption

    return Profile(
        keystore=profile.plan.keystore,
        outbound=[
            Addressing(to="urn:them", reply_to=None, must_understand=["To", "Action"]),
            BinaryToken(value_type="urn:ticket", value=b"ticket", encoding_type=False),
            SecurityContext(identifier="urn:context", key="shared", version="2005/02"),
            SessionKey(recipients=["partner"], key_wrap="kw-aes128", name="session", bytes=16),
            UsernameToken(
                username="u", password="p", password_type="none", derive_for="mac", name="user"
            ),
            SignatureConfirmation(),
            Timestamp(precision="microseconds", offset="+02:00", clock_offset_seconds=-5),
            Signature(
                key="session",
                algorithm="hmac-sha256",
                key_reference="encrypted_key_sha1",
                derived_key="1.3",
                derived_key_bytes=32,
                part_prefixes={"body": ["soap"]},
                signed_info_prefixes=("soap",),
            ),
            Encryption(key="session", algorithm="aes128-gcm", derived_key="1.3"),
        ],
        header=SecurityHeader(
            order=["timestamp", "signature"], attributes={"id": "x"}, namespace="1.0"
        ),
    )


def judge(profile: Profile, request: bytes, reply: bytes) -> Report | None:
    """A stored pair of messages, checked at the time it was received."""
    exchange = Exchange.from_message(request)
    try:
        return profile.check(reply, request=exchange, now=datetime(2030, 1, 1, tzinfo=UTC)).report
    except RequirementError as error:
        print(error.missing, error.hint)
    except InboundError as error:
        print(error.code, error.fault_code, error.safe_message, error.request_sent)
        return error.report
    except WSSecError as error:
        print(error.to_dict())
    return profile.last_report()


async def call(path: str) -> object:
    """An asynchronous client from a profile file."""
    try:
        profile = Profile.load(path)
    except ProfileError as error:
        return str(error)
    client = profile.async_client()
    try:
        return await client.service.PlaceOrder(sku="42", quantity=1, nonce="a1")
    finally:
        await client.transport.aclose()


def keystores(module: str, sign: Callable[..., bytes]) -> object:
    """Keys from every kind of place."""
    from zeep_wssec import Keystore, Secret

    passwords: dict[str, Secret | str] = {"one": Secret.env("ONE"), "two": "plain"}
    store = Keystore.load("client.jks", kind="jks", password="x", key_password=passwords)
    store = store.merge(Keystore.load("keys", only=["mail"], certificates=["mail.pem"], watch=True))
    store = store.merge(Keystore.from_pkcs11(module, token="t", password=Secret.keyring("t", "me")))
    store = store.merge(Keystore.from_callable("our_vault:keys", cache_seconds=3600))
    store = store.merge(
        Keystore.from_url("https://keys.example/k.p12", anchors="ca.pem", password=b"x")
    )
    store = store.with_external("kms", certificate="kms.pem", signer=sign, remote=False)
    for entry in store.entries():
        print(entry.alias, entry.kind, entry.not_after, entry.to_dict())
    return store


def payloads(profile: Profile, application: WsgiApp) -> object:
    """Files, documents and HTTP messages, by the payloads of a profile."""
    from requests import Session

    from zeep_wssec import PayloadError
    from zeep_wssec.payload.openpgp import OpenPgp, OpenPgpSettings
    from zeep_wssec.transport.http_signing import JwsAuth, JwsWsgi
    from zeep_wssec.transport.http_signing.with_httpx import JwsHttpxAuth

    jws = profile.payload("messages")
    session = Session()
    session.auth = JwsAuth(jws, unverified_answers="they sign requests only")
    print(JwsHttpxAuth(jws), Service(http_signature="messages"))
    settings = OpenPgpSettings(public_rings=[Path("partners.asc")], recipients=["@bank.example"])
    try:
        with OpenPgp(settings) as pgp:
            made = pgp.encrypt(b"data", to=Path("data.pgp"))
            print(made.recipients, made.encryption, [key.state(NOON) for key in pgp.ring_keys()])
    except PayloadError as error:
        print(error.code)
    return JwsWsgi(application, jws)


async def sessions(profile: Profile) -> list[int]:
    """Ask beside SOAP, over the same TLS."""
    address = "https://partner.example/status"
    try:
        with profile.session(retries=2) as session:
            first = session.get(address).status_code
        with profile.httpx_session(follow_redirects=True) as client:
            second = client.get(address).status_code
        async with profile.async_session(proxy="http://proxy.example:3128") as asynchronous:
            third = (await asynchronous.get(address)).status_code
    except UntrustedServerError as error:
        raise SystemExit(f"{error.reason}: {error.missing}") from error
    except HandshakeRefusedError as error:
        raise SystemExit(f"{error.reason}: {error.alert}") from error
    return [first, second, third]
