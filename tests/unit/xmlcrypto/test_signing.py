"""Signature values: every kind of key, raw sizes, and keys that do not fit."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from lxml import etree
from unit.xmlcrypto.signed import (
    DOCUMENT,
    SHA256,
    SHARED,
    body_reference,
    checked,
    key_pair,
    model_of,
    signed,
    signed_with,
)

from zeep_wssec.errors import (
    KeyUsageError,
    MalformedSecurityError,
    SignatureInvalidError,
    UnsupportedAlgorithmError,
)
from zeep_wssec.keys.file_key import FileKey
from zeep_wssec.keys.protocols import SignatureScheme
from zeep_wssec.xmlcrypto import signing
from zeep_wssec.xmlcrypto.algorithms import (
    CANONICALIZATIONS_BY_NAME,
    EXCLUSIVE,
    SIGNATURE_METHODS,
    SIGNATURE_METHODS_BY_NAME,
)
from zeep_wssec.xmlcrypto.c14n import CanonicalForm
from zeep_wssec.xmlcrypto.hmac_key import HmacKey, HmacSigner
from zeep_wssec.xmlcrypto.signature_model import DS
from zeep_wssec.xmlcrypto.signing import SignedPart

HMACS = [item.name for item in SIGNATURE_METHODS if item.key_kind == "hmac"]
RAW_OCTETS = {
    ("ecdsa-sha256", "ec-p256"): 64,
    ("ecdsa-sha384", "ec-p384"): 96,
    ("ecdsa-sha512", "ec-p521"): 132,
    ("ecdsa-sha256", "ec-bp256"): 64,
    ("ecdsa-sha384", "ec-bp384"): 96,
    ("ecdsa-sha512", "ec-bp512"): 128,
    ("dsa-sha1", "dsa-1024"): 40,
    ("dsa-sha256", "dsa-1024"): 40,
    ("dsa-sha1", "dsa-2048"): 64,
    ("dsa-sha256", "dsa-2048"): 64,
    ("dsa-sha256", "dsa-3072"): 64,
}


def public(kind: str) -> Any:
    return key_pair(kind).public_key()


@pytest.mark.parametrize("method", HMACS)
def test_hmac(method: str) -> None:
    """The same secret verifies; another one, and a changed document, do not."""
    message = signed(method)
    (covered,) = checked(message, HmacKey(SHARED.octets))
    assert covered.get("Id") == "B"
    with pytest.raises(SignatureInvalidError, match="secret"):
        checked(message, HmacKey(b"another secret of ours"))
    with pytest.raises(SignatureInvalidError):
        checked(message.replace(b"42", b"43"), SHARED)


@pytest.mark.parametrize("octets", [0, 1, 10, 16, 31, 33])
def test_hmac_of_another_length(octets: int) -> None:
    """Spec: CVE-2009-0217; a value counts only whole, whatever is said about its length."""
    message = signed("hmac-sha256")
    value = base64.b64decode(value_of(message))
    checked(with_value(message, value), SHARED)
    with pytest.raises(SignatureInvalidError):
        checked(with_value(message, (value + value)[:octets]), SHARED)


def test_hmac_output_length() -> None:
    """Its element is refused, even with the full length in it."""
    message = signed("hmac-sha256")
    empty = f'{SIGNATURE_METHODS_BY_NAME["hmac-sha256"].uri}"/>'.encode()
    said = empty[:-2] + b"><ds:HMACOutputLength>256</ds:HMACOutputLength></ds:SignatureMethod>"
    assert empty in message
    model_of(etree.fromstring(message))
    with pytest.raises(MalformedSecurityError, match="SignatureMethod"):
        model_of(etree.fromstring(message.replace(empty, said)))


@pytest.mark.parametrize(("method", "kind"), RAW_OCTETS)
def test_raw_values(method: str, kind: str) -> None:
    """Spec: XML Signature 1.1, 6.4.1 and 6.4.3: r and s have the length of the order; another one is refused."""
    message, _ = signed_with(method, kind)
    value = base64.b64decode(value_of(message))
    assert len(value) == RAW_OCTETS[method, kind]
    checked(message, public(kind))
    half = len(value) // 2
    padded = b"\x00" + value[:half] + b"\x00" + value[half:]
    for wrong in (padded, value[:-1], b"", bytes(len(value))):
        with pytest.raises(SignatureInvalidError):
            checked(with_value(message, wrong), public(kind))


SAMPLES = {
    "rsa-sha256": "rsa-2048",
    "rsa-pss-sha256": "rsa-2048",
    "ecdsa-sha256": "ec-p256",
    "ed25519": "ed25519",
    "ed448": "ed448",
    "dsa-sha256": "dsa-2048",
    "hmac-sha256": "",
}


def verifying_key(kind: str) -> Any:
    return public(kind) if kind else HmacKey(SHARED.octets)


@pytest.mark.parametrize("method", SAMPLES)
@pytest.mark.parametrize("kind", sorted(set(SAMPLES.values())))
def test_a_key_of_another_kind_computes_nothing(
    method: str, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A method takes one kind of key; any other is refused before anything is computed with it."""
    model = model_of(etree.fromstring(signed("hmac-sha256").replace(
        SIGNATURE_METHODS_BY_NAME["hmac-sha256"].uri.encode(),
        SIGNATURE_METHODS_BY_NAME[method].uri.encode(),
    )))  # fmt: skip
    computed = []
    monkeypatch.setattr(signing, "verify_value", lambda *given: computed.append(given))
    if SAMPLES[method] == kind:
        signing.check_value(model, verifying_key(kind), as_written=lambda node: node)
        assert computed
        return
    with pytest.raises(UnsupportedAlgorithmError, match="does not fit"):
        signing.check_value(model, verifying_key(kind), as_written=lambda node: node)
    assert not computed


