"""What an attacker, or a peer that errs, does to a message: change it, sign it again, seal it again."""

from __future__ import annotations

import base64
import os
from collections.abc import Callable, Mapping

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC
from lxml import etree
from roundtrip.pair import canonical, issued, tree_of

from zeep_wssec.soap.namespaces import DS, WSSE, WSSE11, WSU, XENC, XML
from zeep_wssec.testing.authority import Issued

NS = {"ds": DS, "wsse": WSSE, "wsse11": WSSE11, "wsu": WSU, "xenc": XENC}
EXC = "http://www.w3.org/2001/10/xml-exc-c14n#"
GCM = "http://www.w3.org/2009/xmlenc11#aes256-gcm"
CBC_URI = "http://www.w3.org/2001/04/xmlenc#aes256-cbc"
SHA1 = hashes.SHA1()  # noqa: S303  # refused by default, which is what is tested
_HASHES: Mapping[str, hashes.HashAlgorithm] = {
    "http://www.w3.org/2001/04/xmlenc#sha256": hashes.SHA256(),
    "http://www.w3.org/2001/04/xmldsig-more#sha384": hashes.SHA384(),
    "http://www.w3.org/2000/09/xmldsig#sha1": SHA1,
    "http://www.w3.org/2000/09/xmldsig#rsa-sha1": SHA1,
}
Change = Callable[[etree._Element], object]


def find(root: etree._Element, path: str) -> etree._Element:
    """The first element on a path from anywhere below the root: ``"ds:Signature/ds:KeyInfo"``."""
    found = root.find(f".//{path}", NS)
    assert found is not None, path
    return found


def header_of(root: etree._Element) -> etree._Element:
    """The SOAP Header."""
    return root[0]


def security_of(root: etree._Element) -> etree._Element:
    """The first security header."""
    return find(root, "wsse:Security")


def element(xml: str) -> etree._Element:
    """Make an element; the prefixes of ``NS`` may be used."""
    declarations = "".join(f' xmlns:{prefix}="{uri}"' for prefix, uri in NS.items())
    return etree.fromstring(f"<w{declarations}>{xml}</w>")[0]


def edited(message: bytes, *changes: Change, sign_by: str | Issued | None = None) -> bytes:
    """Give the message with ``changes`` made to its tree, signed again if ``sign_by`` is given."""
    root = tree_of(message)
    for change in changes:
        change(root)
    if sign_by is not None:
        resign(root, issued(sign_by) if isinstance(sign_by, str) else sign_by)
    return etree.tostring(root)


def by_id(root: etree._Element, value: str) -> etree._Element | None:
    """The first element with an Id, as a naive reader finds it."""
    names = (f"{{{WSU}}}Id", "Id", "ID", "id", f"{{{XML}}}id", "AssertionID")
    nodes = root.iter("{*}*")
    return next((node for node in nodes if value in map(node.get, names)), None)


def resign(root: etree._Element, by: Issued, *, digests: bool = True) -> None:
    """Make digests and value of the first Signature fit the message as it is now."""
    signature = find(root, "ds:Signature")
    for reference in signature.iterfind("ds:SignedInfo/ds:Reference", NS) if digests else ():
        node = by_id(root, (reference.get("URI") or "")[1:])
        name = find(reference, "ds:DigestMethod").get("Algorithm") or ""
        if node is not None and name in _HASHES:
            octets = canonical(node)
            find(reference, "ds:DigestValue").text = _b64(_digest(octets, _HASHES[name]))
    signed_info = find(signature, "ds:SignedInfo")
    method = find(signed_info, "ds:SignatureMethod").get("Algorithm") or ""
    value = _sign(canonical(signed_info), by, _HASHES.get(method, hashes.SHA256()))
    find(signature, "ds:SignatureValue").text = _b64(value)


def _sign(octets: bytes, by: Issued, digest: hashes.HashAlgorithm) -> bytes:
    key = by.private_key
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(octets, padding.PKCS1v15(), digest)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    size = (key.key_size + 7) // 8
    pair = decode_dss_signature(key.sign(octets, ec.ECDSA(digest)))
    return b"".join(number.to_bytes(size, "big") for number in pair)


