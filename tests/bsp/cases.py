"""For each rule: a message that obeys it, and the one edit after which it does not."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass

from attacks.forge import (
    NS,
    Change,
    append,
    element,
    find,
    header_of,
    insert,
    remove,
    replace,
    set_attribute,
    set_text,
)
from lxml import etree

from zeep_wssec.bsp import names
from zeep_wssec.soap.namespaces import DS, EXC_C14N, USERNAME_PROFILE, XENC, XENC11

C14N = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
SHA256 = XENC + "sha256"
TO_TOKEN = "ds:Signature/ds:KeyInfo/wsse:SecurityTokenReference"
DIRECT = f"{TO_TOKEN}/wsse:Reference"
IDENTIFIER = f"{TO_TOKEN}/wsse:KeyIdentifier"
DATA = "xenc:EncryptedData"
TO_KEY = f"{DATA}/ds:KeyInfo/wsse:SecurityTokenReference"
SIGNED = "ds:SignedInfo/ds:Reference"
STEP = f"{SIGNED}/ds:Transforms/ds:Transform"
TOKEN = "wsse:BinarySecurityToken"
STR = "wsse:SecurityTokenReference"
EMPTY_LIST = f'<ec:InclusiveNamespaces xmlns:ec="{EXC_C14N}" PrefixList=""/>'
OTHERS = (
    '<wsse:Security xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" s:actor="urn:other">'
    '<wsse:BinarySecurityToken wsu:Id="X-9"/></wsse:Security>'
)


@dataclass(frozen=True)
class Case:
    """One rule: the message before the edit is the accepted twin of the one after it."""

    message: str
    edit: Change
    prepare: Sequence[Change] = ()
    """Made to both."""


def add_header(xml: str) -> Change:
    """Add a header block."""
    return lambda root: header_of(root).append(element(xml))


def rename(path: str, old: str, new: str) -> Change:
    """Carry an Id under another attribute."""

    def change(root: etree._Element) -> None:
        target = find(root, path)
        target.set(new, target.attrib.pop(old))

    return change


def moved_last(path: str) -> Change:
    """Make an element the last child of its parent."""

    def change(root: etree._Element) -> None:
        target = find(root, path)
        parent = target.getparent()
        assert parent is not None
        parent.append(target)

    return change


def copied(path: str, *, into: str = "wsse:Security", without: str = "") -> Change:
    """Add a copy of an element in front, without one attribute."""

    def change(root: etree._Element) -> None:
        twin = deepcopy(find(root, path))
        if without:
            del twin.attrib[without]
        find(root, into).insert(0, twin)

    return change


def pointed(path: str, at: str, attribute: str) -> Change:
    """Make a reference lead to the element at a path."""

    def change(root: etree._Element) -> None:
        find(root, path).set("URI", f"#{find(root, at).get(attribute)}")

    return change


def without_pointer(path: str) -> Change:
    """Take the # away from a URI."""

    def change(root: etree._Element) -> None:
        target = find(root, path)
        target.set("URI", (target.get("URI") or "").removeprefix("#"))

    return change


def every(path: str, name: str, value: str) -> Change:
    """Set an attribute of every element on a path."""

    def change(root: etree._Element) -> None:
        for item in root.iterfind(f".//{path}", NS):
            item.set(name, value)

    return change


def last_reference(value: str) -> Change:
    """Make the last token reference lead elsewhere."""

    def change(root: etree._Element) -> None:
        list(root.iter(names.REFERENCE))[-1].set("URI", value)

    return change


def method(path: str, uri: str) -> Change:
    """Set an algorithm, without its parameters."""

    def change(root: etree._Element) -> None:
        target = find(root, path)
        target[:] = []
        target.set("Algorithm", uri)

    return change


