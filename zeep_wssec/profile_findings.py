"""One finding about a profile: how bad, where, and what to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning", "note"]


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing to know about a profile."""

    severity: Severity
    """``"error"``: it fails, now; ``"warning"``: it is weaker than it could be, or fails soon; ``"note"``:
    worth a look."""
    path: str
    """Where in a profile file: ``outbound[1].legacy.sha1``."""
    text: str
    """What it is and what to do."""

    def __str__(self) -> str:
        return f"{self.severity}: {self.path}: {self.text}"


def error(path: str, text: str) -> Finding:
    """Give a finding of something that fails."""
    return Finding(severity="error", path=path, text=text)


def warning(path: str, text: str) -> Finding:
    """Give a finding of something weak."""
    return Finding(severity="warning", path=path, text=text)


def note(path: str, text: str) -> Finding:
    """Give a finding that is worth a look."""
    return Finding(severity="note", path=path, text=text)
