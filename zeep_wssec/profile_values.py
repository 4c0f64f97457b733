"""From TOML values to settings: strict types, paths beside the file, unknown keys refused."""

from __future__ import annotations

import difflib
import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, is_dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Literal, TypeVar, cast, get_args, get_origin

from zeep_wssec.errors import ProfileError, UnknownOptionError
from zeep_wssec.keys.secrets import Secret
from zeep_wssec.plan import Service
from zeep_wssec.profile_schema import UNSET, Option, members_of, options_of, word
from zeep_wssec.profile_secrets import PLACES, read_secret, where_instead
from zeep_wssec.profile_unsupported import find_instead
from zeep_wssec.settings.checks import check_choice

_Settings = TypeVar("_Settings")
_MAY_BE_URL = ((Service, "wsdl"),)
"""The only option that may name something outside the file system."""
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://|(?:file|data):", re.IGNORECASE)
_WEB = re.compile(r"https?://", re.IGNORECASE)
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")

_KINDS: Mapping[type, str] = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "a text",
    Path: "a path",
    list: "a list",
    dict: "a table",
    datetime: "a date with a time",
    date: "a date",
}


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where in the file a value stands, and where its relative paths start."""

    path: str
    """As errors show it: ``outbound[1].parts``."""
    base: Path
    """The folder of the file."""

    def at(self, key: str | int) -> Place:
        """Give the place of a member: a key of a table or an index of a list."""
        if isinstance(key, int):
            return Place(path=f"{self.path}[{key}]", base=self.base)
        shown = toml_key(key)
        return Place(path=f"{self.path}.{shown}" if self.path else shown, base=self.base)


def toml_key(key: str) -> str:
    """Write a key: bare where TOML allows it, else quoted."""
    return key if _BARE_KEY.fullmatch(key) else toml_text(key)


def toml_text(text: str) -> str:
    """Write a text in quotes: with JSON's escapes, and DEL, which TOML wants escaped, too."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def read_settings(
    cls: type[_Settings], table: Any, *, place: Place, also: Iterable[str] = ()
) -> _Settings:
    """Make settings of a table whose keys are their field names.

    Args:
        cls: The settings class.
        table: What stands in the file.
        place: Where.
        also: Keys that the caller has read itself.

    Raises:
        UnknownOptionError: A key that is none of the class.
        ProfileError: A value of the wrong type, or one that the class refuses; with its path.
    """
    options = options_of(cast("type", cls))
    require_table(table, place)
    _refuse_literal_secrets(options.values(), table, place)
    known = [key for option in options.values() for key in option.keys]
    refuse_unknown(table, [*also, *known], place)
    values: dict[str, Any] = {}
    for option in options.values():
        if option.secret:
            _read_secret(option, table, place, values)
            if option.required and option.name not in values:
                raise ProfileError(
                    f"{option.name} is missing.", hint=where_instead(option.name), path=place.path
                )
        elif option.name in table:
            may_be_url = (cls, option.name) in _MAY_BE_URL
            values[option.name] = _read_option(
                option, table[option.name], place.at(option.name), may_be_url
            )
        elif option.required:
            raise ProfileError(f"{option.name} is missing.", path=place.path)
    try:
        return cls(**values)
    except ProfileError as error:
        option_at_fault = options.get(error.details.get("path", ""))
        if option_at_fault is not None and option_at_fault.secret and not error.hint:
            error.hint = where_instead(option_at_fault.name)
        raise error.under(place.path) from None


def require_table(value: Any, place: Place) -> Mapping[str, Any]:
    """Give ``value`` as a table.

    Raises:
        ProfileError: It is something else.
    """
    if not isinstance(value, dict):
        hint = f"Write [{place.path}]." if isinstance(value, list) else ""
        if place.path.startswith("payload."):
            hint = "Write [payload.NAME] above the keys of each payload."
        raise ProfileError(f"A table is needed, not {_kind(value)}.", hint=hint, path=place.path)
    return value


def require_tables(value: Any, place: Place) -> list[Mapping[str, Any]]:
    """Give ``value`` as a list of tables.

    Raises:
        ProfileError: It is something else.
    """
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise ProfileError(
            f"A list of tables is needed, not {_kind(value)}.",
            hint=f"Write [[{place.path}]] above each.",
            path=place.path,
        )
    return value


def refuse_unknown(table: Mapping[str, Any], known: Iterable[str], place: Place) -> None:
    """Refuse a key that nothing reads: a slip of the pen there would switch a check off.

    Raises:
        UnknownOptionError: With ``close_matches``.
    """
    known = list(known)
    for key in table:
        if key not in known:
            instead = find_instead(key)
            close = [] if instead else difflib.get_close_matches(key, known, n=3)
            hint = f"Did you mean {' or '.join(close)}?" if close else f"Known: {', '.join(known)}."
            raise UnknownOptionError(
                f"{json.dumps(key)} is not an option here.",
                hint=instead or hint,
                path=place.at(key).path,
                close_matches=tuple(close),
            )


def _refuse_literal_secrets(
    options: Iterable[Option], table: Mapping[str, Any], place: Place
) -> None:
    for option in options:
        if option.secret and option.name in table:
            raise ProfileError(
                "A profile file holds no secret.",
                hint=where_instead(option.name),
                path=place.at(option.name).path,
            )


