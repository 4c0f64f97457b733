"""What is fuzzed: each target takes octets and raises a ``Finding`` for what must never happen.

Every engine feeds the same octets: libFuzzer through atheris, Hypothesis, a plain random source, and the
stored inputs that the suite runs again.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from fuzz import keys_targets, text_targets
from fuzz.guard import Log
from fuzz.moves import changed, unpack
from fuzz.oracle import Finding, assert_harmless, assert_sound
from lxml import etree
from vectors.corpus import Forgetful, Vector, good_vectors, keystore

from zeep_wssec import (
    BasicSecurityProfile,
    InboundError,
    Limits,
    OverTLS,
    Profile,
    Unverified,
)
from zeep_wssec.cli.group import describe_failure, failure_json
from zeep_wssec.cli.output import printable

HEAD = struct.Struct(">BH")
"""Which profile reads the message, and which good message it began as."""
SECRETS = ("ecila-secret", "häl\tlo", "häl")
"""A password and content of stored messages."""


@dataclass(frozen=True)
class Target:
    """One thing that is fuzzed."""

    name: str
    run: Callable[[bytes, Log], None]
    seeds: Callable[[], Iterator[bytes]]
    """Inputs to begin with."""
    about: str
    is_moves: bool = False
    """Whether an input is a head and numbers, ten octets each, rather than the octets of a file."""
    head: int = 3
    """Octets of the head."""
    max_bytes: int = 20_000


@cache
def _profile(vector: Vector, variant: int) -> Profile:
    """Give another profile for the same keys: other demands, rules or limits."""
    base = vector.profile
    settings: dict[str, object] = {
        "keystore": keystore(vector.case["reader"])
        if "reader" in vector.case
        else base.plan.keystore,
        "inbound": vector.demands,
        "namespaces": {"t": "urn:t"},
        "replay": Forgetful(),
        "clock": lambda: vector.case["time"],
    }
    changes: Sequence[dict[str, object]] = (
        {"inbound": OverTLS(legacy=vector.demands.legacy)},
        {"inbound": Unverified(reason="a test")},
        {"bsp": BasicSecurityProfile(level="warn")},
        {
            "limits": Limits(
                max_message_bytes=9000, max_depth=14, max_references=2, max_signatures=1
            )
        },
    )
    return Profile(**{**settings, **changes[variant]})  # type: ignore[arg-type]


def _check(head: bytes, given: Callable[[Vector], bytes | etree._Element], log: Log) -> None:
    variant, index = HEAD.unpack(head)
    vectors = good_vectors()
    vector = vectors[index % len(vectors)]
    message = given(vector)

    def tell(error: InboundError) -> None:
        _assert_silent(vector, message, error, log)

    if variant % 8 < 4:
        assert_harmless(vector, message, also=tell)
        return
    try:
        checked = vector.check(message, _profile(vector, variant % 8 - 4))
    except InboundError as error:
        assert_sound(error)
        tell(error)
        return
    str(checked.report)
    checked.report.to_dict()


def _assert_silent(
    vector: Vector, message: bytes | etree._Element, error: InboundError, log: Log
) -> None:
    """A refusal tells no password and no content that came encrypted, and nothing that steers a terminal."""
    lines = describe_failure(error)
    if any(line != printable(line) for line in lines):
        raise Finding(f"a line steers the terminal: {lines!a}")
    told = "\n".join([*lines, failure_json(error), error.safe_message, *log.lines])
    given = message if isinstance(message, bytes) else etree.tostring(message, encoding="utf-8")
    # The tree is decrypted in place, but what it told before that is known from the stored message.
    known = given.decode("utf-8", "replace") if isinstance(message, bytes) else ""
    for secret in SECRETS:
        if secret in told and secret not in known and secret not in vector.message.decode():
            raise Finding(f"a refusal tells {secret!r}: {told[:300]}")


def run_message(data: bytes, log: Log) -> None:
    """Octets as they come from the network."""
    if len(data) >= HEAD.size:
        _check(data[: HEAD.size], lambda vector: data[HEAD.size :], log)


def run_moves(data: bytes, log: Log) -> None:
    """A good message with its nodes moved, renamed, edited; as octets, or as the tree that zeep hands over."""
    if len(data) < HEAD.size:
        return
    as_tree = data[0] >= 128

    def given(vector: Vector) -> bytes | etree._Element:
        root = changed(vector.message, unpack(data[HEAD.size :]))
        return root if as_tree else etree.tostring(root)

    _check(data[: HEAD.size], given, log)


def _message_seeds() -> Iterator[bytes]:
    for index, vector in enumerate(good_vectors()):
        yield HEAD.pack(index % 8, index) + vector.message


def _move_seeds() -> Iterator[bytes]:
    for index in range(len(good_vectors())):
        for kind in (index % 16, (index * 7 + 3) % 16):
            yield HEAD.pack(index % 256, index) + struct.pack(">BBHHHH", kind, index, 3, 17, 29, 5)


TARGETS: Mapping[str, Target] = {
    target.name: target
    for target in (
        Target("message", run_message, _message_seeds, "parse and check the octets of a message"),
        Target(
            "moves", run_moves, _move_seeds, "check a good message after structural changes",
            is_moves=True, max_bytes=HEAD.size + 80,
        ),
        Target("profile", text_targets.run_profile, text_targets.profile_seeds, "load profile TOML"),
        Target(
            "tables", text_targets.run_tables, text_targets.table_seeds,
            "load a profile after structural changes", is_moves=True, head=2, max_bytes=2 + 80,
        ),
        Target("report", text_targets.run_report, text_targets.report_seeds, "show reports and errors"),
        Target(
            "keystore", keys_targets.run_keystore, keys_targets.keystore_seeds,
            "load PEM, PKCS#12, Java's and JSON Web Keys",
        ),
        Target(
            "keystore_moves", keys_targets.run_keystore_moves, keys_targets.move_seeds,
            "load PEM and PKCS#12 after changes to their DER", is_moves=True, head=2, max_bytes=2 + 80,
        ),
        Target(
            "certificate", keys_targets.run_certificate, keys_targets.certificate_seeds,
            "read certificates, chains, CRLs, OCSP responses, and judge paths",
        ),
        Target(
            "certificate_moves", keys_targets.run_certificate_moves, keys_targets.move_seeds,
            "the same after changes to their DER", is_moves=True, head=2, max_bytes=2 + 80,
        ),
        Target("name", text_targets.run_name, text_targets.name_seeds, "read names of issuers"),
    )
}  # fmt: skip
