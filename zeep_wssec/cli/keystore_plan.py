"""``zeep-wssec keystore plan``: who signs, decrypts and is trusted at a moment, and what changes next."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, TypeVar

import click

from zeep_wssec.cli.options import moment_option
from zeep_wssec.cli.output import show_lines
from zeep_wssec.keys.certificate import Certificate
from zeep_wssec.keys.entries import KeyEntry, PartnerEntry
from zeep_wssec.keys.rotation import find_serving, is_valid, state_of, turns

_Entry = TypeVar("_Entry", KeyEntry, PartnerEntry)


@click.command()
@click.argument("profile", metavar="PROFILE")
@moment_option(
    "--at", "at", help="The moment, such as 2026-12-01T06:00:00+01:00; now when left out."
)
@click.option("--json", "as_json", is_flag=True, help="Print the plan as JSON.")
def plan(profile: str, at: datetime, as_json: bool) -> None:
    """Tell which of the keys of PROFILE sign, decrypt and are trusted at a moment, and what changes next."""
    from zeep_wssec.profile_file import load_plan

    held = load_plan(profile).keystore.snapshot()
    data = {
        "at": at.isoformat(),
        "keys": [_keys(held.keys_of(alias), at) for alias in held.keys],
        "partners": [_partner(held.partners_of(alias), at) for alias in held.partners],
        "anchors": [_anchor(item, at) for item in held.trust.anchors],
    }
    if as_json:
        click.echo(json.dumps(data, indent=2))
    else:
        show_lines(_lines(data))


def _keys(entries: Sequence[KeyEntry], at: datetime) -> dict[str, Any]:
    return {
        "alias": entries[0].alias,
        "signs": _serving(entries, at),
        "decrypt": [
            _certificate(item.certificate, at)
            for item in entries
            if item.decrypter is not None or item.agreement is not None
        ],
        "changes": list(_changes(entries, at)),
    }


def _partner(entries: Sequence[PartnerEntry], at: datetime) -> dict[str, Any]:
    return {
        "alias": entries[0].alias,
        "encrypted_to": _serving(entries, at),
        "may_sign": [
            _certificate(item.certificate, at) for item in entries if is_valid(item.certificate, at)
        ],
        "changes": list(_changes(entries, at)),
    }


def _serving(entries: Sequence[_Entry], at: datetime) -> dict[str, Any] | None:
    found = find_serving(entries, at)
    if found is None or not is_valid(found.certificate, at):
        return None
    since = found.serves_from
    return {
        **_certificate(found.certificate, at),
        "since": None if since is None else since.isoformat(),
    }


def _changes(entries: Sequence[_Entry], at: datetime) -> Iterator[dict[str, Any]]:
    for turn in list(turns(entries, at))[1:]:
        entry = turn.entry
        yield {
            "at": turn.start.isoformat(),
            "to": None if entry is None else _certificate(entry.certificate, turn.start),
        }


def _certificate(certificate: Certificate, at: datetime) -> dict[str, Any]:
    return {
        "subject": certificate.subject,
        "serial_number": f"{certificate.serial_number:x}",
        "not_before": certificate.not_before.isoformat(),
        "not_after": certificate.not_after.isoformat(),
        "thumbprint_sha256": certificate.thumbprint_sha256,
        "state": state_of(certificate, at),
    }


def _anchor(certificate: Certificate, at: datetime) -> dict[str, Any]:
    return {**_certificate(certificate, at), "trusted": is_valid(certificate, at)}


def _lines(data: dict[str, Any]) -> Iterator[str]:
    yield f"At {data['at']}:"
    for item in data["keys"]:
        yield f"key {item['alias']!r}"
        yield from _turn_lines(item, "signs", "signs with", "nobody signs")
        for found in item["decrypt"]:
            yield f"  decrypts: {_words(found)}"
        yield from _change_lines(item, "signs")
    for item in data["partners"]:
        yield f"partner {item['alias']!r}"
        yield from _turn_lines(item, "encrypted_to", "encrypted to", "nothing can be encrypted")
        for found in item["may_sign"]:
            yield f"  may sign: {_words(found)}"
        yield from _change_lines(item, "is encrypted to")
    for item in data["anchors"]:
        yield f"anchor {_words(item)}: {'trusted' if item['trusted'] else 'not trusted'}"


def _turn_lines(item: dict[str, Any], name: str, does: str, nobody: str) -> Iterator[str]:
    found = item[name]
    if found is None:
        yield f"  error: {nobody}: no certificate is valid and in use"
        return
    since = f", in use since {found['since']}" if found["since"] else ""
    yield f"  {does}: {_words(found)}{since}"


def _change_lines(item: dict[str, Any], does: str) -> Iterator[str]:
    for change in item["changes"]:
        to = change["to"]
        yield f"  {change['at']}: {f'{_words(to)} {does}' if to else 'nobody'}"


def _words(item: dict[str, Any]) -> str:
    state = "" if item["state"] == "valid" else f", {item['state'].replace('_', ' ')}"
    return (
        f"{item['subject']} (serial {item['serial_number']}, until {item['not_after'][:10]}{state})"
    )
