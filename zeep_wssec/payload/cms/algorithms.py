"""The algorithms of CMS by name and by object identifier: the only place that pairs the two."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, Protocol

from zeep_wssec.keys.protocols import SignatureScheme, TransportScheme

_NIST = "2.16.840.1.101.3.4"
_PKCS1 = "1.2.840.113549.1.1"
_ECDSA = "1.2.840.10045.4"
_SMIME = "1.2.840.113549.1.9.16"
_CAMELLIA = "1.2.392.200011.61.1.1.1"

DATA: Final = "1.2.840.113549.1.7.1"
SIGNED: Final = "1.2.840.113549.1.7.2"
ENVELOPED: Final = "1.2.840.113549.1.7.3"
SIGNED_AND_ENVELOPED: Final = "1.2.840.113549.1.7.4"
AUTH_ENVELOPED: Final = f"{_SMIME}.1.23"
CONTENT_TYPES: Final[Mapping[str, str]] = {
    DATA: "data",
    SIGNED: "SignedData",
    ENVELOPED: "EnvelopedData",
    SIGNED_AND_ENVELOPED: "SignedAndEnvelopedData",
    "1.2.840.113549.1.7.5": "DigestedData",
    "1.2.840.113549.1.7.6": "EncryptedData",
    f"{_SMIME}.1.2": "AuthenticatedData",
    f"{_SMIME}.1.9": "CompressedData",
    AUTH_ENVELOPED: "AuthEnvelopedData",
}
"""Structures of CMS and PKCS#7, by the name that errors give them."""

CONTENT_TYPE_ATTRIBUTE: Final = "1.2.840.113549.1.9.3"
MESSAGE_DIGEST_ATTRIBUTE: Final = "1.2.840.113549.1.9.4"
SIGNING_TIME_ATTRIBUTE: Final = "1.2.840.113549.1.9.5"
ALGORITHM_PROTECTION_ATTRIBUTE: Final = "1.2.840.113549.1.9.52"
SIGNING_CERTIFICATE_ATTRIBUTES: Final = (f"{_SMIME}.2.12", f"{_SMIME}.2.47")
"""ESS signing-certificate, whose hash is SHA-1, and its second version."""


class RunningDigest(Protocol):
    """A digest of what is given piece by piece."""

    def update(self, data: bytes, /) -> None:
        """Take a piece."""

    def digest(self) -> bytes:
        """Give the digest of all that was taken."""


class _Shake:
    """SHAKE256 with a fixed length."""

    def __init__(self, size: int) -> None:
        self._running, self._size = hashlib.shake_256(), size

    def update(self, data: bytes, /) -> None:
        self._running.update(data)

    def digest(self) -> bytes:
        return self._running.digest(self._size)


class _Numbered:
    """What has an object identifier."""

    oid: str

    @property
    def uri(self) -> str:
        """The object identifier: what stands for a URI where algorithms are listed."""
        return self.oid


@dataclass(frozen=True)
class Digest(_Numbered):
    """A message digest."""

    name: str
    oid: str
    size: int
    """Octets of a value."""
    legacy: str = ""
    """Name of the opt-in that it needs, or empty."""

    length_bits: int = 0
    """Parameter of its identifier that says how long a value is; 0: it has none."""

    def begin(self) -> RunningDigest:
        """Begin to digest; weak digests too, for what is read under their opt-in."""
        if self.name == SHAKE256:
            return _Shake(self.size)
        return hashlib.new(self.name.replace("-", "_"), usedforsecurity=False)

    def of(self, data: bytes) -> bytes:
        """Digest octets."""
        running = self.begin()
        running.update(data)
        return running.digest()


@dataclass(frozen=True)
class SignatureMethod(_Numbered):
    """A signature algorithm: its scheme, its digest and the kind of key that it takes."""

    name: str
    oid: str
    scheme: SignatureScheme
    digest: str
    """Of the content and of what is signed; the message digest of EdDSA, which hashes by itself."""
    key_kind: Literal["rsa", "ec", "ed25519", "ed448", "dsa"]
    legacy: str = ""


@dataclass(frozen=True)
class ContentCipher(_Numbered):
    """A content encryption algorithm."""

    name: str
    oid: str
    key_bytes: int
    mode: Literal["gcm", "ccm", "cbc"]
    legacy: str = ""
    """Name of the opt-in that the cipher itself needs; its mode may need another one."""
    block_bytes: int = 16

    @property
    def authenticates(self) -> bool:
        """Whether it tells that what it decrypts was changed: it goes into AuthEnvelopedData."""
        return self.mode != "cbc"


@dataclass(frozen=True)
class KeyTransport(_Numbered):
    """A way to encrypt a content key under an RSA public key."""

    name: str
    oid: str
    scheme: TransportScheme
    legacy: str = ""


@dataclass(frozen=True)
class KeyWrap(_Numbered):
    """A way to encrypt a content key under an agreed one."""

    name: str
    oid: str
    key_bytes: int


@dataclass(frozen=True)
class KeyScheme:
    """A key agreement with its key derivation."""

    oid: str
    derivation: Literal["x963", "hkdf"]
    digest: str


