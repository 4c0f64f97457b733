"""BER, PEM and base64 on input, whatever the lengths; splitting; what is told of a message."""

from __future__ import annotations

import base64
import io
import json
import pickle
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from payload.cms.forge import Forged, edited, member
from payload.cms.people import DATA, NOW, OLD, people

from zeep_wssec import (
    KeyUsageError,
    LegacyAlgorithmError,
    PayloadAlgorithmError,
    PayloadError,
    PayloadMalformedError,
    PayloadSignerError,
    PayloadUsageError,
    ProfileError,
)
from zeep_wssec.keys.der import read_tlv
from zeep_wssec.payload.cms import Cms, CmsSettings, split_unverified
from zeep_wssec.payload.cms.ber import BerReader
from zeep_wssec.payload.cms.der import octet_string, sequence
from zeep_wssec.payload.streams import open_source

SIZES = (0, 1, 47, 48, 49, 63, 64, 65, 16_384, 300_000)


def content_of(size: int) -> bytes:
    return bytes(index * 7 % 256 for index in range(size))


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("encoding", ["der", "pem", "base64"])
@pytest.mark.parametrize("block_bytes", [None, 64, 1000])
def test_signed_of_every_size(size: int, encoding: str, block_bytes: int | None) -> None:
    """Content of every size comes back, in every encoding, in one piece and in blocks."""
    data = content_of(size)
    signed = people().cms("alice", encoding=encoding, block_bytes=block_bytes).sign(data, now=NOW)
    assert people().cms(partners="alice").verify(signed.content or b"", now=NOW).content == data


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    "cipher", ["aes256-gcm", "aes192-ccm", "aes128-cbc", "tripledes-cbc", "camellia128-cbc"]
)
@pytest.mark.parametrize("block_bytes", [None, 64])
def test_encrypted_of_every_size(size: int, cipher: str, block_bytes: int | None) -> None:
    """The same for what is encrypted; the padding of CBC is right at every size."""
    data = content_of(size)
    cms = people().cms(
        partners="bob eve", recipients=["eve", "bob"], content_encryption=cipher, legacy=OLD,
        block_bytes=block_bytes,
    )  # fmt: skip
    sealed = cms.encrypt(data, now=NOW).content or b""
    for name in ("bob", "eve"):
        assert people().cms(name, legacy=OLD).decrypt(sealed).content == data


PROTECTED: dict[str, dict[str, Any]] = {
    "nested": {},
    "nested, in blocks": {"block_bytes": 100, "encoding": "pem"},
    "nested, CBC": {"content_encryption": "aes192-cbc"},
    "nested, x25519": {"recipients": ["max"]},
    "nested, two signers": {"signers": ["alice", "eve"]},
    "pkcs7": {"content_encryption": "aes256-cbc", "protection": "pkcs7"},
    "pkcs7, in blocks": {
        "content_encryption": "aes256-cbc", "protection": "pkcs7", "block_bytes": 70,
        "encoding": "base64", "key_transport": "rsa-1_5",
    },
    "pkcs7, bare": {
        "content_encryption": "aes256-cbc", "protection": "pkcs7", "signed_attributes": False,
    },
}  # fmt: skip


@pytest.mark.parametrize("name", PROTECTED)
def test_protected(name: str) -> None:
    """What is signed and encrypted at once tells who signed, and for whom it is."""
    chosen = {"recipients": ["bob"], "signers": ["alice"], **PROTECTED[name]}
    sender = people().cms("alice eve", "bob max", legacy=OLD, **chosen)
    sealed = sender.protect(DATA, now=NOW)
    receiver = people().cms(chosen["recipients"][0], "alice eve", legacy=OLD)
    seen = receiver.open(sealed.content or b"", now=NOW)
    assert seen.content == DATA
    assert set(seen.signed_by) == set(chosen["signers"])
    assert seen.recipients == tuple(chosen["recipients"])
    assert seen.signers[0].signed_at == (NOW if "bare" not in name else None)


