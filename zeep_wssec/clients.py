"""zeep's clients with a profile's transport, address and limits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from lxml import etree
from zeep import AsyncClient, Client, Plugin, Settings
from zeep.proxy import AsyncServiceProxy
from zeep.wsdl.messages import DocumentMessage

from zeep_wssec.errors import ProfileError, RequirementError
from zeep_wssec.keys.files import shown_path
from zeep_wssec.plan import Plan
from zeep_wssec.soap.envelope import Envelope
from zeep_wssec.transport.installed import require_async
from zeep_wssec.transport.sync import ProfileTransport

if TYPE_CHECKING:
    from zeep_wssec.transport.asynchronous import AsyncProfileTransport


class _HasPlan(Protocol):
    plan: Plan


class ProfileClient(Client):
    """A ``zeep.Client`` whose every request and answer goes through one profile."""

    address: str | None = None
    """Endpoint in place of the WSDL's."""

    def bind(self, service_name: str | None = None, port_name: str | None = None) -> Any:
        """Give the proxy for a port, with the client's own address if it has one."""
        return _at_address(super().bind(service_name, port_name), self.address)


class AsyncProfileClient(AsyncClient):
    """A ``zeep.AsyncClient`` whose every request and answer goes through one profile."""

    address: str | None = None
    """Endpoint in place of the WSDL's."""

    def bind(self, service_name: str | None = None, port_name: str | None = None) -> Any:
        """Give the proxy for a port, with the client's own address if it has one."""
        return _at_address(super().bind(service_name, port_name), self.address)

    def create_service(self, binding_name: str, address: str) -> AsyncServiceProxy:
        """Give an asynchronous proxy for a binding at ``address``; zeep's own gives a synchronous one."""
        proxy = super().create_service(binding_name, address)  # type: ignore[no-untyped-call]
        return AsyncServiceProxy(self, proxy._binding, address=address)  # type: ignore[no-untyped-call]


class AnswerFits(Plugin):
    """Refuses an accepted answer that is none to the operation; zeep would read it as one without content.

    Spec: WSDL 1.1, section 3.5, soap:body: in document style the part's element stands in the Body.
    """

    def ingress(
        self, envelope: etree._Element, http_headers: Any, operation: Any
    ) -> tuple[etree._Element, Any]:
        """Look at an answer behind all other plugins, as zeep will read it."""
        found, expected = Envelope.read(envelope, error=RequirementError), _expected(operation)
        first = next((str(child.tag) for child in found.body), "nothing")
        if expected is not None and found.fault is None and first != expected:
            error = RequirementError(
                f"The answer to {operation.name} must hold {expected}, but holds {first}.",
                hint="It was accepted for what it proves; it may be the answer to another operation.",
                missing=(f"{expected} in the Body",),
            )
            error.request_sent = "yes"
            raise error
        return envelope, http_headers


def _expected(operation: Any) -> str | None:
    """Give the tag of what an answer's Body holds, or ``None`` where the WSDL does not say."""
    if not isinstance(operation.output, DocumentMessage):
        return None
    name: etree.QName | None = getattr(operation.output.body, "qname", None)
    parts = operation.abstract.output_message.parts.values()
    named = [part.element.qname for part in parts if part.element is not None]
    return name.text if name is not None and name in named else None


def _plugins(given: Iterable[Plugin] | None) -> list[Plugin]:
    return [*(given or ()), AnswerFits()]


def open_client(
    profile: _HasPlan,
    wsdl: str | PathLike[str] | None,
    *,
    address: str | None,
    transport: ProfileTransport,
    **options: Any,
) -> ProfileClient:
    """Make a client; its settings become known to the transport, which checks raw answers by them."""
    _check_options(transport, ProfileTransport, "transport", options)
    settings = _settings(profile.plan, options.pop("settings", None))
    options["plugins"] = _plugins(options.get("plugins"))
    client = ProfileClient(  # type: ignore[no-untyped-call]
        _wsdl(profile.plan, wsdl), wsse=profile, transport=transport, settings=settings, **options
    )
    client.address = address or profile.plan.service.address
    _bind(transport, settings)
    return client


def open_async_client(
    profile: _HasPlan,
    wsdl: str | PathLike[str] | None,
    *,
    address: str | None,
    transport: AsyncProfileTransport,
    **options: Any,
) -> AsyncProfileClient:
    """Make an asynchronous client; see ``open_client``."""
    require_async()
    from zeep_wssec.transport.asynchronous import AsyncProfileTransport

    _check_options(transport, AsyncProfileTransport, "async_transport", options)
    settings = _settings(profile.plan, options.pop("settings", None))
    options["plugins"] = _plugins(options.get("plugins"))
    client = AsyncProfileClient(  # type: ignore[no-untyped-call]
        _wsdl(profile.plan, wsdl), wsse=profile, transport=transport, settings=settings, **options
    )
    client.address = address or profile.plan.service.address
    _bind(transport, settings)
    return client


def _check_options(transport: object, kind: type, made_by: str, options: Mapping[str, Any]) -> None:
    """Refuse what would take the profile's place.

    Raises:
        ProfileError: A ``wsse`` of zeep's, or a transport that is none of a profile.
    """
    if "wsse" in options:
        raise ProfileError(
            "A client of a profile has no other wsse.",
            hint="What it would write is a step of outbound.",
            path="wsse",
        )
    if not isinstance(transport, kind):
        raise ProfileError(
            f"The transport is of {type(transport).__name__}, which no profile has made.",
            hint=f"Give one of profile.{made_by}(…); it takes what is yours: session, proxy, cache.",
            path="transport",
        )


def _bind(transport: ProfileTransport | AsyncProfileTransport, settings: Settings) -> None:
    """Let a transport know the settings by which its client hands out answers.

    Raises:
        ProfileError: It belongs to another client: whose answers are handed out unread is not known then.
    """
    if transport.zeep_settings is not None:
        raise ProfileError(
            "The transport belongs to another client already.",
            hint="Make one for each: profile.transport(session=…) may share a session.",
            path="transport",
        )
    transport.zeep_settings = settings


def _settings(plan: Plan, given: Settings | None) -> Settings:
    """Give zeep settings that read what the limits allow; DTDs are refused, as SOAP refuses them.

    Raises:
        ProfileError: The given settings repair broken XML, so what is read is not what was signed.
    """
    if given is None:
        return Settings(forbid_dtd=True, xml_huge_tree=plan.limits.needs_huge_tree)
    if not given.strict:
        raise ProfileError(
            "zeep's strict=False repairs broken XML: what is read would not be what was signed.",
            path="settings.strict",
        )
    return given


def _wsdl(plan: Plan, given: Any) -> Any:
    wsdl = given if given is not None else plan.service.wsdl
    if wsdl is None:
        raise ProfileError(
            "No WSDL is given.", hint="Pass one, or set service.wsdl.", path="service.wsdl"
        )
    place = fspath(wsdl) if isinstance(wsdl, PathLike) else wsdl
    if isinstance(place, str) and "://" not in place and not Path(place).exists():
        raise ProfileError(
            f"{shown_path(place)}: a WSDL expected, but there is no such file.", path="service.wsdl"
        )
    return place


def _at_address(proxy: Any, address: str | None) -> Any:
    if proxy is not None and address is not None:
        proxy._binding_options["address"] = address
    return proxy
