"""Installs and runs the Node.js peer of the interoperability tests: xml-crypto and node-soap."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tempfile
import threading
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any

PROJECT = Path(__file__).resolve().parent
OLDEST_NODE = 18
INSTALL_SECONDS = 300
ANSWER_SECONDS = 30
NPM_OPTIONS = ("--no-audit", "--no-fund", "--ignore-scripts", "--prefer-offline")


class PeerMissing(RuntimeError):
    """This machine lacks Node.js, or npm cannot install the libraries."""


class PeerFailed(RuntimeError):
    """The peer gave no answer."""


class NodePeer:
    """One process for many questions: a context manager that ends it.

    Args:
        now: What the peer takes for the present.
    """

    def __init__(self, now: datetime) -> None:
        self._now = now
        self._cleanup = ExitStack()
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> NodePeer:
        node = _require_node()
        install()
        with ExitStack() as cleanup:
            self._log = cleanup.enter_context(tempfile.TemporaryFile())
            self._process = subprocess.Popen(
                [node, "--no-deprecation", str(PROJECT / "peer.js"), self._now.isoformat()],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._log,
                encoding="utf-8",
            )
            cleanup.callback(_stop, self._process)
            self._cleanup = cleanup.pop_all()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._process = None
        self._cleanup.close()

    def ask(self, do: str, /, **question: object) -> dict[str, Any]:
        """Give the answer to a question; ``peer.js`` lists the questions.

        Raises:
            PeerFailed: The process ended or was silent.
        """
        process = self._process
        if process is None or process.stdin is None or process.stdout is None:
            raise PeerFailed("the Node.js peer is not running")
        deadline = threading.Timer(ANSWER_SECONDS, process.kill)
        deadline.start()
        try:
            process.stdin.write(json.dumps({"do": do, **question}) + "\n")
            process.stdin.flush()
            line = process.stdout.readline()
        except BrokenPipeError:
            line = ""
        finally:
            deadline.cancel()
        if not line:
            self._log.seek(0)
            raise PeerFailed(f"the Node.js peer gave no answer:\n{self._log.read().decode()}")
        answer = json.loads(line)
        assert isinstance(answer, dict)
        return answer


def install() -> None:
    """Install the libraries of package-lock.json, unless exactly these are there.

    Raises:
        PeerMissing: There is no npm, or it reported an error.
    """
    if _is_installed():
        return
    npm = shutil.which("npm")
    if npm is None:
        raise PeerMissing("installing the Node.js peer needs npm, which is not on the PATH")
    done = subprocess.run(
        [npm, "ci", *NPM_OPTIONS],
        cwd=PROJECT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        timeout=INSTALL_SECONDS,
        check=False,
    )
    if done.returncode != 0:
        raise PeerMissing(f"npm ci failed:\n{done.stdout[-2000:]}")


def _is_installed() -> bool:
    """Whether npm's own note of what it installed names the versions that are pinned."""
    note = PROJECT / "node_modules" / ".package-lock.json"
    return note.exists() and _versions(note) == _versions(PROJECT / "package-lock.json")


def _versions(lock: Path) -> dict[str, str]:
    packages = json.loads(lock.read_text("utf-8"))["packages"]
    return {path: item["version"] for path, item in packages.items() if path}


def _require_node() -> str:
    node = shutil.which("node")
    if node is None:
        raise PeerMissing("the peer needs Node.js: there is no node on the PATH")
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    version = re.match(r"v(\d+)", said)
    if version is None or int(version.group(1)) < OLDEST_NODE:
        raise PeerMissing(
            f"the peer needs Node.js {OLDEST_NODE} or later; {node} is {said.strip()}"
        )
    return node


def _stop(process: subprocess.Popen[str]) -> None:
    try:
        # The end of its standard input is what the peer waits for.
        process.communicate(timeout=ANSWER_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
