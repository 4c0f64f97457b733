"""Homes of GnuPG: what a killed process leaves is removed, what lives or is not ours stays."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from peers import miss, needs, require_program

from zeep_wssec.payload.openpgp import homes
from zeep_wssec.payload.openpgp.gpg import GpgHome

PROGRAM = """
import sys
from zeep_wssec.payload.openpgp.gpg import GpgHome
home = GpgHome("gpg")
home.listing(secret=True)
print(home._folder, flush=True)
sys.stdin.read()
"""
linux = needs(homes._owner() is not None, "the system does not show processes")


@linux
@pytest.mark.parametrize("killed", [True, False])
def test_home_of_a_killed_process(killed: bool) -> None:
    """It is gone once another process makes its own; that of a process that lives is left alone."""
    require_program("gpg")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        folder = Path(process.stdout.readline().strip())
        if not folder.is_relative_to("/dev/shm"):  # noqa: S108
            process.kill()
            miss("there is no memory for homes here")
        assert folder.is_dir()
        if killed:
            process.kill()
            process.wait()
        home = GpgHome("gpg")
        try:
            assert folder.exists() is not killed
            assert Path(home._folder).is_dir()
        finally:
            home.close()
    assert not folder.exists()


@pytest.fixture
def owner() -> tuple[str, str, str]:
    found = homes._owner()
    assert found is not None
    return found


def made(folder: Path, name: str, mode: int = 0o700) -> Path:
    (folder / name).mkdir(mode)
    (folder / name).chmod(mode)
    (folder / name / "key").touch()
    return folder / name


@linux
def test_what_is_removed(tmp_path: Path, owner: tuple[str, str, str]) -> None:
    """A home whose number now is that of another process, and one whose number nobody has."""
    space, pid, began = owner
    gone = [
        made(tmp_path, f"zw-{space}-{pid}-{int(began) + 1}-abc"),
        made(tmp_path, f"zw-{space}-{2**22 + 1}-{began}-abc"),
    ]
    homes.remove_left(tmp_path)
    assert not any(item.exists() for item in gone)


@linux
def test_what_stays(tmp_path: Path, owner: tuple[str, str, str]) -> None:
    """Homes of processes that live or that we do not see, and whatever else has such a name."""
    space, pid, began = owner
    dead = f"{2**22 + 1}-{began}"
    target = made(tmp_path, "target")
    (tmp_path / f"zw-{space}-{dead}-link").symlink_to(target)
    kept = [
        made(tmp_path, f"zw-{space}-{pid}-{began}-abc"),
        made(tmp_path, f"zw-{int(space) + 1}-{dead}-abc"),
        made(tmp_path, f"zw-{space}-{dead}-open", 0o755),
        made(tmp_path, f"zw-{space}-{dead}-"),
        made(tmp_path, f"x-zw-{space}-{dead}-abc"),
        made(tmp_path, "zw-abc"),
        target,
        tmp_path / f"zw-{space}-{dead}-link",
    ]
    homes.remove_left(tmp_path)
    assert all((item / "key").exists() for item in kept)


@linux
def test_system_that_does_not_show_processes(
    tmp_path: Path, owner: tuple[str, str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """There nothing is removed: a process that cannot be seen may live."""
    left = made(tmp_path, f"zw-{owner[0]}-{2**22 + 1}-{owner[2]}-abc")
    monkeypatch.setattr(homes, "_owner", lambda: None)
    homes.remove_left(tmp_path)
    assert left.exists()
    folder = homes.make_folder()
    try:
        assert homes._NAME.fullmatch(Path(folder).name) is None
    finally:
        homes.remove_folder(folder, os.getpid())
