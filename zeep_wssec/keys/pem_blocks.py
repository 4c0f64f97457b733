"""Cuts PEM text into its blocks."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass

from zeep_wssec.errors import KeyLoadError

_BEGIN = b"-----BEGIN "
_NAME = re.compile(rb"^[ \t]*friendlyName:(.*)$", re.MULTILINE)
_ABOVE_BYTES = 2048
_HEADERS_END = re.compile(rb"\n[ \t]*\n")
"""RFC 1421, section 4.4: an empty line."""
_LABEL = re.compile(rb"([A-Z0-9 #]{1,40})-----")


@dataclass(frozen=True, repr=False)
class Block:
    """One PEM block; ``repr`` would show a key, so it has none."""

    label: str
    text: bytes
    """The block from BEGIN to END, line ends normalized."""
    body: bytes
    """What stands between, headers included."""
    above: bytes = b""
    """The end of the text in front of it, in which openssl notes its name."""

    @property
    def name(self) -> str | None:
        """The name that openssl wrote above it when it took the block out of a PKCS#12 file."""
        found = _NAME.findall(self.above)
        return found[-1].decode("utf-8", "replace").strip() or None if found else None

    def decode(self) -> bytes:
        """Give the octets of a block, behind its headers; ``ValueError`` when they are not base64."""
        body = self.body
        if b":" in body:
            body = _HEADERS_END.split(body, maxsplit=1)[-1]
        return base64.b64decode(b"".join(body.split()), validate=True)


def find_blocks(data: bytes, *, source: str) -> tuple[Block, ...]:
    """Find the PEM blocks in ``data``; text around them, a BOM and CRLF do not matter.

    Raises:
        KeyLoadError: There is none, or one has no END line.
    """
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        data = data.decode("utf-16", errors="replace").encode()
    data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    above, *parts = data.split(_BEGIN)
    blocks = []
    for part in parts:
        block = _read_block(part, above)
        blocks.append(block)
        above = b"" if block is None else part[len(block.text) - len(_BEGIN) :]
    found = tuple(block for block in blocks if block is not None)
    if not found or len(found) != len(blocks):
        raise KeyLoadError(
            f"{source}: PEM text expected; a block is missing, cut off or not closed.",
            source=source,
        )
    return found


def _read_block(part: bytes, above: bytes) -> Block | None:
    """Read what follows one ``-----BEGIN``; ``None`` if there is no END of the same label."""
    label = _LABEL.match(part)
    if label is None:
        return None
    body, end, _ = part[label.end() :].partition(b"-----END " + label[0])
    if not end:
        return None
    return Block(
        label=label[1].decode("ascii"),
        text=_BEGIN + label[0] + body + end + b"\n",
        body=body,
        above=above[-_ABOVE_BYTES:],
    )
