"""Signed messages that a verifier of XML signatures can verify who knows nothing of WS-Security.

Body, Timestamp and one more header are signed; nothing is encrypted. Every message has a twin with one
character of the Body changed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from lxml import etree
from roundtrip.pair import LEGACY, answer, client, envelope, tree_of

from zeep_wssec import Inbound, Profile, Signature, Timestamp
from zeep_wssec.soap.namespaces import DS, SOAP11, SOAP12, WSA, WSU
from zeep_wssec.xmlcrypto.algorithms import (
    CANONICALIZATIONS_BY_NAME,
    DIGESTS_BY_NAME,
    SIGNATURE_METHODS_BY_NAME,
)

CURVES = ("ec-p256", "ec-p384", "ec-p521")
KEYS = {"rsa": ("rsa-2048",), "ec": CURVES, "ed25519": ("ed25519",), "ed448": ("ed448",)}
"""The keys that certificates are made for, by what a signature method takes; other methods are left out."""
PARTS = ("body", "timestamp", "header:wsa:To")
CONTENT = (
    '<p:Order xmlns:p="urn:p" xmlns="urn:default" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
    ' xml:lang="de"><Line xsi:type="p:Kind" b="2" a="1">&#13;é𝄞 &amp;&lt;&gt;"<![CDATA[<x/>]]>\n\t</Line>'
    "<p:x></p:x><y xmlns=''/><sku>4711</sku></p:Order>"
)
DECLARATIONS = ' xmlns:unused="urn:unused" xmlns:xs="http://www.w3.org/2001/XMLSchema"'
TO = f'<wsa:To xmlns:wsa="{WSA}" soap:mustUnderstand="1">urn:to</wsa:To>'


@dataclass(frozen=True)
class Plain:
    """One way to sign."""

    name: str
    key: str = "rsa-2048"
    soap: str = SOAP11
    settings: Mapping[str, Any] = field(default_factory=dict, hash=False)
    """As for ``Signature``."""

    def __str__(self) -> str:
        return self.name

    @property
    def algorithm(self) -> str:
        """Name of the signature method."""
        return str(self.settings.get("algorithm", "rsa-sha256"))

    @property
    def reader(self) -> Profile:
        """A profile of ours that accepts the message."""
        return client(key=self.key, inbound=Inbound(legacy=LEGACY))


@cache
def message_of(case: Plain) -> bytes:
    """The signed message; always the same one."""
    plain = envelope(CONTENT, headers=TO, soap=case.soap, declarations=DECLARATIONS)
    step = Signature(**{"parts": PARTS, "legacy": LEGACY, **case.settings})
    return answer((Timestamp(), step), plain, key=case.key)


def twin(message: bytes) -> bytes:
    """The message with one character of the Body's text changed."""
    changed, count = re.subn(rb"(<(?:\w+:)?sku[^>]*>\d\d)(\d)", rb"\g<1>0", message)
    assert count == 1
    assert changed != message
    return changed


def covered(message: bytes) -> dict[str, etree._Element]:
    """The elements that the message's only signature points at, by the reference's URI, in its order."""
    root = tree_of(message)
    by_id = {f"#{node.get(f'{{{WSU}}}Id')}": node for node in root.iter("{*}*")}
    uris = [str(item.get("URI")) for item in root.iter(f"{{{DS}}}Reference")]
    return {uri: by_id[uri] for uri in uris}


def _methods() -> Sequence[Plain]:
    return [
        Plain(f"{name} {key}", key=key, settings={"algorithm": name})
        for name, item in SIGNATURE_METHODS_BY_NAME.items()
        for key in KEYS.get(item.key_kind, ())
    ]


def _forms() -> Sequence[Plain]:
    return [
        Plain(f"{name} {label}", settings={setting: name})
        for name in CANONICALIZATIONS_BY_NAME
        for setting, label in (
            ("canonicalization", "SignedInfo"),
            ("part_canonicalization", "parts"),
        )
    ]


def _prefixes() -> Sequence[Plain]:
    lists = {
        "automatic": "auto",
        "none": (),
        "given": ("soap", "p", "xs", "wsa", "unknown"),
        "#default": ("#default",),
    }
    return [
        Plain(f"prefixes {label} SOAP {version}", soap=soap, settings={"inclusive_prefixes": value})
        for label, value in lists.items()
        for version, soap in (("1.1", SOAP11), ("1.2", SOAP12))
    ]


PLAIN: Sequence[Plain] = (
    *_methods(),
    *(Plain(f"digest {name}", settings={"digest": name}) for name in DIGESTS_BY_NAME),
    *_forms(),
    *_prefixes(),
    *(
        Plain(
            f"{name} {digest} SOAP 1.2", soap=SOAP12, settings={"algorithm": name, "digest": digest}
        )
        for name, digest in (("rsa-sha1", "sha1"), ("rsa-sha512", "sha512"))
    ),
    Plain("x509_data", settings={"key_reference": "x509_data"}),
    Plain("thumbprint", settings={"key_reference": "thumbprint"}),
    Plain("STR-Transform", settings={"str_transform": True, "parts": (*PARTS, "token")}),
)
"""Signature methods with every kind of key, digests, canonical forms and ways to list prefixes."""
