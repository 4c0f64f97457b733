"""Apache CXF and WSS4J as the partner: real zeep clients call it, and read what it proved and answers."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from interop.conftest import Pki
from interop.cxf.peer import CxfPeer
from interop.wire import CHANGES, wire
from zeep import Plugin
from zeep.exceptions import Fault

from zeep_wssec import (
    DecryptionError,
    Encryption,
    Inbound,
    InboundError,
    InvalidTokenError,
    MalformedSecurityError,
    Profile,
    RequirementError,
    Signature,
    SignatureInvalidError,
    Timestamp,
    UntrustedCertificateError,
    UsernameToken,
)
from zeep_wssec.settings import Step
from zeep_wssec.xmlcrypto.algorithms import SIGNATURE_METHODS_BY_NAME

pytestmark = pytest.mark.interop
SAMPLES = Path(__file__).parents[2] / "wsdl-samples" / "orders"
WSDL = {"soap11": SAMPLES / "orders.wsdl", "soap12": SAMPLES / "orders-soap12.wsdl"}
VERSIONS = ("soap11", "soap12")
MODES = ("sync", "async")

SIGNED = (Timestamp(), Signature(parts=("body", "timestamp")))
SEALED = (Encryption(recipients=("server",)),)
STEPS: dict[str, Sequence[Step]] = {
    "plain": (),
    "usernametoken": (UsernameToken(username="alice", password="ecila-secret"),),
    "usernametoken-text": (
        UsernameToken(username="alice", password="ecila-secret", password_type="text"),
    ),
    "signature": SIGNED,
    "encryption": SEALED,
    "all": (*SIGNED, *SEALED),
    "secured-fault": (*SIGNED, *SEALED),
    "unsecured-fault": (*SIGNED, *SEALED),
    "addressing": (*SIGNED, *SEALED),
}
"""What each service of the peer asks for."""


class PeerReport(Plugin):
    """Keeps what the peer says that it proved about the request."""

    def __init__(self) -> None:
        self.latest: dict[str, Any] = {}

    def ingress(
        self, envelope: Any, http_headers: dict[str, str], operation: Any
    ) -> tuple[Any, dict[str, str]]:
        """Read the report from the answer's headers."""
        self.latest = json.loads(http_headers.get("X-Peer-Report", "{}"))
        return envelope, http_headers


async def call(
    profile: Profile,
    address: str,
    *,
    version: str,
    mode: str = "sync",
    operation: str = "PlaceOrder",
    plugins: Sequence[Plugin] = (),
) -> Any:
    """Call one operation as a user would."""
    arguments = (
        {"sku": "ABC-42", "quantity": 3, "nonce": "n-1"}
        if operation == "PlaceOrder"
        else {"reason": "sold out"}
    )
    if mode == "sync":
        client = profile.client(WSDL[version], address=address, plugins=list(plugins))
        with client.transport.session:
            return client.service[operation](**arguments)
    async with profile.async_client(
        WSDL[version], address=address, plugins=list(plugins)
    ) as client:
        return await client.service[operation](**arguments)


def profile_for(service: str, pki: Pki, **settings: Any) -> Profile:
    """Make the profile that a service asks for."""
    return Profile(keystore=pki.keystore, outbound=STEPS[service], **settings)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("service", STEPS)
async def test_every_service_is_called_and_its_answer_read(
    service: str, version: str, mode: str, pki: Pki, cxf: CxfPeer
) -> None:
    """zeep reads the verified and decrypted answer of each service."""
    profile = profile_for(service, pki)

    answer = await call(profile, cxf.url(version, service), version=version, mode=mode)

    assert (answer.sku, answer.nonce) == ("ABC-42", "n-1")


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("service", ["signature", "all", "addressing"])
async def test_the_answer_proves_body_and_timestamp(
    service: str, version: str, pki: Pki, cxf: CxfPeer
) -> None:
    """The report names the server's certificate and what its signature covers."""
    profile = profile_for(service, pki)

    await call(profile, cxf.url(version, service), version=version)

    report = profile.last_report()
    assert report is not None
    signature = report.signatures[0]
    assert signature.thumbprint_sha256 == pki.server.certificate.thumbprint_sha256
    assert {"body", "timestamp"} <= set(signature.parts)


@pytest.mark.parametrize("version", VERSIONS)
async def test_the_answer_is_bound_to_the_request(version: str, pki: Pki, cxf: CxfPeer) -> None:
    """A signed RelatesTo with the request's MessageID is part of the proof."""
    profile = profile_for("addressing", pki, inbound=Inbound(related="required"))

    await call(profile, cxf.url(version, "addressing"), version=version)

    report = profile.last_report()
    assert report is not None
    assert "RelatesTo names the request" in report.proved


