"""``zeep-wssec keystore merge``: the entries of other keystores, taken into one PKCS#12 file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

import click

from zeep_wssec.cli.files import check_output
from zeep_wssec.cli.keystore_files import Store, open_store
from zeep_wssec.cli.keystore_words import fingerprint_warning, is_self_signed
from zeep_wssec.cli.output import show_lines, show_table
from zeep_wssec.cli.passwords import check_password_option, find_secret, password_options
from zeep_wssec.errors import DuplicateAliasError, KeyNotFoundError
from zeep_wssec.keys.content import KeystoreContent
from zeep_wssec.keys.entries import KeyEntry, PartnerEntry
from zeep_wssec.keys.keystore import Keystore

Outcome = Literal["added", "kept", "overwritten"]
Entry = KeyEntry | PartnerEntry


@dataclass
class Summary:
    """What became of each entry."""

    rows: list[tuple[Outcome, str, str]] = field(default_factory=list)
    """Outcome, alias, and the certificate that stands there now, in words."""

    def note(self, outcome: Outcome, entry: Entry) -> None:
        """Note what became of an entry."""
        self.rows.append((outcome, entry.alias, entry.certificate.describe()))


@click.command()
@click.argument("file", metavar="FILE")
@click.argument("sources", nargs=-1, required=True, metavar="SOURCE...")
@click.option("--only", multiple=True, metavar="NAME", help="Take this entry of the sources alone.")
@click.option(
    "--rename", multiple=True, metavar="OLD=NEW", help="Take an entry under another name."
)
@click.option("--overwrite", multiple=True, metavar="NAME", help="Replace the entry of that name.")
@click.option("--keep", is_flag=True, help="Keep what is there where a name is taken.")
@click.option("--dry-run", is_flag=True, help="Tell what would be done, and write nothing.")
@password_options()
@password_options("source-", of="the sources")
@check_password_option
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")
def merge(
    file: str,
    sources: tuple[str, ...],
    only: tuple[str, ...],
    rename: tuple[str, ...],
    overwrite: tuple[str, ...],
    keep: bool,
    dry_run: bool,
    as_json: bool,
    check_password: bool,
    **passwords: str | None,
) -> None:
    """Take the entries of SOURCE... into FILE, a PKCS#12 file that is made if it is not there.

    A name that is taken by another certificate is refused, and nothing is written, unless --overwrite NAME
    or --keep says what to do. Sources may be of any kind that can be read.
    """
    check_output(file)
    renames = _read_renames(rename)
    own = find_secret(passwords["password_env"], passwords["password_file"])
    others = find_secret(passwords["source_password_env"], passwords["source_password_file"])
    taken = [entry for name in sources for entry in _entries(open_store(name, others))]
    taken = _chosen(taken, only, renames)
    store = Store.open_or_new(file, own, check=check_password)
    content, summary = _merged(store.content, taken, overwrite, keep=keep)
    if not dry_run:
        store.with_content(content).save()
    if as_json:
        names = ("outcome", "alias", "certificate")
        listed = [dict(zip(names, row, strict=True)) for row in summary.rows]
        click.echo(json.dumps({"file": file, "written": not dry_run, "entries": listed}, indent=2))
        return
    show_table(summary.rows)
    show_lines(
        fingerprint_warning(entry.alias, entry.certificate)
        for entry in taken
        if is_self_signed(entry.certificate)
    )


def _entries(store: Keystore) -> list[Entry]:
    held = store.snapshot()
    return [*held.key_entries, *held.partner_entries]


def _read_renames(given: tuple[str, ...]) -> Mapping[str, str]:
    found = {}
    for text in given:
        old, separator, new = text.partition("=")
        if not (old and separator and new):
            raise click.UsageError(f"{text!r} is no OLD=NEW.")
        found[old] = new
    return found


def _chosen(entries: list[Entry], only: tuple[str, ...], renames: Mapping[str, str]) -> list[Entry]:
    existing = [entry.alias for entry in entries]
    for name in (*only, *renames):
        if name not in existing:
            raise KeyNotFoundError(
                f"The sources have no entry {name!r}.",
                hint=f"They have: {', '.join(map(repr, existing)) or 'none'}.",
                alias=name,
                existing=existing,
            )
    chosen = [entry for entry in entries if not only or entry.alias in only]
    return [replace(entry, alias=renames.get(entry.alias, entry.alias)) for entry in chosen]


def _merged(
    content: KeystoreContent, taken: list[Entry], overwrite: tuple[str, ...], *, keep: bool
) -> tuple[KeystoreContent, Summary]:
    """Give the new content, or refuse it all.

    Raises:
        DuplicateAliasError: A name is taken, and nothing says what to do.
    """
    present_entries: tuple[Entry, ...] = (*content.keys, *content.partners)
    summary, held = Summary(), {item.alias: item for item in present_entries}
    arrived: set[str] = set()
    for entry in taken:
        present = held.get(entry.alias)
        if present is None:
            summary.note("added", entry)
        elif present.certificate == entry.certificate and type(present) is type(entry):
            summary.note("kept", present)
            continue
        elif entry.alias in overwrite and entry.alias not in arrived:
            summary.note("overwritten", entry)
        elif keep:
            summary.note("kept", present)
            continue
        else:
            raise DuplicateAliasError(
                f"The name {entry.alias!r} is taken by {present.certificate.describe()}.",
                hint=f"Say --overwrite {entry.alias}, --keep, or --rename {entry.alias}=OTHER.",
                alias=entry.alias,
            )
        arrived.add(entry.alias)
        held[entry.alias] = entry
    keys = tuple(item for item in held.values() if isinstance(item, KeyEntry))
    partners = tuple(item for item in held.values() if isinstance(item, PartnerEntry))
    return replace(content, keys=keys, partners=partners), summary
