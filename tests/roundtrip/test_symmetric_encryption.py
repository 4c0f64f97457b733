"""Encrypting with keys that both sides have: secrets, session keys, derived keys, keys of the request."""

from __future__ import annotations

import os
from dataclasses import replace
from types import ModuleType
from typing import Any, Literal

import pytest
from attacks.forge import (
    Change,
    edited,
    find,
    flipped,
    remove,
    security_of,
    set_attribute,
    set_text,
    with_octets,
)
from lxml import etree
from roundtrip.pair import (
    LEGACY,
    NOW,
    ORDER,
    Forgetful,
    accepted,
    authority,
    canonical,
    envelope,
    issued,
    keystore,
    refused,
    tree_of,
)

from zeep_wssec import (
    Anonymous,
    DecryptionError,
    Encryption,
    Inbound,
    InboundError,
    KeyNotFoundError,
    Keystore,
    KeyUsageError,
    MalformedSecurityError,
    OutboundError,
    OverTLS,
    PartNotFoundError,
    Profile,
    SecurityContext,
    SessionKey,
    Signature,
    Timestamp,
    TokenUnavailableError,
    UnsupportedAlgorithmError,
    UnsupportedTokenError,
    UsernameToken,
)
from zeep_wssec.results import Checked, Secured
from zeep_wssec.settings import DerivedKey, Step
from zeep_wssec.soap.namespaces import DS, WSSE, XENC, XENC11

CIPHERS = {
    "aes128-gcm": 16, "aes192-gcm": 24, "aes256-gcm": 32,
    "aes128-cbc": 16, "aes192-cbc": 24, "aes256-cbc": 32, "tripledes-cbc": 24,
}  # fmt: skip
WRAPS = {"kw-aes128": 16, "kw-aes192": 24, "kw-aes256": 32}
SECRETS = {length: bytes(range(length)) for length in (16, 24, 32, 48)}
OPT_INS = {**LEGACY, "3des": "a test"}
SEALED = Inbound(signed=(), encrypted=("body",), fresh_seconds=None, legacy=OPT_INS)
STRICT = Inbound(signed=(), encrypted=("body",), fresh_seconds=None)
ANONYMOUS = Anonymous(reason="a test")
SESSION = SessionKey(recipients=("service",))
WITH_SESSION = Encryption(key="session")
DATA, KEY = "xenc:EncryptedData", "xenc:EncryptedKey"


def known(ours: str, theirs: str, key: str = "rsa-2048") -> Keystore:
    """One side's keystore, with the secrets that both sides have."""
    keys = keystore(ours, theirs, key)
    for length, octets in SECRETS.items():
        keys = keys.with_secret(f"secret-{length}", octets, key_name=f"k{length}")
    return keys.with_user("alice", "a long enough password")


def sending(*steps: Step, key: str = "rsa-2048", **settings: Any) -> Profile:
    """The client, which sends requests."""
    settings.setdefault("keystore", known("client", "service", key))
    return Profile(clock=lambda: NOW, outbound=steps, **settings)


def receiving(*steps: Step, key: str = "rsa-2048", **settings: Any) -> Profile:
    """The service, which reads requests and answers them."""
    settings.setdefault("keystore", known("service", "client", key))
    settings.setdefault("inbound", SEALED)
    settings.setdefault("replay", Forgetful())
    return Profile(clock=lambda: NOW, outbound=steps, **settings)


def sent(*steps: Step, **settings: Any) -> bytes:
    """A request."""
    return sending(*steps, **settings).secure(envelope()).to_bytes()


def with_secret(length: int = 32, **settings: Any) -> Encryption:
    """A step that encrypts with a secret."""
    return Encryption(**{"key": f"secret-{length}", "legacy": OPT_INS, **settings})


def tags(message: bytes) -> list[str]:
    """Local names of the header's children."""
    return [str(child.tag).rpartition("}")[2] for child in security_of(tree_of(message))]


def opened(message: bytes, profile: Profile | None = None) -> Checked:
    """Check a message whose order must come out as it was."""
    checked = accepted(message, profile or receiving())
    assert canonical(checked.body[0]) == canonical(etree.fromstring(ORDER))
    return checked


# A secret.


@pytest.mark.parametrize("cipher", CIPHERS)
def test_secret(cipher: str) -> None:
    """The parts are encrypted with the secret itself, which is named; no EncryptedKey is sent."""
    step = with_secret(CIPHERS[cipher], algorithm=cipher)
    message = sent(step)
    assert tags(message) == ["ReferenceList"]
    assert find(tree_of(message), f"{DATA}/ds:KeyInfo/ds:KeyName").text == f"k{CIPHERS[cipher]}"
    (found,) = opened(message).report.encryptions
    assert (found.algorithm, found.recipient) == (cipher, f"secret-{CIPHERS[cipher]}")
    assert found.key_transport == ""


