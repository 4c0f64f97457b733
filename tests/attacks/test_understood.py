"""``mustUnderstand``: a block that the sender insists on is understood, or the message is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from attacks.forge import edited
from lxml import etree
from roundtrip.pair import SIGNED, accepted, answer, client, envelope, refused

from zeep_wssec import (
    Encryption,
    Inbound,
    OverTLS,
    Profile,
    ProfileError,
    SecurityHeader,
    Signature,
    Timestamp,
    UnsupportedTokenError,
)
from zeep_wssec.soap.namespaces import SOAP11, SOAP12, WSA, WSA_2004, WSSE

BLOCK = "{urn:terms}Terms"
NEXT = {SOAP11: "http://schemas.xmlsoap.org/soap/actor/next", SOAP12: SOAP12 + "/role/next"}


def insisting(
    tag: str = BLOCK, must: str = "1", actor: str | None = None, soap: str = SOAP11
) -> Callable[[etree._Element], None]:
    """Add a header block that must be understood."""

    def change(root: etree._Element) -> None:
        block = etree.SubElement(root[0], tag)
        block.set(f"{{{soap}}}mustUnderstand", must)
        if actor is not None:
            block.set(f"{{{soap}}}{'actor' if soap == SOAP11 else 'role'}", actor)

    return change


def message(soap: str = SOAP11) -> bytes:
    """A signed answer in one SOAP version."""
    return answer(SIGNED, envelope(soap=soap))


@pytest.mark.parametrize("soap", [SOAP11, SOAP12])
@pytest.mark.parametrize("must", ["1", "true", " 1 ", "yes", "TRUE"])
def test_unknown_block(soap: str, must: str) -> None:
    """Spec: SOAP 1.1 section 4.2.3, SOAP 1.2 part 1 section 2.4: what is meant is not known, so it fails."""
    error = refused(edited(message(soap), insisting(must=must, soap=soap)), UnsupportedTokenError)
    assert error.element == BLOCK
    assert "header.understood" in error.hint
    for no in ("0", "false", ""):
        accepted(edited(message(soap), insisting(must=no, soap=soap)))


@pytest.mark.parametrize("soap", [SOAP11, SOAP12])
def test_whom_it_is_for(soap: str) -> None:
    """What is for everybody on the way is for us; what is for somebody else is not."""
    for actor in ("", NEXT[soap], SOAP12 + "/role/ultimateReceiver"):
        refused(edited(message(soap), insisting(actor=actor, soap=soap)), UnsupportedTokenError)
    for actor in ("urn:gateway", SOAP12 + "/role/none"):
        accepted(edited(message(soap), insisting(actor=actor, soap=soap)))
    other = SOAP12 if soap == SOAP11 else SOAP11
    accepted(edited(message(soap), insisting(soap=other)))


def test_our_own_actor() -> None:
    """A receiver with an actor of its own answers for its blocks as well."""
    header = SecurityHeader(actor="urn:us")
    sent = answer(SIGNED, header=header)
    refused(edited(sent, insisting(actor="urn:us")), UnsupportedTokenError, client(header=header))
    accepted(edited(sent, insisting(actor="urn:them")), client(header=header))


@pytest.mark.parametrize("tag", [f"{{{WSA}}}Action", f"{{{WSA_2004}}}To"])
def test_what_we_understand(tag: str) -> None:
    """Blocks of WS-Addressing, and our own security header, are read here."""
    accepted(edited(message(), insisting(tag)))
    refused(edited(message(), insisting(f"{{{WSSE}}}Other")), UnsupportedTokenError)


@pytest.mark.parametrize(
    "name",
    [f"{{{WSSE}}}Security", "{http://schemas.xmlsoap.org/ws/2002/12/secext}Security"],
)
def test_security_header_that_we_do_not_read(name: str) -> None:
    """One for everybody on the way, or in another namespace, is not read, so it is not understood."""
    refused(edited(message(), insisting(name, actor=NEXT[SOAP11])), UnsupportedTokenError)
    accepted(edited(message(), insisting(name, must="0", actor=NEXT[SOAP11])))


def test_what_the_program_understands() -> None:
    """A block that is stated, or that must be signed by its name, is known to the program."""
    sent = edited(message(), insisting())
    named: dict[str, Any] = {"namespaces": {"t": "urn:terms"}}
    for name in (BLOCK, "t:Terms"):
        accepted(sent, client(header=SecurityHeader(understood=[name]), **named))
    refused(sent, UnsupportedTokenError, client(header=SecurityHeader(understood=["{urn:x}Terms"])))
    parts = ("body", "timestamp", "header:t:Terms")
    block = '<t:Terms xmlns:t="urn:terms" soap:mustUnderstand="1"/>'
    signed = answer((Timestamp(), Signature(parts=parts)), envelope(headers=block), **named)
    accepted(signed, client(inbound=Inbound(signed=parts), **named))
    refused(signed, UnsupportedTokenError, client(inbound=OverTLS()))


def test_block_that_came_encrypted() -> None:
    """A block counts once it is decrypted; the error does not tell the name that it had."""
    block = '<t:Terms xmlns:t="urn:terms" soap:mustUnderstand="1"/>'
    steps = (*SIGNED, Encryption(recipients=("client",), parts=("body", "header:{urn:terms}Terms")))
    sent = answer(steps, envelope(headers=block))
    error = refused(sent, UnsupportedTokenError)
    assert "Terms" not in str(error)
    accepted(sent, client(header=SecurityHeader(understood=[BLOCK])))


def test_wrong_name() -> None:
    """A slip of the pen is found when the profile is made."""
    with pytest.raises(ProfileError) as caught:
        client(header=SecurityHeader(understood=["x:Terms"]))
    assert caught.value.path == "header.understood[0]"
    with pytest.raises(ProfileError):
        SecurityHeader(understood="t:Terms")
    assert isinstance(client(header=SecurityHeader(understood=[BLOCK])), Profile)
