"""GnuPG as the other side, with keys of its own that are made once a run."""

from __future__ import annotations

import contextlib
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from peers import require_program

from zeep_wssec import Secret
from zeep_wssec.payload.openpgp import OpenPgp, OpenPgpSettings

PASSPHRASE = "correct horse"
DATA = b"line1\nline2\r\n\x00\xff" * 100


@dataclass
class Gnupg:
    """A home of GnuPG, used by its command as anybody would."""

    home: Path
    status: list[str] = field(default_factory=list)

    @classmethod
    @contextlib.contextmanager
    def create(cls) -> Iterator[Gnupg]:
        require_program("gpg")
        with tempfile.TemporaryDirectory(prefix="gp-", dir="/tmp") as folder:
            Path(folder).chmod(0o700)
            (Path(folder) / "gpg-agent.conf").write_text("s2k-count 65536\n")
            peer = cls(Path(folder))
            try:
                yield peer
            finally:
                subprocess.run(
                    ["gpgconf", "--homedir", folder, "--kill", "all"],
                    capture_output=True,
                    check=False,
                )

    def run(self, *arguments: str, data: bytes = b"", code: int | None = 0) -> bytes:
        """Run gpg; keep its status lines."""
        command = [
            "gpg",
            "--homedir",
            str(self.home),
            "--batch",
            "--yes",
            "--trust-model",
            "always",
        ]
        command += ["--pinentry-mode", "loopback", "--passphrase", PASSPHRASE, "--status-file"]
        status = self.home / "status"
        done = subprocess.run(
            [*command, str(status), *arguments], input=data, capture_output=True, check=False
        )
        lines = status.read_text("utf-8", errors="replace").splitlines()
        self.status = [line.removeprefix("[GNUPG:] ") for line in lines]
        status.unlink()
        assert code is None or done.returncode == code, done.stderr.decode(errors="replace")
        return done.stdout

    def has(self, start: str) -> bool:
        return any(line.startswith(start) for line in self.status)

    def make_key(self, user: str, *parameters: str, at: str | None = None) -> str:
        """Make a key as ``--full-gen-key --batch`` does; give its fingerprint."""
        text = "\n".join([*parameters, f"Name-Real: {user.split(' <')[0]}"])
        text += (
            f"\nName-Email: {user.split('<')[1].rstrip('>')}\nPassphrase: {PASSPHRASE}\n%commit\n"
        )
        faked = [f"--faked-system-time={at}"] if at else []
        self.run(*faked, "--full-gen-key", data=text.encode())
        return next(line.split()[2] for line in self.status if line.startswith("KEY_CREATED"))

    def export(self, *users: str) -> bytes:
        return self.run("--export", *users)

    def export_secret(self, *users: str) -> bytes:
        return self.run("--export-secret-keys", *users)


MODERN = ("Key-Type: eddsa", "Key-Curve: ed25519", "Subkey-Type: ecdh", "Subkey-Curve: cv25519")
RSA = (
    *("Key-Type: RSA", "Key-Length: 2048", "Key-Usage: sign"),
    *("Subkey-Type: RSA", "Subkey-Length: 2048", "Subkey-Usage: encrypt"),
)


@dataclass(frozen=True, kw_only=True)
class Rings:
    """Files with keys: ours and the partners'."""

    folder: Path
    peer: Gnupg
    fingerprints: dict[str, str]

    def path(self, name: str) -> Path:
        return self.folder / name

    def settings(self, **settings: Any) -> OpenPgpSettings:
        """Give settings of alice, who knows bob, the second bob and carol."""
        defaults: dict[str, Any] = {
            "public_rings": [self.path("partners.gpg")],
            "secret_rings": [self.path("alice.sec")],
            "passphrase": Secret.of(PASSPHRASE),
            "recipients": ["bob@recv.example"],
        }
        return OpenPgpSettings(**{**defaults, **settings})

    def alice(self, **settings: Any) -> OpenPgp:
        return OpenPgp(self.settings(**settings))

    def bob(self, **settings: Any) -> OpenPgp:
        """Give bob, who knows alice, mallory and the DSA key dora."""
        defaults: dict[str, Any] = {
            "public_rings": [self.path("senders.gpg")],
            "secret_rings": [self.path("bob.sec")],
            "recipients": ["alice"],
            "signed_by": ["alice@send.example"],
        }
        return OpenPgp(self.settings(**{**defaults, **settings}))


def make_rings(folder: Path, peer: Gnupg) -> Rings:
    """Make keys and write the rings."""
    made = {
        "alice": peer.make_key("Alice <alice@send.example>", *MODERN),
        "bob": peer.make_key("Bob <bob@recv.example>", *RSA),
        "bob2": peer.make_key("Bob Second <bob@recv.example>", *MODERN),
        "carol": peer.make_key("Carol <carol@other.example>", *MODERN),
        "mallory": peer.make_key("Mallory <mallory@other.example>", *MODERN),
        "weak": peer.make_key("Weak <weak@old.example>", "Key-Type: RSA", "Key-Length: 1024"),
    }
    (folder / "partners.gpg").write_bytes(peer.export(made["bob"], made["bob2"], made["carol"]))
    (folder / "partners.asc").write_bytes(
        peer.run("--armor", "--export", made["bob"], made["bob2"])
    )
    (folder / "senders.gpg").write_bytes(peer.export(made["alice"], made["mallory"], made["weak"]))
    for name in ("alice", "bob", "carol"):
        (folder / f"{name}.sec").write_bytes(peer.export_secret(made[name]))
    (folder / "two.sec").write_bytes(peer.export_secret(made["alice"], made["carol"]))
    return Rings(folder=folder, peer=peer, fingerprints=made)
