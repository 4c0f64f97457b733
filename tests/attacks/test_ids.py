"""Ids: a reference means exactly one element, to every reader."""

from __future__ import annotations

from copy import deepcopy

import pytest
from attacks.forge import edited, find, security_of, set_attribute, with_plaintext
from lxml import etree
from roundtrip.pair import (
    ENCRYPTED,
    SIGNED,
    accepted,
    answer,
    envelope,
    refused,
)

from zeep_wssec import (
    DecryptionError,
    MalformedSecurityError,
    Signature,
    SignatureInvalidError,
    Timestamp,
)
from zeep_wssec.soap.namespaces import WSU, XML

WSU_ID = f"{{{WSU}}}Id"
NAMES = [WSU_ID, "Id", "ID", "id", f"{{{XML}}}id", "AssertionID"]


def body_id(root: etree._Element) -> str:
    """Id of the Body."""
    return root[-1].get(WSU_ID) or ""


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("first", [True, False], ids=["before the Body", "after the Body"])
def test_twin_of_a_referenced_id(name: str, first: bool) -> None:
    """A referenced Id on a second element, under any name of an Id attribute, is refused."""
    message = answer(SIGNED, envelope(headers='<x xmlns=""/>'))

    def twin(root: etree._Element) -> None:
        target = root[0][-1] if first else etree.SubElement(root[-1], "late")
        target.set(name, body_id(root))

    def harmless(root: etree._Element) -> None:
        root[0][-1].set(name, "another-value")

    refused(edited(message, twin), MalformedSecurityError)
    accepted(edited(message, harmless))


def test_equal_wsu_ids_that_nothing_refers_to() -> None:
    """``wsu:Id`` exists for references: equal ones are refused even where none is made."""
    header = '<x xmlns="" xmlns:wsu="%s" wsu:Id="%s"/>'
    accepted(answer(SIGNED, envelope(headers=header % (WSU, "a") + header % (WSU, "b"))))
    message = answer(SIGNED, envelope(headers=header % (WSU, "a") + header % (WSU, "b")))
    refused(message.replace(b'wsu:Id="b"', b'wsu:Id="a"'), MalformedSecurityError)


def test_equal_business_ids() -> None:
    """The twin: business data may count from 1 in two lists."""
    content = '<a xmlns=""><b id="1" ID="2"/><c id="1" ID="2"/></a>'
    accepted(answer(SIGNED, envelope(content)))


@pytest.mark.parametrize(
    "uri",
    [
        None, "", "#", "#xpointer(/)", "#xpointer(id('x'))", "#element(/1)", "file:///etc/hostname",
        "http://127.0.0.1/", "//host/share", "body", "./message.xml", "/etc/hostname", "cid:part",
        "#x' or '1'='1", '#x" or "1"="1', "# x", "#x y", "##x", "#1x", "#" + "x" * 300, "urn:x",
    ],
)  # fmt: skip
def test_reference_to_anything_but_an_id(uri: str | None) -> None:
    """Spec: BSP 1.1 R3104: a reference is ``#Id``; nothing is fetched, evaluated or guessed."""
    message = edited(answer(), set_attribute("ds:Reference", "URI", uri), sign_by="service")
    refused(message, MalformedSecurityError)


@pytest.mark.parametrize("uri", ["#nothing-here", "#Body"])
def test_reference_to_nothing(uri: str) -> None:
    """An Id that no element has is refused, not passed over."""
    message = edited(answer(), set_attribute("ds:Reference", "URI", uri), sign_by="service")
    error = refused(message, MalformedSecurityError)
    assert "octets as they came" in error.hint


@pytest.mark.parametrize("name", NAMES)
def test_reference_by_any_name_of_an_id(name: str) -> None:
    """The twin: whatever the attribute is called, a unique Id is followed."""
    message = answer((Timestamp(), Signature(parts=("timestamp", "body", "header:{urn:x}H"))),
                     envelope(headers='<H xmlns="urn:x"/>'))  # fmt: skip

    def rename(root: etree._Element) -> None:
        block = find(root, "{urn:x}H")
        block.set(name, block.attrib.pop(WSU_ID))

    report = accepted(edited(message, rename, sign_by="service")).report
    assert "header:{urn:x}H" in report.signatures[0].parts


@pytest.mark.parametrize("value", [" body", "body ", "bódy", "body"])
def test_ids_are_compared_code_point_by_code_point(value: str) -> None:
    """White space and Unicode forms are not ironed out: what looks alike is another Id."""
    message = answer()

    def rename(root: etree._Element) -> None:
        reference = next(
            item for item in root.iterfind(".//{*}Reference") if "body" in item.get("URI", "")
        )
        reference.set("URI", "#body")
        root[-1].set(WSU_ID, value)

    renamed = edited(message, rename, sign_by="service")
    if value == "body":
        accepted(renamed)
    else:
        refused(renamed, MalformedSecurityError)


def test_two_references_to_one_element() -> None:
    """One element named twice covers nothing more, and costs twice."""
    message = answer()

    def double(root: etree._Element) -> None:
        first = find(root, "ds:Reference")
        first.addnext(deepcopy(first))

    accepted(edited(message, sign_by="service"))
    refused(edited(message, double, sign_by="service"), SignatureInvalidError)


def test_signature_that_covers_itself() -> None:
    """An enveloped signature is not what this is: nothing covers its own value."""
    message = answer()

    def point(root: etree._Element) -> None:
        find(root, "ds:Reference").set("URI", "#" + find(root, "ds:Signature").get("Id", ""))

    refused(edited(message, point, sign_by="service"), MalformedSecurityError)


def test_header_that_surrounds_its_signature() -> None:
    """The same for anything around the Signature."""
    message = answer()

    def point(root: etree._Element) -> None:
        security_of(root).set(WSU_ID, "sec-1")
        find(root, "ds:Reference").set("URI", "#sec-1")

    refused(edited(message, point, sign_by="service"), MalformedSecurityError)


def test_twin_that_appears_by_decryption() -> None:
    """Decrypted content must not bring an Id that is there already; and fails as all of it does."""
    message = answer((*SIGNED, ENCRYPTED))
    accepted(message)
    root = etree.fromstring(message)
    plain = f'<x xmlns:wsu="{WSU}" wsu:Id="{body_id(root)}"/>'.encode()
    refused(edited(message, with_plaintext(plain)), DecryptionError)


@pytest.mark.parametrize("name", ["ds:Signature", "ds:KeyInfo"])
def test_both_names_of_an_id(name: str) -> None:
    """Some writers give a Signature or its KeyInfo wsu:Id beside Id; the value must still be no twin."""
    accepted(edited(answer(), set_attribute(name, WSU_ID, "another")))
    message = answer()
    twin = str(next(etree.fromstring(message).iter("{*}Timestamp")).get(WSU_ID))
    refused(edited(message, set_attribute(name, WSU_ID, twin)), MalformedSecurityError)
