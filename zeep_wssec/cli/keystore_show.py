"""``zeep-wssec keystore show``: all that there is to know of one entry."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import click

from zeep_wssec.cli.keystore_files import open_to_look
from zeep_wssec.cli.keystore_words import colons, entry_data, fingerprint_warning, left
from zeep_wssec.cli.options import now_option
from zeep_wssec.cli.output import show_lines, show_table
from zeep_wssec.cli.passwords import find_secret, password_options
from zeep_wssec.errors import KeyNotFoundError


@click.command()
@click.argument("source", metavar="SOURCE")
@click.option("--alias", metavar="NAME", help="Which entry; every one when left out.")
@password_options()
@now_option
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
def show(
    source: str,
    alias: str | None,
    password_env: str | None,
    password_file: str | None,
    now: datetime,
    as_json: bool,
) -> None:
    """Show the entries of SOURCE, a keystore or a profile (.toml), or one of them.

    Certificates are shown as they are: nothing is verified by it.
    """
    held = open_to_look(source, find_secret(password_env, password_file)).snapshot()
    found = [item for item in entry_data(held, now) if alias in (None, item[0]["alias"])]
    if alias is not None and not found:
        existing = [data["alias"] for data, _ in entry_data(held, now)]
        raise KeyNotFoundError(
            f"{source} has no entry {alias!r}.",
            hint=f"There are: {', '.join(map(repr, existing)) or 'none'}.",
            alias=alias,
            existing=existing,
        )
    if as_json:
        click.echo(json.dumps([data for data, _ in found], indent=2))
        return
    for number, (data, certificate) in enumerate(found):
        if number:
            click.echo()
        show_table([*_rows(data)])
        if certificate is not None and data["self_signed"]:
            show_lines([fingerprint_warning(data["alias"], certificate)])


def _rows(data: dict[str, Any]) -> Iterator[tuple[str, str]]:
    yield "alias", data["alias"]
    yield "kind", data["kind"]
    if data["kind"] == "secret":
        yield "name in messages", data["key_name"]
        return
    for name in ("subject", "issuer"):
        yield name, data[name]
    yield "serial number", f"{data['serial_number']} ({int(data['serial_number'], 16)})"
    yield "valid from", data["not_before"]
    yield "valid until", data["not_after"]
    yield "state", left(data)
    if data["serves_from"]:
        yield "in use from", data["serves_from"]
    yield "key", f"{data['key_kind']} {data['key_bits']}"
    if data["abilities"]:
        yield "can", ", ".join(data["abilities"])
    yield "signature", data["signature_algorithm"]
    if data["alternative_names"]:
        yield "alternative names", ", ".join(data["alternative_names"])
    yield "chain", " < ".join(data["chain"]) or "none"
    yield "SHA-1", colons(data["thumbprint_sha1"])
    yield "SHA-256", colons(data["thumbprint_sha256"])
    yield "SKI", colons(data["subject_key_identifier"])
    yield "kid (SKI in base64)", data["kid_ski"]
    if "kid_jwk" in data:
        yield "kid (RFC 7638)", data["kid_jwk"]
