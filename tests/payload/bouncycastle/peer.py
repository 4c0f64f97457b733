"""Bouncy Castle in one Java process: a line for each thing to do, a line for what came of it."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from interop.cxf.peer import PeerFailed, PeerMissing, _java_tool

PROJECT = Path(__file__).resolve().parent
JAR = PROJECT / "target" / "bouncycastle-peer.jar"
_OPTIONS = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xmx256m")


class Refused(Exception):
    """The peer could not do it; what it says of it."""


def build() -> Path:
    """Package the peer unless its jar is newer than all that it is made from.

    Raises:
        PeerMissing: Maven or a Java compiler is not installed.
        PeerFailed: Maven reported an error.
    """
    sources = [PROJECT / "pom.xml", *PROJECT.glob("src/**/*.java")]
    newest = max(path.stat().st_mtime for path in sources)
    if JAR.exists() and JAR.stat().st_mtime >= newest:
        return JAR
    maven = shutil.which("mvn")
    if maven is None:
        raise PeerMissing(
            "building the Bouncy Castle peer needs Maven: there is no mvn on the PATH"
        )
    _java_tool("javac")
    done = subprocess.run(
        [maven, "-q", "-B", "package"],
        cwd=PROJECT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise PeerFailed(f"mvn package failed:\n{done.stdout}{done.stderr}")
    JAR.touch()
    return JAR


class BouncyCastle:
    """A running process; a context manager that ends it."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None
        self._log: IO[bytes] | None = None

    def __enter__(self) -> Self:
        java, jar = _java_tool("java"), build()
        self._log = tempfile.TemporaryFile()  # closed with the process
        self._process = subprocess.Popen(
            [java, *_OPTIONS, "-jar", str(jar)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            encoding="utf-8",
        )
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        process = self._process
        if process is not None:
            with process:
                process.kill()
        if self._log is not None:
            self._log.close()

    def do(self, verb: str, **given: str) -> dict[str, str]:
        """Have something done.

        Raises:
            Refused: The peer could not do it.
            PeerFailed: The process has ended.
        """
        process = self._process
        assert process is not None
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(
            "\t".join([verb, *(f"{key}={text}" for key, text in given.items())]) + "\n"
        )
        process.stdin.flush()
        outcome, *pairs = process.stdout.readline().rstrip("\n").split("\t")
        if outcome == "failed":
            raise Refused(pairs[0])
        if outcome != "ok":
            raise PeerFailed("the Bouncy Castle peer has ended")
        return dict(pair.split("=", 1) for pair in pairs)
