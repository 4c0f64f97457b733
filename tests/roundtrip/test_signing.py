"""Our signatures under our checks: keys, algorithms, digests, references, parts, layouts, SOAP versions."""

from __future__ import annotations

import re

import pytest
from roundtrip.pair import (
    LEGACY,
    SIGNED,
    accepted,
    answer,
    client,
    envelope,
    refused,
    secured,
    service,
    tree_of,
)

from zeep_wssec import (
    Inbound,
    OutboundError,
    RequirementError,
    SecurityHeader,
    Signature,
    SignatureInvalidError,
    Timestamp,
    Unverified,
    UsernameToken,
)
from zeep_wssec.settings import KeyReference, Layout
from zeep_wssec.soap.namespaces import DS, SOAP11, SOAP12, WSA, WSSE, WSU
from zeep_wssec.xmlcrypto.algorithms import (
    DIGESTS_BY_NAME,
    SIGNATURE_METHODS,
    SIGNATURE_METHODS_BY_NAME,
)

KINDS = {
    "rsa-2048": "rsa-sha256", "rsa-3072": "rsa-sha256",
    "ec-p256": "ecdsa-sha256", "ec-p384": "ecdsa-sha256", "ec-p521": "ecdsa-sha256",
    "ec-bp256": "ecdsa-sha256", "ed25519": "ed25519", "ed448": "ed448",
}  # fmt: skip
REFERENCES: tuple[KeyReference, ...] = (
    "binary_token", "issuer_serial", "subject_key_identifier", "thumbprint", "x509_key_identifier",
    "x509_data",
)  # fmt: skip
TO = f'<wsa:To xmlns:wsa="{WSA}">urn:to</wsa:To>'
NOTHING = Unverified(reason="a test")
SOAP = {"1.1": SOAP11, "1.2": SOAP12}


@pytest.mark.parametrize("reference", REFERENCES)
@pytest.mark.parametrize("key", KINDS)
def test_key_references(key: str, reference: KeyReference) -> None:
    """Every kind of key under every reference; the method follows the key."""
    message = answer((Timestamp(), Signature(key_reference=reference)), key=key)
    (found,) = accepted(message, client(key=key)).report.signatures
    assert (found.key_reference, found.algorithm) == (reference, KINDS[key])
    assert found.parts == ("body", "timestamp")


OF_KEY_PAIRS = [item.name for item in SIGNATURE_METHODS if item.key_kind != "hmac"]


@pytest.mark.parametrize("method", OF_KEY_PAIRS)
def test_methods(method: str) -> None:
    """Every signature method of key pairs, with a key of its kind."""
    kinds = {"rsa": "rsa-2048", "ec": "ec-p384", "dsa": "dsa-2048"}
    key = kinds.get(SIGNATURE_METHODS_BY_NAME[method].key_kind, method)
    message = answer((Timestamp(), Signature(algorithm=method, legacy=LEGACY)), key=key)
    (found,) = accepted(message, client(key=key, inbound=Inbound(legacy=LEGACY))).report.signatures
    assert found.algorithm == method


@pytest.mark.parametrize("digest", DIGESTS_BY_NAME)
@pytest.mark.parametrize("key", ["rsa-2048", "ec-p256", "ec-p521"])
def test_digests(key: str, digest: str) -> None:
    """Every digest."""
    message = answer((Timestamp(), Signature(digest=digest, legacy=LEGACY)), key=key)
    (found,) = accepted(message, client(key=key, inbound=Inbound(legacy=LEGACY))).report.signatures
    assert found.digests == (digest,)


def test_sha1() -> None:
    """The legacy pair, under the opt-in on both sides."""
    step = Signature(algorithm="rsa-sha1", digest="sha1", legacy=LEGACY)
    profile = client(inbound=Inbound(legacy=LEGACY))
    (found,) = accepted(answer((Timestamp(), step)), profile).report.signatures
    assert (found.algorithm, found.digests) == ("rsa-sha1", ("sha1",))


PARTS = {
    "body": "body",
    "body/element": "body",
    "timestamp": "timestamp",
    "username_token": "username_token",
    "token": "token",
    "headers": f"header:{{{WSA}}}To",
    "header:wsa:To": f"header:{{{WSA}}}To",
    f"header:{{{WSA}}}To": f"header:{{{WSA}}}To",
    "header:mine:To": f"header:{{{WSA}}}To",
    "xpath:/*/*[1]/wsa:To": f"header:{{{WSA}}}To",
    "xpath://mine:To": f"header:{{{WSA}}}To",
    "id:the-order": "soap:Envelope/soap:Body/{urn:orders}PlaceOrder",
    "{Element}{urn:orders}sku": "soap:Envelope/soap:Body/{urn:orders}PlaceOrder/{urn:orders}sku",
    "{}{urn:orders}sku": "soap:Envelope/soap:Body/{urn:orders}PlaceOrder/{urn:orders}sku",
    f"{{Content}}{{{SOAP11}}}Body": "body",
    f"{{Header}}{{{WSA}}}To": f"header:{{{WSA}}}To",
}
ORDER = '<o:PlaceOrder xmlns:o="urn:orders" id="the-order"><o:sku>42</o:sku></o:PlaceOrder>'


