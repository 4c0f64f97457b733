"""Keys that both sides have: whose signature it is, whom an answer is for, and what a stranger's key is worth."""

from __future__ import annotations

import base64
import hashlib
import os
from dataclasses import replace as replaced
from typing import Any

import pytest
from attacks.forge import (
    edited,
    find,
    header_of,
    remove,
    replace,
    security_of,
    set_attribute,
)
from cryptography.hazmat.primitives.asymmetric import rsa
from lxml import etree
from roundtrip.pair import (
    NOW,
    Forgetful,
    accepted,
    canonical,
    client,
    envelope,
    issued,
    keystore,
    refused,
    service,
    tree_of,
)

from zeep_wssec import (
    Anonymous,
    Encryption,
    Inbound,
    Keystore,
    OutboundError,
    OverTLS,
    Profile,
    RequirementError,
    SecurityHeader,
    SessionKey,
    Signature,
    SignatureConfirmation,
    Timestamp,
    UnsupportedAlgorithmError,
    UnsupportedTokenError,
    UntrustedCertificateError,
    UsernameToken,
)
from zeep_wssec.exchange import Holder
from zeep_wssec.header.symmetric import ENCRYPTED_KEY_SHA1, ENCRYPTED_KEY_TOKEN
from zeep_wssec.settings import Step
from zeep_wssec.soap.namespaces import SOAP11, WSSE
from zeep_wssec.xmlcrypto.algorithms import KEY_TRANSPORTS_BY_NAME, Digest
from zeep_wssec.xmlcrypto.c14n import canonicalize
from zeep_wssec.xmlcrypto.encrypting import transport_key

SECRET = bytes(range(32))
STAMP = Timestamp()
SESSION = SessionKey(recipients=("service",))
MAC = Signature(key="session")
ANONYMOUS = Anonymous(reason="a test")
KEY_REFERENCE = "ds:Signature/ds:KeyInfo/wsse:SecurityTokenReference"
OCTETS = "xenc:CipherData/xenc:CipherValue"
BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"


def asking(*steps: Step, **settings: Any) -> Profile:
    """The client, which sends requests and checks answers of the service."""
    return client(outbound=steps, **settings)


def answering(*steps: Step, **settings: Any) -> Profile:
    """The service, which checks requests and sends answers."""
    settings.setdefault("replay", Forgetful())
    return service(*steps, **settings)


def adding(*steps: Step) -> Profile:
    """Somebody with a certificate of the same CA, who adds to messages of others."""
    keys = issued("other").keystore("other").with_partner("service", issued("service").certificate)
    header = SecurityHeader(extend=True)
    return Profile(
        keystore=keys, clock=lambda: NOW, inbound=OverTLS(), header=header, outbound=steps
    )


def with_signed_note(message: bytes) -> bytes:
    """The message with one more header, signed by another partner, who leaves everything else alone."""
    root = tree_of(message)
    etree.SubElement(header_of(root), "{urn:x}Note")
    return adding(Signature(parts=("header:{urn:x}Note",))).secure(root).to_bytes()


# Whose signature it is.


def written_otherwise(root: etree._Element) -> None:
    """Write SignatureValue in another base64 of the same octets: bits behind the last one are not zero."""
    value = find(root, "ds:SignatureValue")
    text = value.text or ""
    last = len(text.rstrip("=")) - 1
    value.text = text[:last] + BASE64[BASE64.index(text[last]) ^ 1] + text[last + 1 :]
    assert value.text != text
    assert base64.b64decode(value.text) == base64.b64decode(text)


def named_by_digest(root: etree._Element) -> None:
    """Take the EncryptedKey of a request away and name it by its digest, as an answer does."""
    sealed = base64.b64decode(find(root, f"xenc:EncryptedKey/{OCTETS}").text or "")
    name = base64.b64encode(hashlib.sha1(sealed, usedforsecurity=False).digest()).decode()
    identifier = f'<wsse:KeyIdentifier ValueType="{ENCRYPTED_KEY_SHA1}">{name}</wsse:KeyIdentifier>'
    reference = f"<wsse:SecurityTokenReference>{identifier}</wsse:SecurityTokenReference>"
    replace(KEY_REFERENCE, reference)(root)
    remove("xenc:EncryptedKey")(root)


