"""WS-I Basic Security Profile 1.1: its rules as one table, and what breaks them in a message."""

from __future__ import annotations

from zeep_wssec.bsp.rule import Family, Level, Rule, Violation
from zeep_wssec.bsp.table import READ, RULES, UNCHECKED, violations
from zeep_wssec.bsp.view import View

__all__ = [
    "READ",
    "RULES",
    "UNCHECKED",
    "Family",
    "Level",
    "Rule",
    "View",
    "Violation",
    "violations",
]
