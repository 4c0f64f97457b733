"""Names in a keystore: one set for keys, partners and secrets, so an alias always means one entry."""

from __future__ import annotations

from collections.abc import Iterable

from zeep_wssec.errors import DuplicateAliasError, KeyLoadError
from zeep_wssec.keys.entries import KeyEntry, PartnerEntry, SecretEntry

Entry = KeyEntry | PartnerEntry | SecretEntry


def check_aliases(entries: Iterable[Entry]) -> None:
    """Refuse an empty alias, and one that two entries of any kind share.

    Raises:
        KeyLoadError: An alias is empty.
        DuplicateAliasError: An alias is taken.
    """
    taken: dict[str, Entry] = {}
    for entry in entries:
        if not entry.alias:
            raise KeyLoadError("An entry of a keystore needs an alias that is not empty.")
        holder = taken.get(entry.alias)
        if holder is not None:
            raise DuplicateAliasError(
                f"The alias {entry.alias!r} is taken by {_describe(holder)}.",
                hint="Choose another one, or rename the entry with renamed(old, new).",
                alias=entry.alias,
            )
        taken[entry.alias] = entry


def _describe(entry: Entry) -> str:
    return "a secret" if isinstance(entry, SecretEntry) else entry.certificate.describe()


def check_message_names(secrets: Iterable[SecretEntry]) -> None:
    """Refuse two secrets that one ``ds:KeyName`` would name.

    Raises:
        DuplicateAliasError: The name in messages is taken.
    """
    named: dict[str, str] = {}
    for entry in secrets:
        if entry.message_name in named:
            raise DuplicateAliasError(
                f"The secrets {named[entry.message_name]!r} and {entry.alias!r} "
                f"are both called {entry.message_name!r} in messages.",
                hint="Give each its own key_name.",
                alias=entry.alias,
            )
        named[entry.message_name] = entry.alias
