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


FULL = Effort(seconds=14, least_rounds=9)
QUICK = Effort(seconds=2.5, least_rounds=3)


@dataclass(frozen=True)
class Samples:
    """What was measured, in milliseconds, round by round."""

    by_name: dict[str, list[float]]

    def median(self, name: str) -> float:
        """Give the median of one contestant."""
        return statistics.median(self.by_name[name])

    def ratio(self, name: str, to: str) -> float:
        """Give the median of the ratios of each round: two neighbours share what the machine does."""
        pairs = zip(self.by_name[name], self.by_name[to], strict=True)
        return statistics.median(ours / theirs for ours, theirs in pairs)


def take_turns(contestants: Sequence[Contestant], effort: Effort, *, batch: int = 1) -> Samples:
    """Run the contestants as A B C, C B A, A B C, …

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
    order = list(contestants)
    for done in range(effort.most_rounds):
        if done >= effort.least_rounds and time.monotonic() > end:
            break
        for item in order:
            samples[item.name].append(sample(item, batch))
        order.reverse()
    return Samples(samples)


def sample(contestant: Contestant, batch: int = 1) -> float:
    """Run on fresh inputs; give milliseconds of this thread's processor time a run.

    Inputs and results are freed after the clock stops.
    """
    prepared = [contestant.prepare() for _ in range(batch)]
    run = contestant.run
    gc.disable()
    try:
        start = time.thread_time_ns()
        results = [run(item) for item in prepared]
        end = time.thread_time_ns()
    finally:
        gc.enable()
    del prepared, results
    return (end - start) / 1e6 / batch
