"""What a profile gives back: a protected message, a checked one, and the record of an exchange."""

from __future__ import annotations

from dataclasses import dataclass

from lxml import etree

from zeep_wssec.errors import MalformedSecurityError
from zeep_wssec.exchange import Exchange
from zeep_wssec.report import Report
from zeep_wssec.soap.envelope import Envelope


@dataclass(frozen=True, eq=False, kw_only=True)
class Secured:
    """A protected message and what its answer is to be held against."""

    envelope: etree._Element
    exchange: Exchange

    def to_bytes(self) -> bytes:
        """Give the message as it must be sent: any other way of writing it breaks its signatures."""
        return etree.tostring(self.envelope, xml_declaration=True, encoding="utf-8")


@dataclass(frozen=True, eq=False, kw_only=True)
class Checked:
    """An accepted message in plain text, and what it proved."""

    envelope: etree._Element
    report: Report

    @property
    def body(self) -> etree._Element:
        """The Body that the evidence speaks of."""
        return Envelope.read(self.envelope, error=MalformedSecurityError).body

    def to_bytes(self) -> bytes:
        """Give the message in plain text."""
        return etree.tostring(self.envelope, xml_declaration=True, encoding="utf-8")


@dataclass(frozen=True, kw_only=True)
class ExchangeRecord:
    """One exchange as it ended: for logs and metrics."""

    operation: str
    message_id: str | None
    peer: str | None
    """SHA-256 thumbprint of the signer of the answer."""
    outcome: str
    """``"accepted"``, ``"refused"`` or ``"failed"``: the last when there was no answer to judge."""
    code: str
    """The error's code, or empty."""
    milliseconds: float
    report: Report | None
