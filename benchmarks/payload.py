"""Large files through CMS and through ``openssl cms``: time, and memory above the start.

Each run is a process of its own: ``python -m benchmarks.payload VERB FOLDER`` (Linux only).
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.table import Row

FULL_BYTES = 3_000_000_000
QUICK_BYTES = 200_000_000
MOST_MEMORY = 64
"""Megabytes above the start."""
SLOWEST = 2.0
"""Times the peer's own command."""
_STEPS = {
    "sign": ("data", "signed"),
    "verify": ("signed", "content"),
    "encrypt": ("data", "sealed"),
    "decrypt": ("sealed", "content"),
    "protect": ("data", "protected"),
    "open": ("protected", "content"),
}
"""What each verb reads and writes, in an order in which the one makes what the next one reads."""
_OPENSSL = {
    "sign": "-sign -binary -nodetach -stream -outform DER -signer alice.pem -inkey alice.key",
    "verify": "-verify -binary -inform DER -CAfile ca.pem -purpose any",
    "encrypt": "-encrypt -binary -stream -outform DER -aes-256-gcm -recip bob.pem "
    "-keyopt rsa_padding_mode:oaep",
    "decrypt": "-decrypt -binary -inform DER -recip bob.pem -inkey bob.key",
}


def rows(*, quick: bool) -> Iterator[Row]:
    """Measure every verb on one file."""
    size = QUICK_BYTES if quick else FULL_BYTES
    name = f"{size / 1e9:g} GB"
    with tempfile.TemporaryDirectory(dir=os.environ.get("ZEEP_WSSEC_BENCHMARK_FOLDER")) as path:
        folder = Path(path)
        _prepare(folder, size)
        for verb, (read, _) in _STEPS.items():
            ours = _run_ours(verb, folder)
            theirs = _run_theirs(verb, folder, read) if verb in _OPENSSL else None
            (folder / "content").unlink(missing_ok=True)
            (folder / "theirs").unlink(missing_ok=True)
            if verb in ("verify", "decrypt", "open"):
                (folder / read).unlink()
            yield Row(
                case=f"CMS {verb}, {name}",
                ours=ours["seconds"],
                against="openssl cms" if verb in _OPENSSL else "",
                other=theirs,
                ratio=ours["seconds"] / theirs if theirs else None,
                unit="s",
                bound="≤" if verb in _OPENSSL else "",
                bar=SLOWEST if verb in _OPENSSL else None,
            )
            above = ours["above_start"] / 1e6
            yield Row(
                case=f"CMS {verb}, {name}: memory above the start",
                ours=above,
                against="",
                other=None,
                ratio=above,
                unit="MB",
                bound="≤",
                bar=MOST_MEMORY,
            )


def _prepare(folder: Path, size: int) -> None:
    from zeep_wssec.testing.authority import Authority

    authority = Authority.create("Root")
    (folder / "ca.pem").write_bytes(authority.pem)
    for name in ("alice", "bob"):
        issued = authority.issue(name)
        (folder / f"{name}.pem").write_bytes(issued.certificate_pem)
        (folder / f"{name}.key").write_bytes(issued.key_pem())
    block = os.urandom(1_000_000)
    with (folder / "data").open("wb") as file:
        for _ in range(size // len(block)):
            file.write(block)


def _run_ours(verb: str, folder: Path) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.payload", verb, str(folder)]
    plain = {name: text for name, text in os.environ.items() if not name.startswith("MALLOC_")}
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=plain)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def _run_theirs(verb: str, folder: Path, read: str) -> float | None:
    if shutil.which("openssl") is None:
        return None
    command = ["openssl", "cms", *_OPENSSL[verb].split(), "-in", read, "-out", "theirs"]
    start = time.perf_counter()
    done = subprocess.run(command, cwd=folder, capture_output=True, check=False)
    return time.perf_counter() - start if done.returncode == 0 else None


def _measure(verb: str, folder: Path) -> None:
    from benchmarks.children import _status
    from zeep_wssec import Keystore
    from zeep_wssec.payload.cms import Cms, CmsSettings

    own, partner = ("alice", "bob") if verb in ("sign", "encrypt", "protect") else ("bob", "alice")
    keystore = Keystore.from_pem(key=folder / f"{own}.key", certificate=folder / f"{own}.pem")
    keystore = keystore.with_partner(partner, folder / f"{partner}.pem")
    cms = Cms(keystore, CmsSettings(recipients=("bob",) if own == "alice" else ()))
    read, made = _STEPS[verb]
    Path("/proc/self/clear_refs").write_text("5")
    start, before = time.perf_counter(), _status("VmRSS")
    getattr(cms, verb)(folder / read, to=folder / made)
    took = time.perf_counter() - start
    print(json.dumps({"seconds": took, "above_start": _status("VmHWM") - before}))


if __name__ == "__main__":
    _measure(sys.argv[1], Path(sys.argv[2]))
