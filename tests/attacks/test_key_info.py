"""``ds:KeyInfo`` and tokens: a pointer to a certificate, in one of the known forms, and nothing more."""

from __future__ import annotations

import base64

import pytest
from attacks.forge import (
    Change,
    append,
    edited,
    find,
    header_of,
    insert,
    remove,
    replace,
    security_of,
    set_attribute,
    set_text,
)
from lxml import etree
from roundtrip.pair import SIGNED, accepted, answer, authority, client, issued, refused

from zeep_wssec import (
    InboundError,
    InvalidTokenError,
    MalformedSecurityError,
    Signature,
    SignatureInvalidError,
    Timestamp,
    TokenUnavailableError,
    UnsupportedTokenError,
    UntrustedCertificateError,
)
from zeep_wssec.settings import KeyReference
from zeep_wssec.soap.namespaces import (
    BASE64_BINARY,
    MESSAGE_SECURITY_11,
    TOKEN_PROFILE,
    WSSE,
    WSSE11,
    WSU,
)

REFERENCES: tuple[KeyReference, ...] = (
    "binary_token", "pkipath", "pkcs7", "issuer_serial", "subject_key_identifier", "x509_ski", "thumbprint",
    "x509_key_identifier", "x509_data", "x509_data_subject", "x509_data_issuer_serial",
    "x509_data_in_reference", "embedded", "key_value", "key_name",
)  # fmt: skip


def by(reference: KeyReference) -> bytes:
    """An answer that names its signer so."""
    return answer((Timestamp(), Signature(key_reference=reference)))


def key_info(inner: str) -> Change:
    """Put this into KeyInfo."""
    return replace("ds:KeyInfo", f"<ds:KeyInfo>{inner}</ds:KeyInfo>")


def reference(inner: str) -> Change:
    """Put this into a SecurityTokenReference in KeyInfo."""
    return key_info(f"<wsse:SecurityTokenReference>{inner}</wsse:SecurityTokenReference>")


@pytest.mark.parametrize("name", REFERENCES)
def test_known_form(name: KeyReference) -> None:
    """The twins."""
    assert accepted(by(name)).report.signatures[0].key_reference == name


@pytest.mark.parametrize(
    ("inner", "error"),
    [
        ("<ds:KeyName>nobody</ds:KeyName>", TokenUnavailableError),
        ("<ds:KeyName/>", MalformedSecurityError),
        ('<ds:KeyName x="y">service</ds:KeyName>', MalformedSecurityError),
        ("<ds:KeyName><x/></ds:KeyName>", MalformedSecurityError),
        ("<ds:KeyValue><ds:RSAKeyValue/></ds:KeyValue>", MalformedSecurityError),
        ("<ds:KeyValue><ds:DSAKeyValue/></ds:KeyValue>", UnsupportedTokenError),
        ('<ds:RetrievalMethod URI="#x"/>', UnsupportedTokenError),
        ('<ds:RetrievalMethod URI="file:///dev/zero"/>', UnsupportedTokenError),
        ('<d:DEREncodedKeyValue xmlns:d="http://www.w3.org/2009/xmldsig11#">AA==</d:DEREncodedKeyValue>',
         TokenUnavailableError),
        ('<d:KeyInfoReference xmlns:d="http://www.w3.org/2009/xmldsig11#" URI="#x"/>', UnsupportedTokenError),
        ("<ds:PGPData/>", UnsupportedTokenError),
        ("<ds:MgmtData>x</ds:MgmtData>", UnsupportedTokenError),
        ("<xenc:EncryptedKey/>", UnsupportedTokenError),
        ("<ds:X509Data/>", MalformedSecurityError),
        ("<ds:X509Data><ds:X509SubjectName>CN=nobody</ds:X509SubjectName></ds:X509Data>", TokenUnavailableError),
        ("<ds:X509Data><ds:X509SubjectName/></ds:X509Data>", TokenUnavailableError),
        ("<ds:X509Data><ds:X509SKI>AAAA</ds:X509SKI><ds:X509SKI>AAAA</ds:X509SKI></ds:X509Data>",
         MalformedSecurityError),
        ("<ds:X509Data><ds:X509CRL>AA==</ds:X509CRL></ds:X509Data>", UnsupportedTokenError),
        ("", MalformedSecurityError),
        ("<ds:KeyName>a</ds:KeyName><ds:KeyName>b</ds:KeyName>", MalformedSecurityError),
        ("text", MalformedSecurityError),
        ("<wsse:SecurityTokenReference/>", MalformedSecurityError),
    ],
)  # fmt: skip
def test_other_form(inner: str, error: type[InboundError]) -> None:
    """Unknown keys and names lead to nobody, and pointers to elsewhere are never followed."""
    refused(edited(by("x509_data"), key_info(inner)), error)


