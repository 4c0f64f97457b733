"""``xenc:AgreementMethod`` read into frozen data by an allow-list."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NoReturn

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from lxml import etree

from zeep_wssec.errors import MalformedSecurityError, UnsupportedAlgorithmError
from zeep_wssec.soap.namespaces import DS, XENC, XENC11
from zeep_wssec.xmlcrypto.algorithms import (
    DERIVATION_DIGESTS_BY_URI,
    KEY_AGREEMENTS_BY_URI,
    KEY_DERIVATIONS_BY_URI,
    PRF_DIGESTS_BY_URI,
    Digest,
    KeyAgreement,
    KeyDerivation,
    KeyWrap,
)
from zeep_wssec.xmlcrypto.values import children_of, decode_base64, text_of

DSIG11: Final = "http://www.w3.org/2009/xmldsig11#"
MORE21: Final = "http://www.w3.org/2021/04/xmldsig-more#"
AGREEMENT_METHOD: Final = f"{{{XENC}}}AgreementMethod"
CURVES: Final[dict[str, ec.EllipticCurve]] = {
    "urn:oid:1.2.840.10045.3.1.7": ec.SECP256R1(),
    "urn:oid:1.3.132.0.34": ec.SECP384R1(),
    "urn:oid:1.3.132.0.35": ec.SECP521R1(),
    "urn:oid:1.3.36.3.3.2.8.1.1.7": ec.BrainpoolP256R1(),
    "urn:oid:1.3.36.3.3.2.8.1.1.11": ec.BrainpoolP384R1(),
    "urn:oid:1.3.36.3.3.2.8.1.1.13": ec.BrainpoolP512R1(),
}
"""Curves by the URI of ``dsig11:NamedCurve``."""
INFO_NAMES: Final = ("AlgorithmID", "PartyUInfo", "PartyVInfo", "SuppPubInfo", "SuppPrivInfo")
"""Attributes of ConcatKDFParams, in the order in which their octets are joined."""

_PARTS = [f"{{{XENC11}}}KeyDerivationMethod"] + [
    f"{{{XENC}}}{name}KeyInfo" for name in ("Originator", "Recipient")
]
_CONCAT_PARAMS = f"{{{XENC11}}}ConcatKDFParams"
_HKDF_PARAMS, _PRF, _SALT, _INFO, _KEY_LENGTH = (
    f"{{{MORE21}}}{name}" for name in ("HKDFParams", "PRF", "Salt", "Info", "KeyLength")
)
_DIGEST_METHOD = f"{{{DS}}}DigestMethod"
_KEY_VALUE = f"{{{DS}}}KeyValue"
_EC_KEY_VALUE, _NAMED_CURVE, _PUBLIC_KEY, _DER_KEY_VALUE = (
    f"{{{DSIG11}}}{name}"
    for name in ("ECKeyValue", "NamedCurve", "PublicKey", "DEREncodedKeyValue")
)
_ALGORITHM = frozenset({"Algorithm"})
_MAX_OCTETS = 512
"""Of a salt, an info, a part of ConcatKDFParams or an encoded key; real ones have up to 160."""
_HEX = re.compile(r"(?:[0-9A-Fa-f]{2})*")


@dataclass(frozen=True, kw_only=True)
class DerivationParameters:
    """One ``xenc11:KeyDerivationMethod``."""

    method: KeyDerivation
    digest: str
    other_info: bytes = b""
    """For ConcatKDF: the octets of its parameters, joined."""
    salt: bytes = b""
    """For HKDF."""
    info: bytes = b""
    """For HKDF."""


@dataclass(frozen=True, eq=False, kw_only=True)
class AgreementModel:
    """One ``xenc:AgreementMethod``: all that the recipient needs besides its own key."""

    agreement: KeyAgreement
    derivation: DerivationParameters
    originator_key: bytes
    """DER SubjectPublicKeyInfo of the sender's ephemeral key, not checked yet."""
    recipient_key_info: etree._Element
    """RecipientKeyInfo: has the content of a ``ds:KeyInfo``."""


def read_agreement(element: etree._Element, *, wrap: KeyWrap) -> AgreementModel:
    """Read an AgreementMethod whose key encrypts by ``wrap``.

    Raises:
        MalformedSecurityError: A structure outside the allow-list, or a value that is too long.
        UnsupportedAlgorithmError: An agreement, derivation, digest or curve that is in no table of ours.

    Spec: XML Encryption 1.1, sections 5.4 and 5.6; RFC 9231, section 2.8.1, HKDF.
    """
    children = children_of(element, attributes=_ALGORITHM)
    if [child.tag for child in children] != _PARTS:
        raise MalformedSecurityError(
            "An AgreementMethod must hold KeyDerivationMethod, OriginatorKeyInfo and RecipientKeyInfo."
        )
    method, originator, recipient = children
    agreement = KEY_AGREEMENTS_BY_URI.get(element.get("Algorithm") or "")
    if agreement is None:
        _refuse(element.get("Algorithm"), "no such key agreement is supported")
    return AgreementModel(
        agreement=agreement,
        derivation=_read_derivation(method, key_bytes=wrap.key_bytes),
        originator_key=_read_key(originator, agreement),
        recipient_key_info=recipient,
    )


