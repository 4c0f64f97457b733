"""``python -m benchmarks``: measure, print one table, judge nothing."""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path

import cryptography
from lxml import etree

from benchmarks import children, parallel, payload
from benchmarks.cases import Cases
from benchmarks.hostile import Hostile
from benchmarks.material import Material
from benchmarks.measure import FULL, QUICK
from benchmarks.table import Row, lines
from benchmarks.timing import timing

GROUPS = (
    "sign",
    "verify",
    "encrypt",
    "decrypt",
    "threads",
    "processes",
    "memory",
    "import",
    "hostile",
    "timing",
    "payload",
)


_LEFT_OUT = ("timing", "payload")
"""Groups that run only when they are named."""
_LEFT_OUT_QUICK = ("memory",)
_ALLOCATOR = {"MALLOC_MMAP_THRESHOLD_": "1048576", "MALLOC_TRIM_THRESHOLD_": "100000000000"}
"""For glibc. Unset, these thresholds move with what was freed before: thousands of page faults then fall to
whichever contestant comes next."""


def main() -> None:
    """Run the groups that were asked for."""
    if any(os.environ.get(name) is None for name in _ALLOCATOR):
        command = [sys.executable, "-m", "benchmarks", *sys.argv[1:]]
        os.execve(sys.executable, command, {**os.environ, **_ALLOCATOR})  # noqa: S606
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few rounds, without memory")
    parser.add_argument("groups", nargs="*", type=_group, metavar="GROUP", help=", ".join(GROUPS))
    parser.add_argument("--only", choices=GROUPS, action="append", help="the same; may be repeated")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the rows there, too")
    given = parser.parse_args()
    wanted = [*given.groups, *(given.only or ())] or [
        name for name in GROUPS if name not in (_LEFT_OUT_QUICK if given.quick else _LEFT_OUT)
    ]
    rows = list(_measure(wanted, quick=given.quick))
    print(_surroundings())
    print("\n".join(lines(rows)))
    if given.json is not None:
        data = [{**asdict(row), "verdict": row.verdict} for row in rows]
        given.json.write_text(json.dumps(data, indent=2, ensure_ascii=False) + "\n", "utf-8")


def _group(text: str) -> str:
    if text not in GROUPS:
        raise argparse.ArgumentTypeError(f"{text!r} is none of {', '.join(GROUPS)}")
    return text


def _measure(wanted: list[str], *, quick: bool) -> Iterator[Row]:
    effort = QUICK if quick else FULL
    material = Material.create()
    cases = Cases(material, effort)
    groups: dict[str, Callable[[], Iterator[Row]]] = {
        "sign": cases.sign,
        "verify": cases.verify,
        "encrypt": cases.encrypt,
        "decrypt": cases.decrypt,
        "threads": lambda: parallel.threads(material, effort),
        "processes": lambda: parallel.processes(effort),
        "memory": children.memory,
        "import": lambda: children.imports(effort),
        "hostile": lambda: Hostile(material, effort, quick=quick).rows(),
        "timing": lambda: timing(material, quick=quick),
        "payload": lambda: payload.rows(quick=quick),
    }
    try:
        for name in GROUPS:
            if name in wanted:
                print(f"measuring {name} …", file=sys.stderr, flush=True)
                yield from groups[name]()
    finally:
        shutil.rmtree(material.folder)


def _surroundings() -> str:
    libxml2 = ".".join(map(str, etree.LIBXML_VERSION))
    return (
        f"Python {platform.python_version()}, lxml {etree.__version__} (libxml2 {libxml2}), "
        f"cryptography {cryptography.__version__}, {platform.machine()}"
    )


if __name__ == "__main__":
    main()
