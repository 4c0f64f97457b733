"""The algorithms by name and by URI: the only place that pairs the two.

A profile uses the names; a message carries the URIs. What stands in no table here does not exist for us.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

from zeep_wssec.keys.protocols import SignatureScheme, TransportScheme

_DS = "http://www.w3.org/2000/09/xmldsig#"
_DS11 = "http://www.w3.org/2009/xmldsig11#"
_MORE = "http://www.w3.org/2001/04/xmldsig-more#"
_MORE07 = "http://www.w3.org/2007/05/xmldsig-more#"
_MORE21 = "http://www.w3.org/2021/04/xmldsig-more#"
_ENC = "http://www.w3.org/2001/04/xmlenc#"
_ENC11 = "http://www.w3.org/2009/xmlenc11#"

EXCLUSIVE_C14N: Final = "http://www.w3.org/2001/10/xml-exc-c14n#"
"""Namespace of InclusiveNamespaces, and the URI of the exclusive form without comments."""
STR_TRANSFORM: Final = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-soap-message-security-1.0#STR-Transform"
"""Signs the token that a SecurityTokenReference leads to, in place of the reference."""
ENVELOPED: Final = _DS + "enveloped-signature"
"""Signs the whole document but for the Signature itself."""
CONTENT_TYPE: Final = _ENC + "Content"
ELEMENT_TYPE: Final = _ENC + "Element"


@dataclass(frozen=True)
class Digest:
    """A message digest."""

    name: str
    uri: str
    size: int
    """Octets of a value."""
    legacy: str = ""
    """Name of the opt-in that it needs, or empty."""

    def of(self, data: bytes) -> bytes:
        """Digest ``data``."""
        make = getattr(hashlib, self.name.replace("-", "_"))
        return make(data, usedforsecurity=not self.legacy).digest()  # type: ignore[no-any-return]

    def start(self) -> hashlib._Hash:
        """Start a digest of what comes piece by piece."""
        make: Callable[..., hashlib._Hash] = getattr(hashlib, self.name.replace("-", "_"))
        return make(usedforsecurity=not self.legacy)


@dataclass(frozen=True)
class Canonicalization:
    """A canonicalization algorithm."""

    name: str
    uri: str
    exclusive: bool
    comments: bool = False
    version: Literal["1.0", "1.1"] = "1.0"


@dataclass(frozen=True)
class SignatureMethod:
    """A signature algorithm: its scheme, its digest and the kind of key that it takes."""

    name: str
    uri: str
    scheme: SignatureScheme
    digest: str
    key_kind: Literal["rsa", "ec", "ed25519", "ed448", "dsa", "hmac"]
    """``"hmac"`` stands for a symmetric key."""
    legacy: str = ""


@dataclass(frozen=True)
class DataCipher:
    """A block encryption algorithm for content."""

    name: str
    uri: str
    key_bytes: int
    mode: Literal["gcm", "cbc"]
    legacy: str = ""
    """Name of the opt-in that the cipher itself needs, or empty; its mode may need another one."""
    block_bytes: int = 16


@dataclass(frozen=True)
class KeyTransport:
    """An algorithm that carries a content key under an RSA public key."""

    name: str
    uri: str
    scheme: TransportScheme
    mgf_fixed: bool = False
    """Whether MGF1 is fixed to SHA-1 and cannot be chosen."""
    legacy: str = ""


@dataclass(frozen=True)
class MaskGeneration:
    """A mask generation function for OAEP: MGF1 with the digest of this name."""

    name: str
    uri: str


@dataclass(frozen=True)
class KeyWrap:
    """An algorithm that wraps a content key under another symmetric key."""

    name: str
    uri: str
    key_bytes: int
    """Octets of the wrapping key."""
    legacy: str = ""


@dataclass(frozen=True)
class KeyAgreement:
    """An agreement of a shared secret with a recipient's public key."""

    name: str
    uri: str
    key_kind: Literal["ec", "x25519", "x448"]


@dataclass(frozen=True)
class KeyDerivation:
    """A derivation of a wrapping key from a shared secret."""

    name: str
    uri: str


