"""Key agreement: our own pair, the vectors of another stack, and what is refused."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import pytest
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa, x448, x25519
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_private_key,
)
from lxml import etree

from zeep_wssec.errors import KeyUsageError, MalformedSecurityError, UnsupportedAlgorithmError
from zeep_wssec.keys.file_key import FileKey
from zeep_wssec.soap.namespaces import DS, XENC, XENC11
from zeep_wssec.xmlcrypto import agreement_model, algorithms
from zeep_wssec.xmlcrypto.agreement import derive_kek, seal_key
from zeep_wssec.xmlcrypto.agreement_model import (
    CURVES,
    DSIG11,
    MORE21,
    AgreementModel,
    read_agreement,
)
from zeep_wssec.xmlcrypto.encrypting import unwrap_key
from zeep_wssec.xmlcrypto.encryption_model import read_encrypted_key

VECTORS = json.loads(
    (Path(__file__).parents[2] / "vectors/santuario/key-agreement.json").read_text("utf-8")
)
NS = {"xenc": XENC, "xenc11": XENC11, "ds": DS, "dsig11": DSIG11, "m": MORE21}
RECIPIENT = f'<ds:KeyName xmlns:ds="{DS}">recipient</ds:KeyName>'
CONTENT_KEY = b"k" * 32
WRAP = algorithms.KEY_WRAPS_BY_NAME["kw-aes256"]
KEYS: dict[str, Any] = {
    **{curve.name: ec.generate_private_key(curve) for curve in CURVES.values()},
    "x25519": x25519.X25519PrivateKey.generate(),
    "x448": x448.X448PrivateKey.generate(),
}


def agreement_of(name: str) -> algorithms.KeyAgreement:
    """The agreement that takes a key of ``KEYS``."""
    return algorithms.KEY_AGREEMENTS_BY_NAME[name if name in ("x25519", "x448") else "ecdh-es"]


def sealed(
    name: str = "secp256r1",
    derivation: str = "hkdf",
    digest: str = "sha256",
    wrap: algorithms.KeyWrap = WRAP,
) -> tuple[etree._Element, bytes]:
    """An AgreementMethod of ours and the content key that is sealed with it."""
    xml, octets = seal_key(
        CONTENT_KEY,
        KEYS[name].public_key(),
        agreement=agreement_of(name),
        derivation=algorithms.KEY_DERIVATIONS_BY_NAME[derivation],
        digest=digest,
        wrap=wrap,
        recipient_key_info=RECIPIENT,
    )
    return etree.fromstring(xml), octets


def agree_with(name: str) -> Callable[[bytes], bytes]:
    """The recipient's side of an agreement."""
    return FileKey(KEYS[name]).agree


def find(element: etree._Element, path: str) -> etree._Element:
    """The element at ``path``, which must be there."""
    found = element.find(path, NS)
    assert found is not None
    return found


@pytest.mark.parametrize("wrap", algorithms.KEY_WRAPS, ids=lambda item: item.name)
@pytest.mark.parametrize("derivation", algorithms.KEY_DERIVATIONS_BY_NAME)
@pytest.mark.parametrize("name", KEYS)
def test_pair(name: str, derivation: str, wrap: algorithms.KeyWrap) -> None:
    """What is sealed for a key that key opens, on every curve."""
    element, octets = sealed(name, derivation, wrap=wrap)
    model = read_agreement(element, wrap=wrap)
    assert model.agreement is agreement_of(name)
    assert find(model.recipient_key_info, "ds:KeyName").text == "recipient"
    kek = derive_kek(model, wrap=wrap, agree=agree_with(name))
    assert unwrap_key(octets, wrap=wrap, kek=kek) == CONTENT_KEY


@pytest.mark.parametrize("digest", algorithms.DERIVATION_DIGESTS_BY_NAME)
@pytest.mark.parametrize("derivation", algorithms.KEY_DERIVATIONS_BY_NAME)
def test_digests(derivation: str, digest: str) -> None:
    """Every digest of a derivation is written and read."""
    element, octets = sealed(derivation=derivation, digest=digest)
    model = read_agreement(element, wrap=WRAP)
    assert model.derivation.digest == digest
    kek = derive_kek(model, wrap=WRAP, agree=agree_with("secp256r1"))
    assert unwrap_key(octets, wrap=WRAP, kek=kek) == CONTENT_KEY


