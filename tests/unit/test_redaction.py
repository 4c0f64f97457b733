"""What a redacted message keeps, and what it leaves out."""

from __future__ import annotations

import pytest
from lxml import etree

from zeep_wssec.redaction import MAX_ELEMENTS, MAX_TEXT_CHARACTERS, redact
from zeep_wssec.soap.namespaces import (
    DS,
    SOAP11,
    SOAP12,
    TOKEN_PROFILE,
    WSA,
    WSC,
    WSSE,
    WSSE11,
    WSU,
    XENC,
)

NAMESPACES = {
    "s": SOAP11, "t": SOAP12, "wsse": WSSE, "wsse11": WSSE11, "wsu": WSU, "ds": DS, "xenc": XENC,
    "wsa": WSA, "wsc": WSC, "x": "urn:example:x",
    "wst": "http://docs.oasis-open.org/ws-sx/ws-trust/200512",
}  # fmt: skip
DECLARED = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in NAMESPACES.items())
CANARY = "canary"


def envelope(header: str = "", body: str = "") -> etree._Element:
    return etree.fromstring(
        f"<s:Envelope {DECLARED}><s:Header>{header}</s:Header><s:Body>{body}</s:Body></s:Envelope>"
    )


def in_security(inner: str) -> str:
    return f"<wsse:Security>{inner}</wsse:Security>"


LEFT_OUT = {
    "password": in_security("<wsse:UsernameToken><wsse:Password>canary</wsse:Password></wsse:UsernameToken>"),
    "nonce": in_security("<wsse:UsernameToken><wsse:Nonce>canary</wsse:Nonce></wsse:UsernameToken>"),
    "salt": in_security("<wsse:UsernameToken><wsse11:Salt>canary</wsse11:Salt></wsse:UsernameToken>"),
    "opaque token": in_security(
        '<wsse:BinarySecurityToken ValueType="urn:x">canary</wsse:BinarySecurityToken>'
    ),
    "token without a kind": in_security("<wsse:BinarySecurityToken>canary</wsse:BinarySecurityToken>"),
    "assertion": in_security('<x:Assertion ID="a" Key="canary"><x:Subject>canary</x:Subject></x:Assertion>'),
    "unknown element of wsse": in_security("<wsse:Later>canary</wsse:Later>"),
    "token in a reference": in_security(
        "<ds:Signature><ds:KeyInfo><wsse:SecurityTokenReference><wsse:Embedded><x:T>canary</x:T>"
        "</wsse:Embedded></wsse:SecurityTokenReference></ds:KeyInfo></ds:Signature>"
    ),
    "object": in_security("<ds:Signature><ds:Object><ds:Any>canary</ds:Any></ds:Object></ds:Signature>"),
    "application's header": "<x:Session><x:Id>canary</x:Id></x:Session>",
    "attribute of another's": '<x:Session ticket="canary"/>',
    "attribute of another namespace": in_security('<wsu:Timestamp x:note="canary"/>'),
    "reference parameter": "<wsa:ReplyTo><wsa:ReferenceParameters><x:P>canary</x:P>"
    "</wsa:ReferenceParameters></wsa:ReplyTo>",
    "query": "<wsa:To>https://example.org/a?key=canary</wsa:To>",
    "user of an address": "<wsa:To>https://canary@example.org/a</wsa:To>",
    "text between blocks": "canary",
    "comment": in_security("<!-- canary --><wsu:Timestamp/>"),
    "instruction": in_security("<?note canary?><wsu:Timestamp/>"),
}  # fmt: skip


@pytest.mark.parametrize("header", LEFT_OUT.values(), ids=LEFT_OUT.keys())
@pytest.mark.parametrize("bodies", [False, True])
def test_left_out_of_the_header(header: str, bodies: bool) -> None:
    """Whatever is not known to be harmless is not in what is written."""
    root = envelope(header)
    assert CANARY.encode() in etree.tostring(root)
    assert CANARY.encode() not in redact(root, bodies=bodies)


