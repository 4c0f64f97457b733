"""Checks that settings of several kinds share: choices, numbers, lists of texts, algorithms and opt-ins."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from types import MappingProxyType
from typing import Any, Protocol, TypeVar, get_args

from zeep_wssec.errors import LegacyAlgorithmError, ProfileError
from zeep_wssec.settings.references import OTHER_NAMES
from zeep_wssec.xmlcrypto import algorithms


class Algorithm(Protocol):
    """What every table of algorithms holds."""

    @property
    def name(self) -> str: ...

    @property
    def uri(self) -> str: ...


MOST_SECONDS = 2**31 - 1
"""Longest time of a setting: 68 years."""
_MOST = 2**63 - 1
_ATTRIBUTE = re.compile(r"(?:\{[^{}\s]+\}|[A-Za-z_][\w.\-]*:)?[A-Za-z_][\w.\-]*")
_Item = TypeVar("_Item", bound=Algorithm)


def check_choice(path: str, value: object, choices: Any) -> None:
    """Refuse a value that is none of a Literal's.

    Raises:
        ProfileError: With the choices, and what may have been meant.
    """
    allowed = get_args(choices)
    if value not in allowed:
        listed = ", ".join(f'"{item}"' for item in allowed)
        meant = _meant_choice(value, allowed)
        raise ProfileError(
            f"{value!r} is not one of {listed}.",
            hint=f"Did you mean {meant}?" if meant else "",
            path=path,
        )


def _meant_choice(value: object, allowed: Sequence[str]) -> str:
    """Give the choice that another spelling or another stack's name means, or an empty text."""
    if not isinstance(value, str):
        return ""
    spelt = {_plain(item): item for item in allowed}
    other = OTHER_NAMES.get(_plain(value), "")
    found = spelt.get(_plain(value)) or (other if other in allowed else "")
    return found or _nearest(value, spelt)


def check_number(path: str, value: Any, *, minimum: int) -> None:
    """Refuse what is not a whole number of at least ``minimum``, or far too large.

    Raises:
        ProfileError: With the bound.
    """
    whole = isinstance(value, int) and not isinstance(value, bool)
    most = MOST_SECONDS if path.endswith("_seconds") else _MOST
    if whole and abs(value) > most:
        # Not shown: Python writes no number of thousands of digits.
        raise ProfileError(f"No number here is larger than {most}.", path=path)
    if not whole or value < minimum:
        raise ProfileError(f"{value!r} is not a whole number of at least {minimum}.", path=path)


def frozen_texts(path: str, value: Iterable[str] | str) -> tuple[str, ...]:
    """Give a list of texts as a tuple; a lone text is a likely slip and refused.

    Raises:
        ProfileError: A text, or something else than texts inside.
    """
    if isinstance(value, str) or not isinstance(value, Iterable):
        quoted = json.dumps(value, ensure_ascii=False) if isinstance(value, str) else ""
        hint = f"Write {path} = [{quoted}]." if quoted else ""
        raise ProfileError(f"A list is needed, not {value!r}.", hint=hint, path=path)
    texts = tuple(value)
    if not all(isinstance(item, str) for item in texts):
        raise ProfileError(f"A list of texts is needed, not {texts!r}.", path=path)
    return texts


def frozen_table(path: str, value: Mapping[str, str]) -> Mapping[str, str]:
    """Give a table of texts as a read-only mapping.

    Raises:
        ProfileError: Something else than texts.
    """
    if not isinstance(value, Mapping):
        raise ProfileError(f"A table is needed, not {value!r}.", path=path)
    for key, text in value.items():
        if not isinstance(key, str) or not isinstance(text, str):
            raise ProfileError(f"A table of texts is needed, not {text!r}.", path=path)
    return MappingProxyType(dict(value))


def frozen_attributes(value: Mapping[str, str]) -> Mapping[str, str]:
    """Give attributes by name as a read-only mapping.

    Raises:
        ProfileError: Something else than texts, or what is no name of an attribute.
    """
    for name in (table := frozen_table("attributes", value)):
        if not _ATTRIBUTE.fullmatch(name):
            raise ProfileError(f"{name!r} is not the name of an attribute.", path="attributes")
    return table


def frozen_legacy(
    value: Mapping[str, str], *, known: Mapping[str, str] = algorithms.LEGACY
) -> Mapping[str, str]:
    """Give opt-ins as a read-only mapping; each must be one of ``known`` and have a reason.

    Raises:
        ProfileError: An unknown name or an empty reason.
    """
    if not isinstance(value, Mapping):
        names = (
            [value] if isinstance(value, str) else value if isinstance(value, list | tuple) else []
        )
        name = next((item for item in names if item in known), "sha1")
        raise ProfileError(
            'An opt-in needs its reason: { sha1 = "why" }.',
            hint=f'Write legacy={{"{name}": "why"}}, in a file legacy = {{ {name} = "why" }}.',
            path="legacy",
        )
    for name, reason in value.items():
        if name not in known:
            raise ProfileError(
                f"{name!r} is no legacy algorithm; known are {', '.join(known)}.", path="legacy"
            )
        if not isinstance(reason, str) or not reason.strip():
            raise ProfileError(f"The opt-in for {name!r} needs a reason.", path=f"legacy.{name}")
    return MappingProxyType(dict(value))


def named(path: str, name: str, table: Mapping[str, _Item]) -> _Item:
    """Give the algorithm of that name.

    Raises:
        ProfileError: There is none, with those that there are and what may have been meant.
    """
    try:
        return table[name]
    except (KeyError, TypeError):
        known = ", ".join(item.name for item in table.values() if not getattr(item, "legacy", ""))
        meant = _meant(name, table.values())
        raise ProfileError(
            f"{name!r} is not an algorithm here. Use one of {known}.",
            hint=f"Did you mean {meant}?" if meant else "",
            path=path,
        ) from None


def _meant(name: object, items: Iterable[_Item]) -> str:
    """Give the algorithm that was given by its URI or in another spelling, or an empty text."""
    if not isinstance(name, str):
        return ""
    spelt = {_plain(item.name): item.name for item in items}
    by_uri = {item.uri: item.name for item in items}
    found = by_uri.get(name.strip()) or spelt.get(_plain(name))
    return found or _nearest(name, spelt)


def _nearest(name: str, spelt: Mapping[str, str]) -> str:
    return next((spelt[key] for key in get_close_matches(_plain(name), spelt, n=1)), "")


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def allowed(path: str, item: _Item, opt_in: str, legacy: Mapping[str, str]) -> _Item:
    """Give ``item``, unless it needs an opt-in that is not there.

    Raises:
        LegacyAlgorithmError: ``legacy`` lacks ``opt_in``.
    """
    if opt_in and opt_in not in legacy:
        raise LegacyAlgorithmError(
            f'"{item.name}" is legacy.',
            hint=f'Use a current one, or add legacy = {{ {opt_in} = "reason" }}.',
            path=path,
            algorithm=item.name,
            opt_in=opt_in,
        )
    return item
