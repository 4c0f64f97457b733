"""Which rules of the WS-I Basic Security Profile 1.1 hold, and how strictly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from types import MappingProxyType
from typing import Literal

from zeep_wssec.bsp import READ, RULES, UNCHECKED, Level
from zeep_wssec.errors import ProfileError
from zeep_wssec.forks import cached_property
from zeep_wssec.settings.checks import check_choice, frozen_table


@dataclass(frozen=True, kw_only=True)
class BasicSecurityProfile:
    """The rules of the Basic Security Profile 1.1 that messages are held to, both ways."""

    level: Literal["table", "error", "warn"] = "table"
    """``"table"``: each rule has its own level, of which the page on the Basic Security Profile has a table.
    ``"error"``: whatever breaks a rule is refused, even one that current algorithms have overtaken;
    ``"warn"``: nothing is refused, and what would be is a warning."""
    inbound: bool = True
    """Whether messages that come in are checked."""
    outbound: bool = True
    """Whether messages are checked before they are sent."""
    rules: Mapping[str, Level] = field(default_factory=dict)
    """Level of single rules: ``{ R5620 = "error", R3022 = "ignore" }``."""

    def __post_init__(self) -> None:
        check_choice("level", self.level, Literal["table", "error", "warn"])
        for name in ("inbound", "outbound"):
            if not isinstance(getattr(self, name), bool):
                raise ProfileError("Needed is true or false.", path=name)
        for rule, level in frozen_table("rules", self.rules).items():
            path = f"rules.{rule}"
            if rule not in RULES:
                raise ProfileError(f"{rule!r} is no rule: {_why(rule)}", path=path)
            check_choice(path, level, Level)
        object.__setattr__(self, "rules", MappingProxyType(dict(self.rules)))

    @cached_property
    def levels(self) -> Mapping[str, Level]:
        """The level of every rule."""
        return {rule_id: self._level(rule_id) for rule_id in RULES}

    def _level(self, rule_id: str) -> Level:
        own = RULES[rule_id].level
        if rule_id in self.rules:
            return self.rules[rule_id]
        if self.level == "warn" and own == "error":
            return "warn"
        return "error" if self.level == "error" else own


def _why(rule: str) -> str:
    if rule in READ:
        return f"it holds always. {READ[rule]}"
    if rule in UNCHECKED:
        return f"it is not checked. {UNCHECKED[rule]}"
    close = get_close_matches(rule, RULES, n=1)
    return f"did you mean {close[0]}?" if close else "a rule is named such as R3203."