@pytest.mark.parametrize("wrap", WRAPS)
@pytest.mark.parametrize("cipher", CIPHERS)
def test_wrapped_under_a_secret(cipher: str, wrap: str) -> None:
    """Every cipher under every key wrap: a fresh content key each time."""
    step = with_secret(WRAPS[wrap], wrapped=True, key_wrap=wrap, algorithm=cipher)
    message = sent(step)
    assert tags(message) == ["EncryptedKey"]
    assert find(tree_of(message), f"{KEY}/ds:KeyInfo/ds:KeyName").text == f"k{WRAPS[wrap]}"
    (found,) = opened(message).report.encryptions
    assert (found.algorithm, found.key_transport) == (cipher, wrap)
    assert found.recipient == f"secret-{WRAPS[wrap]}"


def test_wrapped_for_several_who_share_secrets() -> None:
    """A key wrapped under a secret that we lack is for somebody else."""
    theirs = known("client", "service").with_secret("unknown", os.urandom(32))
    steps = (
        with_secret(key="unknown", wrapped=True, parts=("timestamp",)),
        with_secret(wrapped=True),
    )
    message = sent(Timestamp(), *steps, keystore=theirs)
    error = refused(
        sent(Timestamp(), steps[0], keystore=theirs), TokenUnavailableError, receiving()
    )
    assert "'unknown'" in str(error)
    assert error.hint
    assert len(opened(message).report.encryptions) == 1


# A session key.


@pytest.mark.parametrize("recipient", ["rsa-2048", "ec-p256", "ec-p521", "x25519", "x448"])
@pytest.mark.parametrize("cipher", CIPHERS)
def test_session_key(cipher: str, recipient: str) -> None:
    """Every cipher with a session key that came in every way."""
    session = SessionKey(recipients=("service",), bytes=CIPHERS[cipher])
    step = Encryption(key="session", algorithm=cipher, legacy=OPT_INS)
    message = sent(session, step, key=recipient)
    assert tags(message) == ["EncryptedKey", "ReferenceList"]
    (found,) = opened(message, receiving(key=recipient)).report.encryptions
    assert (found.algorithm, found.recipient) == (cipher, "service")
    assert found.key_transport


@pytest.mark.parametrize("derived_key", ["none", "1.3"])
def test_token_of_the_recipient_stands_first(derived_key: DerivedKey) -> None:
    """A receiver that reads in document order has met each token before its use."""
    session = SessionKey(recipients=("service",), key_reference="binary_token")
    steps = (session, Timestamp(), MAC, Encryption(key="session", derived_key=derived_key))
    message = sent(*steps)
    derived = ["DerivedKeyToken"] if derived_key != "none" else []
    assert tags(message)[: 3 + len(derived)] == [
        "BinarySecurityToken",
        "EncryptedKey",
        *derived,
        "ReferenceList",
    ]
    opened(message, receiving(inbound=Inbound(signed_by=ANONYMOUS)))


@pytest.mark.parametrize("base", ["session", "context"])
@pytest.mark.parametrize("version", ["1.3", "2005/02"])
@pytest.mark.parametrize("cipher", CIPHERS)
def test_derived_key(cipher: str, version: Literal["1.3", "2005/02"], base: str) -> None:
    """Every cipher with a key derived from a session key or a security context, of whatever length."""
    made = SecurityContext(name="context", key="secret-48", identifier="k48", version=version)
    step = Encryption(key=base, algorithm=cipher, derived_key=version, legacy=OPT_INS)
    message = sent(SESSION if base == "session" else made, step)
    token = "EncryptedKey" if base == "session" else "SecurityContextToken"
    assert tags(message) == [token, "DerivedKeyToken", "ReferenceList"]
    (found,) = opened(message).report.encryptions
    assert found.recipient == ("service" if base == "session" else "secret-48")


@pytest.mark.parametrize("wrap", WRAPS)
def test_wrapped_under_a_session_key(wrap: str) -> None:
    """A content key wrapped under a session key, or under the secret of a security context."""
    session = SessionKey(recipients=("service",), bytes=WRAPS[wrap])
    step = Encryption(key="session", wrapped=True, key_wrap=wrap)
    message = sent(session, step)
    assert tags(message) == ["EncryptedKey", "EncryptedKey"]
    (found,) = opened(message).report.encryptions
    assert (found.key_transport, found.recipient) == (wrap, "service")
    context = SecurityContext(name="c", key=f"secret-{WRAPS[wrap]}", identifier=f"k{WRAPS[wrap]}")
    opened(sent(context, Encryption(key="c", wrapped=True, key_wrap=wrap)))


