"""What makes inputs: libFuzzer through atheris, guided by coverage, or a plain random source."""

from __future__ import annotations

import os
import random
import re
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from fuzz.guard import Guard
from fuzz.moves import Move
from fuzz.oracle import Finding
from fuzz.targets import TARGETS, Target

CORPUS = Path(__file__).parent / "corpus"
"""Inputs that once were findings, by target; the suite runs them again."""
TESTS = Path(__file__).parents[1]
CRASH = 77
"""Exit code of libFuzzer after a finding."""


def stored(target: Target) -> Iterator[Path]:
    """Give the stored inputs of a target."""
    return iter(sorted((CORPUS / target.name).glob("*")))


def random_input(target: Target, chance: random.Random, seeds: list[bytes]) -> bytes:
    """Make one input: some moves behind a head, or a file with some octets changed."""
    if target.is_moves:
        head = bytes(chance.randrange(256) for _ in range(target.head))
        moves = [
            Move(
                chance.randrange(256),
                chance.randrange(256),
                *(chance.randrange(65536) for _ in "abcd"),
            )
            for _ in range(chance.choice((1, 1, 1, 2, 3, 6)))
        ]
        return head + b"".join(move.pack() for move in moves)
    data = bytearray(chance.choice(seeds))
    for _ in range(chance.choice((1, 1, 2, 4, 8))):
        at = chance.randrange(len(data) + 1)
        kind = chance.randrange(4)
        if kind == 0 and at < len(data):
            data[at] = chance.randrange(256)
        elif kind == 1:
            del data[at : at + chance.choice((1, 2, 8, 100))]
        elif kind == 2:
            data[at:at] = bytes(chance.randrange(256) for _ in range(chance.choice((1, 2, 8))))
        else:
            other = chance.choice(seeds)
            start = chance.randrange(len(other) + 1)
            data[at : at + 50] = other[start : start + chance.choice((1, 10, 50))]
    return bytes(data)


@dataclass(frozen=True)
class Outcome:
    """What a run came to."""

    runs: int
    seconds: float
    """Processor time."""
    finding: str = ""
    data: bytes = b""


def run_random(target: Target, *, seconds: float = 0.0, runs: int = 0, seed: object = 0) -> Outcome:
    """Run random inputs until the first finding, or the end of the budget.

    Args:
        target: What is fuzzed.
        seconds: Processor time, if that is the budget.
        runs: Number of inputs, if that is.
        seed: Beginning of the random source: the same one gives the same inputs.
    """
    chance = random.Random(str(seed))  # noqa: S311  # to try many, not to hide
    seeds = [item for item in target.seeds() if item]
    guard, started, done = Guard(), time.process_time(), 0
    try:
        while done < runs or (not runs and time.process_time() - started < seconds):
            data = random_input(target, chance, seeds)
            done += 1
            try:
                guard.run(target.run, data)
            except Finding as finding:
                return Outcome(done, time.process_time() - started, str(finding), data)
    finally:
        guard.close()
    return Outcome(done, time.process_time() - started)


def command(name: str, *, seconds: int, planted: str = "", corpus: Path | None = None) -> list[str]:
    """Give the command that fuzzes one target in a process of its own."""
    words = [sys.executable, "-m", "fuzz", name, "--seconds", str(seconds)]
    words += ["--planted", planted] if planted else []
    return words + (["--corpus", str(corpus)] if corpus is not None else [])


_FIGURES = {
    "executions": r"number_of_executed_units: +(\d+)",
    "edges": r"cov: (\d+)",
    "features": r"ft: (\d+)",
    "inputs kept": r"corp: (\d+)",
    "MB": r"peak_rss_mb: +(\d+)",
}
"""Where libFuzzer tells its figures."""


@dataclass(frozen=True)
class Guided:
    """What a run of libFuzzer came to."""

    code: int
    text: str
    seconds: float
    """Processor time."""

    def number(self, pattern: str) -> int:
        """Give the last number of a kind in libFuzzer's output."""
        found = re.findall(pattern, self.text)
        return int(found[-1]) if found else 0

    @property
    def line(self) -> str:
        """Executions, coverage, corpus, and memory in one line."""
        told = [f"{self.number(pattern)} {word}" for word, pattern in _FIGURES.items()]
        return ", ".join([*told, f"{self.seconds:.0f} s"])


def run_guided(name: str, *, seconds: int, planted: str = "", corpus: Path | None = None) -> Guided:
    """Fuzz one target in a process of its own, guided by coverage."""
    started = _children_seconds()
    done = subprocess.run(
        command(name, seconds=seconds, planted=planted, corpus=corpus),
        cwd=TESTS,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    text = done.stdout.decode("utf-8", "replace")
    return Guided(done.returncode, text, _children_seconds() - started)


def _children_seconds() -> float:
    """Give the processor time of all processes that were started from here and have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def fuzz(name: str, *, seconds: int, corpus: Path | None = None) -> None:
    """Fuzz one target in this process for some seconds of processor time; libFuzzer ends it."""
    import atheris

    target, guard = TARGETS[name], Guard()
    end = time.process_time() + seconds

    def once(data: bytes) -> None:
        guard.run(target.run, data)
        if time.process_time() >= end:
            # libFuzzer's own budget is the clock on the wall; on this it ends after the input.
            os.kill(os.getpid(), signal.SIGUSR1)

    with tempfile.TemporaryDirectory(prefix=f"fuzz-{name}-") as scratch:
        kept = corpus or Path(scratch) / "corpus"
        kept.mkdir(parents=True, exist_ok=True)
        for number, seed in enumerate(target.seeds()):
            (kept / f"seed-{number:04}").write_bytes(seed)
        folders = [str(kept), *([str(CORPUS / name)] if (CORPUS / name).is_dir() else [])]
        options = [
            f"-max_len={target.max_bytes}", "-timeout=600",
            "-rss_limit_mb=3000", "-len_control=0", "-print_final_stats=1", "-verbosity=1",
            f"-artifact_prefix={scratch}/",
        ]  # fmt: skip
        atheris.Setup([sys.argv[0], *options, *folders], once)
        atheris.Fuzz()
