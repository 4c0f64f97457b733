"""The batch tool against itself: what WSS4J protects, it reads, and what was changed it refuses."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from interop.cxf.batch import Batch, KeyPair
from interop.cxf.peer import PeerFailed, PeerMissing
from peers import miss

from zeep_wssec.testing.authority import Authority, Issued

pytestmark = pytest.mark.interop

PASSWORD = "throwaway"
SECRET = bytes(range(32))
TEXT = " häl\tlo &\r\n \N{EURO SIGN}\N{GRINNING FACE} "
ENVELOPE = (
    '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns:t="urn:t"><s:Header>'
    "<t:Who>me</t:Who></s:Header><s:Body><t:Say> häl\tlo &amp;&#13;\n €😀 </t:Say></s:Body></s:Envelope>"
)

XENC = "http://www.w3.org/2001/04/xmlenc#"
XENC11 = "http://www.w3.org/2009/xmlenc11#"
MORE = "http://www.w3.org/2001/04/xmldsig-more#"
MORE_2021 = "http://www.w3.org/2021/04/xmldsig-more#"
HMAC = MORE + "hmac-sha256"
BODY = {"keyword": "body"}
TOKEN = {"keyword": "token"}
TIMESTAMP = {"step": "timestamp", "ttl_seconds": 300}
OAEP = {
    "key_transport": XENC11 + "rsa-oaep",
    "digest": XENC + "sha256",
    "mgf": XENC11 + "mgf1sha256",
    "key_reference": "issuer_serial",
}
SESSION = {"step": "session_key", "name": "session", "recipients": ["server"], **OAEP}
CONTEXT = {"step": "security_context", "name": "sct", "identifier": "urn:c", "key": "secret"}
USER = {"step": "username_token", "username": "alice"}

REFERENCES = {
    "binary_token": "DIRECT_REF",
    "pkipath": "DIRECT_REF",
    "issuer_serial": "ISSUER_SERIAL",
    "issuer_serial_quoted": "ISSUER_SERIAL",
    "subject_key_identifier": "KEY_IDENTIFIER",
    "thumbprint": "THUMBPRINT_SHA1",
    "x509_key_identifier": "KEY_IDENTIFIER",
}
AGREEMENTS = {
    "ecdh-hkdf": ("p256", XENC11 + "ECDH-ES", MORE_2021 + "hkdf"),
    "ecdh-concat": ("p256", XENC11 + "ECDH-ES", XENC11 + "ConcatKDF"),
    "x25519": ("x25519", MORE_2021 + "x25519", MORE_2021 + "hkdf"),
}
SHARED: dict[str, list[dict[str, Any]]] = {
    "session": [SESSION, {"key": "session"}],
    "session-sha1": [SESSION, {"key": "session", "key_reference": "encrypted_key_sha1"}],
    "session-derived": [SESSION, {"key": "session", "derived_key": "1.3"}],
    "session-derived-2005": [SESSION, {"key": "session", "derived_key": "2005/02"}],
    "context": [CONTEXT, {"key": "sct"}],
    "context-2005": [{**CONTEXT, "version": "2005/02"}, {"key": "sct", "derived_key": "2005/02"}],
    "secret": [{"key": "secret", "key_reference": "encrypted_key_sha1"}],
    "username": [{**USER, "derive_for": "mac"}, {"key": "username_token", "derived_key": "1.3"}],
}


def sign(key: str = "rsa", **options: Any) -> dict[str, Any]:
    """Give a signature step over the Body."""
    algorithm = MORE + "rsa-sha256" if key == "rsa" else HMAC
    step = {"step": "signature", "key": key, "algorithm": algorithm, "digest": XENC + "sha256"}
    return {**step, "parts": [BODY], **options}


def encrypt(**options: Any) -> dict[str, Any]:
    """Give an encryption step for the Body's content."""
    recipients = [] if "key" in options else ["server"]
    step = {"step": "encryption", "recipients": recipients, "algorithm": XENC11 + "aes256-gcm"}
    return {**step, **OAEP, "parts": [BODY], **options}