def test_session_key_named_by_its_digest() -> None:
    """A key that is in the message may be named by EncryptedKeySHA1 as well."""
    message = sent(SESSION, Encryption(key="session", key_reference="encrypted_key_sha1"))
    identifier = find(tree_of(message), f"{DATA}//wsse:KeyIdentifier")
    assert (identifier.get("ValueType") or "").endswith("#EncryptedKeySHA1")
    opened(message)


def test_two_session_keys() -> None:
    """Each part with its own key, by name."""
    steps = (
        Timestamp(),
        SessionKey(name="a", recipients=("service",)),
        SessionKey(name="b", recipients=("service",), bytes=16),
        Encryption(key="a"),
        Encryption(key="b", parts=("timestamp",), algorithm="aes128-gcm"),
    )
    report = opened(sent(*steps)).report
    assert {item.part: item.algorithm for item in report.encryptions} == {
        "body": "aes256-gcm",
        "timestamp": "aes128-gcm",
    }


MAC = Signature(key="session")
ORDERS: dict[str, tuple[Step, ...]] = {
    "sign, encrypt": (SESSION, Timestamp(), MAC, WITH_SESSION),
    "encrypt, sign": (SESSION, Timestamp(), WITH_SESSION, MAC),
    "sign, encrypt with the signature": (
        SESSION,
        Timestamp(),
        MAC,
        Encryption(key="session", parts=("body", "signature")),
    ),
    "sign, encrypt twice": (
        SESSION,
        Timestamp(),
        MAC,
        Encryption(key="session", parts=("xpath://*[local-name()='sku']",)),
        WITH_SESSION,
    ),
    "encrypt, sign, encrypt": (
        SESSION,
        Timestamp(),
        WITH_SESSION,
        MAC,
        Encryption(key="session", parts=("signature",), derived_key="1.3"),
    ),
    "for a recipient, then with the session key": (
        SESSION,
        Timestamp(),
        MAC,
        Encryption(recipients=("service",), parts=("signature",)),
        WITH_SESSION,
    ),
    "both derived": (
        SESSION,
        Timestamp(),
        Signature(key="session", derived_key="1.3"),
        Encryption(key="session", derived_key="1.3", parts=("body", "signature")),
    ),
}


@pytest.mark.parametrize("order", ORDERS)
def test_orders(order: str) -> None:
    """Whatever the order of the steps, the content comes back and its signature fits."""
    demands = Inbound(signed_by=ANONYMOUS, encrypted=("body",))
    checked = opened(sent(*ORDERS[order]), receiving(inbound=demands))
    (found,) = checked.report.signatures
    assert "body" in found.parts


PARTS = ("body", "timestamp", "username_token", "headers", "{Element}{urn:orders}sku")


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("key", ["session", "secret-32"])
def test_parts(part: str, key: str) -> None:
    """Each part comes back where it was; what stands in the security header is encrypted in its place."""
    steps = (
        SESSION,
        Timestamp(),
        UsernameToken(username="alice", password="a long enough password"),
        Encryption(key=key, parts=(part,)),
    )
    plain = envelope(headers='<H xmlns="urn:h">1</H>')
    message = sending(*steps).secure(plain).to_bytes()
    demanded = "header:{urn:h}H" if part == "headers" else part
    demands = Inbound(signed=(), encrypted=(demanded,), fresh_seconds=None)
    opened(message, receiving(inbound=demands))


@pytest.mark.parametrize("recipients", [(), ("service",)])
def test_token_of_a_signature(recipients: tuple[str, ...]) -> None:
    """The signer's certificate is hidden, and is there again before the signature is read.

    The token that says for whom a key is encrypted has to stay.
    """
    how: dict[str, Any] = {"recipients": recipients} if recipients else {"key": "session"}
    steps = (
        replace(SESSION, key_reference="binary_token"),
        Timestamp(),
        Signature(key_reference="binary_token"),
        Encryption(parts=("token",), **how),
    )
    message = sent(*steps)
    left = security_of(tree_of(message)).findall("{*}BinarySecurityToken")
    assert [item.text for item in left] == [issued("service").certificate.base64]
    (found,) = opened(message, receiving(inbound=Inbound(signed_by="client"))).report.encryptions
    assert found.part == "token"
    bare = Encryption(key="secret-32", parts=("token",))
    with pytest.raises(PartNotFoundError):
        sent(bare)
    assert b"EncryptedData" not in sent(replace(bare, parts=("token?",)))


