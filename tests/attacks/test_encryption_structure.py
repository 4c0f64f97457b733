"""The shape of EncryptedKey and EncryptedData, which key opens what, and what is left in plain text."""

from __future__ import annotations

import base64
import copy
from datetime import datetime, timedelta

import pytest
from attacks.forge import (
    Change,
    append,
    edited,
    find,
    header_of,
    remove,
    replace,
    security_of,
    set_attribute,
    set_text,
    with_plaintext,
)
from lxml import etree
from roundtrip.pair import (
    ENCRYPTED,
    NOW,
    ORDER,
    SIGNED,
    accepted,
    answer,
    client,
    envelope,
    issued,
    refused,
    service,
    tree_of,
)

from zeep_wssec import (
    DecryptionError,
    Encryption,
    Inbound,
    InboundError,
    Limits,
    MalformedSecurityError,
    MessageExpiredError,
    OverTLS,
    RequirementError,
    Signature,
    SignatureInvalidError,
    Timestamp,
    TokenUnavailableError,
    UnsupportedAlgorithmError,
    UnsupportedTokenError,
)
from zeep_wssec.soap.namespaces import WSSE, XENC

BOTH = (*SIGNED, ENCRYPTED)
KEY = "xenc:EncryptedKey"
DATA = "xenc:EncryptedData"
CIPHER_REFERENCE = '<xenc:CipherReference URI="file:///etc/hostname"/>'


def double(path: str) -> Change:
    """Put a copy behind an element."""

    def change(root: etree._Element) -> None:
        found = find(root, path)
        found.addnext(copy.deepcopy(found))

    return change


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (replace(f"{DATA}//xenc:CipherValue", CIPHER_REFERENCE), MalformedSecurityError),
        (replace(f"{KEY}//xenc:CipherValue", CIPHER_REFERENCE), MalformedSecurityError),
        (append(f"{DATA}/xenc:CipherData", CIPHER_REFERENCE), MalformedSecurityError),
        (double(f"{DATA}//xenc:CipherValue"), MalformedSecurityError),
        (double(f"{KEY}//xenc:CipherValue"), MalformedSecurityError),
        (append(f"{DATA}//xenc:CipherValue", "<x/>"), MalformedSecurityError),
        (append(f"{KEY}//xenc:CipherValue", "<x/>"), MalformedSecurityError),
        (set_text(f"{DATA}//xenc:CipherValue", "????"), MalformedSecurityError),
        (set_text(f"{KEY}//xenc:CipherValue", "????"), MalformedSecurityError),
        (set_attribute(f"{DATA}//xenc:CipherValue", "x", "y"), MalformedSecurityError),
        (remove(f"{DATA}/xenc:CipherData"), MalformedSecurityError),
        (remove(f"{DATA}/xenc:EncryptionMethod"), MalformedSecurityError),
        (remove(f"{KEY}/xenc:EncryptionMethod"), MalformedSecurityError),
        (remove(f"{KEY}/ds:KeyInfo"), MalformedSecurityError),
        (double(f"{DATA}/xenc:EncryptionMethod"), MalformedSecurityError),
        (append(DATA, "<xenc:EncryptionProperties/>"), MalformedSecurityError),
        (append(DATA, "<x/>"), MalformedSecurityError),
        (append(KEY, "<x/>"), MalformedSecurityError),
        (append(KEY, "<xenc:CarriedKeyName>x</xenc:CarriedKeyName>"), MalformedSecurityError),
        (set_attribute(DATA, "Type", None), MalformedSecurityError),
        (set_attribute(DATA, "Type", "urn:x"), MalformedSecurityError),
        (set_attribute(DATA, "Type", XENC + "EncryptedKey"), MalformedSecurityError),
        (set_attribute(DATA, "x", "y"), MalformedSecurityError),
        (set_attribute(KEY, "Recipient", "x"), MalformedSecurityError),
        (append(f"{DATA}/xenc:EncryptionMethod", "<xenc:KeySize>256</xenc:KeySize>"), MalformedSecurityError),
        (append(f"{KEY}/xenc:EncryptionMethod", "<xenc:KeySize>256</xenc:KeySize>"), UnsupportedAlgorithmError),
        (double(f"{KEY}/xenc:EncryptionMethod/ds:DigestMethod"), MalformedSecurityError),
        (set_attribute(f"{KEY}//ds:DigestMethod", "Algorithm", "urn:x"), UnsupportedAlgorithmError),
        (set_attribute(f"{KEY}//{{*}}MGF", "Algorithm", "urn:x"), UnsupportedAlgorithmError),
        (set_attribute(f"{KEY}/xenc:EncryptionMethod", "Algorithm", XENC + "kw-aes256"), UnsupportedAlgorithmError),
        (set_attribute(f"{KEY}/xenc:EncryptionMethod", "Algorithm", None), UnsupportedAlgorithmError),
        (set_attribute(f"{DATA}/xenc:EncryptionMethod", "Algorithm", XENC + "tripledes-cbc"),
         UnsupportedAlgorithmError),
        (set_attribute(f"{DATA}/xenc:EncryptionMethod", "Algorithm", "urn:x"), UnsupportedAlgorithmError),
        (set_attribute("xenc:DataReference", "URI", None), MalformedSecurityError),
        (set_attribute("xenc:DataReference", "URI", "#nothing"), MalformedSecurityError),
        (set_attribute("xenc:DataReference", "URI", "http://127.0.0.1/"), MalformedSecurityError),
        (set_attribute("xenc:DataReference", "x", "y"), MalformedSecurityError),
        (append("xenc:DataReference", "<x/>"), MalformedSecurityError),
        (append("xenc:ReferenceList", '<xenc:KeyReference URI="#x"/>'), MalformedSecurityError),
        (double("xenc:DataReference"), MalformedSecurityError),
        (replace(f"{DATA}/ds:KeyInfo", "<ds:KeyInfo><ds:KeyName>x</ds:KeyName></ds:KeyInfo>"),
         TokenUnavailableError),
        (replace(f"{DATA}/ds:KeyInfo", "<ds:KeyInfo/>"), MalformedSecurityError),
        (replace(f"{DATA}/ds:KeyInfo", "<ds:KeyInfo><ds:X509Data/></ds:KeyInfo>"), UnsupportedTokenError),
        (set_attribute(f"{DATA}//wsse:Reference", "URI", "#nothing"), MalformedSecurityError),
        (set_attribute(f"{DATA}//wsse:Reference", "URI", "file:///dev/zero"), MalformedSecurityError),
    ],
)  # fmt: skip
def test_shape(change: Change, error: type[InboundError]) -> None:
    """A structure or algorithm outside the tables is refused before any key is used."""
    message = answer(BOTH)
    accepted(message)
    refused(edited(message, change), error)


