"""Every part of a request on the wire, changed by itself: it is refused, or it is nobody's promise.

The request has all that senders commonly put in: addressing blocks, a UsernameToken, a Timestamp, a token, a
signature over all of these and the Body, and the Body encrypted.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from functools import cache, partial
from itertools import islice

import pytest
from lxml import etree
from roundtrip.pair import NOW, Forgetful, canonical, envelope, keystore, tree_of

from zeep_wssec import (
    Addressing,
    Encryption,
    Inbound,
    InboundError,
    Profile,
    Signature,
    Timestamp,
    UsernameToken,
)
from zeep_wssec.soap.namespaces import readable_name

PARTS = ("body", "timestamp", "username_token", "token", "headers")
SIGN = Signature(parts=PARTS)
SEAL = Encryption(recipients=("service",))
HEAD = (
    Addressing(action="urn:orders:PlaceOrder", to="urn:orders"),
    UsernameToken(username="alice", password="correct horse"),
    Timestamp(),
)
ORDERS = {"signed, encrypted": (*HEAD, SIGN, SEAL), "encrypted, signed": (*HEAD, SEAL, SIGN)}
UNBOUND = {
    "wsse:Security attribute soap:mustUnderstand",
    "wsse:Security attribute soap:mustUnderstand gone",
    # No reference leads to it, and the same signature proves no more when it stands there twice.
    "ds:Signature attribute Id",
    "ds:Signature attribute Id gone",
    "ds:Signature twice",
    # What leads to a token by its Id needs no type besides, and what a key lists need not name the key.
    "wsse:Reference attribute ValueType gone",
    "wsse:SecurityTokenReference attribute wsse11:TokenType gone",
    "ds:KeyInfo gone",
}
"""What no step protects, and nothing is made of."""


@cache
def sent(order: str) -> bytes:
    """The request as it goes out."""
    sender = keystore("client", "service").with_user("alice", "correct horse")
    profile = Profile(keystore=sender, outbound=ORDERS[order], clock=lambda: NOW)
    return profile.secure(envelope()).to_bytes()


@cache
def receiver() -> Profile:
    """The service: it demands all that was promised."""
    return Profile(
        keystore=keystore("service", "client").with_user("alice", "correct horse"),
        inbound=Inbound(
            signed=("body", "timestamp", "username_token", "header:wsa:Action", "header:wsa:To"),
            encrypted=("body",),
            username_token="digest",
        ),
        replay=Forgetful(),
        clock=lambda: NOW,
    )


def changes(item: etree._Element) -> Iterator[tuple[str, Callable[[etree._Element], None]]]:
    """Every change of one element, with its name; each is made to that element of another copy of the tree."""
    name = readable_name(item.tag)
    if item.text and item.text.strip():
        yield f"{name} text", _change_text
    for key in item.attrib:
        attribute = f"{name} attribute {readable_name(str(key))}"
        yield attribute, partial(_change_attribute, key=str(key))
        yield f"{attribute} gone", partial(_drop_attribute, key=str(key))
    if item.getparent() is not None:
        yield f"{name} gone", _drop
        yield f"{name} twice", lambda node: node.addnext(copy.deepcopy(node))


def _change_text(node: etree._Element) -> None:
    text = node.text or ""
    place = len(text) // 2
    node.text = text[:place] + ("A" if text[place] != "A" else "B") + text[place + 1 :]


def _change_attribute(node: etree._Element, key: str) -> None:
    node.set(key, node.get(key, "") + "x")


def _drop_attribute(node: etree._Element, key: str) -> None:
    del node.attrib[key]


def _drop(node: etree._Element) -> None:
    parent = node.getparent()
    assert parent is not None
    parent.remove(node)


@pytest.mark.parametrize("order", ORDERS)
def test_each_part(order: str) -> None:
    """What is accepted all the same is what nobody signs, and what is read then is what was signed."""
    good = sent(order)
    body = canonical(receiver().check(good).body)
    tried, taken = 0, set()
    for place, item in enumerate(tree_of(good).iter()):
        for name, change in changes(item):
            tried += 1
            root = tree_of(good)
            change(next(islice(root.iter(), place, None)))
            try:
                checked = receiver().check(etree.tostring(root))
            except InboundError:
                continue
            assert canonical(checked.body) == body, name
            taken.add(name)
    assert taken <= UNBOUND
    assert tried > 250
