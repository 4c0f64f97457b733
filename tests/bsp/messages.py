"""Messages that obey the rules: of our own profiles, and by hand where no profile writes such a thing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache

from roundtrip.pair import LEGACY, Forgetful, client, envelope, keystore, service

from zeep_wssec import (
    Encryption,
    Profile,
    SessionKey,
    Signature,
    SignatureConfirmation,
    Timestamp,
    Unverified,
    UsernameToken,
)
from zeep_wssec.settings import BasicSecurityProfile, Step
from zeep_wssec.soap.namespaces import DS, WSSE, WSSE11, WSU, XENC

PASSWORD = "correct horse"
SAML1 = "urn:oasis:names:tc:SAML:1.0:assertion"
SAML2 = "urn:oasis:names:tc:SAML:2.0:assertion"
BODY = Signature(parts=("body",))
DERIVED = UsernameToken(username="alice", password=PASSWORD, password_type="none", derive_for="mac")
HEADER = '<h:Customer xmlns:h="urn:h">7</h:Customer>'


def reader(bsp: BasicSecurityProfile | None = None) -> Profile:
    """A profile that demands nothing: what it refuses is refused for its structure."""
    keys = keystore("client", "service").with_user("alice", PASSWORD)
    demands = Unverified(reason="a test", legacy=LEGACY)
    return client(keystore=keys, inbound=demands, bsp=bsp, replay=Forgetful())


def _steps(*steps: Step, headers: str = "") -> Callable[[], bytes]:
    return lambda: service(*steps).secure(envelope(headers=headers)).to_bytes()


def _signed(reference: str, **settings: object) -> Callable[[], bytes]:
    return _steps(Timestamp(), Signature(parts=("body",), key_reference=reference, **settings))  # type: ignore[arg-type]


def _by_hand(security: str, *, headers: str = "", body: str = "") -> Callable[[], bytes]:
    names = {"wsse": WSSE, "wsse11": WSSE11, "wsu": WSU, "ds": DS, "xenc": XENC}
    names |= {"saml1": SAML1, "saml2": SAML2}
    declared = "".join(f' xmlns:{prefix}="{uri}"' for prefix, uri in names.items())
    header = f"<wsse:Security>{security}</wsse:Security>{headers}"
    return lambda: envelope(body, headers=header, declarations=declared)


def _confirming() -> bytes:
    """An answer that confirms the signatures of its request."""
    request = client(outbound=(Timestamp(), BODY)).secure(envelope())
    partner = service(Timestamp(), SignatureConfirmation(), BODY, inbound=reader().plan.inbound)
    return partner.secure(envelope(), answers=partner.check(request.to_bytes())).to_bytes()


def data(name: str, key: str) -> str:
    """An EncryptedData under a key of the message."""
    return (
        f'<xenc:EncryptedData Id="{name}"><xenc:EncryptionMethod Algorithm="{XENC}aes128-cbc"/>'
        f'<ds:KeyInfo><wsse:SecurityTokenReference><wsse:Reference URI="#{key}"/>'
        "</wsse:SecurityTokenReference></ds:KeyInfo></xenc:EncryptedData>"
    )


def key(name: str, *listed: str) -> str:
    """An EncryptedKey with a list."""
    found = "".join(f'<xenc:DataReference URI="#{item}"/>' for item in listed)
    return (
        f'<xenc:EncryptedKey Id="{name}"><xenc:EncryptionMethod Algorithm="{XENC}rsa-oaep-mgf1p"/>'
        "<ds:KeyInfo><wsse:SecurityTokenReference/></ds:KeyInfo>"
        f"<xenc:ReferenceList>{found}</xenc:ReferenceList></xenc:EncryptedKey>"
    )


def listing(*names: str, kind: str = "Data") -> str:
    """A ReferenceList of the header."""
    found = "".join(f'<xenc:{kind}Reference URI="#{name}"/>' for name in names)
    return f"<xenc:ReferenceList>{found}</xenc:ReferenceList>"


def reference(inner: str, token_type: str = "") -> str:
    """A SecurityTokenReference."""
    kind = f' wsse11:TokenType="{token_type}"' if token_type else ""
    return f"<wsse:SecurityTokenReference{kind}>{inner}</wsse:SecurityTokenReference>"


_SAML = "http://docs.oasis-open.org/wss/oasis-wss-saml-token-profile-1."
_BINDING = '<saml1:AuthorityBinding AuthorityKind="saml1:AssertionIDReference"/>'
_ASSERTION1 = '<saml1:Assertion AssertionID="A-1"/>'
_ASSERTION2 = '<saml2:Assertion ID="A-2"/>'
_IDENTIFIER = '<wsse:KeyIdentifier ValueType="{}">{}</wsse:KeyIdentifier>'
_NAMED1 = _IDENTIFIER.format(f"{_SAML}0#SAMLAssertionID", "A-1")
_NAMED2 = _IDENTIFIER.format(f"{_SAML}1#SAMLID", "A-2")
_TYPE1, _TYPE2 = f"{_SAML}1#SAMLV1.1", f"{_SAML}1#SAMLV2.0"
_TICKET = "http://docs.oasis-open.org/wss/oasis-wss-kerberos-token-profile-1.1#"
_STR_TRANSFORM = (
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-soap-message-security-1.0"
    "#STR-Transform"
)
_BINARY = (
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-soap-message-security-1.0#Base64Binary"
)

MESSAGES: Mapping[str, Callable[[], bytes]] = {
    "signed": _steps(Timestamp(), BODY),
    "thumbprint": _signed("thumbprint"),
    "with token": _signed("thumbprint", include_token=True),
    "embedded": _signed("embedded"),
    "issuer serial": _signed("issuer_serial"),
    "pkipath": _signed("pkipath"),
    "pkcs7": _signed("pkcs7"),
    "STR-Transform": _steps(
        Timestamp(),
        Signature(parts=("body", "token"), key_reference="binary_token", str_transform=True),
    ),
    "confirmation": _confirming,
    "encrypted": _steps(Timestamp(), BODY, Encryption(recipients=("client",))),
    "encrypted to embedded": _steps(
        Timestamp(), BODY, Encryption(recipients=("client",), key_reference="embedded")
    ),
    "encrypted header": _steps(
        Timestamp(),
        Encryption(recipients=("client",), parts=("header:{urn:h}Customer",)),
        headers=HEADER,
    ),
    "session": _steps(
        Timestamp(),
        SessionKey(recipients=("client",)),
        Signature(key="session", parts=("body",)),
        Encryption(key="session"),
    ),
    "session by hash": _steps(
        Timestamp(),
        SessionKey(recipients=("client",)),
        Signature(key="session", parts=("body",), key_reference="encrypted_key_sha1"),
    ),
    "user": _steps(UsernameToken(username="alice", password=PASSWORD)),
    "user's key": _steps(
        DERIVED,
        Timestamp(),
        Signature(key="username_token", parts=("body",), algorithm="hmac-sha256"),
    ),
    "lists": _by_hand(
        key("EK-1") + key("EK-2") + listing("ED-1", "ED-2"),
        body=data("ED-1", "EK-1") + data("ED-2", "EK-1"),
    ),
    "key with list": _by_hand(
        key("EK-1", "ED-1", "ED-2"), body=data("ED-1", "EK-1") + data("ED-2", "EK-1")
    ),
    "data in header": _by_hand(key("EK-1", "ED-1") + data("ED-1", "EK-1")),
    "key listed": _by_hand(key("EK-1", "ED-1") + listing("EK-1", kind="Key")),
    "SAML 1.1": _by_hand(_ASSERTION1 + reference(_NAMED1, _TYPE1)),
    "SAML 2.0": _by_hand(_ASSERTION2 + reference(_NAMED2, _TYPE2)),
    "SAML 2.0 by Id": _by_hand(_ASSERTION2 + reference('<wsse:Reference URI="#A-2"/>', _TYPE2)),
    "SAML 1.1 elsewhere": _by_hand(reference(_BINDING + _NAMED1.replace("A-1", "A-9"), _TYPE1)),
    "SAML 2.0 elsewhere": _by_hand(
        reference('<wsse:Reference URI="https://sts.example/A-9"/>', _TYPE2)
    ),
    "SAML subject": _by_hand(
        '<saml1:Assertion AssertionID="A-1"><saml1:SubjectConfirmation><ds:KeyInfo>'
        + reference('<wsse:Reference URI="#T-1"/>')
        + "</ds:KeyInfo></saml1:SubjectConfirmation></saml1:Assertion>"
    ),
    "SAML signed": _by_hand(
        '<ds:Signature><ds:SignedInfo><ds:Reference URI="#STR-1"><ds:Transforms>'
        '<ds:Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/></ds:Transforms>'
        "</ds:Reference></ds:SignedInfo><ds:KeyInfo>"
        '<wsse:SecurityTokenReference wsu:Id="STR-1"><wsse:Embedded><saml2:Assertion ID="A-2"/>'
        "</wsse:Embedded></wsse:SecurityTokenReference></ds:KeyInfo></ds:Signature>"
    ),
    "ticket": _by_hand(
        f'<wsse:BinarySecurityToken wsu:Id="T-1" ValueType="{_TICKET}GSS_Kerberosv5_AP_REQ" '
        f'EncodingType="{_BINARY}">AAAA</wsse:BinarySecurityToken>'
        + reference('<wsse:Reference URI="#T-1"/>', f"{_TICKET}GSS_Kerberosv5_AP_REQ")
    ),
    "ticket elsewhere": _by_hand(
        reference(
            _IDENTIFIER.format(f"{_TICKET}Kerberosv5APREQSHA1", "AAAA"),
            f"{_TICKET}GSS_Kerberosv5_AP_REQ",
        )
    ),
}
"""Each message by what it shows."""


@cache
def message(name: str) -> bytes:
    """Give a message, always the same one."""
    return MESSAGES[name]()
