"""The command line: ``zeep-wssec``, one module a command."""

from zeep_wssec.cli.group import main

__all__ = ["main"]
