"""Passwords in PKCS#12: the MAC over a file, and the encryption of its parts.

``cryptography`` opens a whole file but gives only one key of it, and tells nothing of which
certificate is a partner's; so the parts are opened here, with its primitives.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

from asn1crypto.algos import (  # type: ignore[import-untyped]
    HmacAlgorithm,
    KdfAlgorithm,
)
from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives import padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from zeep_wssec.errors import KeyLoadError
from zeep_wssec.keys import pkcs12_rc2
from zeep_wssec.keys.der import iterate_tlv
from zeep_wssec.keys.derivation_work import Work

MAX_SCRYPT_BYTES = 256 * 1024 * 1024
"""Bound on the memory of scrypt: 128 · N · r bytes."""

_DIGESTS = frozenset({"sha1", "sha224", "sha256", "sha384", "sha512"})
_PBMAC1 = "1.2.840.113549.1.5.14"
_SCRYPT = "1.3.6.1.4.1.11591.4.11"
_PBES2_CIPHERS = frozenset({"aes128_cbc", "aes192_cbc", "aes256_cbc", "tripledes_3key"})
_OLD_CIPHERS = {
    "pkcs12_sha1_tripledes_3key": 24,
    "pkcs12_sha1_tripledes_2key": 16,
    "pkcs12_sha1_rc2_128": 16,
    "pkcs12_sha1_rc2_40": 5,
}
"""Octets of their keys."""


def has_valid_mac(
    mac_data: Any, content: bytes, *, password: bytes, source: str, work: Work
) -> bool:
    """Tell whether the MAC of the file fits its content under ``password``.

    Spec: RFC 7292, section 5.1; RFC 9579.
    """
    algorithm = mac_data["mac"]["digest_algorithm"]
    expected = bytes(mac_data["mac"]["digest"].native)
    if algorithm["algorithm"].dotted == _PBMAC1:
        return hmac.compare_digest(
            _pbmac1(algorithm["parameters"], content, password, source, work), expected
        )
    digest = algorithm["algorithm"].native
    if digest not in _DIGESTS:
        raise _unsupported(algorithm["algorithm"].dotted, source=source)
    iterations = work.add(int(mac_data["iterations"].native), source=source)
    return any(
        hmac.compare_digest(hmac.digest(key, content, digest), expected)
        for key in (
            derive_pkcs12(
                secret,
                salt=mac_data["mac_salt"].native,
                iterations=iterations,
                purpose=3,
                length=hashlib.new(digest).digest_size,
                digest=digest,
            )
            for secret in _encodings(password)
        )
    )


def _pbmac1(parameters: Any, content: bytes, password: bytes, source: str, work: Work) -> bytes:
    outer = KdfAlgorithm.load(parameters.contents)
    scheme = HmacAlgorithm.load(parameters.contents[len(outer.dump()) :])
    key = _derive_pbes2(outer, password, length=0, source=source, work=work)
    digest = scheme["algorithm"].native
    if digest not in _DIGESTS:
        raise _unsupported(scheme["algorithm"].dotted, source=source)
    return hmac.digest(key, content, digest)


def decrypt(
    algorithm: Any, ciphertext: bytes, *, password: bytes, source: str, work: Work
) -> bytes:
    """Decrypt under a password: PBES2 with AES or triple DES, or one of the old PKCS#12 ciphers.

    Args:
        algorithm: An ``AlgorithmIdentifier`` as ``asn1crypto`` has it.
        ciphertext: What is encrypted.
        password: As the user gave it.
        source: What to call the file in errors.
        work: What the file has cost so far.

    Raises:
        KeyLoadError: It is encrypted in another way, or with too many iterations.
        ValueError: It does not decrypt.

    Spec: RFC 7292, appendices B and C; RFC 8018, section 6.2.
    """
    name = algorithm["algorithm"].native
    parameters = algorithm["parameters"]
    if name == "pbes2":
        scheme = parameters["encryption_scheme"]
        if scheme["algorithm"].native not in _PBES2_CIPHERS:
            raise _unsupported(scheme["algorithm"].dotted, source=source)
        function = parameters["key_derivation_func"]
        key = _derive_pbes2(function, password, length=scheme.key_length, source=source, work=work)
        iv = bytes(scheme["parameters"].native)
        return _unpad(_decrypt_cbc(name, key, iv, ciphertext), block_bytes=len(iv))
    if name not in _OLD_CIPHERS:
        raise _unsupported(algorithm["algorithm"].dotted, source=source)
    iterations = work.add(int(parameters["iterations"].native), source=source)
    salt = parameters["salt"].native
    failure = ValueError()
    for secret in _encodings(password):
        key, iv = (
            derive_pkcs12(secret, salt=salt, iterations=iterations, purpose=purpose, length=length)
            for purpose, length in ((1, _OLD_CIPHERS[name]), (2, 8))
        )
        try:
            return _unpad(_decrypt_cbc(name, key, iv, ciphertext), block_bytes=8)
        except ValueError as error:
            failure = error
    raise failure


def _decrypt_cbc(name: str, key: bytes, iv: bytes, ciphertext: bytes) -> bytes:
    if "rc2" in name:
        return pkcs12_rc2.decrypt_cbc(key, iv, ciphertext)
    # Triple DES with two keys uses the first one twice.
    aes = len(iv) == 16
    algorithm = algorithms.AES(key) if aes else TripleDES((key + key)[:24])
    decryptor = Cipher(algorithm, modes.CBC(iv)).decryptor()
    return decryptor.update(ciphertext) + decryptor.finalize()


def _unpad(padded: bytes, *, block_bytes: int) -> bytes:
    unpadder = padding.PKCS7(8 * block_bytes).unpadder()
    return unpadder.update(padded) + unpadder.finalize()


def _derive_pbes2(function: Any, password: bytes, *, length: int, source: str, work: Work) -> bytes:
    if function["algorithm"].dotted == _SCRYPT:
        salt, cost, block, parallel = _scrypt_parameters(function, work, source=source)
        memory = MAX_SCRYPT_BYTES + 1024 * 1024
        return hashlib.scrypt(
            password, salt=salt, n=cost, r=block, p=parallel, dklen=length or 32, maxmem=memory
        )
    if function["algorithm"].native != "pbkdf2":
        raise _unsupported(function["algorithm"].dotted, source=source)
    parameters = function["parameters"]
    iterations = work.add(int(parameters["iteration_count"].native), source=source)
    digest = parameters["prf"]["algorithm"].native
    if digest not in _DIGESTS:
        raise _unsupported(parameters["prf"]["algorithm"].dotted, source=source)
    length = length or parameters["key_length"].native
    if not 1 <= length <= 1024:
        raise ValueError("key length")
    return hashlib.pbkdf2_hmac(digest, password, parameters["salt"].native, iterations, length)


def _scrypt_parameters(function: Any, work: Work, *, source: str) -> tuple[bytes, int, int, int]:
    salt, *rest = [value for _, value in iterate_tlv(function["parameters"].contents)]
    cost, block, parallel = (int.from_bytes(value, "big") for value in rest[:3])
    if 128 * cost * block > MAX_SCRYPT_BYTES or parallel > 16:
        raise KeyLoadError(
            f"{source}: a key derivation (scrypt) that asks for too much memory.", source=source
        )
    work.add(cost * block * parallel, source=source)
    return salt, cost, block, parallel


def derive_pkcs12(
    secret: bytes, *, salt: bytes, iterations: int, purpose: int, length: int, digest: str = "sha1"
) -> bytes:
    """Derive a key (purpose 1), an IV (2) or a MAC key (3) from an encoded password.

    Spec: RFC 7292, appendix B.2; the numbers are its steps.
    """
    block = hashlib.new(digest).block_size
    diversifier = bytes([purpose]) * block  # 1
    state = bytearray(_fill(salt, block) + _fill(secret, block))  # 2-4
    output = b""
    while True:
        piece = hashlib.new(digest, diversifier + state).digest()  # 6A
        for _ in range(iterations - 1):
            piece = hashlib.new(digest, piece).digest()
        output += piece
        if len(output) >= length:
            return output[:length]  # 7-8
        addend = int.from_bytes(_fill(piece, block)[:block], "big") + 1  # 6B
        for start in range(0, len(state), block):  # 6C
            total = int.from_bytes(state[start : start + block], "big") + addend
            state[start : start + block] = (total % (1 << 8 * block)).to_bytes(block, "big")


def _fill(data: bytes, block: int) -> bytes:
    """Repeat ``data`` up to the next multiple of the block size; nothing stays nothing."""
    size = -(-len(data) // block) * block
    return (data * (size // len(data) + 1))[:size] if data else b""


def _encodings(password: bytes) -> tuple[bytes, ...]:
    """Give the password as UTF-16 with its terminator; an empty one also as nothing at all."""
    try:
        text = password.decode("utf-8")
    except UnicodeDecodeError:
        text = password.decode("latin-1")
    encoded = text.encode("utf-16-be") + b"\0\0"
    return (encoded,) if password else (encoded, b"")


def _unsupported(algorithm: str, *, source: str) -> KeyLoadError:
    return KeyLoadError(
        f"{source}: encrypted or authenticated with {algorithm}, which is not supported in a PKCS#12 file.",
        hint="Export it again with a current tool.",
        source=source,
    )
