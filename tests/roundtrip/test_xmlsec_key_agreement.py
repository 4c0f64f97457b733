"""Key wrap, key agreement, OAEP and Triple DES against libxmlsec, both ways, on single elements."""

from __future__ import annotations

import base64
from types import ModuleType
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_public_key,
)
from lxml import etree

from zeep_wssec.keys.file_key import FileKey
from zeep_wssec.soap.namespaces import DS, XENC, XENC11
from zeep_wssec.xmlcrypto import algorithms
from zeep_wssec.xmlcrypto.agreement import derive_kek, seal_key
from zeep_wssec.xmlcrypto.encrypting import (
    decrypt,
    encrypt_to_base64,
    transport_key,
    unwrap_key,
    wrap_key,
)
from zeep_wssec.xmlcrypto.encryption_model import EncryptedKeyModel, read_encrypted_key

pytestmark = pytest.mark.needs_xmlsec
PLAIN = b"content that fills more than one block"
NAMESPACES = f'xmlns:xenc="{XENC}" xmlns:ds="{DS}" xmlns:xenc11="{XENC11}"'
CONCAT_KDF = algorithms.KEY_DERIVATIONS_BY_NAME["concat-kdf"]
ECDH = algorithms.KEY_AGREEMENTS_BY_NAME["ecdh-es"]
DIGESTS = tuple(algorithms.DERIVATION_DIGESTS_BY_NAME)
OAEP_DIGESTS = tuple(algorithms.OAEP_DIGESTS_BY_NAME)
MASKS = tuple(algorithms.MASK_GENERATIONS_BY_NAME)
CURVES = (ec.SECP256R1(), ec.SECP384R1(), ec.SECP521R1())
RSA = rsa.generate_private_key(65537, 2048)


def pem(key: Any) -> bytes:
    """A private key as libxmlsec loads it."""
    octets: bytes = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return octets


def public_pem(key: Any) -> bytes:
    """The public half of a private key."""
    octets: bytes = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return octets


def encrypted_key(
    method: str, key_info: str, sealed: bytes, parameters: str = ""
) -> etree._Element:
    """An EncryptedKey of ours."""
    return etree.fromstring(
        f"<xenc:EncryptedKey {NAMESPACES}><xenc:EncryptionMethod Algorithm='{method}'>{parameters}"
        f"</xenc:EncryptionMethod><ds:KeyInfo>{key_info}</ds:KeyInfo><xenc:CipherData>"
        f"<xenc:CipherValue>{base64.b64encode(sealed).decode()}</xenc:CipherValue></xenc:CipherData>"
        "</xenc:EncryptedKey>"
    )


def sealed_by_libxmlsec(
    xmlsec: ModuleType, method: str, key_info: str, keys: list[Any], parameters: str = ""
) -> tuple[etree._Element, bytes]:
    """An EncryptedKey of libxmlsec, and the content that its key opens."""
    template = etree.fromstring(
        f'<xenc:EncryptedData {NAMESPACES} Type="{XENC}Content"><xenc:EncryptionMethod '
        f'Algorithm="{XENC11}aes256-gcm"/><ds:KeyInfo><xenc:EncryptedKey><xenc:EncryptionMethod '
        f'Algorithm="{method}">{parameters}</xenc:EncryptionMethod><ds:KeyInfo>{key_info}</ds:KeyInfo>'
        "<xenc:CipherData><xenc:CipherValue/></xenc:CipherData></xenc:EncryptedKey></ds:KeyInfo>"
        "<xenc:CipherData><xenc:CipherValue/></xenc:CipherData></xenc:EncryptedData>"
    )
    manager = xmlsec.KeysManager()
    for key in keys:
        manager.add_key(key)
    context = xmlsec.EncryptionContext(manager)
    context.key = xmlsec.Key.generate(xmlsec.KeyData.AES, 256, xmlsec.KeyDataType.SESSION)
    data = context.encrypt_binary(template, PLAIN)
    key_element = data.find(f".//{{{XENC}}}EncryptedKey")
    content = base64.b64decode(data.findtext(f"{{{XENC}}}CipherData/{{{XENC}}}CipherValue"))
    return key_element, content


def read(element: etree._Element) -> EncryptedKeyModel:
    """Read an EncryptedKey."""
    return read_encrypted_key(element, max_references=1)


def opened(content: bytes, key: bytes) -> bytes:
    """Content of libxmlsec, by the key that its EncryptedKey held."""
    return decrypt(content, cipher=algorithms.DATA_CIPHERS_BY_NAME["aes256-gcm"], key=key)


def named(key: Any, name: str) -> Any:
    """Give a key of libxmlsec its name."""
    key.name = name
    return key


@pytest.mark.parametrize("wrap", algorithms.KEY_WRAPS, ids=lambda item: item.name)
def test_wrap(xmlsec: ModuleType, wrap: algorithms.KeyWrap) -> None:
    """libxmlsec unwraps what we wrap."""
    kek = bytes(range(wrap.key_bytes))
    element = encrypted_key(
        wrap.uri, "<ds:KeyName>kek</ds:KeyName>", wrap_key(PLAIN[:32], wrap=wrap, kek=kek)
    )
    context = xmlsec.EncryptionContext()
    context.key = xmlsec.Key.from_binary_data(xmlsec.KeyData.AES, kek)
    assert context.decrypt(element) == PLAIN[:32]


