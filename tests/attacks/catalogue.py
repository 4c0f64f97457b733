"""Reads the catalogue of attacks, and the tables of a page that say what stands against each."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
PAGE = TESTS.parent / "docs" / "security.md"
CATALOGUE = Path(__file__).with_name("catalogue.toml")
GUARDED = ("Id", "Attack", "Guard", "Refused", "Accepted")
LEFT_OUT = ("Id", "Attack", "Why")
PAYLOAD = "payload"
"""The reason of what the table of payload protection speaks about."""
_ROW = re.compile(r"^\| *([A-Z0-9]+-\d\d\b[^|]*)\|(.*)\|$")
_TEST = re.compile(r"`([\w/]+\.py)::(\w+)`")


@dataclass(frozen=True, kw_only=True)
class Attack:
    """One line of the catalogue."""

    section: str
    what: str
    applies: bool
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One row of a table: its cells by the heading of their column."""

    section: str
    ids: tuple[str, ...]
    cells: dict[str, str]

    def tests(self, column: str) -> list[tuple[str, str]]:
        """Path and name of each test in a cell."""
        return _TEST.findall(self.cells.get(column, ""))


def read_catalogue(text: str) -> dict[str, Attack]:
    """Every attack by its id."""
    return {
        key: Attack(section=section, **line)
        for section, lines in tomllib.loads(text).items()
        for key, line in lines.items()
    }


def read_rows(page: str) -> Iterator[Row]:
    """Every row that begins with an id, under the heading of its section."""
    section, columns = "", ()
    for text in page.splitlines():
        if text.startswith("#"):
            section = text.lstrip("# ")
        elif text.startswith("| Id |"):
            columns = tuple(cell.strip() for cell in text.strip("|").split("|"))
        elif _ROW.match(text):
            cells = [cell.strip() for cell in text.strip("|").split("|")]
            ids = tuple(key.strip() for key in cells[0].split(","))
            yield Row(section=section, ids=ids, cells=dict(zip(columns, cells, strict=True)))


def faults(page: str, catalogue: dict[str, Attack]) -> list[str]:
    """Say what is wrong with a page: an attack without its row, a row without its tests."""
    found: list[str] = []
    seen: set[str] = set()
    for row in read_rows(page):
        for key in row.ids:
            found += [f"{key} is unknown"] if key not in catalogue else []
            found += [f"{key} stands there twice"] if key in seen else []
            seen.add(key)
        found += _faults_of(row, [catalogue[key] for key in row.ids if key in catalogue])
    for key, attack in catalogue.items():
        if (attack.applies or attack.reason != PAYLOAD) and key not in seen:
            found.append(f"{key} has no row")
    return found


def _faults_of(row: Row, attacks: list[Attack]) -> Iterator[str]:
    name = ", ".join(row.ids)
    if any(attack.applies and attack.section != row.section for attack in attacks):
        yield f"{name} stands under {row.section!r}"
    columns = GUARDED if all(attack.applies for attack in attacks) else LEFT_OUT
    if tuple(row.cells) != columns:
        yield f"{name} stands in a table with other columns"
        return
    yield from (f"{name} has nothing under {column}" for column in columns if not row.cells[column])
    for column in ("Refused", "Accepted") if columns is GUARDED else ():
        if not row.tests(column):
            yield f"{name} names no test under {column}"
        for path, test in row.tests(column):
            if test not in tests_in(path):
                yield f"{name} names {path}::{test}, which there is not"


@cache
def tests_in(path: str) -> frozenset[str]:
    """Names of the test functions in a file below ``tests/``."""
    file = TESTS / path
    if not file.is_file():
        return frozenset()
    nodes = ast.walk(ast.parse(file.read_text("utf-8")))
    kinds = ast.FunctionDef | ast.AsyncFunctionDef
    return frozenset(
        node.name for node in nodes if isinstance(node, kinds) and node.name.startswith("test_")
    )