def test_signature_under_the_content_key() -> None:
    """SignedAndEnvelopedData as RFC 2315 words it: the signature is encrypted as the content is."""
    from zeep_wssec.payload.cms.algorithms import CONTENT_CIPHERS_BY_NAME
    from zeep_wssec.payload.cms.ciphers import SealedWith, Sealer

    sender = people().cms(
        "alice", "bob", recipients=["bob"], content_encryption="aes256-cbc", protection="pkcs7"
    )
    key = bytes(range(32))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("zeep_wssec.payload.cms.enveloping.os.urandom", lambda size: key[:size])
        data = sender.protect(DATA, now=NOW).content or b""
    vector = read_tlv(member(data, 1, 0, 3, 1, 1))[1]
    sealer = Sealer(SealedWith(CONTENT_CIPHERS_BY_NAME["aes256-cbc"], vector), key)

    def sealed(value: bytes) -> bytes:
        return octet_string(b"".join(sealer.seal([read_tlv(value)[1]])))

    other = edited(data, (1, 0, 5, 0, 5), sealed)
    bob = people().cms("bob", "alice")
    assert bob.open(data, now=NOW).detail["signatures"] == "as they are"
    seen = bob.open(other, now=NOW)
    assert (seen.content, seen.detail["signatures"]) == (DATA, "encrypted")


@pytest.mark.parametrize("digest", ["sha256", "sha1"])
def test_dsa(digest: str) -> None:
    """DSA signs and is verified under its opt-in, and not without."""
    issued = people().root.issue("dora", key="dsa-2048")
    signer = Cms(issued.keystore(), CmsSettings(algorithm=f"dsa-{digest}", legacy=OLD))
    data = signer.sign(DATA, now=NOW).content or b""
    keystore = people().own("bob").with_partner("dora", issued.certificate)
    assert Cms(keystore, CmsSettings(legacy=OLD)).verify(data, now=NOW).signed_by == ("dora",)
    with pytest.raises(PayloadAlgorithmError):
        Cms(keystore).verify(data, now=NOW)


def test_signed_data_alone() -> None:
    """SignedData without a ContentInfo around it is read, too."""
    bare = member(Forged(DATA).build(), 1, 0)
    assert people().cms(partners="alice").verify(bare, now=NOW).content == DATA


@given(st.binary(max_size=200))
@settings(max_examples=300, deadline=None)
def test_any_octets(data: bytes) -> None:
    """Whatever comes is refused by an error of ours."""
    cms = people().cms("bob", "alice", legacy=OLD)
    for octets in (data, sequence(data)):
        for verb in (cms.verify, cms.decrypt, cms.open):
            with pytest.raises(PayloadError):
                verb(octets)


@given(st.data())
@settings(max_examples=300, deadline=None)
def test_any_change(data: st.DataObject) -> None:
    """A message with one octet changed is refused by an error of ours, or says the same."""
    good = data.draw(st.sampled_from([_SIGNED, _SEALED]))
    at = data.draw(st.integers(0, len(good) - 1))
    changed = good[:at] + bytes([data.draw(st.integers(0, 255))]) + good[at + 1 :]
    cms = people().cms("bob", "alice", legacy=OLD)
    try:
        seen = cms.verify(changed, now=NOW) if good is _SIGNED else cms.open(changed, now=NOW)
    except PayloadError:
        return
    assert (seen.content, seen.signed_by) == (DATA, ("alice",))


_SIGNED = Forged(DATA).build()
_SEALED = people().cms("alice", "bob", recipients=["bob"]).protect(DATA, now=NOW).content or b""


def test_shortest_lengths() -> None:
    """An element that is read whole has definite, shortest lengths, inside and outside."""
    data = b"\x30\x80\x31\x81\x04\x24\x80\x04\x00\x00\x00\x00\x00"
    with pytest.raises(PayloadMalformedError), open_source(data) as source:
        BerReader(source).element()
    data = b"\x30\x80\x31\x81\x03\x02\x01\x05\x00\x00"
    with open_source(data) as source:
        assert BerReader(source).element() == b"\x30\x05\x31\x03\x02\x01\x05"


@pytest.mark.parametrize("content_info", [True, False])
def test_split(content_info: bool) -> None:
    """The halves of signed data are verified as a detached signature."""
    signed = people().cms("alice").sign(DATA, now=NOW).content or b""
    content, signature = split_unverified(
        signed, signature_encoding="base64", content_encoding="base64", content_info=content_info
    )
    plain = base64.b64decode(content.content or b"")
    bob = people().cms(partners="alice")
    assert bob.verify(signature.content or b"", content=plain, now=NOW).content == DATA
    with pytest.raises(PayloadMalformedError):
        split_unverified(signature.content or b"")


def test_result_is_plain_data() -> None:
    """A result can be logged and pickled, and shows no content on the way."""
    seen = people().cms(partners="alice").verify(_SIGNED, now=NOW)
    assert "line1" not in repr(seen) + json.dumps(seen.to_dict())
    assert pickle.loads(pickle.dumps(seen)) == seen  # noqa: S301  # our own bytes


