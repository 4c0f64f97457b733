"""``zeep-wssec keystore new``: a fresh key pair, in a new file or beside others."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime

import click

from zeep_wssec.cli.files import check_output
from zeep_wssec.cli.keystore_files import Store, open_store, require_entry
from zeep_wssec.cli.keystore_words import key_ids
from zeep_wssec.cli.options import now_option
from zeep_wssec.cli.output import show_lines
from zeep_wssec.cli.passwords import check_password_option, find_secret, password_options
from zeep_wssec.errors import DuplicateAliasError
from zeep_wssec.keys.certification_request import names_of
from zeep_wssec.keys.entries import KeyEntry
from zeep_wssec.keys.key_making import DEFAULT_KIND, KEY_KINDS, kind_like, make_key_pair


@click.command()
@click.argument("file", metavar="FILE")
@click.option("--alias", required=True, metavar="NAME", help="Name of the key pair.")
@click.option("--subject", metavar="NAME", help="Such as CN=client,O=Example,C=DE.")
@click.option(
    "--san",
    "names",
    multiple=True,
    metavar="NAME",
    help="DNS name, IP address, URI or mail address.",
)
@click.option(
    "--key", "kind", type=click.Choice(list(KEY_KINDS)), help=f"{DEFAULT_KIND} when left out."
)
@click.option(
    "--like",
    metavar="FILE",
    help="Keystore whose entry of that name gives subject, names and kind.",
)
@click.option(
    "--days", default=90, show_default=True, help="How long its own certificate is valid."
)
@password_options()
@password_options("like-", of="the keystore of --like")
@check_password_option
@now_option
@click.option("--json", "as_json", is_flag=True, help="Print what was made as JSON.")
def new(
    file: str,
    alias: str,
    subject: str | None,
    names: tuple[str, ...],
    kind: str | None,
    like: str | None,
    days: int,
    as_json: bool,
    now: datetime,
    **passwords: str | bool | None,
) -> None:
    """Make a key pair in FILE, a PKCS#12 file that is made, or extended by it.

    Its certificate is signed by itself until an authority's reply is put in its place: see csr and add. To
    renew, make the new pair in a file of its own under the same name, --like the old one.
    """
    check_output(file)
    if subject is None and like is None:
        raise click.UsageError("Say --subject, or --like a keystore that has one.")
    if like is not None:
        secret = find_secret(passwords["like_password_env"], passwords["like_password_file"])  # type: ignore[arg-type]
        model = require_entry(open_store(like, secret), alias).certificate
        subject = subject or model.subject
        names, kind = names or names_of(model), kind or kind_like(model)
    secret = find_secret(passwords["password_env"], passwords["password_file"])  # type: ignore[arg-type]
    store = Store.open_or_new(file, secret, check=bool(passwords["check_password"]))
    if store.find(alias) is not None:
        raise DuplicateAliasError(
            f"{file} has an entry {alias!r} already.",
            hint=f"To renew it, make the new one in another file: --like {file}.",
            alias=alias,
        )
    entry = make_key_pair(
        alias,
        subject=subject or "",
        names=names,
        kind=kind or DEFAULT_KIND,
        now=now,
        days=days,
    )
    content = replace(store.content, keys=(*store.content.keys, entry))
    store.with_content(content).save()
    _report(file, entry, as_json=as_json)


def _report(file: str, entry: KeyEntry, *, as_json: bool) -> None:
    certificate = entry.certificate
    if as_json:
        data = {
            "file": file,
            "alias": entry.alias,
            "subject": certificate.subject,
            "key_kind": certificate.key_kind,
            "key_bits": certificate.key_bits,
            "thumbprint_sha256": certificate.thumbprint_sha256,
            **key_ids(certificate),
        }
        click.echo(json.dumps(data, indent=2))
        return
    show_lines(
        [
            f"{file}: {entry.alias!r} is {certificate.subject}, "
            f"{certificate.key_kind} {certificate.key_bits}, signed by itself.",
            f"Next: zeep-wssec keystore csr {file} --alias {entry.alias} -o {entry.alias}.csr",
        ]
    )
