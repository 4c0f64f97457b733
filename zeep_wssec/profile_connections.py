"""The connections that a profile makes: transports for zeep, and whole clients."""

from __future__ import annotations

from os import PathLike
from typing import TYPE_CHECKING, Any

from zeep_wssec.clients import AsyncProfileClient, ProfileClient, open_async_client, open_client
from zeep_wssec.profile_hook import ProfileHook
from zeep_wssec.transport.installed import require_async
from zeep_wssec.transport.sync import ProfileTransport
from zeep_wssec.transport.tls import client_context

if TYPE_CHECKING:
    import requests

    from zeep_wssec.transport.asynchronous import AsyncProfileTransport


class ProfileConnections(ProfileHook):
    """The part of ``Profile`` that connects; made by ``Profile`` alone."""

    def transport(
        self, *, session: requests.Session | None = None, cache: Any = None
    ) -> ProfileTransport:
        """Make the transport for ``zeep.Client`` that brings this profile's TLS and misses no answer.

        Args:
            session: Yours, with its proxies and retries; the profile's trust is mounted on it.
            cache: A zeep cache for WSDL documents.
        """
        self._has_transport = True
        return ProfileTransport(
            self,
            client_context(self.plan.keystore, self.plan.tls),
            service=self.plan.service,
            session=session,
            cache=cache,
        )

    def async_transport(self, *, cache: Any = None) -> AsyncProfileTransport:
        """Make the transport for ``zeep.AsyncClient``; needs the extra ``async``.

        Raises:
            ProfileError: What the extra brings is not installed.
        """
        require_async()
        from zeep_wssec.transport.asynchronous import AsyncProfileTransport

        self._has_transport = True
        return AsyncProfileTransport(
            self,
            client_context(self.plan.keystore, self.plan.tls),
            service=self.plan.service,
            cache=cache,
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
