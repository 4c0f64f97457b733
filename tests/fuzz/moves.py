"""Changes to a good message that keep it a message: nodes moved, copied, renamed, Ids, prefixes, values.

A change is a ``Move``: plain numbers that choose an operation and its operands, whatever the message. So the
same change can come from a fuzzer's bytes, from Hypothesis or from a stored input, and any numbers are legal.
"""

from __future__ import annotations

import copy
import re
import struct
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from fuzz.fragments import ATTRIBUTES, FORGED, NAMES, TEXTS, URIS
from lxml import etree
from vectors.corpus import good_vectors

from zeep_wssec.soap.ids import ID_ATTRIBUTES
from zeep_wssec.soap.namespaces import SOAP11, SOAP12, WSSE

_FORM = struct.Struct(">BBHHHH")
_SECURITY = f"{{{WSSE}}}Security"
_SECONDS = re.compile(r":\d\d(\.\d+)?Z$")
MOST_NODES = 2000
"""Elements above which a message grows no further."""


class Move(NamedTuple):
    """One change."""

    kind: int
    mode: int
    a: int
    b: int
    c: int
    d: int = 0

    def pack(self) -> bytes:
        """Give the octets of a stored or fuzzed input."""
        return _FORM.pack(*self)


def unpack(data: bytes, most: int = 8) -> list[Move]:
    """Read moves from octets; what is left over is ignored."""
    whole = len(data) - len(data) % _FORM.size
    return [Move(*values) for values in _FORM.iter_unpack(data[:whole])][:most]


class Tree:
    """A message that is being changed."""

    def __init__(self, message: bytes) -> None:
        self.root = etree.fromstring(message, etree.XMLParser(remove_comments=True))

    def nodes(self) -> list[etree._Element]:
        """Every element, the root first."""
        return list(self.root.iter("{*}*"))

    def any(self, number: int) -> etree._Element:
        """Give an element."""
        nodes = self.nodes()
        return nodes[number % len(nodes)]

    def inner(self, number: int) -> etree._Element:
        """Give an element that is not the root."""
        nodes = self.nodes()[1:]
        return nodes[number % len(nodes)] if nodes else etree.SubElement(self.root, "{urn:t}only")

    def spoken(self) -> list[etree._Element]:
        """Elements that applications read: all but the envelope's own and those for security."""
        return [
            node
            for node in self.nodes()[2:]
            if not any(item.tag == _SECURITY for item in (node, *node.iterancestors()))
        ]

    def put(self, node: etree._Element, target: etree._Element, place: int) -> None:
        """Put ``node`` below ``target``, unless that is inside it or the message is large already."""
        if node is target or node in target.iterancestors() or node is self.root:
            return
        if len(self.nodes()) < MOST_NODES:
            node.tail = None if node.getparent() is None else node.tail
            target.insert(place % (len(target) + 1), node)


def _parent(node: etree._Element) -> etree._Element:
    parent = node.getparent()
    assert parent is not None
    return parent


def _remove(node: etree._Element) -> None:
    """Take a node away, its tail staying where it is."""
    parent, before = _parent(node), node.getprevious()
    if node.tail and before is not None:
        before.tail = (before.tail or "") + node.tail
    elif node.tail:
        parent.text = (parent.text or "") + node.tail
    node.tail = None
    parent.remove(node)


def move(tree: Tree, move: Move) -> None:
    """Move an element to another place."""
    tree.put(tree.inner(move.a), tree.any(move.b), move.c)


def copy_node(tree: Tree, move: Move) -> None:
    """Copy an element to another place."""
    made = copy.deepcopy(tree.inner(move.a))
    made.tail = None
    tree.put(made, tree.any(move.b), move.c)


def delete(tree: Tree, move: Move) -> None:
    """Take an element away."""
    if len(tree.nodes()) > 1:
        _remove(tree.inner(move.a))


def rename(tree: Tree, move: Move) -> None:
    """Give an element another local name, another namespace, or both."""
    node, other = tree.any(move.a), tree.any(move.b)
    mine, theirs = etree.QName(node), etree.QName(other)
    known = etree.QName(NAMES[move.c % len(NAMES)])
    node.tag = (
        theirs.text,
        etree.QName(mine.namespace, theirs.localname).text,
        etree.QName(theirs.namespace, mine.localname).text,
        known.text,
        etree.QName(known.namespace, mine.localname).text,
        mine.localname,
        etree.QName(mine.namespace, mine.localname.swapcase()).text,
    )[move.mode % 7]