def test_a_public_key_is_no_secret() -> None:
    """An HMAC made with the octets of a public key is refused with that public key."""
    octets = FileKey(key_pair("rsa-2048")).encrypted_pem(b"x")
    forged = signed("hmac-sha256", HmacSigner(octets))
    checked(forged, HmacKey(octets))
    for key in (public("rsa-2048"), octets):
        with pytest.raises(UnsupportedAlgorithmError):
            checked(forged, key)


def test_signing_with_a_key_of_another_kind() -> None:
    """A symmetric key makes HMACs only, a private key makes none."""
    signed("hmac-sha256", SHARED)
    with pytest.raises(KeyUsageError, match="private key"):
        signed("rsa-sha256", SHARED)
    signed("rsa-sha256", FileKey(key_pair("rsa-2048")))
    with pytest.raises(KeyUsageError, match="symmetric key"):
        signed("hmac-sha256", FileKey(key_pair("rsa-2048")))


class RawSigner:
    """Gives r and s as they are, not DER."""

    def sign(self, data: bytes, *, scheme: SignatureScheme, digest: str) -> bytes:
        """Give no DER value."""
        return b"r" * 32 + b"s" * 32


def test_a_signer_that_does_not_keep_to_its_form() -> None:
    """A value that is no DER, or too large for the key, is told as a fault of the key."""
    with pytest.raises(KeyUsageError, match="ecdsa-sha256"):
        signed("ecdsa-sha256", RawSigner(), key_bits=256)
    with pytest.raises(KeyUsageError, match="128 bits"):
        signed("ecdsa-sha256", FileKey(key_pair("ec-p256")), key_bits=128)
    signed("ecdsa-sha256", FileKey(key_pair("ec-p256")), key_bits=256)


@pytest.mark.parametrize("prefixes", [("outer",), ("#default",), ("#default", "outer", "s", "no")])
def test_prefixes_of_signed_info(prefixes: tuple[str, ...]) -> None:
    """A PrefixList of SignedInfo binds what is declared around it, on outer elements too."""
    form = CanonicalForm(prefixes=prefixes)
    message = signed("hmac-sha256", form=form)
    assert model_of(etree.fromstring(message)).form == form
    checked(message, SHARED)
    for declared in (b'xmlns:outer="urn:outer"', b'xmlns="urn:default"'):
        changed = message.replace(declared, declared[:-1] + b'2"')
        name = "#default" if declared.startswith(b"xmlns=") else "outer"
        if name in prefixes:
            with pytest.raises(SignatureInvalidError, match="SignedInfo"):
                checked(changed, SHARED)
        else:
            checked(changed, SHARED)


def test_prefixes_with_an_inclusive_form_are_left_out() -> None:
    """An inclusive form has no PrefixList: it binds all namespaces anyway."""
    form = CanonicalForm(CANONICALIZATIONS_BY_NAME["c14n"], ("outer",))
    message = signed("hmac-sha256", form=form)
    assert b"InclusiveNamespaces" not in message
    checked(message, SHARED)


def test_prefixes_of_each_part() -> None:
    """Two parts have two lists."""

    def references(root: etree._Element, signature: etree._Element) -> list[str]:
        parts = (SignedPart(element=root[1], id="B"), SignedPart(element=root[1][0], id="O"))
        return [
            signing.reference_xml(part, SHA256, EXCLUSIVE, prefixes)
            for part, prefixes in zip(parts, (("outer",), ("#default", "s")), strict=True)
        ]

    message = signed(
        "hmac-sha256", references=references, document=DOCUMENT.replace("<p:Order", '<p:Order Id="O"')
    )  # fmt: skip
    found = model_of(etree.fromstring(message)).references
    assert [item.form.prefixes for item in found] == [("outer",), ("#default", "s")]
    assert [str(node.tag) for node in checked(message, SHARED)] == [
        "{urn:soap}Body",
        "{urn:p}Order",
    ]


@pytest.mark.parametrize("form", ["exc-c14n-comments", "c14n-comments", "c14n11-comments"])
def test_comments_are_no_part_of_what_an_id_names(form: str) -> None:
    """Spec: XML Signature 1.1, 4.4.3.3: a same-document reference leaves comments out, whatever the form."""

    def references(root: etree._Element, signature: etree._Element) -> list[str]:
        part = SignedPart(element=root[1], id="B")
        return [signing.reference_xml(part, SHA256, CANONICALIZATIONS_BY_NAME[form], ())]

    message = signed(
        "hmac-sha256", references=references, document=DOCUMENT.replace("42", "4<!-- -->2")
    )
    checked(message, SHARED)
    checked(message.replace(b"<!-- -->", b""), SHARED)
    with pytest.raises(SignatureInvalidError):
        checked(message.replace(b"<!-- -->", b" "), SHARED)


def value_of(message: bytes) -> str:
    return etree.fromstring(message).findtext(f".//{{{DS}}}SignatureValue") or ""


def with_value(message: bytes, value: bytes) -> bytes:
    """Put another SignatureValue into a message."""
    return message.replace(value_of(message).encode(), base64.b64encode(value))


def test_only_one_reference_to_an_element() -> None:
    """The same element twice is refused, once is not."""
    checked(signed("hmac-sha256"), SHARED)
    twice = signed("hmac-sha256", references=lambda *given: 2 * body_reference(*given))
    with pytest.raises(SignatureInvalidError, match="Two References"):
        checked(twice, SHARED)
