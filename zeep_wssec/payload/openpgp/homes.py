"""Folders that are homes of GnuPG: made in memory, gone at the end, and those of killed processes at the next start."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import stat
import subprocess
import tempfile
from pathlib import Path
from typing import Final

_SOCKET_PATH: Final = 80
"""Longest path of a home whose agent can have its socket there; Linux takes 108 octets."""
_IN_MEMORY: Final = "/dev/shm"  # noqa: S108  # a folder of its own in there
_SECONDS_TO_STOP: Final = 10
_NAME: Final = re.compile(r"zw-(\d+)-(\d+)-(\d+)-\w+", re.ASCII)
"""Namespace of the process ids, process id, and when that process began."""


def make_folder() -> str:
    """Make a home: in memory where the system has a place for that, so that no key lies on a disk."""
    owner = _owner()
    prefix = "zw-" if owner is None else f"zw-{'-'.join(owner)}-"
    for place in (_IN_MEMORY, None, "/tmp"):  # noqa: S108  # mkdtemp makes a private folder
        if place == _IN_MEMORY and not os.access(place, os.W_OK):
            continue
        folder = tempfile.mkdtemp(prefix=prefix, dir=place)
        if len(folder) <= _SOCKET_PATH:
            break
        os.rmdir(folder)  # noqa: PTH106  # the agent's socket needs a short path
    if folder.startswith(_IN_MEMORY):
        # Whoever can read the home can read this process, which has the passphrase: to make each use of a
        # key slow would keep nobody away from it.
        Path(folder, "gpg-agent.conf").write_text("s2k-count 65536\n", "ascii")
        remove_left(_IN_MEMORY)
    return folder


def remove_folder(folder: str, pid: int) -> None:
    """Stop the agent and remove the home, in the process that made it only."""
    if pid != os.getpid():
        return
    stop = shutil.which("gpgconf")
    if stop is not None:
        for task in (("--kill", "all"), ("--remove-socketdir",)):
            with contextlib.suppress(OSError, subprocess.SubprocessError):
                subprocess.run(  # noqa: S603  # our own arguments
                    [stop, "--homedir", folder, *task],
                    env=environment(),
                    timeout=_SECONDS_TO_STOP,
                    capture_output=True,
                    check=False,
                )
    shutil.rmtree(folder, ignore_errors=True)


def remove_left(place: str | os.PathLike[str]) -> None:
    """Remove homes whose processes were killed: ours by owner and name, in a folder where others are, too.

    A home of a process that we cannot see, or that may live, stays.
    """
    owner = _owner()
    if owner is None:
        return
    with contextlib.suppress(OSError):
        for entry in list(os.scandir(place)):
            name = _NAME.fullmatch(entry.name)
            if name is None or name[1] != owner[0] or not _is_private(entry):
                continue
            if _has_ended(int(name[2]), name[3]):
                remove_folder(entry.path, os.getpid())


def _is_private(entry: os.DirEntry[str]) -> bool:
    """Tell whether it is a folder that this user made for himself alone."""
    found = entry.stat(follow_symlinks=False)
    return (
        stat.S_ISDIR(found.st_mode)
        and found.st_uid == os.geteuid()
        and not stat.S_IMODE(found.st_mode) & 0o077
    )


def _owner() -> tuple[str, str, str] | None:
    """Give what tells this process from all others, or ``None`` where the system does not show it."""
    try:
        # A /proc that was mounted elsewhere has other processes under the same numbers.
        if os.readlink("/proc/self") != str(os.getpid()):  # noqa: PTH115
            return None
        space = os.stat("/proc/self/ns/pid").st_ino  # noqa: PTH116
    except OSError:
        return None
    state, began = _read_stat(os.getpid())
    return (str(space), str(os.getpid()), began) if state else None


def _has_ended(pid: int, began: str) -> bool:
    """Tell whether a process is gone; its number may be that of another one by now."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except (OSError, OverflowError):
        return False
    state, found = _read_stat(pid)
    return bool(state) and (state in "ZX" or found != began)


def _read_stat(pid: int) -> tuple[str, str]:
    """Give state and start of a process, in clock ticks since boot; empty where they are not shown.

    Spec: proc_pid_stat(5), fields 3 and 22.
    """
    try:
        fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
        return fields[0].decode("ascii"), fields[19].decode("ascii")
    except (OSError, IndexError):
        return "", ""


def environment() -> dict[str, str]:
    """Give the variables that GnuPG gets."""
    kept = {name: os.environ[name] for name in ("PATH", "TMPDIR") if name in os.environ}
    return {**kept, "LC_ALL": "C.UTF-8"}
