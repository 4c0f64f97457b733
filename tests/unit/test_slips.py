"""Slips of the pen in settings: each error says what was found and what was meant."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from roundtrip.pair import NOW, authority, client, envelope, issued, refused, service

from zeep_wssec import (
    DecryptionError,
    Encryption,
    Inbound,
    KeyMismatchError,
    KeyNotFoundError,
    Keystore,
    Limits,
    Overlay,
    Pin,
    ProfileError,
    Secret,
    SecurityHeader,
    Signature,
    Subject,
    Timestamp,
    UntrustedCertificateError,
    UsernameToken,
    WrongPasswordError,
)
from zeep_wssec.profile_file import loads_plan


@pytest.mark.parametrize(
    ("settings", "path", "words"),
    [
        ({"inbound": Inbound}, "inbound", "the class Inbound"),
        ({"inbound": {"signed": []}}, "inbound", "dict"),
        ({"header": SecurityHeader}, "header", "SecurityHeader(…)"),
        ({"header": {"layout": "lax"}}, "header", "dict"),
        ({"limits": 100}, "limits", "int"),
        ({"service": "https://a.example/"}, "service", "str"),
        ({"tls": {"trust": []}}, "tls", "dict"),
        ({"outbound": Timestamp()}, "outbound", "Timestamp"),
        ({"outbound": "timestamp"}, "outbound", "str"),
        ({"outbound": [Timestamp]}, "outbound[0]", "Timestamp(…)"),
        ({"operations": {"Ping": ()}}, "operation['Ping']", "tuple"),
        ({"operations": [Overlay()]}, "operations", "list"),
    ],
)
def test_settings_of_a_wrong_kind(settings: dict[str, Any], path: str, words: str) -> None:
    """Refused when the profile is made, with what was found."""
    with pytest.raises(ProfileError) as caught:
        client(**settings)
    assert caught.value.path == path
    assert words in str(caught.value)
    client(inbound=Inbound(), header=SecurityHeader(), limits=Limits(), outbound=[Timestamp()])


@pytest.mark.parametrize("form", ["secret", b"secret"])
def test_password_as_text_or_bytes(form: Any) -> None:
    """Both are taken, for keys and for tokens; another kind is refused without its value."""
    data = issued("client").pkcs12("secret", name="client")
    assert Keystore.from_bytes(data, password=form).snapshot().keys
    step = UsernameToken(username="me", password=form, password_type="text")
    assert b">secret<" in service(step).secure(envelope()).to_bytes()
    with pytest.raises(ProfileError, match="not int"):
        UsernameToken(username="me", password=1234)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("make", "meant"),
    [
        (lambda: Signature(algorithm="RSA-SHA256"), "rsa-sha256"),
        (
            lambda: Signature(algorithm="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"),
            "rsa-sha256",
        ),
        (lambda: Signature(digest="SHA-256"), "sha256"),
        (lambda: Encryption(recipients=["p"], algorithm="AES256_GCM"), "aes256-gcm"),
        (lambda: client(outbound=[Signature(parts=["Body"])]), "body"),
        (lambda: client(outbound=[Signature(parts=["soap:Body"])]), "body"),
        (lambda: client(outbound=[Signature(parts=["To"])]), "header:wsa:To"),
    ],
)
def test_other_spelling(make: Any, meant: str) -> None:
    """A URI, another case, other separators: the name to write is given."""
    with pytest.raises(ProfileError, match=f"Did you mean {meant}?"):
        make()


def test_header_without_a_prefix() -> None:
    """A block of WS-Addressing is named with its prefix."""
    with pytest.raises(ProfileError, match="Write header:wsa:To"):
        client(outbound=[Signature(parts=["header:To"])])


def test_step_that_is_none(tmp_path: Path) -> None:
    """What stands in the file is shown, with the nearest step."""
    with pytest.raises(ProfileError, match=r'not .Sign.*Did you mean "signature"'):
        loads_plan('[[outbound]]\nstep = "Sign"\n', base=tmp_path, name="p.toml")


def test_opt_in_as_a_list() -> None:
    """The form with a reason is shown, for the very opt-in."""
    with pytest.raises(ProfileError, match=r'legacy=\{"rsa-1_5": "why"\}'):
        Encryption(recipients=["p"], legacy=["rsa-1_5"])  # type: ignore[arg-type]


def test_recipient_that_is_not_there() -> None:
    """The place in the profile, the nearest alias, and aliases only."""
    steps = [Timestamp(), Encryption(recipients=["service", "sevice"])]
    with pytest.raises(KeyNotFoundError, match="Did you mean 'service'") as caught:
        client(outbound=steps).secure(envelope())
    assert caught.value.path == "outbound[1].recipients[1]"
    assert "SHA" not in str(caught.value)
    overlay = client(operations={"Ping": Overlay(outbound=steps)})
    with pytest.raises(KeyNotFoundError) as caught:
        overlay.secure(envelope(), operation="Ping")
    assert caught.value.path == "operation['Ping'].outbound[1].recipients[1]"


def test_wrong_password_says_where_it_came_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A variable of yesterday is found by its name; the password itself is not shown."""
    (tmp_path / "c.p12").write_bytes(issued("client").pkcs12("secret"))
    monkeypatch.setenv("OLD", "hunter2")
    with pytest.raises(WrongPasswordError, match=r"Secret\.env\('OLD'\)") as caught:
        Keystore.load(tmp_path / "c.p12", password=Secret.env("OLD"))
    assert "hunter2" not in str(caught.value)
    with pytest.raises(WrongPasswordError, match="password_env or password_file"):
        loads_plan('[[keystore]]\npkcs12 = "c.p12"\n', base=tmp_path, name="p.toml")


def test_key_without_its_certificate() -> None:
    """Nothing to compare with: what to give is said."""
    with pytest.raises(KeyMismatchError, match="certificate="):
        Keystore.from_pem(key=issued("client").key_pem())


def test_paths_of_signers() -> None:
    """Both tell which class refused."""
    with pytest.raises(ProfileError) as caught:
        Pin("x")
    assert caught.value.path == "Pin.sha256"
    with pytest.raises(ProfileError) as caught:
        Subject("x")
    assert caught.value.path == "Subject.name"


def test_signer_of_nothing() -> None:
    """Who must sign without what must be signed would demand nothing of them."""
    with pytest.raises(ProfileError) as caught:
        Inbound(signed=[], encrypted=["body"], signed_by="service")
    assert caught.value.path == "signed_by"
    Inbound(signed=[], encrypted=["body"])


def test_stranger_whose_certificate_has_expired() -> None:
    """Where the certificate is demanded itself, a stranger is a stranger, whatever its dates."""
    old = authority().issue("stranger", not_after=NOW + timedelta(hours=1))
    late = NOW + timedelta(hours=2)
    signer = service(Timestamp(ttl_seconds=86400), Signature(), keystore=old.keystore("service"))
    made = signer.secure(envelope(), now=NOW)
    with pytest.raises(UntrustedCertificateError) as caught:
        client(inbound=Inbound(fresh_seconds=86400)).check(made.to_bytes(), now=late)
    assert caught.value.reason == "wrong_peer"


def test_hint_of_a_failed_decryption() -> None:
    """One text for every cause, hint and all."""
    assert "certificate" in DecryptionError().hint
    sent = service(Encryption(recipients=["client"], parts=["body"])).secure(envelope()).to_bytes()
    broken = sent.replace(b"CipherValue>", b"CipherValue>AAAA", 1)
    assert refused(broken, DecryptionError, client()).hint == DecryptionError().hint