KEPT = {
    "user": in_security("<wsse:UsernameToken><wsse:Username>canary</wsse:Username></wsse:UsernameToken>"),
    "certificate": in_security(
        f'<wsse:BinarySecurityToken ValueType="{TOKEN_PROFILE}X509v3">canary</wsse:BinarySecurityToken>'
    ),
    "time": in_security("<wsu:Timestamp><wsu:Created>canary</wsu:Created></wsu:Timestamp>"),
    "signature": in_security("<ds:Signature><ds:SignatureValue>canary</ds:SignatureValue></ds:Signature>"),
    "ciphertext": in_security(
        "<xenc:EncryptedKey><xenc:CipherData><xenc:CipherValue>canary</xenc:CipherValue>"
        "</xenc:CipherData></xenc:EncryptedKey>"
    ),
    "reference": in_security(
        '<wsse:SecurityTokenReference><wsse:Reference URI="#canary"/></wsse:SecurityTokenReference>'
    ),
    "context": in_security(
        "<wsc:SecurityContextToken><wsc:Identifier>urn:canary</wsc:Identifier></wsc:SecurityContextToken>"
    ),
    "confirmation": in_security('<wsse11:SignatureConfirmation Value="canary"/>'),
    "action": "<wsa:Action>urn:canary</wsa:Action>",
    "address": "<wsa:To>https://example.org/canary</wsa:To>",
    "name of a header": "<x:canary>text</x:canary>",
    "Id of a header": '<x:Session wsu:Id="canary">text</x:Session>',
}  # fmt: skip


@pytest.mark.parametrize("header", KEPT.values(), ids=KEPT.keys())
def test_kept_of_the_header(header: str) -> None:
    """What explains a refusal is there."""
    assert CANARY.encode() in redact(envelope(header))


def test_body_shows_its_child_by_name() -> None:
    """Name and Id, nothing else."""
    made = redact(
        envelope(body='<x:Order Id="a" x:card="canary">canary<x:No>canary</x:No></x:Order>')
    )
    order = etree.fromstring(made).find(".//{urn:example:x}Order")
    assert order is not None
    assert (order.text, dict(order.attrib), len(order)) == ("[redacted]", {"Id": "a"}, 0)
    assert CANARY.encode() not in made


def test_body_on_request() -> None:
    """All of it, in its order, with its mixed text and attributes."""
    body = '<x:Order card="1">a<x:No>b</x:No>c<x:No/>d</x:Order>'
    made = etree.fromstring(redact(envelope(body=body), bodies=True))
    (order,) = made[1]
    assert "".join(str(text) for text in order.itertext()) == "abcd"
    assert [child.text for child in order] == ["b", None]
    assert order.get("card") == "1"


@pytest.mark.parametrize(
    "secret",
    [
        "<wst:BinarySecret>canary</wst:BinarySecret>",
        "<wsse:BinarySecurityToken>canary</wsse:BinarySecurityToken>",
        "<wsse:Password>canary</wsse:Password>",
    ],
)
def test_secrets_of_a_body(secret: str) -> None:
    """Those with a known name are left out of a Body that is kept."""
    made = redact(envelope(body=f"<x:Answer>{secret}<x:Kept/></x:Answer>"), bodies=True)
    assert CANARY.encode() not in made
    assert b"x:Kept" in made


def test_code_of_a_fault() -> None:
    """The code says what kind it is; the reason may quote content."""
    soap11 = redact(
        envelope(
            body="<s:Fault><faultcode>s:Client</faultcode><faultstring>canary</faultstring></s:Fault>"
        )
    )
    soap12 = redact(
        envelope(
            body="<t:Fault><t:Code><t:Value>t:Sender</t:Value><t:Subcode><t:Value>x:No</t:Value></t:Subcode>"
            "</t:Code><t:Reason><t:Text>canary</t:Text></t:Reason></t:Fault>"
        )
    )
    assert b"s:Client" in soap11
    assert b"t:Sender" in soap12
    assert b"x:No" in soap12
    assert CANARY.encode() not in soap11 + soap12


def test_source_is_unchanged() -> None:
    """It is going to be sent, or to be checked."""
    root = envelope(LEFT_OUT["password"], "<x:Order>a</x:Order>")
    before = etree.tostring(root)
    redact(root)
    assert etree.tostring(root) == before


def test_size_is_bounded() -> None:
    """Long texts are cut, and what is over the number of elements is left out."""
    text = "A" * (MAX_TEXT_CHARACTERS + 1)
    cipher = in_security(f"<xenc:CipherValue>{text}</xenc:CipherValue>")
    assert len(redact(envelope(cipher))) < 2000
    many = redact(envelope("<x:a/>" * (MAX_ELEMENTS + 1)))
    assert len(etree.fromstring(many)[0]) == MAX_ELEMENTS


def test_no_envelope() -> None:
    """What is no SOAP message shows its names only."""
    assert redact(etree.fromstring("<html a='1'><b>canary</b></html>")) == (
        b'<html a="1"><b>[redacted]</b></html>'
    )
