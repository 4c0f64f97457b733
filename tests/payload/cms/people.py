"""Who signs, who is encrypted to, and the openssl command line as the other side."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from peers import require_program

from zeep_wssec import Keystore
from zeep_wssec.keys.entries import FileKey, KeyEntry
from zeep_wssec.payload.cms import Cms, CmsSettings
from zeep_wssec.testing.authority import Authority, Issued

NOW = datetime(2027, 6, 1, 12, 0, tzinfo=UTC)
DATA = b"line1\nline2\r\n\x00\xff"
KINDS = {
    "alice": "rsa-2048",
    "bob": "rsa-2048",
    "carol": "rsa-2048",
    "eve": "ec-p256",
    "ed": "ed25519",
    "edda": "ed448",
    "max": "x25519",
}
REASON = "a test"
OLD = dict.fromkeys(("sha1", "md5", "rsa-1_5", "cbc", "dsa", "3des", "camellia"), REASON)


@dataclass(frozen=True)
class People:
    """A root, an intermediate under it, and those whom it certified."""

    root: Authority
    issuer: Authority
    issued: dict[str, Issued]

    def own(self, *names: str) -> Keystore:
        """A keystore with key pairs."""
        return Keystore(
            KeyEntry.of_key(
                name,
                FileKey(self.issued[name].private_key),
                certificate=self.issued[name].certificate,
                chain=self.issued[name].chain,
            )
            for name in names
        )

    def keystore(self, own: Iterable[str] = (), partners: Iterable[str] = ()) -> Keystore:
        """A keystore with key pairs and partners."""
        keystore = self.own(*own)
        for name in partners:
            keystore = keystore.with_partner(name, self.issued[name].certificate)
        return keystore

    def cms(self, own: str = "", partners: str = "", **settings: Any) -> Cms:
        """The format over such a keystore; names are given in one text."""
        keystore = self.keystore(own.split(), partners.split())
        return Cms(keystore, CmsSettings(**settings))


@lru_cache
def people() -> People:
    """The people of all tests."""
    root = Authority.create("Test Root", now=NOW)
    issuer = root.intermediate("Test Issuer")
    issued = {name: issuer.issue(name, key=kind) for name, kind in KINDS.items()}
    return People(root, issuer, issued)


class OpenSsl:
    """``openssl`` in a folder with everybody's keys and certificates."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._program = require_program("openssl")
        everybody = people()
        self.write("ca.pem", everybody.root.pem)
        self.write("int.pem", everybody.issuer.pem)
        self.write("data.bin", DATA)
        for name, issued in everybody.issued.items():
            self.write(f"{name}.key", issued.key_pem())
            self.write(f"{name}.pem", issued.certificate_pem)

    def write(self, name: str, data: bytes | None) -> str:
        """Write a file; give its name."""
        assert data is not None
        (self.folder / name).write_bytes(data)
        return name

    def read(self, name: str) -> bytes:
        """Read a file."""
        return (self.folder / name).read_bytes()

    def run(self, *arguments: str) -> subprocess.CompletedProcess[bytes]:
        """Run a command, whatever comes of it."""
        return subprocess.run(
            [self._program, *arguments], cwd=self.folder, capture_output=True, check=False
        )

    def make(self, *arguments: str) -> bytes:
        """Run a command that must succeed and writes ``out``."""
        done = self.run(*arguments, "-out", "out")
        assert done.returncode == 0, done.stderr.decode(errors="replace")
        return self.read("out")

    def sign(self, *signers: str, more: Iterable[str] = ()) -> bytes:
        """Sign ``data.bin`` in DER, with the intermediate along."""
        who = [
            item for name in signers for item in ("-signer", f"{name}.pem", "-inkey", f"{name}.key")
        ]
        fixed = ("-in", "data.bin", "-binary", "-outform", "DER", "-certfile", "int.pem")
        return self.make("cms", "-sign", *fixed, *who, *more)

    def encrypt(self, *recipients: str, more: Iterable[str] = ()) -> bytes:
        """Encrypt ``data.bin`` in DER."""
        who = [item for name in recipients for item in ("-recip", f"{name}.pem")]
        return self.make(
            "cms", "-encrypt", "-in", "data.bin", "-binary", "-outform", "DER", *who, *more
        )

    def verify(self, data: bytes | None, *more: str, form: str = "DER") -> bytes:
        """Verify signed data at the time of the tests, up to the root; give its content."""
        self.write("in", data)
        when = ("-attime", str(int(NOW.timestamp())), "-purpose", "any")
        fixed = ("-binary", "-inform", form, "-in", "in", "-CAfile", "ca.pem")
        return self.make("cms", "-verify", *fixed, *when, *more)

    def decrypt(self, data: bytes | None, name: str, *, form: str = "DER") -> bytes:
        """Decrypt as somebody; give the content."""
        self.write("in", data)
        who = ("-recip", f"{name}.pem", "-inkey", f"{name}.key")
        return self.make("cms", "-decrypt", "-binary", "-inform", form, "-in", "in", *who)