@pytest.mark.parametrize("case", VECTORS["cases"], ids=lambda case: case["name"])
def test_santuario(case: dict[str, str]) -> None:
    """What another stack sealed we open."""
    model = read_encrypted_key(etree.fromstring(case["encrypted_key"]), max_references=1)
    assert model.agreement is not None
    assert model.wrap is not None
    key = load_der_private_key(base64.b64decode(case["private_key"]), None)
    kek = derive_kek(model.agreement, wrap=model.wrap, agree=FileKey(key).agree)
    opened = unwrap_key(model.value, wrap=model.wrap, kek=kek)
    assert opened.hex() == VECTORS["content_key"]


def test_fresh() -> None:
    """Spec: XML Encryption 1.1, section 5.6.4: an ephemeral key and a salt are used once."""
    texts = [etree.tostring(sealed()[0]).decode() for _ in range(10)]
    for tag in ("Salt", "PublicKey"):
        assert len({re.findall(f":{tag}>([^<]+)<", text)[0] for text in texts}) == 10


def test_parameters_matter() -> None:
    """A changed salt, information or algorithm identifier gives another key."""
    element, octets = sealed()
    find(element, ".//m:Salt").text = base64.b64encode(bytes(32)).decode()
    other = derive_kek(read_agreement(element, wrap=WRAP), wrap=WRAP, agree=agree_with("secp256r1"))
    with pytest.raises(ValueError, match=r"^cannot be decrypted$"):
        unwrap_key(octets, wrap=WRAP, kek=other)


def test_concat_parts_in_order() -> None:
    """Spec: XML Encryption 1.1, section 5.4.1: five bit strings without their first octets, in order."""
    element, _ = sealed(derivation="concat-kdf")
    parameters = find(element, ".//xenc11:ConcatKDFParams")
    values = {
        "SuppPrivInfo": "0005",
        "PartyVInfo": "0003",
        "AlgorithmID": "0001",
        "SuppPubInfo": "00",
    }
    parameters.attrib.update(values | {"PartyUInfo": "00aAFf"})
    model = read_agreement(element, wrap=WRAP)
    assert model.derivation.other_info == bytes.fromhex("01aaff0305")


# The recipient's key.


def seal_for(public_key: object, agreement: str) -> None:
    """Seal for a key that may not fit."""
    seal_key(
        CONTENT_KEY,
        public_key,
        agreement=algorithms.KEY_AGREEMENTS_BY_NAME[agreement],
        derivation=algorithms.KEY_DERIVATIONS_BY_NAME["hkdf"],
        digest="sha256",
        wrap=WRAP,
        recipient_key_info=RECIPIENT,
    )


@pytest.mark.parametrize("agreement", ["ecdh-es", "x25519", "x448"])
def test_unfit_recipient(agreement: str) -> None:
    """A key of another kind is refused, its own is not."""
    fits = {"ecdh-es": "secp384r1"}.get(agreement, agreement)
    unfit: list[Any] = [key for name, key in KEYS.items() if agreement_of(name).name != agreement]
    unfit.append(rsa.generate_private_key(65537, 2048))
    for key in unfit:
        with pytest.raises(KeyUsageError) as caught:
            seal_for(key.public_key(), agreement)
        assert caught.value.reason == "wrong_usage"
    seal_for(KEYS[fits].public_key(), agreement)


def test_unfit_curve() -> None:
    """A curve outside the table is none, though the library has it."""
    with pytest.raises(KeyUsageError, match="secp256k1") as caught:
        seal_for(ec.generate_private_key(ec.SECP256K1()).public_key(), "ecdh-es")
    assert caught.value.reason == "wrong_usage"


@pytest.mark.parametrize(
    ("agreement", "key"),
    [
        ("x25519", x25519.X25519PublicKey.from_public_bytes(bytes(32))),
        ("x448", x448.X448PublicKey.from_public_bytes(bytes(56))),
    ],
)
def test_recipient_of_small_order(agreement: str, key: object) -> None:
    """Nothing is sealed for a key that makes a secret of zeros."""
    with pytest.raises(KeyUsageError) as caught:
        seal_for(key, agreement)
    assert caught.value.reason == "weak_key"