def _digest(octets: bytes, kind: hashes.HashAlgorithm) -> bytes:
    running = hashes.Hash(kind)
    running.update(octets)
    return running.finalize()


def _b64(octets: bytes) -> str:
    return base64.b64encode(octets).decode()


# Encrypted content, seen with the eyes of whoever has encrypted it.


def content_key(root: etree._Element, by: str = "client") -> bytes:
    """The content key in the first EncryptedKey."""
    key = issued(by).private_key
    assert isinstance(key, rsa.RSAPrivateKey)
    sealed = base64.b64decode(find(root, "xenc:EncryptedKey//xenc:CipherValue").text or "")
    return key.decrypt(
        sealed,
        padding.OAEP(mgf=padding.MGF1(hashes.SHA256()), algorithm=hashes.SHA256(), label=None),
    )


def seal(plain: bytes, key: bytes, *, mode: str = "gcm") -> bytes:
    """Encrypt: IV, ciphertext, tag."""
    if mode == "gcm":
        nonce = os.urandom(12)
        return nonce + AESGCM(key).encrypt(nonce, plain, None)
    vector, filling = os.urandom(16), 16 - len(plain) % 16
    encryptor = Cipher(AES(key), CBC(vector)).encryptor()
    return vector + encryptor.update(plain + bytes([filling] * filling)) + encryptor.finalize()


def sealed_value(root: etree._Element) -> etree._Element:
    """CipherValue of the first EncryptedData."""
    return find(root, "xenc:EncryptedData/xenc:CipherData/xenc:CipherValue")


def with_plaintext(plain: bytes, *, mode: str = "gcm") -> Change:
    """Put other plain text into the first EncryptedData, encrypted as it should be."""

    def change(root: etree._Element) -> None:
        sealed_value(root).text = _b64(seal(plain, content_key(root), mode=mode))
        method = find(root, "xenc:EncryptedData/xenc:EncryptionMethod")
        method.set("Algorithm", GCM if mode == "gcm" else CBC_URI)

    return change


def with_octets(
    change_octets: Callable[[bytes], bytes], path: str = "xenc:EncryptedData"
) -> Change:
    """Change the octets in a CipherValue."""

    def change(root: etree._Element) -> None:
        value = find(root, f"{path}/xenc:CipherData/xenc:CipherValue")
        value.text = _b64(change_octets(base64.b64decode(value.text or "")))

    return change


def flipped(index: int) -> Callable[[bytes], bytes]:
    """Flip one bit of one octet."""

    def change(octets: bytes) -> bytes:
        place = index % len(octets)
        return octets[:place] + bytes([octets[place] ^ 1]) + octets[place + 1 :]

    return change


def set_attribute(path: str, name: str, value: str | None) -> Change:
    """Set an attribute of the first element on ``path``, or take it away."""

    def change(root: etree._Element) -> None:
        target = find(root, path)
        if value is None:
            target.attrib.pop(name, None)
        else:
            target.set(name, value)

    return change


def append(path: str, xml: str) -> Change:
    """Add an element at the end of the first one on ``path``."""
    return lambda root: find(root, path).append(element(xml))


def insert(path: str, xml: str) -> Change:
    """Add an element at the start of the first one on ``path``."""
    return lambda root: find(root, path).insert(0, element(xml))


def replace(path: str, xml: str) -> Change:
    """Put an element in the place of the first one on ``path``."""

    def change(root: etree._Element) -> None:
        old = find(root, path)
        parent = old.getparent()
        assert parent is not None
        parent.replace(old, element(xml))

    return change


def remove(path: str) -> Change:
    """Take the first element on ``path`` away."""

    def change(root: etree._Element) -> None:
        old = find(root, path)
        parent = old.getparent()
        assert parent is not None
        parent.remove(old)

    return change


def set_text(path: str, text: str) -> Change:
    """Set the text of the first element on ``path``."""

    def change(root: etree._Element) -> None:
        find(root, path).text = text

    return change
