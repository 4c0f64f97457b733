"""Rows of docs/supported.md that no other test shows: small things that work, and what is not built."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from hashlib import sha1
from pathlib import Path
from typing import Any

import pytest
from attacks.forge import append, edited, set_attribute
from attacks.forge import replace as put
from roundtrip.pair import (
    LEGACY,
    NOW,
    SIGNED,
    accepted,
    answer,
    client,
    envelope,
    issued,
    keystore,
    refused,
    service,
    tree_of,
)

from zeep_wssec import (
    AlgorithmSuite,
    AuthenticationError,
    Encryption,
    Inbound,
    Keystore,
    LegacyAlgorithmError,
    MalformedSecurityError,
    OutboundError,
    OverTLS,
    PartNotFoundError,
    Profile,
    ProfileError,
    ReplayError,
    Secret,
    SecurityHeader,
    Signature,
    SignatureConfirmation,
    Timestamp,
    UnsupportedAlgorithmError,
    UnsupportedTokenError,
    UsernameToken,
)
from zeep_wssec.keys.protocols import Decrypter, SignatureScheme, Signer, TransportScheme
from zeep_wssec.soap.namespaces import DS, WSSE, WSU
from zeep_wssec.soap.parts import parse_parts

WSS = "http://docs.oasis-open.org/wss/"
MORE, MORE07 = "http://www.w3.org/2001/04/xmldsig-more#", "http://www.w3.org/2007/05/xmldsig-more#"
MORE21, ENC = "http://www.w3.org/2021/04/xmldsig-more#", "http://www.w3.org/2001/04/xmlenc#"
ENC11, GOST = "http://www.w3.org/2009/xmlenc11#", "urn:ietf:params:xml:ns:cpxmlsec:algorithms:"
EVERYTHING = Inbound(legacy=LEGACY)
"""Every opt-in is given: what is refused all the same is not built."""
SEALED = Inbound(signed=(), encrypted=("body",), fresh_seconds=None, legacy=LEGACY)

# What is not built is refused, never passed over.

TOKENS = {
    "SAML 1.1": '<a:Assertion xmlns:a="urn:oasis:names:tc:SAML:1.0:assertion"/>',
    "SAML 2.0": '<a:Assertion xmlns:a="urn:oasis:names:tc:SAML:2.0:assertion"/>',
    "SAML encrypted": '<a:EncryptedAssertion xmlns:a="urn:oasis:names:tc:SAML:2.0:assertion"/>',
    "REL": '<r:license xmlns:r="urn:mpeg:mpeg21:2003:01-REL-R-NS"/>',
    "Kerberos": f'<wsse:BinarySecurityToken ValueType="{WSS}oasis-wss-kerberos-token-profile-1.1#'
    'GSS_Kerberosv5_AP_REQ">AAAA</wsse:BinarySecurityToken>',
    "SPNEGO": '<t:BinaryExchange xmlns:t="http://docs.oasis-open.org/ws-sx/ws-trust/200512"/>',
}


@pytest.mark.parametrize("kind", TOKENS)
def test_tokens_that_are_not_built(kind: str) -> None:
    """A token that nobody here can judge may change what the message means."""
    accepted(answer())
    refused(edited(answer(), append("wsse:Security", TOKENS[kind])), UnsupportedTokenError)


@pytest.mark.parametrize(
    "value_type",
    [
        f"{WSS}oasis-wss-saml-token-profile-1.0#SAMLAssertionID",
        f"{WSS}oasis-wss-saml-token-profile-1.1#SAMLID",
        f"{WSS}oasis-wss-kerberos-token-profile-1.1#Kerberosv5APREQSHA1",
    ],
)
def test_references_that_are_not_built(value_type: str) -> None:
    """The key of such a token is not there."""
    reference = f'<wsse:KeyIdentifier ValueType="{value_type}">AAAA</wsse:KeyIdentifier>'
    message = edited(answer(), put("wsse:SecurityTokenReference/wsse:Reference", reference))
    refused(message, UnsupportedTokenError)


NOT_BUILT = {
    "ds:SignatureMethod": [
        MORE + "rsa-md5", MORE + "rsa-ripemd160", MORE + "hmac-md5", MORE + "hmac-ripemd160",
        MORE07 + "rsa-pss", MORE07 + "md5-rsa-MGF1", MORE07 + "ecdsa-ripemd160",
        MORE + "gostr34102001-gostr3411", GOST + "gostr34102012-gostr34112012-256",
        "http://www.w3.org/2026/04/xmldsig-more#ml-dsa-65",
    ],
    "ds:DigestMethod": [
        MORE + "md5", ENC + "ripemd160", MORE + "gostr3411", GOST + "gostr34112012-256", MORE07 + "whirlpool",
    ],
    "ds:CanonicalizationMethod": ["http://www.w3.org/2010/xml-c14n2", "http://www.w3.org/2006/12/xmlc14n11"],
    "ds:Reference/ds:Transforms/ds:Transform": [
        f"{WSS}oasis-wss-SwAProfile-1.1#Attachment-Content-Signature-Transform",
        f"{WSS}oasis-wss-SwAProfile-1.1#Attachment-Complete-Signature-Transform",
        "http://www.w3.org/2010/xml-c14n2", "http://www.w3.org/TR/2001/WD-xptr-20010108",
    ],
}  # fmt: skip
"""URIs, by the element that would carry them."""


@pytest.mark.parametrize(
    ("path", "uri"), [(path, uri) for path, uris in NOT_BUILT.items() for uri in uris]
)
def test_signature_algorithms_that_are_not_built(path: str, uri: str) -> None:
    """No opt-in brings what stands in no table; the partner's own signature does not, either."""
    profile = client(inbound=EVERYTHING)
    accepted(answer(), profile)
    message = edited(answer(), set_attribute(path, "Algorithm", uri), sign_by="service")
    assert refused(message, UnsupportedAlgorithmError, profile).algorithm == uri


