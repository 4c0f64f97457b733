"""Everything a profile says, as one frozen whole, with the checks that need more than one setting."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple, get_args

from lxml import etree

from zeep_wssec.demands import Demands, Inbound
from zeep_wssec.errors import ProfileError
from zeep_wssec.forks import cached_property
from zeep_wssec.keys.keystore import Keystore
from zeep_wssec.payload.formats import format_of
from zeep_wssec.replay import MemoryReplayStore, ReplayStore
from zeep_wssec.replay.settings import close_store, settings_of
from zeep_wssec.settings import (
    BasicSecurityProfile,
    Encryption,
    SecurityContext,
    SecurityHeader,
    Signature,
    Step,
    UsernameToken,
)
from zeep_wssec.settings.checks import MOST_SECONDS
from zeep_wssec.settings.tls import TLS
from zeep_wssec.soap.limits import Limits
from zeep_wssec.soap.namespaces import SOAP11, SOAP12, attribute_name
from zeep_wssec.soap.parts import Part, parse_parts
from zeep_wssec.step_order import check_header, check_steps

_OWN_ATTRIBUTES = frozenset(
    f"{{{uri}}}{name}" for uri in (SOAP11, SOAP12) for name in ("actor", "role", "mustUnderstand")
)


@dataclass(frozen=True, kw_only=True)
class Service:
    """Where the service is."""

    wsdl: str | Path | None = None
    address: str | None = None
    """Endpoint, in place of the WSDL's."""
    timeout_seconds: float = 30.0
    """How long to wait at a time: for the connection, and for each next piece of a WSDL or an answer."""
    answer_seconds: float | None = None
    """How long one answer may take as a whole, however slowly it trickles in. ``None``: ten times
    ``timeout_seconds``."""
    http_signature: str | None = None
    """Payload of format ``"jws"`` by which requests are signed as HTTP messages and answers are verified;
    unset: they are not."""
    unsigned_answers: str = ""
    """Why answers without such a signature are taken; empty: they are refused."""

    def __post_init__(self) -> None:
        _check_time("timeout_seconds", self.timeout_seconds)
        if self.unsigned_answers and self.http_signature is None:
            raise ProfileError("This goes with http_signature.", path="unsigned_answers")
        if self.answer_seconds is not None:
            _check_time("answer_seconds", self.answer_seconds)

    @property
    def longest_answer_seconds(self) -> float:
        """``answer_seconds``, or what follows from ``timeout_seconds``."""
        return self.answer_seconds or 10 * self.timeout_seconds


def _check_time(name: str, value: object) -> None:
    if (
        not isinstance(value, int | float)
        or isinstance(value, bool)
        or not 0 < value <= MOST_SECONDS
    ):
        raise ProfileError(f"Needed is a time above 0 and of {MOST_SECONDS} s at most.", path=name)


@dataclass(frozen=True, kw_only=True)
class Overlay:
    """What one operation does differently; what is unset is as in the profile."""

    outbound: Sequence[Step] | None = None
    inbound: Demands | None = None

    def __post_init__(self) -> None:
        if self.outbound is not None:
            _check_kind("outbound", self.outbound, list, tuple)
            object.__setattr__(self, "outbound", tuple(self.outbound))


