"""The rows of the table, and how they are printed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class Row:
    """Ours beside one other figure."""

    case: str
    ours: float | None
    against: str
    """What the other figure is."""
    other: float | None
    ratio: float | None
    """Ours ÷ floor for a floor, peer ÷ ours for a peer; ``None``: not measured."""
    unit: str = "ms"
    bound: Literal["≤", "≥", ""] = ""
    bar: float | None = None
    """What design asks of the ratio; ``None``: nothing, the row informs."""
    noise: float | None = None
    """How far the floor measured against itself was from 1 in this case; ``None``: no such control."""

    @property
    def verdict(self) -> str:
        """``met``, ``not met``, ``too close``, ``not measured``, or empty where there is no bar."""
        if self.ratio is None:
            return "not measured"
        if self.bar is None:
            return ""
        if abs(self.ratio / self.bar - 1) <= (self.noise or 0):
            return "too close"
        met = self.ratio <= self.bar if self.bound == "≤" else self.ratio >= self.bar
        return "met" if met else "not met"


def not_measured(case: str, ours: float, peer: str, *, at_least: float) -> Row:
    """Make a row for a bar whose other side cannot be had here."""
    return Row(case=case, ours=ours, against=peer, other=None, ratio=None, bound="≥", bar=at_least)


_TITLES = ("case", "ours", "against", "that", "ratio", "noise", "bar", "")


def lines(rows: Sequence[Row]) -> Iterator[str]:
    """Give the table as lines of text."""
    cells = [_TITLES, *(_cells(row, rows[at - 1] if at else None) for at, row in enumerate(rows))]
    widths = [max(len(line[column]) for line in cells) for column in range(len(_TITLES))]
    for line in cells:
        aligned = (
            text.ljust(width) if column in (0, 2, 7) else text.rjust(width)
            for column, (text, width) in enumerate(zip(line, widths, strict=True))
        )
        yield "  ".join(aligned).rstrip()


def _cells(row: Row, above: Row | None) -> tuple[str, ...]:
    same = above is not None and above.case == row.case
    return (
        "" if same else row.case,
        _figure(row.ours, row.unit),
        row.against,
        _figure(row.other, row.unit),
        "" if row.ratio is None else f"{row.ratio:.2f}",
        "" if row.noise is None else f"±{row.noise:.2f}",
        "" if row.bar is None else f"{row.bound} {row.bar:g}",
        row.verdict,
    )


def _figure(value: float | None, unit: str) -> str:
    if value is None:
        return ""
    digits = 3 if value < 10 else 1
    return f"{value:.{digits}f} {unit}"
