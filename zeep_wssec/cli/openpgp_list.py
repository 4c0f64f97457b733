"""``zeep-wssec openpgp list``: the keys of key rings, and how long they last."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import click

from zeep_wssec.cli.options import now_option
from zeep_wssec.cli.output import show_lines, show_table


@click.command("list")
@click.argument("rings", metavar="RING…", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--gpg", default="gpg", help="The program of GnuPG; gpg when left out.")
@now_option
@click.option("--json", "as_json", is_flag=True, help="Print the keys as JSON.")
def list_command(rings: tuple[Path, ...], gpg: str, now: datetime, as_json: bool) -> None:
    """List the keys of RINGs, public or secret, with their user ids, kinds and states."""
    from zeep_wssec.payload.openpgp.loaded import list_rings

    found = [(str(path), key) for path, key in list_rings(rings, gpg=gpg)]
    if as_json:
        rows = [{"ring": path, **key.to_dict(now)} for path, key in found]
        click.echo(json.dumps(rows, indent=2))
        return
    table = [("user ids", "kind", "until", "state", "fingerprint")]
    for _, key in found:
        until = key.expires.date().isoformat() if key.expires else "no end"
        kind = f"{'secret ' if key.secret else ''}{key.kind} {key.bits}"
        table.append((", ".join(key.user_ids), kind, until, key.state(now), key.fingerprint))
    if found:
        show_table(table)
    else:
        show_lines(["There is no key."])
