"""Signatures against libxmlsec, both ways: the second engine knows nothing of ours."""

from __future__ import annotations

import subprocess
from base64 import b64encode
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from lxml import etree
from roundtrip.pair import (
    ENCRYPTED,
    LEGACY,
    NOW,
    accepted,
    answer,
    client,
    envelope,
    issued,
    refused,
    tree_of,
)

from zeep_wssec import Inbound, Signature, SignatureInvalidError, Timestamp, UsernameToken
from zeep_wssec.header.timestamp import format_time
from zeep_wssec.settings import KeyReference, Step
from zeep_wssec.soap.namespaces import (
    BASE64_BINARY,
    DS,
    EXC_C14N,
    MESSAGE_SECURITY_11,
    SOAP12,
    TOKEN_PROFILE,
    WSSE,
    WSU,
)
from zeep_wssec.xmlcrypto.algorithms import DIGESTS_BY_NAME, SIGNATURE_METHODS_BY_NAME

MORE = "http://www.w3.org/2001/04/xmldsig-more#"
ENC = "http://www.w3.org/2001/04/xmlenc#"
KINDS = {"rsa-2048": "rsa", "ec-p256": "ec", "ec-p384": "ec", "ec-p521": "ec"}
# libxmlsec 1.3 has no EdDSA.
METHODS = [name for name, item in SIGNATURE_METHODS_BY_NAME.items() if item.scheme != "eddsa"]
FITTING = [
    (key, name)
    for key, kind in KINDS.items()
    for name in METHODS
    if SIGNATURE_METHODS_BY_NAME[name].key_kind == kind
]
DIGESTS = ("sha256", "sha384", "sha512")
REFERENCES: tuple[KeyReference, ...] = (
    "binary_token", "issuer_serial", "subject_key_identifier", "thumbprint", "x509_key_identifier",
    "x509_data",
)  # fmt: skip
XSI = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
RICH = (
    f'<p:Order xmlns:p="urn:p" xmlns="urn:default" {XSI} xml:lang="de"><Line xsi:type="p:Kind" b="2" a="1">'
    "&#13;é𝄞 &amp;&lt;&gt; <![CDATA[<x/>]]>\n\t</Line><p:x/><y xmlns=''/></p:Order>"
)


def verify(xmlsec: ModuleType, message: bytes, key: str = "rsa-2048") -> None:
    """Verify the first Signature with libxmlsec and the service's certificate; raises if it is not right."""
    root = etree.fromstring(message)
    context = xmlsec.SignatureContext()
    pem = issued("service", key).certificate_pem
    context.key = xmlsec.Key.from_memory(pem, xmlsec.KeyFormat.CERT_PEM)
    for node in root.iter("{*}*"):
        if node.get(f"{{{WSU}}}Id") is not None:
            context.register_id(node, "Id", WSU)
        elif node.get("Id") is not None:
            context.register_id(node, "Id")
    context.verify(root.find(f".//{{{DS}}}Signature"))


@pytest.mark.needs_xmlsec
@pytest.mark.parametrize(("key", "method"), FITTING)
def test_methods(xmlsec: ModuleType, key: str, method: str) -> None:
    """Every signature method that libxmlsec has, with every kind of key that it takes."""
    message = answer((Timestamp(), Signature(algorithm=method, legacy=LEGACY)), key=key)
    verify(xmlsec, message, key)
    accepted(message, client(key=key, inbound=Inbound(legacy=LEGACY)))


@pytest.mark.needs_xmlsec
@pytest.mark.parametrize("digest", DIGESTS_BY_NAME)
def test_digests(xmlsec: ModuleType, digest: str) -> None:
    """Every digest."""
    message = answer((Timestamp(), Signature(digest=digest, legacy=LEGACY)))
    verify(xmlsec, message)
    accepted(message, client(inbound=Inbound(legacy=LEGACY)))


@pytest.mark.needs_xmlsec
@pytest.mark.parametrize("reference", REFERENCES)
def test_key_references(xmlsec: ModuleType, reference: KeyReference) -> None:
    """However the certificate is named."""
    verify(xmlsec, answer((Timestamp(), Signature(key_reference=reference))))


TO = '<wsa:To xmlns:wsa="http://www.w3.org/2005/08/addressing" soap:mustUnderstand="1">urn:to</wsa:To>'


@pytest.mark.needs_xmlsec
@pytest.mark.parametrize(
    "steps",
    [
        (Timestamp(), Signature(parts=("body", "timestamp", "token", "headers", "header:wsa:To"))),
        (UsernameToken(username="u", password="p"), Signature(parts=("body", "username_token"))),
        (Signature(inclusive_prefixes=("soap", "p", "#default", "unknown")),),
        (Signature(parts=("xpath://*[local-name() = 'Line']",)),),
        (Signature(parts=("{Content}{urn:p}Order;{Element}{urn:default}Line",)),),
        (ENCRYPTED, Signature()),
    ],
    ids=["headers and token", "user name", "prefixes", "xpath", "WSS4J's strings", "ciphertext"],
)
@pytest.mark.parametrize("soap", ["1.1", "1.2"])
def test_parts(xmlsec: ModuleType, steps: tuple[Step, ...], soap: str) -> None:
    """Whatever is covered, under both versions of SOAP."""
    versions = {} if soap == "1.1" else {"soap": SOAP12}
    verify(xmlsec, answer(steps, envelope(RICH, headers=TO, **versions)))


