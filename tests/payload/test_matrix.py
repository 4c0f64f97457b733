"""The table of payloads is whole, and its page says what it says."""

from __future__ import annotations

import os

from payload.matrix import PAGE, page, read_cells

AT_LEAST = 150


def test_rows_are_distinct() -> None:
    """No cell is counted twice, and what is refused says why."""
    cells = read_cells()
    keys = [(cell.format, cell.peer, cell.direction, cell.case) for cell in cells]
    assert len(keys) == len(set(keys))
    assert [cell.id for cell in cells if bool(cell.reason) != (cell.outcome == "refused")] == []


def test_enough_cells_pass() -> None:
    """There are 150 cells at least, both ways."""
    cells = [cell for cell in read_cells() if cell.outcome == "passes"]
    assert len(cells) >= AT_LEAST
    assert {cell.direction for cell in cells} == {"to_peer", "from_peer"}


def test_page() -> None:
    """The page is made of the table; ZEEP_WSSEC_WRITE_PAGES=1 writes it."""
    text = page(read_cells())
    if os.environ.get("ZEEP_WSSEC_WRITE_PAGES") == "1":
        PAGE.write_text(text, "utf-8")
    assert PAGE.read_text("utf-8") == text
