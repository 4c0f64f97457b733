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
    keystore,
    refused,
    service,
)

from zeep_wssec import (
    Inbound,
    KeyLoadError,
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
from zeep_wssec.keys.trust_rules import TrustException
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


@pytest.mark.parametrize("form", ["thumbprint", "subject"])
def test_partner_by_reference(form: str) -> None:
    """Who must sign may be named by what the contract says of the certificate; another one is refused."""
    held = keystore("client", "service").with_partner("other", issued("other").certificate)
    names = {
        name: f"sha256:{issued(name).certificate.thumbprint_sha256}"
        if form == "thumbprint"
        else f"subject:CN={name}"
        for name in ("service", "other")
    }
    report = accepted(answer(), client(keystore=held, inbound=Inbound(signed_by=names["service"])))
    assert report.report.signatures[0].trusted_as == "partner 'service'"
    stranger = client(keystore=held, inbound=Inbound(signed_by=names["other"]))
    assert refused(answer(), UntrustedCertificateError, stranger).reason == "wrong_peer"


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
@pytest.mark.filterwarnings("ignore::zeep_wssec.keys.notices.KeyExpiryWarning")
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
    assert error.hint, "says what to do"


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
        assert "request" in error.hint


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


# Revocation, exceptions, and several certificates of one partner.


def keeping(**rules: object) -> Keystore:
    """The client's keystore with the service as partner, under the root, with rules."""
    base = issued("client").keystore("client")
    base = base.with_partner("service", issued("service").certificate)
    return base.with_trust(anchors=authority().certificate, **rules)  # type: ignore[arg-type]


def demanding(demanded: SignedBy, **rules: object) -> Profile:
    return client(keystore=keeping(**rules), inbound=Inbound(signed_by=demanded))


def known_forms() -> dict[str, SignedBy]:
    """Each way in which the service may be named."""
    thumbprint = issued("service").certificate.thumbprint_sha256
    return {
        "partner": "service",
        "pin": Pin(thumbprint),
        "subject": Subject("CN=service"),
        "anyone": ANYONE,
    }


@pytest.mark.parametrize("form", ["partner", "pin", "subject", "anyone"])
@pytest.mark.parametrize("mode", ["off", "soft", "hard"])
def test_revoked_signer(form: str, mode: str) -> None:
    """A revoked certificate signs nothing, however it is named; the twin is on no list."""
    demanded = known_forms()[form]
    crl = authority().crl(issued("service"), revoked_at=NOW - DAY)
    profile = demanding(demanded, revocation=mode, crls=crl)
    error = refused(signed_by(issued("service")), UntrustedCertificateError, profile)
    assert (error.reason, error.revoked_at) == ("revoked", NOW - DAY)
    other = authority().crl(issued("other"))
    report = accepted(
        signed_by(issued("service")), demanding(demanded, revocation=mode, crls=other)
    ).report
    assert "warning" not in str(report)


@pytest.mark.parametrize("form", ["partner", "pin", "subject", "anyone"])
def test_revocation_not_known(form: str) -> None:
    """Off: nothing; soft: a warning in the report; hard: a refusal."""
    demanded, message = known_forms()[form], signed_by(issued("service"))
    quiet = accepted(message, demanding(demanded)).report
    assert "warning" not in (quiet.signatures[0].trusted_as or "")
    told = accepted(message, demanding(demanded, revocation="soft")).report
    assert "is not known" in (told.signatures[0].trusted_as or "")
    hard = demanding(demanded, revocation="hard")
    error = refused(message, UntrustedCertificateError, hard)
    assert error.reason == "revocation_unknown"
    assert "fetch_revocation" in error.hint


def test_signer_where_nobody_is_demanded_is_judged_too() -> None:
    """A partner who signs though nobody asked is reported as trusted, so it must not be revoked."""
    crl = authority().crl(issued("service"))
    message = signed_by(issued("service"))
    profile = client(keystore=keeping(crls=crl), inbound=OverTLS())
    assert refused(message, UntrustedCertificateError, profile).reason == "revoked"
    fine = client(keystore=keeping(crls=authority().crl()), inbound=OverTLS())
    assert accepted(message, fine).report.signatures[0].trusted_as == "partner 'service'"


@pytest.mark.parametrize("form", ["partner", "subject"])
def test_signer_drops_out_at_once(form: str) -> None:
    """A verdict is not kept past the end of the certificate, nor past the list that it rests on."""
    ends = another("service", not_after=NOW + DAY)
    base = issued("client").keystore("client").with_partner("service", ends.certificate)
    short = authority().crl(this_update=NOW, next_update=NOW + DAY / 2)
    message = signed_by(ends)
    for rules, last, reason in (
        ({}, NOW + DAY, "expired"),
        ({"revocation": "hard", "crls": short}, NOW + DAY / 2 + MINUTE, "revocation_unknown"),
    ):
        keystore = base.with_trust(anchors=authority().certificate, **rules)  # type: ignore[arg-type]
        inbound = Inbound(
            signed_by=known_forms()[form], fresh_seconds=10**7, clock_skew_seconds=10**6
        )
        profile = client(keystore=keystore, inbound=inbound)
        assert profile.check(message, now=NOW)
        assert profile.check(message, now=last)
        with pytest.raises(UntrustedCertificateError) as caught:
            profile.check(message, now=last + timedelta(seconds=1))
        assert caught.value.reason == reason


MINUTE = timedelta(seconds=60)


def exception_for(signer: Issued, *allow: str, days: int = 1) -> TrustException:
    return TrustException(
        sha256=signer.certificate.thumbprint_sha256,
        reason="renewal is under way",
        until=NOW.date() + days * DAY,
        allow=allow,  # type: ignore[arg-type]
    )


@pytest.mark.parametrize(
    ("settings", "allow", "reason"),
    [
        ({"not_after": NOW - timedelta(seconds=1), "not_before": NOW - DAY}, "expired", "expired"),
        ({"key_usage": ("key_encipherment",)}, "wrong_usage", "wrong_usage"),
        ({"extended_key_usage": ["code_signing"]}, "wrong_usage", "wrong_usage"),
        ({"key": "rsa-1024"}, "weak_key", "weak_key"),
        ({"digest": "sha1"}, "sha1", "weak_signature"),
    ],
    ids=["expired", "key usage", "extended key usage", "RSA 1024", "SHA-1"],
)
def test_exception(settings: dict[str, object], allow: str, reason: str) -> None:
    """It lets one fault of one certificate pass, says so in the report, and ends on its day."""
    unfit, sister = another("service", **settings), another("service", **settings)  # type: ignore[arg-type]
    demanded = Subject("CN=service")
    message = signed_by(unfit)
    error = refused(message, UntrustedCertificateError, demanding(demanded))
    assert error.reason == reason
    given = demanding(demanded, exceptions=[exception_for(unfit, allow)])
    trusted_as = accepted(message, given).report.signatures[0].trusted_as or ""
    assert "warning:" in trusted_as
    assert "renewal is under way" in trusted_as
    assert refused(signed_by(sister), UntrustedCertificateError, given).reason == reason
    ended = demanding(demanded, exceptions=[exception_for(unfit, allow, days=0)])
    assert refused(message, UntrustedCertificateError, ended).reason == reason
    others = {"expired", "wrong_usage", "weak_key", "sha1", "revoked_unknown"} - {allow}
    elsewhere = demanding(demanded, exceptions=[exception_for(unfit, *others)])
    assert refused(message, UntrustedCertificateError, elsewhere).reason == reason


@pytest.mark.filterwarnings("ignore::zeep_wssec.keys.notices.KeyExpiryWarning")
def test_exception_of_a_named_partner() -> None:
    """A partner that is named by its certificate may be excepted as well; an ended one is named in the hint."""
    ended = another("service", not_after=NOW - timedelta(seconds=1), not_before=NOW - DAY)
    base = issued("client").keystore("client").with_partner("service", ended.certificate)
    inbound = Inbound(signed_by="service")
    for days, code in ((1, "accepted"), (0, "expired")):
        keystore = base.with_trust(exceptions=[exception_for(ended, "expired", days=days)])
        profile = client(keystore=keystore, inbound=inbound)
        if code == "accepted":
            assert "until 2027-06-02" in str(accepted(signed_by(ended), profile).report)
        else:
            error = refused(signed_by(ended), UntrustedCertificateError, profile)
            assert (error.reason, "ended on 2027-06-01" in error.hint) == (code, True)


EVERYTHING = ("expired", "weak_key", "wrong_usage", "revoked_unknown", "sha1")


def test_no_exception_makes_somebody_the_partner() -> None:
    """Neither ourselves nor somebody else, and nobody who is revoked."""
    for name, reason in (("client", "own_key"), ("other", "wrong_peer"), ("service", "revoked")):
        given = [exception_for(issued(name), *EVERYTHING)]
        crl = authority().crl(issued("service"))
        profile = demanding("service", exceptions=given, crls=crl)
        error = refused(signed_by(issued(name)), UntrustedCertificateError, profile)
        assert error.reason == reason
    accepted(signed_by(issued("service")), demanding("service"))


@pytest.mark.parametrize(
    "allow", [(), ("own_key",), ("wrong_peer",), ("revoked",), ("expired", "no_path")]
)
def test_exception_that_there_is_not(allow: tuple[str, ...]) -> None:
    """What cannot be overlooked is refused when the exception is made."""
    with pytest.raises(KeyLoadError, match="cannot allow"):
        exception_for(issued("service"), *allow)
    assert exception_for(issued("service"), "expired")


def test_partner_that_changes_its_certificate() -> None:
    """Each certificate of the partner counts for that partner, and for nobody else."""
    one, two, three = (another("service") for _ in range(3))
    base = issued("client").keystore("client")
    both = base.with_partner("service", [one.certificate, two.certificate])
    profile = client(keystore=both, inbound=Inbound(signed_by="service"))
    for signer in (one, two):
        report = accepted(signed_by(signer), profile).report
        assert report.signatures[0].trusted_as == "partner 'service'"
    error = refused(signed_by(three), UntrustedCertificateError, profile)
    assert error.reason == "wrong_peer"
    more = both.with_partner("other", issued("other").certificate)
    elsewhere = client(keystore=more, inbound=Inbound(signed_by="other"))
    assert refused(signed_by(two), UntrustedCertificateError, elsewhere).reason == "wrong_peer"
    called = client(keystore=both.renamed("service", "new"), inbound=Inbound(signed_by="new"))
    assert accepted(signed_by(two), called)


def test_next_certificate_of_a_partner_is_judged() -> None:
    """A further certificate is refused when it has expired or is revoked, as the first one is."""
    late = another("service", not_after=NOW - timedelta(seconds=1), not_before=NOW - DAY)
    gone, fine = another("service"), another("service")
    certificates = [fine.certificate, late.certificate, gone.certificate]
    keystore = issued("client").keystore("client").with_partner("service", certificates)
    keystore = keystore.with_trust(anchors=authority().certificate, crls=authority().crl(gone))
    profile = client(keystore=keystore, inbound=Inbound(signed_by="service"))
    assert refused(signed_by(late), UntrustedCertificateError, profile).reason == "expired"
    assert refused(signed_by(gone), UntrustedCertificateError, profile).reason == "revoked"
    accepted(signed_by(fine), profile)
