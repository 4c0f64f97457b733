"""Large files through CMS and OpenPGP, and through ``openssl cms`` and ``gpg``: time, and memory above the start.

Each run is a process of its own: ``python -m benchmarks.payload FORMAT VERB FOLDER`` (Linux only).
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.table import Row

if TYPE_CHECKING:
    from zeep_wssec.payload import PayloadFormat

FULL_BYTES = 3_000_000_000
QUICK_BYTES = 200_000_000
PEER_BYTES = 1_500_000_000
"""What a peer that fails on the full size is measured with: openssl reads at most 1.6 GB into its memory."""
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
_MADE_BY = {"verify": "sign", "decrypt": "encrypt", "open": "protect"}
_OPENSSL = {
    "sign": "-sign -binary -nodetach -stream -outform DER -signer alice.pem -inkey alice.key",
    "verify": "-verify -binary -inform DER -CAfile ca.pem -purpose any",
    "encrypt": "-encrypt -binary -stream -outform DER -aes-256-gcm -recip bob.pem "
    "-keyopt rsa_padding_mode:oaep",
    "decrypt": "-decrypt -binary -inform DER -recip bob.pem -inkey bob.key",
}
_GPG = {
    "protect": "--sign --encrypt --local-user alice --recipient bob",
    "open": "--decrypt",
}
_PASSPHRASE = "benchmark"


def rows(*, quick: bool) -> Iterator[Row]:
    """Measure every verb of each format on one file."""
    size = QUICK_BYTES if quick else FULL_BYTES
    with _folder(size) as folder:
        unmatched = yield from _format_rows("CMS", tuple(_STEPS), folder, size)
        if shutil.which("gpg") is not None:
            _prepare_rings(folder)
            yield from _format_rows("OpenPGP", tuple(_GPG), folder, size)
    if unmatched and size > PEER_BYTES and shutil.which("openssl") is not None:
        yield from smaller_rows(unmatched)


def smaller_rows(verbs: Sequence[str] = ("verify", "decrypt")) -> Iterator[Row]:
    """Measure verbs of CMS on a file that openssl's own command can read."""
    with _folder(PEER_BYTES) as folder:
        for verb in verbs:
            if verb in _MADE_BY:
                _run_ours("CMS", _MADE_BY[verb], folder)
            yield from _format_rows("CMS", (verb,), folder, PEER_BYTES)


@contextmanager
def _folder(size: int) -> Iterator[Path]:
    """Give a folder with keys and a file of that size; it is gone at the end."""
    with tempfile.TemporaryDirectory(dir=os.environ.get("ZEEP_WSSEC_BENCHMARK_FOLDER")) as path:
        _prepare(Path(path), size)
        yield Path(path)


def _format_rows(
    name: str, verbs: Sequence[str], folder: Path, size: int
) -> Generator[Row, None, tuple[str, ...]]:
    """Measure verbs; give back those that the peer has, and could not do."""
    case = f"{size / 1e9:g} GB"
    peer, compared = ("openssl cms", _OPENSSL) if name == "CMS" else ("gpg", _GPG)
    unmatched = []
    for verb in verbs:
        read = _STEPS[verb][0]
        ours = _run_ours(name, verb, folder)
        theirs = _run_theirs(name, verb, folder, read) if verb in compared else None
        if theirs is None and verb in compared:
            unmatched.append(verb)
        (folder / "content").unlink(missing_ok=True)
        (folder / "theirs").unlink(missing_ok=True)
        if verb in ("verify", "decrypt", "open"):
            (folder / read).unlink()
        yield Row(
            case=f"{name} {verb}, {case}",
            ours=ours["seconds"],
            against=peer if verb in compared else "",
            other=theirs,
            ratio=ours["seconds"] / theirs if theirs else None,
            unit="s",
            bound="≤" if verb in compared else "",
            bar=SLOWEST if verb in compared else None,
        )
        above = ours["above_start"] / 1e6
        yield Row(
            case=f"{name} {verb}, {case}: memory above the start",
            ours=above,
            against="",
            other=None,
            ratio=above,
            unit="MB",
            bound="≤",
            bar=MOST_MEMORY,
        )
    return tuple(unmatched)


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