class _Demanded(NamedTuple):
    """What an answer must prove, with its parts read."""

    demands: Inbound
    signed: tuple[Part, ...]
    encrypted: tuple[Part, ...]
    understood: frozenset[str]
    """Tags of the header blocks that are understood."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Plan:
    """The settings of one profile; made by ``Profile`` or read from a file."""

    keystore: Keystore
    outbound: Sequence[Step] = ()
    inbound: Demands | None = None
    """Unset: what the request itself was protected with decides what its answer must prove."""
    operations: Mapping[str, Overlay] = field(default_factory=dict)
    """Overlays by SOAP action, WS-Addressing action, or name of the Body's child."""
    header: SecurityHeader = field(default_factory=SecurityHeader)
    namespaces: Mapping[str, str] = field(default_factory=dict)
    limits: Limits = field(default_factory=Limits)
    service: Service = field(default_factory=Service)
    tls: TLS | None = None
    bsp: BasicSecurityProfile | None = None
    """Unset: of its rules those hold that every message is read by."""
    replay: ReplayStore = field(default_factory=MemoryReplayStore)
    """Where accepted messages are remembered; unset: in memory, for this profile alone."""
    payload: Mapping[str, object] = field(default_factory=dict)
    """How data outside of messages is protected: settings of a payload format, by a name of your own."""

    def __post_init__(self) -> None:
        if not isinstance(self.keystore, Keystore):
            raise ProfileError(f"{self.keystore!r} is not a Keystore.", path="keystore")
        self._check_kinds()
        object.__setattr__(self, "outbound", tuple(self.outbound))
        object.__setattr__(self, "operations", MappingProxyType(dict(self.operations)))
        object.__setattr__(self, "namespaces", MappingProxyType(dict(self.namespaces)))
        object.__setattr__(self, "payload", MappingProxyType(dict(self.payload)))
        _check_attributes(self.header, self.namespaces)
        listed = {
            f"operation[{name!r}].outbound": overlay.outbound or ()
            for name, overlay in self.operations.items()
        }
        for path, steps in {"outbound": self.outbound, **listed}.items():
            check_steps(steps, self.namespaces, path)
            check_header(steps, self.header, path)
        _ = self.parts, self._understood, self.signing_names
        for demands in (self.inbound, *(item.inbound for item in self.operations.values())):
            if isinstance(demands, Inbound):
                self.demanded_parts(demands)

    def _check_kinds(self) -> None:
        """Refuse settings of another kind: most are a class given for an instance, or a dict for either."""
        kinds = {"header": SecurityHeader, "limits": Limits, "service": Service}
        for name, kind in kinds.items():
            _check_kind(name, getattr(self, name), kind)
        if self.tls is not None:
            _check_kind("tls", self.tls, TLS)
        if self.bsp is not None:
            _check_kind("bsp", self.bsp, BasicSecurityProfile)
        _check_kind("replay", self.replay, ReplayStore)
        _check_demands("inbound", self.inbound)
        _check_kind("outbound", self.outbound, list, tuple)
        _check_kind("namespaces", self.namespaces, Mapping)
        _check_kind("operations", self.operations, Mapping)
        _check_kind("payload", self.payload, Mapping)
        for name, settings in self.payload.items():
            _check_payload(name, settings)
        _check_http_signature(self.service.http_signature, self.payload)
        for name, overlay in self.operations.items():
            _check_kind(f"operation[{name!r}]", overlay, Overlay)
            _check_demands(f"operation[{name!r}].inbound", overlay.inbound)

    @cached_property
    def parts(self) -> Mapping[int, tuple[Part, ...]]:
        """The parts of every signature and encryption step, by ``id`` of the step."""
        steps = [*self.outbound]
        for overlay in self.operations.values():
            steps.extend(overlay.outbound or ())
        return {
            id(step): parse_parts(step.parts, namespaces=self.namespaces)
            for step in steps
            if isinstance(step, Signature | Encryption)
        }

    @cached_property
    def _understood(self) -> frozenset[str]:
        texts = [f"header:{name}" for name in self.header.understood]
        parts = parse_parts(texts, namespaces=self.namespaces, path="header.understood")
        return frozenset(part.value for part in parts)

    def understood(self, demands: Demands | None) -> frozenset[str]:
        """Give the tags of header blocks that are understood: stated ones, and those of ``demands``."""
        return (
            self._demanded(demands).understood if isinstance(demands, Inbound) else self._understood
        )

    @cached_property
    def signing_names(self) -> frozenset[str]:
        """The names of the secrets and users that the steps sign with."""
        names: set[str] = set()
        for steps in (self.outbound, *(item.outbound or () for item in self.operations.values())):
            for step in steps:
                if isinstance(step, Signature | SecurityContext) and step.key is not None:
                    names.add(step.key)
                elif isinstance(step, UsernameToken) and step.derive_for != "none":
                    names.add(step.username)
        return frozenset(names)

    def demanded_parts(self, demands: Inbound) -> tuple[tuple[Part, ...], tuple[Part, ...]]:
        """Give the parts that must be signed and those that must be encrypted."""
        found = self._demanded(demands)
        return found.signed, found.encrypted

    def _demanded(self, demands: Inbound) -> _Demanded:
        """Give the parts of ``demands``, read once: those of a plan, or derived from a request, are few."""
        known = self._demanded_before.get(id(demands))
        if known is None or known.demands is not demands:
            known = self._demanded_before[id(demands)] = self._read_demanded(demands)
        return known

    @cached_property
    def _demanded_before(self) -> dict[int, _Demanded]:
        return {}

    def _read_demanded(self, demands: Inbound) -> _Demanded:
        signed = parse_parts(demands.signed, namespaces=self.namespaces, path="inbound.signed")
        if any(part.kind == "signature" for part in signed):
            raise ProfileError(
                "A signature cannot be demanded to cover the signatures: none covers itself.",
                path="inbound.signed",
            )
        encrypted = parse_parts(
            demands.encrypted, namespaces=self.namespaces, path="inbound.encrypted"
        )
        headers = {part.value for part in (*signed, *encrypted) if part.kind == "header"}
        return _Demanded(demands, signed, encrypted, self._understood | headers)

    def for_operation(self, names: Sequence[str]) -> tuple[Sequence[Step], Demands | None]:
        """Give steps and demands for the first of ``names`` that has an overlay."""
        if not self.operations:
            return self.outbound, self.inbound
        for name in names:
            overlay = self.operations.get(name)
            if overlay is not None:
                outbound = self.outbound if overlay.outbound is None else overlay.outbound
                return outbound, overlay.inbound or self.inbound
        return self.outbound, self.inbound

    def continuing(self, before: Plan) -> Plan:
        """Give this plan with what ``before`` has learnt: messages it took, and revocation it fetched.

        A replay store of other settings starts anew.
        """
        keystore = self.keystore.with_fetched_of(before.keystore)
        settings = settings_of(self.replay)
        if settings is None or settings != settings_of(before.replay):
            return replace(self, keystore=keystore)
        close_store(self.replay)
        return replace(self, keystore=keystore, replay=before.replay)

    def path_of_steps(self, steps: Sequence[Step]) -> str:
        """Give the path of ``outbound``, or of the overlay whose steps these are."""
        for name, overlay in self.operations.items():
            if overlay.outbound is steps:
                return f"operation[{name!r}].outbound"
        return "outbound"


