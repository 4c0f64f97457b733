"""The transport for ``zeep.Client``, on requests."""

from __future__ import annotations

import logging
from typing import Any

import requests
from lxml import etree
from zeep.transports import Transport

from zeep_wssec.plan import Service
from zeep_wssec.soap.envelope import to_octets
from zeep_wssec.transport.compression import ACCEPT_ENCODING, BoundedContent
from zeep_wssec.transport.connection_failures import of_loading, of_requests
from zeep_wssec.transport.guard import (
    CallChecker,
    call_at_start,
    shown_address,
    signed_headers,
)
from zeep_wssec.transport.requests_session import make_session, secure_session
from zeep_wssec.transport.sending import Sending, checked_answer
from zeep_wssec.transport.tls import ContextSource

logger = logging.getLogger(__name__)
_CHUNK = 65536


class ProfileTransport(Transport):
    """Sends protected envelopes and lets no answer slip past verification.

    Never follows a redirect of a request, never reads trust or proxies from the environment, never
    logs a message. Timeouts, retries and proxies are the caller's to set on ``session``.
    """

    _close_session = False
    """zeep asks for it when the object goes, even if it was never whole."""

    def __init__(
        self,
        profile: CallChecker,
        source: ContextSource,
        *,
        service: Service,
        session: requests.Session | None = None,
        cache: Any = None,
    ) -> None:
        longest, each = service.longest_answer_seconds, service.timeout_seconds
        if session is None:
            session = make_session(source, timeout_seconds=each, longest_seconds=longest)
        else:
            secure_session(session, source, longest_seconds=longest)
        super().__init__(  # type: ignore[no-untyped-call]
            cache=cache, timeout=each, operation_timeout=each, session=session
        )
        self._profile, self._source = profile, source
        self.zeep_settings: object | None = None
        """Settings of the client that this transport is bound to; unset, every answer is checked here too."""

    def load(self, url: str) -> Any:
        """Load a WSDL, or what it imports.

        Raises:
            TransportSecurityError: There is no connection to where it is, or no such document.
        """
        try:
            return super().load(url)  # type: ignore[no-untyped-call]
        except requests.RequestException as error:
            raise of_loading(error, url) from None

    def post(self, address: str, message: bytes, headers: dict[str, str]) -> requests.Response:
        """Send octets and read the answer within the profile's limit; nothing of either is logged."""
        logger.debug("POST to %s, %d bytes", shown_address(address), len(message))
        limit = self._profile.plan.limits.max_message_bytes
        try:
            response = self.session.post(
                address,
                data=message,
                headers={"Accept-Encoding": ACCEPT_ENCODING, **headers},
                timeout=self.operation_timeout,
                allow_redirects=False,
                stream=True,
            )
            with response:
                content = BoundedContent(limit, response.headers.get("Content-Encoding"))
                # What urllib3 is not told of, it does not decode.
                getattr(response.raw, "headers", {}).pop("Content-Encoding", None)
                for chunk in response.iter_content(_CHUNK):
                    content.add(chunk)
        except requests.RequestException as error:
            raise of_requests(error, address) from None  # theirs holds the request
        response._content = octets = content.octets()
        _forget_request(response)
        logger.debug(
            "answer %d from %s, %d bytes",
            response.status_code,
            shown_address(address),
            len(octets),
        )
        return response

    def post_xml(
        self, address: str, envelope: etree._Element, headers: dict[str, str]
    ) -> requests.Response:
        """Send a protected envelope; what comes back is for zeep to read.

        Raises:
            TransportSecurityError: A redirect, a connection that fails, an answer over the limit.
            PayloadError: An answer without the signature of HTTP messages that is demanded.
            InboundError: An answer that would slip past verification and is refused.
        """
        call, octets = call_at_start(self._profile, address, headers), to_octets(envelope)
        try:
            with Sending(self._profile, call):
                headers = signed_headers(self._profile, call, address, octets, headers)
                response = self.post(address, octets, headers)
        finally:
            del octets  # error tools show what a frame holds
        return checked_answer(
            self._profile,
            call,
            response,
            address=address,
            source=self._source,
            zeep_settings=self.zeep_settings,
        )


def _forget_request(response: requests.Response) -> None:
    """Take the request off an answer: zeep's frames hold the answer, and error tools show frames."""
    sent: requests.PreparedRequest | None = response.request
    if sent is not None:
        sent.body = None
    vars(response)["_next"] = None  # the same request, to where a redirect leads
