"""``zeep-wssec keystore list``: the entries, and when they expire."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

import click

from zeep_wssec.cli.keystore_files import open_to_look
from zeep_wssec.cli.keystore_words import entry_data, left, read_duration
from zeep_wssec.cli.options import now_option
from zeep_wssec.cli.output import show_lines, show_table
from zeep_wssec.cli.passwords import find_secret, password_options


@click.command("list")
@click.argument("source", metavar="SOURCE")
@password_options()
@click.option(
    "--within",
    default="30d",
    callback=read_duration,
    metavar="TIME",
    help="How long before its end a certificate is critical; 30d when left out.",
)
@now_option
@click.option("--json", "as_json", is_flag=True, help="Print the entries as JSON.")
def list_command(
    source: str,
    password_env: str | None,
    password_file: str | None,
    within: timedelta,
    now: datetime,
    as_json: bool,
) -> None:
    """List the entries of SOURCE, a keystore or a profile (.toml), with what each is and its days."""
    store = open_to_look(source, find_secret(password_env, password_file))
    found = [data for data, _ in entry_data(store.snapshot(), now, within)]
    if as_json:
        click.echo(json.dumps(found, indent=2))
        return
    rows = [("alias", "kind", "until", "state", "subject")]
    for data in found:
        if data["kind"] == "secret":
            rows.append((data["alias"], "secret", "", "", ""))
        else:
            until = str(data["not_after"])[:10]
            rows.append((data["alias"], data["kind"], until, left(data), data["subject"]))
    if found:
        show_table(rows)
    else:
        show_lines(["There is no entry."])