_SHA2 = ("sha256", "sha384", "sha512", "sha224")
_SHA3 = ("sha3-224", "sha3-256", "sha3-384", "sha3-512")
SHAKE256: Final = "shake256"
"""With 64 octets of output; only Ed448 takes it."""
DIGESTS: Final = (
    *(Digest(name, f"{_NIST}.2.{n}", int(name[3:]) // 8) for n, name in enumerate(_SHA2, 1)),
    *(Digest(name, f"{_NIST}.2.{n}", int(name[5:]) // 8) for n, name in enumerate(_SHA3, 7)),
    # RFC 8702 gives SHAKE256 its length by itself; RFC 8419, in a parameter: that one is written.
    Digest(SHAKE256, f"{_NIST}.2.12", 64),
    Digest(SHAKE256, f"{_NIST}.2.18", 64, length_bits=512),
    Digest("sha1", "1.3.14.3.2.26", 20, legacy="sha1"),
    Digest("md5", "1.2.840.113549.2.5", 16, legacy="md5"),
)
RSA_ENCRYPTION: Final = f"{_PKCS1}.1"
"""As signature algorithm: PKCS#1 v1.5 with the digest that the signer names; else RSA 1.5 key transport."""
PSS: Final = f"{_PKCS1}.10"
MGF1: Final = f"{_PKCS1}.8"
P_SPECIFIED: Final = f"{_PKCS1}.9"
_RSA = {"sha256": 11, "sha384": 12, "sha512": 13, "sha224": 14, "sha1": 5, "md5": 4}
_EC = {"sha224": 1, "sha256": 2, "sha384": 3, "sha512": 4}
SIGNATURE_METHODS: Final = (
    *(
        SignatureMethod(f"rsa-{sha}", f"{_PKCS1}.{_RSA[sha]}", "rsa-pkcs1v15", sha, "rsa")
        for sha in _SHA2
    ),
    *(
        SignatureMethod(f"rsa-{sha}", f"{_NIST}.3.{n}", "rsa-pkcs1v15", sha, "rsa")
        for n, sha in enumerate(_SHA3, 13)
    ),
    *(SignatureMethod(f"rsa-pss-{sha}", PSS, "rsa-pss", sha, "rsa") for sha in (*_SHA2, *_SHA3)),
    *(
        SignatureMethod(f"ecdsa-{sha}", f"{_ECDSA}.3.{_EC[sha]}", "ecdsa", sha, "ec")
        for sha in _SHA2
    ),
    *(
        SignatureMethod(f"ecdsa-{sha}", f"{_NIST}.3.{n}", "ecdsa", sha, "ec")
        for n, sha in enumerate(_SHA3, 9)
    ),
    SignatureMethod("ed25519", "1.3.101.112", "eddsa", "sha512", "ed25519"),
    SignatureMethod("ed448", "1.3.101.113", "eddsa", SHAKE256, "ed448"),
    SignatureMethod("rsa-sha1", f"{_PKCS1}.5", "rsa-pkcs1v15", "sha1", "rsa", legacy="sha1"),
    SignatureMethod("rsa-pss-sha1", PSS, "rsa-pss", "sha1", "rsa", legacy="sha1"),
    SignatureMethod("ecdsa-sha1", f"{_ECDSA}.1", "ecdsa", "sha1", "ec", legacy="sha1"),
    SignatureMethod("dsa-sha256", f"{_NIST}.3.2", "dsa", "sha256", "dsa", legacy="dsa"),
    SignatureMethod("dsa-sha1", "1.2.840.10040.4.3", "dsa", "sha1", "dsa", legacy="dsa"),
    SignatureMethod("rsa-md5", f"{_PKCS1}.4", "rsa-pkcs1v15", "md5", "rsa", legacy="md5"),
)
"""``rsa-md5`` is only ever read: no key of ours signs so."""

_AES = {128: 0, 192: 20, 256: 40}
CONTENT_CIPHERS: Final = (
    *(
        ContentCipher(f"aes{n}-gcm", f"{_NIST}.1.{_AES[n] + 6}", n // 8, "gcm")
        for n in (256, 192, 128)
    ),
    *(
        ContentCipher(f"aes{n}-ccm", f"{_NIST}.1.{_AES[n] + 7}", n // 8, "ccm")
        for n in (256, 192, 128)
    ),
    *(
        ContentCipher(f"aes{n}-cbc", f"{_NIST}.1.{_AES[n] + 2}", n // 8, "cbc")
        for n in (256, 192, 128)
    ),
    *(
        ContentCipher(
            f"camellia{n}-cbc", f"{_CAMELLIA}.{n // 64}", n // 8, "cbc", legacy="camellia"
        )
        for n in (256, 192, 128)
    ),
    ContentCipher("tripledes-cbc", "1.2.840.113549.3.7", 24, "cbc", legacy="3des", block_bytes=8),
)
KEY_TRANSPORTS: Final = (
    KeyTransport("rsa-oaep", f"{_PKCS1}.7", "rsa-oaep"),
    KeyTransport("rsa-1_5", RSA_ENCRYPTION, "rsa-pkcs1v15", legacy="rsa-1_5"),
)
KEY_WRAPS: Final = tuple(
    KeyWrap(f"kw-aes{n}", f"{_NIST}.1.{_AES[n] + 5}", n // 8) for n in (256, 192, 128)
)
_KDF = ("sha224", "sha256", "sha384", "sha512")
KEY_SCHEMES: Final = (
    *(KeyScheme(f"1.3.132.1.11.{n}", "x963", sha) for n, sha in enumerate(_KDF)),
    # With the cofactor, which is 1 on every curve that is fit here: the same secret.
    *(KeyScheme(f"1.3.132.1.14.{n}", "x963", sha) for n, sha in enumerate(_KDF)),
    KeyScheme("1.3.133.16.840.63.0.2", "x963", "sha1"),
    KeyScheme("1.3.133.16.840.63.0.3", "x963", "sha1"),
    *(KeyScheme(f"{_SMIME}.3.{n}", "hkdf", sha) for n, sha in enumerate(_KDF[1:], 19)),
)
"""SHA-1 derives keys safely: nothing there depends on collisions."""

DIGESTS_BY_NAME: Final = {item.name: item for item in DIGESTS}
CHOSEN_DIGESTS_BY_NAME: Final = {
    name: item for name, item in DIGESTS_BY_NAME.items() if name != SHAKE256
}
"""Those that can be chosen for a signature."""
DIGESTS_BY_OID: Final = {item.oid: item for item in DIGESTS}
OAEP_DIGESTS_BY_NAME: Final = {name: DIGESTS_BY_NAME[name] for name in (*_SHA2, "sha1")}
"""Those that ``cryptography`` has for OAEP."""
SIGNATURE_METHODS_BY_NAME: Final = {item.name: item for item in SIGNATURE_METHODS}
SIGNATURE_METHODS_BY_OID: Final = {item.oid: item for item in SIGNATURE_METHODS if item.oid != PSS}
CONTENT_CIPHERS_BY_NAME: Final = {item.name: item for item in CONTENT_CIPHERS}
CONTENT_CIPHERS_BY_OID: Final = {item.oid: item for item in CONTENT_CIPHERS}
KEY_TRANSPORTS_BY_NAME: Final = {item.name: item for item in KEY_TRANSPORTS}
KEY_TRANSPORTS_BY_OID: Final = {item.oid: item for item in KEY_TRANSPORTS}
KEY_WRAPS_BY_NAME: Final = {item.name: item for item in KEY_WRAPS}
KEY_WRAPS_BY_OID: Final = {item.oid: item for item in KEY_WRAPS}
KEY_SCHEMES_BY_OID: Final = {item.oid: item for item in KEY_SCHEMES}
DERIVATION_DIGESTS_BY_NAME: Final = {name: DIGESTS_BY_NAME[name] for name in _SHA2}

LEGACY: Final[Mapping[str, str]] = {
    "sha1": "SHA-1 as digest of a signature",
    "md5": "MD5 as digest of a signature that is read",
    "rsa-1_5": "RSA PKCS#1 v1.5 key transport",
    "cbc": "CBC encryption without a signature",
    "dsa": "DSA signatures",
    "3des": "Triple DES content encryption",
    "camellia": "Camellia content encryption",
}
"""The opt-ins, each to be given with a reason."""

OTHER_ALGORITHMS: Final[Mapping[str, str]] = {
    "1.2.840.113549.2.2": "md2",
    "1.3.36.3.2.1": "ripemd160",
    f"{_NIST}.2.5": "sha512-224",
    f"{_NIST}.2.6": "sha512-256",
    f"{_NIST}.2.11": "shake128",
    "1.3.14.3.2.7": "des-cbc",
    "1.2.840.113549.3.2": "rc2-cbc",
    "1.2.840.113549.3.4": "rc4",
    "1.2.840.113533.7.66.10": "cast5-cbc",
    "1.3.6.1.4.1.188.7.1.1.2": "idea-cbc",
    **{f"{_NIST}.1.{base + 1}": f"aes{n}-ecb" for n, base in _AES.items()},
    f"{_SMIME}.3.6": "3des key wrap",
    f"{_SMIME}.3.9": "password key encryption",
    f"{_SMIME}.3.18": "chacha20-poly1305",
}
"""Names of what is refused, for errors."""


def algorithm_name(oid: str) -> str:
    """Name an algorithm in an error; by its number where it has no name here."""
    known = (DIGESTS_BY_OID, SIGNATURE_METHODS_BY_OID, CONTENT_CIPHERS_BY_OID, KEY_WRAPS_BY_OID)
    for table in known:
        if oid in table:
            return table[oid].name
    return OTHER_ALGORITHMS.get(oid, oid)


def default_signature_method(key_kind: str, digest: str) -> SignatureMethod | None:
    """Give the first method for a kind of key with ``digest``, or ``None`` when the key cannot sign."""
    for method in SIGNATURE_METHODS:
        fits = method.key_kind == key_kind and not method.legacy
        if fits and (method.digest == digest or method.scheme == "eddsa"):
            return method
    return None
