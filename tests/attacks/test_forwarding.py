"""What is genuine somewhere else: answers for others encrypted to us, tokens and headers moved between messages."""

from __future__ import annotations

import base64
import hashlib

import pytest
from attacks.forge import edited, find, security_of, set_text
from lxml import etree
from roundtrip.pair import (
    MESSAGE_ID,
    NOW,
    RELATES_TO,
    SIGNED,
    accepted,
    answer,
    client,
    envelope,
    issued,
    keystore,
    refused,
    service,
)

from zeep_wssec import (
    AuthenticationError,
    Encryption,
    Exchange,
    Inbound,
    OutboundError,
    Profile,
    RequirementError,
    SecurityHeader,
    Signature,
    SignatureInvalidError,
    Timestamp,
    UsernameToken,
)
from zeep_wssec.header.username_token import password_digest
from zeep_wssec.soap.namespaces import WSA, WSSE, WSU

STEPS = (Timestamp(), Signature(parts=("body", "timestamp", "headers?")))
OURS = Exchange(names=("urn:a",), message_id=MESSAGE_ID, signature_values=("AAAA",))
THEIRS = RELATES_TO.replace(MESSAGE_ID, "urn:uuid:of-another-customer")


def forwarded(headers: str) -> bytes:
    """A genuine signed answer that its receiver, who is no friend, has encrypted to us."""
    signed = answer(STEPS, envelope(headers=headers))
    everyone = (
        issued("other").keystore("other").with_partner("client", issued("client").certificate)
    )
    sealing = Profile(
        keystore=everyone,
        outbound=[Encryption(recipients=["client"])],
        header=SecurityHeader(extend=True),
        clock=lambda: NOW,
    )
    return sealing.secure(signed).to_bytes()


@pytest.mark.parametrize("related", ["if_present", "required"])
def test_answer_to_another_customer(related: str) -> None:
    """Encrypted to us is not meant for us: what it answers is signed, and not our request."""
    profile = client(inbound=Inbound(related=related))  # type: ignore[arg-type]
    error = refused(forwarded(THEIRS), RequirementError, profile, request=OURS)
    assert "answer to another request" in error.missing[0]
    accepted(forwarded(RELATES_TO), profile, request=OURS)


def test_answer_that_does_not_say_to_whom() -> None:
    """Where answers may lack RelatesTo nothing tells; it can be demanded, or a signed ``wsa:To``."""
    refused(
        forwarded(""), RequirementError, client(inbound=Inbound(related="required")), request=OURS
    )
    to = f'<wsa:To xmlns:wsa="{WSA}">urn:us</wsa:To>'
    named = client(inbound=Inbound(signed=("body", "timestamp", "header:wsa:To")))
    refused(forwarded(""), RequirementError, named, request=OURS)
    accepted(forwarded(to), named, request=OURS)


ADDRESSED = "".join(
    f'<wsa:{name} xmlns:wsa="{WSA}">urn:{name}</wsa:{name}>' for name in ("Action", "To", "From")
)


@pytest.mark.parametrize("name", ["Action", "To", "From"])
def test_addressing_header_changed(name: str) -> None:
    """A signed header that was changed, or a demanded one that nobody signed, is refused."""
    tag = f"{{{WSA}}}{name}"
    demanding = client(inbound=Inbound(signed=("body", "timestamp", f"header:wsa:{name}")))
    signed = answer(STEPS, envelope(headers=ADDRESSED))
    accepted(signed, demanding)
    refused(edited(signed, set_text(tag, "urn:evil")), SignatureInvalidError)
    refused(answer(SIGNED, envelope(headers=ADDRESSED)), RequirementError, demanding)


def move_token(message: bytes, other: bytes) -> bytes:
    """Put the UsernameToken of another message in the place of the one that is there."""

    def change(root: etree._Element) -> None:
        ours = find(root, "wsse:UsernameToken")
        theirs = find(etree.fromstring(other), "wsse:UsernameToken")
        theirs.set(f"{{{WSU}}}Id", ours.get(f"{{{WSU}}}Id") or "")
        security_of(root).replace(ours, theirs)

    return edited(message, change)


