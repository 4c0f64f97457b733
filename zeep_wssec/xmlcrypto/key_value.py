"""``ds:KeyValue`` and ``dsig11:DEREncodedKeyValue``: a bare public key, written and read as numbers."""

from __future__ import annotations

import base64

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from lxml import etree

from zeep_wssec.errors import MalformedSecurityError, UnsupportedTokenError
from zeep_wssec.keys.certificate import Certificate
from zeep_wssec.xmlcrypto.signature_model import DS
from zeep_wssec.xmlcrypto.values import children_of, decode_base64, local_name

DS11 = "http://www.w3.org/2009/xmldsig11#"
KEY_VALUE = f"{{{DS}}}KeyValue"
DER_KEY_VALUE = f"{{{DS11}}}DEREncodedKeyValue"
_RSA_KEY_VALUE = f"{{{DS}}}RSAKeyValue"
_MODULUS = f"{{{DS}}}Modulus"
_EXPONENT = f"{{{DS}}}Exponent"
_EC_KEY_VALUE = f"{{{DS11}}}ECKeyValue"
_NAMED_CURVE = f"{{{DS11}}}NamedCurve"
_PUBLIC_KEY = f"{{{DS11}}}PublicKey"
_URN = "urn:oid:"
_CURVES: dict[str, ec.EllipticCurve] = {
    _URN + "1.2.840.10045.3.1.7": ec.SECP256R1(),
    _URN + "1.3.132.0.34": ec.SECP384R1(),
    _URN + "1.3.132.0.35": ec.SECP521R1(),
    _URN + "1.3.36.3.3.2.8.1.1.7": ec.BrainpoolP256R1(),
    _URN + "1.3.36.3.3.2.8.1.1.11": ec.BrainpoolP384R1(),
    _URN + "1.3.36.3.3.2.8.1.1.13": ec.BrainpoolP512R1(),
}
_CURVE_URIS = {curve.name: uri for uri, curve in _CURVES.items()}
_MAX_MODULUS_BYTES = 2048
_MAX_EXPONENT_BYTES = 32


def write_key_value(certificate: Certificate) -> str:
    """Give the public key of ``certificate`` as a child of KeyInfo.

    RSA and the usual curves have a form of their own; every other key is written as it is encoded.

    Raises:
        KeyUsageError: The key is broken or of a kind that is not supported.

    Spec: XML Signature 1.1, sections 4.5.2, The KeyValue Element, and 4.5.9, DEREncodedKeyValue.
    """
    key = certificate.public_key
    if isinstance(key, rsa.RSAPublicKey):
        numbers = key.public_numbers()
        return (
            f"<ds:KeyValue><ds:RSAKeyValue><ds:Modulus>{_crypto_binary(numbers.n)}</ds:Modulus>"
            f"<ds:Exponent>{_crypto_binary(numbers.e)}</ds:Exponent></ds:RSAKeyValue></ds:KeyValue>"
        )
    if isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name in _CURVE_URIS:
        point = key.public_bytes(
            serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
        )
        return (
            f'<ds:KeyValue><dsig11:ECKeyValue xmlns:dsig11="{DS11}">'
            f'<dsig11:NamedCurve URI="{_CURVE_URIS[key.curve.name]}"/>'
            f"<dsig11:PublicKey>{base64.b64encode(point).decode()}</dsig11:PublicKey>"
            "</dsig11:ECKeyValue></ds:KeyValue>"
        )
    encoded = base64.b64encode(certificate.public_key_der).decode()
    return f'<dsig11:DEREncodedKeyValue xmlns:dsig11="{DS11}">{encoded}</dsig11:DEREncodedKeyValue>'


def _crypto_binary(number: int) -> str:
    octets = number.to_bytes((number.bit_length() + 7) // 8, "big")
    return base64.b64encode(octets).decode()


def read_public_key(element: etree._Element) -> bytes:
    """Give a bare key as DER ``SubjectPublicKeyInfo``; nothing says whose it is.

    Args:
        element: ``ds:KeyValue`` or ``dsig11:DEREncodedKeyValue``; the latter may hold anything.

    Raises:
        MalformedSecurityError: Numbers that are no key, or out of bounds.
        UnsupportedTokenError: Another kind of key, a curve that is not known, or a curve of its own.

    Spec: XML Signature 1.1, sections 4.5.2, The KeyValue Element, and 4.5.9, DEREncodedKeyValue.
    """
    return decode_base64(element) if element.tag == DER_KEY_VALUE else _read_numbers(element)


def _read_numbers(element: etree._Element) -> bytes:
    children = children_of(element)
    if len(children) != 1:
        raise MalformedSecurityError("A KeyValue must hold one key.")
    (child,) = children
    if child.tag not in (_RSA_KEY_VALUE, _EC_KEY_VALUE):
        raise UnsupportedTokenError(
            f"A KeyValue with {local_name(child)} is not understood.", element=str(child.tag)
        )
    key: rsa.RSAPublicKey | ec.EllipticCurvePublicKey
    try:
        key = _rsa_key(child) if child.tag == _RSA_KEY_VALUE else _ec_key(child)
    except ValueError:
        raise MalformedSecurityError("The numbers in a KeyValue are not those of a key.") from None
    return key.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def _rsa_key(element: etree._Element) -> rsa.RSAPublicKey:
    children = children_of(element)
    if [child.tag for child in children] != [_MODULUS, _EXPONENT]:
        raise MalformedSecurityError("An RSAKeyValue must hold Modulus, then Exponent.")
    # Java may write the octet of the sign in front.
    modulus, exponent = (decode_base64(child).lstrip(b"\0") for child in children)
    # Bounded before any arithmetic: its cost grows with the cube of the size.
    if len(modulus) > _MAX_MODULUS_BYTES or len(exponent) > _MAX_EXPONENT_BYTES:
        raise MalformedSecurityError("The numbers in an RSAKeyValue are too large.")
    numbers = rsa.RSAPublicNumbers(int.from_bytes(exponent, "big"), int.from_bytes(modulus, "big"))
    return numbers.public_key()


def _ec_key(element: etree._Element) -> ec.EllipticCurvePublicKey:
    children = children_of(element, attributes={"Id"})
    if [child.tag for child in children] != [_NAMED_CURVE, _PUBLIC_KEY]:
        raise UnsupportedTokenError(
            "An ECKeyValue must hold NamedCurve, then PublicKey; parameters of its own are never taken."
        )
    curve = _CURVES.get(children[0].get("URI") or "")
    if curve is None:
        shown = (children[0].get("URI") or "nothing")[:80]
        raise UnsupportedTokenError(f"The curve {shown!r} of an ECKeyValue is not supported.")
    point = decode_base64(children[1])
    if point[:1] != b"\x04":
        raise MalformedSecurityError("The point of an ECKeyValue must be uncompressed.")
    return ec.EllipticCurvePublicKey.from_encoded_point(curve, point)
