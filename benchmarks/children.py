"""What must run in a process of its own: memory, import time, and one of several processes at work."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.measure import Effort
from benchmarks.table import Row

_LARGE = 100_000_000
_IMPORTS = {
    "import zeep_wssec": "import zeep_wssec",
    "import with all that a profile needs": "from zeep_wssec import Keystore, Profile, Signature",
}


def memory() -> Iterator[Row]:
    """Peak above the tree for 100 MB; Linux only, since nobody else resets the peak."""
    for step, at_most in (("sign", 1.3), ("encrypt", 3.0)):
        command = [sys.executable, "-m", "benchmarks.children", "memory", step]
        plain = {name: text for name, text in os.environ.items() if not name.startswith("MALLOC_")}
        done = subprocess.run(command, check=True, capture_output=True, text=True, env=plain)
        figures = json.loads(done.stdout)
        above, body = figures["above_tree"] / 1e6, figures["body"] / 1e6
        yield Row(
            case=f"memory to {step} 100 MB",
            ours=above,
            against=f"size of the Body (tree {figures['tree'] / 1e6:.0f} MB)",
            other=body,
            ratio=above / body,
            unit="MB",
            bound="≤",
            bar=at_most,
        )


def imports(effort: Effort) -> Iterator[Row]:
    """Time to import ours where zeep is imported already, byte code cached; names are loaded at first use."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "PYTHONPYCACHEPREFIX": folder}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        for case, statement in _IMPORTS.items():
            code = (
                f"import time, zeep; start = time.perf_counter(); {statement}; "
                "print((time.perf_counter() - start) * 1000)"
            )
            took = []
            for _ in range(max(5, effort.least_rounds * 2)):
                done = subprocess.run(
                    [sys.executable, "-c", code],
                    check=True, capture_output=True, text=True, env=environment,
                )  # fmt: skip
                took.append(float(done.stdout))
            first = statement == "import zeep_wssec"
            ours = statistics.median(took[1:])
            yield Row(
                case=f"{case}, above zeep's own",
                ours=ours,
                against="",
                other=None,
                ratio=ours,
                bound="≤" if first else "",
                bar=50 if first else None,
            )


def _measure_memory(step: str) -> None:
    from benchmarks.material import NOW, SIGNED, Material, grow_tree
    from zeep_wssec import Encryption

    profile = Material.create().client_profile(
        SIGNED if step == "sign" else (Encryption(recipients=("partner",)),)
    )
    root = grow_tree(_LARGE)
    Path("/proc/self/clear_refs").write_text("5")
    tree = _status("VmRSS")
    profile.secure(root, now=NOW)
    print(json.dumps({"tree": tree, "above_tree": _status("VmHWM") - tree, "body": _LARGE}))


def _status(field: str) -> int:
    """Give a figure of ``/proc/self/status`` in bytes."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1]) * 1024
    raise LookupError(field)


def _measure_rate(work: str, seconds: float = 2.0) -> None:
    from benchmarks.floors import Floors
    from benchmarks.material import NOW, Material, parse, plain_message

    material = Material.create()
    profile, floors = material.client_profile(), Floors(material)
    data = plain_message("2 KB")

    def run() -> None:
        if work == "rsa":
            floors.raw_signature(data)
        else:
            profile.secure(parse(data), now=NOW)

    for _ in range(50):
        run()
    print("ready", flush=True)
    sys.stdin.readline()
    done, start = 0, time.perf_counter()
    while time.perf_counter() - start < seconds:
        run()
        done += 1
    print(done / (time.perf_counter() - start))


if __name__ == "__main__":
    if sys.argv[1] == "memory":
        _measure_memory(sys.argv[2])
    else:
        _measure_rate(sys.argv[2])
