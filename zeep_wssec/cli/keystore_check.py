"""``zeep-wssec keystore check``: fails when something expires soon, for a timer."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import click

from zeep_wssec.cli.group import REFUSED
from zeep_wssec.cli.keystore_files import open_to_look
from zeep_wssec.cli.keystore_words import entry_data, left, read_duration
from zeep_wssec.cli.options import now_option
from zeep_wssec.cli.output import show_lines, show_table
from zeep_wssec.cli.passwords import find_secret, password_options
from zeep_wssec.keys.certificate import Certificate
from zeep_wssec.keys.entries import KeyEntry, PartnerEntry
from zeep_wssec.keys.rotation import state_of
from zeep_wssec.keys.snapshot import Snapshot
from zeep_wssec.profile_rotation_lint import ends_unnoticed


@click.command()
@click.argument("sources", nargs=-1, required=True, metavar="SOURCE...")
@password_options()
@click.option(
    "--within",
    default="30d",
    callback=read_duration,
    metavar="TIME",
    help="How long ahead to look: 30d when left out, or 12h, 4w.",
)
@now_option
@click.option("--json", "as_json", is_flag=True, help="Print what was found as JSON.")
def check(
    sources: tuple[str, ...],
    password_env: str | None,
    password_file: str | None,
    within: timedelta,
    now: datetime,
    as_json: bool,
) -> None:
    """Look whether a certificate of the keystores or profiles SOURCE... expires soon.

    Exits with 1 when one does, or has, or is not valid yet: a key pair, a partner, or what stands above
    them. One that another entry of its alias follows in time does not count.
    """
    secret = find_secret(password_env, password_file)
    found = []
    for source in sources:
        held = open_to_look(source, secret).snapshot()
        found += [{"source": source, **item} for item in _ending(held, now, within)]
    if as_json:
        click.echo(json.dumps(found, indent=2))
    elif found:
        rows = [("source", "alias", "until", "state", "subject")]
        names = ("source", "alias", "not_after", "state", "subject")
        rows += [tuple(item[name] for name in names) for item in found]
        show_table(rows)
    else:
        show_lines([f"Nothing expires before {(now + within):%Y-%m-%d}."])
    if found:
        click.get_current_context().exit(REFUSED)


def _ending(held: Snapshot, now: datetime, within: timedelta) -> list[dict[str, Any]]:
    followed = ends_unnoticed(held, now, within=within)
    found = []
    for data, certificate in entry_data(held, now, within):
        if certificate is None or certificate in followed:
            continue
        if data["state"] != "valid":
            found.append(_row(data["alias"], certificate, left(data)))
    entries: tuple[KeyEntry | PartnerEntry, ...] = (*held.key_entries, *held.partner_entries)
    for entry in entries:
        if entry.certificate in followed:
            continue
        for item in entry.chain:
            state = state_of(item, now, within=within)
            if state != "valid":
                days = (item.not_after - now).days
                text = left({"state": state, "days_left": days})
                found.append(_row(f"{entry.alias} (chain)", item, text))
    return found


def _row(alias: str, certificate: Certificate, state: str) -> dict[str, Any]:
    return {
        "alias": alias,
        "not_after": f"{certificate.not_after:%Y-%m-%d}",
        "state": state,
        "subject": certificate.subject,
        "thumbprint_sha256": certificate.thumbprint_sha256,
    }
