"""What is printed: escaped lines, colour on a terminal only."""

from __future__ import annotations

import sys
from dataclasses import dataclass

import pytest

from zeep_wssec.cli.output import escaped, printable, show_lines, show_table


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Größe, 42 €…", "Größe, 42 €…"),
        ("a\nb\r\tc", r"a\nb\r\tc"),
        ("\x1b[31m\x7f\x9b", r"\x1b[31m\x7f\x9b"),
        ("a\u202eb\u2028c\u200bd\ufeff", r"a\u202eb\u2028c\u200bd\ufeff"),
        ("\ud800", r"\ud800"),
    ],
)
def test_printable(text: str, shown: str) -> None:
    """Letters stay; what steers a terminal, hides or breaks a line does not."""
    assert printable(text) == shown


@dataclass(frozen=True)
class Inner:
    words: tuple[str, ...]
    number: int = 1


@dataclass(frozen=True)
class Outer:
    name: str
    inner: tuple[Inner, ...]


def test_escaped_goes_into_depth() -> None:
    """Every text inside is made printable; nothing else changes."""
    given = Outer("a\n", (Inner(("b\x1b", "c")),))
    assert escaped(given) == Outer(r"a\n", (Inner((r"b\x1b", "c")),))


def test_plain_in_a_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    """Without a terminal lines and columns are plain."""
    show_lines(["error: a\x1b"])
    show_table([("a", "1"), ("long", "2")])
    assert capsys.readouterr().out == "error: a\\x1b\na     1\nlong  2\n"


def test_colour_on_a_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a terminal the word in front has a colour, and markup in a text is text."""
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    show_lines(["error: [bold]a[/bold]", "rest"])
    show_table([("[red]a[/red]", "1")])
    text = capsys.readouterr().out
    assert "\x1b[1;31merror\x1b[0m: [bold]a[/bold]" in text
    assert "[red]a[/red]" in text