METHOD, DATA_METHOD = (
    "xenc:EncryptedKey/xenc:EncryptionMethod",
    "xenc:EncryptedData/xenc:EncryptionMethod",
)


@pytest.mark.parametrize(
    ("path", "uri"),
    [
        (DATA_METHOD, MORE21 + "chacha20-poly1305"),
        (DATA_METHOD, MORE + "camellia256-cbc"),
        (DATA_METHOD, MORE + "arcfour"),
        (METHOD, ENC + "kw-tripledes"),
        (METHOD, MORE + "kw-camellia256"),
        (METHOD, "http://www.w3.org/2026/04/xmldsig-more#ml-kem-768"),
        ("xenc:EncryptedKey//ds:DigestMethod", MORE + "md5"),
        ("xenc:EncryptedKey//ds:DigestMethod", MORE07 + "sha3-256"),
    ],
)  # fmt: skip
def test_encryption_algorithms_that_are_not_built(path: str, uri: str) -> None:
    """The same for what encrypts, and for the digest of OAEP."""
    message = answer((Encryption(recipients=("client",)),))
    profile = client(inbound=SEALED)
    accepted(message, profile)
    changed = edited(message, set_attribute(path, "Algorithm", uri))
    assert refused(changed, UnsupportedAlgorithmError, profile).algorithm == uri


@pytest.mark.parametrize(
    ("element", "uri"),
    [
        ("AgreementMethod", ENC + "dh"),
        ("AgreementMethod", ENC11 + "dh-es"),
        ("KeyDerivationMethod", ENC11 + "pbkdf2"),
    ],
)
def test_agreements_that_are_not_built(element: str, uri: str) -> None:
    """The same for key agreements and derivations."""
    message = answer((Encryption(recipients=("client",)),), key="ec-p256")
    profile = client(key="ec-p256", inbound=SEALED)
    accepted(message, profile)
    changed = edited(message, set_attribute(f"{{*}}{element}", "Algorithm", uri))
    assert refused(changed, UnsupportedAlgorithmError, profile).algorithm == uri


def test_attachments_are_not_built() -> None:
    """No part means them, and a message with MIME parts around it is none."""
    with pytest.raises(ProfileError):
        parse_parts(["{}cid:Attachments;"], namespaces={})
    parse_parts(["{}{urn:orders}PlaceOrder;"], namespaces={})
    parts = b"--x\r\nContent-Type: text/xml\r\n\r\n" + answer() + b"\r\n--x--\r\n"
    with pytest.raises(MalformedSecurityError):
        client().check(parts)