# The sender's key.


def with_key(model: AgreementModel, octets: bytes) -> AgreementModel:
    """The same agreement with another originator."""
    return AgreementModel(
        agreement=model.agreement,
        derivation=model.derivation,
        originator_key=octets,
        recipient_key_info=model.recipient_key_info,
    )


def der(public_key: Any) -> bytes:
    """A public key as an originator sends it."""
    octets: bytes = public_key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return octets


def broken_keys(name: str) -> dict[str, bytes]:
    """Encodings that are no key to agree with for the key ``name``."""
    whole = der(KEYS[name].public_key())
    return {
        "another kind": der(KEYS["x448" if name != "x448" else "x25519"].public_key()),
        "another curve": der(ec.generate_private_key(ec.SECP224R1()).public_key()),
        "foreign curve": der(ec.generate_private_key(ec.SECP256K1()).public_key()),
        "rsa": der(rsa.generate_private_key(65537, 2048).public_key()),
        "cut": whole[:-1],
        "empty": b"",
        "garbage": bytes(60),
    }


@pytest.mark.parametrize("name", ["secp256r1", "brainpoolP384r1", "x25519", "x448"])
def test_broken_originator(name: str) -> None:
    """Whatever is wrong with the sender's key, the error is one; the private key is not asked."""
    model = read_agreement(sealed(name)[0], wrap=WRAP)
    asked: list[bytes] = []

    def agree(octets: bytes) -> bytes:
        asked.append(octets)
        return bytes(range(32))

    for case, octets in broken_keys(name).items():
        with pytest.raises(ValueError, match=r"^cannot be decrypted$") as caught:
            derive_kek(with_key(model, octets), wrap=WRAP, agree=agree)
        assert type(caught.value) is ValueError, case
    assert not asked
    assert derive_kek(model, wrap=WRAP, agree=agree)
    assert asked == [model.originator_key]


@pytest.mark.parametrize("name", [curve.name for curve in CURVES.values()])
def test_point_off_the_curve(name: str) -> None:
    """A point that is not on its curve would give the private key away, whatever agrees."""
    element, _ = sealed(name)
    value = find(element, ".//dsig11:PublicKey")
    point = bytearray(base64.b64decode(value.text or ""))
    point[-1] ^= 1
    value.text = base64.b64encode(point).decode()
    model = read_agreement(element, wrap=WRAP)
    with pytest.raises(ValueError, match=r"^cannot be decrypted$"):
        derive_kek(model, wrap=WRAP, agree=lambda _: bytes(range(32)))


def test_other_curve_of_the_table() -> None:
    """A sender's key on another curve than the recipient's gives no secret."""
    model = read_agreement(sealed("secp384r1")[0], wrap=WRAP)
    with pytest.raises(ValueError, match=r"^cannot be decrypted$"):
        derive_kek(model, wrap=WRAP, agree=agree_with("secp256r1"))