def test_our_request_in_another_base64() -> None:
    """Our own signature is known by its octets, in whatever way they are written."""
    profile = asking(STAMP, SESSION, MAC)
    request = profile.secure(envelope())
    for changes in ((named_by_digest,), (named_by_digest, written_otherwise)):
        message = edited(request.to_bytes(), *changes)
        error = refused(message, UntrustedCertificateError, profile, request=request.exchange)
        assert error.reason == "own_key"
    partner = answering(STAMP, Signature(key="request"), inbound=Inbound(signed_by=ANONYMOUS))
    answer = partner.secure(envelope(), answers=partner.check(request.to_bytes())).to_bytes()
    accepted(edited(answer, written_otherwise), profile, request=request.exchange)


def test_our_request_beside_anothers_signature() -> None:
    """An answer under a secret that we sign with names its request, whoever signs something beside it."""
    keys = keystore("client", "service").with_secret("shared", SECRET)
    keys = keys.with_partner("other", issued("other").certificate)
    ours, either = (STAMP, Signature(key="shared")), Inbound(signed_by=("shared", "other"))
    profile = asking(*ours, keystore=keys, inbound=either)
    earlier, request = profile.secure(envelope()), profile.secure(envelope())
    message = with_signed_note(earlier.to_bytes())
    error = refused(message, RequirementError, profile, request=request.exchange)
    assert any("must name its request" in item for item in error.missing)
    naming = Signature(key="shared", parts=("body", "timestamp", "confirmation"))
    partner = answering(
        STAMP,
        SignatureConfirmation(),
        naming,
        keystore=keystore("service", "client").with_secret("shared", SECRET),
        inbound=Inbound(signed_by="shared"),
    )
    answer = partner.secure(envelope(), answers=partner.check(request.to_bytes())).to_bytes()
    accepted(with_signed_note(answer), profile, request=request.exchange)


def named_alike(kind: str) -> Keystore:
    """A keystore in which a user has the name ``same``, and perhaps a partner or a secret, too."""
    keys = issued("service").keystore("service").with_user("same", "1234")
    if kind == "partner":
        return keys.with_partner("same", issued("client").certificate)
    return keys.with_secret("same", SECRET) if kind == "secret" else keys


@pytest.mark.parametrize("kind", ["partner", "secret"])
def test_user_of_the_same_name(kind: str) -> None:
    """A name in ``signed_by`` means one entry: a user's password is no proof of a partner or a secret."""
    token = UsernameToken(
        username="same", password="1234", password_type="none", derive_for="mac", name="ut"
    )
    message = asking(STAMP, token, Signature(key="ut")).secure(envelope()).to_bytes()
    demands = Inbound(signed_by="same")
    profile = answering(keystore=named_alike(kind), inbound=demands)
    assert refused(message, UntrustedCertificateError, profile).reason == "wrong_peer"
    accepted(message, answering(keystore=named_alike("user"), inbound=demands))


def test_type_of_a_key_reference() -> None:
    """A reference that says what it leads to says so rightly, or it is refused."""
    path = f"{KEY_REFERENCE}/wsse:Reference"
    message = asking(STAMP, SESSION, MAC).secure(envelope()).to_bytes()
    profile = answering(inbound=Inbound(signed_by=ANONYMOUS))
    for value in ("urn:x", "", ENCRYPTED_KEY_SHA1):
        changed = edited(message, set_attribute(path, "ValueType", value))
        refused(changed, UnsupportedTokenError, profile)
    for right in (None, ENCRYPTED_KEY_TOKEN):
        accepted(edited(message, set_attribute(path, "ValueType", right)), profile)


# Whom an answer is for.


def strangers_key(secret: bytes) -> etree._Element:
    """An EncryptedKey for the service, as anybody can make one."""
    made = find(tree_of(asking(SESSION).secure(envelope()).to_bytes()), "xenc:EncryptedKey")
    public_key = issued("service").certificate.public_key
    assert isinstance(public_key, rsa.RSAPublicKey)
    sealed = transport_key(
        secret,
        public_key,
        transport=KEY_TRANSPORTS_BY_NAME["rsa-oaep"],
        digest="sha256",
        mgf_digest="sha256",
    )
    find(made, OCTETS).text = base64.b64encode(sealed).decode()
    return made


