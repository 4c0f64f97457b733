"""The clock of a profile is the clock of its payloads; OpenPGP's is in ``openpgp/test_profile.py``."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from payload.cms.people import NOW, people

from zeep_wssec import KeyUsageError, PayloadError, PayloadSignerError, Profile, ProfileError
from zeep_wssec.payload import PayloadFormat
from zeep_wssec.payload.cms import CmsSettings
from zeep_wssec.payload.jws import JwsSettings
from zeep_wssec.payload.xmldsig import XmlDsigSettings

CONTENT = b"<a>1</a>"
BOUNDS: dict[str, Any] = {"max_age_seconds": 60, "clock_skew_seconds": 0}
SETTINGS: dict[str, Any] = {
    "cms": CmsSettings(),
    "jws": JwsSettings(**BOUNDS),
    "xmldsig": XmlDsigSettings(xades="bes", **BOUNDS),
}


def alice(name: str, at: datetime) -> PayloadFormat:
    """Give the format of the one who signs, by a clock that stands still."""
    keystore = people().keystore(["alice"])
    return Profile(keystore=keystore, payload={"p": SETTINGS[name]}, clock=lambda: at).payload()


def bob(name: str, at: datetime) -> PayloadFormat:
    """Give the format of the one who verifies."""
    keystore = people().keystore(["bob"], ["alice"])
    return Profile(keystore=keystore, payload={"p": SETTINGS[name]}, clock=lambda: at).payload()


def verify(name: str, signed: bytes | None, at: datetime) -> datetime | None:
    more = {"content": CONTENT} if name == "jws" else {}
    return bob(name, at).verify(signed or b"", **more).signers[0].signed_at


@pytest.mark.parametrize("name", SETTINGS)
def test_signing_time(name: str) -> None:
    """What is signed is signed at the profile's time; a time that is given goes before it."""
    signed = alice(name, NOW).sign(CONTENT)
    assert signed.signers[0].signed_at == NOW == verify(name, signed.content, NOW)
    later = NOW + timedelta(days=1)
    assert alice(name, NOW).sign(CONTENT, now=later).signers[0].signed_at == later


@pytest.mark.parametrize("name", ["jws", "xmldsig"])
@pytest.mark.parametrize("seconds", [-1, 61])
def test_age(name: str, seconds: int) -> None:
    """The age of a signature is told by the profile's clock."""
    signed = alice(name, NOW).sign(CONTENT).content
    assert verify(name, signed, NOW + timedelta(seconds=60)) == NOW
    with pytest.raises(PayloadError):
        verify(name, signed, NOW + timedelta(seconds=seconds))


@pytest.mark.parametrize("name", SETTINGS)
def test_validity(name: str) -> None:
    """Certificates are valid, or not, at the profile's time."""
    end = people().issued["alice"].certificate.not_after
    signed = alice(name, end).sign(CONTENT).content
    assert verify(name, signed, end)
    after = end + timedelta(seconds=1)
    with pytest.raises(PayloadSignerError) as caught:
        verify(name, signed, after)
    assert caught.value.details["reason"] == "expired"
    with pytest.raises(KeyUsageError):
        alice(name, after).sign(CONTENT)


def test_encrypting() -> None:
    """Nothing is encrypted to a certificate that is not valid at the profile's time."""
    end = people().issued["alice"].certificate.not_after
    settings = CmsSettings(recipients=["alice"])

    def encrypt(at: datetime) -> bytes | None:
        keystore = people().keystore(["bob"], ["alice"])
        made = Profile(keystore=keystore, payload={"p": settings}, clock=lambda: at)
        return made.payload().encrypt(CONTENT).content

    assert encrypt(end)
    with pytest.raises(KeyUsageError):
        encrypt(end + timedelta(seconds=1))


@pytest.mark.parametrize("name", SETTINGS)
def test_naive_clock(name: str) -> None:
    """A clock that does not say its zone is refused, as for messages."""
    with pytest.raises(ProfileError) as caught:
        alice(name, NOW.replace(tzinfo=None)).sign(CONTENT)
    assert caught.value.path == "clock"
