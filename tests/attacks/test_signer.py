"""Who signed: a CA is not a peer, a key in the message is no reason to trust it, and we are not our partner."""

from __future__ import annotations

from datetime import timedelta

import pytest
from attacks.forge import edited, find
from lxml import etree
from roundtrip.pair import (
    ANYONE,
    NOW,
    SIGNED,
    accepted,
    another,
    answer,
    authority,
    client,
    envelope,
    issued,
    refused,
    service,
)

from zeep_wssec import (
    Inbound,
    Keystore,
    OverTLS,
    Pin,
    Profile,
    Signature,
    SignatureInvalidError,
    Subject,
    Timestamp,
    TokenUnavailableError,
    UntrustedCertificateError,
)
from zeep_wssec.demands import SignedBy
from zeep_wssec.testing.authority import Authority, Issued

DAY = timedelta(days=1)


def signed_by(signer: Issued) -> bytes:
    """An answer with everything right but, perhaps, who signed it.

    Bad certificates do not get past our own outbound checks, so the message is signed again afterwards.
    """
    message = answer()

    def change(root: etree._Element) -> None:
        find(root, "wsse:BinarySecurityToken").text = signer.certificate.base64

    return edited(message, change, sign_by=signer)


def expecting(demanded: SignedBy, keystore: Keystore | None = None) -> Profile:
    """A client that wants this signer, and trusts the root."""
    base = keystore or issued("client").keystore("client")
    return client(
        keystore=base.with_trust(anchors=authority().certificate),
        inbound=Inbound(signed_by=demanded),
    )


def test_the_partner() -> None:
    """The twin of everything below."""
    report = accepted(signed_by(issued("service"))).report
    assert report.signatures[0].trusted_as == "partner 'service'"


@pytest.mark.parametrize("demanded", [None, Subject("CN=service"), Pin("ab" * 32)], ids=str)
def test_another_client_of_the_same_authority(demanded: SignedBy | None) -> None:
    """A certificate of the right CA with the wrong name is somebody else's."""
    profile = client() if demanded is None else expecting(demanded)
    error = refused(signed_by(issued("other")), UntrustedCertificateError, profile)
    assert error.reason == "wrong_peer"


def test_same_subject_from_the_same_authority() -> None:
    """A new certificate with the partner's subject is not the partner's entry; the error says what to do."""
    twin = another("service")
    error = refused(signed_by(twin), UntrustedCertificateError)
    assert error.reason == "wrong_peer"
    assert "renewed" in error.hint
    accepted(signed_by(twin), expecting(Subject("CN=service")))


def test_same_names_from_another_authority() -> None:
    """An authority that calls itself by the right name is not the right one."""
    liar = Authority.create("Test Root", now=NOW, reuse_keys=False).issue("service")
    assert refused(signed_by(liar), UntrustedCertificateError).reason == "wrong_peer"
    error = refused(signed_by(liar), UntrustedCertificateError, expecting(Subject("CN=service")))
    assert error.reason == "bad_signature"


def test_anyone_under_the_anchor() -> None:
    """A CA alone is enough only where that is stated with a reason."""
    report = accepted(signed_by(issued("other")), expecting(ANYONE)).report
    assert report.signatures[0].trusted_as == "anyone under the trust anchors (a test)"
    stranger = another("other", by=Authority.create("Other Root", now=NOW))
    error = refused(signed_by(stranger), UntrustedCertificateError, expecting(ANYONE))
    assert error.reason == "no_path"


def test_no_anchor_given() -> None:
    """Without an anchor no path ends anywhere: the system's store is never asked."""
    profile = client(inbound=Inbound(signed_by=Subject("CN=service")))
    error = refused(signed_by(issued("service")), UntrustedCertificateError, profile)
    assert error.reason == "no_path"


def test_pinned() -> None:
    """A pin is the whole certificate."""
    good = issued("service").certificate.thumbprint_sha256
    report = accepted(signed_by(issued("service")), expecting(Pin(good))).report
    assert report.signatures[0].trusted_as == "pinned"


def test_one_of_several() -> None:
    """Several signers may be named; one of them is enough, nobody else is."""
    profile = expecting((Subject("CN=service"), Subject("CN=backup")))  # type: ignore[arg-type]
    accepted(signed_by(issued("service")), profile)
    accepted(signed_by(issued("backup")), profile)
    refused(signed_by(issued("other")), UntrustedCertificateError, profile)


