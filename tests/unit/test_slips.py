"""Slips of the pen in settings: each error says what was found and what was meant."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from roundtrip.pair import (
    MESSAGE_ID,
    NOW,
    RELATES_TO,
    SIGNED,
    accepted,
    answer,
    authority,
    client,
    envelope,
    issued,
    keystore,
    refused,
    service,
)

from zeep_wssec import (
    DecryptionError,
    Encryption,
    Exchange,
    Inbound,
    KeyMismatchError,
    KeyNotFoundError,
    Keystore,
    KeyUsageError,
    Limits,
    OutboundError,
    Overlay,
    PartNotFoundError,
    Pin,
    ProfileError,
    RequirementError,
    Secret,
    SecurityHeader,
    SessionKey,
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
        (lambda: Signature(key_reference="DirectReference"), "binary_token"),
        (lambda: Signature(key_reference="IssuerSerial"), "issuer_serial"),
        (lambda: Signature(key_reference="IssuerSerialQuoteFormat"), "issuer_serial_quoted"),
        (lambda: Signature(key_reference="X509KeyIdentifier"), "x509_key_identifier"),
        (lambda: Signature(key_reference="SKIKeyIdentifier"), "subject_key_identifier"),
        (lambda: Signature(key_reference="Thumbprint"), "thumbprint"),
        (lambda: Signature(key_reference="ThumbprintSHA1"), "thumbprint"),
        (lambda: Signature(key_reference="EncryptedKeySHA1"), "encrypted_key_sha1"),
        (lambda: Signature(key_reference="KeyValue"), "key_value"),
        (lambda: Encryption(recipients=["p"], key_reference="EmbeddedKeyName"), "key_name"),
        (lambda: SecurityHeader(order=["binary_token"]), "token"),
        (lambda: SecurityHeader(order=["bst"]), "token"),
        (lambda: SecurityHeader(order=["usernameToken"]), "username_token"),
        (lambda: SecurityHeader(layout="TimestampFirst"), "timestamp_first"),
    ],
)
def test_other_spelling(make: Any, meant: str) -> None:
    """A URI, another case, other separators: the name to write is given."""
    with pytest.raises(ProfileError) as caught:
        make()
    assert caught.value.hint == f"Did you mean {meant}?"


@pytest.mark.parametrize("key_reference", ["nothing like it", 1, None])
def test_spelling_of_nothing(key_reference: Any) -> None:
    """Where no choice is near, none is guessed."""
    with pytest.raises(ProfileError, match="is not one of") as caught:
        Signature(key_reference=key_reference)
    assert caught.value.hint == ""


def test_parts_of_wss4j_as_a_text() -> None:
    """What stands in a configuration of WSS4J becomes one entry of a list."""
    text = "{Element}{urn:a}A;{Content}{urn:b}B"
    with pytest.raises(ProfileError) as caught:
        Signature(parts=text)
    assert caught.value.hint == f'Write parts = ["{text}"].'
    assert Signature(parts=[text]).parts == (text,)


@pytest.mark.parametrize("part", ["STRTransform", "{}{}STRTransform", "{Element}{}STRTransform"])
def test_pseudo_part(part: str) -> None:
    """WSS4J's name for a token that is signed through its reference is an option here."""
    with pytest.raises(ProfileError) as caught:
        client(outbound=[Signature(parts=[part])])
    assert caught.value.hint == "Write the part token and str_transform = true."
    client(outbound=[Signature(parts=["token"], str_transform=True)])


@pytest.mark.parametrize(
    "repair",
    [{"include_token": True}, {"key_reference": "binary_token"}, {"str_transform": True}],
)
def test_token_that_no_reference_brings(repair: dict[str, Any]) -> None:
    """Each way that the hint names puts the token under the signature."""
    settings: dict[str, Any] = {"parts": ["body", "token"], "key_reference": "thumbprint"}
    with pytest.raises(PartNotFoundError) as caught:
        service(Signature(**settings)).secure(envelope())
    (name, value) = next(iter(repair.items()))
    shown = "true" if value is True else f'"{value}"'
    assert f"{name} = {shown}" in caught.value.hint
    service(Signature(**{**settings, **repair})).secure(envelope())


