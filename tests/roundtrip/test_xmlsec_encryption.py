"""Encryption against libxmlsec, both ways."""

from __future__ import annotations

from types import ModuleType

import pytest
from lxml import etree
from roundtrip.pair import (
    LEGACY,
    SIGNED,
    accepted,
    answer,
    canonical,
    client,
    envelope,
    issued,
    tree_of,
)

from zeep_wssec import Encryption, Inbound
from zeep_wssec.settings import KeyReference
from zeep_wssec.soap.namespaces import DS, WSSE, XENC, XENC11

pytestmark = pytest.mark.needs_xmlsec
CIPHERS = ("aes128-gcm", "aes192-gcm", "aes256-gcm", "aes128-cbc", "aes192-cbc", "aes256-cbc")
HASHES = ("sha1", "sha256", "sha384", "sha512")
CONTENT = '<p:Order xmlns:p="urn:p" a="1">text &amp; é𝄞<x xmlns="">&#13;</x></p:Order>'
LENIENT = Inbound(signed=(), encrypted=("body",), fresh_seconds=None, legacy=LEGACY)


def decrypt(xmlsec: ModuleType, message: bytes) -> etree._Element:
    """Decrypt the first EncryptedKey, then the first EncryptedData with it; both with libxmlsec."""
    root = etree.fromstring(message)
    transport = xmlsec.EncryptionContext()
    pem = issued("client").key_pem()
    transport.key = xmlsec.Key.from_memory(pem, xmlsec.KeyFormat.PEM)
    octets = transport.decrypt(root.find(f".//{{{XENC}}}EncryptedKey"))
    content = xmlsec.EncryptionContext()
    content.key = xmlsec.Key.from_binary_data(xmlsec.KeyData.AES, octets)
    content.decrypt(root.find(f".//{{{XENC}}}EncryptedData"))
    return root


def check(xmlsec: ModuleType, step: Encryption) -> None:
    """What we encrypt libxmlsec decrypts to the same content."""
    plain = envelope(CONTENT)
    root = decrypt(xmlsec, answer((step,), plain))
    assert canonical(root[-1][0]) == canonical(tree_of(plain)[-1][0])


@pytest.mark.parametrize("cipher", CIPHERS)
def test_ciphers(xmlsec: ModuleType, cipher: str) -> None:
    """Every content cipher."""
    check(xmlsec, Encryption(recipients=("client",), algorithm=cipher, legacy=LEGACY))


@pytest.mark.parametrize("mgf", HASHES)
@pytest.mark.parametrize("digest", HASHES)
def test_oaep(xmlsec: ModuleType, digest: str, mgf: str) -> None:
    """Every OAEP digest with every mask generation."""
    check(xmlsec, Encryption(recipients=("client",), digest=digest, mgf=mgf))


@pytest.mark.parametrize("digest", HASHES)
def test_oaep_mgf1p(xmlsec: ModuleType, digest: str) -> None:
    """The older identifier with its fixed mask generation."""
    check(xmlsec, Encryption(recipients=("client",), key_transport="rsa-oaep-mgf1p", digest=digest))


def test_rsa15(xmlsec: ModuleType) -> None:
    """The legacy one as well."""
    check(xmlsec, Encryption(recipients=("client",), key_transport="rsa-1_5", legacy=LEGACY))


@pytest.mark.parametrize(
    "reference",
    [
        "binary_token",
        "issuer_serial",
        "subject_key_identifier",
        "thumbprint",
        "x509_key_identifier",
        "x509_data",
    ],
)
def test_key_references(xmlsec: ModuleType, reference: KeyReference) -> None:
    """However the recipient is named."""
    check(xmlsec, Encryption(recipients=("client",), key_reference=reference))


# libxmlsec encrypts.


