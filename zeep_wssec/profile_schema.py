"""What a profile file may say, derived from the settings classes; also as a JSON Schema for editors."""

from __future__ import annotations

import ast
import inspect
import itertools
import re
import textwrap
import types
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, dataclass, fields, is_dataclass
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from zeep_wssec.algorithm_suites import ALGORITHM_SUITES
from zeep_wssec.demands import Action, Demands, Inbound
from zeep_wssec.keys.secrets import Secret
from zeep_wssec.payload.formats import FORMATS
from zeep_wssec.plan import Service
from zeep_wssec.profile_keys import KeystoreEntry
from zeep_wssec.profile_secrets import PLACES, secret_keys
from zeep_wssec.profile_trust import TrustSection
from zeep_wssec.replay.settings import Replay
from zeep_wssec.settings import (
    Addressing,
    BasicSecurityProfile,
    Encryption,
    SecurityHeader,
    SessionKey,
    Signature,
    Step,
)
from zeep_wssec.settings.addressing import AddressingBlock
from zeep_wssec.settings.header import HeaderChild
from zeep_wssec.settings.tls import TLS
from zeep_wssec.soap.limits import Limits
from zeep_wssec.xmlcrypto import algorithms

UNSET = "none"
"""What TOML, which has no null, says for ``None`` where that is not the default."""

_KEY_CHOICES: Mapping[str, tuple[str, ...]] = {
    "key_transport": tuple(algorithms.KEY_TRANSPORTS_BY_NAME),
    "digest": tuple(algorithms.OAEP_DIGESTS_BY_NAME),
    "mgf": tuple(algorithms.MASK_GENERATIONS_BY_NAME),
    "key_wrap": tuple(algorithms.KEY_WRAPS_BY_NAME),
    "key_derivation": tuple(algorithms.KEY_DERIVATIONS_BY_NAME),
    "derivation_digest": tuple(algorithms.DERIVATION_DIGESTS_BY_NAME),
}
_CHOICES: Mapping[tuple[type, str], tuple[str, ...]] = {
    (Signature, "algorithm"): tuple(algorithms.SIGNATURE_METHODS_BY_NAME),
    (Signature, "digest"): tuple(algorithms.DIGESTS_BY_NAME),
    (Signature, "canonicalization"): tuple(algorithms.CANONICALIZATIONS_BY_NAME),
    (Signature, "part_canonicalization"): tuple(algorithms.CANONICALIZATIONS_BY_NAME),
    (Encryption, "algorithm"): tuple(algorithms.DATA_CIPHERS_BY_NAME),
    **{
        (step, name): names
        for step in (Encryption, SessionKey)
        for name, names in _KEY_CHOICES.items()
    },
}
"""Values of fields whose type is only ``str``, for editors to offer."""
_ITEM_CHOICES: Mapping[tuple[type, str], tuple[str, ...]] = {
    (SecurityHeader, "order"): get_args(HeaderChild),
    (Addressing, "must_understand"): get_args(AddressingBlock),
    (Inbound, "order"): get_args(Action),
}
"""The same of lists: what each item may be."""

_SCALARS: Mapping[Any, Mapping[str, str]] = {
    bool: {"type": "boolean"},
    int: {"type": "integer"},
    float: {"type": "number"},
    str: {"type": "string"},
    Path: {"type": "string"},
    date: {"type": "string", "format": "date"},
    datetime: {"type": "string", "format": "date-time"},
}


@dataclass(frozen=True, kw_only=True)
class Option:
    """One field of a settings class, as a profile file writes it."""

    name: str
    members: tuple[Any, ...]
    """The types that its value may have: a union taken apart."""
    required: bool
    default: Any = None
    doc: str = ""
    """The text under the field."""

    @property
    def secret(self) -> bool:
        """Whether the value never stands in the file, only where it is kept."""
        return Secret in self.members

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys of the file that set it."""
        return secret_keys(self.name) if self.secret else (self.name,)

    @property
    def may_be_unset(self) -> bool:
        """Whether ``None`` says something else than leaving the key out."""
        return types.NoneType in self.members and self.default is not None


def word(cls: type) -> str:
    """Give the word that stands for a class in a file: ``username_token`` for ``UsernameToken``."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", cls.__name__).lower()