def test_key_of_a_password() -> None:
    """A password that both sides know gives a key, which ciphers use through a derived one."""
    user = UsernameToken(
        username="alice",
        password="a long enough password",
        password_type="none",
        derive_for="encryption",
        name="password",
    )
    message = sent(user, Encryption(key="password", derived_key="1.3"))
    assert tags(message) == ["UsernameToken", "DerivedKeyToken", "ReferenceList"]
    opened(message)
    keys = keystore("service", "client").with_user("alice", "some other password")
    refused(message, DecryptionError, receiving(keystore=keys))


# An answer with the key of its request.


def exchanged(step: Encryption, *before: Step) -> tuple[Secured, bytes]:
    """A request that is signed and encrypted with a session key, and its answer."""
    service = receiving(*before, step, inbound=Inbound(signed_by=ANONYMOUS, encrypted=("body",)))
    steps = (Timestamp(), SESSION, MAC, WITH_SESSION)
    request = sending(*steps, inbound=STRICT).secure(envelope())
    answer = service.secure(envelope(), answers=service.check(request.to_bytes()))
    return request, answer.to_bytes()


ANSWERS = {
    "itself": Encryption(key="request"),
    "derived": Encryption(key="request", derived_key="1.3", algorithm="aes128-gcm"),
    "derived, older": Encryption(key="request", derived_key="2005/02"),
    "wrapped": Encryption(key="request", wrapped=True),
    "named so": Encryption(key="request", key_reference="encrypted_key_sha1"),
}


@pytest.mark.parametrize("how", ANSWERS)
def test_key_of_the_request(how: str) -> None:
    """The answer uses the key that the request carried, named by EncryptedKeySHA1."""
    request, answer = exchanged(ANSWERS[how])
    profile = sending(inbound=STRICT)
    checked = accepted(answer, profile, request=request.exchange)
    assert canonical(checked.body[0]) == canonical(etree.fromstring(ORDER))
    assert b"EncryptedKeySHA1" in answer


def test_key_of_another_request() -> None:
    """The twin: held against another request, or none, the key is not there."""
    _, answer = exchanged(ANSWERS["itself"])
    other, _ = exchanged(ANSWERS["itself"])
    profile = sending(inbound=STRICT)
    refused(answer, TokenUnavailableError, profile, request=other.exchange)
    refused(answer, TokenUnavailableError, profile)


def test_key_that_signed_nothing() -> None:
    """Anybody can put an EncryptedKey into a request; the answer never uses one that nothing vouches for."""
    service = receiving(ANSWERS["itself"])
    request = service.check(
        sending(SESSION, WITH_SESSION, inbound=STRICT).secure(envelope()).to_bytes()
    )
    with pytest.raises(OutboundError, match="no key that a trusted signature"):
        service.secure(envelope(), answers=request)


def test_no_key_of_a_request() -> None:
    """An answer needs a request that carried a key."""
    with pytest.raises(OutboundError) as caught:
        receiving(ANSWERS["itself"]).secure(envelope())
    assert "answers=" in caught.value.hint
    service = receiving(ANSWERS["itself"])
    request = sent(with_secret())
    with pytest.raises(OutboundError):
        service.secure(envelope(), answers=service.check(request))


def test_request_signer() -> None:
    """An answer is encrypted for whoever signed the request; its signer must be known."""
    step = Encryption(recipients=("request_signer",))
    service = receiving(step, inbound=Inbound(signed_by="client"))
    request = sent(Timestamp(), Signature())
    answer = service.secure(envelope(), answers=service.check(request)).to_bytes()
    (found,) = opened(answer, sending(inbound=STRICT)).report.encryptions
    assert found.recipient == "client"
    with pytest.raises(OutboundError, match="answers none"):
        service.secure(envelope())
    unsigned = receiving(step)
    with pytest.raises(OutboundError, match="no trusted signer"):
        unsigned.secure(envelope(), answers=unsigned.check(sent(with_secret())))


# What does not fit.


