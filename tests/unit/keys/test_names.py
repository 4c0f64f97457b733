"""The text of issuer names, and comparing what peers write."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.name import _ASN1Type
from cryptography.x509.oid import NameOID
from hypothesis import given, settings
from hypothesis import strategies as st

from zeep_wssec.keys.certificate import Certificate
from zeep_wssec.keys.name_text import MAX_NAME_LENGTH, parse_name_text, read_name_text
from zeep_wssec.testing.authority import Authority
from zeep_wssec.testing.certificates import build_certificate, generate_key

MAIL = NameOID.EMAIL_ADDRESS
BANK = [
    (NameOID.COUNTRY_NAME, "DE"),
    (NameOID.ORGANIZATION_NAME, "Bank, Söhne & Co"),
    (NameOID.COMMON_NAME, "Test CA"),
]
WITH_MAIL = [*BANK, (MAIL, "ca@bank.example")]


def certify(
    now: datetime, *rdns: list[tuple[x509.ObjectIdentifier, str]], serial: int = 7
) -> Certificate:
    """Make a certificate whose issuer has these RDNs."""
    key = generate_key("ec-p256", reuse=True)
    attributes = [
        x509.RelativeDistinguishedName([x509.NameAttribute(oid, value) for oid, value in rdn])
        for rdn in rdns
    ]
    return build_certificate(
        subject=x509.Name([]),
        issuer=x509.Name(attributes),
        subject_key=key,
        signed_by=key,
        not_before=now - timedelta(days=1),
        not_after=now + timedelta(days=1),
        serial=serial,
    )


def certify_flat(now: datetime, attributes: list[tuple[x509.ObjectIdentifier, str]]) -> Certificate:
    return certify(now, *([item] for item in attributes))


def test_last_rdn_comes_first(now: datetime) -> None:
    """RFC 2253 section 2.1: the text starts with the last RDN of the encoded name."""
    assert certify_flat(now, BANK[::2]).issuer_name_rfc2253 == "CN=Test CA,C=DE"


def test_special_characters_are_escaped(now: datetime) -> None:
    """RFC 2253 section 2.4: special characters, and spaces at both ends, get a backslash."""
    made = certify_flat(now, [(NameOID.COMMON_NAME, ' a,b+c"d\\e<f>g;h=i#j  ')])
    assert made.issuer_name_rfc2253 == 'CN=\\ a\\,b\\+c\\"d\\\\e\\<f\\>g\\;h\\=i\\#j\\ \\ '


def test_type_without_short_name_is_an_oid_with_hex(now: datetime) -> None:
    """RFC 2253 section 2.3: a type that has no short name is its OID, its value the hex of the DER."""
    made = certify_flat(now, WITH_MAIL[2:])
    assert made.issuer_name_rfc2253 == (
        "1.2.840.113549.1.9.1=#160f63614062616e6b2e6578616d706c65,CN=Test CA"
    )


def test_several_attributes_of_one_rdn_are_joined(now: datetime) -> None:
    """RFC 2253 section 2.2: attributes of one RDN are joined with a plus sign."""
    made = certify(now, [(NameOID.COMMON_NAME, "x"), (NameOID.ORGANIZATIONAL_UNIT_NAME, "y")])
    assert made.issuer_name_rfc2253 in ("CN=x+OU=y", "OU=y+CN=x")


def test_text_always_fits_into_xml(now: datetime) -> None:
    """Characters that XML cannot hold are written as hex pairs."""
    made = certify_flat(now, [(NameOID.COMMON_NAME, "a\x00b\x01c")])
    assert made.issuer_name_rfc2253 == "CN=a\\00b\\01c"


def test_equals_what_java_writes(
    now: datetime, tmp_path: Path, require_tool: Callable[[str], Callable[..., bytes]]
) -> None:
    """WSS4J compares with X500Principal.getName(); ours must be that text."""
    java = require_tool("java")
    require_tool("javac")
    made = [
        certify_flat(now, BANK),
        certify_flat(now, WITH_MAIL),
        certify_flat(now, [(NameOID.COMMON_NAME, ' a,b+c"d\\e<f>g;h=i#j  ')]),
        certify_flat(now, [(NameOID.COMMON_NAME, "#x"), (NameOID.STREET_ADDRESS, "Straße 1 ")]),
        certify_flat(now, [(NameOID.DOMAIN_COMPONENT, "example"), (NameOID.USER_ID, "u1")]),
        certify_flat(now, [(NameOID.SERIAL_NUMBER, "12"), (NameOID.STATE_OR_PROVINCE_NAME, "NY")]),
        certify_flat(
            now, [(NameOID.ORGANIZATION_IDENTIFIER, "VATDE-1"), (NameOID.LOCALITY_NAME, "日本")]
        ),
        certify(now, [(NameOID.COMMON_NAME, "x"), (NameOID.ORGANIZATIONAL_UNIT_NAME, "y")]),
    ]
    program = tmp_path / "IssuerNames.java"
    program.write_text(
        "import java.io.*; import java.nio.charset.*; import java.security.cert.*;\n"
        "public class IssuerNames { public static void main(String[] files) throws Exception {\n"
        "  PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);\n"
        '  CertificateFactory factory = CertificateFactory.getInstance("X.509");\n'
        "  for (String file : files) { try (InputStream in = new FileInputStream(file)) {\n"
        "    X509Certificate made = (X509Certificate) factory.generateCertificate(in);\n"
        '    out.println(made.getIssuerX500Principal().getName() + "|"); } } } }\n'
    )
    files = []
    for number, certificate in enumerate(made):
        files.append(tmp_path / f"{number}.cer")
        files[-1].write_bytes(certificate.der)
    written = java(program, *files).decode().split("|\n")
    assert written[:-1] == [certificate.issuer_name_rfc2253 for certificate in made]


def test_wide_strings_are_text(now: datetime) -> None:
    """A BMPString, as old Windows CAs write it, is text like any other (Java 17 garbles it)."""
    made = bmp_named(now)
    assert made.issuer_name_rfc2253 == "CN=Zürich €"
    assert made.matches_issuer_serial("CN=Zürich €", made.serial_number)


def bmp_named(now: datetime) -> Certificate:
    key = generate_key("ec-p256", reuse=True)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Zürich €", _ASN1Type.BMPString)])
    return build_certificate(
        subject=name,
        issuer=name,
        subject_key=key,
        signed_by=key,
        not_before=now - timedelta(days=1),
        not_after=now + timedelta(days=1),
    )


QUOTED = [
    ([(NameOID.COMMON_NAME, "Test CA"), (NameOID.COUNTRY_NAME, "DE")], "C=DE, CN=Test CA"),
    (BANK, 'CN=Test CA, O="Bank, Söhne & Co", C=DE'),
    ([(NameOID.COMMON_NAME, "a=b<c>;d")], 'CN="a=b<c>;d"'),
    ([(NameOID.COMMON_NAME, " a ")], 'CN=" a "'),
    ([(NameOID.COMMON_NAME, "a\\,b\\")], 'CN="a\\,b\\"'),
    ([(NameOID.COMMON_NAME, "a\\41")], 'CN="a\\41"'),
    ([(NameOID.COMMON_NAME, 'the "best", CA')], 'CN="the ""best"", CA"'),
    ([(MAIL, "a@b")], "1.2.840.113549.1.9.1=#1603614062"),
    ([(NameOID.COMMON_NAME, "a\x01")], "CN=#0c026101"),
]


@pytest.mark.parametrize(("name", "text"), QUOTED, ids=[text for _, text in QUOTED])
def test_quoted_form(
    now: datetime, name: list[tuple[x509.ObjectIdentifier, str]], text: str
) -> None:
    """.NET knows quotes and no backslashes; what we write for it, we find again."""
    made = certify_flat(now, name)
    assert made.issuer_name_quoted == text
    assert made.matches_issuer_serial(text, 7)
    assert made.matches_issuer_serial(" " + text.replace("=", " = ", 1) + " ", 7)
    assert not made.matches_issuer_serial(f"L=x, {text}", 7)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('CN="a\\"b"', 'a"b'),
        ('CN="a""b"', 'a"b'),
        ('CN="a"b"', 'a"b'),
        ('CN="a\\\\b"', "a\\b"),
        ('CN="a\\b"', "a\\b"),
        ('CN="a\\2Cb"', "a,b"),
        ('CN=""', ""),
        ('CN = "a,b" ', "a,b"),
        ("CN=a\\ ", "a "),
    ],
)
def test_value_in_quotes(text: str, value: str) -> None:
    """With the escapes of RFC 2253 and without, because both are written."""
    wanted = frozenset({("2.5.4.3", value.strip())})
    assert wanted in {rdn for name in read_name_text(f"O=x, {text}") for rdn in name}


@given(st.lists(st.text(min_size=1, max_size=12), min_size=1, max_size=4))
@settings(max_examples=100, deadline=None)
def test_own_quoted_text_is_read_back(values: list[str]) -> None:
    """The quoted form loses nothing either, for every value a name can have."""
    moment = datetime.fromisoformat("2027-06-01T12:00:00+00:00")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            made = certify_flat(moment, [(NameOID.ORGANIZATION_NAME, value) for value in values])
        except ValueError:
            return
    assert made.matches_issuer_serial(made.issuer_name_quoted, 7)


ACCEPTED = {
    "as java writes it": "1.2.840.113549.1.9.1=#160f63614062616e6b2e6578616d706c65,CN=Test CA,"
    "O=Bank\\, Söhne & Co,C=DE",
    "encoded order": "C=DE,O=Bank\\, Söhne & Co,CN=Test CA,EMAILADDRESS=ca@bank.example",
    "dotnet": 'E=ca@bank.example, CN=Test CA, O="Bank, Söhne & Co", C=DE',
    "lower-case types": "e=ca@bank.example,cn=Test CA,o=Bank\\, Söhne & Co,c=DE",
    "dotted types": "OID.1.2.840.113549.1.9.1=ca@bank.example,2.5.4.3=Test CA,O=Bank\\, Söhne & Co,C=DE",
    "spaces around everything": " EMAIL = ca@bank.example ,  CN =  Test   CA , O = Bank\\, Söhne & Co,C=DE ",
    "semicolons": "E=ca@bank.example;CN=Test CA;O=Bank\\, Söhne & Co;C=DE",
    "hex pairs": "E=ca@bank.example,CN=Test CA,O=Bank\\2C S\\C3\\B6hne & Co,C=DE",
    "utf-8 in hex": "1.2.840.113549.1.9.1=#0c0f63614062616e6b2e6578616d706c65,CN=Test CA,"
    "O=Bank\\, Söhne & Co,C=DE",
    "a comma that was not escaped": "E=ca@bank.example,CN=Test CA,O=Bank, Söhne & Co,C=DE",
    "openssl": "/C=DE/O=Bank, Söhne & Co/CN=Test CA/emailAddress=ca@bank.example",
    "case of values": "E=CA@bank.example,CN=TEST CA,O=BANK\\, SÖHNE & CO,C=de",
}


@pytest.mark.parametrize("text", ACCEPTED.values(), ids=ACCEPTED.keys())
def test_issuer_is_found_however_it_is_written(now: datetime, text: str) -> None:
    """A reference that another stack wrote finds its certificate."""
    assert certify_flat(now, WITH_MAIL).matches_issuer_serial(text, 7)


REFUSED = {
    "another serial": (ACCEPTED["dotnet"], 8),
    "one RDN less": ("CN=Test CA,O=Bank\\, Söhne & Co,C=DE", 7),
    "one RDN more": (ACCEPTED["dotnet"] + ", L=Bonn", 7),
    "another value": (ACCEPTED["dotnet"].replace("Test", "Best"), 7),
    "another type": (ACCEPTED["dotnet"].replace("CN=", "OU="), 7),
    "unknown type": (ACCEPTED["dotnet"].replace("CN=", "XX="), 7),
    "shuffled": ("CN=Test CA,E=ca@bank.example,O=Bank\\, Söhne & Co,C=DE", 7),
    "joined": (ACCEPTED["dotnet"].replace(", CN", "+CN"), 7),
    "empty": ("", 7),
    "no name": ("Test CA", 7),
    "broken hex": (ACCEPTED["as java writes it"].replace("#16", "#1"), 7),
    "too long": (ACCEPTED["dotnet"] + " " * MAX_NAME_LENGTH, 7),
}


@pytest.mark.parametrize(("text", "serial"), REFUSED.values(), ids=REFUSED.keys())
def test_another_issuer_is_not_found(now: datetime, text: str, serial: int) -> None:
    """A name that differs in more than its writing names another certificate."""
    assert not certify_flat(now, WITH_MAIL).matches_issuer_serial(text, serial)


def test_rdn_with_two_attributes_matches_in_any_order(now: datetime) -> None:
    """An RDN is a set: its attributes have no order."""
    made = certify(now, [(NameOID.COMMON_NAME, "x"), (NameOID.ORGANIZATIONAL_UNIT_NAME, "y")])
    assert made.matches_issuer_serial("OU=y + CN=x", 7)
    assert made.matches_issuer_serial("CN=x+OU=y", 7)


@given(st.text(alphabet=st.sampled_from('aA1=,+;"\\#/ .\x00é\ud800'), max_size=40))
@settings(max_examples=300, deadline=None)
def test_hostile_text_never_raises(text: str) -> None:
    """Whatever stands in ds:X509IssuerName, the answer is a name or none."""
    parse_name_text(text)
    assert len(read_name_text(text)) <= 4


@given(st.lists(st.text(min_size=1, max_size=12), min_size=1, max_size=4))
@settings(max_examples=100, deadline=None)
def test_own_text_is_read_back(values: list[str]) -> None:
    """What we write as an issuer name is what we read from it, for every value a name can have."""
    moment = datetime.fromisoformat("2027-06-01T12:00:00+00:00")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            made = certify_flat(moment, [(NameOID.ORGANIZATION_NAME, value) for value in values])
        except ValueError:
            return
    assert parse_name_text(made.issuer_name_rfc2253) == made.canonical_issuer[::-1]


def test_names_of_one_authority_compare_equal(authority: Authority) -> None:
    """The subject of an issuer is the issuer of what it issued."""
    issued = authority.issue("x").certificate
    assert issued.canonical_issuer == authority.certificate.canonical_subject


def subject_of(authority: Authority, *values: str) -> Certificate:
    """Issue a certificate to an organization with common names, taken literally."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, value) for value in values])
    key = generate_key("ec-p256", reuse=True)
    return build_certificate(
        subject=name,
        issuer=authority.certificate.x509.subject,
        subject_key=key,
        signed_by=authority.issued.private_key,
        not_before=authority.now,
        not_after=authority.now + timedelta(days=1),
    )


@pytest.mark.parametrize(
    ("values", "name", "same"),
    [
        (["peer"], "CN=peer", True),
        (["peer"], "2.5.4.3 = peer", True),
        (["peer"], "CN=Peer", False),
        (["peer\0.evil"], "CN=peer", False),
        (["peer", "evil"], "CN=peer", False),
        (["peer", "evil"], "CN=evil,CN=peer", True),
        (["peer", "evil"], "CN=peer,CN=evil", True),
        (["ｐeer"], "CN=peer", False),
        (["peer "], "CN=peer", True),
        (["pe  er"], "CN=pe er", False),
        (["peer, O=Bank"], "CN=peer, O=Bank", False),
        (["peer, O=Bank"], "CN=peer\\, O\\=Bank", True),
        (["peer"], "", False),
    ],
)
def test_a_subject_is_the_whole_exact_name(
    authority: Authority, values: list[str], name: str, same: bool
) -> None:
    """Who somebody is, is compared to the letter: no folding, no part of a name."""
    assert subject_of(authority, *values).has_subject(name) is same
