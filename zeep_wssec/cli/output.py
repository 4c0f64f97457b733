"""What commands print: plain lines, with colour and tables on a terminal only."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Sequence
from dataclasses import fields, is_dataclass, replace
from typing import Any

import click

_STYLES = {"error": "bold red", "warning": "yellow", "note": "cyan", "accepted": "bold green"}
_TO_ESCAPE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff]"
)


def printable(text: object) -> str:
    """Give a text in one line that cannot steer a terminal or forge another line.

    Control characters, line ends, bidirectional marks and what cannot be seen are escaped.
    """
    return _TO_ESCAPE.sub(lambda found: ascii(found[0])[1:-1], str(text))


def escaped(value: Any) -> Any:
    """Give settings or a report with every text in it made printable, so that its lines are its own."""
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, tuple):
        return tuple(escaped(item) for item in value)
    if is_dataclass(value) and not isinstance(value, type):
        changed = {item.name: escaped(getattr(value, item.name)) for item in fields(value)}
        return replace(value, **changed)
    return value


def show_lines(lines: Iterable[str], *, err: bool = False) -> None:
    """Print lines, each of them escaped; on a terminal the word before a colon may have a colour."""
    shown = [printable(line) for line in lines]
    if err or not sys.stdout.isatty():
        for line in shown:
            click.echo(line, err=err)
        return
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False)
    for line in shown:
        word = line.partition(":")[0]
        text = Text(line)
        if word in _STYLES:
            text.stylize(_STYLES[word], 0, len(word))
        console.print(text, soft_wrap=True)


def show_table(rows: Sequence[Sequence[str]]) -> None:
    """Print rows in columns, the first of them bold on a terminal."""
    cells = [[printable(cell) for cell in row] for row in rows]
    if not sys.stdout.isatty():
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        for row in cells:
            padded = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
            click.echo("  ".join(padded).rstrip())
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 2))
    for first, *others in cells:
        table.add_row(Text(first, style="bold"), *map(Text, others))
    Console(highlight=False).print(table)