@pytest.mark.parametrize("wrap", algorithms.KEY_WRAPS, ids=lambda item: item.name)
def test_wrap_of_libxmlsec(xmlsec: ModuleType, wrap: algorithms.KeyWrap) -> None:
    """And we unwrap what it wraps."""
    kek = bytes(range(wrap.key_bytes))
    key = named(xmlsec.Key.from_binary_data(xmlsec.KeyData.AES, kek), "kek")
    element, content = sealed_by_libxmlsec(xmlsec, wrap.uri, "<ds:KeyName>kek</ds:KeyName>", [key])
    model = read(element)
    assert model.wrap is wrap
    assert opened(content, unwrap_key(model.value, wrap=wrap, kek=kek)) == PLAIN


def originator(element: etree._Element) -> etree._Element:
    """The OriginatorKeyInfo of an EncryptedKey."""
    found = element.find(f".//{{{XENC}}}OriginatorKeyInfo")
    assert found is not None
    return found


def key_value(key: ec.EllipticCurvePrivateKey) -> etree._Element:
    """The public half as XML Signature 1.1 writes it."""
    oid = {256: "1.2.840.10045.3.1.7", 384: "1.3.132.0.34", 521: "1.3.132.0.35"}[key.key_size]
    point = key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return etree.fromstring(
        f'<ds:KeyValue xmlns:ds="{DS}"><ECKeyValue xmlns="http://www.w3.org/2009/xmldsig11#">'
        f'<NamedCurve URI="urn:oid:{oid}"/><PublicKey>{base64.b64encode(point).decode()}</PublicKey>'
        "</ECKeyValue></ds:KeyValue>"
    )


@pytest.mark.parametrize("digest", DIGESTS)
@pytest.mark.parametrize("curve", CURVES, ids=lambda item: item.name)
def test_agreement(xmlsec: ModuleType, curve: ec.EllipticCurve, digest: str) -> None:
    """libxmlsec agrees with our ephemeral key, and derives what we derived."""
    wrap = algorithms.KEY_WRAPS_BY_NAME["kw-aes256"]
    recipient = ec.generate_private_key(curve)
    xml, sealed = seal_key(
        PLAIN[:32],
        recipient.public_key(),
        agreement=ECDH,
        derivation=CONCAT_KDF,
        digest=digest,
        wrap=wrap,
        recipient_key_info=f'<ds:KeyName xmlns:ds="{DS}">recipient</ds:KeyName>',
    )
    element = encrypted_key(wrap.uri, xml, sealed)
    model = read(element).agreement
    assert model is not None
    # libxmlsec takes no key out of a message unless its build is told to; ours is given by name.
    originator(element)[:] = [
        etree.fromstring(f'<ds:KeyName xmlns:ds="{DS}">ephemeral</ds:KeyName>')
    ]
    ephemeral = load_der_public_key(model.originator_key).public_bytes(
        Encoding.PEM, PublicFormat.SubjectPublicKeyInfo
    )
    manager = xmlsec.KeysManager()
    manager.add_key(named(xmlsec.Key.from_memory(ephemeral, xmlsec.KeyFormat.PEM), "ephemeral"))
    manager.add_key(
        named(xmlsec.Key.from_memory(pem(recipient), xmlsec.KeyFormat.PEM), "recipient")
    )
    assert xmlsec.EncryptionContext(manager).decrypt(element) == PLAIN[:32]


@pytest.mark.parametrize("wrap", algorithms.KEY_WRAPS, ids=lambda item: item.name)
@pytest.mark.parametrize("digest", DIGESTS)
@pytest.mark.parametrize("curve", CURVES, ids=lambda item: item.name)
def test_agreement_of_libxmlsec(
    xmlsec: ModuleType, curve: ec.EllipticCurve, digest: str, wrap: algorithms.KeyWrap
) -> None:
    """We agree with its ephemeral key, whatever the parameters are."""
    recipient, ephemeral = ec.generate_private_key(curve), ec.generate_private_key(curve)
    key_info = (
        f'<xenc:AgreementMethod Algorithm="{ECDH.uri}">'
        f'<xenc11:KeyDerivationMethod Algorithm="{CONCAT_KDF.uri}">'
        '<xenc11:ConcatKDFParams AlgorithmID="00AB" PartyUInfo="0001" PartyVInfo="00FFEE">'
        f'<ds:DigestMethod Algorithm="{algorithms.DIGESTS_BY_NAME[digest].uri}"/>'
        "</xenc11:ConcatKDFParams></xenc11:KeyDerivationMethod>"
        "<xenc:OriginatorKeyInfo><ds:KeyName>ephemeral</ds:KeyName></xenc:OriginatorKeyInfo>"
        "<xenc:RecipientKeyInfo><ds:KeyName>recipient</ds:KeyName></xenc:RecipientKeyInfo>"
        "</xenc:AgreementMethod>"
    )
    keys = [
        named(xmlsec.Key.from_memory(pem(ephemeral), xmlsec.KeyFormat.PEM), "ephemeral"),
        named(xmlsec.Key.from_memory(public_pem(recipient), xmlsec.KeyFormat.PEM), "recipient"),
    ]
    element, content = sealed_by_libxmlsec(xmlsec, wrap.uri, key_info, keys)
    originator(element)[:] = [key_value(ephemeral)]
    model = read(element)
    assert model.agreement is not None
    kek = derive_kek(model.agreement, wrap=wrap, agree=FileKey(recipient).agree)
    assert opened(content, unwrap_key(model.value, wrap=wrap, kek=kek)) == PLAIN