@pytest.mark.parametrize("part", PARTS)
def test_parts(part: str) -> None:
    """Each way to name a part covers that part, and a change of it is found."""
    steps = (
        Timestamp(),
        UsernameToken(username="u", password="p"),
        Signature(parts=("body", "timestamp", part)),
    )
    profile = client(namespaces={"mine": WSA})
    message = answer(steps, envelope(ORDER, headers=TO), namespaces={"mine": WSA})
    (found,) = accepted(message, profile).report.signatures
    assert PARTS[part] in found.parts
    assert len(found.parts) == len(set(found.parts))


def test_signature_over_a_signature() -> None:
    """An endorsing signature covers the first one."""
    message = answer((*SIGNED, Signature(parts=("signature",))))
    second, first = accepted(message).report.signatures
    assert second.parts == ("signature",)
    assert first.parts == ("body", "timestamp")


def test_one_token_for_two_signatures() -> None:
    """A certificate is carried once."""
    root = tree_of(answer((*SIGNED, Signature(parts=("body",)))))
    assert len(root.findall(f".//{{{WSSE}}}BinarySecurityToken")) == 1


@pytest.mark.parametrize(
    "part", ["timestamp", "username_token", "header:wsa:To", "headers", "id:x", "xpath://x"]
)
def test_optional_part(part: str) -> None:
    """``?``: signed if it is there; without it a missing part is refused when it is known to be missing."""
    report = accepted(
        answer((Signature(parts=("body", f"{part}?")),)),
        client(inbound=Inbound(signed=("body",), fresh_seconds=None)),
    ).report
    assert report.signatures[0].parts == ("body",)


def test_optional_part_of_an_answer() -> None:
    """``?`` in a demand: it may be missing, but not be unsigned."""
    profile = client(inbound=Inbound(signed=("body", "timestamp", "header:wsa:To?")))
    accepted(answer(), profile)
    refused(answer(SIGNED, envelope(headers=TO)), RequirementError, profile)
    steps = (Timestamp(), Signature(parts=("body", "timestamp", "header:wsa:To")))
    accepted(answer(steps, envelope(headers=TO)), profile)


@pytest.mark.parametrize("version", SOAP)
@pytest.mark.parametrize("actor", [None, "urn:actor"])
@pytest.mark.parametrize("must_understand", [True, False])
def test_header_attributes(version: str, actor: str | None, must_understand: bool) -> None:
    """Spec: SOAP 1.1 section 4.2, SOAP 1.2 part 1 section 5.2: attributes in their version's own words."""
    header = SecurityHeader(actor=actor, must_understand=must_understand)
    message = answer(SIGNED, envelope(soap=SOAP[version]), header=header)
    security = tree_of(message)[0][0]
    namespace, role = SOAP[version], "actor" if version == "1.1" else "role"
    assert security.get(f"{{{namespace}}}{role}") == actor
    expected = {"1.1": "1", "1.2": "true"}[version] if must_understand else None
    assert security.get(f"{{{namespace}}}mustUnderstand") == expected
    accepted(message, client(header=SecurityHeader(actor=actor)))
    other = client(header=SecurityHeader(actor="urn:other"))
    refused(message, RequirementError, other)


ORDERS: dict[Layout, list[str]] = {
    "strict": ["BinarySecurityToken", "Signature", "Timestamp"],
    "lax": ["BinarySecurityToken", "Signature", "Timestamp"],
    "timestamp_first": ["Timestamp", "BinarySecurityToken", "Signature"],
    "timestamp_last": ["BinarySecurityToken", "Signature", "Timestamp"],
}


@pytest.mark.parametrize("layout", ORDERS)
def test_layout(layout: Layout) -> None:
    """Spec: WS-SecurityPolicy 1.3 section 6.7; the report has the order."""
    report = accepted(answer(SIGNED, header=SecurityHeader(layout=layout))).report
    assert [name.split(":")[1] for name in report.order] == ORDERS[layout]


@pytest.mark.parametrize("layout", ["timestamp_first", "timestamp_last"])
def test_layout_with_the_timestamp_elsewhere(layout: Layout) -> None:
    """The Timestamp is moved wherever its step stands."""
    steps = (UsernameToken(username="u", password_type="none"), Timestamp(), Signature())
    report = accepted(answer(steps, header=SecurityHeader(layout=layout))).report
    assert report.order[0 if layout == "timestamp_first" else -1] == "wsu:Timestamp"


