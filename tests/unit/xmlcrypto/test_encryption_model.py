"""EncryptedKey in its three forms."""

from __future__ import annotations

import base64

import pytest
from lxml import etree

from zeep_wssec.errors import MalformedSecurityError, UnsupportedAlgorithmError
from zeep_wssec.soap.namespaces import DS, XENC, XENC11
from zeep_wssec.xmlcrypto import algorithms
from zeep_wssec.xmlcrypto.encryption_model import EncryptedKeyModel, read_encrypted_key

NAME = "<ds:KeyName>recipient</ds:KeyName>"
AGREEMENT = (
    f'<xenc:AgreementMethod Algorithm="{XENC11}ECDH-ES">'
    f'<xenc11:KeyDerivationMethod Algorithm="{XENC11}ConcatKDF"><xenc11:ConcatKDFParams>'
    f'<ds:DigestMethod Algorithm="{XENC}sha256"/></xenc11:ConcatKDFParams></xenc11:KeyDerivationMethod>'
    '<xenc:OriginatorKeyInfo><dsig11:DEREncodedKeyValue xmlns:dsig11="http://www.w3.org/2009/xmldsig11#">'
    "AAAA</dsig11:DEREncodedKeyValue></xenc:OriginatorKeyInfo>"
    f"<xenc:RecipientKeyInfo>{NAME}</xenc:RecipientKeyInfo></xenc:AgreementMethod>"
)


def read(
    method: str, key_info: str = NAME, parameters: str = "", attributes: str = ""
) -> EncryptedKeyModel:
    """Read an EncryptedKey by ``method``."""
    return read_encrypted_key(
        etree.fromstring(
            f'<xenc:EncryptedKey xmlns:xenc="{XENC}" xmlns:xenc11="{XENC11}" xmlns:ds="{DS}"{attributes}>'
            f'<xenc:EncryptionMethod Algorithm="{method}">{parameters}</xenc:EncryptionMethod>'
            f"<ds:KeyInfo>{key_info}</ds:KeyInfo><xenc:CipherData><xenc:CipherValue>AAAA"
            "</xenc:CipherValue></xenc:CipherData></xenc:EncryptedKey>"
        ),
        max_references=1,
    )


def test_transport() -> None:
    """Under an RSA key, with the label of its OAEPparams."""
    label = f"<xenc:OAEPparams>{base64.b64encode(b'label').decode()}</xenc:OAEPparams>"
    model = read(XENC + "rsa-oaep-mgf1p", parameters=label)
    assert model.transport is model.method is algorithms.KEY_TRANSPORTS_BY_NAME["rsa-oaep-mgf1p"]
    assert (model.wrap, model.agreement, model.label) == (None, None, b"label")
    assert (model.digest, model.mgf_digest) == ("sha1", "sha1")


@pytest.mark.parametrize("wrap", algorithms.KEY_WRAPS, ids=lambda item: item.name)
def test_wrap(wrap: algorithms.KeyWrap) -> None:
    """Under a secret key that the KeyInfo names."""
    model = read(wrap.uri)
    assert model.wrap is model.method is wrap
    assert (model.transport, model.agreement) == (None, None)
    assert model.key_info.tag == f"{{{DS}}}KeyInfo"


def test_agreement() -> None:
    """Under a key that is agreed on; the recipient is named inside."""
    model = read(XENC + "kw-aes128", AGREEMENT)
    assert model.agreement is not None
    assert model.method is algorithms.KEY_WRAPS_BY_NAME["kw-aes128"]
    assert model.key_info.tag == f"{{{XENC}}}RecipientKeyInfo"
    assert [child.text for child in model.key_info] == ["recipient"]


@pytest.mark.parametrize("key_info", [AGREEMENT + NAME, NAME + AGREEMENT, AGREEMENT + AGREEMENT])
def test_agreement_stands_alone(key_info: str) -> None:
    """Two ways to the key would be one too many."""
    assert read(XENC + "kw-aes128", AGREEMENT)
    with pytest.raises(MalformedSecurityError, match="nothing else"):
        read(XENC + "kw-aes128", key_info)


def test_wrap_has_no_parameters() -> None:
    """What belongs to OAEP does not belong to a key wrap."""
    assert read(XENC + "kw-aes128")
    with pytest.raises(UnsupportedAlgorithmError, match="parameters"):
        read(XENC + "kw-aes128", parameters=f'<ds:DigestMethod Algorithm="{XENC}sha256"/>')


@pytest.mark.parametrize("name", ["kw-tripledes", "kw-aes512", "aes128-cbc", "dh"])
def test_unknown_method(name: str) -> None:
    """What stands in no table is refused."""
    with pytest.raises(UnsupportedAlgorithmError) as caught:
        read(XENC + name)
    assert caught.value.algorithm == XENC + name


@pytest.mark.parametrize("name", ["Type", "MimeType", "Encoding", "Recipient"])
@pytest.mark.parametrize("method", ["kw-aes128", "rsa-oaep-mgf1p"])
def test_attributes(method: str, name: str) -> None:
    """Spec: BSP 1.1 R3209, R5622, R5623, R5602."""
    assert read(XENC + method, attributes=' Id="EK-1"').id == "EK-1"
    with pytest.raises(MalformedSecurityError, match=name):
        read(XENC + method, attributes=f' {name}="x"')
