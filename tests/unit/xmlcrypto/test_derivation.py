"""Derived keys: published values, and the same loops written by hand."""

from __future__ import annotations

import base64
import hashlib
import hmac

import pytest

from zeep_wssec.xmlcrypto.derivation import concat_kdf, hkdf, p_sha1, username_token_key

SEED = b"WS-SecureConversationnonce"
# What OpenSSL's TLS1-PRF with SHA-1 gives, and WSS4J's P_SHA1.
STREAM = bytes.fromhex(
    "7af51e4c43dbf00a6f988b5efc59e55e3f0c128ea1f0e49290e7c1a067d6e8c207d0f5ebccec135fd89b89725a638cd2"
    "44989f8681"
)


def test_p_sha1() -> None:
    """The stream that two other implementations give."""
    assert p_sha1(b"a secret", SEED, length=len(STREAM)) == STREAM


@pytest.mark.parametrize(("offset", "length"), [(0, 1), (20, 20), (21, 32), (19, 2), (5, 0)])
def test_p_sha1_offset(offset: int, length: int) -> None:
    """An offset takes octets from the middle of the same stream, across its blocks."""
    assert (
        p_sha1(b"a secret", SEED, length=length, offset=offset)
        == (STREAM[offset : offset + length])
    )


@pytest.mark.parametrize(("offset", "length"), [(-1, 16), (0, -1)])
def test_p_sha1_refuses(offset: int, length: int) -> None:
    """What is negative would take octets from the end."""
    with pytest.raises(ValueError, match="not negative"):
        p_sha1(b"a secret", SEED, length=length, offset=offset)


def test_concat_kdf() -> None:
    """Spec: RFC 7518, appendix C, which uses the same function."""
    secret = base64.b64decode("nlbZHYFxNdNyg0KDv4QmnPsxbqPagGpI9tqneYz+kMQ=")
    other = b"\0\0\0\x07A128GCM\0\0\0\x05Alice\0\0\0\x03Bob\0\0\0\x80"
    derived = concat_kdf(secret, digest="sha256", length=16, other_info=other)
    assert base64.b64encode(derived) == b"VqqN6vgjbSBcIijNcacQGg=="


@pytest.mark.parametrize("digest", ["sha224", "sha256", "sha384", "sha512"])
def test_concat_kdf_by_hand(digest: str) -> None:
    """Spec: NIST SP 800-56A: digests over counter, secret and other information, in a row."""
    blocks = (
        hashlib.new(digest, number.to_bytes(4, "big") + b"secret" + b"info").digest()
        for number in (1, 2, 3)
    )
    derived = concat_kdf(b"secret", digest=digest, length=70, other_info=b"info")
    assert derived == b"".join(blocks)[:70]


@pytest.mark.parametrize(
    ("salt", "info", "expected"),
    [
        (
            bytes(range(13)),
            bytes(range(0xF0, 0xFA)),
            "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865",
        ),
        (
            b"",
            b"",
            "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8",
        ),
    ],
    ids=["case 1", "case 3"],
)
def test_hkdf(salt: bytes, info: bytes, expected: str) -> None:
    """Spec: RFC 5869, appendix A."""
    derived = hkdf(b"\x0b" * 22, digest="sha256", length=42, salt=salt, info=info)
    assert derived.hex() == expected


@pytest.mark.parametrize("digest", ["sha224", "sha256", "sha384", "sha512"])
def test_hkdf_by_hand(digest: str) -> None:
    """Every digest, by extract and expand of one block."""
    extracted = hmac.digest(b"salt", b"secret", digest)
    expanded = hmac.digest(extracted, b"info\x01", digest)
    assert hkdf(b"secret", digest=digest, length=16, salt=b"salt", info=b"info") == expanded[:16]


@pytest.mark.parametrize(
    ("iterations", "expected"),
    [
        (1, "a52486494fdd9c42fa4ddd6be0188946f5e70522"),
        (1000, "4da1d26d85139df35f068f54ecbb8a9e1e0edc46"),
    ],
)
def test_username_token_key(iterations: int, expected: str) -> None:
    """What WSS4J derives of the same password, salt and count."""
    key = username_token_key("sécret".encode(), bytes(range(1, 17)), iterations)
    assert key.hex() == expected


def test_username_token_key_by_hand() -> None:
    """Password and salt enter the first round only."""
    key = b"passwordsalt"
    for _ in range(3):
        key = hashlib.sha1(key, usedforsecurity=False).digest()
    assert username_token_key(b"password", b"salt", 3) == key


@pytest.mark.parametrize("iterations", [0, -1, 1_000_001])
def test_username_token_key_refuses(iterations: int) -> None:
    """None, or so many that a message could keep us busy."""
    with pytest.raises(ValueError, match="iterations"):
        username_token_key(b"password", b"salt", iterations)
