"""``xenc:EncryptedData`` and ``xenc:EncryptedKey`` read into frozen data by an allow-list."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from lxml import etree

from zeep_wssec.errors import MalformedSecurityError, UnsupportedAlgorithmError
from zeep_wssec.xmlcrypto.agreement_model import AGREEMENT_METHOD, AgreementModel, read_agreement
from zeep_wssec.xmlcrypto.algorithms import (
    CONTENT_TYPE,
    DATA_CIPHERS_BY_URI,
    ELEMENT_TYPE,
    KEY_TRANSPORTS_BY_URI,
    KEY_WRAPS_BY_URI,
    MASK_GENERATIONS_BY_URI,
    OAEP_DIGESTS_BY_URI,
    DataCipher,
    KeyTransport,
    KeyWrap,
)
from zeep_wssec.xmlcrypto.values import children_of, decode_base64

XENC = "http://www.w3.org/2001/04/xmlenc#"
XENC11 = "http://www.w3.org/2009/xmlenc11#"
DS = "http://www.w3.org/2000/09/xmldsig#"
ENCRYPTED_DATA = f"{{{XENC}}}EncryptedData"
ENCRYPTED_KEY = f"{{{XENC}}}EncryptedKey"
REFERENCE_LIST = f"{{{XENC}}}ReferenceList"
_METHOD = f"{{{XENC}}}EncryptionMethod"
_CIPHER_DATA = f"{{{XENC}}}CipherData"
_CIPHER_VALUE = f"{{{XENC}}}CipherValue"
_DATA_REFERENCE = f"{{{XENC}}}DataReference"
_OAEP_PARAMS = f"{{{XENC}}}OAEPparams"
_MGF = f"{{{XENC11}}}MGF"
_DIGEST_METHOD = f"{{{DS}}}DigestMethod"
_KEY_INFO = f"{{{DS}}}KeyInfo"
_ALGORITHM = frozenset({"Algorithm"})
_MAX_LABEL = 256


@dataclass(frozen=True, eq=False, kw_only=True)
class EncryptedDataModel:
    """One ``xenc:EncryptedData``; its octets are decoded when they are needed."""

    element: etree._Element
    id: str | None
    scope: Literal["element", "content"]
    cipher: DataCipher
    value: etree._Element
    key_info: etree._Element | None


@dataclass(frozen=True, eq=False, kw_only=True)
class EncryptedKeyModel:
    """One ``xenc:EncryptedKey``: by key transport, key wrap, or key agreement and key wrap."""

    element: etree._Element
    id: str | None
    transport: KeyTransport | None
    """Set when it is sealed under an RSA key."""
    wrap: KeyWrap | None
    """Set when it is sealed under a secret key, one that was agreed on included."""
    agreement: AgreementModel | None
    """Set when the key of ``wrap`` is agreed on."""
    digest: str
    """OAEP digest."""
    mgf_digest: str
    label: bytes
    """OAEPparams."""
    value: bytes
    key_info: etree._Element
    """Names the recipient: the KeyInfo, or the RecipientKeyInfo of an agreement."""
    references: tuple[str | None, ...]
    """URIs of its ReferenceList."""

    @property
    def method(self) -> KeyTransport | KeyWrap:
        """The algorithm of its EncryptionMethod."""
        method = self.transport or self.wrap
        if method is None:
            raise ValueError("an EncryptedKey has a key transport or a key wrap")
        return method


def read_encrypted_data(element: etree._Element) -> EncryptedDataModel:
    """Read an EncryptedData.

    Raises:
        MalformedSecurityError: A structure outside the allow-list; CipherReference among them.
        UnsupportedAlgorithmError: A cipher that is in no table of ours.

    Spec: XML Encryption 1.1, section 3.4; BSP 1.1 R5601.
    """
    children = children_of(element, attributes={"Id", "Type", "MimeType", "Encoding"})
    method, key_info, cipher_data = _split(children, name="EncryptedData")
    kind = element.get("Type")
    if kind not in (CONTENT_TYPE, ELEMENT_TYPE):
        raise MalformedSecurityError("An EncryptedData must be of type Element or Content.")
    if children_of(method, attributes=_ALGORITHM):
        raise MalformedSecurityError("The EncryptionMethod of an EncryptedData must be empty.")
    uri = method.get("Algorithm") or ""
    cipher = DATA_CIPHERS_BY_URI.get(uri)
    if cipher is None:
        raise _unsupported(uri, "no such content cipher is supported")
    return EncryptedDataModel(
        element=element,
        id=element.get("Id"),
        scope="content" if kind == CONTENT_TYPE else "element",
        cipher=cipher,
        value=_cipher_value(cipher_data),
        key_info=key_info,
    )


def read_encrypted_key(element: etree._Element, *, max_references: int) -> EncryptedKeyModel:
    """Read an EncryptedKey whose KeyInfo says whose it is.

    Raises:
        MalformedSecurityError: A structure outside the allow-list.
        UnsupportedAlgorithmError: An algorithm that is not supported.

    Spec: XML Encryption 1.1, sections 3.5.1 and 5.5 to 5.7; BSP 1.1 R3209, R5602, R5603, R5622, R5623.
    """
    children = children_of(element, attributes={"Id"})
    list_element = children.pop() if children and children[-1].tag == REFERENCE_LIST else None
    method, key_info, cipher_data = _split(children, name="EncryptedKey")
    if key_info is None:
        raise MalformedSecurityError("An EncryptedKey must say in a KeyInfo whose it is.")
    uri = method.get("Algorithm") or ""
    transport, wrap = KEY_TRANSPORTS_BY_URI.get(uri), KEY_WRAPS_BY_URI.get(uri)
    digest, mgf_digest, label = "", "", b""
    agreement = None
    if transport is not None:
        digest, mgf_digest, label = _read_oaep(method, transport)
    elif wrap is None:
        raise _unsupported(uri, "no such key transport or key wrap is supported")
    elif children_of(method, attributes=_ALGORITHM):
        raise _unsupported(uri, "no parameters of a key wrap are supported")
    else:
        agreement = _find_agreement(key_info, wrap)
    references = read_reference_list(list_element, max_references=max_references)
    return EncryptedKeyModel(
        element=element,
        id=element.get("Id"),
        transport=transport,
        wrap=wrap,
        agreement=agreement,
        digest=digest,
        mgf_digest=mgf_digest,
        label=label,
        value=decode_base64(_cipher_value(cipher_data)),
        key_info=key_info if agreement is None else agreement.recipient_key_info,
        references=references,
    )


def _find_agreement(key_info: etree._Element, wrap: KeyWrap) -> AgreementModel | None:
    method = key_info.find(AGREEMENT_METHOD)
    if method is None:
        return None
    if children_of(key_info, attributes={"Id"}) != [method]:
        raise MalformedSecurityError("A KeyInfo with an AgreementMethod must hold nothing else.")
    return read_agreement(method, wrap=wrap)


def read_reference_list(
    element: etree._Element | None, *, max_references: int
) -> tuple[str | None, ...]:
    """Give the URIs of a ReferenceList, none for ``None``.

    Raises:
        MalformedSecurityError: Other children than DataReference, one URI twice, or too many.
    """
    if element is None:
        return ()
    children = children_of(element)
    if any(
        child.tag != _DATA_REFERENCE or children_of(child, attributes={"URI"}) for child in children
    ):
        raise MalformedSecurityError("A ReferenceList must hold empty DataReferences only.")
    uris = tuple(child.get("URI") for child in children)
    if len(uris) > max_references or len(set(uris)) != len(uris):
        raise MalformedSecurityError(
            f"A ReferenceList must name each EncryptedData once, {max_references} at most."
        )
    return uris


def _split(
    children: Sequence[etree._Element], *, name: str
) -> tuple[etree._Element, etree._Element | None, etree._Element]:
    tags = [child.tag for child in children]
    if tags == [_METHOD, _KEY_INFO, _CIPHER_DATA]:
        return children[0], children[1], children[2]
    if tags == [_METHOD, _CIPHER_DATA]:
        return children[0], None, children[1]
    raise MalformedSecurityError(f"{name} must hold EncryptionMethod, KeyInfo and CipherData.")


def _cipher_value(cipher_data: etree._Element) -> etree._Element:
    children = children_of(cipher_data)
    if [child.tag for child in children] != [_CIPHER_VALUE] or children[0].attrib:
        raise MalformedSecurityError(
            "CipherData must hold a CipherValue; nothing is fetched from elsewhere."
        )
    return children[0]


def _read_oaep(method: etree._Element, transport: KeyTransport) -> tuple[str, str, bytes]:
    """Read digest, MGF1 digest and label; what is absent is SHA-1, as the specification says."""
    digest, mgf, label = "sha1", "sha1", b""
    seen: set[object] = set()
    for child in children_of(method, attributes=_ALGORITHM):
        allowed = transport.scheme == "rsa-oaep" and not (child.tag == _MGF and transport.mgf_fixed)
        if child.tag in seen or not allowed:
            raise MalformedSecurityError("An EncryptionMethod has a parameter that is not allowed.")
        seen.add(child.tag)
        uri = child.get("Algorithm") or ""
        if child.tag == _OAEP_PARAMS:
            label = decode_base64(child)
            if len(label) > _MAX_LABEL:
                raise MalformedSecurityError(f"OAEPparams has more than {_MAX_LABEL} octets.")
            continue
        if child.tag == _DIGEST_METHOD and uri in OAEP_DIGESTS_BY_URI:
            digest = OAEP_DIGESTS_BY_URI[uri].name
        elif child.tag == _MGF and uri in MASK_GENERATIONS_BY_URI:
            mgf = MASK_GENERATIONS_BY_URI[uri].name
        else:
            raise _unsupported(uri, "no such OAEP parameter is supported")
        children_of(child, attributes=_ALGORITHM)
    return digest, mgf, label


def _unsupported(uri: str, sentence: str) -> UnsupportedAlgorithmError:
    shown = (uri or "none")[:120]
    return UnsupportedAlgorithmError(
        f"The algorithm {shown!r} is refused: {sentence}.", algorithm=shown
    )