@pytest.mark.parametrize("version", VERSIONS)
async def test_the_peer_proves_what_we_signed_and_encrypted(
    version: str, pki: Pki, cxf: CxfPeer
) -> None:
    """WSS4J reports our signer, our algorithms and the parts that we covered."""
    seen = PeerReport()

    await call(profile_for("all", pki), cxf.url(version, "all"), version=version, plugins=[seen])

    signature, encryption = seen.latest["signatures"][0], seen.latest["encryptions"][0]
    assert "CN=client" in signature["signer"]
    assert signature["algorithm"].endswith("#rsa-sha256")
    assert {name.rsplit("}", 1)[1] for name in signature["elements"]} == {"Body", "Timestamp"}
    assert encryption["keyTransport"].endswith("#rsa-oaep")
    assert encryption["algorithms"] == ["http://www.w3.org/2009/xmlenc11#aes256-gcm"]


REFUSALS: dict[str, dict[str, tuple[type[InboundError], ...]]] = {
    "signature": {
        "body": (SignatureInvalidError,),
        "timestamp": (SignatureInvalidError,),
        "signature": (SignatureInvalidError, MalformedSecurityError),
        "digest": (SignatureInvalidError, MalformedSecurityError),
        "token": (UntrustedCertificateError, InvalidTokenError),
    },
    "encryption": {"key": (DecryptionError,), "ciphertext": (DecryptionError,)},
    "all": {
        "timestamp": (SignatureInvalidError,),
        "signature": (SignatureInvalidError, MalformedSecurityError),
        "digest": (SignatureInvalidError, MalformedSecurityError),
        "token": (UntrustedCertificateError, InvalidTokenError),
        "key": (DecryptionError,),
        "ciphertext": (DecryptionError,),
    },
}
REFUSALS["addressing"] = REFUSALS["unsecured-fault"] = REFUSALS["secured-fault"] = REFUSALS["all"]
_CASES = [
    (service, change, classes)
    for service, changes in REFUSALS.items()
    for change, classes in changes.items()
]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    ("service", "change", "classes"), _CASES, ids=[f"{case[0]}-{case[1]}" for case in _CASES]
)
async def test_an_answer_changed_on_the_wire_is_refused(
    service: str,
    change: str,
    classes: tuple[type[InboundError], ...],
    version: str,
    mode: str,
    pki: Pki,
    cxf: CxfPeer,
) -> None:
    """One changed character in Body, Timestamp, signature, key or ciphertext: nothing reaches the caller."""
    profile = profile_for(service, pki)

    with (
        wire(cxf.url(version, service), CHANGES[change]) as address,
        pytest.raises(classes) as caught,
    ):
        await call(profile, address, version=version, mode=mode)

    assert caught.value.request_sent == "yes"


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("service", REFUSALS)
async def test_the_same_wire_unchanged_is_accepted(
    service: str, version: str, mode: str, pki: Pki, cxf: CxfPeer
) -> None:
    """The wire itself is no reason for a refusal."""
    profile = profile_for(service, pki)

    with wire(cxf.url(version, service), CHANGES["unchanged"]) as address:
        answer = await call(profile, address, version=version, mode=mode)

    assert answer.sku == "ABC-42"


@pytest.mark.parametrize("service", ["usernametoken", "plain"])
async def test_an_answer_without_security_is_refused_once_proof_is_demanded(
    service: str, pki: Pki, cxf: CxfPeer
) -> None:
    """A token in the request proves nothing of the answer; Inbound demands more than the service gives."""
    profile = profile_for(service, pki, inbound=Inbound())

    with pytest.raises(RequirementError):
        await call(profile, cxf.url("soap11", service), version="soap11")


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("version", VERSIONS)
async def test_a_protected_fault_reaches_the_caller_as_a_fault(
    version: str, mode: str, pki: Pki, cxf: CxfPeer
) -> None:
    """A signed and encrypted Fault is zeep's Fault, with the report beside it."""
    profile = profile_for("secured-fault", pki)

    with pytest.raises(Fault, match="sold out"):
        await call(
            profile,
            cxf.url(version, "secured-fault"),
            version=version,
            mode=mode,
            operation="Fail",
        )

    report = profile.last_report()
    assert report is not None
    assert report.fault
    assert "body signed" in report.proved


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("version", VERSIONS)
async def test_an_unprotected_fault_is_refused_with_its_text(
    version: str, mode: str, pki: Pki, cxf: CxfPeer
) -> None:
    """What an unprotected Fault says is kept on the error: it may be true, but nobody has signed it."""
    profile = profile_for("unsecured-fault", pki)

    with pytest.raises(RequirementError) as caught:
        await call(
            profile,
            cxf.url(version, "unsecured-fault"),
            version=version,
            mode=mode,
            operation="Fail",
        )

    assert "sold out" in str(caught.value.unverified_fault)


