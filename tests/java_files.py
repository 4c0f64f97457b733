"""Java keystores written octet by octet, under the password x unless told otherwise."""

from __future__ import annotations

import hashlib
import struct

from cryptography.hazmat.primitives import serialization

from zeep_wssec.testing.authority import Issued


def authentic(body: bytes, word: str = "x") -> bytes:
    """A file whose digest is right, whatever is in it."""
    text = word.encode("utf-16-be") + b"Mighty Aphrodite" + body
    return body + hashlib.sha1(text, usedforsecurity=False).digest()


def header(*, count: int, version: int = 2, magic: int = 0xFEEDFEED) -> bytes:
    return struct.pack(">III", magic, version, count)


def key_entry(sealed: bytes, certificates: tuple[bytes, ...] = (), *, alias: bytes = b"a") -> bytes:
    entry = struct.pack(">IH", 1, len(alias)) + alias + bytes(8)
    entry += struct.pack(">I", len(sealed)) + sealed + struct.pack(">I", len(certificates))
    for der in certificates:
        entry += struct.pack(">H", 5) + b"X.509" + struct.pack(">I", len(der)) + der
    return entry


def jks_sealed(issued: Issued, word: str = "x") -> bytes:
    """The key protection of JKS, written down a second time."""
    secret, salt = word.encode("utf-16-be"), bytes(20)
    der = issued.private_key.private_bytes(
        serialization.Encoding.DER,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    stream, block = b"", salt
    while len(stream) < len(der):
        block = hashlib.sha1(secret + block, usedforsecurity=False).digest()
        stream += block
    hidden = bytes(a ^ b for a, b in zip(der, stream, strict=False))
    octets = salt + hidden + hashlib.sha1(secret + der, usedforsecurity=False).digest()
    algorithm = bytes.fromhex("300e060a2b060104012a021101010500")
    octets = b"\x04\x82" + struct.pack(">H", len(octets)) + octets
    return b"\x30\x82" + struct.pack(">H", len(algorithm) + len(octets)) + algorithm + octets


def jks_file(issued: Issued, alias: str, word: str) -> bytes:
    """A whole JKS file with one key pair."""
    certificates = tuple(item.der for item in (issued.certificate, *issued.chain))
    entry = key_entry(jks_sealed(issued, word), certificates, alias=alias.encode())
    return authentic(header(count=1) + entry, word)
