"""The security header itself: exact order, further attributes, and the form of the old draft."""

from __future__ import annotations

from typing import Any

import pytest
from lxml import etree
from roundtrip.pair import (
    ENCRYPTED,
    SIGNED,
    accepted,
    answer,
    client,
    envelope,
    service,
    tree_of,
)

from zeep_wssec import (
    BinaryToken,
    Encryption,
    Inbound,
    OutboundError,
    PartNotFoundError,
    ProfileError,
    RequirementError,
    SecurityHeader,
    Signature,
    Timestamp,
    UsernameToken,
)
from zeep_wssec.settings import Step
from zeep_wssec.soap.namespaces import DRAFT_SECEXT, DRAFT_UTILITY, SOAP11, SOAP12, WSSE, WSU, XML

USER = UsernameToken(username="u", password_type="none")
PARTS = ("body", "timestamp", "username_token", "token")
LONG = {"timestamp": "Timestamp", "username_token": "UsernameToken", "token": "BinarySecurityToken",
        "signature": "Signature", "encrypted_key": "EncryptedKey"}  # fmt: skip


def security(message: bytes, namespace: str = WSSE) -> etree._Element:
    """The header of a message."""
    return next(tree_of(message).iter(f"{{{namespace}}}Security"))


def kinds(message: bytes) -> list[str]:
    """Local names of the header's children, in order."""
    return [etree.QName(child).localname for child in security(message)]


ORDERS = [
    ["timestamp", "username_token", "token", "signature"],
    ["token", "signature", "timestamp", "username_token"],
    ["signature", "timestamp"],
    ["username_token", "signature", "token", "timestamp"],
]


@pytest.mark.parametrize("order", ORDERS, ids=" ".join)
@pytest.mark.parametrize("form", ["exc-c14n", "c14n", "c14n11"])
def test_order(order: list[str], form: str) -> None:
    """The children stand as asked, those not named behind, and the signature holds in every form."""
    signature = Signature(parts=PARTS, canonicalization=form, part_canonicalization=form)
    steps = (Timestamp(), USER, signature)
    plain = kinds(answer(steps))
    message = answer(steps, header=SecurityHeader(order=order))
    named = [LONG[kind] for kind in order]
    assert kinds(message) == named + [kind for kind in plain if kind not in named]
    accepted(message, client(inbound=Inbound(signed=PARTS)))


@pytest.mark.parametrize(
    "parts", [("xpath://*[local-name()='Timestamp']", "body"), ("headers?", "body")]
)
def test_order_with_parts_that_are_searched(parts: tuple[str, ...]) -> None:
    """A part that an expression finds is signed by its Id, which moves with it."""
    header = SecurityHeader(order=["token", "signature", "timestamp"])
    message = answer((Timestamp(), Signature(parts=parts)), header=header)
    demands = Inbound(signed=parts, fresh_seconds=None)
    accepted(message, client(inbound=demands))


def test_order_of_an_encrypted_message() -> None:
    """What is decrypted first may still stand first."""
    order = ["timestamp", "encrypted_key", "token", "signature"]
    message = answer((*SIGNED, ENCRYPTED), header=SecurityHeader(order=order))
    assert kinds(message) == [LONG[kind] for kind in order]
    accepted(message, client(inbound=Inbound(encrypted=["body"])))


def test_order_in_a_header_that_was_there() -> None:
    """Children that were there are ordered too; a failure puts them back."""
    user = f'<w:Security xmlns:w="{WSSE}"><w:UsernameToken><w:Username>u</w:Username></w:UsernameToken></w:Security>'
    header = SecurityHeader(order=["timestamp", "username_token"], extend=True)
    message = answer((Timestamp(),), envelope(headers=user), header=header)
    assert kinds(message) == ["Timestamp", "UsernameToken"]
    root = tree_of(envelope(headers=user))
    before = etree.tostring(root)
    with pytest.raises(PartNotFoundError):
        service(Timestamp(), Signature(parts=["id:x"]), header=header).secure(root)
    assert etree.tostring(root) == before


# Attributes.


def test_attributes() -> None:
    """By declared prefix, by well-known prefix, by namespace, or by none."""
    attributes = {"my:role": "a", "xml:lang": "en", "{urn:b}c": "d", "plain": "<&>", "wsu:Id": "H1"}
    header = SecurityHeader(attributes=attributes)
    message = answer(SIGNED, header=header, namespaces={"my": "urn:my"})
    found = security(message)
    assert found.get("{urn:my}role") == "a"
    assert found.get(f"{{{XML}}}lang") == "en"
    assert found.get("{urn:b}c") == "d"
    assert found.get("plain") == "<&>"
    assert found.get(f"{{{WSU}}}Id") == "H1"
    assert found.nsmap["my"] == "urn:my"
    accepted(message)


