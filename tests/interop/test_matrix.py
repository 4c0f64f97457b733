"""The matrix with WSS4J: every cell is written, read, and refused with one character changed."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator

import pytest
from interop.cxf.batch import Batch
from interop.cxf.peer import PeerMissing
from interop.matrix import ALGORITHMS, AXES, DIRECTIONS, Cell, read_cells, values_of
from interop.matrix_page import PAGE, page
from interop.matrix_proof import expected, marks
from interop.matrix_run import TWINS, Keys, Refused, Sides, twin_of
from peers import miss

from zeep_wssec.xmlcrypto.algorithms import LEGACY

pytestmark = pytest.mark.interop
CELLS = read_cells()
PASSING = [cell for cell in CELLS if not cell.refused_by]
LISTED = [cell for cell in CELLS if cell.refused_by]
FEWEST = 300
"""Cells that must pass."""


@pytest.fixture(scope="session")
def sides() -> Iterator[Sides]:
    """Everybody's keys and the running peer."""
    keys = Keys()
    try:
        with Batch() as peer:
            sides = Sides(keys, peer)
            keys.give(peer, sides.name)
            yield sides
    except PeerMissing as error:
        miss(str(error))


@pytest.fixture(scope="session")
def done() -> set[str]:
    """Ids of the cells that ran and did what the table says."""
    return set()


def test_algorithms_are_axes() -> None:
    """A new algorithm is in the matrix, or the matrix fails."""
    assert {"oaep_digest", "mgf", *AXES}.issuperset(ALGORITHMS)


def test_table_is_well_formed() -> None:
    """Every cell is another one, and words are those of the tables of algorithms."""
    assert len({cell.id for cell in CELLS}) == len({cell.axes for cell in CELLS}) == len(CELLS)
    assert len(PASSING) >= FEWEST
    for cell in CELLS:
        assert cell.direction in DIRECTIONS, cell
        assert bool(cell.twin) is not bool(cell.refused_by), cell
        assert bool(cell.refused_by) == bool(cell.answered) == bool(cell.reason), cell
        for axis, values in AXES.items():
            assert set(values).issuperset(values_of(cell, axis)), f"{cell}: {axis}"
        assert set(LEGACY).issuperset(cell.legacy), cell
    assert set(TWINS) == {cell.twin for cell in PASSING}


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("axis", AXES)
def test_every_value_is_in_both_directions(axis: str, direction: str) -> None:
    """Each value of an axis passes in a cell of each direction, or a listed cell says why not."""
    there = [cell for cell in CELLS if cell.direction == direction]
    found = {value for cell in there for value in values_of(cell, axis)}

    assert [value for value in AXES[axis] if value not in found] == []


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_every_twin_is_in_both_directions(direction: str) -> None:
    """Both readers are given every kind of change."""
    found = Counter(cell.twin for cell in PASSING if cell.direction == direction)

    assert set(found) == set(TWINS)


@pytest.mark.parametrize("cell", PASSING, ids=str)
def test_cell(cell: Cell, sides: Sides, done: set[str]) -> None:
    """The reader reports what the row declares, and refuses the message with one other character."""
    message, read = sides.start(cell)

    assert read(message) == expected(cell)
    for mark in marks(cell):
        assert mark in message

    twin = twin_of(message, cell.twin)
    assert sum(a != b for a, b in zip(message, twin, strict=True)) == 1
    with pytest.raises(Refused) as refusal:
        read(twin)
    assert refusal.value.who == ("WSS4J reads" if cell.we_write else "zeep-wssec reads")
    assert refusal.value.answer
    done.add(cell.id)


@pytest.mark.parametrize("cell", LISTED, ids=str)
def test_listed_cell_is_refused(cell: Cell, sides: Sides, done: set[str]) -> None:
    """What the table lists as not supported is answered as it says; once it passes, the list is wrong."""
    with pytest.raises(Refused) as refusal:
        sides.exchange(cell)

    assert refusal.value.who == cell.refused_by
    assert cell.answered in refusal.value.answer
    done.add(cell.id)


def test_page_is_what_ran(done: set[str]) -> None:
    """The page about the matrix follows from the table; it is written only if every cell did as it says."""
    missing = len(CELLS) - len(done)
    if missing:
        miss(f"{missing} cells did not run or failed; the page is left as it is")
    text = page(CELLS)
    if os.environ.get("CI"):
        assert PAGE.read_text("utf-8") == text
    elif not PAGE.exists() or PAGE.read_text("utf-8") != text:
        PAGE.write_text(text, "utf-8")