def test_key_wrap_for_a_certificate() -> None:
    """A key is wrapped under a symmetric key: a certificate is none, whoever has it."""
    method = f'<xenc:EncryptionMethod Algorithm="{XENC}kw-aes256"/>'
    message = answer(BOTH)
    accepted(message)
    refused(edited(message, replace(f"{KEY}/xenc:EncryptionMethod", method)), UnsupportedTokenError)


@pytest.mark.parametrize(
    "target", ["wsu:Timestamp", "ds:Signature", "xenc:EncryptedKey", "soap:Body"]
)
def test_reference_to_something_else(target: str) -> None:
    """A DataReference leads to an EncryptedData."""

    def point(root: etree._Element) -> None:
        found = root[-1] if target == "soap:Body" else find(root, target)
        value = next(value for name, value in found.attrib.items() if str(name).endswith("Id"))
        find(root, "xenc:DataReference").set("URI", f"#{value}")

    refused(edited(answer(BOTH), point), MalformedSecurityError)


@pytest.mark.parametrize("place", ["header", "body"])
def test_encrypted_key_outside_our_header(place: str) -> None:
    """A key counts in our security header only."""
    step = Encryption(recipients=("client",), parts=("timestamp",))
    message = answer((Timestamp(), step))

    def move(root: etree._Element) -> None:
        (header_of(root) if place == "header" else root[-1]).append(find(root, KEY))

    accepted(message, client(inbound=OverTLS()))
    refused(edited(message, move), MalformedSecurityError, client(inbound=OverTLS()))


def another_value(key: etree._Element) -> None:
    """Have an EncryptedKey hold some other key."""
    value = find(key, "xenc:CipherData/xenc:CipherValue")
    value.text = base64.b64encode(bytes(256)).decode()


@pytest.mark.parametrize("same", [True, False])
def test_decrypted_twice(same: bool) -> None:
    """Two keys for us that name one EncryptedData, as two of our certificates have: they must be the same."""

    def second_key(root: etree._Element) -> None:
        key = find(root, KEY)
        copied = copy.deepcopy(key)
        copied.set("Id", "EK-second")
        key.addnext(copied)
        if not same:
            another_value(copied)

    message = edited(answer(BOTH), second_key)
    if same:
        accepted(message)
    else:
        refused(message, DecryptionError)