@pytest.fixture(scope="module")
def batch() -> Iterator[Batch]:
    """The running tool, with keys of all kinds in the set ``own`` and none in ``stranger``."""
    ca = Authority.create("CN=Batch CA,O=Example")
    server = ca.issue("CN=server,O=Example")
    kinds = {"rsa": "rsa-2048", "p256": "ec-p256", "ed25519": "ed25519", "x25519": "x25519"}
    pairs = {alias: _pair(ca.issue(f"CN={alias}", key=kind)) for alias, kind in kinds.items()}
    try:
        with Batch() as running:
            running.keys(
                "own",
                pkcs12=[server.pkcs12(PASSWORD, name="server")],
                password=PASSWORD,
                pairs=pairs,
                anchors=[ca.certificate.x509.public_bytes(Encoding.DER)],
                secrets={"secret": SECRET, "urn:c": SECRET},
                users={"alice": "ecila-secret"},
            )
            running.keys("stranger", users={"alice": "another"})
            yield running
    except PeerMissing as error:
        miss(str(error))


def _pair(issued: Issued) -> KeyPair:
    key = issued.private_key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    return key, [issued.certificate.x509.public_bytes(Encoding.DER)]


def exchange(batch: Batch, *steps: dict[str, Any], **options: Any) -> dict[str, Any]:
    """Protect the envelope, check it, and give what was proved."""
    sent = batch.protect("own", ENVELOPE, [TIMESTAMP, *steps])
    assert sent["ok"], sent
    proved = batch.check("own", sent["message"], session_keys=sent["session_keys"], **options)
    assert proved["ok"], proved
    assert (proved["body"], proved["timestamp"]) == (TEXT, True)
    return proved


def names(finding: dict[str, Any]) -> list[str]:
    """Give the local names of what a finding covers."""
    return [part["name"] for part in finding["covered"]]


@pytest.mark.parametrize("reference", REFERENCES)
def test_signature_of_every_reference_is_verified(batch: Batch, reference: str) -> None:
    """The signer, the way its certificate is named and the covered part are reported."""
    (signature,) = exchange(batch, sign(key_reference=reference))["signatures"]
    assert (signature["signer"], signature["key_reference"]) == ("CN=rsa", REFERENCES[reference])
    assert names(signature) == ["Body"]


def test_bare_key_value_needs_bsp_off(batch: Batch) -> None:
    """A KeyValue without a token reference is refused by BSP and read without it."""
    step = sign(key_reference="key_value")
    (signature,) = exchange(batch, step, bsp=False)["signatures"]
    assert signature["signer"] == ""
    message = batch.protect("own", ENVELOPE, [step])["message"]
    assert "BSP:R5417" in batch.check("own", message)["error"]


@pytest.mark.parametrize("str_transform", [False, True])
def test_token_is_signed(batch: Batch, str_transform: bool) -> None:
    """The signature's own token is covered, itself or through its reference."""
    step = sign(parts=[BODY, TOKEN], str_transform=str_transform)
    (signature,) = exchange(batch, step)["signatures"]
    assert names(signature) == ["Body", "BinarySecurityToken"]


def test_ed25519_signature_is_verified(batch: Batch) -> None:
    """A key of another kind signs with its own algorithm."""
    algorithm = MORE_2021 + "eddsa-ed25519"
    (signature,) = exchange(batch, sign("ed25519", algorithm=algorithm))["signatures"]
    assert (signature["method"], signature["signer"]) == (algorithm, "CN=ed25519")


def test_signature_encrypted_and_header_wrapped(batch: Batch) -> None:
    """A signature and a header block are encrypted after signing, and found after decryption."""
    header = {"name": "Who", "namespace": "urn:t"}
    sealed = encrypt(parts=[BODY, {"keyword": "signature"}, {**header, "modifier": "Header"}])
    steps = [sign(parts=[BODY, header]), sealed]
    assert "EncryptedHeader" in batch.protect("own", ENVELOPE, steps)["message"]
    proved = exchange(batch, *steps)
    (signature,), (encryption,) = proved["signatures"], proved["encryptions"]
    assert names(signature) == ["Body", "Who"]
    assert names(encryption) == ["Body", "Signature", "Who"]
    assert encryption["algorithm"] == XENC11 + "aes256-gcm"
    assert encryption["key_transport"] == OAEP["key_transport"]


@pytest.mark.parametrize("name", AGREEMENTS)
def test_agreed_key_decrypts(batch: Batch, name: str) -> None:
    """A content key wrapped under an agreed key is found by the recipient."""
    recipient, agreement, derivation = AGREEMENTS[name]
    step = encrypt(
        recipients=[recipient],
        key_agreement=agreement,
        key_derivation=derivation,
        derivation_digest=XENC + "sha256",
        key_wrap=XENC + "kw-aes256",
    )
    (encryption,) = exchange(batch, step)["encryptions"]
    assert (encryption["recipient"], names(encryption)) == (f"CN={recipient}", ["Body"])


