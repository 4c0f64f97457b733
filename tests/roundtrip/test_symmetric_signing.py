"""HMAC signatures: with a secret, a session key, a derived key, a password or a security context."""

from __future__ import annotations

import base64
from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from lxml import etree
from roundtrip.pair import (
    NOW,
    ORDER,
    canonical,
    envelope,
    keystore,
    refused,
)

from zeep_wssec import (
    Anonymous,
    Encryption,
    Inbound,
    KeyNotFoundError,
    KeyUsageError,
    MalformedSecurityError,
    Profile,
    RequirementError,
    SecurityContext,
    SessionKey,
    Signature,
    SignatureConfirmation,
    SignatureInvalidError,
    Timestamp,
    TokenUnavailableError,
    UntrustedCertificateError,
    UsernameToken,
)
from zeep_wssec.settings import DerivedKey, Step
from zeep_wssec.soap.namespaces import DS, WSC, WSC_2005, WSSE, WSSE11, XENC
from zeep_wssec.xmlcrypto.algorithms import KEY_TRANSPORTS_BY_NAME
from zeep_wssec.xmlcrypto.encrypting import transport_key

SECRET = bytes(range(32))
PASSWORD = "a long enough password"
STAMP = Timestamp()
ANONYMOUS = Anonymous(reason="a test")
SESSION = SessionKey(recipients=("service",))
MAC = Signature(key="session")
FRESH: dict[str, Any] = {"signed": ("body", "timestamp")}


def asking(*steps: Step, **settings: Any) -> Profile:
    """The client, which sends requests and checks answers of the service."""
    keys = keystore("client", "service").with_secret("shared", SECRET)
    settings.setdefault("inbound", Inbound(signed_by="service", **FRESH))
    return Profile(keystore=keys, outbound=steps, clock=lambda: NOW, **settings)


def answering(*steps: Step, **settings: Any) -> Profile:
    """The service, which checks requests and sends answers."""
    keys = keystore("service", "client").with_secret("shared", SECRET).with_user("alice", PASSWORD)
    settings.setdefault("inbound", Inbound(signed_by=ANONYMOUS, **FRESH))
    return Profile(keystore=keys, outbound=steps, clock=lambda: NOW, **settings)


def tags(message: bytes) -> list[str]:
    """Local names of the header's children."""
    return [str(child.tag).rpartition("}")[2] for child in etree.fromstring(message)[0][0]]


@pytest.mark.parametrize(
    "method", ["hmac-sha1", "hmac-sha224", "hmac-sha256", "hmac-sha384", "hmac-sha512"]
)
@pytest.mark.parametrize("derived", ["none", "1.3", "2005/02"])
def test_session_key(method: str, derived: DerivedKey) -> None:
    """A session key signs, itself or through a derived key, and the report says how."""
    legacy = {"sha1": "a test"} if method == "hmac-sha1" else {}
    step = Signature(key="session", algorithm=method, derived_key=derived, legacy=legacy)
    message = asking(STAMP, SESSION, step).secure(envelope()).to_bytes()
    inbound = Inbound(signed_by=ANONYMOUS, legacy=legacy, **FRESH)
    checked = answering(inbound=inbound).check(message)
    (found,) = checked.report.signatures
    assert (found.algorithm, found.parts) == (method, ("body", "timestamp"))
    assert found.trusted_as == "whoever knows our certificate (a test)"
    assert canonical(checked.body[0]) == ORDER.encode()
    space = {"none": None, "1.3": WSC, "2005/02": WSC_2005}[derived]
    tokens = [child.tag for child in etree.fromstring(message)[0][0] if "Derived" in str(child.tag)]
    assert tokens == ([] if space is None else [f"{{{space}}}DerivedKeyToken"])


