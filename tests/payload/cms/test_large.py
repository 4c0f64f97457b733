"""Files that are larger than what may be held in memory."""

from __future__ import annotations

import filecmp
import os
import subprocess
import sys
from pathlib import Path

import pytest
from payload.cms.people import people
from peers import needs

SIZE = 100_000_000
MOST = 64_000_000
STEPS = (("sign", "verify"), ("encrypt", "decrypt"), ("protect", "open"))
HERE = Path(__file__).resolve()


def grown(verb: str, source: Path, target: Path) -> int:
    """By how much the memory of a process grew that did it."""
    environment = {**os.environ, "PYTHONPATH": str(HERE.parents[2])}
    command = [sys.executable, str(HERE.with_name("large.py")), verb, str(source), str(target)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    return int(done.stdout)


@needs(Path("/proc/self/clear_refs").exists(), "memory is read from /proc")
@pytest.mark.parametrize(("there", "back"), STEPS)
def test_memory_does_not_follow_the_size(tmp_path: Path, there: str, back: str) -> None:
    """A file goes through and comes back the same, in less memory than a part of it."""
    for name in ("alice", "bob"):
        (tmp_path / f"{name}.pem").write_bytes(people().issued[name].certificate_pem)
        (tmp_path / f"{name}.key").write_bytes(people().issued[name].key_pem())
    data = tmp_path / "data"
    with data.open("wb") as file:
        file.write(os.urandom(1_000_000) * (SIZE // 1_000_000))
    assert grown(there, data, tmp_path / "made") < MOST
    assert grown(back, tmp_path / "made", tmp_path / "content") < MOST
    assert filecmp.cmp(data, tmp_path / "content", shallow=False)
