"""What a profile gives back: a protected message, a checked one, and the record of an exchange."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field

from lxml import etree

from zeep_wssec.errors import MalformedSecurityError
from zeep_wssec.exchange import Exchange, Received
from zeep_wssec.report import Report
from zeep_wssec.soap.envelope import Envelope, to_octets


@dataclass(frozen=True, eq=False, kw_only=True)
class Secured:
    """A protected message and what its answer is to be held against."""

    envelope: etree._Element
    exchange: Exchange

    def to_bytes(self) -> bytes:
        """Give the message as it must be sent: any other way of writing it breaks its signatures."""
        return to_octets(self.envelope)


@dataclass(frozen=True, eq=False, kw_only=True)
class Checked:
    """An accepted message in plain text, and what it proved."""

    envelope: etree._Element
    report: Report
    received: Received = field(default_factory=Received, repr=False)
    """What an answer to this message refers to: for ``profile.secure(answer, answers=checked)``."""

    @property
    def body(self) -> etree._Element:
        """The Body that the evidence speaks of."""
        return Envelope.read(self.envelope, error=MalformedSecurityError).body

    def to_bytes(self) -> bytes:
        """Give the message in plain text."""
        return to_octets(self.envelope)


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

    @classmethod
    def of_call(
        cls, exchange: Exchange, *, started: float, outcome: str, code: str, report: Report | None
    ) -> ExchangeRecord:
        """Make the record of an exchange that began at ``started`` (monotonic seconds) and ends now."""
        signers = report.signatures if report is not None else ()
        return cls(
            operation=exchange.operation,
            message_id=exchange.message_id,
            peer=signers[0].thumbprint_sha256 if signers else None,
            outcome=outcome,
            code=code,
            milliseconds=round((time.monotonic() - started) * 1000, 3),
            report=report,
        )

    def log(self, logger: logging.Logger) -> None:
        """Log the record in one line; what a peer wrote in it is made printable and cut."""
        logger.info(
            "exchange %s: operation=%s message_id=%s peer=%s code=%s ms=%.1f",
            self.outcome,
            _printable(self.operation),
            _printable(self.message_id),
            self.peer or "-",
            self.code or "-",
            self.milliseconds,
        )


def _printable(text: str | None) -> str:
    shown = "".join(char if char.isprintable() else "?" for char in text or "-")
    return shown[:200]
