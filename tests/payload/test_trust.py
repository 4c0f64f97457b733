"""Whose signature of a payload counts: the rules of messages, each with its refusal and its accepted twin."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from payload.cms.forge import Forged
from payload.cms.people import DATA, NOW, people

from zeep_wssec import (
    AnyoneUnder,
    KeyNotFoundError,
    Keystore,
    KeyUsageError,
    PayloadSignerError,
    Pin,
    Subject,
)
from zeep_wssec.keys.entries import FileKey, KeyEntry
from zeep_wssec.payload.cms import Cms, CmsSettings
from zeep_wssec.payload.results import PayloadResult
from zeep_wssec.testing.authority import Issued


def signed_with(issued: Issued, **settings: Any) -> bytes:
    """Something that somebody signed."""
    content = Cms(issued.keystore(), CmsSettings(**settings)).sign(DATA, now=NOW).content
    assert content is not None
    return content


def verify(data: bytes, keystore: Keystore, *signed_by: Any, **settings: Any) -> PayloadResult:
    return Cms(keystore, CmsSettings(signed_by=signed_by, **settings)).verify(data, now=NOW)


def reason(data: bytes, keystore: Keystore, *signed_by: Any) -> str:
    """Why it is refused."""
    with pytest.raises(PayloadSignerError) as caught:
        verify(data, keystore, *signed_by)
    return str(caught.value.reason)


ALICE = people().issued["alice"]
BY_ALICE = signed_with(ALICE)
TRUSTING = people().own("bob").with_trust(anchors=people().root.certificate)


def test_pin() -> None:
    """A pin names one certificate, whoever issued it."""
    pin = Pin(ALICE.certificate.thumbprint_sha256)
    assert verify(BY_ALICE, people().own("bob"), pin).signers[0].trusted_as == "pinned"
    assert reason(BY_ALICE, people().own("bob"), Pin("ab" * 32)) == "wrong_peer"


def test_partner_by_reference() -> None:
    """Who must sign may be named by what the contract says of the certificate; another one is refused."""
    held = people().keystore(["bob"], ["alice", "carol"])
    seen = verify(BY_ALICE, held, f"sha256:{ALICE.certificate.thumbprint_sha256}")
    assert (seen.signed_by, seen.signers[0].trusted_as) == (("alice",), "partner 'alice'")
    carol = people().issued["carol"].certificate
    assert reason(BY_ALICE, held, f"sha256:{carol.thumbprint_sha256}") == "wrong_peer"


def test_subject_under_the_anchors() -> None:
    """A subject counts under the anchors, with the intermediate that came along, and nowhere else."""
    assert verify(BY_ALICE, TRUSTING, Subject("CN=alice")).signers[0].trusted
    assert reason(BY_ALICE, TRUSTING, Subject("CN=bob")) == "wrong_peer"
    assert reason(BY_ALICE, people().own("bob"), Subject("CN=alice")) == "no_path"
    other = type(people().root).create("Other Root", now=NOW)
    false = other.issue("alice")
    assert reason(signed_with(false), TRUSTING, Subject("CN=alice")) == "no_path"


def test_anyone_under_the_anchors() -> None:
    """Anyone of a CA counts only where that is stated, with a reason."""
    anyone = AnyoneUnder(reason="a test")
    assert verify(BY_ALICE, TRUSTING, anyone).signers[0].alias is None
    with pytest.raises(KeyNotFoundError):
        verify(BY_ALICE, TRUSTING)


def test_our_own_key() -> None:
    """What we signed and got back proves nothing, unless our own key is named."""
    assert reason(BY_ALICE, people().keystore(["alice"], ["bob"])) == "own_key"
    assert verify(BY_ALICE, people().own("alice"), "alice").signed_by == ("alice",)


def test_missing_partner() -> None:
    """A partner who is named must be there; with ``?`` its absence is no error, and no proof."""
    keystore = people().keystore(["bob"], ["carol"])
    with pytest.raises(KeyNotFoundError):
        verify(BY_ALICE, keystore, "alice")
    assert reason(BY_ALICE, keystore, "alice?") == "wrong_peer"
    assert verify(BY_ALICE, keystore.with_partner("alice", ALICE.certificate), "alice?").signed_by


UNFIT: dict[str, dict[str, Any]] = {
    "expired": {"not_after": NOW - timedelta(hours=1)},
    "not_yet_valid": {"not_before": NOW + timedelta(hours=1)},
    "weak_key": {"key": "rsa-1024"},
    "wrong_usage": {"key_usage": ("key_encipherment",)},
}


@pytest.mark.parametrize("why", UNFIT)
def test_unfit_signer(why: str) -> None:
    """A partner's certificate that is not fit is refused, and so is ours before it signs."""
    issued = people().root.issue("alice", **UNFIT[why])
    keystore = people().own("bob").with_partner("alice", issued.certificate)
    assert reason(Forged(DATA, issued=issued).build(), keystore) == why
    with pytest.raises(KeyUsageError) as caught:
        signed_with(issued)
    assert caught.value.reason == why


def test_revoked_signer() -> None:
    """A partner's certificate that a CRL lists is refused."""
    issued = people().root.issue("alice")
    keystore = people().own("bob").with_partner("alice", issued.certificate)
    known = keystore.with_trust(anchors=people().root.certificate, crls=people().root.crl())
    assert verify(signed_with(issued), known).signed_by == ("alice",)
    listed = people().root.crl(issued)
    revoked = keystore.with_trust(anchors=people().root.certificate, crls=listed)
    assert reason(signed_with(issued), revoked) == "revoked"


@pytest.mark.parametrize("why", ["expired", "wrong_usage"])
def test_unfit_recipient(why: str) -> None:
    """Nothing is encrypted to a certificate that is expired or meant for signing only."""
    given = UNFIT["expired"] if why == "expired" else {"key_usage": ("digital_signature",)}
    issued = people().root.issue("partner", **given)
    cms = Cms(
        Keystore().with_partner("partner", issued.certificate), CmsSettings(recipients=["partner"])
    )
    with pytest.raises(KeyUsageError) as caught:
        cms.encrypt(DATA, now=NOW)
    assert caught.value.reason == why


class Remote:
    """A key that lives elsewhere: on a token, in a service."""

    def __init__(self, key: FileKey) -> None:
        self._key = key

    def sign(self, data: bytes, **how: Any) -> bytes:
        return self._key.sign(data, **how)

    def decrypt(self, ciphertext: bytes, **how: Any) -> bytes:
        return self._key.decrypt(ciphertext, **how)


def test_keys_of_another_kind() -> None:
    """Whatever signs and decrypts will do: no private key is ever asked for."""
    remote = Remote(FileKey(ALICE.private_key))
    entry = KeyEntry("alice", certificate=ALICE.certificate, signer=remote, decrypter=remote)
    settings = CmsSettings(recipients=["alice"], signed_by=["alice"])
    cms = Cms(Keystore([entry]), settings)
    sealed = cms.protect(DATA, now=NOW).content
    assert cms.open(sealed or b"", now=NOW).content == DATA
