"""Fitness of a certificate for a purpose."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal, get_args

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from zeep_wssec.keys.certificate import Certificate
from zeep_wssec.keys.fitness import Purpose, check_fitness
from zeep_wssec.testing.authority import Authority, Issued

PURPOSES = [purpose for purpose in get_args(Purpose) if purpose != "agree"]
"""Those that a certificate of the testing authority is fit for, whatever the kind of its key."""


def reason_of(certificate: Certificate, purpose: Purpose, now: datetime) -> str | None:
    unfit = check_fitness(certificate, purpose=purpose, now=now)
    return unfit.reason if unfit else None


@pytest.mark.parametrize("purpose", PURPOSES)
@pytest.mark.parametrize(
    ("offset", "reason"),
    [
        (timedelta(0), None),
        (timedelta(microseconds=-1), "not_yet_valid"),
        (timedelta(days=2), None),
        (timedelta(days=2, microseconds=1), "expired"),
    ],
)
def test_dates_include_both_ends(
    authority: Authority, purpose: Purpose, offset: timedelta, reason: str | None
) -> None:
    """RFC 5280 section 4.1.2.5: the period includes its first and its last moment."""
    start = authority.now
    made = authority.issue("a", not_before=start, not_after=start + timedelta(days=2)).certificate
    assert reason_of(made, purpose, start + offset) == reason


def test_hints_follow_the_reason(authority: Authority) -> None:
    """A certificate that has ended is renewed; one of another use is replaced by one of the right use."""
    start = authority.now
    made = authority.issue("a", not_after=start + timedelta(days=2), key_usage=["crl_sign"])
    ended = check_fitness(made.certificate, purpose="encrypt", now=start + timedelta(days=3))
    misused = check_fitness(made.certificate, purpose="encrypt", now=start)
    assert ended is not None
    assert misused is not None
    assert ("Renew it" in ended.hint_ours, "new certificate" in ended.hint_theirs) == (True, True)
    assert ("may sign" in misused.hint_ours, "meant for" in misused.hint_theirs) == (True, True)


def test_a_cached_answer_does_not_outlive_the_certificate(client: Issued, now: datetime) -> None:
    """What is kept does not depend on the time."""
    assert reason_of(client.certificate, "sign", now) is None
    assert (
        reason_of(client.certificate, "sign", client.certificate.not_after + timedelta(1))
        == "expired"
    )


@pytest.mark.parametrize("purpose", PURPOSES)
@pytest.mark.parametrize(
    ("key", "reason"),
    [
        ("rsa-1024", "weak_key"),
        ("rsa-2047", "weak_key"),
        ("rsa-2048", None),
        ("rsa-3072", None),
        ("ec-p192", "weak_key"),
        ("ec-p224", "weak_key"),
        ("ec-k256", "weak_key"),
        ("ec-p256", None),
        ("ec-p384", None),
        ("ec-p521", None),
        ("ec-bp256", None),
        ("ec-bp384", None),
        ("ec-bp512", None),
        ("dsa-2048", "weak_key"),
    ],
)
def test_size_and_curve_of_the_key(
    authority: Authority, purpose: Purpose, key: str, reason: str | None
) -> None:
    """RSA from 2048 bits, the NIST curves from 256 bits, brainpool from 256 bits; nothing else."""
    made = authority.issue("a", key=key, key_usage=None).certificate
    assert reason_of(made, purpose, authority.now) == reason


def with_public_numbers(authority: Authority, *, e: int, n: int) -> Certificate:
    """Swap the public key of a certificate; its signature is broken, which fitness does not look at."""
    made = authority.issue("a").certificate
    numbers = made.public_key.public_numbers()  # type: ignore[union-attr]
    assert isinstance(numbers, rsa.RSAPublicNumbers)
    assert n.bit_length() == numbers.n.bit_length()
    old = b"\x02\x03" + numbers.e.to_bytes(3, "big")
    der = made.der.replace(numbers.n.to_bytes(256, "big"), n.to_bytes(256, "big"))
    return Certificate.from_der(der.replace(old, b"\x02\x03" + e.to_bytes(3, "big")))


@pytest.mark.parametrize(("e", "reason"), [(65537, None), (65539, None), (65536, "weak_key")])
def test_public_exponent_is_odd(authority: Authority, e: int, reason: str | None) -> None:
    """An even exponent is no RSA key."""
    n = authority.issued.private_key.public_key().public_numbers().n  # type: ignore[union-attr]
    made = with_public_numbers(authority, e=e, n=n)
    assert reason_of(made, "verify", authority.now) == reason


def test_huge_rsa_key_is_refused(authority: Authority) -> None:
    """A key above 8192 bits costs its sender nothing and us milliseconds for every message."""
    numbers = rsa.RSAPublicNumbers(65537, (1 << 8199) + 9)

    class Fake:
        """Gives only its public key; that is all the certificate needs."""

        def public_key(self) -> rsa.RSAPublicKey:
            return numbers.public_key()

    made = authority.issue("a", key=Fake()).certificate  # type: ignore[arg-type]
    assert made.key_bits == 8200
    assert reason_of(made, "verify", authority.now) == "weak_key"


SIGNING = "sign", "verify"


@pytest.mark.parametrize(
    ("usage", "signs", "encrypts"),
    [
        (None, True, True),
        (["digital_signature"], True, False),
        (["content_commitment"], True, False),
        (["key_encipherment"], False, True),
        (["data_encipherment"], False, True),
        (["key_agreement"], False, False),
        (["key_cert_sign"], False, False),
        (["digital_signature", "key_encipherment"], True, True),
    ],
)
def test_key_usage_of_rsa(
    authority: Authority, usage: list[str] | None, signs: bool, encrypts: bool
) -> None:
    """RFC 5280 section 4.2.1.3: an extension that is there limits the key to what it names."""
    made = authority.issue("a", key_usage=usage).certificate
    for purpose in ("sign", "verify"):
        assert (reason_of(made, purpose, authority.now) is None) == signs
    assert (reason_of(made, "encrypt", authority.now) is None) == encrypts


@pytest.mark.parametrize(
    ("key", "usage", "purpose", "fits"),
    [
        ("ec-p256", ["key_agreement"], "encrypt", True),
        ("ec-p256", ["digital_signature"], "encrypt", False),
        ("x25519", ["key_agreement"], "encrypt", True),
        ("x25519", ["key_agreement"], "verify", False),
        ("x25519", None, "sign", False),
        ("ed25519", ["digital_signature"], "verify", True),
        ("ed25519", None, "encrypt", False),
        ("x448", ["key_agreement"], "encrypt", True),
        ("x448", ["key_encipherment"], "encrypt", False),
        ("ec-p256", ["key_encipherment"], "encrypt", True),
        ("ec-p256", ["key_agreement"], "agree", True),
        ("ec-p256", ["key_agreement"], "verify", False),
        ("ec-p256", ["key_encipherment"], "agree", False),
        ("ec-p256", ["digital_signature"], "agree", False),
        ("ec-bp384", ["key_agreement"], "agree", True),
        ("x25519", ["key_agreement"], "agree", True),
        ("x25519", None, "agree", True),
        ("x25519", ["digital_signature"], "agree", False),
        ("x448", ["key_agreement"], "agree", True),
        ("rsa-2048", ["key_agreement"], "agree", False),
        ("rsa-2048", None, "agree", False),
        ("ed448", None, "agree", False),
    ],
)
def test_usage_of_other_keys(
    authority: Authority, key: str, usage: list[str] | None, purpose: Purpose, fits: bool
) -> None:
    """Keys for agreement cannot sign, Edwards keys cannot encrypt."""
    made = authority.issue("a", key=key, key_usage=usage).certificate
    expected: Literal["wrong_usage"] | None = None if fits else "wrong_usage"
    assert reason_of(made, purpose, authority.now) == expected


def test_weak_curve_is_not_agreed_with(authority: Authority) -> None:
    """The curves that may sign are those that may agree."""
    assert reason_of(authority.issue("a", key="ec-p224").certificate, "agree", authority.now)
    assert not reason_of(authority.issue("a", key="ec-p256").certificate, "agree", authority.now)


def test_sentence_names_certificate_and_cause(authority: Authority) -> None:
    """The operator learns which certificate, and what it would need."""
    made = authority.issue("short", key="rsa-1024").certificate
    unfit = check_fitness(made, purpose="verify", now=authority.now)
    assert unfit is not None
    assert "CN=short" in unfit.sentence
    assert "1024 bits; 2048 to 8192" in unfit.sentence


def test_unreadable_extensions_are_refused(authority: Authority) -> None:
    """Extensions that cannot be read might say anything."""
    made = authority.issue("a").certificate
    usage = bytes.fromhex("0603551d0f0101ff0404030205a0")
    assert usage in made.der
    broken = Certificate.from_der(made.der.replace(usage, usage[:-4] + b"\x05" + usage[-3:]))
    assert broken.extensions is None
    assert reason_of(broken, "verify", authority.now) == "wrong_usage"
    assert reason_of(made, "verify", authority.now) is None
