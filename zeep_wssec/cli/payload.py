"""``zeep-wssec payload``: the commands about data outside of messages."""

from __future__ import annotations

import click

from zeep_wssec.cli.group import LazyGroup

_MODULE = "zeep_wssec.cli.payload_verbs"
_COMMANDS = {
    "decrypt": (f"{_MODULE}:decrypt", "Decrypt data."),
    "encrypt": (f"{_MODULE}:encrypt", "Encrypt data to its recipients."),
    "open": (f"{_MODULE}:open_command", "Decrypt and verify data."),
    "protect": (f"{_MODULE}:protect", "Sign and encrypt data."),
    "sign": (f"{_MODULE}:sign", "Sign data."),
    "verify": (f"{_MODULE}:verify", "Verify data, and give what was signed."),
}


@click.group(cls=LazyGroup, table=_COMMANDS)
def payload() -> None:
    """Protect files and streams, or read what a partner protected."""
