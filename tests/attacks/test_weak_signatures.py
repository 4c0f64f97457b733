"""Signature values that a lenient verifier takes: odd parameters, sloppy blocks, values compared in pieces."""

from __future__ import annotations

import base64
import hashlib
import hmac

import pytest
from asn1crypto import keys, x509
from attacks.forge import find
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from lxml import etree
from roundtrip.pair import accepted, answer, canonical, issued, refused

from zeep_wssec import (
    Signature,
    SignatureInvalidError,
    Timestamp,
)
from zeep_wssec.keys.certificate import Certificate
from zeep_wssec.keys.fitness import describe_weakness
from zeep_wssec.xmlcrypto import hmac_key
from zeep_wssec.xmlcrypto.algorithms import SIGNATURE_METHODS
from zeep_wssec.xmlcrypto.hmac_key import HmacKey
from zeep_wssec.xmlcrypto.primitives import verify_value

METHODS = {method.name: method for method in SIGNATURE_METHODS}
PSS = (Timestamp(), Signature(algorithm="rsa-pss-sha256"))
SHA256 = hashes.SHA256()
SHA1 = hashes.SHA1()  # noqa: S303  # what must not be taken
FILLINGS: dict[str, padding.AsymmetricPadding] = {
    "no salt": padding.PSS(padding.MGF1(SHA256), 0),
    "short salt": padding.PSS(padding.MGF1(SHA256), 20),
    "longest salt": padding.PSS(padding.MGF1(SHA256), padding.PSS.MAX_LENGTH),
    "mask of another hash": padding.PSS(padding.MGF1(SHA1), 32),
    "PKCS#1 v1.5": padding.PKCS1v15(),
}


def signed_anew(
    message: bytes, filling: padding.AsymmetricPadding, digest: hashes.HashAlgorithm
) -> bytes:
    """The partner's own signature with other parameters than the method names."""
    root, key = etree.fromstring(message), issued("service").private_key
    assert isinstance(key, rsa.RSAPrivateKey)
    value = key.sign(canonical(find(root, "ds:SignedInfo")), filling, digest)
    find(root, "ds:SignatureValue").text = base64.b64encode(value).decode()
    return etree.tostring(root)


@pytest.mark.parametrize("name", FILLINGS)
def test_parameters_of_pss(name: str) -> None:
    """Spec: RFC 9231 section 2.3.10: hash, mask and salt follow from the method; a signature chooses none."""
    message = answer(PSS)
    refused(signed_anew(message, FILLINGS[name], SHA256), SignatureInvalidError)
    accepted(signed_anew(message, padding.PSS(padding.MGF1(SHA256), 32), SHA256))


def test_pss_with_another_hash() -> None:
    """The same for the hash of the message itself."""
    filling = padding.PSS(padding.MGF1(SHA256), 32)
    refused(signed_anew(answer(PSS), filling, hashes.SHA512()), SignatureInvalidError)


PREFIX = bytes.fromhex("3031300d060960864801650304020105000420")
"""DigestInfo of SHA-256, in front of the digest."""


