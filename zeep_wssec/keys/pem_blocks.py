"""Cuts PEM text into its blocks."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass

from zeep_wssec.errors import KeyLoadError

_BLOCK = re.compile(
    rb"-----BEGIN (?P<label>[A-Z0-9 #]{1,40})-----[ \t]*\r?\n?(?P<body>[^-]*)-----END (?P=label)-----"
)


@dataclass(frozen=True, repr=False)
class Block:
    """One PEM block; ``repr`` would show a key, so it has none."""

    label: str
    text: bytes
    """The block from BEGIN to END, line ends normalized."""
    body: bytes
    """What stands between, headers included."""

    def decode(self) -> bytes:
        """Give the octets of a block without headers; ``ValueError`` when they are not base64."""
        return base64.b64decode(b"".join(self.body.split()), validate=True)


def find_blocks(data: bytes, *, source: str) -> tuple[Block, ...]:
    """Find the PEM blocks in ``data``; text around them, a BOM and CRLF do not matter.

    Raises:
        KeyLoadError: There is none, or one has no END line.
    """
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        data = data.decode("utf-16", errors="replace").encode()
    data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    blocks = tuple(
        Block(label=found["label"].decode("ascii"), text=found[0] + b"\n", body=found["body"])
        for found in _BLOCK.finditer(data)
    )
    if not blocks or len(blocks) != data.count(b"-----BEGIN "):
        raise KeyLoadError(
            f"{source}: PEM text expected; a block is missing, cut off or not closed.",
            source=source,
        )
    return blocks
