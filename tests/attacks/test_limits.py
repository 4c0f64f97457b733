"""Limits: what stands in a message is counted before any key is used, what is decrypted as it comes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib import import_module

import pytest
from attacks.forge import append, edited, find, security_of, with_plaintext
from lxml import etree
from roundtrip.pair import (
    ENCRYPTED,
    NOW,
    ORDER,
    SIGNED,
    Forgetful,
    accepted,
    answer,
    authority,
    client,
    envelope,
    keystore,
    refused,
    tree_of,
)

from zeep_wssec import (
    Anonymous,
    DecryptionError,
    Encryption,
    Inbound,
    Limits,
    MalformedSecurityError,
    OverTLS,
    Profile,
    SessionKey,
    Signature,
    SignatureInvalidError,
    Timestamp,
    UsernameToken,
)
from zeep_wssec.soap.namespaces import DS, WSC, WSSE, WSSE11, XENC

KEY_OPERATIONS = [
    ("xmlcrypto.signing", "verify_value"),
    ("header.encrypted_key", "_private_key_octets"),
    ("header.encrypted_key", "unwrap_key"),
    ("header.decryption", "decrypt"),
    ("header.derived_key", "p_sha1"),
    ("header.username_token", "username_token_key"),
]
Spy = list[str]


@pytest.fixture
def spy(monkeypatch: pytest.MonkeyPatch) -> Spy:
    """Names of all operations with a key, in order."""
    done: Spy = []
    for module, name in KEY_OPERATIONS:
        holder = import_module(f"zeep_wssec.{module}")
        real = getattr(holder, name)

        def noted(*args: object, _name: str = name, _real: Callable[..., object] = real,
                  **options: object) -> object:  # fmt: skip
            done.append(_name)
            return _real(*args, **options)

        monkeypatch.setattr(holder, name, noted)
    return done


SESSION = SessionKey(recipients=("client",))
USER = UsernameToken(
    username="alice",
    password="a long enough password",
    password_type="none",
    derive_for="mac",
    name="password",
    iterations=1234,
)
RICH = envelope('<a xmlns="urn:a" xmlns:b="urn:b" x="1" y="2"><b:c>' + "t" * 999 + "</b:c></a>")


def with_chain(root: etree._Element) -> None:
    """Put the authority's certificate beside the signer's."""
    data = find(root, "ds:X509Data")
    etree.SubElement(data, f"{{{DS}}}X509Certificate").text = pem_text()


def pem_text() -> str:
    """The authority's certificate in base64."""
    return "".join(authority().pem.decode().split("-----")[2].split())


@dataclass(frozen=True)
class Case:
    """A message that has just as many of something as a limit allows."""

    limit: str
    message: Callable[[], bytes]
    count: Callable[[etree._Element], int]
    """Counts them in the message, in another way than the package does."""


def tags(*names: str) -> Callable[[etree._Element], int]:
    """Count elements of these names."""
    return lambda root: sum(1 for _ in root.iter(*names))


def nodes(root: etree._Element) -> int:
    """Count elements, attributes and namespace declarations."""
    elements = list(root.iter())
    declared = etree.tostring(root).count(b" xmlns")
    return len(elements) + sum(len(item.attrib) for item in elements) + declared


def iterations(root: etree._Element) -> int:
    """Sum of all iterations."""
    return sum(int(item.text or "") for item in root.iter(f"{{{WSSE11}}}Iteration"))


def two_users() -> bytes:
    """Two UsernameTokens, of which the second is nobody's key."""
    other = f"<wsse:UsernameToken><wsse:Username>x</wsse:Username><wsse11:Salt>{'A' * 22}==</wsse11:Salt>"
    other += "<wsse11:Iteration>1000</wsse11:Iteration></wsse:UsernameToken>"
    return edited(
        answer((Timestamp(), USER, Signature(key="password"))), append("wsse:Security", other)
    )


