"""What the middleware for WSGI and for ASGI share: which requests are let in, and how answers are signed."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

from zeep_wssec.errors import PayloadError, PayloadLimitError, PayloadUsageError, ReplayError
from zeep_wssec.payload.results import PayloadResult
from zeep_wssec.payload.shape import PayloadFormat
from zeep_wssec.replay import MemoryReplayStore, ReplayStore
from zeep_wssec.replay.keys import payload_key
from zeep_wssec.replay.store import require_new
from zeep_wssec.transport.http_signing.messages import SAFE, HttpSigning, request_octets

logger = logging.getLogger(__name__)

REFUSED: Final = b"The request is not signed as this service demands.\n"
"""All that a refused sender learns; the log tells the rest."""

METHODS: Final = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH")
"""Methods that are let in unless others are named. Not DELETE: no signature covers the method, so that of a
GET would be one of a DELETE of the same path."""

_NO_CONTENT: Final = frozenset({*range(100, 200), 204, 304})
"""RFC 9110, section 6.4.1: answers that never have content."""


class RequestGate:
    """Verifies requests and signs answers for a service; a request that can change something is taken once."""

    def __init__(
        self,
        jws: PayloadFormat,
        replay: ReplayStore | None,
        *,
        methods: Collection[str] = METHODS,
        empty_bodies: str = "",
        repeats: str = "",
    ) -> None:
        """Guard with ``jws``.

        Args:
            jws: Whose signatures are accepted, and how answers are signed.
            replay: Remembers requests; in memory of this process if unset.
            methods: That are let in.
            empty_bodies: Why a request that can change something may have an empty body, over which a
                signature covers nothing; empty: it is refused.
            repeats: Why requests may come again and again, where ``issued_at`` is unset: nothing tells then
                how long to remember them.

        Raises:
            PayloadUsageError: Requests have no time, and no reason is given.
        """
        self.signing = HttpSigning(jws)
        if self.signing.jws.settings.issued_at is None and not repeats:
            raise PayloadUsageError(
                "Without issued_at every request could be sent again, for ever.",
                hint='State issued_at, or say why that is harmless: repeats="…".',
            )
        self._replay = MemoryReplayStore() if replay is None else replay
        self._methods = frozenset(methods)
        self._empty_bodies = empty_bodies

    @property
    def max_bytes(self) -> int:
        """Largest body that is read, or answered."""
        return self.signing.jws.settings.max_payload_bytes

    def expects(self, method: str, headers: Mapping[str, str]) -> bool:
        """Whether a request could be let in, so that its body is worth reading."""
        if method not in self._methods:
            logger.warning("refused a request: its method is not among those that are let in")
            return False
        if not self.signing.is_signed(headers):
            logger.warning("refused a request: it is not signed")
            return False
        return True

    def admit(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes
    ) -> PayloadResult | None:
        """Verify a request; ``None`` for one that must not reach the application. The cause is logged."""
        if not body and method not in SAFE and method != "DELETE" and not self._empty_bodies:
            logger.warning("refused a request: its body is empty, so its signature covers nothing")
            return None
        try:
            found = self.signing.check_request(method, target, headers, body)
            if method not in SAFE:
                self._require_new(found, request_octets(method, target, body))
        except (PayloadError, ReplayError) as error:
            logger.warning("refused a request: %s (%s)", type(error).__name__, error.code)
            logger.debug("%s", error)
            return None
        return found

    def signed_answer(
        self, method: str, status: int, headers: Iterable[tuple[str, str]], content: bytes
    ) -> tuple[list[tuple[str, str]], bytes]:
        """Give headers and content of an answer as they are sent, the signature among the headers.

        What no client will read is neither sent nor signed. The length that an application states for the
        answer to a HEAD stays: it is that of another answer.
        """
        bodiless = method == "HEAD" or status in _NO_CONTENT
        content = b"" if bodiless else content
        added = self.signing.answer_header(content)
        dropped = {"transfer-encoding", "trailer", *(name.lower() for name in added)}
        if not bodiless or status < 200 or status == 204:
            dropped.add("content-length")
        kept = [item for item in headers if item[0].lower() not in dropped]
        kept += added.items()
        if not bodiless:
            kept.append(("Content-Length", str(len(content))))
        return kept, content

    def _require_new(self, found: PayloadResult, octets: bytes) -> None:
        signer = found.signers[0]
        if signer.signed_at is None:
            return  # without a time nothing says how long it must be remembered
        settings = self.signing.jws.settings
        seconds = settings.max_age_seconds + 2 * settings.clock_skew_seconds
        # Not the signature's value: of an ECDSA signature anybody can write a second one that verifies. Not
        # the certificate: that of a kid may change. The kid itself is signed.
        key = payload_key(signer.key_id, signer.signed_at.isoformat(), octets)
        expires = max(signer.signed_at, datetime.now(UTC)) + timedelta(seconds=seconds)
        require_new(self._replay, key, expires, what="this signature and time")


class AnswerBody:
    """Collects what an application answers, since a signature in a header needs the whole body."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._octets = bytearray()

    def add(self, piece: bytes) -> None:
        """Take in a piece.

        Raises:
            PayloadLimitError: The answer is too large to be signed, or never ends.
        """
        self._octets += piece
        if len(self._octets) > self._limit:
            raise PayloadLimitError(
                f"An answer of the application is larger than {self._limit} bytes.",
                hint="Raise max_payload_bytes; an answer without an end cannot be signed.",
                limit=self._limit,
            )

    def octets(self) -> bytes:
        """Give what was answered."""
        return bytes(self._octets)
