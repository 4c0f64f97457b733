"""What a rule is: its sentence, how serious it is, and how a breach of it is found."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import KW_ONLY, dataclass
from typing import Literal

from lxml import etree

from zeep_wssec.bsp.view import View
from zeep_wssec.soap.namespaces import readable_name

Level = Literal["error", "warn", "ignore"]
"""What a breach is: a reason to refuse the message, a warning, or nothing."""
Family = Literal[
    "timestamps",
    "token references",
    "signatures",
    "encryption",
    "binary tokens",
    "user names",
    "X.509 tokens",
    "SAML tokens",
    "Kerberos tokens",
]
Check = Callable[[View], Iterable[etree._Element]]
"""Gives each element that breaks the rule."""


@dataclass(frozen=True, eq=False)
class Rule:
    """One requirement of the Basic Security Profile 1.1."""

    id: str
    """Its number there: ``R3203``."""
    text: str
    """What must hold, as one sentence."""
    check: Check
    _: KW_ONLY
    family: Family
    level: Level = "error"
    """Where nobody says otherwise: ``"error"`` for MUST, ``"warn"`` for SHOULD."""
    always: bool = False
    """Whether the readers refuse a message that breaks it, whatever the profile says."""
    reason: str = ""
    """Why it is ignored where nobody says otherwise."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Violation:
    """One element that breaks one rule."""

    rule: Rule
    node: etree._Element

    def __str__(self) -> str:
        """Name the element and the rule; nothing of the content, which may have come encrypted."""
        return f"{_place(self.node)} breaks {self.rule.id}: {self.rule.text}"


def _place(node: etree._Element) -> str:
    parent = node.getparent()
    name = readable_name(node.tag)
    own = parent is not None and ":" in readable_name(parent.tag).partition("{")[0]
    return f"{name} in {readable_name(parent.tag)}" if own and parent is not None else name
