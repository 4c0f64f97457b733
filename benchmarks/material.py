"""Keys, messages and profiles that the cases work on; all made by code, anew in each run."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, cached_property
from pathlib import Path

from lxml import etree

from zeep_wssec import Encryption, Inbound, Keystore, Limits, Profile, Signature, Timestamp
from zeep_wssec.demands import Demands, Subject
from zeep_wssec.settings import Step
from zeep_wssec.testing.authority import Authority, Issued

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
WSSE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
WSU = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
DS = "http://www.w3.org/2000/09/xmldsig#"
XENC = "http://www.w3.org/2001/04/xmlenc#"
BODY = f"{{{SOAP}}}Body"
SIZES = {"2 KB": 2_000, "1 MB": 1_000_000, "10 MB": 10_000_000}
NOW = datetime.now(UTC)
"""One moment for the whole run: a message that was made at its start does not age."""
LIMITS = Limits(max_message_bytes=256 * 1024 * 1024)
SIGNED: tuple[Step, ...] = (
    Timestamp(ttl_seconds=300),
    Signature(parts=("body", "timestamp", "token")),
)
PARTNER = "CN=partner"

_HEAD = (
    f'<soap:Envelope xmlns:soap="{SOAP}"><soap:Header/><soap:Body>'
    '<o:PlaceOrders xmlns:o="urn:example:orders">'
)
_TAIL = "</o:PlaceOrders></soap:Body></soap:Envelope>"


def order_rows(total_bytes: int) -> Iterator[str]:
    """Give rows of an order until they have about ``total_bytes``: elements more than attributes."""
    number = written = 0
    while written < total_bytes:
        number += 1
        identity = f' id="order-{number}"' if number % 50 == 1 else ""
        row = (
            f"<o:Order{identity}><o:Number>{4_500_000 + number}</o:Number>"
            f"<o:Placed>2026-03-{number % 28 + 1:02}</o:Placed>"
            f"<o:Customer><o:Name>M\u00fcller &amp; S\u00f6hne {number % 97}</o:Name>"
            f"<o:City>K\u00f6ln</o:City></o:Customer>"
            f"<o:Sku>SKU-{number * 7919 % 100_000:05}</o:Sku><o:Quantity>{number % 40 + 1}</o:Quantity>"
            f'<o:Price currency="EUR">{number % 900 + 9}.95</o:Price>'
            f"<o:Note>deliver before noon</o:Note></o:Order>\n"
        )
        written += len(row)
        yield row


@cache
def plain_message(size: str) -> bytes:
    """Give an unprotected envelope of about ``size``."""
    return "".join((_HEAD, *order_rows(SIZES[size] - len(_HEAD) - len(_TAIL)), _TAIL)).encode()


def grow_tree(total_bytes: int) -> etree._Element:
    """Give an envelope of ``total_bytes``, parsed piece by piece: its octets are never in memory at once."""
    parser = etree.XMLParser(huge_tree=True)
    parser.feed(_HEAD)
    for row in order_rows(total_bytes):
        parser.feed(row)
    parser.feed(_TAIL)
    return parser.close()


def parse(data: bytes) -> etree._Element:
    """Parse as zeep does, however large a text node is."""
    return etree.fromstring(data, etree.XMLParser(remove_comments=True, huge_tree=True))


@dataclass(frozen=True)
class Material:
    """A client and its partner under one authority, each with the profile that the cases need."""

    authority: Authority
    client: Issued
    partner: Issued

    @classmethod
    def create(cls) -> Material:
        """Make RSA-2048 keys and certificates."""
        authority = Authority.create("benchmark", now=NOW)
        return cls(
            authority,
            authority.issue("client", san=["client.example"]),
            authority.issue("partner", san=["partner.example"]),
        )

    @cached_property
    def folder(self) -> Path:
        """A folder of this run with key and certificate of the client, for peers that want files."""
        folder = Path(tempfile.mkdtemp(prefix="zeep-wssec-benchmark-"))
        (folder / "key.pem").write_bytes(self.client.key_pem())
        (folder / "certificate.pem").write_bytes(self.client.certificate_pem)
        return folder

    def client_profile(
        self, outbound: tuple[Step, ...] = SIGNED, inbound: Demands | None = None
    ) -> Profile:
        """Give a profile of the client; what answers must prove follows from the request."""
        keystore = self.client.keystore().with_partner("partner", self.partner.certificate_pem)
        return _profile(keystore, outbound, inbound)

    def path_profile(self) -> Profile:
        """Give a profile of the client that knows its partner by subject and anchor only."""
        keystore = self.client.keystore().with_trust(anchors=self.authority.pem)
        return _profile(keystore, SIGNED, Inbound(signed_by=Subject(PARTNER)))

    def partner_profile(self, outbound: tuple[Step, ...] = SIGNED) -> Profile:
        """Give the profile with which the partner answers."""
        keystore = self.partner.keystore().with_partner("client", self.client.certificate_pem)
        return _profile(keystore, outbound, None)

    def signed_answer(self, size: str) -> bytes:
        """Give an answer as the partner signs it: Timestamp, token and Body."""
        return self.partner_profile().secure(parse(plain_message(size)), now=NOW).to_bytes()

    def encrypted_answer(self, size: str) -> bytes:
        """Give an answer whose Body is encrypted for the client."""
        profile = self.partner_profile((Encryption(recipients=("client",)),))
        return profile.secure(parse(plain_message(size)), now=NOW).to_bytes()


def _profile(keystore: Keystore, outbound: tuple[Step, ...], inbound: Demands | None) -> Profile:
    return Profile(
        keystore=keystore, outbound=outbound, inbound=inbound, limits=LIMITS, replay=_Forgetful()
    )


class _Forgetful:
    """A replay store that remembers nothing: the cases check one message many times."""

    def add_if_absent(self, key: bytes, expires: datetime) -> bool:  # noqa: ARG002
        """Take anything as new."""
        return True
