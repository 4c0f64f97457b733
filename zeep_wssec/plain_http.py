"""What must not go over plain HTTP: whoever is on the way reads the request, and may write the answer."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from typing import NamedTuple

from zeep_wssec.demands import Demands, OverTLS
from zeep_wssec.settings import BinaryToken, Step, UsernameToken
from zeep_wssec.settings.tls import TLS


class HeldBack(NamedTuple):
    """Why a request needs TLS, and what to do about it."""

    why: str
    """Goes on with the host that is addressed so."""
    hint: str


def needs_tls(
    steps: Iterable[Step], *, tls: TLS | None, demands: Demands | None
) -> HeldBack | None:
    """Tell why a request must not be sent over plain HTTP; ``None`` for one that may."""
    if any(_is_readable_secret(step) for step in steps):
        return HeldBack(
            "A password or ticket in readable form would go over plain HTTP to",
            'Use an https address; for a password, password_type = "digest" will do.',
        )
    if tls is not None:
        return HeldBack(
            "The profile states TLS settings, but plain HTTP leads to",
            "Use an https address, or leave the settings out.",
        )
    if isinstance(demands, OverTLS):
        return HeldBack(
            "TLS is stated as the proof of answers, but plain HTTP leads to",
            "Use an https address, or state inbound = Inbound(…).",
        )
    return None


def is_loopback(host: str) -> bool:
    """Whether a host is this machine, so that nothing of what is sent leaves it."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _is_readable_secret(step: Step) -> bool:
    return isinstance(step, BinaryToken) or (
        isinstance(step, UsernameToken) and step.password_type == "text"
    )
