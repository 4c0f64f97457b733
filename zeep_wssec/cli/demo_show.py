"""How ``zeep-wssec demo`` tells what it did."""

from __future__ import annotations

import sys

import click
from lxml import etree

from zeep_wssec.cli.demo_story import Story
from zeep_wssec.cli.group import describe_failure
from zeep_wssec.cli.output import printable, show_lines
from zeep_wssec.report import Report
from zeep_wssec.soap.namespaces import DS, XENC

_LONG_TEXT = 64
_SHOWN = 24
_FOLDED = frozenset({f"{{{XENC}}}EncryptedKey", f"{{{XENC}}}EncryptedData", f"{{{DS}}}Signature"})
"""Elements that look the same in every message."""


def show_story(story: Story) -> None:
    """Print the exchange step by step."""
    _head("1. The request as zeep makes it")
    _show_xml(story.request)
    _head("2. The request as it is sent: signed, then encrypted")
    _show_xml(story.secured_request)
    _head("3. What the request proved to the partner")
    _show_report(story.request_report)
    _head("4. The answer as it comes: signed and encrypted, too")
    _show_xml(story.secured_answer, folded=True)
    _head("5. What the answer proved: profile.last_report()")
    _show_report(story.answer_report)
    _head("6. What the program reads")
    order = story.order
    show_lines([f"orderId={order.orderId} sku={order.sku} nonce={order.nonce}"])
    _head("7. The same call again, and somebody on the way forges the answer")
    show_lines(
        [
            "The signed Body is moved aside into a header block, where its signature stays valid, and a",
            "Body with other content takes its place.",
            "",
        ]
    )
    _show_xml(story.forged_answer, folded=True)
    _head("8. It is refused")
    show_lines(
        [
            *describe_failure(story.refusal),
            f"  request_sent: {story.refusal.request_sent} (a refused answer is not an unsent request)",
        ]
    )


def shorten_xml(message: bytes, *, folded: bool = False) -> str:
    """Give a message indented and with long texts cut, for reading only: its signatures no longer fit.

    Args:
        message: An envelope.
        folded: Whether to leave out what is inside signatures and encrypted elements.
    """
    root = etree.fromstring(message)
    for element in list(root.iter("{*}*")):
        text = element.text or ""
        if folded and element.tag in _FOLDED:
            element[:] = []
            element.text = "…"
        elif len(text) > _LONG_TEXT:
            element.text = f"{text[:_SHOWN]}… ({len(text)} characters)"
    etree.indent(root)
    return etree.tostring(root, encoding="unicode")


def _head(text: str) -> None:
    click.echo()
    if sys.stdout.isatty():
        from rich.console import Console

        Console(highlight=False).print(text, style="bold cyan", markup=False)
    else:
        click.echo(text)


def _show_xml(message: bytes, *, folded: bool = False) -> None:
    lines = shorten_xml(message, folded=folded).split("\n")
    text = "\n".join(printable(line) for line in lines)
    if sys.stdout.isatty():
        from rich.console import Console
        from rich.syntax import Syntax

        Console().print(Syntax(text, "xml", word_wrap=True, background_color="default"))
    else:
        click.echo(text)


def _show_report(report: Report) -> None:
    show_lines(str(report).split("\n"))
