"""Processes that share a replay store: each entry is new to exactly one of them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from peers import needs

WORKER = Path(__file__).with_name("worker.py")
PROCESSES = 8
COUNT = 100_000 if os.environ.get("ZEEP_WSSEC_REPLAY_FULL") == "1" else 10_000
"""Entries; each is tried by two processes, the first hundred by all."""


def start(*arguments: str) -> subprocess.Popen[str]:
    """Start a worker."""
    return subprocess.Popen(
        [sys.executable, str(WORKER), *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )


@pytest.fixture(params=["sqlite", "redis"])
def shared(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, str]:
    """Kind and place of a store that processes share."""
    if request.param == "sqlite":
        return "sqlite", str(tmp_path / "replay.db")
    start_redis = request.getfixturevalue("start_redis")
    return "redis", start_redis()


def test_each_entry_once(shared: tuple[str, str]) -> None:
    """No replay passes, no entry is lost: of all who try, one is told that it is new."""
    workers = [start("race", *shared, str(COUNT), str(n), str(PROCESSES)) for n in range(PROCESSES)]
    for worker in workers:
        assert worker.stdout is not None
        assert worker.stdout.readline() == "ready\n"
    for worker in workers:
        assert worker.stdin is not None
        worker.stdin.write("go\n")
        worker.stdin.flush()
    given: Counter[int] = Counter()
    shares = []
    for worker in workers:
        told = json.loads(worker.communicate(timeout=300)[0])
        assert worker.returncode == 0
        shares.append(len(told))
        given.update(told)
    assert given == Counter(range(COUNT))
    assert sum(count > 0 for count in shares) > 1, f"one process alone proves nothing: {shares}"


def in_fork(kind: str, place: str) -> Any:
    worker = start("fork", kind, place)
    told, _ = worker.communicate(timeout=120)
    assert worker.returncode == 0
    return json.loads(told)


@needs(hasattr(os, "fork"), "this system has no fork")
def test_forked_process(shared: tuple[str, str]) -> None:
    """A child has connections of its own; both know what the other was told."""
    told = in_fork(*shared)
    assert told == {"parent": [True, False, False, True], "child": [False, True], "status": 0}


@needs(hasattr(os, "fork"), "this system has no fork")
def test_forked_memory() -> None:
    """A store in memory is a copy in the child, and no lock of the parent holds it up."""
    told = in_fork("memory", "")
    assert told == {"parent": [True, False, True, True], "child": [False, True], "status": 0}
