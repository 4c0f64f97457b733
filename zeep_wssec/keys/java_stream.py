"""A reader for the part of Java's object serialization that keys are written in.

Spec: Java Object Serialization Specification, section 6 (Object Serialization Stream Protocol).
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

MAX_ITEMS = 200
"""Most objects, classes, texts and arrays in one stream; a sealed key has about ten."""
MAX_DEPTH = 16

_NULL, _REFERENCE, _CLASS, _OBJECT, _STRING, _ARRAY = 0x70, 0x71, 0x72, 0x73, 0x74, 0x75
_BLOCK, _END, _ENUM = 0x77, 0x78, 0x7E
_FIRST_HANDLE = 0x7E0000
_WRITES_MORE, _SERIALIZABLE, _EXTERNALIZABLE = 0x01, 0x02, 0x04
_PRIMITIVES = {
    "B": ">b",
    "C": ">H",
    "D": ">d",
    "F": ">f",
    "I": ">i",
    "J": ">q",
    "S": ">h",
    "Z": ">?",
}


@dataclass(repr=False)
class JavaObject:
    """One object: the name of its class, and its fields with those of the classes above it."""

    name: str
    fields: dict[str, Any] = field(default_factory=dict)


@dataclass(repr=False)
class _Class:
    name: str
    flags: int = 0
    fields: list[tuple[str, str]] = field(default_factory=list)
    above: _Class | None = None


def read_object(data: bytes, start: int) -> tuple[Any, int]:
    """Read one stream with one object.

    Args:
        data: Octets that have the stream.
        start: Where it begins.

    Returns:
        A ``JavaObject``, a text, the octets of a byte array, or ``None``; and where the stream ends.

    Raises:
        ValueError: It is broken, too large, or has something else in it.
    """
    reader = _Stream(data, start)
    if reader.take(4) != b"\xac\xed\x00\x05":
        raise ValueError("no stream of Java objects")
    return reader.value(0), reader.at


class _Stream:
    def __init__(self, data: bytes, start: int) -> None:
        self._data, self.at = data, start
        self._handles: list[Any] = []
        self._readers: dict[int, Callable[[int], Any]] = {
            _NULL: lambda _depth: None,
            _REFERENCE: self._reference,
            _CLASS: self._class,
            _OBJECT: self._object,
            _STRING: self._string,
            _ARRAY: self._array,
            _ENUM: self._enum,
        }

    def take(self, count: int) -> bytes:
        if not 0 <= count <= len(self._data) - self.at:
            raise ValueError("cut off")
        self.at += count
        return self._data[self.at - count : self.at]

    def _number(self, octets: int) -> int:
        return int.from_bytes(self.take(octets), "big")

    def _text(self) -> str:
        return self.take(self._number(2)).decode("utf-8", "replace")

    def value(self, depth: int) -> Any:
        kind = self._number(1)
        if kind not in self._readers or depth > MAX_DEPTH:
            raise ValueError("an unknown item, or too deep")
        return self._readers[kind](depth + 1)

    def _keep(self, item: Any) -> Any:
        if len(self._handles) >= MAX_ITEMS:
            raise ValueError("too many items")
        self._handles.append(item)
        return item

    def _reference(self, _depth: int) -> Any:
        handle = self._number(4) - _FIRST_HANDLE
        if not 0 <= handle < len(self._handles):
            raise ValueError("no such handle")
        return self._handles[handle]

    def _string(self, _depth: int) -> str:
        text: str = self._keep(self._text())
        return text

    def _class(self, depth: int) -> _Class:
        described = _Class(self._text())
        self.take(8)  # serialVersionUID
        self._keep(described)
        described.flags = self._number(1)
        for _ in range(self._number(2)):
            kind, name = chr(self._number(1)), self._text()
            if kind in "L[":
                self.value(depth)  # the type, as a text
            elif kind not in _PRIMITIVES:
                raise ValueError("kind of field")
            described.fields.append((kind, name))
        self._annotations(depth)
        described.above = self._optional_class(depth)
        return described

    def _optional_class(self, depth: int) -> _Class | None:
        found = self.value(depth)
        if found is not None and not isinstance(found, _Class):
            raise ValueError("a class is needed")
        return found

    def _annotations(self, depth: int) -> None:
        while (kind := self._number(1)) != _END:
            if kind == _BLOCK:
                self.take(self._number(1))
            else:
                self.at -= 1
                self.value(depth)

    def _object(self, depth: int) -> JavaObject:
        described = self._optional_class(depth)
        if described is None:
            raise ValueError("an object without class")
        made: JavaObject = self._keep(JavaObject(described.name))
        line: list[_Class] = []
        while described is not None and len(line) <= MAX_DEPTH:
            line.append(described)
            described = described.above
        for level in reversed(line):
            if level.flags & _EXTERNALIZABLE or not level.flags & _SERIALIZABLE:
                raise ValueError("written by a method of its own")
            for kind, name in level.fields:
                made.fields[name] = self._field(kind, depth)
            if level.flags & _WRITES_MORE:
                self._annotations(depth)
        return made

    def _field(self, kind: str, depth: int) -> Any:
        if kind in "L[":
            return self.value(depth)
        form = _PRIMITIVES[kind]
        return struct.unpack(form, self.take(struct.calcsize(form)))[0]

    def _array(self, depth: int) -> Any:
        described = self._optional_class(depth)
        if described is None or described.name != "[B":
            raise ValueError("an array that is not of bytes")
        handle = len(self._handles)
        self._keep(None)
        self._handles[handle] = self.take(self._number(4))
        return self._handles[handle]

    def _enum(self, depth: int) -> str:
        self._optional_class(depth)
        handle = len(self._handles)
        self._keep(None)
        name = self.value(depth)
        if not isinstance(name, str):
            raise ValueError("name of an enum")
        self._handles[handle] = name
        return name