STEPS: Mapping[str, type] = {word(cls): cls for cls in get_args(Step)}
"""The values of ``step`` in ``[[outbound]]``."""
MODES: Mapping[str, type] = {word(cls): cls for cls in get_args(Demands) if cls is not Inbound}
"""The values of ``mode`` in ``[inbound]``; without one, it has the fields of ``Inbound``."""
TABLES: Mapping[str, type] = {
    "service": Service,
    "trust": TrustSection,
    "header": SecurityHeader,
    "limits": Limits,
    "tls": TLS,
    "bsp": BasicSecurityProfile,
    "replay": Replay,
}
"""The sections that are one table with the fields of one class."""
SECTIONS = (
    "algorithm_suite",
    *TABLES,
    "keystore",
    "namespaces",
    "outbound",
    "inbound",
    "operation",
    "payload",
)
"""Every key at the top of a file."""


def members_of(hint: Any) -> tuple[Any, ...]:
    """Take a union apart; any other type is its own only member."""
    return get_args(hint) if get_origin(hint) in (Union, types.UnionType) else (hint,)


@cache
def options_of(cls: type) -> Mapping[str, Option]:
    """Give the options of a settings class by field name, in the order of its fields."""
    hints = get_type_hints(cls)
    docs: dict[str, str] = {}
    for base in reversed(cls.__mro__[:-1]):
        docs |= _field_docs(base)
    options = {}
    for item in fields(cls):
        required = item.default is MISSING and item.default_factory is MISSING
        options[item.name] = Option(
            name=item.name,
            members=members_of(hints[item.name]),
            required=required,
            default=None if required else _default_of(item),
            doc=docs.get(item.name, ""),
        )
    return options


def _default_of(item: Any) -> Any:
    return item.default if item.default is not MISSING else item.default_factory()


def _field_docs(cls: type) -> dict[str, str]:
    """Read the strings under the fields; an installation without sources has none."""
    try:
        source = textwrap.dedent(inspect.getsource(cls))
    except OSError:
        return {}
    body = ast.parse(source).body[0].body  # type: ignore[attr-defined]
    return {
        above.target.id: _prose(text.value.value)
        for above, text in itertools.pairwise(body)
        if isinstance(above, ast.AnnAssign)
        and isinstance(above.target, ast.Name)
        and isinstance(text, ast.Expr)
        and isinstance(text.value, ast.Constant)
        and isinstance(text.value.value, str)
    }


def _prose(text: str) -> str:
    return " ".join(text.replace("``", "`").split())


def schema() -> dict[str, Any]:
    """Give the JSON Schema (draft 2020-12) of a profile file, for completion and checks in editors.

    It knows keys, types and choices. What needs more than one setting, such as the order of the
    steps, is checked by ``load_plan`` only.
    """
    steps = {name: _object_of(cls, constant=("step", name)) for name, cls in STEPS.items()}
    modes = {name: _object_of(cls, constant=("mode", name)) for name, cls in MODES.items()}
    outbound = {"type": "array", "items": {"oneOf": [_reference(name) for name in steps]}}
    inbound = {"oneOf": [_reference("inbound"), *(_reference(name) for name in modes)]}
    overlay = _closed({"outbound": outbound, "inbound": inbound})
    properties: dict[str, Any] = {name: _object_of(cls) for name, cls in TABLES.items()}
    properties |= {
        "algorithm_suite": {
            "description": "Algorithms of the steps that do not name their own.",
            "enum": list(ALGORITHM_SUITES),
        },
        "keystore": {"type": "array", "items": _object_of(KeystoreEntry)},
        "namespaces": {"type": "object", "additionalProperties": {"type": "string"}},
        "outbound": outbound,
        "inbound": inbound,
        "operation": {"type": "object", "additionalProperties": overlay},
        "payload": {"type": "object", "additionalProperties": _payloads()},
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "zeep-wssec profile",
        **_closed({name: properties[name] for name in SECTIONS}),
        "$defs": {**steps, "inbound": _object_of(Inbound), **modes},
    }