@pytest.mark.parametrize(
    ("steps", "says"),
    [
        ((with_secret(16),), "16 octets; aes256-gcm takes 32"),
        ((with_secret(48),), "48 octets; aes256-gcm takes 32"),
        ((with_secret(16, wrapped=True),), "kw-aes256 takes 32"),
        ((SessionKey(recipients=("service",), bytes=20), WITH_SESSION), "20 octets"),
        ((with_secret(derived_key="1.3"),), "No key can be derived"),
        ((with_secret(key_reference="encrypted_key_sha1"),), "no EncryptedKeySHA1"),
        ((SessionKey(recipients=("service",), bytes=400),), "400 octets cannot be put"),
    ],
    ids=str,
)  # fmt: skip
def test_keys_that_do_not_fit(steps: tuple[Step, ...], says: str) -> None:
    """A key of another length is not cut or stretched silently: the error says what to set."""
    with pytest.raises(KeyUsageError, match=says) as caught:
        sent(*steps)
    assert caught.value.reason == "wrong_usage"


def test_odd_session_key_for_an_elliptic_curve() -> None:
    """A key wrap takes whole blocks of eight octets; key transport takes any."""
    odd = SessionKey(recipients=("service",), bytes=20)
    with pytest.raises(KeyUsageError, match="20 octets cannot be put"):
        sent(odd, key="ec-p256")
    step = Encryption(key="session", derived_key="1.3")
    opened(sent(odd, step))


def test_key_that_nobody_made() -> None:
    """The error lists the keys that there are, and where the name stands."""
    with pytest.raises(KeyNotFoundError) as caught:
        sent(SESSION, Encryption(key="sesion"))
    assert "'session'" in caught.value.hint
    assert caught.value.path == "outbound[1].key"
    with pytest.raises(KeyNotFoundError) as caught:
        sent(Encryption(key="service"))
    assert "recipients = ['service']" in caught.value.hint


@pytest.mark.parametrize(
    ("part", "key"), [("encrypted_key", "session"), ("username_token", "password")]
)
def test_key_locked_in_by_itself(part: str, key: str) -> None:
    """What a key comes from is not encrypted with it; another key may."""
    user = UsernameToken(
        username="alice",
        password="a long enough password",
        password_type="none",
        derive_for="encryption",
        name="password",
    )
    made = SESSION if key == "session" else user
    locked = Encryption(key=key, parts=(part,), derived_key="1.3")
    with pytest.raises(OutboundError, match="that would open it"):
        sent(made, locked)
    other = with_secret(parts=(part,))
    opened(sent(made, Encryption(key=key, derived_key="1.3"), other))


# What a receiver refuses.


def test_embedded_key(capfd: pytest.CaptureFixture[str]) -> None:
    """A key that both sides keep as base64, called k1: no EncryptedKey; another key shows no plain text."""
    right, wrong = os.urandom(32), os.urandom(32)
    ours, theirs = keystore("client", "service"), keystore("service", "client")
    step = Encryption(key="shared")
    message = sent(step, keystore=ours.with_secret("shared", right, key_name="k1"))
    assert find(tree_of(message), f"{DATA}/ds:KeyInfo/ds:KeyName").text == "k1"
    assert b"EncryptedKey" not in message
    opened(message, receiving(keystore=theirs.with_secret("mine", right, key_name="k1")))
    error = refused(
        message,
        DecryptionError,
        receiving(keystore=theirs.with_secret("mine", wrong, key_name="k1")),
    )
    assert "sku" not in repr(error.to_dict()) + str(error)
    assert capfd.readouterr() == ("", "")
    missing = refused(message, TokenUnavailableError, receiving(keystore=theirs))
    assert "'k1'" in str(missing)


def test_swapped_key_name() -> None:
    """Another secret's name opens nothing; a name that nobody has is said to be missing."""
    message = sent(with_secret())
    opened(message)
    name = f"{DATA}/ds:KeyInfo/ds:KeyName"
    refused(edited(message, set_text(name, "k48")), DecryptionError, receiving())
    refused(edited(message, set_text(name, "nobody")), TokenUnavailableError, receiving())
    refused(edited(message, set_text(name, "")), MalformedSecurityError, receiving())


