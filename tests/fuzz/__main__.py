"""Fuzzes one target, or all: ``python -m tests.fuzz TARGET --seconds N``."""

from __future__ import annotations

import argparse
import sys
import warnings
from pathlib import Path

TESTS = Path(__file__).parents[1]
# Tests import each other from here, as pytest lets them.
if str(TESTS) not in sys.path:
    sys.path.insert(0, str(TESTS))


def main() -> int:
    """Read the arguments and run."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("target", help="a target, all, planted, or list")
    parser.add_argument("--seconds", type=int, default=60, help="processor time of each target")
    parser.add_argument("--engine", choices=("atheris", "random"), default="atheris")
    parser.add_argument("--seed", default="0", help="of the engine random")
    parser.add_argument("--corpus", type=Path, help="a folder that keeps the inputs")
    parser.add_argument("--input", type=Path, help="run this one input, then end")
    parser.add_argument("--planted", default="", help=argparse.SUPPRESS)
    given = parser.parse_args()
    # As in the suite: where a library warns, we refuse.
    warnings.simplefilter("error")
    if given.engine == "atheris" and given.target not in ("all", "planted", "list"):
        import atheris

        with atheris.instrument_imports(include=["zeep_wssec"]):
            from fuzz import running
    else:
        from fuzz import running
    return running.run(given)


if __name__ == "__main__":
    sys.exit(main())