@pytest.mark.parametrize(
    ("inner", "error"),
    [
        ("<wsse:Embedded/>", MalformedSecurityError),
        ("<wsse:Embedded><wsse:UsernameToken/></wsse:Embedded>", UnsupportedTokenError),
        ("<wsse:Embedded><wsse:SecurityTokenReference/></wsse:Embedded>", MalformedSecurityError),
        ("<wsse:Embedded><wsse:BinarySecurityToken/></wsse:Embedded>", UnsupportedTokenError),
        ("<ds:KeyValue><ds:RSAKeyValue/></ds:KeyValue>", UnsupportedTokenError),
        ("<wsse:KeyName>x</wsse:KeyName>", UnsupportedTokenError),
        ("<ds:KeyName>x</ds:KeyName>", UnsupportedTokenError),
        ("<wsse:SecurityTokenReference/>", UnsupportedTokenError),
        ("<wsse:Reference/>", MalformedSecurityError),
        ('<wsse:Reference URI=""/>', MalformedSecurityError),
        ('<wsse:Reference URI="#nothing"/>', MalformedSecurityError),
        ('<wsse:Reference URI="http://127.0.0.1/x"/>', MalformedSecurityError),
        ("<wsse:KeyIdentifier>AAAA</wsse:KeyIdentifier>", UnsupportedTokenError),
        (f'<wsse:KeyIdentifier ValueType="{TOKEN_PROFILE}X509v1">AAAA</wsse:KeyIdentifier>',
         UnsupportedTokenError),
        (f'<wsse:KeyIdentifier ValueType="{TOKEN_PROFILE}X509v3">AAAA</wsse:KeyIdentifier>',
         InvalidTokenError),
        (f'<wsse:KeyIdentifier ValueType="{TOKEN_PROFILE}X509v3">????</wsse:KeyIdentifier>',
         MalformedSecurityError),
        (f'<wsse:KeyIdentifier ValueType="{TOKEN_PROFILE}X509SubjectKeyIdentifier"><x/></wsse:KeyIdentifier>',
         MalformedSecurityError),
        (f'<wsse:KeyIdentifier EncodingType="urn:hex" ValueType="{TOKEN_PROFILE}X509SubjectKeyIdentifier"/>',
         UnsupportedTokenError),
        (f'<wsse:KeyIdentifier ValueType="{TOKEN_PROFILE}X509SubjectKeyIdentifier"/>',
         TokenUnavailableError),
        (f'<wsse:KeyIdentifier ValueType="{MESSAGE_SECURITY_11}ThumbprintSHA1">AAAA</wsse:KeyIdentifier>',
         TokenUnavailableError),
        (f'<wsse:KeyIdentifier ValueType="{MESSAGE_SECURITY_11}EncryptedKeySHA1">AAAA</wsse:KeyIdentifier>',
         UnsupportedTokenError),
    ],
)  # fmt: skip
def test_other_token_reference(inner: str, error: type[InboundError]) -> None:
    """Spec: BSP 1.1 R3056, R3057, R3061, R3211: one direct reference, or one identifier of a known type."""
    refused(edited(by("binary_token"), reference(inner)), error)


