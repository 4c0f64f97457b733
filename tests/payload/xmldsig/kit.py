"""Documents, and two sides that sign them for each other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from lxml import etree

from zeep_wssec.payload.results import PayloadResult
from zeep_wssec.payload.xmldsig import XmlDsig, XmlDsigSettings
from zeep_wssec.testing.authority import Authority, Issued
from zeep_wssec.xmlcrypto.signature_model import DS

NOW = datetime(2027, 3, 1, 12, tzinfo=UTC)
INVOICE = (
    b'<?xml version="1.0"?>\n<i:Invoice xmlns:i="urn:invoice" xmlns:x="urn:x" xml:lang="de">\n'
    b'  <!-- a note --><i:Total Id="total" x:currency="EUR">12.50</i:Total>\n'
    b'  <i:Buyer Id="buyer">caf\xc3\xa9</i:Buyer>\n</i:Invoice>\n'
)
DETACHED: dict[str, Any] = {
    "kind": "detached",
    "elements": ["/i:Invoice/i:Total"],
    "namespaces": {"i": "urn:invoice"},
}
KINDS: dict[str, dict[str, Any]] = {
    "enveloped": {"kind": "enveloped"},
    "enveloping": {"kind": "enveloping"},
    "detached": DETACHED,
}


@dataclass(frozen=True, kw_only=True)
class Sides:
    """A sender ``alice`` and a receiver ``bob`` who knows her certificate."""

    authority: Authority
    alice: Issued
    bob: Issued

    @classmethod
    def create(cls, key: str = "rsa-2048", *, now: datetime | None = NOW) -> Sides:
        """Make both; ``now=None`` for peers that have the clock of this machine."""
        root = Authority.create("Document CA", now=now, key="ec-p256", reuse_keys=True)
        middle = root.intermediate("Issuing CA")
        return cls(
            authority=root, alice=middle.issue("alice", key=key), bob=middle.issue("bob", key=key)
        )

    def sender(self, **settings: Any) -> XmlDsig:
        return XmlDsig(self.alice.keystore("alice"), XmlDsigSettings(**settings))

    def receiver(self, **settings: Any) -> XmlDsig:
        keystore = self.bob.keystore("bob").with_partner("alice", self.alice.certificate)
        return XmlDsig(keystore, XmlDsigSettings(**settings))


def signed(sender: XmlDsig, document: bytes = INVOICE, *, now: datetime = NOW) -> bytes:
    content = sender.sign(document, now=now).content
    assert content is not None
    return content


def verified(receiver: XmlDsig, document: bytes, *, now: datetime = NOW) -> PayloadResult:
    return receiver.verify(document, now=now)


def changed(document: bytes, change: Callable[[etree._Element], None]) -> bytes:
    """Give a document with its tree changed."""
    root = etree.fromstring(document)
    change(root)
    return etree.tostring(root.getroottree(), encoding="UTF-8")


def find(root: etree._Element, expression: str) -> Any:
    """Find one node; ``ds``, ``i`` and ``xades`` are declared."""
    namespaces = {"ds": DS, "i": "urn:invoice", "xades": "http://uri.etsi.org/01903/v1.3.2#"}
    found = root.xpath(expression, namespaces=namespaces)
    assert isinstance(found, list)
    assert len(found) == 1, expression
    return found[0]