@pytest.mark.parametrize(
    "attributes",
    [
        {"my:role": "a"},
        {f"{{{SOAP11}}}actor": "a"},
        {f"{{{SOAP12}}}mustUnderstand": "1"},
        {"plain": "a\0"},
    ],
)
def test_unfit_attributes(attributes: dict[str, str]) -> None:
    """An undeclared prefix, a value that XML cannot carry, and what has a setting of its own."""
    with pytest.raises(ProfileError) as caught:
        service(*SIGNED, header=SecurityHeader(attributes=attributes))
    assert caught.value.path == f"header.attributes[{next(iter(attributes))!r}]"


# The draft of December 2002.

DRAFT = SecurityHeader(namespace="2002/12")


def test_draft() -> None:
    """Everything is in the draft's namespaces; types are qualified names and nothing has an Id."""
    steps = (
        BinaryToken(value_type="String", value="ticket"),
        UsernameToken(username="u", password="p", password_type="text", created=True, nonce=True),
    )
    message = answer(steps, header=DRAFT)
    assert WSSE.encode() not in message
    assert WSU.encode() not in message
    found = security(message, DRAFT_SECEXT)
    token = found.find(f"{{{DRAFT_SECEXT}}}BinarySecurityToken")
    assert token is not None
    assert dict(token.attrib) == {"EncodingType": "wsse:Base64Binary", "ValueType": "String"}
    password = found.find(f"{{{DRAFT_SECEXT}}}UsernameToken/{{{DRAFT_SECEXT}}}Password")
    assert password is not None
    assert (password.get("Type"), password.text) == ("wsse:PasswordText", "p")
    assert found.nsmap["wsse"] == DRAFT_SECEXT
    assert found.find(f".//{{{DRAFT_UTILITY}}}Created") is not None
    assert found.get(f"{{{SOAP11}}}mustUnderstand") == "1"


def test_draft_keeps_texts() -> None:
    """A value that looks like a namespace is not translated."""
    step = UsernameToken(username=WSSE, password=WSU, password_type="text", typed=False)
    found = security(answer((step,), header=DRAFT), DRAFT_SECEXT)
    assert list(found.itertext()) == [WSSE, WSU]


def test_draft_twice() -> None:
    """A message that has such a header is refused."""
    message = answer((USER,), header=DRAFT)
    with pytest.raises(OutboundError):
        service(USER, header=DRAFT).secure(message)


@pytest.mark.parametrize(
    "step",
    [
        Timestamp(),
        Signature(parts=["body"]),
        ENCRYPTED,
        UsernameToken(username="u", password="p", password_type="none", derive_for="mac"),
    ],
    ids=lambda step: type(step).__name__,
)
def test_draft_holds_tokens_only(step: Step) -> None:
    """Other steps are refused when the profile is made."""
    with pytest.raises(ProfileError) as caught:
        service(USER, step, header=DRAFT)
    assert caught.value.path == "outbound[1]"
    with pytest.raises(ProfileError):
        service(USER, header=SecurityHeader(namespace="2002/12", extend=True))


# The order in which a message must be read.


def sealed(*steps: Step, **settings: Any) -> bytes:
    """An answer with these steps."""
    return answer(steps, **settings)


def test_demanded_order() -> None:
    """``order``: signed, then encrypted, is read the other way round."""
    profile = client(inbound=Inbound(encrypted=["body"], order=("encryption", "signature")))
    report = accepted(sealed(Timestamp(), Signature(), ENCRYPTED), profile).report
    assert "read in the order encryption, signature" in report.proved
    seal = Encryption(recipients=("client",))
    with pytest.raises(RequirementError) as caught:
        profile.check(sealed(Timestamp(), seal, Signature(parts=["body", "timestamp"])))
    assert any("but its order is signature, encryption" in item for item in caught.value.missing)


def test_demanded_order_of_an_action_that_is_missing() -> None:
    """What is not there was read nowhere."""
    profile = client(inbound=Inbound(order=("encryption", "signature")))
    with pytest.raises(RequirementError) as caught:
        profile.check(sealed(*SIGNED))
    assert "but its order is signature" in caught.value.missing[0]
    accepted(
        sealed(*SIGNED),
        client(inbound=Inbound(order=("signature", "timestamp"))),
    )
