"""What a detached signature is, and that each side believes the other's."""

from __future__ import annotations

import base64
import io
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from payload.jws.kit import NOW, PAYLOAD, Sides, header_of, signed, two_certificates

from zeep_wssec import (
    Keystore,
    KeyUsageError,
    PayloadSignatureError,
    PayloadSignerError,
    PayloadUsageError,
)
from zeep_wssec.errors import PayloadAlgorithmError, PayloadMalformedError, ProfileError
from zeep_wssec.payload.jws import Jws, JwsSettings
from zeep_wssec.payload.jws.algorithms import ALGORITHMS
from zeep_wssec.testing.authority import Issued
from zeep_wssec.testing.certificates import build_certificate, read_subject

KEYS = {
    "PS": "rsa-2048",
    "RS": "rsa-2048",
    "ES256": "ec-p256",
    "ES384": "ec-p384",
    "ES512": "ec-p521",
    "EdDSA": "ed25519",
    "Ed25519": "ed25519",
    "Ed448": "ed448",
}
OPEN_BANKING = {
    "http://openbanking.org.uk/iss": "CN=alice",
    "http://openbanking.org.uk/tan": "openbanking.org.uk",
}
OBIE = {
    "mode": "unencoded",
    "issued_at": "http://openbanking.org.uk/iat",
    "claims": OPEN_BANKING,
}


@pytest.mark.parametrize("mode", ["appendix-f", "unencoded"])
@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_each_algorithm_in_each_mode(algorithm: str, mode: str) -> None:
    """What one side signs the other believes; with one octet changed it does not."""
    sides = Sides.create(KEYS.get(algorithm) or KEYS[algorithm[:2]])
    token = signed(sides.caller(algorithm=algorithm, mode=mode))
    service = sides.service(algorithm=algorithm, mode=mode)
    result = service.verify(token, content=PAYLOAD, now=NOW)
    assert (result.content, result.signed_by) == (PAYLOAD, ("alice",))
    with pytest.raises(PayloadSignatureError):
        service.verify(token, content=PAYLOAD + b" ", now=NOW)


def test_the_form(sides: Sides) -> None:
    """A signature is header..value, with the members that are documented and no others."""
    token = signed(sides.caller())
    first, middle, value = token.split(b".")
    assert (middle, len(base64.urlsafe_b64decode(value + b"=="))) == (b"", 256)
    assert b"=" not in token
    assert list(header_of(token)) == ["alg", "kid", "iat", "crit"]
    assert header_of(token)["iat"] == int(NOW.timestamp())
    assert json.loads(base64.urlsafe_b64decode(first + b"==")) == header_of(token)


def test_j6_modes_do_not_meet(sides: Sides) -> None:
    """J-13: a signature of one mode is refused in the other, whatever its header says."""
    for mode, other in (("appendix-f", "unencoded"), ("unencoded", "appendix-f")):
        token = signed(sides.caller(mode=mode))
        assert sides.service(mode=mode).verify(token, content=PAYLOAD, now=NOW).size
        with pytest.raises(Exception, match="b64") as caught:
            sides.service(mode=other).verify(token, content=PAYLOAD, now=NOW)
        assert type(caught.value).__name__ == "PayloadMalformedError"
        assert f'state mode = "{mode}"' in caught.value.hint  # type: ignore[attr-defined]


def test_j6_open_banking(sides: Sides) -> None:
    """J-13: b64, the time, issuer and trust anchor stand in the header and in crit."""
    token = signed(sides.caller(**OBIE))
    assert header_of(token)["crit"] == ["b64", "http://openbanking.org.uk/iat", *OPEN_BANKING]
    service = sides.service(**{**OBIE, "claims": {}}, required=dict.fromkeys(OPEN_BANKING, "*"))
    assert service.verify(token, content=b"" + PAYLOAD, now=NOW).signed_by == ("alice",)


def test_payload_with_dots(sides: Sides) -> None:
    """RFC 7797: a payload that is signed as it is may hold anything, dots included."""
    token = signed(sides.caller(mode="unencoded"), b"a.b\x00.")
    assert sides.service(mode="unencoded").verify(token, content=b"a.b\x00.", now=NOW).size == 5


def test_empty_payload(sides: Sides) -> None:
    """Nothing can be signed too, as for an empty answer."""
    token = signed(sides.caller(), b"")
    assert sides.service().verify(token, content=b"", now=NOW).content == b""


