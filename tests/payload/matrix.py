"""The matrix of payloads as it is declared: the rows of ``matrix.csv``, and the page that is made of them."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

TABLE = Path(__file__).with_name("matrix.csv")
PAGE = Path(__file__).resolve().parents[2] / "docs" / "interop-payload.md"
Direction = Literal["to_peer", "from_peer"]
HEAD = """# Interoperability of payloads

[Data outside of messages](payload.md) that one implementation protects and another reads, in both directions, with
keys made for the run. The cells are declared in `tests/payload/matrix.csv`, a row each, before anything runs; this
page is written from them.

A cell passes if the **reader** gives the content and finds the signers right, and does not give the content once a
single octet of it was changed. For OpenPGP, GnuPG is the engine as well as a peer; Bouncy Castle and Sequoia are the
independent sides. What is listed as not supported runs, too, and the run fails when it is answered
otherwise; a release of openssl after 3.0 may do more, and is then held to the same rule.

"""


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One row."""

    format: str
    peer: str
    direction: Direction
    case: str
    outcome: Literal["passes", "refused"]
    reason: str = ""
    """Why it is refused, and by whom."""

    @property
    def id(self) -> str:
        """What a test calls it."""
        return f"{self.peer} {self.direction}: {self.case}"


def read_cells(format_name: str | None = None) -> list[Cell]:
    """Every row, or those of one format."""
    with TABLE.open(newline="", encoding="utf-8") as file:
        rows = [Cell(**row) for row in csv.DictReader(file)]  # type: ignore[arg-type]
    return [cell for cell in rows if format_name in (None, cell.format)]


def words(format_name: str, peer: str, direction: Direction) -> list[tuple[str, ...]]:
    """Give the cases of one peer and direction, each as the words of its name."""
    cells = [cell for cell in read_cells(format_name) if cell.outcome == "passes"]
    return [
        tuple(cell.case.split())
        for cell in cells
        if (cell.peer, cell.direction) == (peer, direction)
    ]


def page(cells: Sequence[Cell]) -> str:
    """Give the page for cells that all did what the table says."""
    return HEAD + "".join((*_summary(cells), *_listed(cells), *_refused(cells)))


def _summary(cells: Sequence[Cell]) -> Iterator[str]:
    passing = Counter(
        (cell.format, cell.peer, cell.direction) for cell in cells if cell.outcome == "passes"
    )
    yield "| Format | Peer | to the peer | from the peer | Together |\n| --- | --- | --- | --- | --- |\n"
    for name, peer in dict.fromkeys((cell.format, cell.peer) for cell in cells):
        to, back = passing[name, peer, "to_peer"], passing[name, peer, "from_peer"]
        yield f"| {name} | {peer} | {to} | {back} | {to + back} |\n"
    total = sum(passing.values())
    to = sum(count for (_, _, way), count in passing.items() if way == "to_peer")
    yield f"| all | | {to} | {total - to} | {total} |\n"


def _listed(cells: Sequence[Cell]) -> Iterator[str]:
    for name in dict.fromkeys(cell.format for cell in cells):
        chosen = [cell for cell in cells if cell.format == name and cell.outcome == "passes"]
        yield f"\n## {name}\n\n| Case | to the peer | from the peer |\n| --- | --- | --- |\n"
        for case in dict.fromkeys(cell.case for cell in chosen):
            found = [
                ", ".join(
                    cell.peer for cell in chosen if (cell.case, cell.direction) == (case, way)
                )
                for way in ("to_peer", "from_peer")
            ]
            yield f"| {case} | {found[0] or '–'} | {found[1] or '–'} |\n"


def _refused(cells: Sequence[Cell]) -> Iterator[str]:
    yield "\n## Not supported\n\n| Format | Peer | Direction | Case | Reason |\n| --- | --- | --- | --- | --- |\n"
    for cell in cells:
        if cell.outcome == "refused":
            way = cell.direction.replace("_", " the ")
            yield f"| {cell.format} | {cell.peer} | {way} | {cell.case} | {cell.reason} |\n"
