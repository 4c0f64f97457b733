"""References that lead in a circle, or out of the message: nothing is followed without end, nothing is fetched."""

from __future__ import annotations

import base64
import copy
import os
import socket

import pytest
from attacks.forge import Change, edited, element, find, security_of
from cryptography.hazmat.primitives.keywrap import aes_key_wrap
from lxml import etree
from roundtrip.pair import ENCRYPTED, SIGNED, accepted, answer, client, keystore, refused, tree_of

from zeep_wssec import (
    Encryption,
    Inbound,
    InboundError,
    Limits,
    MalformedSecurityError,
    Profile,
    SessionKey,
    Signature,
    Timestamp,
)
from zeep_wssec.soap.namespaces import XENC

SECRET = bytes(range(32))
WRAPPED = (*SIGNED, SessionKey(recipients=("client",)), Encryption(key="session", wrapped=True))
KEYS = f"{{{XENC}}}EncryptedKey"


def reference(name: str) -> etree._Element:
    """A KeyInfo that leads to an element of the message."""
    return element(
        "<ds:KeyInfo><wsse:SecurityTokenReference>"
        f'<wsse:Reference URI="#{name}"/></wsse:SecurityTokenReference></ds:KeyInfo>'
    )


def wrap_each_other(root: etree._Element) -> None:
    """The second key is wrapped under the first, as it was; now the first is wrapped under the second."""
    first, second = root.iter(KEYS)
    second.set("Id", "second")
    method = element(f'<xenc:EncryptionMethod Algorithm="{XENC}kw-aes256"/>')
    first.replace(find(first, "xenc:EncryptionMethod"), method)
    first.replace(find(first, "ds:KeyInfo"), reference("second"))


def wrap_itself(root: etree._Element) -> None:
    """A key that is wrapped under itself."""
    second = list(root.iter(KEYS))[1]
    second.set("Id", "itself")
    second.replace(find(second, "ds:KeyInfo"), reference("itself"))


def reference_to_itself(root: etree._Element) -> None:
    """A token reference that leads to a token reference: to itself."""
    held = find(root, "ds:Signature//wsse:SecurityTokenReference")
    held.set(
        "{http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd}Id",
        "str",
    )
    find(held, "wsse:Reference").set("URI", "#str")


@pytest.mark.parametrize("change", [wrap_each_other, wrap_itself, reference_to_itself])
def test_circle(change: Change) -> None:
    """A circle of keys or references is refused at once."""
    message = answer(WRAPPED)
    accepted(message)
    refused(edited(message, change), MalformedSecurityError)


def chain(hops: int) -> bytes:
    """A message whose content key is wrapped under another one, that under the next, and the last under a secret."""
    keys = [os.urandom(32) for _ in range(hops)]
    sender = Profile(
        keystore=keystore("service", "client").with_secret("shared", SECRET),
        outbound=(*SIGNED, Encryption(key="shared", wrapped=True)),
        inbound=Inbound(),
    )
    root = tree_of(
        answer((*SIGNED, Encryption(key="shared", wrapped=True)), keystore=sender.plan.keystore)
    )
    last = find(root, "xenc:EncryptedKey")
    sealed = find(last, "xenc:CipherData/xenc:CipherValue")
    content = _unwrapped(sealed)
    under = SECRET
    for number, key in enumerate(keys):
        made = copy.deepcopy(last)
        made.remove(find(made, "xenc:ReferenceList"))
        made.set("Id", f"hop{number}")
        if number:
            made.replace(find(made, "ds:KeyInfo"), reference(f"hop{number - 1}"))
        find(made, "xenc:CipherData/xenc:CipherValue").text = _b64(aes_key_wrap(under, key))
        security_of(root).insert(security_of(root).index(last), made)
        under = key
    if hops:
        last.replace(find(last, "ds:KeyInfo"), reference(f"hop{hops - 1}"))
    sealed.text = _b64(aes_key_wrap(under, content))
    return etree.tostring(root)


def _unwrapped(sealed: etree._Element) -> bytes:
    from cryptography.hazmat.primitives.keywrap import aes_key_unwrap

    return aes_key_unwrap(SECRET, base64.b64decode(sealed.text or ""))


def _b64(octets: bytes) -> str:
    return base64.b64encode(octets).decode()


def test_chain_of_keys() -> None:
    """As long as the limit allows, and no longer; nothing is unwrapped of one that is longer."""
    ours = keystore("client", "service").with_secret("shared", SECRET)
    limits = Limits(max_encrypted_keys=8)
    most = limits.max_key_hops
    accepted(chain(most), client(keystore=ours, limits=limits))
    error = refused(chain(most + 1), MalformedSecurityError, client(keystore=ours, limits=limits))
    assert "max_key_hops" in error.hint


# Every URI of a message.

FULL = (Timestamp(), Signature(parts=("body", "timestamp", "token")), ENCRYPTED)
ELSEWHERE = (
    "http://127.0.0.1:9/large.tar.gz",
    "https://example.org/",
    "ftp://127.0.0.1/x",
    "file:///dev/zero",
    "//127.0.0.1/x",
    "other.xml#body",
    "cid:attachment",
    "",
    "#xpointer(/)",
    "#xpointer(id('body'))",
)


@pytest.fixture
def _no_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    def connect(*_: object) -> None:
        raise AssertionError("something is fetched")

    monkeypatch.setattr(socket.socket, "connect", connect)
    monkeypatch.setattr(socket, "getaddrinfo", connect)


def bearers(root: etree._Element) -> list[etree._Element]:
    """The elements with a URI."""
    return [item for item in root.iter() if item.get("URI") is not None]


@pytest.mark.usefixtures("_no_connections")
@pytest.mark.parametrize("uri", ELSEWHERE)
def test_reference_to_elsewhere(uri: str) -> None:
    """Whichever URI of the message leads somewhere else, it is refused, and nobody is asked for anything."""
    message = answer(FULL)
    accepted(message)
    count = len(bearers(tree_of(message)))
    assert count >= 6
    for which in range(count):
        changed = edited(message, lambda root, which=which: bearers(root)[which].set("URI", uri))
        with pytest.raises(InboundError):
            client().check(changed)
