"""The connections that a profile makes: sessions, transports for zeep, and whole clients."""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from typing import TYPE_CHECKING, Any

from zeep_wssec.arguments import moment
from zeep_wssec.clients import AsyncProfileClient, ProfileClient, open_async_client, open_client
from zeep_wssec.profile_hook import ProfileHook
from zeep_wssec.transport.installed import require_async
from zeep_wssec.transport.requests_session import make_session
from zeep_wssec.transport.sync import ProfileTransport
from zeep_wssec.transport.tls import ContextSource

if TYPE_CHECKING:
    import httpx
    import requests

    from zeep_wssec.keys.keystore import Keystore
    from zeep_wssec.payload.results import PayloadResult
    from zeep_wssec.settings.tls import TLS
    from zeep_wssec.transport.asynchronous import AsyncProfileTransport
    from zeep_wssec.transport.http_signing.messages import HttpSigning


class ProfileConnections(ProfileHook):
    """The part of ``Profile`` that connects; made by ``Profile`` alone."""

    def session(self, *, retries: Any = 0) -> requests.Session:
        """Make a ``requests.Session`` with this profile's TLS, for calls that are no SOAP.

        It shows the client certificate to whoever asks, checks name, chain and pins of the server, follows
        redirects on the same server only, and raises our errors for what TLS refuses. ``verify``, ``cert``
        and variables of the environment do not count. Proxies are yours to set.

        Args:
            retries: How often a connection is tried again, or an ``urllib3.Retry``.
        """
        timeout = self.plan.service.timeout_seconds
        return make_session(self._tls(), timeout_seconds=timeout, retries=retries)

    def httpx_session(self, **options: Any) -> httpx.Client:
        """Make an ``httpx.Client`` with this profile's TLS; see ``session``.

        Args:
            **options: Of ``httpx.Client``; ``retries`` and ``proxy`` as well.
        """
        require_async()
        from zeep_wssec.transport.httpx_client import make_client

        timeout = self.plan.service.timeout_seconds
        return make_client(self._tls(), timeout_seconds=timeout, **options)

    def async_session(self, **options: Any) -> httpx.AsyncClient:
        """Make an ``httpx.AsyncClient`` with this profile's TLS; see ``httpx_session``."""
        require_async()
        from zeep_wssec.transport.httpx_client import make_async_client

        timeout = self.plan.service.timeout_seconds
        return make_async_client(self._tls(), timeout_seconds=timeout, **options)

    def transport(
        self, *, session: requests.Session | None = None, cache: Any = None
    ) -> ProfileTransport:
        """Make the transport for ``zeep.Client`` that brings this profile's TLS and misses no answer.

        Args:
            session: Yours, with its proxies and retries; the profile's trust is put into it.
            cache: A zeep cache for WSDL documents.

        Raises:
            ProfileError: The session has an adapter with a TLS of its own.
        """
        source = self._tls()
        self._has_transport = True
        return ProfileTransport(
            self,
            source,
            service=self.plan.service,
            session=session,
            cache=cache,
        )

    def async_transport(self, *, cache: Any = None, **connection: Any) -> AsyncProfileTransport:
        """Make the transport for ``zeep.AsyncClient``; needs the extra ``async``.

        Args:
            cache: A zeep cache for WSDL documents.
            **connection: ``retries``, ``proxy`` and ``limits``, as for ``async_session``.

        Raises:
            ProfileError: What the extra brings is not installed.
        """
        require_async()
        from zeep_wssec.transport.asynchronous import AsyncProfileTransport

        source = self._tls()
        self._has_transport = self._has_async_transport = True
        return AsyncProfileTransport(
            self,
            source,
            service=self.plan.service,
            cache=cache,
            **connection,
        )

    def client(
        self, wsdl: str | PathLike[str] | None = None, *, address: str | None = None, **options: Any
    ) -> ProfileClient:
        """Make a ``zeep.Client`` with this profile and its transport.

        Args:
            wsdl: Path or URL; unset: the profile's ``service.wsdl``.
            address: Endpoint in place of the WSDL's; unset: the profile's ``service.address``.
            **options: For ``zeep.Client``: ``plugins``, ``settings``, ``service_name``, ``port_name``,
                ``transport`` (one of ``profile.transport()``).
        """
        transport = options.pop("transport", None) or self.transport()
        return open_client(self, wsdl, address=address, transport=transport, **options)

    def async_client(
        self, wsdl: str | PathLike[str] | None = None, *, address: str | None = None, **options: Any
    ) -> AsyncProfileClient:
        """Make a ``zeep.AsyncClient`` with this profile and its transport; see ``client``."""
        transport = options.pop("transport", None) or self.async_transport()
        return open_async_client(self, wsdl, address=address, transport=transport, **options)

    # What the transports ask.

    def http_signature(self, address: str, message: bytes) -> dict[str, str]:
        """Give the header that signs a request as an HTTP message; empty where none is asked for."""
        signing = self._http_signing()
        if signing is None:
            return {}
        return signing.request_header("POST", address, message, now=moment(None, self._clock))

    def check_http_signature(
        self, status: int, headers: Mapping[str, str], content: bytes
    ) -> PayloadResult | None:
        """Verify the signature of an answer as an HTTP message, where one is asked for."""
        signing = self._http_signing()
        if signing is None:
            return None
        return signing.check_answer(status, headers, content, now=moment(None, self._clock))

    def _http_signing(self) -> HttpSigning | None:
        plan = self.plan
        service = plan.service
        if service.http_signature is None:
            return None
        from zeep_wssec.transport.http_signing.messages import HttpSigning

        jws = self._format(plan, service.http_signature)
        return HttpSigning(jws, unverified_answers=service.unsigned_answers)

    def _tls(self) -> ContextSource:
        def settings() -> tuple[Keystore, TLS | None]:
            plan = self.plan
            return plan.keystore, plan.tls

        return ContextSource(settings, clock=lambda: moment(None, self._clock))