UNREADABLE: dict[str, tuple[tuple[Step, ...], Change]] = {
    "ciphertext": ((with_secret(),), with_octets(flipped(-1))),
    "wrapped key": ((with_secret(wrapped=True),), with_octets(flipped(2), KEY)),
    "wrapped key cut": ((with_secret(wrapped=True),), with_octets(lambda octets: octets[:16], KEY)),
    "wrapped under another secret": (
        (with_secret(wrapped=True),),
        set_text(f"{KEY}/ds:KeyInfo/ds:KeyName", "k16"),
    ),
    "session key": ((SESSION, WITH_SESSION), with_octets(flipped(2), KEY)),
    "session key cut": ((SESSION, WITH_SESSION), with_octets(lambda octets: octets[:-1], KEY)),
    "key of a derived key": (
        (SESSION, Encryption(key="session", derived_key="1.3")),
        with_octets(flipped(2), KEY),
    ),
    "nonce of a derived key": (
        (SESSION, Encryption(key="session", derived_key="1.3")),
        set_text("{*}DerivedKeyToken/{*}Nonce", "AAAAAAAAAAAAAAAAAAAAAA=="),
    ),
    "length of a derived key": (
        (SESSION, Encryption(key="session", derived_key="1.3")),
        set_text("{*}DerivedKeyToken/{*}Length", "31"),
    ),
}


@pytest.mark.parametrize("cause", UNREADABLE)
def test_unreadable(cause: str) -> None:
    """Whatever goes wrong once a key is used: one error."""
    steps, change = UNREADABLE[cause]
    message = sent(*steps)
    opened(message)
    expected = refused(
        edited(sent(with_secret()), with_octets(flipped(-1))), DecryptionError, receiving()
    )
    error = refused(edited(message, change), DecryptionError, receiving())
    assert (str(error), error.to_dict()) == (str(expected), expected.to_dict())
    assert error.__suppress_context__


def test_list_taken_away() -> None:
    """What is left encrypted in the Body is missed."""
    message = sent(with_secret())
    opened(message)
    refused(edited(message, remove("xenc:ReferenceList")), TokenUnavailableError, receiving())


def test_wrong_recipient_of_a_session_key() -> None:
    """A session key for somebody else is said to be so."""
    other = authority().issue("somebody").keystore("somebody")
    message = sent(SESSION, WITH_SESSION)
    opened(message)
    error = refused(message, TokenUnavailableError, receiving(keystore=other))
    assert "issuer" in str(error)


def embed(root: etree._Element) -> None:
    """Put the EncryptedKey into the KeyInfo of what it opens."""
    key_info = find(root, f"{DATA}/ds:KeyInfo")
    key_info[:] = [find(root, KEY)]


def test_encrypted_key_inside_what_it_opens() -> None:
    """Spec: XML Encryption 1.1 section 3.5.1: an EncryptedKey may stand in the KeyInfo itself."""
    message = sent(SESSION, WITH_SESSION)
    opened(edited(message, embed))
    changed = edited(message, embed, with_octets(flipped(2), f"{DATA}/ds:KeyInfo/{KEY}"))
    refused(changed, DecryptionError, receiving())


def test_key_wrapped_under_itself() -> None:
    """An EncryptedKey that leads to itself, alone or by another one."""

    def loop(root: etree._Element) -> None:
        reference = find(root, f"{KEY}/ds:KeyInfo//wsse:Reference")
        reference.set("URI", f"#{find(root, KEY).get('Id')}")

    message = sent(SESSION, Encryption(key="session", wrapped=True))
    wrapped_first = edited(message, lambda root: security_of(root).insert(0, security_of(root)[1]))
    opened(wrapped_first)
    refused(edited(wrapped_first, loop), MalformedSecurityError, receiving())


@pytest.mark.parametrize(
    ("xml", "error"),
    [
        (f'<wsse:Reference xmlns:wsse="{WSSE}" URI="#TS"/>', UnsupportedTokenError),
        (f'<wsse:Reference xmlns:wsse="{WSSE}" URI="#none"/>', MalformedSecurityError),
        (f'<wsse:KeyIdentifier xmlns:wsse="{WSSE}">AAAA</wsse:KeyIdentifier>', UnsupportedTokenError),
        (f'<wsse:Embedded xmlns:wsse="{WSSE}"/>', UnsupportedTokenError),
    ],
)  # fmt: skip
def test_wrapping_keys_that_are_none(xml: str, error: type[InboundError]) -> None:
    """A key is wrapped under a secret, a session key or a security context, and nothing else."""

    def change(root: etree._Element) -> None:
        stamp = find(root, "wsu:Timestamp")
        for name in stamp.attrib:
            del stamp.attrib[name]
        stamp.set(
            "{http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd}Id",
            "TS",
        )
        find(root, f"{KEY}/ds:KeyInfo/wsse:SecurityTokenReference")[:] = [etree.fromstring(xml)]

    message = sent(Timestamp(), SESSION, Encryption(key="session", wrapped=True))
    swapped = edited(message, lambda root: security_of(root).insert(0, security_of(root)[1]))
    refused(edited(swapped, change), error, receiving())


