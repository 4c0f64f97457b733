"""docs/security.md names each attack of the catalogue, with a test that refuses it and one that accepts its twin."""

from __future__ import annotations

import pytest
from attacks.catalogue import CATALOGUE, PAGE, faults, read_catalogue

CATALOGUE_TEXT = CATALOGUE.read_text("utf-8")
PAGE_TEXT = PAGE.read_text("utf-8")


def test_every_attack_has_its_row() -> None:
    """A row names what guards against an attack, a test that refuses it, and a test of its accepted twin."""
    assert faults(PAGE_TEXT, read_catalogue(CATALOGUE_TEXT)) == []


def test_what_does_not_apply_says_why() -> None:
    """No attack is left out without a reason, and none that applies has one."""
    catalogue = read_catalogue(CATALOGUE_TEXT)
    assert [key for key, item in catalogue.items() if item.applies == bool(item.reason)] == []


SMALL = """
[Doors]
DR-01 = { what = "A door is open", applies = true }
DR-02 = { what = "A wall is open", applies = false, reason = "there is no wall" }
DR-03 = { what = "A window is open", applies = false, reason = "payload" }
"""
HERE = "`attacks/test_catalogue.py::test_small_page`"
GOOD = f"""
### Doors
| Id | Attack | Guard | Refused | Accepted |
| --- | --- | --- | --- | --- |
| DR-01 | A door is open | closed | {HERE} | {HERE} |

### Left out
| Id | Attack | Why |
| --- | --- | --- |
| DR-02 | A wall is open | there is no wall |
"""
BROKEN = {
    "DR-01 has no row": ("| DR-01 | A door is open", "| A door is open"),
    "DR-02 has no row": ("| DR-02 |", "| - |"),
    "DR-09 is unknown": ("| DR-01 |", "| DR-01, DR-09 |"),
    "DR-01 stands there twice": ("| DR-02 |", "| DR-02, DR-01 |"),
    "DR-01 stands under 'Windows'": ("### Doors", "### Windows"),
    "DR-01 has nothing under Guard": ("closed", ""),
    "DR-01 names no test under Refused": (f"{HERE} | {HERE}", f"none | {HERE}"),
    "DR-01 names no test under Accepted": (f"{HERE} | {HERE}", f"{HERE} | none"),
    "DR-02 has nothing under Why": ("there is no wall |\n", "|\n"),
    "DR-01 stands in a table with other columns": ("| Accepted |", "| Taken |"),
    "DR-01 names attacks/test_catalogue.py::test_away, which there is not": (
        "test_small_page`", "test_away`",
    ),
    "DR-01 names attacks/test_away.py::test_small_page, which there is not": (
        "test_catalogue.py", "test_away.py",
    ),
}  # fmt: skip


def test_small_page() -> None:
    """The twin of the broken ones."""
    assert faults(GOOD, read_catalogue(SMALL)) == []


@pytest.mark.parametrize("fault", BROKEN)
def test_broken_page(fault: str) -> None:
    """What is missing, unknown, misplaced or not there is found."""
    old, new = BROKEN[fault]
    assert old in GOOD
    assert fault in faults(GOOD.replace(old, new), read_catalogue(SMALL))
