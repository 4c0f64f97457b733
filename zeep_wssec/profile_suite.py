"""``algorithm_suite`` of a profile file: what its steps leave out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from zeep_wssec.algorithm_suites import AlgorithmSuite
from zeep_wssec.errors import LegacyAlgorithmError, ProfileError
from zeep_wssec.profile_schema import STEPS
from zeep_wssec.profile_values import Place, read_value
from zeep_wssec.settings import Encryption, SessionKey, Signature

SUITE_KEY = "algorithm_suite"


@dataclass(frozen=True, kw_only=True)
class FilledDocument:
    """A profile file whose steps say all that its suite says."""

    document: Mapping[str, Any]
    suite: AlgorithmSuite | None = None
    filled: frozenset[str] = frozenset()
    """Paths of what came from the suite."""

    def explain(self, error: LegacyAlgorithmError) -> None:
        """Say in the hint of ``error`` where an algorithm comes from that the file does not name."""
        if self.suite is not None and error.details.get("path") in self.filled:
            self.suite.explain(error)


def fill_document(document: Mapping[str, Any], top: Place) -> FilledDocument:
    """Give a profile file with the algorithms of its suite in every step that does not name its own.

    What is not shaped as it must be is left for the reader of the steps to refuse.

    Raises:
        ProfileError: There is no such suite.

    Spec: WS-SecurityPolicy 1.3, section 6.1, AlgorithmSuite.
    """
    if SUITE_KEY not in document:
        return FilledDocument(document=document)
    name = read_value(document[SUITE_KEY], (str,), place=top.at(SUITE_KEY))
    suite = AlgorithmSuite.named(name)
    filled: set[str] = set()
    secrets = {entry.get("secret_key") for entry in _tables(document.get("keystore"))} - {None}
    changed = {**document}
    if "outbound" in document:
        place = top.at("outbound")
        changed["outbound"] = _fill_steps(suite, document["outbound"], secrets, place, filled)
    operations = document.get("operation")
    if isinstance(operations, dict):
        changed["operation"] = {
            key: {
                **table,
                "outbound": _fill_steps(
                    suite,
                    table["outbound"],
                    secrets,
                    top.at("operation").at(key).at("outbound"),
                    filled,
                ),
            }
            if isinstance(table, dict) and "outbound" in table
            else table
            for key, table in operations.items()
        }
    return FilledDocument(document=changed, suite=suite, filled=frozenset(filled))


def _tables(value: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(value, list):
        yield from (item for item in value if isinstance(item, dict))


def _fill_steps(
    suite: AlgorithmSuite, steps: Any, secrets: set[Any], place: Place, filled: set[str]
) -> Any:
    if not isinstance(steps, list):
        return steps
    shared = {*secrets, *(_made_name(table) for table in _tables(steps))}
    changed = []
    for index, table in enumerate(steps):
        if isinstance(table, dict):
            try:
                suite.check_wrap(table)
            except ProfileError as error:
                raise error.under(place.at(index).path) from None
            added = _settings_of(suite, table, shared)
            filled |= {place.at(index).at(name).path for name in added}
            table = {**table, **added}
        changed.append(table)
    return changed


def _settings_of(
    suite: AlgorithmSuite, table: Mapping[str, Any], shared: set[Any]
) -> dict[str, Any]:
    """Give what the suite adds to one step; a signature with a shared key has an HMAC."""
    step = STEPS.get(str(table.get("step")))
    ours: dict[str, Any] = {}
    if step is Signature:
        key = table.get("key")
        ours = suite.signature_settings(symmetric=isinstance(key, str) and key in shared)
    elif step is Encryption:
        ours = suite.encryption_settings()
    elif step is SessionKey:
        ours = suite.session_key_settings()
    return {name: value for name, value in ours.items() if name not in table}


def _made_name(table: Mapping[str, Any]) -> str | None:
    """Give what a step calls the key that it makes, if it makes one."""
    name = table.get("name", getattr(STEPS.get(str(table.get("step"))), "name", None))
    return name if isinstance(name, str) else None
