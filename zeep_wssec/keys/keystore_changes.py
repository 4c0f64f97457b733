"""What a keystore becomes: the arguments that make the next one of what one or two others hold."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from zeep_wssec.errors import DuplicateAliasError, KeyLoadError, KeyNotFoundError
from zeep_wssec.keys.aliases import Entry, joined, taken_alias
from zeep_wssec.keys.secrets import Secret
from zeep_wssec.keys.snapshot import Snapshot

Contents = Mapping[str, Any]
"""Arguments of ``Keystore``."""


def contents(now: Snapshot) -> Contents:
    """Give all that a keystore holds."""
    return {
        "keys": now.key_entries,
        "partners": now.partner_entries,
        "trust": now.shared_trust,
        "secrets": now.secrets.values(),
        "users": now.users,
    }


def merged(mine: Snapshot, theirs: Snapshot) -> Contents:
    """Give what both hold.

    Raises:
        DuplicateAliasError: A user is in both, or an alias that means two things.
    """
    for username in theirs.users:
        if username in mine.users:
            raise taken_user(username)
    return {
        "keys": joined(mine.key_entries, theirs.key_entries),
        "partners": joined(mine.partner_entries, theirs.partner_entries),
        "trust": mine.shared_trust.merge(theirs.shared_trust),
        "secrets": (*mine.secrets.values(), *theirs.secrets.values()),
        "users": {**mine.users, **theirs.users},
    }


def renamed(now: Snapshot, old: str, new: str) -> Contents:
    """Give what changes when the entry ``old`` is called ``new``.

    Raises:
        KeyNotFoundError: There is no entry ``old``.
        DuplicateAliasError: ``new`` is taken.
    """
    named: dict[str, Entry] = {**now.keys, **now.partners, **now.secrets}
    existing = list(named)
    if old not in existing:
        raise KeyNotFoundError(
            f"The keystore has no entry {old!r}.",
            hint=f"It has: {existing}.",
            alias=old,
            existing=existing,
        )
    if new in named and new != old:
        raise taken_alias(replace(named[old], alias=new), named[new])
    held: dict[str, Iterable[Any]] = {"keys": now.key_entries, "partners": now.partner_entries}
    entries: dict[str, Any] = {
        name: [replace(item, alias=new) if item.alias == old else item for item in items]
        for name, items in held.items()
    }
    # The partner still calls a secret what it did.
    entries["secrets"] = [
        replace(item, alias=new, key_name=item.message_name) if item.alias == old else item
        for item in now.secrets.values()
    ]
    return entries


def dated(now: Snapshot, when: datetime, alias: str | None) -> Contents:
    """Give what changes when key pairs sign from ``when`` on.

    Raises:
        KeyNotFoundError: There is no such key pair.
    """
    now.require_key(alias or next(iter(now.keys), None))
    keys = (
        replace(item, sign_from=when) if alias in (None, item.alias) else item
        for item in now.key_entries
    )
    return {"keys": tuple(keys)}


def taken_user(username: str) -> DuplicateAliasError:
    """Make the error for a user that there is already."""
    return DuplicateAliasError(
        f"There is a user {username!r} already.",
        hint="A user has one password.",
        alias=username,
    )


def password_of(username: str, password: Secret | str) -> Secret:
    """Give a user's password as a secret.

    Raises:
        KeyLoadError: The name or the password is empty, or the password is something else.
    """
    if not isinstance(username, str) or not username:
        raise KeyLoadError("A user needs a name that is not empty.")
    if password == "" or not isinstance(password, Secret | str):
        raise KeyLoadError(
            f"The user {username!r} needs a password: Secret or text that is not empty.",
            hint="Secret.env(...) and Secret.file(...) name where it is kept.",
        )
    return password if isinstance(password, Secret) else Secret.of(password)
