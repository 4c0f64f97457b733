"""Changes to a profile's tables: keys and values moved, copied, dropped, given other types."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from typing import Any

from fuzz.fragments import TEXTS, URIS
from fuzz.moves import Move

VALUES: Sequence[Any] = (
    True, False, 0, 1, -1, 2**63, 10**400, 1.5, float("nan"), float("inf"), "", " ", [], {}, [[]], [{}],
    [""], {"": ""}, datetime(2027, 6, 1, tzinfo=UTC), datetime(2027, 6, 1), date(2027, 6, 1), time(12),  # noqa: DTZ001
    "body", "timestamp", "header:wsa:To?", "xpath://a", "xpath:(", "id:x", "{Content}{urn:t}x;{Element}{}y",
    "sha1", "rsa-sha256", "server-rsa", "client", "request", "session", "auto", "none", "required",
    {"sha1": "reason"}, {"pin": "00"}, {"subject": "CN=x"}, {"anyone_under": "reason"}, {"anonymous": ""},
    ["body", "body"], ["timestamp", 1], "\x00", "a" * 5000, "../keys/ca.pem", ".", "/", "ca.pem",
    "client-rsa.pem", "https://127.0.0.1/", "file:///etc/passwd", *TEXTS, *URIS[:20],
)  # fmt: skip


def _places(value: Any, found: list[tuple[Any, Any]]) -> list[tuple[Any, Any]]:
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, item in list(items):
        found.append((value, key))
        if isinstance(item, dict | list):
            _places(item, found)
    return found


def changed(document: dict[str, Any], moves: Sequence[Move]) -> dict[str, Any]:
    """Give the tables with all the moves made."""
    document = copy.deepcopy(document)
    for move in moves:
        places = _places(document, [])
        if not places or len(places) > 1000:
            break
        where, key = places[move.a % len(places)]
        other, name = places[move.b % len(places)]
        _change(where, key, copy.deepcopy(other[name]), name, move)
    return document


def _change(where: Any, key: Any, value: Any, name: Any, move: Move) -> None:
    """Change one place; ``value`` stands under ``name`` at another one."""
    kind = move.kind % 7
    given = VALUES[move.c % len(VALUES)]
    if kind == 0:
        del where[key]
    elif kind == 1:
        where[key] = value
    elif kind == 2:
        where[key] = copy.deepcopy(given)
    elif kind == 3 and isinstance(where, dict):
        where[str(name)] = value
    elif kind == 3:
        where.append(value)
    elif kind == 4 and isinstance(where, dict):
        where[f"{key}{'_s?.'[move.d % 4]}"] = where.pop(key)
    elif kind == 5:
        where[key] = [where[key]] if move.d % 2 else {str(name): where[key]}
    elif kind == 6 and isinstance(where[key], str):
        text = where[key]
        at = move.d % (len(text) + 1)
        where[key] = (
            text[:at],
            text[at:],
            text + text,
            text.upper(),
            f"{text[:at]}\u202e{text[at:]}",
        )[move.mode % 5]