def test_key_wrapped_under_a_derived_one() -> None:
    """A key is wrapped under a first key, not under one that is derived."""

    def derive(root: etree._Element) -> None:
        token = find(root, "{*}DerivedKeyToken")
        name = next(value for key, value in token.attrib.items() if str(key).endswith("Id"))
        wrapped = security_of(root).findall(f"{{{XENC}}}EncryptedKey")[1]
        find(wrapped, "ds:KeyInfo//wsse:Reference").set("URI", f"#{name}")

    steps = (
        SESSION,
        Timestamp(),
        Encryption(key="session", derived_key="1.3", parts=("timestamp",)),
        Encryption(key="session", wrapped=True),
    )
    message = sent(*steps)
    opened(message)
    refused(edited(message, derive), UnsupportedTokenError, receiving())


def test_data_that_is_met_before_its_list() -> None:
    """A header block that names its key is opened where it stands; a list further down may name it."""

    def list_last(root: etree._Element) -> None:
        security_of(root).append(find(root, "xenc:ReferenceList"))

    def list_twice(root: etree._Element) -> None:
        listed = find(root, "xenc:ReferenceList")
        security_of(root).append(etree.fromstring(etree.tostring(listed)))

    message = sent(Timestamp(), with_secret(parts=("timestamp", "body")))
    report = opened(edited(message, list_last)).report
    assert len(report.encryptions) == 2
    refused(edited(message, list_last, list_twice), MalformedSecurityError, receiving())


def test_list_of_another_key() -> None:
    """An EncryptedKey that lists what another key opens contradicts it."""

    def claim(root: etree._Element) -> None:
        find(root, KEY).append(find(root, "xenc:ReferenceList"))

    message = sent(SESSION, with_secret())
    opened(message)
    refused(edited(message, claim), DecryptionError, receiving())
    header = sent(Timestamp(), SESSION, with_secret(parts=("timestamp",)))

    def claim_late(root: etree._Element) -> None:
        claim(root)
        security_of(root).append(find(root, KEY))

    plain = receiving(inbound=OverTLS())
    accepted(header, plain)
    refused(edited(header, claim_late), MalformedSecurityError, plain)


# CBC.


def cbc(key: str, **settings: Any) -> Encryption:
    """Encryption in CBC mode."""
    return Encryption(**{"key": key, "algorithm": "aes256-cbc", "legacy": LEGACY, **settings})


SIGNED_BY_CLIENT = Inbound(signed_by="client", encrypted=("body",))


def test_cbc_with_a_secret_under_a_signature() -> None:
    """Ciphertext under a signature needs no opt-in when nobody can put another key in its place."""
    steps = (Timestamp(), cbc("secret-32"), Signature())
    report = opened(sent(*steps), receiving(inbound=SIGNED_BY_CLIENT)).report
    assert report.encryptions[0].covered
    late = (Timestamp(), Signature(), cbc("secret-32"))
    error = refused(sent(*late), UnsupportedAlgorithmError, receiving(inbound=SIGNED_BY_CLIENT))
    assert error.opt_in == "cbc"


COVERED = {
    "session": (("body", "timestamp", "encrypted_key"), ("body", "timestamp")),
    "wrapped": (("body", "timestamp", "encrypted_key"), ("body", "timestamp")),
    "derived": (
        ("body", "timestamp", "encrypted_key", "{Element}WSCDerivedKeyToken"),
        ("body", "timestamp", "encrypted_key"),
    ),
}


@pytest.mark.parametrize("how", COVERED)
def test_cbc_with_a_key_that_is_in_the_message(how: str) -> None:
    """Every element that the key comes from must be under the signature as well."""
    namespace = "http://docs.oasis-open.org/ws-sx/ws-secureconversation/200512"
    made: dict[str, tuple[Step, ...]] = {
        "session": (SESSION, cbc("session")),
        "wrapped": (cbc("secret-32", wrapped=True),),
        "derived": (SESSION, cbc("session", derived_key="1.3")),
    }
    enough, lacking = COVERED[how]
    parts = tuple(part.replace("WSC", f"{{{namespace}}}") for part in enough)
    profile = receiving(inbound=SIGNED_BY_CLIENT)
    opened(sent(Timestamp(), *made[how], Signature(parts=parts)), profile)
    message = sent(Timestamp(), *made[how], Signature(parts=lacking))
    error = refused(message, UnsupportedAlgorithmError, profile)
    assert error.opt_in == "cbc"


