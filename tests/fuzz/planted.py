"""Bugs as they happen, put into the package while a test runs: each must be found, or fuzzing proves nothing."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from lxml import etree

from zeep_wssec import inbound, requirements
from zeep_wssec.cli import output
from zeep_wssec.errors import MalformedSecurityError
from zeep_wssec.header.context import Incoming
from zeep_wssec.soap.ids import WSU_ID, IdIndex
from zeep_wssec.soap.namespaces import WSU
from zeep_wssec.verdict import Verdict
from zeep_wssec.xmlcrypto import signature_model, signing
from zeep_wssec.xmlcrypto.algorithms import STR_TRANSFORM
from zeep_wssec.xmlcrypto.values import children_of


@dataclass(frozen=True)
class Bug:
    """One planted bug."""

    about: str
    changes: Callable[[], Iterator[tuple[object, str, Any]]]
    """What is replaced: an object, the name of an attribute, its new value."""
    shows: str
    """Words of the finding."""
    target: str = "moves"
    seed: int = 0
    """With which the random engine finds it soon, as the stored messages are now."""
    runs: int = 40_000
    """Within which it finds it with any other, or hardly ever not."""

    @contextmanager
    def patched(self) -> Iterator[None]:
        """Put the bug in."""
        with ExitStack() as stack:
            for place, name, value in self.changes():
                stack.enter_context(patch.object(place, name, value))
            yield


def _first_id() -> Iterator[tuple[object, str, Any]]:
    def index(self: IdIndex, root: etree._Element) -> None:
        self._root = root
        self._wsu = {}
        for node in root.iter("{*}*"):
            value = node.get(WSU_ID)
            if value is not None:
                self._wsu.setdefault(value, node)

    def require(self: IdIndex, value: str) -> etree._Element:
        nodes = self._nodes(value)
        if not nodes:
            raise MalformedSecurityError("Nothing has the Id.")
        return nodes[0]

    yield IdIndex, "__init__", index
    yield IdIndex, "require", require


def _short_digest() -> Iterator[tuple[object, str, Any]]:
    compare = SimpleNamespace(compare_digest=lambda one, other: one[:1] == other[:1])
    yield signing, "hmac", compare


def _covered_by_id() -> Iterator[tuple[object, str, Any]]:
    def ids(node: etree._Element) -> set[str]:
        return {str(node.get(name)) for name in node.attrib if etree.QName(name).localname == "Id"}

    def is_under(self: Incoming, node: etree._Element, signatures: Any) -> bool:
        covered = [item for signature in signatures for item in signature.covered]
        names = {name for item in covered for name in ids(item)}
        around = (node, *node.iterancestors())
        return any(item in covered or names & ids(item) for item in around)

    yield Incoming, "_is_under", is_under


def _unopened() -> Iterator[tuple[object, str, Any]]:
    yield inbound, "check_nothing_left", lambda message: None


def _unsigned_timestamp() -> Iterator[tuple[object, str, Any]]:
    judge_part = requirements._judge_part

    def lenient(
        message: Incoming, plan: Any, part: Any, holds: Any, word: str, verdict: Verdict
    ) -> None:
        if part.kind != "timestamp":
            judge_part(message, plan, part, holds, word, verdict)

    def fresh(message: Incoming, demands: Any, verdict: Verdict) -> None:
        verdict.note(message.timestamp is not None, "fresh", "a Timestamp must be there")

    def places(message: Incoming, verdict: Verdict) -> None:
        for signature in message.signatures:
            for node in signature.covered:
                if node.tag != f"{{{WSU}}}Timestamp":
                    return

    yield requirements, "_judge_part", lenient
    yield requirements, "_judge_freshness", fresh
    yield requirements, "_judge_places", places


def _parser_branch() -> Iterator[tuple[object, str, Any]]:
    read = signature_model._read_transform

    def careless(element: etree._Element) -> Any:
        if element.get("Algorithm") != STR_TRANSFORM:
            return read(element)
        inner = children_of(element[0])
        return signature_model._read_canonicalization(inner[0]), True

    yield signature_model, "_read_transform", careless


def _terminal() -> Iterator[tuple[object, str, Any]]:
    yield output, "_TO_ESCAPE", re.compile("[\x00-\x1f\x7f\u202a-\u202e]")


PLANTED: Mapping[str, Bug] = {
    "first_id": Bug(
        "a reference to an Id takes the first element that has it", _first_id, "names 2 elements"
    ),
    "short_digest": Bug(
        "digests are compared by their first octet", _short_digest, "not the one that was signed", seed=6
    ),
    "covered_by_id": Bug(
        "what is signed is known by its Id, not by the node", _covered_by_id, "that was signed", seed=1
    ),
    "unopened": Bug(
        "ciphertext that nothing opens and no signature covers is passed over", _unopened, "left unopened",
        seed=11,
    ),
    "unsigned_timestamp": Bug(
        "a Timestamp counts, whether or not it is the signed one", _unsigned_timestamp,
        "timestamp is not the one that was signed", seed=5,
    ),
    "parser_branch": Bug(
        "a transform without parameters is an IndexError", _parser_branch, "not ours: IndexError"
    ),
    "terminal": Bug(
        "control characters of the second block are printed", _terminal, "steers the terminal", "report"
    ),
}  # fmt: skip
"""Each by its name."""
