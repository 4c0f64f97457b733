"""Profile: the one object that zeep is given, and the facade over everything below it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from os import PathLike
from pathlib import Path
from typing import Any

from zeep_wssec import outbound
from zeep_wssec.arguments import (
    Message,
    Request,
    profile_path,
    read_answered,
    read_envelope,
    read_reply,
    read_request,
)
from zeep_wssec.demands import Demands
from zeep_wssec.errors import ProfileError
from zeep_wssec.exchange import Received
from zeep_wssec.keys.keystore import Keystore
from zeep_wssec.keys.secrets import hides_frames
from zeep_wssec.plan import Overlay, Plan, Service
from zeep_wssec.profile_connections import ProfileConnections
from zeep_wssec.replay import MemoryReplayStore, ReplayStore
from zeep_wssec.replay.settings import close_store
from zeep_wssec.results import Checked, Secured
from zeep_wssec.settings import BasicSecurityProfile, SecurityHeader, Step
from zeep_wssec.settings.tls import TLS
from zeep_wssec.soap.limits import Limits


class Profile(ProfileConnections):
    """Everything that one partner's service demands, as one object for zeep, scripts and servers.

    Pass it to ``zeep.Client`` or ``AsyncClient`` as ``wsse=``, or let ``client()`` make one, whose
    transport sees empty and raw answers, too. One profile serves any number of threads and tasks.
    """

    def __init__(
        self,
        *,
        keystore: Keystore,
        outbound: Sequence[Step] = (),
        inbound: Demands | None = None,
        operations: Mapping[str, Overlay] | None = None,
        header: SecurityHeader | None = None,
        namespaces: Mapping[str, str] | None = None,
        limits: Limits | None = None,
        service: Service | None = None,
        tls: TLS | None = None,
        bsp: BasicSecurityProfile | None = None,
        replay: ReplayStore | None = None,
        payload: Mapping[str, object] | None = None,
        clock: Callable[[], datetime] | None = None,
    ) -> None:
        """Make a profile from settings.

        Args:
            keystore: Our key pairs, our partners and what is trusted.
            outbound: Steps that protect a request, in this order.
            inbound: What answers must prove; unset, the request decides.
            operations: Overlays by SOAP action, addressing action or name of the Body's child.
            header, namespaces, limits, service, tls, bsp: The security header, prefixes, bounds and so on.
            replay, clock: Remembers accepted messages, in memory if unset; gives the aware present time.
            payload: Settings of payload formats, by names of your own; see ``payload()``.

        Raises:
            ProfileError: The settings do not fit together.
        """
        self.plan = Plan(
            keystore=keystore,
            outbound=outbound,
            inbound=inbound,
            operations=operations or {},
            header=header or SecurityHeader(),
            namespaces=namespaces or {},
            limits=limits or Limits(),
            service=service or Service(),
            tls=tls,
            bsp=bsp,
            replay=MemoryReplayStore(clock=clock) if replay is None else replay,
            payload=payload or {},
        )
        self._start(clock=clock, path=None)

    @classmethod
    def from_plan(cls, plan: Plan, *, path: Path | None = None) -> Profile:
        """Make a profile from a plan that is already whole."""
        profile = cls.__new__(cls)
        profile.plan = plan
        profile._start(clock=None, path=path)
        return profile

    @classmethod
    def load(cls, path: str | PathLike[str]) -> Profile:
        """Load a profile from a TOML file; see the page on profile files for its keys.

        Raises:
            ProfileError: A key that is unknown or wrong, with its path in the file.
            KeyMaterialError: A key or certificate that it names cannot be used.
        """
        # Imported here, since a profile made in Python needs no TOML.
        from zeep_wssec.profile_file import load_plan

        resolved = profile_path(path).resolve()
        return cls.from_plan(load_plan(resolved), path=resolved)

    def reload(self) -> None:
        """Read the profile file and every file that it names again, now; for one in memory, its keystore.

        What was remembered of messages and fetched about revocation stays. A message under way goes on with
        the keys that it began with; on failure everything is as before. Connections that are open stay open.

        Raises:
            ProfileError: The file is wrong; or the profile is in memory, and its keystore has no file to read
                again (``cache_seconds``, ``watch``).
            KeyMaterialError: A key or certificate cannot be used.
        """
        if self.path is None:
            if not self.plan.keystore.reload():
                raise ProfileError(
                    "The profile and its keys are in memory; there is no file to read again.",
                    hint="Load the keystore with watch=True or cache_seconds, or the profile from a file.",
                )
            return
        from zeep_wssec.profile_file import load_plan

        begun = next(self._reloads)
        plan = load_plan(self.path)
        with self._reloading:
            # Of two at once the one that began to read later counts, whichever ends first.
            if begun < self._reloaded:
                close_store(plan.replay)
                return
            self._reloaded, self.plan = begun, plan.continuing(self.plan)

    # Without zeep.

    @hides_frames
    def secure(
        self,
        envelope: Message,
        *,
        operation: str | None = None,
        answers: Checked | Received | None = None,
        now: datetime | None = None,
    ) -> Secured:
        """Protect one message.

        Args:
            envelope: Bytes, or an Envelope element, which is changed in place; on failure it is as before.
            operation: Name of the operation, for its overlay.
            answers: The request that this message answers, as ``check`` gave it.
            now: Aware time, instead of the clock.

        Raises:
            OutboundError: It is no message, or the message cannot be protected as the profile asks.
            KeyMaterialError: A key or certificate is missing or not fit.
        """
        received = read_answered(answers)
        root, now = read_envelope(envelope, self.plan.limits), self._moment(now)
        exchange = outbound.protect(root, self.plan, now=now, operation=operation, answers=received)
        return Secured(envelope=root, exchange=exchange)

    @hides_frames
    def check(
        self,
        reply: Message,
        *,
        request: Request | None = None,
        operation: str | None = None,
        now: datetime | None = None,
        replay: ReplayStore | None = None,
    ) -> Checked:
        """Check and decrypt one message.

        Args:
            reply: Bytes, or an Envelope element, which is decrypted in place.
            request: What ``secure`` gave for the request, or the request itself as it was sent; without
                it ``inbound`` must be stated.
            operation: Name of the operation, for its overlay, besides those that the request tells.
            now: Aware time, instead of the clock.
            replay: Remembers it in place of the profile's store: a new ``MemoryReplayStore()`` for a message
                that is looked at again.

        Returns:
            The message in plain text, with what it proved.

        Raises:
            InboundError: The message is refused; nothing of it may be used.
            ProfileError: What the message must prove is not stated, or an argument is not what it must be.
        """
        root = read_reply(reply, self.plan.limits)
        sent = read_request(request, actor=self.plan.header.actor)
        return self._check(root, sent, now, operation=operation, replay=replay)

    def __repr__(self) -> str:
        plan, path = vars(self).get("plan"), vars(self).get("path")  # it may not be whole yet
        steps = ", ".join(type(step).__name__ for step in plan.outbound) if plan else ""
        return f"<Profile {path.name if path else 'in memory'}: {steps or 'no steps'}>"

    def __reduce__(self) -> tuple[Any, ...]:
        if self.path is None:
            raise ProfileError(
                "A profile made in memory is not pickled: its private keys would leave the process.",
                hint="Save it as a profile file; one from a file pickles as its path.",
            )
        return (Profile.load, (str(self.path),))
