"""Tokens beside certificates: variants of UsernameToken, opaque tokens and security contexts."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import pytest
from attacks.forge import edited
from lxml import etree
from roundtrip.pair import NOW, accepted, answer, client, envelope, keystore, refused, service

from zeep_wssec import (
    AuthenticationError,
    BinaryToken,
    Encryption,
    Inbound,
    InvalidTokenError,
    KeyNotFoundError,
    MalformedSecurityError,
    MessageExpiredError,
    OutboundError,
    OverTLS,
    ProfileError,
    RequirementError,
    SecurityContext,
    Signature,
    SignatureInvalidError,
    Timestamp,
    UnsupportedTokenError,
    UsernameToken,
)
from zeep_wssec.header.username_token import password_digest
from zeep_wssec.settings import Step
from zeep_wssec.soap.namespaces import (
    BASE64_BINARY,
    USERNAME_PROFILE,
    WSC,
    WSC_2005,
    WSSE,
    WSSE11,
    WSU,
)
from zeep_wssec.xmlcrypto.derivation import username_token_key

LENIENT = client(inbound=OverTLS())
SECRETS = keystore("service", "client").with_secret("shared", bytes(range(32)))


def written(step: Step, **settings: Any) -> etree._Element:
    """The one child of the header that a step writes."""
    message = etree.fromstring(answer((step,), **settings))
    (token,) = next(message.iter(f"{{{WSSE}}}Security"))
    return token


def user(**settings: Any) -> etree._Element:
    """A UsernameToken."""
    return written(UsernameToken(**{"username": "u", "password": "p", **settings}))


def text(token: etree._Element, name: str, namespace: str = WSSE) -> str:
    """Text of a child."""
    return token.findtext(f"{{{namespace}}}{name}") or ""


# What we write.


def test_hashed_password() -> None:
    """Some travel systems: Base64(SHA-1(nonce + created + SHA-1(password))), all of it octets."""
    token = user(password="pä", password_hash="sha1")
    inner = hashlib.sha1("pä".encode()).digest()  # noqa: S324
    nonce, created = base64.b64decode(text(token, "Nonce")), text(token, "Created", WSU)
    expected = hashlib.sha1(nonce + created.encode() + inner).digest()  # noqa: S324
    assert text(token, "Password") == base64.b64encode(expected).decode()


@pytest.mark.parametrize("typed", [True, False])
def test_type(typed: bool) -> None:
    """Without a Type a password is text."""
    token = user(password_type="text", typed=typed)
    password = token.find(f"{{{WSSE}}}Password")
    assert password is not None
    assert (password.get("Type"), password.text) == (
        USERNAME_PROFILE + "PasswordText" if typed else None,
        "p",
    )


@pytest.mark.parametrize(
    ("settings", "created"),
    [
        ({}, "2027-06-01T12:00:00.000Z"),
        ({"precision": "microseconds"}, "2027-06-01T12:00:00.000000Z"),
        ({"offset": "+02:00", "precision": "seconds"}, "2027-06-01T14:00:00+02:00"),
        ({"offset": "-03:30", "precision": "seconds"}, "2027-06-01T08:30:00-03:30"),
        ({"clock_offset_seconds": 90, "precision": "seconds"}, "2027-06-01T12:01:30Z"),
        ({"clock_offset_seconds": -90, "precision": "seconds"}, "2027-06-01T11:58:30Z"),
    ],
)
def test_times(settings: dict[str, Any], created: str) -> None:
    """The same settings in a UsernameToken and in a Timestamp give the same Created."""
    assert text(user(**settings), "Created", WSU) == created
    assert text(written(Timestamp(**settings)), "Created", WSU) == created


def test_expiry_has_the_offset_too() -> None:
    """Expires is Created and the lifetime, written alike."""
    made = written(Timestamp(ttl_seconds=60, offset="+02:00", precision="seconds"))
    assert text(made, "Expires", WSU) == "2027-06-01T14:01:00+02:00"


@pytest.mark.parametrize(("purpose", "first"), [("mac", 1), ("encryption", 2)])
def test_derivation(purpose: str, first: int) -> None:
    """Spec: UsernameToken Profile 1.1.1 section 4: a Salt that says the purpose, and no password."""
    token = user(password_type="none", derive_for=purpose, iterations=2000)
    assert [etree.QName(child).localname for child in token] == ["Username", "Salt", "Iteration"]
    salt = base64.b64decode(text(token, "Salt", WSSE11))
    assert (len(salt), salt[0]) == (16, first)
    assert text(token, "Iteration", WSSE11) == "2000"


def test_rounds_are_bounded() -> None:
    """No reader spends any time it is asked for."""
    with pytest.raises(ProfileError) as caught:
        UsernameToken(username="u", password="p", password_type="none", iterations=100_001)
    assert caught.value.path == "iterations"
    UsernameToken(username="u", password_type="none", iterations=100_000)


def test_opaque() -> None:
    """A session ticket as the service gave it, with its type."""
    token = written(BinaryToken(value_type="urn:ticket", value="Shared/IDL:IceSess!9"))
    assert token.tag == f"{{{WSSE}}}BinarySecurityToken"
    assert token.text == "Shared/IDL:IceSess!9"
    assert (token.get("ValueType"), token.get("EncodingType")) == ("urn:ticket", BASE64_BINARY)


def test_opaque_without_attributes() -> None:
    """Neither a type nor an encoding, where the service wants none."""
    token = written(BinaryToken(value_type="", value="abc", encoding_type=False))
    assert list(token.keys()) == [f"{{{WSU}}}Id"]


@pytest.mark.parametrize("value", [b"\xff", "a\0"])
def test_opaque_that_is_no_text(value: str | bytes) -> None:
    """Octets that are no text must come in base64."""
    with pytest.raises(OutboundError):
        written(BinaryToken(value_type="urn:x", value=value))


@pytest.mark.parametrize(("version", "namespace"), [("1.3", WSC), ("2005/02", WSC_2005)])
def test_context(version: Any, namespace: str) -> None:
    """The token names the context and not the secret."""
    step = SecurityContext(identifier="urn:uuid:context", key="shared", version=version)
    token = written(step, keystore=SECRETS)
    assert token.tag == f"{{{namespace}}}SecurityContextToken"
    assert text(token, "Identifier", namespace) == "urn:uuid:context"


def test_context_without_its_secret() -> None:
    """An alias that is not there is named by its place."""
    steps = (Timestamp(), SecurityContext(identifier="urn:c", key="nothing"))
    with pytest.raises(KeyNotFoundError) as caught:
        service(*steps, keystore=SECRETS).secure(envelope())
    assert caught.value.path == "outbound[1].key"


# What we read.


def token_in(inner: str, tag: str = "w:UsernameToken") -> bytes:
    """A message with one token."""
    return envelope(
        headers=f'<w:Security xmlns:w="{WSSE}" xmlns:u="{WSU}" xmlns:e="{WSSE11}" xmlns:c="{WSC}">'
        f"<{tag}>{inner}</{tag.split()[0]}></w:Security>"
    )


NAME = "<w:Username>u</w:Username>"
SALT = f"<e:Salt>{base64.b64encode(bytes([1] * 16)).decode()}</e:Salt>"
ROUNDS = "<e:Iteration>1000</e:Iteration>"
TYPED = f'<w:Password Type="{USERNAME_PROFILE}PasswordText">p</w:Password>'


def test_read_derivation() -> None:
    """Salt and Iteration are understood even where no key is needed."""
    assert accepted(token_in(NAME + SALT + ROUNDS), LENIENT).report.username == "u"


@pytest.mark.parametrize(
    "inner",
    [
        NAME + SALT, NAME + ROUNDS, NAME + SALT + SALT + ROUNDS, NAME + SALT + ROUNDS + TYPED,
        NAME + "<e:Salt>AAAA</e:Salt>" + ROUNDS, NAME + "<e:Salt>??</e:Salt>" + ROUNDS,
        NAME + SALT + "<e:Iteration>999</e:Iteration>", NAME + SALT + "<e:Iteration>100001</e:Iteration>",
        NAME + SALT + "<e:Iteration>-1000</e:Iteration>", NAME + SALT + "<e:Iteration>1e4</e:Iteration>",
        NAME + SALT + "<e:Iteration/>",
    ],
)  # fmt: skip
def test_broken_derivation(inner: str) -> None:
    """Spec: BSP 1.1 R4217, R4218: both elements, 16 octets, 1000 rounds and not without end."""
    refused(token_in(inner), InvalidTokenError, LENIENT)


@pytest.mark.parametrize(
    ("created", "accepts"),
    [
        ("2027-06-01T12:00:00Z", True),
        ("2027-06-01T14:00:00+02:00", True),
        ("2027-06-01T11:55:01Z", True),
        ("2027-06-01T11:53:00Z", False),
        ("2027-06-01T12:02:00Z", False),
    ],
)
def test_freshness(created: str, accepts: bool) -> None:
    """Created of a UsernameToken has the limits of a Timestamp."""
    message = token_in(f"{NAME}<u:Created>{created}</u:Created>")
    if accepts:
        accepted(message, LENIENT)
    else:
        refused(message, MessageExpiredError, LENIENT)


def knows(password: str, **demands: Any) -> Any:
    """A receiver that knows the user ``u``."""
    demands = {"signed": (), "fresh_seconds": 300, **demands}
    return client(
        keystore=keystore("client", "service").with_user("u", password),
        inbound=Inbound(**demands),
    )


def proving(*more: Step, **settings: Any) -> bytes:
    """A message with a Timestamp and the user's token."""
    step = UsernameToken(**{"username": "u", "password": "p", **settings})
    return answer((Timestamp(), step, *more))