def oaep_parameters(digest: str, mgf: str, label: bytes) -> str:
    """The children of an EncryptionMethod."""
    params = f"<xenc:OAEPparams>{base64.b64encode(label).decode()}</xenc:OAEPparams>"
    return (
        (params if label else "")
        + f'<ds:DigestMethod Algorithm="{algorithms.DIGESTS_BY_NAME[digest].uri}"/>'
        + f'<xenc11:MGF Algorithm="{algorithms.MASK_GENERATIONS_BY_NAME[mgf].uri}"/>'
    )


@pytest.mark.parametrize("label", [b"", b"a label"], ids=["plain", "label"])
@pytest.mark.parametrize("mgf", MASKS)
@pytest.mark.parametrize("digest", OAEP_DIGESTS)
def test_oaep(xmlsec: ModuleType, digest: str, mgf: str, label: bytes) -> None:
    """Every digest, mask generation and label of ours."""
    transport = algorithms.KEY_TRANSPORTS_BY_NAME["rsa-oaep"]
    sealed = transport_key(
        PLAIN[:32],
        RSA.public_key(),
        transport=transport,
        digest=digest,
        mgf_digest=mgf,
        label=label,
    )
    context = xmlsec.EncryptionContext()
    context.key = xmlsec.Key.from_memory(pem(RSA), xmlsec.KeyFormat.PEM)
    parameters = oaep_parameters(digest, mgf, label)
    element = encrypted_key(transport.uri, "<ds:KeyName>rsa</ds:KeyName>", sealed, parameters)
    assert context.decrypt(element) == PLAIN[:32]


@pytest.mark.parametrize("label", [b"", b"a label"], ids=["plain", "label"])
@pytest.mark.parametrize("mgf", MASKS)
@pytest.mark.parametrize("digest", OAEP_DIGESTS)
def test_oaep_of_libxmlsec(xmlsec: ModuleType, digest: str, mgf: str, label: bytes) -> None:
    """And of libxmlsec."""
    element, content = sealed_by_libxmlsec(
        xmlsec,
        algorithms.KEY_TRANSPORTS_BY_NAME["rsa-oaep"].uri,
        "<ds:KeyName>rsa</ds:KeyName>",
        [named(xmlsec.Key.from_memory(public_pem(RSA), xmlsec.KeyFormat.PEM), "rsa")],
        oaep_parameters(digest, mgf, label),
    )
    model = read(element)
    assert (model.digest, model.mgf_digest, model.label) == (digest, mgf, label)
    key = FileKey(RSA).decrypt(
        model.value, scheme="rsa-oaep", digest=digest, mgf_digest=mgf, label=label
    )
    assert opened(content, key) == PLAIN


TRIPLE_DES = algorithms.DATA_CIPHERS_BY_NAME["tripledes-cbc"]
DES_KEY = bytes(range(1, 25))


def triple_des_data(value: str) -> etree._Element:
    """An EncryptedData by Triple DES."""
    return etree.fromstring(
        f'<xenc:EncryptedData {NAMESPACES}><xenc:EncryptionMethod Algorithm="{TRIPLE_DES.uri}"/>'
        f"<xenc:CipherData><xenc:CipherValue>{value}</xenc:CipherValue></xenc:CipherData>"
        "</xenc:EncryptedData>"
    )


def triple_des_context(xmlsec: ModuleType) -> Any:
    """A context with the key."""
    context = xmlsec.EncryptionContext()
    context.key = xmlsec.Key.from_binary_data(xmlsec.KeyData.DES, DES_KEY)
    return context


@pytest.mark.parametrize("size", [0, 1, 7, 8, 9, 38])
def test_triple_des(xmlsec: ModuleType, size: int) -> None:
    """Whatever the filling, libxmlsec opens it, and we open what it seals."""
    plain = PLAIN[:size]
    ours = encrypt_to_base64(plain, cipher=TRIPLE_DES, key=DES_KEY).decode()
    assert triple_des_context(xmlsec).decrypt(triple_des_data(ours)) == plain
    theirs = triple_des_context(xmlsec).encrypt_binary(triple_des_data(""), plain)
    sealed = base64.b64decode(theirs.findtext(f".//{{{XENC}}}CipherValue"))
    assert decrypt(sealed, cipher=TRIPLE_DES, key=DES_KEY) == plain
