"""Whether the steps of a profile can give what they say, in the order in which they stand."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import get_args

from zeep_wssec.errors import LegacyAlgorithmError, ProfileError
from zeep_wssec.settings import (
    Addressing,
    BinaryToken,
    Encryption,
    SecurityContext,
    SecurityHeader,
    SessionKey,
    Signature,
    SignatureConfirmation,
    Step,
    Timestamp,
    UsernameToken,
)
from zeep_wssec.soap.namespaces import WSA, WSA_2004
from zeep_wssec.soap.parts import ADDRESSING, Part, parse_parts

_ONCE: Mapping[type, str] = {
    Addressing: "set of addressing blocks",
    Timestamp: "Timestamp",
    SignatureConfirmation: "step that confirms signatures",
}
"""Steps of which a message has one at most, in words."""
_ADDRESSING_TAGS = frozenset(f"{{{uri}}}{name}" for uri in (WSA, WSA_2004) for name in ADDRESSING)


@dataclass(eq=False)
class _Made:
    """What the steps so far have made."""

    kinds: set[type] = field(default_factory=set)
    keys: dict[str, Step] = field(default_factory=dict)


def check_steps(steps: Sequence[Step], namespaces: Mapping[str, str], path: str) -> None:
    """Refuse steps whose order cannot give what they say.

    Raises:
        ProfileError: A part or key that a later step makes, a second Timestamp, two keys of one name, no
            step at all of that kind, or CBC encryption that no later signature covers and no opt-in
            allows.
    """
    made = _Made()
    for index, step in enumerate(steps):
        where = f"{path}[{index}]"
        if not isinstance(step, get_args(Step)):
            _refuse_kind(step, where)
        kind = type(step)
        if kind in _ONCE and kind in made.kinds:
            raise ProfileError(f"A message has one {_ONCE[kind]}.", path=where)
        later = steps[index + 1 :]
        if isinstance(step, Signature | Encryption):
            parts = parse_parts(step.parts, namespaces=namespaces, path=f"{where}.parts")
            for part in parts:
                _check_part(part, steps[:index], later, where)
            _check_key(step, made.keys, later, where)
            if later and isinstance(step, Signature) and _covers_envelope(step):
                raise ProfileError(
                    "What a later step adds would break a signature over the whole envelope.",
                    hint="Make it the last step.",
                    path=f"{where}.parts",
                )
        if isinstance(step, Encryption):
            _check_cbc(step, later, where, made=step.key in made.keys)
        made.kinds.add(kind)
        _note_key(step, made.keys, where)


def check_header(steps: Sequence[Step], header: SecurityHeader, path: str) -> None:
    """Refuse a header in which the steps cannot give what they say.

    Raises:
        ProfileError: A draft's header with other steps than those that write a token or addressing
            blocks; children that are moved under a signature over the whole envelope.
    """
    if header.namespace != "1.0" and header.extend:
        raise ProfileError("A header of the draft is not added to.", path="header.extend")
    moves = bool(header.order) or header.layout in ("timestamp_first", "timestamp_last")
    for index, step in enumerate(steps):
        where = f"{path}[{index}]"
        derives = isinstance(step, UsernameToken) and step.derive_for != "none"
        fits = isinstance(step, UsernameToken | BinaryToken | Addressing) and not derives
        if header.namespace != "1.0" and not fits:
            raise ProfileError(
                f"The header of the draft {header.namespace} holds tokens only.",
                hint="Leave the step out, or header.namespace.",
                path=where,
            )
        if moves and isinstance(step, Signature) and _covers_envelope(step):
            raise ProfileError(
                "Children that are moved would break a signature over the whole envelope.",
                hint="Leave header.order and header.layout out, and order the steps.",
                path=f"{where}.parts",
            )


def _covers_envelope(step: Signature) -> bool:
    return any(text.strip().rstrip("?") == "envelope" for text in step.parts)


def _refuse_kind(step: object, where: str) -> None:
    wanted = " or ".join(kind.__name__ for kind in get_args(Step))
    if isinstance(step, type):
        found, hint = f"the class {step.__name__}", f"Write {step.__name__}(…)."
    else:
        found, hint = type(step).__name__, ""
    raise ProfileError(f"Needed is {wanted}, not {found}.", hint=hint, path=where)


def _makes_encrypted_key(step: Step) -> bool:
    return isinstance(step, SessionKey) or (
        isinstance(step, Encryption) and (step.key is None or step.wrapped)
    )


_MAKERS: Mapping[str, Callable[[Step], bool]] = {
    "timestamp": lambda step: isinstance(step, Timestamp),
    "username_token": lambda step: isinstance(step, UsernameToken),
    "signature": lambda step: isinstance(step, Signature),
    "encrypted_key": _makes_encrypted_key,
    "confirmation": lambda step: isinstance(step, SignatureConfirmation),
}
"""Which step makes a part, by the kind of the part."""


def _check_part(part: Part, earlier: Sequence[Step], later: Sequence[Step], where: str) -> None:
    if part.kind == "headers" or (part.kind == "header" and part.value in _ADDRESSING_TAGS):
        if any(isinstance(step, Addressing) for step in later):
            raise _made_later(part, where)
        return
    makes = _MAKERS.get(part.kind)
    if makes is None or any(makes(step) for step in earlier):
        return
    if any(makes(step) for step in later):
        raise _made_later(part, where)
    if not part.optional:
        raise ProfileError(
            f"No step makes the part {part.text!r}.",
            hint=f"Add one, or write {part.kind + '?'!r} if the message may go without.",
            path=f"{where}.parts",
        )


def _made_later(part: Part, where: str) -> ProfileError:
    return ProfileError(
        f"The part {part.text!r} is made by a later step.",
        hint="Put that step in front of this one.",
        path=f"{where}.parts",
    )


def made_name(step: Step) -> str | None:
    """Give the name of the key that a step makes for later ones, or ``None``."""
    if isinstance(step, UsernameToken):
        return step.name if step.derive_for != "none" else None
    return step.name if isinstance(step, SessionKey | SecurityContext) else None


def _note_key(step: Step, keys: dict[str, Step], where: str) -> None:
    name = made_name(step)
    if name is None:
        return
    if not name or name == "request" or name in keys:
        taken = "The key of the request" if name == "request" else "Another key"
        raise ProfileError(
            f"{taken} is called {name!r}." if name else "A key needs a name.",
            hint="Choose another name.",
            path=f"{where}.name",
        )
    keys[name] = step


def _check_key(
    step: Signature | Encryption, keys: Mapping[str, Step], later: Sequence[Step], where: str
) -> None:
    if step.key is None:
        if step.derived_key != "none":
            raise ProfileError(
                "A key is derived from one that both sides have, and none is named.",
                hint="Name it by key.",
                path=f"{where}.derived_key",
            )
        return
    maker = keys.get(step.key)
    if maker is None and any(made_name(item) == step.key for item in later):
        raise ProfileError(
            f"The key {step.key!r} is made by a later step.",
            hint="Put that step in front of this one.",
            path=f"{where}.key",
        )
    # The first octet of the Salt says what the key is for.
    wanted = "mac" if isinstance(step, Signature) else "encryption"
    if (
        isinstance(maker, UsernameToken)
        and step.derived_key == "none"
        and maker.derive_for != wanted
    ):
        raise ProfileError(
            f"The key {step.key!r} is derived for {maker.derive_for}.",
            hint=f'It must be made with derive_for = "{wanted}".',
            path=f"{where}.key",
        )


def _check_cbc(step: Encryption, later: Sequence[Step], where: str, *, made: bool) -> None:
    """Refuse CBC unless a later signature covers ciphertext and key; a derived key is no part to cover."""
    if step.cipher.mode != "cbc" or "cbc" in step.legacy:
        return
    needed = {"encrypted_key"} if made or _makes_encrypted_key(step) else set()
    if not _makes_encrypted_key(step):
        needed |= {part.rstrip("?") for part in step.parts}
    if step.derived_key == "none" and any(
        isinstance(item, Signature) and needed <= set(item.parts) for item in later
    ):
        return
    raise LegacyAlgorithmError(
        f'"{step.algorithm}" without a signature over ciphertext and key can be altered unseen.',
        hint='Use "aes256-gcm", sign the encrypted parts and "encrypted_key" afterwards, or add '
        'legacy = { cbc = "reason" }.',
        path=f"{where}.algorithm",
        algorithm=step.algorithm,
        opt_in="cbc",
    )
