"""The transport for ``zeep.Client``, on requests."""

from __future__ import annotations

import logging
import ssl
from typing import Any

import requests
from lxml import etree
from requests.adapters import HTTPAdapter
from zeep.transports import Transport

from zeep_wssec import calls
from zeep_wssec.errors import TransportSecurityError
from zeep_wssec.keys.secrets import without_frames
from zeep_wssec.plan import Service
from zeep_wssec.soap.envelope import to_octets
from zeep_wssec.transport.compression import ACCEPT_ENCODING, BoundedContent
from zeep_wssec.transport.deadline import pool_classes
from zeep_wssec.transport.guard import (
    CallChecker,
    call_at_start,
    check_response,
    is_raw,
    shown_address,
)

logger = logging.getLogger(__name__)
_CHUNK = 65536


class ProfileTransport(Transport):
    """Sends protected envelopes and lets no answer slip past verification.

    Never follows a redirect of a request, never reads trust or proxies from the environment, never
    logs a message. Timeouts, retries and proxies are the caller's to set on ``session``.
    """

    def __init__(
        self,
        profile: CallChecker,
        context: ssl.SSLContext,
        *,
        service: Service,
        session: requests.Session | None = None,
        cache: Any = None,
    ) -> None:
        longest, each = service.longest_answer_seconds, service.timeout_seconds
        if session is None:
            session = requests.Session()
            session.mount("http://", _TimedAdapter(longest))
        session.trust_env = False
        session.mount("https://", _ContextAdapter(longest, context))
        super().__init__(  # type: ignore[no-untyped-call]
            cache=cache, timeout=each, operation_timeout=each, session=session
        )
        self._profile = profile
        self.zeep_settings: object | None = None
        """Settings of the client that this transport is bound to; unset, every answer is checked here too."""

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
            raise connection_error(error, address) from None  # theirs holds the request
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
            InboundError: An answer that would slip past verification and is refused.
        """
        call = call_at_start(self._profile, address, headers)
        try:
            response = self.post(address, to_octets(envelope), headers)
        except TransportSecurityError as error:
            self._profile.finish(call, error)
            raise without_frames(error)  # noqa: B904  # it is the same error
        except BaseException:
            calls.end(call)  # given up, as by a cancelled task
            raise
        response.status_code = check_response(
            self._profile,
            call,
            status=response.status_code,
            headers=response.headers,
            content=response.content,
            raw=is_raw(self.zeep_settings),
        )
        return response


class _TimedAdapter(HTTPAdapter):
    """Gives each answer ``longest_seconds`` as a whole."""

    def __init__(self, longest_seconds: float) -> None:
        self._pools = pool_classes(longest_seconds)
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = self._pools

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(proxy, **kwargs)
        if not proxy.lower().startswith("socks"):
            manager.pool_classes_by_scheme = self._pools
        return manager


class _ContextAdapter(_TimedAdapter):
    """Uses one TLS context for every connection; requests would add its own CA bundle to it."""

    def __init__(self, longest_seconds: float, context: ssl.SSLContext) -> None:
        self._context = context
        super().__init__(longest_seconds)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **{**kwargs, "ssl_context": self._context})

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        return super().proxy_manager_for(proxy, **{**kwargs, "ssl_context": self._context})

    def build_connection_pool_key_attributes(
        self,
        request: requests.PreparedRequest,
        verify: Any,  # noqa: ARG002
        cert: Any = None,  # noqa: ARG002
    ) -> Any:
        host, _ = super().build_connection_pool_key_attributes(request, True, None)
        return host, {"ssl_context": self._context, "cert_reqs": "CERT_REQUIRED"}

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:  # noqa: ARG002
        conn.cert_reqs = "CERT_REQUIRED"


def _forget_request(response: requests.Response) -> None:
    """Take the request off an answer: zeep's frames hold the answer, and error tools show frames."""
    sent: requests.PreparedRequest | None = response.request
    if sent is not None:
        sent.body = None
    vars(response)["_next"] = None  # the same request, to where a redirect leads


def connection_error(error: Exception, address: str) -> TransportSecurityError:
    """Map a failure of the connection; ``request_sent`` says whether the request can have arrived."""
    text = repr(error).lower()
    never_sent = isinstance(error, requests.exceptions.ConnectTimeout) or any(
        sign in text for sign in ("newconnectionerror", "certificate verify failed", "handshake")
    )
    mapped = TransportSecurityError(
        f"The connection to {shown_address(address)} failed: {str(error)[:300]}",
        hint="Whether the request was carried out is not known." if not never_sent else "",
        cause=type(error).__name__,
    )
    mapped.request_sent = "no" if never_sent else "unknown"
    return mapped
