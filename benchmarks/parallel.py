"""Two threads, then two processes, on one profile: how much more gets done than by one."""

from __future__ import annotations

import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from benchmarks.floors import Floors
from benchmarks.material import NOW, Material, parse, plain_message
from benchmarks.measure import Effort
from benchmarks.table import Row

_SIZE = "2 KB"
Work = tuple[Callable[[], Any], Callable[[Any], object]]
"""Makes a fresh input; does the work on it."""


def threads(material: Material, effort: Effort) -> Iterator[Row]:
    """Signing against what the raw RSA signature gains, and verifying against one thread."""
    profile = material.client_profile()
    floors = Floors(material)
    data, answer = plain_message(_SIZE), material.signed_answer(_SIZE)
    request = profile.secure(parse(data), now=NOW).exchange
    works: dict[str, Work] = {
        "rsa": (lambda: data, floors.raw_signature),
        "sign": (lambda: parse(data), lambda root: profile.secure(root, now=NOW)),
        "verify": (
            lambda: parse(answer),
            lambda root: profile.check(root, request=request, now=NOW),
        ),
    }
    gains: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(max(5, effort.least_rounds * 2)):
        for name, work in works.items():
            gains[name].append(2 * _elapsed(work, 1) / _elapsed(work, 2))
    gain = {name: statistics.median(values) for name, values in gains.items()}
    raw = "raw RSA in two threads"
    yield _gain("sign 2 KB, two threads", gain["sign"], raw, gain["rsa"], at_least=0.85)
    yield _gain("verify 2 KB, two threads", gain["verify"], "one thread", 1.0, at_least=1.0)


def _elapsed(work: Work, workers: int, count: int = 200) -> float:
    """Let each of ``workers`` threads do ``count`` pieces of work at once; give seconds."""
    prepare, run = work
    barrier = threading.Barrier(workers)
    spans: list[tuple[float, float]] = []

    def loop() -> None:
        inputs = [prepare() for _ in range(count)]
        barrier.wait()
        start = time.perf_counter()
        for item in inputs:
            run(item)
        spans.append((start, time.perf_counter()))

    workers_started = [threading.Thread(target=loop) for _ in range(workers)]
    for worker in workers_started:
        worker.start()
    for worker in workers_started:
        worker.join()
    return max(end for _, end in spans) - min(start for start, _ in spans)


def processes(effort: Effort) -> Iterator[Row]:
    """Signing in two processes, each with a profile of its own, against one."""
    gains: dict[str, list[float]] = {"sign": [], "rsa": []}
    for _ in range(effort.least_rounds):
        for work, values in gains.items():
            values.append(sum(_rates(2, work)) / sum(_rates(1, work)))
    gain = {work: statistics.median(values) for work, values in gains.items()}
    case = "sign 2 KB, two processes"
    yield _gain(case, gain["sign"], "one process", 1.0, at_least=1.8)
    yield _gain(case, gain["sign"], "raw RSA in two processes", gain["rsa"], at_least=None)


def _rates(workers: int, work: str) -> Sequence[float]:
    """Start ``workers`` children, let them work at the same time, give what each did in a second."""
    command = [sys.executable, "-m", "benchmarks.children", "rate", work]
    started = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(workers)
    ]
    for child in started:
        assert child.stdout is not None and child.stdout.readline().strip() == "ready"
    for child in started:
        assert child.stdin is not None
        child.stdin.write("go\n")
        child.stdin.flush()
    return [float(child.communicate()[0]) for child in started]


def _gain(case: str, gain: float, against: str, other: float, *, at_least: float | None) -> Row:
    return Row(
        case=case,
        ours=gain,
        against=against,
        other=other,
        ratio=gain / other,
        unit="×",
        bound="≥" if at_least is not None else "",
        bar=at_least,
    )