@pytest.mark.parametrize("first", [True, False])
def test_two_children(first: bool) -> None:
    """Spec: BSP 1.1 R5402: one child; a second one would show another signer than the one used."""
    message = by("binary_token")
    add = insert if first else append
    refused(
        edited(message, add("ds:KeyInfo", "<ds:KeyName>other</ds:KeyName>")), MalformedSecurityError
    )
    refused(
        edited(
            message, add("ds:KeyInfo/wsse:SecurityTokenReference", '<wsse:Reference URI="#x"/>')
        ),
        MalformedSecurityError,
    )


def test_two_certificates() -> None:
    """Two leaves in one X509Data: which one has signed is not guessed."""
    other = issued("other").certificate.base64
    more = f"<ds:X509Certificate>{other}</ds:X509Certificate>"
    refused(edited(by("x509_data"), append("ds:X509Data", more)), MalformedSecurityError)


def test_reference_to_another_reference() -> None:
    """Spec: BSP 1.1 R3057: a reference leads to a token, not to a reference."""

    def change(root: etree._Element) -> None:
        target = find(root, "ds:KeyInfo/wsse:SecurityTokenReference")
        target.set(f"{{{WSU}}}Id", "str-1")
        find(target, "wsse:Reference").set("URI", "#str-1")

    refused(edited(by("binary_token"), change), MalformedSecurityError)


@pytest.mark.parametrize("place", ["header", "body", "another security header"])
def test_token_outside_our_header(place: str) -> None:
    """A token counts in our security header only."""

    def move(root: etree._Element) -> None:
        target = {"header": header_of(root), "body": root[-1]}.get(place)
        if target is None:
            target = etree.SubElement(header_of(root), f"{{{WSSE}}}Security")
            target.set(f"{{{root.nsmap['soap']}}}actor", "urn:other")
        target.append(find(root, "wsse:BinarySecurityToken"))

    message = by("binary_token")
    accepted(message)
    refused(edited(message, move), MalformedSecurityError)


TOKEN = "wsse:BinarySecurityToken"


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (set_attribute(TOKEN, "ValueType", TOKEN_PROFILE + "X509PKIPathv1"), InvalidTokenError),
        (set_attribute(TOKEN, "ValueType", TOKEN_PROFILE + "PKCS7"), InvalidTokenError),
        (set_attribute(TOKEN, "ValueType", TOKEN_PROFILE + "X509v1"), UnsupportedTokenError),
        (set_attribute(TOKEN, "ValueType", None), UnsupportedTokenError),
        (set_attribute(TOKEN, "EncodingType", BASE64_BINARY.replace("64", "16")), UnsupportedTokenError),
        (set_attribute(TOKEN, "x", "y"), InvalidTokenError),
        (set_attribute("wsse:Reference", "ValueType", TOKEN_PROFILE + "PKCS7"), UnsupportedTokenError),
        (set_attribute("ds:KeyInfo/*", f"{{{WSSE11}}}TokenType", TOKEN_PROFILE + "PKCS7"),
         UnsupportedTokenError),
        (set_text(TOKEN, ""), InvalidTokenError),
        (set_text(TOKEN, "AAAA"), InvalidTokenError),
        (set_text(TOKEN, "????"), MalformedSecurityError),
        (append(TOKEN, "<x/>"), MalformedSecurityError),
        (remove(TOKEN), MalformedSecurityError),
    ],
    ids=["PkiPath", "PKCS7", "X509v1", "no ValueType", "hex", "attribute", "ValueType of the reference",
         "TokenType of the reference", "empty", "no certificate", "no base64", "child", "missing"],
)  # fmt: skip
def test_token(change: Change, error: type[InboundError]) -> None:
    """Spec: BSP 1.1 R3029 to R3033: Base64Binary of what the type says, and the type is the same everywhere."""
    message = by("binary_token")
    accepted(message)
    refused(edited(message, change), error)


@pytest.mark.parametrize("garbage", [b"\0", b"\x30\x00", bytes(16)])
def test_octets_behind_the_certificate(garbage: bytes) -> None:
    """A token is one certificate to its last octet."""
    text = base64.b64encode(issued("service").certificate.der + garbage).decode()
    refused(edited(by("binary_token"), set_text(TOKEN, text)), InvalidTokenError)