def wrap(tree: Tree, move: Move) -> None:
    """Put an element, or its content, inside a new element."""
    node = tree.inner(move.a)
    tag = str(tree.any(move.b).tag) if move.mode % 2 else NAMES[move.c % len(NAMES)]
    wrapper = etree.Element(tag)
    if move.mode % 4 < 2:
        _parent(node).replace(node, wrapper)
        wrapper.append(node)
        return
    wrapper.text, node.text = node.text, None
    wrapper.extend(list(node))
    node.append(wrapper)


def unwrap(tree: Tree, move: Move) -> None:
    """Put the children of an element in its place."""
    node = tree.inner(move.a)
    for child in list(node):
        node.addprevious(child)
    if len(tree.nodes()) > 1:
        _remove(node)


def swap(tree: Tree, move: Move) -> None:
    """Exchange two elements."""
    first, second = tree.inner(move.a), tree.inner(move.b)
    if first is second or first in second.iterancestors() or second in first.iterancestors():
        return
    mark = etree.Element("mark")
    _parent(first).replace(first, mark)
    _parent(second).replace(second, first)
    _parent(mark).replace(mark, second)


def rotate(tree: Tree, move: Move) -> None:
    """Change the order of an element's children."""
    nodes = [node for node in tree.nodes() if len(node) > 1]
    node = nodes[move.a % len(nodes)] if nodes else tree.root
    if len(node):
        node.append(node[move.b % len(node)])


def _id_of(node: etree._Element) -> tuple[str, str] | None:
    return next(((name, node.get(name, "")) for name in ID_ATTRIBUTES if name in node.attrib), None)


def change_id(tree: Tree, move: Move) -> None:
    """Duplicate, move or exchange an Id, or spell it differently."""
    bearers = [node for node in tree.nodes() if _id_of(node) is not None]
    if not bearers:
        return
    node, other = bearers[move.a % len(bearers)], tree.any(move.b)
    found = _id_of(node)
    assert found is not None
    name, value = found
    spelling = ID_ATTRIBUTES[move.c % len(ID_ATTRIBUTES)]
    mode = move.mode % 5
    if mode == 0:
        other.set(spelling, value)
    elif mode == 1:
        del node.attrib[name]
        other.set(spelling, value)
    elif mode == 2:
        del node.attrib[name]
        node.set(spelling, value)
    elif mode == 3:
        theirs = _id_of(other)
        other.set(theirs[0] if theirs else spelling, value)
        node.set(name, theirs[1] if theirs else "forged-1")
    else:
        node.set(spelling, value)


def change_reference(tree: Tree, move: Move) -> None:
    """Point a URI at another Id, or write it differently."""
    bearers = [node for node in tree.nodes() if "URI" in node.attrib]
    if not bearers:
        return
    node = bearers[move.a % len(bearers)]
    uri = node.get("URI", "")
    ids = [found[1] for item in tree.nodes() if (found := _id_of(item)) is not None] or ["x"]
    value = ids[move.b % len(ids)]
    forms = (
        f"#{value}", "", "#", f"#xpointer(id('{value}'))", "#xpointer(/)", value, f"cid:{value}",
        uri + " ", uri.upper(), f"http://127.0.0.1:9/{uri}", f"#{value}\N{ZERO WIDTH SPACE}",
    )  # fmt: skip
    node.set("URI", forms[move.mode % len(forms)])


def change_attribute(tree: Tree, move: Move) -> None:
    """Take an attribute away, or give it a value or a name of another one."""
    node, other = tree.any(move.a), tree.any(move.b)
    mine, theirs = list(node.attrib), list(other.attrib)
    mode = move.mode % 6
    if mode == 0 and mine:
        del node.attrib[mine[move.c % len(mine)]]
    elif mode == 1 and theirs:
        name = theirs[move.c % len(theirs)]
        node.set(name, other.get(name, ""))
    elif mode == 2 and mine:
        node.set(mine[move.c % len(mine)], URIS[move.d % len(URIS)])
    elif mode == 3:
        node.set(ATTRIBUTES[move.c % len(ATTRIBUTES)], TEXTS[move.d % len(TEXTS)])
    elif mode == 4 and mine:
        name = mine[move.c % len(mine)]
        node.set(name, _edited(node.get(name, ""), move))
    elif mode == 5 and mine:
        name = mine[move.c % len(mine)]
        value = node.get(name, "")
        del node.attrib[name]
        node.set(etree.QName(name).localname if name[0] == "{" else f"{{urn:t}}{name}", value)


def _edited(text: str, move: Move) -> str:
    """Change a text a little, or give another one."""
    at = move.d % (len(text) + 1)
    flipped = chr(ord(text[at]) ^ 1) if at < len(text) and ord(text[at]) > 47 else "A"
    edits = (
        text[:at] + flipped + text[at + 1 :], text[:at], text[at:], text + text, f" {text}\n",
        text[:at] + "\n" + text[at:], TEXTS[move.d % len(TEXTS)], "", text[:at] + "\u200b" + text[at:],
        text.swapcase(),
    )  # fmt: skip
    edited = edits[move.b % len(edits)]
    return edited[:200_000]