CASES = (
    Case("max_message_bytes", lambda: answer(SIGNED, RICH), lambda root: len(answer_octets(root))),
    Case("max_nodes", lambda: answer(SIGNED, RICH), nodes),
    Case("max_depth", lambda: answer(SIGNED, envelope("<a>" * 20 + "</a>" * 20)), lambda _: 22),
    Case("max_attributes", lambda: answer(SIGNED, envelope("<z a='' b='' c='' d='' e=''/>")),
         lambda root: max(len(item.attrib) for item in root.iter())),
    Case("max_namespaces", lambda: answer(SIGNED, RICH),
         lambda root: max(len(item.nsmap) for item in root.iter())),
    Case("max_text_length", lambda: answer(SIGNED, envelope(f"<a>{'t' * 5000}</a>")), lambda _: 5000),
    Case("max_header_children", answer, lambda root: len(security_of(root))),
    Case("max_signatures", lambda: answer((*SIGNED, Signature(parts=("body",)))), tags(f"{{{DS}}}Signature")),
    Case("max_references", answer, tags(f"{{{DS}}}Reference")),
    Case("max_encrypted_keys",
         lambda: answer((*SIGNED, ENCRYPTED, Encryption(recipients=("client",), parts=("signature",)))),
         tags(f"{{{XENC}}}EncryptedKey")),
    Case("max_key_hops", lambda: answer((*SIGNED, SESSION, Encryption(key="session", wrapped=True))),
         lambda _: 1),
    Case("max_derived_keys",
         lambda: answer((*SIGNED, SESSION, Signature(key="session", derived_key="1.3"),
                         Encryption(key="session", derived_key="1.3"))),
         tags(f"{{{WSC}}}DerivedKeyToken")),
    Case("max_iterations", two_users, iterations),
    Case("max_certificates", lambda: edited(answer((Timestamp(), Signature(key_reference="x509_data"))),
                                            with_chain), tags(f"{{{DS}}}X509Certificate")),
    Case("max_certificates", lambda: answer((*SIGNED, Signature(parts=("body",), key_reference="pkipath"))),
         tags(f"{{{WSSE}}}BinarySecurityToken")),
    Case("max_chain_length", lambda: edited(answer((Timestamp(), Signature(key_reference="x509_data"))),
                                            with_chain), tags(f"{{{DS}}}X509Certificate")),
    Case("max_encrypted_data",
         lambda: answer((*SIGNED, Encryption(recipients=("client",), parts=("xpath://b",))),
                        envelope("<a><b/><b/><b/></a>")), tags(f"{{{XENC}}}EncryptedData")),
)  # fmt: skip


def answer_octets(root: etree._Element) -> bytes:
    """An answer as it is sent."""
    return etree.tostring(root, xml_declaration=True, encoding="utf-8")


@cache
def message_of(case: Case) -> bytes:
    return case.message()


def reader(**limits: int) -> Profile:
    """A client that knows a user and takes what anybody has encrypted for it."""
    keys = keystore("client", "service").with_user("alice", "a long enough password")
    trusted = ("service", "alice", Anonymous(reason="a test"))
    inbound = Inbound(signed_by=trusted)
    return Profile(keystore=keys, clock=lambda: NOW, inbound=inbound, replay=Forgetful(),
                   limits=Limits(**limits))  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.limit)
def test_at_the_limit_and_above(case: Case, spy: Spy) -> None:
    """A message at a limit is read; above it is refused before any key is used, and told which limit."""
    message = message_of(case)
    count = case.count(tree_of(message))
    accepted(message, reader(**{case.limit: count}))
    assert spy
    spy.clear()
    if case.limit == "max_message_bytes":
        with pytest.raises(MalformedSecurityError) as caught:
            reader(max_message_bytes=count - 1).check(message)
        error = caught.value
    elif count == 1:
        error = refused(twice_wrapped(), MalformedSecurityError, reader(**{case.limit: count}))
    else:
        error = refused(message, MalformedSecurityError, reader(**{case.limit: count - 1}))
    assert f"limits.{case.limit} " in error.hint
    assert not spy


def twice_wrapped() -> bytes:
    """A key under a key under a session key."""

    def wrap(root: etree._Element) -> None:
        inner, outer = sorted(
            root.iter(f"{{{XENC}}}EncryptedKey"),
            key=lambda key: find(key, "xenc:EncryptionMethod").get("Algorithm") or "",
        )
        if "rsa" in (find(inner, "xenc:EncryptionMethod").get("Algorithm") or ""):
            inner, outer = outer, inner
        added = etree.fromstring(etree.tostring(inner))
        added.set("Id", "EK-third")
        reference = find(added, "wsse:Reference")
        reference.set("URI", f"#{inner.get('Id') or 'EK-inner'}")
        inner.set("Id", inner.get("Id") or "EK-inner")
        security_of(root).append(added)

    return edited(answer((*SIGNED, SESSION, Encryption(key="session", wrapped=True))), wrap)


def test_every_limit_is_tested() -> None:
    """A new limit needs its message."""
    decrypted = {"max_decrypted_bytes", "max_coverings"}
    assert {case.limit for case in CASES} | decrypted == set(vars(Limits()))


@pytest.mark.parametrize("limit", ["max_nodes", "max_text_length", "max_decrypted_bytes"])
def test_limits_that_follow_the_size(limit: str) -> None:
    """What is not stated follows ``max_message_bytes``, also in a copy."""
    small, large = Limits(max_message_bytes=160_000), Limits(max_message_bytes=1_600_000)
    assert getattr(small, limit) is None
    assert (small.nodes, large.nodes) == (10_000, 100_000)
    assert (small.decrypted_bytes, large.decrypted_bytes) == (160_000, 1_600_000)
    assert Limits(max_nodes=5, max_decrypted_bytes=6).nodes == 5


