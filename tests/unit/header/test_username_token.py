"""UsernameToken: written by the profile of the standard, read without looking at the password."""

from __future__ import annotations

import base64
import hashlib

import pytest
from lxml import etree
from roundtrip.pair import NOW, accepted, answer, client, envelope, refused

from zeep_wssec import InvalidTokenError, MalformedSecurityError, OverTLS, Secret, UsernameToken
from zeep_wssec.header.username_token import password_digest
from zeep_wssec.soap.namespaces import BASE64_BINARY, USERNAME_PROFILE, WSSE, WSU

LENIENT = client(inbound=OverTLS())


def written(**settings: object) -> etree._Element:
    """The token that a step writes."""
    message = answer((UsernameToken(**{"username": "u", "password": "p", **settings}),))  # type: ignore[arg-type]
    (found,) = etree.fromstring(message).iter(f"{{{WSSE}}}UsernameToken")
    return found


def text(token: etree._Element, name: str, namespace: str = WSSE) -> str | None:
    """Text of a child."""
    return token.findtext(f"{{{namespace}}}{name}")


def test_digest_vector() -> None:
    """Spec: UsernameToken Profile 1.1.1 section 3.1: Base64(SHA-1(nonce + created + password))."""
    expected = hashlib.sha1(b"\x01\x02" + b"2027-06-01T12:00:00Z" + "pä".encode()).digest()  # noqa: S324
    made = password_digest(b"\x01\x02", "2027-06-01T12:00:00Z", "pä".encode())
    assert made == base64.b64encode(expected).decode()


@pytest.mark.parametrize("password", ["p", "pä𝄞", Secret.of("p")])
def test_digest(password: object) -> None:
    """The digest is made of the octets of the nonce and of the texts as they are sent."""
    token = written(password=password)
    nonce = base64.b64decode(text(token, "Nonce") or "")
    created = text(token, "Created", WSU) or ""
    secret = password if isinstance(password, str) else "p"
    assert len(nonce) == 16
    assert created == "2027-06-01T12:00:00.000Z"
    assert text(token, "Password") == password_digest(nonce, created, secret.encode())
    nonce_element = token.find(f"{{{WSSE}}}Nonce")
    assert nonce_element is not None
    assert nonce_element.get("EncodingType") == BASE64_BINARY


def test_nonces_are_fresh() -> None:
    """A nonce is used once."""
    assert len({text(written(), "Nonce") for _ in range(20)}) == 20


@pytest.mark.parametrize(
    ("settings", "children"),
    [
        ({"password_type": "text"}, ["Username", "Password"]),
        (
            {"password_type": "text", "nonce": True, "created": True},
            ["Username", "Password", "Nonce", "Created"],
        ),
        ({"password_type": "none", "password": None}, ["Username"]),
        ({}, ["Username", "Password", "Nonce", "Created"]),
    ],
)
def test_children(settings: dict[str, object], children: list[str]) -> None:
    """What is written, in the order of the schema."""
    assert [etree.QName(child).localname for child in written(**settings)] == children


def test_text_is_escaped() -> None:
    """Names and passwords may hold markup."""
    token = written(username="<u>&", password='"p"</x>', password_type="text")
    assert (text(token, "Username"), text(token, "Password")) == ("<u>&", '"p"</x>')


def token(inner: str, attributes: str = "") -> bytes:
    """A message with this UsernameToken."""
    return envelope(
        headers=f'<w:Security xmlns:w="{WSSE}" xmlns:u="{WSU}"><w:UsernameToken {attributes}>{inner}'
        "</w:UsernameToken></w:Security>"
    )


NAME = "<w:Username>u</w:Username>"
DIGEST = f'<w:Password Type="{USERNAME_PROFILE}PasswordDigest">AAAA</w:Password>'
CREATED = f"<u:Created>{NOW:%Y-%m-%dT%H:%M:%SZ}</u:Created>"
NONCE = "<w:Nonce>AAAA</w:Nonce>"


@pytest.mark.parametrize(
    "inner", [NAME, NAME + DIGEST, NAME + DIGEST + NONCE + CREATED, DIGEST + CREATED + NAME]
)
def test_read(inner: str) -> None:
    """The name is told; the password is not checked, and no report shows it."""
    report = accepted(token(inner), LENIENT).report
    assert report.username == "u"
    assert "AAAA" not in str(report.to_dict())


@pytest.mark.parametrize(
    "inner",
    [
        "", DIGEST, NAME + NAME, NAME + DIGEST + DIGEST, NAME + NONCE + NONCE, NAME + CREATED + CREATED,
        NAME + "<w:Other/>", "<w:Username><x/></w:Username>", NAME + '<w:Password Type="urn:x">p</w:Password>',
        NAME + "<w:Nonce>??</w:Nonce>",
    ],
)  # fmt: skip
def test_refused(inner: str) -> None:
    """Spec: BSP 1.1 R4201 to R4225: one of each at most, of known types."""
    refused(token(inner), InvalidTokenError, LENIENT)


def test_broken_time() -> None:
    """A time that is none."""
    refused(token(NAME + "<u:Created>now</u:Created>"), MalformedSecurityError, LENIENT)


def test_unknown_attribute() -> None:
    """An attribute that is not understood."""
    refused(token(NAME, 'x="y"'), InvalidTokenError, LENIENT)