def test_tokens_stand_in_front_of_their_use() -> None:
    """A receiver that reads in document order meets EncryptedKey, DerivedKeyToken and Signature in turn."""
    step = replace(MAC, derived_key="1.3")
    names = tags(asking(STAMP, SESSION, step).secure(envelope()).to_bytes())
    assert names.index("EncryptedKey") < names.index("DerivedKeyToken") < names.index("Signature")


def test_a_session_key_proves_nobody() -> None:
    """Anybody can encrypt a key to us: a demanded partner is not proved by it, but by an endorsing signature."""
    demands = Inbound(signed_by="client", **FRESH)
    message = asking(STAMP, SESSION, MAC).secure(envelope()).to_bytes()
    with pytest.raises(UntrustedCertificateError, match="proves nobody who must sign"):
        answering(inbound=demands).check(message)
    endorsed = asking(STAMP, SESSION, MAC, Signature(parts=("signature",))).secure(envelope())
    report = answering(inbound=demands).check(endorsed.to_bytes()).report
    assert [item.trusted_as for item in report.signatures] == ["partner 'client'", None]
    assert "body signed" in report.proved


def test_endorsing_another_signature() -> None:
    """An endorsing signature vouches for the very signature that it covers, not for another one beside it."""
    demands = Inbound(signed_by="client", signed=("body",), fresh_seconds=None)
    stamp = Signature(key="session", parts=("timestamp",))
    steps = (
        STAMP,
        SESSION,
        stamp,
        Signature(parts=("signature",)),
        Signature(key="session", parts=("body",)),
    )
    message = asking(*steps).secure(envelope()).to_bytes()
    with pytest.raises(UntrustedCertificateError, match="proves nobody who must sign"):
        answering(inbound=demands).check(message)


@pytest.mark.parametrize("derived", ["none", "1.3", "2005/02"])
def test_answer_under_the_key_of_the_request(derived: DerivedKey) -> None:
    """Request and answer under one key: it proves the partner that the request was encrypted to."""
    sealed = Encryption(key="session", derived_key=derived, parts=("body",))
    sent = asking(STAMP, SESSION, replace(MAC, derived_key=derived), sealed).secure(envelope())
    steps = (
        STAMP,
        Signature(key="request", key_reference="encrypted_key_sha1", derived_key=derived),
        Encryption(key="request", key_reference="encrypted_key_sha1", derived_key=derived),
    )
    partner = answering(*steps)
    request = partner.check(sent.to_bytes())
    assert canonical(request.body[0]) == ORDER.encode()
    reply = partner.secure(envelope(), answers=request).to_bytes()
    assert b"EncryptedKeySHA1" in reply
    assert b"EncryptedKey " not in reply
    checked = asking(inbound=Inbound(signed_by="service", encrypted=("body",), **FRESH)).check(
        reply, request=sent
    )
    assert checked.report.signatures[0].trusted_as == "holder of the key sent to 'service'"
    # Another request's key is not ours.
    other = asking(STAMP, SESSION, MAC).secure(envelope())
    with pytest.raises(Exception, match="neither in it nor in the request"):
        asking().check(reply, request=other)


def test_our_own_request_as_its_answer() -> None:
    """A request that comes back is no answer, although its key and its signature are right."""
    profile = asking(STAMP, SESSION, replace(MAC, key_reference="encrypted_key_sha1"))
    sent = profile.secure(envelope())
    tree = etree.fromstring(sent.to_bytes())
    for key in list(tree.iter("{http://www.w3.org/2001/04/xmlenc#}EncryptedKey")):
        key.getparent().remove(key)
    with pytest.raises(UntrustedCertificateError) as caught:
        profile.check(etree.tostring(tree), request=sent)
    assert caught.value.details["reason"] == "own_key"


def test_shared_secret() -> None:
    """A secret of the keystore signs under its KeyName, and proves who has it."""
    message = answering(STAMP, Signature(key="shared")).secure(envelope()).to_bytes()
    assert etree.fromstring(message).findtext(f".//{{{DS}}}KeyName") == "shared"
    report = asking(inbound=Inbound(signed_by="shared", **FRESH)).check(message).report
    assert report.signatures[0].trusted_as == "holder of the secret 'shared'"
    with pytest.raises(UntrustedCertificateError, match="proves nobody who must sign"):
        asking(inbound=Inbound(signed_by="service", **FRESH)).check(message)