def change_text(tree: Tree, move: Move) -> None:
    """Give an element another text or tail; half of the time one that an application reads."""
    spoken = tree.spoken() if move.mode >= 128 else []
    node = spoken[move.a % len(spoken)] if spoken else tree.any(move.a)
    if move.mode % 4 == 0:
        node.text = tree.any(move.b).text
    elif move.mode % 4 == 1:
        node.tail = TEXTS[move.d % len(TEXTS)]
    else:
        node.text = _edited(node.text or "", move)


def bind_prefix(tree: Tree, move: Move) -> None:
    """Bind a prefix of an element, or of the whole message, to another namespace."""
    node = tree.any(move.a)
    if node is tree.root:
        return
    prefixes = sorted({prefix or "" for item in tree.nodes() for prefix in item.nsmap})
    namespaces = [
        *sorted({uri for item in tree.nodes() for uri in item.nsmap.values()}),
        "urn:evil",
    ]
    prefix = prefixes[move.b % len(prefixes)]
    bound = {prefix or None: namespaces[move.c % len(namespaces)]}
    made = etree.Element(node.tag, dict(node.attrib), bound)
    made.text, made.tail = node.text, node.tail
    made.extend(list(node))
    _parent(node).replace(node, made)


def splice(tree: Tree, move: Move) -> None:
    """Take an element over from another good message."""
    vectors = good_vectors()
    other = Tree(vectors[move.c % len(vectors)].message)
    made = copy.deepcopy(other.any(move.a))
    made.tail = None
    if move.mode % 2:
        old = tree.inner(move.b)
        _parent(old).replace(old, made)
    else:
        tree.put(made, tree.any(move.b), move.d)


def forge(tree: Tree, move: Move) -> None:
    """Add an element of the attacker's own."""
    soap = SOAP12 if str(tree.root.tag).startswith(f"{{{SOAP12}}}") else SOAP11
    made = etree.fromstring(FORGED[move.c % len(FORGED)].replace("SOAP", soap))
    target = tree.root if move.mode % 2 else tree.any(move.b)
    tree.put(made, target, move.d)


def wrap_signed(tree: Tree, move: Move) -> None:
    """Move something with an Id aside, and put a forged copy into its place."""
    bearers = [node for node in tree.nodes()[1:] if _id_of(node) is not None]
    spoken = [node for node in tree.spoken() if _id_of(node) is not None]
    bearers = spoken if spoken and move.mode >= 128 else bearers
    if not bearers:
        return
    node, target = bearers[move.a % len(bearers)], tree.any(move.b)
    if node is target or node in target.iterancestors():
        return
    forged = copy.deepcopy(node)
    found = _id_of(node)
    assert found is not None
    if move.mode % 4 != 2:
        del forged.attrib[found[0]]
    if move.mode % 4 == 1:
        forged.set(found[0], "forged-1")
    elif move.mode % 4 == 3:
        forged.set("{urn:t}Id", found[1])
    for item in forged.iter("{*}*"):
        if item.text and item.text.strip():
            # A time stays one, so that a forged Timestamp is a fresh one.
            item.text, times = _SECONDS.subn(":00Z", item.text)
            item.text = item.text if times else "forged"
    _parent(node).replace(node, forged)
    target.insert(move.c % (len(target) + 1), node)


OPERATIONS: Sequence[Callable[[Tree, Move], None]] = (
    move, copy_node, delete, rename, wrap, unwrap, swap, rotate, change_id, change_reference,
    change_attribute, change_text, bind_prefix, splice, forge, wrap_signed,
)  # fmt: skip
NUMBERS: Mapping[str, int] = {
    operation.__name__: number for number, operation in enumerate(OPERATIONS)
}


def changed(message: bytes, moves: Sequence[Move]) -> etree._Element:
    """Give the message's tree with all the moves made; a move that makes no XML is left out.

    It is parsed again, as zeep parses: nodes that were moved below another binding of their prefix would
    keep a namespace that no octets could give them. What does not parse, such as a second element with
    one ``xml:id``, stays as it is.
    """
    tree = Tree(message)
    for item in moves:
        try:
            OPERATIONS[item.kind % len(OPERATIONS)](tree, item)
        except (ValueError, KeyError):
            # A name or a character that XML does not have, or a prefix that cannot be bound; a copy whose
            # attributes follow another binding of their prefix.
            continue
    try:
        return Tree(etree.tostring(tree.root)).root
    except etree.XMLSyntaxError:
        return tree.root
