"""AES-CCM in AuthEnvelopedData: what is read of it, how much of it, and what is refused."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESCCM
from payload.cms.forge import edited, member
from payload.cms.people import DATA, NOW, people

from zeep_wssec.errors import (
    PayloadDecryptionError,
    PayloadLimitError,
    PayloadMalformedError,
    PayloadUsageError,
    ProfileError,
)
from zeep_wssec.payload.cms import CmsSettings, ciphers
from zeep_wssec.payload.cms.der import integer, octet_string, sequence

PARAMETERS = (1, 0, 2, 1, 1)


def sealed(data: bytes = DATA, *, block_bytes: int | None = None) -> bytes:
    """Encrypt to bob."""
    cms = people().cms(
        "", "bob", recipients=["bob"], content_encryption="aes256-ccm", block_bytes=block_bytes
    )
    content = cms.encrypt(data, now=NOW).content
    assert content is not None
    return content


def made(nonce: int, tag: int, *, told: bool = True, monkeypatch: pytest.MonkeyPatch) -> bytes:
    """Encrypt with a nonce and a tag of other sizes, under a key of zeros."""
    with monkeypatch.context() as patch:
        patch.setattr("zeep_wssec.payload.cms.enveloping.os.urandom", bytes)
        data = sealed()
    made = AESCCM(bytes(32), tag).encrypt(bytes(nonce), DATA, None)
    size = integer(tag) if told else b""
    data = edited(data, PARAMETERS, lambda _: sequence(octet_string(bytes(nonce)), size))
    data = edited(data, (1, 0, 2, 2), lambda item: item[:2] + made[: len(DATA)])
    return edited(data, (1, 0, 3), lambda _: octet_string(made[len(DATA) :]))


@pytest.mark.parametrize("nonce", range(7, 14))
@pytest.mark.parametrize("tag", [12, 14, 16])
def test_sizes_that_are_read(nonce: int, tag: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nonces of 7 to 13 octets and tags of 12 to 16 are read; 12 where nothing is said (RFC 5084)."""
    data = made(nonce, tag, told=tag != 12, monkeypatch=monkeypatch)
    assert people().cms("bob").decrypt(data).content == DATA


@pytest.mark.parametrize("tag", [4, 6, 8, 10])
def test_short_tag(tag: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Under a tag of fewer than 12 octets a forger could try as many changes as it takes."""
    with pytest.raises(PayloadMalformedError):
        people().cms("bob").decrypt(made(12, tag, monkeypatch=monkeypatch))


def test_tag_of_another_size() -> None:
    """The tag has as many octets as the parameters say, no fewer."""
    data = sealed()
    short = edited(data, (1, 0, 3), lambda item: octet_string(item[2:14]))
    with pytest.raises(PayloadMalformedError):
        people().cms("bob").decrypt(short)
    told = edited(short, (*PARAMETERS, 1), lambda _: integer(12))
    with pytest.raises(PayloadDecryptionError):  # the size of the tag is under it
        people().cms("bob").decrypt(told)
    assert people().cms("bob").decrypt(data).content == DATA


@pytest.mark.parametrize("nonce", [6, 14])
def test_nonce_of_another_size(nonce: int) -> None:
    """RFC 5084 has nonces of 7 to 13 octets."""
    data = edited(sealed(), (*PARAMETERS, 0), lambda _: octet_string(bytes(nonce)))
    with pytest.raises(PayloadMalformedError):
        people().cms("bob").decrypt(data)


@pytest.mark.parametrize("block_bytes", [None, 64])
def test_limit(block_bytes: int | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """CCM takes its content whole: what is larger than the limit is refused, written and read."""
    content = bytes(1000)
    monkeypatch.setattr(ciphers, "MAX_CCM_BYTES", len(content))
    data = sealed(content, block_bytes=block_bytes)
    assert people().cms("bob").decrypt(data).content == content
    with pytest.raises(PayloadLimitError) as caught:
        sealed(content + b"1", block_bytes=block_bytes)
    assert "aes256-gcm" in caught.value.hint
    monkeypatch.setattr(ciphers, "MAX_CCM_BYTES", len(content) - 1)
    with pytest.raises(PayloadLimitError):
        people().cms("bob").decrypt(data)


def test_nonce_leaves_room_for_the_length() -> None:
    """Content of 16 MiB needs four octets for its length: the nonce has one fewer."""
    sizes = []
    for size in ((1 << 24) - 1, 1 << 24):
        data = sealed(bytes(size))
        sizes.append(len(member(data, *PARAMETERS, 0)) - 2)
        assert people().cms("bob").decrypt(data).size == size
    assert sizes == [12, 11]


def test_not_in_pkcs7() -> None:
    """SignedAndEnvelopedData of PKCS#7 has no tag."""
    with pytest.raises(ProfileError) as caught:
        CmsSettings(protection="pkcs7", content_encryption="aes256-ccm")
    assert caught.value.path == "content_encryption"


def test_cipher_that_is_not_built_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """A build of cryptography without a cipher is named, and nobody told to ask the sender."""
    old = {"cbc": "a test", "camellia": "a test"}
    settings = {"recipients": ["bob"], "content_encryption": "camellia256-cbc", "legacy": old}
    data = people().cms("", "bob", **settings).encrypt(DATA, now=NOW).content
    assert people().cms("bob", legacy=old).decrypt(data or b"").content == DATA
    monkeypatch.setitem(ciphers._BLOCK_CIPHERS, "camellia", _Unknown)
    with pytest.raises(PayloadUsageError, match="camellia256-cbc"):
        people().cms("", "bob", **settings).encrypt(DATA, now=NOW)
    with pytest.raises(PayloadUsageError, match="camellia256-cbc"):
        people().cms("bob", legacy=old).decrypt(data or b"")


class _Unknown(ciphers.Camellia):
    """A cipher that no library has."""

    name = "unknown"