# What works and has no test elsewhere.


KEPT = sha1(b"p").digest()  # noqa: S324  # what such receivers keep


@pytest.mark.parametrize(
    "settings", [{"password": KEPT}, {"password": "p", "password_hash": "sha1"}]
)
def test_password_that_is_kept_as_a_hash(settings: dict[str, Any]) -> None:
    """A receiver that keeps a hash in place of the password: the octets of the hash are the password."""
    message = answer((Timestamp(), UsernameToken(username="u", **settings)))
    kept = keystore("client", "service").with_user("u", Secret.of(KEPT))
    plain = keystore("client", "service").with_user("u", "p")
    demands = Inbound(signed=(), username_token="digest")
    report = accepted(message, client(keystore=kept, inbound=demands)).report
    assert "password of the user proved by digest" in report.proved
    refused(message, AuthenticationError, client(keystore=plain, inbound=demands))


def test_token_of_ones_own() -> None:
    """An element that the caller puts into the header stays there and can be signed by its Id."""
    token = f'<t:Ticket xmlns:t="urn:t" xmlns:u="{WSU}" u:Id="ticket">7</t:Ticket>'
    given = envelope(headers=f'<w:Security xmlns:w="{WSSE}">{token}</w:Security>')
    step = Signature(parts=("body", "id:ticket"))
    root = tree_of(service(step, header=SecurityHeader(extend=True)).secure(given).to_bytes())
    (security,) = root.iter(f"{{{WSSE}}}Security")
    assert security[-1].text == "7"
    assert "#ticket" in [item.get("URI") for item in security.iter(f"{{{DS}}}Reference")]


def test_optional_part_of_an_encryption() -> None:
    """``?``: encrypted if it is there; without the mark a missing part is an error."""
    demands = client(inbound=Inbound(signed=(), encrypted=("body",), fresh_seconds=None))
    message = answer((Encryption(recipients=("client",), parts=("body", "header:wsa:To?")),))
    assert [item.part for item in accepted(message, demands).report.encryptions] == ["body"]
    with pytest.raises(PartNotFoundError):
        answer((Encryption(recipients=("client",), parts=("body", "header:wsa:To")),))


@pytest.mark.parametrize("part", ["encrypted_key", "key_info"])
def test_parts_that_are_rarely_encrypted(part: str) -> None:
    """What a signature or another encryption needs comes back before it is needed."""
    to_client = Encryption(recipients=("client",))
    steps = (Timestamp(), to_client, Signature(), replace(to_client, parts=(part,)))
    report = accepted(answer(steps)).report
    assert [item.part for item in report.encryptions] == [part, "body"]
    assert "body signed" in report.proved


def test_whole_message_is_not_encrypted() -> None:
    """Nobody would find the security header."""
    with pytest.raises(OutboundError):
        answer((Encryption(recipients=("client",), parts=("envelope",)),))


def test_confirmation_is_encrypted() -> None:
    """A confirmation under the signature is hidden, and proved all the same."""
    sent = client(outbound=SIGNED).secure(envelope())
    steps = (
        Timestamp(),
        SignatureConfirmation(),
        Signature(parts=("body", "timestamp", "confirmation")),
        Encryption(recipients=("client",), parts=("confirmation",)),
    )
    profile = service(*steps, inbound=Inbound())
    reply = profile.secure(envelope(), answers=profile.check(sent.to_bytes())).to_bytes()
    assert b"SignatureConfirmation" not in reply
    demands = client(inbound=Inbound(signature_confirmation="required"))
    report = accepted(reply, demands, request=sent.exchange).report
    assert "the signatures of the request confirmed" in report.proved


@dataclass(frozen=True)
class Elsewhere:
    """A key pair as a token or a remote service offers it."""

    signer: Signer
    decrypter: Decrypter
    asked: list[str] = field(default_factory=list)

    def sign(self, data: bytes, *, scheme: SignatureScheme, digest: str) -> bytes:
        """Sign, and note it."""
        self.asked.append("sign")
        return self.signer.sign(data, scheme=scheme, digest=digest)

    def decrypt(self, ciphertext: bytes, *, scheme: TransportScheme, **settings: Any) -> bytes:
        """Decrypt, and note it."""
        self.asked.append("decrypt")
        return self.decrypter.decrypt(ciphertext, scheme=scheme, **settings)


