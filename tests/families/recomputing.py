"""What a signature must be and a ciphertext holds, with nothing of the package that wrote them."""

from __future__ import annotations

import copy
import hashlib

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from families.reading import by_id, octets, prefix_list, security_of
from families.terms import ENVELOPED, NAMESPACES
from lxml import etree

_DIGESTS = {"sha1": hashes.SHA1, "sha256": hashes.SHA256}


def recomputed(message: etree._Element) -> list[bytes]:
    """The digest of each reference of the signature, in their order."""
    return [_digest(message, reference) for reference in _references(message)]


def written(message: etree._Element) -> list[bytes]:
    """The digests that stand in the signature."""
    values = (item.findtext("ds:DigestValue", None, NAMESPACES) for item in _references(message))
    return [octets(value) for value in values]


def signed_info(message: etree._Element) -> bytes:
    """The octets that the signature value is over."""
    info = security_of(message).find("ds:Signature/ds:SignedInfo", NAMESPACES)
    assert info is not None
    return _canonical(info, prefix_list(info.find("ds:CanonicalizationMethod", NAMESPACES)))


def digest_class(message: etree._Element, name: str) -> hashes.HashAlgorithm:
    """The hash of the algorithm that an element inside SignedInfo names."""
    method = security_of(message).find(f"ds:Signature/ds:SignedInfo/{name}", NAMESPACES)
    assert method is not None
    return _DIGESTS[_word(method)]()


def opened(message: etree._Element, key: rsa.RSAPrivateKey) -> bytes:
    """The plain text of the only EncryptedData, by AES-GCM under a key that came by RSA-OAEP."""
    wrapped = security_of(message).find("xenc:EncryptedKey", NAMESPACES)
    data = message.find(".//xenc:EncryptedData", NAMESPACES)
    assert wrapped is not None
    assert data is not None
    method = wrapped.find("xenc:EncryptionMethod", NAMESPACES)
    assert method is not None
    digest, mask = method.find("ds:DigestMethod", NAMESPACES), method.find("xenc11:MGF", NAMESPACES)
    oaep = padding.OAEP(
        mgf=padding.MGF1(_DIGESTS["sha1"]() if mask is None else hashes.SHA256()),
        algorithm=_DIGESTS["sha1" if digest is None else _word(digest)](),
        label=None,
    )
    octets_of = _cipher_value(data)
    return AESGCM(key.decrypt(_cipher_value(wrapped), oaep)).decrypt(
        octets_of[:12], octets_of[12:], None
    )


def _cipher_value(element: etree._Element) -> bytes:
    return octets(element.findtext("xenc:CipherData/xenc:CipherValue", None, NAMESPACES))


def _digest(message: etree._Element, reference: etree._Element) -> bytes:
    transforms = reference.findall("ds:Transforms/ds:Transform", NAMESPACES)
    method = reference.find("ds:DigestMethod", NAMESPACES)
    assert method is not None
    uri = reference.get("URI") or ""
    node = by_id(message, uri) if uri else message
    if transforms[0].get("Algorithm") == ENVELOPED:
        node = copy.deepcopy(message)
        security = security_of(node)
        (signature,) = security.findall("ds:Signature", NAMESPACES)
        security.remove(signature)
    return hashlib.new(_word(method), _canonical(node, prefix_list(transforms[-1]))).digest()


def _references(message: etree._Element) -> list[etree._Element]:
    return security_of(message).findall("ds:Signature/ds:SignedInfo/ds:Reference", NAMESPACES)


def _canonical(node: etree._Element, prefixes: tuple[str, ...]) -> bytes:
    return etree.tostring(
        node,
        method="c14n",
        exclusive=True,
        with_comments=False,
        inclusive_ns_prefixes=list(prefixes),
    )


def _word(method: etree._Element) -> str:
    """``sha256`` of ``…#rsa-sha256`` or ``…#sha256``."""
    return str(method.get("Algorithm")).rpartition("#")[2].rpartition("-")[2]
