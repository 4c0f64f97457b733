"""What of an HTTP message is signed, and in which header; the same for clients and services."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from zeep_wssec.errors import (
    PayloadError,
    PayloadMalformedError,
    PayloadUnsignedError,
    PayloadUsageError,
)
from zeep_wssec.payload.jws.format import Jws
from zeep_wssec.payload.results import PayloadResult
from zeep_wssec.payload.shape import PayloadFormat

SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
"""Methods that ask for nothing but an answer: RFC 9110, section 9.2.1. Their requests have no body here."""
_BODILESS: Final = SAFE | {"DELETE"}
"""Methods whose request has no body as a rule: then path and query are what is signed."""
_ORIGIN: Final = re.compile(r"https?://[^/?#]*", re.IGNORECASE)
_SENT: Final = re.compile(r'[!"$-~]*')
"""Visible ASCII but for the mark of a fragment: servers differ in what they do with all else."""

_REFUSALS = (400, 401, 403)
"""What services answer to a signature that they do not accept."""


class HttpSigning:
    """Signs requests and verifies answers, or the other way round, with one ``Jws``.

    A request is signed over the octets of its body; one without a body by a method that has none, over
    its path and query as they are sent. An answer is signed over the octets of its body, decompressed.
    Nothing else is covered: neither the method, the headers nor, where there is a body, the path, nor the
    status of an answer and which request it is for. What must not be mistaken has to stand in the body.
    """

    def __init__(self, jws: PayloadFormat, *, unverified_answers: str = "") -> None:
        """Sign with ``jws``.

        Args:
            jws: Keys and settings.
            unverified_answers: Why an answer without a signature is accepted; empty: it is refused. A
                signature that is there is verified anyway.

        Raises:
            PayloadUsageError: It is no ``Jws``.
        """
        if not isinstance(jws, Jws):
            raise PayloadUsageError(
                f"HTTP messages are signed by a Jws, not by {type(jws).__name__}.",
                hint='Give profile.payload("NAME") of a table with format = "jws".',
            )
        self.jws = jws
        self.unverified_answers = unverified_answers

    def request_header(
        self, method: str, target: str, body: bytes, *, now: datetime | None = None
    ) -> dict[str, str]:
        """Give the header that signs a request.

        Args:
            method: Of the request.
            target: Address, or path and query, as they are sent; percent signs included.
            body: As it is sent.
            now: Aware time, instead of the clock.

        Raises:
            PayloadUsageError: A body that the method has not, or characters that are never sent.
        """
        try:
            octets = request_octets(method, target, body)
        except PayloadMalformedError as error:
            raise PayloadUsageError(str(error.message), hint=error.hint) from None
        return self._header(octets, now=now)

    def answer_header(self, body: bytes, *, now: datetime | None = None) -> dict[str, str]:
        """Give the header that signs an answer."""
        return self._header(body, now=now)

    def check_request(
        self,
        method: str,
        target: str,
        headers: Mapping[str, str],
        body: bytes,
        *,
        now: datetime | None = None,
    ) -> PayloadResult:
        """Verify a request.

        Raises:
            PayloadError: It is not signed, or not by a partner; nothing of it may be used.
        """
        token = self._require_token(headers, "request")
        return self.jws.verify(token, content=request_octets(method, target, body), now=now)

    def check_answer(
        self, status: int, headers: Mapping[str, str], body: bytes, *, now: datetime | None = None
    ) -> PayloadResult | None:
        """Verify an answer; ``None`` for one without a signature, where that is accepted.

        Raises:
            PayloadError: It is not signed, or not by a partner; nothing of it may be used.
        """
        if self.unverified_answers and not self._tokens(headers):
            return None
        try:
            token = self._require_token(headers, f"answer ({status})")
            return self.jws.verify(token, content=body, now=now)
        except PayloadError as error:
            error.request_sent = "yes"
            if status in _REFUSALS and isinstance(error, PayloadUnsignedError):
                error.hint = (
                    f"The service may have refused the signature of the request. {error.hint}"
                )
            raise

    def is_signed(self, headers: Mapping[str, str]) -> bool:
        """Whether a message has a signature, good or bad."""
        return len(self._tokens(headers)) == 1

    def _header(self, octets: bytes, *, now: datetime | None) -> dict[str, str]:
        token = self.jws.sign(octets, now=now).content or b""
        return {self.jws.settings.header_name: token.decode("ascii")}

    def _tokens(self, headers: Mapping[str, str]) -> list[str]:
        wanted = self.jws.settings.header_name.lower()
        return [value for name, value in headers.items() if name.lower() == wanted]

    def _require_token(self, headers: Mapping[str, str], what: str) -> bytes:
        tokens = self._tokens(headers)
        if len(tokens) != 1:
            found = "no" if not tokens else "more than one"
            raise PayloadUnsignedError(
                f"The {what} has {found} {self.jws.settings.header_name} header, so it proves nothing.",
                hint="An answer without one may come from a proxy or gateway in between.",
            )
        return tokens[0].strip().encode("ascii", errors="replace")


def request_octets(method: str, target: str, body: bytes) -> bytes:
    """Give the octets of a request that are signed: the body, or path and query where there can be none.

    Raises:
        PayloadMalformedError: A body where the method has none, so that the path would not be signed; a body
            that reads as a path; or characters that a request has not.
    """
    method = method.upper()
    if body and method in SAFE:
        raise PayloadMalformedError(
            f"A {method} has a body: were that signed, nothing would sign the path.",
            hint="Use POST for a request with a body.",
        )
    if body.startswith(b"/") and _SENT.fullmatch(body.decode("latin-1")):
        raise PayloadMalformedError(
            "The body reads as a path: its signature would be one of a GET of that path, and the other way round.",
            hint="Give it another form, such as JSON.",
        )
    if body or method not in _BODILESS:
        return body
    return path_and_query(target).encode("ascii")


def path_and_query(target: str) -> str:
    """Give path and query of a request's target, unchanged to the last character.

    Raises:
        PayloadMalformedError: It is neither a path nor an address, or has characters that are never sent: a
            fragment would be signed by nobody, and some servers hand it on.
    """
    if not _SENT.fullmatch(target):
        raise PayloadMalformedError("The target of a request has characters that are never sent.")
    origin = _ORIGIN.match(target)
    sent = target[origin.end() :] if origin else target
    if sent.startswith("/"):
        return sent
    if sent and not sent.startswith("?"):
        raise PayloadMalformedError("The target of a request is neither a path nor an address.")
    return f"/{sent}"


def redirected(status: int) -> PayloadUnsignedError:
    """Give the error for a redirect that is not followed."""
    return PayloadUnsignedError(
        f"The answer ({status}) is a redirect: a signed request goes nowhere else.",
        hint="Give the address that the service really has.",
    )
