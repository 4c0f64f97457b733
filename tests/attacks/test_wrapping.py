"""Signature wrapping: a part that was signed is moved aside, and a forged one stands in its place."""

from __future__ import annotations

import copy

import pytest
from attacks.forge import append, edited, find, header_of, security_of
from lxml import etree
from roundtrip.pair import (
    SIGNED,
    accepted,
    answer,
    client,
    envelope,
    refused,
)

from zeep_wssec import (
    Exchange,
    Inbound,
    MalformedSecurityError,
    RequirementError,
    Signature,
    SignatureInvalidError,
    Timestamp,
)
from zeep_wssec.soap.namespaces import SOAP11, SOAP12, WSA, WSSE, WSU

WSU_ID = f"{{{WSU}}}Id"
BODY = f"{{{SOAP11}}}Body"
FORGED = '<o:PlaceOrder xmlns:o="urn:orders"><o:sku>666</o:sku></o:PlaceOrder>'


def forged_body(id: str | None) -> etree._Element:
    """A Body of the attacker's, with an Id or none."""
    body = etree.fromstring(f'<soap:Body xmlns:soap="{SOAP11}">{FORGED}</soap:Body>')
    if id is not None:
        body.set(WSU_ID, id)
    return body


@pytest.mark.parametrize("depth", ["inside its payload", "around its payload"])
def test_signed_body_inside_the_forged_one(depth: str) -> None:
    """An ancestor of what was signed is not signed."""
    root = etree.fromstring(answer())
    signed = root[-1]
    forged = forged_body("forged-1")
    root.replace(signed, forged)
    (forged[0] if depth == "inside its payload" else forged).append(signed)
    refused(etree.tostring(root), RequirementError)


@pytest.mark.parametrize("forged_first", [True, False])
@pytest.mark.parametrize("id_kind", ["none", "other", "same"])
def test_two_bodies(forged_first: bool, id_kind: str) -> None:
    """Spec: SOAP 1.1 section 4: an envelope has one Body."""
    root = etree.fromstring(answer())
    forged = forged_body({"none": None, "other": "x", "same": root[-1].get(WSU_ID)}[id_kind])
    root.insert(1 if forged_first else 2, forged)
    refused(etree.tostring(root), MalformedSecurityError)


def test_body_of_the_other_soap_version() -> None:
    """A Body of another SOAP version is no Body, and nothing else may stand there."""
    root = etree.fromstring(answer())
    other = etree.SubElement(root, f"{{{SOAP12}}}Body")
    other.append(forged_body(None)[0])
    refused(etree.tostring(root), MalformedSecurityError)


def test_whole_signed_envelope_inside_another() -> None:
    """Only what stands in the envelope that is read counts."""
    old = etree.fromstring(answer())
    new = etree.fromstring(envelope(FORGED, headers="<x:Old xmlns:x='urn:wrap'/>"))
    new[0][0].append(old)
    error = refused(etree.tostring(new), RequirementError)
    assert "there is no wsse:Security header for us" in error.missing


def test_root_is_not_the_envelope() -> None:
    """Spec: SOAP 1.1 section 4: the Envelope is the top element."""
    inner = answer().split(b"?>", 1)[1]
    refused(b'<x xmlns="urn:wrap">' + inner + b"</x>", MalformedSecurityError)


def test_fault_beside_the_signed_content() -> None:
    """A Fault that is put into a signed Body breaks its digest."""
    message = answer()
    accepted(message)
    fault = f'<f:Fault xmlns:f="{SOAP11}"><faultcode>f:Server</faultcode></f:Fault>'

    def inject(root: etree._Element) -> None:
        root[-1].append(etree.fromstring(fault))

    error = refused(edited(message, inject), SignatureInvalidError)
    assert error.unverified_fault == "f:Server"


def test_timestamp_moved_aside() -> None:
    """A fresh Timestamp does not stand in for the signed one."""
    message = answer((Timestamp(), Signature()))

    def wrap(root: etree._Element) -> None:
        signed = find(root, "wsu:Timestamp")
        fresh = copy.deepcopy(signed)
        fresh.set(WSU_ID, "fresh-1")
        security_of(root).replace(signed, fresh)
        etree.SubElement(header_of(root), "{urn:wrap}W").append(signed)

    accepted(message)
    error = refused(edited(message, wrap), RequirementError)
    assert any("imestamp" in item for item in error.missing)


def test_expired_timestamp_hidden() -> None:
    """A signed Timestamp is judged or refused, also where none is demanded: hiding it revives old messages."""
    message = answer((Timestamp(), Signature(parts=("body", "timestamp"))))
    profile = client(inbound=Inbound(signed=("body",), fresh_seconds=None))

    def hide(root: etree._Element) -> None:
        etree.SubElement(header_of(root), "{urn:wrap}W").append(find(root, "wsu:Timestamp"))

    accepted(message, profile)
    refused(edited(message, hide), RequirementError, profile)


REQUEST = Exchange(
    message_id="urn:uuid:of-this-request", has_timestamp=True, signature_values=("c2ln",)
)


def answer_to(message_id: str) -> bytes:
    """A good answer to the request with this id, its RelatesTo signed."""
    headers = f'<wsa:RelatesTo xmlns:wsa="{WSA}">{message_id}</wsa:RelatesTo>'
    steps = (Timestamp(), Signature(parts=("body", "timestamp", "headers")))
    return answer(steps, envelope(headers=headers))


