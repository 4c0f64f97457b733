"""Tells what a file is by its first bytes, so that a wrong one is named in the error."""

from __future__ import annotations

import base64
import binascii

from zeep_wssec.keys.der import iterate_tlv, read_tlv

_BOMS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
_CONVERT = "Convert it: keytool -importkeystore … -destkeystore new.p12 -deststoretype PKCS12."

_MAGIC: tuple[tuple[bytes, str, str], ...] = (
    (b"\xfe\xed\xfe\xed", "is a Java keystore (JKS)", ""),
    (b"\xce\xce\xce\xce", "is a Java keystore (JCEKS)", ""),
    (b"\x00\x00\x00\x02\x00\x00\x00\x14", "is a keystore of BouncyCastle (BKS)", _CONVERT),
    (b"\x00\x00\x00\x01\x00\x00\x00\x14", "is a keystore of BouncyCastle (UBER)", _CONVERT),
    (
        b"\x05\x02\x00\x00",
        "is a Kerberos keytab",
        "It has no certificates, so nothing here uses it.",
    ),
    (b"PuTTY-User-Key-File", "is a PuTTY key", ""),
    (b"ssh-", "is a public SSH key", ""),
    (b"PK\x03\x04", "is a ZIP archive", "Unpack it and give the file inside."),
    (b"<?xml", "is XML", ""),
    (b"<", "is XML or HTML", "It may be an error page that was saved in place of the file."),
    (b"{", "is JSON", ""),
    (b"[", "is JSON, but no object", ""),
)


def is_pem(data: bytes) -> bool:
    """Tell whether the data has a PEM block somewhere."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        data = data.decode("utf-16", errors="replace").encode()
    return b"-----BEGIN " in data and data[:1] != b"\x30"


def is_pkcs12(data: bytes) -> bool:
    """Tell whether the data starts like a PKCS#12 file: a SEQUENCE with the version number 3."""
    if data[:1] != b"\x30" or len(data) < 16:
        return False
    header = 2 + (data[1] & 0x7F if data[1] & 0x80 else 0)
    return data[header : header + 4] == b"\x02\x01\x03\x30"


def describe_content(data: bytes) -> tuple[str, str]:
    """Say what the data looks like, and what to do about it."""
    for bom in _BOMS:
        data = data.removeprefix(bom)
    if not data.strip():
        return "is empty", ""
    for magic, text, hint in _MAGIC:
        if data.lstrip().startswith(magic):
            return text, hint
    if is_pem(data):
        return "is PEM text", ""
    if data[:1] == b"\x30":
        return _describe_der(data)
    try:
        inner = base64.b64decode(b"".join(data.split()), validate=True)
    except (binascii.Error, ValueError):
        return "looks like nothing known", ""
    if is_pkcs12(inner):
        return (
            "is PKCS#12 in base64",
            "Decode it first, or put it into an environment variable for from_env.",
        )
    return "is base64 of something else", ""


def _describe_der(data: bytes) -> tuple[str, str]:
    if is_pkcs12(data):
        return "is PKCS#12", ""
    try:
        first_tag, first = next(iterate_tlv(read_tlv(data)[1]))
    except (ValueError, StopIteration):
        return "is broken DER, or cut off", ""
    if first_tag == 0x30:
        return "looks like a certificate in DER", "Use with_partner or with_trust for certificates."
    if first_tag == 0x06:
        return "looks like PKCS#7", ""
    if first_tag == 0x02 and first in (b"\x00", b"\x01"):
        return (
            "looks like a private key in DER, without its certificate",
            "Convert it to PEM for from_pem.",
        )
    return "is DER of something else", ""
