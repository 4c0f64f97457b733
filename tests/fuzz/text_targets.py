"""Targets about texts: profile files, names of issuers, and what commands print."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

from fuzz.fragments import TEXTS
from fuzz.guard import Log
from fuzz.moves import unpack
from fuzz.oracle import Finding
from fuzz.table_moves import changed
from vectors.corpus import KEYS

from zeep_wssec import profile_file
from zeep_wssec.cli.group import describe_failure, failure_json
from zeep_wssec.cli.output import escaped, printable
from zeep_wssec.errors import (
    InboundError,
    KeyMaterialError,
    MalformedSecurityError,
    ProfileError,
    WSSecError,
)
from zeep_wssec.keys.certificate import Certificate
from zeep_wssec.keys.name_text import parse_name_text, read_name_text
from zeep_wssec.profile_file import loads_plan
from zeep_wssec.profile_values import Place
from zeep_wssec.replay import MemoryReplayStore
from zeep_wssec.replay.settings import Replay
from zeep_wssec.report import EncryptionReport, Report, SignatureReport

STEERING = frozenset(
    [*map(chr, range(32)), *map(chr, range(127, 160)), "\u202e", "\u2066", "\u200b", "\u2028"]
)
"""Characters that move a cursor, turn a line round or cannot be seen."""


# Profiles.


@cache
def _documents() -> Sequence[tuple[str, Mapping[str, Any]]]:
    """Give the texts of profiles: those of known services, and one with every key here."""
    folder = Path(__file__).parents[1] / "families"
    texts = [path.read_text("utf-8") for path in sorted(folder.glob("*.toml"))]
    texts.append((Path(__file__).parent / "profile.toml").read_text("utf-8"))
    return [(text, tomllib.loads(text)) for text in texts]


def _load(load: Any) -> None:
    """Load, with nothing written or opened but the key files that are here."""
    with patch.object(Replay, "open", lambda self, clock=None: MemoryReplayStore()):
        try:
            load()
        except (ProfileError, KeyMaterialError) as error:
            lines = describe_failure(error)
            if any(line != printable(line) for line in lines):
                raise Finding(f"a line steers the terminal: {lines!a}") from None
            json.loads(failure_json(error))


def run_profile(data: bytes, log: Log) -> None:
    """The text of a profile file."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return
    _load(lambda: loads_plan(text, base=KEYS, name="profile.toml"))


def profile_seeds() -> Iterator[bytes]:
    """Profiles that load, or lack a key file only."""
    for text, _ in _documents():
        yield text.encode()


def run_tables(data: bytes, log: Log) -> None:
    """The tables of a profile after changes."""
    if len(data) < 2:
        return
    documents = _documents()
    _, document = documents[data[0] % len(documents)]
    made = changed(dict(document), unpack(data[2:]))
    _load(lambda: profile_file._read_plan(made, Place(path="", base=KEYS)))


def table_seeds() -> Iterator[bytes]:
    """Heads with one change of each kind."""
    for index in range(len(_documents())):
        yield bytes([index, 0, index % 7, 1, 0, index, 0, 7, 0, index * 3, 0, 5])


# Names.


def run_name(data: bytes, log: Log) -> None:
    """The text of an issuer's name: read in one way or another, never an error, never long."""
    text = data.decode("utf-8", "surrogateescape" if data[:1] == b"\0" else "replace")
    parse_name_text.cache_clear()
    for name in read_name_text(text):
        if not name:
            raise Finding("a name without an attribute")
    parse_name_text(text, exact=True)
    certificate = Certificate.from_pem((KEYS / "ca.pem").read_bytes())[0]
    certificate.matches_issuer_serial(text, certificate.serial_number)
    certificate.has_subject(text)


def name_seeds() -> Iterator[bytes]:
    """Names as stacks write them."""
    for text in (
        "CN=Matrix CA,O=Example", "O=Example, CN=Matrix CA", '/O=Example/CN="Matrix CA"',
        r"CN=a\,b\2C\\,OU=#0c0161;2.5.4.6=DE+L=x", 'CN="a, ""b""",E=a@b', "1.2.3=#04", *TEXTS,
    ):  # fmt: skip
        yield text.encode("utf-8", "replace")


# What commands print.


def _texts(data: bytes) -> list[str]:
    return data.decode("utf-8", "replace").split("|")


def run_report(data: bytes, log: Log) -> None:
    """Reports and refusals with any texts of a peer's: each line is its own, and steers nothing."""
    texts = [*_texts(data), *[""] * 9]
    report = Report(
        accepted=True,
        proved=(texts[0], texts[1]),
        signatures=(
            SignatureReport(
                signer=texts[1], thumbprint_sha256=texts[2], trusted_as=texts[3], algorithm=texts[4],
                digests=(texts[5],), key_reference=texts[0], parts=(texts[6], texts[7]),
            ),
        ),
        encryptions=(
            EncryptionReport(
                part=texts[0], scope="content", algorithm=texts[2], key_transport=texts[3],
                recipient=texts[4], covered=True,
            ),
        ),
        username=texts[5], order=(texts[6],), warnings=(texts[7], texts[8]),
    )  # fmt: skip
    lines = str(escaped(report)).split("\n")
    expected = 7
    if len(lines) != expected:
        raise Finding(f"{len(lines)} lines, not {expected}: {lines!a}")
    json.loads(json.dumps(report.to_dict()))
    error: WSSecError = MalformedSecurityError(
        texts[0], hint=texts[1], path=texts[2], reason=texts[3]
    )
    if isinstance(error, InboundError):
        error.unverified_fault = texts[4]
    lines += describe_failure(error)
    for line in lines:
        if STEERING & set(printable(line)) or printable(line) != line:
            raise Finding(f"a line steers the terminal: {line!a}")
    if not failure_json(error).isascii():
        raise Finding("JSON of a failure is not ASCII")


def report_seeds() -> Iterator[bytes]:
    """Texts that steer terminals."""
    yield b"\x1b[2J|\x1b]0;x\x07|\r\nerror: forged|\xe2\x80\xae|a\xc2\x9bb|\xef\xbb\xbf|x"
    yield "|".join(TEXTS).encode()
