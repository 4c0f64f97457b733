"""Show that no file holds the private key: not during a call, not after it, not on a read-only system."""

from __future__ import annotations

import contextlib
import os
import ssl
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from peers import miss, require_program
from tls.kit import Call, World

from zeep_wssec import KeyUsageError
from zeep_wssec.transport.private_file import private_file

LARGEST = 16 * 1024 * 1024


def clear_forms(world: World) -> list[bytes]:
    """A piece of each form in which the client's key would stand in clear: octets and base64."""
    found = []
    for form in (serialization.PrivateFormat.PKCS8, serialization.PrivateFormat.TraditionalOpenSSL):
        for encoding in (serialization.Encoding.DER, serialization.Encoding.PEM):
            octets = world.client.private_key.private_bytes(
                encoding, form, serialization.NoEncryption()
            )
            found.append(octets[400:460])
    return found


def files(since: float) -> Iterator[Path]:
    """Every file where something may have been left: temporary folders, here, shared memory, open ones."""
    folders = {tempfile.gettempdir(), os.environ.get("TMPDIR", "/tmp"), "/dev/shm", str(Path.cwd())}  # noqa: S108
    for folder, _, names in (item for start in folders for item in os.walk(start)):
        for path in (Path(folder, name) for name in names):
            with contextlib.suppress(OSError):
                if path.lstat().st_mtime >= since:
                    yield path
    yield from Path("/proc/self/fd").glob("*")


def holding_the_key(world: World, since: float = 0) -> list[str]:
    """Give the files that hold the client's key in clear, among those that changed since a moment."""
    forms, found = clear_forms(world), []
    for path in files(since):
        with contextlib.suppress(OSError):
            if path.is_file() and path.stat().st_size <= LARGEST:
                data = path.read_bytes()
                found += [str(path)] * any(form in data for form in forms)
    return found


@pytest.fixture
def emptied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A temporary folder and a working folder of the test alone."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_search_finds_a_key(world: World, emptied: Path) -> None:
    """The search would find a key if there were one: in a file, or in one that is open but has no name."""
    start = emptied.stat().st_mtime
    assert holding_the_key(world, start) == []
    with tempfile.TemporaryFile() as file:
        file.write(world.client.key_pem())
        file.flush()
        assert [item for item in holding_the_key(world, start) if "/proc/self/fd/" in item]
    (emptied / "left.pem").write_bytes(world.client.key_pem())
    assert str(emptied / "left.pem") in holding_the_key(world, start)


@pytest.mark.parametrize("memory", [True, False])
def test_no_file_holds_the_key(
    world: World, call: Call, emptied: Path, monkeypatch: pytest.MonkeyPatch, memory: bool
) -> None:
    """Neither while OpenSSL reads it, nor during the call, nor afterwards; with memory files and without."""
    if not memory:
        monkeypatch.delattr(os, "memfd_create", raising=False)
    seen: list[Any] = []
    start = emptied.stat().st_mtime
    load = ssl.SSLContext.load_cert_chain

    def watched(self: ssl.SSLContext, path: Any, *rest: Any, **options: Any) -> None:
        seen.append(
            (Path(path).read_bytes().split(b"\n")[0], str(path), holding_the_key(world, start))
        )
        load(self, path, *rest, **options)

    profile, context = world.profile(), world.context()
    monkeypatch.setattr(ssl.SSLContext, "load_cert_chain", watched)
    with world.served(context) as address:
        call(profile, address)
        assert holding_the_key(world, start) == []
    assert {item[0] for item in seen} == {b"-----BEGIN ENCRYPTED PRIVATE KEY-----"}
    assert all(item[1].startswith("/proc/self/fd/") == memory for item in seen)
    assert not any(item[2] for item in seen)
    assert not [item for item in emptied.rglob("*") if item.is_file()]


def test_file_is_private_and_goes(emptied: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without memory files it is one that only its owner can read, for as long as the block lasts."""
    monkeypatch.delattr(os, "memfd_create", raising=False)
    with private_file(b"x") as path:
        assert Path(path).stat().st_mode & 0o077 == 0
        assert Path(path).parent.stat().st_mode & 0o077 == 0
    assert not list(emptied.iterdir())


def test_nowhere_to_go(emptied: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without memory files and without a folder the error says what is missing."""
    monkeypatch.delattr(os, "memfd_create", raising=False)
    monkeypatch.setattr(tempfile, "tempdir", str(emptied / "gone"))
    with pytest.raises(KeyUsageError, match="TMPDIR") as caught, private_file(b"x"):
        pass
    assert caught.value.reason == "no_place"


def test_memory_without_a_path(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where memory cannot be had a file serves."""

    def refuse(*_: Any) -> int:
        raise OSError("not here")

    monkeypatch.setattr(os, "memfd_create", refuse, raising=False)
    with private_file(b"x") as path:
        assert Path(path).read_bytes() == b"x"


READ_ONLY = """
import asyncio, os, pathlib, sys, tempfile
from zeep_wssec import Profile
for folder in ("/tmp", "/var/tmp", "/dev/shm", os.getcwd(), os.path.expanduser("~")):
    try:
        pathlib.Path(folder, "probe").write_text("x")
    except OSError:
        continue
    raise SystemExit(f"{folder} can be written to")
profile = Profile.load(sys.argv[1])
with profile.session() as session, profile.httpx_session() as other:
    print(session.get(sys.argv[2]).status_code, other.get(sys.argv[2]).status_code)
async def ask():
    async with profile.async_session() as client:
        print((await client.get(sys.argv[2])).status_code)
asyncio.run(ask())
"""
REMOUNT = """
mount --make-rprivate / || exit 90
while read -r _ _ _ _ place _; do
  case $place in /proc|/proc/*|/sys|/sys/*) continue;; esac
  mount -o remount,bind,ro "$place" 2>/dev/null
done </proc/self/mountinfo
exec "$@"
"""
"""Makes every file system read-only for the program that follows."""


@pytest.mark.skipif(not hasattr(os, "memfd_create"), reason="memory files are Linux's")
def test_read_only_file_system(world: World, tmp_path: Path) -> None:
    """requests and httpx show the certificate where nothing at all can be written to."""
    (tmp_path / "client.p12").write_bytes(world.client.pkcs12("secret", name="client"))
    (tmp_path / "root.pem").write_bytes(world.root.pem)
    (tmp_path / "profile.toml").write_text(
        '[[keystore]]\npkcs12 = "client.p12"\npassword_env = "P12"\n'
        '[tls]\nclient_key = "client"\ntrust = ["root.pem"]\n'
    )
    program = [sys.executable, "-c", READ_ONLY, str(tmp_path / "profile.toml")]
    context = world.context()
    with world.served(context) as address:
        done = subprocess.run(
            [require_program("unshare"), "--mount", "sh", "-c", REMOUNT, "sh", *program, address],
            capture_output=True, text=True, check=False, env={**os.environ, "P12": "secret"},
        )  # fmt: skip
    if done.returncode == 90 or done.stderr.startswith("unshare"):
        miss(f"no mount namespace can be made here: {done.stderr.strip()[:200]}")
    assert done.stdout.split() == ["500", "500", "500"], done.stderr
    assert len(context.clients) == 3
