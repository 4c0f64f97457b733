"""A profile in plain words: nothing is left out, and what is missing is said in its place."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, get_args

import pytest

from zeep_wssec.demands import (
    Anonymous,
    AnyoneUnder,
    Inbound,
    OverTLS,
    Pin,
    Subject,
    Unverified,
)
from zeep_wssec.keys.keystore import Keystore
from zeep_wssec.keys.secrets import Secret
from zeep_wssec.plan import TLS, Overlay, Plan, Service
from zeep_wssec.profile_words import describe, without_user_info
from zeep_wssec.settings import (
    Addressing,
    BasicSecurityProfile,
    BinaryToken,
    Encryption,
    KeyReference,
    SecurityContext,
    SecurityHeader,
    SessionKey,
    Signature,
    SignatureConfirmation,
    Timestamp,
    UsernameToken,
)
from zeep_wssec.testing.authority import Authority

NOW = datetime(2027, 6, 1, 12, 0, tzinfo=UTC)
FULL = (Timestamp(), Signature(parts=("body", "timestamp")), Encryption(recipients=("partner",)))


@pytest.fixture(scope="module")
def keystore() -> Keystore:
    """Our key pair, two partners and the CA of all, a secret and a user."""
    authority = Authority.create("CN=ca", now=NOW)
    partner = authority.issue("CN=partner,O=Example").certificate_pem
    held = authority.issue("CN=client").keystore("client").with_partner("partner", partner)
    held = held.with_secret("shared", bytes(32)).with_user("alice", "secret")
    held = held.with_partner("ec", authority.issue("CN=ec", key="ec-p256").certificate_pem)
    return held.with_trust(anchors=authority.pem)


def words(keystore: Keystore, **settings: Any) -> str:
    return "\n".join(describe(Plan(keystore=keystore, **settings), NOW))


def test_steps_in_order_with_algorithms(keystore: Keystore) -> None:
    """Each step is said with its number, its parts and its algorithms, defaults included."""
    text = words(keystore, outbound=FULL)
    assert "  1. Timestamp that expires after 300 seconds, in milliseconds." in text
    assert "  2. Signature over body, timestamp with the key 'client' by rsa-sha256" in text
    assert "  3. Encryption of body for 'partner' by aes256-gcm; the key under rsa-oaep" in text


SESSION = SessionKey(recipients=("partner",), key_reference="thumbprint")
USER = UsernameToken(username="me", password="p", password_type="none", derive_for="mac")


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        (
            (Addressing(must_understand=("To",)),),
            "WS-Addressing 2005/08: To the address of the service, Action as the SOAP action, "
            "MessageID as urn:uuid, ReplyTo anonymous; To must be understood.",
        ),
        (
            (Addressing(to="urn:to", action="urn:do", message_id="none", reply_to=None,
                        from_address="urn:us", fault_to="urn:f"),),
            ": To urn:to, Action urn:do, From urn:us, FaultTo urn:f.",
        ),
        (
            (Timestamp(precision="microseconds", offset="+02:00", clock_offset_seconds=-5),),
            "in microseconds, written with the offset +02:00, by a clock 5 seconds behind ours.",
        ),
        (
            (UsernameToken(username="me", password="p", password_hash="sha1", clock_offset_seconds=9),),
            "the SHA-1 digest of the SHA-1 of the password with nonce and time, by a clock 9 seconds ahead of ours.",
        ),
        (
            (UsernameToken(username="me", password="p", password_type="text", typed=False, nonce=True),),
            "the password as readable text, its Type not said; with a nonce.",
        ),
        (
            (USER,),
            "UsernameToken for 'me' with no password; the key 'username_token' to sign with is derived "
            "from the password in 1000 rounds.",
        ),
        ((BinaryToken(value_type="urn:t", value="x"),), "BinarySecurityToken of the type urn:t, marked as base64."),
        ((BinaryToken(value_type="", value="x", encoding_type=False),), "BinarySecurityToken whose type is not said."),
        (
            (SecurityContext(identifier="urn:c", key="shared"),),
            "SecurityContextToken urn:c (WS-SecureConversation 1.3) for the secret 'shared', which later "
            "steps call 'security_context'.",
        ),
        ((SecurityContext(identifier="urn:c", key="no"),), "for the secret 'no' (not in the keystore),"),
        ((SignatureConfirmation(),), "SignatureConfirmation for each signature of the message that this one answers."),
        (
            (SESSION,),
            "Fresh key 'session' of 32 bytes for 'partner', sent under rsa-oaep (digest sha256, MGF1 "
            "sha256); the certificate is named by its SHA-1 thumbprint.",
        ),
        (
            (SESSION, Signature(parts=("body",), key="session", derived_key="1.3", derived_key_bytes=24)),
            "2. Signature over body with a key of 24 bytes derived from 'session' (WS-SecureConversation 1.3) by "
            "hmac-sha256, digests sha256; the key is referred to where it is made.",
        ),
        (
            (SESSION, Encryption(key="session", key_reference="encrypted_key_sha1")),
            "2. Encryption of body with the symmetric key 'session' by aes256-gcm; the key is named by the "
            "SHA-1 of its EncryptedKey.",
        ),
        (
            (Encryption(key="shared", wrapped=True, key_reference="key_name"),),
            "with a fresh key, wrapped by kw-aes256 under the symmetric key 'shared', "
            "by aes256-gcm; the key is named by KeyName.",
        ),
        ((Encryption(key="no"),), "with the symmetric key 'no' (not there) by aes256-gcm"),
        (
            (Signature(parts=("body",), key="shared", algorithm="hmac-sha512"),),
            "with the symmetric key 'shared' by hmac-sha512, digests sha256; the key is named by KeyName.",
        ),
        (
            (Signature(parts=("body",), key="request"),),
            "'request' by hmac-sha256, digests sha256; the key is named by the SHA-1 of its EncryptedKey.",
        ),
        ((Encryption(recipients=("request_signer",)),), "for whoever signed the request by aes256-gcm"),
        (
            (Encryption(recipients=("ec",)),),
            "the key under kw-aes256 with a key agreed by ecdh-es (hkdf with sha256); the certificate",
        ),
        (
            (Encryption(recipients=("partner", "ec"), key_transport="rsa-oaep-mgf1p", key_derivation="concat-kdf"),),
            "under rsa-oaep-mgf1p (digest sha256, MGF1 sha1) or kw-aes256 "
            "with a key agreed by ecdh-es (concat-kdf with sha256);",
        ),
        (
            (Signature(parts=("body",), key_reference="x509_ski", include_token=True),),
            "the certificate is named by its subject key identifier in X509Data, "
            "and its token is in the header as well.",
        ),
    ],
)  # fmt: skip
def test_step(keystore: Keystore, steps: Any, expected: str) -> None:
    """Every kind of step, and every option of it that is not its default, is put into words."""
    assert expected in words(keystore, outbound=steps)


@pytest.mark.parametrize("form", get_args(KeyReference))
def test_every_key_reference_has_its_words(keystore: Keystore, form: Any) -> None:
    """Two forms are never told alike."""
    others = {
        words(keystore, outbound=[Signature(parts=("body",), key_reference=other)])
        for other in get_args(KeyReference)
        if other != form
    }
    text = words(keystore, outbound=[Signature(parts=("body",), key_reference=form)])
    assert "; the certificate " in text
    assert text not in others


def test_part_that_may_be_missing(keystore: Keystore) -> None:
    """The question mark of a part is put into words."""
    text = words(keystore, outbound=[Timestamp(), Signature()])
    assert "Signature over body, timestamp (if there) with" in text


def test_token_without_its_password(keystore: Keystore) -> None:
    """A password is neither shown nor read."""
    token = UsernameToken(username="me", password=Secret.env("NOT_SET"), password_type="text")
    text = words(keystore, outbound=[token])
    assert "UsernameToken for 'me' with the password as readable text." in text
    assert "NOT_SET" not in text


def test_no_steps(keystore: Keystore) -> None:
    """A profile that protects nothing says so."""
    assert "is sent as it is, without a security header" in words(keystore)


def test_derived_demands(keystore: Keystore) -> None:
    """What an unset ``inbound`` demands is said as it will be demanded."""
    text = words(keystore, outbound=FULL)
    assert "Every answer must prove (not stated; derived from the steps of the request):" in text
    assert "  - signed by 'partner' (CN=partner,O=Example): body, timestamp" in text
    assert "  - encrypted to us: body" in text
    assert "  - a Timestamp at most 300 seconds old" in text


@pytest.mark.parametrize(
    ("part", "demanded"),
    [
        ("body/content", True),
        ("{Content}{http://schemas.xmlsoap.org/soap/envelope/}Body", True),
        ("{}{http://www.w3.org/2003/05/soap-envelope}Body", True),
        ("xpath:/*/*[local-name()='Body']", True),
        ("{Content}{urn:example:orders}PlaceOrder", False),
        ("xpath://*[local-name()='sku']", False),
        ("username_token?", False),
    ],
)
def test_derived_from_an_encrypted_body(keystore: Keystore, part: str, demanded: bool) -> None:
    """The Body is the Body in whichever form it is written; an element inside it is not."""
    steps = (*FULL[:2], Encryption(recipients=("partner",), parts=(part,)))
    assert ("  - encrypted to us: body" in words(keystore, outbound=steps)) == demanded


@pytest.mark.parametrize(("signer", "bound"), [("shared", True), ("partner", False)])
def test_secret_that_both_sides_sign_with(keystore: Keystore, signer: str, bound: bool) -> None:
    """An answer under a secret that requests are signed with must name its request: that is said."""
    steps = [Timestamp(), Signature(key="shared")]
    text = words(keystore, outbound=steps, inbound=Inbound(signed_by=signer))
    assert ("by a signed RelatesTo or SignatureConfirmation" in text) == bound


def test_nothing_to_derive(keystore: Keystore) -> None:
    """A request with a token alone lets nothing be demanded of the answer."""
    token = UsernameToken(username="me", password_type="none")
    assert "nothing is stated" in words(keystore, outbound=[token])


@pytest.mark.parametrize(
    ("demands", "expected"),
    [
        (Inbound(signed_by="partner"), "signed by 'partner' (CN=partner,O=Example)"),
        (Inbound(signed_by="other"), "signed by 'other' (not in the keystore)"),
        (Inbound(signed_by=Pin("ab" * 32)), "the certificate with SHA-256 abababababababab…"),
        (Inbound(signed_by=Subject("CN=a")), "the subject CN=a under the trust anchors"),
        (Inbound(signed_by=AnyoneUnder(reason="test")), "anyone under the trust anchors (test)"),
        (Inbound(signed_by="shared"), "signed by 'shared' (a secret that we share)"),
        (Inbound(signed_by="alice"), "signed by 'alice' (a user)"),
        (Inbound(signed_by=Anonymous(reason="test")), "whoever knows our certificate (test)"),
        (Inbound(signature_confirmation="required"), "  - SignatureConfirmation of every"),
        (Inbound(), "  - SignatureConfirmation, if there is one, of every"),
        (Inbound(username_token="derived_key"), "a user of the keystore, by a key derived from it"),
        (Inbound(order=("encryption", "signature")), "read in the order encryption, signature"),
        (
            Inbound(related="required"),
            "  - RelatesTo, signed and with the MessageID of the request",
        ),
        (Inbound(), "  - RelatesTo, if there is one, signed and with the MessageID of the request"),
        (
            Inbound(signed=(), encrypted=("body",), fresh_seconds=None),
            "  - RelatesTo, if there is one, with the MessageID of the request",
        ),
        (Inbound(unsigned_faults="accept"), "an unprotected Fault reaches the caller"),
        (Inbound(empty_replies="accept"), "nothing, if it is empty"),
        (OverTLS(), "is proved by the TLS session alone"),
        (Unverified(reason="test system"), "is taken without proof: test system"),
        (Unverified(reason="r", until=NOW.date()), "is taken without proof until 2027-06-01: r"),
    ],
)
def test_stated_demands(keystore: Keystore, demands: Any, expected: str) -> None:
    """Each form of demand has its words."""
    assert expected in words(keystore, outbound=FULL, inbound=demands)


def test_nobody_named(keystore: Keystore) -> None:
    """Where nothing tells who must sign, the words say so."""
    text = words(Keystore(), outbound=[Signature(parts=("body",))])
    assert "signed by somebody who is not named" in text
    assert "a key that is not there" in text


def test_missing_recipient(keystore: Keystore) -> None:
    """A partner that the keystore lacks is named as missing."""
    step = Encryption(recipients=("partner", "other"))
    text = words(keystore, outbound=[step])
    assert "for 'partner', 'other' (not in the keystore) by" in text


def test_operation(keystore: Keystore) -> None:
    """An overlay is said with what it changes, and what follows for the answer."""
    overlay = Overlay(outbound=(), inbound=OverTLS())
    text = words(keystore, outbound=FULL, operations={"Ping": overlay})
    assert "Every request of 'Ping' is sent as it is" in text
    assert "Every answer to 'Ping' is proved by the TLS session alone" in text


def test_header_and_connection(keystore: Keystore) -> None:
    """Header and TLS have their lines."""
    text = words(
        keystore,
        header=SecurityHeader(actor="urn:bank", must_understand=False, extend=True),
        tls=TLS(client_key="client", trust=("ca.pem",)),
    )
    assert "layout strict, for the actor urn:bank, need not be understood, added to one" in text
    assert (
        "TLS 1.2 or later with the key 'client'; the server is trusted by 1 file of ours." in text
    )


def test_certificates_with_their_end(keystore: Keystore) -> None:
    """Every certificate is said with its key and what is left of it."""
    text = words(keystore)
    assert "key 'client': CN=client, rsa 2048, until 2028-05-31 (365 days left)" in text
    assert "trust anchor: CN=ca, rsa 2048" in text


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (SecurityHeader(order=("timestamp", "token")), "children in the order timestamp, token."),
        (SecurityHeader(attributes={"a": "secret"}), "with the attributes a."),
        (SecurityHeader(namespace="2002/12"), "in the namespace of 2002/12."),
        (
            SecurityHeader(understood=["{urn:a}B"]),
            "beside {urn:a}B, which the program understands.",
        ),
    ],
)
def test_header(keystore: Keystore, header: SecurityHeader, expected: str) -> None:
    """What is unusual about the header is said; values of attributes are not."""
    text = words(keystore, header=header)
    assert expected in text
    assert "secret" not in text


@pytest.mark.parametrize(
    ("moment", "expected"), [(datetime(2029, 1, 1, tzinfo=UTC), "(expired)"),
                             (datetime(2026, 1, 1, tzinfo=UTC), "(not valid yet)")],
)  # fmt: skip
def test_certificate_out_of_its_time(keystore: Keystore, moment: datetime, expected: str) -> None:
    """Validity is that of the moment given."""
    assert expected in "\n".join(describe(Plan(keystore=keystore), moment))


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("https://me:hunter2@a.example/x", "https://…@a.example/x"),
        ("https://a.example/x@y", "https://a.example/x@y"),
    ],
)
def test_address_without_password(keystore: Keystore, address: str, shown: str) -> None:
    """A password in an address is not shown."""
    assert without_user_info(address) == shown
    assert shown in words(keystore, service=Service(address=address))


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, "for messages that come in and that are sent: each rule at its own level."),
        ({"outbound": False}, "for messages that come in: each rule at its own level."),
        ({"inbound": False, "level": "error"}, "that are sent: whatever breaks a rule is refused."),
        ({"inbound": False, "outbound": False}, "stated, but switched off both ways."),
        ({"rules": {"R3022": "ignore"}, "level": "warn"}, "But R3022 is ignored."),
    ],
)
def test_basic_security_profile(
    keystore: Keystore, settings: dict[str, Any], expected: str
) -> None:
    """Which rules hold, which way, and how strictly; without the section nothing is said of it."""
    assert expected in words(keystore, bsp=BasicSecurityProfile(**settings))
    assert "Basic Security Profile" not in words(keystore)
