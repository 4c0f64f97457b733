"""Fails if too few branches of what reads messages were taken: ``python .ci/branches.py COVERAGE.json``."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

LEAST_PERCENT = 90.0
"""Of the branches of each place."""
PLACES = ("zeep_wssec/inbound.py", "zeep_wssec/header/", "zeep_wssec/xmlcrypto/")


def branches(files: Mapping[str, Any], place: str) -> tuple[int, int]:
    """Give how many branches of a place were taken, and how many there are."""
    summaries = [
        item["summary"]
        for name, item in files.items()
        if f"/{place}" in f"/{Path(name).as_posix()}"
    ]
    taken = sum(item["covered_branches"] for item in summaries)
    return taken, sum(item["num_branches"] for item in summaries)


def main(path: str) -> int:
    """Print a line for each place; give 1 if one has too few, or none at all."""
    files = json.loads(Path(path).read_text("utf-8"))["files"]
    code = 0
    for place in PLACES:
        taken, there = branches(files, place)
        percent = 100 * taken / there if there else 0.0
        print(f"{place}: {taken} of {there} branches, {percent:.1f} %")
        code |= percent < LEAST_PERCENT
    return code


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