def test_relates_to_of_another_request_hidden() -> None:
    """A signed RelatesTo that was moved aside still tells whose answer it is: the message is refused."""
    message = answer_to("urn:uuid:of-another-request")

    def hide(root: etree._Element) -> None:
        etree.SubElement(header_of(root), "{urn:wrap}W").append(find(root, f"{{{WSA}}}RelatesTo"))

    accepted(answer_to("urn:uuid:of-this-request"), request=REQUEST)
    refused(message, RequirementError, request=REQUEST)
    refused(edited(message, hide), RequirementError, request=REQUEST)


def test_relates_to_replaced() -> None:
    """A RelatesTo that names this request but is not the signed one is refused."""
    message = answer_to("urn:uuid:of-another-request")

    def wrap(root: etree._Element) -> None:
        signed = find(root, f"{{{WSA}}}RelatesTo")
        forged = copy.deepcopy(signed)
        forged.text = "urn:uuid:of-this-request"
        forged.set(WSU_ID, "forged-1")
        header_of(root).replace(signed, forged)
        etree.SubElement(header_of(root), "{urn:wrap}W").append(signed)

    error = refused(edited(message, wrap), RequirementError, request=REQUEST)
    assert "RelatesTo must be signed, but is not" in error.missing


def test_second_relates_to() -> None:
    """Two RelatesTo blocks: both must be right, and both signed."""
    message = answer_to("urn:uuid:of-this-request")
    accepted(message, request=REQUEST)
    second = f'<wsa:RelatesTo xmlns:wsa="{WSA}">urn:uuid:of-another-request</wsa:RelatesTo>'

    def double(root: etree._Element) -> None:
        header_of(root).append(etree.fromstring(second))

    refused(edited(message, double), RequirementError, request=REQUEST)


def test_only_a_child_of_the_body_signed() -> None:
    """What stands beside the signed child is anybody's: the Body itself must be signed."""
    steps = (Timestamp(), Signature(parts=("timestamp", "xpath://*[local-name() = 'PlaceOrder']")))
    error = refused(answer(steps), RequirementError)
    assert error.missing == ("body must be signed, but is not",)
    accepted(answer(steps), client(inbound=Inbound(signed=("xpath:/*/*/o:PlaceOrder", "timestamp")),
                                   namespaces={"o": "urn:orders"}))  # fmt: skip


def test_signature_outside_the_security_header() -> None:
    """A Signature counts in our security header only."""
    message = answer()

    def move(root: etree._Element) -> None:
        header_of(root).append(find(root, "ds:Signature"))

    accepted(message)
    refused(edited(message, move), RequirementError)


def test_signature_in_a_second_header_for_us() -> None:
    """Two security headers for us: which one counts is anybody's guess."""
    message = answer()

    def split(root: etree._Element) -> None:
        second = etree.SubElement(header_of(root), f"{{{WSSE}}}Security")
        second.append(find(root, "ds:Signature"))

    refused(edited(message, split), MalformedSecurityError)


def test_signature_in_the_header_of_another_actor() -> None:
    """What an intermediary's header proves is not proved to us."""
    message = answer()

    def hand_over(root: etree._Element) -> None:
        security_of(root).set(f"{{{SOAP11}}}actor", "urn:intermediary")

    accepted(message)
    refused(edited(message, hand_over), RequirementError)


def test_no_signature() -> None:
    """Taking the Signature away leaves nothing proved."""
    message = answer()
    error = refused(edited(message, lambda root: security_of(root).remove(find(root, "ds:Signature"))),
                    RequirementError)  # fmt: skip
    assert set(error.missing) == {
        "body must be signed, but is not",
        "timestamp must be signed, but is not",
        "the Timestamp must be signed to prove freshness, but is not",
    }


def test_one_good_signature_beside_a_bad_one() -> None:
    """Every Signature in our header must be right, not only one."""
    message = answer()

    def add(root: etree._Element) -> None:
        second = copy.deepcopy(find(root, "ds:Signature"))
        second.set("Id", "SIG-second")
        find(second, "ds:SignatureValue").text = "AAAA"
        security_of(root).append(second)

    accepted(message)
    refused(edited(message, add), SignatureInvalidError)


def test_header_of_a_later_signed_message_spliced_in() -> None:
    """The header of one message does not prove the Body of another."""
    first, second = answer(SIGNED, envelope(FORGED)), answer()

    def splice(root: etree._Element) -> None:
        old = security_of(root)
        header_of(root).replace(old, security_of(etree.fromstring(second)))

    refused(edited(first, splice), MalformedSecurityError)
    accepted(first)


def test_relates_to_is_optional_as_such() -> None:
    """The twin of the tests above: an answer without RelatesTo passes unless one is required."""
    accepted(answer(), request=REQUEST)
    profile = client(inbound=Inbound(related="required"))
    refused(answer(), RequirementError, profile, request=REQUEST)
    accepted(answer_to("urn:uuid:of-this-request"), profile, request=REQUEST)


def test_unknown_header_block_is_not_in_the_way() -> None:
    """A header block that no signature covers and no demand names may be there."""
    accepted(edited(answer(), append("wsse:Security/..", "<x/>")))
