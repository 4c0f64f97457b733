"""``zeep-wssec keystore add``: an authority's reply, put to the key pair that it is for."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

import click

from zeep_wssec.cli.files import read_input
from zeep_wssec.cli.keystore_files import Store
from zeep_wssec.cli.keystore_words import fingerprint_warning, is_self_signed
from zeep_wssec.cli.output import show_lines
from zeep_wssec.cli.passwords import find_secret, password_options
from zeep_wssec.errors import DuplicateAliasError, KeyMismatchError
from zeep_wssec.keys.certificate import Certificate
from zeep_wssec.keys.chain_fetch import read_certificates, walk_chain
from zeep_wssec.keys.entries import KeyEntry
from zeep_wssec.keys.files import MAX_FILE_BYTES


@click.command()
@click.argument("file", metavar="FILE")
@click.argument("replies", nargs=-1, required=True, metavar="REPLY...")
@click.option(
    "--alias", metavar="NAME", help="Which key pair; that of the reply's key when left out."
)
@click.option("--overwrite", is_flag=True, help="Replace a certificate that an authority issued.")
@password_options()
@password_options("key-", of="the private keys, if it is another one")
@click.option("--json", "as_json", is_flag=True, help="Print what was done as JSON.")
def add(
    file: str,
    replies: tuple[str, ...],
    alias: str | None,
    overwrite: bool,
    as_json: bool,
    **passwords: str | None,
) -> None:
    """Put the certificate in REPLY... to its key pair in FILE, with the chain above it.

    A reply is PEM, DER or PKCS#7 (.p7b); certificates above ours may come in further files, in any order.
    Each must have signed the one below it.
    """
    secret = find_secret(passwords["password_env"], passwords["password_file"])
    key_secret = find_secret(passwords["key_password_env"], passwords["key_password_file"])
    given = [item for name in replies for item in _read(name)]
    store = Store.open(file, secret, key_secret)
    old, certificate = _match(store, given, alias, file)
    if old.certificate == certificate:
        overwrite = True
    if not overwrite and not is_self_signed(old.certificate):
        raise DuplicateAliasError(
            f"{old.alias!r} has a certificate that an authority issued: {old.certificate.describe()}.",
            hint="Say --overwrite to replace it.",
            alias=old.alias,
        )
    known = (*given, *old.chain, *store.content.loose)
    walk = walk_chain(certificate, known)
    entry = replace(old, certificate=certificate, chain=walk.links[1:])
    keys = tuple(entry if item is old else item for item in store.content.keys)
    store.with_content(replace(store.content, keys=keys)).save()
    missing = "" if walk.complete else walk.links[-1].issuer
    _report(file, entry, missing, as_json=as_json)


def _read(name: str) -> Sequence[Certificate]:
    return read_certificates(read_input(name, limit=MAX_FILE_BYTES))


def _match(
    store: Store, given: Sequence[Certificate], alias: str | None, file: str
) -> tuple[KeyEntry, Certificate]:
    """Give the key pair, and the certificate among those given that has its public key."""
    entries = store.content.keys if alias is None else (store.require_key(alias),)
    for certificate in given:
        for entry in entries:
            if entry.certificate.public_key_der == certificate.public_key_der:
                return entry, certificate
    which = "any key pair" if alias is None else f"the key pair {alias!r}"
    raise KeyMismatchError(
        f"{file}: no certificate in the reply belongs to {which}.",
        hint="It has: " + "; ".join(item.describe() for item in given) + ".",
    )


def _report(file: str, entry: KeyEntry, missing: str, *, as_json: bool) -> None:
    certificate = entry.certificate
    if as_json:
        data = {
            "file": file,
            "alias": entry.alias,
            "subject": certificate.subject,
            "issuer": certificate.issuer,
            "not_after": certificate.not_after.isoformat(),
            "chain": [item.subject for item in entry.chain],
            "missing": missing,
        }
        click.echo(json.dumps(data, indent=2))
        return
    lines = [f"{file}: {entry.alias!r} is now {certificate.describe()}."]
    lines += [f"above it: {item.subject}" for item in entry.chain]
    if missing:
        lines.append(
            f"{'note' if entry.chain else 'warning'}: the chain ends without the certificate of {missing}. "
            "If that is the root, it is whole: the other side has it. If not, add it: zeep-wssec keystore add "
            "FILE REPLY MORE…, or ask the authority."
        )
    if is_self_signed(certificate):
        lines.append(fingerprint_warning(entry.alias, certificate))
    show_lines(lines)