def encrypted_by_libxmlsec(
    xmlsec: ModuleType, cipher: str, transport: str, parameters: str = "", *, kind: str = "Content"
) -> bytes:
    """Let libxmlsec encrypt the Body; put its EncryptedKey where WS-Security wants it."""
    root = tree_of(envelope(CONTENT, headers=f'<wsse:Security xmlns:wsse="{WSSE}"/>'))
    security, body = root[0][0], root[1]
    template = etree.fromstring(
        f'<xenc:EncryptedData xmlns:xenc="{XENC}" xmlns:ds="{DS}" Id="ED-1" Type="{XENC}{kind}">'
        f'<xenc:EncryptionMethod Algorithm="{cipher}"/><ds:KeyInfo><xenc:EncryptedKey Id="EK-1">'
        f'<xenc:EncryptionMethod Algorithm="{transport}">{parameters}</xenc:EncryptionMethod>'
        "<ds:KeyInfo><ds:KeyName>client</ds:KeyName></ds:KeyInfo>"
        "<xenc:CipherData><xenc:CipherValue/></xenc:CipherData></xenc:EncryptedKey></ds:KeyInfo>"
        "<xenc:CipherData><xenc:CipherValue/></xenc:CipherData></xenc:EncryptedData>"
    )
    manager = xmlsec.KeysManager()
    pem = issued("client").certificate_pem
    public = xmlsec.Key.from_memory(pem, xmlsec.KeyFormat.CERT_PEM)
    public.name = "client"
    manager.add_key(public)
    context = xmlsec.EncryptionContext(manager)
    bits = int("".join(char for char in cipher.rsplit("#", 1)[-1] if char.isdigit()))
    context.key = xmlsec.Key.generate(xmlsec.KeyData.AES, bits, xmlsec.KeyDataType.SESSION)
    sealed = context.encrypt_xml(template, body if kind == "Content" else body[0])
    sealed = (
        sealed if sealed.tag.endswith("EncryptedData") else sealed.find(f"{{{XENC}}}EncryptedData")
    )
    info = sealed.find(f"{{{DS}}}KeyInfo")
    key = info[0]
    security.append(key)
    info.append(
        etree.fromstring(
            f'<wsse:SecurityTokenReference xmlns:wsse="{WSSE}"><wsse:Reference URI="#EK-1"/>'
            "</wsse:SecurityTokenReference>"
        )
    )
    certificate = issued("client").certificate.base64
    key.find(f"{{{DS}}}KeyInfo")[:] = [
        etree.fromstring(
            f'<ds:X509Data xmlns:ds="{DS}"><ds:X509Certificate>{certificate}</ds:X509Certificate></ds:X509Data>'
        )
    ]
    key.append(
        etree.fromstring(
            f'<xenc:ReferenceList xmlns:xenc="{XENC}"><xenc:DataReference URI="#ED-1"/></xenc:ReferenceList>'
        )
    )
    return etree.tostring(root)


def opened(message: bytes) -> bytes:
    """Canonical form of what we decrypt."""
    return canonical(accepted(message, client(inbound=LENIENT)).body[0])


EXPECTED = canonical(tree_of(envelope(CONTENT))[-1][0])


@pytest.mark.parametrize("kind", ["Content", "Element"])
@pytest.mark.parametrize("cipher", CIPHERS)
def test_ciphers_of_libxmlsec(xmlsec: ModuleType, cipher: str, kind: str) -> None:
    """What libxmlsec encrypts we decrypt, element or content."""
    uri = (XENC11 if "gcm" in cipher else XENC) + cipher
    assert (
        opened(encrypted_by_libxmlsec(xmlsec, uri, XENC + "rsa-oaep-mgf1p", kind=kind)) == EXPECTED
    )


@pytest.mark.parametrize("mgf", HASHES)
@pytest.mark.parametrize("digest", HASHES)
def test_oaep_of_libxmlsec(xmlsec: ModuleType, digest: str, mgf: str) -> None:
    """OAEP with its parameters, as libxmlsec takes them."""
    base = {"sha1": DS, "sha384": "http://www.w3.org/2001/04/xmldsig-more#"}.get(digest, XENC)
    parameters = (
        f'<ds:DigestMethod Algorithm="{base}{digest}"/>'
        f'<m:MGF xmlns:m="{XENC11}" Algorithm="{XENC11}mgf1{mgf}"/>'
    )
    message = encrypted_by_libxmlsec(xmlsec, XENC11 + "aes256-gcm", XENC11 + "rsa-oaep", parameters)
    assert opened(message) == EXPECTED


def test_defaults_of_oaep(xmlsec: ModuleType) -> None:
    """Spec: XML Encryption 1.1 section 5.5.2: no parameters mean SHA-1 twice."""
    message = encrypted_by_libxmlsec(xmlsec, XENC11 + "aes128-gcm", XENC11 + "rsa-oaep")
    assert opened(message) == EXPECTED


def test_label(xmlsec: ModuleType) -> None:
    """OAEPparams is the label."""
    parameters = "<xenc:OAEPparams>bGFiZWw=</xenc:OAEPparams>"
    message = encrypted_by_libxmlsec(
        xmlsec, XENC11 + "aes128-gcm", XENC + "rsa-oaep-mgf1p", parameters
    )
    assert opened(message) == EXPECTED


def test_rsa15_of_libxmlsec(xmlsec: ModuleType) -> None:
    """The legacy transport under its opt-in."""
    message = encrypted_by_libxmlsec(xmlsec, XENC11 + "aes128-gcm", XENC + "rsa-1_5")
    assert opened(message) == EXPECTED


def test_signed_then_encrypted(xmlsec: ModuleType) -> None:
    """libxmlsec opens a Body that was signed before; the signature then fits for us without encryption."""
    message = answer((*SIGNED, Encryption(recipients=("client",))), envelope(CONTENT))
    root = decrypt(xmlsec, message)
    key = root.find(f".//{{{XENC}}}EncryptedKey")
    key.getparent().remove(key)
    accepted(etree.tostring(root))