@pytest.mark.needs_xmlsec
def test_second_engine_refuses(xmlsec: ModuleType) -> None:
    """The twin: the oracle says no to a changed Body."""
    message = answer((Timestamp(), Signature()), envelope(RICH)).replace(
        b"urn:default", b"urn:other"
    )
    with pytest.raises(xmlsec.VerificationError):
        verify(xmlsec, message)
    refused(message, SignatureInvalidError)


@pytest.mark.parametrize("key", ["rsa-2048", "ec-p256", "ec-p384"])
@pytest.mark.parametrize("digest", DIGESTS)
def test_program(xmlsec1: str, tmp_path: Path, key: str, digest: str) -> None:
    """The xmlsec1 program verifies what we sign, and refuses it changed."""
    message = answer((Timestamp(), Signature(digest=digest)), envelope(RICH), key=key)
    certificate = tmp_path / "service.pem"
    certificate.write_bytes(issued("service", key).certificate_pem)
    for content, works in ((message, True), (message.replace(b'b="2"', b'b="3"'), False)):
        path = tmp_path / "message.xml"
        path.write_bytes(content)
        done = subprocess.run(
            [xmlsec1, "--verify", "--pubkey-cert-pem", certificate, "--id-attr:Id", f"{WSU}:Timestamp",
             "--id-attr:Id", "http://schemas.xmlsoap.org/soap/envelope/:Body", path],
            capture_output=True, timeout=30, check=False,
        )  # fmt: skip
        assert (done.returncode == 0) is works, done.stderr.decode()


# Signatures of libxmlsec, over a message written by hand.


def _key_info(form: str, name: str, key: str) -> tuple[str, str]:
    """Give a BinarySecurityToken, or nothing, and the content of KeyInfo."""
    certificate = issued(name, key).certificate
    token = (
        f'<wsse:BinarySecurityToken EncodingType="{BASE64_BINARY}" ValueType="{TOKEN_PROFILE}X509v3" '
        f'wsu:Id="X509-1">{certificate.base64}</wsse:BinarySecurityToken>'
    )
    thumbprint = b64encode(certificate.thumbprint).decode()
    inner = {
        "direct": '<wsse:Reference URI="#X509-1"/>',
        "thumbprint": f'<wsse:KeyIdentifier ValueType="{MESSAGE_SECURITY_11}ThumbprintSHA1">{thumbprint}'
        "</wsse:KeyIdentifier>",
        "issuer serial": "<ds:X509Data><ds:X509IssuerSerial><ds:X509IssuerName>"
        f"{certificate.issuer_name_rfc2253}</ds:X509IssuerName><ds:X509SerialNumber>"
        f"{certificate.serial_number}</ds:X509SerialNumber></ds:X509IssuerSerial></ds:X509Data>",
    }[form]
    reference = f"<wsse:SecurityTokenReference>{inner}</wsse:SecurityTokenReference>"
    return (token if form == "direct" else ""), reference


def template(
    form: str = "direct", *, key: str = "rsa-2048", method: str = MORE + "rsa-sha256",
    digest: str = ENC + "sha256", prefixes: str = "", name: str = "service",
) -> bytes:  # fmt: skip
    """A message with an empty Signature, with line breaks and prefixes that are not ours."""
    token, reference = _key_info(form, name, key)
    inclusive = (
        f'<e:InclusiveNamespaces xmlns:e="{EXC_C14N}" PrefixList="{prefixes}"/>' if prefixes else ""
    )
    method_xml = f'Algorithm="{EXC_C14N}">{inclusive}'
    references = "".join(
        f'<ds:Reference URI="#{part}"><ds:Transforms><ds:Transform {method_xml}</ds:Transform></ds:Transforms>'
        f'<ds:DigestMethod Algorithm="{digest}"/><ds:DigestValue/></ds:Reference>\n'
        for part in ("theBody", "theTime")
    )
    return (
        f'<S:Envelope xmlns:S="http://schemas.xmlsoap.org/soap/envelope/" xmlns:wsse="{WSSE}" '
        f'xmlns:wsu="{WSU}" xmlns:ds="{DS}" xmlns:unused="urn:unused">\n<S:Header>\n'
        f'<wsse:Security S:mustUnderstand="1">\n{token}\n'
        f'<wsu:Timestamp wsu:Id="theTime"><wsu:Created>{format_time(NOW, "seconds")}</wsu:Created>'
        f"</wsu:Timestamp>\n<ds:Signature>\n<ds:SignedInfo><ds:CanonicalizationMethod {method_xml}"
        f'</ds:CanonicalizationMethod><ds:SignatureMethod Algorithm="{method}"/>{references}</ds:SignedInfo>'
        f"\n<ds:SignatureValue/>\n<ds:KeyInfo>{reference}</ds:KeyInfo></ds:Signature></wsse:Security>"
        f'</S:Header>\n<S:Body wsu:Id="theBody">{RICH}</S:Body>\n</S:Envelope>'
    ).encode()


