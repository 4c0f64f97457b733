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

    @property
    def verdict(self) -> str:
        """``met``, ``not met``, ``not measured``, or empty where there is no bar."""
        if self.ratio is None:
            return "not measured"
        if self.bar is None:
            return ""
        met = self.ratio <= self.bar if self.bound == "≤" else self.ratio >= self.bar
        return "met" if met else "not met"


def against_floor(
    case: str, ours: float, floor: str, other: float, *, at_most: float | None = None
) -> Row:
    """Make a row whose ratio says how many times the floor we take."""
    bound: Literal["≤", ""] = "≤" if at_most is not None else ""
    return Row(
        case=case,
        ours=ours,
        against=floor,
        other=other,
        ratio=ours / other,
        bound=bound,
        bar=at_most,
    )


def against_peer(
    case: str, ours: float, peer: str, other: float, *, at_least: float | None = None
) -> Row:
    """Make a row whose ratio says how many times our time the peer takes."""
    bound: Literal["≥", ""] = "≥" if at_least is not None else ""
    return Row(
        case=case,
        ours=ours,
        against=peer,
        other=other,
        ratio=other / ours,
        bound=bound,
        bar=at_least,
    )


def not_measured(case: str, ours: float, peer: str, *, at_least: float) -> Row:
    """Make a row for a bar whose other side cannot be had here."""
    return Row(case=case, ours=ours, against=peer, other=None, ratio=None, bound="≥", bar=at_least)


_TITLES = ("case", "ours", "against", "that", "ratio", "bar", "")


def lines(rows: Sequence[Row]) -> Iterator[str]:
    """Give the table as lines of text."""
    cells = [_TITLES, *(_cells(row, rows[at - 1] if at else None) for at, row in enumerate(rows))]
    widths = [max(len(line[column]) for line in cells) for column in range(len(_TITLES))]
    for line in cells:
        aligned = (
            text.ljust(width) if column in (0, 2, 6) else text.rjust(width)
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
        "" if row.bar is None else f"{row.bound} {row.bar:g}",
        row.verdict,
    )


def _figure(value: float | None, unit: str) -> str:
    if value is None:
        return ""
    digits = 3 if value < 10 else 1
    return f"{value:.{digits}f} {unit}"
