"""What was really sent and received, kept for people to read, without the secrets."""

from __future__ import annotations

import logging
import threading
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lxml import etree
from zeep.plugins import Plugin

from zeep_wssec import calls
from zeep_wssec.forks import start_over_in_children
from zeep_wssec.redaction import redact

if TYPE_CHECKING:
    from zeep_wssec.results import ExchangeRecord

logger = logging.getLogger(__name__)


@dataclass(eq=False, kw_only=True)
class KeptExchange:
    """One request and its answer; what has not come yet is ``None``."""

    operation: str
    """zeep's name of the operation."""
    sent: bytes | None = field(default=None, repr=False)
    """The request as it went out, protected; redacted."""
    received: bytes | None = field(default=None, repr=False)
    """The answer as it came, still encrypted; redacted. ``None`` as well if it is no XML, or empty."""
    opened: bytes | None = field(default=None, repr=False)
    """The accepted answer in plain text, redacted: with ``bodies=True`` only."""
    record: ExchangeRecord | None = None
    """How the exchange ended."""


class RedactedHistory(Plugin):
    """A zeep plugin that keeps the latest exchanges of a client whose ``wsse`` is a profile.

    Give it as ``profile.client(…, plugins=[history])``. Other than zeep's ``HistoryPlugin``, it shows the
    request after it was protected and the answer before it was decrypted, keeps no secret, and keeps
    overlapping calls apart: each request stands beside its own answer. One object may serve any number
    of clients, threads and tasks.

    Left out are passwords, Nonces and Salts, tokens that are no certificates, header blocks that are
    neither WS-Security nor WS-Addressing, queries in addresses, and the content of the Body. Ciphertext
    stays.
    """

    def __init__(self, maxlen: int = 20, *, bodies: bool = False) -> None:
        """Make an empty history.

        Args:
            maxlen: How many exchanges are kept; the oldest goes first.
            bodies: Whether to keep the content of Bodies: of requests as far as it goes out readable, of
                accepted answers also what came encrypted.

        Raises:
            ValueError: ``maxlen`` is below 1.
        """
        if maxlen < 1:
            raise ValueError(f"maxlen is {maxlen}; 1 or more is expected.")
        self._kept: deque[KeptExchange] = deque(maxlen=maxlen)
        self._bodies = bodies
        self.start_over()
        start_over_in_children(self)

    def start_over(self) -> None:
        """Use a lock of this process; a child keeps what its parent had."""
        self._lock = threading.Lock()

    @property
    def exchanges(self) -> tuple[KeptExchange, ...]:
        """The exchanges that are kept, in the order in which their requests were protected."""
        with self._lock:
            return tuple(self._kept)

    @property
    def last(self) -> KeptExchange | None:
        """The latest exchange, or ``None``."""
        kept = self.exchanges
        return kept[-1] if kept else None

    def clear(self) -> None:
        """Forget all exchanges."""
        with self._lock:
            self._kept.clear()

    def egress(
        self,
        envelope: etree._Element,
        http_headers: dict[str, str],
        operation: Any,
        binding_options: Any,  # noqa: ARG002  # zeep gives it by place
    ) -> tuple[etree._Element, dict[str, str]]:
        """Have the profile, which comes after all plugins, tell of this call; zeep's hook."""
        watcher = _Watcher(self, str(getattr(operation, "name", "")))
        calls.watch(watcher, envelope, http_headers)
        return envelope, http_headers

    def _add(self, kept: KeptExchange) -> None:
        with self._lock:
            self._kept.append(kept)

    def __repr__(self) -> str:
        return f"<RedactedHistory: {len(self._kept)} of {self._kept.maxlen} exchanges>"


class _Watcher:
    """Sees one call, and writes down what may be kept of it."""

    def __init__(self, history: RedactedHistory, operation: str) -> None:
        self._history = history
        self._kept = KeptExchange(operation=operation)

    def sent(self, envelope: etree._Element) -> None:
        self._kept.sent = self._redacted(envelope)
        self._history._add(self._kept)

    def received(self, envelope: etree._Element) -> None:
        self._kept.received = self._redacted(envelope)

    def opened(self, envelope: etree._Element) -> None:
        if self._history._bodies:
            self._kept.opened = self._redacted(envelope)

    def ended(self, record: ExchangeRecord) -> None:
        self._kept.record = record

    def _redacted(self, envelope: etree._Element) -> bytes | None:
        try:
            return redact(envelope, bodies=self._history._bodies)
        except (etree.LxmlError, ValueError) as error:
            # A call never fails because it is watched.
            logger.warning("a message is not kept: %s", type(error).__name__)
            return None