def test_anchors_of_a_partner_are_for_that_partner() -> None:
    """``with_partner(anchors=…)``: trusted for no one else."""
    private = Authority.create("Private Root", now=NOW)
    base = issued("client").keystore("client")
    base = base.with_partner(
        "other", private.issue("other").certificate, anchors=private.certificate
    )
    stranger = another("stranger", by=private)
    error = refused(signed_by(stranger), UntrustedCertificateError, expecting(ANYONE, base))
    assert error.reason == "no_path"
    accepted(signed_by(issued("other")), expecting(ANYONE, base))


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"not_after": NOW - timedelta(seconds=1), "not_before": NOW - DAY}, "expired"),
        ({"not_before": NOW + timedelta(seconds=1)}, "not_yet_valid"),
        ({"key_usage": ("key_encipherment",)}, "wrong_usage"),
        ({"key": "rsa-1024"}, "weak_key"),
        ({"key": "ec-p224"}, "weak_key"),
    ],
    ids=["expired", "not yet valid", "wrong usage", "RSA 1024", "P-224"],
)
@pytest.mark.parametrize("form", ["partner", "pin", "subject"])
def test_unfit_certificate(form: str, settings: dict[str, object], reason: str) -> None:
    """An unfit certificate is refused however well it is known."""
    unfit = another("service", **settings)  # type: ignore[arg-type]
    thumbprint = unfit.certificate.thumbprint_sha256
    base = issued("client").keystore("client").with_partner("unfit", unfit.certificate)
    demanded: SignedBy = {
        "partner": "unfit",
        "pin": Pin(thumbprint),
        "subject": Subject("CN=service"),
    }[form]  # type: ignore[assignment]
    error = refused(signed_by(unfit), UntrustedCertificateError, expecting(demanded, base))
    assert error.reason == reason


@pytest.mark.parametrize("settings", [
    {"key_usage": None}, {"key_usage": ("content_commitment",)}, {"not_before": NOW}, {"not_after": NOW},
    {"key": "rsa-3072"}, {"key": "ec-p256"},
], ids=str)  # fmt: skip
def test_fit_certificate(settings: dict[str, object]) -> None:
    """The twins: both ends of the validity count, and a missing key usage allows everything."""
    fit = another("service", **settings)  # type: ignore[arg-type]
    message = signed_by(fit)
    if str(settings.get("key")).startswith("ec"):
        base = fit.keystore("service").with_partner("client", issued("client").certificate)
        message = service(*SIGNED, keystore=base).secure(envelope()).to_bytes()
    accepted(message, expecting(Subject("CN=service")))


def test_signed_by_ourselves() -> None:
    """Our own request that comes back is no answer."""
    for profile in (client(), expecting(ANYONE)):
        error = refused(signed_by(issued("client")), UntrustedCertificateError, profile)
        assert error.reason == "own_key"


def test_key_swapped_under_the_right_certificate() -> None:
    """The certificate in the message must be the one whose key has signed."""
    message = edited(answer(), sign_by="other")
    refused(message, SignatureInvalidError)
    accepted(edited(answer(), sign_by="service"))


def test_stranger_where_nobody_is_demanded() -> None:
    """Where no signature is demanded a stranger's is reported as such, and covers nothing."""
    stranger = another("stranger", by=Authority.create("Other Root", now=NOW))
    report = accepted(signed_by(stranger), client(inbound=OverTLS())).report
    assert report.signatures[0].trusted_as is None
    assert report.proved == ()


@pytest.mark.parametrize("reference", ["issuer_serial", "subject_key_identifier", "thumbprint"])
def test_signer_named_but_not_known(reference: str) -> None:
    """A signer that is only named must be in the keystore."""
    message = answer((Timestamp(), Signature(key_reference=reference)))  # type: ignore[arg-type]
    accepted(message)
    refused(message, TokenUnavailableError, expecting(Subject("CN=service")))


def test_signer_named_ambiguously() -> None:
    """Two certificates with different keys that fit one reference: neither is chosen."""
    ours = issued("service").certificate
    twin = another("service", serial=ours.serial_number)
    base = issued("client").keystore("client").with_partner("service", ours)
    message = answer((Timestamp(), Signature(key_reference="issuer_serial")))
    demanded = Inbound(signed_by="service")
    accepted(message, client(keystore=base, inbound=demanded))
    both = base.with_partner("twin", twin.certificate)
    error = refused(message, TokenUnavailableError, client(keystore=both, inbound=demanded))
    assert "More than one" in error.message


def test_weak_intermediate() -> None:
    """A certificate that is no CA issues nothing."""
    leaf = another("leaf", key_usage=("digital_signature", "key_cert_sign"))
    under = another("service", by=authority().sub_authority(leaf))
    base = issued("client").keystore("client").with_trust(intermediates=leaf.certificate)
    error = refused(
        signed_by(under), UntrustedCertificateError, expecting(Subject("CN=service"), base)
    )
    assert error.reason == "wrong_usage"
    good = authority().intermediate("good")
    base = issued("client").keystore("client").with_trust(intermediates=good.certificate)
    accepted(signed_by(another("service", by=good)), expecting(Subject("CN=service"), base))