def _read_secret(
    option: Option, table: Mapping[str, Any], place: Place, values: dict[str, Any]
) -> None:
    """Read where a secret is kept; nothing here shows a value, which may be the secret by mistake."""
    given = [key for key in option.keys if key in table]
    if len(given) > 1:
        raise ProfileError(f"{' and '.join(given)} are both given.", path=place.path)
    for key in given:
        kind = key.removeprefix(f"{option.name}_")
        values[option.name] = _secret_at(kind, table[key], place.at(key))


def _secret_at(kind: str, value: Any, place: Place) -> Secret:
    def read_path(text: Any) -> Path:
        path: Path = read_value(text, (Path,), place=place)
        return path

    try:
        return read_secret(kind, value, read_path=read_path)
    except ProfileError as error:
        error.details.setdefault("path", place.path)
        raise


def _read_option(option: Option, value: Any, place: Place, may_be_url: bool) -> Any:
    if option.may_be_unset and value == UNSET:
        return None
    return read_value(value, option.members, place=place, may_be_url=may_be_url)


def read_value(
    value: Any, members: tuple[Any, ...], *, place: Place, may_be_url: bool = False
) -> Any:
    """Give a TOML value as one of the types ``members``; nothing is converted that could mislead.

    Raises:
        ProfileError: It is of no such type: ``"false"`` is no bool, ``0`` neither.
    """
    found: Any = None
    if type(value) is int and not -(2**63) <= value < 2**63:
        # TOML 1.0, Integer: 64 bits.
        raise ProfileError("A number has 64 bits at most.", path=place.path)
    if isinstance(value, str):
        found = _read_text(value, members, place, may_be_url)
    elif isinstance(value, list):
        found = _read_list(value, members, place)
    elif isinstance(value, dict):
        found = _read_table(value, members, place)
    elif type(value) in members:
        found = value
    elif type(value) is int and float in members:
        found = float(value)
    if found is None or (isinstance(found, float) and not math.isfinite(found)):
        wanted = " or ".join(dict.fromkeys(filter(None, map(_wanted, members))))
        is_bare = wanted == "a list" and isinstance(value, str)
        hint = f"Write it in brackets: [{json.dumps(value[:80])}]." if is_bare else ""
        raise ProfileError(f"Needed is {wanted}, not {_kind(value)}.", hint=hint, path=place.path)
    return found


def _read_text(value: str, members: tuple[Any, ...], place: Place, may_be_url: bool) -> Any:
    if may_be_url and _WEB.match(value):
        return value
    if Path in members:
        return _read_path(value, place)
    if str in members:
        return value
    for member in members:
        if get_origin(member) is Literal:
            check_choice(place.path, value, member)
            return value
    return None


def _read_path(text: str, place: Place) -> Path:
    """Give a path, taken from the folder of the file; nothing in it is expanded or fetched."""
    if not text.strip() or "\0" in text:
        raise ProfileError("This is no path.", path=place.path)
    if _URL.match(text):
        raise ProfileError(
            "A path is needed, not an address.",
            hint="Save the file beside the profile; nothing is fetched.",
            path=place.path,
        )
    if text.startswith(("\\\\", "//")):
        raise ProfileError("A path on another machine is not read.", path=place.path)
    return place.base / text


def _read_list(value: list[Any], members: tuple[Any, ...], place: Place) -> Any:
    for member in members:
        if get_origin(member) in (tuple, Sequence):
            inner = members_of(get_args(member)[0])
            return tuple(
                read_value(item, inner, place=place.at(index)) for index, item in enumerate(value)
            )
    return None


def _read_table(value: dict[str, Any], members: tuple[Any, ...], place: Place) -> Any:
    if Secret in members:
        refuse_unknown(value, PLACES, place)
        if len(value) != 1:
            raise ProfileError(f"One of {', '.join(PLACES)} is needed.", path=place.path)
        ((kind, where),) = value.items()
        return _secret_at(kind, where, place.at(kind))
    for member in members:
        if get_origin(member) is Mapping:
            inner = members_of(get_args(member)[1])
            return {
                key: read_value(item, inner, place=place.at(key)) for key, item in value.items()
            }
    forms = {
        word(member): member
        for member in members
        if isinstance(member, type) and is_dataclass(member)
    }
    if not forms:
        return None
    refuse_unknown(value, forms, place)
    if len(value) != 1:
        raise ProfileError(f"One of {', '.join(forms)} is needed.", path=place.path)
    ((key, item),) = value.items()
    (option,) = options_of(forms[key]).values()
    where = place.at(key)
    try:
        return forms[key](**{option.name: read_value(item, option.members, place=where)})
    except ProfileError as error:
        error.details["path"] = where.path
        raise


def _wanted(member: Any) -> str:
    """Name a type in an error; empty for one that no file can write."""
    origin = get_origin(member)
    if origin is Literal:
        return " or ".join(f'"{item}"' for item in get_args(member))
    if origin in (tuple, Sequence):
        return "a list"
    if origin is Mapping or is_dataclass(member) or member is Secret:
        return "a table"
    return _KINDS.get(member, "")


def _kind(value: Any) -> str:
    if isinstance(value, float) and not math.isfinite(value):
        return "one without end"
    return _KINDS.get(type(value), "this")