SMALL_ORDER = [
    bytes(32),
    bytes([1]) + bytes(31),
    bytes.fromhex("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800"),
    bytes.fromhex("5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157"),
    bytes.fromhex("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
]


@pytest.mark.parametrize("octets", SMALL_ORDER, ids=lambda item: item[:3].hex())
def test_originator_of_small_order(octets: bytes) -> None:
    """Spec: RFC 7748, section 6.1: a secret of zeros is refused, by the key or, if that is lax, by us."""
    model = read_agreement(sealed("x25519")[0], wrap=WRAP)
    lame = with_key(model, der(x25519.X25519PublicKey.from_public_bytes(octets)))
    for agree in (agree_with("x25519"), lambda _: bytes(32)):
        with pytest.raises(ValueError, match=r"^cannot be decrypted$"):
            derive_kek(lame, wrap=WRAP, agree=agree)


def test_key_that_cannot_agree() -> None:
    """A recipient whose key is of no use gives the same error as a message that is broken."""
    model = read_agreement(sealed()[0], wrap=WRAP)
    agree = FileKey(rsa.generate_private_key(65537, 2048)).agree
    with pytest.raises(ValueError, match=r"^cannot be decrypted$"):
        derive_kek(model, wrap=WRAP, agree=agree)


# The structure.


def set_attribute(path: str, name: str, value: str) -> Callable[[etree._Element], None]:
    return lambda root: find(root, path).set(name, value)


def set_text(path: str, text: str) -> Callable[[etree._Element], None]:
    return lambda root: setattr(find(root, path), "text", text)


def add(path: str, tag: str, prefix: str = "xenc") -> Callable[[etree._Element], None]:
    return lambda root: find(root, path).append(etree.Element(f"{{{NS[prefix]}}}{tag}"))


def remove(path: str) -> Callable[[etree._Element], None]:
    def change(root: etree._Element) -> None:
        element = find(root, path)
        parent = element.getparent()
        assert parent is not None
        parent.remove(element)

    return change


def swap(path: str) -> Callable[[etree._Element], None]:
    def change(root: etree._Element) -> None:
        element = find(root, path)
        element[:] = list(reversed(element))

    return change


KDM, ORIGINATOR = "xenc11:KeyDerivationMethod", "xenc:OriginatorKeyInfo"
BAD, UNKNOWN = MalformedSecurityError, UnsupportedAlgorithmError
LONG = base64.b64encode(bytes(513)).decode()
CHANGES: dict[str, tuple[str, Callable[[etree._Element], None], type[Exception]]] = {
    "agreement": ("hkdf", set_attribute(".", "Algorithm", XENC + "dh"), UNKNOWN),
    "finite field": ("hkdf", set_attribute(".", "Algorithm", XENC11 + "dh-es"), UNKNOWN),
    "derivation": ("hkdf", set_attribute(KDM, "Algorithm", XENC11 + "pbkdf2"), UNKNOWN),
    "attribute": ("hkdf", set_attribute(".", "Id", "x"), BAD),
    "nonce": ("hkdf", add(".", "KA-Nonce"), BAD),
    "no derivation": ("hkdf", remove(KDM), BAD),
    "no originator": ("hkdf", remove(ORIGINATOR), BAD),
    "no recipient": ("hkdf", remove("xenc:RecipientKeyInfo"), BAD),
    "order": ("hkdf", swap("."), BAD),
    "other parameters": ("hkdf", set_attribute(KDM, "Algorithm", XENC11 + "ConcatKDF"), BAD),
    "no parameters": ("hkdf", remove(KDM + "/m:HKDFParams"), BAD),
    "prf": ("hkdf", set_attribute(".//m:PRF", "Algorithm", DS + "hmac-sha1"), UNKNOWN),
    "prf parameter": ("hkdf", add(".//m:PRF", "X"), BAD),
    "no prf": ("hkdf", remove(".//m:PRF"), BAD),
    "two salts": ("hkdf", add(".//m:HKDFParams", "Salt", "m"), BAD),
    "salt child": ("hkdf", add(".//m:Salt", "Specified", "m"), BAD),
    "salt text": ("hkdf", set_text(".//m:Salt", "?"), BAD),
    "salt attribute": ("hkdf", set_attribute(".//m:Salt", "a", "b"), BAD),
    "long salt": ("hkdf", set_text(".//m:Salt", LONG), BAD),
    "parameter order": ("hkdf", swap(".//m:HKDFParams"), BAD),
    "key length": ("hkdf", set_text(".//m:KeyLength", "16"), BAD),
    "huge length": ("hkdf", set_text(".//m:KeyLength", "9" * 5000), BAD),
    "length text": ("hkdf", set_text(".//m:KeyLength", "+32"), BAD),
    "digest": (
        "concat-kdf",
        set_attribute(".//ds:DigestMethod", "Algorithm", DS + "sha1"),
        UNKNOWN,
    ),
    "no digest": ("concat-kdf", remove(".//ds:DigestMethod"), BAD),
    "padded": ("concat-kdf", set_attribute(".//xenc11:ConcatKDFParams", "PartyUInfo", "01F0"), BAD),
    "half": ("concat-kdf", set_attribute(".//xenc11:ConcatKDFParams", "PartyUInfo", "00F"), BAD),
    "no hex": (
        "concat-kdf",
        set_attribute(".//xenc11:ConcatKDFParams", "PartyUInfo", "00 1F"),
        BAD,
    ),
    "long part": (
        "concat-kdf",
        set_attribute(".//xenc11:ConcatKDFParams", "PartyVInfo", "00" * 513),
        BAD,
    ),
    "unknown part": ("concat-kdf", set_attribute(".//xenc11:ConcatKDFParams", "X", "00"), BAD),
    "curve": (
        "hkdf",
        set_attribute(".//dsig11:NamedCurve", "URI", "urn:oid:1.3.132.0.10"),
        UNKNOWN,
    ),
    "no curve": ("hkdf", remove(".//dsig11:NamedCurve"), BAD),
    "curve child": ("hkdf", add(".//dsig11:NamedCurve", "X"), BAD),
    "explicit curve": ("hkdf", add(".//dsig11:ECKeyValue", "ECParameters", "dsig11"), BAD),
    "point attribute": ("hkdf", set_attribute(".//dsig11:PublicKey", "a", "b"), BAD),
    "short point": ("hkdf", set_text(".//dsig11:PublicKey", "BAAA"), BAD),
    "two keys": ("hkdf", add(ORIGINATOR, "KeyValue", "ds"), BAD),
    "no key": ("hkdf", remove(ORIGINATOR + "/ds:KeyValue"), BAD),
}


@pytest.mark.parametrize("case", CHANGES)
def test_refused(case: str) -> None:
    """Nothing is passed over: what is not understood is refused, and what is left as it was is read."""
    derivation, change, error = CHANGES[case]
    element, _ = sealed(derivation=derivation)
    assert read_agreement(element, wrap=WRAP)
    change(element)
    with pytest.raises(error):
        read_agreement(element, wrap=WRAP)


@pytest.mark.parametrize("length", ["32", " 32\n", "256"])
def test_key_length(length: str) -> None:
    """Octets as RFC 9231 has it, or bits; the derivation does not depend on it."""
    element, _ = sealed()
    before = read_agreement(element, wrap=WRAP)
    set_text(".//m:KeyLength", length)(element)
    assert read_agreement(element, wrap=WRAP).derivation == before.derivation


def test_optional_parameters() -> None:
    """Spec: RFC 9231, section 2.8.1: a PRF is enough."""
    element, _ = sealed()
    for name in ("Salt", "KeyLength"):
        remove(f".//m:{name}")(element)
    assert read_agreement(element, wrap=WRAP).derivation.salt == b""


def test_curve_key_as_der() -> None:
    """A key on a curve may be sent as DER as well."""
    element, octets = sealed()
    encoded = base64.b64encode(read_agreement(element, wrap=WRAP).originator_key).decode()
    originator = find(element, ORIGINATOR)
    originator[:] = [etree.Element(f"{{{DSIG11}}}DEREncodedKeyValue", Id="a")]
    originator[0].text = encoded
    kek = derive_kek(read_agreement(element, wrap=WRAP), wrap=WRAP, agree=agree_with("secp256r1"))
    assert unwrap_key(octets, wrap=WRAP, kek=kek) == CONTENT_KEY
    originator[0].set("a", "b")
    with pytest.raises(MalformedSecurityError):
        read_agreement(element, wrap=WRAP)


def test_curve_that_the_library_lacks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Some builds of OpenSSL have no Brainpool: that is said, not thrown."""
    element, _ = sealed("brainpoolP256r1")
    assert read_agreement(element, wrap=WRAP)

    def lacks(uri: str) -> NoReturn:
        raise UnsupportedAlgorithm(uri)

    monkeypatch.setattr(agreement_model, "_key_frame", lacks)
    with pytest.raises(UnsupportedAlgorithmError, match="without this curve"):
        read_agreement(element, wrap=WRAP)


def test_curve_form_is_for_curves() -> None:
    """X25519 has no ECKeyValue."""
    element, _ = sealed()
    element.set("Algorithm", algorithms.KEY_AGREEMENTS_BY_NAME["x25519"].uri)
    with pytest.raises(MalformedSecurityError, match="DEREncodedKeyValue"):
        read_agreement(element, wrap=WRAP)