_TIMESTAMPS = {
    "R3203": Case(
        "signed", insert("wsu:Timestamp", "<wsu:Created>2027-06-01T12:00:00Z</wsu:Created>")
    ),
    "R3224": Case(
        "signed", append("wsu:Timestamp", "<wsu:Expires>2027-06-01T12:05:00Z</wsu:Expires>")
    ),
    "R3221": Case("signed", moved_last("wsu:Created")),
    "R3222": Case("signed", append("wsu:Timestamp", "<wsu:Received/>")),
    "R3220": Case("signed", set_text("wsu:Created", "2027-06-01T12:00:00.0000Z")),
    "R3229": Case("signed", set_text("wsu:Expires", "2027-06-01T12:05:00.0000Z")),
    "R3213": Case("signed", set_text("wsu:Created", "2027-06-01T11:59:60Z")),
    "R3215": Case("signed", set_text("wsu:Expires", "2027-06-01T12:04:60Z")),
    "R3225": Case("signed", set_attribute("wsu:Created", "ValueType", "xsd:dateTime")),
    "R3226": Case("signed", set_attribute("wsu:Expires", "ValueType", "xsd:dateTime")),
    "R3217": Case("signed", set_text("wsu:Created", "2027-06-01T14:00:00.000+02:00")),
    "R3223": Case("signed", set_text("wsu:Expires", "2027-06-01T14:05:00.000+02:00")),
    "R3227": Case("signed", copied("wsu:Timestamp", without=names.WSU_ID)),
}
_REFERENCES = {
    "R3061": Case("signed", copied(DIRECT, into=TO_TOKEN)),
    "R3074": Case("signed", set_attribute(TO_TOKEN, names.TOKEN_TYPE, "urn:token")),
    "R3057": Case(
        "signed",
        set_attribute(DIRECT, "URI", "#STR-1"),
        [set_attribute(TO_TOKEN, names.WSU_ID, "STR-1")],
    ),
    "R3064": Case(
        "encrypted to embedded",
        set_attribute(DIRECT, "URI", "#E-1"),
        [set_attribute("wsse:Embedded", names.WSU_ID, "E-1")],
    ),
    "R3059": Case("signed", set_attribute(DIRECT, "ValueType", None)),
    "R3058": Case("signed", set_attribute(DIRECT, "ValueType", names.PKCS7)),
    "R3062": Case("signed", set_attribute(DIRECT, "URI", None)),
    "R3027": Case("signed", replace(DIRECT, "<ds:KeyName>service</ds:KeyName>")),
    "R3054": Case("thumbprint", set_attribute(IDENTIFIER, "ValueType", None)),
    "R3063": Case("thumbprint", set_attribute(IDENTIFIER, "ValueType", "urn:identifier")),
    "R3070": Case("thumbprint", set_attribute(IDENTIFIER, "EncodingType", None)),
    "R3071": Case("thumbprint", set_attribute(IDENTIFIER, "EncodingType", "urn:hex")),
    "R3060": Case("embedded", append("wsse:Embedded", "<wsse:Username/>")),
    "R3056": Case("embedded", replace(f"wsse:Embedded/{TOKEN}", f"<{STR}/>")),
    "R3022": Case(
        "with token",
        set_attribute(TOKEN, names.WSU_ID, "X-1"),
        [set_attribute(TOKEN, names.WSU_ID, None)],
    ),
    "R3023": Case("embedded", copied(f"wsse:Embedded/{TOKEN}")),
    "R5204": Case("signed", without_pointer(DIRECT)),
    "R5205": Case("signed", moved_last(TOKEN)),
    "R3066": Case("signed", set_attribute(DIRECT, "URI", "#X-9"), [add_header(OTHERS)]),
    "R3067": Case(
        "encrypted",
        set_attribute(f"{TO_KEY}/wsse:Reference", "URI", "#X-9"),
        [add_header(OTHERS)],
    ),
    "R3211": Case(
        "signed",
        set_attribute(DIRECT, "URI", "#KI-1"),
        [set_attribute("ds:Signature/ds:KeyInfo", "Id", "KI-1")],
    ),
    "R3069": Case("encrypted", set_attribute(TO_KEY, names.TOKEN_TYPE, None)),
    "R3072": Case("session by hash", set_attribute(IDENTIFIER, "ValueType", names.THUMBPRINT)),
}
_SIGNATURES = {
    "R3102": Case("signed", append("ds:Signature", "<ds:Object/>")),
    "R3104": Case(
        "signed",
        insert(f"{SIGNED}/ds:Transforms", f'<ds:Transform Algorithm="{names.ENVELOPED}"/>'),
    ),
    "R3103": Case("signed", append("ds:Signature", "<ds:Object/>")),
    "R3001": Case("signed", set_attribute(SIGNED, "URI", "#xpointer(/)")),
    "R3003": Case(
        "signed",
        rename("ds:Signature/ds:KeyInfo", "Id", names.WSU_ID),
        [
            set_attribute("ds:Signature/ds:KeyInfo", "Id", "KI-1"),
            set_attribute(SIGNED, "URI", "#KI-1"),
        ],
    ),
    "R3004": Case("encrypted", rename(DATA, "Id", names.WSU_ID), [pointed(SIGNED, DATA, "Id")]),
    "R3005": Case(
        "signed", rename("{http://schemas.xmlsoap.org/soap/envelope/}Body", names.WSU_ID, "Id")
    ),
    "R3002": Case("signed", set_attribute(SIGNED, "URI", "")),
    "R5416": Case("signed", remove(f"{SIGNED}/ds:Transforms")),
    "R5411": Case("signed", remove(STEP)),
    "R5423": Case("signed", method(STEP, C14N)),
    "R5412": Case("signed", method(STEP, C14N)),
    "R5407": Case("signed", append(STEP, EMPTY_LIST)),
    "R5413": Case(
        "STR-Transform",
        append("wsse:TransformationParameters/ds:CanonicalizationMethod", EMPTY_LIST),
    ),
    "R3065": Case("STR-Transform", remove("wsse:TransformationParameters")),
    "R5404": Case("signed", method("ds:CanonicalizationMethod", C14N)),
    "R5406": Case("signed", append("ds:CanonicalizationMethod", EMPTY_LIST)),
    "R5420": Case(
        "signed",
        set_attribute("ds:DigestMethod", "Algorithm", SHA256),
        [every("ds:DigestMethod", "Algorithm", DS + "sha1")],
    ),
    "R5421": Case(
        "signed",
        set_attribute("ds:SignatureMethod", "Algorithm", names.DS + "dsa-sha1"),
        [set_attribute("ds:SignatureMethod", "Algorithm", DS + "rsa-sha1")],
    ),
    "R5401": Case(
        "signed", append("ds:SignatureMethod", "<ds:HMACOutputLength>80</ds:HMACOutputLength>")
    ),
    "R5402": Case("signed", append("ds:Signature/ds:KeyInfo", "<ds:KeyName>me</ds:KeyName>")),
    "R5417": Case("signed", replace(TO_TOKEN, "<ds:KeyName>service</ds:KeyName>")),
    "R5403": Case("signed", append("ds:Signature", "<ds:Object><ds:Manifest/></ds:Object>")),
    "R5440": Case("signed", append("ds:Signature", "<xenc:EncryptedData/>")),
    "R5441": Case(
        "confirmation", set_attribute("wsse11:SignatureConfirmation", names.WSU_ID, None)
    ),
}
_KEY = "xenc:EncryptedKey"
_ENCRYPTION = {
    "R3228": Case("encrypted", add_header(f"<{DATA}/>")),
    "R5614": Case("encrypted", add_header(f'<{DATA} Type="{names.ELEMENT}"/>')),
    "R3230": Case("encrypted header", append("wsse11:EncryptedHeader", "<wsse:Nonce/>")),
    "R5624": Case(
        "encrypted header",
        set_attribute(f"wsse11:EncryptedHeader/{DATA}", "Id", None),
        [set_attribute("wsse11:EncryptedHeader", names.WSU_ID, None)],
    ),
    "R5627": Case(
        "encrypted header",
        set_attribute(f"wsse11:EncryptedHeader/{DATA}", "Id", None),
        [set_attribute("wsse11:EncryptedHeader", names.WSU_ID, None)],
    ),
    "R3205": Case("lists", last_reference("#EK-2")),
    "R3231": Case("lists", remove("xenc:ReferenceList/xenc:DataReference[2]")),
    "R3214": Case("key with list", remove(f"{_KEY}//xenc:DataReference[2]")),
    "R3208": Case("data in header", moved_last(f"wsse:Security/{_KEY}")),
    "R3209": Case("encrypted", set_attribute(_KEY, "Type", names.ENCRYPTED_KEY_TYPE)),
    "R5622": Case("encrypted", set_attribute(_KEY, "MimeType", "text/plain")),
    "R5623": Case("encrypted", set_attribute(_KEY, "Encoding", DS + "base64")),
    "R5602": Case("encrypted", set_attribute(_KEY, "Recipient", "client")),
    "R5603": Case("encrypted", remove(f"{_KEY}/xenc:EncryptionMethod")),
    "R5601": Case("encrypted", remove(f"{DATA}/xenc:EncryptionMethod")),
    "R5629": Case("session", remove(f"{DATA}/ds:KeyInfo")),
    "R5424": Case("encrypted", append(f"{_KEY}/ds:KeyInfo", "<ds:KeyName>me</ds:KeyName>")),
    "R5426": Case("encrypted", replace(f"{_KEY}/ds:KeyInfo/{STR}", "<ds:KeyName>me</ds:KeyName>")),
    "R5608": Case("session", without_pointer("xenc:ReferenceList/xenc:DataReference")),
    "R3006": Case("encrypted", without_pointer(f"{_KEY}//xenc:DataReference")),
    "R5613": Case("key listed", without_pointer("xenc:KeyReference")),
    "R3007": Case(
        "key with list",
        without_pointer("xenc:KeyReference"),
        [append(f"{_KEY}/xenc:ReferenceList", '<xenc:KeyReference URI="#EK-1"/>')],
    ),
    "R5620": Case(
        "encrypted",
        method(f"{DATA}/xenc:EncryptionMethod", XENC11 + "aes256-gcm"),
        [method(f"{DATA}/xenc:EncryptionMethod", XENC + "aes256-cbc")],
    ),
    "R5621": Case(
        "encrypted",
        method(f"{_KEY}/xenc:EncryptionMethod", XENC11 + "rsa-oaep"),
        [method(f"{_KEY}/xenc:EncryptionMethod", XENC + "rsa-oaep-mgf1p")],
    ),
    "R5625": Case(
        "encrypted",
        method(f"{_KEY}/xenc:EncryptionMethod", XENC + "kw-aes192"),
        [method(f"{_KEY}/xenc:EncryptionMethod", XENC + "kw-aes256")],
    ),
    "R5626": Case(
        "encrypted",
        method(f"{_KEY}/xenc:EncryptionMethod", XENC + "kw-aes192"),
        [method(f"{_KEY}/xenc:EncryptionMethod", XENC + "kw-aes256")],
    ),
}
_TOKENS = {
    "R3029": Case("signed", set_attribute(TOKEN, "EncodingType", None)),
    "R3030": Case("signed", set_attribute(TOKEN, "EncodingType", "urn:hex")),
    "R3031": Case("signed", set_attribute(TOKEN, "ValueType", None)),
    "R3032": Case("signed", set_attribute(TOKEN, "ValueType", "urn:token")),
    "R3033": Case("signed", set_attribute(TOKEN, "ValueType", names.PKI_PATH)),
    "R5201": Case("pkipath", set_attribute(TOKEN, "ValueType", names.X509_V3)),
    "R5202": Case("pkipath", set_attribute(TOKEN, "ValueType", names.PKCS7)),
    "R5211": Case("pkcs7", set_attribute(TOKEN, "ValueType", names.PKI_PATH)),
    "R5214": Case("pkipath", set_attribute(TOKEN, "ValueType", names.PKCS7)),
    "R5218": Case("signed", set_attribute(DIRECT, "ValueType", names.PKI_PATH)),
    "R5212": Case("pkcs7", set_attribute(TO_TOKEN, names.TOKEN_TYPE, None)),
    "R5213": Case("pkcs7", set_attribute(DIRECT, "ValueType", None)),
    "R5215": Case("pkipath", set_attribute(TO_TOKEN, names.TOKEN_TYPE, None)),
    "R5216": Case("pkipath", set_attribute(DIRECT, "ValueType", None)),
    "R5206": Case("thumbprint", set_attribute(IDENTIFIER, "ValueType", names.X509_V3)),
    "R5409": Case("issuer serial", set_text("ds:X509IssuerName", "/CN=Test Root")),
    "R6902": Case(
        "ticket", set_attribute(TOKEN, "ValueType", names.KERBEROS_PROFILE + "Kerberosv5_AP_REQ")
    ),
    "R6907": Case("ticket", set_attribute(STR, names.TOKEN_TYPE, None)),
    "R6906": Case(
        "ticket elsewhere", set_attribute("wsse:KeyIdentifier", "ValueType", names.THUMBPRINT)
    ),
    "R6905": Case(
        "ticket elsewhere",
        replace("wsse:KeyIdentifier", '<wsse:Reference URI="https://kdc.example/"/>'),
    ),
}
_USER = "wsse:UsernameToken"
_USERNAMES = {
    "R4222": Case("user", copied(f"{_USER}/wsse:Password", into=_USER)),
    "R4201": Case("user", set_attribute("wsse:Password", "Type", None)),
    "R4217": Case("user's key", remove("wsse11:Salt")),
    "R4218": Case("user's key", set_text("wsse11:Iteration", "999")),
    "R4223": Case("user", copied(f"{_USER}/wsu:Created", into=_USER)),
    "R4225": Case("user", copied(f"{_USER}/wsse:Nonce", into=_USER)),
    "R4220": Case("user", set_attribute("wsse:Nonce", "EncodingType", None)),
    "R4221": Case("user", set_attribute("wsse:Nonce", "EncodingType", "urn:hex")),
    "R4214": Case("user's key", set_attribute(DIRECT, "ValueType", None)),
    "R4215": Case(
        "user's key",
        replace(DIRECT, f'<wsse:KeyIdentifier ValueType="{USERNAME_PROFILE}UsernameToken"/>'),
    ),
}
_BINDING = f'<s:AuthorityBinding xmlns:s="{names.SAML1}" AuthorityKind="s:AssertionIDReference"/>'
_SAML = {
    "R6601": Case("SAML subject", set_attribute(f"{STR}/wsse:Reference", "URI", "#A-1")),
    "R6611": Case("SAML 1.1", set_attribute(STR, names.TOKEN_TYPE, None)),
    "R6617": Case("SAML 2.0", set_attribute(STR, names.TOKEN_TYPE, names.SAML1_TYPE)),
    "R6614": Case(
        "SAML 2.0 by Id", set_attribute(f"{STR}/wsse:Reference", "ValueType", names.SAML2_TYPE)
    ),
    "R6602": Case("SAML 1.1", set_attribute("wsse:KeyIdentifier", "ValueType", None)),
    "R6609": Case("SAML 1.1 elsewhere", set_attribute("wsse:KeyIdentifier", "ValueType", None)),
    "R6603": Case("SAML 1.1", set_attribute("wsse:KeyIdentifier", "ValueType", names.SAML2_ID)),
    "R6616": Case("SAML 2.0", set_attribute("wsse:KeyIdentifier", "ValueType", names.SAML1_ID)),
    "R6604": Case("SAML 1.1", set_attribute("wsse:KeyIdentifier", "EncodingType", "urn:base64")),
    "R6612": Case("SAML signed", set_attribute(STEP, "Algorithm", names.STR_TRANSFORM)),
    "R6606": Case("SAML 1.1 elsewhere", remove(f"{{{names.SAML1}}}AuthorityBinding")),
    "R6607": Case(
        "SAML 1.1 elsewhere",
        set_attribute(
            f"{{{names.SAML1}}}AuthorityBinding", "AuthorityKind", "saml1:AttributeQuery"
        ),
    ),
    "R6608": Case("SAML 1.1", insert(STR, _BINDING)),
    "R6613": Case(
        "SAML 2.0 elsewhere",
        replace(
            f"{STR}/wsse:Reference",
            f'<wsse:KeyIdentifier ValueType="{names.SAML2_ID}">A-9</wsse:KeyIdentifier>',
        ),
    ),
}
CASES = {
    **_TIMESTAMPS,
    **_REFERENCES,
    **_SIGNATURES,
    **_ENCRYPTION,
    **_TOKENS,
    **_USERNAMES,
    **_SAML,
}
"""The edit that breaks each rule."""
