"""Any change to a good message: it is refused, or what the Body's reader sees is what was signed."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable
from functools import cache

import pytest
from lxml import etree
from roundtrip.pair import (
    ENCRYPTED,
    RELATES_TO,
    accepted,
    answer,
    canonical,
    client,
    envelope,
    tree_of,
)

from zeep_wssec import Inbound, InboundError, Profile, Signature, Timestamp
from zeep_wssec.settings import Step
from zeep_wssec.soap.namespaces import SOAP11, WSSE, WSU

PARTS = ("body", "timestamp", "headers")
KINDS: dict[str, tuple[Step, ...]] = {
    "signed": (Timestamp(), Signature(parts=PARTS)),
    "signed, encrypted": (Timestamp(), Signature(parts=PARTS), ENCRYPTED),
    "encrypted, signed": (Timestamp(), ENCRYPTED, Signature(parts=PARTS)),
}
CONTENT = (
    '<o:Order xmlns:o="urn:o" xmlns:t="urn:t" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" id="1">'
    '<o:sku xsi:type="t:Kind">42</o:sku>tail</o:Order>'
)


@cache
def good(kind: str) -> bytes:
    """A message that passes."""
    message = answer(KINDS[kind], envelope(CONTENT, headers=RELATES_TO))
    accepted(message, judge())
    return message


@cache
def judge() -> Profile:
    """A client that wants Body, Timestamp and RelatesTo signed."""
    return client(inbound=Inbound(signed=("body", "timestamp", "header:wsa:RelatesTo")))


@cache
def signed_content(kind: str) -> set[bytes]:
    """What the Body's reader sees in the good message; ciphertext, where that is what was signed."""
    opened = canonical(judge().check(good(kind)).body)
    return {opened, canonical(tree_of(good(kind))[-1])} if kind == "encrypted, signed" else {opened}


def assert_harmless(kind: str, message: bytes | etree._Element) -> bool:
    """Check a changed message; tell whether it was accepted."""
    try:
        checked = judge().check(message)
    except InboundError:
        return False
    assert canonical(checked.body) in signed_content(kind)
    return True


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("bit", [1, 32])
def test_every_byte(kind: str, bit: int) -> None:
    """One changed byte, at every place of the message; in ciphertext at every third."""
    message = good(kind)
    accepted_changes = 0
    step = 1 if kind == "signed" else 3
    for place in range(bit % step, len(message), step):
        changed = message[:place] + bytes([message[place] ^ bit]) + message[place + 1 :]
        accepted_changes += assert_harmless(kind, changed)
    # The header block's own attributes and white space are nobody's promise.
    assert accepted_changes < len(message) // 10 // step


@pytest.mark.parametrize("kind", KINDS)
def test_every_cut(kind: str) -> None:
    """A message that ends early, or lacks a stretch."""
    message = good(kind)
    for place in range(0, len(message), 7):
        assert not assert_harmless(kind, message[:place])
        assert_harmless(kind, message[:place] + message[place + 13 :])


Mutation = Callable[[etree._Element, random.Random], None]


def _pick(root: etree._Element, chance: random.Random) -> etree._Element:
    return chance.choice(list(root.iter())[1:])


def _parent(node: etree._Element) -> etree._Element:
    parent = node.getparent()
    assert parent is not None
    return parent


def move(root: etree._Element, chance: random.Random) -> None:
    """Move a node to another place."""
    node, place = _pick(root, chance), chance.choice(list(root.iter()))
    if place is not node and node not in place.iterancestors():
        place.insert(chance.randrange(len(place) + 1), node)


def copy_node(root: etree._Element, chance: random.Random) -> None:
    """Copy a node to another place."""
    place = chance.choice(list(root.iter()))
    place.insert(chance.randrange(len(place) + 1), copy.deepcopy(_pick(root, chance)))


def rename(root: etree._Element, chance: random.Random) -> None:
    """Give a node the name of another one."""
    _pick(root, chance).tag = _pick(root, chance).tag


def drop(root: etree._Element, chance: random.Random) -> None:
    """Take a node away."""
    node = _pick(root, chance)
    _parent(node).remove(node)


def wrap(root: etree._Element, chance: random.Random) -> None:
    """Put a node inside another one of its own name or of none that is known."""
    node = _pick(root, chance)
    wrapper = etree.Element(chance.choice([str(node.tag), "{urn:wrap}W", f"{{{WSSE}}}Security"]))
    _parent(node).replace(node, wrapper)
    wrapper.append(node)


