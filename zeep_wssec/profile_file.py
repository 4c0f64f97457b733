"""Profile files: TOML whose keys are the field names of the settings."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import date
from os import PathLike
from pathlib import Path
from typing import Any, cast

from zeep_wssec.demands import Demands, Inbound
from zeep_wssec.errors import (
    KeyLoadError,
    KeyMaterialError,
    LegacyAlgorithmError,
    ProfileError,
)
from zeep_wssec.keys.files import read_file
from zeep_wssec.keys.secrets import Secret
from zeep_wssec.payload.formats import FORMATS, format_of
from zeep_wssec.plan import Overlay, Plan
from zeep_wssec.profile_keys import KeystoreEntry, load_keystore
from zeep_wssec.profile_schema import (
    MODES,
    SECTIONS,
    STEPS,
    TABLES,
    UNSET,
    Option,
    options_of,
    word,
)
from zeep_wssec.profile_secrets import place_of
from zeep_wssec.profile_suite import fill_document
from zeep_wssec.profile_trust import TrustSection
from zeep_wssec.profile_unsupported import find_instead
from zeep_wssec.profile_values import (
    Place,
    read_settings,
    read_value,
    refuse_unknown,
    require_table,
    require_tables,
    toml_key,
    toml_text,
)
from zeep_wssec.replay import ReplayStore
from zeep_wssec.replay.settings import Replay, settings_of
from zeep_wssec.settings import Encryption, Signature, Step
from zeep_wssec.soap.parts import parse_parts
from zeep_wssec.step_order import check_steps

MAX_FILE_BYTES = 1024 * 1024
"""Largest profile file; a real one has a few kilobytes."""

_LINE = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")
_TWICE = re.compile(r"Cannot (?:overwrite|declare|mutate|redefine)|Duplicate", re.IGNORECASE)


def load_plan(path: str | PathLike[str]) -> Plan:
    """Load a profile file; relative paths in it start at its folder.

    Raises:
        ProfileError: The file cannot be read, or something in it is wrong; ``path`` says where.
        KeyMaterialError: A key or certificate that it names cannot be used; ``path`` says in which entry.
    """
    file = Path(path)
    try:
        data = read_file(file, what="a profile", limit=MAX_FILE_BYTES)
    except KeyLoadError as error:
        raise ProfileError(str(error.message), hint=error.hint) from None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ProfileError(
            "A profile file is text in UTF-8.",
            hint="A keystore is named in one, under [[keystore]].",
            path=file.name,
        ) from None
    return loads_plan(text, base=file.absolute().parent, name=file.name)


def loads_plan(text: str, *, base: Path, name: str) -> Plan:
    """Read a profile from TOML text; like ``load_plan``.

    Args:
        text: The content of a profile file.
        base: The folder where relative paths start.
        name: What errors call the text.
    """
    try:
        return _read_plan(_parse(text), Place(path="", base=base))
    except (ProfileError, KeyMaterialError) as error:
        inner = error.details.get("path")
        error.details["path"] = f"{name}: {inner}" if inner else name
        raise


def _parse(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise ProfileError("The file is nested too deeply.") from None
    except tomllib.TOMLDecodeError as error:
        message = str(error)
    except ValueError:
        raise ProfileError("A number has too many digits.") from None
    match = _LINE.search(message)
    line = int(match[1]) if match and match[1] else text.count("\n") + 1
    what = _LINE.sub("", message)
    if _TWICE.match(what):
        raise ProfileError(f"Line {line}: a key or table is given twice.", line=line)
    backslash = "\\" in what or "hex" in what
    hint = "Write paths with / or in single quotes." if backslash else ""
    raise ProfileError(f"Line {line} is not TOML: {what}.", hint=hint, line=line)


def _read_plan(document: Mapping[str, Any], top: Place) -> Plan:
    refuse_unknown(document, SECTIONS, top)
    whole = fill_document(document, top)
    try:
        return _read_whole(whole.document, top)
    except LegacyAlgorithmError as error:
        whole.explain(error)
        raise


def _read_whole(document: Mapping[str, Any], top: Place) -> Plan:
    tables: dict[str, Any] = {
        name: read_settings(cls, document[name], place=top.at(name))
        for name, cls in TABLES.items()
        if name in document
    }
    namespaces = _read_namespaces(document, top)
    outbound = _read_steps(document.get("outbound", []), namespaces, top.at("outbound"))
    inbound = _read_inbound(document, namespaces, top)
    operations = _read_operations(document, namespaces, top)
    trust = tables.pop("trust", TrustSection())
    replay = _open_replay(tables.pop("replay", Replay()), top.at("replay"))
    entries = [
        read_settings(KeystoreEntry, table, place=top.at("keystore").at(index))
        for index, table in enumerate(
            require_tables(document.get("keystore", []), top.at("keystore"))
        )
    ]
    return Plan(
        keystore=load_keystore(entries, trust),
        outbound=outbound,
        inbound=inbound,
        operations=operations,
        namespaces=namespaces,
        replay=replay,
        payload=_read_payloads(document.get("payload", {}), top.at("payload")),
        **tables,
    )


def _open_replay(settings: Replay, place: Place) -> ReplayStore:
    try:
        return settings.open()
    except ProfileError as error:
        raise error.under(place.path) from None


def _read_namespaces(document: Mapping[str, Any], top: Place) -> dict[str, str]:
    place = top.at("namespaces")
    table = require_table(document.get("namespaces", {}), place)
    namespaces = {
        prefix: read_value(uri, (str,), place=place.at(prefix)) for prefix, uri in table.items()
    }
    for prefix, uri in namespaces.items():
        if not prefix or not uri.strip():
            raise ProfileError("A prefix and a namespace are needed.", path=place.at(prefix).path)
    return namespaces


def _read_steps(value: Any, namespaces: Mapping[str, str], place: Place) -> tuple[Step, ...]:
    steps = tuple(
        _read_step(table, namespaces, place.at(index))
        for index, table in enumerate(require_tables(value, place))
    )
    check_steps(steps, namespaces, place.path)
    return steps


def _read_step(table: Mapping[str, Any], namespaces: Mapping[str, str], place: Place) -> Step:
    cls = _choose(table, "step", STEPS, place)
    if cls is None:
        raise ProfileError(
            "Which step this is, is not said.",
            hint=f"Add step = {_listed(STEPS)}.",
            path=place.path,
        )
    step: Step = read_settings(cls, table, place=place, also=("step",))
    if isinstance(step, Signature | Encryption):
        parse_parts(step.parts, namespaces=namespaces, path=place.at("parts").path)
    return step


def _read_inbound(
    document: Mapping[str, Any], namespaces: Mapping[str, str], above: Place
) -> Demands | None:
    if "inbound" not in document:
        return None
    place = above.at("inbound")
    table = require_table(document["inbound"], place)
    cls = _choose(table, "mode", MODES, place) or Inbound
    demands: Demands = read_settings(cls, table, place=place, also=("mode",))
    if isinstance(demands, Inbound):
        for name in ("signed", "encrypted"):
            parse_parts(getattr(demands, name), namespaces=namespaces, path=place.at(name).path)
    return demands


def _read_operations(
    document: Mapping[str, Any], namespaces: Mapping[str, str], top: Place
) -> dict[str, Overlay]:
    operations = {}
    for name, value in require_table(document.get("operation", {}), top.at("operation")).items():
        place = top.at("operation").at(name)
        table = require_table(value, place)
        refuse_unknown(table, [item.name for item in fields(Overlay)], place)
        steps = table.get("outbound")
        operations[name] = Overlay(
            outbound=None
            if steps is None
            else _read_steps(steps, namespaces, place.at("outbound")),
            inbound=_read_inbound(table, namespaces, place),
        )
    return operations


def _read_payloads(value: Any, above: Place) -> dict[str, object]:
    found: dict[str, object] = {}
    for name, table in require_table(value, above).items():
        place = above.at(name)
        known = require_table(table, place).get("format")
        if not isinstance(known, str) or known not in FORMATS:
            raise ProfileError(
                "Which format this is, is not said."
                if known is None
                else f"There is no format {str(known)[:40]!r}.",
                hint=f"Add format = {_listed(FORMATS)}.",
                path=place.at("format").path,
            )
        cls = FORMATS[known].settings_class()
        found[name] = read_settings(cls, table, place=place, also=("format",))
    return found


def _choose(
    table: Mapping[str, Any], key: str, classes: Mapping[str, type[Any]], place: Place
) -> type[Any] | None:
    """Give the class that ``key`` names, or ``None`` when the key is missing."""
    if key not in table:
        return None
    value = table[key]
    if not isinstance(value, str) or value not in classes:
        close = difflib.get_close_matches(str(value).lower(), classes, n=1)
        raise ProfileError(
            f"Needed is {_listed(classes)}, not {str(value)[:80]!r}.",
            hint=find_instead(value) or (f'Did you mean "{close[0]}"?' if close else ""),
            path=place.at(key).path,
        )
    return classes[value]


def _listed(words: Mapping[str, Any]) -> str:
    return " or ".join(f'"{item}"' for item in words)


# The other way round.


def settings_to_toml(plan: Plan) -> str:
    """Write the settings of a plan as a profile file; keys, partners and trust are not in it.

    What has its default is left out. Reading the text gives the same settings again.

    Raises:
        ProfileError: A password, certificate or replay store is in memory only, and no file can name it.
    """
    blocks = []
    replay = settings_of(plan.replay)
    if replay is None:
        raise _only_in_memory("replay")
    for name, cls in TABLES.items():
        section = replay if name == "replay" else getattr(plan, name, None)
        if section is not None and (section != cls() or name in ("tls", "bsp")):
            blocks.append([f"[{name}]", *_written(section, name)])
    if plan.namespaces:
        pairs = (f"{toml_key(key)} = {_value(uri, key)}" for key, uri in plan.namespaces.items())
        blocks.append(["[namespaces]", *pairs])
    blocks += _step_blocks(plan.outbound, "outbound")
    if plan.inbound is not None:
        blocks.append(_inbound_block(plan.inbound, "inbound"))
    for name, overlay in plan.operations.items():
        header = f"operation.{toml_key(name)}"
        blocks.append([f"[{header}]", *(["outbound = []"] if overlay.outbound == () else [])])
        blocks += _step_blocks(overlay.outbound or (), f"{header}.outbound")
        if overlay.inbound is not None:
            blocks.append(_inbound_block(overlay.inbound, f"{header}.inbound"))
    for name, settings in plan.payload.items():
        header = f"payload.{toml_key(name)}"
        blocks.append(
            [f"[{header}]", f'format = "{format_of(settings)}"', *_written(settings, header)]
        )
    return "\n".join("\n".join(lines) + "\n" for lines in blocks)


def _step_blocks(steps: Sequence[Step], header: str) -> list[list[str]]:
    return [
        [f"[[{header}]]", f'step = "{word(type(step))}"', *_written(step, f"{header}[{index}]")]
        for index, step in enumerate(steps)
    ]


def _inbound_block(demands: Demands, header: str) -> list[str]:
    mode = [] if isinstance(demands, Inbound) else [f'mode = "{word(type(demands))}"']
    return [f"[{header}]", *mode, *_written(demands, header)]


def _written(settings: object, path: str) -> Iterator[str]:
    for option in options_of(cast("type", type(settings))).values():
        value = getattr(settings, option.name)
        if value == option.default and not option.required:
            continue
        where = f"{path}.{option.name}"
        if option.secret:
            yield _secret(option, value, where)
        else:
            shown = _value(UNSET if value is None else value, where)
            yield f"{option.name} = {shown}"


def _secret(option: Option, value: Any, path: str) -> str:
    """Write where a secret is kept."""
    found = place_of(value) if isinstance(value, Secret) else None
    if found is None:
        raise _only_in_memory(path)
    place, text = found
    return f"{option.name}_{place} = {_value(text, path)}"


def _only_in_memory(path: str) -> ProfileError:
    return ProfileError(
        "This is in memory only; a profile file can name a variable or a file.", path=path
    )


def _value(value: Any, path: str) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str | Path):
        return toml_text(str(value))
    if isinstance(value, Secret) and (found := place_of(value)) is not None:
        return f"{{ {found[0]} = {_value(found[1], path)} }}"
    if isinstance(value, tuple):
        return f"[{', '.join(_value(item, path) for item in value)}]"
    if isinstance(value, Mapping):
        pairs = (f"{toml_key(key)} = {_value(item, path)}" for key, item in value.items())
        return f"{{ {', '.join(pairs)} }}"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, int | float):
        return repr(value)
    if is_dataclass(value) and not isinstance(value, type):
        (only,) = fields(value)
        return f"{{ {word(type(value))} = {_value(getattr(value, only.name), path)} }}"
    raise _only_in_memory(path)