@pytest.mark.parametrize("same", [True, False])
def test_data_that_names_another_key(same: bool) -> None:
    """An EncryptedData that is listed by one key and names another, both for us: they must be the same."""

    def second_key(root: etree._Element) -> None:
        key = find(root, KEY)
        copied = copy.deepcopy(key)
        copied.set("Id", "EK-first")
        copied.remove(find(copied, "xenc:ReferenceList"))
        key.addprevious(copied)
        find(root, f"{DATA}//wsse:Reference").set("URI", "#EK-first")
        if not same:
            another_value(key)

    message = edited(answer(BOTH), second_key)
    if same:
        accepted(message)
    else:
        refused(message, DecryptionError)


def test_reference_list_by_itself() -> None:
    """Spec: WSS 1.1.1 section 9.1: the list may stand in the header beside its key."""

    def apart(root: etree._Element) -> None:
        find(root, KEY).addnext(find(root, "xenc:ReferenceList"))

    message = answer(BOTH)
    accepted(edited(message, apart))
    refused(edited(message, apart, remove(f"{DATA}/ds:KeyInfo")), UnsupportedTokenError)
    refused(edited(message, apart, double("xenc:ReferenceList")), MalformedSecurityError)


def test_data_without_key_info() -> None:
    """The twin: the list inside the key says which key it is."""
    accepted(edited(answer(BOTH), remove(f"{DATA}/ds:KeyInfo")))


def test_nobody_decrypts() -> None:
    """A key for somebody else is passed over, and what it hides is missed."""
    other = service(*SIGNED, Encryption(recipients=("other",)),
                    keystore=issued("service").keystore("service").with_partner(
                        "other", issued("other").certificate))  # fmt: skip
    error = refused(other.secure(envelope()).to_bytes(), TokenUnavailableError)
    assert "issuer" in str(error)


def test_unreferenced_encrypted_data() -> None:
    """An EncryptedData that nothing opens is content like any other, and was not what was signed."""
    refused(edited(answer(BOTH), remove(KEY)), SignatureInvalidError)


PARTIAL = Inbound(encrypted=("body",), signed=(), fresh_seconds=None)


@pytest.mark.parametrize(
    "change",
    [
        lambda root: root[-1].append(etree.fromstring("<extra/>")),
        lambda root: root[-1].insert(0, etree.fromstring("<extra/>")),
        lambda root: setattr(root[-1], "text", "extra"),
        lambda root: setattr(root[-1][0], "tail", "extra"),
    ],
    ids=["element behind", "element before", "text before", "text behind"],
)
def test_something_beside_the_ciphertext(change: Change) -> None:
    """Content in plain text beside the EncryptedData: the Body did not come encrypted."""
    message = answer((ENCRYPTED,))
    accepted(message, client(inbound=PARTIAL))
    refused(edited(message, change), RequirementError, client(inbound=PARTIAL))


def test_white_space_beside_the_ciphertext() -> None:
    """The twin: layout is no content."""

    def change(root: etree._Element) -> None:
        root[-1].text = root[-1][0].tail = "\n  "

    accepted(edited(answer((ENCRYPTED,)), change), client(inbound=PARTIAL))


def test_only_a_part_of_the_body_encrypted() -> None:
    """All content or nothing."""
    step = Encryption(recipients=("client",), parts=("xpath://*[local-name() = 'sku']",))
    refused(answer((step,)), RequirementError, client(inbound=PARTIAL))
    every = Encryption(recipients=("client",), parts=("xpath:/*/*[2]/*",))
    accepted(answer((every,)), client(inbound=PARTIAL))


def test_ciphertext_moved_aside() -> None:
    """The EncryptedData of the signed Body elsewhere, a forged Body in place: the Body is not signed."""

    def wrap(root: etree._Element) -> None:
        body = root[-1]
        forged = etree.fromstring(etree.tostring(body))
        forged.attrib.clear()
        forged[:] = [etree.fromstring(ORDER.replace("42", "666"))]
        root.replace(body, forged)
        etree.SubElement(header_of(root), "{urn:wrap}W").append(body)

    accepted(answer(BOTH))
    refused(edited(answer(BOTH), wrap), RequirementError)
    accepted(answer((Timestamp(), ENCRYPTED, Signature())))
    refused(edited(answer((Timestamp(), ENCRYPTED, Signature())), wrap), RequirementError)


def test_second_ciphertext_beside_a_signed_one() -> None:
    """Signed ciphertext and a second one that anybody made: the Body changed, so its digest fails."""
    message = answer((Timestamp(), ENCRYPTED, Signature()))

    def second(root: etree._Element) -> None:
        added = copy.deepcopy(find(root, DATA))
        added.set("Id", "ED-second")
        root[-1].append(added)

    refused(edited(message, second), SignatureInvalidError)


