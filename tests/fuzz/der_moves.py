"""Changes to DER that keep it DER: elements moved, copied, dropped, retyped, with all lengths right again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from fuzz.moves import Move

from zeep_wssec.keys.der import iterate_tlv
from zeep_wssec.keys.der_writing import write_tlv

_DEEPEST = 12
_MOST = 3000
_TAGS = bytes.fromhex("0102030405060a0c1314161718191e3031a0a1a2a3808182")
_VALUES = (
    b"", b"\0", b"\xff", b"\x80", b"\x00\x80", b"\x7f" * 9, b"991231235959Z", b"20500101000000Z",
    b"\xf0\x9f\x98\x80", b"\xff\xfe\xfd", b"\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01", b"\x80" * 40, b"A" * 300,
)  # fmt: skip


@dataclass
class Item:
    """One element; ``children`` is ``None`` for one that holds a value."""

    tag: int
    value: bytes = b""
    children: list[Item] | None = None
    depth: int = field(default=0, compare=False)

    def to_bytes(self) -> bytes:
        """Write it."""
        if self.children is None:
            return write_tlv(self.tag, self.value)
        return write_tlv(self.tag, b"".join(item.to_bytes() for item in self.children))


def read(data: bytes, depth: int = 0) -> list[Item] | None:
    """Read a row of elements, those inside octet strings as well; ``None`` for what is not DER."""
    if depth > _DEEPEST:
        return None
    try:
        pairs = list(iterate_tlv(data))
    except ValueError:
        return None
    items = []
    for tag, value in pairs:
        children = (
            read(value, depth + 1) if tag & 0x20 or (tag == 0x04 and len(value) > 4) else None
        )
        items.append(Item(tag, value, children or None, depth))
    return items


def _all(items: list[Item]) -> list[tuple[list[Item], int]]:
    found: list[tuple[list[Item], int]] = []
    for index, item in enumerate(items):
        found.append((items, index))
        found.extend(_all(item.children or []))
    return found


def changed(data: bytes, moves: Sequence[Move]) -> bytes:
    """Give the DER with all the moves made; what is no DER comes back as it is."""
    items = read(data)
    if not items:
        return data
    for move in moves:
        places = _all(items)
        if not places or len(places) > _MOST:
            break
        siblings, index = places[move.a % len(places)]
        others, other = places[move.b % len(places)]
        _change(siblings, index, others[other], move)
    return b"".join(item.to_bytes() for item in items)


def _change(siblings: list[Item], index: int, other: Item, move: Move) -> None:
    item = siblings[index]
    kind = move.kind % 8
    if kind == 0:
        del siblings[index]
    elif kind == 1:
        siblings.insert(index, Item(item.tag, item.value, item.children))
    elif kind == 2:
        row = read(other.to_bytes(), other.depth) or []
        siblings[index : index + 1] = row
    elif kind == 3:
        item.tag = _TAGS[move.c % len(_TAGS)]
    elif kind == 4:
        item.children, item.value = None, _VALUES[move.c % len(_VALUES)]
    elif kind == 5 and item.children is None and item.value:
        at = move.c % len(item.value)
        item.value = (
            item.value[:at] + bytes([item.value[at] ^ (1 << move.d % 8)]) + item.value[at + 1 :]
        )
    elif kind == 6:
        siblings[index] = Item(0x30, b"", [item])
    elif item.children is not None and item.children:
        item.children.append(item.children.pop(move.c % len(item.children)))