def swap(root: etree._Element, chance: random.Random) -> None:
    """Exchange a node with its neighbour."""
    node = _pick(root, chance)
    after = node.getnext()
    if after is not None:
        after.addnext(node)


def change_attribute(root: etree._Element, chance: random.Random) -> None:
    """Take away, add, or exchange an attribute."""
    node, other = _pick(root, chance), _pick(root, chance)
    names = [*node.attrib, *other.attrib, f"{{{WSU}}}Id", "Id", "id", f"{{{SOAP11}}}actor"]
    name = chance.choice(names)
    values = [str(value) for item in root.iter() for value in item.attrib.values()]
    if chance.random() < 0.3:
        node.attrib.pop(name, None)
    else:
        node.set(name, chance.choice(values))


def change_text(root: etree._Element, chance: random.Random) -> None:
    """Give a node the text of another one, or white space, or nothing."""
    node, other = _pick(root, chance), _pick(root, chance)
    node.text = chance.choice([other.text, " ", "", "x", (node.text or "") + "\n"])


def fill_body(root: etree._Element, chance: random.Random) -> None:
    """Add a Body or a Header of the attacker's."""
    name = chance.choice(["Body", "Header"])
    forged = etree.Element(f"{{{SOAP11}}}{name}")
    etree.SubElement(forged, "{urn:o}Order").text = "forged"
    root.insert(chance.randrange(len(root) + 1), forged)


MUTATIONS: tuple[Mutation, ...] = (
    move, copy_node, rename, drop, wrap, swap, change_attribute, change_text, fill_body,
)  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda item: item.__name__)
def test_one_mutation(mutation: Mutation, kind: str) -> None:
    """Move, copy, rename, wrap, drop, exchange any node, attribute or text."""
    for seed in range(250):
        root = tree_of(good(kind))
        mutation(root, random.Random(seed))  # noqa: S311  # to try many, not to hide
        assert_harmless(kind, root)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("count", [2, 3, 5])
def test_several_mutations(kind: str, count: int) -> None:
    """Several at once: a forgery usually needs a move, a copy and a new Id."""
    for seed in range(300):
        chance = random.Random(f"{kind} {count} {seed}")  # noqa: S311
        root = tree_of(good(kind))
        for _ in range(count):
            chance.choice(MUTATIONS)(root, chance)
        assert_harmless(kind, etree.tostring(root))


@pytest.mark.parametrize("kind", KINDS)
def test_wrapping_everywhere(kind: str) -> None:
    """The Body moved below every element there is, a forged one in place, with every choice of Id."""
    message = good(kind)
    count = len(list(tree_of(message).iter()))
    for place in range(count):
        for id_kind in ("none", "same", "other"):
            root = tree_of(message)
            target, body = list(root.iter())[place], root[-1]
            if target is body or body in target.iterancestors():
                continue
            forged = copy.deepcopy(body)
            if id_kind != "same":
                forged.attrib.clear()
            if id_kind == "other":
                forged.set(f"{{{WSU}}}Id", "forged-1")
            forged[:] = [etree.fromstring('<o:Order xmlns:o="urn:o">forged</o:Order>')]
            root.replace(body, forged)
            target.append(body)
            assert not assert_harmless(kind, root)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "prefix", ["soap", "wsse", "wsu", "ds", "xenc", "o", "t", "xsi", "wsa", "ec"]
)
def test_prefix_bound_anew(kind: str, prefix: str) -> None:
    """A prefix bound to another namespace, at each of its declarations or around all of them."""
    message = good(kind)
    pieces = message.split(f'xmlns:{prefix}="'.encode())
    for index in range(1, len(pieces)):
        changed = list(pieces)
        changed[index] = b"urn:evil" + changed[index][changed[index].index(b'"') :]
        assert_harmless(kind, f'xmlns:{prefix}="'.encode().join(changed))
    if prefix != "soap":
        declaration = f'<soap:Envelope xmlns:{prefix}="urn:evil"'.encode()
        assert_harmless(kind, message.replace(b"<soap:Envelope", declaration, 1))


def test_the_kit_accepts() -> None:
    """The twin: an unchanged message passes, also as a copy of its tree."""
    for kind in KINDS:
        assert assert_harmless(kind, copy.deepcopy(tree_of(good(kind))))