@pytest.mark.parametrize("kind", ["digest", "text"])
def test_password_of_a_known_user(kind: Any) -> None:
    """The right password passes, a wrong one is refused, whatever is demanded."""
    message = proving(password_type=kind)
    accepted(message, knows("p"))
    refused(message, AuthenticationError, knows("q"))
    proof = accepted(message, knows("p", username_token=kind)).report.proved
    assert f"password of the user proved by {kind}" in proof


@pytest.mark.parametrize("kind", ["digest", "text"])
def test_nobody_learns_which_users_there_are(kind: Any) -> None:
    """A wrong name and a wrong password are refused with the same words."""
    profile = knows("p", username_token=kind)
    name = refused(proving(username="v", password_type=kind), AuthenticationError, profile)
    password = refused(proving(password="q", password_type=kind), AuthenticationError, profile)
    assert str(name) == str(password)
    assert name.safe_message == password.safe_message


def test_an_unknown_user_is_only_reported() -> None:
    """Where no proof is demanded a name is a name."""
    assert accepted(proving(username="v"), knows("p")).report.username == "v"


@pytest.mark.parametrize(
    ("settings", "found"),
    [
        ({"password_type": "text"}, "does by text"),
        ({"password_type": "none", "password": None}, "does by nothing"),
    ],
)
def test_another_proof_than_demanded(settings: dict[str, Any], found: str) -> None:
    """What is demanded is said, and what was found."""
    error = refused(proving(**settings), RequirementError, knows("p", username_token="digest"))
    assert found in error.missing[0]
    accepted(proving(), knows("p", username_token="digest"))