def _check_demands(path: str, value: object) -> None:
    if value is not None:
        _check_kind(path, value, *get_args(Demands))


def _check_payload(name: str, settings: object) -> None:
    if format_of(settings) is None:
        raise ProfileError(
            f"Needed are the settings of a payload format, not {type(settings).__name__}.",
            hint="Write CmsSettings(…) or those of another format.",
            path=f"payload.{name}",
        )


def _check_http_signature(name: str | None, payload: Mapping[str, object]) -> None:
    if name is not None and format_of(payload.get(name)) != "jws":
        raise ProfileError(
            f"There is no payload {name!r} of the format jws.",
            hint=f'Add [payload.{name}] with format = "jws".',
            path="service.http_signature",
        )


def _check_kind(path: str, value: object, *kinds: type) -> None:
    if isinstance(value, kinds):
        return
    wanted = " or ".join(kind.__name__ for kind in kinds)
    if isinstance(value, type):
        found, hint = f"the class {value.__name__}", f"Write {value.__name__}(…)."
    else:
        found, hint = type(value).__name__, ""
    raise ProfileError(f"Needed is {wanted}, not {found}.", hint=hint, path=path)


def _check_attributes(header: SecurityHeader, namespaces: Mapping[str, str]) -> None:
    """Refuse attributes whose prefix nobody declares, or that another setting writes."""
    probe = etree.Element("probe")
    for name, value in header.attributes.items():
        path = f"header.attributes[{name!r}]"
        try:
            resolved = attribute_name(name, namespaces)
            probe.set(resolved, value)
        except KeyError:
            raise ProfileError(
                f"The prefix of {name!r} is not declared.",
                hint="Declare it under namespaces, or write {ns}name.",
                path=path,
            ) from None
        except ValueError:
            raise ProfileError("XML cannot carry this name or value.", path=path) from None
        if resolved in _OWN_ATTRIBUTES:
            raise ProfileError(
                "This attribute has a setting of its own.",
                hint="Use header.actor or header.must_understand.",
                path=path,
            )