_C14N = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
_C14N11 = "http://www.w3.org/2006/12/xml-c14n11"
EXCLUSIVE: Final = Canonicalization("exc-c14n", EXCLUSIVE_C14N, exclusive=True)
"""The form that BSP 1.1 R5404 and R5423 ask for."""
CANONICALIZATIONS: Final = (
    EXCLUSIVE,
    Canonicalization(
        "exc-c14n-comments", EXCLUSIVE_C14N + "WithComments", exclusive=True, comments=True
    ),
    Canonicalization("c14n", _C14N, exclusive=False),
    Canonicalization("c14n-comments", _C14N + "#WithComments", exclusive=False, comments=True),
    Canonicalization("c14n11", _C14N11, exclusive=False, version="1.1"),
    Canonicalization(
        "c14n11-comments", _C14N11 + "#WithComments", exclusive=False, comments=True, version="1.1"
    ),
)
_SHA3 = ("sha3-224", "sha3-256", "sha3-384", "sha3-512")
DIGESTS: Final = (
    Digest("sha256", _ENC + "sha256", 32),
    Digest("sha384", _MORE + "sha384", 48),
    Digest("sha512", _ENC + "sha512", 64),
    Digest("sha224", _MORE + "sha224", 28),
    *(Digest(name, _MORE07 + name, int(name[-3:]) // 8) for name in _SHA3),
    Digest("sha1", _DS + "sha1", 20, legacy="sha1"),
)
_SHA2 = ("sha256", "sha384", "sha512", "sha224")
SIGNATURE_METHODS: Final = (
    *(
        SignatureMethod(f"rsa-{sha}", f"{_MORE}rsa-{sha}", "rsa-pkcs1v15", sha, "rsa")
        for sha in _SHA2
    ),
    *(SignatureMethod(f"ecdsa-{sha}", f"{_MORE}ecdsa-{sha}", "ecdsa", sha, "ec") for sha in _SHA2),
    *(
        SignatureMethod(f"rsa-pss-{sha}", f"{_MORE07}{sha}-rsa-MGF1", "rsa-pss", sha, "rsa")
        for sha in (*_SHA2, *_SHA3)
    ),
    *(
        SignatureMethod(f"ecdsa-{sha}", f"{_MORE21}ecdsa-{sha}", "ecdsa", sha, "ec")
        for sha in _SHA3
    ),
    SignatureMethod("ed25519", _MORE21 + "eddsa-ed25519", "eddsa", "", "ed25519"),
    SignatureMethod("ed448", _MORE21 + "eddsa-ed448", "eddsa", "", "ed448"),
    *(SignatureMethod(f"hmac-{sha}", f"{_MORE}hmac-{sha}", "hmac", sha, "hmac") for sha in _SHA2),
    SignatureMethod("rsa-sha1", _DS + "rsa-sha1", "rsa-pkcs1v15", "sha1", "rsa", legacy="sha1"),
    SignatureMethod(
        "rsa-pss-sha1", _MORE07 + "sha1-rsa-MGF1", "rsa-pss", "sha1", "rsa", legacy="sha1"
    ),
    SignatureMethod("ecdsa-sha1", _MORE + "ecdsa-sha1", "ecdsa", "sha1", "ec", legacy="sha1"),
    SignatureMethod("hmac-sha1", _DS + "hmac-sha1", "hmac", "sha1", "hmac", legacy="sha1"),
    SignatureMethod("dsa-sha256", _DS11 + "dsa-sha256", "dsa", "sha256", "dsa", legacy="dsa"),
    SignatureMethod("dsa-sha1", _DS + "dsa-sha1", "dsa", "sha1", "dsa", legacy="dsa"),
)
DATA_CIPHERS: Final = (
    DataCipher("aes256-gcm", _ENC11 + "aes256-gcm", 32, "gcm"),
    DataCipher("aes192-gcm", _ENC11 + "aes192-gcm", 24, "gcm"),
    DataCipher("aes128-gcm", _ENC11 + "aes128-gcm", 16, "gcm"),
    DataCipher("aes256-cbc", _ENC + "aes256-cbc", 32, "cbc"),
    DataCipher("aes192-cbc", _ENC + "aes192-cbc", 24, "cbc"),
    DataCipher("aes128-cbc", _ENC + "aes128-cbc", 16, "cbc"),
    DataCipher("tripledes-cbc", _ENC + "tripledes-cbc", 24, "cbc", legacy="3des", block_bytes=8),
)
KEY_TRANSPORTS: Final = (
    KeyTransport("rsa-oaep", _ENC11 + "rsa-oaep", "rsa-oaep"),
    KeyTransport("rsa-oaep-mgf1p", _ENC + "rsa-oaep-mgf1p", "rsa-oaep", mgf_fixed=True),
    KeyTransport("rsa-1_5", _ENC + "rsa-1_5", "rsa-pkcs1v15", legacy="rsa-1_5"),
)
MASK_GENERATIONS: Final = tuple(
    MaskGeneration(name, f"{_ENC11}mgf1{name}") for name in (*_SHA2, "sha1")
)
KEY_WRAPS: Final = tuple(
    KeyWrap(f"kw-aes{8 * size}", f"{_ENC}kw-aes{8 * size}", size) for size in (32, 24, 16)
)
KEY_AGREEMENTS: Final = (
    KeyAgreement("ecdh-es", _ENC11 + "ECDH-ES", "ec"),
    KeyAgreement("x25519", _MORE21 + "x25519", "x25519"),
    KeyAgreement("x448", _MORE21 + "x448", "x448"),
)
KEY_DERIVATIONS: Final = (
    KeyDerivation("hkdf", _MORE21 + "hkdf"),
    KeyDerivation("concat-kdf", _ENC11 + "ConcatKDF"),
)

CANONICALIZATIONS_BY_NAME: Final = {item.name: item for item in CANONICALIZATIONS}
CANONICALIZATIONS_BY_URI: Final = {item.uri: item for item in CANONICALIZATIONS}
DIGESTS_BY_NAME: Final = {item.name: item for item in DIGESTS}
DIGESTS_BY_URI: Final = {item.uri: item for item in DIGESTS}
OAEP_DIGESTS_BY_NAME: Final = {
    item.name: item for item in DIGESTS if not item.name.startswith("sha3-")
}
OAEP_DIGESTS_BY_URI: Final = {item.uri: item for item in OAEP_DIGESTS_BY_NAME.values()}
SIGNATURE_METHODS_BY_NAME: Final = {item.name: item for item in SIGNATURE_METHODS}
SIGNATURE_METHODS_BY_URI: Final = {item.uri: item for item in SIGNATURE_METHODS}
DATA_CIPHERS_BY_NAME: Final = {item.name: item for item in DATA_CIPHERS}
DATA_CIPHERS_BY_URI: Final = {item.uri: item for item in DATA_CIPHERS}
KEY_TRANSPORTS_BY_NAME: Final = {item.name: item for item in KEY_TRANSPORTS}
KEY_TRANSPORTS_BY_URI: Final = {item.uri: item for item in KEY_TRANSPORTS}
MASK_GENERATIONS_BY_NAME: Final = {item.name: item for item in MASK_GENERATIONS}
MASK_GENERATIONS_BY_URI: Final = {item.uri: item for item in MASK_GENERATIONS}
KEY_WRAPS_BY_NAME: Final = {item.name: item for item in KEY_WRAPS}
KEY_WRAPS_BY_URI: Final = {item.uri: item for item in KEY_WRAPS}
KEY_AGREEMENTS_BY_NAME: Final = {item.name: item for item in KEY_AGREEMENTS}
KEY_AGREEMENTS_BY_KIND: Final = {item.key_kind: item for item in KEY_AGREEMENTS}
KEY_AGREEMENTS_BY_URI: Final = {item.uri: item for item in KEY_AGREEMENTS}
KEY_DERIVATIONS_BY_NAME: Final = {item.name: item for item in KEY_DERIVATIONS}
KEY_DERIVATIONS_BY_URI: Final = {item.uri: item for item in KEY_DERIVATIONS}
DERIVATION_DIGESTS_BY_NAME: Final = {name: DIGESTS_BY_NAME[name] for name in _SHA2}
"""Digests of key derivations."""
DERIVATION_DIGESTS_BY_URI: Final = {item.uri: item for item in DERIVATION_DIGESTS_BY_NAME.values()}
PRF_URIS: Final = {
    item.digest: item.uri
    for item in SIGNATURE_METHODS
    if item.key_kind == "hmac" and not item.legacy
}
"""HMAC as the pseudorandom function of HKDF, by the name of its digest."""
PRF_DIGESTS_BY_URI: Final = {uri: DIGESTS_BY_NAME[name] for name, uri in PRF_URIS.items()}

LEGACY: Final = {
    "sha1": "SHA-1 as signature or reference digest",
    "rsa-1_5": "RSA PKCS#1 v1.5 key transport",
    "cbc": "CBC encryption that no signature covers",
    "dsa": "DSA signatures, from 1024 bits on and with SHA-1 where the method is dsa-sha1",
    "3des": "Triple DES content encryption",
}
"""The opt-ins, each to be given with a reason."""


def default_signature_method(key_kind: str, digest: str) -> SignatureMethod | None:
    """Give the first method for a kind of key with ``digest``, or ``None`` when the key cannot sign.

    A legacy method is nobody's default: it has to be named.
    """
    for method in SIGNATURE_METHODS:
        if method.key_kind == key_kind and method.digest in (digest, "") and not method.legacy:
            return method
    return None
