"""XPath expressions that are compiled once and used for as long as the process lives."""

from __future__ import annotations

from typing import Any

from lxml import etree

from zeep_wssec.forks import start_over_in_children


class Expression:
    """A compiled XPath expression, for any number of threads and in forked processes.

    lxml evaluates one at a time, under a lock of its own: a child whose parent was evaluating when it was
    forked would wait for ever, so it compiles the expression anew.
    """

    def __init__(self, text: str, **options: Any) -> None:
        """Compile ``text``; the options are those of ``etree.XPath``."""
        self._text, self._options = text, options
        self.start_over()
        start_over_in_children(self)

    def start_over(self) -> None:
        """Use a lock of this process."""
        self._compiled = etree.XPath(self._text, **self._options)

    def __call__(self, node: etree._Element) -> Any:
        """Evaluate the expression."""
        return self._compiled(node)