def _read_derivation(element: etree._Element, *, key_bytes: int) -> DerivationParameters:
    method = KEY_DERIVATIONS_BY_URI.get(element.get("Algorithm") or "")
    if method is None:
        _refuse(element.get("Algorithm"), "no such key derivation is supported")
    if method.name == "concat-kdf":
        parameters = _only_child(element, _CONCAT_PARAMS, attributes=_ALGORITHM)
        digest = _only_child(parameters, _DIGEST_METHOD, attributes=frozenset(INFO_NAMES))
        return DerivationParameters(
            method=method,
            digest=_digest_of(digest, DERIVATION_DIGESTS_BY_URI),
            other_info=b"".join(_bit_string(parameters, name) for name in INFO_NAMES),
        )
    parameters = _only_child(element, _HKDF_PARAMS, attributes=_ALGORITHM)
    return _read_hkdf(parameters, method, key_bytes=key_bytes)


def _bit_string(parameters: etree._Element, name: str) -> bytes:
    """Give the octets of a bit string, after the one that counts the bits its last octet has too many."""
    text = (parameters.get(name) or "").strip(" \t\r\n")
    if not text:
        return b""
    octets = bytes.fromhex(text) if _HEX.fullmatch(text) else b"\xff"
    if octets[0] or len(octets) > _MAX_OCTETS:
        raise MalformedSecurityError(
            f"{name} must be up to {_MAX_OCTETS} whole octets in hexadecimal, the first of them 00."
        )
    return octets[1:]


def _read_hkdf(
    parameters: etree._Element, method: KeyDerivation, *, key_bytes: int
) -> DerivationParameters:
    children = children_of(parameters)
    found = {str(child.tag): child for child in children}
    order = [tag for tag in (_PRF, _SALT, _INFO, _KEY_LENGTH) if tag in found]
    if _PRF not in found or [child.tag for child in children] != order:
        raise MalformedSecurityError(
            "HKDFParams must hold PRF, Salt, Info and KeyLength, in order."
        )
    if any(child.attrib for child in children[1:]):
        raise MalformedSecurityError("HKDFParams has an attribute that is not allowed.")
    if _KEY_LENGTH in found:
        # Octets; some writers count bits. The octets that are derived do not depend on it.
        length = text_of(found[_KEY_LENGTH]).strip(" \t\r\n")
        if length not in (str(key_bytes), str(8 * key_bytes)):
            raise MalformedSecurityError("KeyLength is not that of the key wrap.")
    salt, info = (_octets_of(found[tag]) if tag in found else b"" for tag in (_SALT, _INFO))
    digest = _digest_of(found[_PRF], PRF_DIGESTS_BY_URI)
    return DerivationParameters(method=method, digest=digest, salt=salt, info=info)


def _digest_of(element: etree._Element, table: dict[str, Digest]) -> str:
    if children_of(element, attributes=_ALGORITHM):
        raise MalformedSecurityError("The digest of a key derivation has no parameters.")
    digest = table.get(element.get("Algorithm") or "")
    if digest is None:
        _refuse(element.get("Algorithm"), "no such digest of a key derivation is supported")
    return digest.name


def _read_key(originator: etree._Element, agreement: KeyAgreement) -> bytes:
    """Give the public key; whether it is one is found out where it is used."""
    children = children_of(originator, attributes={"Id"})
    if len(children) == 1 and children[0].tag == _DER_KEY_VALUE:
        if children[0].keys() not in ([], ["Id"]):
            raise MalformedSecurityError("DEREncodedKeyValue has an attribute that is not allowed.")
        return _octets_of(children[0])
    if agreement.key_kind != "ec":
        raise MalformedSecurityError("An OriginatorKeyInfo must hold one DEREncodedKeyValue.")
    value = _only_child(_only_child(originator, _KEY_VALUE, attributes={"Id"}), _EC_KEY_VALUE)
    parts = children_of(value, attributes={"Id"})
    if [part.tag for part in parts] != [_NAMED_CURVE, _PUBLIC_KEY] or parts[1].attrib:
        raise MalformedSecurityError("An ECKeyValue must hold NamedCurve and PublicKey.")
    if children_of(parts[0], attributes={"URI"}):
        raise MalformedSecurityError("A NamedCurve must be empty.")
    uri = parts[0].get("URI") or ""
    if uri not in CURVES:
        _refuse(uri, "no such curve is supported")
    try:
        prefix, size = _key_frame(uri)
    except UnsupportedAlgorithm:
        # Some builds of OpenSSL come without the Brainpool curves.
        _refuse(uri, "the cryptographic library was built without this curve")
    point = _octets_of(parts[1])
    if len(point) != size:
        raise MalformedSecurityError(f"A PublicKey on this curve has {size} octets.")
    return prefix + point


@lru_cache(maxsize=len(CURVES))
def _key_frame(uri: str) -> tuple[bytes, int]:
    """Give what stands in front of an uncompressed point in SubjectPublicKeyInfo, and the point's size."""
    curve = CURVES[uri]
    some_key = ec.derive_private_key(1, curve).public_key()
    size = 1 + 2 * ((curve.key_size + 7) // 8)
    return some_key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)[:-size], size


def _octets_of(element: etree._Element) -> bytes:
    octets = decode_base64(element)
    if len(octets) > _MAX_OCTETS:
        raise MalformedSecurityError(f"A key agreement has a value over {_MAX_OCTETS} octets.")
    return octets


def _only_child(
    element: etree._Element, tag: str, *, attributes: frozenset[str] | set[str] = frozenset()
) -> etree._Element:
    children = children_of(element, attributes=attributes)
    if [child.tag for child in children] != [tag]:
        outer, inner = (str(name).rsplit("}", 1)[-1] for name in (element.tag, tag))
        raise MalformedSecurityError(f"{outer} must hold one {inner}.")
    return children[0]


def _refuse(uri: str | None, sentence: str) -> NoReturn:
    shown = (uri or "none")[:120]
    raise UnsupportedAlgorithmError(
        f"The algorithm {shown!r} is refused: {sentence}.", algorithm=shown
    )