def test_streams_and_files(sides: Sides, tmp_path: Path) -> None:
    """Payloads come from files and streams; what is verified goes to a file."""
    source = tmp_path / "order.json"
    source.write_bytes(PAYLOAD)
    token = sides.caller().sign(source, to=tmp_path / "order.jws", now=NOW)
    assert token.content is None
    result = sides.service().verify(
        tmp_path / "order.jws", content=io.BytesIO(PAYLOAD), to=tmp_path / "verified", now=NOW
    )
    assert (tmp_path / "verified").read_bytes() == PAYLOAD
    assert result.size == len(PAYLOAD)


def test_nothing_is_written_on_failure(sides: Sides, tmp_path: Path) -> None:
    """A payload that is refused leaves no file."""
    token = signed(sides.caller())
    with pytest.raises(PayloadSignatureError):
        sides.service().verify(token, content=b"other", to=tmp_path / "out", now=NOW)
    assert list(tmp_path.iterdir()) == []


def test_j3_kid_is_the_key_identifier(sides: Sides) -> None:
    """J-04: kid is the SubjectKeyIdentifier in standard base64; a certificate without one is an error."""
    kid = header_of(signed(sides.caller()))["kid"]
    assert base64.b64decode(kid) == sides.alice.certificate.subject_key_identifier


def test_j3_certificate_without_key_identifier(sides: Sides) -> None:
    """J-04: the identifier is never made up: the certificate must have it, or kid be given."""
    bare = Issued(
        private_key=sides.alice.private_key,
        certificate=build_certificate(
            subject=read_subject("alice"),
            issuer=read_subject("alice"),
            subject_key=sides.alice.private_key,
            signed_by=sides.alice.private_key,
            not_before=NOW,
            not_after=NOW + timedelta(days=1),
        ),
    )
    with pytest.raises(PayloadUsageError, match="SubjectKeyIdentifier"):
        Jws(bare.keystore("alice")).sign(PAYLOAD, now=NOW)
    assert signed(Jws(bare.keystore("alice"), JwsSettings(kid="sha256")))


@pytest.mark.parametrize("form", ["sha256", "jwk"])
def test_other_forms_of_kid(sides: Sides, form: str) -> None:
    """A kid can be a thumbprint of the certificate or of the key; the forms differ."""
    token = signed(sides.caller(kid=form))
    assert sides.service(kid=form).verify(token, content=PAYLOAD, now=NOW).signed_by == ("alice",)
    with pytest.raises(PayloadSignerError):
        sides.service().verify(token, content=PAYLOAD, now=NOW)


def test_media_type_of_the_payload(sides: Sides) -> None:
    """RFC 7515, sections 4.1.10 and 4.1.11: cty is written and demanded like a claim, and never in crit."""
    claims = {"cty": "application/json", "iss": "alice"}
    token = signed(sides.caller(claims=claims))
    assert header_of(token)["crit"] == ["iat", "iss"]
    service = sides.service(required={**claims}, critical=["iat"])
    assert service.verify(token, content=PAYLOAD, now=NOW).size
    with pytest.raises(PayloadMalformedError, match="cty"):
        sides.service(required={**claims, "cty": "text/plain"}).verify(
            token, content=PAYLOAD, now=NOW
        )
    with pytest.raises(ProfileError, match="cty"):
        JwsSettings(claims=claims, critical=["cty"])


def test_given_kid(sides: Sides) -> None:
    """A kid can be whatever both sides agreed on."""
    token = signed(sides.caller(kid="given", key_id="../../k1"))
    service = sides.service(kid="given", key_ids={"../../k1": "alice"})
    assert service.verify(token, content=PAYLOAD, now=NOW).signers[0].key_id == "../../k1"
    with pytest.raises(PayloadSignerError):
        sides.service(kid="given", key_ids={"k1": "alice"}).verify(token, content=PAYLOAD, now=NOW)


