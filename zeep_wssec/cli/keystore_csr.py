"""``zeep-wssec keystore csr``: a certification request, for an authority to sign."""

from __future__ import annotations

import base64
import json
import textwrap

import click

from zeep_wssec.cli.files import STREAM, check_output, write_output
from zeep_wssec.cli.keystore_files import open_store
from zeep_wssec.cli.passwords import find_secret, password_options


@click.command()
@click.argument("source", metavar="SOURCE")
@click.option("--alias", metavar="NAME", help="Which key pair; needless when there is one.")
@click.option("--subject", metavar="NAME", help="That of its certificate when left out.")
@click.option(
    "--san",
    "names",
    multiple=True,
    metavar="NAME",
    help="DNS name, IP address, URI or mail address; those of its certificate when left out.",
)
@click.option(
    "--output", "-o", default=STREAM, metavar="FILE", help="Where to put it; - is stdout."
)
@click.option("--der", is_flag=True, help="Write DER in place of PEM.")
@password_options()
@click.option("--json", "as_json", is_flag=True, help="Print request and names as JSON.")
def csr(
    source: str,
    alias: str | None,
    subject: str | None,
    names: tuple[str, ...],
    output: str,
    der: bool,
    password_env: str | None,
    password_file: str | None,
    as_json: bool,
) -> None:
    """Ask for a certificate for a key pair of SOURCE, a keystore or a profile (.toml).

    The request is signed by the key itself, on a token too. It asks for the key usages that messages need.
    """
    from zeep_wssec.keys.certification_request import certification_request

    check_output(output)
    held = open_store(source, find_secret(password_env, password_file)).snapshot()
    entry = held.require_key(alias)
    made = certification_request(entry, subject=subject, names=names or None)
    pem = _pem(made)
    if output != STREAM or not as_json:
        write_output(output, made if der else pem)
    if as_json:
        text = {"alias": entry.alias, "subject": subject or entry.certificate.subject}
        click.echo(json.dumps({**text, "pem": pem.decode()}, indent=2))


def _pem(der: bytes) -> bytes:
    lines = textwrap.wrap(base64.b64encode(der).decode(), 64)
    name = "CERTIFICATE REQUEST"
    return "\n".join([f"-----BEGIN {name}-----", *lines, f"-----END {name}-----", ""]).encode()