def cube_root(number: int) -> int:
    """The largest number whose cube is not larger."""
    low, high = 0, 1 << (number.bit_length() // 3 + 2)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if middle**3 <= number else (low, middle - 1)
    return low


@pytest.mark.parametrize("filling", [b"\xff", b"\xff" * 8, b""])
def test_block_with_something_behind_it(filling: bytes) -> None:
    """Spec: RFC 8017 section 8.2.2: the block is compared whole; with e = 3 anybody can make its beginning."""
    key = rsa.generate_private_key(public_exponent=3, key_size=2048)
    octets, method = b"signed", METHODS["rsa-sha256"]
    begins = b"\0\1" + filling + b"\0" + PREFIX + hashlib.sha256(octets).digest()
    forged = cube_root(int.from_bytes(begins.ljust(256, b"\xff"), "big")).to_bytes(256, "big")
    assert pow(int.from_bytes(forged, "big"), 3).to_bytes(256, "big").startswith(begins)
    with pytest.raises(InvalidSignature):
        verify_value(key.public_key(), forged, octets, method)
    verify_value(key.public_key(), key.sign(octets, padding.PKCS1v15(), SHA256), octets, method)


def test_block_without_its_parameters() -> None:
    """A DigestInfo without NULL, or of another hash, is another block."""
    key = issued("service").private_key
    assert isinstance(key, rsa.RSAPrivateKey)
    numbers = key.private_numbers()
    digest = hashlib.sha256(b"signed").digest()
    method, modulus = METHODS["rsa-sha256"], numbers.public_numbers.n

    def value(info: bytes) -> bytes:
        block = b"\0\1" + b"\xff" * (253 - len(info)) + b"\0" + info
        return pow(int.from_bytes(block, "big"), numbers.d, modulus).to_bytes(256, "big")

    for info in (bytes.fromhex("302f300b0609608648016503040201") + b"\4\x20" + digest, digest):
        with pytest.raises(InvalidSignature):
            verify_value(key.public_key(), value(info), b"signed", method)
    verify_value(key.public_key(), value(PREFIX + digest), b"signed", method)


def test_value_above_the_modulus() -> None:
    """Spec: RFC 8017 section 5.2.2: a value and the value plus the modulus are not the same."""
    root, key = etree.fromstring(answer()), issued("service").private_key
    assert isinstance(key, rsa.RSAPrivateKey)
    element = find(root, "ds:SignatureValue")
    number = int.from_bytes(base64.b64decode(element.text or ""), "big")
    number += key.public_key().public_numbers().n
    octets = number.to_bytes((number.bit_length() + 7) // 8, "big")
    element.text = base64.b64encode(octets).decode()
    refused(etree.tostring(root), SignatureInvalidError)
    accepted(answer())


def test_macs_are_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """How much of a wrong value fits must not show in the time: the comparison is the one made for that."""
    compared, truly = [], hmac.compare_digest

    def compare(one: bytes, other: bytes) -> bool:
        compared.append((one, other))
        return truly(one, other)

    monkeypatch.setattr(hmac_key.hmac, "compare_digest", compare)
    key, method = HmacKey(bytes(range(32))), METHODS["hmac-sha256"]
    value = key.mac(b"signed", "sha256")
    verify_value(key, value, b"signed", method)
    with pytest.raises(InvalidSignature):
        verify_value(key, bytes(32), b"signed", method)
    assert compared == [(value, value), (value, bytes(32))]


P256 = {
    "version": "ecdpVer1",
    "field_id": {
        "field_type": "prime_field",
        "parameters": 2**256 - 2**224 + 2**192 + 2**96 - 1,
    },
    "curve": {
        "a": (2**256 - 2**224 + 2**192 + 2**96 - 4).to_bytes(32, "big"),
        "b": bytes.fromhex("5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b"),
    },
    "order": 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
    "cofactor": 1,
}


GENERATOR = bytes.fromhex(
    "046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
    "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"
)


def with_parameters(der: bytes, base: bytes | None) -> Certificate:
    """A certificate whose curve is not named but spelt out, with this base point or its own public key."""
    parsed = x509.Certificate.load(der)
    info = parsed["tbs_certificate"]["subject_public_key_info"]
    spelt = keys.SpecifiedECDomain({**P256, "base": base or info["public_key"].native})
    info["algorithm"]["parameters"] = keys.ECDomainParameters(name="specified", value=spelt)
    return Certificate.from_der(parsed.dump(force=True))


def test_curve_with_a_base_point_of_its_own() -> None:
    """A curve is one that we name, whole: with a base point of the attacker's choice he knows the private key."""
    named = issued("service", "ec-p256").certificate.der
    assert "broken or of a kind" in describe_weakness(with_parameters(named, None))
    assert describe_weakness(with_parameters(named, GENERATOR)) == ""