@pytest.mark.parametrize("kind", ["signature", "encryption"])
def test_name_of_a_key_that_a_step_makes(kind: str) -> None:
    """A slip in it is answered with the names that there are: of steps, of secrets, of key pairs."""
    make = {"signature": Signature, "encryption": Encryption}[kind]
    held = keystore("client", "service").with_secret("shared", bytes(range(32)))
    steps = [SessionKey(recipients=["service"]), make(key="sesion")]
    with pytest.raises(KeyNotFoundError) as caught:
        client(keystore=held, outbound=steps).secure(envelope())
    assert "Did you mean 'session'? " in caught.value.hint
    assert "secrets: 'shared'" in caught.value.hint
    assert ("Key pairs: 'client'" in caught.value.hint) == (kind == "signature")
    assert caught.value.path == "outbound[1].key"


@pytest.mark.parametrize("step", [Signature(key="request"), Encryption(key="request")])
def test_key_of_a_request_in_a_request(step: Any) -> None:
    """Only an answer has a request whose key it could use."""
    with pytest.raises(OutboundError, match="this message answers nothing") as caught:
        client(outbound=[Timestamp(), step]).secure(envelope())
    assert "answers=checked" in caught.value.hint


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"algorithm": "hmac-sha256"}, "An hmac needs a symmetric key"),
        ({"algorithm": "ecdsa-sha256"}, "Leave algorithm out, or write rsa-sha256."),
    ],
)
def test_algorithm_for_another_kind_of_key(settings: dict[str, Any], words: str) -> None:
    """What fits the key is said."""
    with pytest.raises(KeyUsageError) as caught:
        service(Signature(**settings)).secure(envelope())
    assert words in caught.value.hint
    service(Signature(algorithm="rsa-sha256")).secure(envelope())


@pytest.mark.parametrize(
    "repair",
    [{"algorithm": "aes192-gcm"}, {"wrapped": True, "key_wrap": "kw-aes192"}],
)
def test_secret_of_another_length(repair: dict[str, Any]) -> None:
    """Each way that the hint names works; none of them makes the secret anew."""
    held = keystore("client", "service").with_secret("shared", bytes(range(24)))
    with pytest.raises(KeyUsageError) as caught:
        client(keystore=held, outbound=[Encryption(key="shared")]).secure(envelope())
    assert caught.value.hint == (
        'Give a secret of 32 octets or set algorithm = "aes192-gcm" or set wrapped = true and '
        'key_wrap = "kw-aes192".'
    )
    client(keystore=held, outbound=[Encryption(key="shared", **repair)]).secure(envelope())


def test_name_of_a_key_without_one() -> None:
    """KeyNames are those of secrets, which are told."""
    held = keystore("client", "service").with_secret("shared", bytes(range(32)), key_name="k-1")
    steps = [SessionKey(recipients=["service"]), Signature(key="session", key_reference="key_name")]
    with pytest.raises(KeyUsageError, match="'k-1'"):
        client(keystore=held, outbound=steps).secure(envelope())
    steps = [Signature(key="shared", key_reference="key_name")]
    assert b">k-1<" in client(keystore=held, outbound=steps).secure(envelope()).to_bytes()


def test_nobody_who_may_have_signed() -> None:
    """All that could be named is: partners, secrets, users, and whoever knows our certificate."""
    held = keystore("client", "service").with_partner("other", issued("other").certificate)
    held = held.with_secret("shared", bytes(range(32))).with_user("alice", "secret")
    with pytest.raises(ProfileError, match="by whom is not stated") as caught:
        client(keystore=held).check(service(*SIGNED).secure(envelope()).to_bytes())
    for name in ("partners: other, service", "secrets: shared", "users: alice", "anonymous"):
        assert name in caught.value.hint


def test_relation_that_is_not_signed() -> None:
    """What to ask of the service is said, and works."""
    request = Exchange(message_id=MESSAGE_ID, signature_values=("",), has_timestamp=True)
    message = answer(SIGNED, envelope(headers=RELATES_TO))
    error = refused(message, RequirementError, request=request)
    assert 'Signature(parts=[…, "header:wsa:RelatesTo?"])' in error.hint
    over = Signature(parts=["body", "timestamp", "header:wsa:RelatesTo?"])
    accepted(answer((Timestamp(), over), envelope(headers=RELATES_TO)), request=request)
    unsigned = answer((Timestamp(),), envelope())
    assert "RelatesTo" not in refused(unsigned, RequirementError, request=request).hint


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
