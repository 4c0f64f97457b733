"""Looking for planted secrets wherever a program, a log or an error tool may show them."""

from __future__ import annotations

import base64
import dataclasses
import io
import pprint
import traceback
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import FrameType, FunctionType, ModuleType, TracebackType
from typing import Any

Canaries = Mapping[str, bytes]
"""Planted secrets by what they are."""

_HERE = str(Path(__file__).resolve().parent)
_MOST_ITEMS = 100


def forms_of(secret: bytes) -> set[bytes]:
    """Every way in which a secret may be written: raw, hexadecimal, base64, number, ``repr``."""
    return {
        secret,
        secret.hex().encode(),
        secret.hex().upper().encode(),
        base64.b64encode(secret),
        base64.urlsafe_b64encode(secret).rstrip(b"="),
        repr(secret)[2:-1].encode(),
        repr(bytearray(secret))[12:-2].encode(),
        str(int.from_bytes(secret)).encode(),
        ", ".join(map(str, secret)).encode(),
    }


def found_in(shown: str | bytes, canaries: Canaries) -> list[str]:
    """Names of the secrets that ``shown`` gives away."""
    octets = shown.encode("utf-8", "backslashreplace") if isinstance(shown, str) else shown
    return [
        name
        for name, secret in canaries.items()
        if any(form in octets for form in forms_of(secret))
    ]


def shown_forms(value: object) -> Iterator[tuple[str, str]]:
    """What one object shows of itself, by how it was asked."""
    yield "repr", repr(value)
    yield "str", str(value)
    yield "format", f"{value}"
    if not isinstance(value, type):
        yield "pprint", pprint.pformat(value)
    if hasattr(value, "__dict__"):
        yield "vars", repr(vars(value))
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        try:
            yield "asdict", repr(dataclasses.asdict(value))
            yield "astuple", repr(dataclasses.astuple(value))
        except Exception as error:  # a copy that is refused shows nothing but its error
            yield "asdict", repr(error)


def frames_of(error: BaseException) -> Iterator[tuple[str, FrameType]]:
    """All frames of an error and of those that it came from, but for the tests' own."""
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        one = waiting.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        waiting += [one.__cause__, one.__context__]
        place: TracebackType | None = one.__traceback__
        while place is not None:
            code = place.tb_frame.f_code
            if not code.co_filename.startswith(_HERE):
                yield (
                    f"{Path(code.co_filename).name}:{place.tb_lineno} {code.co_name}",
                    place.tb_frame,
                )
            place = place.tb_next


def leaks_of_error(error: BaseException, canaries: Canaries, *, depth: int = 2) -> list[str]:
    """Where an error gives a secret away: its text, its data, and the variables of its frames."""
    leaks = [
        f"{what}: {name}" for what, shown in _texts_of(error) for name in found_in(shown, canaries)
    ]
    for where, frame in frames_of(error):
        for variable, value in frame.f_locals.items():
            for path in leaks_of_value(value, canaries, depth=depth):
                leaks.append(f"{where}: {variable}{path}")
    return leaks


def _texts_of(error: BaseException) -> Iterator[tuple[str, str]]:
    one: BaseException | None = error
    while one is not None:
        yield "str", str(one)
        yield "repr", repr(one)
        yield "args", repr(one.args)
        yield "vars", repr(vars(one))
        if hasattr(one, "to_dict"):
            yield "to_dict", repr(one.to_dict())
        yield "notes", repr(getattr(one, "__notes__", ()))
        one = one.__cause__ or one.__context__
    yield "traceback", "".join(traceback.format_exception(error))


def captured_traceback(error: BaseException) -> str:
    """What a tool shows that formats the variables of frames, without the frames of the tests."""
    lines: list[str] = []
    for where, frame in frames_of(error):
        lines.append(where)
        summary = traceback.StackSummary.extract([(frame, frame.f_lineno)], capture_locals=True)
        lines += [
            f"{name} = {text}" for item in summary for name, text in (item.locals or {}).items()
        ]
    return "\n".join(lines)


def leaks_of_value(
    value: object, canaries: Canaries, *, depth: int, path: str = ""
) -> Iterator[str]:
    """Where a value gives a secret away: itself, and its attributes and items down to ``depth``."""
    if isinstance(value, ModuleType | type | FunctionType):
        return
    shown: str | bytes
    if type(value) in (bytes, bytearray, str):
        shown = bytes(value) if isinstance(value, bytearray) else value  # type: ignore[assignment]
    elif isinstance(value, io.BytesIO):
        shown = value.getvalue()
    else:
        try:
            shown = repr(value)
        except Exception as error:
            shown = repr(error)
    for name in found_in(shown, canaries):
        yield f"{path}: {name}"
    if depth:
        for step, inner in _inside(value):
            yield from leaks_of_value(inner, canaries, depth=depth - 1, path=path + step)


def _inside(value: object) -> Iterable[tuple[str, object]]:
    if isinstance(value, bytes | str | int | float):
        return
    if isinstance(value, Mapping):
        yield from ((f"[{key!r}]", inner) for key, inner in list(value.items())[:_MOST_ITEMS])
    elif isinstance(value, list | tuple | set | frozenset):
        yield from ((f"[{n}]", inner) for n, inner in enumerate(list(value)[:_MOST_ITEMS]))
    yield from ((f".{name}", inner) for name, inner in list(getattr(value, "__dict__", {}).items()))
    for kind in type(value).__mro__:
        slots: Any = kind.__dict__.get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            if hasattr(value, name):
                yield f".{name}", getattr(value, name)
