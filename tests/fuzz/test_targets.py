"""The fuzz targets in the suite: stored inputs again, and a fixed number of new ones by Hypothesis."""

from __future__ import annotations

import os
import resource
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
from fuzz import keys_targets
from fuzz.engines import run_random, stored
from fuzz.guard import CPU_SECONDS, Guard, Log
from fuzz.oracle import Finding
from fuzz.planted import PLANTED
from fuzz.targets import TARGETS, Target
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from zeep_wssec import Keystore
from zeep_wssec.errors import KeyLoadError, MalformedSecurityError

EXAMPLES = 60
"""For each target."""
STORED = [(target, path) for target in TARGETS.values() for path in stored(target)]


@pytest.fixture(scope="module")
def guard() -> Iterator[Guard]:
    """What inputs are held to."""
    made = Guard()
    yield made
    made.close()


@pytest.mark.parametrize("target", TARGETS.values(), ids=lambda target: target.name)
def test_seeds(target: Target, guard: Guard) -> None:
    """What the engines begin with is no finding itself."""
    for seed in target.seeds():
        guard.run(target.run, seed)


@pytest.mark.parametrize(("target", "path"), STORED, ids=lambda item: getattr(item, "name", None))
def test_stored(target: Target, path: Path, guard: Guard) -> None:
    """What once was a finding is none any more."""
    guard.run(target.run, path.read_bytes())


def inputs(target: Target) -> st.SearchStrategy[bytes]:
    """Inputs of a target: a head with moves, or a file with some octets changed."""
    if target.is_moves:
        moves = st.lists(st.binary(min_size=10, max_size=10), min_size=1, max_size=5).map(b"".join)
        return st.tuples(st.binary(min_size=target.head, max_size=target.head), moves).map(b"".join)
    seeds = [seed for seed in target.seeds() if seed]

    def change(picked: tuple[bytes, list[tuple[int, bytes, int]]]) -> bytes:
        data, edits = picked
        for at, octets, dropped in edits:
            place = at % (len(data) + 1)
            data = data[:place] + octets + data[place + dropped :]
        return data

    edits = st.tuples(st.integers(0, 65535), st.binary(max_size=8), st.integers(0, 8))
    return st.tuples(st.sampled_from(seeds), st.lists(edits, min_size=1, max_size=4)).map(change)


@pytest.mark.parametrize("name", TARGETS)
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@given(data=st.data())
def test_new_inputs(name: str, guard: Guard, data: st.DataObject) -> None:
    """Only our own errors come out, nothing hangs, grows, leaks or reads what was not signed."""
    target = TARGETS[name]
    guard.run(target.run, data.draw(inputs(target)))


# The guard itself.


def quiet(data: bytes, log: Log) -> None:
    """Do nothing."""


def loud(data: bytes, log: Log) -> None:
    """Write to descriptor 2, below Python."""
    os.write(2, b"plain text")


def foreign(data: bytes, log: Log) -> None:
    """Raise what is not ours."""
    raise IndexError("x")


def ours(data: bytes, log: Log) -> None:
    """Raise what is ours where nothing is to be raised."""
    raise MalformedSecurityError("x")


def greedy(data: bytes, log: Log) -> None:
    """Take more memory than the process ever had."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    assert b"x" * (peak + 64 * 1024 * 1024)


def endless(data: bytes, log: Log) -> None:
    """Never end."""
    while True:
        pass


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (loud, "descriptor 2"), (foreign, "not ours: IndexError"), (ours, "not expected here"),
        (greedy, "octets of memory"), (endless, "processor time"),
    ],
    ids=lambda item: getattr(item, "__name__", None),
)  # fmt: skip
def test_guard(function: object, words: str, guard: Guard, monkeypatch: pytest.MonkeyPatch) -> None:
    """What must never happen is a finding; the twin that does nothing is none."""
    monkeypatch.setattr("fuzz.guard.CPU_SECONDS", CPU_SECONDS / 10)
    monkeypatch.setattr("fuzz.guard.MEMORY_BYTES", 32 * 1024 * 1024)
    guard.run(quiet, b"")
    with pytest.raises(Finding, match=words):
        guard.run(function, b"")  # type: ignore[arg-type]


def test_guard_keeps_what_is_logged(guard: Guard) -> None:
    """A target can look at what the package logged, at any level."""

    def say(data: bytes, log: Log) -> None:
        guard.logger.getChild("x").debug("heard")
        assert log.lines == ["heard"]

    guard.run(say, b"")


# Planted bugs.


@pytest.mark.parametrize("name", PLANTED)
def test_planted_bug(name: str) -> None:
    """A bug of each kind is found within a fixed number of inputs; without it they are no findings."""
    bug = PLANTED[name]
    target = TARGETS[bug.target]
    with warnings.catch_warnings(), bug.patched():
        outcome = run_random(target, runs=bug.runs, seed=bug.seed)
    assert bug.shows in outcome.finding, f"{outcome.runs} inputs"
    run_one = Guard()
    run_one.run(target.run, outcome.data)
    run_one.close()


@pytest.mark.parametrize(("number", "password"), [(1, None), (3, keys_targets.PLAIN)])
def test_changed_pkcs12_is_read_to_its_inside(number: int, password: str | None) -> None:
    """The digest of what is changed is right again: without a change the file opens, with one it is looked into."""
    inside = keys_targets._inside(keys_targets._files()[number])
    made = keys_targets._authenticated(inside, password)
    assert Keystore.from_bytes(made, password=password).snapshot().require_key()
    # A zero in place of the object identifier of the first bag.
    broken = keys_targets._authenticated(inside[:4] + b"\0" + inside[5:], password)
    with pytest.raises(KeyLoadError, match="not a well-formed PKCS#12 file"):
        Keystore.from_bytes(broken, password=password)
