"""The transport for ``zeep.AsyncClient``, on httpx (extra ``async``)."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import httpx
import requests
import zeep.exceptions
from lxml import etree
from zeep.transports import AsyncTransport

from zeep_wssec import calls
from zeep_wssec.errors import TransportSecurityError
from zeep_wssec.plan import Service
from zeep_wssec.postponed import take_postponed
from zeep_wssec.soap.envelope import to_octets
from zeep_wssec.transport.compression import ACCEPT_ENCODING, BoundedContent
from zeep_wssec.transport.connection_failures import connection_failure, document_failure
from zeep_wssec.transport.guard import (
    CallChecker,
    call_at_start,
    shown_address,
    signed_headers,
)
from zeep_wssec.transport.httpx_client import make_async_client, make_client
from zeep_wssec.transport.sending import Sending, checked_answer
from zeep_wssec.transport.tls import ContextSource

logger = logging.getLogger(__name__)


class AsyncProfileTransport(AsyncTransport):
    """Does for ``AsyncClient`` what ``ProfileTransport`` does for ``Client``."""

    def __init__(
        self,
        profile: CallChecker,
        source: ContextSource,
        *,
        service: Service,
        cache: Any = None,
        **connection: Any,
    ) -> None:
        how: dict[str, Any] = {"timeout_seconds": service.timeout_seconds, **connection}
        super().__init__(  # type: ignore[no-untyped-call]
            client=make_async_client(source, **how),
            wsdl_client=make_client(source, follow_redirects=True, **how),
            cache=cache,
        )
        self._profile, self._source = profile, source
        self._longest_seconds = service.longest_answer_seconds
        self.zeep_settings: object | None = None
        """Settings of the client that this transport is bound to; unset, every answer is checked here too."""

    def load(self, url: str) -> Any:
        """Load a WSDL, or what it imports; see ``ProfileTransport``."""
        try:
            return super().load(url)  # type: ignore[no-untyped-call]
        except TransportSecurityError:  # one of zeep's, too
            raise
        except zeep.exceptions.TransportError as error:
            said = f"the server answers {error.status_code}"
            raise document_failure(url, said=said, cause=error) from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            said = f"{type(error).__name__}: {error}"
            raise document_failure(url, said=said, cause=error) from None

    async def post(
        self, address: str, message: bytes, headers: dict[str, str]
    ) -> requests.Response:
        """Send octets and read the answer within the profile's limit; nothing of either is logged."""
        logger.debug("POST to %s, %d bytes", shown_address(address), len(message))
        limit = self._profile.plan.limits.max_message_bytes
        # httpx takes ASCII only; HTTP itself, and requests, take Latin-1.
        fields = {
            name.encode(): value.encode("latin-1") if isinstance(value, str) else value
            for name, value in {"Accept-Encoding": ACCEPT_ENCODING, **headers}.items()
        }
        try:
            async with (
                asyncio.timeout(self._longest_seconds),
                self.client.stream(
                    "POST", address, content=message, headers=fields, follow_redirects=False
                ) as response,
            ):
                content = BoundedContent(limit, response.headers.get("Content-Encoding"))
                if response.is_stream_consumed:
                    # A transport without a connection gives its answer whole.
                    content.add(response.content)
                else:
                    async for chunk in response.aiter_raw():
                        content.add(chunk)
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            raise _connection_error(error, address) from None  # theirs holds the request
        logger.debug(
            "answer %d from %s, %d bytes",
            response.status_code,
            shown_address(address),
            len(content.octets()),
        )
        return _as_requests(response, content.octets())

    async def post_xml(
        self, address: str, envelope: etree._Element, headers: dict[str, str]
    ) -> requests.Response:
        """Send a protected envelope; what comes back is for zeep to read.

        Raises:
            TransportSecurityError: A redirect, a connection that fails, an answer over the limit.
            PayloadError: An answer without the signature of HTTP messages that is demanded.
            InboundError: An answer that would slip past verification and is refused.
        """
        envelope = await self._protected(envelope)
        call, octets = call_at_start(self._profile, address, headers), to_octets(envelope)
        try:
            with Sending(self._profile, call):
                if self._profile.plan.service.http_signature is not None:
                    headers = await asyncio.to_thread(  # a key service may be asked
                        signed_headers, self._profile, call, address, octets, headers
                    )
                response = await self.post(address, octets, headers)
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

    async def _protected(self, envelope: etree._Element) -> etree._Element:
        """Protect a request that waited for this, in a thread: a key service is asked there."""
        item = take_postponed(self._profile.owner, envelope)
        if item is None:
            return envelope
        call = await asyncio.to_thread(
            self._profile.protect_request, item.envelope, item.http_headers
        )
        calls.begin(call, item.envelope, item.http_headers)
        return item.envelope

    async def aclose(self) -> None:
        """Close both connections pools, the one for WSDL documents too."""
        self.wsdl_client.close()
        await self.client.aclose()


def _as_requests(response: httpx.Response, content: bytes) -> requests.Response:
    """Give the answer in the form that zeep reads."""
    made = requests.Response()
    made._content = content
    made.status_code = response.status_code
    made.headers.update(response.headers)
    made.encoding = response.charset_encoding
    return made


def _connection_error(error: Exception, address: str) -> TransportSecurityError:
    never_sent = isinstance(error, (httpx.ConnectError, httpx.ConnectTimeout, httpx.InvalidURL))
    said = f"{type(error).__name__}: {error}"
    return connection_failure(address, said=said, cause=error, never_sent=never_sent)