def test_header_is_made() -> None:
    """An envelope without Header gets one in front of the Body; one with a Header keeps its blocks."""
    assert [child.tag for child in tree_of(answer())] == [
        f"{{{SOAP11}}}Header",
        f"{{{SOAP11}}}Body",
    ]
    root = tree_of(answer(SIGNED, envelope(headers=TO)))
    assert [child.tag for child in root[0]] == [f"{{{WSSE}}}Security", f"{{{WSA}}}To"]


def test_apply_twice() -> None:
    """A message that has our header is refused, and left as it is."""
    made = secured()
    before = made.to_bytes()
    with pytest.raises(OutboundError, match=r"header\.extend"):
        service(*SIGNED).secure(made.envelope)
    assert made.to_bytes() == before


def test_extend() -> None:
    """Where it is stated the header is added to, in front of what is there."""
    made = secured((UsernameToken(username="u", password_type="none"),))
    profile = service(*SIGNED, header=SecurityHeader(extend=True))
    report = accepted(profile.secure(made.envelope).to_bytes()).report
    assert report.username == "u"
    assert report.order[-1] == "wsse:UsernameToken"


def test_header_for_another_actor() -> None:
    """A header for somebody else stays as it is, and ours comes beside it."""
    first = secured(
        (UsernameToken(username="u", password_type="none"),), header=SecurityHeader(actor="urn:x")
    )
    message = service(*SIGNED).secure(first.envelope).to_bytes()
    assert accepted(message).report.username is None
    assert (
        accepted(
            message, client(header=SecurityHeader(actor="urn:x"), inbound=NOTHING)
        ).report.username
        == "u"
    )


@pytest.mark.parametrize(
    "prefixes", [(), ("soap",), ("soap", "o", "#default", "missing"), ("a" * 64,)]
)
def test_prefix_list(prefixes: tuple[str, ...]) -> None:
    """A stated PrefixList is written and followed."""
    message = answer((Timestamp(), Signature(inclusive_prefixes=prefixes)))
    accepted(message)
    written = re.findall(rb'PrefixList="([^"]*)"', message)
    assert written == ([" ".join(prefixes).encode()] * 2 if prefixes else [])


TYPED = (
    '<p:Order xmlns:p="urn:p" xmlns:t="urn:t" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
    '<p:x xsi:type="t:Kind"/><p:y xsi:type="Plain" xmlns="urn:d"/></p:Order>'
)


@pytest.mark.parametrize("declared", ["in the Body", "on the Envelope"])
def test_type_prefixes_are_protected(declared: str) -> None:
    """Exclusive canonicalization drops prefixes inside ``xsi:type``; they are listed, so they cannot be rebound."""
    if declared == "in the Body":
        message = answer(SIGNED, envelope(TYPED))
    else:
        content = TYPED.replace(' xmlns:t="urn:t"', "")
        message = answer(SIGNED, envelope(content, declarations=' xmlns:t="urn:t"'))
    accepted(message)
    assert b'PrefixList="#default t"' in message
    refused(message.replace(b'xmlns:t="urn:t"', b'xmlns:t="urn:evil"'), SignatureInvalidError)


def test_identity_of_given_nodes() -> None:
    """The tree that is given is the tree that is protected: no node is replaced."""
    root = tree_of(envelope(headers=TO))
    body, to = root[1], root[0][0]
    made = service(*SIGNED).secure(root).envelope
    assert made is root
    assert root[1] is body
    assert root[0][1] is to


def test_id_that_is_there() -> None:
    """An Id that an element has already is used."""
    content = f'<o:x xmlns:o="urn:o" xmlns:wsu="{WSU}" wsu:Id="mine"/>'
    message = answer(
        (Timestamp(), Signature(parts=("timestamp", "body", "id:mine"))), envelope(content)
    )
    assert b'URI="#mine"' in message
    accepted(message)


def test_id_that_is_ambiguous() -> None:
    """An Id that two elements have is refused before anything is signed by it."""
    content = f'<x xmlns:wsu="{WSU}"><a wsu:Id="mine"/><b Id="mine"/></x>'
    with pytest.raises(OutboundError, match="mine"):
        service(Signature(parts=("xpath://a",))).secure(envelope(content))


def test_business_ids_are_not_in_the_way() -> None:
    """Equal Ids of business data that is not signed by them do no harm."""
    accepted(answer(SIGNED, envelope('<x><a id="1"/><b id="1"/></x>')))


def test_signature_namespace_is_its_own() -> None:
    """The schema of XML Signature knows Id, not wsu:Id."""
    (found,) = tree_of(answer()).iter(f"{{{DS}}}Signature")
    assert list(found.attrib) == ["Id"]