def test_no_token_where_one_is_demanded() -> None:
    """No token proves no password."""
    error = refused(answer((Timestamp(),)), RequirementError, knows("p", username_token="text"))
    assert error.missing == ("a UsernameToken must be there, but is not",)


@pytest.mark.parametrize("left_out", ["Nonce", "Created"])
def test_a_digest_that_can_be_sent_again(left_out: str) -> None:
    """Without nonce or time a digest is a password of its own, and proves nothing."""
    created = f"{NOW:%Y-%m-%dT%H:%M:%SZ}"
    nonce = b"" if left_out == "Nonce" else b"0123456789abcdef"
    digest = password_digest(nonce, "" if left_out == "Created" else created, b"p")
    inner = f'{NAME}<w:Password Type="{USERNAME_PROFILE}PasswordDigest">{digest}</w:Password>'
    inner += f"<w:Nonce>{base64.b64encode(nonce).decode()}</w:Nonce>" if nonce else ""
    inner += "" if left_out == "Created" else f"<u:Created>{created}</u:Created>"
    refused(
        token_in(inner), AuthenticationError, knows("p", fresh_seconds=None, encrypted=["body?"])
    )


def test_derived_key() -> None:
    """A signature with the key that both derive proves the password."""
    user_step = UsernameToken(
        username="u", password="p", password_type="none", derive_for="mac", name="k"
    )
    steps = (Timestamp(), user_step, Signature(key="k", algorithm="hmac-sha256"))
    demands = {"signed": ["body"], "signed_by": "u", "username_token": "derived_key"}
    report = accepted(answer(steps), knows("p", **demands)).report
    assert "password of the user proved by derived_key" in report.proved
    assert report.username_proof == "derived_key"
    assert "(password proved by derived_key)" in str(report)