@pytest.mark.parametrize("cut", [1, 10, 200])
def test_certificate_cut_short(cut: int) -> None:
    """A broken certificate is refused, not crashed on."""
    text = base64.b64encode(issued("service").certificate.der[:-cut]).decode()
    refused(edited(by("binary_token"), set_text(TOKEN, text)), InvalidTokenError)


@pytest.mark.parametrize(
    "text", ["", " ", "x", "1.5", "0x1f", "--5", "-", "1" * 61, "١٢", "²", "1 2", "+5", "1_0", "5-"]
)
def test_serial_number(text: str) -> None:
    """A serial number is a number; anything else is refused, not crashed on."""
    message = by("issuer_serial")
    refused(edited(message, set_text("ds:X509SerialNumber", text)), MalformedSecurityError)


@pytest.mark.parametrize("text", ["0", "-5", "007", " 7\n", "9" * 60])
def test_serial_number_of_somebody_else(text: str) -> None:
    """The twins: numbers, but not of a certificate that we know."""
    message = by("issuer_serial")
    refused(edited(message, set_text("ds:X509SerialNumber", text)), TokenUnavailableError)


@pytest.mark.parametrize(
    "text",
    ["", "CN=other", "=", "CN", "CN=", ",", "\\", 'CN="', "CN=\\", "CN=#", "CN=#zz", "CN=#0C", "+", "CN=a+", "CN=\\ff",
     "1.2.3=x", "CN=" + "x" * 100_000, "CN=\u202eroot tseT", "CN=a," * 5000],
)  # fmt: skip
def test_issuer_name(text: str) -> None:
    """A name that is none, or another's, finds nothing; no name crashes the reader."""
    message = by("issuer_serial")
    error = refused(edited(message, set_text("ds:X509IssuerName", text)), TokenUnavailableError)
    assert len(str(error)) < 1000


def test_issuer_serial_shape() -> None:
    """Issuer name, then serial number."""
    message = by("issuer_serial")
    refused(edited(message, remove("ds:X509SerialNumber")), MalformedSecurityError)
    refused(edited(message, append("ds:X509IssuerSerial", "<x/>")), MalformedSecurityError)
    refused(edited(message, append("ds:X509IssuerName", "<x/>")), MalformedSecurityError)


def test_token_that_no_one_names() -> None:
    """The twin: a token more does no harm, and proves nothing."""
    other = issued("other").certificate.base64
    token = (
        f'<wsse:BinarySecurityToken EncodingType="{BASE64_BINARY}" ValueType="{TOKEN_PROFILE}X509v3" '
        f'wsu:Id="more-1">{other}</wsse:BinarySecurityToken>'
    )
    report = accepted(edited(answer(SIGNED), insert("wsse:Security", token))).report
    assert [item.signer for item in report.signatures] == ["CN=service"]


def test_token_without_its_encoding() -> None:
    """The twin: base64 is what the standard takes when nothing is said."""
    accepted(edited(by("binary_token"), set_attribute(TOKEN, "EncodingType", None)))


def test_token_behind_its_signature() -> None:
    """A token may stand behind the signature that names it: other writers do so."""

    def move(root: etree._Element) -> None:
        security_of(root).append(find(root, TOKEN))

    accepted(edited(by("binary_token"), move))


def test_token_signed_through_its_reference() -> None:
    """STR-Transform: what is signed is the token; another token behind the same reference is found out."""
    step = Signature(parts=("body", "timestamp", "token"), str_transform=True)
    message = answer((Timestamp(), step))
    assert "token" in accepted(message).report.signatures[0].parts
    other = authority().issue("service", key=issued("service").private_key, serial=7).certificate

    def exchange(root: etree._Element) -> None:
        find(root, TOKEN).text = other.base64

    known = issued("client").keystore("client").with_partner("service", other)
    refused(edited(message, exchange), SignatureInvalidError, client(keystore=known))
    refused(edited(message, exchange), UntrustedCertificateError)
