"""``zeep-wssec keystore export``: the public part of an entry, or the whole of it under a password."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Literal

import click

from zeep_wssec.cli.files import STREAM, check_output, write_output
from zeep_wssec.cli.keystore_files import Store, open_store, require_entry
from zeep_wssec.cli.keystore_words import fingerprint_warning, is_self_signed
from zeep_wssec.cli.output import show_lines
from zeep_wssec.cli.passwords import (
    check_password_option,
    find_secret,
    password_options,
    require_new,
)
from zeep_wssec.errors import KeyUsageError
from zeep_wssec.keys.certificate import Certificate
from zeep_wssec.keys.content import KeystoreContent
from zeep_wssec.keys.entries import KeyEntry, PartnerEntry

Form = Literal["pem", "der", "p7b", "pkcs12"]


@click.command()
@click.argument("source", metavar="SOURCE")
@click.option("--alias", metavar="NAME", help="Which entry; needless when there is one key pair.")
@click.option("--output", "-o", default=STREAM, metavar="FILE", help="Where to; - is stdout.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["pem", "der", "p7b", "pkcs12"]),
    default="pem",
    show_default=True,
    help="pkcs12 has the private key, too.",
)
@click.option("--chain/--no-chain", default=True, help="With the certificates above it, or alone.")
@password_options()
@password_options("new-", of="the file that is written as pkcs12")
@check_password_option
@click.option("--json", "as_json", is_flag=True, help="Print what was written as JSON; needs -o.")
def export(
    source: str,
    alias: str | None,
    output: str,
    form: Form,
    chain: bool,
    as_json: bool,
    check_password: bool,
    **passwords: str | None,
) -> None:
    """Hand over a certificate of SOURCE, a keystore or a profile (.toml).

    A private key leaves in one form only: as PKCS#12, under a password of its own.
    """
    if output == STREAM and (as_json or form == "pkcs12"):
        raise click.UsageError("Say where to put it: -o FILE.")
    check_output(output)
    secret = find_secret(passwords["password_env"], passwords["password_file"])
    entry = require_entry(open_store(source, secret), alias)
    links = (entry.certificate, *(entry.chain if chain else ()))
    if form == "pkcs12":
        new = find_secret(passwords["new_password_env"], passwords["new_password_file"])
        password = require_new(new, output, check=check_password, option="--new-password")
        _store_of(entry, output, password, chain=chain).save()
    else:
        write_output(output, _public(links, form))
    if output != STREAM:
        _report(entry, output, form, links, as_json=as_json)


def _store_of(entry: KeyEntry | PartnerEntry, name: str, password: bytes, *, chain: bool) -> Store:
    if not isinstance(entry, KeyEntry):
        raise KeyUsageError(
            f"{entry.alias!r} is a certificate of somebody else: there is no private key to hand over.",
            hint="Use --format pem, der or p7b.",
            reason="wrong_usage",
            alias=entry.alias,
        )
    if not chain:
        entry = KeyEntry(
            entry.alias,
            certificate=entry.certificate,
            signer=entry.signer,
            decrypter=entry.decrypter,
            agreement=entry.agreement,
        )
    return Store(name=name, content=KeystoreContent(keys=(entry,)), password=password)


def _public(links: Sequence[Certificate], form: Form) -> bytes:
    if form == "pem":
        return b"".join(item.pem for item in links)
    if form == "der":
        return links[0].der
    # Imported here: it brings what the other forms do not need.
    from zeep_wssec.keys.certificate_paths import pkcs7_certificates

    return pkcs7_certificates(links)


def _report(
    entry: KeyEntry | PartnerEntry,
    output: str,
    form: Form,
    links: Sequence[Certificate],
    *,
    as_json: bool,
) -> None:
    certificate, private = entry.certificate, form == "pkcs12"
    count = 1 if form == "der" else len(links)
    if as_json:
        data = {
            "file": output,
            "alias": entry.alias,
            "format": form,
            "certificates": count,
            "private_key": private,
            "thumbprint_sha256": certificate.thumbprint_sha256,
        }
        click.echo(json.dumps(data, indent=2))
        return
    what = "the key pair with " if private else ""
    lines = [f"{output}: {what}{count} certificate{'s' if count > 1 else ''} of {entry.alias!r}."]
    if is_self_signed(certificate):
        lines.append(fingerprint_warning(entry.alias, certificate))
    show_lines(lines)
