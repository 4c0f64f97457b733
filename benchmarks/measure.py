"""Measuring several ways of doing one thing in turns, so that a busy machine slows all of them alike."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Contestant:
    """One way of doing the work of a case."""

    name: str
    run: Callable[[Any], object]
    """The work: timed, with the garbage collector off."""
    prepare: Callable[[], Any] = lambda: None
    """Makes a fresh input for each sample, outside the timed region."""


@dataclass(frozen=True, kw_only=True)
class Effort:
    """How long to measure."""

    seconds: float
    """For one case, all contestants and their preparations together."""
    least_rounds: int
    most_rounds: int = 400
    warm_ups: int = 2


FULL = Effort(seconds=14, least_rounds=7)
QUICK = Effort(seconds=2.5, least_rounds=3)


def take_turns(
    contestants: Sequence[Contestant], effort: Effort, *, batch: int = 1
) -> dict[str, float]:
    """Run the contestants as A B C A B C …; give the median of each in milliseconds, by name.

    Args:
        contestants: Each does the same work in its way.
        effort: How long to go on.
        batch: Runs that make one sample, each with an input of its own. More than one for work that takes
            less than a millisecond: otherwise what is measured is how cold the caches of the processor are.
    """
    samples: dict[str, list[float]] = {item.name: [] for item in contestants}
    for item in list(contestants) * effort.warm_ups:
        sample(item, batch)
    end = time.monotonic() + effort.seconds
    for done in range(effort.most_rounds):
        if done >= effort.least_rounds and time.monotonic() > end:
            break
        for item in contestants:
            samples[item.name].append(sample(item, batch))
    return {name: statistics.median(values) for name, values in samples.items()}


def sample(contestant: Contestant, batch: int = 1) -> float:
    """Run on fresh inputs; give milliseconds a run. Inputs and results are freed after the clock stops."""
    prepared = [contestant.prepare() for _ in range(batch)]
    run = contestant.run
    gc.disable()
    try:
        start = time.perf_counter_ns()
        results = [run(item) for item in prepared]
        end = time.perf_counter_ns()
    finally:
        gc.enable()
    del prepared, results
    return (end - start) / 1e6 / batch
