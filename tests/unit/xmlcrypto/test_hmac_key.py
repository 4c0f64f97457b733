"""Symmetric keys: what they refuse, and what they never show."""

from __future__ import annotations

import copy
import pickle

import pytest

from zeep_wssec.errors import KeyMaterialError, KeyUsageError
from zeep_wssec.keys.protocols import Signer
from zeep_wssec.xmlcrypto.hmac_key import HmacKey, HmacSigner

# RFC 4231, test case 1, and RFC 2202, test case 1: the same key and text.
KEY = HmacSigner(b"\x0b" * 20)
VALUES = {
    "sha1": "b617318655057264e28bc0b6fb378c8ef146be00",
    "sha224": "896fb1128abbdf196832107cd49df33f47b4b1169912ba4f53684b22",
    "sha256": "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
    "sha384": "afd03944d84895626b0825f4ab46907f15f9dadbe4101ec682aa034c7cebc59cfaea9ea9076ede7f4af152e8b2fa9cb6",
    "sha512": "87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cdedaa833b7d6b8a702038b274eaea3f4e4"
    "be9d914eeb61f1702e696c203a126854",
}


@pytest.mark.parametrize("digest", VALUES)
def test_known_values(digest: str) -> None:
    """The values of RFC 4231 and RFC 2202, whole."""
    value = bytes.fromhex(VALUES[digest])
    assert KEY.sign(b"Hi There", scheme="hmac", digest=digest) == value
    assert KEY.has_made(value, b"Hi There", digest)
    assert not KEY.has_made(value[:16], b"Hi There", digest)


def test_short_keys() -> None:
    """Sixteen octets are the least."""
    assert HmacKey(b"k" * 16).octets == b"k" * 16
    with pytest.raises(KeyUsageError) as caught:
        HmacKey(b"k" * 15)
    assert caught.value.reason == "weak_key"


def test_schemes_of_key_pairs_are_refused() -> None:
    """A symmetric key signs with HMAC and its digests only."""
    assert isinstance(KEY, Signer)
    with pytest.raises(KeyUsageError, match="rsa-pss"):
        KEY.sign(b"x", scheme="rsa-pss", digest="sha256")
    with pytest.raises(KeyUsageError, match="md5"):
        KEY.sign(b"x", scheme="hmac", digest="md5")


@pytest.mark.parametrize("kind", [HmacKey, HmacSigner])
def test_the_octets_are_not_shown(kind: type[HmacKey]) -> None:
    """Neither in a representation nor in a pickle nor by a comparison that stops early."""
    key = kind(b"very secret octets")
    assert repr(key) == f"<{kind.__name__}>"
    assert key != kind(b"very secret octets")
    for leave in (pickle.dumps, copy.copy):
        with pytest.raises(KeyMaterialError):
            leave(key)
    with pytest.raises(AttributeError):
        key.octets = b""  # type: ignore[misc]
