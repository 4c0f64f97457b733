"""Names in a keystore: one set for keys, partners and secrets, so an alias means one kind of entry."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from zeep_wssec.errors import DuplicateAliasError, KeyLoadError
from zeep_wssec.keys.entries import KeyEntry, PartnerEntry, SecretEntry
from zeep_wssec.keys.entry_reference import read_reference

Entry = KeyEntry | PartnerEntry | SecretEntry
_Named = TypeVar("_Named", bound=KeyEntry | PartnerEntry | SecretEntry)
_Dated = TypeVar("_Dated", KeyEntry, PartnerEntry)


def by_alias(entries: Iterable[_Named]) -> Mapping[str, tuple[_Named, ...]]:
    """Group entries by their alias, in the order they were given in."""
    found: dict[str, tuple[_Named, ...]] = {}
    for entry in entries:
        found[entry.alias] = (*found.get(entry.alias, ()), entry)
    return found


def check_aliases(entries: Iterable[Entry]) -> None:
    """Refuse an empty alias, one that two entries share, and one that reads as another's certificate.

    Several key pairs of ours may share one, or several certificates of one partner: they take turns.

    Raises:
        KeyLoadError: An alias is empty, or a reference to a certificate.
        DuplicateAliasError: An alias is taken.
    """
    for alias, (first, *others) in by_alias(entries).items():
        if not alias:
            raise KeyLoadError("An entry of a keystore needs an alias that is not empty.")
        if any(_claims_another(entry) for entry in (first, *others)):
            raise KeyLoadError(
                f"The alias {alias[:200]!r} reads as a reference to a certificate, and is not its own.",
                hint="Whoever names a certificate so must not get another: load it with alias=…, or without "
                "it: only=[…].",
                alias=alias,
            )
        held = [first]
        for entry in others:
            if type(entry) is not type(first) or not _differ(entry, held):
                raise taken_alias(entry, first)
            held.append(entry)


def _claims_another(entry: Entry) -> bool:
    """Tell whether an alias is a reference; only the thumbprint of its own certificate can do no harm."""
    fits = read_reference(entry.alias)
    if fits is None:
        return False
    thumbprint = entry.alias.startswith(("sha256:", "sha1:"))
    return isinstance(entry, SecretEntry) or not thumbprint or not fits(entry.certificate)


def _differ(entry: Entry, held: Iterable[Entry]) -> bool:
    return not isinstance(entry, SecretEntry) and all(
        not isinstance(item, SecretEntry) and item.certificate != entry.certificate for item in held
    )


def joined(held: Sequence[_Dated], added: Sequence[_Dated]) -> tuple[_Dated, ...]:
    """Give both lists as one, in which what was added may serve the alias of what was there.

    That must be meant: there is a date for one of the two, or the new certificate has the subject of one
    that it follows. The same certificate twice counts once, from the earlier of its dates on.

    Raises:
        DuplicateAliasError: It is some other entry under a name that is taken.
    """
    result, groups = list(held), by_alias(held)
    for entry in added:
        present = groups.get(entry.alias, ())
        for item in present:
            if item.certificate == entry.certificate:
                result[result.index(item)] = _as_one(item, entry)
                break
        else:
            if present and not _may_follow(entry, present):
                raise taken_alias(entry, present[0])
            result.append(entry)
    return tuple(result)


def _as_one(one: _Dated, other: _Dated) -> _Dated:
    dates = [item.serves_from for item in (one, other)]
    changes: dict[str, Any] = {}
    first = None if None in dates else min(item for item in dates if item is not None)
    if isinstance(one, PartnerEntry) and isinstance(other, PartnerEntry):
        anchors = tuple(dict.fromkeys(one.anchors + other.anchors))
        changes = {"encrypt_from": first, "anchors": anchors}
    else:
        changes = {"sign_from": first}
    return replace(one, **changes)


def _may_follow(entry: KeyEntry | PartnerEntry, present: Sequence[KeyEntry | PartnerEntry]) -> bool:
    dated = any(item.serves_from is not None for item in (entry, *present))
    subject = entry.certificate.canonical_subject
    return dated or any(item.certificate.canonical_subject == subject for item in present)


def taken_alias(entry: Entry, holder: Entry) -> DuplicateAliasError:
    """Make the error for an entry whose alias another one has."""
    hint = "Choose another one, or rename the entry with renamed(old, new)."
    for kind, option in ((KeyEntry, "sign_from"), (PartnerEntry, "encrypt_from")):
        if isinstance(entry, kind) and isinstance(holder, kind):
            hint += f" If one follows the other, give it a date: {option}."
    return DuplicateAliasError(
        f"The alias {entry.alias!r} is taken by {_describe(holder)}.", hint=hint, alias=entry.alias
    )


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
