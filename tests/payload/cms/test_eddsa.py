"""Ed25519 and Ed448 in SignedData (RFC 8419): each with its one digest, and over attributes only."""

from __future__ import annotations

import pytest
from payload.cms.forge import edited, member
from payload.cms.people import DATA, NOW, people

from zeep_wssec.errors import (
    PayloadAlgorithmError,
    PayloadMalformedError,
    PayloadSignatureError,
    PayloadUsageError,
    ProfileError,
)
from zeep_wssec.payload.cms import CmsSettings, algorithms
from zeep_wssec.payload.cms.der import algorithm, integer, sequence, set_of

SHAKE256, SHAKE256_LEN = "2.16.840.1.101.3.4.2.12", "2.16.840.1.101.3.4.2.18"
STATED, DIGEST = (1, 0, 1), (1, 0, 4, 0, 2)
SIGNERS = {"ed": "ed25519", "edda": "ed448"}


def signed(name: str = "edda") -> bytes:
    content = people().cms(name).sign(DATA, now=NOW).content
    assert content is not None
    return content


def with_digest(identifier: bytes) -> bytes:
    """Name another digest, in front and at the signature: neither place is signed."""
    data = edited(signed(), STATED, lambda _: set_of([identifier]))
    return edited(data, DIGEST, lambda _: identifier)


@pytest.mark.parametrize("name", SIGNERS)
def test_signed(name: str) -> None:
    """A key signs with its own algorithm unless told otherwise."""
    seen = people().cms("max", name).verify(signed(name), now=NOW)
    assert (seen.content, seen.signed_by) == (DATA, (name,))
    assert seen.signers[0].algorithm == SIGNERS[name]


def test_digest_of_ed448() -> None:
    """RFC 8419, section 3.1: SHAKE256 of 512 bits, which stand in the identifier."""
    assert member(signed(), *DIGEST) == algorithm(SHAKE256_LEN, integer(512))


def test_the_other_name_of_the_digest() -> None:
    """RFC 8702 gives SHAKE256 the same length by itself; both names are read."""
    data = with_digest(algorithm(SHAKE256))
    assert people().cms("max", "edda").verify(data, now=NOW).signed_by == ("edda",)


@pytest.mark.parametrize(
    "identifier",
    [
        algorithm(SHAKE256_LEN),
        algorithm(SHAKE256_LEN, integer(256)),
        algorithm(SHAKE256, integer(512)),
    ],
)
def test_length_of_the_digest(identifier: bytes) -> None:
    """A length that is missing, another one, and one too many are refused."""
    with pytest.raises(PayloadMalformedError):
        people().cms("max", "edda").verify(with_digest(identifier), now=NOW)


@pytest.mark.parametrize("digest", ["sha512", "sha256", "sha3-512"])
def test_digest_that_does_not_go_with_it(digest: str) -> None:
    """Ed448 has one digest, whatever a message says."""
    data = with_digest(algorithm(algorithms.DIGESTS_BY_NAME[digest].oid))
    with pytest.raises(PayloadAlgorithmError, match="does not go with"):
        people().cms("max", "edda").verify(data, now=NOW)


@pytest.mark.parametrize("name", SIGNERS)
def test_without_attributes(name: str) -> None:
    """Content by itself is neither signed so nor read: nothing else says what it is a signature over."""
    bare = edited(
        signed(name),
        (1, 0, 4, 0),
        lambda item: sequence(*(member(item, n) for n in (0, 1, 2, 4, 5))),
    )
    with pytest.raises(PayloadAlgorithmError, match=SIGNERS[name]):
        people().cms("max", name).verify(bare, now=NOW)
    with pytest.raises(PayloadUsageError, match=SIGNERS[name]):
        people().cms(name, signed_attributes=False).sign(DATA, now=NOW)


def test_changed() -> None:
    """Changed content, and a changed value, are refused."""
    data = signed()
    for at in (data.index(DATA), len(data) - 1):
        changed = data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
        with pytest.raises(PayloadSignatureError):
            people().cms("max", "edda").verify(changed, now=NOW)


def test_not_to_be_chosen() -> None:
    """SHAKE256 is the digest of Ed448 alone; keys that take a digest take another one."""
    with pytest.raises(ProfileError) as caught:
        CmsSettings(digest="shake256")
    assert caught.value.path == "digest"
    assert CmsSettings(digest="sha3-512").digest_method.name == "sha3-512"
