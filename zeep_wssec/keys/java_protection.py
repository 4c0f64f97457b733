"""How Java protects private keys under a password: the stream of JKS, and the cipher of JCEKS."""

from __future__ import annotations

import hashlib
import hmac

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives import padding
from cryptography.hazmat.primitives.ciphers import Cipher, modes

from zeep_wssec.errors import KeyLoadError, WrongPasswordError
from zeep_wssec.keys.der import iterate_tlv, read_tlv
from zeep_wssec.keys.derivation_work import Work

_STREAM = bytes.fromhex("2b060104012a02110101")
"""1.3.6.1.4.1.42.2.17.1.1: the key protector of JKS."""
_MD5_TRIPLE_DES = bytes.fromhex("2b060104012a021301")
"""1.3.6.1.4.1.42.2.19.1: PBEWithMD5AndTripleDES, of JCEKS."""


def password_characters(password: bytes) -> bytes:
    """Give a password as Java's characters, two octets each; nothing ends it."""
    try:
        text = password.decode("utf-8")
    except UnicodeDecodeError:
        text = password.decode("latin-1")
    return text.encode("utf-16-be")


def open_key(sealed: bytes, password: bytes, alias: str, work: Work, *, source: str) -> bytes:
    """Open an ``EncryptedPrivateKeyInfo`` of a Java keystore.

    Args:
        sealed: Its DER.
        password: Of this key.
        alias: For errors.
        work: What the file has cost so far.
        source: For errors.

    Returns:
        DER ``PrivateKeyInfo``.

    Raises:
        WrongPasswordError: It does not open.
        KeyLoadError: It is protected in another way, or asks for too much.
        ValueError: It is broken.
    """
    (_, algorithm), (_, ciphertext) = iterate_tlv(read_tlv(sealed)[1])
    (_, identifier), *rest = iterate_tlv(algorithm)
    try:
        if identifier == _STREAM:
            return _open_stream(ciphertext, password)
        if identifier == _MD5_TRIPLE_DES:
            salt, iterations = read_pbe_parameters(rest[0][1])
            work.add(iterations, source=source)
            return decrypt_pbe(ciphertext, password, salt=salt, iterations=iterations)
    except ValueError:
        raise wrong_password(alias, source=source) from None
    raise KeyLoadError(
        f"{source}: the private key {alias!r} is protected in a way that is not supported.",
        hint="Convert the file: keytool -importkeystore … -deststoretype PKCS12.",
        source=source,
        alias=alias,
    )


def wrong_password(alias: str, *, source: str) -> WrongPasswordError:
    """Make the error for a key that its password does not open."""
    return WrongPasswordError(
        f"{source}: the password of the keystore is right, but does not open the key {alias!r}.",
        hint="Give the password of this key with key_password; in a profile file "
        f'key_passwords = {{ {alias} = {{ env = "VARIABLE" }} }}.',
        source=source,
        alias=alias,
    )


def _open_stream(sealed: bytes, password: bytes) -> bytes:
    """Undo the exclusive or with SHA-1 over password and last block; the first block is the salt."""
    if len(sealed) < 40:
        raise ValueError("cut off")
    secret = password_characters(password)
    salt, hidden, check = sealed[:20], sealed[20:-20], sealed[-20:]
    stream, block = bytearray(), salt
    while len(stream) < len(hidden):
        block = hashlib.sha1(secret + block, usedforsecurity=False).digest()
        stream += block
    plain = bytes(a ^ b for a, b in zip(hidden, stream, strict=False))
    expected = hashlib.sha1(secret + plain, usedforsecurity=False).digest()
    if not hmac.compare_digest(expected, check):
        raise ValueError("digest")
    return plain


def read_pbe_parameters(parameters: bytes) -> tuple[bytes, int]:
    """Give salt and iterations of PBE parameters, without their outer tag; ``ValueError`` when broken."""
    (_, salt), (_, iterations) = iterate_tlv(parameters)
    if len(salt) != 8:
        raise ValueError("salt")
    return salt, int.from_bytes(iterations, "big")


def decrypt_pbe(ciphertext: bytes, password: bytes, *, salt: bytes, iterations: int) -> bytes:
    """Decrypt PBEWithMD5AndTripleDES, which is Java's own and in no standard.

    The key and the IV are MD5 iterated over each half of the salt. If the halves are equal, the first
    is turned round, with a slip that all versions of Java keep: its second octet is written twice.

    Raises:
        ValueError: It does not decrypt.
    """
    halves = [salt[:4], salt[4:]]
    if halves[0] == halves[1]:
        a, b, _, d = halves[0]
        halves[0] = bytes((d, a, b, d))
    derived = b""
    for half in halves:
        block = half
        for _ in range(iterations):
            block = hashlib.md5(block + password, usedforsecurity=False).digest()
        derived += block
    decryptor = Cipher(TripleDES(derived[:24]), modes.CBC(derived[24:])).decryptor()
    padded = decryptor.update(ciphertext) + decryptor.finalize()
    unpadder = padding.PKCS7(64).unpadder()
    return unpadder.update(padded) + unpadder.finalize()
