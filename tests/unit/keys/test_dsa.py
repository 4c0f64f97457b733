"""DSA keys: fit for nothing without their opt-in, and for signing only with it."""

from __future__ import annotations

from datetime import datetime
from functools import cache

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import dsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

from zeep_wssec.errors import KeyUsageError
from zeep_wssec.keys.certificate import Certificate
from zeep_wssec.keys.file_key import FileKey
from zeep_wssec.keys.fitness import Purpose, check_fitness, describe_weakness
from zeep_wssec.keys.hashes import HASHES
from zeep_wssec.keys.protocols import SignatureScheme
from zeep_wssec.testing.authority import Authority
from zeep_wssec.testing.certificates import generate_key

OPT_IN = {"dsa": "a test"}


@cache
def key_of(size: int) -> PrivateKeyTypes:
    """A key of a size, made once."""
    return generate_key(f"dsa-{size}")


def reason_of(
    certificate: Certificate, purpose: Purpose, now: datetime, legacy: dict[str, str] = OPT_IN
) -> str | None:
    unfit = check_fitness(certificate, purpose=purpose, now=now, legacy=legacy)
    return unfit.reason if unfit else None


@pytest.mark.parametrize("size", [1024, 2048, 3072])
@pytest.mark.parametrize("purpose", ["sign", "verify"])
def test_the_opt_in(authority: Authority, size: int, purpose: Purpose) -> None:
    """Without the opt-in of its own name no DSA key is fit; asking in one way leaves the other as it is."""
    made = authority.issue("a", key=key_of(size), key_usage=["digital_signature"]).certificate
    for _ in range(2):
        assert reason_of(made, purpose, authority.now) is None
        assert reason_of(made, purpose, authority.now, {}) == "weak_key"
        assert reason_of(made, purpose, authority.now, {"sha1": "a test"}) == "weak_key"


def test_the_opt_in_is_named(authority: Authority) -> None:
    """The operator learns what would allow it; an issuer is asked about without it."""
    made = authority.issue("a", key=key_of(2048), key_usage=None).certificate
    assert 'the legacy opt-in "dsa"' in describe_weakness(made)
    assert describe_weakness(made, dsa_allowed=True) == ""


def test_dsa_does_not_encrypt(authority: Authority) -> None:
    """There is no encryption with DSA, whatever the certificate says."""
    made = authority.issue("a", key=key_of(2048), key_usage=None).certificate
    assert reason_of(made, "encrypt", authority.now) == "wrong_usage"
    assert reason_of(made, "verify", authority.now) is None


class PublicOnly:
    """Gives only its public key; that is all a certificate needs."""

    def __init__(self, bits: int, subgroup_bits: int) -> None:
        self._numbers = dsa.DSAPublicNumbers(
            3, dsa.DSAParameterNumbers((1 << bits - 1) + 9, (1 << subgroup_bits - 1) + 1, 2)
        )

    def public_key(self) -> dsa.DSAPublicKey:
        """Give it."""
        return self._numbers.public_key()


@pytest.mark.parametrize(
    ("bits", "subgroup_bits", "reason"),
    [
        (1024, 160, None),
        (2048, 160, None),
        (2048, 224, "weak_key"),
        (2048, 256, None),
        (3072, 256, None),
        (4096, 256, "weak_key"),
    ],
)
def test_sizes(authority: Authority, bits: int, subgroup_bits: int, reason: str | None) -> None:
    """XML Signature 1.1, section 6.4.1, has value lengths for subgroups of 160 and 256 bits."""
    made = authority.issue("a", key=PublicOnly(bits, subgroup_bits), key_usage=None).certificate  # type: ignore[arg-type]
    assert made.key_kind == "dsa"
    assert reason_of(made, "verify", authority.now) == reason


@pytest.mark.parametrize("digest", ["sha1", "sha256"])
def test_signing(digest: str) -> None:
    """The two digests that XML Signature names methods for."""
    key = FileKey(key_of(1024))
    assert (key.kind, key.can_sign, key.can_decrypt, key.can_agree) == ("dsa", True, False, False)
    public = key_of(1024).public_key()
    assert isinstance(public, dsa.DSAPublicKey)
    value = key.sign(b"data", scheme="dsa", digest=digest)
    public.verify(value, b"data", HASHES[digest])
    with pytest.raises(InvalidSignature):
        public.verify(value, b"other", HASHES[digest])


@pytest.mark.parametrize(
    ("scheme", "digest"), [("dsa", "sha512"), ("ecdsa", "sha256"), ("hmac", "sha256")]
)
def test_other_schemes(scheme: SignatureScheme, digest: str) -> None:
    """Nothing else can be signed with it."""
    with pytest.raises(KeyUsageError, match="kind dsa"):
        FileKey(key_of(1024)).sign(b"data", scheme=scheme, digest=digest)
