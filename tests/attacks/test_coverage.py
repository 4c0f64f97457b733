"""What is signed: each part that is demanded, nothing harmless in its stead, ciphertext in its place."""

from __future__ import annotations

import copy

import pytest
from attacks.forge import edited, find
from attacks.wrapping import PLACES, WRAPPERS, hide
from lxml import etree
from roundtrip.pair import (
    ENCRYPTED,
    RELATES_TO,
    accepted,
    answer,
    client,
    envelope,
    refused,
    tree_of,
)

from zeep_wssec import (
    Inbound,
    InboundError,
    MalformedSecurityError,
    RequirementError,
    Signature,
    SignatureInvalidError,
    Timestamp,
    UnsupportedTokenError,
)
from zeep_wssec.soap.namespaces import WSSE, XENC

ALL = ("body", "timestamp", "token", "header:wsa:RelatesTo")
DATA = f"{{{XENC}}}EncryptedData"
OTHERS = (
    '<x:Note xmlns:x="urn:note"><x:text>of nobody</x:text></x:Note>'
    f'<wsse:Security xmlns:wsse="{WSSE}" soap:actor="urn:somebody-else"/>'
)
MOVED = {MalformedSecurityError, SignatureInvalidError, UnsupportedTokenError}


@pytest.mark.parametrize("left_out", ALL)
def test_part_left_out(left_out: str) -> None:
    """Each part that must be signed is asked for by itself; the others do not stand in for it."""
    profile = client(inbound=Inbound(signed=ALL))
    accepted(answer((Timestamp(), Signature(parts=ALL)), envelope(headers=RELATES_TO)), profile)
    parts = tuple(part for part in ALL if part != left_out)
    message = answer((Timestamp(), Signature(parts=parts)), envelope(headers=RELATES_TO))
    error = refused(message, RequirementError, profile)
    assert f"{left_out} must be signed, but is not" in error.missing


@pytest.mark.parametrize("parts", [("token",), ("key_info",), ("token", "key_info")])
def test_only_the_key_signed(parts: tuple[str, ...]) -> None:
    """A signature over its own token and KeyInfo says nothing of the message."""
    message = answer((Timestamp(), Signature(parts=parts)))
    error = refused(message, RequirementError)
    assert "body must be signed, but is not" in error.missing
    accepted(answer((Timestamp(), Signature(parts=(*parts, "body", "timestamp")))))


@pytest.mark.parametrize("part", ["timestamp", "header:wsa:RelatesTo"])
def test_part_that_is_not_there(part: str) -> None:
    """A part that must be signed must be there; with a question mark it may be missing."""
    message = answer((Signature(parts=("body",)),))
    demands = Inbound(signed=("body", part), fresh_seconds=None)
    error = refused(message, RequirementError, client(inbound=demands))
    assert error.missing == (f"{part} must be signed, but is not there",)
    optional = Inbound(signed=("body", f"{part}?"), fresh_seconds=None)
    accepted(message, client(inbound=optional))


SEALED = {
    "encrypted, then signed": (Timestamp(), ENCRYPTED, Signature()),
    "signed, then encrypted": (Timestamp(), Signature(), ENCRYPTED),
    "ciphertext signed": (
        Timestamp(),
        ENCRYPTED,
        Signature(parts=("body", "timestamp", f"{{Element}}{DATA}")),
    ),
}


def exchanged(message: bytes, place: str, wrapper: str | None, forged_id: str | None) -> bytes:
    """Hide the true EncryptedData in ``place``; its copy with another Id, or none, stands in its stead."""

    def change(root: etree._Element) -> None:
        true = find(root, DATA)
        forged, parent = copy.deepcopy(true), true.getparent()
        assert parent is not None
        parent.replace(true, forged)
        forged.attrib.pop("Id")
        if forged_id is not None:
            forged.set("Id", forged_id)
        hide(root, place, wrapper, true)

    return edited(message, change)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("kind", SEALED)
def test_ciphertext_moved_aside(kind: str, place: str) -> None:
    """The ciphertext in the Body must be what was signed, wherever the true one went and whatever its Id."""
    message = answer(SEALED[kind], envelope(headers=OTHERS))
    accepted(message)
    true_id = find(tree_of(message), DATA).get("Id")
    for wrapper in WRAPPERS.values():
        for forged_id in ("ED-forged", true_id, None):
            with pytest.raises(InboundError) as caught:
                client().check(exchanged(message, place, wrapper, forged_id))
            assert caught.type in MOVED
