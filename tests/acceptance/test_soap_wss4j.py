"""Checks 1 to 3, with WSS4J on the other side."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from acceptance.kit import (
    ENVELOPE,
    RSA_SHA256,
    SECEXT,
    TEXT,
    USER,
    USER_PASSWORD,
    World,
    applied,
    found,
    quoted,
)
from interop.cxf.batch import Batch

from zeep_wssec import Anonymous, Encryption, Inbound, OverTLS, Profile, Signature, Timestamp
from zeep_wssec.soap.namespaces import SOAP11

pytestmark = pytest.mark.interop

BODY = {"keyword": "body"}
HMAC_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256"
XENC = "http://www.w3.org/2001/04/xmlenc#"
XENC11 = "http://www.w3.org/2009/xmlenc11#"
OAEP = {
    "key_transport": XENC11 + "rsa-oaep",
    "digest": XENC + "sha256",
    "mgf": XENC11 + "mgf1sha256",
}
CHECK_1 = f"""
[[outbound]]
step = "timestamp"
ttl_seconds = 300

[[outbound]]
step = "signature"
parts = ["body", "timestamp"]
key_reference = "binary_token"
algorithm = "rsa-sha256"

[[outbound]]
step = "encryption"
recipients = ["server"]
parts = [{quoted("{Content}{" + SOAP11 + "}Body")}]
algorithm = "aes128-cbc"
key_transport = "rsa-oaep"
legacy = {{ cbc = "what their settings page offers" }}
"""


def test_check_1_timestamp_signature_and_encryption(world: World, wss4j: Batch) -> None:
    """The usual three of a settings page: WSS4J reports all three, and the Body in plain text."""
    message = applied(world.load(CHECK_1)).decode()
    assert TEXT not in message
    proved = wss4j.check("them", message)
    assert proved["ok"], proved
    assert (proved["timestamp"], proved["body"].strip()) == (True, TEXT)
    (signature,), (encryption,) = proved["signatures"], proved["encryptions"]
    assert {part["name"] for part in signature["covered"]} == {"Body", "Timestamp"}
    assert (signature["method"], signature["key_reference"]) == (RSA_SHA256, "DIRECT_REF")
    assert "CN=client" in signature["signer"]
    assert encryption["algorithm"] == XENC + "aes128-cbc"
    assert [(part["name"], part["content"]) for part in encryption["covered"]] == [("Body", True)]
    created, expires = (
        datetime.fromisoformat(found(message.encode(), "{*}" + name)[0].text or "")
        for name in ("Created", "Expires")
    )
    assert (expires - created).total_seconds() == 300


SIGNATURE_IDENTIFIERS = {
    "IssuerSerial": "issuer_serial",
    "DirectReference": "binary_token",
    "X509KeyIdentifier": "x509_key_identifier",
    "Thumbprint": "thumbprint",
    "SKIKeyIdentifier": "subject_key_identifier",
    "KeyValue": "key_value",
}
CERTIFICATE_IDENTIFIERS = {
    name: word for name, word in SIGNATURE_IDENTIFIERS.items() if name != "KeyValue"
}
SYMMETRIC_IDENTIFIERS = {"EncryptedKeySHA1": "encrypted_key_sha1", "EmbeddedKeyName": "key_name"}
ENCRYPTION_IDENTIFIERS = {**CERTIFICATE_IDENTIFIERS, **SYMMETRIC_IDENTIFIERS}
NEEDS_BSP_OFF = {"KeyValue", "EmbeddedKeyName"}
"""Names that WSS4J reads without the rules of the Basic Security Profile only: R5417, R5426."""


def test_check_2_has_every_identifier() -> None:
    """P-05 and P-13: what a settings page offers, with no cell left out."""
    assert len(SIGNATURE_IDENTIFIERS) == 6
    assert len(ENCRYPTION_IDENTIFIERS) == 7


@pytest.mark.parametrize("name", SIGNATURE_IDENTIFIERS)
def test_check_2_they_verify_ours(world: World, wss4j: Batch, name: str) -> None:
    """P-13, outbound: WSS4J finds the certificate by each identifier."""
    reference: Any = SIGNATURE_IDENTIFIERS[name]
    steps = (Timestamp(), Signature(key_reference=reference))
    message = applied(Profile(keystore=world.ours, outbound=steps, inbound=OverTLS())).decode()
    proved = wss4j.check("them", message, bsp=name not in NEEDS_BSP_OFF)
    assert proved["ok"], proved
    (signature,) = proved["signatures"]
    assert {part["name"] for part in signature["covered"]} == {"Body", "Timestamp"}
    broken = wss4j.check("them", message.replace("lo &amp;", "l0 &amp;"), bsp=False)
    assert not broken["ok"]


@pytest.mark.parametrize("name", SIGNATURE_IDENTIFIERS)
def test_check_2_we_verify_theirs(world: World, wss4j: Batch, name: str) -> None:
    """P-13, inbound: we find the certificate by each identifier."""
    step = {
        "step": "signature",
        "key": "server",
        "algorithm": RSA_SHA256,
        "digest": XENC + "sha256",
        "key_reference": SIGNATURE_IDENTIFIERS[name],
        "parts": [BODY, {"keyword": "timestamp"}],
    }
    sent = wss4j.protect("them", ENVELOPE, [{"step": "timestamp"}, step])
    assert sent["ok"], sent
    profile = Profile(keystore=world.ours, inbound=Inbound(signed_by="server"))
    report = profile.check(sent["message"].encode()).report
    assert set(report.signatures[0].parts) == {"body", "timestamp"}


def encrypting(name: str) -> Encryption:
    """Our step that encrypts the Body with a key that is named so."""
    reference: Any = ENCRYPTION_IDENTIFIERS[name]
    keys = {"EncryptedKeySHA1": "request", "EmbeddedKeyName": "shared"}
    if name in keys:
        return Encryption(key=keys[name], key_reference=reference)
    return Encryption(recipients=["server"], key_reference=reference)


def encrypted_by_them(name: str) -> list[dict[str, Any]]:
    """Their steps that do the same."""
    reference = ENCRYPTION_IDENTIFIERS[name]
    use = {"step": "encryption", "parts": [BODY], "key_reference": reference, "recipients": []}
    use |= {"algorithm": XENC11 + "aes256-gcm"}
    if name == "EncryptedKeySHA1":
        session = {"step": "session_key", "name": "session", "recipients": ["client"], **OAEP}
        return [session, {**use, "key": "session"}]
    if name == "EmbeddedKeyName":
        return [{**use, "key": "k1"}]
    return [{**use, **OAEP, "recipients": ["client"]}]


@pytest.mark.parametrize("name", ENCRYPTION_IDENTIFIERS)
def test_check_2_they_decrypt_ours(world: World, wss4j: Batch, name: str) -> None:
    """P-05, outbound: WSS4J finds the key by each identifier.

    By EncryptedKeySHA1 it finds keys of earlier messages: ours answers one that carried the key.
    """
    demands = Inbound(signed=(), encrypted=("body",), fresh_seconds=None)
    profile = Profile(keystore=world.ours, outbound=[encrypting(name)], inbound=demands)
    request: dict[str, Any] = {"session_keys": None}
    answers = None
    if name == "EncryptedKeySHA1":
        session, encryption = encrypted_by_them(name)
        signature = {
            "step": "signature",
            "key": "session",
            "algorithm": HMAC_SHA256,
            "parts": [BODY],
        }
        request = wss4j.protect("them", ENVELOPE, [session, signature, encryption])
        signed = Inbound(
            signed=("body",),
            signed_by=Anonymous(reason="a test"),
            encrypted=("body",),
            fresh_seconds=None,
        )
        answers = Profile(keystore=world.ours, inbound=signed).check(request["message"].encode())
    message = profile.secure(ENVELOPE.encode(), answers=answers).to_bytes().decode()
    assert "Say>" not in message
    keys, bsp = request["session_keys"], name not in NEEDS_BSP_OFF
    proved = wss4j.check("them", message, session_keys=keys, bsp=bsp)
    assert proved["ok"], proved
    assert proved["body"].strip() == TEXT
    covered = [part for item in proved["encryptions"] for part in item["covered"]]
    assert [part["name"] for part in covered] == ["Body"]


@pytest.mark.parametrize("name", ENCRYPTION_IDENTIFIERS)
def test_check_2_we_decrypt_theirs(world: World, wss4j: Batch, name: str) -> None:
    """P-05, inbound: we find the key by each identifier."""
    sent = wss4j.protect("them", ENVELOPE, encrypted_by_them(name))
    assert sent["ok"], sent
    assert "Say>" not in sent["message"]
    demands = Inbound(signed=(), encrypted=("body",), fresh_seconds=None)
    checked = Profile(keystore=world.ours, inbound=demands).check(sent["message"].encode())
    assert checked.body[0].text == TEXT
    assert checked.report.encryptions[0].part == "body"


@pytest.mark.parametrize("password_type", ["digest", "text"])
def test_check_3_encrypted_user_name(world: World, wss4j: Batch, password_type: str) -> None:
    """A settings page's string names the token: nobody on the way reads the user, WSS4J checks both."""
    profile = world.load(f"""
[[outbound]]
step = "username_token"
username = "{USER}"
password_file = "user-password"
password_type = "{password_type}"

[[outbound]]
step = "encryption"
recipients = ["server"]
parts = [{quoted("{Element}{" + SECEXT + "}UsernameToken")}]
""")
    profile = Profile(
        keystore=profile.plan.keystore, outbound=profile.plan.outbound, inbound=OverTLS()
    )
    message = applied(profile)
    for clear in (b"Username", b"alice", USER_PASSWORD.encode()):
        assert clear not in message
    proved = wss4j.check("them", message.decode())
    assert proved["ok"], proved
    assert proved["username"] == USER
    wss4j.keys(
        "stranger",
        pkcs12=[world.server.pkcs12("throwaway", name="server")],
        password="throwaway",
        users={USER: "another"},
    )
    assert not wss4j.check("stranger", message.decode())["ok"]