def with_strangers_key(message: bytes, secret: bytes) -> bytes:
    """The message with a stranger's key in front of everything."""
    return edited(message, lambda root: security_of(root).insert(0, strangers_key(secret)))


KEYED: tuple[Step, ...] = (
    STAMP,
    SESSION,
    Signature(parts=("body", "timestamp", "encrypted_key")),
)


def test_key_that_nothing_signs() -> None:
    """An answer is never encrypted with a key that no trusted signature vouches for."""
    profile = answering(Encryption(key="request"), inbound=Inbound(signed_by="client"))
    signed = asking(STAMP, Signature()).secure(envelope()).to_bytes()
    request = accepted(with_strangers_key(signed, os.urandom(32)), profile)
    assert request.received.session_keys == ()
    with pytest.raises(OutboundError, match="no key that a trusted signature"):
        profile.secure(envelope(), answers=request)
    asker = asking(*KEYED, inbound=Inbound(signed=(), encrypted=("body",), fresh_seconds=None))
    sent = asker.secure(envelope())
    answer = profile.secure(envelope(), answers=accepted(sent.to_bytes(), profile)).to_bytes()
    assert accepted(answer, asker, request=sent.exchange).report.encryptions[0].part == "body"


@pytest.mark.parametrize(
    ("steps", "signed_by"),
    [(KEYED, "client"), ((STAMP, SESSION, MAC), ANONYMOUS)],
    ids=["signed", "signs"],
)
def test_key_that_stands_in_front(steps: tuple[Step, ...], signed_by: Any) -> None:
    """A stranger's key in front of the true one does not take its place in the answer."""
    asker = asking(*steps, inbound=Inbound(signed=(), encrypted=("body",), fresh_seconds=None))
    profile = answering(Encryption(key="request"), inbound=Inbound(signed_by=signed_by))
    secret, sent = os.urandom(32), asker.secure(envelope())
    for message in (sent.to_bytes(), with_strangers_key(sent.to_bytes(), secret)):
        request = accepted(message, profile)
        assert len(request.received.session_keys) == 1
        assert secret not in [key.octets for key in request.received.session_keys]
        answer = profile.secure(envelope(), answers=request).to_bytes()
        checked = accepted(answer, asker, request=sent.exchange)
        assert canonical(checked.body) == canonical(tree_of(envelope())[-1])


def test_answer_for_who_signed_the_body() -> None:
    """An answer for the signer of the request is for who signed its Body, not for who signed more of it."""
    keys = keystore("service", "client").with_partner("other", issued("other").certificate)
    step = Encryption(recipients=("request_signer",))
    profile = answering(step, keystore=keys, inbound=Inbound(signed_by=("client", "other")))
    message = asking(STAMP, Signature()).secure(envelope()).to_bytes()
    for changed in (message, with_signed_note(message)):
        request = accepted(changed, profile)
        assert request.received.signers == (issued("client").certificate,)
        answer = profile.secure(envelope(), answers=request).to_bytes()
        encrypted = Inbound(signed=(), encrypted=("body",), fresh_seconds=None)
        found = accepted(answer, asking(inbound=encrypted)).report.encryptions
        assert [item.recipient for item in found] == ["client"]
    own = adding(STAMP, Signature()).secure(envelope()).to_bytes()
    assert accepted(own, profile).received.signers == (issued("other").certificate,)


# What a stranger's key is worth.

CBC = Encryption(recipients=("service",), algorithm="aes256-cbc", legacy={"cbc": "a test"})
OVER_CIPHERTEXT = ("body", "timestamp", "encrypted_key")


def captured_under_anothers_mac() -> bytes:
    """CBC ciphertext from a message of the client, under a session key that somebody else has made."""
    captured = tree_of(asking(CBC).secure(envelope("4111 1111")).to_bytes())
    root = tree_of(envelope(""))
    root[-1].append(find(captured, "xenc:EncryptedData"))
    root.insert(0, etree.Element(f"{{{SOAP11}}}Header"))
    etree.SubElement(root[0], f"{{{WSSE}}}Security").append(find(captured, "xenc:EncryptedKey"))
    adds = adding(STAMP, SESSION, Signature(key="session", parts=OVER_CIPHERTEXT))
    made = tree_of(adds.secure(root).to_bytes())
    # Behind the signature: CBC ciphertext may be decrypted once something has been verified over it.
    security_of(made).append(find(made, "xenc:ReferenceList/.."))
    return etree.tostring(made)


