"""Runs WSS4J over many messages in one Java process: a line of JSON for each."""

from __future__ import annotations

import base64
import itertools
import json
import subprocess
import tempfile
import threading
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from queue import Empty, Queue
from types import TracebackType
from typing import IO, Any

from interop.cxf.peer import STOP_SECONDS, PeerFailed, _java_tool, build

MAIN_CLASS = "interop.batch.BatchTool"
ANSWER_SECONDS = 60.0

# Unlike the peer it has enough to do for the faster code to pay.
JVM_OPTIONS = ("-XX:+UseSerialGC", "-Xmx512m")

KeyPair = tuple[bytes, Sequence[bytes]]
"""A private key as PKCS#8 DER, and its certificates as DER, leaf first."""


class Batch:
    """A running process: a context manager that ends it.

    Args:
        answer_seconds: How long one message may take before the process is given up.
        bouncy_castle: Whether Bouncy Castle comes before Java's own algorithms: it has more of them,
            but a plain installation of CXF is without.
    """

    def __init__(
        self, *, answer_seconds: float = ANSWER_SECONDS, bouncy_castle: bool = False
    ) -> None:
        self._options = ["--bouncy-castle"] if bouncy_castle else []
        self._answer_seconds = answer_seconds
        self._cleanup = ExitStack()
        self._process: subprocess.Popen[str] | None = None
        self._answers: Queue[str] = Queue()
        self._log: IO[bytes] | None = None
        self._numbers = itertools.count(1)
        # A question and its answer belong together, also where tests run in threads.
        self._turn = threading.Lock()

    def __enter__(self) -> Batch:
        java = _java_tool("java")
        jar = build()
        with ExitStack() as cleanup:
            self._log = cleanup.enter_context(tempfile.TemporaryFile())
            process = subprocess.Popen(
                [java, *JVM_OPTIONS, "-cp", str(jar), MAIN_CLASS, *self._options],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._log,
                encoding="utf-8",
            )
            reader = threading.Thread(target=self._read, args=(process,), daemon=True)
            cleanup.callback(_end, process, reader)
            reader.start()
            self._process = process
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

    def keys(
        self,
        name: str,
        *,
        pkcs12: Iterable[bytes] = (),
        password: str = "changeit",  # noqa: S107  # of a keystore in memory
        pairs: Mapping[str, KeyPair] | None = None,
        partners: Mapping[str, bytes] | None = None,
        anchors: Iterable[bytes] = (),
        secrets: Mapping[str, bytes] | None = None,
        users: Mapping[str, str] | None = None,
    ) -> None:
        """Make, or replace, the set of keys ``name``.

        Args:
            name: What ``protect`` and ``check`` call the set.
            pkcs12: PKCS#12 files with own key pairs; the case of an alias does not count.
            password: Of these files.
            pairs: Further own key pairs by alias, such as X25519 that no PKCS#12 writer takes.
            partners: Trusted certificates by alias, as DER.
            anchors: Certificates, as DER, in which a signer's chain may end.
            secrets: Symmetric keys by name; also by the identifier of a security context.
            users: Passwords by user.

        Raises:
            PeerFailed: Something of this cannot be read, or the process is gone.
        """
        answer = self._ask(
            op="keys",
            set=name,
            pkcs12=[_text(item) for item in pkcs12],
            password=password,
            keys={
                alias: {"key": _text(key), "chain": [_text(item) for item in chain]}
                for alias, (key, chain) in (pairs or {}).items()
            },
            partners=_texts(partners),
            anchors=[_text(item) for item in anchors],
            secrets=_texts(secrets),
            users=dict(users or {}),
        )
        if not answer["ok"]:
            raise PeerFailed(f"WSS4J cannot use the keys of {name}: {answer['error']}")

    def protect(
        self,
        name: str,
        envelope: str,
        steps: Sequence[Mapping[str, Any]],
        *,
        session_keys: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        """Let WSS4J apply the steps in their order.

        Args:
            name: The set of keys.
            envelope: A SOAP envelope.
            steps: As the README of this directory lists them.
            session_keys: Keys of earlier messages as ``protect`` gave them; steps name them by SHA-1.

        Returns:
            ``ok``, then ``message`` and ``session_keys``, or ``error``.

        Raises:
            PeerFailed: The process is gone or does not answer.
        """
        return self._ask(
            op="protect",
            set=name,
            envelope=envelope,
            steps=list(steps),
            session_keys=dict(session_keys or {}),
        )

    def check(
        self,
        name: str,
        message: str,
        *,
        session_keys: Mapping[str, str] | None = None,
        bsp: bool = True,
        allow_rsa15: bool = False,
        confirm: Sequence[str] | None = None,
        actor: str = "",
    ) -> dict[str, Any]:
        """Let WSS4J decrypt and verify a message.

        Args:
            name: The set of keys.
            message: A SOAP envelope.
            session_keys: Keys of earlier messages in base64, by the SHA-1 of their encrypted octets.
            bsp: Whether the rules of the Basic Security Profile are enforced.
            allow_rsa15: Whether RSA PKCS#1 v1.5 may have transported a key.
            confirm: Signature values, in base64, that the message must confirm.
            actor: Whose header is read.

        Returns:
            ``ok``, then what was proved, or ``error``.

        Raises:
            PeerFailed: The process is gone or does not answer.
        """
        return self._ask(
            op="check",
            set=name,
            message=message,
            session_keys=dict(session_keys or {}),
            bsp=bsp,
            allow_rsa15=allow_rsa15,
            confirm=None if confirm is None else list(confirm),
            actor=actor,
        )

    def log(self) -> str:
        """Return what the process wrote beside its answers."""
        if self._log is None or self._log.closed:
            return ""
        self._log.seek(0)
        return self._log.read().decode(errors="replace")

    def _ask(self, **question: object) -> dict[str, Any]:
        with self._turn:
            process = self._process
            if process is None or process.stdin is None:
                raise PeerFailed("the WSS4J process is not running")
            question["id"] = next(self._numbers)
            try:
                process.stdin.write(json.dumps(question) + "\n")
                process.stdin.flush()
                line = self._answers.get(timeout=self._answer_seconds)
            except (OSError, ValueError, Empty) as error:
                process.kill()
                raise PeerFailed(f"the WSS4J process does not answer:\n{self.log()}") from error
        if not line:
            raise PeerFailed(f"the WSS4J process ended:\n{self.log()}")
        answer: dict[str, Any] = json.loads(line)
        if answer.pop("id", None) != question["id"]:
            raise PeerFailed(f"an answer of the WSS4J process has another number: {line[:200]}")
        return answer

    def _read(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            self._answers.put(line)
        self._answers.put("")


def _end(process: subprocess.Popen[str], reader: threading.Thread) -> None:
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.close()
        process.wait(timeout=STOP_SECONDS)
    except (OSError, subprocess.TimeoutExpired):
        process.kill()
        process.wait()
    reader.join()
    process.stdout.close()


def _text(octets: bytes) -> str:
    return base64.b64encode(octets).decode()


def _texts(table: Mapping[str, bytes] | None) -> dict[str, str]:
    return {name: _text(octets) for name, octets in (table or {}).items()}
