"""Parts: texts as people write them, and the elements they mean."""

from __future__ import annotations

import pytest
from lxml import etree

from zeep_wssec.errors import ProfileError
from zeep_wssec.soap.envelope import Envelope
from zeep_wssec.soap.namespaces import SOAP11, SOAP12, WSA, WSSE, WSU
from zeep_wssec.soap.parts import find_part, parse_parts

ENVELOPE = f"""<s:Envelope xmlns:s="{SOAP11}" xmlns:wsse="{WSSE}" xmlns:wsu="{WSU}" xmlns:a="{WSA}">
<s:Header><wsse:Security><wsu:Timestamp/><wsse:UsernameToken/><d:Signature
 xmlns:d="http://www.w3.org/2000/09/xmldsig#"/></wsse:Security><a:To/><a:Action Id="act"/></s:Header>
<s:Body wsu:Id="b"><!-- c --><o xmlns="urn:o"><To xmlns="{WSA}"/><x id="act"/></o></s:Body></s:Envelope>"""
TIMESTAMP = f"{{{WSU}}}Timestamp"


def found(text: str, *, token: etree._Element | None = None) -> list[str]:
    """Local names and parents of what one part means."""
    envelope = Envelope.read(etree.fromstring(ENVELOPE), error=ProfileError)
    (security,) = envelope.security_headers(None)
    names = []
    for part in parse_parts([text], namespaces={"mine": "urn:o"}):
        for node in find_part(
            part, envelope=envelope, security=security, token=token, namespaces={"mine": "urn:o"}
        ):
            parent = node.getparent()
            above = "" if parent is None else etree.QName(parent).localname
            names.append(f"{above}/{etree.QName(node).localname}")
    return names


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("body", ["Envelope/Body"]),
        ("body/content", ["Envelope/Body"]),
        ("timestamp", ["Security/Timestamp"]),
        ("username_token", ["Security/UsernameToken"]),
        ("signature", ["Security/Signature"]),
        ("token", []),
        ("headers", ["Header/To", "Header/Action"]),
        ("header:wsa:To", ["Header/To"]),
        (f"header:{{{WSA}}}To", ["Header/To"]),
        ("header:wsa:From", []),
        (" header:wsa:To? ", ["Header/To"]),
        ("id:b", ["Envelope/Body"]),
        ("id:act", ["Header/Action", "o/x"]),
        ("id:none", []),
        ("xpath://mine:x", ["o/x"]),
        ("xpath://wsa:To", ["Header/To", "o/To"]),
        ("xpath://@id", []),
        ("xpath://text()", []),
        ("xpath:count(//*)", []),
        ("xpath://comment()", []),
        (f"{{Element}}{{{WSA}}}To", ["Header/To", "o/To"]),
        (f"{{}}{{{WSA}}}To", ["Header/To", "o/To"]),
        (f"{{Header}}{{{WSA}}}To", ["Header/To"]),
        (f"{{Content}}{{{SOAP11}}}Body", ["Envelope/Body"]),
        (f"{{Content}}{{{SOAP12}}}Body", []),
        ("{Element}{}x", []),
        ("{Element}{Null}x", []),
        ("{Element}{urn:o}x;{Content}{urn:o}o;", ["o/x", "Body/o"]),
    ],
)
def test_found(text: str, expected: list[str]) -> None:
    """Each text means these elements, in document order, and header blocks mean the Header's own."""
    assert found(text) == expected


def test_token_is_that_of_the_signature() -> None:
    """``token`` is the token of the signature at hand, whatever else the header holds."""
    assert found("token", token=etree.fromstring("<x><t/></x>")[0]) == ["x/t"]


@pytest.mark.parametrize(
    ("text", "scope", "optional"),
    [
        ("body", None, False), ("body?", None, True), ("body/element", "element", False),
        ("body/content?", "content", True), ("timestamp/element", "element", False),
        ("id:x?", None, True), ("xpath://x?", None, True), ("header:wsa:To?", None, True),
    ],
)  # fmt: skip
def test_scope_and_mark(text: str, scope: str | None, optional: bool) -> None:
    """``/element``, ``/content`` and the trailing ``?``."""
    (part,) = parse_parts([text], namespaces={})
    assert (part.scope, part.optional, part.text) == (scope, optional, text)


def test_scope_of_wss4j() -> None:
    """WSS4J's modifiers; an empty one is its default."""
    parts = parse_parts(["{Content}{u}a;{Element}{u}b;{}{u}c;{Header}{u}d"], namespaces={})
    assert [part.scope for part in parts] == ["content", "element", None, None]
    assert [part.text for part in parts] == [
        "{Content}{u}a",
        "{Element}{u}b",
        "{}{u}c",
        "{Header}{u}d",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "", "?", "Body", "bodies", "body/", "body/all", "header", "header:", "header:To", "header:no:To",
        "header:wsa:", "header:{}To", "header:{urn:x}", "id:", "id", "xpath:", "xpath://", "xpath:foo()",
        "xpath:$x", "xpath://no:x", "{Content}", "{Wrong}{u}x", "{Content}{u}", "{Content}u:x", "{u}x;{v}y",
        "{http://x}y", "timestamp timestamp",
    ],
)  # fmt: skip
def test_no_part(text: str) -> None:
    """What is no part is refused when the profile is made, with its place in it."""
    with pytest.raises(ProfileError) as caught:
        parse_parts(["body", text], namespaces={}, path="outbound[0].parts")
    assert caught.value.path == "outbound[0].parts[1]"


@pytest.mark.parametrize("given", ["body", [1], [None]])
def test_no_list(given: object) -> None:
    """A lone text is a likely slip."""
    with pytest.raises(ProfileError):
        parse_parts(given, namespaces={})  # type: ignore[arg-type]


def test_unknown_prefix_names_the_known_ones() -> None:
    """The error says what could have been meant."""
    with pytest.raises(ProfileError, match="wsa"):
        parse_parts(["header:nope:To"], namespaces={"mine": "urn:o"})