def test_key_wrap_that_is_changed_to_another() -> None:
    """The method is not part of what is wrapped: a wrap for another length of key opens nothing."""
    message = sent(with_secret(wrapped=True))
    change = set_attribute(f"{KEY}/xenc:EncryptionMethod", "Algorithm", XENC + "kw-aes128")
    refused(edited(message, change), DecryptionError, receiving())


def test_oaep_label() -> None:
    """OAEPparams go over the line and are part of what opens the key."""
    message = sent(Encryption(recipients=("service",), oaep_params="bGFiZWw="))
    opened(message)
    changed = edited(message, set_text(f"{KEY}//xenc:OAEPparams", "TGFiZWw="))
    refused(changed, DecryptionError, receiving())


def test_token_beside_another_reference() -> None:
    """The recipient's certificate may be in the header even if it is named otherwise."""
    step = Encryption(recipients=("service",), key_reference="thumbprint", include_token=True)
    message = sent(step)
    assert tags(message) == ["BinarySecurityToken", "EncryptedKey"]
    token = find(tree_of(message), "wsse:BinarySecurityToken")
    assert token.text == issued("service").certificate.base64
    opened(message)


# Against libxmlsec.


def manager_of(xmlsec: ModuleType, length: int, name: str) -> Any:
    """A keys manager of libxmlsec with one of the secrets."""
    key = xmlsec.Key.from_binary_data(xmlsec.KeyData.AES, SECRETS[length])
    key.name = name
    manager = xmlsec.KeysManager()
    manager.add_key(key)
    return manager


@pytest.mark.needs_xmlsec
@pytest.mark.parametrize("wrapped", [False, True])
@pytest.mark.parametrize("cipher", [name for name in CIPHERS if name.startswith("aes")])
def test_libxmlsec_decrypts(xmlsec: ModuleType, cipher: str, wrapped: bool) -> None:
    """libxmlsec finds the secret by its KeyName and opens what we sealed."""
    length = CIPHERS[cipher]
    step = with_secret(length, algorithm=cipher, wrapped=wrapped, key_wrap=f"kw-aes{8 * length}")
    message = sent(step)
    root = etree.fromstring(edited(message, embed) if wrapped else message)
    context = xmlsec.EncryptionContext(manager_of(xmlsec, length, f"k{length}"))
    context.decrypt(find(root, DATA))
    assert canonical(root[-1][0]) == canonical(etree.fromstring(ORDER))


@pytest.mark.needs_xmlsec
@pytest.mark.parametrize("wrap", [None, *WRAPS])
@pytest.mark.parametrize("cipher", [name for name in CIPHERS if name.startswith("aes")])
def test_libxmlsec_encrypts(xmlsec: ModuleType, cipher: str, wrap: str | None) -> None:
    """The other way round: with the secret itself, or an EncryptedKey inside what it opens."""
    length = WRAPS[wrap] if wrap else CIPHERS[cipher]
    namespace = XENC11 if cipher.endswith("gcm") else XENC
    named = f"<ds:KeyName>k{length}</ds:KeyName>"
    if wrap:
        named = (
            f'<xenc:EncryptedKey><xenc:EncryptionMethod Algorithm="{XENC}{wrap}"/><ds:KeyInfo>{named}'
            "</ds:KeyInfo><xenc:CipherData><xenc:CipherValue/></xenc:CipherData></xenc:EncryptedKey>"
        )
    template = etree.fromstring(
        f'<xenc:EncryptedData xmlns:xenc="{XENC}" xmlns:ds="{DS}" Id="ED-1" Type="{XENC}Content">'
        f'<xenc:EncryptionMethod Algorithm="{namespace}{cipher}"/><ds:KeyInfo>{named}</ds:KeyInfo>'
        "<xenc:CipherData><xenc:CipherValue/></xenc:CipherData></xenc:EncryptedData>"
    )
    listed = (
        f'<wsse:Security xmlns:wsse="{WSSE}"><xenc:ReferenceList xmlns:xenc="{XENC}">'
        '<xenc:DataReference URI="#ED-1"/></xenc:ReferenceList></wsse:Security>'
    )
    root = tree_of(envelope(headers=listed))
    context = xmlsec.EncryptionContext(manager_of(xmlsec, length, f"k{length}"))
    if wrap:
        context.key = xmlsec.Key.generate(
            xmlsec.KeyData.AES, 8 * CIPHERS[cipher], xmlsec.KeyDataType.SESSION
        )
    context.encrypt_xml(template, root[-1])
    (found,) = opened(etree.tostring(root)).report.encryptions
    assert (found.key_transport, found.recipient) == (wrap or "", f"secret-{length}")
