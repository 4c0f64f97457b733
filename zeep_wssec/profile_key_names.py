"""Which key a step of a profile means by a name: one that an earlier step made, or one of the keystore."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from zeep_wssec.plan import Plan
from zeep_wssec.settings import SecurityContext, SessionKey, Step, UsernameToken
from zeep_wssec.step_order import made_name

REQUEST = "request"
"""In an answer: the session key of the request."""
REQUEST_SIGNER = "request_signer"
"""In an answer, among the recipients: whoever signed the request."""

Maker = SessionKey | UsernameToken | SecurityContext
"""Steps that make a symmetric key for later ones."""
Origin = Literal["request", "secret", "pair", "missing"]


def find_maker(name: str | None, steps: Sequence[Step]) -> Maker | None:
    """Find the step that makes the key ``name``."""
    for step in steps:
        if isinstance(step, Maker) and name is not None and made_name(step) == name:
            return step
    return None


def origin_of(name: str | None, earlier: Sequence[Step], plan: Plan) -> Maker | Origin:
    """Give where the key of a step comes from.

    Args:
        name: ``key`` of the step; ``None`` means the only key pair.
        earlier: The steps in front of it.
        plan: The profile, for its keystore.

    Returns:
        The step that makes the key; ``"request"``, ``"secret"`` or ``"pair"``; or ``"missing"``.
    """
    maker = find_maker(name, earlier)
    if maker is not None:
        return maker
    held = plan.keystore.snapshot()
    if name in held.secrets:
        return "secret"
    if name is None and len(held.keys) == 1:
        return "pair"
    if name is not None and held.alias_of(name) in held.keys:
        return "pair"
    return "request" if name == REQUEST else "missing"
