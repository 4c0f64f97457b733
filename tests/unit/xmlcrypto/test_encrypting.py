"""Content encryption, key transport and key wrap, on octets."""

from __future__ import annotations

import base64
import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from zeep_wssec.keys.file_key import FileKey
from zeep_wssec.xmlcrypto import algorithms
from zeep_wssec.xmlcrypto.algorithms import DataCipher, KeyTransport, KeyWrap
from zeep_wssec.xmlcrypto.encrypting import (
    decrypt,
    encrypt_to_base64,
    transport_key,
    unwrap_key,
    wrap_key,
)

PRIVATE = rsa.generate_private_key(65537, 2048)
OAEP = [item for item in algorithms.KEY_TRANSPORTS if item.scheme == "rsa-oaep"]
TRIPLE_DES = algorithms.DATA_CIPHERS_BY_NAME["tripledes-cbc"]
# RFC 3394, sections 4.1, 4.2, 4.3 and 4.6.
DATA = "00112233445566778899aabbccddeeff000102030405060708090a0b0c0d0e0f"
WRAPPED = {
    "kw-aes128": (16, "1fa68b0a8112b447aef34bd8fb5a7b829d3e862371d2cfe5"),
    "kw-aes192": (16, "96778b25ae6ca435f92b5b97c050aed2468ab8a17ad84e5d"),
    "kw-aes256": (
        32,
        "28c9f404c4b810f4cbccb35cfb87f8263f5786e2d80ed326cbc7f0e71a99f43bfb988b9b7a02dd21",
    ),
}


@pytest.mark.parametrize("size", [0, 1, 7, 8, 9, 15, 16, 17, 1000])
@pytest.mark.parametrize("cipher", algorithms.DATA_CIPHERS, ids=lambda item: item.name)
def test_content(cipher: DataCipher, size: int) -> None:
    """Whatever the length: filled up to a whole block, and the filling taken away."""
    key, plain = bytes(range(cipher.key_bytes)), b"x" * size
    sealed = base64.b64decode(encrypt_to_base64(plain, cipher=cipher, key=key))
    assert decrypt(sealed, cipher=cipher, key=key) == plain


def test_triple_des_value() -> None:
    """Spec: FIPS 81, table B1: with three equal keys it is DES, whose block for "Now is t" is known."""
    block = bytes.fromhex("3fa40e8a984d4815")
    # The vector turns the last octet into the filling of one octet.
    vector = bytes(7) + bytes([ord("t") ^ 1])
    key = bytes.fromhex("0123456789abcdef") * 3
    assert decrypt(vector + block, cipher=TRIPLE_DES, key=key) == b"Now is "


@pytest.mark.parametrize(
    "sealed", [b"", bytes(8), bytes(15), bytes(17), bytes(16)], ids=lambda item: str(len(item))
)
def test_triple_des_refuses(sealed: bytes) -> None:
    """No whole blocks, or a filling that is none: one text."""
    with pytest.raises(ValueError, match=r"^cannot be decrypted$"):
        decrypt(sealed, cipher=TRIPLE_DES, key=bytes(range(24)))


@pytest.mark.parametrize("cipher", algorithms.DATA_CIPHERS, ids=lambda item: item.name)
def test_key_size(cipher: DataCipher) -> None:
    """A key of another size opens nothing, though the block cipher would take it."""
    with pytest.raises(ValueError, match=r"^cannot be decrypted$"):
        decrypt(bytes(64), cipher=cipher, key=bytes(24 if cipher.key_bytes != 24 else 16))


@pytest.mark.parametrize("label", [b"", b"a label"])
@pytest.mark.parametrize("mgf", ["sha1", "sha224", "sha256", "sha384", "sha512"])
@pytest.mark.parametrize("digest", algorithms.OAEP_DIGESTS_BY_NAME)
@pytest.mark.parametrize("transport", OAEP, ids=lambda item: item.name)
def test_oaep(transport: KeyTransport, digest: str, mgf: str, label: bytes) -> None:
    """Digest, mask and label reach the private key, and a wrong label is refused."""
    sealed = transport_key(
        b"k" * 32,
        PRIVATE.public_key(),
        transport=transport,
        digest=digest,
        mgf_digest=mgf,
        label=label,
    )
    key = FileKey(PRIVATE)
    arguments = {"digest": digest, "mgf_digest": mgf}
    assert key.decrypt(sealed, scheme="rsa-oaep", label=label, **arguments) == b"k" * 32
    with pytest.raises(ValueError, match=r"^cannot be decrypted$"):
        key.decrypt(sealed, scheme="rsa-oaep", label=b"another", **arguments)


@pytest.mark.parametrize("wrap", algorithms.KEY_WRAPS, ids=lambda item: item.name)
def test_wrap(wrap: KeyWrap) -> None:
    """Spec: RFC 3394, section 4, both ways."""
    size, expected = WRAPPED[wrap.name]
    key, kek = bytes.fromhex(DATA)[:size], bytes(range(wrap.key_bytes))
    sealed = wrap_key(key, wrap=wrap, kek=kek)
    assert sealed.hex() == expected
    assert unwrap_key(sealed, wrap=wrap, kek=kek) == key


@pytest.mark.parametrize("change", ["bit", "short", "odd", "empty", "kek", "kek size"])
def test_unwrap_refuses(change: str) -> None:
    """Whatever is wrong, the error is the same."""
    wrap, kek = algorithms.KEY_WRAPS_BY_NAME["kw-aes256"], bytes(range(32))
    sealed = wrap_key(b"k" * 32, wrap=wrap, kek=kek)
    values = {"bit": bytes([sealed[0] ^ 1]) + sealed[1:], "short": sealed[:16], "odd": sealed[:-1]}
    values |= {"empty": b""}
    keks = {"kek": hashlib.sha256(kek).digest(), "kek size": kek[:16]}
    with pytest.raises(ValueError, match=r"^cannot be decrypted$"):
        unwrap_key(values.get(change, sealed), wrap=wrap, kek=keks.get(change, kek))


def test_wrap_needs_its_size() -> None:
    """A secret of 16 octets is no key of kw-aes256."""
    with pytest.raises(ValueError, match="32 octets"):
        wrap_key(b"k" * 32, wrap=algorithms.KEY_WRAPS_BY_NAME["kw-aes256"], kek=bytes(16))
