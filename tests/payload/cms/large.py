"""One verb on a file, in a process of its own: prints by how many octets its memory grew."""

from __future__ import annotations

import sys
from pathlib import Path

from payload.cms.people import NOW

from zeep_wssec import Keystore
from zeep_wssec.payload.cms import Cms, CmsSettings


def status(field: str) -> int:
    """Give a figure of ``/proc/self/status`` in octets."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{field}:"))


def run(verb: str, source: Path, target: Path) -> int:
    """Do it, with the keys beside the file."""
    own, partner = ("alice", "bob") if verb in ("sign", "encrypt", "protect") else ("bob", "alice")
    folder = source.parent
    keystore = Keystore.from_pem(key=folder / f"{own}.key", certificate=folder / f"{own}.pem")
    keystore = keystore.with_partner(partner, folder / f"{partner}.pem")
    cms = Cms(keystore, CmsSettings(recipients=["bob"] if own == "alice" else []))
    Path("/proc/self/clear_refs").write_text("5")
    before = status("VmRSS")
    getattr(cms, verb)(source, to=target, now=NOW)
    return status("VmHWM") - before


if __name__ == "__main__":
    sys.stdout.write(str(run(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))))
