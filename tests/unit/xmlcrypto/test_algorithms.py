"""Names and URIs: paired in one place, and right."""

from __future__ import annotations

import pytest

from zeep_wssec.xmlcrypto import algorithms
from zeep_wssec.xmlcrypto.algorithms import default_signature_method

DS = "http://www.w3.org/2000/09/xmldsig#"
DS11 = "http://www.w3.org/2009/xmldsig11#"
MORE = "http://www.w3.org/2001/04/xmldsig-more#"
MORE07 = "http://www.w3.org/2007/05/xmldsig-more#"
MORE21 = "http://www.w3.org/2021/04/xmldsig-more#"
ENC = "http://www.w3.org/2001/04/xmlenc#"
ENC11 = "http://www.w3.org/2009/xmlenc11#"
TABLES = {
    "digests": algorithms.DIGESTS,
    "signature methods": algorithms.SIGNATURE_METHODS,
    "ciphers": algorithms.DATA_CIPHERS,
    "transports": algorithms.KEY_TRANSPORTS,
    "masks": algorithms.MASK_GENERATIONS,
    "wraps": algorithms.KEY_WRAPS,
    "agreements": algorithms.KEY_AGREEMENTS,
    "derivations": algorithms.KEY_DERIVATIONS,
}
# XML Signature 1.1, XML Encryption 1.1, RFC 4051, RFC 9231.
EXPECTED = {
    "sha1": DS + "sha1",
    "sha224": MORE + "sha224",
    "sha256": ENC + "sha256",
    "sha384": MORE + "sha384",
    "sha512": ENC + "sha512",
    "sha3-256": MORE07 + "sha3-256",
    "rsa-sha1": DS + "rsa-sha1",
    "rsa-sha256": MORE + "rsa-sha256",
    "rsa-sha384": MORE + "rsa-sha384",
    "rsa-sha512": MORE + "rsa-sha512",
    "rsa-pss-sha1": MORE07 + "sha1-rsa-MGF1",
    "rsa-pss-sha256": MORE07 + "sha256-rsa-MGF1",
    "ecdsa-sha256": MORE + "ecdsa-sha256",
    "ecdsa-sha384": MORE + "ecdsa-sha384",
    "ecdsa-sha512": MORE + "ecdsa-sha512",
    "ed25519": MORE21 + "eddsa-ed25519",
    "ed448": MORE21 + "eddsa-ed448",
    "hmac-sha1": DS + "hmac-sha1",
    "hmac-sha224": MORE + "hmac-sha224",
    "hmac-sha256": MORE + "hmac-sha256",
    "hmac-sha384": MORE + "hmac-sha384",
    "hmac-sha512": MORE + "hmac-sha512",
    "dsa-sha1": DS + "dsa-sha1",
    "dsa-sha256": DS11 + "dsa-sha256",
    "aes128-gcm": ENC11 + "aes128-gcm",
    "aes192-gcm": ENC11 + "aes192-gcm",
    "aes256-gcm": ENC11 + "aes256-gcm",
    "aes128-cbc": ENC + "aes128-cbc",
    "aes192-cbc": ENC + "aes192-cbc",
    "aes256-cbc": ENC + "aes256-cbc",
    "rsa-oaep": ENC11 + "rsa-oaep",
    "rsa-oaep-mgf1p": ENC + "rsa-oaep-mgf1p",
    "rsa-1_5": ENC + "rsa-1_5",
    "tripledes-cbc": ENC + "tripledes-cbc",
    "kw-aes128": ENC + "kw-aes128",
    "kw-aes192": ENC + "kw-aes192",
    "kw-aes256": ENC + "kw-aes256",
    "ecdh-es": ENC11 + "ECDH-ES",
    "x25519": MORE21 + "x25519",
    "x448": MORE21 + "x448",
    "concat-kdf": ENC11 + "ConcatKDF",
    "hkdf": MORE21 + "hkdf",
}
MASKS = {name: f"{ENC11}mgf1{name}" for name in ("sha1", "sha224", "sha256", "sha384", "sha512")}


@pytest.mark.parametrize("name", EXPECTED)
def test_uri(name: str) -> None:
    """The URI that the specifications give."""
    tables = [items for table, items in TABLES.items() if table != "masks"]
    assert [item.uri for items in tables for item in items if item.name == name] == [EXPECTED[name]]


@pytest.mark.parametrize("name", MASKS)
def test_mask(name: str) -> None:
    """The same for mask generation."""
    assert algorithms.MASK_GENERATIONS_BY_NAME[name].uri == MASKS[name]


@pytest.mark.parametrize("table", TABLES)
def test_unique(table: str) -> None:
    """One name, one URI, in each table."""
    names = [item.name for item in TABLES[table]]
    uris = [item.uri for item in TABLES[table]]
    assert len(set(names)) == len(set(uris)) == len(names)


def test_uris_are_unique_everywhere() -> None:
    """No URI means two things."""
    uris = [item.uri for items in TABLES.values() for item in items]
    assert len(set(uris)) == len(uris)


@pytest.mark.parametrize("digest", algorithms.DIGESTS, ids=lambda item: item.name)
def test_size(digest: algorithms.Digest) -> None:
    """The size of a value is that of the digest."""
    assert len(digest.of(b"x")) == digest.size


def test_legacy() -> None:
    """What needs an opt-in, and no more: each opt-in is known by its name."""
    needing = {
        item.name: item.legacy
        for items in TABLES.values()
        for item in items
        if getattr(item, "legacy", "")
    }
    assert needing == {
        "sha1": "sha1",
        "rsa-sha1": "sha1",
        "rsa-pss-sha1": "sha1",
        "ecdsa-sha1": "sha1",
        "hmac-sha1": "sha1",
        "dsa-sha256": "dsa",
        "dsa-sha1": "dsa",
        "rsa-1_5": "rsa-1_5",
        "tripledes-cbc": "3des",
    }
    assert {*needing.values(), "cbc"} == set(algorithms.LEGACY)


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("rsa", "rsa-sha256"),
        ("ec", "ecdsa-sha256"),
        ("ed25519", "ed25519"),
        ("hmac", "hmac-sha256"),
        ("x25519", None),
        ("dsa", None),
    ],
)
def test_default(kind: str, name: str | None) -> None:
    """The method that a key gets when none is stated: PKCS#1 v1.5 for RSA, never a legacy one."""
    method = default_signature_method(kind, "sha256")
    assert (method.name if method else None) == name