def sign(xmlsec: ModuleType, message: bytes, key: str = "rsa-2048") -> bytes:
    """Fill in the Signature with libxmlsec."""
    root = etree.fromstring(message)
    context = xmlsec.SignatureContext()
    pem = issued("service", key).key_pem()
    context.key = xmlsec.Key.from_memory(pem, xmlsec.KeyFormat.PEM)
    for node in root.iter("{*}*"):
        if node.get(f"{{{WSU}}}Id") is not None:
            context.register_id(node, "Id", WSU)
    context.sign(root.find(f".//{{{DS}}}Signature"))
    return etree.tostring(root)


@pytest.mark.needs_xmlsec
@pytest.mark.parametrize("form", ["direct", "thumbprint", "issuer serial"])
@pytest.mark.parametrize("prefixes", ["", "S wsse", "#default p unused"])
def test_signed_by_libxmlsec(xmlsec: ModuleType, form: str, prefixes: str) -> None:
    """What libxmlsec signs we verify, whatever the KeyInfo and the PrefixList."""
    message = sign(xmlsec, template(form, prefixes=prefixes))
    report = accepted(message).report
    assert report.signatures[0].parts == ("body", "timestamp")
    refused(message.replace(b'b="2"', b'b="3"'), SignatureInvalidError)


@pytest.mark.needs_xmlsec
@pytest.mark.parametrize(("key", "method"), FITTING)
def test_methods_of_libxmlsec(xmlsec: ModuleType, key: str, method: str) -> None:
    """Every method the other way round."""
    uri = SIGNATURE_METHODS_BY_NAME[method].uri
    message = sign(xmlsec, template(key=key, method=uri, digest=MORE + "sha384"), key)
    accepted(message, client(key=key, inbound=Inbound(legacy=LEGACY)))


@pytest.mark.needs_xmlsec
@pytest.mark.parametrize("digest", DIGESTS_BY_NAME)
def test_digests_of_libxmlsec(xmlsec: ModuleType, digest: str) -> None:
    """Every digest the other way round."""
    message = sign(xmlsec, template(digest=DIGESTS_BY_NAME[digest].uri))
    accepted(message, client(inbound=Inbound(legacy=LEGACY)))


# signxml.


def signxml_signature(signxml: ModuleType, key: str, message: bytes) -> etree._Element:
    """Make a detached Signature over Body and Timestamp with signxml."""
    root = tree_of(message)
    (old,) = root.iter(f"{{{DS}}}Signature")
    old_info = old.find(f"{{{DS}}}KeyInfo")
    parent = old.getparent()
    assert parent is not None
    parent.remove(old)
    ecdsa = key.startswith("ec")
    signer = signxml.XMLSigner(
        method=signxml.methods.detached,
        signature_algorithm="ecdsa-sha256" if ecdsa else "rsa-sha256",
        digest_algorithm="sha256",
        c14n_algorithm=EXC_C14N,
    )
    signer.namespaces = {"ds": DS}
    made = signer.sign(
        root,
        key=issued("service", key).private_key,
        reference_uri=[
            signxml.SignatureReference(
                URI="#theBody", c14n_method=signxml.CanonicalizationMethod(EXC_C14N)
            ),
            signxml.SignatureReference(
                URI="#theTime", c14n_method=signxml.CanonicalizationMethod(EXC_C14N)
            ),
        ],
        key_info=old_info,
    )
    parent.append(made)
    return root


@pytest.mark.parametrize("key", ["rsa-2048", "ec-p256", "ec-p384"])
def test_signed_by_signxml(signxml: ModuleType, key: str) -> None:
    """What signxml signs we verify: several references, KeyInfo with a token reference."""
    root = signxml_signature(signxml, key, template(key=key))
    accepted(etree.tostring(root), client(key=key))


@pytest.mark.parametrize("key", ["rsa-2048", "ec-p256", "ec-p521"])
def test_verified_by_signxml(signxml: ModuleType, key: str) -> None:
    """What we sign signxml verifies, and it has seen the same elements."""
    message = answer((Timestamp(), Signature()), envelope(RICH), key=key)
    settings: dict[str, Any] = {"expect_references": 2, "location": ".//", "verification_time": NOW}
    found = signxml.XMLVerifier().verify(
        etree.fromstring(message),
        x509_cert=issued("service", key).certificate.x509,
        expect_config=signxml.SignatureConfiguration(**settings),
    )
    tags = {str(item.signed_xml.tag).rsplit("}", 1)[-1] for item in found}
    assert tags == {"Body", "Timestamp"}