def test_wrong_secret() -> None:
    """Another secret under the same name does not verify."""
    message = answering(STAMP, Signature(key="shared")).secure(envelope()).to_bytes()
    keys = keystore("client", "service").with_secret("shared", SECRET[::-1])
    inbound = Inbound(signed_by="shared", **FRESH)
    with pytest.raises(SignatureInvalidError):
        Profile(keystore=keys, inbound=inbound, clock=lambda: NOW).check(message)


def test_password() -> None:
    """A key from a password signs; the receiver derives it from its own copy, and the user is proved."""
    token = UsernameToken(
        username="alice", password=PASSWORD, password_type="none", derive_for="mac"
    )
    steps = (
        STAMP,
        token,
        Signature(key="username_token", parts=("body", "timestamp", "username_token")),
    )
    message = asking(*steps).secure(envelope()).to_bytes()
    assert PASSWORD.encode() not in message
    profile = answering(inbound=Inbound(signed_by="alice", **FRESH))
    assert (
        profile.check(message).report.signatures[0].trusted_as
        == "holder of the password of 'alice'"
    )
    wrong = replace(token, password="another password of hers")
    with pytest.raises(SignatureInvalidError):
        profile.check(asking(STAMP, wrong, steps[2]).secure(envelope()).to_bytes())


@pytest.mark.parametrize("version", ["1.3", "2005/02"])
@pytest.mark.parametrize("derived", ["none", "1.3", "2005/02"])
def test_security_context(version: Any, derived: DerivedKey) -> None:
    """A SecurityContextToken names the secret that signs."""
    context = SecurityContext(identifier="shared", key="shared", version=version)
    step = Signature(key="security_context", derived_key=derived)
    message = asking(STAMP, context, step).secure(envelope()).to_bytes()
    report = answering(inbound=Inbound(signed_by="shared", **FRESH)).check(message).report
    assert report.signatures[0].trusted_as == "holder of the secret 'shared'"


def test_methods_and_keys_do_not_mix() -> None:
    """A symmetric key signs with HMAC only, a key pair never does."""
    with pytest.raises(KeyUsageError, match="symmetric key"):
        asking(Signature(key="shared", algorithm="rsa-sha256")).secure(envelope())
    with pytest.raises(KeyUsageError, match="cannot sign with hmac-sha256"):
        asking(Signature(key="client", algorithm="hmac-sha256")).secure(envelope())
    with pytest.raises(KeyUsageError, match="derived from symmetric keys only"):
        asking(Signature(key="client", derived_key="1.3")).secure(envelope())
    with pytest.raises(KeyNotFoundError):
        asking(Signature(key="nobody")).secure(envelope())


DERIVED = asking(STAMP, SESSION, replace(MAC, derived_key="1.3"))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("Length", "8"),
        ("Length", "65"),
        ("Length", "-1"),
        ("Offset", "1025"),
        ("Offset", "x"),
        ("Nonce", "AAAA"),
    ],
)
def test_bounds_of_a_derived_key(name: str, text: str) -> None:
    """Length, offset and nonce are bounded before anything is derived."""
    message = DERIVED.secure(envelope()).to_bytes()
    answering().check(message)
    tree = etree.fromstring(message)
    next(tree.iter(f"{{{WSC}}}{name}")).text = text
    with pytest.raises(MalformedSecurityError):
        answering().check(etree.tostring(tree))