def test_key_that_is_elsewhere() -> None:
    """A key pair is what signs and decrypts; its private key need not be in this process."""
    entry = issued("service").keystore("service").snapshot().require_key("service")
    key = Elsewhere(entry.require_signer(), entry.require_decrypter())
    keys = Keystore([replace(entry, signer=key, decrypter=key)])
    keys = keys.with_partner("client", issued("client").certificate)
    accepted(answer(SIGNED, keystore=keys))
    to_service = Encryption(recipients=("service",))
    sent = client(outbound=(*SIGNED, to_service)).secure(envelope()).to_bytes()
    Profile(keystore=keys, inbound=Inbound(encrypted=("body",)), clock=lambda: NOW).check(sent)
    assert key.asked == ["sign", "decrypt"]


def test_key_file_is_read_again(tmp_path: Path) -> None:
    """A key that was exchanged in its file is used without a new profile, where that is asked."""
    path = tmp_path / "keys.p12"
    path.write_bytes(issued("service").pkcs12("secret"))
    kept = Keystore.load(path, password="secret", alias="me")
    fresh = Keystore.load(path, password="secret", alias="me", cache_seconds=0)
    path.write_bytes(issued("other").pkcs12("secret"))
    certificates = [store.snapshot().require_key("me").certificate for store in (kept, fresh)]
    assert certificates == [issued("service").certificate, issued("other").certificate]


def test_algorithm_suite() -> None:
    """A suite's name stands for the algorithms of a step, and what is weak in it needs its opt-in."""
    suite = AlgorithmSuite.named("Basic256Sha256")
    step = suite.signature(parts=("body", "timestamp"))
    assert (step.algorithm, step.digest) == ("rsa-sha256", "sha256")
    accepted(answer((Timestamp(), step)))
    with pytest.raises(LegacyAlgorithmError):
        AlgorithmSuite.named("Basic256Rsa15").encryption(recipients=("client",))


def knows(**settings: Any) -> Profile:
    """A receiver that knows the user ``u`` and remembers nonces."""
    keys = keystore("client", "service").with_user("u", "p")
    return Profile(keystore=keys, inbound=OverTLS(), clock=lambda: NOW, **settings)


@pytest.mark.parametrize("kind", ["digest", "text"])
def test_nonce_is_taken_once(kind: Any) -> None:
    """A UsernameToken that proved its password proves nothing a second time; a fresh one does."""
    steps = (
        UsernameToken(username="u", password="p", password_type=kind, nonce=True, created=True),
    )
    message, profile = answer(steps), knows()
    profile.check(message)
    with pytest.raises(ReplayError):
        profile.check(message)
    profile.check(answer(steps))


class BrokenStore:
    """A replay store that cannot be reached."""

    def add_if_absent(self, key: bytes, expires: object) -> bool:
        """Fail."""
        raise OSError("no such host")


def test_store_that_fails() -> None:
    """A store that cannot tell refuses; a message without a nonce does not need it."""
    profile = knows(replay=BrokenStore())
    with pytest.raises(ReplayError):
        profile.check(answer((UsernameToken(username="u", password="p"),)))
    profile.check(answer((UsernameToken(username="u", password="p", password_type="text"),)))


def test_signed_message_is_taken_once() -> None:
    """The same signed octets twice are a replay, another message of the same signer is none."""
    profile = Profile(keystore=keystore("client", "service"), inbound=Inbound(), clock=lambda: NOW)
    message = answer()
    profile.check(message)
    with pytest.raises(ReplayError, match="signed Timestamp"):
        profile.check(message)
    profile.check(answer())


def test_unknown_algorithm_is_no_setting() -> None:
    """The same names are unknown to what we send, so none goes out by mistake."""
    for settings in ({"algorithm": "rsa-md5"}, {"digest": "md5"}, {"canonicalization": "c14n2"}):
        with pytest.raises(ProfileError):
            Signature(**settings, legacy=LEGACY)  # type: ignore[arg-type]
    for settings in ({"algorithm": "chacha20-poly1305"}, {"key_wrap": "kw-tripledes"}):
        with pytest.raises(ProfileError):
            Encryption(recipients=("x",), legacy=LEGACY, **settings)  # type: ignore[arg-type]