def _prepare_rings(folder: Path) -> None:
    """Make a home for gpg with a key for alice and one for bob, and the rings that we read."""
    (folder / "home").mkdir(mode=0o700)
    for name in ("alice", "bob"):
        text = (
            "Key-Type: eddsa\nKey-Curve: ed25519\nSubkey-Type: ecdh\nSubkey-Curve: cv25519\n"
            f"Name-Real: {name} of the benchmark\nPassphrase: {_PASSPHRASE}\n%commit\n"
        )
        _gpg(folder, "--full-gen-key", given=text.encode())
        for kind, option in (("pub", "--export"), ("sec", "--export-secret-keys")):
            _gpg(folder, "--output", f"{name}.{kind}", option, name)


def _gpg(folder: Path, *arguments: str, given: bytes = b"") -> int:
    how = ["--batch", "--yes", "--quiet", "--trust-model=always", "--pinentry-mode=loopback"]
    command = ["gpg", "--homedir", "home", *how, "--passphrase", _PASSPHRASE, *arguments]
    done = subprocess.run(command, cwd=folder, input=given, capture_output=True, check=False)
    return done.returncode


def _run_ours(name: str, verb: str, folder: Path) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.payload", name, verb, str(folder)]
    plain = {name: text for name, text in os.environ.items() if not name.startswith("MALLOC_")}
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=plain)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def _run_theirs(name: str, verb: str, folder: Path, read: str) -> float | None:
    if name != "CMS":
        options = ["--cipher-algo", "AES256", "--digest-algo", "SHA512", "--compress-algo", "ZIP"]
        start = time.perf_counter()
        code = _gpg(folder, *options, "--output", "theirs", *_GPG[verb].split(), read)
        return time.perf_counter() - start if code == 0 else None
    if shutil.which("openssl") is None:
        return None
    command = ["openssl", "cms", *_OPENSSL[verb].split(), "-in", read, "-out", "theirs"]
    start = time.perf_counter()
    done = subprocess.run(command, cwd=folder, capture_output=True, check=False)
    return time.perf_counter() - start if done.returncode == 0 else None


def _measure(name: str, verb: str, folder: Path) -> None:
    from benchmarks.children import _status

    own, partner = ("alice", "bob") if verb in ("sign", "encrypt", "protect") else ("bob", "alice")
    payload = (_cms if name == "CMS" else _openpgp)(folder, own, partner)
    read, made = _STEPS[verb]
    Path("/proc/self/clear_refs").write_text("5")
    start, before = time.perf_counter(), _status("VmRSS")
    getattr(payload, verb)(folder / read, to=folder / made)
    took = time.perf_counter() - start
    print(json.dumps({"seconds": took, "above_start": _status("VmHWM") - before}))


def _cms(folder: Path, own: str, partner: str) -> PayloadFormat:
    from zeep_wssec import Keystore
    from zeep_wssec.payload.cms import Cms, CmsSettings

    keystore = Keystore.from_pem(key=folder / f"{own}.key", certificate=folder / f"{own}.pem")
    keystore = keystore.with_partner(partner, folder / f"{partner}.pem")
    return Cms(keystore, CmsSettings(recipients=("bob",) if own == "alice" else ()))


def _openpgp(folder: Path, own: str, partner: str) -> PayloadFormat:
    from zeep_wssec import Secret
    from zeep_wssec.payload.openpgp import OpenPgp, OpenPgpSettings

    settings = OpenPgpSettings(
        public_rings=[folder / f"{partner}.pub"],
        secret_rings=[folder / f"{own}.sec"],
        passphrase=Secret.of(_PASSPHRASE),
        recipients=[partner],
    )
    return OpenPgp(settings)


if __name__ == "__main__":
    _measure(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
