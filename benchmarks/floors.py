"""The least that the same work can cost: lxml, hashlib and cryptography, called by hand, nothing checked."""

from __future__ import annotations

import base64
import hashlib
import os
from datetime import datetime
from typing import cast

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.x509.verification import PolicyBuilder, Store
from lxml import etree

from benchmarks.material import BODY, DS, WSSE, WSU, XENC, Material, parse

_PKCS1 = padding.PKCS1v15()
_SHA256 = hashes.SHA256()
_OAEP = padding.OAEP(mgf=padding.MGF1(_SHA256), algorithm=_SHA256, label=None)
_PARSER = etree.XMLParser(huge_tree=True)


def canonical(element: etree._Element) -> bytes:
    """Give the exclusive canonical form."""
    return etree.tostring(element, method="c14n", exclusive=True, with_comments=False)


class Floors:
    """The floors that need keys."""

    def __init__(self, material: Material) -> None:
        self._private = cast(rsa.RSAPrivateKey, material.client.private_key)
        self._public = cast(rsa.RSAPublicKey, material.partner.certificate.public_key)
        self._anchors = Store([x509.load_pem_x509_certificate(material.authority.pem)])

    def raw_signature(self, data: bytes) -> bytes:
        """Sign with RSA-2048 and SHA-256."""
        return self._private.sign(data, _PKCS1, _SHA256)

    def verify(self, nodes: SignedNodes) -> None:
        """Canonicalize four times, digest three times, verify once."""
        for node in (nodes.body, nodes.timestamp, nodes.token):
            hashlib.sha256(canonical(node)).digest()
        self._public.verify(nodes.value, canonical(nodes.signed_info), _PKCS1, _SHA256)

    def verify_with_path(self, prepared: tuple[SignedNodes, datetime]) -> None:
        """Load the certificate, find its path with ``cryptography``, then as ``verify``."""
        nodes, now = prepared
        leaf = x509.load_der_x509_certificate(base64.b64decode(nodes.token.text or ""))
        verifier = PolicyBuilder().store(self._anchors).time(now).build_client_verifier()
        verifier.verify(leaf, [])
        self.verify(nodes)

    def encrypt_with_key(self, root: etree._Element) -> str:
        """Encrypt the Body's content and its key: what a small message pays for."""
        self._public.encrypt(os.urandom(32), _OAEP)
        return encrypt(root)

    def decrypt_with_key(self, sealed: Sealed) -> etree._Element:
        """Decrypt the key, then the content."""
        self._private.decrypt(sealed.key_octets, _OAEP)
        return decrypt(sealed)

    def unwrap(self, sealed_key: bytes) -> bytes:
        """Decrypt a content key."""
        return self._private.decrypt(sealed_key, _OAEP)


class SignedNodes:
    """What a verifier canonicalizes, found beforehand."""

    def __init__(self, root: etree._Element) -> None:
        self.body = require(root, BODY)
        self.timestamp = require(root, f".//{{{WSU}}}Timestamp")
        self.token = require(root, f".//{{{WSSE}}}BinarySecurityToken")
        self.signed_info = require(root, f".//{{{DS}}}SignedInfo")
        self.value = base64.b64decode(root.findtext(f".//{{{DS}}}SignatureValue") or "")


class Sealed:
    """What a receiver decrypts, taken out of the message beforehand."""

    def __init__(self, root: etree._Element, floors: Floors) -> None:
        values = [node.text or "" for node in root.iter(f"{{{XENC}}}CipherValue")]
        self.key_octets = base64.b64decode(values[0])
        self.key = floors.unwrap(self.key_octets)
        self.text = values[1].encode()


def require(root: etree._Element, path: str) -> etree._Element:
    """Give the element at ``path``, which must be there."""
    found = root.find(path)
    assert found is not None, path
    return found


def digest_body(root: etree._Element) -> bytes:
    """Canonicalize and digest the Body."""
    return hashlib.sha256(canonical(require(root, BODY))).digest()


def parse_and_digest(data: bytes) -> bytes:
    """Parse, then canonicalize and digest the Body."""
    return digest_body(parse(data))


def encrypt(root: etree._Element) -> str:
    """Serialise the Body's content, encrypt it with AES-256-GCM, give base64."""
    plain = etree.tostring(require(root, BODY)[0], encoding="utf-8")
    nonce = os.urandom(12)
    sealed = AESGCM(AESGCM.generate_key(256)).encrypt(nonce, plain, None)
    return (base64.b64encode(nonce) + base64.b64encode(sealed)).decode("ascii")


def decrypt(sealed: Sealed) -> etree._Element:
    """Decode base64, decrypt with AES-256-GCM, parse."""
    octets = base64.b64decode(sealed.text)
    plain = AESGCM(sealed.key).decrypt(octets[:12], memoryview(octets)[12:], None)
    return etree.fromstring(plain, _PARSER)
