"""Names that look alike, addresses in certificates, and values that are cut: who it is, is compared whole."""

from __future__ import annotations

import base64
import socket
from typing import Any

import pytest
from attacks.forge import edited, find, set_text
from attacks.test_signer import expecting, signed_by
from cryptography import x509
from cryptography.x509.oid import AuthorityInformationAccessOID
from lxml import etree
from roundtrip.pair import (
    accepted,
    another,
    answer,
    authority,
    client,
    issued,
    refused,
)

from zeep_wssec import (
    Inbound,
    InboundError,
    Pin,
    ProfileError,
    Signature,
    Subject,
    Timestamp,
    TokenUnavailableError,
    UntrustedCertificateError,
)
from zeep_wssec.settings import KeyReference

WANTED = Subject("CN=service,OU=Payments,O=Bank")
LOOKALIKES = {
    "NUL": "CN=service\\00.evil,OU=Payments,O=Bank",
    "longer": "CN=service.evil,OU=Payments,O=Bank",
    "shorter": "CN=servic,OU=Payments,O=Bank",
    "two names": "CN=service+CN=evil,OU=Payments,O=Bank",
    "name inside a name": "CN=evil\\,CN=service,OU=Payments,O=Bank",
    "other order": "OU=Payments,CN=service,O=Bank",
    "other case": "CN=Service,OU=Payments,O=Bank",
    "homoglyph": "CN=servi\u0441e,OU=Payments,O=Bank",
    "full width": "CN=\uff53ervice,OU=Payments,O=Bank",
    "no organisation": "CN=service,OU=Payments",
    "one more": "CN=service,OU=evil,OU=Payments,O=Bank",
    "wildcard": "CN=*,OU=Payments,O=Bank",
    "of another kind": "OU=service,OU=Payments,O=Bank",
}


@pytest.mark.parametrize("kind", LOOKALIKES)
def test_lookalike(kind: str) -> None:
    """A subject is the whole name to the letter, in its order, in its own kinds of attribute."""
    twin = another(LOOKALIKES[kind])
    error = refused(signed_by(twin), UntrustedCertificateError, expecting(WANTED))
    assert error.reason == "wrong_peer"
    for written in (WANTED.name, ",".join(reversed(WANTED.name.split(",")))):
        accepted(signed_by(another(written)), expecting(WANTED))


@pytest.mark.parametrize("name", ["CN=*", "*", "", "service", "CN="])
def test_subject_that_would_fit_many(name: str) -> None:
    """A demand has no wildcards: one that looks as if it had is refused, or means the letter."""
    try:
        profile = expecting(Subject(name))
    except ProfileError:
        return
    refused(signed_by(issued("service")), UntrustedCertificateError, profile)


@pytest.mark.parametrize("length", [1, 2, 20, 31])
def test_pin_that_is_cut_short(length: int) -> None:
    """A pin is a whole digest."""
    whole = issued("service").certificate.thumbprint_sha256
    with pytest.raises(ProfileError):
        Pin(whole[: 2 * length])
    accepted(signed_by(issued("service")), expecting(Pin(whole)))


@pytest.mark.parametrize("reference", ["thumbprint", "subject_key_identifier", "x509_ski"])
def test_identifier_that_is_cut_short(reference: KeyReference) -> None:
    """A digest or an identifier that only begins like the partner's finds nobody, nor does a longer one."""
    message = answer((Timestamp(), Signature(key_reference=reference)))
    accepted(message)
    path = "ds:X509SKI" if reference == "x509_ski" else "wsse:KeyIdentifier"
    octets = base64.b64decode(find(etree.fromstring(message), path).text or "")
    for changed in (octets[:-1], octets[:4], octets + b"\0", b""):
        forged = edited(message, set_text(path, base64.b64encode(changed).decode()))
        with pytest.raises(InboundError):
            client().check(forged)
    refused(
        edited(message, set_text(path, base64.b64encode(bytes(20)).decode())),
        TokenUnavailableError,
    )


def pointing() -> list[tuple[x509.ExtensionType, bool]]:
    """Extensions with addresses on this machine, where a reader would be seen."""
    at = x509.UniformResourceIdentifier("http://127.0.0.1:9/x")
    return [
        (
            x509.AuthorityInformationAccess(
                [
                    x509.AccessDescription(AuthorityInformationAccessOID.CA_ISSUERS, at),
                    x509.AccessDescription(AuthorityInformationAccessOID.OCSP, at),
                ]
            ),
            False,
        ),
        (
            x509.CRLDistributionPoints(
                [
                    x509.DistributionPoint(
                        full_name=[at], relative_name=None, reasons=None, crl_issuer=None
                    )
                ]
            ),
            False,
        ),
    ]


@pytest.mark.parametrize("revocation", ["off", "soft", "hard"])
def test_addresses_are_not_followed(revocation: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """No address in a certificate is asked while a message is read, whoever's it is."""

    def connect(*_given: object) -> None:
        pytest.fail("a connection was opened")

    monkeypatch.setattr(socket.socket, "connect", connect)
    monkeypatch.setattr(socket, "getaddrinfo", connect)
    base = issued("client").keystore("client")
    keystore = base.with_trust(anchors=authority().certificate, revocation=revocation)
    profile = client(keystore=keystore, inbound=Inbound(signed_by=Subject("CN=service")))
    ours = another("service", extensions=pointing())
    if revocation == "hard":
        refused(signed_by(ours), UntrustedCertificateError, profile)
    else:
        accepted(signed_by(ours), profile)
    refused(signed_by(another("evil", extensions=pointing())), UntrustedCertificateError, profile)


@pytest.mark.parametrize(
    ("usages", "reason"),
    [
        (["server_auth"], ""), (["client_auth", "code_signing"], ""), (["1.2.3.4"], "wrong_usage"),
        (["ocsp_signing"], "wrong_usage"), (["time_stamping"], "wrong_usage"), ([], ""),
    ],
)  # fmt: skip
def test_extended_key_usage(usages: list[str], reason: str) -> None:
    """A certificate for another purpose signs no messages; a purpose that is near enough, or none, does."""
    signer = another("service", extended_key_usage=usages)
    profile = expecting(Subject("CN=service"))
    if reason:
        assert refused(signed_by(signer), UntrustedCertificateError, profile).reason == reason
    else:
        accepted(signed_by(signer), profile)