def _payloads() -> dict[str, Any]:
    classes = {name: row.settings_class() for name, row in FORMATS.items()}
    return {"oneOf": [_object_of(cls, constant=("format", name)) for name, cls in classes.items()]}


def _reference(name: str) -> dict[str, str]:
    return {"$ref": f"#/$defs/{name}"}


def _closed(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": False, "properties": dict(properties)}


def _object_of(cls: type, *, constant: tuple[str, str] | None = None) -> dict[str, Any]:
    properties: dict[str, Any] = {constant[0]: {"const": constant[1]}} if constant else {}
    required = [constant[0]] if constant else []
    sources: list[dict[str, Any]] = []
    for option in options_of(cls).values():
        for key in option.keys:
            properties[key] = _property_of(cls, option)
        if option.required and option.secret:
            sources.append({"oneOf": [{"required": [key]} for key in option.keys]})
        elif option.required:
            required.append(option.name)
    found: dict[str, Any] = {
        "description": _prose((inspect.getdoc(cls) or "").split("\n\n")[0]),
        **_closed(properties),
    }
    if required:
        found["required"] = required
    if sources:
        found["allOf"] = sources
    return found


def _property_of(cls: type, option: Option) -> dict[str, Any]:
    found: dict[str, Any] = {"description": option.doc} if option.doc else {}
    if option.secret:
        return {**found, "type": "string", "minLength": 1}
    choices = _CHOICES.get((cls, option.name)) or getattr(cls, "offered", {}).get(option.name)
    if choices:
        found["enum"] = list(choices)
    elif (cls, option.name) in _ITEM_CHOICES:
        items = {"enum": list(_ITEM_CHOICES[cls, option.name])}
        found |= {"type": "array", "items": items}
    elif option.name == "legacy":
        names = {"enum": list(getattr(cls, "opt_ins", algorithms.LEGACY))}
        found |= {"type": "object", "propertyNames": names}
        found["additionalProperties"] = {"type": "string", "minLength": 1}
    else:
        found |= _any_of(option.members, may_be_unset=option.may_be_unset)
    if isinstance(option.default, str | bool | int | float):
        found["default"] = option.default
    elif isinstance(option.default, tuple):
        found["default"] = list(option.default)
    return found


def _any_of(members: tuple[Any, ...], *, may_be_unset: bool) -> dict[str, Any]:
    shapes: list[dict[str, Any]] = [{"const": UNSET}] if may_be_unset else []
    for member in members:
        shape = _shape_of(member)
        if shape is not None and shape not in shapes:
            shapes.append(shape)
    return shapes[0] if len(shapes) == 1 else {"anyOf": shapes}


def _shape_of(member: Any) -> dict[str, Any] | None:
    """Give the schema of one type, or ``None`` for a type that no file can write."""
    if member in _SCALARS:
        return dict(_SCALARS[member])
    if member is Secret:
        texts = {place: {"type": "string", "minLength": 1} for place in PLACES}
        return {**_closed(texts), "minProperties": 1, "maxProperties": 1}
    if get_origin(member) is Literal:
        return {"enum": list(get_args(member))}
    if get_origin(member) in (tuple, Sequence):
        items = _any_of(members_of(get_args(member)[0]), may_be_unset=False)
        return {"type": "array", "items": items}
    if get_origin(member) is Mapping:
        values = _any_of(members_of(get_args(member)[1]), may_be_unset=False)
        return {"type": "object", "additionalProperties": values}
    if is_dataclass(member) and isinstance(member, type):
        (option,) = options_of(member).values()
        return {**_closed({word(member): _property_of(member, option)}), "required": [word(member)]}
    return None
