"""Payloads in profiles: read, written, said in words, looked over, and made."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from payload.cms.people import DATA, NOW, people

from zeep_wssec import Pin, Profile, ProfileError, UnknownOptionError
from zeep_wssec.payload import PayloadFormat
from zeep_wssec.payload.cms import CmsSettings
from zeep_wssec.payload.formats import FORMATS
from zeep_wssec.payload.jws.settings import JwsSettings
from zeep_wssec.payload.openpgp.settings import OpenPgpSettings
from zeep_wssec.plan import Plan
from zeep_wssec.profile_file import loads_plan, settings_to_toml
from zeep_wssec.profile_payloads import describe_payloads, payload_findings

SETTINGS = CmsSettings(
    signers=["alice"], recipients=["bob"], signed_by=["bob", "carol?", Pin("ab" * 32)],
    content_encryption="aes256-cbc", legacy={"rsa-1_5": "an old peer"}, key_transport="rsa-1_5",
)  # fmt: skip


def read(text: str) -> Plan:
    return loads_plan(text, base=Path(), name="partner.toml")


def profile(**payload: Any) -> Profile:
    return Profile(keystore=people().keystore(["alice"], ["bob"]), payload=payload)


def test_written_and_read() -> None:
    """A profile in Python says as a file what it says."""
    plan = profile(letters=SETTINGS).plan
    again = read(settings_to_toml(plan))
    assert again.payload == {"letters": SETTINGS}


WRONG = {
    "payload.a.format": '[payload.a]\nsigners = ["alice"]',
    "payload.a.signer": '[payload.a]\nformat = "cms"\nsigner = "alice"',
    "payload.a.legacy.cbc": '[payload.a]\nformat = "cms"\nlegacy = { cbc = "" }',
    "payload.a": "[payload]\na = 1",
}


@pytest.mark.parametrize("path", WRONG)
def test_wrong_payload(path: str) -> None:
    """What is wrong is told with its place in the file."""
    with pytest.raises(ProfileError) as caught:
        read(WRONG[path])
    assert caught.value.path == f"partner.toml: {path}"
    assert isinstance(caught.value, UnknownOptionError) == path.endswith("signer")


def test_format_that_there_is_not() -> None:
    """An unknown format is told with those that there are; so is a payload without a name."""
    with pytest.raises(ProfileError, match="There is no format 'pkcs7'") as caught:
        read('[payload.a]\nformat = "pkcs7"')
    assert '"cms"' in caught.value.hint
    with pytest.raises(ProfileError) as caught:
        read('[payload]\nformat = "cms"')
    assert "[payload.NAME]" in caught.value.hint


def test_of_the_profile() -> None:
    """A payload has the keys of its profile; the only one needs no name."""
    made = profile(letters=CmsSettings(recipients=["bob"]))
    assert isinstance(made.payload(), PayloadFormat)
    assert made.payload("letters") is made.payload()
    sealed = made.payload().protect(DATA, now=NOW).content or b""
    assert people().cms("bob", "alice").open(sealed, now=NOW).signed_by == ("alice",)


@pytest.mark.parametrize("names", [(), ("a", "b")])
def test_which_payload(names: tuple[str, ...]) -> None:
    """Where it is not clear which is meant, the error lists what there is."""
    made = profile(**{name: CmsSettings() for name in names})
    with pytest.raises(ProfileError):
        made.payload()
    with pytest.raises(ProfileError):
        made.payload("c")


def test_other_settings() -> None:
    """Only settings of a payload format are taken."""
    with pytest.raises(ProfileError, match="payload format"):
        profile(letters={"format": "cms"})


def test_in_words() -> None:
    """Who signs, who is encrypted to and whose signature counts is said."""
    (line,) = describe_payloads(profile(letters=SETTINGS).plan)
    for words in (
        "cms",
        "signed by alice",
        "to bob",
        "'carol' (may be missing still)",
        "an old peer",
    ):
        assert words in line


def test_lint() -> None:
    """Aliases that are not there are errors, opt-ins are warnings; a sound payload is clean."""
    plan = profile(letters=CmsSettings(signers=["max"], recipients=["carol"], signed_by="eve")).plan
    found = {(item.severity, item.path) for item in payload_findings(plan, NOW)}
    paths = ("signers", "recipients", "signed_by")
    assert found == {("error", f"payload.letters.{name}") for name in paths}
    sound = CmsSettings(signers=["alice"], recipients=["bob"], signed_by=["bob", "carol?"])
    assert list(payload_findings(profile(letters=sound).plan, NOW)) == []
    (allowed,) = payload_findings(profile(letters=SETTINGS).plan, NOW)
    assert (allowed.severity, allowed.path) == ("warning", "payload.letters.legacy.rsa-1_5")


def test_lint_of_a_key_that_is_named_alone() -> None:
    """A format with one signer calls it ``key``; that has to be there, too."""
    assert [
        item.path for item in payload_findings(profile(m=JwsSettings(key="max")).plan, NOW)
    ] == ["payload.m.key"]
    sound = profile(m=JwsSettings(key="alice")).plan
    assert not [*payload_findings(sound, NOW)]
    assert "signed by alice" in next(describe_payloads(sound))


def test_lint_of_key_rings(tmp_path: Path) -> None:
    """Rings and the program of OpenPGP that are not there are found before a file is to be sent."""
    ring = tmp_path / "partners.asc"
    settings = OpenPgpSettings(public_rings=[ring], gpg=sys.executable)
    (found,) = payload_findings(profile(files=settings).plan, NOW)
    assert (found.severity, found.path) == ("error", "payload.files.public_rings[0]")
    ring.touch()
    assert not [*payload_findings(profile(files=settings).plan, NOW)]
    without = replace(settings, gpg="no-such-program")
    (found,) = payload_findings(profile(files=without).plan, NOW)
    assert (found.severity, found.path) == ("error", "payload.files.gpg")


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_has_the_shape(name: str) -> None:
    """Each format has the six verbs, and makes itself of a keystore and settings."""
    for verb in ("sign", "verify", "encrypt", "decrypt", "protect", "open", "from_settings"):
        assert callable(getattr(FORMATS[name].format_class(), verb))