@pytest.mark.parametrize("version", VERSIONS)
async def test_an_unprotected_fault_can_be_accepted_by_name(
    version: str, pki: Pki, cxf: CxfPeer
) -> None:
    """With unsigned_faults = "accept" the caller gets zeep's Fault and a report that proves nothing."""
    profile = profile_for(
        "unsecured-fault", pki, inbound=Inbound(encrypted=("body",), unsigned_faults="accept")
    )

    with pytest.raises(Fault, match="sold out"):
        await call(profile, cxf.url(version, "unsecured-fault"), version=version, operation="Fail")

    report = profile.last_report()
    assert report is not None
    assert report.proved == ()


@pytest.mark.parametrize(
    "reference", ["issuer_serial", "subject_key_identifier", "thumbprint", "x509_key_identifier"]
)
async def test_the_peer_understands_every_key_reference(
    reference: Any, pki: Pki, cxf: CxfPeer
) -> None:
    """Each way to name a certificate is understood, for the signature and for the encryption."""
    profile = Profile(
        keystore=pki.keystore,
        outbound=[
            Timestamp(),
            Signature(parts=("body", "timestamp"), key_reference=reference),
            Encryption(recipients=("server",), key_reference=reference),
        ],
    )

    answer = await call(profile, cxf.url("soap11", "all"), version="soap11")

    assert answer.sku == "ABC-42"


@pytest.mark.parametrize(
    "reference",
    ["IssuerSerial", "SKIKeyIdentifier", "Thumbprint", "X509KeyIdentifier", "DirectReference"],
)
async def test_every_key_reference_of_the_peer_is_understood(
    reference: str, pki: Pki, cxf: CxfPeer
) -> None:
    """However the peer names certificates in its answer, ours are found and its own is recognised."""
    profile = profile_for("all", pki)
    client = profile.client(WSDL["soap11"], address=cxf.url("soap11", "all"))

    with (
        client.transport.session,
        client.settings(extra_http_headers={"X-Answer-Key-Identifier": reference}),
    ):
        answer = client.service.PlaceOrder(sku="ABC-42", quantity=1, nonce="n")

    assert answer.sku == "ABC-42"


@pytest.mark.parametrize(
    ("key", "algorithm"),
    [
        ("rsa-2048", "rsa-sha256"),
        ("rsa-2048", "rsa-sha384"),
        ("rsa-2048", "rsa-sha512"),
        ("rsa-2048", "rsa-pss-sha256"),
        ("rsa-2048", "rsa-pss-sha512"),
        ("ec-p256", "ecdsa-sha256"),
        ("ec-p384", "ecdsa-sha384"),
        ("ed25519", "ed25519"),
        ("ed448", "ed448"),
    ],
)
async def test_the_peer_verifies_our_signature_algorithms(
    key: str, algorithm: str, pki: Pki, cxf: CxfPeer
) -> None:
    """WSS4J verifies each signature algorithm and names it in its report."""
    client = pki.ca.issue(f"CN=client {key},O=Example", key=key)
    keystore = client.keystore("client").with_partner("server", pki.server.certificate_pem)
    step = Signature(parts=["body", "timestamp"], algorithm=algorithm)
    profile = Profile(keystore=keystore, outbound=[Timestamp(), step])
    seen = PeerReport()

    await call(profile, cxf.url("soap11", "signature"), version="soap11", plugins=[seen])

    uri = SIGNATURE_METHODS_BY_NAME[algorithm].uri
    assert seen.latest["signatures"][0]["algorithm"] == uri


@pytest.mark.parametrize(
    "reference",
    [
        "binary_token",
        "issuer_serial",
        "thumbprint",
        "subject_key_identifier",
        "x509_key_identifier",
    ],
)
async def test_the_peer_follows_our_str_transform(reference: Any, pki: Pki, cxf: CxfPeer) -> None:
    """A token signed through its reference has the octets that WSS4J computes, for each reference."""
    step = Signature(
        parts=["body", "timestamp", "token"], key_reference=reference, str_transform=True
    )
    profile = Profile(keystore=pki.keystore, outbound=[Timestamp(), step])

    answer = await call(profile, cxf.url("soap12", "signature"), version="soap12")

    assert answer.sku == "ABC-42"


@pytest.mark.parametrize("reference", ["IssuerSerial", "DirectReference", "Thumbprint"])
async def test_an_str_transform_of_the_peer_is_followed(
    reference: str, pki: Pki, cxf: CxfPeer
) -> None:
    """A token that WSS4J signed through its reference is covered."""
    profile = profile_for("signature", pki)
    client = profile.client(WSDL["soap11"], address=cxf.url("soap11", "signature"))
    wanted = {
        "X-Answer-Key-Identifier": reference,
        "X-Answer-Signature-Parts": "{}{http://schemas.xmlsoap.org/soap/envelope/}Body;"
        "{}{http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd}Timestamp;"
        "STRTransform;",
    }
    with client.transport.session, client.settings(extra_http_headers=wanted):
        client.service.PlaceOrder(sku="ABC-42", quantity=1, nonce="n")

    report = profile.last_report()
    assert report is not None
    assert len(report.signatures[0].parts) == 3
