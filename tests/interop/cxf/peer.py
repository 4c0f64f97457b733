"""Builds and runs the Apache CXF peer of the interoperability tests."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
import threading
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Literal

SoapFlavour = Literal["soap11", "soap12"]

PROJECT = Path(__file__).resolve().parent
WSDL_DIRECTORY = PROJECT.parents[2] / "wsdl-samples" / "orders"
JAR = PROJECT / "target" / "cxf-peer.jar"

OLDEST_JAVA = 17
START_SECONDS = 60
STOP_SECONDS = 20

# A peer lives for seconds, so its start matters more than its later speed.
JVM_OPTIONS = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xmx256m")


class PeerMissing(RuntimeError):
    """This machine lacks Maven or a recent enough Java."""


class PeerFailed(RuntimeError):
    """The peer could not be built or started."""


def build() -> Path:
    """Package the peer unless its jar is newer than all that it is made from.

    Returns:
        The runnable jar; it needs the libraries beside it.

    Raises:
        PeerMissing: Maven or a Java compiler is not installed.
        PeerFailed: Maven reported an error.
    """
    if not _is_current():
        maven = shutil.which("mvn")
        if maven is None:
            raise PeerMissing("building the CXF peer needs Maven: there is no mvn on the PATH")
        _java_tool("javac")
        result = subprocess.run(
            [maven, "-q", "-B", "package"],
            cwd=PROJECT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if result.returncode != 0:
            raise PeerFailed(f"mvn package failed:\n{result.stdout}")
        # Maven leaves a jar alone whose content stays the same, whatever the sources' times.
        JAR.touch()
    return JAR


class CxfPeer:
    """A running peer: a context manager that ends the process and removes its files.

    Args:
        keys_dir: The directory with server.p12 and client-trust.p12.
        password: The password of both files.
        tls: Whether it speaks https and demands client certificates; tls-server.p12 and tls-trust.p12
            are in the directory as well.
        verbose: Whether the log has more than errors.
    """

    def __init__(
        self, keys_dir: Path, password: str, *, tls: bool = False, verbose: bool = False
    ) -> None:
        self._keys_dir = keys_dir
        self._password = password
        self._tls = tls
        self._verbose = verbose
        self._cleanup = ExitStack()
        self._log_file: Path | None = None
        self._base_url: str | None = None

    def __enter__(self) -> CxfPeer:
        java = _java_tool("java")
        jar = build()
        with ExitStack() as cleanup:
            # The replay caches' files go here, and with it even if the process was killed.
            scratch = Path(cleanup.enter_context(tempfile.TemporaryDirectory(prefix="cxf-peer-")))
            self._log_file = scratch / "peer.log"
            process = self._start(java, jar, scratch, cleanup)
            self._base_url = self._wait_until_ready(process)
            self._cleanup = cleanup.pop_all()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._base_url = None
        self._cleanup.close()

    def url(self, flavour: SoapFlavour, service: str) -> str:
        """Return the address of a service for one SOAP version."""
        if self._base_url is None:
            raise PeerFailed("the CXF peer is not running")
        return f"{self._base_url}/{flavour}/{service}"

    def log(self) -> str:
        """Return what the peer logged so far; the log ends with the peer."""
        if self._log_file is None or not self._log_file.exists():
            return ""
        return self._log_file.read_text(errors="replace")

    def _start(
        self, java: str, jar: Path, scratch: Path, cleanup: ExitStack
    ) -> subprocess.Popen[str]:
        command = [java, *JVM_OPTIONS, f"-Djava.io.tmpdir={scratch}", "-jar", str(jar)]
        command += ["--keys", str(self._keys_dir), "--port", "0"]
        if self._tls:
            command.append("--tls")
        if self._verbose:
            command.append("--verbose")
        log = cleanup.enter_context((scratch / "peer.log").open("wb"))
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            env={**os.environ, "PEER_PASSWORD": self._password},
            text=True,
        )
        cleanup.callback(_stop, process)
        return process

    def _wait_until_ready(self, process: subprocess.Popen[str]) -> str:
        assert process.stdout is not None
        deadline = threading.Timer(START_SECONDS, process.kill)
        deadline.start()
        try:
            words = process.stdout.readline().split()
        finally:
            deadline.cancel()
        if len(words) != 2 or words[0] != "READY":
            _stop(process)
            raise PeerFailed(f"the CXF peer did not start:\n{self.log()}")
        return words[1]


def _stop(process: subprocess.Popen[str]) -> None:
    try:
        # The end of its standard input is what the peer waits for.
        process.communicate(timeout=STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()


def _is_current() -> bool:
    if not JAR.exists():
        return False
    # Directories count too: a deleted file shows in its directory's time only.
    sources = [PROJECT / "pom.xml", *PROJECT.joinpath("src").rglob("*")]
    sources += [WSDL_DIRECTORY, *WSDL_DIRECTORY.glob("*.wsdl")]
    return JAR.stat().st_mtime >= max(source.stat().st_mtime for source in sources)


def _java_tool(name: str) -> str:
    java_home = os.environ.get("JAVA_HOME")
    search_path = str(Path(java_home) / "bin") if java_home else None
    tool = shutil.which(name, path=search_path)
    if tool is None:
        place = "JAVA_HOME" if java_home else "the PATH"
        raise PeerMissing(f"the CXF peer needs Java: there is no {name} in {place}")
    answer = subprocess.run([tool, "-version"], capture_output=True, text=True, check=False)
    version = re.search(r"(\d+)", answer.stderr + answer.stdout)
    if version is None or int(version.group(1)) < OLDEST_JAVA:
        raise PeerMissing(f"the CXF peer needs Java {OLDEST_JAVA} or later; {tool} is older")
    return tool