@pytest.mark.parametrize("verb", ["verify", "open"])
def test_nothing_is_written_on_failure(tmp_path: Path, verb: str) -> None:
    """A refused message leaves no file, and nothing in a stream."""
    cms, stream = people().cms("bob", "carol"), io.BytesIO()
    data = _SIGNED if verb == "verify" else _SEALED
    for target in (tmp_path / "out", stream):
        with pytest.raises(PayloadSignerError):
            getattr(cms, verb)(data, to=target, now=NOW)
    assert list(tmp_path.iterdir()) == []
    assert stream.getvalue() == b""
    good = people().cms("bob", "alice")
    assert getattr(good, verb)(data, to=tmp_path / "out", now=NOW).content is None
    assert (tmp_path / "out").read_bytes() == DATA


def test_detached_without_content() -> None:
    """A detached signature needs its content, and the error says how to give it."""
    signature = people().cms("alice", detached=True).sign(DATA, now=NOW).content or b""
    with pytest.raises(PayloadUsageError, match="content="):
        people().cms(partners="alice").verify(signature, now=NOW)


def test_naive_time() -> None:
    """A time without a zone is another one on another machine."""
    with pytest.raises(PayloadUsageError):
        people().cms("alice").sign(DATA, now=NOW.replace(tzinfo=None))


def test_cbc_is_not_written_without_opt_in() -> None:
    """CBC without a signature is refused by name; inside of ``protect`` a signature goes along."""
    cms = people().cms("alice", "bob", recipients=["bob"], content_encryption="aes256-cbc")
    with pytest.raises(LegacyAlgorithmError) as caught:
        cms.encrypt(DATA, now=NOW)
    assert caught.value.opt_in == "cbc"
    assert cms.protect(DATA, now=NOW).encryption == "aes256-cbc"


WRONG: dict[str, dict[str, Any]] = {
    "algorithm": {"algorithm": "rsa-sha1"},
    "signer_algorithms.alice": {"signer_algorithms": {"alice": "MD5/RSA"}, "legacy": OLD},
    "signer_algorithms.bob": {"signers": ["alice"], "signer_algorithms": {"bob": "rsa-sha256"}},
    "digest": {"digest": "sha1"},
    "content_encryption": {"content_encryption": "tripledes-cbc"},
    "key_transport": {"key_transport": "rsa-1_5"},
    "oaep_digest": {"oaep_digest": "md5"},
    "key_wrap": {"key_wrap": "kw-tripledes"},
    "content_type": {"content_type": "data"},
    "block_bytes": {"block_bytes": 0},
    "signed_by": {"signatures": "each"},
    "signed_by[0]": {"signed_by": [""]},
    "encoding": {"encoding": "smime"},
    "detached": {"protection": "pkcs7", "content_encryption": "aes256-cbc", "detached": True},
    "legacy": {"legacy": {"rc4": "why"}},
    "legacy.sha1": {"legacy": {"sha1": " "}},
    "signers": {"signers": "alice"},
}


@pytest.mark.parametrize("path", WRONG)
def test_wrong_settings(path: str) -> None:
    """Settings that cannot be meant are refused when they are made, with the place."""
    with pytest.raises(ProfileError) as caught:
        CmsSettings(**WRONG[path])
    assert caught.value.path == path


def test_key_that_does_not_fit_the_algorithm() -> None:
    """Our key and our setting that do not go together are our mistake; what goes together is said."""
    one = people().cms("alice", algorithm="ecdsa-sha256")
    with pytest.raises(KeyUsageError, match="ecdsa-sha256") as caught:
        one.sign(DATA, now=NOW)
    assert 'algorithm to "rsa-sha256"' in caught.value.hint
    two: dict[str, Any] = {"signers": ["alice", "eve"], "signer_algorithms": {"eve": "ed25519"}}
    with pytest.raises(KeyUsageError, match="ed25519") as caught:
        people().cms("alice eve", **two).sign(DATA, now=NOW)
    assert 'signer_algorithms.eve to "ecdsa-sha256"' in caught.value.hint
    two["signer_algorithms"] = {"eve": "ecdsa-sha256"}
    assert people().cms("alice eve", **two).sign(DATA, now=NOW).signed_by == ("alice", "eve")


def test_names_of_sap() -> None:
    """Signature algorithms are taken as SAP writes them."""
    assert CmsSettings(algorithm="SHA512/RSA").algorithm == "rsa-sha512"
    assert CmsSettings(algorithm="SHA3-256/ECDSA").algorithm == "ecdsa-sha3-256"