def test_cbc_under_a_strangers_mac() -> None:
    """A signature that anybody can make does not protect CBC ciphertext, wherever anybody may sign."""
    message = captured_under_anothers_mac()
    profile = answering(inbound=Inbound(signed_by=ANONYMOUS))
    assert refused(message, UnsupportedAlgorithmError, profile).opt_in == "cbc"
    opted = Inbound(signed_by=ANONYMOUS, legacy={"cbc": "a test"})
    assert accepted(message, answering(inbound=opted)).body.text == "4111 1111"
    named = asking(STAMP, CBC, Signature(parts=OVER_CIPHERTEXT)).secure(envelope()).to_bytes()
    accepted(named, answering(inbound=Inbound(signed_by=("client", ANONYMOUS))))


@pytest.mark.parametrize("by_anybody", ["body", "encrypted_key"])
def test_cbc_that_a_strangers_mac_protects_in_part(by_anybody: str) -> None:
    """The ciphertext, and what its key comes from, must each be covered by somebody whom we know."""
    named = tuple(part for part in OVER_CIPHERTEXT if part != by_anybody)
    mac = Signature(key="session", parts=("timestamp", by_anybody))
    profile = answering(inbound=Inbound(signed_by=("client", ANONYMOUS)))
    partly = asking(STAMP, CBC, Signature(parts=named), SESSION, mac).secure(envelope())
    assert refused(partly.to_bytes(), UnsupportedAlgorithmError, profile).opt_in == "cbc"
    wholly = asking(STAMP, CBC, Signature(parts=OVER_CIPHERTEXT), SESSION, mac).secure(envelope())
    accepted(wholly.to_bytes(), profile)


def work(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Note from now on what signatures have canonicalized, and each digest that is made."""
    done: list[str] = []
    digest = Digest.of

    def canonicalizing(node: etree._Element, *given: Any) -> bytes:
        done.append(str(etree.QName(node).localname))
        return canonicalize(node, *given)

    def digesting(self: Digest, data: bytes) -> bytes:
        done.append(self.name)
        return digest(self, data)

    monkeypatch.setattr("zeep_wssec.xmlcrypto.signing.canonicalize", canonicalizing)
    monkeypatch.setattr(Digest, "of", digesting)
    return done


def test_strangers_mac_is_not_worth_a_digest(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a signature that anybody can make, nothing but the value is computed until a trusted one endorses it."""
    macs = (STAMP, SESSION, MAC, MAC, MAC)
    alone = asking(*macs).secure(envelope()).to_bytes()
    endorsed = asking(*macs, Signature(parts=("signature",))).secure(envelope()).to_bytes()
    profile = answering(inbound=Inbound(signed_by="client"))
    done = work(monkeypatch)
    with pytest.raises(UntrustedCertificateError, match="proves nobody who must sign"):
        profile.check(alone)
    assert done == ["SignedInfo"] * 3
    del done[:]
    profile.check(endorsed)
    assert done.count("SignedInfo") == 4
    assert done.count("Body") == done.count("Timestamp") == 3


def test_key_that_several_have() -> None:
    """A key that the request gave to several proves that one of them has signed: all must be among the demanded."""
    request = asking(STAMP, SESSION, MAC).secure(envelope())
    partner = service(inbound=Inbound(signed_by=ANONYMOUS), replay=Forgetful())
    seen = partner.check(request.to_bytes())
    step = Signature(key="request", key_reference="encrypted_key_sha1")
    reply = service(STAMP, step).secure(envelope(), answers=seen).to_bytes()
    (key,) = request.exchange.session_keys
    both = replaced(key, known_to=(*key.known_to, Holder("partner", "other")))
    exchange = replaced(request.exchange, session_keys=(both,))
    known = keystore("client", "service").with_partner("other", issued("other").certificate)
    one, all_of_them = (
        client(keystore=known, inbound=Inbound(signed_by=names))
        for names in ("service", ("service", "other"))
    )
    accepted(reply, one, request=request.exchange)
    refused(reply, UntrustedCertificateError, one, request=exchange)
    accepted(reply, all_of_them, request=exchange)
