"""Signature wrapping: a signed part is hidden somewhere, and a forged one stands in its place."""

from __future__ import annotations

import copy
from collections.abc import Callable
from functools import cache

from attacks.forge import edited, find, header_of
from lxml import etree
from roundtrip.pair import answer, envelope

from zeep_wssec import (
    InboundError,
    MalformedSecurityError,
    RequirementError,
    Signature,
    SignatureInvalidError,
    Timestamp,
    UnsupportedTokenError,
)
from zeep_wssec.soap.namespaces import DS, SOAP11, WSA, WSSE, WSU

WSU_ID = f"{{{WSU}}}Id"
PARTS = ("Body", "Timestamp", "To")
ID_KINDS = ("no Id", "another Id", "the same Id")
WRAPPERS = {"in a wrapper": "{urn:wrap}Wrapper", "in an Object": f"{{{DS}}}Object", "bare": None}
_OTHERS = (
    '<x:Note xmlns:x="urn:note"><x:text>of nobody</x:text></x:Note>'
    f'<wsse:Security xmlns:wsse="{WSSE}" soap:%s="urn:somebody-else"/>'
)
Place = Callable[[etree._Element], tuple[etree._Element, int]]


@cache
def good(soap: str) -> bytes:
    """A message with all three parts signed, and header blocks that are nobody's business."""
    others = _OTHERS % ("actor" if soap == SOAP11 else "role")
    headers = f'<wsa:To xmlns:wsa="{WSA}">urn:client</wsa:To>{others}'
    steps = (Timestamp(), Signature(parts=("timestamp", "body", "header:wsa:To")))
    return answer(steps, envelope(headers=headers, soap=soap))


def part_of(root: etree._Element, part: str) -> etree._Element:
    """The part as a reader finds it."""
    if part == "Body":
        return root[-1]
    return find(root, "wsu:Timestamp" if part == "Timestamp" else f"{{{WSA}}}To")


def _our_header(root: etree._Element) -> etree._Element:
    return _security_headers(root)[0]


def _security_headers(root: etree._Element) -> list[etree._Element]:
    """Ours first: somebody else's is empty."""
    return sorted(root.iter(f"{{{WSSE}}}Security"), key=len, reverse=True)


def _inside(path: str, index: int = 99) -> Place:
    return lambda root: (find(root, path), index)


PLACES: dict[str, tuple[Place, type[InboundError]]] = {
    "Header, first": (lambda root: (header_of(root), 0), RequirementError),
    "Header, last": (lambda root: (header_of(root), 99), RequirementError),
    "unknown header block": (_inside("{urn:note}text"), RequirementError),
    "header of another actor": (
        lambda root: (_security_headers(root)[1], 0),
        RequirementError,
    ),
    "Security, first": (lambda root: (_our_header(root), 0), UnsupportedTokenError),
    "Security, last": (lambda root: (_our_header(root), 99), UnsupportedTokenError),
    "token": (_inside("wsse:BinarySecurityToken"), MalformedSecurityError),
    "Signature, first": (_inside("ds:Signature", 0), MalformedSecurityError),
    "Signature, last": (_inside("ds:Signature"), MalformedSecurityError),
    "SignedInfo": (_inside("ds:SignedInfo"), MalformedSecurityError),
    "Reference": (_inside("ds:Reference"), MalformedSecurityError),
    "Transform": (_inside("ds:Transform"), MalformedSecurityError),
    "SignatureValue": (_inside("ds:SignatureValue"), MalformedSecurityError),
    "KeyInfo": (_inside("ds:KeyInfo"), MalformedSecurityError),
    "token reference": (_inside("wsse:SecurityTokenReference"), MalformedSecurityError),
    "Timestamp": (_inside("wsu:Timestamp"), SignatureInvalidError),
    "Envelope, first": (lambda root: (root, 0), MalformedSecurityError),
    "Envelope, in the middle": (lambda root: (root, 1), MalformedSecurityError),
    "Envelope, last": (lambda root: (root, 99), MalformedSecurityError),
    "Body": (lambda root: (root[-1], 99), SignatureInvalidError),
    "content of the Body": (lambda root: (root[-1][0], 99), SignatureInvalidError),
}
"""Where the signed part may hide, and the error that tells of it; a second Id of one value tells first."""
INSIDE_ITSELF: dict[tuple[str, str], type[InboundError]] = {
    ("Body", "Body"): RequirementError,
    ("Body", "content of the Body"): RequirementError,
    ("Timestamp", "Timestamp"): MalformedSecurityError,
}
"""Places that are inside the forged part itself."""


def expected_errors(part: str, place: str, id_kind: str) -> set[type[InboundError]]:
    """Give the errors that may tell: of the place, and of a second Timestamp or Id of one value."""
    errors = {INSIDE_ITSELF.get((part, place), PLACES[place][1])}
    if id_kind == "the same Id" or (part == "Timestamp" and place.startswith("Security")):
        errors.add(MalformedSecurityError)
    return errors


def wrapped(message: bytes, part: str, place: str, *, id_kind: str, wrapper: str | None) -> bytes:
    """Hide the signed part in ``place``, and put a forged one in its stead."""

    def change(root: etree._Element) -> None:
        signed = part_of(root, part)
        parent = signed.getparent()
        assert parent is not None
        parent.replace(signed, _forged(signed, part, id_kind))
        hide(root, place, wrapper, signed)

    return edited(message, change)


def hide(root: etree._Element, place: str, wrapper: str | None, *hidden: etree._Element) -> None:
    """Put elements into ``place``, inside a ``wrapper`` if one is named."""
    parent, index = PLACES[place][0](root)
    if wrapper is not None:
        around = etree.Element(wrapper)
        around.extend(hidden)
        hidden = (around,)
    for item in hidden:
        parent.insert(index, item)


def _forged(signed: etree._Element, part: str, id_kind: str) -> etree._Element:
    forged = copy.deepcopy(signed)
    if id_kind == "no Id":
        del forged.attrib[WSU_ID]
    elif id_kind == "another Id":
        forged.set(WSU_ID, "forged-1")
    if part == "Body":
        forged[0][0].text = "666"
    elif part == "To":
        forged.text = "urn:somebody-else"
    return forged