def test_j5_rotation(sides: Sides) -> None:
    """J-07, J-09: old and new certificate verify beside each other; the old one, once removed, no more."""
    new = sides.authority.issue("alice", key="ec-p256")
    accepted = ("PS256", "ES256")
    by_old = signed(sides.caller())
    by_new = signed(Jws(new.keystore("alice"), JwsSettings(algorithm="ES256")))
    both = Jws(two_certificates(sides, sides.alice, new), JwsSettings(accepted=accepted))
    for token in (by_old, by_new):
        assert both.verify(token, content=PAYLOAD, now=NOW).signed_by == ("alice",)
    only_new = sides.bank.keystore("bank").with_partner("alice", new.certificate)
    after = Jws(only_new, JwsSettings(accepted=accepted))
    assert after.verify(by_new, content=PAYLOAD, now=NOW).signed_by == ("alice",)
    with pytest.raises(PayloadSignerError):
        after.verify(by_old, content=PAYLOAD, now=NOW)


@pytest.mark.parametrize("order", [1, -1])
def test_j5_rotation_of_a_given_kid(sides: Sides, order: int) -> None:
    """J-07: a kid that is given names a partner; each of the certificates it has for now verifies."""
    new, expired = (sides.authority.issue("alice", key=kind) for kind in ("ec-p256", "ec-p384"))
    both = [sides.alice, new, expired][::order]
    keystore = sides.bank.keystore("bank").with_partner("alice", [i.certificate for i in both])
    accepted = ("PS256", "ES256")
    receiver = JwsSettings(kid="given", key_ids={"k": "alice"}, accepted=accepted)
    given: dict[str, Any] = {"kid": "given", "key_id": "k"}
    by_new = Jws(new.keystore("alice"), JwsSettings(algorithm="ES256", **given))
    for token in (signed(sides.caller(**given)), signed(by_new)):
        assert Jws(keystore, receiver).verify(token, content=PAYLOAD, now=NOW).signers[0].trusted
    stranger = sides.authority.issue("alice", key="ec-p521")
    other = Jws(stranger.keystore("alice"), JwsSettings(algorithm="ES512", **given))
    lax = JwsSettings(kid="given", key_ids={"k": "alice"}, accepted=("ES512",))
    with pytest.raises((PayloadSignatureError, PayloadAlgorithmError)):
        Jws(keystore, lax).verify(signed(other), content=PAYLOAD, now=NOW)


def test_renewed_certificate_of_one_key(sides: Sides) -> None:
    """Of two certificates of one key the one that is valid counts, whichever stands first."""
    old = sides.authority.issue(
        "alice", key=sides.alice.private_key, not_after=NOW - timedelta(hours=1)
    )
    for pair in ((old, sides.alice), (sides.alice, old)):
        both = Jws(two_certificates(sides, *pair), JwsSettings())
        found = both.verify(signed(sides.caller()), content=PAYLOAD, now=NOW)
        assert found.signers[0].sha256 == sides.alice.certificate.thumbprint_sha256


def test_j5_kid_is_that_of_the_leaf(sides: Sides) -> None:
    """J-08: of a file with leaf, intermediate and root the leaf's kid is taken."""
    keystore = Keystore.from_pem(
        key=sides.alice.key_pem(),
        certificate=sides.alice.certificate_pem,
        chain=sides.authority.pem,
    )
    kid = header_of(signed(Jws(keystore, JwsSettings())))["kid"]
    assert base64.b64decode(kid) == sides.alice.certificate.subject_key_identifier


def test_key_that_does_not_fit(sides: Sides) -> None:
    """ES256 is the curve P-256: an RSA key, and a key on another curve, sign nothing; what does is said."""
    with pytest.raises(KeyUsageError, match="ES256") as caught:
        sides.caller(algorithm="ES256").sign(PAYLOAD, now=NOW)
    assert '"PS256"' in caught.value.hint
    for kind, fitting in (
        ("ec-p384", 'Set algorithm to "ES384", or'),
        ("ec-bp256", "Name another"),
    ):
        with pytest.raises(KeyUsageError, match="ES256") as caught:
            Sides.create(kind).caller(algorithm="ES256").sign(PAYLOAD, now=NOW)
        assert caught.value.hint.startswith(fitting)
    assert Sides.create("ec-p384").caller(algorithm="ES384").sign(PAYLOAD, now=NOW)


@pytest.mark.parametrize("verb", ["encrypt", "decrypt", "protect", "open"])
def test_verbs_that_there_are_not(sides: Sides, verb: str) -> None:
    """A detached signature encrypts nothing."""
    with pytest.raises(PayloadUsageError, match=verb):
        getattr(sides.caller(), verb)(PAYLOAD)
