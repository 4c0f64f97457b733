"""What the middleware for WSGI and for ASGI share: which requests are let in, and how others are told."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

from zeep_wssec.errors import PayloadError, ReplayError
from zeep_wssec.payload.jws.format import Jws
from zeep_wssec.payload.results import PayloadResult
from zeep_wssec.replay import MemoryReplayStore, ReplayStore
from zeep_wssec.replay.keys import payload_key
from zeep_wssec.replay.store import require_new
from zeep_wssec.transport.http_signing.messages import HttpSigning, request_octets

logger = logging.getLogger(__name__)

REFUSED: Final = b"The request is not signed as this service demands.\n"
"""All that a refused sender learns; the log tells the rest."""

_HARMLESS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods that may be repeated: RFC 9110, section 9.2.1, Safe Methods."""


class RequestGate:
    """Verifies requests and signs answers for a service; a request that can change something is taken once."""

    def __init__(self, jws: Jws, replay: ReplayStore | None) -> None:
        """Guard with ``jws``; without a store of its own, requests are remembered in memory."""
        self.signing = HttpSigning(jws)
        self._replay = MemoryReplayStore() if replay is None else replay

    @property
    def max_bytes(self) -> int:
        """Largest body that is read."""
        return self.signing.jws.settings.max_payload_bytes

    def admit(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes
    ) -> PayloadResult | None:
        """Verify a request; ``None`` for one that must not reach the application. The cause is logged."""
        try:
            found = self.signing.check_request(method, target, headers, body)
            if method.upper() not in _HARMLESS:
                self._require_new(found, request_octets(method, target, body))
        except (PayloadError, ReplayError) as error:
            logger.warning("refused a request: %s (%s)", type(error).__name__, error.code)
            logger.debug("%s", error)
            return None
        except UnicodeError:
            logger.warning("refused a request whose target is not ASCII")
            return None
        return found

    def _require_new(self, found: PayloadResult, octets: bytes) -> None:
        signer = found.signers[0]
        if signer.signed_at is None:
            return  # without a time nothing says how long it must be remembered
        settings = self.signing.jws.settings
        seconds = settings.max_age_seconds + 2 * settings.clock_skew_seconds
        # Not the signature's value: of an ECDSA signature anybody can write a second one that verifies.
        key = payload_key(signer.sha256, signer.signed_at.isoformat(), octets)
        expires = max(signer.signed_at, datetime.now(UTC)) + timedelta(seconds=seconds)
        require_new(self._replay, key, expires, what="this signature and time")