@pytest.mark.parametrize("name", SHARED)
def test_shared_key_signs(batch: Batch, name: str) -> None:
    """An HMAC signature names no signer, whatever its key comes from."""
    *before, use = SHARED[name]
    (signature,) = exchange(batch, *before, sign(**use))["signatures"]
    assert (signature["method"], signature["signer"]) == (HMAC, "")
    assert names(signature) == ["Body"]


@pytest.mark.parametrize("name", [name for name in SHARED if name != "username"])
def test_shared_key_encrypts(batch: Batch, name: str) -> None:
    """The same keys encrypt, with the signature beneath."""
    *before, use = SHARED[name]
    proved = exchange(batch, *before, sign(**use), encrypt(**use))
    assert names(proved["encryptions"][-1]) == ["Body"]
    assert names(proved["signatures"][0]) == ["Body"]


def test_session_key_of_an_earlier_message(batch: Batch) -> None:
    """An answer may use the request's key by its SHA-1; who lacks the key cannot read it."""
    request = batch.protect("own", ENVELOPE, [SESSION])
    (sha1,) = request["session_keys"]
    step = sign(sha1, key_reference="encrypted_key_sha1")
    keys = request["session_keys"]
    answer = batch.protect("own", ENVELOPE, [step], session_keys=keys)["message"]
    assert batch.check("own", answer, session_keys=keys)["ok"]
    assert not batch.check("own", answer)["ok"]


@pytest.mark.parametrize("password_type", ["digest", "text"])
def test_username_is_authenticated(batch: Batch, password_type: str) -> None:
    """The user is reported where the password is right, and refused where it is not."""
    step = {**USER, "password_type": password_type, "nonce": True, "created": True}
    assert exchange(batch, step)["username"] == "alice"
    message = batch.protect("own", ENVELOPE, [step])["message"]
    assert not batch.check("stranger", message)["ok"]


def test_confirmed_values(batch: Batch) -> None:
    """The sent values must all be confirmed, and no other."""
    value, other = (base64.b64encode(bytes([n]) * 64).decode() for n in (1, 2))
    step = {"step": "signature_confirmation", "values": [value]}
    assert exchange(batch, step, confirm=[value])["confirmed"]
    message = batch.protect("own", ENVELOPE, [step])["message"]
    assert not batch.check("own", message, confirm=[other])["ok"]
    assert not batch.check("own", message, confirm=[value, other])["ok"]


@pytest.mark.parametrize(
    ("step", "changed"),
    [
        (sign(), r"<t:Say> (h)"),
        (sign(), r"SignatureValue>(.)"),
        (encrypt(), r"<xenc:EncryptedData.*CipherValue>.{40}(.)"),
        (encrypt(), r"<xenc:EncryptedKey.*?CipherValue>.{40}(.)"),
    ],
    ids=["body", "signature", "content", "key"],
)
def test_changed_message_is_refused(batch: Batch, step: dict[str, Any], changed: str) -> None:
    """One other character in what is protected is noticed; unchanged the message passes."""
    message = batch.protect("own", ENVELOPE, [step])["message"]
    assert batch.check("own", message)["ok"]
    match = re.search(changed, message, re.S)
    assert match is not None
    other = "A" if match[1] != "A" else "B"
    refused = batch.check("own", message[: match.start(1)] + other + message[match.end(1) :])
    assert not refused["ok"]
    assert refused["error"]


def test_strange_signer_is_refused(batch: Batch) -> None:
    """A signer whose chain ends in no anchor of the set is not trusted."""
    message = batch.protect("own", ENVELOPE, [sign()])["message"]
    assert not batch.check("stranger", message)["ok"]


def test_error_ends_one_message_only(batch: Batch) -> None:
    """What cannot be protected or read is an answer, and the next message is served."""
    assert "unknown step" in batch.protect("own", ENVELOPE, [{"step": "dance"}])["error"]
    assert not batch.check("own", "no XML")["ok"]
    assert "no keys" in batch.check("nobody", ENVELOPE)["error"]
    with pytest.raises(PeerFailed, match="cannot use the keys"):
        batch.keys("broken", pkcs12=[b"no file"])
    exchange(batch, sign())


def test_peer_that_does_not_answer_fails() -> None:
    """A launcher whose process is not running says so."""
    with pytest.raises(PeerFailed, match="not running"):
        Batch().check("own", ENVELOPE)


@pytest.mark.usefixtures("batch")
def test_slow_answer_is_given_up() -> None:
    """A process that needs too long fails the call, and the manager still ends it."""
    with Batch(answer_seconds=0) as hurried, pytest.raises(PeerFailed, match="does not answer"):
        hurried.keys("own")