def test_token_moved_to_another_message() -> None:
    """A genuine token proves its user, not that the user sent this: where it counts it must be signed."""
    users = keystore("client", "service").with_user("alice", "geheim").with_user("bob", "anders")
    parts = ("body", "timestamp", "username_token")
    demands = Inbound(signed=parts, username_token="digest")
    reading = client(keystore=users, inbound=demands)

    def sent(user: str, password: str) -> bytes:
        return answer(
            (UsernameToken(username=user, password=password), Timestamp(), Signature(parts=parts))
        )

    alice, bob = sent("alice", "geheim"), sent("bob", "anders")
    assert accepted(alice, reading).report.username == "alice"
    refused(move_token(bob, alice), SignatureInvalidError, reading)
    unsigned = answer((UsernameToken(username="alice", password="geheim"), *SIGNED))
    refused(unsigned, RequirementError, reading)


OTHER_DIGESTS = {
    "base64 of the nonce": lambda nonce, created: password_digest(
        base64.b64encode(nonce), created, b"geheim"
    ),
    "another order": lambda nonce, created: base64.b64encode(
        hashlib.sha1(created.encode() + nonce + b"geheim").digest()  # noqa: S324
    ).decode(),
    "without the nonce": lambda nonce, created: password_digest(b"", created, b"geheim"),
    "without the time": lambda nonce, created: password_digest(nonce, "", b"geheim"),
    "another spelling of the time": lambda nonce, created: password_digest(
        nonce, created.replace(".000Z", "Z"), b"geheim"
    ),
    "hexadecimal": lambda nonce, created: base64.b64decode(
        password_digest(nonce, created, b"geheim")
    ).hex(),
}


@pytest.mark.parametrize("kind", OTHER_DIGESTS)
def test_digest_made_in_another_way(kind: str) -> None:
    """Spec: UsernameToken Profile 1.1.1 section 3.1: one way to make a digest; no other one is tried."""
    users = keystore("client", "service").with_user("alice", "geheim")
    reading = client(keystore=users, inbound=Inbound(username_token="digest"))
    sent = answer((UsernameToken(username="alice", password="geheim"), *SIGNED))
    accepted(sent, reading)

    def change(root: etree._Element) -> None:
        token = find(root, "wsse:UsernameToken")
        nonce = base64.b64decode(token.findtext(f"{{{WSSE}}}Nonce") or "")
        created = token.findtext(f"{{{WSU}}}Created") or ""
        find(token, "wsse:Password").text = OTHER_DIGESTS[kind](nonce, created)

    refused(edited(sent, change), AuthenticationError, reading)


@pytest.mark.parametrize("name", ["a\0b", "a\x1bb", "\ud800", "a\uffff"])
def test_user_name_that_xml_cannot_carry(name: str) -> None:
    """It is refused as an error of ours; markup and directions of writing are text like any other."""
    with pytest.raises(OutboundError, match="XML cannot carry"):
        service(UsernameToken(username=name, password="p")).secure(envelope())
    for good in ("</wsse:Username><x/>", "a\u202eb", "x" * 10_000):
        sent = service(UsernameToken(username=good, password="p")).secure(envelope()).envelope
        assert find(sent, "wsse:Username").text == good


def test_no_two_messages_share_a_nonce_or_a_time() -> None:
    """A Nonce and a time are made for each message; there is no setting that fixes them."""
    fields = UsernameToken.__dataclass_fields__
    assert {name: fields[name].type for name in ("nonce", "created")} == dict.fromkeys(
        ("nonce", "created"), "bool | None"
    )
    step = UsernameToken(username="u", password="p")
    tokens = [find(service(step).secure(envelope()).envelope, "wsse:Nonce").text for _ in range(20)]
    assert len(set(tokens)) == 20
