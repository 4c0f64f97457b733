"""What the command does with its arguments."""

from __future__ import annotations

import argparse
from contextlib import nullcontext

from fuzz.engines import fuzz, run_guided, run_random
from fuzz.guard import Guard
from fuzz.planted import PLANTED
from fuzz.targets import TARGETS


def run(given: argparse.Namespace) -> int:
    """Carry out the command; give its exit code."""
    if given.target == "list":
        for target in TARGETS.values():
            _say(f"{target.name:18} {target.about}")
        return 0
    if given.target == "all":
        return _all(given)
    if given.target == "planted":
        return _planted(given)
    target = TARGETS[given.target]
    with PLANTED[given.planted].patched() if given.planted else nullcontext():
        if given.input is not None:
            Guard().run(target.run, given.input.read_bytes())
            return 0
        if given.engine == "random":
            outcome = run_random(target, seconds=given.seconds, seed=given.seed)
            _say(f"{target.name}: {outcome.runs} executions in {outcome.seconds:.0f} s")
            if outcome.finding:
                _say(f"FOUND {outcome.finding}\n{outcome.data.hex()}")
            return 1 if outcome.finding else 0
        fuzz(given.target, seconds=given.seconds, corpus=given.corpus)
    return 0


def _all(given: argparse.Namespace) -> int:
    code = 0
    for name in TARGETS:
        corpus = given.corpus / name if given.corpus is not None else None
        done = run_guided(name, seconds=given.seconds, corpus=corpus)
        _say(f"{name}: {done.line}{'' if done.code == 0 else ' FAILED'}")
        if done.code != 0:
            _say(done.text[-6000:])
            code = 1
    return code


def _planted(given: argparse.Namespace) -> int:
    missed = []
    for name, bug in PLANTED.items():
        done = run_guided(bug.target, seconds=given.seconds, planted=name)
        found = done.code != 0 and bug.shows in done.text
        _say(f"{name}: {'found' if found else 'MISSED'} after {done.seconds:.0f} s")
        if not found:
            missed.append(name)
            _say(done.text[-3000:])
    return 1 if missed else 0


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201  # what a command has to say