def test_encrypted_header_replaced() -> None:
    """A forged EncryptedHeader is not what was signed."""
    parts = ("body", "timestamp", "header:{urn:x}H")
    seal = Encryption(recipients=("client",), parts=("header:{urn:x}H",))
    message = answer(
        (Timestamp(), Signature(parts=parts), seal), envelope(headers='<H xmlns="urn:x">1</H>')
    )
    demands = client(inbound=Inbound(signed=parts))
    accepted(message, demands)
    with pytest.raises((SignatureInvalidError, MalformedSecurityError)):
        demands.check(edited(message, with_plaintext(b'<H xmlns="urn:x">2</H>')))


def test_encrypted_header_with_something_else() -> None:
    """An EncryptedHeader holds one EncryptedData of one header block."""
    seal = Encryption(recipients=("client",), parts=("header:{urn:x}H",))
    message = answer((*SIGNED, seal), envelope(headers='<H xmlns="urn:x">1</H>'))
    accepted(message)
    for change in (append("wsse11:EncryptedHeader", "<x/>"), set_text("wsse11:EncryptedHeader", "x"),
                   set_attribute(DATA, "Type", XENC + "Content")):  # fmt: skip
        refused(edited(message, change), DecryptionError)


# Keys and data without end.


def test_too_many_keys() -> None:
    """Limit: EncryptedKeys; each costs a private-key operation."""
    message = answer(BOTH)

    def many(root: etree._Element) -> None:
        key = find(root, KEY)
        for number in range(4):
            added = copy.deepcopy(key)
            added.set("Id", f"EK-{number}")
            added.remove(find(added, "xenc:ReferenceList"))
            key.addnext(added)

    error = refused(edited(message, many), MalformedSecurityError)
    assert "EncryptedKey" in str(error)
    accepted(edited(message, many), client(limits=Limits(max_encrypted_keys=5)))


def test_too_many_keys_inside_what_they_open() -> None:
    """The limit counts those that stand in a KeyInfo as well."""
    plain = envelope('<a xmlns=""><b/><b/><b/></a>')
    step = Encryption(recipients=("client",), parts=("xpath://b",))
    message = answer((step,), plain)

    def embed(root: etree._Element) -> None:
        key = find(root, KEY)
        listed = find(key, "xenc:ReferenceList")
        security_of(root).replace(key, listed)
        for number, data in enumerate(root[-1].iter(f"{{{XENC}}}EncryptedData")):
            held = copy.deepcopy(key)
            held.set("Id", f"EK-{number}")
            find(data, "ds:KeyInfo")[:] = [held]

    changed = edited(message, embed)
    accepted(changed, client(inbound=OverTLS(), limits=Limits(max_encrypted_keys=3)))
    error = refused(
        changed,
        MalformedSecurityError,
        client(inbound=OverTLS(), limits=Limits(max_encrypted_keys=2)),
    )
    assert "EncryptedKey" in str(error)


def test_too_many_data() -> None:
    """Limit: EncryptedData."""
    content = '<a xmlns="">' + "<b/>" * 5 + "</a>"
    step = Encryption(recipients=("client",), parts=("xpath://b",))
    message = answer((*SIGNED, step), envelope(content))
    accepted(message, client(limits=Limits(max_encrypted_data=5)))
    refused(message, MalformedSecurityError, client(limits=Limits(max_encrypted_data=4)))


def test_too_many_header_children_by_decryption() -> None:
    """The limit on header children holds for decrypted ones as well."""
    message = answer(
        (Timestamp(), Signature(), Encryption(recipients=("client",), parts=("signature",)))
    )
    accepted(message)
    user = b'<u:UsernameToken xmlns:u="%s"><u:Username>x</u:Username></u:UsernameToken>'
    changed = edited(
        message,
        with_plaintext((user % WSSE.encode()) * 40),
        set_attribute(DATA, "Type", XENC + "Content"),
    )
    refused(changed, MalformedSecurityError, client(inbound=OverTLS()))


def test_header_child_that_is_decrypted_late() -> None:
    """Every child of the header is read, one that a later key puts in front of the reader as well.

    A Timestamp is encrypted; its EncryptedData names a key for somebody else, and a later key for us
    lists it.
    """
    known = issued("service").keystore("service")
    for name in ("other", "client"):
        known = known.with_partner(name, issued(name).certificate)
    seal = Encryption(recipients=("other", "client"), parts=("timestamp",))

    def late(now: datetime) -> bytes:
        profile = service(Timestamp(), seal, keystore=known)
        root = profile.secure(tree_of(envelope()), now=now).envelope
        security_of(root).append(security_of(root).findall(f"{{{XENC}}}EncryptedKey")[1])
        return etree.tostring(root)

    report = accepted(late(NOW), client(inbound=OverTLS())).report
    assert report.created == NOW
    refused(late(NOW - timedelta(days=1)), MessageExpiredError, client(inbound=OverTLS()))