def test_derived_from_a_derived_key() -> None:
    """A DerivedKeyToken must lead to a first key, never to another one or to itself."""
    tree = etree.fromstring(DERIVED.secure(envelope()).to_bytes())
    (token,) = tree.iter(f"{{{WSC}}}DerivedKeyToken")
    own = next(value for name, value in token.attrib.items() if str(name).endswith("}Id"))
    reference = next(token.iter(f"{{{WSSE}}}Reference"))
    reference.set("URI", f"#{own}")
    reference.set("ValueType", f"{WSC}/dk")
    holder = next(token.iter(f"{{{WSSE}}}SecurityTokenReference"))
    holder.set(f"{{{WSSE11}}}TokenType", f"{WSC}/dk")
    with pytest.raises(MalformedSecurityError):
        answering().check(etree.tostring(tree))


def test_changed_nonce() -> None:
    """Another nonce gives another key."""
    tree = etree.fromstring(DERIVED.secure(envelope()).to_bytes())
    next(tree.iter(f"{{{WSC}}}Nonce")).text = "AAECAwQFBgcICQoLDA0ODw=="
    with pytest.raises(SignatureInvalidError):
        answering().check(etree.tostring(tree))


def test_confirmed_by_the_receiver() -> None:
    """An answer under the request's key can confirm the request's signature."""
    sent = asking(STAMP, SESSION, MAC).secure(envelope())
    steps = (
        STAMP,
        SignatureConfirmation(),
        Signature(
            key="request",
            key_reference="encrypted_key_sha1",
            parts=("body", "timestamp", "confirmation"),
        ),
    )
    partner = answering(*steps)
    reply = partner.secure(envelope(), answers=partner.check(sent.to_bytes())).to_bytes()
    demands = Inbound(signed_by="service", signature_confirmation="required", **FRESH)
    report = asking(inbound=demands).check(reply, request=sent).report
    assert "the signatures of the request confirmed" in report.proved


def test_unknown_secret() -> None:
    """A name that no secret has gives no key."""
    message = answering(STAMP, Signature(key="shared")).secure(envelope()).to_bytes()
    assert "no such secret" in str(refused(message, TokenUnavailableError))


@pytest.mark.parametrize("octets", [b"", bytes(15), bytes(32)])
def test_wrong_session_key(octets: bytes) -> None:
    """A key that came encrypted fails in one way, whether it is too short or only another one."""
    tree = etree.fromstring(asking(STAMP, SESSION, MAC).secure(envelope()).to_bytes())
    public_key = keystore("client", "service").snapshot().partners["service"].certificate.public_key
    assert isinstance(public_key, rsa.RSAPublicKey)
    sealed = transport_key(
        octets,
        public_key,
        transport=KEY_TRANSPORTS_BY_NAME["rsa-oaep"],
        digest="sha256",
        mgf_digest="sha256",
    )
    (value,) = tree.iterfind(f".//{{{XENC}}}EncryptedKey//{{{XENC}}}CipherValue")
    value.text = base64.b64encode(sealed).decode()
    with pytest.raises(SignatureInvalidError) as caught:
        answering().check(etree.tostring(tree))
    assert str(caught.value) == (
        "The signature value does not match: SignedInfo was changed, or another key signed. "
        "Compare the secret, or what the key is derived from, with the peer's."
    )


def test_answer_under_a_secret_that_requests_are_signed_with() -> None:
    """Our own earlier request would carry the same proof, so such an answer must name its request."""
    demands = Inbound(signed_by="shared", **FRESH)
    ours = (STAMP, Signature(key="shared"))
    sent = asking(*ours, inbound=demands).secure(envelope())
    earlier = asking(*ours).secure(envelope()).to_bytes()
    with pytest.raises(RequirementError, match="must name its request"):
        asking(*ours, inbound=demands).check(earlier, request=sent)
    partner = answering(
        STAMP,
        SignatureConfirmation(),
        Signature(key="shared", parts=("body", "timestamp", "confirmation")),
        inbound=demands,
    )
    reply = partner.secure(envelope(), answers=partner.check(sent.to_bytes())).to_bytes()
    asking(*ours, inbound=demands).check(reply, request=sent)
