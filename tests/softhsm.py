"""A PKCS#11 token in software, made by the tools that come with SoftHSM and OpenSC."""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from peers import miss, require_module, require_program

from zeep_wssec.testing.authority import Issued

PIN = "1234"
_TOKENS = 32
"""Made at once: a library that has been started finds no token that another program makes later."""
_numbers = iter(range(_TOKENS))
_MODULES = (
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
    "/usr/lib64/libsofthsm2.so",
    "/usr/local/lib/softhsm/libsofthsm2.so",
    "/opt/homebrew/lib/softhsm/libsofthsm2.so",
)


@cache
def require_module_path() -> str:
    """Give the path of SoftHSM's library, told where its tokens are; the same for the whole process."""
    require_module("pkcs11")
    require_program("softhsm2-util")
    require_program("pkcs11-tool")
    found = next((path for path in _MODULES if Path(path).exists()), None)
    if found is None:
        miss("the library of SoftHSM 2 is not installed")
    folder = Path(tempfile.mkdtemp(prefix="zeep-wssec-softhsm-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    (folder / "tokens").mkdir()
    settings = (
        f"directories.tokendir = {folder}/tokens\nobjectstore.backend = file\nlog.level = ERROR\n"
    )
    (folder / "softhsm2.conf").write_text(settings)
    os.environ["SOFTHSM2_CONF"] = str(folder / "softhsm2.conf")
    for number in range(_TOKENS):
        words = ["--label", f"token {number:02}", "--pin", PIN, "--so-pin", "56789"]
        _run("softhsm2-util", "--init-token", "--free", *words)
    return found


class SoftToken:
    """One token of its own; everything is written to it by other programs."""

    def __init__(self) -> None:
        self.module = require_module_path()
        self.pin = PIN
        self.label = (
            f"token {next(_numbers):02}"  # pkcs11-tool takes the start of a label for all of it
        )

    def tool(self, *arguments: str) -> str:
        """Run ``pkcs11-tool`` on it, logged in."""
        words = ["--module", self.module, "--token-label", self.label, "--login"]
        words += ["--pin", self.pin]
        return _run("pkcs11-tool", *words, *arguments)

    def make_anew(self, pin: str) -> None:
        """Wipe it, and give it another PIN, under the same label."""
        words = ["--token", self.label, "--label", self.label, "--pin", pin, "--so-pin", "56789"]
        _run("softhsm2-util", "--init-token", *words)
        self.pin = pin

    def write_key(self, issued: Issued, *, label: str, number: int) -> None:
        """Put a private key onto it."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "key.pem"
            path.write_bytes(issued.key_pem())
            names = ["--label", label, "--id", f"{number:02x}"]
            if issued.certificate.key_kind == "ec":
                # softhsm2-util gives EC keys no right to agree on a secret.
                uses = ["--usage-sign", "--usage-derive"]
                self.tool("--write-object", str(path), "--type", "privkey", *uses, *names)
                return
            where = ["--token", self.label, "--pin", self.pin]
            _run("softhsm2-util", "--import", str(path), *names, *where)

    def write_certificate(self, der: bytes, *, label: str, number: int) -> None:
        """Put a certificate onto it."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "certificate.der"
            path.write_bytes(der)
            names = ["--label", label, "--id", f"{number:02x}"]
            self.tool("--write-object", str(path), "--type", "cert", *names)

    def write(self, issued: Issued, *, label: str, number: int) -> None:
        """Put a key with its certificate and chain onto it."""
        self.write_key(issued, label=label, number=number)
        self.write_certificate(issued.certificate.der, label=label, number=number)
        for place, certificate in enumerate(issued.chain):
            self.write_certificate(certificate.der, label="CA", number=0xC0 + place)


def _run(program: str, *arguments: str) -> str:
    command: Sequence[str] = [require_program(program), *arguments]
    done = subprocess.run(command, capture_output=True, timeout=60, check=False)
    assert done.returncode == 0, (done.stdout + done.stderr).decode(errors="replace")
    return done.stdout.decode(errors="replace")