def test_markup_is_counted_before_it_is_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tree takes a hundred times the octets of the shortest elements: it is not even made."""
    message = envelope("<a/>" * 5000)
    Profile.secure(reader(), message)
    monkeypatch.setattr(etree, "fromstring", None)
    with pytest.raises(MalformedSecurityError) as caught:
        reader(max_nodes=2000).check(message)
    assert "max_nodes" in caught.value.hint


def test_markup_in_a_text() -> None:
    """A document in CDATA is one text, whatever it holds."""
    text = "<![CDATA[" + "<" * 5000 + "]]>"
    message = answer().replace(b">42<", f">{text}<".encode())
    with pytest.raises(SignatureInvalidError):
        reader(max_nodes=1000).check(message)


# What is decrypted.

CONTENT = Encryption(recipients=("client",), parts=("body",))


def sealed(plain: bytes) -> bytes:
    """An answer whose Body has ``plain`` as its encrypted content."""
    return edited(answer((CONTENT,)), with_plaintext(plain))


def test_decrypted_bytes() -> None:
    """Plain text is counted over all parts of a message."""
    step = Encryption(recipients=("client",), parts=("xpath://b",))
    message = answer((*SIGNED, step), envelope("<a><b>12345</b><b>12345</b></a>"))
    inner = accepted(message).body.find(".//b")
    assert inner is not None
    size = len(etree.tostring(inner, with_tail=False))
    accepted(message, client(limits=Limits(max_decrypted_bytes=2 * size)))
    refused(message, DecryptionError, client(limits=Limits(max_decrypted_bytes=2 * size - 1)))


def test_decrypted_nodes() -> None:
    """Decrypted nodes and those of the message have one limit."""
    message = sealed(b"<a/>" * 500)
    profile = client(inbound=OverTLS())
    accepted(message, profile)
    outer = nodes(tree_of(message))
    accepted(message, client(inbound=OverTLS(), limits=Limits(max_nodes=outer + 600)))
    tight = Limits(max_nodes=max(outer, 480))
    refused(message, DecryptionError, client(inbound=OverTLS(), limits=tight))


@pytest.mark.parametrize("depth", [98, 99])
def test_decrypted_depth(depth: int) -> None:
    """Decrypted elements are as deep as where they stand: Envelope and Body are above them."""
    message = sealed(b"<a>" * depth + b"</a>" * depth)
    profile = client(inbound=OverTLS())
    if depth + 2 <= Limits().max_depth:
        accepted(message, profile)
    else:
        refused(message, DecryptionError, profile)


@pytest.mark.parametrize(
    ("limit", "plain"),
    [
        ("max_attributes", b"<a " + b" ".join(b"a%d=''" % n for n in range(20)) + b"/>"),
        ("max_namespaces", b"<a " + b" ".join(b"xmlns:n%d='u:%d'" % (n, n) for n in range(20)) + b"/>"),
    ],
)  # fmt: skip
def test_decrypted_content_has_the_limits_of_the_message(limit: str, plain: bytes) -> None:
    """No limit of the message can be passed by encrypting what is above it."""
    within = {"max_attributes": 20, "max_namespaces": 40}[limit]
    message = sealed(plain)
    accepted(message, client(inbound=OverTLS(), limits=Limits(**{limit: within})))
    below = {"max_attributes": 19, "max_namespaces": 19}[limit]
    refused(message, DecryptionError, client(inbound=OverTLS(), limits=Limits(**{limit: below})))


# What signatures cover.


def test_elements_covered_again_and_again() -> None:
    """Elements inside one another, all signed, would be canonicalized once for each that is around them."""
    names = [f"n{number}" for number in range(6)]
    content = "".join(f"<{name}>" for name in names) + ORDER
    content += "".join(f"</{name}>" for name in reversed(names))
    parts = ("body", "timestamp", *(f"xpath://{name}" for name in names))
    message = answer((Timestamp(), Signature(parts=parts)), envelope(content))
    accepted(message, client(limits=Limits(max_coverings=7)))
    error = refused(message, MalformedSecurityError, client(limits=Limits(max_coverings=6)))
    assert "limits.max_coverings" in error.hint


@pytest.mark.parametrize(("count", "accepts"), [(7, True), (8, False)])
def test_security_headers_for_others(count: int, accepts: bool) -> None:
    """Each costs a walk through the message, so a message has eight at most, ours included."""
    others = "".join(
        f'<wsse:Security xmlns:wsse="{WSSE}" soap:actor="urn:{index}"/>' for index in range(count)
    )
    message = answer(SIGNED, envelope(headers=others))
    if accepts:
        accepted(message)
    else:
        refused(message, MalformedSecurityError)