def test_derived_key_of_another_password() -> None:
    """A key from another password verifies nothing, nor does one of a stranger; nothing tells them apart."""
    maker = UsernameToken(username="u", password="p", password_type="none", derive_for="mac")
    message = answer((maker, Signature(key=maker.name, algorithm="hmac-sha256", parts=["body"])))
    demands = {"signed": ["body"], "signed_by": "u", "fresh_seconds": None}
    accepted(message, knows("p", **demands))
    wrong = refused(message, SignatureInvalidError, knows("q", **demands))
    unknown = refused(message, SignatureInvalidError, LENIENT)
    assert str(wrong) == str(unknown)


@pytest.mark.parametrize(("count", "accepts"), [(4, True), (5, False)])
def test_derived_keys_are_bounded(count: int, accepts: bool) -> None:
    """Each costs the reader time, so a message has few."""
    steps: list[Step] = []
    for index in range(count):
        name = f"k{index}"
        steps += [
            UsernameToken(
                username="u", password="p", password_type="none", derive_for="encryption", name=name
            ),
            Encryption(key=name, parts=[f"xpath://p{index}"], derived_key="1.3"),
        ]
    content = "<r>" + "".join(f"<p{index}/>" for index in range(count)) + "</r>"
    message = answer(steps, envelope(content))
    profile = knows("p", fresh_seconds=None, encrypted=["xpath://p0"])
    if accepts:
        accepted(message, profile)
    else:
        assert "derived UsernameToken" in str(refused(message, MalformedSecurityError, profile))


def test_derivation_vector() -> None:
    """The written Salt and Iteration give the key by the profile's own words."""
    salt = bytes([1] * 16)
    expected = b"p" + salt
    for _ in range(1000):
        expected = hashlib.sha1(expected).digest()  # noqa: S324
    assert username_token_key(b"p", salt, 1000) == expected


def test_opaque_is_refused() -> None:
    """A token of a kind that we do not know may mean anything."""
    message = answer((BinaryToken(value_type="urn:ticket", value="YWJj"),))
    refused(message, UnsupportedTokenError, LENIENT)


IDENTIFIER = "<c:Identifier>urn:c</c:Identifier>"


def test_context_is_read() -> None:
    """One Identifier, and an Instance at most."""
    for more in ("", "<c:Instance>1</c:Instance>"):
        accepted(token_in(IDENTIFIER + more, "c:SecurityContextToken"), LENIENT)


@pytest.mark.parametrize(
    "inner",
    ["", IDENTIFIER * 2, "<c:Identifier/>", "<w:Identifier>x</w:Identifier>", IDENTIFIER + "<x/>",
     "<c:Identifier><x/></c:Identifier>", "<c:Identifier a='b'>x</c:Identifier>"],
)  # fmt: skip
def test_broken_context(inner: str) -> None:
    """Anything else is refused."""
    refused(token_in(inner, "c:SecurityContextToken"), InvalidTokenError, LENIENT)


@pytest.mark.parametrize("version", ["1.3", "2005/02"])
def test_signed_with_the_secret_of_a_context(version: Any) -> None:
    """Both sides know the context by its identifier."""
    step = SecurityContext(identifier="urn:c", key="shared", version=version)
    steps = (Timestamp(), step, Signature(key="security_context", algorithm="hmac-sha256"))
    message = answer(steps, keystore=SECRETS)
    known = keystore("client", "service").with_secret("ctx", bytes(range(32)), key_name="urn:c")
    report = accepted(message, client(keystore=known, inbound=Inbound(signed_by="ctx"))).report
    assert "body signed" in report.proved


@pytest.mark.parametrize("name", [f"{{{WSSE}}}Type", "Kind"])
def test_password_with_another_attribute(name: str) -> None:
    """A Type in a namespace says nothing, so it is not passed over."""
    message = answer((UsernameToken(username="u", password="p", password_type="text"),))
    accepted(message, LENIENT)

    def mark(root: etree._Element) -> None:
        next(root.iter(f"{{{WSSE}}}Password")).set(name, "x")

    refused(edited(message, mark), InvalidTokenError, LENIENT)
